"""What is SEP's own: in its adapter, and in the stand-in for it."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest

from mohlat.adapters.gateways.sep import Sep
from mohlat.domain.errors import GatewayRefused, GatewayUnavailable
from mohlat.domain.payments import Verdict
from sandbox import sep
from tests.contract.conftest import RIALS, Payer, SpeakingGateway, open_page, open_payment

TERMINAL = "terminal-7f3f0c"
ORDER, RECEIPT = "o_01ARYZ6S41TSV4RRFFQ69G5FAV", "jJnBmy/IojtTemplUH5ke9ULCGtDtb"


def speaking(status: int, body: object) -> Sep:
    return Sep("http://gateway", TERMINAL, SpeakingGateway(status, body))


@pytest.fixture
def payer(browser: httpx.Client) -> Payer:
    return Payer(browser, "/sep")


@pytest.fixture
def gateway(world: Any) -> Sep:
    return Sep(world.sep_url, TERMINAL)


def test_the_order_is_the_authority_and_the_page_wants_a_token(gateway: Sep, world: Any) -> None:
    opening = open_page(gateway, order_id=ORDER, mobile="+989123456789")
    session = world.sep.state.sessions[ORDER]
    assert (opening.authority, opening.token) == (ORDER, session.token)
    assert (session.amount, session.mobile) == (RIALS, "09123456789")
    page = gateway.pay_page(ORDER, opening.token)
    assert page.fields == {"Token": opening.token, "GetMethod": "false"}
    assert world.sep.state.sessions[open_payment(gateway, mobile="+4915112345678")].mobile is None
    for token in (None, "", "<b>"):
        with pytest.raises(GatewayRefused):
            gateway.pay_page(ORDER, token)


@pytest.mark.parametrize(
    ("settings", "changes"),
    [
        ({"terminals": {}}, {}),
        ({"terminals": {TERMINAL: "inactive"}}, {}),
        ({"max_amount": RIALS - 1}, {}),
        ({"min_amount": RIALS + 1}, {}),
        ({"error_http": 400}, {"callback_url": "shop.example/cb"}),
    ],
    ids=str,
)
def test_what_the_gateway_does_not_take_is_refused(
    settings: dict[str, Any], changes: dict[str, Any], gateway: Sep, world: Any
) -> None:
    for name, value in settings.items():
        setattr(world.sep.config, name, value)
    with pytest.raises(GatewayRefused):
        open_payment(gateway, **changes)


def test_an_order_is_opened_once(gateway: Sep) -> None:
    open_payment(gateway, order_id=ORDER)
    with pytest.raises(GatewayRefused):
        open_payment(gateway, order_id=ORDER)
    with pytest.raises(GatewayRefused):
        open_payment(gateway, order_id="order 1")


@pytest.mark.parametrize(
    "body",
    [None, [], {}, {"status": 1}, {"status": 1, "token": "<b>"}, {"status": -1}, {"status": 7}],
    ids=str,
)
def test_answers_in_no_known_shape_decide_nothing(body: object) -> None:
    with pytest.raises(GatewayUnavailable):
        open_payment(speaking(200, body))
    with pytest.raises(GatewayUnavailable):
        speaking(200, body).verify(ORDER, RIALS, RECEIPT)


@pytest.mark.parametrize(
    ("code", "verdict"),
    [(-2, Verdict.NOT_PAID), (5, Verdict.NOT_PAID), ("-6", Verdict.UNKNOWN_AUTHORITY)],
)
def test_codes_of_a_verification_have_their_meaning(code: object, verdict: Verdict) -> None:
    assert speaking(200, {"ResultCode": code}).verify(ORDER, RIALS, RECEIPT).verdict is verdict
    with pytest.raises(GatewayUnavailable):
        speaking(503, {"ResultCode": code}).verify(ORDER, RIALS, RECEIPT)


def test_codes_about_the_terminal_are_refusals_and_new_ones_decide_nothing() -> None:
    for code in (-104, -105, -106):
        with pytest.raises(GatewayRefused):
            speaking(200, {"ResultCode": code}).verify(ORDER, RIALS, RECEIPT)
    with pytest.raises(GatewayUnavailable):
        speaking(200, {"ResultCode": 99}).verify(ORDER, RIALS, RECEIPT)


@pytest.mark.parametrize("code", [0, 2])
def test_a_mismatch_tells_what_was_captured_because_the_money_has_been_taken(code: int) -> None:
    body = {"Success": True, "ResultCode": code, "TransactionDetail": {"AffectiveAmount": RIALS - 1}}
    verification = speaking(200, body).verify(ORDER, RIALS, RECEIPT)
    assert (verification.verdict, verification.captured) == (Verdict.AMOUNT_MISMATCH, RIALS - 1)
    assert verification.reference == RECEIPT


@pytest.mark.parametrize("code", [0, 2])
@pytest.mark.parametrize("detail", [None, {}, {"AffectiveAmount": None}, {"AffectiveAmount": "x"}], ids=str)
def test_without_a_known_amount_nothing_is_decided(code: int, detail: object) -> None:
    body = {"Success": True, "ResultCode": code, "TransactionDetail": detail}
    with pytest.raises(GatewayUnavailable):
        speaking(200, body).verify(ORDER, RIALS, RECEIPT)


@pytest.mark.clause("KALAK-card")
@pytest.mark.parametrize(("card", "kept"), [("621986******8080", True), ("6219861234568080", False)])
def test_only_a_card_number_that_is_masked_is_kept(card: str, kept: bool) -> None:
    body = {"ResultCode": 0, "TransactionDetail": {"AffectiveAmount": RIALS, "RRN": "1", "MaskedPan": card}}
    verification = speaking(200, body).verify(ORDER, RIALS, RECEIPT)
    assert (verification.verdict, verification.masked_card) == (Verdict.PAID, card if kept else None)


def test_what_can_be_no_receipt_is_never_sent(gateway: Sep, payer: Payer) -> None:
    payer.next_calls_meet("500")
    for receipt in ("", "<b>", 65 * "1", "1\n"):
        assert gateway.verify(ORDER, RIALS, receipt).verdict is Verdict.NOT_PAID


def test_too_late_is_how_returned_money_may_be_told(gateway: Sep, payer: Payer, world: Any) -> None:
    world.sep.config.reversed_code = -6
    world.sep.config.string_codes = True
    authority = open_payment(gateway)
    receipt = payer.pay(authority)["RefNum"]
    world.clock.advance(minutes=30)
    assert gateway.verify(authority, RIALS, receipt).code == -6


# --- the stand-in -----------------------------------------------------------------------------------------


def test_the_page_leads_to_a_form_that_takes_the_browser_back(
    gateway: Sep, payer: Payer, browser: httpx.Client
) -> None:
    opening = open_page(gateway, order_id=ORDER)
    page = gateway.pay_page(opening.authority, opening.token)
    shown = payer.visit(page)
    assert "۱٬۲۳۴٬۵۰۰ تومان" in shown.text
    actions = [unescape(found) for found in re.findall(r'action="([^"]+)"', shown.text)]
    form = browser.post(urljoin(page.url, actions[0])).text
    assert 'action="https://api.example.com/v1/payments/callback?product=kalo"' in form
    assert f'name="ResNum" value="{ORDER}"' in form
    assert 'name="Status" value="2"' in form
    assert "submit()" in form
    assert payer.visit(page).status_code == 400


def test_who_is_no_browser_gets_the_form_to_post_it(gateway: Sep, browser: httpx.Client) -> None:
    headers = {"Accept": "application/json"}
    for action, status in (("pay", "2"), ("cancel", "1"), ("fail", "3")):
        authority = open_payment(gateway)
        told = browser.post(f"/sep/_test/{authority}/{action}", headers=headers).json()["callback"]
        assert told["url"] == "https://api.example.com/v1/payments/callback?product=kalo"
        assert (told["method"], told["fields"]["Status"]) == ("POST", status)
        assert browser.get(f"/sep/_test/{authority}").json()["callback"] == told
    authority = open_payment(gateway)
    told = browser.post(f"/sep/_test/{authority}/pay?form=1").json()["callback"]
    assert told["fields"]["ResNum"] == authority


def test_a_browser_may_call_back_twice(gateway: Sep, payer: Payer) -> None:
    page = payer.press(open_payment(gateway), "pay-then-callback-twice").text
    assert page.count("<form") == 2


def test_the_gateway_remembers_over_a_restart(gateway: Sep, payer: Payer, world: Any) -> None:
    payer.pay(open_payment(gateway))
    assert sep.State.from_json(world.sep.state.to_json()) == world.sep.state
