"""What a payer reads on coming back: where the payment stands and what comes next, in both languages."""

from __future__ import annotations

import re

import pytest

from mohlat.domain.payments import FAILED_STATUSES, OPEN_STATUSES, Payment, PaymentStatus
from mohlat.presentation.payment_page import UNKNOWN_PAYMENT, UNKNOWN_YET, Outcome, outcome_of, payment_page
from tests.builders import START


def payment(status: PaymentStatus, captured: int = 12_345_000) -> Payment:
    return Payment(
        "p_1",
        "t_1",
        "saman360",
        "o_01JD9V5T3QK8ZC4N7R2XWYB6MH",
        "zarinpal",
        12_345_000,
        status,
        START,
        captured=captured,
    )


OUTCOMES = [
    UNKNOWN_PAYMENT,
    outcome_of(payment(PaymentStatus.RETURNED, captured=0)),
    *(outcome_of(payment(status)) for status in PaymentStatus),
]


@pytest.mark.parametrize("outcome", OUTCOMES, ids=[outcome.title["en"] for outcome in OUTCOMES])
def test_each_outcome_is_told_in_both_languages(outcome: Outcome) -> None:
    persian, english = (outcome.title[language] + outcome.next[language] for language in ("fa", "en"))
    assert re.fullmatch(r"[\u0600-\u06ff\u200c :.]+", persian)
    assert not re.search(
        r"[\u064a\u0643\u0660-\u0669]|(^|\s)ن?می\s|\sها\s|\s[،.؛:]| {2}|\u200c\s|\s\u200c", persian
    )
    assert re.fullmatch(r"[A-Za-z0-9 ,.;:']+", english)


@pytest.mark.parametrize("status", PaymentStatus)
def test_only_what_is_undecided_is_told_as_unknown(status: PaymentStatus) -> None:
    assert (outcome_of(payment(status)) is UNKNOWN_YET) is (status in OPEN_STATUSES)


@pytest.mark.clause("CLUB-7")
@pytest.mark.parametrize("status", PaymentStatus)
def test_whoever_failed_to_pay_is_told_how_to_report_that_money_was_taken(status: PaymentStatus) -> None:
    outcome = outcome_of(payment(status))
    assert ("۷۲ ساعت" in outcome.next["fa"]) is (status in FAILED_STATUSES)
    assert ("گزارش کنید" in outcome.next["fa"]) is (status in FAILED_STATUSES)
    assert ("72 hours" in outcome.next["en"]) is (status in FAILED_STATUSES)
    assert ("report it in your account with us" in outcome.next["en"]) is (status in FAILED_STATUSES)


@pytest.mark.parametrize("status", [PaymentStatus.OWED_BACK, PaymentStatus.RETURNED])
def test_whoever_gets_money_back_need_not_do_anything(status: PaymentStatus) -> None:
    outcome = outcome_of(payment(status))
    assert "آغاز شده است" in outcome.next["fa"]
    assert "لازم نیست کاری بکنید" in outcome.next["fa"]
    assert "is on its way, and there is nothing you need to do" in outcome.next["en"]


def test_nobody_is_promised_money_that_never_reached_us() -> None:
    outcome = outcome_of(payment(PaymentStatus.RETURNED, captured=0))
    assert "مبلغی به ما نرسید" in outcome.next["fa"]
    assert "no money reached us" in outcome.next["en"]
    assert "refund" not in outcome.next["en"]


def test_the_page_shows_both_languages_and_the_sum_in_tomans() -> None:
    back = payment(PaymentStatus.OWED_BACK)
    page = payment_page(outcome_of(back), back)
    for text in (*outcome_of(back).title.values(), *outcome_of(back).next.values()):
        assert text in page
    assert "۱٬۲۳۴٬۵۰۰ تومان" in page
    assert "1,234,500 tomans" in page
