"""What concerns all customers of a product: waited for, done share by share, and waited for again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.workflows.interpreter import Failure, Throttled, at, run

START = datetime(2026, 1, 1, tzinfo=UTC)
LANE = {"kind": "lane", "product": "kalo", "id": "n_1-told", "number": 7}
SECONDS = timedelta(seconds=5)


def given(after: timedelta = SECONDS) -> dict[str, Any]:
    return LANE | {"wake_at": at(START + after)}


def answer(after: timedelta, decided: bool) -> dict[str, Any]:
    """What the task says: whether nothing is left to do, and when to go on if something is."""
    return LANE | {"decided": decided, "wake_at": at(START + after)}


def test_a_lane_is_gone_through_share_by_share() -> None:
    script = [answer(SECONDS, decided=False), answer(SECONDS, decided=False), answer(SECONDS, decided=True)]

    done = run("service", given(), {"carry_service": script}, start=START)

    assert (done.status, done.waits[0]) == ("SUCCEEDED", SECONDS)
    assert done.states[-1] == "Done"
    assert done.calls == [("carry_service", LANE | {"execution": "execution"})] * 3


def test_those_that_failed_are_waited_for() -> None:
    script = [answer(timedelta(minutes=1), decided=False), answer(timedelta(minutes=1), decided=True)]

    done = run("service", given(), {"carry_service": script}, start=START)

    assert (done.status, done.waits) == ("SUCCEEDED", [SECONDS, timedelta(minutes=1) - SECONDS])


@pytest.mark.parametrize("trouble", [Failure("ConcurrentChange"), Throttled()])
def test_what_passes_is_tried_again(trouble: Any) -> None:
    done = run("service", given(), {"carry_service": [trouble, answer(SECONDS, decided=True)]}, start=START)

    assert (done.status, done.retries) == ("SUCCEEDED", 1)


def test_an_unforeseen_error_is_not_retried() -> None:
    done = run("service", given(), {"carry_service": [Failure("ValueError")]}, start=START)

    assert (done.status, done.error, done.retries) == ("FAILED", "CouldNotCarry", 0)


def test_an_answer_that_is_neither_yes_nor_no_fails() -> None:
    unclear = {**answer(SECONDS, decided=True), "decided": "perhaps"}

    done = run("service", given(), {"carry_service": [unclear]}, start=START)

    assert (done.status, done.error) == ("FAILED", "UnknownAnswer")
