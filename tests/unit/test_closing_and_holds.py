"""Closing, restrictions and legal holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from mohlat.domain import lifecycle
from mohlat.domain.agreement import Phase
from mohlat.domain.errors import Conflict, Gone, NotFound
from mohlat.domain.lifecycle import DeadlineKind, Event, Workflow
from mohlat.domain.notices import NoticeKind
from mohlat.domain.tenant import Closing, RestrictionKind, iso
from tests.builders import (
    START,
    Life,
    agreement_account_only,
    agreement_on_credit,
    agreement_with_trial,
    days,
    hold,
    restriction,
)

WARN, PURGE = DeadlineKind.WARN_OF_DELETION, DeadlineKind.PURGE


def in_trial() -> Life:
    return Life(agreement_with_trial())


def paid() -> Life:
    life = Life(agreement_on_credit())
    life.pay()
    return life


def unpaid() -> Life:
    return Life(agreement_on_credit())


def read_only() -> Life:
    life = Life(agreement_on_credit())
    life.run_to(START + days(35))
    return life


def deactivated() -> Life:
    life = Life(agreement_with_trial())
    life.run_to(START + days(59))
    return life


# --- closing ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("begin", [in_trial, paid, unpaid, read_only, deactivated])
@pytest.mark.parametrize("closing", [Closing.TERMINATION, Closing.ERASURE])
def test_from_each_phase_closing_stops_access_at_once_and_keeps_the_data_its_time(
    begin: Callable[[], Life], closing: Closing
) -> None:
    life = begin()
    now, generation = life.now, life.tenant.generation
    kept = 60 if life.agreement.trial else 90
    step = life.close(closing)
    tenant = step.after
    assert (tenant.phase, tenant.closed_at, tenant.closing) == (Phase.CLOSED, now, closing)
    assert (tenant.period_ends_at, tenant.done, tenant.purge_not_before) == (now, frozenset(), None)
    assert tenant.generation == generation + 1
    assert (step.event, step.clause, step.workflows) == (
        Event.CLOSED,
        "T-CLOSING",
        (Workflow.SUBSCRIPTION,),
    )
    assert step.facts == {"closing": closing.value, "purge_at": iso(now + days(kept))}
    [notice] = step.notices
    assert (notice.kind, notice.anchor, notice.generation) == (
        NoticeKind.ACCOUNT_CLOSED,
        now + days(kept),
        generation + 1,
    )
    assert [(later.event, later.at - now) for later in life.run_out()] == [
        (Event.DELETION_WARNED, days(kept - 7)),
        (Event.PURGED, days(kept)),
    ]


def test_a_plain_account_has_nothing_paid_that_closing_would_end() -> None:
    life = Life(agreement_account_only())
    assert life.close().after.period_ends_at is None


def test_what_is_closed_is_not_closed_again() -> None:
    life = in_trial()
    life.close()
    with pytest.raises(Conflict, match="closed already"):
        life.close()


def test_what_is_purged_is_not_closed_but_gone() -> None:
    life = in_trial()
    life.run_out()
    with pytest.raises(Gone):
        life.close()


def test_closing_while_held_waits_for_the_release() -> None:
    life = in_trial()
    life.place_hold()
    life.close()
    assert lifecycle.next_deadline(life.tenant, life.agreement) is None
    life.run_to(START + days(400))
    life.release_hold()
    released = START + days(400)
    assert [(step.event, step.at - released) for step in life.run_out()] == [
        (Event.DELETION_WARNED, days(0)),
        (Event.PURGED, days(7)),
    ]


# --- holds ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("held_after", [40, 55], ids=["before the warning", "after the warning"])
def test_a_hold_stops_warning_and_purge_and_its_release_gives_fresh_notice(held_after: int) -> None:
    life = in_trial()
    life.run_to(START + days(held_after))
    life.place_hold()
    assert life.tenant.generation == 1
    assert lifecycle.next_deadline(life.tenant, life.agreement) is None
    assert life.run_to(START + days(100)) == []
    step = life.release_hold()
    assert (step.after.generation, step.workflows) == (2, (Workflow.SUBSCRIPTION,))
    steps = life.run_out()
    assert [(later.event, later.at - START) for later in steps] == [
        (Event.DELETION_WARNED, days(100)),
        (Event.PURGED, days(107)),
    ]
    assert steps[0].notices[0].generation == 2


def test_a_release_long_before_the_deletion_leaves_its_date() -> None:
    life = in_trial()
    life.run_to(START + days(40))
    life.place_hold()
    life.release_hold()
    assert [(step.event, step.at - START) for step in life.run_out()] == [
        (Event.DELETION_WARNED, days(53)),
        (Event.PURGED, days(60)),
    ]


def test_a_hold_stops_no_other_deadline() -> None:
    life = unpaid()
    life.place_hold()
    assert [step.event for step in life.run_out()] == [
        Event.REMINDED,
        Event.LEASE_SUSPENDED,
        Event.DEACTIVATED,
    ]
    assert lifecycle.forecast(life.tenant, life.agreement) == []


def test_of_several_holds_only_the_last_release_lets_go() -> None:
    life = in_trial()
    life.run_to(START + days(59))
    life.place_hold("h-1")
    life.place_hold("h-2")
    life.run_to(START + days(90))
    first = life.release_hold("h-1")
    assert (first.workflows, first.after.generation, first.after.done) == ((), 1, life.tenant.done)
    assert lifecycle.next_deadline(life.tenant, life.agreement) is None
    assert [left.id for left in life.tenant.holds] == ["h-2"]
    life.release_hold("h-2")
    coming = lifecycle.forecast(life.tenant, life.agreement)
    assert [deadline.kind for deadline in coming] == [WARN, PURGE]


def test_a_release_while_the_tenant_lives_queues_nothing() -> None:
    life = in_trial()
    life.place_hold()
    step = life.release_hold()
    assert (step.workflows, step.after.generation, step.after.holds) == ((), 1, ())
    assert (step.facts, step.clause, step.why) == ({"hold_id": "h-1"}, "T-HOLD", "over")


def test_a_hold_is_placed_once_and_released_once() -> None:
    life = in_trial()
    placed = life.place_hold()
    assert (placed.event, placed.clause, placed.why) == (Event.HOLD_PLACED, "T-HOLD", "proceedings")
    assert placed.facts == {"hold_id": "h-1", "origin": "court order 12/1405"}
    with pytest.raises(Conflict, match="exists already"):
        life.place_hold()
    life.release_hold()
    with pytest.raises(NotFound, match="no such hold"):
        life.release_hold()


# --- restrictions -----------------------------------------------------------------------------------------


def test_a_restriction_is_added_with_its_reason_and_lifted_with_another() -> None:
    life = in_trial()
    added = life.restrict()
    assert (added.event, added.why, added.clause, added.facts) == (
        Event.RESTRICTED,
        "as found",
        "T-BLOCKED",
        {"kind": "blocked"},
    )
    lifted = lifecycle.lift(life.tenant, RestrictionKind.BLOCKED, "a mistake", life.now, by="operator")
    assert lifted.after.restrictions == ()
    assert (lifted.event, lifted.why, lifted.clause) == (Event.UNRESTRICTED, "a mistake", "T-BLOCKED")


def test_a_restriction_in_force_is_not_added_twice_but_an_expired_one_is_replaced() -> None:
    life = in_trial()
    life.restrict(until=START + days(1))
    with pytest.raises(Conflict, match="in force already"):
        life.restrict()
    life.run_to(START + days(1))
    life.restrict()
    assert life.tenant.restrictions == (restriction(now=START + days(1)),)


def test_what_does_not_bind_cannot_be_lifted() -> None:
    life = in_trial()
    life.restrict(RestrictionKind.THROTTLED)
    with pytest.raises(NotFound, match="no such restriction"):
        lifecycle.lift(life.tenant, RestrictionKind.BLOCKED, "a mistake", START, by="operator")


def test_a_blocked_trial_ends_all_the_same() -> None:
    life = in_trial()
    life.restrict()
    assert [step.event for step in life.run_out()][-3:] == [
        Event.TRIAL_ENDED,
        Event.DELETION_WARNED,
        Event.PURGED,
    ]


def test_nothing_is_restricted_or_held_after_the_purge() -> None:
    life = in_trial()
    life.run_out()
    with pytest.raises(Gone):
        lifecycle.restrict(life.tenant, restriction(), life.now, by="operator")
    with pytest.raises(Gone):
        lifecycle.place_hold(life.tenant, hold(), life.now, by="operator", clause="T-HOLD")
    restricted = replace(life.tenant, restrictions=(restriction(),))
    with pytest.raises(Gone):
        lifecycle.lift(restricted, RestrictionKind.BLOCKED, "over", life.now + timedelta(1), by="operator")
