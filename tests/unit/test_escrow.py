"""Agreed work: deposited before it begins, released or handed back, each step once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product

import pytest

from mohlat.domain import bookkeeping, escrow, lifecycle, purchases
from mohlat.domain.errors import Conflict, Gone
from mohlat.domain.escrow import Escrow, EscrowStatus
from mohlat.domain.ledger import Account, balances
from mohlat.domain.lifecycle import Event, purge_obstacles
from mohlat.domain.notices import NoticeKind
from mohlat.domain.payments import OrderKind, Payment, PaymentStatus
from mohlat.domain.refunds import RefundReason, reserved
from mohlat.domain.tenant import RestrictionKind, Tenant
from tests.builders import START, Life, days, order
from tests.money import with_money

AGREEMENT = with_money()
AGREED = Escrow("e-1", "t-1", AGREEMENT.product, "partner-1", "A new theme", 8_000_000, START)
DEPOSITED = escrow.deposited(AGREED, "p-1")
DONE = START + days(9)


def life() -> Life:
    """A tenant whose life has just begun."""
    return Life(AGREEMENT)


def deposit(tenant: Tenant) -> lifecycle.Transition:
    """The deposit was paid."""
    paid = replace(order(tenant), kind=OrderKind.ESCROW, subject="e-1", plan="", amount=AGREED.amount)
    return purchases.grant(tenant, AGREEMENT, AGREEMENT, paid, START, by="gateway")


# --- the steps --------------------------------------------------------------------------------------------


@pytest.mark.clause("SAMAN-5.8")
def test_work_may_begin_with_the_deposit_and_not_before() -> None:
    assert (AGREED.status, AGREED.work_may_begin) == (EscrowStatus.AGREED, False)
    assert (DEPOSITED.status, DEPOSITED.work_may_begin, DEPOSITED.payment_id) == (
        EscrowStatus.DEPOSITED,
        True,
        "p-1",
    )


@pytest.mark.clause("SAMAN-5.8")
def test_a_released_deposit_is_the_partners() -> None:
    done = escrow.released(DEPOSITED, "k-1", DONE)
    assert (done.status, done.ticket_id, done.decided_at) == (EscrowStatus.RELEASED, "k-1", DONE)
    assert (done.work_may_begin, done.version) == (False, 3)


@pytest.mark.clause("SAMAN-5.8")
def test_a_returned_deposit_is_explained_afterwards_and_once() -> None:
    returned = escrow.returned(DEPOSITED, "r-1", DONE)
    assert (returned.status, returned.refund_id, returned.decided_at) == (
        EscrowStatus.RETURNED,
        "r-1",
        DONE,
    )
    assert returned.reason_given_at is None
    explained = escrow.explained(returned, DONE + days(1))
    assert (explained.status, explained.reason_given_at) == (EscrowStatus.RETURNED, DONE + days(1))
    with pytest.raises(Conflict):
        escrow.explained(explained, DONE + days(2))


Step = Callable[[Escrow], Escrow]
STEPS: dict[str, Step] = {
    "deposited": lambda each: escrow.deposited(each, "p-2"),
    "released": lambda each: escrow.released(each, "k-2", DONE),
    "returned": lambda each: escrow.returned(each, "r-2", DONE),
    "cancelled": lambda each: escrow.cancelled(each, DONE),
    "explained": lambda each: escrow.explained(each, DONE),
}
ALLOWED = {
    ("agreed", "deposited"),
    ("agreed", "cancelled"),
    ("deposited", "released"),
    ("deposited", "returned"),
    ("returned", "explained"),
}
STANDS = {
    "agreed": AGREED,
    "deposited": DEPOSITED,
    "released": escrow.released(DEPOSITED, "k-1", DONE),
    "returned": escrow.returned(DEPOSITED, "r-1", DONE),
    "cancelled": escrow.cancelled(AGREED, DONE),
}


@pytest.mark.parametrize(("stands", "step"), list(product(STANDS, STEPS)))
def test_each_step_follows_only_what_it_can_follow(stands: str, step: str) -> None:
    before = STANDS[stands]
    if (stands, step) in ALLOWED:
        assert STEPS[step](before).version == before.version + 1
        return
    with pytest.raises(Conflict) as refused:
        STEPS[step](before)
    assert refused.value.details["status"] == stands


# --- in the journal ---------------------------------------------------------------------------------------


def test_agreeing_asks_the_customer_for_the_deposit() -> None:
    tenant = life().tenant
    step = escrow.agree(tenant, AGREEMENT, AGREED, START, by="operator:ali")
    assert (step.event, step.clause, step.by) == (Event.ESCROW_AGREED, "T-ESCROW", "operator:ali")
    facts = {"escrow_id": "e-1", "amount": 8_000_000, "partner": "partner-1"}
    assert step.facts == facts
    [notice] = step.notices
    assert (notice.kind, notice.facts) == (NoticeKind.ESCROW_AGREED, facts)
    assert step.after.open_matters == tenant.open_matters


def test_no_work_is_agreed_with_an_account_that_is_closed_or_gone_or_whose_terms_know_no_escrow() -> None:
    begun = life()
    with pytest.raises(Conflict):
        escrow.agree(begun.tenant, replace(AGREEMENT, escrow=None), AGREED, START, by="operator")
    begun.close()
    with pytest.raises(Conflict):
        escrow.agree(begun.tenant, AGREEMENT, AGREED, begun.now, by="operator")
    begun.run_out()
    with pytest.raises(Gone):
        escrow.agree(begun.tenant, AGREEMENT, AGREED, begun.now, by="operator")


@pytest.mark.clause("SAMAN-5.8")
def test_nothing_is_purged_while_money_lies_in_escrow_or_is_on_its_way_back() -> None:
    tenant = deposit(life().tenant).after
    assert purge_obstacles(tenant, DONE + days(400)) == ("escrow:e-1",)
    released = escrow.note_release(tenant, AGREEMENT, STANDS["released"], DONE, by="user:owner").after
    assert purge_obstacles(released, DONE + days(400)) == ()
    returned = escrow.note_return(tenant, AGREEMENT, STANDS["returned"], DONE, by="user:owner").after
    assert purge_obstacles(returned, DONE + days(400)) == ("refund:r-1",)


@pytest.mark.parametrize(
    ("note", "stands", "event", "notice"),
    [
        (escrow.note_release, "released", Event.ESCROW_RELEASED, NoticeKind.ESCROW_RELEASED),
        (escrow.note_return, "returned", Event.ESCROW_RETURNED, NoticeKind.ESCROW_RETURNED),
        (escrow.note_cancellation, "cancelled", Event.ESCROW_CANCELLED, None),
    ],
)
def test_each_decision_is_noted_and_told(
    note: Callable[..., lifecycle.Transition], stands: str, event: Event, notice: NoticeKind | None
) -> None:
    tenant = deposit(life().tenant).after
    step = note(tenant, AGREEMENT, STANDS[stands], DONE, by="user:owner")
    assert (step.event, step.clause, step.at, step.by) == (event, "T-ESCROW", DONE, "user:owner")
    assert step.facts == {"escrow_id": "e-1", "amount": 8_000_000, "partner": "partner-1"}
    assert [told.kind for told in step.notices] == ([notice] if notice else [])


def test_money_in_escrow_can_be_decided_under_a_newer_agreement_without_it() -> None:
    tenant = deposit(life().tenant).after
    newer = replace(AGREEMENT, version="2", escrow=None)
    step = escrow.note_return(tenant, newer, STANDS["returned"], DONE, by="user:owner")
    assert step.clause == "vendor's choice"


def test_a_blocked_account_deposits_nothing() -> None:
    begun = life()
    begun.restrict(RestrictionKind.BLOCKED)
    with pytest.raises(Conflict):
        deposit(begun.tenant)


# --- in the ledger ----------------------------------------------------------------------------------------


def booked(end: str) -> dict[Account, int]:
    """What the accounts hold once the deposit's matter ended that way, those with nothing left out."""
    payment = Payment(
        "p-1", "t-1", AGREEMENT.product, "o-1", "zarinpal", 8_000_000, PaymentStatus.GRANTED, START
    )
    paid = replace(order(life().tenant), kind=OrderKind.ESCROW, subject="e-1", amount=8_000_000)
    postings = [bookkeeping.granted(payment, paid, "T-ESCROW", START)]
    if end == "released":
        postings.append(bookkeeping.released(DEPOSITED, "T-ESCROW", DONE))
    if end == "paid":
        postings.append(bookkeeping.released(DEPOSITED, "T-ESCROW", DONE))
        postings.append(bookkeeping.partner_paid(DEPOSITED, "T-ESCROW", DONE))
    if end in ("returned", "given back"):
        refund = reserved("r-1", payment, 8_000_000, 0, RefundReason.ESCROW_RETURNED, "T-ESCROW", DONE)
        postings.append(bookkeeping.reserved(refund))
        if end == "given back":
            postings.append(bookkeeping.given_back(refund, DONE))
    return {account: amount for account, amount in balances(postings).items() if amount}


@pytest.mark.parametrize(
    ("end", "where"),
    [
        ("deposited", Account.ESCROWED),
        ("released", Account.PAYABLE),
        ("paid", Account.PAID_OUT),
        ("returned", Account.RETURNING),
        ("given back", Account.REFUNDED),
    ],
)
def test_a_deposit_is_always_in_one_place_and_never_earned(end: str, where: Account) -> None:
    assert booked(end) == {Account.CAPTURED: 8_000_000, where: 8_000_000}
