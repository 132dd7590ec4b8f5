"""Mail to a product's address: believed only from a registered address, and turned into what it asks for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from mohlat.application.mail import Mail, MailReader, Outcome, Received
from mohlat.application.ports import (
    Agreements,
    Books,
    Clock,
    Fingerprints,
    People,
    SecurityLog,
    Tenants,
    Words,
)
from mohlat.application.transitions import commit, retrying
from mohlat.domain.agreement import Agreement, Phase
from mohlat.domain.errors import Gone, NotFound
from mohlat.domain.lifecycle import Event, move
from mohlat.domain.people import Identity, Role
from mohlat.domain.tenant import Tenant
from mohlat.domain.tickets import Ticket, TicketKind

# A person answers a mail within this long.
_PATIENCE = timedelta(days=3)
# What proves that a mail comes from where it says, and what may not be in it.
_MUST_PASS = ("spf", "dkim", "dmarc")
_MUST_NOT_FAIL = ("spam", "virus")


class MailRoom:
    """Receives mail, at least once: the same message meets what it became before.

    `readers` are asked in turn what a mail is about; what none of them understands is for a person to read.
    """

    def __init__(
        self,
        *,
        readers: Sequence[MailReader],
        books: Books,
        tenants: Tenants,
        people: People,
        fingerprints: Fingerprints,
        agreements: Agreements,
        security_log: SecurityLog,
        clock: Clock,
    ) -> None:
        self._readers = readers
        self._books = books
        self._tenants = tenants
        self._people = people
        self._fingerprints = fingerprints
        self._agreements = agreements
        self._log = security_log
        self._clock = clock

    def receive(self, mail: Mail) -> Received:
        """Takes a mail for what it asks. What is refused leaves a line in the security log and no answer.

        Nobody learns from that whether an account exists: nothing is sent, whoever wrote. Raises
        ConcurrentChange (try again).
        """
        agreement = self._addressed(mail)
        if agreement is None:
            return self._refuse("mail", Outcome.NOT_FOR_US, mail)
        product = agreement.product
        verdicts = {name: mail.verdicts.get(name, "") for name in (*_MUST_PASS, *_MUST_NOT_FAIL)}
        proved = all(verdicts[name] == "pass" for name in _MUST_PASS)
        if not proved or any(verdicts[name] == "fail" for name in _MUST_NOT_FAIL):
            return self._refuse(product, Outcome.NOT_PROVED, mail, **verdicts)
        identity = self._people.identity(product, self._fingerprints.of(product, mail.sender))
        tenant = self._living(identity)
        if identity is None or tenant is None:
            return self._refuse(product, Outcome.UNKNOWN_SENDER, mail)
        user = self._people.user(tenant.id, identity.username)
        # What closes an account or hands its data out is the owner's; what others write, a person reads.
        readers = self._readers if user.role is Role.OWNER else ()
        return retrying(lambda: self._take(mail, tenant.id, f"user:{identity.username}", readers))

    def _addressed(self, mail: Mail) -> Agreement | None:
        """The newest agreement of the product that listens to one of the mail's recipients."""
        for product in self._agreements.products():
            agreement = self._agreements.load(product)
            if not _addresses(agreement).isdisjoint(mail.recipients):
                return agreement
        return None

    def _living(self, identity: Identity | None) -> Tenant | None:
        if identity is None:
            return None
        try:
            tenant = self._tenants.get(identity.tenant_id)
        except (Gone, NotFound):
            return None
        return None if tenant.phase is Phase.PURGED else tenant

    def _refuse(self, subject: str, outcome: Outcome, mail: Mail, **details: str) -> Received:
        # No address: who writes to us unasked is nobody's business, and the service's id leads to the mail.
        self._log.note(
            subject,
            f"mail_{outcome.value}",
            self._clock.now(),
            "mail",
            message_id=mail.message_id,
            **details,
        )
        return Received(outcome)

    def _take(self, mail: Mail, tenant_id: str, by: str, readers: Sequence[MailReader]) -> Received:
        ticket_id = mail.id("k")
        if self._known(tenant_id, ticket_id):
            return Received(Outcome.REPEATED, ticket_id)
        tenant = self._tenants.get(tenant_id)
        agreement = self._agreements.load(tenant.product, tenant.agreement_version)
        for reader in readers:
            received = reader.read(mail, tenant, agreement, by)
            if received and received.outcome is Outcome.TOO_LATE:
                return self._refuse(tenant_id, received.outcome, mail, **(received.facts or {}))
            if received:
                return received
        # A reader may have waited for somebody who was delivering the same message.
        if self._known(tenant_id, ticket_id):
            return Received(Outcome.REPEATED, ticket_id)
        self._open(mail, self._tenants.get(tenant_id), agreement, ticket_id, by)
        return Received(Outcome.TICKET, ticket_id)

    def _known(self, tenant_id: str, ticket_id: str) -> bool:
        try:
            self._books.ticket(tenant_id, ticket_id)
        except NotFound:
            return False
        return True

    def _open(self, mail: Mail, tenant: Tenant, agreement: Agreement, ticket_id: str, by: str) -> None:
        now = self._clock.now()
        ticket = Ticket(
            id=ticket_id,
            tenant_id=tenant.id,
            product=tenant.product,
            kind=TicketKind.MAIL,
            subject=mail.message_id,
            opened_at=now,
            due_at=now + _PATIENCE,
            clause=agreement.inbox.basis.cite(),
        )
        transition = move(
            tenant,
            Event.TICKET_OPENED,
            now,
            by,
            "a mail that a person has to read",
            ticket.clause,
            facts={"ticket_id": ticket_id, "kind": ticket.kind.value},
        )
        commit(self._tenants, agreement, transition, (ticket, Words(tenant.id, ticket_id, mail.letter)))


def _addresses(agreement: Agreement) -> set[str]:
    """Every address at which a product listens."""
    found = {agreement.inbox.address.lower()}
    if agreement.support and agreement.support.mail:
        found.add(agreement.support.mail.address.lower())
    if agreement.data_requests and agreement.data_requests.mail:
        found.add(agreement.data_requests.mail.address.lower())
    return found
