"""Exports, backups and restorations as they are stored: the fake's contract and DynamoDB's."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from mohlat.application.ports import DueKind
from mohlat.domain.data_jobs import BackupReason, DataFile, DataJob, JobKind, JobStatus
from mohlat.domain.errors import ConcurrentChange, NotFound
from mohlat.domain.exports import begin_export
from mohlat.domain.purge import Store
from tests.adapters.conftest import AGREEMENT, Stores
from tests.builders import SECOND, START

WEEK = timedelta(days=7)


def job(kind: JobKind = JobKind.EXPORT, id: str = "x-1", **changes: object) -> DataJob:
    """A job that begins."""
    fresh = DataJob(id, "t-1", "trialware", kind, START, "user:u", "account", START)
    return replace(fresh, **changes)  # type: ignore[arg-type]


def file(number: int = 1, **changes: object) -> DataFile:
    """One of its files."""
    fresh = DataFile("t-1", "x-1", number, f"records-{number:05d}.jsonl", 3, 99, "d" * 64)
    return replace(fresh, **changes)  # type: ignore[arg-type]


def test_a_job_is_read_back_as_it_was_written(stores: Stores) -> None:
    stores.register()
    plain = job()
    full = job(
        JobKind.RESTORATION,
        "n-1",
        status=JobStatus.DONE,
        after="r-5",
        files=2,
        entries=3,
        size=4,
        done_at=START + SECOND,
        expires_at=START + WEEK,
        next_due_at=None,
        paid_by="o-1",
        source="b-1",
        saved_as="b-2",
        overwrite=True,
        losses={"added": 1},
    )
    backup = job(JobKind.BACKUP, "b-1", reason=BackupReason.SCHEDULED)
    for each in (plain, full, backup):
        stores.jobs.save((each,))
        assert stores.jobs.get("t-1", each.id) == each
    assert stores.jobs.of("t-1", JobKind.BACKUP) == [backup]
    with pytest.raises(NotFound):
        stores.jobs.get("t-2", "x-1")


def test_a_job_moves_with_its_file_or_not_at_all(stores: Stores) -> None:
    stores.register()
    stores.jobs.save((job(),))
    stores.jobs.save((job(version=2, files=1), file()))
    with pytest.raises(ConcurrentChange):
        stores.jobs.save((job(version=2, files=1), file(2)))
    assert stores.jobs.files("t-1", "x-1") == [file()]
    # The page was done again: its file takes the place of the first.
    stores.jobs.save((job(version=3, files=1), file(entries=4)))
    stores.jobs.save((job(version=4, files=2), file(2)))
    assert stores.jobs.files("t-1", "x-1") == [file(entries=4), file(2)]


def test_a_job_begins_with_its_transition(stores: Stores) -> None:
    tenant = stores.register()
    export = job()
    stores.write(begin_export(tenant, AGREEMENT, export), export)
    assert stores.jobs.get("t-1", "x-1") == export
    with pytest.raises(ConcurrentChange):
        stores.write(begin_export(tenant, AGREEMENT, job(id="x-2")), job(id="x-2"))
    with pytest.raises(NotFound):
        stores.jobs.get("t-1", "x-2")


def test_a_job_stands_in_the_due_index_while_something_is_left_to_do(stores: Stores) -> None:
    stores.register()
    stores.tenants.mark_followed("t-1", 1)
    stores.jobs.save((job(),))
    (item,) = stores.due.overdue(START)
    assert (item.kind, item.id, item.tenant_id) == (DueKind.DATA_JOB, "x-1", "t-1")
    stores.jobs.save((job(version=2, next_due_at=None),))
    assert stores.due.overdue(START) == []


def test_without_a_tenant_nothing_is_written(stores: Stores) -> None:
    with pytest.raises(ConcurrentChange):
        stores.jobs.save((job(),))


def test_a_dropped_job_leaves_no_file(stores: Stores) -> None:
    stores.register()
    stores.jobs.save((job(), file(), file(2)))
    stores.jobs.save((job(id="x-10"), file(job_id="x-10")))
    for _ in range(2):
        stores.jobs.drop(job())
    assert stores.jobs.files("t-1", "x-1") == []
    assert [each.id for each in stores.jobs.of("t-1", JobKind.EXPORT)] == ["x-10"]
    assert len(stores.jobs.files("t-1", "x-10")) == 1


def test_a_backup_is_planned_once_and_begins_once(stores: Stores) -> None:
    stores.register()
    stores.tenants.mark_followed("t-1", 1)
    assert stores.jobs.planned_backup("t-1") is None
    for days in range(3):
        stores.jobs.plan_backup("t-1", START + WEEK + timedelta(days=days))
    assert stores.jobs.planned_backup("t-1") == START + WEEK
    (item,) = [each for each in stores.due.overdue(START + WEEK) if each.kind is DueKind.BACKUP_PLAN]
    assert (item.id, item.at) == ("t-1", START + WEEK)
    backup = job(JobKind.BACKUP, "b-1")
    stores.jobs.begin_planned(backup)
    assert stores.jobs.planned_backup("t-1") is None
    with pytest.raises(ConcurrentChange):
        stores.jobs.begin_planned(replace(backup, id="b-2"))
    stores.jobs.plan_backup("t-1", START + 3 * WEEK)
    for _ in range(2):
        stores.jobs.cancel_plan("t-1")
    assert stores.jobs.planned_backup("t-1") is None


def test_a_purge_takes_jobs_files_and_plans_along(stores: Stores) -> None:
    stores.register()
    stores.jobs.save((job(), file()))
    stores.jobs.plan_backup("t-1", START + WEEK)
    stores.empty("t-1", Store.TENANT)
    assert stores.eraser.count("t-1", Store.TENANT) == 0
    assert stores.jobs.of("t-1", JobKind.EXPORT) == []
    assert stores.jobs.files("t-1", "x-1") == []
    assert stores.jobs.planned_backup("t-1") is None
