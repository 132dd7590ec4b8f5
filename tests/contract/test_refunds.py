"""Money that goes back through ZarinPal: the adapter against the stand-in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from mohlat.adapters.gateways.zarinpal import RefundAccess, ZarinPal
from mohlat.adapters.http import HttpClient
from mohlat.domain.errors import GatewayRefused, GatewayUnavailable, NoRefundRoute
from mohlat.domain.payments import RefundState, RegisteredRefund
from tests.contract.conftest import RIALS, Payer, SpeakingGateway, open_payment

MERCHANT = "5e7f3f0c-1c57-4d3b-9a57-0f3a5c0e7b11"
ACCESS = RefundAccess("http://gateway/graphql", "secret-token-5ae", "427000")
PENDING, COMPLETED, FAILED = RefundState.PENDING, RefundState.COMPLETED, RefundState.FAILED


def at(world: Any, token: str | None = None, terminal: str = "427000") -> ZarinPal:
    access = RefundAccess(
        f"{world.pay_url}/api/v4/graphql/", token or world.gateway.config.access_token, terminal
    )
    return ZarinPal(world.pay_url, MERCHANT, HttpClient(2, 2), access)


def speaking(status: int, body: object) -> ZarinPal:
    return ZarinPal("http://gateway", MERCHANT, SpeakingGateway(status, body), ACCESS)


@pytest.fixture
def gateway(world: Any) -> ZarinPal:
    return at(world)


@pytest.fixture
def payer(browser: httpx.Client) -> Payer:
    return Payer(browser, "/pay")


@pytest.fixture
def reference(gateway: ZarinPal, payer: Payer) -> str:
    authority = open_payment(gateway)
    payer.pay(authority)
    return gateway.verify(authority, RIALS).reference or ""


@pytest.fixture
def bank(browser: httpx.Client, world: Any) -> Callable[[int, str], None]:
    """The bank ends the refund at this place, with "complete" or "fail"."""

    def end(place: int, how: str) -> None:
        refund = world.gateway.state.refunds[place]
        assert browser.post(f"/pay/_test/refund/{refund.id}/{how}").status_code == 200

    return end


def registered(gateway: ZarinPal, reference: str) -> list[tuple[int, RefundState]]:
    return [(each.amount, each.state) for each in gateway.refunds_of(reference)]


def test_a_refund_is_on_record_until_the_bank_has_done_it(
    gateway: ZarinPal, reference: str, bank: Callable[[int, str], None]
) -> None:
    assert registered(gateway, reference) == []
    gateway.refund(reference, 200_000, "r_1")
    gateway.refund(reference, 300_000, "r_2")
    assert registered(gateway, reference) == [(200_000, PENDING), (300_000, PENDING)]
    bank(0, "complete")
    bank(1, "fail")
    assert registered(gateway, reference) == [(200_000, COMPLETED), (300_000, FAILED)]


def test_what_the_bank_did_not_take_can_be_asked_for_again(
    gateway: ZarinPal, reference: str, bank: Callable[[int, str], None]
) -> None:
    gateway.refund(reference, RIALS, "r_1")
    bank(0, "fail")
    gateway.refund(reference, RIALS, "r_2")
    assert registered(gateway, reference) == [(RIALS, FAILED), (RIALS, PENDING)]


def test_of_a_refund_whose_answer_was_lost_the_list_tells(
    gateway: ZarinPal, reference: str, world: Any
) -> None:
    # The session is looked up first; what is lost is the answer to the refund itself.
    world.gateway.state.faults[:] = ["", "lost-response"]
    with pytest.raises(GatewayUnavailable):
        gateway.refund(reference, 200_000, "r_1")
    assert gateway.refunds_of(reference) == (RegisteredRefund(200_000, PENDING, world.clock.now()),)


def test_a_fault_that_waits_at_a_payment_is_met_by_its_refund(
    gateway: ZarinPal, payer: Payer, world: Any
) -> None:
    authority = open_payment(gateway)
    payer.pay(authority)
    reference = gateway.verify(authority, RIALS).reference or ""
    payer.press(authority, "set?next=lost-response")
    assert registered(gateway, reference) == []
    with pytest.raises(GatewayUnavailable):
        gateway.refund(reference, 200_000, "r_1")
    assert registered(gateway, reference) == [(200_000, PENDING)]


@pytest.mark.parametrize("fault", ["timeout", "500", "html502"])
@pytest.mark.parametrize("before", [0, 1])
def test_of_a_refund_that_never_arrived_the_list_tells_nothing(
    fault: str, before: int, gateway: ZarinPal, reference: str, world: Any
) -> None:
    world.gateway.state.faults[:] = [*[""] * before, fault]
    with pytest.raises(GatewayUnavailable):
        gateway.refund(reference, 200_000, "r_1")
    assert gateway.refunds_of(reference) == ()


@pytest.mark.parametrize("fault", ["timeout", "500", "html502", "lost-response"])
def test_a_list_that_does_not_come_is_not_an_empty_one(
    fault: str, gateway: ZarinPal, reference: str, payer: Payer
) -> None:
    payer.next_calls_meet(fault)
    with pytest.raises(GatewayUnavailable):
        gateway.refunds_of(reference)


def test_below_the_minimum_nothing_is_asked(gateway: ZarinPal, reference: str, world: Any) -> None:
    with pytest.raises(NoRefundRoute) as refusal:
        gateway.refund(reference, 19_999, "r_1")
    assert refusal.value.details["least"] == 20_000
    gateway.refund(reference, 20_000, "r_2")
    assert [refund.amount for refund in world.gateway.state.refunds] == [20_000]


@pytest.mark.parametrize("nulls", [False, True])
def test_more_than_remains_of_a_payment_is_refused(
    nulls: bool, gateway: ZarinPal, reference: str, world: Any
) -> None:
    world.gateway.config.graphql_nulls = nulls
    gateway.refund(reference, RIALS - 20_000, "r_1")
    with pytest.raises(NoRefundRoute):
        gateway.refund(reference, 20_001, "r_2")
    gateway.refund(reference, 20_000, "r_3")
    assert sum(amount for amount, _ in registered(gateway, reference)) == RIALS


def test_a_timeline_may_tell_the_last_refund_only(gateway: ZarinPal, reference: str, world: Any) -> None:
    world.gateway.config.timeline = "last"
    assert registered(gateway, reference) == []
    gateway.refund(reference, 200_000, "r_1")
    gateway.refund(reference, 300_000, "r_2")
    assert registered(gateway, reference) == [(300_000, PENDING)]


def test_a_payment_that_it_does_not_know_has_no_way_back(
    gateway: ZarinPal, reference: str, world: Any
) -> None:
    for asked, number in ((gateway, "999"), (at(world, terminal="1"), reference)):
        with pytest.raises(NoRefundRoute):
            asked.refund(number, 200_000, "r_1")
        with pytest.raises(NoRefundRoute):
            asked.refunds_of(number)


@pytest.mark.parametrize("http_status", [200, 401])
def test_an_access_token_that_does_not_fit_is_a_refusal_and_gets_out_nowhere(
    http_status: int, reference: str, world: Any, everything_told: Callable[[Callable[[], object]], str]
) -> None:
    world.gateway.config.token_http = http_status
    stranger = at(world, token="secret-token-5ae")
    with pytest.raises(GatewayRefused):
        stranger.refund(reference, 200_000, "r_1")
    told = everything_told(lambda: stranger.refunds_of(reference))
    for secret in ("secret-token-5ae", MERCHANT, "graphql", world.origin):
        assert secret not in told


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, None),
        (200, []),
        (200, {}),
        (200, {"data": None}),
        (503, {"errors": [{"message": "?"}], "data": None}),
        (503, {"data": {"Session": [{"id": "1"}]}}),
        (200, {"data": {"Session": [{"id": "1"}]}, "errors": []}),
        (200, {"data": {"Session": [{}]}}),
        (429, {"errors": [{"message": "?"}]}),
        (200, {"errors": [{"message": "Internal server error"}], "data": {"resource": None}}),
        (200, {"errors": [{"message": "?", "extensions": {"category": "internal"}}]}),
        (200, {"errors": [{"message": "?", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]}),
    ],
    ids=str,
)
def test_answers_in_no_known_shape_register_no_refund(status: int, body: object) -> None:
    with pytest.raises(GatewayUnavailable):
        speaking(status, body).refund("201", 200_000, "r_1")


def test_a_receipt_that_finds_several_sessions_sends_no_money_to_any() -> None:
    several = speaking(200, {"data": {"Session": [{"id": "1"}, {"id": "2"}]}})
    with pytest.raises(NoRefundRoute):
        several.refund("201", 200_000, "r_1")
    with pytest.raises(NoRefundRoute):
        several.refunds_of("201")


def listing(*timeline: dict[str, object] | None) -> ZarinPal:
    return speaking(200, {"data": {"Session": [{"id": "1", "timeline": [*timeline]}]}})


def entry(amount: object, at: object, status: object = "PENDING") -> dict[str, object]:
    return {"refund_amount": amount, "refund_time": at, "refund_status": status}


def test_refunds_are_told_in_the_order_in_which_they_were_asked_for() -> None:
    newest_first = listing(
        entry(300_000, "2026-11-22T14:06:00.5+03:30"), entry(200_000, "2026-11-22T10:35:55Z")
    )
    told = newest_first.refunds_of("201")
    assert [each.amount for each in told] == [200_000, 300_000]
    assert [each.at for each in told] == [
        datetime(2026, 11, 22, 10, 35, 55, tzinfo=UTC),
        datetime(2026, 11, 22, 10, 36, tzinfo=UTC),
    ]


@pytest.mark.parametrize("at", [None, 1, "", "yesterday", "2026-11-22 14:05:55", "0001-01-01T00:00:00+03:30"])
def test_a_time_that_is_none_is_left_out(at: object) -> None:
    assert listing(entry(200_000, at)).refunds_of("201") == (RegisteredRefund(200_000, PENDING),)


def test_an_empty_timeline_is_no_refund_and_an_amount_that_cannot_be_read_decides_nothing() -> None:
    assert listing(None, {}, entry(None, None, None)).refunds_of("201") == ()
    for amount in (None, "x", 12.5):
        with pytest.raises(GatewayUnavailable):
            listing(entry(amount, None)).refunds_of("201")


@pytest.mark.parametrize(
    ("word", "state"), [("REJECTED", FAILED), ("PAYING", PENDING), (None, PENDING), ("COMPLETED", COMPLETED)]
)
def test_a_word_that_is_new_decides_nothing(word: object, state: RefundState) -> None:
    assert listing(entry("200000", None, word)).refunds_of("201") == (RegisteredRefund(200_000, state),)
