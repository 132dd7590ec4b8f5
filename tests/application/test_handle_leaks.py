"""A known leak is a case: investigated, secured, reported, told to each whom it concerns, once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mohlat.agreements import loader
from mohlat.domain.errors import Conflict, InvalidInput, NotFound
from mohlat.domain.leaks import MOST_AFFECTED, Leak, LeakStep, investigated, open_leak
from mohlat.domain.purge import Store
from mohlat.domain.tenant import Tenant
from tests.application.world import World
from tests.builders import AGREEMENTS, SECOND

BY = "operator:nima"


def case(number: int = 3) -> tuple[World, Leak, list[Tenant]]:
    """A case that was just opened, and customers."""
    world = World(loader.load("kalak"))
    tenants = [
        world.register(email=f"c{each}@customer.test", mobile=f"+9891212345{each:02d}")
        for each in range(number)
    ]
    return world, world.leak_desk.open("kalak", "a stolen laptop", BY), tenants


def step(world: World, leak: Leak, name: LeakStep) -> Leak:
    return world.leak_desk.step("kalak", leak.id, name, f"{name} done", BY)


@pytest.mark.clause("KALAK-breach")
def test_a_case_closes_when_everything_was_done_and_those_affected_were_told() -> None:
    world, leak, tenants = case()
    assert (leak.clause, leak.due_at) == ("KALAK-breach", world.clock.now() + timedelta(hours=72))
    with pytest.raises(Conflict):
        world.leak_desk.tell("kalak", leak.id, BY)
    affected = [tenants[0].id, tenants[2].id, tenants[0].id]
    found = world.leak_desk.investigated("kalak", leak.id, affected, "an export in the clear", BY)
    assert found.affected == (tenants[0].id, tenants[2].id)
    step(world, leak, LeakStep.SECURED)
    with pytest.raises(Conflict):
        step(world, leak, LeakStep.SECURED)
    with pytest.raises(Conflict):
        step(world, leak, LeakStep.TOLD)
    told = world.leak_desk.tell("kalak", leak.id, BY)
    assert (told.told, told.closed_at, told.rings_at) == (2, None, None)
    closed = step(world, leak, LeakStep.REPORTED)
    assert closed.closed_at == world.clock.now()
    assert list(closed.steps) == [
        LeakStep.INVESTIGATED,
        LeakStep.SECURED,
        LeakStep.TOLD,
        LeakStep.REPORTED,
    ]
    assert world.leak_desk.of("kalak") == [closed]
    for tenant, expected in zip(tenants, (1, 0, 1), strict=True):
        entries = [each for each in world.tenants.journal(tenant.id) if each.event.value == "leak_told"]
        assert len(entries) == expected
        for entry in entries:
            (notice,) = entry.notices
            assert (notice.kind.value, notice.facts["leak_id"]) == ("data_leaked", leak.id)


def test_a_purged_account_is_affected_and_passed_over() -> None:
    world, leak, tenants = case()
    purged = world.desk.find_violation(tenants[0].id, "misuse", "x", BY)
    purged = world.live_until_purge(purged)
    for store in Store:
        world.shredder.erase(purged.id, store)
    world.leak_desk.investigated("kalak", leak.id, [purged.id, tenants[1].id], "x", BY)
    assert world.leak_desk.tell("kalak", leak.id, BY).told == 2
    assert "leak_told" in world.events(tenants[1])


def test_many_are_told_call_by_call() -> None:
    world, leak, tenants = case(60)
    world.leak_desk.investigated("kalak", leak.id, [tenant.id for tenant in tenants], "x", BY)
    assert world.leak_desk.tell("kalak", leak.id, BY).told == 50
    done = world.leak_desk.tell("kalak", leak.id, BY)
    assert (done.told, LeakStep.TOLD in done.steps) == (60, True)
    assert all(world.events(tenant).count("leak_told") == 1 for tenant in tenants)


def test_it_rings_from_the_second_on_and_once_a_day_until_people_were_told() -> None:
    world, leak, tenants = case()
    world.clock.time = leak.due_at - SECOND
    assert world.sweep()["leak"] == 0
    world.clock.time = leak.due_at
    assert world.sweep()["leak"] == 1
    assert world.sweep()["leak"] == 0
    world.clock.advance(days=1)
    assert world.sweep()["leak"] == 1
    world.leak_desk.investigated("kalak", leak.id, [tenants[0].id], "x", BY)
    world.leak_desk.tell("kalak", leak.id, BY)
    world.clock.advance(days=9)
    assert world.sweep()["leak"] == 0


def test_what_cannot_be_a_case_is_refused() -> None:
    world, leak, tenants = case()
    with pytest.raises(NotFound):
        world.leak_desk.get("kalo", leak.id)
    with pytest.raises(NotFound):
        world.leak_desk.investigated("kalak", leak.id, ["t_unknown"], "x", BY)
    with pytest.raises(InvalidInput):
        investigated(leak, [f"t_{n}" for n in range(MOST_AFFECTED + 1)], "x", world.clock.now(), by=BY)
    assert investigated(leak, [f"t_{n}" for n in range(MOST_AFFECTED)], "x", world.clock.now(), by=BY)
    with pytest.raises(Conflict):
        open_leak(AGREEMENTS["trial"], "l_1", "x", world.clock.now(), by=BY)
    assert tenants
