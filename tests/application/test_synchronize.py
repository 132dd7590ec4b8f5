"""Devices that were offline: whatever is sent again, in another order or only in part, all end alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from mohlat.agreements import loader
from mohlat.application.synchronize import MOST_CHANGES
from mohlat.domain.errors import AccessRefused, Conflict, InvalidInput
from mohlat.domain.synchronization import Change, Fate
from mohlat.domain.tenant import Tenant
from tests.application.world import World
from tests.builders import START

BY = "operator:nima"


def club() -> tuple[World, Tenant]:
    world = World(loader.load("customer_club"))
    return world, world.register()


class Device:
    """A device: what it has of the records, what it has not brought yet, and how far it has read."""

    def __init__(self, name: str, random: Random) -> None:
        self.name = name
        self.random = random
        self.local: dict[str, tuple[str, object]] = {}
        self.pending: list[Change] = []
        self.brought: list[Change] = []
        self.cursor = 0
        self.made = 0

    def edit(self, world: World, record_id: str, data: dict[str, object] | None) -> None:
        """Somebody works on it, offline."""
        self.made += 1
        seen = self.local.get(record_id, ("", None))[0]
        change = Change(self.name, f"{self.made:06d}", record_id, world.clock.now(), data, seen)
        self.pending.append(change)

    def sync(self, world: World, tenant: Tenant, size: int = 500, *, cut_off: bool = False) -> None:
        """Brings batches, shuffled and with old changes again; reads what others did. Cut off, it never
        hears what became of them and brings them again.
        """
        while self.pending:
            batch, rest = self.pending[:size], self.pending[size:]
            again = self.random.sample(self.brought, min(20, len(self.brought)))
            shuffled = [*batch, *again]
            self.random.shuffle(shuffled)
            world.sync_desk.take(tenant.id, shuffled)
            if cut_off and self.random.random() < 0.4:
                cut_off = False
                continue
            self.brought += batch
            self.pending = rest
        self.read(world, tenant)

    def read(self, world: World, tenant: Tenant) -> None:
        """Reads on from where it was."""
        while True:
            page = world.sync_desk.read(tenant.id, self.cursor)
            for state in page.states:
                self.local[state.record_id] = (state.stamp, state.data)
            self.cursor = page.cursor
            if not page.more:
                return

    @property
    def state(self) -> dict[str, object]:
        """The records as it shows them."""
        return {record_id: data for record_id, (_, data) in self.local.items() if data is not None}


@pytest.mark.clause("CLUB-3")
def test_two_devices_and_ten_thousand_changes_end_alike() -> None:
    random = Random(7)
    world, tenant = club()
    devices = [Device("till-1", random), Device("till-2", random)]
    lasts: dict[str, tuple[str, object]] = {}
    for _ in range(10):
        for device in devices:
            for _ in range(500):
                world.clock.time += timedelta(seconds=1)
                record_id = f"c-{random.randrange(1_500):04d}"
                data = None if random.random() < 0.1 else {"n": device.made, "by": device.name}
                device.edit(world, record_id, data)
                change = device.pending[-1]
                stamp = f"{world.clock.now():%Y-%m-%dT%H:%M:%SZ}/{device.name}/{change.id}"
                lasts[record_id] = max(
                    lasts.get(record_id, ("", None)), (stamp, data), key=lambda each: each[0]
                )
        for device in devices:
            device.sync(world, tenant, cut_off=True)
    for device in devices:
        device.sync(world, tenant)
    server = {record.id: record.data for record in world.records.page(tenant.id, None, 10**6)}
    assert devices[0].made + devices[1].made == 10_000
    assert devices[0].state == devices[1].state == server
    # And it is what the last change of each record says.
    assert server == {record_id: data for record_id, (_, data) in lasts.items() if data is not None}


@pytest.mark.clause("CLUB-3")
def test_the_answer_tells_each_changes_fate() -> None:
    world, tenant = club()
    world.clock.advance(hours=1)
    at = START
    first = Change("a", "1", "r", at, {"n": 1})
    (outcome,) = world.sync_desk.take(tenant.id, [first])
    assert (outcome.change_id, outcome.fate) == ("1", Fate.APPLIED)
    later = Change("b", "1", "r", at + timedelta(minutes=5), {"n": 2}, seen=outcome.stamp)
    early = Change("c", "1", "r", at - timedelta(days=1), {"n": 0})
    huge = Change("c", "2", "h", at, {"t": "x" * 70_000})
    fates = [each.fate for each in world.sync_desk.take(tenant.id, [first, later, early, huge])]
    assert fates == [Fate.REPEATED, Fate.APPLIED, Fate.SUPERSEDED, Fate.TOO_LARGE]
    assert world.records_desk.get(tenant.id, "r").data == {"n": 2}
    # What c had gathered is not lost: it is put aside.
    assert [copy.data for copy in world.sync_desk.copies(tenant.id, "r")] == [{"n": 0}]


@pytest.mark.clause("CLUB-3")
def test_writes_through_the_api_reach_the_devices_too() -> None:
    world, tenant = club()
    device = Device("till-1", Random(1))
    world.records_desk.put(tenant.id, "r", {"n": 1})
    world.records_desk.put(tenant.id, "s", {"n": 2})
    device.read(world, tenant)
    assert device.state == {"r": {"n": 1}, "s": {"n": 2}}
    world.records_desk.delete(tenant.id, "r")
    # In the same second, and still later than what the device does meanwhile.
    device.edit(world, "s", {"n": 3})
    world.records_desk.put(tenant.id, "s", {"n": 4})
    device.sync(world, tenant)
    assert device.state == {"s": {"n": 4}}
    assert [copy.data for copy in world.sync_desk.copies(tenant.id, "s")] == [{"n": 3}]


def test_a_device_reads_on_from_where_it_was_and_sees_deletions() -> None:
    world, tenant = club()
    for number in range(1_200):
        world.records_desk.put(tenant.id, f"r-{number:04d}", {"n": number})
    first = world.sync_desk.read(tenant.id, 0)
    assert (len(first.states), first.more) == (500, True)
    world.records_desk.delete(tenant.id, "r-0000")
    device = Device("a", Random(1))
    device.read(world, tenant)
    assert len(device.state) == 1_199
    assert device.local["r-0000"][1] is None
    assert world.sync_desk.read(tenant.id, device.cursor).states == []


def test_large_records_come_in_shorter_pages() -> None:
    world, tenant = club()
    for number in range(40):
        world.records_desk.put(tenant.id, f"r-{number:02d}", {"t": "x" * 60_000})
    page = world.sync_desk.read(tenant.id, 0)
    assert (len(page.states), page.more) == (17, True)


@pytest.mark.clause("KALLU-6")
def test_under_a_legal_hold_nothing_is_deleted_and_what_is_overwritten_is_kept() -> None:
    world, tenant = club()
    world.records_desk.put(tenant.id, "r", {"n": 1})
    world.clock.advance(hours=1)
    world.desk.place_hold(tenant.id, "case 7", "court", "CLUB-18", ("r",), by=BY)
    stamp = world.sync_desk.read(tenant.id, 0).states[0].stamp
    gone, over = (
        Change("a", "1", "r", world.clock.now(), None, stamp),
        Change("a", "2", "r", world.clock.now(), {"n": 2}, stamp),
    )
    fates = [each.fate for each in world.sync_desk.take(tenant.id, [gone, over])]
    assert fates == [Fate.HELD, Fate.APPLIED]
    assert [copy.data for copy in world.table.copies.values()] == [{"n": 1}]


def test_who_may_not_write_brings_nothing_and_reads_on() -> None:
    world, tenant = club()
    change = Change("a", "1", "r", START, {})
    world.sync_desk.take(tenant.id, [change])
    backup = world.work(world.backup_desk.begin(tenant.id, "user:owner"))
    world.clock.advance(hours=1)
    world.backup_desk.restore(tenant.id, "user:owner", before=world.clock.now())
    with pytest.raises(AccessRefused):
        world.sync_desk.take(tenant.id, [replace(change, id="2")])
    assert len(world.sync_desk.read(tenant.id, 0).states) == 1
    assert backup.entries == 1
    assert tenant.period_ends_at
    world.clock.time = tenant.period_ends_at
    with pytest.raises(AccessRefused):
        world.sync_desk.read(tenant.id, 0)


def test_a_restoration_reaches_the_devices() -> None:
    world, tenant = club()
    device = Device("till-1", Random(1))
    world.records_desk.put(tenant.id, "r", {"n": 1})
    world.work(world.backup_desk.begin(tenant.id, "user:owner"))
    world.clock.advance(hours=1)
    world.records_desk.put(tenant.id, "r", {"n": 2})
    world.records_desk.put(tenant.id, "s", {"n": 3})
    device.read(world, tenant)
    begun = world.backup_desk.restore(tenant.id, "user:owner", before=world.clock.now(), overwrite=True)
    world.clock.advance(minutes=1)
    world.work(begun)
    device.read(world, tenant)
    assert device.state == {"r": {"n": 1}}


def test_a_batch_has_its_size_and_its_agreement() -> None:
    world, tenant = club()
    change = Change("a", "1", "r", START, {})
    for wrong in ([], [change] * (MOST_CHANGES + 1)):
        with pytest.raises(InvalidInput):
            world.sync_desk.take(tenant.id, wrong)
    other = World(loader.load("kalo"))
    kalo = other.register()
    with pytest.raises(Conflict):
        other.sync_desk.take(kalo.id, [change])
    with pytest.raises(Conflict):
        other.sync_desk.read(kalo.id, 0)


def test_records_are_found_by_what_the_agreement_names_and_by_nothing_else() -> None:
    world, tenant = club()
    world.records_desk.put(tenant.id, "r", {"mobile": "۰۹۱۲۱۱۱۲۲۳۳", "name": "Reza"})
    world.records_desk.put(tenant.id, "s", {"mobile": "09350000000"})
    found = world.sync_desk.find(tenant.id, "mobile", "+98 912 111 2233")
    assert [record.id for record in found] == ["r"]
    assert world.sync_desk.find(tenant.id, "mobile", "09121112234") == []
    with pytest.raises(InvalidInput) as refused:
        world.sync_desk.find(tenant.id, "name", "Reza")
    assert refused.value.details["allowed"] == ["mobile", "email"]
