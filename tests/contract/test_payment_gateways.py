"""What every payment gateway's adapter must do, and what ZarinPal's must in particular."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from typing import Any, Protocol
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import pytest

from mohlat.adapters.gateways.zarinpal import ZarinPal
from mohlat.adapters.http import Answer, HttpClient
from mohlat.application.ports import PaymentGateway
from mohlat.domain.errors import GatewayRefused, GatewayUnavailable
from mohlat.domain.payments import GatewayState, Verdict

MERCHANT = "5e7f3f0c-1c57-4d3b-9a57-0f3a5c0e7b11"
OTHER_MERCHANT = "0d3f8a52-7e0b-4c26-8f4e-6f2f6f3c9a22"
RIALS = 12_345_000


class Payer(Protocol):
    """What the person at the payment page may do."""

    def pay(self, authority: str) -> None: ...

    def cancel(self, authority: str) -> None: ...


def open_payment(gateway: PaymentGateway, amount: int = RIALS, **changes: Any) -> str:
    arguments: dict[str, Any] = {
        "description": "اشتراک یک‌ساله",
        "callback_url": "https://api.example.com/v1/payments/callback?product=kalo",
        "order_id": "order-1",
    }
    return gateway.request(amount=amount, **{**arguments, **changes})


class PaymentGatewayContract:
    """Every adapter's tests derive from this and give `gateway`, `payer` and `unknown_authority`."""

    def test_each_request_opens_a_payment_of_its_own_with_a_page(
        self, gateway: PaymentGateway, browser: httpx.Client
    ) -> None:
        first, second = open_payment(gateway), open_payment(gateway)
        assert first != second
        assert browser.get(gateway.pay_url(first)).status_code == 200
        assert gateway.inquire(first) is GatewayState.IN_BANK

    def test_nothing_is_paid_until_the_payer_pays(self, gateway: PaymentGateway) -> None:
        verification = gateway.verify(open_payment(gateway), RIALS)
        assert verification.verdict is Verdict.NOT_PAID

    @pytest.mark.clause("KALAK-card")
    def test_a_paid_payment_verifies_with_receipt_and_masked_card_only(
        self, gateway: PaymentGateway, payer: Payer
    ) -> None:
        authority = open_payment(gateway)
        payer.pay(authority)
        assert gateway.inquire(authority) is GatewayState.PAID
        verification = gateway.verify(authority, RIALS)
        assert verification.verdict is Verdict.PAID
        assert not verification.repeated
        assert verification.reference
        assert verification.masked_card is not None
        assert "***" in verification.masked_card
        assert gateway.inquire(authority) is GatewayState.VERIFIED

    def test_verifying_again_tells_the_same_and_says_so(self, gateway: PaymentGateway, payer: Payer) -> None:
        authority = open_payment(gateway)
        payer.pay(authority)
        first, again = gateway.verify(authority, RIALS), gateway.verify(authority, RIALS)
        assert (first.verdict, first.repeated) == (Verdict.PAID, False)
        assert (again.verdict, again.repeated) == (Verdict.PAID, True)
        assert again.reference == first.reference

    def test_of_callbacks_at_the_same_moment_one_is_first(
        self, gateway: PaymentGateway, payer: Payer
    ) -> None:
        authority = open_payment(gateway)
        payer.pay(authority)
        with ThreadPoolExecutor(4) as threads:
            verifications = list(threads.map(lambda _: gateway.verify(authority, RIALS), range(4)))
        assert {verification.verdict for verification in verifications} == {Verdict.PAID}
        assert [verification.repeated for verification in verifications].count(False) == 1

    def test_another_amount_than_was_paid_is_a_mismatch_and_takes_nothing(
        self, gateway: PaymentGateway, payer: Payer
    ) -> None:
        authority = open_payment(gateway, RIALS)
        payer.pay(authority)
        assert gateway.verify(authority, 10 * RIALS).verdict is Verdict.AMOUNT_MISMATCH
        assert gateway.inquire(authority) is GatewayState.PAID
        assert gateway.verify(authority, RIALS).verdict is Verdict.PAID

    def test_a_cancelled_payment_is_not_paid(self, gateway: PaymentGateway, payer: Payer) -> None:
        authority = open_payment(gateway)
        payer.cancel(authority)
        assert gateway.verify(authority, RIALS).verdict is Verdict.NOT_PAID

    def test_an_authority_nobody_gave_is_unknown(
        self, gateway: PaymentGateway, unknown_authority: str
    ) -> None:
        assert gateway.verify(unknown_authority, RIALS).verdict is Verdict.UNKNOWN_AUTHORITY
        assert gateway.inquire(unknown_authority) is GatewayState.UNKNOWN


class ZarinPalPayer:
    """Presses the fake's buttons."""

    def __init__(self, browser: httpx.Client) -> None:
        self._browser = browser

    def press(self, authority: str, action: str) -> httpx.Response:
        return self._browser.post(f"/pay/_test/{authority}/{action}")

    def pay(self, authority: str) -> None:
        assert self.press(authority, "pay").status_code == 302

    def cancel(self, authority: str) -> None:
        assert self.press(authority, "cancel").status_code == 302


@pytest.fixture
def payer(browser: httpx.Client) -> ZarinPalPayer:
    return ZarinPalPayer(browser)


@pytest.fixture
def gateway(world: Any) -> ZarinPal:
    return ZarinPal(world.pay_url, MERCHANT, HttpClient(connect_timeout=2, read_timeout=0.4))


@pytest.fixture
def unknown_authority() -> str:
    return "S" + 35 * "0"


class TestZarinPalKeepsTheContract(PaymentGatewayContract):
    """ZarinPal's adapter over HTTP against the gateway that behaves."""


SHAPES_OF_FAILURE = [
    {},
    {"error_http": "200"},
    {"error_http": "422"},
    {"data_on_error": {}},
    {"errors_as_list": True},
    {"string_codes": True},
    {"errors_as_list": True, "error_http": "200", "string_codes": True, "data_on_error": {}},
]


@pytest.fixture(params=SHAPES_OF_FAILURE, ids=str)
def shape(request: pytest.FixtureRequest, world: Any) -> None:
    for name, value in request.param.items():
        setattr(world.gateway.config, name, value)


@pytest.mark.usefixtures("shape")
class TestZarinPalInEveryShapeOfItsAnswers:
    """The body decides, whatever the status and however errors are wrapped."""

    def test_success_not_paid_mismatch_and_unknown_are_told_apart(
        self, gateway: ZarinPal, payer: ZarinPalPayer, unknown_authority: str
    ) -> None:
        authority = open_payment(gateway)
        assert gateway.verify(authority, RIALS).code == -51
        payer.pay(authority)
        assert gateway.verify(authority, RIALS + 10).code == -50
        assert gateway.verify(authority, RIALS).code == 100
        assert gateway.verify(authority, RIALS).code == 101
        assert gateway.verify(unknown_authority, RIALS).code == -54

    def test_a_request_the_gateway_finds_invalid_is_refused_by_field(self, gateway: ZarinPal) -> None:
        with pytest.raises(GatewayRefused) as refusal:
            open_payment(gateway, callback_url="ftp://example.com")
        assert refusal.value.details["gateway_code"] == -9
        assert refusal.value.details["fields"] == ["callback_url"]


@pytest.mark.clause("CLUB-6")
def test_the_gateway_is_asked_in_rials_and_its_page_shows_tomans(
    gateway: ZarinPal, world: Any, browser: httpx.Client
) -> None:
    authority = open_payment(gateway, 12_345_000)
    session = world.gateway.state.sessions[authority]
    assert (session.amount, session.currency) == (12_345_000, "IRR")
    assert "۱٬۲۳۴٬۵۰۰ تومان" in browser.get(gateway.pay_url(authority)).text


def test_the_outcome_stays_ours_and_the_payer_is_told_in_the_local_form(
    gateway: ZarinPal, world: Any
) -> None:
    authority = open_payment(gateway, mobile="+989123456789", email="payer@example.com")
    assert world.gateway.state.sessions[authority].metadata == {
        "auto_verify": False,
        "order_id": "order-1",
        "mobile": "09123456789",
        "email": "payer@example.com",
    }
    abroad = open_payment(gateway, mobile="+4915112345678")
    assert "mobile" not in world.gateway.state.sessions[abroad].metadata


def test_a_description_too_long_for_the_gateway_is_cut(gateway: ZarinPal, world: Any) -> None:
    authority = open_payment(gateway, description=600 * "ش")
    assert world.gateway.state.sessions[authority].description == 500 * "ش"


def test_a_lost_answer_to_a_verification_is_unknown_and_the_next_one_finds_it_done(
    gateway: ZarinPal, payer: ZarinPalPayer
) -> None:
    authority = open_payment(gateway)
    payer.pay(authority)
    payer.press(authority, "set?next=lost-response")
    with pytest.raises(GatewayUnavailable):
        gateway.verify(authority, RIALS)
    again = gateway.verify(authority, RIALS)
    assert (again.verdict, again.repeated) == (Verdict.PAID, True)
    assert again.reference


@pytest.mark.parametrize("fault", ["timeout", "500", "html502", "lost-response"])
def test_a_gateway_in_trouble_is_unknown_and_never_a_failed_payment(
    fault: str, gateway: ZarinPal, payer: ZarinPalPayer, browser: httpx.Client
) -> None:
    authority = open_payment(gateway)
    payer.pay(authority)
    browser.post("/pay/_test/set", params={"next": fault, "times": 3})
    with pytest.raises(GatewayUnavailable):
        open_payment(gateway)
    with pytest.raises(GatewayUnavailable):
        gateway.inquire(authority)
    with pytest.raises(GatewayUnavailable):
        gateway.verify(authority, RIALS)
    assert gateway.verify(authority, RIALS).verdict is Verdict.PAID


def test_a_gateway_that_is_not_there_is_unavailable() -> None:
    nobody = ZarinPal("http://127.0.0.1:9", MERCHANT, HttpClient(1, 1))
    with pytest.raises(GatewayUnavailable):
        open_payment(nobody)


class SpeakingGateway(HttpClient):
    """An HTTP client whose gateway always gives one answer."""

    def __init__(self, status: int, body: object) -> None:
        super().__init__()
        self._answer = Answer(status, body)

    def post_json(self, url: str, payload: Mapping[str, object]) -> Answer:
        return self._answer


AUTHORITY = "A" + 35 * "1"


@pytest.mark.parametrize("code", [-12, -52, -99, 0, 7])
def test_codes_that_decide_nothing_are_asked_again(code: int) -> None:
    body = {"data": [], "errors": {"code": code, "message": "?"}}
    gateway = ZarinPal("http://gateway", MERCHANT, SpeakingGateway(401, body))
    with pytest.raises(GatewayUnavailable):
        open_payment(gateway)
    with pytest.raises(GatewayUnavailable):
        gateway.verify(AUTHORITY, RIALS)
    with pytest.raises(GatewayUnavailable):
        gateway.inquire(AUTHORITY)


@pytest.mark.parametrize("code", [-9, -10, -11, *range(-19, -12), *range(-41, -29), 429])
def test_codes_about_credentials_or_configuration_are_refusals(code: int) -> None:
    body = {"data": {}, "errors": [{"code": str(code), "message": "?"}]}
    gateway = ZarinPal("http://gateway", MERCHANT, SpeakingGateway(200, body))
    with pytest.raises(GatewayRefused):
        open_payment(gateway)
    with pytest.raises(GatewayRefused):
        gateway.verify(AUTHORITY, RIALS)


@pytest.mark.parametrize("code", [-53, -54, -55])
def test_authorities_that_are_not_ours_are_unknown(code: int) -> None:
    body = {"data": [], "errors": {"code": code}}
    gateway = ZarinPal("http://gateway", MERCHANT, SpeakingGateway(401, body))
    assert gateway.verify(AUTHORITY, RIALS).verdict is Verdict.UNKNOWN_AUTHORITY
    assert gateway.inquire(AUTHORITY) is GatewayState.UNKNOWN


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "ok",
        {},
        {"data": [], "errors": []},
        {"data": {"code": True}, "errors": {}},
        {"data": {"code": "x"}, "errors": None},
        {"data": {"code": 100, "authority": "https://elsewhere.example"}, "errors": []},
        {"message": "Server Error"},
    ],
    ids=str,
)
def test_answers_in_no_known_shape_open_no_payment(body: object) -> None:
    gateway = ZarinPal("http://gateway", MERCHANT, SpeakingGateway(200, body))
    with pytest.raises(GatewayUnavailable):
        open_payment(gateway)


def test_a_failing_code_from_a_broken_server_is_not_believed() -> None:
    body = {"data": [], "errors": {"code": -51}}
    gateway = ZarinPal("http://gateway", MERCHANT, SpeakingGateway(503, body))
    with pytest.raises(GatewayUnavailable):
        gateway.verify(AUTHORITY, RIALS)


@pytest.mark.clause("KALAK-card")
def test_a_card_number_that_came_unmasked_is_not_kept() -> None:
    body = {"data": {"code": 100, "ref_id": 201, "card_pan": "5022291234565995"}, "errors": []}
    gateway = ZarinPal("http://gateway", MERCHANT, SpeakingGateway(200, body))
    verification = gateway.verify(AUTHORITY, RIALS)
    assert verification.verdict is Verdict.PAID
    assert verification.masked_card is None


@pytest.mark.parametrize("garbage", ["", "S1", "../../etc", 36 * "0", "S" + 34 * "0" + "\n", "A" + 36 * "0"])
def test_what_can_be_no_authority_is_never_sent(garbage: str) -> None:
    gateway = ZarinPal("http://127.0.0.1:9", MERCHANT)
    assert gateway.verify(garbage, RIALS).verdict is Verdict.UNKNOWN_AUTHORITY
    assert gateway.inquire(garbage) is GatewayState.UNKNOWN
    with pytest.raises(GatewayRefused):
        gateway.pay_url(garbage)


def test_a_callback_forged_as_ok_finds_nothing_paid(gateway: ZarinPal) -> None:
    authority = open_payment(gateway)
    assert gateway.verify(authority, RIALS).verdict is Verdict.NOT_PAID


def test_a_callback_forged_as_nok_does_not_hide_money(gateway: ZarinPal, payer: ZarinPalPayer) -> None:
    authority = open_payment(gateway)
    payer.pay(authority)
    assert gateway.inquire(authority) is GatewayState.PAID
    assert gateway.verify(authority, RIALS).verdict is Verdict.PAID


def test_another_merchants_authority_is_unknown(gateway: ZarinPal, payer: ZarinPalPayer, world: Any) -> None:
    other = ZarinPal(world.pay_url, OTHER_MERCHANT)
    authority = open_payment(other)
    payer.pay(authority)
    assert gateway.verify(authority, RIALS).code == -53
    assert gateway.verify(authority, RIALS).verdict is Verdict.UNKNOWN_AUTHORITY


def test_money_of_a_payer_who_never_returns_is_found_by_asking(
    gateway: ZarinPal, payer: ZarinPalPayer, world: Any
) -> None:
    authority = open_payment(gateway)
    assert payer.press(authority, "pay-no-return").status_code == 200
    world.clock.advance(minutes=20)
    assert gateway.inquire(authority) is GatewayState.PAID
    assert gateway.verify(authority, RIALS).verdict is Verdict.PAID


def test_money_nobody_verified_in_time_has_gone_back(
    gateway: ZarinPal, payer: ZarinPalPayer, world: Any
) -> None:
    authority = open_payment(gateway)
    payer.pay(authority)
    world.clock.advance(minutes=30)
    assert gateway.inquire(authority) is GatewayState.REVERSED
    assert gateway.verify(authority, RIALS).verdict is Verdict.NOT_PAID


def test_a_cancelled_payment_may_look_as_if_still_in_the_bank(
    gateway: ZarinPal, payer: ZarinPalPayer, world: Any
) -> None:
    world.gateway.config.cancel_inquiry = "IN_BANK"
    authority = open_payment(gateway)
    payer.cancel(authority)
    assert gateway.inquire(authority) is GatewayState.IN_BANK
    assert gateway.verify(authority, RIALS).verdict is Verdict.NOT_PAID


@pytest.mark.parametrize(
    ("setting", "value", "code"),
    [
        ("merchants", {MERCHANT: "inactive"}, -11),
        ("merchants", {MERCHANT: "suspended"}, -15),
        ("sandbox", False, -10),
        ("callback_hosts", ["shop.example.com"], -14),
        ("max_amount", RIALS - 1, -41),
        ("min_amount", RIALS + 1, -9),
    ],
)
def test_a_terminal_that_may_not_take_this_payment_is_a_refusal(
    setting: str, value: object, code: int, gateway: ZarinPal, world: Any
) -> None:
    setattr(world.gateway.config, setting, value)
    with pytest.raises(GatewayRefused) as refusal:
        open_payment(gateway)
    assert refusal.value.details["gateway_code"] == code


def test_too_many_requests_pass_with_time(gateway: ZarinPal, world: Any) -> None:
    world.gateway.config.rate_limit = 1
    open_payment(gateway)
    with pytest.raises(GatewayUnavailable):
        open_payment(gateway)
    world.clock.advance(minutes=1)
    assert open_payment(gateway)


def test_the_page_links_to_its_buttons_under_any_path(gateway: ZarinPal, browser: httpx.Client) -> None:
    for suffix in ("", "/ZarinGate"):
        authority = open_payment(gateway, description="<b>طرح</b>")
        address = gateway.pay_url(authority) + suffix
        page = browser.get(address)
        assert 'lang="fa" dir="rtl"' in page.text
        assert "<b>" not in page.text
        actions = [unescape(found) for found in re.findall(r'action="([^"]+)"', page.text)]
        assert [action.rsplit("/", 1)[1] for action in actions] == ["pay", "cancel", "fail", "pay-no-return"]
        answer = browser.post(urljoin(address, actions[0]))
        assert answer.status_code == 302
        assert parse_qs(urlsplit(answer.headers["location"]).query) == {
            "product": ["kalo"],
            "Authority": [authority],
            "Status": ["OK"],
        }


@pytest.mark.parametrize("fault", ["none", "timeout", "500", "html502", "lost-response"])
def test_neither_merchant_id_nor_address_gets_out(
    fault: str,
    gateway: ZarinPal,
    world: Any,
    browser: httpx.Client,
    everything_told: Callable[[Callable[[], object]], str],
) -> None:
    world.gateway.config.merchants = {MERCHANT: "suspended"}
    browser.post("/pay/_test/set", params={"next": fault})
    told = everything_told(lambda: open_payment(gateway))
    for secret in (MERCHANT, "/pg/v4", world.origin):
        assert secret not in told
