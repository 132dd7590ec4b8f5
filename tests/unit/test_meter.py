"""What the meter counts, against figures of AWS's documentation and sums done by hand from its rules."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.capacity import (
    Index,
    index_units,
    item_size,
    query_units,
    read_units,
    value_size,
    write_units,
)
from sandbox.meter import Bill, Meter

KB = 1024
DUE = Index("due", ("due_shard", "next_due_at"), frozenset({"pk", "sk", "due_shard", "next_due_at"}))
TABLE = {
    "Table": {
        "KeySchema": [
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "due",
                "KeySchema": [
                    {"AttributeName": "due_shard", "KeyType": "HASH"},
                    {"AttributeName": "next_due_at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    }
}


def sized(size: int, **more: str) -> dict[str, Any]:
    """An item of exactly so many bytes."""
    item = {"pk": {"S": "p"}, "sk": {"S": "s"}} | {name: {"S": value} for name, value in more.items()}
    item["data"] = {"S": "x" * (size - item_size(item) - len("data"))}
    assert item_size(item) == size
    return item


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "tenant"}, 6),
        ({"S": "مهلت"}, 8),  # UTF-8: two bytes a letter
        ({"S": ""}, 0),
        ({"N": "27"}, 2),  # a byte for two digits, and one
        ({"N": "-27"}, 2),
        ({"N": "1900000"}, 2),  # zeroes at the end do not count
        ({"N": "0.0012345"}, 4),
        ({"N": "0"}, 1),
        ({"B": "AAECAw=="}, 4),  # as raw bytes, not as base64
        ({"BOOL": False}, 1),
        ({"NULL": True}, 1),
        ({"L": []}, 3),
        ({"M": {}}, 3),
        ({"L": [{"S": "ab"}, {"BOOL": True}]}, 3 + (1 + 2) + (1 + 1)),
        ({"M": {"day": {"N": "14"}}}, 3 + 1 + 3 + 2),
        ({"SS": ["fa", "eng"]}, 5),
    ],
)
def test_a_value_has_the_size_that_the_documentation_gives_its_type(value: Any, size: int) -> None:
    assert value_size(value) == size


def test_names_of_attributes_are_paid_for_too() -> None:
    assert item_size({"pk": {"S": "T#1"}, "version": {"N": "3"}}) == 2 + 3 + 7 + 2


@pytest.mark.parametrize(
    ("size", "consistent", "units"),
    [
        (3_500, True, 1),  # the guide's own example: as one of 4 KB
        (8 * KB, True, 2),
        (8 * KB, False, 1),
        (10 * KB, True, 3),  # as 12 KB
        (4 * KB, True, 1),
        (4 * KB + 1, True, 2),
        (1, False, 0.5),
        (0, True, 1),  # an item that is not there
    ],
)
def test_a_read_is_rounded_up_to_four_kilobytes_and_halved_when_eventually_consistent(
    size: int, consistent: bool, units: float
) -> None:
    assert read_units(size, consistent=consistent) == units


def test_a_query_adds_its_items_up_before_it_rounds() -> None:
    # The guide's example: ten items whose sum is 40.8 KB are 44 KB, eleven units if consistent.
    items = [sized(4_178)] * 10
    assert query_units(items, consistent=True) == 11
    assert query_units(items, consistent=False) == 5.5
    assert query_units([], consistent=True) == 1


@pytest.mark.parametrize(
    ("before", "after", "units"),
    [
        (0, 512, 1),
        (0, KB, 1),
        (0, KB + 1, 2),
        (3 * KB, KB, 3),  # replaced: the larger of the two
        (KB, 3 * KB, 3),
        (2 * KB, 0, 2),  # deleted: by what was there
        (0, 0, 1),  # deleted what was not there
    ],
)
def test_a_write_costs_by_the_larger_of_before_and_after(before: int, after: int, units: int) -> None:
    assert write_units(sized(before) if before else None, sized(after) if after else None) == units


def test_an_index_costs_nothing_while_what_it_holds_stays() -> None:
    assert index_units(sized(100), sized(900), DUE) == 0
    held = sized(100, due_shard="01", next_due_at="a")
    assert index_units(held, held | {"data": {"S": "other"}}, DUE) == 0


def test_an_item_enters_and_leaves_an_index_for_one_unit_each_and_moves_for_two() -> None:
    held, moved = (sized(100, due_shard="01", next_due_at=at) for at in ("a", "b"))
    assert index_units(None, held, DUE) == 1
    assert index_units(held, None, DUE) == 1
    assert index_units(held, sized(100), DUE) == 1
    assert index_units(held, moved, DUE) == 2


def test_an_index_with_projected_attributes_follows_their_changes_for_one_write() -> None:
    index = Index("due", DUE.keys, None)
    held = sized(1_500, due_shard="01", next_due_at="a")
    assert index_units(held, held | {"data": {"S": "short"}}, index) == 2


class Store:
    """As much of DynamoDB as the meter asks for: items by key; the tests write themselves."""

    def __init__(self, *items: dict[str, Any]) -> None:
        self.items = {self.key(item): item for item in items}
        self.asked: list[dict[str, Any]] = []

    @staticmethod
    def key(item: dict[str, Any]) -> tuple[str, str]:
        return item["pk"]["S"], item["sk"]["S"]

    def ask(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(request)
        match operation:
            case "DescribeTable":
                return TABLE
            case "GetItem":
                found = self.items.get(self.key(request["Key"]))
                return {"Item": found} if found else {}
        return {"Items": list(self.items.values())}

    def put(self, *items: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.items |= {self.key(item): item for item in items}
        return 200, {}


def key_of(item: dict[str, Any]) -> dict[str, Any]:
    return {name: item[name] for name in ("pk", "sk")}


def test_a_put_is_metered_with_its_index() -> None:
    store, item = Store(), sized(1_500, due_shard="01", next_due_at="a")
    bill = Meter(store.ask).measure("PutItem", {"TableName": "t", "Item": item}, send=lambda: store.put(item))
    assert (bill.read, bill.write, bill.index) == (0, 2, 1)


def test_a_transaction_doubles_its_items_and_not_the_index() -> None:
    old, new = (sized(1_500, due_shard="01", next_due_at=at) for at in ("a", "b"))
    entry, proof = sized(600) | {"sk": {"S": "J#1"}}, sized(300) | {"sk": {"S": "NOTICE"}}
    store = Store(old, proof)
    request = {
        "TransactItems": [
            {"Put": {"TableName": "t", "Item": new}},
            {"Put": {"TableName": "t", "Item": entry}},
            {"ConditionCheck": {"TableName": "t", "Key": key_of(proof)}},
        ]
    }
    bill = Meter(store.ask).measure("TransactWriteItems", request, send=lambda: store.put(new, entry))
    assert (bill.write, bill.index) == (2 * (2 + 1 + 1), 2)


def test_a_condition_that_fails_costs_by_the_item_that_is_there() -> None:
    store, item = Store(sized(2_500)), sized(100)
    failed = {"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"}
    bill = Meter(store.ask).measure("PutItem", {"TableName": "t", "Item": item}, send=lambda: (400, failed))
    assert (bill.write, bill.index) == (3, 0)


def test_a_transaction_that_is_refused_costs_as_much_as_its_items() -> None:
    store, item = Store(sized(2_500)), sized(100)
    failed = {"__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException"}
    request = {"TransactItems": [{"Put": {"TableName": "t", "Item": item}}]}
    assert Meter(store.ask).measure("TransactWriteItems", request, send=lambda: (400, failed)).write == 6


def test_a_request_that_is_not_valid_costs_nothing() -> None:
    store, item = Store(), sized(100)
    failed = {"__type": "com.amazon.coral.validate#ValidationException"}
    bill = Meter(store.ask).measure("PutItem", {"TableName": "t", "Item": item}, send=lambda: (400, failed))
    assert (bill.read, bill.write, bill.index) == (0, 0, 0)


def test_an_update_is_metered_by_the_item_before_and_after() -> None:
    before, after = sized(1_500, due_shard="01", next_due_at="a"), sized(900)
    store = Store(before)
    request = {"TableName": "t", "Key": key_of(before), "UpdateExpression": "REMOVE due_shard"}
    bill = Meter(store.ask).measure("UpdateItem", request, send=lambda: store.put(after))
    assert (bill.write, bill.index) == (2, 1)


def test_a_batch_is_metered_item_by_item() -> None:
    first, second = sized(1_500), sized(200) | {"sk": {"S": "t"}}
    store = Store(first, second)

    def delete() -> tuple[int, dict[str, Any]]:
        store.items.clear()
        return 200, {"UnprocessedItems": {}}

    request = {"RequestItems": {"t": [{"DeleteRequest": {"Key": key_of(item)}} for item in (first, second)]}}
    assert Meter(store.ask).measure("BatchWriteItem", request, send=delete).write == 3


def test_a_get_is_metered_by_the_whole_item_whatever_it_shows() -> None:
    item = sized(5_000)
    store = Store(item)
    request = {
        "TableName": "t",
        "Key": key_of(item),
        "ProjectionExpression": "pk",
        "ConsistentRead": True,
    }
    bill = Meter(store.ask).measure("GetItem", request, send=lambda: (200, {"Item": key_of(item)}))
    assert bill.read == 2


def test_a_transactional_get_is_doubled_item_by_item() -> None:
    item = sized(5_000)
    request = {"TransactItems": [{"Get": {"TableName": "t", "Key": key_of(item)}}]}
    bill = Meter(Store(item).ask).measure("TransactGetItems", request, send=lambda: (200, {}))
    assert bill.read == 4


def test_a_count_costs_as_much_as_the_items_it_counts() -> None:
    store = Store(sized(3_000), sized(3_000) | {"sk": {"S": "t"}})
    request = {"TableName": "t", "Select": "COUNT", "KeyConditionExpression": "pk = :p"}
    bill = Meter(store.ask).measure("Query", request, send=lambda: (200, {"Count": 2}))
    assert bill.read == 1
    assert "Select" not in store.asked[-1]


def test_a_call_of_another_service_is_only_counted() -> None:
    meter = Meter(Store().ask)
    meter.note("kms", "Decrypt", "place_order", Bill())
    assert [(call.service, call.operation, call.bill) for call in meter.calls] == [("kms", "Decrypt", Bill())]
