"""A tenant's own entries, guarded by its access."""

from __future__ import annotations

import pytest

from mohlat.agreements import loader
from mohlat.application.keep_records import RecordsDesk
from mohlat.application.manage_tenant import TenantDesk
from mohlat.domain.errors import AccessRefused, Held, InvalidInput, NotFound
from mohlat.domain.purge import Store
from tests.application.world import World
from tests.builders import AGREEMENTS
from tests.fakes import START


def desk(world: World) -> RecordsDesk:
    """The use case over a world."""
    return world.records_desk


def test_records_are_written_read_paged_and_deleted() -> None:
    world = World()
    tenant, records = world.register(), desk(world)
    for number in range(3):
        records.put(tenant.id, f"r-{number}", {"n": number})
    assert records.get(tenant.id, "r-1").data == {"n": 1}
    first = records.page(tenant.id, None, 2)
    assert ([record.id for record in first.records], first.next_after) == (["r-0", "r-1"], "r-1")
    rest = records.page(tenant.id, first.next_after, 2)
    assert ([record.id for record in rest.records], rest.next_after) == (["r-2"], None)
    records.delete(tenant.id, "r-1")
    with pytest.raises(NotFound):
        records.get(tenant.id, "r-1")


def test_a_record_holds_sixty_four_kibibytes_and_not_a_byte_more() -> None:
    world = World()
    tenant, records = world.register(), desk(world)
    frame = len('{"t": ""}')
    records.put(tenant.id, "r", {"t": "x" * (64 * 1024 - frame)})
    with pytest.raises(InvalidInput):
        records.put(tenant.id, "r", {"t": "x" * (64 * 1024 - frame + 1)})


@pytest.mark.clause("SAMAN-5.3")
def test_read_only_refuses_every_write_and_lets_everything_be_read() -> None:
    world = World(AGREEMENTS["credit"])
    tenant = world.register()
    world.buy(tenant)
    records = desk(world)
    records.put(tenant.id, "r", {"n": 1})
    term = world.tenant(tenant).term
    assert term
    # Nobody has carried the end out yet: it binds all the same.
    world.clock.time = term.ends_at
    assert records.get(tenant.id, "r").data == {"n": 1}
    assert len(records.page(tenant.id, None, None).records) == 1
    with pytest.raises(AccessRefused):
        records.put(tenant.id, "r", {"n": 2})
    with pytest.raises(AccessRefused):
        records.delete(tenant.id, "r")


def test_a_trial_that_is_over_opens_nothing_even_before_anybody_woke() -> None:
    world = World()
    tenant, records = world.register(), desk(world)
    records.put(tenant.id, "r", {"n": 1})
    world.clock.time = START.replace(month=3, day=2)
    with pytest.raises(AccessRefused):
        records.get(tenant.id, "r")


def hold_records(world: World, tenant_id: str, *records: str) -> None:
    desk = TenantDesk(
        tenants=world.tenants,
        dispatches=world.dispatches,
        requests=world.requests,
        agreements=world.agreements,
        ids=world.ids,
        clock=world.clock,
    )
    clause = next(iter(world.agreement.clauses))
    desk.place_hold(tenant_id, "proceedings", "court order 9", clause, records, by="operator:o")


@pytest.mark.clause("KALLU-6")
def test_a_record_under_a_hold_stays_and_the_others_may_go() -> None:
    world = World()
    tenant, records = world.register(), desk(world)
    for record_id in ("held", "free"):
        records.put(tenant.id, record_id, {"n": 1})
    hold_records(world, tenant.id, "held")
    with pytest.raises(Held):
        records.delete(tenant.id, "held")
    records.delete(tenant.id, "free")
    # What is written over it leaves what was there as a copy.
    records.put(tenant.id, "held", {"n": 2})
    assert [copy.data for copy in world.table.copies.values()] == [{"n": 1}]
    assert records.get(tenant.id, "held").data == {"n": 2}
    hold_records(world, tenant.id)
    records.put(tenant.id, "free", {"n": 3})
    with pytest.raises(Held):
        records.delete(tenant.id, "free")


def test_a_hold_that_is_placed_while_a_record_is_being_deleted_wins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    tenant, records = world.register(), desk(world)
    records.put(tenant.id, "r", {"n": 1})
    delete = world.records.delete

    def overtaken(tenant_id: str, record_id: str, tenant_version: int, *more: object) -> None:
        monkeypatch.setattr(world.records, "delete", delete)
        hold_records(world, tenant.id, "r")
        delete(tenant_id, record_id, tenant_version, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(world.records, "delete", overtaken)
    with pytest.raises(Held):
        records.delete(tenant.id, "r")
    assert records.get(tenant.id, "r").data == {"n": 1}


@pytest.mark.clause("SAMAN-6.2")
def test_what_users_do_with_records_is_logged_where_the_agreement_says_so_and_goes_with_them() -> None:
    world = World(loader.load("saman360"))
    tenant = world.register()
    world.records_desk.put(tenant.id, "r", {"n": 1}, "user:a")
    world.records_desk.delete(tenant.id, "r", "user:b")
    lines = world.records_desk.activity(tenant.id, None, None)
    assert [(line.by, line.what, line.record_id) for line in lines] == [
        ("user:b", "deleted", "r"),
        ("user:a", "written", "r"),
    ]
    assert world.records_desk.activity(tenant.id, lines[0].id, 1) == [lines[1]]
    purged = world.live_until_purge(tenant)
    world.shredder.erase(purged.id, Store.RECORDS)
    assert not world.table.activity


def test_where_the_agreement_says_nothing_no_such_log_is_kept() -> None:
    world = World(loader.load("kalo"))
    tenant = world.register()
    world.records_desk.put(tenant.id, "r", {}, "user:a")
    assert world.records_desk.activity(tenant.id, None, None) == []
