"""A meter between the Lambdas and the local AWS: passes every call on, and notes what DynamoDB would charge.

The local AWS reports capacity that is not AWS's (constants for reads, other sums for transactions), so units
are counted from the items themselves: before and after each write the meter reads the item from the local
AWS directly, which nobody is charged for. Only `make bench` puts it there; `make run` knows nothing of it.
"""

from __future__ import annotations

import http.client
import json
import re
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sandbox.capacity import (
    TRANSACTIONAL,
    Index,
    Item,
    index_units,
    item_size,
    query_units,
    read_units,
    write_units,
)

# What botocore calls the services that the functions use, as in AWS_ENDPOINT_URL_<service>.
SERVICES = ("DYNAMODB", "KMS", "SQS", "SFN", "SSM", "SESV2", "COGNITO_IDENTITY_PROVIDER")
# Refused after the items were looked at: charged for. Anything else that fails is not.
_CHARGED = ("ConditionalCheckFailed", "TransactionCanceled")
_ITEM_WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem"})

Ask = Callable[[str, dict[str, Any]], dict[str, Any]]
"""Asks the local DynamoDB something, past the meter."""


@dataclass(frozen=True)
class Bill:
    """What one request costs in units: reads, writes of the tables, writes of their indexes."""

    read: float = 0
    write: int = 0
    index: int = 0


@dataclass(frozen=True)
class Call:
    """One call to AWS.

    Attributes:
        at: seconds on the monotonic clock, when it was answered.
        service: as in the request's signature: "dynamodb", "kms", "sqs", ...
        operation: "GetItem", or for services without named operations the method and path.
        function: name of the Lambda that made it; empty if it did not say.
        subject: for DynamoDB the first key or the index that is asked; else empty.
        bill: its units; nothing for other services than DynamoDB.
    """

    at: float
    service: str
    operation: str
    function: str
    subject: str
    bill: Bill


@dataclass(frozen=True)
class _Write:
    table: str
    key: Item
    factor: int = 1


class Meter:
    """Counts the units of DynamoDB requests. `ask` reaches the tables without being counted."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._tables: dict[str, tuple[tuple[str, ...], tuple[Index, ...]]] = {}
        # Between the look before a write and the look after it nobody else may write.
        self._writing = threading.Lock()
        self.calls: list[Call] = []

    def measure(
        self, operation: str, request: dict[str, Any], send: Callable[[], tuple[int, dict[str, Any]]]
    ) -> Bill:
        """Has the request sent and says what it cost."""
        writes = list(self._writes(operation, request))
        if not writes:
            status, _ = send()
            return Bill(read=self._reads(operation, request)) if status == http.client.OK else Bill()
        with self._writing:
            before = [self._item(write) for write in writes]
            status, answer = send()
            if status != http.client.OK and not any(kind in str(answer.get("__type")) for kind in _CHARGED):
                return Bill()
            table_units = index = 0
            for write, old in zip(writes, before, strict=True):
                new = self._item(write)
                table_units += write.factor * write_units(old, new)
                # An index follows after the transaction, by plain writes.
                index += sum(index_units(old, new, each) for each in self._schema(write.table)[1])
        return Bill(write=table_units, index=index)

    def note(self, service: str, operation: str, function: str, bill: Bill, subject: str = "") -> None:
        """Remembers a call."""
        self.calls.append(Call(time.monotonic(), service, operation, function, subject, bill))

    def _writes(self, operation: str, request: dict[str, Any]) -> Iterator[_Write]:
        if operation in _ITEM_WRITES:
            yield self._write(request["TableName"], request.get("Item") or request["Key"])
        elif operation == "BatchWriteItem":
            for table, changes in request["RequestItems"].items():
                for change in changes:
                    put, delete = change.get("PutRequest"), change.get("DeleteRequest")
                    yield self._write(table, put["Item"] if put else delete["Key"])
        elif operation == "TransactWriteItems":
            for action in request["TransactItems"]:
                (details,) = action.values()
                item = details.get("Item") or details["Key"]
                yield self._write(details["TableName"], item, TRANSACTIONAL)

    def _write(self, table: str, item: Item, factor: int = 1) -> _Write:
        keys, _ = self._schema(table)
        return _Write(table, {name: item[name] for name in keys}, factor)

    def _reads(self, operation: str, request: dict[str, Any]) -> float:
        match operation:
            case "GetItem":
                item = self._item(_Write(request["TableName"], request["Key"]))
                return read_units(item_size(item), consistent=bool(request.get("ConsistentRead")))
            case "BatchGetItem":
                return sum(
                    read_units(
                        item_size(self._item(_Write(table, key))),
                        consistent=bool(asked.get("ConsistentRead")),
                    )
                    for table, asked in request["RequestItems"].items()
                    for key in asked["Keys"]
                )
            case "TransactGetItems":
                gets = [action["Get"] for action in request["TransactItems"]]
                sizes = [item_size(self._item(_Write(get["TableName"], get["Key"]))) for get in gets]
                return sum(TRANSACTIONAL * read_units(size, consistent=True) for size in sizes)
            case "Query" | "Scan":
                return self._query(operation, request)
        return 0

    def _query(self, operation: str, request: dict[str, Any]) -> float:
        """Whole items are paid for, filtered out and not shown ones as well: ask again for just those."""
        whole = {
            name: value
            for name, value in request.items()
            if name not in {"FilterExpression", "ProjectionExpression", "AttributesToGet", "Select"}
        }
        # A name or value that nothing refers to any more would be refused.
        used = " ".join(str(value) for name, value in whole.items() if name.endswith("Expression"))
        for given in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
            left = {
                name: value
                for name, value in (whole.pop(given, None) or {}).items()
                if re.search(rf"{re.escape(name)}(?!\w)", used)
            }
            if left:
                whole[given] = left
        items = self._ask(operation, whole)["Items"]
        return query_units(items, consistent=bool(request.get("ConsistentRead")))

    def _item(self, write: _Write) -> Item | None:
        asked = {"TableName": write.table, "Key": write.key, "ConsistentRead": True}
        return self._ask("GetItem", asked).get("Item")

    def _schema(self, table: str) -> tuple[tuple[str, ...], tuple[Index, ...]]:
        if table not in self._tables:
            described = self._ask("DescribeTable", {"TableName": table})["Table"]
            keys = _names(described["KeySchema"])
            indexes = tuple(_index(found, keys) for found in described.get("GlobalSecondaryIndexes") or ())
            self._tables[table] = keys, indexes
        return self._tables[table]


def _names(schema: list[dict[str, str]]) -> tuple[str, ...]:
    return tuple(part["AttributeName"] for part in schema)


def _index(described: dict[str, Any], table_keys: tuple[str, ...]) -> Index:
    keys, projection = _names(described["KeySchema"]), described["Projection"]
    more = projection.get("NonKeyAttributes") or ()
    whole = projection["ProjectionType"] == "ALL"
    return Index(described["IndexName"], keys, None if whole else frozenset({*keys, *table_keys, *more}))


def subject_of(operation: str, request: dict[str, Any]) -> str:
    """What a DynamoDB request is about, to tell kinds of requests apart: its index, or its first key."""
    if operation == "Query":
        values = list((request.get("ExpressionAttributeValues") or {}).values())
        return str(request.get("IndexName") or (next(iter(values[0].values())) if values else ""))
    found = re.search(r'"(?:pk|id)":\s*\{"S":\s*"([^"]*)"', json.dumps(request))
    return found.group(1) if found else ""


def environment(url: str, folder: Path) -> dict[str, str]:
    """What the local AWS needs in its environment for the Lambdas to call the meter at `url`.

    In `folder` the file `clock` holds the seconds by which waits are ahead of the machine's clock, and
    `invocations` gets a line with the function's name for each invocation.
    """
    return {f"AWS_ENDPOINT_URL_{service}": url for service in SERVICES} | {"METERED_IN": str(folder)}


@contextmanager
def serve(aws_url: str, port: int) -> Iterator[Meter]:
    """A meter in front of the local AWS, on a loopback port, for as long as the block runs."""
    meter = Meter(lambda operation, request: _ask(aws_url, operation, request))
    handler = type("Handler", (_Handler,), {"meter": meter, "aws": urlsplit(aws_url).netloc})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="meter", daemon=True).start()
    try:
        yield meter
    finally:
        server.shutdown()
        server.server_close()


def _ask(aws_url: str, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": f"DynamoDB_20120810.{operation}",
        # The local AWS reads the account and service from it and checks no signature.
        "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request, "
        "SignedHeaders=host, Signature=0",
    }
    call = urllib.request.Request(aws_url, json.dumps(request).encode(), headers)  # noqa: S310 - our own
    with urllib.request.urlopen(call, timeout=10) as answer:  # noqa: S310
        found: dict[str, Any] = json.load(answer)
        return found


class _Handler(BaseHTTPRequestHandler):
    """Passes requests on; one thread for each connection to us."""

    protocol_version = "HTTP/1.1"
    # Head and body of an answer in one packet: two would wait 40 ms for each other.
    wbufsize = -1
    meter: Meter
    aws: str

    def do_POST(self) -> None:
        """Passes it on, metered."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        signed = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", self.headers.get("Authorization", ""))
        service = signed.group(1) if signed else ""
        target = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        operation = target or f"{self.command} {self.path}"
        caller = re.search(r"\bapp/(\S+)", self.headers.get("User-Agent", ""))
        function = caller.group(1) if caller else ""
        answered: list[tuple[http.client.HTTPResponse, bytes]] = []

        def send() -> tuple[int, dict[str, Any]]:
            answer, content = self._forward(body)
            answered.append((answer, content))
            return answer.status, json.loads(content or b"{}")

        if service == "dynamodb":
            request = json.loads(body)
            bill = self.meter.measure(operation, request, send)
            self.meter.note(service, operation, function, bill, subject_of(operation, request))
        else:
            answered.append(self._forward(body))
            self.meter.note(service, operation, function, Bill())
        self._answer(*answered[0])

    do_GET = do_PUT = do_DELETE = do_POST

    def _forward(self, body: bytes) -> tuple[http.client.HTTPResponse, bytes]:
        headers = {
            name: value
            for name, value in self.headers.items()
            if name.lower() not in {"host", "connection", "content-length", "transfer-encoding"}
        }
        # Anew each time: one that was kept may just have been closed by the other end.
        connection = http.client.HTTPConnection(self.aws, timeout=30)
        try:
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()

    def _answer(self, answer: http.client.HTTPResponse, content: bytes) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {"connection", "content-length", "transfer-encoding", "keep-alive"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: calls are kept, not printed."""
