"""Ordering a term: the price from the agreement, the payment reserved before the gateway hears of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from mohlat.application.ports import (
    Agreements,
    Clock,
    Dispatches,
    Ids,
    PaymentGateway,
    Payments,
    Tenants,
)
from mohlat.application.transitions import catch_up, commit, retrying
from mohlat.domain.access import Operation, permit
from mohlat.domain.agreement import Agreement
from mohlat.domain.durations import Duration
from mohlat.domain.errors import ConcurrentChange, MohlatError
from mohlat.domain.lifecycle import close_payment, place_order
from mohlat.domain.payments import Order, Payment, PaymentStatus, check_after, settled, with_authority
from mohlat.domain.tenant import Tenant

_ORDER_LIFE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """An order, its payment, and where the payer's browser must go."""

    order: Order
    payment: Payment
    pay_url: str


def _price(tenant: Tenant, newest: Agreement, plan: str, length: Duration, now: datetime) -> int:
    """Rials: what the open first invoice says, else today's price of the newest list (KALO-33, SAMAN-7.2)."""
    invoice = tenant.invoice
    if invoice and (invoice.plan, invoice.length) == (plan, length):
        return invoice.amount
    return newest.quote(plan, length, now)


def order_term(
    tenant_id: str,
    plan: str,
    length: Duration,
    *,
    gateway: str | None,
    by: str,
    callback_url: Callable[[str], str],
    gateways: Callable[[str], PaymentGateway],
    tenants: Tenants,
    payments: Payments,
    dispatches: Dispatches,
    agreements: Agreements,
    ids: Ids,
    clock: Clock,
) -> PlacedOrder:
    """Orders `length` of a plan at today's price and opens its payment at the wanted gateway.

    `gateway` is one of those that the newest agreement names, None for its first: like the prices, which
    gateways serve is of the day. `gateways` finds one by its name, `callback_url` tells where it sends
    browsers back to.

    The order and its payment are written before the gateway is called: whatever happens between, the watch
    over the payment finds it. Raises AccessRefused, InvalidInput for a plan, period or gateway not offered,
    Conflict for another plan than the running term's, GatewayUnavailable, GatewayRefused.
    """

    def reserve() -> tuple[Tenant, Agreement, Order, Payment, PaymentGateway]:
        now = clock.now()
        tenant = tenants.get(tenant_id)
        agreement = agreements.load(tenant.product, tenant.agreement_version)
        tenant = catch_up(tenants, dispatches, agreement, tenant, now, by=by)
        permit(tenant, agreement, Operation.RENEW, now)
        newest = agreements.load(tenant.product)
        order = Order(
            id=ids.new("o"),
            tenant_id=tenant_id,
            product=tenant.product,
            plan=plan,
            length=length,
            amount=_price(tenant, newest, plan, length, now),
            payment_id=ids.new("p"),
            created_at=now,
            expires_at=now + _ORDER_LIFE,
        )
        chosen = gateways(newest.gateway(gateway))
        payment = Payment(
            id=order.payment_id,
            tenant_id=tenant_id,
            product=tenant.product,
            order_id=order.id,
            gateway=chosen.name,
            amount=order.amount,
            status=PaymentStatus.REQUESTED,
            created_at=now,
            next_check_at=check_after(now, 0),
        )
        tenant = commit(
            tenants, agreement, place_order(tenant, agreement, order, now, by=by), (order, payment)
        )
        return tenant, agreement, order, payment, chosen

    tenant, agreement, order, payment, chosen = retrying(reserve)
    try:
        authority = chosen.request(
            amount=order.amount,
            description=f"{agreement.product} {order.plan} {order.length} {order.id}",
            callback_url=callback_url(chosen.name),
            order_id=order.id,
        )
    except MohlatError:
        # No authority, so no money can move: the order ends here. If this write is lost, the watch does it.
        refused = settled(payment, PaymentStatus.CANCELLED, clock.now(), note="the gateway opened no payment")
        by_gateway = f"gateway:{chosen.name}"
        transition = close_payment(tenant, payment.id, refused.status.value, clock.now(), by=by_gateway)
        with suppress(ConcurrentChange):
            commit(tenants, agreement, transition, (refused,))
        raise
    payment = with_authority(payment, authority)
    payments.save(payment)
    return PlacedOrder(order, payment, chosen.pay_url(authority))
