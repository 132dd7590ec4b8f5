"""Messages owed, and whether they still are when they are about to be sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from mohlat.domain.agreement import Channel, Phase
from mohlat.domain.notices import Notice, NoticeKind, why_void
from mohlat.domain.tenant import Debt, iso
from tests.builders import SECOND, START, agreement_with_trial, days, hold, registered

END = START + days(30)
TENANT = registered(agreement_with_trial())
DEBT = Debt("d-1", "records", 2, 110_000, 10_000, 10, START, END)
OWING = replace(TENANT, debts=(DEBT,))
ONCE_ANNOUNCED = {
    NoticeKind.TRIAL_ENDING,
    NoticeKind.TERM_ENDING,
    NoticeKind.INVOICE_DUE,
    NoticeKind.DELETION_WARNING,
    NoticeKind.DEBT_DUE,
}
AHEAD = {
    NoticeKind.MAINTENANCE_PLANNED,
    NoticeKind.MAINTENANCE_MOVED,
    NoticeKind.MAINTENANCE_AHEAD,
    NoticeKind.WIND_DOWN_PLANNED,
}
BOUND = (ONCE_ANNOUNCED - {NoticeKind.DEBT_DUE}) | {
    NoticeKind.TRIAL_ENDED,
    NoticeKind.TERM_ENDED,
    NoticeKind.LEASE_SUSPENDED,
    NoticeKind.DEACTIVATED,
}


def notice(kind: NoticeKind, anchor: datetime = END, **facts: str | int) -> Notice:
    if kind in (NoticeKind.DEBT_DUE, NoticeKind.DEBT_SUSPENDED):
        facts = {"debt_id": "d-1", **facts}
    return Notice(kind, anchor, 1, (Channel.EMAIL, Channel.SMS), "T-CLAUSE", facts)


@pytest.mark.parametrize("kind", NoticeKind)
def test_a_notice_is_owed_while_its_reason_stands(kind: NoticeKind) -> None:
    assert why_void(notice(kind), OWING, START) is None


@pytest.mark.parametrize("kind", NoticeKind)
def test_after_the_purge_nothing_is_owed_but_the_certificate(kind: NoticeKind) -> None:
    void = why_void(notice(kind), replace(OWING, phase=Phase.PURGED), START)
    assert void == (None if kind is NoticeKind.DATA_DELETED else "the tenant was purged")


@pytest.mark.parametrize("kind", NoticeKind)
def test_a_newer_generation_overtakes_what_spoke_of_a_deadline(kind: NoticeKind) -> None:
    void = why_void(notice(kind), replace(OWING, generation=2), START)
    overtaken = "what it speaks of was overtaken by a later event" if kind in BOUND else None
    assert void == ("the closing was undone" if kind is NoticeKind.ACCOUNT_CLOSED else overtaken)


def test_that_an_account_is_closed_is_told_as_long_as_it_is() -> None:
    told = notice(NoticeKind.ACCOUNT_CLOSED)
    assert why_void(told, replace(OWING, phase=Phase.CLOSED, generation=2), START) is None


@pytest.mark.parametrize("kind", NoticeKind)
def test_what_announces_a_date_is_void_from_that_date_on(kind: NoticeKind) -> None:
    assert why_void(notice(kind), OWING, END - SECOND) is None
    void = why_void(notice(kind), OWING, END)
    assert void == ("its date has passed" if kind in ONCE_ANNOUNCED | AHEAD else None)


@pytest.mark.parametrize("kind", NoticeKind)
def test_a_hold_voids_the_warning_of_deletion_only(kind: NoticeKind) -> None:
    void = why_void(notice(kind), replace(OWING, holds=(hold(),)), START)
    assert void == ("a legal hold forbids the deletion" if kind is NoticeKind.DELETION_WARNING else None)


@pytest.mark.clause("SAMAN-5.7")
def test_a_reminder_of_a_debt_is_owed_until_it_is_paid_whatever_period_began_since() -> None:
    due = notice(NoticeKind.DEBT_DUE, amount=110_000, before="P7D")
    other = replace(DEBT, id="d-2")
    assert why_void(due, replace(OWING, debts=(other, DEBT), generation=9), END - SECOND) is None
    assert why_void(due, replace(OWING, debts=(other,)), START)
    assert why_void(due, replace(OWING, debts=()), START)


@pytest.mark.parametrize(
    "kind",
    [
        NoticeKind.REFUND_STARTED,
        NoticeKind.REFUND_DONE,
        NoticeKind.REFUND_NEEDS_ACCOUNT,
        NoticeKind.DEBT_PAID,
        NoticeKind.ESCROW_RELEASED,
        NoticeKind.COMPENSATED,
        NoticeKind.DISPUTE_ANSWERED,
        NoticeKind.SUPPORT_ANSWERED,
        NoticeKind.OFFICIAL_INVOICE_ISSUED,
    ],
)
def test_what_was_done_with_money_is_told_however_late(kind: NoticeKind) -> None:
    later = replace(TENANT, generation=9, phase=Phase.CLOSED, debts=())
    assert why_void(notice(kind), later, END + days(365)) is None


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        (NoticeKind.REFUND_STARTED, "refund_id"),
        (NoticeKind.REFUND_DONE, "refund_id"),
        (NoticeKind.REFUND_NEEDS_ACCOUNT, "refund_id"),
        (NoticeKind.PAYMENT_FOLLOWED_UP, "ticket_id"),
        (NoticeKind.DEBT_INVOICED, "debt_id"),
        (NoticeKind.DEBT_DUE, "debt_id"),
        (NoticeKind.DEBT_SUSPENDED, "debt_id"),
        (NoticeKind.DEBT_PAID, "debt_id"),
        (NoticeKind.ESCROW_AGREED, "escrow_id"),
        (NoticeKind.ESCROW_DEPOSITED, "escrow_id"),
        (NoticeKind.ESCROW_RELEASED, "escrow_id"),
        (NoticeKind.ESCROW_RETURNED, "escrow_id"),
        (NoticeKind.COMPENSATED, "ticket_id"),
        (NoticeKind.DISPUTE_RECEIVED, "ticket_id"),
        (NoticeKind.DISPUTE_ANSWERED, "ticket_id"),
        (NoticeKind.SUPPORT_ANSWERED, "ticket_id"),
        (NoticeKind.OFFICIAL_INVOICE_ISSUED, "invoice_id"),
    ],
)
def test_two_like_things_at_one_instant_are_told_one_by_one(kind: NoticeKind, subject: str) -> None:
    one, two = (notice(kind, amount=5, **{subject: f"x-{number}"}) for number in (1, 2))
    assert one.key != two.key
    # Told again with other figures it is still the same message.
    assert one.key == replace(one, facts={**one.facts, "amount": 6}).key


def test_each_reminder_of_one_debt_is_a_message_of_its_own() -> None:
    keys = {
        notice(NoticeKind.DEBT_DUE, before=before, debt_id=debt).key
        for before in ("P7D", "P1D")
        for debt in ("d-1", "d-2")
    }
    assert keys == {
        f"debt_due:{before}:{debt}@{iso(END)}#g1" for before in ("P7D", "P1D") for debt in ("d-1", "d-2")
    }


def test_a_key_tells_kind_lead_anchor_and_generation() -> None:
    assert notice(NoticeKind.TRIAL_ENDED).key == f"trial_ended@{iso(END)}#g1"
    assert notice(NoticeKind.TRIAL_ENDING, before="P7D").key == f"trial_ending:P7D@{iso(END)}#g1"
    assert replace(notice(NoticeKind.TRIAL_ENDED), generation=7).key.endswith("#g7")


def test_a_notice_reads_back_what_it_writes() -> None:
    written = notice(NoticeKind.PAYMENT_RECEIVED, amount=5, plan="basic")
    assert Notice.from_dict(written.to_dict()) == written
    assert written.to_dict() == {
        "kind": "payment_received",
        "anchor": iso(END),
        "generation": 1,
        "channels": ["email", "sms"],
        "clause": "T-CLAUSE",
        "facts": {"amount": 5, "plan": "basic"},
    }


def test_a_notice_without_facts_is_read_too() -> None:
    written = notice(NoticeKind.TERM_ENDED).to_dict()
    del written["facts"]
    assert Notice.from_dict(written) == notice(NoticeKind.TERM_ENDED)
