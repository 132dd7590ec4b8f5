"""Exports, backups and restorations: what begins them, what ends them, what they hold up."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from mohlat.agreements import loader
from mohlat.domain.access import Access, Operation, access, permit, why_refused
from mohlat.domain.backups import (
    backup_rule,
    begin_restoration,
    by_id,
    finish_restoration,
    nearest,
    superfluous,
)
from mohlat.domain.data_jobs import BackupReason, DataFile, DataJob, JobKind, JobStatus, add_file
from mohlat.domain.errors import AccessRefused, Conflict, ExportLimited, FileExpired, NotFound
from mohlat.domain.exports import (
    begin_export,
    demand_available,
    demand_free,
    finish_export,
    next_free_at,
)
from mohlat.domain.lifecycle import register
from mohlat.domain.tenant import Tenant
from tests.builders import SECOND, START, days

SAMAN, CLUB, KALO = (loader.load(product) for product in ("saman360", "customer_club", "kalo"))


def job(kind: JobKind, at: datetime = START, **changes: object) -> DataJob:
    fresh = DataJob(f"{kind.value}-1", "t-1", "x", kind, at, "user:u", "records", at)
    return replace(fresh, **changes)  # type: ignore[arg-type]


def tenant() -> Tenant:
    return register(CLUB, "t-1", START, plan=None, trial_used=False, by="u").after


def done(at: datetime, id: str) -> DataJob:
    return job(JobKind.BACKUP, at, id=id, status=JobStatus.DONE, done_at=at + SECOND)


@pytest.mark.clause("SAMAN-6.5")
def test_the_next_free_export_is_a_week_after_the_last_free_one() -> None:
    exports = [job(JobKind.EXPORT), job(JobKind.EXPORT, START + days(3), paid_by="o-1")]
    assert next_free_at(SAMAN, exports, START + days(4)) == START + days(7)
    assert next_free_at(SAMAN, exports, START + days(8)) == START + days(8)
    assert next_free_at(SAMAN, [], START) == START
    assert next_free_at(KALO, exports, START) == START
    demand_free(SAMAN, exports, START + days(7))
    with pytest.raises(ExportLimited):
        demand_free(SAMAN, exports, START + days(7) - SECOND)


def test_an_export_holds_the_purge_up_from_its_beginning_to_its_end() -> None:
    export = job(JobKind.EXPORT, paid_by="o-1")
    begun = begin_export(tenant(), CLUB, export)
    assert begun.after.open_matters == {"export:export-1"}
    assert begun.facts == {"export_id": "export-1", "order_id": "o-1"}
    with pytest.raises(Conflict):
        begin_export(begun.after, CLUB, export)
    with pytest.raises(NotFound):
        demand_available(export, START)
    written = add_file(export, DataFile("t-1", export.id, 1, "a.jsonl", 5, 60, "d"), after="r-5")
    assert (written.files, written.entries, written.size, written.version) == (1, 5, 60, 2)
    ended, ready = finish_export(begun.after, CLUB, written, "https://link", START + days(1))
    assert ended.after.open_matters == frozenset()
    assert (ready.status, ready.expires_at) == (JobStatus.DONE, START + days(8))
    demand_available(ready, START + days(8) - SECOND)
    with pytest.raises(FileExpired):
        demand_available(ready, START + days(8))
    assert "order_id" not in begin_export(tenant(), CLUB, job(JobKind.EXPORT)).facts


@pytest.mark.clause("CLUB-5")
def test_the_nearest_backup_and_the_oldest_that_are_too_many() -> None:
    first, second = done(START, "b-1"), done(START + days(1), "b-2")
    running = job(JobKind.BACKUP, START + days(2), id="b-3")
    known = [first, second, running]
    assert nearest(known, START + days(1) + SECOND) == second
    assert nearest(known, START + days(1)) == first
    with pytest.raises(NotFound):
        nearest(known, START)
    saved = replace(done(START + days(1), "b-4"), reason=BackupReason.BEFORE_RESTORATION)
    assert nearest([*known, saved], START + days(5)) == second
    assert by_id([*known, saved], "b-4") == saved
    for unfinished in ("b-3", "b-9"):
        with pytest.raises(NotFound):
            by_id(known, unfinished)
    assert superfluous(known, 1) == [first]
    assert superfluous(known, 2) == []
    with pytest.raises(Conflict):
        backup_rule(KALO)


@pytest.mark.clause("CLUB-5")
def test_a_restoration_lets_read_and_not_write_until_it_ends() -> None:
    backup, wanted = done(START, "b-1"), job(JobKind.RESTORATION, START + days(1), paid_by="o-1")
    begun = begin_restoration(tenant(), CLUB, wanted, backup)
    now = START + days(1)
    assert access(begun.after, now) is Access.READ_ONLY
    assert why_refused(begun.after, CLUB, now) == "CLUB-5"
    permit(begun.after, CLUB, Operation.READ, now)
    with pytest.raises(AccessRefused):
        permit(begun.after, CLUB, Operation.WRITE, now)
    with pytest.raises(Conflict):
        begin_restoration(begun.after, CLUB, wanted, backup)
    for losses, overwrite, status in (
        ({}, False, JobStatus.DONE),
        ({"added": 1}, False, JobStatus.REFUSED),
        ({"added": 1}, True, JobStatus.DONE),
    ):
        one = replace(wanted, losses=losses, overwrite=overwrite)
        ended, after = finish_restoration(begun.after, CLUB, one, backup, now)
        assert (after.status, after.next_due_at) == (status, None)
        assert access(ended.after, now) is Access.FULL
        assert bool(ended.notices) is (status is JobStatus.DONE)
        assert ended.facts["added"] == losses.get("added", 0)
    assert "order_id" not in begin_restoration(tenant(), CLUB, replace(wanted, paid_by=""), backup).facts
