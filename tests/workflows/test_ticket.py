"""A ticket's wait: it rings at its deadline, and rests once somebody has closed it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.workflows.interpreter import Failure, Throttled, at, run

START = datetime(2026, 1, 1, tzinfo=UTC)
GIVEN = {"tenant_id": "t_1", "ticket_id": "k_1", "watch": 3, "wake_at": at(START + timedelta(days=7))}


def answer(day: int, decided: bool) -> dict[str, Any]:
    """What the task says: whether the ticket needs no more watching, and until when to wait if it does."""
    return GIVEN | {"decided": decided, "wake_at": at(START + timedelta(days=day))}


def test_a_ticket_is_looked_at_when_it_is_due() -> None:
    wait = run("ticket", GIVEN, {"escalate_ticket": [answer(7, decided=True)]}, start=START)

    assert wait.status == "SUCCEEDED"
    assert wait.states == ["WaitForDeadline", "Escalate", "IsItDone", "Done"]
    assert wait.waits == [timedelta(days=7)]
    called = {"tenant_id": "t_1", "ticket_id": "k_1", "watch": 3, "execution": "execution"}
    assert wait.calls == [("escalate_ticket", called)]


def test_a_ticket_whose_deadline_moved_is_waited_for_again() -> None:
    script = [answer(9, decided=False), answer(9, decided=True)]

    wait = run("ticket", GIVEN, {"escalate_ticket": script}, start=START)

    assert (wait.status, wait.waits) == ("SUCCEEDED", [timedelta(days=7), timedelta(days=2)])


def test_a_race_with_a_closing_is_tried_again() -> None:
    script = [Failure("ConcurrentChange"), Throttled(), answer(7, decided=True)]

    wait = run("ticket", GIVEN, {"escalate_ticket": script}, start=START)

    assert (wait.status, wait.retries) == ("SUCCEEDED", 2)


def test_an_unforeseen_error_is_not_retried() -> None:
    wait = run("ticket", GIVEN, {"escalate_ticket": [Failure("ValueError")]}, start=START)

    assert (wait.status, wait.error, wait.retries) == ("FAILED", "CouldNotEscalate", 0)


def test_an_answer_that_is_neither_yes_nor_no_fails() -> None:
    unclear = {**answer(7, decided=True), "decided": "perhaps"}

    wait = run("ticket", GIVEN, {"escalate_ticket": [unclear]}, start=START)

    assert (wait.status, wait.error) == ("FAILED", "UnknownAnswer")
