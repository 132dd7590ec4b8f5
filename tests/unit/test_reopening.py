"""Undoing a closing: back to what was there before, as far as it is still paid, and never after the purge."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mohlat.domain.access import Access, access
from mohlat.domain.agreement import Agreement, Basis, Phase, Reopening
from mohlat.domain.durations import Duration
from mohlat.domain.errors import AccessRefused, Conflict, Gone, TooLate
from mohlat.domain.journal import record, replay
from mohlat.domain.lifecycle import (
    GRAPH,
    Event,
    Workflow,
    as_of,
    close,
    move,
    next_deadline,
    register,
)
from mohlat.domain.reopening import reopen
from mohlat.domain.tenant import BeforeClosing, Closing, Tenant, Term
from tests.builders import AGREEMENTS, SECOND, START, days

BASIS = Basis("T-REOPEN")


def open_to_change(name: str = "trial", within: Duration | None = None) -> Agreement:
    """An agreement whose closings can be undone."""
    agreement = AGREEMENTS[name]
    return replace(agreement, retention=replace(agreement.retention, reopening=Reopening(within, BASIS)))


TRIAL = open_to_change()


def new(agreement: Agreement = TRIAL) -> Tenant:
    return register(agreement, "t_1", START, plan=None, trial_used=False, by="test").after


def closed(tenant: Tenant, agreement: Agreement = TRIAL, closing: Closing = Closing.ERASURE) -> Tenant:
    return close(tenant, agreement, closing, START + days(1), by="user:u").after


def paid(tenant: Tenant) -> Tenant:
    ends_at = START + days(100)
    term = Term(START, Duration(days=100), "basic", ends_at)
    return replace(tenant, phase=Phase.ACTIVE, term=term, period_ends_at=ends_at)


def undone(tenant: Tenant, agreement: Agreement = TRIAL, day: int = 2) -> Tenant:
    return reopen(tenant, agreement, START + days(day), by="user:u").after


@pytest.mark.parametrize("closing", [Closing.TERMINATION, Closing.ERASURE])
def test_a_closing_by_wish_is_undone_and_the_trial_goes_on(closing: Closing) -> None:
    before = new()
    shut = closed(before, closing=closing)
    transition = reopen(shut, TRIAL, START + days(2), by="user:u")
    tenant = transition.after
    assert (tenant.phase, tenant.period_ends_at) == (Phase.TRIAL, before.period_ends_at)
    assert (tenant.closed_at, tenant.closing, tenant.before_closing) == (None, None, None)
    assert (tenant.version, tenant.generation) == (shut.version + 1, shut.generation + 1)
    assert (transition.event, transition.clause) == (Event.REOPENED, "T-REOPEN")
    assert transition.workflows == (Workflow.SUBSCRIPTION,)
    assert [notice.kind.value for notice in transition.notices] == ["account_reopened"]
    assert access(tenant, START + days(2)) is Access.FULL


def test_what_is_still_paid_is_active_to_its_end() -> None:
    tenant = undone(closed(paid(new())))
    assert (tenant.phase, tenant.period_ends_at) == (Phase.ACTIVE, START + days(100))
    assert tenant.term


def test_money_that_went_back_does_not_come_alive() -> None:
    shut = replace(closed(paid(new())), term=None)
    tenant = undone(shut)
    now = START + days(2)
    assert (tenant.phase, tenant.ended_at, tenant.period_ends_at) == (Phase.DEACTIVATED, now, now)
    assert access(tenant, now) is Access.NONE


@pytest.mark.parametrize("phase", [Phase.READ_ONLY, Phase.DEACTIVATED])
def test_what_had_ended_before_has_ended_still(phase: Phase) -> None:
    ended = replace(new(), phase=phase, ended_at=START, period_ends_at=START)
    tenant = undone(closed(ended))
    assert (tenant.phase, tenant.ended_at, tenant.period_ends_at) == (phase, START, START)


def test_a_lease_on_credit_owes_its_invoice_still() -> None:
    agreement = open_to_change("credit")
    before = new(agreement)
    tenant = undone(closed(before, agreement), agreement)
    assert (tenant.phase, tenant.invoice) == (Phase.ACTIVE, before.invoice)
    assert tenant.period_ends_at == before.period_ends_at


def test_an_account_without_a_lease_is_open_and_nothing_falls_due() -> None:
    agreement = open_to_change("account")
    transition = reopen(closed(new(agreement), agreement), agreement, START + days(2), by="user:u")
    assert (transition.after.phase, transition.after.period_ends_at) == (Phase.ACTIVE, None)
    assert next_deadline(transition.after, agreement) is None
    assert transition.workflows == ()


def test_what_fell_due_meanwhile_counts_from_its_own_instant_and_is_warned_of_anew() -> None:
    assert TRIAL.trial
    late = 31
    tenant = undone(closed(new()), day=late)
    now = START + days(late)
    fallen = as_of(tenant, TRIAL, now)
    assert fallen.phase is not Phase.TRIAL
    assert fallen.ended_at == new().period_ends_at
    assert tenant.purge_not_before == TRIAL.deletion_warning.before.after(now, TRIAL.calendar)


def test_what_was_done_about_debts_stays_done() -> None:
    done = frozenset({"debt:d-1", "remind:P7D"})
    shut = closed(replace(new(), done=done))
    assert shut.done == {"debt:d-1"}
    assert undone(replace(shut, done=shut.done | {"warn_of_deletion"})).done == {"debt:d-1"}


def test_only_the_agreement_lets_a_closing_be_undone() -> None:
    agreement = AGREEMENTS["trial"]
    with pytest.raises(AccessRefused) as refused:
        undone(closed(new(agreement), agreement), agreement)
    assert refused.value.details["clause"] == agreement.retention.after_closing.basis.cite()


def test_it_is_undone_to_the_last_second_of_the_agreed_time() -> None:
    agreement = open_to_change(within=Duration(days=3))
    shut = closed(new(agreement), agreement)
    end = START + days(4)
    assert reopen(shut, agreement, end - SECOND, by="user:u").after.phase is Phase.TRIAL
    with pytest.raises(TooLate) as refused:
        reopen(shut, agreement, end, by="user:u")
    assert refused.value.details["clause"] == "T-REOPEN"


@pytest.mark.parametrize("closing", [Closing.WITHDRAWAL, Closing.FINDING])
def test_a_withdrawal_and_a_finding_are_not_undone(closing: Closing) -> None:
    with pytest.raises(Conflict):
        undone(replace(closed(new()), closing=closing))


def test_what_is_open_or_was_closed_before_this_could_be_is_not_undone() -> None:
    for tenant in (new(), replace(closed(new()), before_closing=None)):
        with pytest.raises(Conflict):
            undone(tenant)


def test_after_the_purge_nothing_revives() -> None:
    with pytest.raises(Gone):
        undone(replace(closed(new()), phase=Phase.PURGED))


@pytest.mark.parametrize("to", [Phase.TRIAL, Phase.ACTIVE, Phase.READ_ONLY, Phase.DEACTIVATED])
def test_no_other_event_leads_out_of_a_closing(to: Phase) -> None:
    shut = closed(new())
    assert GRAPH[Phase.CLOSED] == {Phase.PURGED}
    with pytest.raises(Conflict):
        move(shut, Event.TERM_GRANTED, START, "test", "x", "T", phase=to)


def test_reopening_skips_no_step_of_the_graph_elsewhere() -> None:
    with pytest.raises(Conflict):
        move(paid(new()), Event.REOPENED, START, "test", "x", "T", phase=Phase.TRIAL)


def test_its_journal_replays() -> None:
    steps = [register(TRIAL, "t_1", START, plan=None, trial_used=False, by="test")]
    tenant, entry = record(steps[0])
    entries = [entry]
    for step in (
        lambda known: close(known, TRIAL, Closing.ERASURE, START + days(1), by="user:u"),
        lambda known: reopen(known, TRIAL, START + days(2), by="user:u"),
    ):
        tenant, entry = record(step(tenant))
        entries.append(entry)
    assert replay(entries) == tenant
    assert replay(entries[:2]).before_closing == BeforeClosing(Phase.TRIAL, new().period_ends_at)
