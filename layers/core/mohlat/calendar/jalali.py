"""Months and days of the Jalali calendar, counted on Tehran's clock and stored as UTC."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import jdatetime

from mohlat.calendar.holidays import public_holidays
from mohlat.domain.errors import InvalidInput
from mohlat.domain.working_time import NOTHING_DECLARED, Declared

TEHRAN = ZoneInfo("Asia/Tehran")

# Thursday and Friday, as `date.weekday` counts.
_WEEKEND = (3, 4)
_DAY = timedelta(days=1)
_DATE = re.compile(r"([0-9]{4})/([0-9]{2})/([0-9]{2})")
_MONTH = re.compile(r"(1[34][0-9]{2})-(0[1-9]|1[0-2])")


def month_length(year: int, month: int) -> int:
    """How many days a Jalali month has: 31, 30, or for Esfand 29, in a leap year 30."""
    if month == 12 and jdatetime.date(year, 12, 1).isleap():
        return 30
    return int(jdatetime.j_days_in_month[month - 1])


def _plus_months(day: date, months: int) -> date:
    """`day` (Gregorian) moved by Jalali months, never past the end of the month it lands in."""
    start = jdatetime.date.fromgregorian(date=day)
    years, month = divmod(start.month - 1 + months, 12)
    year, month = start.year + years, month + 1
    moved: date = jdatetime.date(year, month, min(start.day, month_length(year, month))).togregorian()
    return moved


def _midnight(day: date) -> datetime:
    """The UTC instant at which a Gregorian day begins in Tehran."""
    return datetime.combine(day, time(), TEHRAN).astimezone(UTC)


def _is_public_holiday(day: date) -> bool:
    jalali = jdatetime.date.fromgregorian(date=day)
    return (jalali.month, jalali.day) in public_holidays(jalali.year)


class JalaliCalendar:
    """Implements `mohlat.domain.durations.Calendar` and `mohlat.domain.working_time.WorkingDays` for Iran."""

    def shift(self, instant: datetime, months: int, days: int) -> datetime:
        """The UTC instant `months`, then `days` after `instant` (before it, where negative).

        Tehran's time of day is kept. The day is clamped down to the month's length, so a term must be
        counted from its original anchor: 31 Shahrivar + 7 months is 31 Farvardin, though six months on it
        was 29 Esfand.
        """
        local = instant.astimezone(TEHRAN)
        day = _plus_months(local.date(), months) if months else local.date()
        moved = datetime.combine(day + timedelta(days=days), local.time(), TEHRAN)
        return moved.replace(fold=local.fold).astimezone(UTC)

    def next_midnight(self, instant: datetime) -> datetime:
        """The UTC instant at which Tehran's day of `instant` ends; midnight belongs to the day it begins."""
        return _midnight(instant.astimezone(TEHRAN).date() + _DAY)

    def working_days_after(
        self, instant: datetime, days: int, declared: Declared = NOTHING_DECLARED
    ) -> datetime:
        """The UTC instant at which the last of `days` working days after Tehran's day of `instant` ends.

        The day of `instant` itself never counts. How far holidays are known: see `is_working_day`.
        """
        day = instant.astimezone(TEHRAN).date()
        while days > 0:
            day += _DAY
            days -= self.is_working_day(day, declared)
        return _midnight(day + _DAY)

    def year_of(self, instant: datetime) -> int:
        """The Jalali year of `instant` in Tehran."""
        return jalali_parts(instant)[0]

    def day_of(self, instant: datetime) -> date:
        """The (Gregorian) day of `instant` in Tehran."""
        return instant.astimezone(TEHRAN).date()

    def at(self, day: date, of_day: time) -> datetime:
        """The UTC instant at which Tehran's clock shows a time on a (Gregorian) day."""
        return datetime.combine(day, of_day, TEHRAN).astimezone(UTC)

    def month_of(self, instant: datetime, before: int = 0) -> str:
        """The Jalali month of an instant in Tehran, such as 1405-08, or one so many months before it."""
        year, month, *_ = jalali_parts(instant)
        years, month = divmod(month - 1 - before, 12)
        return f"{year + years}-{month + 1:02d}"

    def month_span(self, month: str) -> tuple[datetime, datetime]:
        """The UTC instants at which a Jalali month such as 1405-08 begins and ends (exclusive) in Tehran.

        Raises InvalidInput for any other form.
        """
        match = _MONTH.fullmatch(month)
        if not match:
            raise InvalidInput("month", "not a Jalali month")
        first: date = jdatetime.date(int(match[1]), int(match[2]), 1).togregorian()
        return _midnight(first), _midnight(_plus_months(first, 1))

    def is_working_day(self, day: date, declared: Declared = NOTHING_DECLARED) -> bool:
        """Whether a (Gregorian) day is one from Saturday to Wednesday and no public holiday (SAMAN-4.2.3).

        Estimated holidays count as holidays. Outside the years of the table, 1403 to 1410, only holidays on
        fixed dates are known; `declared` adds and removes whatever an operator knows better.
        """
        if day.weekday() in _WEEKEND or day in declared.added:
            return False
        return day in declared.removed or not _is_public_holiday(day)


JALALI = JalaliCalendar()


def jalali_parts(instant: datetime) -> tuple[int, int, int, int, int]:
    """Year, month, day, hour and minute of an instant as Tehran's calendar and clock show it."""
    local = instant.astimezone(TEHRAN)
    # The zone comes first: jdatetime converts the calendar and leaves the zone alone.
    day = jdatetime.date.fromgregorian(date=local.date())
    return day.year, day.month, day.day, local.hour, local.minute


def gregorian_day(text: str) -> date:
    """The Gregorian date of a Jalali one such as 1402/07/01.

    Raises ValueError for any other form and for days that do not exist.
    """
    match = _DATE.fullmatch(text)
    if not match:
        raise ValueError(f"not a Jalali date (1402/07/01): {text!r}")
    year, month, day = map(int, match.groups())
    if year < 1 or not 1 <= month <= 12 or not 1 <= day <= month_length(year, month):
        raise ValueError(f"no such Jalali date: {text!r}")
    gregorian: date = jdatetime.date(year, month, day).togregorian()
    return gregorian


def start_of_day(text: str) -> datetime:
    """The UTC instant at which a Jalali date such as 1402/07/01 begins in Tehran (its half-open start).

    Raises ValueError as `gregorian_day` does.
    """
    return _midnight(gregorian_day(text))
