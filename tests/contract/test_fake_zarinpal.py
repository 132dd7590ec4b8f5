"""The fake gateway's own behaviour, where no adapter of ours asks for it yet: so that it can be trusted."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from sandbox import zarinpal

MERCHANT = "5e7f3f0c-1c57-4d3b-9a57-0f3a5c0e7b11"
BEARER = {"Authorization": f"Bearer {zarinpal.Config().access_token}"}


class Client:
    """Calls the API as any client could, and presses the page's buttons."""

    def __init__(self, browser: httpx.Client) -> None:
        self._browser = browser

    def call(self, method: str, **body: Any) -> dict[str, Any]:
        answer = self._browser.post(
            f"/pay/pg/v4/payment/{method}.json", json={"merchant_id": MERCHANT, **body}
        )
        return answer.json()

    def code(self, method: str, **body: Any) -> int:
        answer = self.call(method, **body)
        return (answer["errors"] or answer["data"])["code"]

    def open(self, amount: Any = 500_000, **body: Any) -> str:
        answer = self.call(
            "request", amount=amount, description="x", callback_url="http://shop.example/cb", **body
        )
        return answer["data"]["authority"]

    def press(self, authority: str, action: str) -> httpx.Response:
        return self._browser.post(f"/pay/_test/{authority}/{action}")

    def paid(self, **body: Any) -> str:
        authority = self.open(**body)
        self.press(authority, "pay")
        return authority

    def verified(self, amount: int = 500_000) -> int:
        authority = self.paid(amount=amount)
        return self.call("verify", authority=authority, amount=amount)["data"]["ref_id"]

    def graphql(self, query: str, **variables: Any) -> dict[str, Any]:
        body = {"query": query, "variables": variables}
        return self._browser.post("/pay/api/v4/graphql/", json=body, headers=BEARER).json()

    def session_id(self, ref_id: int) -> str:
        (found,) = self.graphql("query Session", terminal_id="427000", reference_id=ref_id)["data"]["Session"]
        return found["id"]


@pytest.fixture
def client(browser: httpx.Client) -> Client:
    return Client(browser)


def test_a_payment_can_be_reversed_for_half_an_hour(client: Client, world: Any) -> None:
    early, late = client.paid(), client.paid(metadata={"auto_verify": True})
    assert client.call("reverse", authority=early)["data"] == {"code": 100, "message": "Reversed"}
    assert client.code("reverse", authority=early) == -61
    assert client.code("verify", authority=early, amount=500_000) == -51
    world.clock.advance(minutes=31)
    assert client.code("reverse", authority=late) == -63


def test_a_reversal_needs_a_registered_address_and_the_banks_consent(client: Client, world: Any) -> None:
    authority = client.paid()
    world.gateway.config.reversal_refused = True
    assert client.code("reverse", authority=authority) == -60
    world.gateway.config.ip_registered = False
    assert client.code("reverse", authority=authority) == -62
    assert client.code("reverse", authority=client.open()) == -62


def test_unverified_money_is_listed_and_with_automatic_verification_it_stays(
    client: Client, world: Any
) -> None:
    ours, kept = client.paid(), client.paid(metadata={"auto_verify": True})
    client.open()
    listed = client.call("unVerified")["data"]
    assert listed["code"] == "100"
    assert {one["authority"] for one in listed["authorities"]} == {ours, kept}
    assert listed["authorities"][0]["date"] == "2026-11-22 14:05:55"
    world.clock.advance(days=2)
    assert [one["authority"] for one in client.call("unVerified")["data"]["authorities"]] == [kept]
    assert client.code("verify", authority=kept, amount=500_000) == 100


@pytest.mark.parametrize("amount", ["500000", 500_000])
def test_an_amount_may_be_text_and_a_toman_session_counts_in_tomans(
    amount: Any, client: Client, world: Any
) -> None:
    authority = client.paid(amount=amount, currency="IRT")
    assert world.gateway.state.sessions[authority].rials == 5_000_000
    assert client.code("verify", authority=authority, amount=500_000) == 100


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": 999},
        {"amount": 12.5},
        {"amount": True},
        {"amount": None},
        {"currency": "USD"},
        {"description": 501 * "x"},
        {"description": ""},
        {"callback_url": "shop.example/cb"},
        {"merchant_id": ""},
        {"metadata": "x"},
    ],
    ids=str,
)
def test_an_invalid_request_names_its_field(wrong: dict[str, Any], client: Client) -> None:
    body = {"amount": 500_000, "description": "x", "callback_url": "http://shop.example/cb", **wrong}
    errors = client.call("request", **body)["errors"]
    assert errors["code"] == -9
    assert list(errors["validations"][0]) == list(wrong)


def test_a_page_is_for_one_payment_within_its_time(client: Client, browser: httpx.Client, world: Any) -> None:
    assert browser.get("/pay/pg/StartPay/S" + 35 * "0").status_code == 404
    assert browser.get(f"/pay/pg/StartPay/{client.paid()}").status_code == 400
    authority = client.open()
    world.clock.advance(minutes=30)
    assert browser.get(f"/pay/pg/StartPay/{authority}").status_code == 400
    assert client.press(authority, "pay").status_code == 409
    # The bank may still take money late, without telling the browser.
    assert client.press(authority, "pay-no-return").status_code == 200
    assert client.call("inquiry", authority=authority)["data"]["status"] == "PAID"


def test_a_failed_payment_may_still_have_taken_money(client: Client) -> None:
    authority = client.open()
    assert client.press(authority, "fail").headers["location"].endswith("Status=NOK")
    assert client.call("inquiry", authority=authority)["data"]["status"] == "FAILED"
    client.press(authority, "pay-no-return")
    assert client.code("verify", authority=authority, amount=500_000) == 100


def test_a_browser_may_call_back_twice(client: Client, browser: httpx.Client) -> None:
    authority = client.open()
    page = client.press(authority, "pay-then-callback-twice").text
    assert page.count(f"http://shop.example/cb?Authority={authority}&amp;Status=OK") == 2
    shown = browser.get(f"/pay/_test/{authority}").json()
    assert shown["callback"] == f"http://shop.example/cb?Authority={authority}&Status=OK"
    assert shown["status"] == "PAID"


def test_refunds_add_up_to_the_payment_and_are_done_when_the_bank_has_done_them(
    client: Client, browser: httpx.Client
) -> None:
    ref_id = client.verified(500_000)
    session = client.session_id(ref_id)
    assert "errors" in client.graphql("mutation AddRefund", session_id=session, amount=19_999)
    first = client.graphql("mutation AddRefund", session_id=session, amount=200_000)["data"]["resource"]
    assert first["timeline"] == {
        "refund_amount": 200_000,
        "refund_time": "2026-11-22T14:05:55+03:30",
        "refund_status": "PENDING",
    }
    # No key makes a repetition harmless: two equal calls are two refunds.
    second = client.graphql("mutation AddRefund", session_id=session, amount=200_000)["data"]["resource"]
    assert second["id"] != first["id"]
    assert "errors" in client.graphql("mutation AddRefund", session_id=session, amount=100_001)
    third = client.graphql("mutation AddRefund", session_id=session, amount=100_000)["data"]["resource"]
    for refund in (first, second, third):
        answer = browser.post(f"/pay/_test/refund/{refund['id']}/complete")
        assert answer.json()["status"] == "COMPLETED"
    (found,) = client.graphql("query Session", terminal_id="427000", reference_id=ref_id)["data"]["Session"]
    assert (found["status"], found["amount"]) == ("REFUNDED", 500_000)


def test_a_refund_that_the_bank_did_not_take_leaves_its_money_to_be_sent_again(
    client: Client, browser: httpx.Client
) -> None:
    session = client.session_id(client.verified(500_000))
    first = client.graphql("mutation AddRefund", session_id=session, amount=500_000)["data"]["resource"]
    assert browser.post(f"/pay/_test/refund/{first['id']}/fail").json()["status"] == "FAILED"
    assert "errors" not in client.graphql("mutation AddRefund", session_id=session, amount=500_000)
    listed = browser.get("/pay/_test/refunds").json()["refunds"]
    assert [(one["amount"], one["status"]) for one in listed] == [(500_000, "FAILED"), (500_000, "PENDING")]
    for unknown in ("0/complete", f"{first['id']}/forget"):
        assert browser.post(f"/pay/_test/refund/{unknown}").status_code == 404


def test_refunds_need_the_token_and_a_verified_session(client: Client, browser: httpx.Client) -> None:
    assert browser.post("/pay/api/v4/graphql/", json={"query": "{}"}).status_code == 401
    client.paid()
    assert "errors" in client.graphql("mutation AddRefund", session_id="1", amount=200_000)


def test_the_gateway_remembers_over_a_restart(client: Client, world: Any) -> None:
    ref_id = client.verified()
    client.graphql("mutation AddRefund", session_id=client.session_id(ref_id), amount=20_000)
    text = world.gateway.state.to_json()
    assert zarinpal.State.from_json(text) == world.gateway.state


def test_settings_and_clock_are_moved_over_http(client: Client, browser: httpx.Client) -> None:
    assert (
        browser.post("/pay/_test/config", json={"cancel_inquiry": "IN_BANK"}).json()["cancel_inquiry"]
        == "IN_BANK"
    )
    assert browser.post("/pay/_test/config", json={"nonsense": 1}).status_code == 400
    assert browser.post("/pay/_test/set?next=nonsense").status_code == 400
    authority = client.paid()
    browser.post("/pay/_test/advance?seconds=1800")
    assert client.call("inquiry", authority=authority)["data"]["status"] == "REVERSED"
    assert [one["authority"] for one in browser.get("/pay/_test/sessions").json()["sessions"]] == [authority]
