"""What is watched has a number from which it is unusual, and an hour is the clock's."""

from __future__ import annotations

from mohlat.domain.unusual import HOUR, UNUSUAL, WATCHED, UnusualUse, hour_of
from tests.builders import SECOND, START


def test_everything_watched_has_lines_and_a_number() -> None:
    assert set(WATCHED.values()) == set(UNUSUAL) == set(UnusualUse)
    assert min(UNUSUAL.values()) > 1


def test_an_hour_is_the_clocks() -> None:
    assert hour_of(START) == hour_of(START + HOUR - SECOND) == START
    assert hour_of(START + HOUR) == START + HOUR
