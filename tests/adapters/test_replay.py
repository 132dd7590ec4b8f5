"""A copy of the tables from before a purge: noise afterwards, and purged again (invariant 11)."""

from __future__ import annotations

from typing import Any

import pytest

from mohlat.adapters import aws
from mohlat.adapters.dynamodb.purge import DynamoPurgeLedger, DynamoRestoredTable
from mohlat.adapters.dynamodb.records import DynamoRecords
from mohlat.adapters.dynamodb.table import instead_of_the_main_table
from mohlat.adapters.sealing import EnvelopeSealer
from mohlat.application.replay_purges import PurgeReplay
from mohlat.domain.errors import Gone, InvalidInput
from mohlat.domain.purge import Store
from tests.adapters.conftest import TABLE, Stores, Watch
from tests.adapters.test_stores import closed, commit_purge
from tests.builders import START

COPY = f"{TABLE}-restored"


@pytest.fixture
def stores(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue("on_dynamodb")


def copy_of_the_table() -> None:
    """What a recovery to this moment would make; the local AWS would give today's items instead."""
    client = aws.client("dynamodb")
    described = client.describe_table(TableName=TABLE)["Table"]
    client.create_table(
        TableName=COPY,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=described["AttributeDefinitions"],
        KeySchema=described["KeySchema"],
        GlobalSecondaryIndexes=[
            {name: index[name] for name in ("IndexName", "KeySchema", "Projection")}
            for index in described["GlobalSecondaryIndexes"]
        ],
    )
    for item in items_of(TABLE):
        client.put_item(TableName=COPY, Item=item)


def items_of(table: str) -> list[dict[str, Any]]:
    from moto.dynamodb import dynamodb_backends

    backend = next(iter(dynamodb_backends.values()))["eu-central-1"]
    return [item.to_json()["Attributes"] for item in backend.get_table(table).all_items()]


def purge(stores: Stores, tenant_id: str) -> None:
    tenant = stores.tenants.get(tenant_id)
    commit_purge(stores, tenant, START)
    stores.empty(tenant_id, *Store)


def test_a_copy_taken_before_the_purge_opens_no_more(
    stores: Stores, sealer: EnvelopeSealer, watch: Watch
) -> None:
    closed(stores, "t-1")
    stores.records.put("t-1", "r-1", {"mobile": "09120000001"}, START)
    copy_of_the_table()
    with instead_of_the_main_table(COPY):
        assert DynamoRecords(sealer).get("t-1", "r-1").data == {"mobile": "09120000001"}
    purge(stores, "t-1")
    with instead_of_the_main_table(COPY), pytest.raises(Gone):
        DynamoRecords(sealer).get("t-1", "r-1")
    # Nothing of a person stands in the copy in clear: neither the contact nor the address it registered from.
    text = str([item for item in items_of(COPY) if item["pk"]["S"].startswith("T#")])
    assert "t-1@example.test" not in text
    assert "09120000001" not in text
    assert "192.0.2.1" not in text


@pytest.mark.clause("KALO-15", "KALO-27", "SAMAN-3.14")
def test_what_was_purged_is_purged_again_in_a_restored_table_and_nothing_else(stores: Stores) -> None:
    for tenant_id in ("t-1", "t-2"):
        closed(stores, tenant_id)
        stores.records.put(tenant_id, "r-1", {"n": 1}, START)
    copy_of_the_table()
    purge(stores, "t-1")
    living = {(item["pk"]["S"], item["sk"]["S"]) for item in items_of(TABLE)}
    replay = PurgeReplay(ledger=DynamoPurgeLedger(), restored=DynamoRestoredTable(COPY))
    done = replay.run("2026-01-31", "2026-02-01")
    assert done["purges"] == 1
    assert done["items"] > 3
    again = {(item["pk"]["S"], item["sk"]["S"]) for item in items_of(COPY)}
    # The hour's count is no part of what lives.
    assert again == {key for key in living if key[1] != "COUNT"}
    assert replay.run("2026-01-31", "2026-01-31") == {"purges": 1, "items": 0}
    with instead_of_the_main_table(COPY):
        with pytest.raises(Gone):
            stores.tenants.get("t-1")
        assert stores.records.get("t-2", "r-1").data == {"n": 1}
    # Outside of it, the table in use is the one that is used.
    assert stores.tenants.get("t-2").id == "t-2"


@pytest.mark.parametrize("table", ["", TABLE])
def test_the_table_in_use_is_refused(cloud: None, table: str) -> None:
    with pytest.raises(InvalidInput):
        DynamoRestoredTable(table)


@pytest.mark.parametrize(
    ("since", "until"), [("yesterday", "2026-01-31"), ("2026-01-31", ""), ("2026-02-01", "2026-01-31")]
)
def test_days_that_are_none_are_refused(stores: Stores, since: str, until: str) -> None:
    copy_of_the_table()
    replay = PurgeReplay(ledger=DynamoPurgeLedger(), restored=DynamoRestoredTable(COPY))
    with pytest.raises(InvalidInput):
        replay.run(since, until)
