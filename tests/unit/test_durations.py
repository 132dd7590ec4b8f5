"""Lengths of time as agreements write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mohlat.domain.durations import Duration
from tests.builders import GregorianCalendar

CALENDAR = GregorianCalendar()
LENGTHS = st.builds(
    Duration, months=st.integers(0, 1200), days=st.integers(0, 5000), seconds=st.integers(0, 10**7)
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("P30D", Duration(days=30)),
        ("P2W", Duration(days=14)),
        ("P1M", Duration(months=1)),
        ("P1Y2M", Duration(months=14)),
        ("PT12H", Duration(seconds=43200)),
        ("PT1M", Duration(seconds=60)),
        ("P1DT2H3M4S", Duration(days=1, seconds=7384)),
        ("P0D", Duration()),
        ("PT0S", Duration()),
    ],
)
def test_a_duration_is_read_from_iso_8601(text: str, expected: Duration) -> None:
    assert Duration.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "P", "PT", "P1DT", "30D", "P-1D", "-P1D", "P1.5D", "P1D ", " P1D", "P1S", "P1D1M", "p1d", "P1D\n"],
)
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="not an ISO 8601 duration"):
        Duration.parse(text)


@given(LENGTHS)
def test_a_duration_reads_back_what_it_writes(length: Duration) -> None:
    assert Duration.parse(str(length)) == length


def test_no_length_at_all_is_written_too() -> None:
    assert str(Duration()) == "PT0S"


@given(LENGTHS, LENGTHS)
def test_adding_adds_each_unit(one: Duration, other: Duration) -> None:
    total = one + other
    assert (total.months, total.days, total.seconds) == (
        one.months + other.months,
        one.days + other.days,
        one.seconds + other.seconds,
    )


def test_after_and_before_count_months_first_then_days_then_seconds() -> None:
    start = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
    length = Duration(months=1, days=1, seconds=5)
    assert length.after(start, CALENDAR) == datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC)
    assert length.before(start, CALENDAR) == datetime(2025, 12, 30, 11, 59, 55, tzinfo=UTC)


@given(LENGTHS, LENGTHS)
def test_taking_away_undoes_adding(one: Duration, other: Duration) -> None:
    assert one + other - other == one


def test_a_last_day_counts_whole() -> None:
    noon = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
    assert Duration(days=30).whole_days_after(noon, CALENDAR) == datetime(2026, 3, 3, tzinfo=UTC)
    assert Duration(seconds=30).whole_days_after(noon, CALENDAR) == datetime(2026, 2, 1, tzinfo=UTC)


def test_a_length_that_ends_at_midnight_still_has_the_day_that_begins_there() -> None:
    midnight = datetime(2026, 1, 31, tzinfo=UTC)
    assert Duration(days=1).whole_days_after(midnight, CALENDAR) == datetime(2026, 2, 2, tzinfo=UTC)
