"""A key claimed, answered, given back and let go of: as Powertools' idempotency utility does it.

The rows of the last release are still there when this one is deployed, and a client may repeat across both.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import Any

import pytest
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyValidationError,
)

from mohlat.adapters import aws
from mohlat.domain.errors import Conflict, InvalidInput
from mohlat.entrypoint import Request, Response
from mohlat.idempotency import once
from tests.handlers.conftest import Context, World, load_event

TABLE = "answers"
ANSWER = Response(201, {"order_id": "o_1", "names": ["یک"]}, {"Location": "/orders/o_1"})


class Ending(Context):
    """An invocation that had no time left when it claimed its key."""

    def get_remaining_time_in_millis(self) -> int:
        return -1


class Acts:
    """An act that counts how often it was done; `fails` makes it raise."""

    def __init__(self, *, fails: bool = False) -> None:
        self.done = 0
        self._fails = fails

    def __call__(self) -> Response:
        self.done += 1
        if self._fails:
            raise Conflict("no")
        return ANSWER


def request(body: str = '{"plan": "starter"}', context: Any = None) -> Request:
    event = load_event("place_order/place")
    event["body"] = body
    return Request(event, context or Context())


def as_powertools_does(asked: Request, act: Acts) -> Response:
    """The same by the utility, configured as the last release had it."""
    import hashlib
    import hmac

    def run(*, call: dict[str, str]) -> dict[str, object]:
        plain: dict[str, object] = json.loads(json.dumps(asdict(act()), default=dict))
        return plain

    remembered = idempotent_function(
        run,
        data_keyword_argument="call",
        persistence_store=DynamoDBPersistenceLayer(TABLE, boto3_client=aws.client("dynamodb")),
        config=IdempotencyConfig(
            event_key_jmespath="key",
            payload_validation_jmespath="body",
            expires_after_seconds=24 * 3600,
            hash_function="sha256",
            lambda_context=asked.context,
        ),
        key_prefix="api",
    )
    key = asked.header("Idempotency-Key")
    body = hmac.new(key.encode(), asked.raw_body, hashlib.sha256).hexdigest()
    call = {"key": f"{asked.method} {asked.address} {asked.caller.username} {key}", "body": body}
    try:
        return Response(**remembered(call=call))
    except IdempotencyValidationError:
        raise InvalidInput("Idempotency-Key", "was used with another body") from None
    except IdempotencyAlreadyInProgressError:
        raise Conflict("the first request with this key is still being answered") from None


WAYS = {"ours": once, "powertools": as_powertools_does}
PAIRS = [(first, again) for first in WAYS for again in WAYS]


def rows() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = aws.client("dynamodb").scan(TableName=TABLE)["Items"]
    return found


@pytest.fixture(params=PAIRS, ids="-then-".join)
def ways(request: pytest.FixtureRequest, world: World) -> tuple[Any, Any]:
    """The first request's way and the repetition's: each release may meet the other's rows."""
    first, again = request.param
    return WAYS[first], WAYS[again]


def test_an_answer_is_given_again_and_the_act_done_once(ways: tuple[Any, Any]) -> None:
    act = Acts()
    first, again = (way(request(), act) for way in ways)
    assert first == again == ANSWER
    assert act.done == 1


def test_another_body_is_refused(ways: tuple[Any, Any]) -> None:
    act = Acts()
    ways[0](request(), act)
    with pytest.raises(InvalidInput):
        ways[1](request('{"plan": "gold"}'), act)
    assert act.done == 1


def test_while_the_first_is_being_answered_a_second_conflicts(ways: tuple[Any, Any]) -> None:
    refused = []

    def act() -> Response:
        with pytest.raises(Conflict):
            ways[1](request(), Acts())
        refused.append(True)
        return ANSWER

    ways[0](request(), act)
    assert refused


def test_a_failure_gives_the_key_back(ways: tuple[Any, Any]) -> None:
    failing, act = Acts(fails=True), Acts()
    with pytest.raises(Conflict, match="no"):
        ways[0](request(), failing)
    assert rows() == []
    assert ways[1](request(), act) == ANSWER
    assert act.done == 1


def test_the_claim_of_an_invocation_that_was_cut_off_ends_with_its_time(ways: tuple[Any, Any]) -> None:
    act = Acts()

    def cut_off() -> Response:
        # Nothing below us catches it, as nothing runs any more in a function that Lambda ended.
        raise SystemExit

    with pytest.raises(SystemExit):
        ways[0](request(context=Ending()), cut_off)
    assert [row["status"]["S"] for row in rows()] == ["INPROGRESS"]
    assert ways[1](request(), act) == ANSWER


def test_an_answer_is_forgotten_after_a_day(ways: tuple[Any, Any]) -> None:
    act = Acts()
    ways[0](request(), act)
    [row] = rows()
    assert int(row["expiration"]["N"]) == pytest.approx(time.time() + 24 * 3600, abs=60)
    row["expiration"] = {"N": str(int(time.time()) - 1)}
    aws.client("dynamodb").put_item(TableName=TABLE, Item=row)
    ways[1](request(), act)
    assert act.done == 2


def test_both_leave_the_same_row(world: World) -> None:
    left = []
    for way in WAYS.values():
        way(request(), Acts())
        [row] = rows()
        aws.client("dynamodb").delete_item(TableName=TABLE, Key={"id": row["id"]})
        timeless = {name: value for name, value in row.items() if "expiration" not in name}
        left.append(timeless | {"data": json.loads(row["data"]["S"])})
    assert left[0] == left[1]


def test_another_caller_or_path_has_another_key(world: World) -> None:
    act = Acts()
    once(request(), act)
    other = load_event("place_order/place")
    other["requestContext"]["path"] = "/v1/elsewhere"
    once(Request(other, Context()), act)
    other = load_event("place_order/place")
    other["requestContext"]["authorizer"]["claims"]["cognito:username"] = "u_00000000000000000000000055"
    once(Request(other, Context()), act)
    assert act.done == 3
