"""Requests about one's own data: their deadlines to the second, and every step that they can take."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mohlat.calendar.jalali import JALALI
from mohlat.domain.agreement import Basis, DataRequestRule
from mohlat.domain.data_requests import (
    DataRequest,
    Due,
    RefusalGround,
    RequestStatus,
    Right,
    extend,
    fulfil,
    keep_for_hold,
    receive,
    refuse,
    resume_clock,
    ring,
    stop_clock,
    take_up,
)
from mohlat.domain.durations import Duration
from mohlat.domain.errors import Conflict, InvalidInput, TooLate

# In Tehran 11:30 on 30 Shahrivar 1405, the last month that has 31 days: three months on is 30 Azar.
RECEIVED = datetime(2026, 9, 21, 8, 0, 0, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
RULE = DataRequestRule(Duration(days=30), Duration(months=3), Duration(days=7), Basis("T-DATA"))


def received(right: Right = Right.ACCESS, **changes: Any) -> DataRequest:
    """A request received at `RECEIVED`."""
    return receive("d_1", "t_1", "trial", right, RULE, JALALI, RECEIVED, by="user:u_1", **changes)


def extended(request: DataRequest, now: datetime) -> DataRequest:
    return extend(request, RULE, JALALI, now)


def resumed(request: DataRequest, now: datetime) -> DataRequest:
    return resume_clock(request, RULE, JALALI, now)


@pytest.mark.clause("KALLU-9")
def test_a_request_is_answered_within_thirty_days_and_called_out_a_week_before() -> None:
    request = received()
    assert (request.received_at, request.counted_from) == (RECEIVED, RECEIVED)
    assert request.due_at == RECEIVED + 30 * DAY
    assert request.warn_at == RECEIVED + 23 * DAY
    assert (request.status, request.open, request.version) == (RequestStatus.OPEN, True, 1)
    assert (request.clause, request.matter) == ("T-DATA", "request:d_1")


@pytest.mark.clause("KALLU-9")
def test_it_is_extended_until_the_last_second_and_to_three_calendar_months_in_all() -> None:
    request = received()
    longer = extended(request, request.due_at - SECOND)
    assert longer.due_at == datetime(2026, 12, 21, 8, 0, 0, tzinfo=UTC)
    assert (longer.extended_at, longer.version) == (request.due_at - SECOND, 2)
    for late in (request.due_at, request.due_at + SECOND):
        with pytest.raises(TooLate) as refused:
            extended(request, late)
        assert refused.value.details == {"ended_at": "2026-10-21T08:00:00Z", "clause": "T-DATA"}


@pytest.mark.clause("KALLU-9")
def test_it_is_extended_once() -> None:
    longer = extended(received(), RECEIVED + DAY)
    with pytest.raises(Conflict):
        extended(longer, RECEIVED + 2 * DAY)


def test_before_the_new_date_the_operators_are_called_again() -> None:
    request = received()
    rung = ring(request, request.warn_at)
    assert rung
    longer = extended(rung[1], request.warn_at + DAY)
    assert longer.escalated_at is None
    assert longer.wakes_at == longer.due_at - 7 * DAY


@pytest.mark.parametrize("stood", [SECOND, 3 * DAY, 40 * DAY])
def test_a_doubt_about_who_asks_moves_the_deadline_by_exactly_the_time_it_stood(stood: timedelta) -> None:
    stopped = stop_clock(received(), RECEIVED + DAY)
    assert (stopped.status, stopped.open, stopped.wakes_at) == (RequestStatus.IDENTITY_ASKED, True, None)
    going = resumed(stopped, RECEIVED + DAY + stood)
    assert (going.status, going.stopped_at) == (RequestStatus.OPEN, None)
    assert going.due_at == RECEIVED + 30 * DAY + stood
    assert extended(going, going.due_at - SECOND).due_at == datetime(2026, 12, 21, 8, tzinfo=UTC) + stood


def test_every_pause_counts_and_they_add_up() -> None:
    request = received()
    for day in (1, 10):
        request = resumed(stop_clock(request, RECEIVED + day * DAY), RECEIVED + (day + 2) * DAY)
    assert request.due_at == RECEIVED + 34 * DAY
    assert request.version == 5


def test_a_clock_that_ran_out_cannot_be_stopped() -> None:
    request = received()
    assert stop_clock(request, request.due_at - SECOND).stopped_at == request.due_at - SECOND
    with pytest.raises(TooLate):
        stop_clock(request, request.due_at)


def test_after_a_pause_the_operators_are_called_again() -> None:
    request = received()
    rung = ring(request, request.warn_at)
    assert rung
    going = resumed(stop_clock(rung[1], request.warn_at + DAY), request.warn_at + 3 * DAY)
    assert going.wakes_at == request.warn_at + 2 * DAY


def test_its_clock_calls_the_operators_and_then_says_that_it_is_late_each_once() -> None:
    request = received()
    assert ring(request, request.warn_at - SECOND) is None
    rung = ring(request, request.warn_at)
    assert rung
    due, request = rung
    assert (due, request.escalated_at, request.wakes_at) == (Due.ESCALATE, request.warn_at, request.due_at)
    assert ring(request, request.due_at - SECOND) is None
    rung = ring(request, request.due_at)
    assert rung
    due, request = rung
    assert (due, request.late_at, request.wakes_at) == (Due.LATE, request.due_at, None)
    assert ring(request, request.due_at + DAY) is None


def test_after_an_outage_nothing_is_skipped() -> None:
    late = RECEIVED + 50 * DAY
    first = ring(received(), late)
    assert first
    second = ring(first[1], late)
    assert second
    assert (first[0], second[0]) == (Due.ESCALATE, Due.LATE)


def test_a_short_rule_calls_out_at_once_and_never_before_the_receipt() -> None:
    short = DataRequestRule(Duration(days=2), Duration(days=3), Duration(days=7), Basis("T-DATA"))
    request = receive("d_1", "t_1", "trial", Right.PORT, short, JALALI, RECEIVED, by="user:u_1")
    assert request.warn_at == RECEIVED


def test_it_is_granted_once_and_late_is_better_than_never() -> None:
    request = received(Right.PORT)
    granted = fulfil(request, "x_1", request.due_at + DAY)
    assert (granted.status, granted.export_id, granted.open) == (RequestStatus.FULFILLED, "x_1", False)
    assert (granted.answered_at, granted.wakes_at) == (request.due_at + DAY, None)
    for again in (
        lambda: fulfil(granted, None, RECEIVED),
        lambda: refuse(granted, RefusalGround.LAW, RECEIVED),
        lambda: extended(granted, RECEIVED),
        lambda: stop_clock(granted, RECEIVED),
        lambda: resumed(granted, RECEIVED),
        lambda: keep_for_hold(granted),
        lambda: take_up(granted, RULE, JALALI, RECEIVED),
    ):
        with pytest.raises(Conflict) as refused:
            again()
        assert refused.value.details == {"status": "fulfilled"}


@pytest.mark.parametrize("right", [Right.CORRECT, Right.AMEND, Right.DELETE])
def test_an_export_answers_only_who_asked_for_data(right: Right) -> None:
    with pytest.raises(InvalidInput):
        fulfil(received(right), "x_1", RECEIVED)
    assert fulfil(received(right), None, RECEIVED).export_id is None
    assert fulfil(received(), "x_1", RECEIVED).export_id == "x_1"


@pytest.mark.parametrize("ground", list(RefusalGround))
def test_it_is_refused_on_a_ground_also_while_it_is_in_doubt_who_asks(ground: RefusalGround) -> None:
    for request in (received(), stop_clock(received(), RECEIVED + DAY)):
        refused = refuse(request, ground, RECEIVED + 2 * DAY)
        assert (refused.status, refused.ground, refused.open) == (RequestStatus.REFUSED, ground, False)
        assert refused.stopped_at is None


def test_a_deletion_under_a_hold_waits_and_begins_anew_once_that_is_released() -> None:
    request = extended(resumed(stop_clock(received(Right.DELETE), RECEIVED), RECEIVED + DAY), RECEIVED + DAY)
    kept = keep_for_hold(request)
    assert (kept.status, kept.open, kept.wakes_at) == (RequestStatus.HELD, True, None)
    released = RECEIVED + 200 * DAY
    anew = take_up(kept, RULE, JALALI, released)
    assert (anew.status, anew.received_at, anew.due_at) == (
        RequestStatus.OPEN,
        RECEIVED,
        released + 30 * DAY,
    )
    assert (anew.extended_at, anew.stood_seconds) == (None, 0)
    assert extended(anew, anew.due_at - SECOND).extended_at


def test_one_that_comes_while_a_hold_is_there_waits_from_the_first() -> None:
    request = received(Right.DELETE, held=True)
    assert (request.status, request.version) == (RequestStatus.HELD, 1)
