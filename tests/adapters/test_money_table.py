"""What is particular to DynamoDB about money: keys, sealed rows, rows of older and newer code, races."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import pytest
from pynamodb.exceptions import PynamoDBException

from mohlat.adapters import aws
from mohlat.adapters.dynamodb.books import DynamoBooks
from mohlat.adapters.dynamodb.due_index import DynamoDueIndex
from mohlat.adapters.dynamodb.invoices import DynamoInvoices
from mohlat.adapters.dynamodb.payments import DynamoPayments
from mohlat.adapters.dynamodb.profiles import DynamoProfiles
from mohlat.adapters.dynamodb.table import SHARDS, shard_of
from mohlat.adapters.dynamodb.tenants import DynamoTenants
from mohlat.adapters.sealing import EnvelopeSealer, SealBroken
from mohlat.application.ports import Receipt, Words
from mohlat.domain import lifecycle, purchases
from mohlat.domain.errors import ConcurrentChange
from mohlat.domain.payments import Order, Payment, PaymentStatus
from mohlat.domain.tickets import close_ticket
from tests.adapters.conftest import AGREEMENT, TABLE, stored_items
from tests.adapters.test_money_stores import (
    PROFILE,
    booked,
    compensation,
    draft,
    escrow,
    official,
    payment,
    refund,
    report,
    ticket,
)
from tests.adapters.wire import LOST_RACE, answer, answering, just_before, refusal
from tests.builders import START, order

WORDS = Words("t-1", "k-1", "کارت من ۶۰۳۷ است")


def register(sealer: EnvelopeSealer) -> None:
    sealer.begin("t-1")
    transition = lifecycle.register(AGREEMENT, "t-1", START, plan=None, trial_used=False, by="owner")
    DynamoTenants(sealer).commit(transition, None)


def put(pk: str, sk: str, doc: dict[str, Any], **attributes: Any) -> None:
    """A row as other code wrote it."""
    item = {"pk": {"S": pk}, "sk": {"S": sk}, "doc": {"S": json.dumps(doc)}, **attributes}
    aws.client("dynamodb").put_item(TableName=TABLE, Item=item)


def stored(sk: str) -> dict[str, Any]:
    """The one item with this sort key."""
    [item] = [item for item in stored_items() if item["sk"]["S"] == sk]
    return item


# --- rows ---------------------------------------------------------------------------------------------------


def test_rows_have_the_agreed_keys(sealer: EnvelopeSealer) -> None:
    register(sealer)
    DynamoBooks(sealer).write(
        [
            payment(),
            Receipt("sep", "R1", "p-1"),
            refund(),
            ticket(),
            escrow(),
            compensation(),
            booked(),
            official(),
            report(),
            WORDS,
        ]
    )
    DynamoInvoices(sealer).issue(draft())
    DynamoProfiles(sealer).put(PROFILE)
    keys = {(item["pk"]["S"], item["sk"]["S"]) for item in stored_items()}
    assert keys == {
        ("T#t-1", "TENANT"),
        ("T#t-1", "J#00000001"),
        ("T#t-1", "USAGE#u-1"),
        ("T#t-1", "WORDS#k-1"),
        ("T#t-1", "PROFILE"),
        ("PAYMENT#p-1", "PAYMENT"),
        ("RECEIPT#sep#R1", "RECEIPT"),
        ("MONEY#t-1", "REFUND#r-1"),
        ("MONEY#t-1", "TICKET#k-1"),
        ("TICKETS#trialware", "k-1"),
        ("MONEY#t-1", "ESCROW#e-1"),
        ("PARTNER#partner-1", "e-1"),
        ("MONEY#t-1", "COMP#c-1"),
        ("MONEY#t-1", "POST#capture#p-1"),
        ("MONEY#t-1", "OFFICIAL#i-1"),
        ("MONEY#t-1", "INVOICE#i-1"),
        ("INVOICES#trialware#1404", "COUNTER"),
        ("INVOICES#trialware#1404", "N#00000001"),
    }


def test_what_has_its_default_is_not_stored(sealer: EnvelopeSealer) -> None:
    register(sealer)
    tenant = DynamoTenants(sealer).get("t-1")
    transition = purchases.place_order(tenant, AGREEMENT, order(tenant), START, by="owner")
    DynamoTenants(sealer).commit(transition, None, [order(tenant), payment(), refund(), ticket(), escrow()])
    DynamoInvoices(sealer).issue(draft())
    docs = {item["sk"]["S"]: json.loads(item["doc"]["S"]) for item in stored_items() if "doc" in item}
    assert set(docs["ORDER#o-1"]) == {
        "product",
        "plan",
        "length",
        "amount",
        "payment_id",
        "created_at",
        "expires_at",
    }
    for sk in ("PAYMENT", "REFUND#r-1", "TICKET#k-1", "ESCROW#e-1", "INVOICE#i-1"):
        assert all(value not in (None, "", 0, False, [], {}) for value in docs[sk].values()), sk
    assert docs["INVOICE#i-1"]["lines"][1] == {
        "item": "extra",
        "subject": "training",
        "quantity": 2,
        "unit_price": 500,
    }


def test_orders_and_payments_from_before_refunds_are_still_read(sealer: EnvelopeSealer) -> None:
    register(sealer)
    plain = order(DynamoTenants(sealer).get("t-1"))
    put(
        "T#t-1",
        "ORDER#o-1",
        {
            "product": "trialware",
            "plan": "basic",
            "length": "P1M",
            "amount": 1_000_000,
            "payment_id": "p-1",
            "created_at": "2026-01-31T08:00:00Z",
            "expires_at": "2026-02-01T08:00:00Z",
        },
    )
    put(
        "PAYMENT#p-1",
        "PAYMENT",
        {
            "tenant_id": "t-1",
            "product": "trialware",
            "order_id": "o-1",
            "gateway": "zarinpal",
            "amount": 1_000_000,
            "status": "pending",
            "created_at": "2026-01-31T08:00:00Z",
            "authority": "A1",
        },
        version={"N": "2"},
    )
    payments = DynamoPayments()
    assert payments.order("t-1", "o-1") == plain == Order(**{name: getattr(plain, name) for name in BEFORE})
    known = payments.get("p-1")
    assert known == Payment(
        "p-1",
        "t-1",
        "trialware",
        "o-1",
        "zarinpal",
        1_000_000,
        PaymentStatus.PENDING,
        START,
        version=2,
        authority="A1",
    )
    payments.save(replace(known, status=PaymentStatus.CANCELLED, version=3))


BEFORE = (
    "id",
    "tenant_id",
    "product",
    "plan",
    "length",
    "amount",
    "payment_id",
    "created_at",
    "expires_at",
)


def test_what_newer_code_adds_to_a_row_does_not_stop_older_code(sealer: EnvelopeSealer) -> None:
    register(sealer)
    books, invoices = DynamoBooks(sealer), DynamoInvoices(sealer)
    books.write([payment(), refund(), ticket(), escrow(), compensation(), booked(), official(), report()])
    issued = invoices.issue(draft())
    for item in stored_items():
        if "doc" in item:
            doc = json.loads(item["doc"]["S"]) | {"added_at": "some day"}
            for line in doc["lines"] if isinstance(doc.get("lines"), list) else ():
                line["added"] = 1
            item["doc"]["S"] = json.dumps(doc)
            aws.client("dynamodb").put_item(TableName=TABLE, Item=item)
    assert DynamoPayments().get("p-1") == payment()
    assert books.refunds("t-1") == [refund()]
    assert books.tickets("t-1") == [ticket()]
    assert books.escrows("t-1") == [escrow()]
    assert books.compensations("t-1") == [compensation()]
    assert books.postings("t-1") == [booked()]
    assert books.usage_report("t-1", "u-1") == report()
    assert invoices.official("t-1", "i-1") == official()
    assert invoices.get("t-1", "i-1") == issued


def test_a_closed_tickets_row_and_its_place_in_the_list_go_in_one_transaction(sealer: EnvelopeSealer) -> None:
    DynamoBooks(sealer).write([ticket()])
    with answering("TransactWriteItems") as asked:
        DynamoBooks(sealer).write([close_ticket(ticket(), "paid_out", START, by="operator")])
    [request] = asked
    assert sorted(kind for item in request["TransactItems"] for kind in item) == ["Delete", "Put"]


def test_a_ticket_closed_while_the_list_is_read_gives_its_place_to_the_next(sealer: EnvelopeSealer) -> None:
    books = DynamoBooks(sealer)
    books.write([ticket(1), ticket(2), ticket(3)])

    def close() -> None:
        books.write([close_ticket(ticket(1), "paid_out", START, by="operator")])

    with just_before("GetItem", close):
        assert [each.id for each in books.open_tickets("trialware", limit=2)] == ["k-2", "k-3"]


def test_what_is_no_race_passes_through_the_books(sealer: EnvelopeSealer) -> None:
    broken = refusal("TransactionCanceledException", ["None", "ThrottlingError"])
    with answering("TransactWriteItems", broken), pytest.raises(PynamoDBException):
        DynamoBooks(sealer).write([booked(), refund()])


# --- what is sealed -----------------------------------------------------------------------------------------


def test_nobody_can_be_read_from_the_table(sealer: EnvelopeSealer) -> None:
    register(sealer)
    DynamoBooks(sealer).write([ticket(), WORDS])
    DynamoProfiles(sealer).put(PROFILE)
    DynamoInvoices(sealer).issue(draft())
    everything = repr(stored_items())
    told = [PROFILE.name, PROFILE.surname, PROFILE.national_id, PROFILE.mobile, PROFILE.email, PROFILE.sheba]
    for secret in (*told, PROFILE.address, PROFILE.postal_code, "پردیس", "کارت", "۶۰۳۷"):
        assert secret not in everything
        assert repr(secret.encode())[2:-1] not in everything
    assert DynamoBooks(sealer).words("t-1", "k-1") == WORDS.text


def test_what_is_sealed_opens_in_its_own_row_only(sealer: EnvelopeSealer) -> None:
    register(sealer)
    books, profiles, invoices = DynamoBooks(sealer), DynamoProfiles(sealer), DynamoInvoices(sealer)
    books.write([WORDS, Words("t-1", "k-2", "another")])
    profiles.put(PROFILE)
    for number in (1, 2):
        invoices.issue(draft(number))
    sealed = {sk: stored(sk)["sealed"] for sk in ("WORDS#k-1", "PROFILE", "INVOICE#i-1")}
    for sk, source in (("WORDS#k-2", "WORDS#k-1"), ("PROFILE", "INVOICE#i-1"), ("INVOICE#i-2", "PROFILE")):
        aws.client("dynamodb").put_item(TableName=TABLE, Item=stored(sk) | {"sealed": sealed[source]})
    for read in (
        lambda: books.words("t-1", "k-2"),
        lambda: profiles.get("t-1"),
        lambda: invoices.get("t-1", "i-2"),
    ):
        with pytest.raises(SealBroken):
            read()
    assert len(invoices.of("t-1")) == 2


# --- indexes ------------------------------------------------------------------------------------------------


def test_only_postings_stand_in_the_index_of_the_day(sealer: EnvelopeSealer) -> None:
    register(sealer)
    DynamoBooks(sealer).write([payment(), refund(), ticket(), escrow(), booked(), report(), WORDS])
    DynamoInvoices(sealer).issue(draft())
    [item] = [item for item in stored_items() if "ledger_day" in item]
    assert item["sk"]["S"] == "POST#capture#p-1"
    assert item["ledger_day"]["S"] == f"2026-01-31#{shard_of('t-1')}"


def test_the_index_of_the_day_is_asked_shard_by_shard_and_page_by_page(sealer: EnvelopeSealer) -> None:
    DynamoBooks(sealer).write([booked()])
    key = {"pk": {"S": "MONEY#t-9"}, "sk": {"S": "POST#x"}, "ledger_day": {"S": "2026-01-31#00"}}
    page = answer({"Items": [key], "Count": 1, "ScannedCount": 1, "LastEvaluatedKey": key})
    with answering("Query", page) as asked:
        assert DynamoBooks(sealer).touched_on("2026-01-31") == {"t-1", "t-9"}
    days = [query["ExpressionAttributeValues"][":0"]["S"] for query in asked]
    assert days == ["2026-01-31#00", *(f"2026-01-31#{shard}" for shard in SHARDS)]
    assert {query["IndexName"] for query in asked} == {"ledger"}
    assert asked[1]["ExclusiveStartKey"] == key


def test_refunds_and_tickets_are_spread_over_the_shards_by_their_own_ids(sealer: EnvelopeSealer) -> None:
    DynamoBooks(sealer).write([refund(), ticket()])
    assert stored("REFUND#r-1")["due_shard"]["S"] == shard_of("r-1")
    assert stored("TICKET#k-1")["due_shard"]["S"] == shard_of("k-1")
    assert len(DynamoDueIndex().overdue(START)) == 1


# --- numbers ------------------------------------------------------------------------------------------------


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was slept, in seconds, by what no longer sleeps."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


@pytest.mark.clause("SAMAN-5.9")
def test_two_who_want_the_same_number_get_one_each(sealer: EnvelopeSealer, pauses: list[float]) -> None:
    invoices = DynamoInvoices(sealer)
    invoices.issue(draft(1))
    with just_before("TransactWriteItems", lambda: invoices.issue(draft(2, "t-2"))):
        slower = invoices.issue(draft(3))
    assert slower.number == 3
    numbers = [invoices.by_number("trialware", 1404, number) for number in (1, 2, 3)]
    assert numbers == [("t-1", "i-1"), ("t-2", "i-2"), ("t-1", "i-3")]
    assert stored("COUNTER")["number"]["N"] == "3"
    assert len(pauses) == 1


def test_the_first_number_of_a_year_is_given_once(sealer: EnvelopeSealer, pauses: list[float]) -> None:
    invoices = DynamoInvoices(sealer)
    with just_before("TransactWriteItems", lambda: invoices.issue(draft(2, "t-2"))):
        assert invoices.issue(draft(1)).number == 2
    assert stored("COUNTER")["number"]["N"] == "2"


def test_two_who_issue_the_same_document_at_once_issue_one(
    sealer: EnvelopeSealer, pauses: list[float]
) -> None:
    register(sealer)
    invoices = DynamoInvoices(sealer)
    with just_before("TransactWriteItems", lambda: invoices.issue(draft())):
        again = invoices.issue(replace(draft(), clause="another"))
    assert again == replace(draft(), number=1)
    assert stored("COUNTER")["number"]["N"] == "1"
    assert invoices.issue(draft(2)).number == 2
    assert pauses == []


def test_a_document_issued_between_two_reads_is_not_issued_again(
    sealer: EnvelopeSealer, pauses: list[float]
) -> None:
    invoices = DynamoInvoices(sealer)
    # The first read looks for the document, the second for the last number.
    with just_before("GetItem", lambda: invoices.issue(draft()), call=2):
        assert invoices.issue(draft()).number == 1
    assert stored("COUNTER")["number"]["N"] == "1"


def test_every_part_of_an_issue_has_its_condition(sealer: EnvelopeSealer) -> None:
    invoices = DynamoInvoices(sealer)
    invoices.issue(draft(1))
    with answering("TransactWriteItems") as asked:
        invoices.issue(draft(2))
        invoices.issue(draft(2))
    [request] = asked
    puts = {item["Put"]["Item"]["sk"]["S"]: item["Put"] for item in request["TransactItems"]}
    assert {sk: put["ConditionExpression"] for sk, put in puts.items()} == {
        "COUNTER": "#0 = :0",
        "N#00000002": "attribute_not_exists (#0)",
        "INVOICE#i-2": "attribute_not_exists (#0)",
    }
    assert puts["COUNTER"]["ExpressionAttributeValues"] == {":0": {"N": "1"}}


def test_whoever_loses_every_race_for_a_number_says_so(sealer: EnvelopeSealer, pauses: list[float]) -> None:
    invoices = DynamoInvoices(sealer)
    with answering("TransactWriteItems", *[LOST_RACE] * 99) as asked, pytest.raises(ConcurrentChange):
        invoices.issue(draft())
    assert (len(asked), len(pauses)) == (12, 11)
    assert max(pauses) <= 0.5
    assert sum(pauses) < 6
    assert stored_items() == []


def test_what_is_no_race_is_not_tried_again(sealer: EnvelopeSealer, pauses: list[float]) -> None:
    broken = refusal("TransactionCanceledException", ["None", "ValidationError"])
    with answering("TransactWriteItems", broken) as asked, pytest.raises(PynamoDBException):
        DynamoInvoices(sealer).issue(draft())
    assert len(asked) == 1


def test_a_number_that_was_given_is_never_given_again(sealer: EnvelopeSealer, pauses: list[float]) -> None:
    invoices = DynamoInvoices(sealer)
    invoices.issue(draft())
    # As after a counter's row was lost: the numbers themselves still stand in the way.
    aws.client("dynamodb").delete_item(
        TableName=TABLE, Key={"pk": {"S": "INVOICES#trialware#1404"}, "sk": {"S": "COUNTER"}}
    )
    with pytest.raises(ConcurrentChange):
        invoices.issue(draft(2))
    assert invoices.by_number("trialware", 1404, 1) == ("t-1", "i-1")
    assert [each.id for each in invoices.of("t-1")] == ["i-1"]
