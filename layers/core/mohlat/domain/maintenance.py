"""Planned maintenance: announced early enough, opened and closed on time (KALO-7, SAMAN-4.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from mohlat.domain.agreement import Agreement, LateMaintenance
from mohlat.domain.errors import Conflict, InvalidInput
from mohlat.domain.notices import NoticeKind
from mohlat.domain.rounds import Progress, Round, RoundKind
from mohlat.domain.tenant import iso
from mohlat.domain.texts import demand_languages

# What the rounds about a window are named: those that say when it is, and the others.
_TOLD = "told"
_ROUNDS = {
    NoticeKind.MAINTENANCE_PLANNED: _TOLD,
    NoticeKind.MAINTENANCE_MOVED: _TOLD,
    NoticeKind.MAINTENANCE_AHEAD: "ahead",
    NoticeKind.MAINTENANCE_ENDED: "ended",
    NoticeKind.MAINTENANCE_CANCELLED: "cancelled",
}


class WindowStatus(StrEnum):
    """Where a maintenance window stands."""

    PLANNED = "planned"
    OPEN = "open"
    ENDED = "ended"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Window:
    """A maintenance window of one product: nobody can use it from `starts_at` to `until` (UTC, exclusive).

    ends_at    the end that was announced; `until` is later once the work was said to take longer
    counts     whether it counts as downtime, because it was announced too late
    revision   rises when what customers were told is no longer so; their notices name it
    reminders  the instants at which customers are reminded, those that are still to come
    ended_at   when it was over, or cancelled
    """

    id: str
    product: str
    starts_at: datetime
    ends_at: datetime
    until: datetime
    what: Mapping[str, str]
    by: str
    announced_at: datetime
    clause: str
    counts: bool
    reminders: tuple[datetime, ...] = ()
    status: WindowStatus = WindowStatus.PLANNED
    revision: int = 1
    ended_at: datetime | None = None
    version: int = 1

    @property
    def about(self) -> str:
        """As rounds and notices name what they were told of it: a newer revision makes theirs void."""
        return f"window:{self.id}:{self.revision}"

    @property
    def next_due_at(self) -> datetime | None:
        """When something is to be done about it next."""
        if self.status is WindowStatus.OPEN:
            return self.until
        if self.status is WindowStatus.PLANNED:
            return min((self.starts_at, *self.reminders))
        return None

    @property
    def downtime(self) -> tuple[datetime, datetime] | None:
        """From when to when it counts against the uptime (UTC, exclusive), as far as it is over."""
        if self.status is not WindowStatus.ENDED or self.ended_at is None:
            return None
        start = self.starts_at if self.counts else self.ends_at
        return (start, self.ended_at) if self.ended_at > start else None


def plan_window(
    agreement: Agreement,
    id: str,
    starts_at: datetime,
    ends_at: datetime,
    what: Mapping[str, str],
    now: datetime,
    *,
    by: str,
) -> tuple[Window, Round]:
    """A window, and the round that announces it.

    Raises InvalidInput with the earliest start possible for one that comes too soon, unless the agreement
    lets it count as downtime; Conflict where the agreement says nothing of maintenance.
    """
    rule = agreement.maintenance
    if rule is None:
        raise Conflict("this agreement says nothing of maintenance")
    demand_languages(agreement.languages, "what", what)
    planned = Window(
        id=id,
        product=agreement.product,
        starts_at=starts_at,
        ends_at=ends_at,
        until=ends_at,
        what=what,
        by=by,
        announced_at=now,
        clause=rule.basis.cite(),
        counts=False,
    )
    window = _timed(planned, agreement, now)
    return window, _told(window, agreement, NoticeKind.MAINTENANCE_PLANNED, now, by)


def move_window(
    window: Window, agreement: Agreement, starts_at: datetime, ends_at: datetime, now: datetime, *, by: str
) -> tuple[Window, Round]:
    """The window at another time, and the round that tells everybody. As early as a new one.

    Raises InvalidInput as `plan_window` does, Conflict for one that is not ahead any more.
    """
    _demand_planned(window, now)
    moved = replace(
        window,
        starts_at=starts_at,
        ends_at=ends_at,
        until=ends_at,
        announced_at=now,
        revision=window.revision + 1,
        version=window.version + 1,
    )
    moved = _timed(moved, agreement, now)
    return moved, _told(moved, agreement, NoticeKind.MAINTENANCE_MOVED, now, by)


def cancel_window(window: Window, agreement: Agreement, now: datetime, *, by: str) -> tuple[Window, Round]:
    """The window cancelled, and the round that tells everybody. Raises Conflict if it is not ahead."""
    _demand_planned(window, now)
    cancelled = replace(
        window,
        status=WindowStatus.CANCELLED,
        ended_at=now,
        reminders=(),
        revision=window.revision + 1,
        version=window.version + 1,
    )
    return cancelled, _told(cancelled, agreement, NoticeKind.MAINTENANCE_CANCELLED, now, by)


def prolong_window(window: Window, until: datetime, now: datetime) -> Window:
    """The window once the work is said to take longer: what lies behind the announced end counts as downtime.

    Raises Conflict if it is not open, InvalidInput for an end that is not later.
    """
    if window.status is not WindowStatus.OPEN:
        raise Conflict("this window is not open", status=window.status.value)
    if until <= max(window.until, now):
        raise InvalidInput("until", "must be later")
    return replace(window, until=until, version=window.version + 1)


def remind_of_window(window: Window, agreement: Agreement, now: datetime) -> tuple[Window, Round]:
    """After a reminder's instant: the reminder goes out, those that were missed go with it."""
    left = tuple(at for at in window.reminders if at > now)
    after = replace(window, reminders=left, version=window.version + 1)
    round = _told(after, agreement, NoticeKind.MAINTENANCE_AHEAD, now, window.by, f"-{len(left)}")
    return after, replace(round, complete_by=window.starts_at)


def open_window(window: Window) -> Window:
    """The window at its start."""
    return replace(window, status=WindowStatus.OPEN, reminders=(), version=window.version + 1)


def end_window(
    window: Window, agreement: Agreement, ended_at: datetime, told: Progress, now: datetime, *, by: str
) -> tuple[Window, Round]:
    """The window over, and the round that tells everybody. Raises Conflict if it is not open.

    `told` is how its announcement went: if somebody was told too late, or never, it counts as downtime
    whatever was planned.
    """
    if window.status is not WindowStatus.OPEN:
        raise Conflict("this window is not open", status=window.status.value)
    late = told.late > 0 or bool(told.left) or told.finished_at is None
    ended = replace(
        window,
        status=WindowStatus.ENDED,
        ended_at=ended_at,
        counts=window.counts or late,
        version=window.version + 1,
    )
    return ended, _told(ended, agreement, NoticeKind.MAINTENANCE_ENDED, now, by)


def announcement_of(window: Window) -> str:
    """The id of the round that told everybody when the window is."""
    return f"{window.id}-{window.revision}-{_TOLD}"


def _demand_planned(window: Window, now: datetime) -> None:
    if window.status is not WindowStatus.PLANNED or now >= window.starts_at:
        raise Conflict("this window is not ahead any more", status=window.status.value)


def _timed(window: Window, agreement: Agreement, now: datetime) -> Window:
    rule = agreement.maintenance
    assert rule
    if window.ends_at <= window.starts_at:
        raise InvalidInput("ends_at", "must be later", than=iso(window.starts_at))
    if window.starts_at <= now:
        raise InvalidInput("starts_at", "must be in the future")
    earliest = rule.lead.after(now, agreement.calendar)
    late = window.starts_at < earliest
    if late and rule.late is LateMaintenance.REFUSED:
        raise InvalidInput(
            "starts_at", "too soon to announce it", earliest=iso(earliest), clause=window.clause
        )
    ahead = (reminder.before(window.starts_at, agreement.calendar) for reminder in rule.reminders)
    return replace(window, counts=late, reminders=tuple(sorted(at for at in ahead if at > now)))


def _told(
    window: Window, agreement: Agreement, notice: NoticeKind, now: datetime, by: str, suffix: str = ""
) -> Round:
    rule = agreement.maintenance
    assert rule
    name = _ROUNDS[notice]
    ended = window.ended_at if notice is NoticeKind.MAINTENANCE_ENDED else None
    return Round(
        id=f"{window.id}-{window.revision}-{name}{suffix}",
        product=window.product,
        kind=RoundKind.ANNOUNCE,
        about=window.about,
        clause=window.clause,
        by=by,
        begun_at=now,
        notice=notice,
        anchor=ended or window.starts_at,
        facts={} if ended else {"ends_at": iso(window.ends_at)},
        complete_by=rule.lead.before(window.starts_at, agreement.calendar) if name == _TOLD else None,
    )
