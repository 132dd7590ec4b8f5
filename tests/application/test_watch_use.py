"""Unusual use: found with the line that makes an hour unusual, once, and rung for."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from mohlat.application.watch_use import FINDINGS, WatchedLog
from mohlat.domain.tenant import iso
from mohlat.domain.unusual import UNUSUAL, WATCHED, UnusualUse
from tests.builders import SECOND, START
from tests.fakes import FakeRequestCounts, FakeSecurityLog, Table

IP = "192.0.2.1"
HOUR = timedelta(hours=1)


class Watched:
    """A watched log over a table of its own, and what it rang for."""

    def __init__(self) -> None:
        self.table = Table()
        self.rung: list[str] = []
        self.log = self.another_worker()

    def another_worker(self) -> WatchedLog:
        return WatchedLog(FakeSecurityLog(self.table), FakeRequestCounts(self.table), self.rung.append)

    def note(self, kind: str, times: int, at: datetime = START, subject: str = "t-1") -> int:
        """So many lines; how many findings there are then."""
        for _ in range(times):
            self.log.note(subject, kind, at, IP, username="u-1")
        return len(self.log.lines(FINDINGS))


@pytest.mark.clause("CLUB-4")
@pytest.mark.parametrize("kind", list(WATCHED))
def test_an_hour_is_unusual_with_the_line_that_reaches_the_number_and_not_before(kind: str) -> None:
    watched, found = Watched(), WATCHED[kind]

    assert watched.note(kind, UNUSUAL[found] - 1) == 0
    assert watched.rung == []
    assert watched.note(kind, 1) == 1
    assert watched.rung == [found.value]

    [finding] = watched.log.lines(FINDINGS)
    assert (finding.kind, finding.at, finding.source_ip) == (found.value, START, "")
    assert finding.details == {"about": "t-1", "hour": iso(START), "count": UNUSUAL[found]}
    assert len(watched.log.lines("t-1")) == UNUSUAL[found]


@pytest.mark.clause("CLUB-4")
def test_one_finding_an_hour_however_long_it_goes_on_and_another_in_the_next() -> None:
    watched = Watched()
    number = UNUSUAL[UnusualUse.EXPORTS]
    assert watched.note("export_begun", 5 * number) == 1
    assert watched.note("export_begun", number, START + HOUR - SECOND) == 1
    assert watched.note("export_begun", number - 1, START + HOUR) == 1
    assert watched.note("export_begun", 1, START + HOUR) == 2


def test_the_last_second_of_an_hour_and_the_first_of_the_next_are_not_one_hour() -> None:
    watched = Watched()
    half = UNUSUAL[UnusualUse.REFUSALS] // 2
    assert watched.note("role_refused", half, START + HOUR - SECOND) == 0
    assert watched.note("role_refused", half, START + HOUR) == 0
    assert watched.note("role_refused", half, START + 2 * HOUR - SECOND) == 1


def test_kinds_of_lines_that_mean_the_same_count_together_and_tenants_do_not() -> None:
    watched = Watched()
    half = UNUSUAL[UnusualUse.FAILED_SIGN_INS] // 2
    assert watched.note("sign_in_failed", half) == 0
    assert watched.note("sign_in_failed", half, subject="t-2") == 0
    watched.log = watched.another_worker()
    assert watched.note("sign_in_unknown_contact", half) == 1


def test_what_is_usual_is_noted_and_not_counted() -> None:
    watched = Watched()
    assert watched.note("signed_in", 100) == 0
    assert watched.table.counts == {}
