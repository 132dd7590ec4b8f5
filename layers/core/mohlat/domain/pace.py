"""How many requests a package makes in a minute, and how many once its use is above the limits
(CLUB-4, SAMAN-3.12).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from mohlat.domain.agreement import Agreement
from mohlat.domain.overuse import limit_of
from mohlat.domain.tenant import RestrictionKind, Tenant

# The plan's limit, as the price list names it.
METRIC = "requests_per_minute"
WINDOW = timedelta(minutes=1)
# What one worker may let pass before it tells the others: this part of what the minute still allows.
_UNTOLD = 20


@dataclass(frozen=True, slots=True)
class Allowance:
    """`requests` in each minute, under `clause`. `slowed`: fewer than the package has, because of its use."""

    requests: int
    clause: str
    slowed: bool = False


def allowance(tenant: Tenant, agreement: Agreement, newest: Agreement, now: datetime) -> Allowance | None:
    """What the tenant is allowed at `now`; None where its agreement sets no pace.

    A tenant whose use is above its limits is slowed until it is within them again, which is before it is
    billed for anything (SAMAN-3.12).
    """
    rule = agreement.pace
    if rule is None:
        return None
    limit = limit_of(tenant, agreement, newest, METRIC) or rule.otherwise
    if tenant.restricted(RestrictionKind.THROTTLED, now):
        return Allowance(max(1, limit * rule.slowed_percent // 100), rule.basis.cite(), slowed=True)
    return Allowance(limit, rule.basis.cite())


def window_of(instant: datetime) -> datetime:
    """The start of the minute that an instant is in; its end is exclusive."""
    return instant.replace(second=0, microsecond=0)


def seconds_left(instant: datetime) -> int:
    """Whole seconds until the next minute begins, at least one."""
    return int((window_of(instant) + WINDOW - instant).total_seconds())


def untold(allowed: int, told: int) -> int:
    """How many requests a worker may let pass before it tells the others, `told` being known to all.

    Many while most of the minute's requests are left, each single one when they run short: so the last
    allowed request is exact, and a busy minute costs few writes.
    """
    return max(1, (allowed - told) // _UNTOLD)
