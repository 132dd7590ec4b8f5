"""AWS in this process, by moto: the table with its index and stream, keys, a user pool, a queue."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from mohlat.adapters import aws
from mohlat.adapters.dynamodb.data_keys import DynamoWrappedKeys
from mohlat.adapters.sealing import EnvelopeSealer
from mohlat.settings import settings

TABLE = "tenants"
KEYS_TABLE = "data-keys"
REGION = "eu-central-1"


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty AWS account with our table in it; fails a test that scans."""
    for name, value in {
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "TENANTS_TABLE": TABLE,
        "DATA_KEYS_TABLE": KEYS_TABLE,
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    settings.cache_clear()
    with mock_aws():
        aws.client("dynamodb").create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"}
                for name in ("pk", "sk", "due_shard", "next_due_at")
            ],
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "due",
                    "KeySchema": [
                        {"AttributeName": "due_shard", "KeyType": "HASH"},
                        {"AttributeName": "next_due_at", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                }
            ],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )
        aws.client("dynamodb").create_table(
            TableName=KEYS_TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
        )
        scans: list[str] = []
        events = aws.client("dynamodb").meta.events

        def watch(model: Any, **_: Any) -> None:
            scans.append(model.name)

        events.register("before-call.dynamodb.Scan", watch)
        try:
            yield
        finally:
            events.unregister("before-call.dynamodb.Scan", watch)
        assert not scans
    settings.cache_clear()


@pytest.fixture
def sealer(cloud: None) -> EnvelopeSealer:
    """The real sealer on a fresh KMS key."""
    kms = aws.client("kms")
    return EnvelopeSealer(kms, kms.create_key()["KeyMetadata"]["KeyId"], DynamoWrappedKeys())


def stored_items() -> list[dict[str, Any]]:
    """Every item of the table in DynamoDB's notation, read behind the adapters' back from moto itself."""
    from moto.dynamodb import dynamodb_backends

    backend = next(iter(dynamodb_backends.values()))[REGION]
    table = backend.get_table(TABLE)
    return [item.to_json()["Attributes"] for item in table.all_items()]
