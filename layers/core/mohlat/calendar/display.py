"""UTC instants as people in Iran read them: Tehran's day and clock, in Persian (fa) or English (en)."""

from __future__ import annotations

from datetime import datetime

from mohlat.calendar.jalali import jalali_parts
from mohlat.domain.iranian import persian_digits

_MONTHS = {
    "fa": (
        "فروردین",
        "اردیبهشت",
        "خرداد",
        "تیر",
        "مرداد",
        "شهریور",
        "مهر",
        "آبان",
        "آذر",
        "دی",
        "بهمن",
        "اسفند",
    ),
    "en": (
        "Farvardin",
        "Ordibehesht",
        "Khordad",
        "Tir",
        "Mordad",
        "Shahrivar",
        "Mehr",
        "Aban",
        "Azar",
        "Dey",
        "Bahman",
        "Esfand",
    ),
}


def long_date(instant: datetime, language: str) -> str:
    """The day in words: «۱ آذر ۱۴۰۵» or "1 Azar 1405". Raises KeyError for another language than fa, en."""
    year, month, day, _, _ = jalali_parts(instant)
    shown = f"{day} {_MONTHS[language][month - 1]} {year}"
    return persian_digits(shown) if language == "fa" else shown


def date_and_time(instant: datetime, language: str) -> str:
    """Day and minute: «۱ آذر ۱۴۰۵، ساعت ۱۴:۰۵» or "1 Azar 1405, 14:05". Raises KeyError as `long_date`."""
    *_, hour, minute = jalali_parts(instant)
    clock = f"{hour:02}:{minute:02}"
    if language == "fa":
        return f"{long_date(instant, language)}، ساعت {persian_digits(clock)}"
    return f"{long_date(instant, language)}, {clock}"


def short_date(instant: datetime, language: str) -> str:
    """The day in figures: «۱۴۰۵/۰۹/۰۱» in fa, "1405/09/01" otherwise."""
    year, month, day, _, _ = jalali_parts(instant)
    shown = f"{year:04}/{month:02}/{day:02}"
    return persian_digits(shown) if language == "fa" else shown
