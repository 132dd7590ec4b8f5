"""Paying: one effect per payment, whoever calls back, how often, and whatever it claims."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest

from sandbox.api import Customer, instant
from tests.e2e.stage import DAY, SECOND, Stage, assert_problem, eventually, what_happened

pytestmark = pytest.mark.e2e

JSON = {"Accept": "application/json"}


def authority_of(order: dict[str, Any]) -> str:
    """The gateway's name for an order's payment."""
    return str(order["pay_url"]).rsplit("/", 1)[1]


def at_gateway(customer: Customer, order: dict[str, Any], action: str) -> httpx.Response:
    """Does something on the pay page without going back to the shop."""
    base, authority = str(order["pay_url"]).split("/pg/StartPay/")
    return customer.api.http.post(f"{base}/_test/{authority}/{action}")


def call_back(
    customer: Customer, authority: str, status: str, accept: str = "application/json"
) -> httpx.Response:
    """What a browser that comes back from the gateway asks for, with whatever it claims."""
    path = "/v1/payments/zarinpal/callback"
    query = {"Authority": authority, "Status": status}
    headers = {"Accept": accept, "Accept-Language": "en"}
    return customer.api.http.get(path, params=query, headers=headers)


def grants(stage: Stage, customer: Customer) -> int:
    """How many terms a customer was given."""
    return [event for event, _ in what_happened(stage.timeline(customer))].count("term_granted")


def test_fifty_callbacks_ten_at_once_grant_one_term_and_tell_everyone_the_same(stage: Stage) -> None:
    customer = stage.join("kalo")
    order = customer.order("starter", "P1M")
    back = at_gateway(customer, order, "pay").headers["Location"]
    # Ten at a time: each needs a worker of its own, and fifty starting at once outlast its 25 seconds here.
    with ThreadPoolExecutor(10) as browsers:
        answers = list(browsers.map(lambda _: httpx.get(back, headers=JSON, timeout=120), range(50)))
    assert {answer.status_code for answer in answers} == {200}
    told = answers[0].json()
    assert all(answer.json() == told for answer in answers)
    assert (told["status"], told["order_id"]) == ("granted", order["order_id"])
    assert told["amount_rials"] == order["amount_rials"]
    assert grants(stage, customer) == 1

    def receipts() -> list[str] | None:
        messages = stage.timeline(customer)[-1]["messages"]
        sent = [message["channel"] for message in messages if message["status"] == "sent"]
        return sent if len(sent) >= 2 else None

    assert sorted(eventually(receipts, "the receipt")) == ["email", "sms"]
    # One code and one receipt by mail, one receipt by SMS.
    assert len(stage.received(customer)) == 3
    assert customer.get(f"/orders/{order['order_id']}")["payment"]["reference"] == told["reference"]

    # Long after, even when the term is over, the same page shows the same.
    stage.boss.advance_to(stage.now() + 5 * DAY)
    assert httpx.get(back, headers=JSON).json() == told
    assert grants(stage, customer) == 1
    page = call_back(customer, authority_of(order), "OK", accept="text/html")
    assert page.status_code == 200
    assert page.headers["Content-Type"].startswith("text/html")
    assert told["reference"] in page.text


def test_a_forged_ok_grants_nothing_and_spoils_nothing(stage: Stage) -> None:
    customer = stage.join("kalo")
    order = customer.order("starter", "P1M")
    forged = call_back(customer, authority_of(order), "OK")
    assert (forged.status_code, forged.json()["status"]) == (202, "pending")
    assert grants(stage, customer) == 0
    assert customer.get()["phase"] == "trial"
    assert customer.pay(order).json()["status"] == "granted"
    assert grants(stage, customer) == 1


def test_a_forged_nok_takes_nothing_from_who_has_paid(stage: Stage) -> None:
    customer = stage.join("kalo")
    order = customer.order("starter", "P1M")
    at_gateway(customer, order, "pay-no-return")
    forged = call_back(customer, authority_of(order), "NOK")
    assert (forged.status_code, forged.json()["status"]) == (200, "granted")
    assert grants(stage, customer) == 1


def test_cancelling_buys_nothing_and_another_order_can_be_paid(stage: Stage) -> None:
    customer = stage.join("kalo")
    order = customer.order("starter", "P1M")
    assert customer.pay(order, "cancel").json()["status"] == "cancelled"
    assert call_back(customer, authority_of(order), "OK").json()["status"] == "cancelled"
    assert customer.pay(customer.order("starter", "P1M")).json()["status"] == "granted"
    assert grants(stage, customer) == 1
    statuses = [placed["payment"]["status"] for placed in customer.get("/orders")["orders"]]
    assert statuses == ["granted", "cancelled"]


def test_who_paid_and_never_came_back_is_granted_by_the_watch(stage: Stage) -> None:
    customer = stage.join("kalo")
    order = customer.order("starter", "P1M")
    at_gateway(customer, order, "pay-no-return")
    assert grants(stage, customer) == 0
    ordered_at = instant(order["created_at"])
    stage.boss.advance_to(max(ordered_at + timedelta(minutes=2) + SECOND, stage.now()))
    granted = [entry for entry in stage.timeline(customer) if entry["event"] == "term_granted"]
    assert [entry["by"] for entry in granted] == ["gateway:zarinpal"]
    assert instant(granted[0]["at"]) - (ordered_at + timedelta(minutes=2)) <= 2 * SECOND
    assert customer.get(f"/orders/{order['order_id']}")["payment"]["status"] == "granted"
    assert call_back(customer, authority_of(order), "OK").json()["status"] == "granted"
    assert grants(stage, customer) == 1


def test_another_gateway_of_the_agreement_grants_just_the_same_and_believes_no_browser(stage: Stage) -> None:
    customer = stage.join("customer_club")
    order = customer.order("silver", "P1M", gateway="zibal")
    assert "/zibal/start/" in order["pay_url"]
    forged = {"trackId": authority_of(order), "success": "1"}
    back = customer.api.http.get("/v1/payments/zibal/callback", params=forged, headers=JSON)
    assert (back.status_code, back.json()["status"], grants(stage, customer)) == (202, "pending", 0)
    assert customer.pay(order).json()["status"] == "granted"
    granted = [entry for entry in stage.timeline(customer) if entry["event"] == "term_granted"]
    assert [entry["by"] for entry in granted] == ["gateway:zibal"]


def test_callbacks_for_payments_that_are_not_ours_are_refused_and_noted(stage: Stage) -> None:
    customer = stage.customer("kalo")

    def noted() -> int:
        lines = stage.as_operator("GET", "/security-log", subject="zarinpal", limit=1000)["lines"]
        return sum(line["kind"] == "callback_for_unknown_payment" for line in lines)

    before = noted()
    request = {
        "merchant_id": str(uuid.uuid4()),
        "amount": 2_500_000,
        "description": "another shop's order",
        "callback_url": "https://shop.example/back",
    }
    opened = customer.api.http.post("/pay/pg/v4/payment/request.json", json=request).json()
    for authority in ("A" + "0" * 35, opened["data"]["authority"]):
        for status in ("OK", "NOK"):
            assert_problem(call_back(customer, authority, status), 404, "not-found")
    assert noted() == before + 4
    page = call_back(customer, "A" + "0" * 35, "OK", accept="text/html")
    assert page.status_code == 404
    assert page.headers["Content-Type"].startswith("text/html")

    assert_problem(call_back(customer, "", "OK"), 422, "invalid-input", field="Authority")
    assert_problem(call_back(customer, "A1", "PAID"), 422, "invalid-input", field="Status")
    assert_problem(call_back(customer, "<script>", "OK"), 422, "invalid-input", field="Authority")
    unknown = customer.api.call("GET", "/payments/paypal/callback", Authority="A1", Status="OK")
    assert_problem(unknown, 404, "not-found")
