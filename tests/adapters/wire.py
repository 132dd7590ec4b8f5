"""Standing between the adapters and DynamoDB: answering in its place, or acting just before it does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from mohlat.adapters import aws


def answer(body: dict[str, Any], status: int = 200) -> tuple[AWSResponse, dict[str, Any]]:
    """What DynamoDB says, as botocore hands it on."""
    response = AWSResponse("http://table.test", status, HTTPHeaders(), None)
    return response, {**body, "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": {}}}


def refusal(code: str, reasons: list[str] | None = None) -> tuple[AWSResponse, dict[str, Any]]:
    """What DynamoDB says when it refuses; a cancelled transaction names its reasons."""
    body: dict[str, Any] = {"Error": {"Code": code, "Message": code}}
    if reasons:
        body["CancellationReasons"] = [{"Code": reason} for reason in reasons]
    return answer(body, 400)


LOST_RACE = refusal("TransactionCanceledException", ["ConditionalCheckFailed", "None"])


@contextmanager
def answering(operation: str, *answers: Any) -> Iterator[list[dict[str, Any]]]:
    """Answers the first calls of an operation in DynamoDB's place; None lets a call through."""
    left, asked = list(answers), []

    def answer(params: dict[str, Any], **_: Any) -> Any:
        asked.append(json.loads(params["body"]))
        return left.pop(0) if left else None

    with _standing_before(operation, answer):
        yield asked


@contextmanager
def just_before(operation: str, act: Callable[[], object], call: int = 1) -> Iterator[None]:
    """Acts just before one call of an operation, the first unless said otherwise: what somebody else does
    in between.
    """
    calls = 0

    def meddle(**_: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == call:
            act()

    with _standing_before(operation, meddle):
        yield
    assert calls >= call


@contextmanager
def _standing_before(operation: str, handler: Callable[..., Any]) -> Iterator[None]:
    events = aws.client("dynamodb").meta.events
    events.register(f"before-call.dynamodb.{operation}", handler)
    try:
        yield
    finally:
        events.unregister(f"before-call.dynamodb.{operation}", handler)
