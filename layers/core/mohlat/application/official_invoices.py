"""Official invoices: asked for by a legal entity, filed with the tax office, due a week after the payment
(SAMAN-5.9).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from mohlat.application.ports import (
    Agreements,
    Books,
    Clock,
    Ids,
    Invoices,
    Payments,
    Profiles,
    Tenants,
)
from mohlat.application.transitions import commit, commit_or_write, retrying
from mohlat.domain.agreement import Agreement, OfficialInvoiceRule, Seller
from mohlat.domain.billing import OFFICIAL_NEEDS, BillingProfile, Company, demand
from mohlat.domain.errors import Conflict, MohlatError, TooLate
from mohlat.domain.invoices import Invoice, InvoiceKind, OfficialInvoice, OfficialStatus
from mohlat.domain.lifecycle import Event, Transition, move, service_notice
from mohlat.domain.notices import NoticeKind
from mohlat.domain.payments import OrderKind, PaymentStatus
from mohlat.domain.tenant import Tenant, iso
from mohlat.domain.tickets import Ticket, TicketKind, close_ticket

# What the tax office is sent: invoice, seller, official invoice and the invoice's number in its year.
Draft = Callable[[Invoice, Seller, OfficialInvoice, int], Mapping[str, object]]


class TaxOfficeUnavailable(MohlatError):
    """The tax office did not take the document, or cannot be asked: it stays requested; try again later."""

    code = "tax-office-unavailable"


class TaxOffice(Protocol):
    """Where official invoices are filed."""

    def file(self, document: Mapping[str, object]) -> str:
        """Files a document and tells its tax id. The same one again is no second one.

        Raises TaxOfficeUnavailable.
        """
        ...


class OfficialDesk:
    """Takes requests for official invoices and has them issued. `link` leads to an invoice's page."""

    def __init__(
        self,
        *,
        office: TaxOffice,
        link: Callable[[str, str], str],
        invoices: Invoices,
        payments: Payments,
        profiles: Profiles,
        books: Books,
        tenants: Tenants,
        agreements: Agreements,
        ids: Ids,
        clock: Clock,
    ) -> None:
        self._office = office
        self._link = link
        self._invoices = invoices
        self._payments = payments
        self._profiles = profiles
        self._books = books
        self._tenants = tenants
        self._agreements = agreements
        self._ids = ids
        self._clock = clock

    def request(self, tenant_id: str, invoice_id: str, by: str, draft: Draft) -> OfficialInvoice:
        """Asks for an official invoice, and has it issued at once if the tax office takes it.

        Asked again, the first request stands. Raises NotFound, Gone; ProfileIncomplete naming what the
        billing profile lacks; TooLate with when the time ended; Conflict for a credit note, for an invoice
        that is not paid, and where the agreement offers none.
        """
        official = retrying(lambda: self._request(tenant_id, invoice_id, by))
        return self._issue(official, draft)

    def _request(self, tenant_id: str, invoice_id: str, by: str) -> OfficialInvoice:
        now = self._clock.now()
        tenant = self._tenants.get(tenant_id)
        agreement = self._agreements.load(tenant.product, tenant.agreement_version)
        invoice = self._invoices.get(tenant_id, invoice_id)
        if known := self._invoices.official(tenant_id, invoice_id):
            return known
        rule = agreement.official_invoices
        if rule is None:
            raise Conflict("this agreement offers no official invoices")
        if invoice.kind is not InvoiceKind.SALE:
            raise Conflict("an official invoice states a sale", kind=invoice.kind.value)
        due_at, clause = self._due_at(rule, agreement, self._paid_at(invoice), now), rule.basis.cite()
        company = _company(self._profiles.get(tenant_id), clause)
        official = OfficialInvoice(
            tenant_id=tenant_id,
            invoice_id=invoice_id,
            product=tenant.product,
            requested_at=now,
            due_at=due_at,
            status=OfficialStatus.REQUESTED,
            company=company.name,
            legal_id=company.legal_id,
            economic_code=company.economic_code,
            ticket_id=self._ids.new("k"),
        )
        ticket = Ticket(
            id=official.ticket_id,
            tenant_id=tenant_id,
            product=tenant.product,
            kind=TicketKind.OFFICIAL_INVOICE,
            subject=invoice_id,
            opened_at=now,
            due_at=due_at,
            clause=clause,
            facts={"invoice": invoice.label, "amount": invoice.total},
        )
        transition = move(
            tenant,
            Event.OFFICIAL_INVOICE_REQUESTED,
            now,
            by,
            "a legal entity asked for an official invoice",
            clause,
            facts={"invoice_id": invoice_id, "invoice": invoice.label, "due_at": iso(due_at)},
        )
        commit(self._tenants, agreement, transition, (official, ticket))
        return official

    def _due_at(
        self, rule: OfficialInvoiceRule, agreement: Agreement, paid_at: datetime, now: datetime
    ) -> datetime:
        """By when it has to be issued: counted from the payment, or from a request that came after that."""
        ended_at = rule.request_within.whole_days_after(paid_at, agreement.calendar)
        if now >= ended_at:
            raise TooLate(
                "the time to ask for an official invoice has ended",
                clause=rule.basis.cite(),
                ended_at=iso(ended_at),
            )
        promised = rule.issue_within.after(paid_at, agreement.calendar)
        return promised if now < promised else rule.issue_within.after(now, agreement.calendar)

    def _paid_at(self, invoice: Invoice) -> datetime:
        """When the invoice was paid. One for use above the limits is dated before that."""
        if not invoice.source.startswith("d_"):
            return invoice.dated_at
        for order in self._payments.orders(invoice.tenant_id):
            if order.kind is OrderKind.DEBT and order.subject == invoice.source:
                payment = self._payments.get(order.payment_id)
                if payment.status is PaymentStatus.GRANTED:
                    return payment.settled_at or payment.created_at
        raise Conflict("this invoice is not paid yet", invoice_id=invoice.id)

    # --- issuing --------------------------------------------------------------------------------------------

    def retry(self, tenant_id: str, ticket_id: str, draft: Draft) -> None:
        """Tries again to issue what a ticket waits for; one about anything else is left alone."""
        ticket = self._books.ticket(tenant_id, ticket_id)
        if ticket.open and ticket.kind is TicketKind.OFFICIAL_INVOICE:
            official = self._invoices.official(tenant_id, ticket.subject)
            assert official
            self._issue(official, draft)

    def _issue(self, official: OfficialInvoice, draft: Draft) -> OfficialInvoice:
        """Files it. What the tax office does not take stays requested, until its ticket asks again."""
        seller = self._agreements.load(official.product).seller
        if official.status is OfficialStatus.ISSUED or seller is None or not seller.fiscal_id:
            return official
        invoice = self._invoices.get(official.tenant_id, official.invoice_id)
        try:
            tax_id = self._office.file(draft(invoice, seller, official, invoice.number))
        except TaxOfficeUnavailable:
            return official
        return self._issued(official, tax_id, f"issued as {tax_id}", "tax office")

    def issued_by_hand(self, ticket: Ticket, tax_id: str, outcome: str, by: str) -> OfficialInvoice:
        """A person filed it: closes its ticket. Raises Conflict if it is issued already."""
        official = self._invoices.official(ticket.tenant_id, ticket.subject)
        assert official
        if official.status is OfficialStatus.ISSUED:
            raise Conflict("this official invoice is issued already", tax_id=official.tax_id)
        return self._issued(official, tax_id, outcome, by)

    def _issued(self, official: OfficialInvoice, tax_id: str, outcome: str, by: str) -> OfficialInvoice:
        def attempt() -> OfficialInvoice:
            now = self._clock.now()
            known = self._invoices.official(official.tenant_id, official.invoice_id)
            if known and known.status is OfficialStatus.ISSUED:
                return known
            invoice = self._invoices.get(official.tenant_id, official.invoice_id)
            ticket = self._books.ticket(official.tenant_id, official.ticket_id)
            done = replace(
                official,
                status=OfficialStatus.ISSUED,
                issued_at=now,
                tax_id=tax_id,
                version=official.version + 1,
            )

            def noted(tenant: Tenant, agreement: Agreement) -> Transition:
                return self._note(tenant, agreement, done, invoice, ticket.clause, now, by)

            rows = (done, close_ticket(ticket, outcome, now, by=by))
            commit_or_write(self._tenants, self._books, self._agreements, official.tenant_id, noted, rows)
            return done

        return retrying(attempt)

    def _note(
        self,
        tenant: Tenant,
        agreement: Agreement,
        done: OfficialInvoice,
        invoice: Invoice,
        clause: str,
        now: datetime,
        by: str,
    ) -> Transition:
        facts: dict[str, str | int] = {
            "invoice_id": invoice.id,
            "invoice": invoice.label,
            "tax_id": done.tax_id or "",
            "link": self._link(tenant.id, invoice.id),
        }
        notice = service_notice(tenant, agreement, NoticeKind.OFFICIAL_INVOICE_ISSUED, now, clause, facts)
        return move(
            tenant,
            Event.OFFICIAL_INVOICE_ISSUED,
            now,
            by,
            "the official invoice is issued",
            clause,
            notices=(notice,),
            facts=facts,
        )


def _company(profile: BillingProfile | None, clause: str) -> Company:
    """The legal entity of a billing profile that says all an official invoice needs of it."""
    demand(profile, OFFICIAL_NEEDS, clause)
    assert profile
    assert profile.company
    return profile.company
