"""Maintenance: announced in time or refused, moved, opened and ended on time (KALO-7, SAMAN-4.3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from mohlat.agreements import loader
from mohlat.domain.errors import Conflict, InvalidInput, UnderMaintenance
from mohlat.domain.maintenance import Window, WindowStatus
from mohlat.domain.tenant import Tenant
from tests.application.test_rounds import go
from tests.application.world import World
from tests.builders import SECOND

BY = "operator:nima"
WHAT = {"en": "A new database", "fa": "پایگاه دادهٔ تازه"}
HOUR = timedelta(hours=1)


def world_of(product: str, number: int = 3) -> tuple[World, list[Tenant]]:
    world = World(loader.load(product))
    tenants = [
        world.register(email=f"c{each}@customer.test", mobile=f"+98912{each:07d}") for each in range(number)
    ]
    world.send_all()
    return world, tenants


def plan(world: World, ahead: timedelta, length: timedelta = 2 * HOUR) -> Window:
    starts_at = world.clock.now() + ahead
    return world.maintenance_desk.plan(world.agreement.product, starts_at, starts_at + length, WHAT, BY)


def tell(world: World, window: Window, name: str = "told") -> None:
    """Its announcement reaches everybody, and goes out."""
    world.clock.time += 5 * SECOND
    go(world, f"{window.id}-{window.revision}-{name}")
    world.send_all()


def stands(world: World, window: Window) -> Window:
    """The window once what is due about it was done."""
    return world.maintenance_desk.carry(window.product, window.id)


def subjects(world: World) -> list[str]:
    return [message["subject"] for message in world.mailer.sent]


@pytest.mark.clause("KALO-7")
def test_kalo_announces_twelve_hours_ahead_or_not_at_all() -> None:
    world, _ = world_of("kalo")
    now = world.clock.now()
    for ahead in (12 * HOUR + SECOND, 12 * HOUR):
        window = plan(world, ahead)
        assert (window.counts, window.clause) == (False, "KALO-7")
    with pytest.raises(InvalidInput) as refused:
        plan(world, 12 * HOUR - SECOND)
    assert refused.value.details == {
        "field": "starts_at",
        "reason": "too soon to announce it",
        "earliest": (now + 12 * HOUR).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "clause": "KALO-7",
    }


@pytest.mark.clause("SAMAN-4.3")
@pytest.mark.parametrize(
    ("ahead", "counts"), [(24 * HOUR, False), (24 * HOUR - SECOND, True), (SECOND, True)]
)
def test_saman360_may_announce_later_but_then_it_is_downtime(ahead: timedelta, counts: bool) -> None:
    world, _ = world_of("saman360")
    assert plan(world, ahead).counts is counts


@pytest.mark.parametrize(
    ("starts", "ends", "field"),
    [(timedelta(), HOUR, "starts_at"), (-HOUR, HOUR, "starts_at"), (48 * HOUR, 48 * HOUR, "ends_at")],
)
def test_a_window_lies_ahead_and_ends_after_it_begins(starts: timedelta, ends: timedelta, field: str) -> None:
    world, _ = world_of("saman360", 0)
    now = world.clock.now()
    with pytest.raises(InvalidInput) as refused:
        world.maintenance_desk.plan("saman360", now + starts, now + ends, WHAT, BY)
    assert refused.value.details["field"] == field


def test_a_window_is_told_in_every_language_and_where_the_agreement_knows_it() -> None:
    world, _ = world_of("kalo", 0)
    now = world.clock.now()
    with pytest.raises(InvalidInput) as refused:
        world.maintenance_desk.plan("kalo", now + 13 * HOUR, now + 14 * HOUR, {"fa": "x"}, BY)
    assert refused.value.details["field"] == "what.en"
    silent = World()
    with pytest.raises(Conflict):
        silent.maintenance_desk.plan(silent.agreement.product, now, now + HOUR, WHAT, BY)


def open_now(world: World, tenant: Tenant) -> bool:
    try:
        world.gate.demand_open(tenant.id)
        world.gate.demand_joinable(tenant.product)
    except UnderMaintenance:
        return False
    return True


@pytest.mark.clause("KALO-7", "KALO-13")
def test_a_window_is_announced_reminded_of_opened_and_ended_and_everybody_knows() -> None:
    world, tenants = world_of("kalo")
    window = plan(world, 13 * HOUR)
    tell(world, window)
    assert subjects(world)[-3:] == ["maintenance_planned"] * 3
    assert len({message["to"] for message in world.mailer.sent[-3:]}) == 3
    assert len(world.sms.sent) >= 3, "kalo tells both by mail and by SMS (KALO-13)"
    starts_at, ends_at = window.starts_at, window.ends_at

    world.clock.time = starts_at - HOUR - SECOND
    assert stands(world, window).reminders
    world.clock.time = starts_at - HOUR
    assert not stands(world, window).reminders
    tell(world, window, "ahead-0")
    assert subjects(world)[-3:] == ["maintenance_ahead"] * 3

    world.clock.time = starts_at - SECOND
    assert open_now(world, tenants[0])
    assert stands(world, window).status is WindowStatus.PLANNED
    world.clock.time = starts_at
    # Shut from its own instant on, whether or not anybody has carried that out yet.
    assert not open_now(world, tenants[0])
    assert stands(world, window).status is WindowStatus.OPEN
    world.clock.time = ends_at - SECOND
    with pytest.raises(UnderMaintenance) as shut:
        world.gate.demand_open(tenants[0].id)
    assert shut.value.details["clause"] == "KALO-7"
    assert (shut.value.details["retry_after_seconds"], stands(world, window).status) == (1, WindowStatus.OPEN)
    world.clock.time = ends_at
    assert open_now(world, tenants[0])
    ended = stands(world, window)
    assert (ended.status, ended.ended_at, ended.downtime) == (WindowStatus.ENDED, ends_at, None)
    tell(world, window, "ended")
    assert subjects(world)[-3:] == ["maintenance_ended"] * 3
    assert stands(world, window) == ended


def test_a_late_machine_opens_and_ends_at_the_windows_own_instants() -> None:
    world, _ = world_of("kalo")
    window = plan(world, 13 * HOUR)
    tell(world, window)
    world.clock.time = window.ends_at + 3 * HOUR
    ended = stands(world, window)
    assert (ended.status, ended.ended_at, ended.downtime) == (WindowStatus.ENDED, window.ends_at, None)


@pytest.mark.clause("KALO-7")
@pytest.mark.parametrize("by", [HOUR, -HOUR])
def test_a_moved_window_is_told_again_and_what_was_told_before_is_void(by: timedelta) -> None:
    world, tenants = world_of("kalo")
    window = plan(world, 20 * HOUR)
    world.clock.time += 5 * SECOND
    go(world, f"{window.id}-1-told")
    # Before anything went out, the plan changes.
    moved = world.maintenance_desk.move("kalo", window.id, window.starts_at + by, window.ends_at + by, BY)
    assert (moved.revision, moved.until) == (2, window.ends_at + by)
    tell(world, moved)
    assert subjects(world)[-3:] == ["maintenance_moved"] * 3
    assert "maintenance_planned" not in subjects(world)
    statuses = {(each.kind.value, each.status.value) for each in world.dispatches.of(tenants[0].id)}
    assert ("maintenance_planned", "void") in statuses
    world.clock.time = min(window.starts_at, moved.starts_at)
    expected = WindowStatus.OPEN if by < timedelta() else WindowStatus.PLANNED
    assert stands(world, window).status is expected


def test_a_round_about_what_was_changed_ends_where_it_is() -> None:
    world, tenants = world_of("kalo")
    window = plan(world, 20 * HOUR)
    world.maintenance_desk.cancel("kalo", window.id, BY)
    world.clock.time += 5 * SECOND
    lanes = go(world, f"{window.id}-1-told")
    assert all(lane.overtaken and lane.finished_at for lane in lanes)
    go(world, f"{window.id}-2-cancelled")
    assert world.events(tenants[0]) == ["tenant_registered", "announced"]


def test_moving_needs_the_same_lead_and_cancelling_none() -> None:
    world, tenants = world_of("kalo")
    window = plan(world, 20 * HOUR)
    now = world.clock.now()
    with pytest.raises(InvalidInput):
        world.maintenance_desk.move("kalo", window.id, now + 12 * HOUR - SECOND, now + 14 * HOUR, BY)
    world.clock.time = window.starts_at - SECOND
    cancelled = world.maintenance_desk.cancel("kalo", window.id, BY)
    assert (cancelled.status, cancelled.next_due_at) == (WindowStatus.CANCELLED, None)
    tell(world, cancelled, "cancelled")
    assert subjects(world)[-3:] == ["maintenance_cancelled"] * 3
    world.clock.time = window.starts_at
    assert open_now(world, tenants[0])
    for change in (
        lambda: world.maintenance_desk.cancel("kalo", window.id, BY),
        lambda: world.maintenance_desk.move("kalo", window.id, now + 40 * HOUR, now + 41 * HOUR, BY),
        lambda: world.maintenance_desk.end("kalo", window.id, BY),
        lambda: world.maintenance_desk.prolong("kalo", window.id, now + 41 * HOUR),
    ):
        with pytest.raises(Conflict):
            change()


@pytest.mark.clause("SAMAN-4.3")
def test_what_lies_behind_the_announced_end_is_downtime() -> None:
    world, _ = world_of("saman360")
    window = plan(world, 30 * HOUR)
    tell(world, window)
    world.clock.time = window.ends_at - SECOND
    with pytest.raises(InvalidInput):
        world.maintenance_desk.prolong("saman360", window.id, window.ends_at)
    longer = world.maintenance_desk.prolong("saman360", window.id, window.ends_at + HOUR)
    assert (longer.ends_at, longer.until) == (window.ends_at, window.ends_at + HOUR)
    world.clock.time = window.ends_at + HOUR - SECOND
    assert stands(world, window).status is WindowStatus.OPEN
    world.clock.time = window.ends_at + HOUR
    assert stands(world, window).downtime == (window.ends_at, window.ends_at + HOUR)


@pytest.mark.clause("SAMAN-4.3")
def test_an_announcement_that_reached_somebody_too_late_or_never_makes_a_window_count() -> None:
    for ahead, reaches, counts in (
        (24 * HOUR + 5 * SECOND, True, False),
        (24 * HOUR + 4 * SECOND, True, True),
        (30 * HOUR, False, True),
    ):
        world, _ = world_of("saman360")
        window = plan(world, ahead)
        assert not window.counts
        if reaches:
            tell(world, window)
            _, progress = world.maintenance_desk.get("saman360", window.id)
            assert (progress.told, progress.late) == (3, 3 if counts else 0)
        world.clock.time = window.starts_at + HOUR
        ended = world.maintenance_desk.end("saman360", window.id, BY)
        assert ended.counts is counts
        assert ended.downtime == ((window.starts_at, window.starts_at + HOUR) if counts else None)


def test_two_operators_at_once_both_get_their_window() -> None:
    world, _ = world_of("kalo", 0)
    write, others = world.books.write, [13 * HOUR]

    def slower(rows: Any) -> None:
        if others:
            plan(world, others.pop())
        write(rows)

    world.books.write = slower  # type: ignore[method-assign]
    plan(world, 14 * HOUR)
    assert len(world.maintenance_desk.of("kalo")) == 2
    assert len(world.states.read().shut) == 2


def test_a_worker_asks_for_the_state_every_ten_seconds_at_most_by_the_clock_of_the_deployment() -> None:
    world, tenants = world_of("kalo", 1)
    from mohlat.application.service_gate import ServiceGate

    reads = 0

    class States:
        def read(self) -> Any:
            nonlocal reads
            reads += 1
            return world.states.read()

    gate = ServiceGate(states=States(), tenants=world.tenants, clock=world.clock)
    begun = world.clock.now()
    for seconds, expected in ((0, 1), (9, 1), (10, 2), (19, 2), (20, 3), (0, 4)):
        world.clock.time = begun + timedelta(seconds=seconds)
        gate.demand_open(tenants[0].id)
        assert reads == expected
