"""Winding a product down: announced, then a year of reading for everybody, then nothing is left (KALO-9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from mohlat.domain.agreement import Agreement, Phase
from mohlat.domain.errors import Conflict, InvalidInput
from mohlat.domain.lifecycle import (
    Event,
    Transition,
    Workflow,
    done_about_debts,
    move,
    service_notice,
    without,
)
from mohlat.domain.notices import NoticeKind
from mohlat.domain.refunds import Refund
from mohlat.domain.returns import matter
from mohlat.domain.rounds import Round, RoundKind
from mohlat.domain.tenant import RestrictionKind, Tenant, iso
from mohlat.domain.texts import demand_languages


class WindDownStatus(StrEnum):
    """Where a product's end stands."""

    PLANNED = "planned"
    STARTED = "started"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class WindDown:
    """That a product ends at `ends_at` (UTC): from then until `access_until` everybody can read and export.

    From the plan on nobody registers, and nothing is sold any more.
    """

    product: str
    planned_at: datetime
    ends_at: datetime
    access_until: datetime
    why: Mapping[str, str]
    by: str
    clause: str
    status: WindDownStatus = WindDownStatus.PLANNED
    revision: int = 1
    version: int = 1

    @property
    def about(self) -> str:
        """As rounds and notices name it."""
        return f"wind_down:{self.product}:{self.revision}"

    @property
    def given_up(self) -> bool:
        """Whether the product goes on after all."""
        return self.status is WindDownStatus.CANCELLED

    @property
    def next_due_at(self) -> datetime | None:
        """When something is to be done about it next."""
        return self.ends_at if self.status is WindDownStatus.PLANNED else None


def plan_wind_down(
    agreement: Agreement,
    known: WindDown | None,
    ends_at: datetime,
    why: Mapping[str, str],
    now: datetime,
    *,
    by: str,
) -> tuple[WindDown, Round]:
    """The plan, and the round that announces it.

    Raises InvalidInput with the earliest end possible for one that comes too soon, Conflict if the product's
    end is planned already.
    """
    rule = agreement.wind_down
    if known and known.status is not WindDownStatus.CANCELLED:
        raise Conflict("the product's end is planned already", ends_at=iso(known.ends_at))
    demand_languages(agreement.languages, "why", why)
    earliest = rule.lead.after(now, agreement.calendar)
    if ends_at < earliest:
        raise InvalidInput("ends_at", "too soon to announce it", earliest=iso(earliest))
    plan = WindDown(
        product=agreement.product,
        planned_at=now,
        ends_at=ends_at,
        access_until=rule.access.after(ends_at, agreement.calendar),
        why=why,
        by=by,
        clause=rule.basis.cite(),
        revision=known.revision + 1 if known else 1,
        version=known.version + 1 if known else 1,
    )
    return plan, _announced(plan, NoticeKind.WIND_DOWN_PLANNED, now, by)


def cancel_wind_down(plan: WindDown, now: datetime, *, by: str) -> tuple[WindDown, Round]:
    """The plan given up, and the round that tells everybody. Raises Conflict once it has begun."""
    if plan.status is not WindDownStatus.PLANNED or now >= plan.ends_at:
        raise Conflict("the product's end cannot be taken back any more", status=plan.status.value)
    given_up = replace(
        plan, status=WindDownStatus.CANCELLED, revision=plan.revision + 1, version=plan.version + 1
    )
    return given_up, _announced(given_up, NoticeKind.WIND_DOWN_CANCELLED, now, by)


def start_wind_down(plan: WindDown, now: datetime) -> tuple[WindDown, Round]:
    """The product's end: the round that gives everybody a year of reading, and back what is not used up."""
    started = replace(plan, status=WindDownStatus.STARTED, version=plan.version + 1)
    round = _announced(started, NoticeKind.WIND_DOWN_STARTED, now, plan.by)
    return started, replace(round, kind=RoundKind.WIND_DOWN)


def wind_down(
    tenant: Tenant,
    agreement: Agreement,
    round: Round,
    access_until: datetime,
    refunds: Sequence[Refund],
    now: datetime,
) -> Transition | None:
    """A customer at the product's end; None for one that is closed or gone, which keeps its own promise."""
    if tenant.phase in (Phase.CLOSED, Phase.PURGED) or tenant.wound_down_until:
        return None
    total = sum(refund.amount for refund in refunds)
    facts: dict[str, str | int] = {"access_until": iso(access_until), "amount": total}
    notice = service_notice(
        replace(tenant, generation=tenant.generation + 1),
        agreement,
        round.notice,
        access_until,
        round.clause,
        {**facts, "about": round.about} if total else {"about": round.about},
    )
    return move(
        tenant,
        Event.WOUND_DOWN,
        now,
        round.by,
        "the product has come to its end",
        round.clause,
        notices=(notice,),
        workflows=(Workflow.SUBSCRIPTION,),
        facts=facts,
        phase=Phase.READ_ONLY,
        generation=tenant.generation + 1,
        period_ends_at=min(tenant.period_ends_at, now) if tenant.period_ends_at else None,
        ended_at=tenant.ended_at or now,
        wound_down_until=access_until,
        invoice=None,
        purge_not_before=None,
        done=done_about_debts(tenant),
        # The year of reading is everybody's, also theirs who owe something.
        restrictions=without(tenant, RestrictionKind.SUSPENDED_FOR_DEBT),
        open_matters=tenant.open_matters | {matter(refund.id) for refund in refunds},
    )


def _announced(plan: WindDown, notice: NoticeKind, now: datetime, by: str) -> Round:
    return Round(
        id=f"wind_down-{plan.revision}-{plan.status.value}",
        product=plan.product,
        kind=RoundKind.ANNOUNCE,
        about=plan.about,
        clause=plan.clause,
        by=by,
        begun_at=now,
        notice=notice,
        anchor=plan.ends_at,
        facts={"access_until": iso(plan.access_until)},
    )
