"""What something costs: list price, promotion, tax, and an upgrade's difference by the day.

All amounts are whole rials. A quote lives a day, but never past a change of a price or of the tax it was made
of.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil

from mohlat.domain.agreement import Agreement, Phase, Price, price_at
from mohlat.domain.durations import Duration
from mohlat.domain.errors import Conflict, InvalidInput
from mohlat.domain.invoices import vat_on
from mohlat.domain.payments import OrderKind
from mohlat.domain.tenant import Part, Tenant

_DAY = timedelta(days=1)
_LIFE = timedelta(hours=24)
NO_LENGTH = Duration()


@dataclass(frozen=True, slots=True)
class Quote:
    """A price as told to a customer. `total` = `list_price` − `discount` + `vat`, in rials.

    The order placed with it before `valid_until` (exclusive, UTC) charges exactly this. `subject` names the
    extra, debt or escrow; `plan_before` and `term_ends_at` the term that an upgrade was computed for.
    """

    kind: OrderKind
    list_price: int
    discount: int
    vat_percent: int
    vat: int
    quoted_at: datetime
    valid_until: datetime
    clause: str
    plan: str = ""
    length: Duration = NO_LENGTH
    subject: str = ""
    promotion: str = ""
    plan_before: str = ""
    term_ends_at: datetime | None = None

    @property
    def net(self) -> int:
        """Without tax."""
        return self.list_price - self.discount

    @property
    def total(self) -> int:
        """What is paid."""
        return self.net + self.vat


def quote_term(tenant: Tenant, newest: Agreement, plan: str, length: Duration, now: datetime) -> Quote:
    """The price at `now` of `length` of a plan: the first lease's as invoiced, else the newest list's.

    What was invoiced at registration stays as it was (KALO-33, SAMAN-7.2). Raises InvalidInput for what is
    not offered.
    """
    invoice = tenant.invoice
    if invoice and (invoice.plan, invoice.length) == (plan, length):
        net = invoice.amount - invoice.vat
        return Quote(
            OrderKind.TERM,
            net,
            0,
            invoice.vat_percent,
            invoice.vat,
            now,
            min(now + _LIFE, max(invoice.due_at, now + timedelta(hours=1))),
            newest.plan(plan).basis.cite(),
            plan,
            length,
        )
    price = newest.list_price(plan, length, now)
    discount, promotion, ends = _promotion(newest, plan, length, price, now)
    offered = next(offer for offer in newest.plan(plan).offers if offer.length == length)
    return _quote(
        OrderKind.TERM,
        newest,
        price,
        now,
        newest.plan(plan).basis.cite(),
        (ends, _next_price(offered.prices, now)),
        discount=discount,
        promotion=promotion,
        plan=plan,
        length=length,
    )


def quote_extra(newest: Agreement, extra_id: str, now: datetime) -> Quote:
    """The price at `now` of something sold once. Raises InvalidInput."""
    extra = newest.extra_item(extra_id)
    price = price_at(extra.prices, now)
    if price is None:
        raise InvalidInput("extra", "not offered yet")
    ends = (_next_price(extra.prices, now),)
    return _quote(OrderKind.EXTRA, newest, price.amount, now, extra.basis.cite(), ends, subject=extra_id)


def quote_debt(tenant: Tenant, agreement: Agreement, debt_id: str, now: datetime) -> Quote:
    """What an unpaid invoice for overuse asks for, as it was invoiced. Raises InvalidInput."""
    for debt in tenant.debts:
        if debt.id == debt_id:
            clause = agreement.overuse.basis.cite() if agreement.overuse else "vendor's choice"
            return Quote(
                OrderKind.DEBT,
                debt.amount - debt.vat,
                0,
                debt.vat_percent,
                debt.vat,
                now,
                now + _LIFE,
                clause,
                subject=debt_id,
            )
    raise InvalidInput("debt_id", "unknown or paid", known=[debt.id for debt in tenant.debts])


def quote_deposit(agreement: Agreement, escrow_id: str, amount: int, now: datetime) -> Quote:
    """What is deposited for agreed work: `amount` rials, of which the tax is the partner's to invoice."""
    assert agreement.escrow
    clause = agreement.escrow.basis.cite()
    return Quote(OrderKind.ESCROW, amount, 0, 0, 0, now, now + _LIFE, clause, subject=escrow_id)


def quote_upgrade(tenant: Tenant, newest: Agreement, plan: str, now: datetime) -> Quote:
    """The difference that turns what is left of the running term into the dearer `plan`, by the day.

    For each purchase in the term: what its remaining days cost on the new plan at today's list price, less
    what is left of what was paid for them. The day in progress belongs to the old plan. Raises InvalidInput
    for a plan or period that is not offered, Conflict if no term runs or the plan is not dearer.
    """
    term = tenant.term
    if term is None or tenant.phase is not Phase.ACTIVE or not term.parts:
        raise Conflict("there is no running term to upgrade", phase=tenant.phase.value)
    if term.plan == plan:
        raise Conflict("the term is on this plan already", plan=plan)
    difference = sum(dear.value - left.value for left, dear in _upgraded_parts(tenant, newest, plan, now))
    if difference <= 0:
        raise Conflict("this plan is not dearer than the present one", plan=plan)
    changes = [
        _next_price(offer.prices, now)
        for offer in newest.plan(plan).offers
        if any(part.length == offer.length for part in term.parts)
    ]
    return _quote(
        OrderKind.UPGRADE,
        newest,
        difference,
        now,
        newest.plan(plan).basis.cite(),
        (*changes, term.ends_at),
        plan=plan,
        plan_before=term.plan,
        term_ends_at=term.ends_at,
    )


def upgraded(tenant: Tenant, newest: Agreement, plan: str, quoted_at: datetime) -> tuple[Part, ...]:
    """The term's purchases on the new plan, as `quote_upgrade` counted them at `quoted_at`."""
    return tuple(dear for _, dear in _upgraded_parts(tenant, newest, plan, quoted_at))


def _upgraded_parts(
    tenant: Tenant, newest: Agreement, plan: str, now: datetime
) -> Iterator[tuple[Part, Part]]:
    """Each purchase that is not used up: what is left of it, and the same on the new plan."""
    assert tenant.term
    for part in tenant.term.parts:
        left = remainder(part, now)
        days = days_between(left.starts_at, left.ends_at)
        if days == 0:
            continue
        price = newest.list_price(plan, part.length, now)
        # What the days used up cost is rounded down; the rest of the price belongs to the days left, so that
        # both add up to it.
        yield left, replace(left, value=price - price * (part.days - days) // part.days)


def remainder(part: Part, now: datetime) -> Part:
    """What is left of a purchase at `now`, begun at the next day's boundary, and of what was paid for it."""
    days = days_between(part.starts_at, part.ends_at)
    used = min(max(ceil((now - part.starts_at) / _DAY), 0), days)
    if used == days:
        return replace(part, starts_at=part.ends_at, value=0)
    value = part.value - part.value * used // days
    return replace(part, starts_at=part.starts_at + used * _DAY, value=value)


def unused(tenant: Tenant, since: datetime) -> int:
    """What was paid for the whole days of a running term that begin at `since` or later, in rials without
    tax; nothing once it has ended.
    """
    if tenant.phase is not Phase.ACTIVE or tenant.term is None:
        return 0
    return sum(remainder(part, since).value for part in tenant.term.parts)


def days_between(start: datetime, end: datetime) -> int:
    """Whole days, rounded: local midnights may lie an hour apart where the clocks changed."""
    return round((end - start) / _DAY)


def _promotion(
    newest: Agreement, plan: str, length: Duration, price: int, now: datetime
) -> tuple[int, str, datetime | None]:
    """The best discount at `now`, its promotion's id, and when that ends."""
    running = [each for each in newest.promotions if each.applies(plan, length, now)]
    best = max(running, key=lambda each: each.percent, default=None)
    if best is None:
        return 0, "", None
    return price * best.percent // 100, best.id, best.until


def _next_price(prices: tuple[Price, ...], now: datetime) -> datetime | None:
    return min((price.since for price in prices if price.since > now), default=None)


def _quote(
    kind: OrderKind,
    newest: Agreement,
    price: int,
    now: datetime,
    clause: str,
    ends: tuple[datetime | None, ...],
    *,
    discount: int = 0,
    promotion: str = "",
    plan: str = "",
    length: Duration = NO_LENGTH,
    subject: str = "",
    plan_before: str = "",
    term_ends_at: datetime | None = None,
) -> Quote:
    percent = newest.tax.percent_at(now)
    valid_until = min(end for end in (now + _LIFE, newest.tax.changes_after(now), *ends) if end)
    return Quote(
        kind,
        price,
        discount,
        percent,
        vat_on(price - discount, percent),
        now,
        valid_until,
        clause,
        plan,
        length,
        subject,
        promotion,
        plan_before,
        term_ends_at,
    )
