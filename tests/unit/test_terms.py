"""What a captured payment buys, and what no payment can buy."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mohlat.domain import lifecycle, purchases
from mohlat.domain.agreement import Phase
from mohlat.domain.errors import Conflict, Gone
from mohlat.domain.lifecycle import Event, Workflow
from mohlat.domain.notices import NoticeKind
from mohlat.domain.tenant import Part, RestrictionKind, Term, iso
from tests.builders import (
    AGREEMENTS,
    SECOND,
    START,
    Life,
    agreement_account_only,
    agreement_on_credit,
    agreement_with_trial,
    days,
    length,
    order,
    registered,
)

TRIAL_END = START + days(30)


def test_an_order_keeps_its_payment_open_until_it_is_decided() -> None:
    life = Life(agreement_with_trial())
    placed = life.place_order("plus", "P1Y")
    assert life.tenant.open_matters == {"payment:p-1"}
    entry = life.journal[-1]
    assert (entry.event, entry.clause) == (Event.ORDER_PLACED, "T-PLAN")
    assert entry.facts == {"order_id": "o-1", "plan": "plus", "period": "P12M", "amount": 1_000_000}
    step = life.write(
        purchases.close_payment(
            life.tenant, life.agreement, placed.payment_id, "cancelled", START, by="watch"
        )
    )
    assert life.tenant.open_matters == frozenset()
    assert (step.event, step.facts) == (
        Event.PAYMENT_CLOSED,
        {"payment_id": "p-1", "outcome": "cancelled"},
    )
    assert life.tenant.generation == 1


def test_paid_in_the_trial_the_term_begins_when_the_trial_ends() -> None:
    life = Life(agreement_with_trial(), START)
    life.run_to(START + days(10))
    step = life.pay("plus", "P1M")
    assert step.after.phase is Phase.ACTIVE
    # 30 days after 31 January it is 2 March; a month later 2 April.
    end = datetime(2026, 4, 2, 8, tzinfo=UTC)
    part = Part("p-1", length("P1M"), 31, TRIAL_END, end, 1_000_000)
    assert step.after.term == Term(TRIAL_END, length("P1M"), "plus", end, (part,))
    assert step.after.period_ends_at == datetime(2026, 4, 2, 8, tzinfo=UTC)
    assert step.after.period_started_at == START + days(10)
    assert (step.facts["starts_at"], step.facts["ends_at"]) == (iso(TRIAL_END), "2026-04-02T08:00:00Z")
    assert step.workflows == (Workflow.SUBSCRIPTION,)
    [notice] = step.notices
    assert (notice.kind, notice.generation, notice.anchor) == (
        NoticeKind.PAYMENT_RECEIVED,
        2,
        step.after.period_ends_at,
    )
    assert notice.facts == {"amount": 1_000_000, "plan": "plus", "order_id": "o-1"}


def test_renewals_count_from_the_first_anchor_so_that_months_never_drift() -> None:
    life = Life(agreement_on_credit())
    ends = [life.pay().after.period_ends_at for _ in range(3)]
    # From 31 January: a chain of single months would stay on the 28th for ever.
    assert [end.strftime("%m-%d") for end in ends if end] == ["02-28", "03-31", "04-30"]
    term = life.tenant.term
    assert term
    assert (term.anchor, term.length) == (START, length("P3M"))
    assert term.ends_at == datetime(2026, 4, 30, 8, tzinfo=UTC)
    # Each purchase keeps its own days: 28, 31 and 30 of them.
    assert [part.days for part in term.parts] == [28, 31, 30]
    assert life.journal[-1].facts["starts_at"] == "2026-03-31T08:00:00Z"


def test_renewing_a_second_before_the_end_leaves_no_gap() -> None:
    life = Life(agreement_on_credit())
    end = life.pay().after.period_ends_at
    assert end
    life.run_to(end - SECOND)
    step = life.pay()
    assert step.facts["starts_at"] == iso(end)
    assert step.after.period_ends_at == datetime(2026, 3, 31, 8, tzinfo=UTC)


def test_renewing_at_the_very_end_is_a_renewal_after_a_lapse_of_no_length() -> None:
    life = Life(agreement_on_credit())
    end = life.pay().after.period_ends_at
    assert end
    life.run_to(end)
    assert life.tenant.phase is Phase.READ_ONLY
    step = life.pay()
    assert (step.facts["starts_at"], step.after.phase) == (iso(end), Phase.ACTIVE)


@pytest.mark.parametrize(("after", "phase"), [(5, Phase.READ_ONLY), (20, Phase.DEACTIVATED)])
def test_after_a_lapse_the_term_begins_with_the_payment_and_deletion_is_off(after: int, phase: Phase) -> None:
    life = Life(agreement_on_credit())
    end = life.pay("basic").after.period_ends_at
    assert end
    now = end + days(after)
    life.run_to(now)
    assert life.tenant.phase is phase
    step = life.pay("plus")
    tenant = step.after
    assert tenant.term
    assert (tenant.phase, tenant.term.anchor, tenant.term.plan) == (Phase.ACTIVE, now, "plus")
    assert (tenant.ended_at, tenant.purge_not_before, tenant.done) == (None, None, frozenset())
    assert lifecycle.purge_at(tenant, life.agreement) is None


def test_a_deletion_that_was_warned_of_starts_from_the_beginning_after_the_next_lapse() -> None:
    life = Life(agreement_with_trial())
    life.catch_up(START + days(59))
    assert "warn_of_deletion" in life.tenant.done
    assert life.tenant.purge_not_before
    step = life.pay()
    assert step.after.purge_not_before is None
    end = step.after.period_ends_at
    assert end
    steps = life.run_out()
    assert [step.event for step in steps] == [
        Event.REMINDED,
        Event.TERM_ENDED,
        Event.DELETION_WARNED,
        Event.PURGED,
    ]
    assert steps[-1].at == end + days(60)


def test_an_unpaid_first_lease_began_at_registration() -> None:
    life = Life(agreement_on_credit())
    life.run_to(START + days(29))
    step = life.pay(period="P1Y")
    assert step.after.invoice is None
    assert step.after.period_ends_at == datetime(2027, 1, 31, 8, tzinfo=UTC)
    assert step.facts["starts_at"] == iso(START)


def test_a_first_lease_that_would_be_over_begins_with_its_payment() -> None:
    life = Life(agreement_on_credit())
    now = START + days(28)  # exactly one month after 31 January
    life.run_to(now)
    step = life.pay(period="P1M")
    assert step.facts["starts_at"] == iso(now)
    assert step.after.period_ends_at == datetime(2026, 3, 28, 8, tzinfo=UTC)


def test_paying_the_suspended_first_lease_lifts_the_suspension() -> None:
    life = Life(agreement_on_credit())
    now = START + days(31)
    life.run_to(now)
    assert life.tenant.restricted(RestrictionKind.SUSPENDED_FOR_DEBT, now)
    step = life.pay()
    assert (step.after.restrictions, step.after.invoice, step.facts["starts_at"]) == ((), None, iso(now))


def test_a_lease_ordered_long_after_registering_begins_with_its_payment() -> None:
    agreement = replace(agreement_account_only(), lease=agreement_with_trial().lease)
    life = Life(agreement)
    now = START + days(150)
    life.run_to(now)
    step = life.pay(period="P1Y")
    assert step.facts["starts_at"] == iso(now)
    assert step.after.period_ends_at == datetime(2027, 6, 30, 8, tzinfo=UTC)


def test_a_running_term_is_renewed_on_its_own_plan_only() -> None:
    life = Life(agreement_with_trial())
    life.pay("basic")
    with pytest.raises(Conflict) as refused:
        life.place_order("plus")
    assert refused.value.details == {"plan": "basic"}


def test_of_two_open_orders_of_different_plans_only_the_first_paid_is_granted() -> None:
    life = Life(agreement_with_trial())
    cheap, dear = life.place_order("basic", "P1Y"), life.place_order("plus", "P1M")
    life.grant(cheap)
    assert purchases.can_be_granted(life.tenant, life.now)
    assert not purchases.can_be_granted(life.tenant, life.now, dear)
    with pytest.raises(Conflict):
        life.grant(dear)
    assert life.tenant.term
    assert life.tenant.term.plan == "basic"


def test_two_open_orders_of_one_plan_are_both_granted() -> None:
    life = Life(agreement_with_trial())
    first, second = life.place_order(), life.place_order()
    life.grant(second)
    assert purchases.can_be_granted(life.tenant, life.now, first)
    life.grant(first)
    assert life.tenant.term
    assert (life.tenant.term.length, life.tenant.open_matters) == (length("P2M"), frozenset())


@pytest.mark.parametrize("phase", [Phase.CLOSED, Phase.PURGED])
def test_money_for_what_has_ended_for_good_is_owed_back(phase: Phase) -> None:
    agreement = agreement_with_trial()
    tenant = replace(registered(agreement), phase=phase)
    paid = order(tenant)
    assert not purchases.can_be_granted(tenant, START, paid)
    with pytest.raises(Conflict):
        purchases.grant_term(tenant, agreement, paid, START, by="gateway")
    with pytest.raises(Gone if phase is Phase.PURGED else Conflict):
        purchases.place_order(tenant, agreement, paid, START, by="owner")


def test_nothing_is_granted_to_the_blocked_until_the_block_ends() -> None:
    life = Life(agreement_with_trial())
    placed = life.place_order()
    life.restrict(until=START + timedelta(hours=1))
    with pytest.raises(Conflict):
        life.grant(placed)
    life.run_to(START + timedelta(hours=1))
    assert life.grant(placed).after.phase is Phase.ACTIVE


def test_where_nothing_is_leased_nothing_can_be_bought() -> None:
    agreement = AGREEMENTS["account"]
    tenant = registered(agreement)
    with pytest.raises(Conflict):
        purchases.place_order(tenant, agreement, order(tenant), START, by="owner")
    with pytest.raises(Conflict):
        purchases.grant_term(tenant, agreement, order(tenant), START, by="gateway")


def test_accepting_a_new_version_binds_to_it_and_opens_the_gate() -> None:
    life = Life(agreement_with_trial())
    life.restrict(RestrictionKind.MUST_ACCEPT_TERMS)
    life.restrict(RestrictionKind.THROTTLED)
    newer = replace(life.agreement, version="2")
    step = lifecycle.accept_terms(life.tenant, newer, START, by="owner")
    assert step.after.agreement_version == "2"
    assert [left.kind for left in step.after.restrictions] == [RestrictionKind.THROTTLED]
    assert (step.clause, step.facts) == ("T-ACCEPT", {"agreement_version": "2"})
    # The newer version may bring deadlines forward, so the sleeping execution is replaced.
    assert step.after.generation == 2
    assert step.workflows == (Workflow.SUBSCRIPTION,)


def test_accepting_the_same_version_again_changes_nothing_else() -> None:
    life = Life(agreement_with_trial())
    step = lifecycle.accept_terms(life.tenant, life.agreement, START, by="owner")
    assert step.after == replace(life.tenant, version=2, journal_head=life.tenant.journal_head)
    assert step.workflows == ()


def test_a_new_version_for_a_plain_account_starts_nothing() -> None:
    life = Life(agreement_account_only())
    newer = replace(life.agreement, version="2")
    assert lifecycle.accept_terms(life.tenant, newer, START, by="owner").workflows == ()


def test_a_deletion_under_a_new_version_is_warned_of_again() -> None:
    life = Life(agreement_with_trial())
    life.run_to(START + days(55))
    assert "warn_of_deletion" in life.tenant.done
    life.agreement = replace(life.agreement, version="2")
    life.write(lifecycle.accept_terms(life.tenant, life.agreement, life.now, by="owner"))
    assert [step.event for step in life.run_out()] == [Event.DELETION_WARNED, Event.PURGED]
