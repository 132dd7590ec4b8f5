"""Ordering: the price as quoted, the payment reserved before the gateway hears of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from mohlat.application.ports import (
    Agreements,
    Books,
    Clock,
    Dispatches,
    Ids,
    PaymentGateway,
    Payments,
    Profiles,
    Tenants,
)
from mohlat.application.quoting import Recalled, Wanted, operation_of, price, recall
from mohlat.application.service_gate import ServiceGate
from mohlat.application.transitions import catch_up, commit, retrying
from mohlat.domain.access import permit
from mohlat.domain.agreement import Agreement
from mohlat.domain.billing import demand
from mohlat.domain.errors import ConcurrentChange, MohlatError
from mohlat.domain.payments import (
    Order,
    OrderKind,
    Payment,
    PaymentStatus,
    PayPage,
    check_after,
    settled,
    with_opening,
)
from mohlat.domain.purchases import close_payment, order_of, place_order
from mohlat.domain.tenant import Tenant


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """An order, its payment, and where the payer's browser must go."""

    order: Order
    payment: Payment
    pay_page: PayPage


def order_something(
    tenant_id: str,
    wanted: Wanted | Recalled,
    *,
    gateway: str | None,
    start_now: bool = False,
    by: str,
    callback_url: Callable[[str], str],
    gateways: Callable[[str], PaymentGateway],
    tenants: Tenants,
    payments: Payments,
    books: Books,
    profiles: Profiles,
    dispatches: Dispatches,
    agreements: Agreements,
    gate: ServiceGate,
    ids: Ids,
    clock: Clock,
) -> PlacedOrder:
    """Orders what is wanted at the price of this moment, or what was quoted at the price told then.

    `gateway` is one of those that the newest agreement names, None for its first: like the prices, which
    gateways serve is of the day. `gateways` finds one by its name, `callback_url` tells where it sends
    browsers back to. `start_now` records that the customer wants the service to start at once, which ends the
    by-law's right to withdraw where the agreement says so.

    The order and its payment are written before the gateway is called: whatever happens between, the watch
    over the payment finds it. Raises AccessRefused, InvalidInput for what is not offered, ProfileIncomplete,
    Conflict for what cannot be bought, or not any more because the product comes to its end, TooLate for a
    quote that has ended, GatewayUnavailable, GatewayRefused, UnderMaintenance.
    """

    def reserve() -> tuple[Tenant, Agreement, Order, Payment, PaymentGateway]:
        now = clock.now()
        tenant = tenants.get(tenant_id)
        agreement = agreements.load(tenant.product, tenant.agreement_version)
        tenant = catch_up(tenants, dispatches, agreement, tenant, now, by=by)
        what = wanted.wanted if isinstance(wanted, Recalled) else wanted
        permit(tenant, agreement, operation_of(what.kind), now)
        if what.kind in (OrderKind.TERM, OrderKind.UPGRADE):
            gate.demand_joinable(tenant.product)
        newest = agreements.load(tenant.product)
        _demand_profile(tenant, newest, profiles)
        if isinstance(wanted, Recalled):
            told = recall(wanted, tenant, agreement, newest, now, books)
        else:
            told = price(tenant, agreement, newest, wanted, now, books)
        order = order_of(told, tenant, ids.new("o"), ids.new("p"), now, start_now=start_now)
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
        opening = chosen.request(
            amount=order.amount,
            description=f"{agreement.product} {order.kind.value} {order.plan or order.subject} {order.id}",
            callback_url=callback_url(chosen.name),
            order_id=order.id,
        )
    except MohlatError:
        # No authority, so no money can move: the order ends here. If this write is lost, the watch does it.
        refused = settled(payment, PaymentStatus.CANCELLED, clock.now(), note="the gateway opened no payment")
        by_gateway = f"gateway:{chosen.name}"
        transition = close_payment(
            tenant, agreement, payment.id, refused.status.value, clock.now(), by=by_gateway
        )
        with suppress(ConcurrentChange):
            commit(tenants, agreement, transition, (refused,))
        raise
    payment = with_opening(payment, opening)
    payments.save(payment)
    return PlacedOrder(order, payment, chosen.pay_page(opening.authority, opening.token))


def _demand_profile(tenant: Tenant, newest: Agreement, profiles: Profiles) -> None:
    needs = newest.order_needs
    if needs is None:
        return
    profile = profiles.get(tenant.id)
    of_companies = needs.legal if profile and profile.company else ()
    demand(profile, (*needs.natural, *of_companies), needs.basis.cite())
