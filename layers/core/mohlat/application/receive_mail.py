"""Mail to a product's address: believed only from a registered address, and turned into what it asks for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from mohlat.application.contest_invoice import DisputeDesk
from mohlat.application.ports import (
    Agreements,
    Books,
    Clock,
    Fingerprints,
    Invoices,
    People,
    SecurityLog,
    Tenants,
    Words,
)
from mohlat.application.transitions import commit, retrying
from mohlat.domain.agreement import Agreement, Phase
from mohlat.domain.cards import mask_cards
from mohlat.domain.errors import Conflict, Gone, NotFound, TooLate
from mohlat.domain.iranian import fold_digits
from mohlat.domain.lifecycle import Event, move
from mohlat.domain.people import Identity
from mohlat.domain.tenant import Tenant
from mohlat.domain.tickets import Ticket, TicketKind

# A person answers a mail within this long.
_PATIENCE = timedelta(days=3)
# What proves that a mail comes from where it says, and what may not be in it.
_MUST_PASS = ("spf", "dkim", "dmarc")
_MUST_NOT_FAIL = ("spam", "virus")
# KALO-1405-000012, as `Invoice.label` writes it and people copy it.
_LABEL = re.compile(r"(?<![A-Z0-9])([A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*)-([0-9]{4})-([0-9]{1,9})(?![0-9])")
_DASHES = re.compile(r"\s*[-_\u2010-\u2015\u2212]\s*")
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as the receiving service hands it over.

    `message_id` is that service's own id for it, `sender` the one address in its From line, lower-case.
    `verdicts` are the service's findings by name (spf, dkim, dmarc, spam, virus), lower-case words.
    """

    message_id: str
    received_at: datetime
    sender: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    verdicts: Mapping[str, str]


class Outcome(StrEnum):
    """What became of a mail. The first three are refusals, of which the sender learns nothing.

    not_for_us      no product listens to this address
    not_proved      it may not come from where it says, or is spam
    unknown_sender  no account has this address
    too_late        an objection after its time
    disputed        an objection to an invoice, taken
    ticket          a person reads it
    repeated        it was received before
    """

    NOT_FOR_US = "not_for_us"
    NOT_PROVED = "not_proved"
    UNKNOWN_SENDER = "unknown_sender"
    TOO_LATE = "too_late"
    DISPUTED = "disputed"
    TICKET = "ticket"
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a mail, and the ticket that it is."""

    outcome: Outcome
    ticket_id: str | None = None


class MailRoom:
    """Receives mail, at least once: the same message meets the ticket that it became before."""

    def __init__(
        self,
        *,
        disputes: DisputeDesk,
        invoices: Invoices,
        books: Books,
        tenants: Tenants,
        people: People,
        fingerprints: Fingerprints,
        agreements: Agreements,
        security_log: SecurityLog,
        clock: Clock,
    ) -> None:
        self._disputes = disputes
        self._invoices = invoices
        self._books = books
        self._tenants = tenants
        self._people = people
        self._fingerprints = fingerprints
        self._agreements = agreements
        self._log = security_log
        self._clock = clock

    def receive(self, mail: Mail) -> Received:
        """Takes a mail for what it asks. What is refused leaves a line in the security log and no answer.

        An invoice's number in the subject makes it an objection to that invoice, if it is the sender's
        (KALO-24, SAMAN-5.11); anything else goes to a person. Raises ConcurrentChange (try again).
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
        ticket_id = _ticket_id(mail)
        return retrying(lambda: self._take(mail, tenant.id, ticket_id, f"user:{identity.username}"))

    def _addressed(self, mail: Mail) -> Agreement | None:
        """The newest agreement of the product that listens to one of the mail's recipients."""
        for product in self._agreements.products():
            agreement = self._agreements.load(product)
            if agreement.inbox.address.lower() in mail.recipients:
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

    def _take(self, mail: Mail, tenant_id: str, ticket_id: str, by: str) -> Received:
        if self._known(tenant_id, ticket_id):
            return Received(Outcome.REPEATED, ticket_id)
        tenant = self._tenants.get(tenant_id)
        invoice_id = self._invoice_in(mail.subject, tenant)
        if invoice_id:
            try:
                self._disputes.dispute(tenant_id, invoice_id, _letter(mail), by, ticket_id=ticket_id)
                return Received(Outcome.DISPUTED, ticket_id)
            except TooLate as late:
                ended_at = str(late.details["ended_at"])
                return self._refuse(tenant_id, Outcome.TOO_LATE, mail, invoice=invoice_id, ended_at=ended_at)
            except Conflict:
                # Contested already, or nothing that this agreement takes objections to: a person reads it.
                pass
        self._open(mail, tenant, ticket_id, by)
        return Received(Outcome.TICKET, ticket_id)

    def _known(self, tenant_id: str, ticket_id: str) -> bool:
        try:
            self._books.ticket(tenant_id, ticket_id)
        except NotFound:
            return False
        return True

    def _invoice_in(self, subject: str, tenant: Tenant) -> str | None:
        """The tenant's invoice whose number stands in `subject`. Another tenant's does not exist here."""
        for product, year, number in _labels(subject):
            if product != tenant.product:
                continue
            try:
                owner, invoice_id = self._invoices.by_number(product, year, number)
            except NotFound:
                continue
            if owner == tenant.id:
                return invoice_id
        return None

    def _open(self, mail: Mail, tenant: Tenant, ticket_id: str, by: str) -> None:
        now = self._clock.now()
        agreement = self._agreements.load(tenant.product, tenant.agreement_version)
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
        commit(self._tenants, agreement, transition, (ticket, Words(tenant.id, ticket_id, _letter(mail))))


def _ticket_id(mail: Mail) -> str:
    """The ticket that this message becomes, however often it is delivered; it sorts by time as others do."""
    milliseconds = int(mail.received_at.timestamp() * 1000)
    unique = int.from_bytes(sha256(mail.message_id.encode()).digest()[:10])
    number = milliseconds << 80 | unique
    digits = (_ALPHABET[number >> 5 * place & 31] for place in reversed(range(26)))
    return f"k_{''.join(digits)}"


def _labels(subject: str) -> list[tuple[str, int, int]]:
    """Product, year and number of every invoice's number in a line, in any script's digits and any case."""
    folded = _DASHES.sub("-", fold_digits(subject)).upper()
    found = []
    for match in _LABEL.finditer(folded):
        # Words that run into the number by a dash are no part of the product's name.
        words = match[1].split("-")
        found += [
            ("_".join(words[start:]).lower(), int(match[2]), int(match[3])) for start in range(len(words))
        ]
    return found


def _letter(mail: Mail) -> str:
    """What the customer wrote, subject first, card numbers masked: those never rest here (KALAK-card)."""
    return mask_cards(f"{mail.subject}\n\n{mail.text}".strip())
