"""What is Behpardakht's own: in its adapter, and in the stand-in for it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from mohlat.adapters.gateways.behpardakht import Behpardakht, order_number
from mohlat.adapters.http import RawAnswer
from mohlat.domain.errors import GatewayRefused, GatewayUnavailable
from mohlat.domain.payments import Callback, Verdict
from sandbox import behpardakht
from tests.contract.conftest import RIALS, Payer, SpeakingGateway, open_page, open_payment

CREDENTIALS = ("1000", "sandbox-user", "sandbox-password")
ORDER, NUMBER, RECEIPT = "o_01ARYZ6S41TSV4RRFFQ69G5FAV", "4000000001", "5142510"


def answered(told: str) -> bytes:
    return (
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><b:R xmlns:b="x">'
        f"<return>{told}</return></b:R></soap:Body></soap:Envelope>"
    ).encode()


class Saying(SpeakingGateway):
    """A gateway that gives these answers one after the other, the last one for ever, and keeps the
    questions.
    """

    def __init__(self, *answers: bytes, status: int = 200) -> None:
        super().__init__(status, answers[0])
        self._answers, self._status = list(answers), status
        self.asked: list[bytes] = []

    def post_xml(self, url: str, document: bytes) -> RawAnswer:
        self.asked.append(document)
        return RawAnswer(self._status, self._answers.pop(0) if len(self._answers) > 1 else self._answers[0])


def speaking(*codes: str, status: int = 200) -> Behpardakht:
    return Behpardakht("http://gateway", *CREDENTIALS, Saying(*map(answered, codes), status=status))


@pytest.fixture
def payer(browser: httpx.Client) -> Payer:
    return Payer(browser, "/behpardakht")


@pytest.fixture
def gateway(world: Any) -> Behpardakht:
    return Behpardakht(world.behpardakht_url, *CREDENTIALS)


@pytest.fixture
def paid(gateway: Behpardakht, payer: Payer) -> Callback:
    return gateway.read_callback(payer.pay(open_payment(gateway)))


def test_an_orders_number_is_always_the_same_and_fits_into_60_bits() -> None:
    assert order_number(ORDER) == 544930752580071579
    numbers = {order_number(f"o_{at}") for at in range(2_000)}
    assert len(numbers) == 2_000
    assert all(0 < number < 2**60 for number in numbers)


def test_the_number_is_the_authority_and_the_page_wants_the_ref_id(gateway: Behpardakht, world: Any) -> None:
    opening = open_page(gateway, order_id=ORDER)
    session = world.behpardakht.state.sessions[str(order_number(ORDER))]
    assert (opening.authority, opening.token) == (session.authority, session.token)
    assert (session.amount, session.description) == (RIALS, ORDER)
    page = gateway.pay_page(opening.authority, opening.token)
    assert page.fields == {"RefId": session.token}
    assert page.url.endswith("/pgwchannel/startpay.mellat")
    for token in (None, "", "<b>"):
        with pytest.raises(GatewayRefused):
            gateway.pay_page(opening.authority, token)


def test_a_request_tells_the_time_of_tehran_and_escapes_what_it_tells() -> None:
    http = Saying(answered("0,AF82041a2Bf68989c7fF9"))
    night = datetime(2026, 11, 22, 20, 35, 5, tzinfo=UTC)
    gateway = Behpardakht("http://gateway", "1", "u<&>", "p", http, now=lambda: night)
    open_payment(gateway, callback_url="https://shop.example/cb?a=1&b=2")
    (asked,) = http.asked
    assert b"<localDate>20261123</localDate><localTime>000505</localTime>" in asked
    assert b"<userName>u&lt;&amp;&gt;</userName>" in asked
    assert b"cb?a=1&amp;b=2</callBackUrl>" in asked


def test_an_order_is_opened_once(gateway: Behpardakht) -> None:
    open_payment(gateway, order_id=ORDER)
    with pytest.raises(GatewayRefused) as refusal:
        open_payment(gateway, order_id=ORDER)
    assert refusal.value.details["gateway_code"] == 41


@pytest.mark.parametrize(
    ("setting", "value", "code"),
    [
        ("terminal_id", "7", 21),
        ("password", "another", 24),
        ("max_amount", RIALS - 1, 25),
        ("min_amount", RIALS + 1, 25),
    ],
)
def test_what_the_gateway_does_not_take_is_refused(
    setting: str, value: object, code: int, gateway: Behpardakht, world: Any
) -> None:
    setattr(world.behpardakht.config, setting, value)
    with pytest.raises(GatewayRefused) as refusal:
        open_payment(gateway)
    assert refusal.value.details["gateway_code"] == code


def test_only_settled_money_is_ours(gateway: Behpardakht, paid: Callback, world: Any) -> None:
    session = world.behpardakht.state.sessions[paid.authority]
    session.faults[:] = ["", "500"]
    with pytest.raises(GatewayUnavailable):
        gateway.verify(paid.authority, RIALS, paid.receipt)
    assert (session.status, session.settled_at) == ("VERIFIED", None)
    assert gateway.verify(paid.authority, RIALS, paid.receipt).verdict is Verdict.PAID
    world.clock.advance(days=2)
    again = gateway.verify(paid.authority, RIALS, paid.receipt)
    assert (again.verdict, again.repeated, again.code) == (Verdict.PAID, True, 43)


def test_what_was_verified_and_never_settled_goes_back(
    gateway: Behpardakht, paid: Callback, world: Any
) -> None:
    world.behpardakht.state.faults[:] = ["", "500"]
    with pytest.raises(GatewayUnavailable):
        gateway.verify(paid.authority, RIALS, paid.receipt)
    world.clock.advance(minutes=15)
    assert gateway.verify(paid.authority, RIALS, paid.receipt).code == 48


def test_a_lost_settlement_is_found_done(gateway: Behpardakht, paid: Callback, world: Any) -> None:
    world.behpardakht.state.faults[:] = ["", "lost-response"]
    with pytest.raises(GatewayUnavailable):
        gateway.verify(paid.authority, RIALS, paid.receipt)
    again = gateway.verify(paid.authority, RIALS, paid.receipt)
    assert (again.verdict, again.repeated, again.reference) == (Verdict.PAID, True, paid.receipt)


@pytest.mark.parametrize("code", [*range(11, 20), 111, 114, 42, 48, 54, 55])
def test_codes_of_what_is_not_paid(code: int) -> None:
    assert speaking(str(code)).verify(NUMBER, RIALS, RECEIPT).verdict is Verdict.NOT_PAID
    with pytest.raises(GatewayUnavailable):
        speaking(str(code), status=500).verify(NUMBER, RIALS, RECEIPT)


def test_money_that_went_back_before_it_was_settled_is_not_paid() -> None:
    assert speaking("0", "48").verify(NUMBER, RIALS, RECEIPT).verdict is Verdict.NOT_PAID


@pytest.mark.parametrize(
    "codes", [("34",), ("415",), ("44",), ("0", "44"), ("0", "61"), ("43", "46"), ("43", "47")]
)
def test_codes_that_decide_nothing_are_asked_again(codes: tuple[str, ...]) -> None:
    with pytest.raises(GatewayUnavailable):
        speaking(*codes).verify(NUMBER, RIALS, RECEIPT)


@pytest.mark.parametrize("code", [21, 24, 25, 41, 421])
def test_codes_about_credentials_or_the_request_are_refusals(code: int) -> None:
    with pytest.raises(GatewayRefused):
        open_payment(speaking(str(code)))
    with pytest.raises(GatewayRefused):
        speaking("0", str(code)).verify(NUMBER, RIALS, RECEIPT)


@pytest.mark.parametrize("told", ["0", "0,", "0,<b/>", "0,a b", "x", "", "34"])
def test_an_answer_without_a_ref_id_opens_nothing(told: str) -> None:
    with pytest.raises(GatewayUnavailable):
        open_payment(speaking(told))


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"{}",
        b"<return>0",
        b"<a><return>0</return><return>0</return></a>",
        b"<a/>",
        b'<!DOCTYPE a [<!ENTITY e "0">]><a><return>&e;</return></a>',
        b'<!DOCTYPE a SYSTEM "http://elsewhere.example/a.dtd"><a><return>0</return></a>',
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a><a><return>0</return></a>'.encode("utf-16"),
        b'<?xml version="1.0" encoding="base64"?><a><return>x</return></a>',
        b"<a><return>0</return>" + 64_000 * b" " + b"</a>",
    ],
    ids=lambda document: document[:30],
)
def test_a_document_that_is_not_theirs_decides_nothing(document: bytes) -> None:
    gateway = Behpardakht("http://gateway", *CREDENTIALS, Saying(document))
    with pytest.raises(GatewayUnavailable):
        gateway.verify(NUMBER, RIALS, RECEIPT)


@pytest.mark.parametrize("encoding", ["utf-8", "x-unheard-of", "base64", "shift_jis"])
def test_a_document_does_not_choose_how_it_is_read(encoding: str) -> None:
    documents = (f'<?xml version="1.0" encoding="{encoding}"?>'.encode() + answered(code) for code in "00")
    gateway = Behpardakht("http://gateway", *CREDENTIALS, Saying(*documents))
    assert gateway.verify(NUMBER, RIALS, RECEIPT).verdict is Verdict.PAID


def test_no_receipt_is_missing_empty_or_zero(gateway: Behpardakht) -> None:
    came_back = {"SaleOrderId": NUMBER, "ResCode": "17", "RefId": ""}
    for more in ({}, {"SaleReferenceId": ""}, {"SaleReferenceId": "0"}):
        assert gateway.read_callback({**came_back, **more}) == Callback(NUMBER, claims_paid=False)


def test_what_can_be_no_receipt_is_never_sent(gateway: Behpardakht, payer: Payer) -> None:
    payer.next_calls_meet("500")
    for receipt in ("", "0", "<b>", 20 * "1", "1\n"):
        assert gateway.verify(NUMBER, RIALS, receipt).verdict is Verdict.NOT_PAID


# --- the stand-in -----------------------------------------------------------------------------------------


def test_another_payments_receipt_does_not_fit(gateway: Behpardakht, paid: Callback, payer: Payer) -> None:
    other = open_payment(gateway)
    payer.pay(other)
    assert gateway.verify(other, RIALS, paid.receipt).code == 42


def test_what_is_no_operation_is_a_fault(browser: httpx.Client) -> None:
    for content in (b"", b"<a/>", answered("0")):
        answer = browser.post("/behpardakht/pgwchannel/services/pgw", content=content)
        assert answer.status_code == 500
        assert "Fault" in answer.text


def test_the_gateway_remembers_over_a_restart(paid: Callback, world: Any) -> None:
    state = world.behpardakht.state
    assert behpardakht.State.from_json(state.to_json()) == state
