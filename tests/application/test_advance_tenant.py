"""What an execution does when it wakes early, late, twice or second; and what the gate of the purge keeps."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mohlat.application.advance_tenant import REST, Wake, as_payload, next_wake, start_subscription
from mohlat.domain.agreement import Phase
from mohlat.domain.durations import Duration
from mohlat.domain.errors import ConcurrentChange, Gone, MessagingUnavailable
from mohlat.domain.purge import Store
from mohlat.domain.tenant import Closing, Tenant
from tests.application.world import World
from tests.builders import days
from tests.fakes import START

SECOND = timedelta(seconds=1)


def first_wake(world: World, tenant: Tenant) -> Wake:
    """What the tenant's execution waits for now."""
    return next_wake(world.tenant(tenant), world.agreement, world.clock)


def execution(tenant: Tenant, number: int = 1) -> str:
    """The name of one of the tenant's executions."""
    return f"{tenant.id}-g1-v{number}"


def test_an_early_wake_up_goes_back_to_sleep_until_the_same_instant() -> None:
    world = World()
    tenant = world.register()
    wake = first_wake(world, tenant)
    assert (wake.due, wake.wake_at) == ("remind", START + days(23))
    world.clock.time = wake.wake_at - SECOND
    assert world.advance(wake, execution(tenant), START) == wake
    assert world.events(tenant) == ["tenant_registered"]


def test_what_was_waited_for_is_carried_out_and_the_next_deadline_told() -> None:
    world = World()
    tenant = world.register()
    world.clock.time = START + days(23)
    later = world.advance(first_wake(world, tenant), execution(tenant), START)
    assert (later.due, later.deadline, later.wake_at) == ("remind", "remind:P1D", START + days(29))
    assert world.events(tenant)[-1] == "reminder_due"
    assert as_payload(later)["wake_at"] == "2026-03-01T08:00:00Z"


def test_an_execution_of_an_older_generation_rests() -> None:
    world = World()
    tenant = world.register()
    wake = first_wake(world, tenant)
    world.buy(tenant)
    version = world.tenant(tenant).version
    world.clock.time = wake.wake_at
    assert world.advance(wake, execution(tenant), START).due == REST
    assert world.tenant(tenant).version == version


def test_an_execution_rests_when_another_one_carried_its_deadline_out() -> None:
    world = World()
    tenant = world.register()
    wake = first_wake(world, tenant)
    world.clock.time = wake.wake_at
    assert world.advance(wake, execution(tenant, 1), START).due == "remind"
    assert world.advance(wake, execution(tenant, 2), START).due == REST
    assert world.events(tenant).count("reminder_due") == 1


def test_an_execution_goes_on_when_a_request_made_up_for_its_deadline() -> None:
    world = World()
    tenant = world.register()
    wake = first_wake(world, tenant)
    world.clock.time = wake.wake_at
    world.order(tenant)
    assert world.events(tenant)[-2:] == ["reminder_due", "order_placed"]
    assert world.advance(wake, execution(tenant), START).deadline == "remind:P1D"


def test_an_execution_whose_answer_got_lost_goes_on() -> None:
    world = World()
    tenant = world.register()
    wake = first_wake(world, tenant)
    world.clock.time = wake.wake_at
    first = world.advance(wake, execution(tenant), START)
    assert world.advance(wake, execution(tenant), START) == first
    assert world.events(tenant).count("reminder_due") == 1


def test_after_an_outage_everything_is_made_up_for_in_order_each_at_its_own_instant() -> None:
    world = World()
    tenant = world.register()
    wake = first_wake(world, tenant)
    world.clock.time = START + days(50)
    later = world.advance(wake, execution(tenant), START)
    assert [(entry.event.value, entry.at) for entry in world.tenants.journal(tenant.id)[1:]] == [
        ("reminder_due", START + days(23)),
        ("reminder_due", START + days(29)),
        ("trial_ended", START + days(30)),
    ]
    assert {entry.recorded_at for entry in world.tenants.journal(tenant.id)[1:]} == {world.clock.now()}
    assert (later.due, later.wake_at) == ("warn_of_deletion", START + days(53))


def test_an_execution_hands_over_after_three_hundred_days_to_exactly_one_successor() -> None:
    world = World()
    tenant = world.buy(world.register(), Duration(months=12))
    start_subscription(tenant, world.agreement, world.workflows, world.clock)
    (name,) = [name for _, name in world.workflows.started]
    wake = first_wake(world, tenant)
    # The first reminder is farther away than an execution may live.
    assert wake.wake_at == START + days(300)
    world.clock.time = wake.wake_at
    for _ in range(2):
        assert world.advance(wake, name, START).due == REST
    successors = [other for _, other in world.workflows.started if other != name]
    assert len(successors) == 1
    state = world.workflows.started["subscription", successors[0]]
    assert (state["due"], state["deadline"]) == (wake.due, wake.deadline)
    assert world.tenant(tenant) == tenant


def test_an_execution_never_sleeps_past_its_own_hand_over() -> None:
    world = World()
    tenant = world.buy(world.register(), Duration(months=12))
    world.clock.advance(days=100)
    wake = first_wake(world, tenant)
    assert wake.wake_at == START + days(385)
    assert world.advance(wake, execution(tenant), START).wake_at == START + days(300)


def test_an_execution_of_a_purged_or_unknown_tenant_rests() -> None:
    world = World()
    tenant = world.register()
    wake = first_wake(world, tenant)
    world.live_until_purge(tenant)
    assert world.advance(wake, execution(tenant), START).due == REST
    for store in Store:
        world.shredder.erase(tenant.id, store)
    with pytest.raises(Gone):
        world.tenant(tenant)
    assert world.advance(wake, execution(tenant), START).due == REST
    assert world.advance(Wake("t_0", 1, "remind", "remind", START), "t_0-g1-v1", START).due == REST


def test_an_execution_of_a_held_tenant_rests_and_the_release_starts_another() -> None:
    world = World()
    tenant = world.register()
    world.clock.time = START + days(40)
    world.catch_up(tenant)
    wake = first_wake(world, tenant)
    held = world.desk.place_hold(tenant.id, "proceedings", "court", "T-TRIAL", by="operator")
    world.clock.time = wake.wake_at
    assert world.advance(wake, execution(tenant), START).due == REST
    released = world.desk.release_hold(tenant.id, held.holds[0].id, "over", "T-TRIAL", by="operator")
    entry = world.tenants.entry(tenant.id, released.version)
    assert [workflow.value for workflow in entry.workflows] == ["subscription"]
    # Queued again, with fresh notice.
    assert first_wake(world, tenant).due == "warn_of_deletion"


def test_executions_sleep_by_the_walls_clock_however_far_the_test_clock_is_ahead() -> None:
    world = World()
    tenant = world.register()
    world.clock.ahead = days(1000)
    wake = first_wake(world, tenant)
    assert wake.wake_at == START + days(23) - days(1000)
    world.clock.time = START + days(23)
    later = world.advance(wake, execution(tenant), START - days(1000))
    assert later.wake_at == START + days(29) - days(1000)


# --- the purge's gate ---------------------------------------------------------------------------------------


def warned(world: World, send: bool = True) -> Tenant:
    """A tenant at the instant of its purge; its last warning went out, or did not."""
    tenant = world.register()
    world.clock.time = START + days(53)
    world.catch_up(tenant)
    if send:
        world.send_all()
    world.clock.time = START + days(60)
    return world.tenant(tenant)


def test_a_purge_is_committed_together_with_its_ledger_entry() -> None:
    world = World()
    tenant = world.catch_up(warned(world))
    assert tenant.phase is Phase.PURGED
    entry = world.ledger.get(tenant.id)
    assert (entry.clause, entry.committed_at, entry.journal_head) == (
        "T-TRIAL-KEPT",
        START + days(60),
        tenant.journal_head,
    )
    assert entry.journal_length == tenant.version
    assert [line.split()[2] for line in entry.events] == [
        "tenant_registered",
        "reminder_due",
        "reminder_due",
        "trial_ended",
        "deletion_warned",
        "purged",
    ]
    assert tenant.id not in world.table.due_tenants


def test_no_purge_without_a_warning_that_was_handed_over() -> None:
    world = World()
    world.mailer.failure = world.sms.failure = MessagingUnavailable()
    tenant = warned(world, send=False)
    later = world.catch_up(tenant)
    # Put off, warned again, and the new date leaves the warning its time.
    assert world.events(tenant)[-2:] == ["purge_deferred", "deletion_warned"]
    assert world.table.due_tenants[tenant.id] == START + days(62)
    world.mailer.failure = world.sms.failure = None
    world.send_entry(tenant.id, later.version)
    world.clock.time = START + days(62)
    assert world.catch_up(tenant).phase is Phase.PURGED


def test_a_warning_of_an_earlier_period_does_not_count() -> None:
    world = World()
    tenant = warned(world)
    world.clock.time = START + days(59)
    world.buy(tenant)
    world.clock.advance(days=400)
    world.catch_up(tenant)
    assert world.tenant(tenant).phase is Phase.DEACTIVATED
    world.clock.advance(days=2)
    assert world.catch_up(tenant).phase is Phase.DEACTIVATED
    assert "purge_deferred" in world.events(tenant)


def test_a_hold_placed_between_the_look_and_the_write_wins() -> None:
    world = World()
    tenant = warned(world)
    world.tenants.before_commit = [
        lambda: world.desk.place_hold(tenant.id, "proceedings", "court", "T-TRIAL", by="operator")
    ]
    with pytest.raises(ConcurrentChange):
        world.catch_up(tenant)
    assert world.catch_up(tenant).phase is Phase.DEACTIVATED
    assert world.table.ledger == {}


def test_an_order_placed_between_the_look_and_the_write_puts_the_purge_off() -> None:
    world = World()
    tenant = warned(world)

    def order_just_before() -> None:
        now, world.clock.time = world.clock.time, world.clock.time - SECOND
        world.order(tenant)
        world.clock.time = now

    world.tenants.before_commit = [order_just_before]
    with pytest.raises(ConcurrentChange):
        world.catch_up(tenant)
    assert world.catch_up(tenant).phase is Phase.DEACTIVATED
    assert world.events(tenant)[-1] == "purge_deferred"


def test_a_hold_beats_a_purge_that_is_overdue_but_not_committed() -> None:
    world = World()
    tenant = warned(world)
    world.clock.advance(days=3)
    held = world.desk.place_hold(tenant.id, "proceedings", "court", "T-TRIAL", by="operator")
    assert (held.phase, len(held.holds)) == (Phase.DEACTIVATED, 1)
    world.clock.advance(days=1000)
    assert world.catch_up(tenant).phase is Phase.DEACTIVATED
    world.desk.release_hold(tenant.id, held.holds[0].id, "over", "T-TRIAL", by="operator")
    assert world.live_until_purge(tenant).phase is Phase.PURGED


def test_a_hold_comes_too_late_for_a_purge_that_was_committed() -> None:
    world = World()
    tenant = world.catch_up(warned(world))
    with pytest.raises(Gone):
        world.desk.place_hold(tenant.id, "proceedings", "court", "T-TRIAL", by="operator")


def test_a_closed_account_is_kept_from_its_closing_on_not_from_the_trials_end() -> None:
    world = World()
    tenant = world.register()
    world.clock.advance(days=50)
    world.desk.close(tenant.id, Closing.TERMINATION, by="user:owner")
    purged = world.live_until_purge(tenant)
    assert purged.phase is Phase.PURGED
    assert world.clock.now() == START + days(110)
