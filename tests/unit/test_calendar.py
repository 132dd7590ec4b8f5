"""Jalali terms and dates, against published dates and a count of days that knows only the leap years."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mohlat.calendar import display
from mohlat.calendar.holidays import FIRST_YEAR, LAST_YEAR, public_holidays
from mohlat.calendar.jalali import JALALI, gregorian_day, jalali_parts, month_length, start_of_day
from mohlat.domain.durations import Duration
from mohlat.domain.working_time import Declared

TEHRAN = ZoneInfo("Asia/Tehran")
SECOND = timedelta(seconds=1)
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


# --- days, years and working days ---------------------------------------------------------------------------


def test_a_day_ends_at_tehrans_next_midnight():
    # 1 Azar 1405, 14:05 in Tehran.
    assert JALALI.next_midnight(datetime(2026, 11, 22, 10, 35, tzinfo=UTC)) == start_of_day("1405/09/02")
    assert JALALI.next_midnight(start_of_day("1405/09/02") - SECOND) == start_of_day("1405/09/02")
    # Midnight belongs to the day that begins.
    assert JALALI.next_midnight(start_of_day("1405/09/02")) == start_of_day("1405/09/03")


def test_the_days_on_which_the_clock_changed_end_at_midnight_too():
    # The last summer time: 1 Farvardin 1401 ended an hour early, and 30 Shahrivar lasted 25 hours.
    spring, autumn = start_of_day("1401/01/01"), start_of_day("1401/06/30")

    assert JALALI.next_midnight(spring) == datetime(2022, 3, 21, 20, 30, tzinfo=UTC)
    assert JALALI.next_midnight(spring + timedelta(days=1)) - spring == timedelta(hours=47)
    assert JALALI.next_midnight(autumn) - autumn == timedelta(hours=25)


@given(instants)
def test_an_instant_lies_in_the_day_that_ends_at_its_next_midnight(instant: datetime):
    end = JALALI.next_midnight(instant)

    assert instant < end <= instant + timedelta(hours=25)
    assert jalali_parts(end)[3:] in ((0, 0), (1, 0))
    assert jalali_parts(end - SECOND)[:3] == jalali_parts(instant)[:3]


def test_a_year_begins_at_tehrans_midnight_of_nowruz():
    nowruz = start_of_day("1405/01/01")

    assert JALALI.year_of(nowruz - SECOND) == 1404
    assert JALALI.year_of(nowruz) == 1405
    # Already the new year in Tehran, still the last evening of the old one in UTC.
    assert nowruz.date() == date(2026, 3, 20)


@pytest.mark.parametrize(
    ("start", "last"),
    [
        ("1405/09/01", "1405/09/10"),
        # Across Nowruz: eighteen days by the calendar.
        ("1404/12/27", "1405/01/16"),
        ("1405/12/26", "1406/01/16"),
    ],
)
def test_seven_working_days_leave_out_weekends_and_holidays(start: str, last: str):
    for moment in (start_of_day(start), JALALI.next_midnight(start_of_day(start)) - SECOND):
        end = JALALI.working_days_after(moment, 7)

        assert shown(end - SECOND) == last
        assert JALALI.next_midnight(end - SECOND) == end


def test_the_day_it_is_counted_from_is_none_of_the_working_days():
    # Sunday to Monday; Wednesday to Saturday; Friday to Saturday.
    assert [shown(JALALI.working_days_after(start_of_day(day), 1) - SECOND) for day in AZAR] == [
        "1405/09/02",
        "1405/09/07",
        "1405/09/07",
    ]
    assert JALALI.working_days_after(start_of_day("1405/09/01"), 0) == start_of_day("1405/09/02")


AZAR = ("1405/09/01", "1405/09/04", "1405/09/06")


@given(instants, st.integers(0, 40))
def test_one_working_day_more_ends_with_the_next_working_day(instant: datetime, days: int):
    end, later = JALALI.working_days_after(instant, days), JALALI.working_days_after(instant, days + 1)

    assert later > end
    between = [
        end + timedelta(days=number, hours=12) for number in range(round((later - end) / timedelta(days=1)))
    ]
    working = [JALALI.is_working_day(day.astimezone(TEHRAN).date()) for day in between]
    assert working == [False] * (len(working) - 1) + [True]


def test_a_week_has_five_working_days():
    saturday = date(2026, 11, 21)

    week = [JALALI.is_working_day(saturday + timedelta(days=number)) for number in range(7)]

    assert week == [True] * 5 + [False] * 2


# As they were published, and beyond 2026 estimated (e), in the Gregorian calendar.
PUBLISHED = {
    2026: (
        "01-03 01-17 02-04 02-11 03-01 03-02 03-03 03-04 03-05 03-06 03-07 03-11 03-20 03-21 03-22 03-23 "
        "03-24 04-01 04-02 04-14 05-27 06-04 06-05 06-24 06-25 08-04 08-12 08-13 08-21 08-30 11-13 12-23"
    ),
    2027: (
        "01-06e 01-24e 02-11 03-01e 03-10e 03-11e 03-20 03-21 03-22 03-23 03-24 04-01 04-02 04-03e 05-17e "
        "05-25e 06-04 06-05 06-15e 06-16e 07-25e 08-02e 08-03e 08-11e 08-20e 11-03e 12-12e 12-26e"
    ),
}


@pytest.mark.parametrize("year", PUBLISHED)
def test_the_table_of_holidays_is_what_was_published(year: int):
    expected = {
        date.fromisoformat(f"{year}-{day.removesuffix('e')}"): day.endswith("e")
        for day in PUBLISHED[year].split()
    }

    assert {day: estimated for day, estimated in holidays_by_day().items() if day.year == year} == expected


def holidays_by_day() -> dict[date, bool]:
    """Every holiday of the table and whether it is an estimate."""
    return {
        gregorian_day(f"{year}/{month:02}/{day:02}"): estimated
        for year in range(FIRST_YEAR, LAST_YEAR + 1)
        for (month, day), estimated in public_holidays(year).items()
        if day <= month_length(year, month)
    }


def test_every_day_of_the_table_exists_and_no_year_lacks_those_that_move():
    fixed = public_holidays(LAST_YEAR + 1)
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        moving = public_holidays(year).keys() - fixed.keys()
        assert all(day <= month_length(year, month) for month, day in moving)
        # Seventeen or eighteen in a year of the sun, of which a few fall on fixed ones; in 1404 seven more.
        assert 14 <= len(moving) - (7 if year == 1404 else 0) <= 18


def test_only_what_follows_the_moon_is_an_estimate_and_only_from_2027_on():
    estimates = [day for day, estimated in holidays_by_day().items() if estimated]

    assert min(estimates) > date(2026, 12, 31)
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        assert not any(public_holidays(year)[day] for day in public_holidays(LAST_YEAR + 1))


def test_beyond_the_table_only_holidays_on_fixed_dates_are_known():
    assert public_holidays(LAST_YEAR + 1) == public_holidays(FIRST_YEAR - 1) == public_holidays(1500)
    assert set(public_holidays(1500)) == {
        *((1, day) for day in (1, 2, 3, 4, 12, 13)),
        (3, 14),
        (3, 15),
        (11, 22),
        (12, 29),
        (12, 30),
    }
    # 2 Farvardin 1411 is a Sunday, 7 Farvardin a Friday, 8 Farvardin a Saturday.
    days = [gregorian_day(f"1411/01/{day:02}") for day in (2, 7, 8)]
    assert [JALALI.is_working_day(day) for day in days] == [False, False, True]


def test_the_last_day_of_a_leap_year_is_a_holiday():
    assert not JALALI.is_working_day(gregorian_day("1408/12/30"))


def test_an_operator_knows_better_than_the_table():
    sunday, friday, holiday = date(2026, 11, 22), date(2026, 11, 27), date(2026, 12, 23)
    assert [JALALI.is_working_day(day) for day in (sunday, friday, holiday)] == [True, False, False]

    added = Declared(added=frozenset({sunday}))
    removed = Declared(removed=frozenset({friday, holiday}))
    assert not JALALI.is_working_day(sunday, added)
    assert JALALI.is_working_day(holiday, removed)
    # A weekend that is no holiday is still a weekend; what is in both is a holiday.
    assert not JALALI.is_working_day(friday, removed)
    assert not JALALI.is_working_day(holiday, Declared(frozenset({holiday}), frozenset({holiday})))


def test_declared_days_move_the_end_of_working_days():
    start = start_of_day("1405/09/01")
    closed = Declared(added=frozenset({gregorian_day("1405/09/10")}))

    assert shown(JALALI.working_days_after(start, 7, closed) - SECOND) == "1405/09/11"
    # 2 Dey is a holiday, a Wednesday.
    opened = Declared(removed=frozenset({gregorian_day("1405/10/02")}))
    before = start_of_day("1405/10/01")
    assert shown(JALALI.working_days_after(before, 1) - SECOND) == "1405/10/05"
    assert shown(JALALI.working_days_after(before, 1, opened) - SECOND) == "1405/10/02"


# --- how dates are shown ------------------------------------------------------------------------------------


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
