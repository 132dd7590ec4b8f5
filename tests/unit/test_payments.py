"""The watch over a payment, and how it is decided."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mohlat.domain.errors import Conflict
from mohlat.domain.payments import (
    OPEN_STATUSES,
    Opening,
    Payment,
    PaymentStatus,
    Verdict,
    Verification,
    check_after,
    rechecked,
    settled,
    unanswered,
    with_opening,
    with_receipt,
    with_refund,
)
from tests.builders import START

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
PAYMENT = Payment(
    id="p-1",
    tenant_id="t-1",
    product="trialware",
    order_id="o-1",
    gateway="zarinpal",
    amount=1_000_000,
    status=PaymentStatus.REQUESTED,
    created_at=START,
)


def test_the_gateway_is_asked_early_and_then_hourly_for_a_day() -> None:
    planned: list[timedelta] = []
    while (at := check_after(START, len(planned))) is not None:
        planned.append(at - START)
    assert planned == [2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 20 * MINUTE, *(n * HOUR for n in range(1, 25))]


@pytest.mark.parametrize("status", PaymentStatus)
def test_a_payment_is_open_until_it_is_decided(status: PaymentStatus) -> None:
    decided = settled(PAYMENT, status, START)
    assert decided.open is (status in {PaymentStatus.REQUESTED, PaymentStatus.PENDING})
    assert decided.open is (status in OPEN_STATUSES)


def test_an_authority_makes_it_pending() -> None:
    pending = with_opening(PAYMENT, Opening("A0001", "token"))
    assert pending.token == "token"
    assert (pending.status, pending.authority, pending.version) == (PaymentStatus.PENDING, "A0001", 2)


def test_a_receipt_is_another_version_that_is_as_open_as_before() -> None:
    pending = with_opening(PAYMENT, Opening("A0001", "token"))
    kept = with_receipt(pending, "R1")
    assert (kept.receipt, kept.version, kept.status) == ("R1", pending.version + 1, PaymentStatus.PENDING)


def test_each_inquiry_that_decides_nothing_plans_the_next_and_the_last_plans_none() -> None:
    payment = rechecked(PAYMENT, START + 2 * MINUTE)
    assert (payment.checks, payment.next_check_at, payment.version) == (1, START + 5 * MINUTE, 2)
    for _ in range(26):
        assert payment.next_check_at
        payment = rechecked(payment, payment.next_check_at)
    assert payment.next_check_at == START + 24 * HOUR
    assert rechecked(payment, START + 24 * HOUR).next_check_at is None


def test_inquiries_that_an_outage_of_ours_missed_are_left_out() -> None:
    late = rechecked(PAYMENT, START + 10 * HOUR)
    assert late.next_check_at == START + 11 * HOUR
    assert rechecked(PAYMENT, START + 10 * HOUR - MINUTE).next_check_at == START + 10 * HOUR
    assert rechecked(PAYMENT, START + 25 * HOUR).next_check_at is None


def test_a_gateway_that_does_not_answer_is_asked_on_even_past_the_watch() -> None:
    payment, now = unanswered(PAYMENT, START + 2 * MINUTE), START
    assert payment.next_check_at == START + 5 * MINUTE
    for _ in range(60):
        now = payment.next_check_at or now
        payment = unanswered(payment, now)
    assert payment.next_check_at == now + HOUR
    assert now > START + 30 * HOUR


def test_a_decision_keeps_the_gateways_receipt_and_ends_the_watch() -> None:
    proof = Verification(Verdict.PAID, reference="201", masked_card="502229******5995", code=100)
    paid = settled(rechecked(PAYMENT, START + 2 * MINUTE), PaymentStatus.GRANTED, START + HOUR, proof, "late")
    assert (paid.status, paid.settled_at, paid.next_check_at) == (
        PaymentStatus.GRANTED,
        START + HOUR,
        None,
    )
    assert (paid.reference, paid.masked_card, paid.note) == ("201", "502229******5995", "late")
    assert paid.version == 3


def test_a_decision_without_a_new_proof_keeps_the_old_one() -> None:
    proof = Verification(Verdict.PAID, reference="201", masked_card="502229******5995")
    held = settled(PAYMENT, PaymentStatus.HELD, START, proof)
    owed = settled(held, PaymentStatus.OWED_BACK, START + HOUR)
    assert (owed.reference, owed.masked_card) == ("201", "502229******5995")


def test_of_a_payment_no_rial_more_is_reserved_than_it_captured() -> None:
    paid = settled(PAYMENT, PaymentStatus.GRANTED, START, Verification(Verdict.PAID))
    once = with_refund(paid, "r-1", 400_000)
    whole = with_refund(once, "r-2", 600_000)
    assert (whole.refunds, whole.returnable) == ({"r-1": 400_000, "r-2": 600_000}, 0)
    for payment, amount in ((once, 600_001), (whole, 1), (paid, 0), (paid, -1)):
        with pytest.raises(Conflict) as refused:
            with_refund(payment, "r-3", amount)
        assert refused.value.details["returnable"] == payment.returnable
