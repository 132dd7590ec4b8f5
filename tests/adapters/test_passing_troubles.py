"""What a state machine may try again: a passing trouble, under one name, whichever library told of it."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from pynamodb.exceptions import TransactWriteError

from mohlat.adapters import aws
from mohlat.domain.errors import ServiceUnavailable
from mohlat.entrypoint import task


def told(code: str, status: int = 400, *reasons: str) -> ClientError:
    """An error as AWS answers it."""
    answer: Any = {
        "Error": {"Code": code, "Message": "the table's own words"},
        "ResponseMetadata": {"HTTPStatusCode": status},
        "CancellationReasons": [{"Code": reason} for reason in reasons],
    }
    return ClientError(answer, "Operation")


def in_a_transaction(*reasons: str) -> TransactWriteError:
    return TransactWriteError("no", cause=told("TransactionCanceledException", 400, *reasons))


PASSING = {
    "throttled": told("ThrottlingException"),
    "too many": told("TooManyRequestsException"),
    "their own failure": told("InternalServerError", 500),
    "throttled in a transaction": in_a_transaction("None", "ThrottlingError"),
    "throttled beside a race": in_a_transaction("TransactionConflict", "ProvisionedThroughputExceeded"),
    "nobody there": EndpointConnectionError(endpoint_url="https://table.test"),
    "no connection in time": ConnectTimeoutError(endpoint_url="https://table.test"),
    "no answer in time": ReadTimeoutError(endpoint_url="https://table.test"),
}
LASTING = {
    "no permission": told("AccessDeniedException"),
    "a wrong request": told("ValidationException"),
    "a refused condition beside a throttle": in_a_transaction("ConditionalCheckFailed", "ThrottlingError"),
    "a wrong row in a transaction": in_a_transaction("ValidationError"),
    "our own mistake": KeyError("tenant_id"),
}


def run(error: Exception) -> None:
    def act(event: dict[str, Any], context: Any) -> None:
        raise error

    task(act)({}, None)


@pytest.mark.parametrize("error", PASSING.values(), ids=PASSING.keys())
def test_a_passing_trouble_leaves_a_task_under_the_name_that_is_retried(error: Exception) -> None:
    with pytest.raises(ServiceUnavailable) as left:
        run(error)
    assert left.value.__cause__ is error
    # What ends up in an execution's history names the class, not what the service said.
    assert "own words" not in str(left.value)


@pytest.mark.parametrize("error", LASTING.values(), ids=LASTING.keys())
def test_anything_else_leaves_as_it_is_and_calls_somebody(error: Exception) -> None:
    with pytest.raises(type(error)) as left:
        run(error)
    assert left.value is error


def test_a_mail_that_was_not_answered_is_not_sent_again_by_the_client(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    aws._create.cache_clear()
    tries = {
        name: aws.client(name).meta.config.retries["total_max_attempts"] for name in ("sesv2", "dynamodb")
    }
    aws._create.cache_clear()
    assert tries == {"sesv2": 1, "dynamodb": 4}
