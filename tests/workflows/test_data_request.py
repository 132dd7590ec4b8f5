"""The watch over a request about somebody's data: it rings before that is late, and once it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.workflows.interpreter import Failure, Throttled, at, run

START = datetime(2026, 1, 1, tzinfo=UTC)
GIVEN = {"tenant_id": "t_1", "request_id": "d_1", "wake_at": at(START + timedelta(days=7))}


def answer(day: int, decided: bool) -> dict[str, Any]:
    """What the task says: whether the ticket needs no more watching, and until when to wait if it does."""
    return GIVEN | {"decided": decided, "wake_at": at(START + timedelta(days=day))}


def test_a_request_that_was_answered_is_looked_at_once() -> None:
    wait = run("data_request", GIVEN, {"watch_request": [answer(7, decided=True)]}, start=START)

    assert wait.status == "SUCCEEDED"
    assert wait.states == ["WaitForDeadline", "LookAtRequest", "IsItDone", "Done"]
    assert wait.waits == [timedelta(days=7)]
    assert wait.calls == [
        ("watch_request", {"tenant_id": "t_1", "request_id": "d_1", "execution": "execution"})
    ]


def test_it_is_waited_for_until_it_is_nearly_late_and_then_until_it_is_late() -> None:
    script = [answer(14, decided=False), answer(14, decided=True)]

    wait = run("data_request", GIVEN, {"watch_request": script}, start=START)

    assert (wait.status, wait.waits) == ("SUCCEEDED", [timedelta(days=7), timedelta(days=7)])


def test_a_race_with_an_answer_is_tried_again() -> None:
    script = [Failure("ConcurrentChange"), Throttled(), answer(7, decided=True)]

    wait = run("data_request", GIVEN, {"watch_request": script}, start=START)

    assert (wait.status, wait.retries) == ("SUCCEEDED", 2)


def test_an_unforeseen_error_is_not_retried() -> None:
    wait = run("data_request", GIVEN, {"watch_request": [Failure("ValueError")]}, start=START)

    assert (wait.status, wait.error, wait.retries) == ("FAILED", "CouldNotWatch", 0)


def test_an_answer_that_is_neither_yes_nor_no_fails() -> None:
    unclear = {**answer(7, decided=True), "decided": "perhaps"}

    wait = run("data_request", GIVEN, {"watch_request": [unclear]}, start=START)

    assert (wait.status, wait.error) == ("FAILED", "UnknownAnswer")
