"""Undoing a closing over the stores: what fell due meanwhile, void warnings, races with the purge."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from mohlat.application.transitions import retrying
from mohlat.domain.agreement import Basis, Phase, Reopening
from mohlat.domain.errors import AccessRefused, Gone
from mohlat.domain.journal import replay
from mohlat.domain.lifecycle import DeadlineKind, next_deadline
from mohlat.domain.notices import NoticeKind, NoticeStatus
from mohlat.domain.tenant import Closing, Tenant
from tests.application.desks import Office
from tests.application.test_purge_races import Intruder
from tests.application.world import World
from tests.builders import AGREEMENTS, SECOND, days

BY = "user:owner"


def world_with_reopening() -> World:
    """A product with trials and leases whose closings can be undone until the purge."""
    agreement = AGREEMENTS["trial"]
    rule = Reopening(None, Basis("T-REOPEN"))
    return World(replace(agreement, retention=replace(agreement.retention, reopening=rule)))


def closed() -> tuple[World, Tenant]:
    world = world_with_reopening()
    tenant = world.register()
    return world, world.desk.close(tenant.id, Closing.TERMINATION, BY)


@pytest.mark.parametrize(("product", "allowed"), [("kallu", True), ("kalak", True), ("kalo", False)])
def test_each_agreement_says_whether_a_closing_can_be_undone(product: str, allowed: bool) -> None:
    office = Office(product)
    tenant = office.register()
    office.desk.close(tenant.id, Closing.ERASURE, BY)
    if allowed:
        assert office.desk.reopen(tenant.id, BY).phase is Phase.ACTIVE
    else:
        with pytest.raises(AccessRefused):
            office.desk.reopen(tenant.id, BY)


def test_a_purge_that_was_warned_of_does_not_come_and_its_warning_is_void() -> None:
    world, tenant = closed()
    world.send_all()
    due = next_deadline(tenant, world.agreement)
    assert due
    assert due.kind is DeadlineKind.WARN_OF_DELETION
    world.clock.time = due.at
    world.catch_up(tenant)
    world.desk.reopen(tenant.id, BY)
    world.send_all()
    warnings = {
        each.status
        for each in world.dispatches.of(tenant.id)
        if each.kind is NoticeKind.DELETION_WARNING and each.key.endswith(f"#g{tenant.generation}")
    }
    assert warnings == {NoticeStatus.VOID}
    assert world.tenant(tenant).closed_at is None


def test_what_fell_due_while_it_was_closed_is_carried_out_and_its_data_gets_a_fresh_warning() -> None:
    world, tenant = closed()
    assert world.agreement.trial
    world.clock.time = world.clock.now() + timedelta(days=40)
    reopened = world.desk.reopen(tenant.id, BY)
    assert reopened.phase is not Phase.CLOSED
    assert "trial_ended" in world.events(tenant)
    assert reopened.ended_at == world.agreement.trial.length.after(
        tenant.registered_at, world.agreement.calendar
    )
    assert reopened.purge_not_before
    earliest = world.agreement.deletion_warning.before.after(world.clock.now(), world.agreement.calendar)
    assert reopened.purge_not_before >= earliest
    last = world.live_until_purge(tenant)
    assert last.phase is Phase.PURGED
    assert world.clock.now() >= earliest
    assert replay(world.tenants.journal(tenant.id, limit=1000)) == last


def at_the_purge() -> tuple[World, Tenant]:
    """An account closed by wish, whose purge is due this second and whose warning was handed over."""
    world, tenant = closed()
    while (due := next_deadline(world.tenant(tenant), world.agreement)) and (
        due.kind is not DeadlineKind.PURGE
    ):
        world.send_all()
        world.clock.time = max(world.clock.time, due.at)
        world.catch_up(tenant)
    assert due
    world.send_all()
    world.clock.time = max(world.clock.time, due.at)
    return world, tenant


def steps_of_the_purge() -> int:
    world, tenant = at_the_purge()
    counter = Intruder(world, 0, lambda: None)
    world.catch_up(tenant)
    return counter.calls


def test_until_the_purge_commits_the_closing_can_be_undone_and_after_it_never() -> None:
    won: set[bool] = set()
    for step in range(1, steps_of_the_purge() + 2):
        world, tenant = at_the_purge()
        intruder = Intruder(world, step, lambda world=world, tenant=tenant: world.desk.reopen(tenant.id, BY))
        for _ in range(3):
            retrying(lambda world=world, tenant=tenant: world.catch_up(tenant))
        if not intruder.came:
            intruder.come()
        purged = world.tenant(tenant).phase is Phase.PURGED
        events = world.events(tenant)
        # One of the two, never both.
        assert purged == ("purged" in events) == ("reopened" not in events), step
        assert purged == isinstance(intruder.refused, Gone), step
        assert (tenant.id in world.table.ledger) == purged, step
        won.add(purged)
        assert replay(world.tenants.journal(tenant.id, limit=1000)) == world.tenant(tenant)
    assert won == {False, True}


def test_after_the_purge_was_committed_nothing_revives() -> None:
    world, tenant = at_the_purge()
    world.clock.time -= SECOND
    assert world.catch_up(tenant).phase is Phase.CLOSED
    world.clock.time += SECOND
    assert world.catch_up(tenant).phase is Phase.PURGED
    with pytest.raises(Gone):
        world.desk.reopen(tenant.id, BY)


def test_money_that_went_back_stays_there_and_what_is_paid_is_served_on() -> None:
    world = world_with_reopening()
    tenant = world.buy(world.register())
    world.desk.close(tenant.id, Closing.TERMINATION, BY)
    world.clock.advance(days=1)
    reopened = world.desk.reopen(tenant.id, BY)
    assert tenant.term
    assert (reopened.phase, reopened.period_ends_at) == (Phase.ACTIVE, tenant.term.ends_at)
    assert world.books.refunds(tenant.id) == []


def test_closing_and_undoing_it_may_be_repeated() -> None:
    world, tenant = closed()
    for _ in range(3):
        world.clock.advance(seconds=1)
        world.desk.reopen(tenant.id, BY)
        world.clock.advance(seconds=1)
        world.desk.close(tenant.id, Closing.ERASURE, BY)
    assert world.events(tenant).count("reopened") == 3
    assert world.live_until_purge(tenant).phase is Phase.PURGED
    assert world.clock.now() - tenant.registered_at >= days(1)
