"""The readers of mail, one for each thing that a mail can ask for."""

from __future__ import annotations

import re

from mohlat.application.contest_invoice import DisputeDesk
from mohlat.application.handle_requests import RequestDesk
from mohlat.application.mail import Mail, Outcome, Received
from mohlat.application.manage_tenant import TenantDesk
from mohlat.application.ports import Books, Clock, DataRequests, Invoices, People, Row, Words
from mohlat.application.serve_support import HelpDesk, Wish
from mohlat.domain.agreement import Agreement, ClosingByMail, RequestMail
from mohlat.domain.data_requests import Right
from mohlat.domain.errors import AccessRefused, Conflict, NotFound, SupportManagerOnly, TooLate
from mohlat.domain.iranian import fold_digits
from mohlat.domain.people import Role, folded, mentions
from mohlat.domain.tenant import Closing, Tenant, iso
from mohlat.domain.tickets import Ticket, TicketKind

# KALO-1405-000012, as `Invoice.label` writes it and people copy it.
_LABEL = re.compile(r"(?<![A-Z0-9])([A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*)-([0-9]{4})-([0-9]{1,9})(?![0-9])")
_TICKET_ID = re.compile(r"(?<![A-Z0-9_])k_([0-9A-Z]{26})(?![A-Z0-9])", re.ASCII | re.IGNORECASE)
_DASHES = re.compile(r"\s*[-_\u2010-\u2015\u2212]\s*")
# What people call their rights, as `folded` leaves it. A mail that names two of them is for a person to read.
_RIGHTS = {
    Right.ACCESS: ("access", "copy", "دسترسی"),
    Right.CORRECT: ("correct", "correction", "rectify", "تصحیح"),
    Right.AMEND: ("amend", "amendment", "اصلاح"),
    Right.DELETE: ("delete", "deletion", "erase", "erasure", "حذف", "پاک"),
    Right.PORT: ("port", "portability", "transfer", "انتقال"),
}
# What mail programs put before a subject that is answered or passed on.
_ANSWERED = re.compile(r"^((re|fw|fwd) )+")


class DisputeReader:
    """An invoice's number in the subject objects to that invoice, if it is theirs (KALO-24, SAMAN-5.11)."""

    def __init__(self, *, disputes: DisputeDesk, invoices: Invoices) -> None:
        self._disputes = disputes
        self._invoices = invoices

    def read(self, mail: Mail, tenant: Tenant, agreement: Agreement, by: str) -> Received | None:
        """Contests the invoice. What is contested already, or cannot be, is for a person to read."""
        invoice_id = self._invoice_in(mail.subject, tenant)
        if invoice_id is None:
            return None
        ticket_id = mail.id("k")
        try:
            self._disputes.dispute(tenant.id, invoice_id, mail.letter, by, ticket_id=ticket_id)
        except TooLate as late:
            facts = {"invoice": invoice_id, "ended_at": str(late.details["ended_at"])}
            return Received(Outcome.TOO_LATE, facts=facts)
        except Conflict:
            return None
        return Received(Outcome.DISPUTED, ticket_id)

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


def _labels(subject: str) -> list[tuple[str, int, int]]:
    """Product, year and number of every invoice's number in a line, in any script's digits and any case."""
    found = []
    for match in _LABEL.finditer(_DASHES.sub("-", fold_digits(subject)).upper()):
        # Words that run into the number by a dash are no part of the product's name.
        words = match[1].split("-")
        found += [
            ("_".join(words[start:]).lower(), int(match[2]), int(match[3])) for start in range(len(words))
        ]
    return found


class RequestReader:
    """A mail to the agreed address under the agreed subject asks for a right over one's data (KALLU-9)."""

    def __init__(self, *, desk: RequestDesk, requests: DataRequests, people: People) -> None:
        self._desk = desk
        self._requests = requests
        self._people = people

    def read(self, mail: Mail, tenant: Tenant, agreement: Agreement, by: str) -> Received | None:
        """Takes the request, if the mail names one right and, correctly, what the agreement asks for."""
        rule = agreement.data_requests.mail if agreement.data_requests else None
        if rule is None or rule.address.lower() not in mail.recipients:
            return None
        if _ANSWERED.sub("", folded(mail.subject)) != folded(rule.subject):
            return None
        request_id = mail.id("d")
        if any(request.id == request_id for request in self._requests.of(tenant.id)):
            return Received(Outcome.REPEATED, request_id)
        text = "\n".join(mail.own_lines[1:])
        right = _right_in(text)
        if right is None or not self._names(text, tenant, rule):
            return None
        try:
            self._desk.receive(tenant.id, right, mail.letter, by, request_id=request_id)
        except Conflict:
            # It is asked for already: a person reads what else there is to say.
            return None
        return Received(Outcome.DATA_REQUEST, request_id)

    def _names(self, text: str, tenant: Tenant, rule: RequestMail) -> bool:
        wanted = {"account": tenant.id}
        if "name" in rule.facts:
            wanted["name"] = self._people.contact(tenant.id).name
        return all(mentions(text, wanted[fact]) for fact in rule.facts)


def _right_in(text: str) -> Right | None:
    """The one right that a text names."""
    words = set(folded(text).split())
    named = [right for right, names in _RIGHTS.items() if not words.isdisjoint(names)]
    return named[0] if len(named) == 1 else None


class SupportReader:
    """A mail to the address for support opens a request, or continues the one that its subject names.

    Whom support does not serve (SAMAN-4.2.6) gets no request, and no promise: a person reads the mail.
    """

    def __init__(self, *, desk: HelpDesk, books: Books, people: People) -> None:
        self._desk = desk
        self._books = books
        self._people = people

    def read(self, mail: Mail, tenant: Tenant, agreement: Agreement, by: str) -> Received | None:
        """Opens or continues a request in the sender's name. How grave it is, is for a person to say."""
        rule = agreement.support
        if rule is None or rule.mail is None or rule.mail.address.lower() not in mail.recipients:
            return None
        role = self._people.user(tenant.id, by.removeprefix("user:")).role
        try:
            return self._continued(mail, tenant, by, role) or self._opened(mail, tenant, by, role)
        except (SupportManagerOnly, Conflict):
            # Somebody else than the manager, or an account that is closed.
            return None

    def _continued(self, mail: Mail, tenant: Tenant, by: str, role: Role) -> Received | None:
        named = _TICKET_ID.search(mail.subject)
        if named is None:
            return None
        ticket_id = f"k_{named[1].upper()}"
        message_id = mail.id("m")
        try:
            if any(each.id == message_id for each in self._books.messages(tenant.id, ticket_id)):
                return Received(Outcome.REPEATED, ticket_id)
            self._desk.reply(tenant.id, ticket_id, mail.letter, by, role, message_id)
        except (NotFound, Conflict):
            # Not theirs, not of this kind, or closed: then it is a new request.
            return None
        return Received(Outcome.CONTINUED, ticket_id)

    def _opened(self, mail: Mail, tenant: Tenant, by: str, role: Role) -> Received:
        ticket = self._desk.open(tenant.id, Wish(mail.letter), by, role, mail.id("k"))
        return Received(Outcome.SUPPORT, ticket.id)


class ClosingReader:
    """A mail to the inbox that holds the agreed phrase and the account's name closes it (KALO-26).

    The phrase has to stand on a line of its own, with the name or without: whoever writes that they do *not*
    want it is understood by a person.
    """

    def __init__(self, *, desk: TenantDesk, people: People, clock: Clock) -> None:
        self._desk = desk
        self._people = people
        self._clock = clock

    def read(self, mail: Mail, tenant: Tenant, agreement: Agreement, by: str) -> Received | None:
        """Closes the account as its owner could, and keeps the letter and a closed ticket as evidence."""
        rule = agreement.closing_by_mail
        if rule is None or agreement.inbox.address.lower() not in mail.recipients:
            return None
        owner = self._people.user(tenant.id, by.removeprefix("user:")).role is Role.OWNER
        if not owner or not self._asks(mail, rule, tenant):
            return None
        now, ticket_id = self._clock.now(), mail.id("k")
        ticket = Ticket(
            id=ticket_id,
            tenant_id=tenant.id,
            product=tenant.product,
            kind=TicketKind.MAIL,
            subject=mail.message_id,
            opened_at=now,
            due_at=now,
            clause=rule.basis.cite(),
            facts={"closed_at": iso(now)},
            closed_at=now,
            outcome="the account was closed",
            by=by,
        )
        evidence: tuple[Row, ...] = (ticket, Words(tenant.id, ticket_id, mail.letter))
        try:
            self._desk.close(tenant.id, Closing.TERMINATION, by, evidence)
        except (Conflict, AccessRefused):
            # It is closed already: a person reads what else there is to say.
            return None
        return Received(Outcome.CLOSED, ticket_id)

    def _asks(self, mail: Mail, rule: ClosingByMail, tenant: Tenant) -> bool:
        said = {folded(line) for line in mail.own_lines}
        name = self._people.contact(tenant.id).name
        wanted = {folded(words) for phrase in rule.phrases.values() for words in (phrase, f"{phrase} {name}")}
        return not said.isdisjoint(wanted) and any(mentions(line, name) for line in mail.own_lines)
