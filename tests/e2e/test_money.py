"""Money on the deployed stack, over HTTP: the demo's chapter, and what people get wrong or forge."""

from __future__ import annotations

import pytest

from sandbox.api import Operator, instant
from sandbox.chapter import Buyer, Chapter
from sandbox.demo_money import MoneyChapter
from tests.e2e.stage import DAY, SECOND, Stage, assert_problem, eventually

pytestmark = pytest.mark.e2e


@pytest.mark.clause("SAMAN-2.6", "SAMAN-5.6", "SAMAN-5.7", "SAMAN-5.8", "SAMAN-5.9", "SAMAN-5.11")
def test_everything_that_can_be_paid_given_back_and_contested(stage: Stage, partner: Operator) -> None:
    told: list[str] = []
    assert MoneyChapter(stage.api, stage.boss, told.append, partner=partner).run() == len(told) == 10


def test_a_quote_is_charged_to_the_rial_or_refused(stage: Stage) -> None:
    buyer = Buyer(stage.join("kalo"))
    quote = buyer.ask("POST", "/quotes", {"plan": "starter", "period": "P1M"})
    assert (quote["list_price_rials"], quote["vat_rials"], quote["amount_rials"]) == (
        2_500_000,
        250_000,
        2_750_000,
    )
    order = buyer.ask("POST", "/orders", {"quote": quote["quote"], "start_now": True})
    assert order["amount_rials"] == quote["amount_rials"]
    for wrong in ("", "nonsense", quote["quote"][:-2], quote["quote"] + "AAAA", "۱۲۳"):
        assert buyer.call("POST", "/orders", {"quote": wrong}).status_code == 422
    both = {"quote": quote["quote"], "plan": "starter"}
    assert_problem(buyer.call("POST", "/orders", both), 422, "invalid-input", field="plan")
    stage.boss.advance_to(stage.now() + DAY + SECOND)
    assert_problem(buyer.call("POST", "/orders", {"quote": quote["quote"]}), 403, "too-late")


def test_seven_working_days_unless_the_start_was_asked_for(stage: Stage) -> None:
    waived, kept = Buyer(stage.join("kalo")), Buyer(stage.join("kalo"))
    order = waived.ask("POST", "/orders", {"plan": "starter", "period": "P1M", "start_now": True})
    assert waived.customer.pay(order).json()["status"] == "granted"
    body = {"payment_id": order["payment"]["payment_id"]}
    assert_problem(waived.call("POST", "/refunds", body), 403, "refund-refused")
    order = kept.buy(plan="starter", period="P1M")
    refund = kept.ask("POST", "/refunds", {"payment_id": order["payment"]["payment_id"]})
    assert refund["amount_rials"] == order["amount_rials"] == 2_750_000
    # Another's payment does not exist for anybody else.
    assert_problem(waived.call("POST", "/refunds", {"payment_id": refund["payment_id"]}), 404, "not-found")
    # What nobody carries out would be asked about every day on the way of every test that moves the clock.
    Chapter(stage.api, stage.boss).settle_refunds(kept)


@pytest.mark.clause("CLUB-7")
def test_a_failed_payment_that_took_money_becomes_a_ticket_after_seventy_two_hours(stage: Stage) -> None:
    buyer = Buyer(stage.join("customer_club"))
    order = buyer.ask("POST", "/orders", {"plan": "silver", "period": "P1M"})
    assert buyer.customer.pay(order, "cancel").json()["status"] == "cancelled"
    payment = f"/payments/{order['payment']['payment_id']}"
    failed_at = buyer.ask("GET", payment)["settled_at"]
    assert buyer.ask("POST", f"{payment}/reports")["status"] == "cancelled"
    assert_problem(buyer.call("POST", f"{payment}/reports"), 409, "conflict")
    end = instant(failed_at) + 3 * DAY
    stage.just_before(end)
    assert buyer.ask("GET", payment)["ticket_id"] is None
    stage.just_after(end)
    ticket_id = eventually(lambda: buyer.ask("GET", payment)["ticket_id"], "the ticket")
    tickets = buyer.ask("GET", "/tickets")["tickets"]
    assert ticket_id in [ticket["ticket_id"] for ticket in tickets]
    closing = f"{buyer.customer.path}/tickets/{ticket_id}/closures"
    assert stage.as_operator("POST", closing, {"outcome": "Found and sent back."})["outcome"]


def test_money_taken_late_is_found_and_granted(stage: Stage) -> None:
    buyer = Buyer(stage.join("customer_club"))
    order = buyer.ask("POST", "/orders", {"plan": "silver", "period": "P1M"})
    assert buyer.customer.pay(order, "cancel").json()["status"] == "cancelled"
    authority = order["pay_url"].rsplit("/", 1)[1]
    stage.api.http.post(f"/pay/_test/{authority}/pay-no-return")
    report = buyer.ask("POST", f"/payments/{order['payment']['payment_id']}/reports")
    assert report["status"] == "granted"
    assert buyer.customer.get()["term"]["plan"] == "silver"


@pytest.mark.clause("KALAK-collect")
def test_an_order_of_the_shop_needs_a_complete_and_checked_profile(stage: Stage) -> None:
    buyer = Buyer(stage.join("kalak"))
    wanted = {"kind": "extra", "extra": "basket"}
    refusal = assert_problem(buyer.call("POST", "/orders", wanted), 409, "profile-incomplete")
    assert refusal["clause"] == "KALAK-collect"
    profile = {
        "name": "سارا",
        "surname": "کریمی",
        "mobile": "۰۹۱۲۱۲۳۴۵۶۷",
        "email": buyer.customer.email,
        "address": "تهران، خیابان نمونه",
        "sheba": "IR062960000000100324200001",
    }
    wrong = profile | {"sheba": "IR062960000000100324200003"}
    assert_problem(buyer.call("PUT", "/profile", wrong), 422, "invalid-input", field="sheba")
    buyer.ask("PUT", "/profile", profile)
    order = buyer.ask("POST", "/orders", wanted)
    assert buyer.customer.pay(order).json()["status"] == "granted"


@pytest.mark.parametrize("gateway", ["sep", "behpardakht"])
def test_gateways_that_are_posted_to_and_post_back(stage: Stage, gateway: str) -> None:
    buyer = Buyer(stage.join("swift"))
    order = buyer.ask("POST", "/orders", {"plan": "dash", "period": "PT24S", "gateway": gateway})
    page = stage.api.http.get(order["pay_url"])
    assert page.status_code == 200
    assert "<form" in page.text
    sessions = stage.api.http.get(f"/{gateway}/_test/sessions").json()["sessions"]
    authority = sessions[-1]["authority"]
    paid = stage.api.http.post(f"/{gateway}/_test/{authority}/pay", headers={"Accept": "application/json"})
    callback = paid.json()["callback"]
    for _ in range(2):
        answer = stage.api.http.post(
            callback["url"], data=callback["fields"], headers={"Accept": "application/json"}
        )
        assert answer.json()["status"] == "granted", answer.text
    bought = [entry["event"] for entry in stage.timeline(buyer.customer)]
    assert bought.count("term_granted") == 1
