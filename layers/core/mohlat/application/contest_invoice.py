"""Contesting an invoice: taken in time and answered by a person (KALO-24, SAMAN-5.11)."""

from __future__ import annotations

from datetime import datetime

from mohlat.application.ports import Agreements, Books, Clock, Ids, Invoices, Tenants, Words
from mohlat.application.terms_gate import counted_by
from mohlat.application.transitions import commit, retrying
from mohlat.domain.agreement import Agreement, DisputeRule
from mohlat.domain.cards import mask_cards
from mohlat.domain.errors import Conflict, TooLate
from mohlat.domain.invoices import Invoice
from mohlat.domain.lifecycle import Event, Transition, move, service_notice
from mohlat.domain.notices import NoticeKind
from mohlat.domain.tenant import Tenant, iso
from mohlat.domain.tickets import Ticket, TicketKind


def matter(ticket_id: str) -> str:
    """What stands on a tenant while an invoice of it is contested: nothing of it is purged meanwhile."""
    return f"dispute:{ticket_id}"


def ends_at(rule: DisputeRule, agreement: Agreement, invoice: Invoice) -> datetime:
    """Until when (exclusive, UTC) an invoice can be contested: its last day counts whole, in Tehran."""
    return rule.within.whole_days_after(invoice.dated_at, agreement.calendar)


class DisputeDesk:
    """Takes objections to invoices."""

    def __init__(
        self,
        *,
        invoices: Invoices,
        books: Books,
        tenants: Tenants,
        agreements: Agreements,
        ids: Ids,
        clock: Clock,
    ) -> None:
        self._invoices = invoices
        self._books = books
        self._tenants = tenants
        self._agreements = agreements
        self._ids = ids
        self._clock = clock

    def dispute(
        self, tenant_id: str, invoice_id: str, text: str, by: str, *, ticket_id: str | None = None
    ) -> Ticket:
        """The customer contests an invoice with `text`, which is sealed; a person answers.

        `ticket_id` names the ticket where whoever calls must find it again. Raises NotFound, Gone; TooLate
        with the clause and with when the time ended; Conflict where the agreement takes no objections, and
        while this invoice is contested already, naming that ticket.
        """
        chosen = ticket_id or self._ids.new("k")
        return retrying(lambda: self._dispute(tenant_id, invoice_id, text, by, chosen))

    def _dispute(self, tenant_id: str, invoice_id: str, text: str, by: str, ticket_id: str) -> Ticket:
        now = self._clock.now()
        tenant = self._tenants.get(tenant_id)
        agreement = counted_by(self._agreements, tenant, now)
        invoice = self._invoices.get(tenant_id, invoice_id)
        rule = agreement.disputes
        if rule is None:
            raise Conflict("this agreement takes no objections to an invoice")
        ended_at, clause = ends_at(rule, agreement, invoice), rule.basis.cite()
        if now >= ended_at:
            raise TooLate("the time to contest this invoice has ended", clause=clause, ended_at=iso(ended_at))
        for known in self._books.tickets(tenant_id):
            if known.open and known.kind is TicketKind.INVOICE_DISPUTE and known.subject == invoice_id:
                raise Conflict("this invoice is contested already", ticket_id=known.id)
        ticket = Ticket(
            id=ticket_id,
            tenant_id=tenant_id,
            product=tenant.product,
            kind=TicketKind.INVOICE_DISPUTE,
            subject=invoice_id,
            opened_at=now,
            due_at=rule.answer.after(now, agreement.calendar),
            clause=clause,
            facts={"invoice": invoice.label, "amount": invoice.total, "dated_at": iso(invoice.dated_at)},
        )
        words = Words(tenant_id, ticket_id, mask_cards(text))
        commit(self._tenants, agreement, _opened(tenant, agreement, ticket, now, by), (ticket, words))
        return ticket


def _opened(tenant: Tenant, agreement: Agreement, ticket: Ticket, now: datetime, by: str) -> Transition:
    facts: dict[str, str | int] = {"ticket_id": ticket.id, "invoice": ticket.facts["invoice"]}
    notice = service_notice(
        tenant, agreement, NoticeKind.DISPUTE_RECEIVED, ticket.due_at, ticket.clause, facts
    )
    return move(
        tenant,
        Event.TICKET_OPENED,
        now,
        by,
        "the customer contests an invoice",
        ticket.clause,
        notices=(notice,),
        facts=facts | {"kind": ticket.kind.value, "invoice_id": ticket.subject},
        open_matters=tenant.open_matters | {matter(ticket.id)},
    )
