"""The ledger: money neither appears nor vanishes, and a fault that was planted is found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mohlat.domain import bookkeeping
from mohlat.domain.escrow import Escrow
from mohlat.domain.ledger import Account, Fault, Posting, Unbalanced, balances, faults, posting
from mohlat.domain.payments import Order, OrderKind, Payment, PaymentStatus
from mohlat.domain.refunds import Refund, RefundReason, reserved
from mohlat.domain.tenant import Debt
from tests.builders import START, days
from tests.builders import length as duration

PAYMENT = Payment(
    id="p_1",
    tenant_id="t_1",
    product="trialware",
    order_id="o_1",
    gateway="zarinpal",
    amount=1_100_000,
    status=PaymentStatus.GRANTED,
    created_at=START,
    captured=1_100_000,
)
ORDER = Order(
    id="o_1",
    tenant_id="t_1",
    product="trialware",
    plan="basic",
    length=duration("P1M"),
    amount=1_100_000,
    payment_id="p_1",
    created_at=START,
    expires_at=START + days(1),
    vat=100_000,
    vat_percent=10,
)
ESCROW = Escrow("e_1", "t_1", "trialware", "partner", "a report", 1_100_000, START)
DEBT = Debt("d_1", "records", 2, 110_000, 10_000, 10, START, START + days(14))
PAID = bookkeeping.granted(PAYMENT, ORDER, "T-PLAN", START)


def refund(reason: RefundReason, amount: int = 1_100_000, vat: int = 100_000) -> Refund:
    return reserved("r_1", PAYMENT, amount, vat, reason, "T-WITHDRAWAL", START)


def unchecked(lines: Mapping[Account, int], *, id: str = "grant#p_9") -> Posting:
    """A posting as no code of ours can make it: rows that were altered in the table."""
    broken = object.__new__(Posting)
    for name, value in {
        "id": id,
        "tenant_id": "t_1",
        "product": "trialware",
        "source": "p_9",
        "at": START,
        "clause": "T-PLAN",
        "lines": lines,
    }.items():
        object.__setattr__(broken, name, value)
    return broken


def test_a_posting_names_its_effect_and_leaves_out_what_stays_as_it_is() -> None:
    booked = posting("grant", "p_1", "t_1", "trialware", START, "T-PLAN", captured=5, granted=-5, tax=0)
    assert booked.id == "grant#p_1"
    assert booked.lines == {Account.CAPTURED: 5, Account.GRANTED: -5}


@pytest.mark.parametrize("lines", [{"captured": 5}, {"captured": 5, "granted": -4}, {}, {"captured": 0}])
def test_a_posting_that_makes_or_loses_money_cannot_be_made(lines: dict[str, int]) -> None:
    with pytest.raises(Unbalanced):
        posting("grant", "p_1", "t_1", "trialware", START, "T-PLAN", **lines)


def test_balances_are_told_as_people_say_them() -> None:
    held = balances([PAID, bookkeeping.reserved(refund(RefundReason.GOODWILL, 11_000, 1_000))])
    assert {account: amount for account, amount in held.items() if amount} == {
        Account.CAPTURED: 1_100_000,
        Account.GRANTED: 990_000,
        Account.TAX: 99_000,
        Account.RETURNING: 11_000,
    }
    assert set(held) == set(Account)
    assert set(balances([]).values()) == {0}


# --- what each effect moves -------------------------------------------------------------------------------

EFFECTS: dict[str, tuple[Posting | None, str, dict[str, int]]] = {
    "a paid term is earned, its tax apart": (
        PAID,
        "grant#p_1",
        {"captured": 1_100_000, "granted": -1_000_000, "tax": -100_000},
    ),
    "a held payment that is granted comes out of what was held": (
        bookkeeping.granted(PAYMENT, ORDER, "T-PLAN", START, was_held=True),
        "grant#p_1",
        {"held": 1_100_000, "granted": -1_000_000, "tax": -100_000},
    ),
    "a deposit lies in escrow": (
        bookkeeping.granted(PAYMENT, replace(ORDER, kind=OrderKind.ESCROW, vat=0), "T-ESCROW", START),
        "grant#p_1",
        {"captured": 1_100_000, "escrowed": -1_100_000},
    ),
    "a paid debt is owed no more": (
        bookkeeping.granted(PAYMENT, replace(ORDER, kind=OrderKind.DEBT), "T-OVERUSE", START),
        "grant#p_1",
        {"captured": 1_100_000, "owed": -1_100_000},
    ),
    "captured money that nobody understands is held": (
        bookkeeping.held(PAYMENT, "T-PAY", START),
        "hold#p_1",
        {"captured": 1_100_000, "held": -1_100_000},
    ),
    "money that bought nothing goes straight back": (
        bookkeeping.reserved(refund(RefundReason.NOTHING_GRANTED, vat=0)),
        "return#r_1",
        {"captured": 1_100_000, "returning": -1_100_000},
    ),
    "held money goes back": (
        bookkeeping.reserved(refund(RefundReason.HELD, vat=0)),
        "return#r_1",
        {"held": 1_100_000, "returning": -1_100_000},
    ),
    "a deposit goes back": (
        bookkeeping.reserved(refund(RefundReason.ESCROW_RETURNED, vat=0)),
        "return#r_1",
        {"escrowed": 1_100_000, "returning": -1_100_000},
    ),
    "what was sold goes back with its tax": (
        bookkeeping.reserved(refund(RefundReason.WITHDRAWAL)),
        "return#r_1",
        {"granted": 1_000_000, "tax": 100_000, "returning": -1_100_000},
    ),
    "the payer has the money": (
        bookkeeping.given_back(refund(RefundReason.WITHDRAWAL), START),
        "settle#r_1",
        {"returning": 1_100_000, "refunded": -1_100_000},
    ),
    "overuse is earned when it is invoiced": (
        bookkeeping.invoiced(DEBT, "t_1", "trialware", "T-OVERUSE"),
        "invoice#d_1",
        {"owed": 110_000, "granted": -100_000, "tax": -10_000},
    ),
    "a debt that is dropped was never earned": (
        bookkeeping.written_off(DEBT, "t_1", "trialware", "T-OVERUSE", START),
        "write_off#d_1",
        {"granted": 100_000, "tax": 10_000, "owed": -110_000},
    ),
    "released work is owed to its partner": (
        bookkeeping.released(ESCROW, "T-ESCROW", START),
        "release#e_1",
        {"escrowed": 1_100_000, "payable": -1_100_000},
    ),
    "the partner was paid": (
        bookkeeping.partner_paid(ESCROW, "T-ESCROW", START),
        "pay_out#e_1",
        {"payable": 1_100_000, "paid_out": -1_100_000},
    ),
    "a fault of ours is owed to the customer": (
        bookkeeping.compensated("m_1", "t_1", "trialware", 70_000, "T-COMPENSATION", START),
        "compensate#m_1",
        {"compensated": 70_000, "credited": -70_000},
    ),
    "the compensation was paid": (
        bookkeeping.compensation_paid("m_1", "t_1", "trialware", 70_000, "T-COMPENSATION", START),
        "pay_out#m_1",
        {"credited": 70_000, "paid_out": -70_000},
    ),
}


@pytest.mark.parametrize("effect", EFFECTS)
def test_each_effect_moves_what_it_says(effect: str) -> None:
    booked, posting_id, lines = EFFECTS[effect]
    assert booked
    assert booked.id == posting_id
    assert {account.value: amount for account, amount in booked.lines.items()} == lines
    assert (booked.tenant_id, booked.product, booked.at) == ("t_1", "trialware", START)


def test_a_held_payment_of_which_nothing_was_captured_is_not_booked() -> None:
    assert bookkeeping.held(replace(PAYMENT, captured=0), "T-PAY", START) is None


# --- faults -----------------------------------------------------------------------------------------------

BACK = refund(RefundReason.WITHDRAWAL)
HEALTHY = [PAID, bookkeeping.reserved(BACK), bookkeeping.given_back(BACK, START)]


def test_a_healthy_ledger_has_no_faults_at_any_step() -> None:
    for step in range(len(HEALTHY) + 1):
        assert faults("t_1", HEALTHY[:step]) == []


def test_an_effect_that_is_booked_twice_is_found() -> None:
    assert faults("t_1", [PAID, PAID]) == [Fault("t_1", "postings", "an effect is booked twice")]


def test_lines_that_were_altered_are_found() -> None:
    altered = unchecked({Account.CAPTURED: 100, Account.GRANTED: -90})
    assert faults("t_1", [PAID, altered]) == [Fault("t_1", "grant#p_9", "its lines do not add up to nothing")]


@pytest.mark.parametrize(
    ("lost", "fault"),
    [
        (bookkeeping.granted(PAYMENT, ORDER, "T-PLAN", START, was_held=True), ("held", -1_100_000)),
        (bookkeeping.partner_paid(ESCROW, "T-ESCROW", START), ("payable", -1_100_000)),
        (bookkeeping.released(ESCROW, "T-ESCROW", START), ("escrowed", -1_100_000)),
        (
            bookkeeping.granted(PAYMENT, replace(ORDER, kind=OrderKind.DEBT), "T-OVERUSE", START),
            ("owed", -1_100_000),
        ),
        (
            bookkeeping.compensation_paid("m_1", "t_1", "trialware", 7, "T-COMPENSATION", START),
            ("credited", -7),
        ),
    ],
)
def test_what_leaves_an_account_in_which_it_never_was_is_found(lost: Posting, fault: tuple[str, int]) -> None:
    account, amount = fault
    assert faults("t_1", [lost]) == [Fault("t_1", account, f"is {amount} rials")]


def test_more_going_back_than_came_in_is_found() -> None:
    twice = [*HEALTHY, posting("return", "r_2", "t_1", "trialware", START, "T-X", granted=5, returning=-5)]
    found = faults("t_1", twice)
    assert Fault("t_1", "refunded", "more went back than was captured") in found
    assert Fault("t_1", "granted", "is -5 rials") in found


@given(
    st.lists(st.tuples(st.sampled_from(list(Account)), st.sampled_from(list(Account)), st.integers(1, 99)))
)
def test_whatever_is_moved_all_accounts_together_hold_nothing(
    moves: list[tuple[Account, Account, int]],
) -> None:
    booked = [
        Posting(f"move#{place}", "t_1", "trialware", "x", START, "T-X", {to: amount, out_of: -amount})
        for place, (to, out_of, amount) in enumerate(moves)
        if to is not out_of
    ]
    held = balances(booked)
    debits = (Account.CAPTURED, Account.OWED, Account.COMPENSATED)
    others = sum(amount for account, amount in held.items() if account not in debits)
    assert sum(held[account] for account in debits) == others
    below = {account.value for account, amount in held.items() if amount < 0}
    assert below == {fault.subject for fault in faults("t_1", booked) if fault.what.startswith("is -")}
