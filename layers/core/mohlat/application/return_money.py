"""Giving money back: a withdrawal, a returned purchase, or what an operator decides to return."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mohlat.application.ports import (
    Agreements,
    Books,
    Clock,
    Dispatches,
    Ids,
    Payments,
    Row,
    Tenants,
)
from mohlat.application.terms_gate import counted_by
from mohlat.application.transitions import catch_up, commit, retrying
from mohlat.domain import bookkeeping
from mohlat.domain.agreement import Agreement
from mohlat.domain.errors import Conflict, InvalidInput, NotFound
from mohlat.domain.invoices import vat_share
from mohlat.domain.payments import Order, OrderKind, Payment, PaymentStatus, with_refund
from mohlat.domain.quotes import unused
from mohlat.domain.refunds import Entitlement, Refund, RefundReason, entitlement, reserved, withdrawal
from mohlat.domain.returns import reserve_refund, return_purchase, withdraw
from mohlat.domain.tenant import Tenant

# A transaction holds 100 rows, three for each payment.
_MOST_PAYMENTS = 30


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What a withdrawal gave back: the tenant as it is now, and a refund for each payment."""

    tenant: Tenant
    refunds: tuple[Refund, ...]


class RefundDesk:
    """Decides what goes back, by the agreement, and reserves it in one write with what it takes away."""

    def __init__(
        self,
        *,
        tenants: Tenants,
        payments: Payments,
        books: Books,
        dispatches: Dispatches,
        agreements: Agreements,
        ids: Ids,
        clock: Clock,
    ) -> None:
        self._tenants = tenants
        self._payments = payments
        self._books = books
        self._dispatches = dispatches
        self._agreements = agreements
        self._ids = ids
        self._clock = clock

    def withdraw(self, tenant_id: str, by: str, *, data_taken: bool) -> Withdrawal:
        """Gives the whole account up in time: everything paid goes back, then everything is deleted
        (SAMAN-2.6).

        `data_taken`: the customer has all data that is wanted. Raises InvalidInput without that,
        RefundRefused with the clause and with when the right ended, Conflict while a deposit lies in escrow.
        """
        if not data_taken:
            raise InvalidInput("data_taken", "take your data first: it is deleted after the withdrawal")
        return retrying(lambda: self._withdraw(tenant_id, by))

    def _withdraw(self, tenant_id: str, by: str) -> Withdrawal:
        tenant, agreement, now = self._load(tenant_id, by)
        right = withdrawal(tenant, agreement, now)
        if any(matter.startswith("escrow:") for matter in tenant.open_matters):
            raise Conflict("a deposit lies in escrow: release it, or have it returned, first")
        refunds: list[Refund] = []
        rows: list[Row] = []
        for order, payment in self._granted(tenant_id):
            if payment.returnable > 0 and order.kind is not OrderKind.ESCROW:
                refund, mine = self._reserve(
                    order, payment, payment.returnable, RefundReason.WITHDRAWAL, right.clause, now
                )
                refunds.append(refund)
                rows += mine
        if len(refunds) + len(tenant.debts) > _MOST_PAYMENTS:
            raise Conflict("too many payments for one write: ask an operator", most=_MOST_PAYMENTS)
        rows += [
            bookkeeping.written_off(debt, tenant.id, tenant.product, right.clause, now)
            for debt in tenant.debts
        ]
        transition = withdraw(tenant, agreement, refunds, right.clause, now, by=by)
        return Withdrawal(commit(self._tenants, agreement, transition, rows), tuple(refunds))

    def entitlement(self, tenant_id: str, payment_id: str) -> Entitlement:
        """What would go back of a payment now. Raises RefundRefused, Conflict, NotFound."""
        tenant, agreement, now = self._load(tenant_id, "user")
        order, payment = self._one(tenant_id, payment_id)
        return self._entitled(tenant, agreement, order, payment, now)

    def return_purchase(self, tenant_id: str, payment_id: str, by: str) -> Refund:
        """The customer gives back one purchase, as far as the agreement allows.

        Raises RefundRefused with the clause, Conflict for what cannot be taken back any more, NotFound.
        """

        def attempt() -> Refund:
            tenant, agreement, now = self._load(tenant_id, by)
            order, payment = self._one(tenant_id, payment_id)
            right = self._entitled(tenant, agreement, order, payment, now)
            upgrade = order.kind is OrderKind.UPGRADE
            reason = RefundReason.UPGRADE_RETURNED if upgrade else RefundReason.PURCHASE_RETURNED
            refund, rows = self._reserve(order, payment, right.amount, reason, right.clause, now)
            transition = return_purchase(tenant, agreement, order, refund, now, by=by)
            commit(self._tenants, agreement, transition, rows)
            return refund

        return retrying(attempt)

    def give_back(
        self, tenant_id: str, payment_id: str, amount: int, reason: str, clause: str, by: str
    ) -> Refund:
        """An operator gives back `amount` rials of a payment, what was bought staying as it is.

        Raises InvalidInput for a clause that is not there, Conflict beyond what is left of the payment.
        """

        def attempt() -> Refund:
            tenant, agreement, now = self._load(tenant_id, by)
            if clause not in agreement.clauses:
                raise InvalidInput("clause", "not a clause of this agreement")
            order, payment = self._one(tenant_id, payment_id)
            if order.kind in (OrderKind.ESCROW, OrderKind.DEBT):
                raise Conflict("this kind of payment is not given back this way", kind=order.kind.value)
            refund, rows = self._reserve(order, payment, amount, RefundReason.GOODWILL, clause, now)
            transition = reserve_refund(tenant, agreement, refund, reason, now, by=by)
            commit(self._tenants, agreement, transition, rows)
            return refund

        return retrying(attempt)

    def reserve_unused(
        self, tenant: Tenant, clause: str, since: datetime
    ) -> tuple[tuple[Refund, ...], list[Row]]:
        """Reserves what was paid for the time of a running term from `since` on: to be written with what
        ends it. Tax goes back with it; nothing goes beyond what is left of a payment.
        """
        left = unused(tenant, since)
        if left == 0 or tenant.term is None:
            return (), []
        refunds: list[Refund] = []
        rows: list[Row] = []
        mine = {part.payment_id for part in tenant.term.parts}
        mine |= {upgrade.payment_id for upgrade in tenant.term.upgrades}
        now = self._clock.now()
        for order, payment in reversed(self._granted(tenant.id)):
            due = left + left * order.vat_percent // 100
            amount = min(due, payment.returnable)
            if payment.id in mine and amount > 0:
                refund, more = self._reserve(order, payment, amount, RefundReason.PRODUCT_ENDED, clause, now)
                refunds.append(refund)
                rows += more
                left -= left if amount == due else amount * 100 // (100 + order.vat_percent)
        return tuple(refunds), rows

    # --- what they share ------------------------------------------------------------------------------------

    def _load(self, tenant_id: str, by: str) -> tuple[Tenant, Agreement, datetime]:
        now = self._clock.now()
        tenant = self._tenants.get(tenant_id)
        agreement = counted_by(self._agreements, tenant, now)
        tenant = catch_up(self._tenants, self._dispatches, agreement, tenant, now, by=by, may_purge=False)
        return tenant, agreement, now

    def _granted(self, tenant_id: str) -> list[tuple[Order, Payment]]:
        """What was bought, oldest first."""
        bought = (
            (order, self._payments.get(order.payment_id))
            for order in reversed(self._payments.orders(tenant_id))
        )
        return [(order, payment) for order, payment in bought if payment.status is PaymentStatus.GRANTED]

    def _one(self, tenant_id: str, payment_id: str) -> tuple[Order, Payment]:
        payment = self._payments.get(payment_id)
        if payment.tenant_id != tenant_id:
            raise NotFound(payment_id=payment_id)
        if payment.status is not PaymentStatus.GRANTED:
            raise Conflict("this payment bought nothing", status=payment.status.value)
        return self._payments.order(tenant_id, payment.order_id), payment

    def _entitled(
        self, tenant: Tenant, agreement: Agreement, order: Order, payment: Payment, now: datetime
    ) -> Entitlement:
        # The first of a tenant's leases that was paid is no renewal, whatever came of it since.
        leases = [paid for other, paid in self._granted(tenant.id) if other.kind is OrderKind.TERM]
        first = min(leases, key=lambda paid: (paid.settled_at or paid.created_at, paid.id), default=payment)
        return entitlement(tenant, agreement, order, payment, now, renewal=first.id != payment.id)

    def _reserve(
        self, order: Order, payment: Payment, amount: int, reason: RefundReason, clause: str, now: datetime
    ) -> tuple[Refund, list[Row]]:
        refund_id = self._ids.new("r")
        before = payment.captured - payment.returnable
        vat = vat_share(order.amount, order.vat, before, amount) if amount > 0 else 0
        after = with_refund(payment, refund_id, amount)
        refund = reserved(refund_id, payment, amount, vat, reason, clause, now)
        return refund, [after, refund, bookkeeping.reserved(refund)]
