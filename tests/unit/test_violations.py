"""Findings as rules: on an account that pays, on one that does not, and on one that is gone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mohlat.domain.agreement import Basis, Consequence, Phase, Span, Violation
from mohlat.domain.errors import Conflict, Gone, InvalidInput
from mohlat.domain.lifecycle import purge_at
from mohlat.domain.tenant import Closing
from mohlat.domain.violations import find_violation, violation_of
from tests.builders import START, agreement_account_only, agreement_with_trial, days, length, registered

BLOCK = Violation("rude", Consequence.BLOCK, Basis("T-RUDE"))
END = Violation("attack", Consequence.END, Basis("T-ATTACK"))
AGREEMENT = replace(
    agreement_with_trial(),
    violations=(BLOCK, END),
    retention=replace(agreement_with_trial().retention, after_finding=Span(length("P7D"), Basis("T-ATTACK"))),
)


def test_a_kind_is_found_by_its_id() -> None:
    assert (violation_of(AGREEMENT, "rude"), violation_of(AGREEMENT, "attack")) == (BLOCK, END)
    with pytest.raises(InvalidInput):
        violation_of(AGREEMENT, "theft")


def test_an_end_counts_its_own_time_and_ends_what_was_paid() -> None:
    tenant = registered(AGREEMENT)
    ended = find_violation(tenant, AGREEMENT, END, "it did", START + days(1), by="o")
    assert (ended.after.closing, ended.after.period_ends_at) == (Closing.FINDING, START + days(1))
    assert purge_at(ended.after, AGREEMENT) == START + days(8)
    assert ended.facts == {"violation": "attack", "consequence": "end", "purge_at": "2026-02-08T08:00:00Z"}
    with pytest.raises(Conflict):
        find_violation(ended.after, AGREEMENT, END, "again", START + days(2), by="o")
    # Blocking what is closed changes nothing about its end.
    blocked = find_violation(ended.after, AGREEMENT, BLOCK, "also", START + days(2), by="o").after
    assert purge_at(blocked, AGREEMENT) == START + days(8)


def test_without_a_time_of_its_own_it_is_kept_as_after_a_closing() -> None:
    agreement = replace(agreement_account_only(), violations=(END,))
    ended = find_violation(registered(agreement), agreement, END, "it did", START, by="o").after
    assert (ended.phase, ended.period_ends_at, purge_at(ended, agreement)) == (Phase.CLOSED, None, START)


def test_nothing_is_found_of_what_is_gone() -> None:
    gone = replace(registered(AGREEMENT), phase=Phase.PURGED)
    with pytest.raises(Gone):
        find_violation(gone, AGREEMENT, BLOCK, "late", START, by="o")
    with pytest.raises(Gone):
        find_violation(gone, AGREEMENT, END, "late", START, by="o")
