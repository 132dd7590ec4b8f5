"""A known leak of personal data is a case: what happened, closed, reported, and told to whom it concerns.

KALAK-breach. A case says nothing about a person: causes, measures, and ids of accounts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from mohlat.domain.agreement import Agreement
from mohlat.domain.errors import Conflict, InvalidInput
from mohlat.domain.lifecycle import Event, Transition, move, service_notice
from mohlat.domain.notices import NoticeKind
from mohlat.domain.tenant import Tenant

# More accounts than that are further cases: each is told about in one go.
MOST_AFFECTED = 500
_RINGS_EVERY = timedelta(days=1)


class LeakStep(StrEnum):
    """What has to be done about a leak.

    investigated  its source and its extent: which accounts
    secured       the hole is closed
    reported      followed up with the authorities
    told          those whose data it was were told
    """

    INVESTIGATED = "investigated"
    SECURED = "secured"
    REPORTED = "reported"
    TOLD = "told"


@dataclass(frozen=True, slots=True)
class StepDone:
    """A step that was done: when, by whom, and what."""

    at: datetime
    by: str
    what: str


@dataclass(frozen=True, slots=True)
class Leak:
    """One case. `due_at` (UTC) is when those affected must have been told; `affected` are ids of accounts.

    `told` of them were told so far. `rings_at` is when the operators are reminded (again) that people wait.
    `closed_at` is when the last step was done. `version` rises with each change.
    """

    id: str
    product: str
    opened_at: datetime
    by: str
    what: str
    due_at: datetime
    clause: str
    rings_at: datetime | None
    affected: tuple[str, ...] = ()
    told: int = 0
    steps: Mapping[LeakStep, StepDone] = field(default_factory=dict)
    closed_at: datetime | None = None
    version: int = 1


def open_leak(agreement: Agreement, id: str, what: str, now: datetime, *, by: str) -> Leak:
    """A new case. Raises Conflict where the agreement says nothing of leaks."""
    rule = agreement.leaks
    if rule is None:
        raise Conflict("this agreement says nothing of leaks")
    due_at = rule.tell_within.after(now, agreement.calendar)
    return Leak(id, agreement.product, now, by, what, due_at, rule.basis.cite(), rings_at=due_at)


def ring(leak: Leak, now: datetime) -> Leak:
    """The case once the operators were reminded; they are again a day later."""
    return replace(leak, rings_at=now + _RINGS_EVERY, version=leak.version + 1)


def take_step(leak: Leak, step: LeakStep, what: str, now: datetime, *, by: str) -> Leak:
    """The case with a step done, closed with the last. Raises Conflict if it was done, or cannot be yet."""
    if step in leak.steps:
        raise Conflict("this was done already", step=step.value)
    if step is LeakStep.TOLD and (LeakStep.INVESTIGATED not in leak.steps or leak.told < len(leak.affected)):
        raise Conflict("those affected have to be known and told first", told=leak.told)
    steps = {**leak.steps, step: StepDone(now, by, what)}
    return replace(
        leak,
        steps=steps,
        rings_at=None if LeakStep.TOLD in steps else leak.rings_at,
        closed_at=now if set(steps) == set(LeakStep) else None,
        version=leak.version + 1,
    )


def investigated(leak: Leak, affected: Sequence[str], what: str, now: datetime, *, by: str) -> Leak:
    """The case once its source and extent are known. Raises InvalidInput for too many accounts at once."""
    if len(affected) > MOST_AFFECTED:
        raise InvalidInput("affected", "too many or none", at_most=MOST_AFFECTED)
    known = tuple(dict.fromkeys(affected))
    return take_step(replace(leak, affected=known), LeakStep.INVESTIGATED, what, now, by=by)


def tell_of_leak(
    leak: Leak, tenant: Tenant, agreement: Agreement, now: datetime, *, by: str
) -> tuple[Transition, Leak]:
    """Tells the next account of those affected. Raises Gone for one that was purged."""
    notice = service_notice(
        tenant, agreement, NoticeKind.DATA_LEAKED, leak.opened_at, leak.clause, {"leak_id": leak.id}
    )
    transition = move(
        tenant,
        Event.LEAK_TOLD,
        now,
        by,
        "personal data of this account had leaked",
        leak.clause,
        notices=(notice,),
        facts={"leak_id": leak.id},
    )
    return transition, passed_over(leak)


def passed_over(leak: Leak) -> Leak:
    """The case after the next account of those affected, told or no longer there."""
    return replace(leak, told=leak.told + 1, version=leak.version + 1)
