"""Exports, backups and restorations, and the plan of the next backup: in the tenant's partition, gone with
it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pynamodb.attributes import NumberAttribute
from pynamodb.exceptions import UpdateError
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from mohlat.adapters.dynamodb.table import (
    TENANT,
    Document,
    DueItem,
    Item,
    compact,
    conditional,
    delete_all,
    keys_in,
    present,
    shard_of,
    tenant_of,
    tenant_pk,
    transaction,
    unmoved,
    was_refused,
)
from mohlat.domain.data_jobs import BackupReason, DataFile, DataJob, JobKind, JobStatus
from mohlat.domain.errors import ConcurrentChange, NotFound
from mohlat.domain.tenant import from_iso, iso

JOB = "JOB#"
BACKUP_PLAN = "BACKUP!PLAN"
_FILE = "JOB!FILE#"


class JobItem(DueItem):
    """A job, in the due index while something is left to do. `version` stands apart for the condition."""

    version = NumberAttribute()
    doc = Document()


class FileItem(Item):
    """One file that a job wrote."""

    doc = Document()


class PlanItem(DueItem):
    """When the next backup falls due by itself; not due, none is planned."""


_NOT_DUE: list[Action] = [PlanItem.due_shard.remove(), PlanItem.next_due_at.remove()]


def add_job(write: TransactWrite, job: DataJob) -> None:
    """Adds a job: a new one, or the next version of what is stored."""
    write.save(_item(job), unmoved(JobItem.version, job.version))


def add_file(write: TransactWrite, file: DataFile) -> None:
    """Adds a file, in place of the one that was written when its page was done before."""
    doc = {"name": file.name, "entries": file.entries, "size": file.size, "sha256": file.sha256}
    write.save(FileItem(tenant_pk(file.tenant_id), _file_sk(file.job_id, file.number), doc=doc))


class DynamoDataJobs:
    """`DataJobs` on the main table."""

    def __init__(self) -> None:
        # What this process planned or saw planned: a warm worker asks the table once a period.
        self._planned: dict[str, datetime] = {}

    def get(self, tenant_id: str, job_id: str) -> DataJob:
        """Read consistently. Raises NotFound."""
        try:
            return _job(JobItem.get(tenant_pk(tenant_id), JOB + job_id, consistent_read=True))
        except JobItem.DoesNotExist:
            raise NotFound(tenant_id=tenant_id, id=job_id) from None

    def of(self, tenant_id: str, kind: JobKind) -> list[DataJob]:
        """All of a kind, oldest first, read consistently."""
        found = JobItem.query(tenant_pk(tenant_id), JobItem.sk.startswith(JOB), consistent_read=True)
        return [job for job in map(_job, found) if job.kind is kind]

    def save(self, rows: Sequence[DataJob | DataFile]) -> None:
        """Writes jobs and files in one transaction, while there is a tenant. Raises ConcurrentChange."""
        with conditional(tenant_id=rows[0].tenant_id), transaction() as write:
            self._add(write, rows)

    def _add(self, write: TransactWrite, rows: Sequence[DataJob | DataFile]) -> None:
        write.condition_check(Item, tenant_pk(rows[0].tenant_id), TENANT, present())
        for row in rows:
            if isinstance(row, DataJob):
                add_job(write, row)
            else:
                add_file(write, row)

    def files(self, tenant_id: str, job_id: str) -> list[DataFile]:
        """The files of a job in order, read consistently."""
        below = _file_sk(job_id)
        found = FileItem.query(tenant_pk(tenant_id), FileItem.sk.startswith(below), consistent_read=True)
        return [DataFile(tenant_id, job_id, int(item.sk.removeprefix(below)), **item.doc) for item in found]

    def drop(self, job: DataJob) -> None:
        """Forgets a job and its files. Repeatable."""
        pk = tenant_pk(job.tenant_id)
        # The job last: cut off in between, it is dropped again.
        files = list(keys_in(pk, below=_file_sk(job.id)))
        delete_all((pk, sk) for sk in [*files, JOB + job.id])

    def plan_backup(self, tenant_id: str, at: datetime) -> None:
        """Has a backup fall due at `at`, unless one is planned already or the tenant is gone."""
        known = self._planned.get(tenant_id)
        if known and known > at:
            return
        pk = tenant_pk(tenant_id)
        try:
            with conditional(tenant_id=tenant_id), transaction() as write:
                # Without it a purged tenant's partition would not stay empty.
                write.condition_check(Item, pk, TENANT, present())
                write.update(
                    PlanItem(pk, BACKUP_PLAN),
                    [PlanItem.due_shard.set(shard_of(tenant_id)), PlanItem.next_due_at.set(iso(at))],
                    PlanItem.next_due_at.does_not_exist(),
                )
        except ConcurrentChange:
            pass
        self._planned[tenant_id] = at

    def planned_backup(self, tenant_id: str) -> datetime | None:
        """When the next backup by itself falls due, read consistently."""
        try:
            plan = PlanItem.get(tenant_pk(tenant_id), BACKUP_PLAN, consistent_read=True)
        except PlanItem.DoesNotExist:
            return None
        return from_iso(plan.next_due_at) if plan.next_due_at else None

    def begin_planned(self, backup: DataJob) -> None:
        """Puts a new backup in place of the plan, in one transaction. Raises ConcurrentChange without one."""
        with conditional(tenant_id=backup.tenant_id), transaction() as write:
            self._add(write, (backup,))
            write.update(
                PlanItem(tenant_pk(backup.tenant_id), BACKUP_PLAN),
                _NOT_DUE,
                PlanItem.next_due_at.exists(),
            )

    def cancel_plan(self, tenant_id: str) -> None:
        """Takes a plan back. Repeatable."""
        try:
            PlanItem(tenant_pk(tenant_id), BACKUP_PLAN).update(_NOT_DUE, present())
        except UpdateError as error:
            if not was_refused(error):
                raise


def _file_sk(job_id: str, number: int | None = None) -> str:
    return f"{_FILE}{job_id}#" + ("" if number is None else f"{number:06d}")


def _item(job: DataJob) -> JobItem:
    doc = compact(
        {
            "product": job.product,
            "kind": job.kind.value,
            "asked_at": iso(job.asked_at),
            "by": job.by,
            "step": job.step,
            "status": job.status.value,
            "after": job.after,
            "files": job.files or None,
            "entries": job.entries or None,
            "size": job.size or None,
            "done_at": iso(job.done_at) if job.done_at else None,
            "expires_at": iso(job.expires_at) if job.expires_at else None,
            "paid_by": job.paid_by,
            "reason": job.reason.value if job.kind is JobKind.BACKUP else None,
            "source": job.source,
            "saved_as": job.saved_as,
            "overwrite": job.overwrite or None,
            "losses": dict(job.losses),
        }
    )
    item = JobItem(tenant_pk(job.tenant_id), JOB + job.id, version=job.version, doc=doc)
    item.set_due(job.id, job.next_due_at)
    return item


def _job(item: JobItem) -> DataJob:
    doc = item.doc
    return DataJob(
        id=item.sk.removeprefix(JOB),
        tenant_id=tenant_of(item.pk),
        product=doc["product"],
        kind=JobKind(doc["kind"]),
        asked_at=from_iso(doc["asked_at"]),
        by=doc.get("by", ""),
        step=doc.get("step", ""),
        next_due_at=from_iso(item.next_due_at) if item.next_due_at else None,
        status=JobStatus(doc["status"]),
        after=doc.get("after", ""),
        files=doc.get("files", 0),
        entries=doc.get("entries", 0),
        size=doc.get("size", 0),
        done_at=from_iso(doc["done_at"]) if "done_at" in doc else None,
        expires_at=from_iso(doc["expires_at"]) if "expires_at" in doc else None,
        paid_by=doc.get("paid_by", ""),
        reason=BackupReason(doc.get("reason", BackupReason.ASKED)),
        source=doc.get("source", ""),
        saved_as=doc.get("saved_as", ""),
        overwrite=doc.get("overwrite", False),
        losses=doc.get("losses", {}),
        version=int(item.version),
    )
