"""Reads what requests about support hold: minutes that were spent, and days of the calendar."""

from __future__ import annotations

from datetime import date

from mohlat.domain.errors import InvalidInput, NotFound
from mohlat.presentation.fields import positive

# A working month, day and night: more is a slip of the finger.
_MOST_MINUTES = 31 * 24 * 60


def minutes(value: object, field: str) -> int:
    """Minutes that were spent: a whole number above zero, and no more than a month has."""
    spent: int = positive(value, field)
    if spent > _MOST_MINUTES:
        raise InvalidInput(field, "too large")
    return spent


def day_in_path(value: str) -> date:
    """A Gregorian day such as 2026-11-23. Raises NotFound for anything else."""
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise NotFound from None
    if day.isoformat() != value:
        raise NotFound
    return day
