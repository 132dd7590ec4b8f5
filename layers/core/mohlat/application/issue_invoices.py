"""Issuing what every payment and every return of money brings: one document each, numbered without gaps.

Called from what follows a transition, at least once; a document that is there already is left as it is.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from mohlat.application.ports import Agreements, Clock, Invoices, Payments, People, Profiles
from mohlat.domain.agreement import Agreement
from mohlat.domain.billing import BillingProfile, Company
from mohlat.domain.durations import Duration
from mohlat.domain.errors import Gone, NotFound
from mohlat.domain.invoices import Invoice, InvoiceKind, Line, invoice_id
from mohlat.domain.payments import OrderKind, Payment
from mohlat.domain.purchases import sold_under
from mohlat.domain.refunds import Refund, RefundReason
from mohlat.domain.tenant import Debt

_ITEMS = {
    OrderKind.TERM: "term",
    OrderKind.UPGRADE: "upgrade",
    OrderKind.EXTRA: "extra",
    OrderKind.ESCROW: "service",
}
# What was never sold needs no credit note when it goes back.
_UNSOLD = (RefundReason.NOTHING_GRANTED, RefundReason.HELD)


class InvoiceDesk:
    """Drafts documents from orders, debts and refunds, and has them numbered and stored."""

    def __init__(
        self,
        *,
        invoices: Invoices,
        payments: Payments,
        profiles: Profiles,
        people: People,
        agreements: Agreements,
        clock: Clock,
    ) -> None:
        self._invoices = invoices
        self._payments = payments
        self._profiles = profiles
        self._people = people
        self._agreements = agreements
        self._clock = clock

    def for_order(self, tenant_id: str, order_id: str) -> Invoice | None:
        """The invoice of a paid order (SAMAN-5.9). A debt's payment has its invoice already.

        None for an order that a purge has deleted. Raises ConcurrentChange.
        """
        try:
            order = self._payments.order(tenant_id, order_id)
        except (Gone, NotFound):
            return None
        if order.kind is OrderKind.DEBT:
            return None
        payment = self._payments.get(order.payment_id)
        agreement = self._agreements.load(order.product)
        line = Line(
            item=_ITEMS[order.kind],
            subject=order.plan or order.subject,
            quantity=1,
            unit_price=order.net + order.discount,
            discount=order.discount,
            vat_percent=order.vat_percent,
            vat=order.vat,
            length=order.length if order.length != Duration() else None,
        )
        return self._issue(
            payment.id,
            payment,
            agreement,
            (line,),
            payment.settled_at or self._clock.now(),
            sold_under(agreement, order),
        )

    def for_debt(self, tenant_id: str, product: str, debt: Debt, clause: str) -> Invoice:
        """The invoice for use above the limits, issued when it is asked for, not when it is paid
        (SAMAN-5.7).
        """
        agreement = self._agreements.load(product)
        unit_price = (debt.amount - debt.vat) // debt.blocks
        line = Line("overuse", debt.metric, debt.blocks, unit_price, 0, debt.vat_percent, debt.vat)
        draft = self._draft(debt.id, tenant_id, agreement, InvoiceKind.SALE, (line,), debt.issued_at, clause)
        return self._invoices.issue(draft)

    def for_refund(self, refund: Refund) -> Invoice | None:
        """The credit note of money that goes back, correcting the payment's invoice. None where nothing was
        sold.
        """
        if refund.reason in _UNSOLD:
            return None
        sold = self._invoice_of(refund)
        if sold is None:
            return None
        first = sold.lines[0]
        line = replace(
            first,
            quantity=1,
            unit_price=refund.amount - refund.vat,
            discount=0,
            vat=refund.vat,
        )
        agreement = self._agreements.load(refund.product)
        draft = self._draft(
            refund.id,
            refund.tenant_id,
            agreement,
            InvoiceKind.CREDIT_NOTE,
            (line,),
            refund.created_at,
            refund.clause,
        )
        return self._invoices.issue(replace(draft, corrects=sold.id, gateway=refund.gateway))

    def for_write_off(self, tenant_id: str, debt_id: str, at: datetime, clause: str) -> Invoice | None:
        """The credit note of an invoice for overuse that was dropped."""
        try:
            sold = self._invoices.get(tenant_id, invoice_id(debt_id))
        except NotFound:
            return None
        agreement = self._agreements.load(sold.product)
        source = f"w_{debt_id.partition('_')[2]}"
        draft = self._draft(source, tenant_id, agreement, InvoiceKind.CREDIT_NOTE, sold.lines, at, clause)
        return self._invoices.issue(replace(draft, corrects=sold.id))

    def _invoice_of(self, refund: Refund) -> Invoice | None:
        try:
            return self._invoices.get(refund.tenant_id, invoice_id(refund.payment_id))
        except NotFound:
            return self.for_order(refund.tenant_id, refund.order_id)

    def _issue(
        self,
        source: str,
        payment: Payment,
        agreement: Agreement,
        lines: tuple[Line, ...],
        at: datetime,
        clause: str,
    ) -> Invoice:
        draft = self._draft(source, payment.tenant_id, agreement, InvoiceKind.SALE, lines, at, clause)
        return self._invoices.issue(replace(draft, gateway=payment.gateway, reference=payment.reference))

    def _draft(
        self,
        source: str,
        tenant_id: str,
        agreement: Agreement,
        kind: InvoiceKind,
        lines: tuple[Line, ...],
        at: datetime,
        clause: str,
    ) -> Invoice:
        return Invoice(
            id=invoice_id(source),
            tenant_id=tenant_id,
            product=agreement.product,
            kind=kind,
            # The day the money moved decides the year, however late the document is made.
            year=agreement.calendar.year_of(at),
            number=0,
            source=source,
            dated_at=at,
            issued_at=self._clock.now(),
            lines=lines,
            clause=clause,
            agreement_version=agreement.version,
            buyer=self._buyer(tenant_id),
        )

    def _buyer(self, tenant_id: str) -> BillingProfile | None:
        """Whom the document names: the billing profile of this moment, else the registered contact."""
        try:
            profile = self._profiles.get(tenant_id)
            if profile is not None:
                return profile
            contact = self._people.contact(tenant_id)
        except (Gone, NotFound):
            return None
        entity = contact.legal_entity
        company = Company(entity.name, entity.national_id, "") if entity else None
        return BillingProfile(
            tenant_id, name=contact.name, mobile=contact.mobile, email=contact.email, company=company
        )
