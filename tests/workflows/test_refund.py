"""A refund's way back: asked for at once, followed while the gateway has it, left to a person or done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.workflows.interpreter import Failure, Throttled, at, run

START = datetime(2026, 1, 1, tzinfo=UTC)
NAMED = {"tenant_id": "t_1", "refund_id": "r_1"}
GIVEN = NAMED | {"wake_at": at(START)}


def answer(minute: int, decided: bool = False) -> dict[str, Any]:
    return NAMED | {"decided": decided, "wake_at": at(START + timedelta(minutes=minute))}


DECIDED = answer(0, decided=True)


def test_a_refund_without_a_way_back_is_looked_at_once() -> None:
    way = run("refund", GIVEN, {"follow_refund": [DECIDED]}, start=START)

    assert way.status == "SUCCEEDED"
    assert way.states == ["WaitForGateway", "ReturnMoney", "IsItDecided", "Decided"]
    assert way.calls == [("follow_refund", NAMED | {"execution": "execution"})]


def test_what_the_gateway_took_is_followed_until_the_payer_has_it() -> None:
    script = [answer(15), answer(375), DECIDED]

    way = run("refund", GIVEN, {"follow_refund": script}, start=START)

    assert way.status == "SUCCEEDED"
    assert [wait for wait in way.waits if wait] == [timedelta(minutes=15), timedelta(hours=6)]
    assert way.calls == [("follow_refund", NAMED | {"execution": "execution"})] * 3


def test_a_race_with_another_refund_of_the_payment_is_tried_again() -> None:
    script = [Failure("ConcurrentChange"), Throttled(), DECIDED]

    way = run("refund", GIVEN, {"follow_refund": script}, start=START)

    assert (way.status, way.retries) == ("SUCCEEDED", 2)


def test_an_unforeseen_error_is_never_retried_where_money_moves() -> None:
    way = run("refund", GIVEN, {"follow_refund": [Failure("ValueError")]}, start=START)

    assert (way.status, way.error, way.retries) == ("FAILED", "CouldNotReturn", 0)
    assert len(way.calls) == 1


def test_an_answer_that_is_neither_yes_nor_no_fails() -> None:
    unclear = {**DECIDED, "decided": "perhaps"}

    way = run("refund", GIVEN, {"follow_refund": [unclear]}, start=START)

    assert (way.status, way.error) == ("FAILED", "UnknownAnswer")
