"""Jalali terms and dates, against published dates and a count of days that knows only the leap years."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mohlat.calendar import display
from mohlat.calendar.jalali import JALALI, gregorian_day, jalali_parts, month_length, start_of_day
from mohlat.domain.durations import Duration

TEHRAN = ZoneInfo("Asia/Tehran")
LEAP_YEARS = {1391, 1395, 1399, 1403, 1408, 1412, 1416, 1420, 1424, 1428, 1432, 1436, 1441}
NOWRUZ = {
    1403: date(2024, 3, 20),
    1404: date(2025, 3, 21),
    1405: date(2026, 3, 21),
    1406: date(2027, 3, 21),
    1407: date(2028, 3, 20),
    1408: date(2029, 3, 20),
    1409: date(2030, 3, 21),
}


def days_by_counting() -> dict[date, str]:
    """Every day of 1391 to 1441, counted off from Nowruz 1391 with nothing but the list of leap years."""
    counted, day = {}, date(2012, 3, 20)
    for year in range(1391, 1442):
        for month in range(1, 13):
            length = 31 if month <= 6 else 30 if month <= 11 or year in LEAP_YEARS else 29
            for of_month in range(1, length + 1):
                counted[day] = f"{year}/{month:02}/{of_month:02}"
                day += timedelta(days=1)
    return counted


def shown(instant: datetime) -> str:
    return display.short_date(instant, "en")


def shifted(start: str, months: int, days: int = 0) -> str:
    return shown(JALALI.shift(start_of_day(start), months, days))


instants = st.datetimes(datetime(2012, 3, 21), datetime(2062, 3, 18)).map(
    lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
)


def test_every_day_of_fifty_years_agrees_with_a_count_of_days():
    for day, jalali in days_by_counting().items():
        assert gregorian_day(jalali) == day
        assert shown(datetime(day.year, day.month, day.day, 12, tzinfo=TEHRAN)) == jalali


@pytest.mark.parametrize(("year", "day"), NOWRUZ.items())
def test_nowruz_falls_on_its_published_day(year: int, day: date):
    assert gregorian_day(f"{year}/01/01") == day


def test_esfand_has_thirty_days_in_leap_years_only():
    assert {year for year in range(1391, 1442) if month_length(year, 12) == 30} == LEAP_YEARS


def test_months_count_from_the_original_anchor_and_do_not_drift():
    ends = [shifted("1405/06/31", months) for months in range(1, 8)]

    assert ends == [
        "1405/07/30",
        "1405/08/30",
        "1405/09/30",
        "1405/10/30",
        "1405/11/30",
        "1405/12/29",
        "1406/01/31",
    ]


def test_a_leap_day_anchor_returns_to_the_thirtieth_in_the_next_leap_year():
    ends = [shifted("1403/12/30", 12 * years) for years in range(1, 6)]

    assert ends == ["1404/12/29", "1405/12/29", "1406/12/29", "1407/12/29", "1408/12/30"]


@pytest.mark.parametrize(
    ("start", "end"), [("1404/11/30", "1404/12/29"), ("1403/11/30", "1403/12/30")], ids=["common", "leap"]
)
def test_a_month_from_the_thirtieth_of_bahman_ends_on_the_last_of_esfand(start: str, end: str):
    assert shifted(start, 1) == end


def test_a_year_bought_on_a_leap_day_is_365_days():
    start = start_of_day("1403/12/30")

    end = JALALI.shift(start, 12, 0)

    assert end - start == timedelta(days=365)
    assert end.astimezone(TEHRAN).date() == date(2026, 3, 20)


def test_a_month_back_from_the_thirty_first_clamps_too():
    assert shifted("1405/01/31", -1) == "1404/12/29"
    assert shifted("1404/01/31", -1) == "1403/12/30"


def test_months_are_counted_before_days():
    assert shifted("1405/06/31", 1, 1) == "1405/08/01"


def test_the_time_of_day_is_kept_to_the_second():
    start = datetime(2026, 11, 22, 10, 35, 55, tzinfo=UTC)

    assert JALALI.shift(start, 0, 30) == start + timedelta(days=30)
    assert JALALI.shift(start, 1, 0).timetz() == start.timetz()


def test_the_day_is_tehrans_even_late_in_the_utc_evening():
    # 23:00 UTC on 22 November is already 2 Azar in Tehran.
    assert shown(datetime(2026, 11, 22, 23, tzinfo=UTC)) == "1405/09/02"
    assert shown(datetime(2026, 11, 22, 20, 29, 59, tzinfo=UTC)) == "1405/09/01"
    assert shown(datetime(2026, 11, 22, 20, 30, tzinfo=UTC)) == "1405/09/02"


def test_local_time_is_kept_over_a_change_of_the_clock():
    # Until 1401 Tehran's clock went forward in spring: noon stays noon, one hour of UTC earlier.
    noon_in_winter = datetime(2022, 3, 20, 8, 30, tzinfo=UTC)

    assert JALALI.shift(noon_in_winter, 0, 5) == datetime(2022, 3, 25, 7, 30, tzinfo=UTC)


@given(instants, st.integers(0, 600), st.integers(0, 6000))
def test_a_longer_time_never_ends_earlier(instant: datetime, months: int, days: int):
    assert JALALI.shift(instant, months + 1, 0) > JALALI.shift(instant, months, 0)
    assert JALALI.shift(instant, 0, days + 1) > JALALI.shift(instant, 0, days)


@given(instants, st.integers(-240, 240))
def test_months_move_the_month_by_exactly_their_number_and_clamp_the_day(instant: datetime, months: int):
    year, month, day, *clock = jalali_parts(instant)

    moved_year, moved_month, moved_day, *moved_clock = jalali_parts(JALALI.shift(instant, months, 0))

    assert 12 * moved_year + moved_month == 12 * year + month + months
    assert moved_day == min(day, month_length(moved_year, moved_month))
    if instant.year > 2022 and months > 0:
        assert moved_clock == clock


@given(instants, st.integers(-3000, 3000))
def test_days_are_exact_where_the_clock_does_not_change(instant: datetime, days: int):
    if min(instant, instant + timedelta(days=days)) > datetime(2022, 9, 23, tzinfo=UTC):
        assert JALALI.shift(instant, 0, days) == instant + timedelta(days=days)


@given(instants, st.integers(1, 60), st.integers(0, 60), st.integers(0, 10**6))
def test_a_length_with_nothing_in_it_changes_nothing_and_parts_add_up(
    instant: datetime, months: int, days: int, seconds: int
):
    assert Duration().after(instant, JALALI) == instant
    whole = Duration(months, days, seconds).after(instant, JALALI)
    assert whole == Duration(0, days, seconds).after(JALALI.shift(instant, months, 0), JALALI)


def test_a_jalali_date_begins_at_tehrans_midnight():
    assert start_of_day("1402/07/01") == datetime(2023, 9, 22, 20, 30, tzinfo=UTC)
    # in the summer of 1397 Tehran was at +04:30
    assert start_of_day("1397/06/07") == datetime(2018, 8, 28, 19, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "1402/7/1",
        "1402-07-01",
        "1402/13/01",
        "1402/00/01",
        "1402/07/31",
        "1404/12/30",
        "0000/01/01",
        "",
        "۱۴۰۲/۰۷/۰۱",
    ],
)
def test_what_is_no_jalali_date_is_refused(text: str):
    with pytest.raises(ValueError, match="Jalali date"):
        start_of_day(text)


def test_an_instant_is_shown_in_persian_and_in_english():
    instant = datetime(2026, 11, 22, 10, 35, 55, tzinfo=UTC)

    assert display.date_and_time(instant, "fa") == "۱ آذر ۱۴۰۵، ساعت ۱۴:۰۵"
    assert display.date_and_time(instant, "en") == "1 Azar 1405, 14:05"
    assert display.long_date(instant, "fa") == "۱ آذر ۱۴۰۵"
    assert display.short_date(instant, "fa") == "۱۴۰۵/۰۹/۰۱"
    assert display.short_date(instant, "en") == "1405/09/01"


def test_all_twelve_months_have_their_names():
    starts = [start_of_day(f"1405/{month:02}/01") for month in range(1, 13)]

    assert len({display.long_date(start, "fa") for start in starts}) == 12
    assert display.long_date(starts[0], "en") == "1 Farvardin 1405"
    assert display.long_date(starts[11], "fa") == "۱ اسفند ۱۴۰۵"


def test_another_language_is_refused():
    with pytest.raises(KeyError):
        display.long_date(datetime(2026, 11, 22, tzinfo=UTC), "de")
