"""The same stage on the real DynamoDB adapters, over moto."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from itertools import count
from typing import Any

from mohlat.adapters import aws
from mohlat.adapters.dynamodb.activity import DynamoActivityLog
from mohlat.adapters.dynamodb.books import DynamoBooks
from mohlat.adapters.dynamodb.consents import DynamoConsents, DynamoListings
from mohlat.adapters.dynamodb.contact_notes import DynamoContactNotes
from mohlat.adapters.dynamodb.data_jobs import DynamoDataJobs
from mohlat.adapters.dynamodb.data_keys import DynamoWrappedKeys
from mohlat.adapters.dynamodb.data_requests import DynamoDataRequests
from mohlat.adapters.dynamodb.dispatches import DynamoDispatches
from mohlat.adapters.dynamodb.due_index import DynamoDueIndex
from mohlat.adapters.dynamodb.invoices import DynamoInvoices
from mohlat.adapters.dynamodb.leaks import DynamoLeaks
from mohlat.adapters.dynamodb.payments import DynamoPayments
from mohlat.adapters.dynamodb.people import DynamoPeople
from mohlat.adapters.dynamodb.profiles import DynamoProfiles
from mohlat.adapters.dynamodb.publications import DynamoPublications
from mohlat.adapters.dynamodb.purge import DynamoEraser, DynamoPurgeLedger, DynamoRestoredTable
from mohlat.adapters.dynamodb.records import DynamoRecords
from mohlat.adapters.dynamodb.security_log import DynamoSecurityLog
from mohlat.adapters.dynamodb.service import DynamoRoster, DynamoService
from mohlat.adapters.dynamodb.service_states import DynamoServiceStates
from mohlat.adapters.dynamodb.table import TENANT, instead_of_the_main_table, tenant_pk
from mohlat.adapters.dynamodb.tenants import DynamoTenants
from mohlat.adapters.object_store import S3ObjectStore
from mohlat.adapters.sealing import EnvelopeSealer
from mohlat.application.replay_purges import PurgeReplay
from mohlat.domain.agreement import Phase
from mohlat.domain.errors import Gone
from mohlat.domain.tenant import Tenant
from tests.adapters.conftest import BUCKET, KEYS_TABLE, LOG_TABLE, REGION, TABLE
from tests.model.stage import Stage


class MotoStage(Stage):
    """One product on DynamoDB, as empty as `emptied` made the tables."""

    def open_plain_stores(self) -> None:
        kms = aws.client("kms")
        sealer = EnvelopeSealer(kms, kms.create_key()["KeyMetadata"]["KeyId"], DynamoWrappedKeys())
        stores: dict[str, Any] = {
            "tenants": DynamoTenants(sealer),
            "payments": DynamoPayments(),
            "books": DynamoBooks(sealer),
            "requests": DynamoDataRequests(),
            "invoices": DynamoInvoices(sealer),
            "profiles": DynamoProfiles(sealer),
            "people": DynamoPeople(sealer),
            "dispatches": DynamoDispatches(),
            "records": DynamoRecords(sealer),
            "due": DynamoDueIndex(),
            "ledger": DynamoPurgeLedger(),
            "eraser": DynamoEraser(S3ObjectStore(aws.client("s3"), BUCKET, sealer)),
            "security_log": DynamoSecurityLog(),
            "objects": S3ObjectStore(aws.client("s3"), BUCKET, sealer),
            "jobs": DynamoDataJobs(),
            "leaks": DynamoLeaks(),
            # What it remembers for ten seconds is old at each look.
            "publications": DynamoPublications(count(0.0, 60.0).__next__),
            "consents": DynamoConsents(),
            "listings": DynamoListings(),
            "service": DynamoService(),
            "states": DynamoServiceStates(),
            "notes": DynamoContactNotes(sealer),
            "activity": DynamoActivityLog(sealer),
            "roster": DynamoRoster(),
        }
        for name, store in stores.items():
            setattr(self, name, store)

    def indexed_at(self, tenant: Tenant) -> datetime | None:
        key = {"pk": {"S": tenant_pk(tenant.id)}, "sk": {"S": TENANT}}
        found = aws.client("dynamodb").get_item(TableName=TABLE, Key=key)["Item"]
        at = found.get("next_due_at")
        return at and datetime.fromisoformat(at["S"])

    def back_up(self) -> None:
        self.backup = (self.now, _items(TABLE), set(self.living()))

    def restored(self) -> set[str]:
        since, items, _ = self.backup
        name = f"{TABLE}-restored"
        _create_like_the_main_table(name)
        for item in items:
            aws.client("dynamodb").put_item(TableName=name, Item=item)
        PurgeReplay(ledger=self.ledger, restored=DynamoRestoredTable(name)).run(
            f"{since:%Y-%m-%d}", f"{self.now:%Y-%m-%d}"
        )
        there = set()
        with instead_of_the_main_table(name):
            for tenant_id in self.tenant_ids:
                with suppress(Gone):
                    if self.tenants.get(tenant_id).phase is not Phase.PURGED:
                        there.add(tenant_id)
        aws.client("dynamodb").delete_table(TableName=name)
        return there


def _backend() -> Any:
    from moto.dynamodb import dynamodb_backends

    return next(iter(dynamodb_backends.values()))[REGION]


def _items(table: str) -> list[dict[str, Any]]:
    return [item.to_json()["Attributes"] for item in _backend().get_table(table).all_items()]


def _create_like_the_main_table(name: str) -> None:
    client = aws.client("dynamodb")
    described = client.describe_table(TableName=TABLE)["Table"]
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=described["AttributeDefinitions"],
        KeySchema=described["KeySchema"],
        GlobalSecondaryIndexes=[
            {part: index[part] for part in ("IndexName", "KeySchema", "Projection")}
            for index in described["GlobalSecondaryIndexes"]
        ],
    )


def emptied() -> None:
    """Takes everything out of the tables."""
    for table in (TABLE, KEYS_TABLE, LOG_TABLE):
        _backend().get_table(table).items.clear()
