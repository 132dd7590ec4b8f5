"""What every payment gateway's adapter must do, and what ZarinPal's must in particular."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import pytest

from mohlat.adapters.gateways.behpardakht import Behpardakht
from mohlat.adapters.gateways.sep import Sep
from mohlat.adapters.gateways.zarinpal import ZarinPal
from mohlat.adapters.gateways.zibal import Zibal
from mohlat.adapters.http import HttpClient
from mohlat.application.ports import PaymentGateway
from mohlat.domain.errors import GatewayRefused, GatewayUnavailable, InvalidInput, NoRefundRoute
from mohlat.domain.payments import Callback, GatewayState, Verdict
from tests.contract.conftest import RIALS, Payer, SpeakingGateway, open_page, open_payment

MERCHANT = "5e7f3f0c-1c57-4d3b-9a57-0f3a5c0e7b11"
OTHER_MERCHANT = "0d3f8a52-7e0b-4c26-8f4e-6f2f6f3c9a22"


class PaymentGatewayContract:
    """Every adapter's tests derive from this and give the fixtures `gateway` and `other_merchant` (the same
    gateway for another shop), `payer`, `unknown_authority`, and `credential`, which nobody may see.

    What gateways cannot do alike is said by the class: `by_receipt`, it is asked by what the browser brings
    back, and knows nothing without; `settles`, verifying is two calls; `tells_amount`; `shows_card`.
    """

    by_receipt = False
    settles = False
    tells_amount = True
    shows_card = True
    garbage = ("", "S1", "../../etc", "0", 36 * "0", "S" + 34 * "0" + "\n", "12\n")
    made_up_receipt: str | None = None

    def paid(self, gateway: PaymentGateway, payer: Payer) -> tuple[str, str | None]:
        """A paid payment's authority, and the receipt that its payer brought back."""
        authority = open_payment(gateway)
        callback = gateway.read_callback(payer.pay(authority))
        assert callback.claims_paid
        assert (callback.receipt is not None) is self.by_receipt
        return authority, callback.receipt

    def state(self, told: GatewayState, receipt: str | None) -> GatewayState:
        """What an inquiry may tell where another gateway would tell `told`."""
        if not self.by_receipt:
            return told
        return GatewayState.UNKNOWN if receipt else GatewayState.IN_BANK

    def test_each_request_opens_a_payment_of_its_own_with_a_page(
        self, gateway: PaymentGateway, payer: Payer
    ) -> None:
        first, second = open_page(gateway), open_page(gateway)
        assert first.authority != second.authority
        assert payer.visit(gateway.pay_page(first.authority, first.token)).status_code == 200
        assert gateway.inquire(first.authority) is GatewayState.IN_BANK

    def test_nothing_is_paid_until_the_payer_pays(self, gateway: PaymentGateway) -> None:
        verification = gateway.verify(open_payment(gateway), RIALS)
        assert verification.verdict is Verdict.NOT_PAID

    @pytest.mark.clause("KALAK-card")
    def test_a_paid_payment_verifies_with_receipt_and_masked_card_only(
        self, gateway: PaymentGateway, payer: Payer
    ) -> None:
        authority, receipt = self.paid(gateway, payer)
        assert gateway.inquire(authority, receipt) is self.state(GatewayState.PAID, receipt)
        verification = gateway.verify(authority, RIALS, receipt)
        assert verification.verdict is Verdict.PAID
        assert not verification.repeated
        assert verification.reference
        assert ("***" in (verification.masked_card or "")) is self.shows_card
        assert gateway.inquire(authority, receipt) is self.state(GatewayState.VERIFIED, receipt)

    def test_verifying_again_tells_the_same_and_says_so(self, gateway: PaymentGateway, payer: Payer) -> None:
        authority, receipt = self.paid(gateway, payer)
        first, again = (gateway.verify(authority, RIALS, receipt) for _ in range(2))
        assert (first.verdict, first.repeated) == (Verdict.PAID, False)
        assert (again.verdict, again.repeated) == (Verdict.PAID, True)
        assert (again.reference, again.masked_card) == (first.reference, first.masked_card)

    def test_of_callbacks_at_the_same_moment_one_is_first(
        self, gateway: PaymentGateway, payer: Payer
    ) -> None:
        authority, receipt = self.paid(gateway, payer)
        with ThreadPoolExecutor(4) as threads:
            verifications = list(threads.map(lambda _: gateway.verify(authority, RIALS, receipt), range(4)))
        assert {verification.verdict for verification in verifications} == {Verdict.PAID}
        first = [verification.repeated for verification in verifications].count(False)
        # One may be the first to verify, and another the first to settle.
        assert first in ((1, 2) if self.settles else (1,))

    def test_another_amount_than_was_paid_is_a_mismatch_however_often_it_is_asked(
        self, gateway: PaymentGateway, payer: Payer
    ) -> None:
        if not self.tells_amount:
            pytest.skip("neither takes nor tells an amount: the order's number stands for it")
        authority, receipt = self.paid(gateway, payer)
        for _ in range(2):
            verification = gateway.verify(authority, 10 * RIALS, receipt)
            assert verification.verdict is Verdict.AMOUNT_MISMATCH
            assert verification.captured in (None, RIALS)
        assert gateway.verify(authority, RIALS, receipt).verdict is Verdict.PAID

    @pytest.mark.parametrize("action", ["cancel", "fail"])
    def test_a_cancelled_or_failed_payment_is_not_paid(
        self, action: str, gateway: PaymentGateway, payer: Payer
    ) -> None:
        authority = open_payment(gateway)
        callback = gateway.read_callback(payer.brought_back(authority, action))
        assert callback == Callback(authority, claims_paid=False)
        assert gateway.inquire(authority) is self.state(GatewayState.FAILED, None)
        assert gateway.verify(authority, RIALS).verdict is Verdict.NOT_PAID

    def test_an_authority_nobody_gave_is_unknown(
        self, gateway: PaymentGateway, unknown_authority: str
    ) -> None:
        if self.by_receipt:
            # Only the receipt can be unknown to it, and a made-up one says nothing about the payment.
            verification = gateway.verify(unknown_authority, RIALS, self.made_up_receipt)
            assert verification.verdict is Verdict.NOT_PAID
        else:
            assert gateway.verify(unknown_authority, RIALS).verdict is Verdict.UNKNOWN_AUTHORITY
            assert gateway.inquire(unknown_authority) is GatewayState.UNKNOWN

    def test_another_merchants_payment_is_none_of_ours(
        self, gateway: PaymentGateway, other_merchant: PaymentGateway, payer: Payer
    ) -> None:
        authority, receipt = self.paid(other_merchant, payer)
        expected = Verdict.NOT_PAID if self.by_receipt else Verdict.UNKNOWN_AUTHORITY
        assert gateway.verify(authority, RIALS, receipt).verdict is expected
        assert gateway.inquire(authority, receipt) is GatewayState.UNKNOWN

    @pytest.mark.parametrize(("action", "claims"), [("pay", True), ("cancel", False), ("fail", False)])
    def test_what_the_browser_brings_back_is_read(
        self, action: str, claims: bool, gateway: PaymentGateway, payer: Payer
    ) -> None:
        authority = open_payment(gateway)
        brought = payer.brought_back(authority, action)
        assert brought.pop("product") == "kalo"
        callback = gateway.read_callback(brought)
        assert (callback.authority, callback.claims_paid) == (authority, claims)
        assert (callback.receipt is not None) is (self.by_receipt and claims)

    def test_a_callback_that_brings_nothing_is_refused_by_the_parameters_name(
        self, gateway: PaymentGateway
    ) -> None:
        with pytest.raises(InvalidInput) as refusal:
            gateway.read_callback({})
        assert refusal.value.field
        assert refusal.value.reason == "is missing"

    @pytest.mark.parametrize("garbage", ["<b>", "é", "۱۲", "1\n", "'; --", 200 * "1", "\0"])
    def test_a_garbled_parameter_is_refused_by_its_name(
        self, garbage: str, gateway: PaymentGateway, payer: Payer
    ) -> None:
        brought = payer.pay(open_payment(gateway))
        for name in self.read_parameters:
            with pytest.raises(InvalidInput) as refusal:
                gateway.read_callback({**brought, name: garbage})
            assert (refusal.value.field, refusal.value.reason) == (name, "is not accepted")

    read_parameters: tuple[str, ...] = ()

    def test_a_callback_forged_as_paid_finds_nothing_paid(self, gateway: PaymentGateway) -> None:
        authority = open_payment(gateway)
        for receipt in (None, self.made_up_receipt):
            assert gateway.verify(authority, RIALS, receipt).verdict is Verdict.NOT_PAID

    def test_a_callback_forged_as_not_paid_does_not_hide_money(
        self, gateway: PaymentGateway, payer: Payer
    ) -> None:
        authority, receipt = self.paid(gateway, payer)
        assert gateway.inquire(authority, receipt) is self.state(GatewayState.PAID, receipt)
        assert gateway.verify(authority, RIALS, receipt).verdict is Verdict.PAID

    def test_money_of_a_payer_who_never_returns_is_found_by_asking(
        self, gateway: PaymentGateway, payer: Payer, world: Any
    ) -> None:
        authority = open_payment(gateway)
        assert payer.press(authority, "pay-no-return").status_code == 200
        world.clock.advance(minutes=20)
        if self.by_receipt:
            # Nobody has the receipt: nothing can be asked, nothing is taken, and the bank gives it back.
            assert gateway.inquire(authority) is GatewayState.IN_BANK
            assert gateway.verify(authority, RIALS).verdict is Verdict.NOT_PAID
        else:
            assert gateway.inquire(authority) is GatewayState.PAID
            assert gateway.verify(authority, RIALS).verdict is Verdict.PAID

    def test_money_nobody_verified_in_time_has_gone_back(
        self, gateway: PaymentGateway, payer: Payer, world: Any
    ) -> None:
        authority, receipt = self.paid(gateway, payer)
        world.clock.advance(minutes=30)
        assert gateway.inquire(authority, receipt) is self.state(GatewayState.REVERSED, receipt)
        assert gateway.verify(authority, RIALS, receipt).verdict is Verdict.NOT_PAID

    def test_a_lost_answer_to_a_verification_is_unknown_and_the_next_one_finds_it_done(
        self, gateway: PaymentGateway, payer: Payer
    ) -> None:
        authority, receipt = self.paid(gateway, payer)
        payer.press(authority, "set?next=lost-response")
        with pytest.raises(GatewayUnavailable):
            gateway.verify(authority, RIALS, receipt)
        again = gateway.verify(authority, RIALS, receipt)
        # What was lost is the answer to the first half; the other half was still to do.
        assert (again.verdict, again.repeated) == (Verdict.PAID, not self.settles)
        assert again.reference

    @pytest.mark.parametrize("fault", ["timeout", "500", "html502", "lost-response"])
    def test_a_gateway_in_trouble_is_unknown_and_never_a_failed_payment(
        self, fault: str, gateway: PaymentGateway, payer: Payer
    ) -> None:
        authority, receipt = self.paid(gateway, payer)
        payer.next_calls_meet(fault, times=2 if self.by_receipt else 3)
        with pytest.raises(GatewayUnavailable):
            open_payment(gateway)
        if not self.by_receipt:
            with pytest.raises(GatewayUnavailable):
                gateway.inquire(authority)
        with pytest.raises(GatewayUnavailable):
            gateway.verify(authority, RIALS, receipt)
        assert gateway.verify(authority, RIALS, receipt).verdict is Verdict.PAID

    @pytest.mark.parametrize("fault", ["timeout", "500", "html502", "lost-response"])
    def test_neither_credential_nor_address_gets_out(
        self,
        fault: str,
        gateway: PaymentGateway,
        credential: str,
        payer: Payer,
        world: Any,
        everything_told: Callable[[Callable[[], object]], str],
    ) -> None:
        authority, receipt = self.paid(gateway, payer)
        for call in (lambda: open_payment(gateway), lambda: gateway.verify(authority, RIALS, receipt)):
            payer.next_calls_meet(fault)
            told = everything_told(call)
            for secret in (*credential.split(), "/request", "/pgw", "onlinepg/", world.origin):
                assert secret not in told

    def test_what_can_be_no_authority_of_theirs_is_never_sent(
        self, gateway: PaymentGateway, payer: Payer
    ) -> None:
        # Whoever asked would meet this.
        payer.next_calls_meet("500", times=2 * len(self.garbage))
        for garbage in self.garbage:
            verification = gateway.verify(garbage, RIALS, self.made_up_receipt)
            assert verification.verdict is Verdict.UNKNOWN_AUTHORITY
            assert gateway.inquire(garbage) is GatewayState.UNKNOWN
            with pytest.raises(GatewayRefused):
                gateway.pay_page(garbage, "TOKEN")

    def test_a_way_back_that_is_a_persons_is_refused_before_anything_is_sent(
        self, gateway: PaymentGateway, payer: Payer
    ) -> None:
        payer.next_calls_meet("500", times=2)
        with pytest.raises(NoRefundRoute):
            gateway.refund("201", RIALS, "r_1")
        with pytest.raises(NoRefundRoute):
            gateway.refunds_of("201")


@pytest.fixture
def payer(browser: httpx.Client) -> Payer:
    return Payer(browser, "/pay")


@pytest.fixture
def gateway(world: Any) -> ZarinPal:
    return ZarinPal(world.pay_url, MERCHANT, HttpClient(connect_timeout=2, read_timeout=2))


@pytest.fixture
def other_merchant(world: Any) -> ZarinPal:
    return ZarinPal(world.pay_url, OTHER_MERCHANT)


@pytest.fixture
def credential() -> str:
    return MERCHANT


@pytest.fixture
def unknown_authority() -> str:
    return "S" + 35 * "0"


class TestZarinPalKeepsTheContract(PaymentGatewayContract):
    """ZarinPal's adapter, without access to refunds, over HTTP against the gateway that behaves."""

    read_parameters = ("Authority", "Status")


class TestZibalKeepsTheContract(PaymentGatewayContract):
    """Zibal's adapter over HTTP against the gateway that behaves."""

    read_parameters = ("trackId", "success", "status", "orderId")

    @pytest.fixture
    def credential(self, world: Any) -> str:
        world.zibal.config.merchants = {"shop-7f3f0c": "active", "other-shop": "active"}
        return "shop-7f3f0c"

    @pytest.fixture
    def gateway(self, world: Any, credential: str) -> Zibal:
        return Zibal(world.zibal_url, credential, HttpClient(connect_timeout=2, read_timeout=2))

    @pytest.fixture
    def other_merchant(self, world: Any, credential: str) -> Zibal:
        return Zibal(world.zibal_url, "other-shop")

    @pytest.fixture
    def payer(self, browser: httpx.Client) -> Payer:
        return Payer(browser, "/zibal")

    @pytest.fixture
    def unknown_authority(self) -> str:
        return "4000000001"


class TestSepKeepsTheContract(PaymentGatewayContract):
    """SEP's adapter over HTTP against the gateway that behaves."""

    by_receipt = True
    garbage = ("", "../../etc", 51 * "0", "order 1", "12\n", "é")
    made_up_receipt = "jJnBmy/IojtTemplUH5ke9ULCGtDtb"
    read_parameters = ("ResNum", "Status", "RefNum")

    @pytest.fixture
    def credential(self) -> str:
        return "terminal-7f3f0c"

    @pytest.fixture
    def gateway(self, world: Any, credential: str) -> Sep:
        return Sep(world.sep_url, credential, HttpClient(connect_timeout=2, read_timeout=2))

    @pytest.fixture
    def other_merchant(self, world: Any) -> Sep:
        return Sep(world.sep_url, "other")

    @pytest.fixture
    def payer(self, browser: httpx.Client) -> Payer:
        return Payer(browser, "/sep")

    @pytest.fixture
    def unknown_authority(self) -> str:
        return "o_0000000000000000000000000"


class TestBehpardakhtKeepsTheContract(PaymentGatewayContract):
    """Behpardakht's adapter over HTTP against the gateway that behaves."""

    by_receipt = True
    settles = True
    tells_amount = False
    shows_card = False
    garbage = ("", "S1", "../../etc", "0", "07", 20 * "1", "12\n", "۱۲")
    made_up_receipt = "5142510"
    read_parameters = ("SaleOrderId", "ResCode", "SaleReferenceId", "RefId")

    @pytest.fixture
    def credential(self, world: Any) -> str:
        config = world.behpardakht.config
        config.terminal_id, config.username, config.password = "7730219", "user-7f3f0c", "pass<&>word-5ae"
        return "7730219 user-7f3f0c word-5ae"

    @pytest.fixture
    def gateway(self, world: Any, credential: str) -> Behpardakht:
        config = world.behpardakht.config
        return Behpardakht(
            world.behpardakht_url,
            config.terminal_id,
            config.username,
            config.password,
            HttpClient(connect_timeout=2, read_timeout=2),
        )

    @pytest.fixture
    def other_merchant(self, world: Any, credential: str) -> Behpardakht:
        config = world.behpardakht.config
        return Behpardakht(world.behpardakht_url, config.other_terminal, config.username, config.password)

    @pytest.fixture
    def payer(self, browser: httpx.Client) -> Payer:
        return Payer(browser, "/behpardakht")

    @pytest.fixture
    def unknown_authority(self) -> str:
        return "4000000001"


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
        self, gateway: ZarinPal, payer: Payer, unknown_authority: str
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
    assert "۱٬۲۳۴٬۵۰۰ تومان" in browser.get(gateway.pay_page(authority).url).text


def test_the_outcome_stays_ours_and_the_payer_is_told_in_the_local_form(
    gateway: ZarinPal, world: Any
) -> None:
    authority = open_payment(gateway, mobile="+989123456789", email="payer@example.com", order_id="order-1")
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


def test_a_gateway_that_is_not_there_is_unavailable() -> None:
    nobody = ZarinPal("http://127.0.0.1:9", MERCHANT, HttpClient(1, 1))
    with pytest.raises(GatewayUnavailable):
        open_payment(nobody)


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


def test_another_merchants_authority_has_a_code_of_its_own(
    gateway: ZarinPal, other_merchant: ZarinPal, payer: Payer
) -> None:
    authority = open_payment(other_merchant)
    payer.pay(authority)
    assert gateway.verify(authority, RIALS).code == -53


def test_a_cancelled_payment_may_look_as_if_still_in_the_bank(
    gateway: ZarinPal, payer: Payer, world: Any
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
        address = gateway.pay_page(authority).url + suffix
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


def test_neither_merchant_id_nor_address_is_in_a_refusal(
    gateway: ZarinPal, world: Any, everything_told: Callable[[Callable[[], object]], str]
) -> None:
    world.gateway.config.merchants = {MERCHANT: "suspended"}
    told = everything_told(lambda: open_payment(gateway))
    for secret in (MERCHANT, "/pg/v4", world.origin):
        assert secret not in told


def test_a_mismatch_takes_nothing(gateway: ZarinPal, payer: Payer) -> None:
    authority = open_payment(gateway)
    payer.pay(authority)
    assert gateway.verify(authority, 10 * RIALS).verdict is Verdict.AMOUNT_MISMATCH
    assert gateway.inquire(authority) is GatewayState.PAID


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"Authority": AUTHORITY}, "Status"),
        ({"Status": "OK"}, "Authority"),
        ({"Authority": AUTHORITY, "Status": "ok"}, "Status"),
        ({"Authority": 65 * "A", "Status": "OK"}, "Authority"),
        ({"Authority": "A/1", "Status": "OK"}, "Authority"),
        ({"Authority": AUTHORITY + "\n", "Status": "OK"}, "Authority"),
    ],
)
def test_what_a_callback_lacks_or_garbles_is_named(query: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        ZarinPal("http://gateway", MERCHANT).read_callback(query)
    assert refusal.value.field == field
