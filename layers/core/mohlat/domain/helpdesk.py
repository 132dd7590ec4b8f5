"""Support: a request's steps and their deadlines in working time, what stops them, and what time costs.

SAMAN-4.2.2 to 4.2.6, KALO-11. All is counted from what is known: the registration, the severity, the times
spent waiting for the customer, and the holidays as they are declared by now. What was announced or recorded
of a deadline names its instant, so that one which has moved since is announced again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from mohlat.domain.agreement import (
    Agreement,
    BilledTime,
    HelpRule,
    NotCovered,
    Severity,
    Step,
    StepLimit,
    price_at,
    worked,
)
from mohlat.domain.errors import Conflict, InvalidInput
from mohlat.domain.invoices import vat_on
from mohlat.domain.working_time import Interval, WorkingTime

_HOUR = 60


class Ground(StrEnum):
    """Why time is billed."""

    NOT_A_BUG = "not_a_bug"
    OUTSIDE_HOURS = "outside_hours"


@dataclass(frozen=True, slots=True)
class Charge:
    """Time that the customer owes for: an amount in rials of which `vat` is part, to be invoiced."""

    ground: Ground
    minutes: int
    extra: str
    amount: int
    vat: int
    clause: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Reply:
    """What somebody wrote in a ticket after its first words. Personal data: sealed at rest, gone with the
    tenant. `ours`: the vendor's staff wrote it.
    """

    id: str
    tenant_id: str
    ticket_id: str
    text: str
    ours: bool
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Support:
    """Where a request for support stands.

    agreement_version  what it was opened under, and is served by until it is closed
    opened_by          who asked: "user:u_1"
    outside_hours      the customer wishes it to be worked on outside the hours, which is billed
    waiting_since      the clock stands still since then: the customer has to answer
    waits              the times it stood still before
    done               when each step was done
    warned, missed     the deadlines, by step, of which the operators were called, and which passed
    dropped_at         since when no deadlines count any more: it was no fault of the software
    wakes_at           when the next of them asks for attention; None: none does
    watch              rises with whatever may move that; a wait is carried out under one of them
    """

    agreement_version: str
    severity: Severity
    opened_by: str = ""
    outside_hours: bool = False
    waiting_since: datetime | None = None
    waits: tuple[Interval, ...] = ()
    done: Mapping[Step, datetime] = field(default_factory=dict)
    warned: Mapping[Step, datetime] = field(default_factory=dict)
    missed: Mapping[Step, datetime] = field(default_factory=dict)
    charges: tuple[Charge, ...] = ()
    dropped_at: datetime | None = None
    wakes_at: datetime | None = None
    watch: int = 1


@dataclass(frozen=True, slots=True)
class StepDeadline:
    """Until when (exclusive, UTC) a step is promised, from when on the operators are called, and by what."""

    step: Step
    due_at: datetime
    warn_at: datetime
    clause: str


def deadlines(
    support: Support, rule: HelpRule, hours: WorkingTime, opened_at: datetime
) -> tuple[StepDeadline, ...]:
    """What is promised and not done yet, the earliest first; nothing while the customer has to answer."""
    level = rule.level(support.severity)
    if level is None or support.waiting_since or support.dropped_at:
        return ()
    lead = worked(rule.warn_before, hours.day)

    def of(limit: StepLimit, within: timedelta) -> StepDeadline:
        due = hours.after(opened_at, within, support.waits)
        warn = hours.after(opened_at, max(within - lead, timedelta()), support.waits)
        return StepDeadline(limit.step, due, warn, level.basis.cite())

    found = [
        of(limit, worked(limit.within, hours.day))
        for limit in level.steps
        if limit.within and limit.step not in support.done
    ]
    return tuple(sorted(found, key=lambda deadline: deadline.due_at))


def scheduled(support: Support, rule: HelpRule, hours: WorkingTime, opened_at: datetime) -> Support:
    """The request with the instant at which it asks for attention next."""
    ahead = [
        deadline.due_at if support.warned.get(deadline.step) == deadline.due_at else deadline.warn_at
        for deadline in deadlines(support, rule, hours, opened_at)
        if support.missed.get(deadline.step) != deadline.due_at
    ]
    return replace(support, wakes_at=min(ahead, default=None))


def rung(
    support: Support, rule: HelpRule, hours: WorkingTime, opened_at: datetime, now: datetime
) -> tuple[Support, StepDeadline | None, bool]:
    """The first deadline that asks for attention at `now`, whether it has passed, and what it leaves.

    None with the request as it was, its next instant counted anew, when nothing does.
    """
    for deadline in deadlines(support, rule, hours, opened_at):
        step, due = deadline.step, deadline.due_at
        if now >= due and support.missed.get(step) != due:
            marked = replace(support, missed={**support.missed, step: due})
            return scheduled(marked, rule, hours, opened_at), deadline, True
        if deadline.warn_at <= now < due and support.warned.get(step) != due:
            marked = replace(support, warned={**support.warned, step: due})
            return scheduled(marked, rule, hours, opened_at), deadline, False
    return scheduled(support, rule, hours, opened_at), None, False


# --- what a request is ------------------------------------------------------------------------------------


def covered(rule: HelpRule, topic: str) -> NotCovered | None:
    """What the agreement says of a topic that support does not cover; None for all others."""
    return next((each for each in rule.not_covered if each.topic == topic), None)


def at_severity(support: Support, rule: HelpRule, severity: Severity) -> Support:
    """The request at a severity. Raises InvalidInput for one that the agreement does not know."""
    if rule.level(severity) is None:
        allowed = [level.severity.value for level in rule.levels]
        raise InvalidInput("severity", "not one of the possible values", allowed=allowed)
    return replace(support, severity=severity)


# --- what happens to it -----------------------------------------------------------------------------------


def step_done(support: Support, rule: HelpRule, step: Step, now: datetime) -> Support:
    """The request once a step is done. Raises Conflict for one that is done, InvalidInput for none of its
    own.
    """
    level = rule.level(support.severity)
    steps = [limit.step for limit in level.steps] if level else []
    if step not in steps:
        raise InvalidInput("step", "not part of such a ticket", allowed=[each.value for each in steps])
    if step in support.done:
        raise Conflict("this step is done already", step=step.value)
    return replace(support, done={**support.done, step: now})


def answered(support: Support, now: datetime) -> Support:
    """The request once somebody answered; the first answer is the promised step."""
    return replace(support, done={Step.ANSWER: now, **support.done})


def waiting(support: Support, now: datetime) -> Support:
    """The clock stands still: the customer has to answer first. Raises Conflict if it does already."""
    if support.waiting_since:
        raise Conflict("it waits for the customer already")
    return replace(support, waiting_since=now)


def resumed(support: Support, now: datetime) -> Support:
    """The clock goes on, if it stood still."""
    if support.waiting_since is None:
        return support
    waits = support.waits
    if support.waiting_since < now:
        waits = (*waits, Interval(support.waiting_since, now))
    return replace(support, waiting_since=None, waits=waits)


def not_a_bug(support: Support, rule: HelpRule, agreement: Agreement, minutes: int, now: datetime) -> Support:
    """The fault was none: no deadline counts any more, and the time spent is billed (SAMAN-4.2.4).

    `agreement` is the one with the prices of today. Raises Conflict where nothing is billed, for what was
    never said to be a fault, and for what was found out already.
    """
    if rule.not_a_bug is None:
        raise Conflict("the agreement bills no time for support")
    if support.severity is Severity.OTHER or support.dropped_at:
        raise Conflict("this ticket reports no fault")
    charged = charge(Ground.NOT_A_BUG, rule.not_a_bug, agreement, minutes, now)
    return replace(support, dropped_at=now, charges=(*support.charges, charged))


def worked_outside_hours(
    support: Support, rule: HelpRule, agreement: Agreement, minutes: int, now: datetime
) -> Support:
    """Time was spent outside the hours, as the customer wished, and is billed (SAMAN-4.2.3).

    Raises Conflict where nothing is billed, and where the customer did not wish it.
    """
    if rule.outside_hours is None:
        raise Conflict("the agreement bills no time for support")
    if not support.outside_hours:
        raise Conflict("the customer did not ask for work outside the hours")
    charged = charge(Ground.OUTSIDE_HOURS, rule.outside_hours, agreement, minutes, now)
    return replace(support, charges=(*support.charges, charged))


def charge(ground: Ground, billed: BilledTime, agreement: Agreement, minutes: int, now: datetime) -> Charge:
    """What so many minutes cost, with tax. Raises Conflict where an hour has no price yet."""
    price = price_at(agreement.extra_item(billed.extra).prices, now)
    if price is None:
        raise Conflict("an hour has no price yet", extra=billed.extra)
    net = price.amount * minutes // _HOUR
    vat = vat_on(net, agreement.tax.percent_at(now))
    return Charge(ground, minutes, billed.extra, net + vat, vat, billed.basis.cite(), now)
