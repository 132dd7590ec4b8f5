"""What money buys: placing an order, and what a captured payment grants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mohlat.domain.agreement import Agreement, Phase
from mohlat.domain.durations import Duration
from mohlat.domain.errors import Conflict
from mohlat.domain.lifecycle import (
    DEBT_KEY,
    Event,
    Transition,
    Workflow,
    done_about_debts,
    move,
    service_notice,
    without,
)
from mohlat.domain.notices import Notice, NoticeKind
from mohlat.domain.overuse import without_debt
from mohlat.domain.payments import Order, OrderKind
from mohlat.domain.quotes import Quote, days_between, upgraded
from mohlat.domain.tenant import Part, RestrictionKind, Tenant, Term, Upgrade, iso, living

_MOST_OPEN = 20


def order_of(
    quote: Quote,
    tenant: Tenant,
    order_id: str,
    payment_id: str,
    now: datetime,
    *,
    start_now: bool = False,
) -> Order:
    """The order that charges exactly what was quoted. It expires with its quote."""
    return Order(
        id=order_id,
        tenant_id=tenant.id,
        product=tenant.product,
        plan=quote.plan,
        length=quote.length,
        amount=quote.total,
        payment_id=payment_id,
        created_at=quote.quoted_at,
        expires_at=quote.valid_until,
        kind=quote.kind,
        subject=quote.subject,
        discount=quote.discount,
        vat=quote.vat,
        vat_percent=quote.vat_percent,
        promotion=quote.promotion,
        plan_before=quote.plan_before,
        term_ends_at=quote.term_ends_at,
        start_now=start_now,
    )


_ORDERED = {
    OrderKind.TERM: "ordered a term",
    OrderKind.UPGRADE: "ordered an upgrade",
    OrderKind.EXTRA: "ordered an extra",
    OrderKind.DEBT: "is about to pay for use above the limits",
    OrderKind.ESCROW: "is about to deposit the price of agreed work",
}


def place_order(tenant: Tenant, agreement: Agreement, order: Order, now: datetime, *, by: str) -> Transition:
    """Notes an order whose payment is on its way; until it is decided nothing of the tenant is purged.

    Raises Gone, or Conflict if the payment could buy nothing: another plan than the running term's among
    others, because changing plans is an upgrade, not an order. Also Conflict while too many are on their way:
    each stands on the tenant until it is decided, and a tenant's row ends somewhere.
    """
    living(tenant)
    clause = _grantable(tenant, agreement, order, now)
    if len(tenant.open_matters) >= _MOST_OPEN:
        raise Conflict("too many payments are on their way", most=_MOST_OPEN)
    consent: Mapping[str, str] = {"start_now": "asked for"} if order.start_now else {}
    return move(
        tenant,
        Event.ORDER_PLACED,
        now,
        by,
        _ORDERED[order.kind],
        clause,
        facts={**order_facts(order), **consent},
        open_matters=tenant.open_matters | {f"payment:{order.payment_id}"},
    )


_SUBJECTS = {OrderKind.EXTRA: "extra", OrderKind.DEBT: "debt_id", OrderKind.ESCROW: "escrow_id"}


def order_facts(order: Order) -> dict[str, str | int]:
    """What a journal entry or a notice says of an order."""
    facts: dict[str, str | int] = {"order_id": order.id, "amount": order.amount}
    if order.kind is not OrderKind.TERM:
        facts["kind"] = order.kind.value
    if order.plan:
        facts["plan"] = order.plan
    if order.length != Duration():
        facts["period"] = str(order.length)
    if order.subject:
        facts[_SUBJECTS[order.kind]] = order.subject
    return facts


def can_be_granted(tenant: Tenant, now: datetime, order: Order | None = None) -> bool:
    """Whether captured money can still buy service; if not it is owed back (invariants 2 and 4).

    With its `order`, also whether that order fits what the tenant has: of two orders of different plans that
    were open at once only the first to be paid can be granted, or a month of the dearer plan would upgrade
    a year of the cheaper one; an upgrade fits the very term it was counted for; a debt is paid once.
    """
    if order and order.kind is OrderKind.DEBT:
        return tenant.phase is not Phase.PURGED and any(debt.id == order.subject for debt in tenant.debts)
    if tenant.phase in (Phase.CLOSED, Phase.PURGED) or tenant.restricted(RestrictionKind.BLOCKED, now):
        return False
    running = tenant.term if tenant.phase is Phase.ACTIVE else None
    if order is None or order.kind in (OrderKind.EXTRA, OrderKind.ESCROW):
        return True
    if tenant.wound_down_until:
        return False
    if order.kind is OrderKind.UPGRADE:
        wanted = (order.plan_before, order.term_ends_at)
        return running is not None and (running.plan, running.ends_at) == wanted
    return running is None or running.plan == order.plan


def _grantable(tenant: Tenant, agreement: Agreement, order: Order, now: datetime) -> str:
    """The clause that the order is sold under. Raises Conflict if it can buy nothing."""
    needs_lease = order.kind in (OrderKind.TERM, OrderKind.UPGRADE)
    if (needs_lease and not agreement.lease) or not can_be_granted(
        tenant, now, order if order.kind is OrderKind.DEBT else None
    ):
        raise Conflict("nothing can be granted any more", phase=tenant.phase.value)
    if not can_be_granted(tenant, now, order):
        plan = tenant.term.plan if tenant.term else None
        raise Conflict("a running term is renewed on its own plan", plan=plan)
    return sold_under(agreement, order)


def sold_under(agreement: Agreement, order: Order) -> str:
    """The clause that this kind of thing is sold under.

    The price list is the newest, the tenant's agreement may be older and not know the plan.
    """
    match order.kind:
        case OrderKind.EXTRA:
            bases = [extra.basis for extra in agreement.extras if extra.id == order.subject]
        case OrderKind.DEBT:
            bases = [agreement.overuse.basis] if agreement.overuse else []
        case OrderKind.ESCROW:
            bases = [agreement.escrow.basis] if agreement.escrow else []
        case _:
            bases = [plan.basis for plan in agreement.plans if plan.id == order.plan]
    if bases:
        return bases[0].cite()
    return (agreement.lease.basis if agreement.lease else agreement.registration.accept_basis).cite()


def grant(
    tenant: Tenant, agreement: Agreement, newest: Agreement, order: Order, now: datetime, *, by: str
) -> Transition:
    """What a captured payment buys. `newest` holds the prices that the order was counted with.

    Every deadline that is due must have been carried out before. Raises Conflict if it cannot be granted.
    """
    clause = _grantable(tenant, agreement, order, now)
    match order.kind:
        case OrderKind.TERM:
            return grant_term(tenant, agreement, order, now, by=by)
        case OrderKind.UPGRADE:
            return _grant_upgrade(tenant, agreement, newest, order, clause, now, by)
        case OrderKind.EXTRA:
            event, kind = Event.EXTRA_GRANTED, NoticeKind.EXTRA_BOUGHT
        case OrderKind.ESCROW:
            event, kind = Event.ESCROW_DEPOSITED, NoticeKind.ESCROW_DEPOSITED
        case OrderKind.DEBT:  # pragma: no branch (mypy proves that these are all)
            return _pay_debt(tenant, agreement, order, clause, now, by)
    facts = order_facts(order)
    deposited = {f"escrow:{order.subject}"} if order.kind is OrderKind.ESCROW else set()
    return move(
        tenant,
        event,
        now,
        by,
        "paid",
        clause,
        notices=(service_notice(tenant, agreement, kind, now, clause, facts),),
        facts=facts,
        open_matters=(tenant.open_matters | deposited) - {f"payment:{order.payment_id}"},
    )


@dataclass(frozen=True, slots=True)
class _Span:
    anchor: datetime
    length: Duration
    starts_at: datetime
    ends_at: datetime
    added_seconds: int


def _span(tenant: Tenant, agreement: Agreement, order: Order, now: datetime) -> _Span:
    length, added = order.length, 0
    if tenant.phase is Phase.TRIAL and tenant.period_ends_at:
        anchor = tenant.period_ends_at
    elif tenant.phase is Phase.ACTIVE and tenant.term:
        anchor, length = tenant.term.anchor, tenant.term.length + order.length
        added = tenant.term.added_seconds
    elif tenant.phase is Phase.ACTIVE and tenant.invoice:
        anchor = tenant.registered_at
    else:
        anchor = tenant.period_ends_at if _awaits_term(tenant, now) and tenant.period_ends_at else now
    ends_at = length.after(anchor, agreement.calendar) + timedelta(seconds=added)
    if ends_at <= now:
        # A first lease shorter than its invoice's time to pay would be over before it was paid for.
        anchor, length = now, order.length
        ends_at = length.after(anchor, agreement.calendar)
    running = tenant.phase is Phase.ACTIVE and tenant.term is not None
    starts_at = tenant.term.ends_at if running and tenant.term else anchor
    return _Span(anchor, length, starts_at, ends_at, added)


def _awaits_term(tenant: Tenant, now: datetime) -> bool:
    # Bought in a trial and given back in it: what is left of the trial goes on.
    return tenant.phase is Phase.ACTIVE and tenant.period_ends_at is not None and tenant.period_ends_at > now


def grant_term(tenant: Tenant, agreement: Agreement, order: Order, now: datetime, *, by: str) -> Transition:
    """A term, or more of it.

    In a trial the term begins when the trial ends; an unpaid first lease began at registration; a running
    term is made longer, counted from its original anchor; after a lapse the term begins at `now`.
    """
    clause = _grantable(tenant, agreement, order, now)
    span = _span(tenant, agreement, order, now)
    kept = tenant.term if tenant.phase is Phase.ACTIVE else None
    days = days_between(span.starts_at, span.ends_at)
    part = Part(order.payment_id, order.length, days, span.starts_at, span.ends_at, order.net)
    running = tuple(each for each in kept.parts if each.ends_at > now) if kept else ()
    generation = tenant.generation + 1
    restrictions = tenant.restrictions
    if not _in_debt(tenant):
        restrictions = without(tenant, RestrictionKind.SUSPENDED_FOR_DEBT)
    notice = Notice(
        NoticeKind.PAYMENT_RECEIVED,
        span.ends_at,
        generation,
        agreement.service_channels,
        clause,
        {"amount": order.amount, "plan": order.plan, "order_id": order.id},
    )
    return move(
        tenant,
        Event.TERM_GRANTED,
        now,
        by,
        "paid",
        clause,
        notices=(notice,),
        workflows=(Workflow.SUBSCRIPTION,),
        facts={
            "order_id": order.id,
            "plan": order.plan,
            "period": str(order.length),
            "amount": order.amount,
            "starts_at": iso(span.starts_at),
            "ends_at": iso(span.ends_at),
        },
        phase=Phase.ACTIVE,
        generation=generation,
        term=Term(
            span.anchor,
            span.length,
            order.plan,
            span.ends_at,
            (*running, part),
            kept.upgrades if kept else (),
            span.added_seconds,
        ),
        period_started_at=now,
        period_ends_at=span.ends_at,
        invoice=None,
        ended_at=None,
        purge_not_before=None,
        done=done_about_debts(tenant),
        restrictions=restrictions,
        open_matters=tenant.open_matters - {f"payment:{order.payment_id}"},
    )


def _in_debt(tenant: Tenant) -> bool:
    """Whether an overdue invoice for overuse suspends the tenant."""
    return any(f"{DEBT_KEY}{debt.id}" in tenant.done for debt in tenant.debts)


def _grant_upgrade(
    tenant: Tenant,
    agreement: Agreement,
    newest: Agreement,
    order: Order,
    clause: str,
    now: datetime,
    by: str,
) -> Transition:
    term = tenant.term
    assert term
    before = Upgrade(order.payment_id, now, term.plan, term.parts)
    after = replace(
        term,
        plan=order.plan,
        # As they were counted when the difference was quoted; the term is still the same one.
        parts=upgraded(tenant, newest, order.plan, order.created_at),
        upgrades=(*term.upgrades, before),
    )
    facts = order_facts(order) | {"plan_before": term.plan, "ends_at": iso(term.ends_at)}
    return move(
        tenant,
        Event.UPGRADED,
        now,
        by,
        "paid the difference",
        clause,
        notices=(service_notice(tenant, agreement, NoticeKind.UPGRADED, term.ends_at, clause, facts),),
        facts=facts,
        term=after,
        open_matters=tenant.open_matters - {f"payment:{order.payment_id}"},
    )


def _pay_debt(
    tenant: Tenant, agreement: Agreement, order: Order, clause: str, now: datetime, by: str
) -> Transition:
    facts = order_facts(order)
    return move(
        tenant,
        Event.DEBT_PAID,
        now,
        by,
        "paid",
        clause,
        notices=(service_notice(tenant, agreement, NoticeKind.DEBT_PAID, now, clause, facts),),
        facts=facts,
        **without_debt(tenant, order.subject),
        open_matters=tenant.open_matters - {f"payment:{order.payment_id}"},
    )


def close_payment(
    tenant: Tenant, agreement: Agreement, payment_id: str, outcome: str, now: datetime, *, by: str
) -> Transition:
    """Notes that a payment was decided without buying anything (cancelled, expired, held, owed back)."""
    clause = agreement.payments.basis.cite() if agreement.payments else "vendor's choice"
    return move(
        tenant,
        Event.PAYMENT_CLOSED,
        now,
        by,
        "the payment was decided without a grant",
        clause,
        facts={"payment_id": payment_id, "outcome": outcome},
        open_matters=tenant.open_matters - {f"payment:{payment_id}"},
    )
