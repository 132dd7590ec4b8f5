"""AWS in this process, by moto: the table with its indexes and stream, and keys; and every store, twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from moto import mock_aws

from mohlat.adapters import aws
from mohlat.adapters.dynamodb.activity import DynamoActivityLog
from mohlat.adapters.dynamodb.books import DynamoBooks
from mohlat.adapters.dynamodb.clock_offsets import DynamoClockOffsets
from mohlat.adapters.dynamodb.consents import DynamoConsents, DynamoListings
from mohlat.adapters.dynamodb.contact_notes import DynamoContactNotes
from mohlat.adapters.dynamodb.data_jobs import DynamoDataJobs
from mohlat.adapters.dynamodb.data_keys import DynamoWrappedKeys
from mohlat.adapters.dynamodb.data_requests import DynamoDataRequests
from mohlat.adapters.dynamodb.declared_days import DynamoDeclaredDays
from mohlat.adapters.dynamodb.dispatches import DynamoDispatches
from mohlat.adapters.dynamodb.due_index import DynamoDueIndex
from mohlat.adapters.dynamodb.invoices import DynamoInvoices
from mohlat.adapters.dynamodb.leaks import DynamoLeaks
from mohlat.adapters.dynamodb.payments import DynamoPayments
from mohlat.adapters.dynamodb.people import DynamoPeople
from mohlat.adapters.dynamodb.profiles import DynamoProfiles
from mohlat.adapters.dynamodb.purge import DynamoEraser, DynamoPurgeLedger
from mohlat.adapters.dynamodb.records import DynamoRecords
from mohlat.adapters.dynamodb.request_counts import DynamoRequestCounts
from mohlat.adapters.dynamodb.security_log import DynamoSecurityLog
from mohlat.adapters.dynamodb.tenants import DynamoTenants
from mohlat.adapters.object_store import S3ObjectStore
from mohlat.adapters.sealing import EnvelopeSealer
from mohlat.application import ports
from mohlat.application.ports import Row
from mohlat.domain import lifecycle
from mohlat.domain.lifecycle import next_deadline
from mohlat.domain.people import Acceptance, Contact, Identity, Role, User
from mohlat.domain.purge import Store
from mohlat.domain.tenant import Tenant
from mohlat.settings import settings
from tests import fakes, moto_keys  # noqa: F401 - faster by importing it
from tests.builders import START, agreement_with_trial

TABLE = "tenants"
KEYS_TABLE = "data-keys"
LOG_TABLE = "security-log"
BUCKET = "data"
REGION = "eu-central-1"
AGREEMENT = agreement_with_trial()


class Watch:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty AWS account with our table in it; fails a test that scans."""
    for name, value in {
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "TENANTS_TABLE": TABLE,
        "DATA_KEYS_TABLE": KEYS_TABLE,
        "SECURITY_LOG_TABLE": LOG_TABLE,
        "PURGE_CAP_PER_HOUR": "2",
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
                for name in ("pk", "sk", "due_shard", "next_due_at", "ledger_day", "member_shard")
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
                },
                {
                    "IndexName": "members",
                    "KeySchema": [
                        {"AttributeName": "member_shard", "KeyType": "HASH"},
                        {"AttributeName": "pk", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                },
                {
                    "IndexName": "ledger",
                    "KeySchema": [
                        {"AttributeName": "ledger_day", "KeyType": "HASH"},
                        {"AttributeName": "pk", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                },
            ],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )
        for name in (KEYS_TABLE, LOG_TABLE):
            aws.client("dynamodb").create_table(
                TableName=name,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
                KeySchema=[
                    {"AttributeName": "pk", "KeyType": "HASH"},
                    {"AttributeName": "sk", "KeyType": "RANGE"},
                ],
            )
        s3 = aws.client("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
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
def watch() -> Watch:
    """What the sealer tells the age of a remembered key by."""
    return Watch()


@pytest.fixture
def sealer(cloud: None, watch: Watch) -> EnvelopeSealer:
    """The real sealer on a fresh KMS key."""
    kms = aws.client("kms")
    return EnvelopeSealer(kms, kms.create_key()["KeyMetadata"]["KeyId"], DynamoWrappedKeys(), watch)


def stored_items() -> list[dict[str, Any]]:
    """Every item of the table in DynamoDB's notation, read behind the adapters' back from moto itself."""
    from moto.dynamodb import dynamodb_backends

    backend = next(iter(dynamodb_backends.values()))[REGION]
    table = backend.get_table(TABLE)
    return [item.to_json()["Attributes"] for item in table.all_items()]


def eraser() -> DynamoEraser:
    """The real eraser; it opens nothing, so that it needs no keys."""
    return DynamoEraser(
        S3ObjectStore(aws.client("s3"), BUCKET, EnvelopeSealer(None, "", DynamoWrappedKeys()))
    )


@dataclass
class Stores:
    """Every store, over one table."""

    tenants: ports.Tenants
    payments: ports.Payments
    books: ports.Books
    invoices: ports.Invoices
    profiles: ports.Profiles
    people: ports.People
    dispatches: ports.Dispatches
    records: ports.Records
    objects: ports.ObjectStore
    due: ports.DueIndex
    ledger: ports.PurgeLedger
    eraser: ports.Eraser
    security_log: ports.SecurityLog
    offsets: ports.ClockOffsets
    jobs: ports.DataJobs
    notes: ports.ContactNotes
    leaks: ports.Leaks
    consents: ports.Consents
    activity: ports.ActivityLog
    listings: ports.Listings
    requests: ports.DataRequests
    days: ports.DeclaredDays
    counts: ports.RequestCounts
    watch: Watch = field(default_factory=Watch)

    def write(self, transition: lifecycle.Transition, *rows: Row) -> Tenant:
        """Commits with the deadline that the agreement names."""
        due = next_deadline(transition.after, AGREEMENT)
        return self.tenants.commit(transition, due.at if due else None, rows)

    def register(self, tenant_id: str = "t-1", *rows: Row, now: datetime = START) -> Tenant:
        """A new tenant with what comes with it; its contact's fingerprints are named after it."""
        transition = lifecycle.register(AGREEMENT, tenant_id, now, plan=None, trial_used=False, by="owner")
        contact = Contact(tenant_id, "نگار", f"{tenant_id}@example.test", "+989120000000", "fa")
        user = User(tenant_id, f"u-{tenant_id}", Role.OWNER, now)
        acceptance = Acceptance(tenant_id, "1", ("terms",), "d" * 64, now, "192.0.2.1", user.username)
        identities = [
            Identity("trialware", f"{kind}-{tenant_id}", tenant_id, user.username) for kind in ("mail", "sms")
        ]
        return self.write(transition, contact, user, acceptance, *identities, *rows)

    def empty(self, tenant_id: str, *stores: Store) -> None:
        """Erases stores of a tenant; a destroyed key is forgotten by every worker that remembered it."""
        for store in stores:
            while self.eraser.erase(tenant_id, store):
                pass
        self.watch.seconds += 301


@pytest.fixture
def on_dynamodb(sealer: EnvelopeSealer, watch: Watch) -> Stores:
    """The stores on DynamoDB, empty."""
    return Stores(
        DynamoTenants(sealer),
        DynamoPayments(),
        DynamoBooks(sealer),
        DynamoInvoices(sealer),
        DynamoProfiles(sealer),
        DynamoPeople(sealer),
        DynamoDispatches(),
        DynamoRecords(sealer),
        S3ObjectStore(aws.client("s3"), BUCKET, sealer),
        DynamoDueIndex(),
        DynamoPurgeLedger(),
        eraser(),
        DynamoSecurityLog(),
        DynamoClockOffsets(),
        DynamoDataJobs(),
        DynamoContactNotes(sealer),
        DynamoLeaks(),
        DynamoConsents(),
        DynamoActivityLog(sealer),
        DynamoListings(),
        DynamoDataRequests(),
        DynamoDeclaredDays(),
        DynamoRequestCounts(),
        watch,
    )


@pytest.fixture(params=["fakes", "dynamodb"])
def stores(request: pytest.FixtureRequest) -> Iterator[Stores]:
    """The stores, empty: in memory, and on DynamoDB."""
    if request.param == "fakes":
        table = fakes.Table()
        yield Stores(
            fakes.FakeTenants(table),
            fakes.FakePayments(table),
            fakes.FakeBooks(table),
            fakes.FakeInvoices(table),
            fakes.FakeProfiles(table),
            fakes.FakePeople(table),
            fakes.FakeDispatches(table),
            fakes.FakeRecords(table),
            fakes.FakeObjects(table),
            fakes.FakeDueIndex(table),
            fakes.FakePurgeLedger(table),
            fakes.FakeEraser(table),
            fakes.FakeSecurityLog(table),
            fakes.FakeClockOffsets(table),
            fakes.FakeDataJobs(table),
            fakes.FakeContactNotes(table),
            fakes.FakeLeaks(table),
            fakes.FakeConsents(table),
            fakes.FakeActivityLog(table),
            fakes.FakeListings(table),
            fakes.FakeDataRequests(table),
            fakes.FakeDeclaredDays(table),
            fakes.FakeRequestCounts(table),
        )
        return
    yield request.getfixturevalue("on_dynamodb")
