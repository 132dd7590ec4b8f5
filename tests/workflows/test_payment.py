"""A payment's watch: callbacks that come or do not, and answers that stay out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.workflows.interpreter import Failure, Throttled, at, run

START = datetime(2026, 1, 1, tzinfo=UTC)


def minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


def answer(minute: int, decided: bool = False) -> dict[str, Any]:
    return {"payment_id": "p_1", "decided": decided, "wake_at": at(START + minutes(minute))}


GIVEN = {"payment_id": "p_1", "wake_at": at(START + minutes(2))}
DECIDED = answer(0, decided=True)


def test_a_payment_that_the_callback_decided_is_looked_at_once() -> None:
    watch = run("payment", GIVEN, {"settle_payment": [DECIDED]}, start=START)

    assert watch.status == "SUCCEEDED"
    assert watch.states == ["WaitForCallback", "AskGateway", "IsItDecided", "Decided"]
    assert watch.calls == [("settle_payment", {"payment_id": "p_1", "execution": "execution"})]


def test_silence_is_asked_about_at_growing_intervals() -> None:
    script = [answer(7), answer(17), answer(37), answer(97), DECIDED]

    watch = run("payment", GIVEN, {"settle_payment": script}, start=START)

    assert watch.waits == [minutes(2), minutes(5), minutes(10), minutes(20), minutes(60)]
    assert watch.status == "SUCCEEDED"


def test_a_race_with_the_callback_is_tried_again() -> None:
    script = [Failure("ConcurrentChange"), Throttled(), DECIDED]

    watch = run("payment", GIVEN, {"settle_payment": script}, start=START)

    assert (watch.status, watch.retries) == ("SUCCEEDED", 2)


def test_an_unforeseen_error_is_never_retried_where_money_moves() -> None:
    watch = run("payment", GIVEN, {"settle_payment": [Failure("ValueError")]}, start=START)

    assert (watch.status, watch.error, watch.retries) == ("FAILED", "CouldNotSettle", 0)
    assert len(watch.calls) == 1


def test_an_answer_that_is_neither_yes_nor_no_fails() -> None:
    unclear = {**DECIDED, "decided": "perhaps"}

    watch = run("payment", GIVEN, {"settle_payment": [unclear]}, start=START)

    assert (watch.status, watch.error) == ("FAILED", "UnknownAnswer")
