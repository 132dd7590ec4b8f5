"""What a state machine may try again: a passing trouble, under one name, whichever library told of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from pynamodb.exceptions import TransactWriteError

from mohlat.adapters import aws
from mohlat.adapters.http import HttpClient
from mohlat.domain.errors import ServiceUnavailable
from mohlat.entrypoint import Request, Response, api, route, task
from tests.template import cloudformation


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


def test_a_person_is_asked_to_try_again_after_a_passing_trouble_only() -> None:
    def answer(error: Exception) -> tuple[int, str | None]:
        def act(request: Request) -> Response:
            raise error

        handler = api(route("GET", "/somewhere", act))
        answered = handler({"httpMethod": "GET", "resource": "/somewhere"}, None)
        assert "own words" not in answered["body"]
        return answered["statusCode"], answered["headers"].get("Retry-After")

    assert {answer(error) for error in PASSING.values()} == {(503, "3")}
    assert {answer(error) for error in LASTING.values()} == {(500, None)}


@pytest.mark.parametrize("error", LASTING.values(), ids=LASTING.keys())
def test_anything_else_leaves_as_it_is_and_calls_somebody(error: Exception) -> None:
    with pytest.raises(type(error)) as left:
        run(error)
    assert left.value is error


@pytest.fixture
def settings_of(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    """The settings of the client that a function gets for a service."""
    for name, value in {
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
    }.items():
        monkeypatch.setenv(name, value)
    aws._create.cache_clear()
    yield lambda name: aws.client(name).meta.config
    aws._create.cache_clear()


def test_a_mail_that_was_not_answered_is_not_sent_again_by_the_client(
    settings_of: Callable[[str], Any],
) -> None:
    assert settings_of("sesv2").retries["total_max_attempts"] == 1
    assert settings_of("dynamodb").retries["total_max_attempts"] == 4


def test_no_sending_is_cut_off_because_the_messages_before_it_went_unanswered(
    settings_of: Callable[[str], Any],
) -> None:
    """A sending that is cut off in the middle is never repeated, so the function's time must not run out."""
    (event,) = cloudformation.functions()["send_notices"]["Properties"]["Events"].values()
    mail, sms = settings_of("sesv2"), HttpClient()._pool.connection_pool_kw["timeout"]
    longest = mail.connect_timeout + mail.read_timeout + sms.connect_timeout + sms.read_timeout
    assert event["Properties"]["BatchSize"] * longest < cloudformation.timeout("send_notices")
