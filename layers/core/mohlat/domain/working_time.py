"""Working time: office hours on working days, and instants that lie so much of it apart (SAMAN-4.2.3).

Every interval is half open: what opens at eight and closes at sixteen works at 08:00:00 and no longer at
16:00:00. What takes exactly until the office closes ends then, not when it opens again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Protocol

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Declared:
    """What an operator knows better than the table: Gregorian days that are holidays, and such that are not.

    A day in both is a holiday. The weekend stays as it is: a Friday that is no holiday is no working day.
    """

    added: frozenset[date] = frozenset()
    removed: frozenset[date] = frozenset()


NOTHING_DECLARED = Declared()


class DayKind(StrEnum):
    """What an operator declares a day to be; usual takes back what was declared of it before."""

    HOLIDAY = "holiday"
    WORKING = "working"
    USUAL = "usual"


@dataclass(frozen=True, slots=True)
class DeclaredDay:
    """What was declared last of a (Gregorian) day of a product's calendar, who said so and why."""

    product: str
    day: date
    kind: DayKind
    reason: str
    by: str
    at: datetime


def declared(days: Iterable[DeclaredDay]) -> Declared:
    """What these days change."""
    known = tuple(days)

    def of(kind: DayKind) -> frozenset[date]:
        return frozenset(each.day for each in known if each.kind is kind)

    return Declared(of(DayKind.HOLIDAY), of(DayKind.WORKING))


class WorkingDays(Protocol):
    """A country's days; implemented by `mohlat.calendar`."""

    def day_of(self, instant: datetime) -> date:
        """The local (Gregorian) day of `instant`."""
        ...

    def at(self, day: date, of_day: time) -> datetime:
        """The UTC instant of a local time of day."""
        ...

    def is_working_day(self, day: date, declared: Declared = NOTHING_DECLARED) -> bool:
        """Whether work is done on a day: no weekend, no public holiday but for what is declared."""
        ...


@dataclass(frozen=True, slots=True)
class Interval:
    """From `start` to `end` (exclusive), UTC."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """How long it lasts."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """The working time of an office that opens and closes at these local times, on working days."""

    days: WorkingDays
    opens: time
    closes: time
    declared: Declared = NOTHING_DECLARED

    @property
    def day(self) -> timedelta:
        """How much working time a working day has."""
        midnight = date.min
        return datetime.combine(midnight, self.closes) - datetime.combine(midnight, self.opens)

    def begins(self, instant: datetime) -> datetime:
        """`instant` itself while the office is open, else when it opens next."""
        return next(self._open_from(instant, ())).start

    def after(self, start: datetime, amount: timedelta, pauses: Sequence[Interval] = ()) -> datetime:
        """When `amount` of working time has passed since `start`, not counting what lies in `pauses`."""
        for piece in self._open_from(start, pauses):  # pragma: no branch (working days do not end)
            if piece.length >= amount:
                return piece.start + amount
            amount -= piece.length
        raise AssertionError  # pragma: no cover

    def between(self, start: datetime, end: datetime) -> timedelta:
        """How much working time lies from `start` to `end`."""
        worked = timedelta()
        for piece in self._open_from(start, ()):  # pragma: no branch (working days do not end)
            if piece.start >= end:
                break
            worked += min(piece.end, end) - piece.start
        return worked

    def _open_from(self, instant: datetime, pauses: Sequence[Interval]) -> Iterator[Interval]:
        day = self.days.day_of(instant)
        while True:
            if self.days.is_working_day(day, self.declared):
                opens, closes = self.days.at(day, self.opens), self.days.at(day, self.closes)
                if instant < closes:
                    yield from _without(Interval(max(opens, instant), closes), pauses)
            day += _DAY


def _without(whole: Interval, pauses: Sequence[Interval]) -> Iterator[Interval]:
    """The parts of an interval that lie in no pause; `pauses` in order, none overlapping another."""
    start = whole.start
    for pause in pauses:
        if pause.end <= start or pause.start >= whole.end:
            continue
        if pause.start > start:
            yield Interval(start, pause.start)
        start = pause.end
    if start < whole.end:
        yield Interval(start, whole.end)
