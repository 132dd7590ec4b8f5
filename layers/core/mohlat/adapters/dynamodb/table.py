"""The one table: its connection, what every item has, and what its refusals mean.

pynamodb would open a session and a client per model and wants the table's name at import. Here all models
share one connection, made at first use, on the process's own botocore client.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from pynamodb.attributes import Attribute, NumberAttribute, UnicodeAttribute
from pynamodb.connection import Connection, TableConnection
from pynamodb.connection.base import MetaTable
from pynamodb.constants import STRING
from pynamodb.exceptions import PynamoDBException, TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from mohlat.adapters import aws
from mohlat.domain.errors import ConcurrentChange, ServiceUnavailable
from mohlat.domain.tenant import iso
from mohlat.settings import settings

DUE_INDEX = "due"
LEDGER_INDEX = "ledger"
MEMBERS_INDEX = "members"
# The sort key of a tenant itself, in its own partition.
TENANT = "TENANT"
_SHARD_COUNT = 16
SHARDS = tuple(f"{shard:02d}" for shard in range(_SHARD_COUNT))

_SCHEMA = {
    "AttributeDefinitions": [
        {"AttributeName": name, "AttributeType": "S"}
        for name in ("pk", "sk", "due_shard", "next_due_at", "ledger_day", "member_shard")
    ],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": DUE_INDEX,
            "KeySchema": [
                {"AttributeName": "due_shard", "KeyType": "HASH"},
                {"AttributeName": "next_due_at", "KeyType": "RANGE"},
            ],
        },
        {
            "IndexName": LEDGER_INDEX,
            "KeySchema": [
                {"AttributeName": "ledger_day", "KeyType": "HASH"},
                {"AttributeName": "pk", "KeyType": "RANGE"},
            ],
        },
        {
            "IndexName": MEMBERS_INDEX,
            "KeySchema": [
                {"AttributeName": "member_shard", "KeyType": "HASH"},
                {"AttributeName": "pk", "KeyType": "RANGE"},
            ],
        },
    ],
}
# Refused because of somebody else's write; anything else (a throttle, a bad request) is not that.
_LOST_RACE = frozenset({"ConditionalCheckFailed", "TransactionConflict"})
_REFUSED = "ConditionalCheckFailedException"
_IN_TRANSACTION = "TransactionConflictException"
_BATCH = 25
_FETCHED = 100
_BATCH_TRIES = 6


class _SharedConnection(Connection):
    """pynamodb's connection on the client that everything else in the process uses."""

    @property
    def client(self) -> Any:
        return aws.client("dynamodb")


@cache
def connection_to(table_name: str) -> TableConnection:
    """The connection to a table of pk and sk."""
    table = TableConnection(table_name)
    table.connection = _SharedConnection()
    table.connection.add_meta_table(MetaTable({"TableName": table_name, **_SCHEMA}))
    return table


_instead: ContextVar[str] = ContextVar("table", default="")


@contextmanager
def instead_of_the_main_table(name: str) -> Iterator[None]:
    """Within it, everything that works on the main table works on this one: a restored copy."""
    token = _instead.set(name)
    try:
        yield
    finally:
        _instead.reset(token)


def connection() -> TableConnection:
    """The main table's connection; its name is read when it is first needed."""
    return connection_to(_instead.get() or settings().tenants_table)


class Item(Model):
    """What every item has. Each kind's model adds its own; a model reads only items of its kind."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)

    @classmethod
    def _get_connection(cls) -> TableConnection:
        return connection()


Kind = TypeVar("Kind", bound=Item)


class DueItem(Item):
    """An item that stands in the due index while both attributes are there."""

    due_shard = UnicodeAttribute(null=True)
    next_due_at = UnicodeAttribute(null=True)

    def set_due(self, owner: str, at: datetime | None) -> None:
        """Puts it into the index, in the shard of `owner` (whatever's id it is), or leaves it out."""
        self.due_shard = shard_of(owner) if at else None
        self.next_due_at = iso(at) if at else None


class Document(Attribute[dict[str, Any]]):
    """Compact JSON. A string keeps every value as it was, which the journal's hashes need."""

    attr_type = STRING

    def serialize(self, value: dict[str, Any]) -> str:
        """As text."""
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def deserialize(self, value: str) -> dict[str, Any]:
        """From text."""
        document: dict[str, Any] = json.loads(value)
        return document


def compact(document: dict[str, Any]) -> dict[str, Any]:
    """The document without its empty values: absent and empty read the same, and bytes are paid for."""
    return {name: value for name, value in document.items() if value not in (None, "", [], {}, ())}


def shard_of(owner: str) -> str:
    """The shard of an index for the id of whatever stands in it: the same in every process, evenly spread."""
    return SHARDS[zlib.crc32(owner.encode()) % _SHARD_COUNT]


def member_shard(product: str, shard: str) -> str:
    """The part of a product's customers that those of a shard are in."""
    return f"{product}#{shard}"


def tenant_pk(tenant_id: str) -> str:
    """The partition that holds what belongs to a tenant and dies with it."""
    return f"T#{tenant_id}"


def tenant_of(pk: str) -> str:
    """The tenant whose partition it is."""
    return pk.removeprefix("T#")


def absent() -> Condition:
    """The condition that no such item exists."""
    return Item.pk.does_not_exist()


def unmoved(version: NumberAttribute, number: int) -> Condition:
    """The condition that the version before `number` is what is stored: nothing at all before the first."""
    return version == number - 1 if number > 1 else absent()


def present() -> Condition:
    """The condition that the item exists, so that a late write revives nothing that was deleted."""
    return Item.pk.exists()


def transaction() -> TransactWrite:
    """An empty transaction. botocore gives each one a token, so a request repeated by it happens once."""
    return TransactWrite(connection=connection().connection)


def was_refused(error: PynamoDBException) -> bool:
    """Whether a single write failed by its condition, or because a transaction held the item."""
    return error.cause_response_code in (_REFUSED, _IN_TRANSACTION)


@contextmanager
def conditional(**details: Any) -> Iterator[None]:
    """Turns a failed condition, or a transaction that lost a race, into ConcurrentChange with `details`."""
    try:
        yield
    except TransactWriteError as error:
        reasons = {reason.code for reason in error.cancellation_reasons if reason}
        if not reasons or not reasons <= _LOST_RACE:
            raise
        raise ConcurrentChange(**details) from error
    except PynamoDBException as error:
        if not was_refused(error):
            raise
        raise ConcurrentChange(**details) from error


def keys_in(pk: str, *, below: str = "", limit: int | None = None, model: type[Item] = Item) -> Iterator[str]:
    """A partition's sort keys in order, read consistently; with `below` only those that begin with it.

    `model` says which table.
    """
    condition = Item.sk.startswith(below) if below else None
    found = model.query(
        pk, condition, consistent_read=True, attributes_to_get=["pk", "sk"], limit=limit, page_size=limit
    )
    return (item.sk for item in found)


def count_in(pk: str, below: str = "", model: type[Item] = Item) -> int:
    """How many items a partition holds, read consistently; with `below` only sort keys that begin with it.

    `model` says which table.
    """
    return model.count(pk, Item.sk.startswith(below) if below else None, consistent_read=True)


def fetch_all(model: type[Kind], keys: Iterable[tuple[str, str]]) -> Iterator[Kind]:
    """The items there are by (pk, sk), in no order, read consistently, a hundred a request."""
    wanted = [{"pk": pk, "sk": sk} for pk, sk in keys]
    for start in range(0, len(wanted), _FETCHED):
        left: Sequence[Any] = wanted[start : start + _FETCHED]
        for _ in range(_BATCH_TRIES):
            table = connection()
            answer = table.batch_get_item(left, consistent_read=True)
            for found in answer["Responses"].get(table.table_name, ()):
                yield model.from_raw_data(found)
            undone = answer.get("UnprocessedKeys", {}).get(table.table_name, {}).get("Keys", [])
            left = [{name: value["S"] for name, value in key.items()} for key in undone]
            if not left:
                break
        else:
            raise ServiceUnavailable("the table left some of a batch unread", undone=len(left))


def delete_all(keys: Iterable[tuple[str, str]], table: TableConnection | None = None) -> int:
    """Deletes items by (pk, sk), in order, 25 a request; says how many. What is gone already is no error.

    Of the main table, unless told otherwise.
    """
    keys = list(keys)
    for start in range(0, len(keys), _BATCH):
        _delete_batch(keys[start : start + _BATCH], table or connection())
    return len(keys)


def _delete_batch(keys: Sequence[tuple[str, str]], table: TableConnection) -> None:
    left = [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in keys]
    # botocore backs off when a whole request is throttled; what comes back undone is what it does not see.
    for _ in range(_BATCH_TRIES):
        answer = table.batch_write_item(delete_items=left)
        undone = answer.get("UnprocessedItems", {}).get(table.table_name, [])
        left = [request["DeleteRequest"]["Key"] for request in undone]
        if not left:
            return
    raise ServiceUnavailable("the table left some of a batch undone", undone=len(left))
