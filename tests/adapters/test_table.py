"""What is particular to DynamoDB: keys, the index, streams, races, batches that come back undone."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from pynamodb.exceptions import PynamoDBException

from mohlat.adapters import aws
from mohlat.adapters.dynamodb import table
from mohlat.adapters.dynamodb.dispatches import DynamoDispatches
from mohlat.adapters.dynamodb.due_index import DynamoDueIndex
from mohlat.adapters.dynamodb.payments import DynamoPayments
from mohlat.adapters.dynamodb.people import DynamoPeople
from mohlat.adapters.dynamodb.records import DynamoRecords
from mohlat.adapters.dynamodb.tenants import DynamoTenants
from mohlat.adapters.sealing import EnvelopeSealer
from mohlat.domain import lifecycle, purchases
from mohlat.domain.agreement import Channel
from mohlat.domain.errors import ConcurrentChange, ServiceUnavailable
from mohlat.domain.notices import Dispatch, NoticeKind, NoticeStatus
from mohlat.domain.payments import Payment, PaymentStatus
from mohlat.domain.people import Role, User
from mohlat.domain.purge import Store
from tests.adapters.conftest import TABLE, eraser, stored_items
from tests.adapters.wire import answer, answering, refusal
from tests.builders import START, agreement_with_trial, order

AGREEMENT = agreement_with_trial()


def register(sealer: EnvelopeSealer, tenant_id: str = "t-1") -> None:
    transition = lifecycle.register(AGREEMENT, tenant_id, START, plan=None, trial_used=False, by="owner")
    user = User(tenant_id, f"u-{tenant_id}", Role.OWNER, START)
    DynamoTenants(sealer).commit(transition, START + timedelta(days=23), [user])
    sealer.begin(tenant_id)


def test_importing_the_adapters_needs_no_table_name_and_makes_no_client() -> None:
    script = (
        "import mohlat.adapters.dynamodb.due_index, mohlat.adapters.dynamodb.books;"
        "import mohlat.adapters.dynamodb.invoices, mohlat.adapters.aws as aws, sys;"
        "assert aws._create.cache_info().currsize == 0;"
        "assert 'boto3' not in sys.modules;"
        "assert 'cryptography.hazmat.primitives.ciphers.aead' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": ":".join(path for path in sys.path if path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_every_model_shares_one_client(cloud: None) -> None:
    clients = {id(model._get_connection().connection.client) for model in table.Item.__subclasses__()}
    assert clients == {id(aws.client("dynamodb"))}
    assert aws.client("kms") is aws.client("kms")


def test_the_table_name_is_read_at_first_use(cloud: None) -> None:
    assert table.connection().table_name == TABLE


def test_items_have_the_agreed_keys(sealer: EnvelopeSealer) -> None:
    register(sealer)
    keys = {(item["pk"]["S"], item["sk"]["S"]) for item in stored_items()}
    assert keys == {("T#t-1", "TENANT"), ("T#t-1", "J#00000001"), ("T#t-1", "USER#u-t-1")}


def test_empty_values_are_not_stored(sealer: EnvelopeSealer) -> None:
    register(sealer)
    [tenant] = [item for item in stored_items() if item["sk"]["S"] == "TENANT"]
    doc = json.loads(tenant["doc"]["S"])
    assert all(value not in (None, "", [], {}) for value in doc.values())
    assert not {"id", "version", "term", "holds"} & doc.keys()


def test_shards_are_stable_and_even() -> None:
    assert table.shard_of("t_01JD") == table.shard_of("t_01JD")
    counts = dict.fromkeys(table.SHARDS, 0)
    for number in range(16_000):
        counts[table.shard_of(f"t_{number:026d}")] += 1
    assert len(counts) == 16
    assert all(800 < count < 1200 for count in counts.values())


def test_the_index_is_asked_shard_by_shard_for_no_more_than_the_limit(sealer: EnvelopeSealer) -> None:
    for number in range(40):
        register(sealer, f"t-{number}")
    with answering("Query") as asked:
        found = DynamoDueIndex().overdue(START, limit=10)
    assert [item.id for item in found] == sorted(f"t-{number}" for number in range(40))[:10]
    assert {query["ExpressionAttributeValues"][":0"]["S"] for query in asked} == set(table.SHARDS)
    assert {(query["IndexName"], query["Limit"]) for query in asked} == {("due", 10)}


def test_the_stream_tells_of_entries_and_payments(sealer: EnvelopeSealer) -> None:
    register(sealer)
    tenants = DynamoTenants(sealer)
    tenant = tenants.get("t-1")
    payment = Payment(
        "p-1",
        "t-1",
        "trialware",
        "o-1",
        "zarinpal",
        1000,
        PaymentStatus.REQUESTED,
        START,
        next_check_at=START,
    )
    tenants.commit(purchases.place_order(tenant, AGREEMENT, order(tenant), START, by="x"), None, [payment])
    streams = aws.client("dynamodbstreams")
    [stream] = streams.list_streams(TableName=TABLE)["Streams"]
    shards = streams.describe_stream(StreamArn=stream["StreamArn"])["StreamDescription"]["Shards"]
    iterator = streams.get_shard_iterator(
        StreamArn=stream["StreamArn"], ShardId=shards[0]["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )
    records = streams.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
    inserted = [record["dynamodb"]["Keys"] for record in records if record["eventName"] == "INSERT"]
    # As the dispatcher reads them: by the keys alone.
    keys = [(key["pk"]["S"], key["sk"]["S"]) for key in inserted]
    entries = [
        tenants.entry(pk.removeprefix("T#"), int(sk.removeprefix("J#")))
        for pk, sk in keys
        if sk.startswith("J#")
    ]
    assert entries == tenants.journal("t-1")
    payments = [DynamoPayments().get(pk.removeprefix("PAYMENT#")) for pk, sk in keys if sk == "PAYMENT"]
    assert payments == [payment]


@pytest.mark.parametrize("reasons", [["None", "TransactionConflict"], ["ConditionalCheckFailed", "None"]])
def test_a_lost_race_is_a_concurrent_change(sealer: EnvelopeSealer, reasons: list[str]) -> None:
    with (
        answering("TransactWriteItems", refusal("TransactionCanceledException", reasons)),
        pytest.raises(ConcurrentChange),
    ):
        register(sealer)


@pytest.mark.parametrize("reason", ["ThrottlingError", "ValidationError", "ItemCollectionSizeLimitExceeded"])
def test_what_is_no_race_is_not_called_one(sealer: EnvelopeSealer, reason: str) -> None:
    with (
        answering("TransactWriteItems", refusal("TransactionCanceledException", ["None", reason])),
        pytest.raises(PynamoDBException),
    ):
        register(sealer)


def test_the_tenant_moves_only_from_the_version_that_was_read(sealer: EnvelopeSealer) -> None:
    register(sealer)
    tenants = DynamoTenants(sealer)
    tenant = tenants.get("t-1")
    with answering("TransactWriteItems") as asked:
        tenants.commit(lifecycle.accept_terms(tenant, AGREEMENT, START, by="x"), None)
    puts = {item["Put"]["Item"]["sk"]["S"]: item["Put"] for item in asked[0]["TransactItems"]}
    condition = puts["TENANT"]
    assert condition["ConditionExpression"] == "#0 = :0"
    assert condition["ExpressionAttributeNames"]["#0"] == "version"
    assert condition["ExpressionAttributeValues"] == {":0": {"N": "1"}}
    assert puts["J#00000002"]["ConditionExpression"] == "attribute_not_exists (#0)"


def test_a_transaction_carries_a_token_against_its_own_repetition(sealer: EnvelopeSealer) -> None:
    with answering("TransactWriteItems") as asked:
        register(sealer)
    assert asked[0]["ClientRequestToken"]


def test_a_payment_held_by_a_transaction_is_a_concurrent_change(sealer: EnvelopeSealer) -> None:
    payment = Payment("p-1", "t-1", "trialware", "o-1", "zarinpal", 1000, PaymentStatus.REQUESTED, START)
    with (
        answering("PutItem", refusal("TransactionConflictException")),
        pytest.raises(ConcurrentChange),
    ):
        DynamoPayments().save(payment)


def test_other_refusals_pass_through_every_conditional_write(sealer: EnvelopeSealer) -> None:
    register(sealer)
    broken = refusal("ValidationException")
    dispatch = Dispatch(
        "t-1", "k@x#g1", Channel.EMAIL, NoticeKind.DEACTIVATED, "T-1", NoticeStatus.SENDING, START
    )
    user = User("t-1", "u-t-1", Role.OWNER, START)
    for operation, call in (
        ("PutItem", lambda: DynamoDispatches().reserve(dispatch)),
        ("PutItem", lambda: DynamoDispatches().finish(dispatch)),
        ("PutItem", lambda: sealer.begin("t-1")),
        ("UpdateItem", lambda: DynamoPeople(sealer).save_user(user)),
        ("UpdateItem", lambda: DynamoTenants(sealer).mark_followed("t-1", 1)),
        ("TransactWriteItems", lambda: DynamoRecords(sealer).delete("t-1", "r-1", 1, START)),
    ):
        with answering(operation, broken), pytest.raises(PynamoDBException):
            call()


def test_a_claim_given_back_in_this_moment_is_asked_for_again(cloud: None) -> None:
    dispatch = Dispatch(
        "t-1", "k@x#g1", Channel.EMAIL, NoticeKind.DEACTIVATED, "T-1", NoticeStatus.SENDING, START
    )
    with (
        answering("PutItem", refusal("ConditionalCheckFailedException")),
        pytest.raises(ConcurrentChange),
    ):
        DynamoDispatches().reserve(dispatch)


def undone(*numbers: int) -> tuple[AWSResponse, dict[str, Any]]:
    keys = [{"pk": {"S": "T#t-1"}, "sk": {"S": f"RECORD#r-{number}"}} for number in numbers]
    return answer({"UnprocessedItems": {TABLE: [{"DeleteRequest": {"Key": key}} for key in keys]}})


def test_what_a_batch_leaves_undone_is_done_again(sealer: EnvelopeSealer) -> None:
    register(sealer)
    for number in range(3):
        DynamoRecords(sealer).put("t-1", f"r-{number}", {}, START)
    with answering("BatchWriteItem", undone(0, 1, 2), None) as asked:
        assert eraser().erase("t-1", Store.RECORDS) == 3
    assert len(asked) == 2
    assert eraser().count("t-1", Store.RECORDS) == 0


def test_a_batch_that_is_never_done_says_so(sealer: EnvelopeSealer) -> None:
    register(sealer)
    DynamoRecords(sealer).put("t-1", "r-0", {}, START)
    with answering("BatchWriteItem", *[undone(0)] * 9), pytest.raises(ServiceUnavailable):
        eraser().erase("t-1", Store.RECORDS)
    assert eraser().count("t-1", Store.RECORDS) == 1


def test_long_stores_are_read_page_by_page(sealer: EnvelopeSealer) -> None:
    register(sealer)
    records = DynamoRecords(sealer)
    for number in range(130):
        records.put("t-1", f"r-{number:03d}", {"padding": "x" * 10_000}, START)
    assert eraser().count("t-1", Store.RECORDS) == 130
    assert len(records.page("t-1", None, 130)) == 130
