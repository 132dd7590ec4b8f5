"""A product's end on a deployed stack, from the switch to the last certificate."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest

from sandbox.api import Customer, instant, text
from tests.e2e.stage import DAY, SECOND, Stage, assert_problem, eventually, put, what_happened

pytestmark = [pytest.mark.e2e, pytest.mark.this_machine]


@pytest.mark.clause("KALO-9")
def test_a_products_end_leaves_a_year_to_read_and_then_nothing(ending_stage: Stage) -> None:
    stage = ending_stage
    trial = stage.join("kalo")
    buyer = stage.join("kalo")
    for customer in (trial, buyer):
        assert put(customer, "c1", {"name": "Reza"}).status_code == 201
    buyer.pay(buyer.order("starter", "P1Y"))
    paid = sum(entry["event"] == "term_granted" for entry in stage.timeline(buyer))
    assert paid == 1

    ends_at = stage.now() + 31 * DAY
    why = {"fa": "کار ما به پایان رسیده است.", "en": "We have come to our end."}
    early = {"ends_at": text(stage.now() + 29 * DAY), "why": why}
    refused = stage.api.call("POST", "/products/kalo/wind-down", early, token=stage.boss.token)
    assert_problem(refused, 422, "invalid-input", field="ends_at")
    plan = stage.as_operator("POST", "/products/kalo/wind-down", {"ends_at": text(ends_at), "why": why})
    assert plan["clause"] == "KALO-9"

    # A warm worker knows the state for ten seconds; an order that slipped through would be watched for a day.
    time.sleep(11)
    order = {"plan": "starter", "period": "P1Y"}
    refused = buyer.api.call("POST", f"{buyer.path}/orders", order, token=buyer.token)
    assert_problem(refused, 409, "conflict", clause="KALO-9")
    late = Customer(stage.api, "kalo")
    with pytest.raises(Exception, match="409"):
        late.register()

    stage.boss.advance_to(ends_at + SECOND)
    for customer in (trial, buyer):
        eventually(lambda each=customer: wound_down(stage, each), "the year of reading", 120)
    access_until = instant(plan["access_until"])
    [refund] = [each for each in stage.timeline(buyer) if each["event"] == "wound_down"]
    assert refund["facts"]["amount_rials"] > 0
    # The bank carries out what goes back; until then the purge would wait.
    for asked in eventually(lambda: stage.api.http.get("/pay/_test/refunds").json()["refunds"] or None, "it"):
        assert stage.api.http.post(f"/pay/_test/refund/{asked['id']}/complete").is_success
    stage.boss.advance_to(ends_at + DAY)
    assert buyer.get("/records/c1")["data"] == {"name": "Reza"}
    assert_problem(put(buyer, "c1", {}), 403, "access-refused", clause="KALO-9")

    stage.boss.advance_to(access_until - timedelta(minutes=1))
    state: dict[str, Any] = stage.as_operator("GET", buyer.path)
    assert (state["phase"], state["access"]) == ("read_only", "read_only")
    stage.boss.advance_to(access_until + 10 * DAY)
    for customer in (trial, buyer):
        certificate = stage.purge_of(customer)
        assert certificate["clause"] == "KALO-9"
        assert instant(certificate["committed_at"]) >= access_until
        assert set(certificate["left"].values()) == {0}


def wound_down(stage: Stage, customer: Customer) -> bool:
    """Whether the product's end reached a customer."""
    return "wound_down" in [event for event, _ in what_happened(stage.timeline(customer))]
