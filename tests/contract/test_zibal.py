"""What is Zibal's own: in its adapter, and in the stand-in for it."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import pytest

from mohlat.adapters.gateways.zibal import Zibal
from mohlat.adapters.http import HttpClient
from mohlat.domain.errors import GatewayRefused, GatewayUnavailable, InvalidInput
from mohlat.domain.payments import GatewayState, Verdict
from sandbox import zibal
from tests.contract.conftest import RIALS, Payer, SpeakingGateway, open_payment

TRACK_ID = "3714061240"


def speaking(status: int, body: object) -> Zibal:
    return Zibal("http://gateway", "zibal", SpeakingGateway(status, body))


@pytest.fixture
def payer(browser: httpx.Client) -> Payer:
    return Payer(browser, "/zibal")


@pytest.fixture
def gateway(world: Any) -> Zibal:
    return Zibal(world.zibal_url, "zibal", HttpClient(connect_timeout=2, read_timeout=2))


@pytest.fixture
def paid(gateway: Zibal, payer: Payer) -> str:
    authority = open_payment(gateway)
    payer.pay(authority)
    return authority


# --- the adapter ------------------------------------------------------------------------------------------


def test_the_gateway_is_asked_in_rials_and_told_the_payers_number_in_the_local_form(
    gateway: Zibal, world: Any, browser: httpx.Client
) -> None:
    authority = open_payment(
        gateway, 12_345_000, mobile="+989123456789", email="payer@example.com", order_id="order-1"
    )
    session = world.zibal.state.sessions[authority]
    assert (session.amount, session.order_id, session.mobile) == (12_345_000, "order-1", "09123456789")
    assert "۱٬۲۳۴٬۵۰۰ تومان" in browser.get(gateway.pay_page(authority).url).text
    abroad = open_payment(gateway, mobile="+4915112345678", description=600 * "ش")
    assert world.zibal.state.sessions[abroad].mobile is None
    assert world.zibal.state.sessions[abroad].description == 500 * "ش"


@pytest.mark.parametrize(
    "settings", [{}, {"error_http": 400}, {"error_http": 401, "string_codes": True}], ids=str
)
def test_the_result_decides_whatever_the_http_status(
    settings: dict[str, Any], gateway: Zibal, payer: Payer, world: Any
) -> None:
    for name, value in settings.items():
        setattr(world.zibal.config, name, value)
    authority = open_payment(gateway)
    assert gateway.verify(authority, RIALS).code == 202
    payer.pay(authority)
    assert gateway.verify(authority, RIALS).code == 100
    assert gateway.verify(authority, RIALS).code == 201
    assert gateway.verify("4000000001", RIALS).code == 203


def test_a_repeated_verification_gets_receipt_card_and_amount_from_the_inquiry(
    gateway: Zibal, paid: str
) -> None:
    first, again = gateway.verify(paid, RIALS), gateway.verify(paid, RIALS)
    assert (again.code, again.repeated) == (201, True)
    assert (again.reference, again.masked_card) == (first.reference, first.masked_card)
    assert gateway.verify(paid, RIALS + 1).verdict is Verdict.AMOUNT_MISMATCH


def test_a_mismatch_keeps_the_receipt_because_the_money_has_been_taken(gateway: Zibal, paid: str) -> None:
    verification = gateway.verify(paid, RIALS + 1)
    assert (verification.verdict, verification.captured) == (Verdict.AMOUNT_MISMATCH, RIALS)
    assert verification.reference
    assert gateway.inquire(paid) is GatewayState.VERIFIED


@pytest.mark.parametrize("returned_as", [15, 16, 18])
def test_money_that_was_verified_once_and_returned_since_buys_nothing(
    returned_as: int, gateway: Zibal, paid: str
) -> None:
    gateway.verify(paid, RIALS)
    answers = {"verify": {"result": 201}, "inquiry": {"result": 100, "status": returned_as, "amount": RIALS}}
    assert Zibal("http://gateway", "zibal", Scripted(answers)).verify(paid, RIALS).verdict is Verdict.NOT_PAID


class Scripted(SpeakingGateway):
    """A gateway with one answer for each method."""

    def __init__(self, answers: dict[str, object]) -> None:
        super().__init__(200, None)
        self._answers = {method: SpeakingGateway(200, body) for method, body in answers.items()}

    def post_json(self, url: str, payload: Any) -> Any:
        return self._answers[url.rsplit("/", 1)[1]].post_json(url, payload)


@pytest.mark.parametrize(
    "inquiry",
    [
        {"result": 100, "status": 2, "amount": RIALS},
        {"result": 100, "status": 1},
        {"result": 100, "status": 1, "amount": None},
        {"result": 203},
        {"result": 100},
        {"result": 7},
        None,
    ],
    ids=str,
)
def test_without_a_known_amount_nothing_is_decided(inquiry: object) -> None:
    for verified in ({"result": 201}, {"result": 100}):
        scripted = Zibal("http://gateway", "zibal", Scripted({"verify": verified, "inquiry": inquiry}))
        with pytest.raises(GatewayUnavailable):
            scripted.verify(TRACK_ID, RIALS)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (1, GatewayState.VERIFIED),
        (2, GatewayState.PAID),
        (-1, GatewayState.IN_BANK),
        *((status, GatewayState.FAILED) for status in range(3, 13)),
        *((status, GatewayState.REVERSED) for status in (15, 16, 18)),
        *((status, GatewayState.UNKNOWN) for status in (-2, 0, 13, 21, None, "x")),
        ("2", GatewayState.PAID),
    ],
)
def test_every_status_of_an_inquiry_has_its_meaning(status: object, state: GatewayState) -> None:
    assert speaking(200, {"result": 100, "status": status}).inquire(TRACK_ID) is state


@pytest.mark.parametrize("code", [102, 103, 104, 105, 106, 113, 114])
def test_codes_about_credentials_or_the_request_are_refusals(code: int) -> None:
    refusing = speaking(200, {"result": str(code), "message": "?"})
    for call in (
        lambda: open_payment(refusing),
        lambda: refusing.verify(TRACK_ID, RIALS),
        lambda: refusing.inquire(TRACK_ID),
    ):
        with pytest.raises(GatewayRefused) as refusal:
            call()
        assert refusal.value.details["gateway_code"] == code


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "ok",
        {},
        {"result": True},
        {"result": "x"},
        {"result": 0},
        {"result": 100},
        {"result": 100, "trackId": "https://elsewhere.example"},
        {"result": 100, "trackId": -5},
        {"result": 7},
    ],
    ids=str,
)
def test_answers_in_no_known_shape_open_no_payment(body: object) -> None:
    with pytest.raises(GatewayUnavailable):
        open_payment(speaking(200, body))


@pytest.mark.parametrize("body", [None, {}, {"result": -7}, {"result": 199}], ids=str)
def test_answers_in_no_known_shape_decide_nothing(body: object) -> None:
    with pytest.raises(GatewayUnavailable):
        speaking(200, body).verify(TRACK_ID, RIALS)
    with pytest.raises(GatewayUnavailable):
        speaking(200, body).inquire(TRACK_ID)


@pytest.mark.parametrize("code", [102, 202, 203])
def test_a_failing_code_from_a_broken_server_is_not_believed(code: int) -> None:
    with pytest.raises(GatewayUnavailable):
        speaking(503, {"result": code}).verify(TRACK_ID, RIALS)


@pytest.mark.clause("KALAK-card")
@pytest.mark.parametrize(("card", "kept"), [("62741****44", True), ("5022291234565995", False), (17, False)])
def test_only_a_card_number_that_is_masked_is_kept(card: object, kept: bool) -> None:
    body = {"result": 100, "amount": RIALS, "refNumber": "201", "cardNumber": card}
    verification = speaking(200, body).verify(TRACK_ID, RIALS)
    assert verification.verdict is Verdict.PAID
    assert verification.masked_card == (card if kept else None)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"success": "1"}, "trackId"),
        ({"trackId": TRACK_ID}, "success"),
        ({"trackId": "12a", "success": "1"}, "trackId"),
        ({"trackId": "007", "success": "1"}, "trackId"),
        ({"trackId": "۱۲", "success": "1"}, "trackId"),
        ({"trackId": 21 * "1", "success": "1"}, "trackId"),
        ({"trackId": TRACK_ID, "success": "2"}, "success"),
        ({"trackId": TRACK_ID, "success": "true"}, "success"),
        ({"trackId": TRACK_ID, "success": "1", "status": "paid"}, "status"),
        ({"trackId": TRACK_ID, "success": "1", "orderId": "<b>"}, "orderId"),
    ],
)
def test_what_a_callback_lacks_or_garbles_is_named(query: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        speaking(200, None).read_callback(query)
    assert refusal.value.field == field


def test_a_callback_may_leave_out_what_nobody_reads() -> None:
    for more in ({}, {"status": "-1", "orderId": ""}):
        callback = speaking(200, None).read_callback({"trackId": TRACK_ID, "success": "1", **more})
        assert (callback.authority, callback.claims_paid) == (TRACK_ID, True)


@pytest.mark.parametrize(
    ("setting", "value", "code"),
    [
        ("merchants", {}, 102),
        ("merchants", {"zibal": "inactive"}, 103),
        ("merchants", {"zibal": "invalid"}, 104),
        ("min_amount", RIALS + 1, 105),
        ("max_amount", RIALS - 1, 113),
    ],
)
def test_a_merchant_that_may_not_take_this_payment_is_a_refusal_without_secrets(
    setting: str,
    value: object,
    code: int,
    gateway: Zibal,
    world: Any,
    everything_told: Callable[[Callable[[], object]], str],
) -> None:
    setattr(world.zibal.config, setting, value)
    with pytest.raises(GatewayRefused) as refusal:
        open_payment(gateway)
    assert refusal.value.details["gateway_code"] == code
    assert world.origin not in everything_told(lambda: open_payment(gateway))


# --- the stand-in -----------------------------------------------------------------------------------------


class Client:
    """Calls the API as any client could."""

    def __init__(self, browser: httpx.Client) -> None:
        self._browser = browser

    def call(self, method: str, **body: Any) -> dict[str, Any]:
        return self._browser.post(f"/zibal/v1/{method}", json={"merchant": "zibal", **body}).json()

    def open(self, **body: Any) -> dict[str, Any]:
        return self.call("request", **{"amount": 500_000, "callbackUrl": "http://shop.example/cb", **body})


@pytest.fixture
def client(browser: httpx.Client) -> Client:
    return Client(browser)


def test_a_verification_tells_everything_once(client: Client, payer: Payer) -> None:
    track_id = client.open(orderId="o-1", description="x")["trackId"]
    payer.pay(str(track_id))
    answer = client.call("verify", trackId=track_id)
    assert answer.pop("refNumber")
    assert answer == {
        "result": 100,
        "message": "success",
        "amount": 500_000,
        "status": 1,
        "paidAt": "2026-11-22T14:05:55.000000",
        "cardNumber": "502229******5995",
        "orderId": "o-1",
        "description": "x",
    }
    assert client.call("verify", trackId=str(track_id)) == {"result": 201, "message": "already verified"}


@pytest.mark.parametrize(
    ("wrong", "result"),
    [
        ({"merchant": "nobody"}, 102),
        ({"merchant": ""}, 102),
        ({"amount": 1_000}, 105),
        ({"amount": None}, 105),
        ({"amount": 12.5}, 105),
        ({"amount": 1_000_000_001}, 113),
        ({"callbackUrl": "shop.example/cb"}, 106),
        ({"nationalCode": "12"}, 114),
    ],
    ids=str,
)
def test_an_invalid_request_has_its_result(wrong: dict[str, Any], result: int, client: Client) -> None:
    assert client.open(**wrong)["result"] == result


def test_a_failed_payment_tells_who_failed(client: Client, payer: Payer, world: Any) -> None:
    failed, cancelled = (str(client.open()["trackId"]) for _ in range(2))
    world.zibal.config.failed_status = 7
    assert "success=0" in payer.press(failed, "fail").headers["location"]
    payer.cancel(cancelled)
    assert [client.call("inquiry", trackId=one)["status"] for one in (failed, cancelled)] == [7, 3]


def test_a_browser_may_call_back_twice(client: Client, payer: Payer, browser: httpx.Client) -> None:
    authority = str(client.open(orderId="o-1")["trackId"])
    page = payer.press(authority, "pay-then-callback-twice").text
    assert page.count(f"http://shop.example/cb?success=1&amp;trackId={authority}&amp;orderId=o-1") == 2
    assert browser.get(f"/zibal/_test/{authority}").json()["status"] == "PAID"


def test_what_is_no_call_is_not_found(browser: httpx.Client) -> None:
    assert browser.post("/zibal/v1/refund", json={}).status_code == 404
    assert browser.post("/zibal/v1/verify", content=b"[]").status_code == 404


def test_the_gateway_remembers_over_a_restart(client: Client, payer: Payer, world: Any) -> None:
    payer.pay(str(client.open()["trackId"]))
    assert zibal.State.from_json(world.zibal.state.to_json()) == world.zibal.state


def test_the_page_links_to_its_buttons_under_any_path(gateway: Zibal, browser: httpx.Client) -> None:
    for suffix in ("", "/direct"):
        authority = open_payment(gateway, description="<b>طرح</b>", order_id="order-1")
        address = gateway.pay_page(authority).url + suffix
        page = browser.get(address)
        assert 'lang="fa" dir="rtl"' in page.text
        assert "<b>" not in page.text
        actions = [unescape(found) for found in re.findall(r'action="([^"]+)"', page.text)]
        answer = browser.post(urljoin(address, actions[0]))
        assert answer.status_code == 302
        assert parse_qs(urlsplit(answer.headers["location"]).query) == {
            "product": ["kalo"],
            "success": ["1"],
            "trackId": [authority],
            "orderId": ["order-1"],
            "status": ["2"],
        }
