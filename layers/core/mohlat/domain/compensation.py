"""Compensation for proven human error: at most the price of a month of the lease, in a month (SAMAN-4.6)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import count

from mohlat.domain.agreement import Agreement
from mohlat.domain.durations import Calendar
from mohlat.domain.errors import Conflict, InvalidInput
from mohlat.domain.lifecycle import Event, Transition, move, service_notice
from mohlat.domain.notices import NoticeKind
from mohlat.domain.quotes import days_between
from mohlat.domain.tenant import Part, Tenant, living


def most_payable(tenant: Tenant, agreement: Agreement, now: datetime) -> int:
    """What a month's compensations may come to, in rials without tax: the price of `at_most` of the lease.

    The purchase that counts is the one that runs at `now`, or the last one once the lease is over. It costs
    what was paid for it; after an upgrade, what was paid for the days that were left, as if for all its days:
    `value` × `days` ÷ days left. Of that, `at_most` is its share by months where both are counted in months,
    else by time: rounded down once, at the end. Raises Conflict where nothing can be paid.
    """
    rule = agreement.compensation
    if rule is None:
        raise Conflict("this agreement pays no compensation")
    part = _counting(tenant, now)
    if part is None:
        raise Conflict("no lease was paid for", phase=tenant.phase.value)
    share, whole = rule.at_most, part.length
    if share.months and whole.months and not (share.days or share.seconds or whole.days or whole.seconds):
        left = days_between(part.starts_at, part.ends_at)
        return part.value * part.days * share.months // (left * whole.months)
    length = share.after(part.starts_at, agreement.calendar) - part.starts_at
    return part.value * _seconds(length) // _seconds(part.ends_at - part.starts_at)


def _counting(tenant: Tenant, now: datetime) -> Part | None:
    parts = tenant.term.parts if tenant.term else ()
    return next((part for part in parts if now < part.ends_at), parts[-1] if parts else None)


def _seconds(length: timedelta) -> int:
    return length // timedelta(seconds=1)


def paid_this_month(earlier: Iterable[tuple[datetime, int]], now: datetime, calendar: Calendar) -> int:
    """The sum of the compensations (instant and rials) that fall in the calendar's month of `now`."""
    month = _month(now, calendar)
    return sum(amount for at, amount in earlier if _month(at, calendar) == month)


def _month(instant: datetime, calendar: Calendar) -> tuple[int, int]:
    """The calendar's year of an instant and how many months back the year before begins: 1 to 12."""
    year = calendar.year_of(instant)
    back = next(
        months for months in count(1) if calendar.year_of(calendar.shift(instant, -months, 0)) != year
    )
    return year, back


def compensate(
    tenant: Tenant,
    agreement: Agreement,
    compensation_id: str,
    ticket_id: str,
    amount: int,
    reason: str,
    clause: str,
    paid_before: int,
    now: datetime,
    *,
    by: str,
) -> Transition:
    """Notes that the customer is owed `amount` rials for a fault of ours, and tells so.

    `paid_before` is what this month's earlier compensations came to. Raises Gone; InvalidInput for a clause
    that is not there; Conflict beyond what the agreement pays in a month.
    """
    living(tenant)
    if clause not in agreement.clauses:
        raise InvalidInput("clause", "not a clause of this agreement")
    most = most_payable(tenant, agreement, now)
    if not 0 < amount <= most - paid_before:
        raise Conflict("more than the agreement pays in a month", most=most, paid_before=paid_before)
    facts: dict[str, str | int] = {
        "compensation_id": compensation_id,
        "amount": amount,
        "ticket_id": ticket_id,
    }
    return move(
        tenant,
        Event.COMPENSATED,
        now,
        by,
        reason,
        clause,
        notices=(service_notice(tenant, agreement, NoticeKind.COMPENSATED, now, clause, facts),),
        facts=facts,
    )
