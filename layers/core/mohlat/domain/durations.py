"""ISO 8601 durations, counted in a product's calendar.

Months are months of the agreement's calendar (Jalali for the shipped products) and days are days in its
time zone, so a length is only turned into an instant together with a `Calendar`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from mohlat.domain.working_time import WorkingDays

_ISO = re.compile(
    r"P(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?",
    re.ASCII,
)


class Calendar(WorkingDays, Protocol):
    """How months and days are counted; implemented by `mohlat.calendar`."""

    def shift(self, instant: datetime, months: int, days: int) -> datetime:
        """`instant` moved by months (day clamped to the month's length), then by days, local time kept."""
        ...

    def next_midnight(self, instant: datetime) -> datetime:
        """When the local day of `instant` ends (exclusive), UTC."""
        ...

    def working_days_after(self, instant: datetime, days: int) -> datetime:
        """The end (exclusive, UTC) of the last of `days` working days after the local day of `instant`."""
        ...

    def year_of(self, instant: datetime) -> int:
        """The calendar's year of `instant`, local time."""
        ...

    def month_of(self, instant: datetime, before: int = 0) -> str:
        """The calendar's month of `instant`, such as 1405-08, or one so many months before it."""
        ...

    def month_span(self, month: str) -> tuple[datetime, datetime]:
        """When a month begins and ends (exclusive), UTC. Raises InvalidInput for another form."""
        ...


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time: calendar months, calendar days, and seconds."""

    months: int = 0
    days: int = 0
    seconds: int = 0

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Reads P1Y, P2M, P1W, P30D, PT12H, PT5S and their combinations.

        Raises ValueError for anything else, the empty P and PT included.
        """
        match = _ISO.fullmatch(text)
        if not match or text in ("P", "PT") or text.endswith("T"):
            raise ValueError(f"not an ISO 8601 duration: {text!r}")
        part = {name: int(value or 0) for name, value in match.groupdict().items()}
        return cls(
            months=12 * part["years"] + part["months"],
            days=7 * part["weeks"] + part["days"],
            seconds=3600 * part["hours"] + 60 * part["minutes"] + part["seconds"],
        )

    def __str__(self) -> str:
        date = (f"{self.months}M" if self.months else "") + (f"{self.days}D" if self.days else "")
        time = f"T{self.seconds}S" if self.seconds else ""
        return f"P{date}{time}" if date or time else "PT0S"

    def __add__(self, other: Duration) -> Duration:
        return Duration(self.months + other.months, self.days + other.days, self.seconds + other.seconds)

    def __sub__(self, other: Duration) -> Duration:
        return Duration(self.months - other.months, self.days - other.days, self.seconds - other.seconds)

    def after(self, instant: datetime, calendar: Calendar) -> datetime:
        """The instant this long after `instant`."""
        return calendar.shift(instant, self.months, self.days) + timedelta(seconds=self.seconds)

    def whole_days_after(self, instant: datetime, calendar: Calendar) -> datetime:
        """The end (exclusive) of the local day that is this long after `instant`: its last day counts
        whole.
        """
        return calendar.next_midnight(self.after(instant, calendar))

    def before(self, instant: datetime, calendar: Calendar) -> datetime:
        """The instant this long before `instant`."""
        return calendar.shift(instant, -self.months, -self.days) - timedelta(seconds=self.seconds)
