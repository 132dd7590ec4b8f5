"""Messages owed, and whether they still are when they are about to be sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from mohlat.domain.agreement import Channel, Phase
from mohlat.domain.notices import Notice, NoticeKind, why_void
from mohlat.domain.tenant import iso
from tests.builders import SECOND, START, agreement_with_trial, days, hold, registered

END = START + days(30)
TENANT = registered(agreement_with_trial())
ONCE_ANNOUNCED = {
    NoticeKind.TRIAL_ENDING,
    NoticeKind.TERM_ENDING,
    NoticeKind.INVOICE_DUE,
    NoticeKind.DELETION_WARNING,
}
BOUND = ONCE_ANNOUNCED | {
    NoticeKind.TRIAL_ENDED,
    NoticeKind.TERM_ENDED,
    NoticeKind.LEASE_SUSPENDED,
    NoticeKind.DEACTIVATED,
}


def notice(kind: NoticeKind, anchor: datetime = END, **facts: str | int) -> Notice:
    return Notice(kind, anchor, 1, (Channel.EMAIL, Channel.SMS), "T-CLAUSE", facts)


@pytest.mark.parametrize("kind", NoticeKind)
def test_a_notice_is_owed_while_its_reason_stands(kind: NoticeKind) -> None:
    assert why_void(notice(kind), TENANT, START) is None


@pytest.mark.parametrize("kind", NoticeKind)
def test_after_the_purge_nothing_is_owed_but_the_certificate(kind: NoticeKind) -> None:
    void = why_void(notice(kind), replace(TENANT, phase=Phase.PURGED), START)
    assert void == (None if kind is NoticeKind.DATA_DELETED else "the tenant was purged")


@pytest.mark.parametrize("kind", NoticeKind)
def test_a_newer_generation_overtakes_what_spoke_of_a_deadline(kind: NoticeKind) -> None:
    void = why_void(notice(kind), replace(TENANT, generation=2), START)
    assert void == ("what it speaks of was overtaken by a later event" if kind in BOUND else None)


@pytest.mark.parametrize("kind", NoticeKind)
def test_what_announces_a_date_is_void_from_that_date_on(kind: NoticeKind) -> None:
    assert why_void(notice(kind), TENANT, END - SECOND) is None
    void = why_void(notice(kind), TENANT, END)
    assert void == ("its date has passed" if kind in ONCE_ANNOUNCED else None)


@pytest.mark.parametrize("kind", NoticeKind)
def test_a_hold_voids_the_warning_of_deletion_only(kind: NoticeKind) -> None:
    void = why_void(notice(kind), replace(TENANT, holds=(hold(),)), START)
    assert void == ("a legal hold forbids the deletion" if kind is NoticeKind.DELETION_WARNING else None)


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
