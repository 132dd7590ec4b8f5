"""A deployment in this process, on moto, whose every call to AWS is seen: counted, kept, or answered again.

It is the one that the handlers' tests run on. Ids and the clock are theirs, gateways and messages stand-ins.
"""

from __future__ import annotations

import base64
import contextlib
import copy
import inspect
import io
import json
import threading
from bisect import bisect_left, bisect_right
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from operator import attrgetter
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import boto3
import moto.dynamodb.models
import pytest
from botocore.awsrequest import AWSResponse
from moto.core.botocore_stubber import BotocoreStubber, MockRawResponse
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table
from moto.dynamodb.models.utilities import dynamo_json_dump

from sandbox.meter import Bill, Meter, subject_of
from tests.handlers import conftest
from tests.handlers.conftest import REGION, World

ACCOUNT = "123456789012"
_ANSWER = BotocoreStubber.__call__
# By what a request's target begins with.
SERVICES = {
    "DynamoDB_20120810": "dynamodb",
    "AmazonSQS": "sqs",
    "AWSStepFunctions": "stepfunctions",
    "TrentService": "kms",
    "AWSCognitoIdentityProviderService": "cognito-idp",
}


@dataclass(frozen=True)
class Asked:
    """One request to a service (as botocore names it) as it went out, and its answer."""

    service: str
    operation: str
    body: str
    status: int
    headers: Any
    answer: bytes


@dataclass
class Watch:
    """What is seen of the calls to AWS.

    Attributes:
        meter: counts units while `counting`.
        kept: requests and answers while `keeping`: DynamoDB's, and all others with `all_services`.
        again: answers to give instead of asking moto, in order, to the same requests.
        others: the calls that went to other services, by their target: "AmazonSQS.SendMessage".
        canned: answers to targets of other services that moto need not work out.
        function: the function that calls, for the meter.
    """

    meter: Meter = field(default_factory=lambda: Meter(_ask))
    counting: bool = False
    keeping: bool = False
    all_services: bool = False
    kept: list[Asked] = field(default_factory=list)
    again: Iterator[Asked] | None = None
    others: Counter[str] = field(default_factory=Counter)
    canned: dict[str, bytes] = field(default_factory=dict)
    function: str = ""

    def answer(self, stub: BotocoreStubber, event_name: str, request: Any) -> AWSResponse | None:
        """Takes moto's place between botocore and moto."""
        target = request.headers.get("X-Amz-Target", "")
        target = target.decode() if isinstance(target, bytes) else target
        if getattr(_aside, "now", False) or not stub.enabled:
            return _ANSWER(stub, event_name, request)
        service = SERVICES.get(target.partition(".")[0], "")
        if service != "dynamodb":
            self.others[target] += 1
        if self.again is not None and (self.all_services or service == "dynamodb"):
            known = next(self.again)
            return AWSResponse(request.url, known.status, known.headers, MockRawResponse(known.answer))
        if target in self.canned:
            return AWSResponse(request.url, 200, {}, MockRawResponse(self.canned[target]))
        if service != "dynamodb" and not (self.keeping and self.all_services):
            return _ANSWER(stub, event_name, request)
        if not (self.counting or self.keeping):
            return _ANSWER(stub, event_name, request)
        operation, body = target.partition(".")[2], request.body.decode()
        given: list[AWSResponse] = []

        def send() -> tuple[int, dict[str, Any]]:
            answer = _ANSWER(stub, event_name, request)
            assert answer is not None
            given.append(answer)
            return answer.status_code, json.loads(answer.content)

        if self.counting:
            asked = json.loads(body)
            bill: Bill = self.meter.measure(operation, asked, send)
            self.meter.note("dynamodb", operation, self.function, bill, subject_of(operation, asked))
        else:
            send()
        if self.keeping:
            [answer] = given
            headers = answer.headers
            self.kept.append(Asked(service, operation, body, answer.status_code, headers, answer.content))
        return given[0]


_aside = threading.local()


@contextmanager
def deployment() -> Iterator[tuple[World, Watch]]:
    """An empty deployment, and what watches its calls."""
    patching, watch = pytest.MonkeyPatch(), Watch()
    making = inspect.unwrap(conftest.world)(patching)
    world = next(making)
    try:
        with patch.object(
            BotocoreStubber,
            "__call__",
            lambda stub, event_name, request, **_: watch.answer(stub, event_name, request),
        ):
            yield world, watch
    finally:
        making.close()
        patching.undo()


@contextmanager
def without_rollback() -> Iterator[None]:
    """Spares moto its copy of the whole table before each transaction; one that is refused ends the bench."""

    def kept(value: Any) -> Any:
        return value if isinstance(value, Table) else copy.deepcopy(value)

    def refuse(*_: Any) -> None:
        raise AssertionError("a transaction was refused, and moto cannot take it back here")

    with (
        patch.object(moto.dynamodb.models, "copy", SimpleNamespace(deepcopy=kept)),
        patch.object(moto.dynamodb.models, "TransactionCanceledException", refuse),
    ):
        yield


_value = attrgetter("value")


@contextmanager
def by_pages() -> Iterator[None]:
    """Spares moto the walk through its whole table for each page of a query forward by the table's key.

    It is shown only what comes after the page before and lies in the range asked for, and more of it if that
    was not enough. Nor does it keep
    every copy that it makes of an item, as it does for its dashboard.
    """
    whole = Table.query
    signature = inspect.signature(whole)

    def query(table: Table, *given: Any, **named: Any) -> Any:
        asked = signature.bind(table, *given, **named)
        asked.apply_defaults()
        about = asked.arguments
        if about["index_name"] or about["scan_index_forward"] is False or not table.range_key_attr:
            return whole(*asked.args, **asked.kwargs)
        part = table.items.get(about["hash_key"], {})
        keys = sorted(part, key=_value)
        within = [bound.value for bound in about["range_objs"] or ()]
        if about["range_comparison"] == "BETWEEN":
            keys = keys[: bisect_right(keys, within[1], key=_value)]
        if about["range_comparison"] in ("BETWEEN", "BEGINS_WITH", "GE", "GT", "EQ"):
            keys = keys[bisect_left(keys, within[0], key=_value) :]
        if after := about["exclusive_start_key"]:
            keys = keys[bisect_right(keys, DynamoType(after[table.range_key_attr]).value, key=_value) :]
        shown = 2 * (about["limit"] or 1_000)
        while True:
            items = [part[key] for key in keys[:shown]]
            with patch.object(table, "all_items", items.copy):
                found = whole(*asked.args, **asked.kwargs)
            if found[2] or shown >= len(keys):
                return found
            shown *= 4

    with patch.object(Table, "query", query), patch.object(Item, "instances_tracked", deque(maxlen=0)):
        yield


@contextmanager
def quietly() -> Iterator[None]:
    """Without the metrics that handlers print."""
    with contextlib.redirect_stdout(io.StringIO()):
        yield


def parameters(body: str) -> dict[str, Any]:
    """What a client was called with, from the request that it made of it."""
    found: dict[str, Any] = _bytes(json.loads(body))
    # Another request is another transaction: botocore gives it a token of its own.
    found.pop("ClientRequestToken", None)
    return found


def _bytes(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: base64.b64decode(inner) if name == "B" and isinstance(inner, str) else _bytes(inner)
            for name, inner in value.items()
        }
    return [_bytes(each) for each in value] if isinstance(value, list) else value


def _text(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {name: _text(inner) for name, inner in value.items()}
    return [_text(each) for each in value] if isinstance(value, list) else value


def _ask(operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """Asks moto's DynamoDB past the meter; for single items, most of what it asks, past HTTP as well."""
    if operation == "GetItem":
        table = dynamodb_backends[ACCOUNT][REGION].get_table(request["TableName"])
        names = (table.hash_key_attr, table.range_key_attr)
        item = table.get_item(*(DynamoType(request["Key"][name]) for name in names if name))
        # As the answer would have it, and untouched by what happens to the item afterwards.
        return {"Item": json.loads(dynamo_json_dump(item.to_json()["Attributes"]))} if item else {}
    _aside.now = True
    try:
        client = _plain()
        answer: dict[str, Any] = _text(client._make_api_call(operation, _bytes(request)))
        return answer
    finally:
        _aside.now = False


def _plain() -> Any:
    if not hasattr(_aside, "client"):
        _aside.client = boto3.client("dynamodb", region_name=REGION)
    return _aside.client
