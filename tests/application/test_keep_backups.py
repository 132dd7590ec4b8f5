"""Backups, and the way back to one: to the nearest, saying which, and nothing newer lost unasked."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mohlat.agreements import loader
from mohlat.application.quoting import Wanted
from mohlat.domain.backups import SETTLING
from mohlat.domain.data_jobs import BackupReason, DataJob, JobKind, JobStatus
from mohlat.domain.errors import AccessRefused, Conflict, InvalidInput, NotFound, RestoreNotPaid
from mohlat.domain.lifecycle import purge_obstacles
from mohlat.domain.payments import OrderKind
from mohlat.domain.purge import Store
from mohlat.domain.tenant import Tenant
from tests.application.world import World
from tests.builders import SECOND, days

OWNER = "user:owner"
HOUR = timedelta(hours=1)


def club() -> tuple[World, Tenant]:
    """A customer of the club with three entries."""
    world = World(loader.load("customer_club"))
    tenant = world.register()
    for number in range(3):
        world.records_desk.put(tenant.id, f"r-{number}", {"n": number})
    return world, world.tenant(tenant)


def back_up(world: World, tenant: Tenant) -> DataJob:
    """A finished backup; an hour passes."""
    backup = world.work(world.backup_desk.begin(tenant.id, OWNER))
    world.clock.time += HOUR
    return backup


def restore(world: World, tenant: Tenant, *, overwrite: bool) -> DataJob:
    """A restoration to what was an hour ago at the latest, finished."""
    begun = world.backup_desk.restore(tenant.id, OWNER, before=world.clock.now(), overwrite=overwrite)
    world.clock.time += SETTLING
    return world.work(begun)


def entries(world: World, tenant: Tenant) -> dict[str, object]:
    """The entries as they are now."""
    return {record.id: dict(record.data) for record in world.records.page(tenant.id, None, 10_000)}


def damage(world: World, tenant: Tenant) -> None:
    """One entry changed, one deleted, one added."""
    world.records_desk.put(tenant.id, "r-0", {"n": "damaged"})
    world.records_desk.delete(tenant.id, "r-1")
    world.records_desk.put(tenant.id, "s-new", {"n": 9})


BEFORE = {"r-0": {"n": 0}, "r-1": {"n": 1}, "r-2": {"n": 2}}
AFTER = {"r-0": {"n": "damaged"}, "r-2": {"n": 2}, "s-new": {"n": 9}}


@pytest.mark.clause("CLUB-5")
def test_damaged_data_is_restored_to_the_nearest_backup_and_the_answer_says_which() -> None:
    world, tenant = club()
    older = back_up(world, tenant)
    world.records_desk.put(tenant.id, "r-2", {"n": 2})
    backup = back_up(world, tenant)
    damage(world, tenant)
    done = restore(world, tenant, overwrite=True)

    assert entries(world, tenant) == BEFORE
    assert (done.status, done.source) == (JobStatus.DONE, backup.id)
    assert dict(done.losses) == {"added": 1, "changed": 1, "deleted": 1}
    restored = world.tenants.journal(tenant.id)[-1]
    assert restored.event.value == "restored"
    assert restored.facts["backup_id"] == backup.id != older.id
    (notice,) = restored.notices
    assert (notice.anchor, notice.facts["changed"]) == (backup.asked_at, 1)

    # And back again: what was there before was saved, and is had by its id only.
    assert world.backup_desk.backups(tenant.id)[0][-1].reason is BackupReason.BEFORE_RESTORATION
    world.clock.time += HOUR
    assert restore(world, tenant, overwrite=False).source == backup.id
    undo = world.backup_desk.restore(tenant.id, OWNER, backup_id=done.saved_as, overwrite=True)
    world.clock.time += SETTLING
    assert world.work(undo).status is JobStatus.DONE
    assert entries(world, tenant) == AFTER


@pytest.mark.clause("CLUB-5")
def test_newer_data_is_not_undone_unless_somebody_says_so() -> None:
    world, tenant = club()
    back_up(world, tenant)
    damage(world, tenant)
    refused = restore(world, tenant, overwrite=False)
    assert refused.status is JobStatus.REFUSED
    assert dict(refused.losses) == {"added": 1, "changed": 1, "deleted": 1}
    assert entries(world, tenant) == AFTER
    assert world.events(tenant)[-1] == "restoration_refused"
    assert not world.tenants.journal(tenant.id)[-1].notices
    # Told that it may, it is from the same backup.
    again = restore(world, tenant, overwrite=True)
    assert (again.source, entries(world, tenant)) == (refused.source, BEFORE)


def test_where_nothing_changed_nothing_is_lost_and_nobody_needs_to_say_so() -> None:
    world, tenant = club()
    back_up(world, tenant)
    assert restore(world, tenant, overwrite=False).status is JobStatus.DONE
    assert entries(world, tenant) == BEFORE


def test_an_empty_backup_restores_to_nothing() -> None:
    world = World(loader.load("customer_club"))
    tenant = world.register()
    back_up(world, tenant)
    for number in range(120):
        world.records_desk.put(tenant.id, f"r-{number:03d}", {})
    assert dict(restore(world, tenant, overwrite=True).losses) == {"added": 120, "changed": 0, "deleted": 0}
    assert entries(world, tenant) == {}


def test_the_nearest_backup_is_one_that_was_complete_by_then() -> None:
    world, tenant = club()
    backup = back_up(world, tenant)
    later = back_up(world, tenant)
    assert backup.done_at
    assert later.done_at
    with pytest.raises(NotFound):
        world.backup_desk.restore(tenant.id, OWNER, before=backup.done_at - SECOND, overwrite=True)
    begun = world.backup_desk.restore(tenant.id, OWNER, before=later.done_at - SECOND, overwrite=True)
    assert begun.source == backup.id


@pytest.mark.clause("CLUB-5")
def test_while_a_backup_is_restored_one_reads_and_does_not_write() -> None:
    world, tenant = club()
    back_up(world, tenant)
    begun = world.backup_desk.restore(tenant.id, OWNER, before=world.clock.now(), overwrite=True)
    assert world.records_desk.get(tenant.id, "r-0").data == {"n": 0}
    with pytest.raises(AccessRefused) as refused:
        world.records_desk.put(tenant.id, "r-0", {})
    assert refused.value.details["clause"] == "CLUB-5"
    with pytest.raises(Conflict):
        world.backup_desk.restore(tenant.id, OWNER, before=world.clock.now(), overwrite=True)
    assert f"restoration:{begun.id}" in purge_obstacles(world.tenant(tenant), world.clock.now())
    # A write that was let in just before has ended before the first page.
    world.clock.time += SETTLING - SECOND
    assert (world.work(begun).step, world.work(begun).version) == ("compare", 1)
    world.clock.time += SECOND
    assert world.work(begun).status is JobStatus.DONE
    world.records_desk.put(tenant.id, "r-0", {})


def test_a_backup_is_named_by_a_moment_or_by_its_id_and_has_to_be_there() -> None:
    world, tenant = club()
    backup = back_up(world, tenant)
    for both in ({}, {"before": world.clock.now(), "backup_id": backup.id}):
        with pytest.raises(InvalidInput) as unclear:
            world.backup_desk.restore(tenant.id, OWNER, **both)  # type: ignore[arg-type]
        assert unclear.value.field == "before"
    running = world.backup_desk.begin(tenant.id, OWNER)
    for missing in ("b_none", running.id):
        with pytest.raises(NotFound):
            world.backup_desk.restore(tenant.id, OWNER, backup_id=missing)


def test_nobody_restores_anothers_backup() -> None:
    world, tenant = club()
    back_up(world, tenant)
    other = world.register(email="other@customer.test", mobile="+989121234568")
    with pytest.raises(NotFound):
        world.backup_desk.restore(other.id, OWNER, before=world.clock.now(), overwrite=True)
    begun = world.backup_desk.restore(tenant.id, OWNER, before=world.clock.now(), overwrite=True)
    with pytest.raises(NotFound):
        world.backup_desk.restoration(other.id, begun.id)
    with pytest.raises(NotFound):
        world.backup_desk.restoration(tenant.id, begun.source)


@pytest.mark.clause("SAMAN-4.4")
def test_restoring_is_an_extra_where_the_agreement_makes_it_one() -> None:
    world = World(loader.load("saman360"))
    tenant = world.register()
    world.records_desk.put(tenant.id, "r-0", {"n": 0})
    back_up(world, tenant)
    world.records_desk.put(tenant.id, "r-0", {"n": 1})
    with pytest.raises(RestoreNotPaid) as unpaid:
        world.backup_desk.restore(tenant.id, OWNER, before=world.clock.now(), overwrite=True)
    assert unpaid.value.details == {"extra": "backup_restore", "clause": "SAMAN-4.4"}
    payment = world.buy_this(tenant, Wanted(OrderKind.EXTRA, subject="backup_restore"))
    # One that was left undone has used nothing up.
    assert restore(world, tenant, overwrite=False).status is JobStatus.REFUSED
    done = restore(world, tenant, overwrite=True)
    assert (done.status, done.paid_by) == (JobStatus.DONE, payment.order_id)
    with pytest.raises(RestoreNotPaid):
        world.backup_desk.restore(tenant.id, OWNER, before=world.clock.now(), overwrite=True)


@pytest.mark.clause("KALLU-6")
def test_under_a_legal_hold_a_restoration_deletes_nothing_and_keeps_what_it_overwrites() -> None:
    world, tenant = club()
    back_up(world, tenant)
    damage(world, tenant)
    world.desk.place_hold(tenant.id, "proceedings", "court", "CLUB-18", ("r-0", "s-new"), by="operator:o")
    restore(world, tenant, overwrite=True)
    assert entries(world, tenant) == BEFORE | {"s-new": {"n": 9}}
    assert [dict(copy.data) for copy in world.table.copies.values()] == [{"n": "damaged"}]


def test_a_change_plans_the_next_backup_and_rest_plans_none() -> None:
    world = World(loader.load("customer_club"))
    tenant = world.register()
    assert world.backup_desk.backups(tenant.id) == ([], None)
    world.records_desk.put(tenant.id, "r-0", {})
    planned = world.backup_desk.backups(tenant.id)[1]
    assert planned == world.clock.now() + days(7)
    world.clock.time += HOUR
    world.records_desk.put(tenant.id, "r-1", {})
    assert world.backup_desk.backups(tenant.id)[1] == planned

    world.clock.time = planned - SECOND
    assert world.sweep()["backup_plan"] == 0
    world.clock.time = planned
    assert world.sweep()["backup_plan"] == 1
    (backup,) = world.jobs.of(tenant.id, JobKind.BACKUP)
    assert (backup.reason, world.work(backup).entries) == (BackupReason.SCHEDULED, 2)
    assert world.backup_desk.backups(tenant.id)[1] is None
    world.records_desk.delete(tenant.id, "r-1")
    assert world.backup_desk.backups(tenant.id)[1] == world.clock.now() + days(7)


def test_a_lost_execution_is_started_again_by_the_sweep() -> None:
    world, tenant = club()
    backup = world.backup_desk.begin(tenant.id, OWNER)
    assert world.sweep()["data_job"] == 1
    ((machine, name),) = [key for key in world.workflows.started if key[0] == "data_job"]
    assert world.workflows.started[machine, name]["job_id"] == backup.id


def test_a_plan_that_two_sweeps_find_makes_one_backup() -> None:
    world, tenant = club()
    world.clock.time += days(7)
    assert world.backup_desk.begin_planned(tenant.id)
    assert world.backup_desk.begin_planned(tenant.id) is None
    assert len(world.jobs.of(tenant.id, JobKind.BACKUP)) == 1


def test_what_nobody_can_reach_any_more_needs_no_backup() -> None:
    world, tenant = club()
    assert tenant.period_ends_at
    world.clock.time = tenant.period_ends_at
    assert world.backup_desk.begin_planned(tenant.id) is None
    assert world.backup_desk.backups(tenant.id) == ([], None)
    with pytest.raises(AccessRefused):
        world.backup_desk.begin(tenant.id, OWNER)


def test_where_the_agreement_has_no_backups_there_are_none() -> None:
    world = World(loader.load("kalo"))
    tenant = world.register()
    world.records_desk.put(tenant.id, "r-0", {})
    assert world.backup_desk.backups(tenant.id) == ([], None)
    for ask in (
        lambda: world.backup_desk.begin(tenant.id, OWNER),
        lambda: world.backup_desk.restore(tenant.id, OWNER, before=world.clock.now(), overwrite=True),
    ):
        with pytest.raises(Conflict):
            ask()


def test_only_the_newest_backups_stay_but_never_at_the_price_of_one_that_is_being_restored() -> None:
    world, tenant = club()
    taken = [back_up(world, tenant) for _ in range(12)]
    begun = world.backup_desk.restore(
        tenant.id, OWNER, before=taken[0].done_at or world.clock.now(), overwrite=True
    )
    assert begun.source == taken[0].id
    for _ in range(3):
        world.jobs.plan_backup(tenant.id, world.clock.now())
        by_itself = world.backup_desk.begin_planned(tenant.id)
        assert by_itself
        world.work(by_itself)
    kept = [job.id for job in world.jobs.of(tenant.id, JobKind.BACKUP)]
    assert taken[0].id in kept
    assert taken[1].id not in kept
    assert world.objects.names(tenant.id, f"backups/{taken[1].id}/") == []
    world.clock.time += SETTLING
    assert world.work(begun).status is JobStatus.DONE
    assert entries(world, tenant) == BEFORE


def test_one_backup_at_once() -> None:
    world, tenant = club()
    world.backup_desk.begin(tenant.id, OWNER)
    with pytest.raises(Conflict):
        world.backup_desk.begin(tenant.id, OWNER)


def test_a_backup_that_a_purge_overtakes_leaves_nothing_behind() -> None:
    world, tenant = club()
    backup = world.backup_desk.begin(tenant.id, OWNER)
    purged = world.live_until_purge(tenant)
    assert world.data_worker.step(purged.id, backup.id) is None
    # A page that was on its way arrives between the emptying of its store and the end.
    for store in Store:
        if store is not Store.KEY:
            world.shredder.erase(purged.id, store)
        if store is Store.OBJECTS:
            world.objects.put(purged.id, f"backups/{backup.id}/records-00001.jsonl", b"late")
    world.shredder.erase(purged.id, Store.KEY)
    assert set(world.shredder.certify(purged.id).left.values()) == {0}
    assert world.objects.count(purged.id) == 0
