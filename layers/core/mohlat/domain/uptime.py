"""Incidents, the uptime of a month, and the lost time that is added to a lease (SAMAN-4.3, SAMAN-4.6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
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
)
from mohlat.domain.maintenance import Window
from mohlat.domain.notices import NoticeKind
from mohlat.domain.rounds import Round, RoundKind
from mohlat.domain.tenant import Tenant, iso
from mohlat.domain.texts import demand_languages


class Cause(StrEnum):
    """What an incident came from. An agreement may leave some of them out of the count.

    emergency_work  work that could not wait for a window
    """

    FAULT = "fault"
    EMERGENCY_WORK = "emergency_work"
    HUMAN_ERROR = "human_error"
    DATA_CENTRE = "data_centre"
    COUNTRY_NETWORK = "country_network"


@dataclass(frozen=True, slots=True)
class Incident:
    """A time in which a product could not be used, by everybody or by those `affected` (ids of tenants).

    `ended_at` is None while it lasts. `what` tells it by language and names no customer: it is public.
    """

    id: str
    product: str
    cause: Cause
    started_at: datetime
    what: Mapping[str, str]
    by: str
    noted_at: datetime
    affected: tuple[str, ...] = ()
    ended_at: datetime | None = None
    version: int = 1

    def concerns(self, tenant_id: str) -> bool:
        """Whether this customer could not use the product."""
        return not self.affected or tenant_id in self.affected


Stretch = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Uptime:
    """A customer's month: `total` and `lost` time, `promised` in tenths of a percent, None if nothing is."""

    total: timedelta
    lost: timedelta
    promised: int | None

    @property
    def per_mille(self) -> float:
        """Tenths of a percent of the time in which the product could be used."""
        return 1000.0 if not self.total else 1000 * (1 - self.lost / self.total)

    @property
    def kept(self) -> bool:
        """Whether the promise was kept, to the second."""
        return self.promised is None or self.lost * 1000 <= self.total * (1000 - self.promised)


def note_incident(
    agreement: Agreement,
    id: str,
    cause: Cause,
    started_at: datetime,
    ended_at: datetime | None,
    affected: Sequence[str],
    what: Mapping[str, str],
    now: datetime,
    *,
    by: str,
) -> Incident:
    """A new incident. Raises InvalidInput for one that has not begun, or ends before it does."""
    if started_at > now:
        raise InvalidInput("started_at", "must be in the past")
    demand_languages(agreement.languages, "what", what)
    known = tuple(dict.fromkeys(affected))
    incident = Incident(id, agreement.product, cause, started_at, what, by, now, known)
    return replace(_ended(incident, ended_at, now), version=1) if ended_at else incident


def end_incident(incident: Incident, ended_at: datetime, cause: Cause | None, now: datetime) -> Incident:
    """The incident over, and its cause if it is known better by now. Raises Conflict, InvalidInput."""
    if incident.ended_at:
        raise Conflict("this incident is over already")
    return replace(_ended(incident, ended_at, now), cause=cause or incident.cause)


def _ended(incident: Incident, ended_at: datetime, now: datetime) -> Incident:
    if ended_at <= incident.started_at:
        raise InvalidInput("ended_at", "must be later", than=iso(incident.started_at))
    if ended_at > now:
        raise InvalidInput("ended_at", "must be in the past")
    return replace(incident, ended_at=ended_at, version=incident.version + 1)


def downtime(
    agreement: Agreement,
    windows: Iterable[Window],
    incidents: Iterable[Incident],
    tenant_id: str,
    now: datetime,
) -> list[Stretch]:
    """When the product was down for a customer as far as it counts, in order and without overlaps."""
    excluded = agreement.uptime.excluded if agreement.uptime else ()
    counted = [stretch for window in windows if (stretch := window.downtime)]
    counted += [
        (incident.started_at, incident.ended_at or now)
        for incident in incidents
        if incident.cause.value not in excluded and incident.concerns(tenant_id)
    ]
    union: list[Stretch] = []
    for start, end in sorted(counted):
        if union and start <= union[-1][1]:
            union[-1] = (union[-1][0], max(union[-1][1], end))
        elif end > start:
            union.append((start, end))
    return union


def uptime_of(agreement: Agreement, stretches: Iterable[Stretch], tenant: Tenant, month: Stretch) -> Uptime:
    """A customer's month (UTC, exclusive), from its registration on."""
    start, end = max(month[0], tenant.registered_at), month[1]
    lost = sum(
        (max(min(until, end) - max(since, start), timedelta()) for since, until in stretches), timedelta()
    )
    promised = agreement.uptime.per_mille if agreement.uptime else None
    return Uptime(max(end - start, timedelta()), lost, promised)


def close_month(agreement: Agreement, month: str, ends_at: datetime, now: datetime, *, by: str) -> Round:
    """The round that adds the time lost in a month to the leases. `month` is Jalali, such as 1405-08.

    Raises Conflict where no uptime is promised, InvalidInput for a month that is not over.
    """
    if agreement.uptime is None:
        raise Conflict("this agreement promises no uptime")
    if now < ends_at:
        raise InvalidInput("month", "is not over", ends_at=iso(ends_at))
    return Round(
        id=f"uptime-{month}",
        product=agreement.product,
        kind=RoundKind.ADD_TIME,
        about=f"uptime:{month}",
        clause=agreement.uptime.credit.cite(),
        by=by,
        begun_at=now,
        notice=NoticeKind.LEASE_EXTENDED,
        anchor=ends_at,
        facts={"month": month},
    )


def count_again(closing: Round, cause: str, now: datetime, *, by: str) -> Round:
    """The round that adds what was not known of a month when it was closed. `cause` is what tells of it now,
    such as an incident's id: the same one counts the month again once.
    """
    return replace(closing, id=f"{closing.id}-{cause}", begun_at=now, by=by)


def extend_lease(
    tenant: Tenant, agreement: Agreement, round: Round, lost: timedelta, now: datetime
) -> Transition | None:
    """Adds lost time to a lease: its end and every later deadline move by it. None where no lease runs.

    A lease that ended meanwhile ends later, and lives again if that is still to come.
    """
    facts: dict[str, str | int] = {
        **round.facts,
        "about": round.about,
        "seconds": int(lost.total_seconds()),
        "minutes": -(-int(lost.total_seconds()) // 60),
    }
    changes = _extended(tenant, lost, now)
    if changes is None:
        return None
    ends_at = changes.get("ended_at") or changes["period_ends_at"]
    assert isinstance(ends_at, datetime)
    notice = service_notice(tenant, agreement, round.notice, ends_at, round.clause, facts)
    return move(
        tenant,
        Event.LEASE_EXTENDED,
        now,
        round.by,
        "the product was down for longer than promised",
        round.clause,
        notices=(notice,),
        workflows=(Workflow.SUBSCRIPTION,) if "generation" in changes else (),
        facts=facts | {"ends_at": iso(ends_at)},
        **changes,  # type: ignore[arg-type]
    )


def _extended(tenant: Tenant, lost: timedelta, now: datetime) -> dict[str, object] | None:
    term, invoice, end = tenant.term, tenant.invoice, tenant.period_ends_at
    if end is None:
        return None
    if tenant.phase is Phase.ACTIVE and invoice:
        return {"invoice": replace(invoice, due_at=invoice.due_at + lost), "period_ends_at": end + lost}
    if term is None or tenant.wound_down_until:
        return None
    seconds = int(lost.total_seconds())
    longer = replace(term, ends_at=term.ends_at + lost, added_seconds=term.added_seconds + seconds)
    if tenant.phase is Phase.ACTIVE:
        return {"term": longer, "period_ends_at": end + lost}
    if tenant.phase not in (Phase.READ_ONLY, Phase.DEACTIVATED) or tenant.ended_at is None:
        return None
    ends_at = tenant.ended_at + lost
    changes: dict[str, object] = {"term": longer, "period_ends_at": ends_at}
    if ends_at <= now:
        return changes | {"ended_at": ends_at}
    return changes | {
        "phase": Phase.ACTIVE,
        "ended_at": None,
        "purge_not_before": None,
        "generation": tenant.generation + 1,
        "done": done_about_debts(tenant),
    }
