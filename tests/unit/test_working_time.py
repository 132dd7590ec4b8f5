"""Working time: office hours on Tehran's working days, to the second on both sides of each edge."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mohlat.calendar.jalali import JALALI
from mohlat.domain.errors import NotFound
from mohlat.domain.working_time import DayKind, Declared, DeclaredDay, Interval, WorkingTime, declared
from mohlat.presentation.helpdesk_fields import day_in_path

TEHRAN = ZoneInfo("Asia/Tehran")
HOURS = WorkingTime(JALALI, time(8), time(16))
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


def at(text: str) -> datetime:
    """An instant by Tehran's clock."""
    return datetime.fromisoformat(text).replace(tzinfo=TEHRAN)


@pytest.mark.clause("SAMAN-4.2.3")
@pytest.mark.parametrize(
    ("registered", "counted_from"),
    [
        # Sunday, a working day.
        ("2026-11-22 00:00:00", "2026-11-22 08:00:00"),
        ("2026-11-22 07:59:59", "2026-11-22 08:00:00"),
        ("2026-11-22 08:00:00", "2026-11-22 08:00:00"),
        ("2026-11-22 08:00:01", "2026-11-22 08:00:01"),
        ("2026-11-22 15:59:59", "2026-11-22 15:59:59"),
        ("2026-11-22 16:00:00", "2026-11-23 08:00:00"),
        ("2026-11-22 23:59:59", "2026-11-23 08:00:00"),
        # Wednesday evening, Thursday and Friday wait for Saturday.
        ("2026-11-25 15:59:59", "2026-11-25 15:59:59"),
        ("2026-11-25 16:00:00", "2026-11-28 08:00:00"),
        ("2026-11-26 10:00:00", "2026-11-28 08:00:00"),
        ("2026-11-27 10:00:00", "2026-11-28 08:00:00"),
        # Nowruz: from 29 Esfand, a Friday, to 4 Farvardin.
        ("2026-03-18 16:00:00", "2026-03-25 08:00:00"),
        ("2026-03-21 10:00:00", "2026-03-25 08:00:00"),
        ("2026-03-24 23:59:59", "2026-03-25 08:00:00"),
        # 13 Farvardin is a Thursday, 12 Farvardin the Wednesday before it.
        ("2026-03-31 16:00:00", "2026-04-04 08:00:00"),
        # 2 Dey 1405, a holiday that follows the moon.
        ("2026-12-23 10:00:00", "2026-12-26 08:00:00"),
    ],
)
def test_a_request_counts_from_the_next_opening_unless_the_office_is_open(
    registered: str, counted_from: str
) -> None:
    assert HOURS.begins(at(registered)) == at(counted_from)


def test_what_takes_until_the_office_closes_ends_then_and_a_second_more_ends_on_the_next_day() -> None:
    opening = at("2026-11-22 08:00:00")
    assert HOURS.day == 8 * HOUR
    assert HOURS.after(opening, 8 * HOUR - SECOND) == at("2026-11-22 15:59:59")
    assert HOURS.after(opening, 8 * HOUR) == at("2026-11-22 16:00:00")
    assert HOURS.after(opening, 8 * HOUR + SECOND) == at("2026-11-23 08:00:01")


def test_pauses_do_not_count_wherever_they_lie() -> None:
    start = at("2026-11-22 10:00:00")
    pauses = (
        # Over before it began, within a day, over a night, on a weekend, and long after its end.
        Interval(at("2026-11-22 08:00:00"), at("2026-11-22 09:00:00")),
        Interval(at("2026-11-22 11:00:00"), at("2026-11-22 12:30:00")),
        Interval(at("2026-11-22 15:00:00"), at("2026-11-23 09:00:00")),
        Interval(at("2026-11-26 08:00:00"), at("2026-11-27 12:00:00")),
        Interval(at("2026-11-29 08:00:00"), at("2026-11-29 16:00:00")),
    )
    assert HOURS.after(start, HOUR, pauses) == at("2026-11-22 11:00:00")
    assert HOURS.after(start, HOUR + SECOND, pauses) == at("2026-11-22 12:30:01")
    # One hour, then two and a half, then the rest of Monday from nine on.
    assert HOURS.after(start, 3.5 * HOUR, pauses) == at("2026-11-22 15:00:00")
    assert HOURS.after(start, 4 * HOUR, pauses) == at("2026-11-23 09:30:00")
    # All of Saturday and nothing of Sunday.
    assert HOURS.after(start, 34.5 * HOUR, pauses) == at("2026-11-28 16:00:00")
    assert HOURS.after(start, 34.5 * HOUR + SECOND, pauses) == at("2026-11-30 08:00:01")
    whole_day = (Interval(at("2026-11-22 08:00:00"), at("2026-11-22 16:00:00")),)
    assert HOURS.after(start, HOUR, whole_day) == at("2026-11-23 09:00:00")


def test_working_time_between_two_instants() -> None:
    thursday, sunday = at("2026-11-26 10:00:00"), at("2026-11-29 09:30:00")
    assert HOURS.between(thursday, sunday) == 9.5 * HOUR
    assert HOURS.between(sunday, sunday) == timedelta()
    assert HOURS.between(at("2026-11-25 16:00:00"), thursday) == timedelta()


def test_a_declared_holiday_and_a_declared_working_day_count() -> None:
    monday, moving = date(2026, 11, 23), date(2026, 12, 23)
    declared = Declared(frozenset({monday}), frozenset({moving}))
    hours = WorkingTime(JALALI, time(8), time(16), declared)
    assert hours.begins(at("2026-11-23 10:00:00")) == at("2026-11-24 08:00:00")
    assert hours.begins(at("2026-12-23 10:00:00")) == at("2026-12-23 10:00:00")


def test_what_operators_declare_adds_and_removes_and_the_usual_changes_nothing() -> None:
    days = {DayKind.HOLIDAY: 23, DayKind.WORKING: 24, DayKind.USUAL: 25}
    told = [
        DeclaredDay("kalo", date(2026, 11, day), kind, "why", "operator:o", at("2026-11-01 08:00:00"))
        for kind, day in days.items()
    ]
    assert declared(iter(told)) == Declared(frozenset({date(2026, 11, 23)}), frozenset({date(2026, 11, 24)}))
    assert declared([]) == Declared()


@pytest.mark.parametrize("text", ["2026-02-30", "20261123", "2026-W48-1", "1405/09/02", "today", ""])
def test_a_day_in_a_path_is_written_in_one_way_only(text: str) -> None:
    assert day_in_path("2026-11-23") == date(2026, 11, 23)
    with pytest.raises(NotFound):
        day_in_path(text)


@given(
    st.datetimes(datetime(2025, 3, 1), datetime(2030, 1, 1)).map(
        lambda moment: moment.replace(microsecond=0)
    ),
    st.integers(1, 100_000),
)
def test_what_lies_between_is_what_was_added(moment: datetime, seconds: int) -> None:
    start, amount = moment.replace(tzinfo=TEHRAN), timedelta(seconds=seconds)
    end = HOURS.after(start, amount)
    assert HOURS.between(start, end) == amount
    assert HOURS.between(start, end - SECOND) == amount - SECOND


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)).map(
        lambda moment: moment.replace(microsecond=0)
    ),
    st.integers(1, 300_000),
    st.lists(st.integers(0, 400_000), min_size=2, max_size=8, unique=True),
)
def test_working_time_outside_the_pauses_is_what_was_added(
    moment: datetime, seconds: int, cuts: list[int]
) -> None:
    start, amount = moment.replace(microsecond=0, tzinfo=TEHRAN), timedelta(seconds=seconds)
    edges = [start + timedelta(seconds=cut) for cut in sorted(cuts)]
    pauses = [Interval(*pair) for pair in zip(edges[::2], edges[1::2], strict=False)]
    end = HOURS.after(start, amount, pauses)
    paused = [HOURS.between(each.start, min(each.end, end)) for each in pauses if each.start < end]
    assert HOURS.between(start, end) - sum(paused, timedelta()) == amount
    # Later pauses and shorter work never bring it forward.
    assert HOURS.after(start, amount) <= end
    assert HOURS.after(start, amount - SECOND, pauses) <= end
