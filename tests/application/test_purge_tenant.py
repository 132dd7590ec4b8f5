"""Emptying the stores of a purged tenant: refused without its ledger, resumed after any crash, certified."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mohlat.application.purge_tenant import LeftBehind, MoreToErase
from mohlat.domain.errors import Gone, MessagingUnavailable, PurgeRefused
from mohlat.domain.purge import PurgeEntry, Store
from mohlat.domain.tenant import Tenant
from tests.application.world import EMAIL, World
from tests.fakes import FakeEraser


def purged(records: int = 3) -> tuple[World, Tenant]:
    """A tenant whose purge was just committed."""
    world = World()
    tenant = world.register()
    for number in range(records):
        world.records.put(tenant.id, f"r-{number}", {"n": number}, world.clock.now())
    for content in (b"one", b"two"):
        world.objects.put(tenant.id, "backups/b-1", content)
    other = world.register(email="other@customer.test", mobile="+989350000001")
    world.buy(other)
    world.records.put(other.id, "r-0", {"kept": True}, world.clock.now())
    return world, world.live_until_purge(tenant)


def run(world: World, tenant: Tenant) -> PurgeEntry:
    """What the purge's state machine does."""
    erase(world, tenant, Store.RECORDS, Store.OBJECTS)
    world.tell_owner(tenant.id)
    erase(world, tenant, Store.USERS, Store.SECURITY_LOG, Store.TENANT, Store.KEY)
    return world.shredder.certify(tenant.id)


def erase(world: World, tenant: Tenant, *stores: Store) -> None:
    """The task and its retries."""
    while True:
        try:
            world.shredder.erase(tenant.id, *stores)
        except MoreToErase:
            continue
        return


@pytest.mark.clause("KALO-27")
def test_a_purge_leaves_nothing_but_its_ledger_and_touches_nobody_else() -> None:
    world, tenant = purged()
    before = {store: world.eraser.count(tenant.id, store) for store in Store}
    entry = run(world, tenant)
    assert entry.left == dict.fromkeys((store.value for store in Store), 0)
    # The last message adds its two rows to the record of what was sent.
    assert entry.deleted == {
        "records": 3,
        "objects": 2,
        "users": before[Store.USERS],
        "security_log": before[Store.SECURITY_LOG],
        "tenant": before[Store.TENANT] + 2,
        "key": 1,
    }
    assert (entry.finished_at, entry.next_due_at) == (world.clock.now(), None)
    assert (entry.journal_head, entry.journal_length) == (tenant.journal_head, tenant.version)
    with pytest.raises(Gone):
        world.tenant(tenant)
    (other,) = world.table.tenants
    assert world.records.get(other, "r-0").data == {"kept": True}
    assert len(world.sign_in.users) == 1
    assert world.shredder.certify(tenant.id) == entry


def test_a_tenant_without_ledger_entry_is_not_touched() -> None:
    world = World()
    tenant = world.register()
    with pytest.raises(PurgeRefused):
        world.shredder.erase(tenant.id, Store.RECORDS)
    with pytest.raises(PurgeRefused):
        world.shredder.certify(tenant.id)


def test_a_living_tenant_is_not_touched_whatever_the_ledger_says() -> None:
    world, tenant = purged()
    (living,) = (known for known in world.table.tenants if known != tenant.id)
    world.table.ledger[living] = replace(world.ledger.get(tenant.id), tenant_id=living)
    for store in Store:
        with pytest.raises(PurgeRefused):
            world.shredder.erase(living, store)
    with pytest.raises(PurgeRefused):
        world.shredder.certify(living)


def test_nothing_is_certified_while_a_store_still_holds_something() -> None:
    world, tenant = purged()
    for store in set(Store) - {Store.OBJECTS, Store.KEY}:
        world.shredder.erase(tenant.id, store)
    with pytest.raises(LeftBehind) as left:
        world.shredder.certify(tenant.id)
    nothing = dict.fromkeys((store.value for store in Store), 0)
    # Objects that arrived late are taken away first.
    assert left.value.details["left"] == nothing | {"key": 1}
    assert world.ledger.get(tenant.id).finished_at is None


class SmallBites(FakeEraser):
    """An eraser that takes two items at a time."""

    def erase(self, tenant_id: str, store: Store, limit: int = 500) -> int:
        return super().erase(tenant_id, store, 2)


def test_more_than_one_run_can_take_is_counted_over_all_its_runs() -> None:
    world, tenant = purged(records=100)
    vars(world.shredder)["_eraser"] = SmallBites(world.table)
    with pytest.raises(MoreToErase):
        world.shredder.erase(tenant.id, Store.RECORDS)
    assert run(world, tenant).deleted["records"] == 100


def test_stores_are_emptied_in_the_order_given_and_counted_before_the_first_deletion() -> None:
    world, tenant = purged()
    tale: list[str] = []
    eraser, ledger = vars(world.shredder)["_eraser"], world.ledger
    erase_one, save = eraser.erase, ledger.save

    def erase_told(tenant_id: str, store: Store, limit: int = 500) -> int:
        gone: int = erase_one(tenant_id, store, limit)
        tale.extend([store.value] if gone else [])
        return gone

    def save_told(entry: PurgeEntry) -> None:
        tale.append("counted " + " ".join(entry.deleted))
        save(entry)

    eraser.erase, ledger.save = erase_told, save_told
    entry = world.shredder.erase(tenant.id, *Store)
    assert tale[0] == "counted records objects users security_log tenant key"
    assert list(dict.fromkeys(tale[1:])) == [store.value for store in Store if entry.deleted[store.value]]
    assert tale[-1] == "key"


def test_the_owner_is_told_while_there_is_an_address_and_not_afterwards() -> None:
    world, tenant = purged()
    assert world.tell_owner(tenant.id) == "told"
    assert [(mail["to"], mail["subject"]) for mail in world.mailer.sent][-1] == (EMAIL, "data_deleted")
    world.table.contacts.pop(tenant.id)
    world.table.notices.clear()
    assert world.tell_owner(tenant.id) == "unreachable"
    world.table.tenants.pop(tenant.id)
    assert world.tell_owner(tenant.id) == "unreachable"


def test_a_provider_that_is_down_is_tried_again_and_stops_nothing() -> None:
    world, tenant = purged()
    told = len(world.sms.sent)
    world.mailer.failure = MessagingUnavailable()
    with pytest.raises(MessagingUnavailable):
        world.tell_owner(tenant.id)
    # The other channel was tried all the same.
    assert len(world.sms.sent) == told + 1
    for store in Store:
        world.shredder.erase(tenant.id, store)
    assert world.shredder.certify(tenant.id).finished_at
