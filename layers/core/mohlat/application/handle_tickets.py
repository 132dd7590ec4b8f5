"""Tickets: what waits for a person, what a person decided, and what rings when nobody does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mohlat.application import contest_invoice
from mohlat.application.follow_refund import RefundFollower
from mohlat.application.official_invoices import OfficialDesk
from mohlat.application.ports import Agreements, Books, Clock, Profiles, Row, SecurityLog, Tenants
from mohlat.application.serve_support import HelpDesk
from mohlat.application.transitions import commit_or_write, retrying
from mohlat.domain import bookkeeping, objections
from mohlat.domain.agreement import Agreement, Phase
from mohlat.domain.errors import Conflict, Gone, InvalidInput, NotFound
from mohlat.domain.ledger import Posting
from mohlat.domain.lifecycle import Event, Transition, move, service_notice
from mohlat.domain.notices import NoticeKind
from mohlat.domain.staff import ContactChannel, ContactNote
from mohlat.domain.tenant import Tenant
from mohlat.domain.tickets import Ticket, TicketKind, close_ticket, escalate

_PAGE = 100


@dataclass(frozen=True, slots=True)
class Page:
    """Open tickets of a product, and the id after which the next ones come, if there are more."""

    tickets: list[Ticket]
    next_after: str | None


@dataclass(frozen=True, slots=True)
class File:
    """A ticket with what lies sealed beside it. `words` are the customer's own.

    `pays_customer`: it asks for money to be sent to the customer; `sheba` is where to, None if that is not
    known.
    """

    ticket: Ticket
    words: str | None = None
    pays_customer: bool = False
    sheba: str | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """What a person says when a ticket ends. `outcome` is shown to the customer and names no person.

    Besides, by kind: `taken` says whether the gateway took a refund, `refund_id` names what was given back
    after an objection, `lifted` whether the restriction ends that was objected to, `tax_id` is the number
    under which an official invoice was filed by hand.
    """

    outcome: str
    taken: bool | None = None
    refund_id: str | None = None
    tax_id: str | None = None
    lifted: bool | None = None


# What an ending may say besides its outcome.
_ASKED = {
    TicketKind.REFUND_UNCERTAIN: "taken",
    TicketKind.INVOICE_DISPUTE: "refund_id",
    TicketKind.OFFICIAL_INVOICE: "tax_id",
    TicketKind.RESTRICTION_OBJECTION: "lifted",
}
_NEEDED = ("taken", "tax_id", "lifted")


class TicketDesk:
    """Shows tickets, closes them with what that brings, and escalates those whose time ran out."""

    def __init__(
        self,
        *,
        books: Books,
        profiles: Profiles,
        tenants: Tenants,
        agreements: Agreements,
        refunds: RefundFollower,
        officials: OfficialDesk,
        support: HelpDesk,
        security_log: SecurityLog,
        clock: Clock,
    ) -> None:
        self._support = support
        self._books = books
        self._profiles = profiles
        self._tenants = tenants
        self._agreements = agreements
        self._refunds = refunds
        self._officials = officials
        self._log = security_log
        self._clock = clock

    # --- looking --------------------------------------------------------------------------------------------

    def open_page(self, product: str, after: str | None, limit: int = _PAGE) -> Page:
        """A product's open tickets, oldest first, with ids above `after`. Raises InvalidInput."""
        self._agreements.load(product)
        found = self._books.open_tickets(product, after, limit + 1)
        return Page(found[:limit], found[limit - 1].id if len(found) > limit else None)

    def of(self, tenant_id: str) -> list[Ticket]:
        """All tickets of a tenant, the newest first."""
        return self._books.tickets(tenant_id)[::-1]

    def one(self, tenant_id: str, ticket_id: str) -> Ticket:
        """A ticket by itself. Raises NotFound."""
        return self._books.ticket(tenant_id, ticket_id)

    def file(self, tenant_id: str, ticket_id: str, by: str, source_ip: str) -> File:
        """A ticket with what a person needs to work on it. Raises NotFound.

        What lies sealed is opened while the ticket is open and at no other time, and each look leaves a line
        in the security log (CLUB-17, KALAK-staff).
        """
        ticket = self._books.ticket(tenant_id, ticket_id)
        if not ticket.open:
            return File(ticket)
        words = self._books.words(tenant_id, ticket_id)
        pays_customer = ticket.kind is TicketKind.PAYOUT and not _is_partners(ticket)
        sheba = self._sheba(tenant_id) if pays_customer else None
        for shown, kind in ((words, "ticket_words_shown"), (sheba, "sheba_shown")):
            if shown:
                self._log.note(
                    tenant_id, kind, self._clock.now(), source_ip, username=by, ticket_id=ticket_id
                )
        return File(ticket, words, pays_customer, sheba)

    def _sheba(self, tenant_id: str) -> str | None:
        profile = self._profiles.get(tenant_id)
        return profile.sheba or None if profile else None

    # --- closing --------------------------------------------------------------------------------------------

    def close(self, tenant_id: str, ticket_id: str, ending: Ending, by: str) -> Ticket:
        """A person ends a ticket, which has the effect that its kind asks for, in the same write.

        Raises NotFound; Conflict if it is closed already, or is closed by deciding its payment;
        InvalidInput for what is missing from the ending, or does not belong there.
        """
        ticket = self._books.ticket(tenant_id, ticket_id)
        _check(ticket, ending)
        match ticket.kind:
            case TicketKind.PAYMENT_HELD:
                raise Conflict("decide the payment: that closes its ticket", payment_id=ticket.subject)
            case TicketKind.REFUND_UNCERTAIN:
                self._refunds.looked_up(ticket, ending.outcome, by, taken=bool(ending.taken))
            case TicketKind.PAYOUT if ticket.subject.startswith("r_"):
                self._refunds.paid_out(ticket, ending.outcome, by)
            case TicketKind.PAYOUT:
                self._end(ticket, ending, by, posting=self._paid(ticket))
            case TicketKind.PAYMENT_MISSING:
                self._end(ticket, ending, by, matter=f"payment:{ticket.subject}")
            case TicketKind.INVOICE_DISPUTE:
                self._answer(ticket, ending, by)
            case TicketKind.OFFICIAL_INVOICE:
                self._officials.issued_by_hand(ticket, ending.tax_id or "", ending.outcome, by)
            case TicketKind.DATA_REQUEST:
                raise Conflict("this ticket is closed by answering its request", request_id=ticket.subject)
            case TicketKind.SUPPORT:
                # What was missed until now is recorded first.
                self._support.ring(tenant_id, ticket_id)
                self._end(ticket, ending, by, summarized=True)
            case TicketKind.RESTRICTION_OBJECTION:
                self._decide(ticket, ending, by)
            case TicketKind.MISUSE | TicketKind.MAIL:  # pragma: no branch (mypy proves that these are all)
                self._end(ticket, ending, by)
        return self._books.ticket(tenant_id, ticket_id)

    def _paid(self, ticket: Ticket) -> Posting:
        """That a person paid the partner for released work, or the customer for a fault of ours."""
        now = self._clock.now()
        if _is_partners(ticket):
            escrow = self._books.escrow(ticket.tenant_id, ticket.subject)
            return bookkeeping.partner_paid(escrow, ticket.clause, now)
        credit = self._books.compensation(ticket.tenant_id, ticket.subject)
        return bookkeeping.compensation_paid(
            credit.id, credit.tenant_id, credit.product, credit.amount, ticket.clause, now
        )

    def _answer(self, ticket: Ticket, ending: Ending, by: str) -> None:
        """The customer's objection is answered, by money given back or by words alone."""
        facts: dict[str, str | int] = {}
        if ending.refund_id:
            try:
                refund = self._books.refund(ticket.tenant_id, ending.refund_id)
            except NotFound:
                raise InvalidInput("refund_id", "unknown") from None
            facts = {"refund_id": refund.id, "amount": refund.amount}
        self._end(
            ticket,
            ending,
            by,
            matter=contest_invoice.matter(ticket.id),
            notice=NoticeKind.DISPUTE_ANSWERED,
            facts={"invoice": ticket.facts["invoice"], **facts},
        )

    def _decide(self, ticket: Ticket, ending: Ending, by: str) -> None:
        """The restriction that was objected to is lifted, or upheld, and the customer told."""

        def attempt() -> None:
            now = self._clock.now()
            closed = close_ticket(self._books.ticket(ticket.tenant_id, ticket.id), ending.outcome, now, by=by)

            def decided(tenant: Tenant, agreement: Agreement) -> Transition:
                return objections.decide(tenant, agreement, closed, now, lifted=bool(ending.lifted), by=by)

            commit_or_write(self._tenants, self._books, self._agreements, closed.tenant_id, decided, [closed])

        retrying(attempt)

    def _end(
        self,
        ticket: Ticket,
        ending: Ending,
        by: str,
        *,
        posting: Posting | None = None,
        matter: str = "",
        notice: NoticeKind | None = None,
        facts: dict[str, str | int] | None = None,
        summarized: bool = False,
    ) -> None:
        """Closes a ticket; `posting` is booked, `matter` ends and `notice` is owed with it.

        `summarized`: its outcome is kept with the summaries of contacts too (CLUB-8).
        """

        def attempt() -> None:
            now = self._clock.now()
            closed = close_ticket(self._books.ticket(ticket.tenant_id, ticket.id), ending.outcome, now, by=by)
            rows: list[Row] = [closed, *([posting] if posting else [])]
            if summarized and not self._is_gone(closed.tenant_id):
                rows.append(_summary(closed, now, by))
            told = {"ticket_id": closed.id, **(facts or {})}

            def noted(tenant: Tenant, agreement: Agreement) -> Transition:
                return _closed(tenant, agreement, closed, told, matter, notice, now, by)

            commit_or_write(self._tenants, self._books, self._agreements, closed.tenant_id, noted, rows)

        retrying(attempt)

    def _is_gone(self, tenant_id: str) -> bool:
        """Whether a tenant is purged, so that nothing about it can be sealed any more."""
        try:
            return self._tenants.get(tenant_id).phase is Phase.PURGED
        except (Gone, NotFound):
            return True

    # --- nobody came ----------------------------------------------------------------------------------------

    def escalate(self, tenant_id: str, ticket_id: str) -> Ticket:
        """Marks a ticket whose time ran out. One that is closed, marked or not due is left as it is.

        Raises NotFound, ConcurrentChange (retry at once).
        """
        ticket, now = self._books.ticket(tenant_id, ticket_id), self._clock.now()
        if ticket.wakes_at is None or now < ticket.wakes_at:
            return ticket
        marked = escalate(ticket, now)
        self._books.write([marked])
        return marked


def _summary(ticket: Ticket, now: datetime, by: str) -> ContactNote:
    """A ticket's outcome as the summary of a contact; one ticket has one."""
    note_id = f"g_{ticket.id.partition('_')[2]}"
    said = ticket.outcome or ""
    return ContactNote(note_id, ticket.tenant_id, ContactChannel.TICKET, said, now, by, ticket.id)


def _is_partners(ticket: Ticket) -> bool:
    """Whether the money that a ticket asks for is a partner's: the price of released work."""
    return ticket.subject.startswith("e_")


def _check(ticket: Ticket, ending: Ending) -> None:
    """Raises Conflict for a ticket that is closed, InvalidInput for an ending that does not fit its kind."""
    if not ticket.open:
        raise Conflict("the ticket is closed already", outcome=ticket.outcome)
    asked = _ASKED.get(ticket.kind)
    said = {
        "taken": ending.taken,
        "refund_id": ending.refund_id,
        "tax_id": ending.tax_id,
        "lifted": ending.lifted,
    }
    for name, value in said.items():
        if value is not None and name != asked:
            raise InvalidInput(name, "not part of such a ticket")
        if value is None and name == asked and name in _NEEDED:
            raise InvalidInput(name, "is missing")


def _closed(
    tenant: Tenant,
    agreement: Agreement,
    ticket: Ticket,
    facts: dict[str, str | int],
    matter: str,
    notice: NoticeKind | None,
    now: datetime,
    by: str,
) -> Transition:
    owed = service_notice(tenant, agreement, notice, now, ticket.clause, facts) if notice else None
    return move(
        tenant,
        Event.TICKET_CLOSED,
        now,
        by,
        ticket.outcome or "",
        ticket.clause,
        notices=(owed,) if owed else (),
        facts=facts | {"kind": ticket.kind.value},
        open_matters=tenant.open_matters - {matter},
    )
