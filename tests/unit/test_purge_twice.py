"""A purge that two executions carry out at once: the sweep starts one that only seems lost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mohlat.application.ports import Records
from mohlat.application.purge_tenant import Shredder
from mohlat.domain.errors import ConcurrentChange
from mohlat.domain.purge import PurgeEntry, Store
from tests.application.world import World


def purged_with(world: World, number: int) -> str:
    tenant = world.register()
    records: Records = world.records
    for key in range(number):
        records.put(tenant.id, f"r-{key}", {}, world.clock.now())
    return world.live_until_purge(tenant).id


def test_the_slower_one_counts_nothing_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    tenant_id = purged_with(world, 3)
    slow: Shredder = world.shredder
    count = world.eraser.count

    def overtaken(of: str, store: Store) -> int:
        monkeypatch.setattr(world.eraser, "count", count)
        # Between the slow one's look at the ledger and its count, the other does the whole step.
        world.shredder.erase(of, store)
        return count(of, store)

    monkeypatch.setattr(world.eraser, "count", overtaken)
    with pytest.raises(ConcurrentChange):
        slow.erase(tenant_id, Store.RECORDS)
    entry: PurgeEntry = slow.erase(tenant_id, Store.RECORDS)
    assert entry.deleted == {"records": 3}


def test_a_finished_purge_stays_finished_on_its_date(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    tenant_id = purged_with(world, 1)
    for store in Store:
        world.shredder.erase(tenant_id, store)
    count = world.eraser.count

    def overtaken(of: str, store: Store) -> int:
        monkeypatch.setattr(world.eraser, "count", count)
        world.shredder.certify(of)
        world.clock.advance(hours=1)
        return count(of, store)

    monkeypatch.setattr(world.eraser, "count", overtaken)
    with pytest.raises(ConcurrentChange):
        world.shredder.certify(tenant_id)
    finished = world.ledger.get(tenant_id).finished_at
    assert finished == world.clock.now() - timedelta(hours=1)
    assert world.shredder.certify(tenant_id).finished_at == finished
