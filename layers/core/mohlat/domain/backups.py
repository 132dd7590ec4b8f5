"""Backups and their restoration (CLUB-5): to the nearest one before a moment, saying which and what is lost.

While a backup is restored the records can be read and not written: nothing that is done meanwhile is lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from mohlat.domain.agreement import Agreement, BackupRule
from mohlat.domain.data_jobs import BackupReason, DataJob, JobKind, JobStatus
from mohlat.domain.errors import Conflict, NotFound
from mohlat.domain.lifecycle import Event, Transition, move, service_notice
from mohlat.domain.notices import NoticeKind
from mohlat.domain.tenant import Tenant, iso

# A write that was let in just before a restoration began has ended by then: no function runs longer.
SETTLING = timedelta(seconds=30)


def new_backup(id: str, tenant: Tenant, reason: BackupReason, now: datetime, by: str) -> DataJob:
    """A backup that begins now."""
    return DataJob(
        id=id,
        tenant_id=tenant.id,
        product=tenant.product,
        kind=JobKind.BACKUP,
        asked_at=now,
        by=by,
        step="records",
        next_due_at=now,
        reason=reason,
    )


def backup_rule(agreement: Agreement) -> BackupRule:
    """What the agreement says of backups. Raises Conflict where it has none."""
    if agreement.backups is None:
        raise Conflict("this agreement has no backups")
    return agreement.backups


def nearest(backups: Iterable[DataJob], before: datetime) -> DataJob:
    """The newest backup that was complete at `before`. Raises NotFound.

    What was saved before a restoration is none of them: it holds the very damage, and is asked for by its id.
    """
    complete = [
        backup
        for backup in backups
        if backup.status is JobStatus.DONE
        and backup.reason in (BackupReason.ASKED, BackupReason.SCHEDULED)
        and backup.done_at
        and backup.done_at <= before
    ]
    if not complete:
        raise NotFound("there is no backup from before that", before=iso(before))
    return max(complete, key=lambda backup: (backup.asked_at, backup.id))


def by_id(backups: Iterable[DataJob], backup_id: str) -> DataJob:
    """The backup of this id, if it is complete. Raises NotFound."""
    for backup in backups:
        if backup.id == backup_id and backup.status is JobStatus.DONE:
            return backup
    raise NotFound(backup_id=backup_id)


def superfluous(backups: Iterable[DataJob], keep: int) -> list[DataJob]:
    """Those beyond the newest `keep` that are complete, oldest first. Archives stay."""
    complete = sorted(
        (
            backup
            for backup in backups
            if backup.status is JobStatus.DONE and backup.reason is not BackupReason.ARCHIVED
        ),
        key=lambda backup: (backup.asked_at, backup.id),
    )
    return complete[:-keep]


def _facts(restoration: DataJob, backup: DataJob) -> dict[str, str | int]:
    facts: dict[str, str | int] = {
        "restoration_id": restoration.id,
        "backup_id": backup.id,
        "of": iso(backup.asked_at),
    }
    return facts | ({"order_id": restoration.paid_by} if restoration.paid_by else {})


def begin_restoration(
    tenant: Tenant, agreement: Agreement, restoration: DataJob, backup: DataJob
) -> Transition:
    """A backup is to be restored. Raises Gone, Conflict while another restoration is under way."""
    if any(matter.startswith(f"{JobKind.RESTORATION.value}:") for matter in tenant.open_matters):
        raise Conflict("a restoration is under way already")
    return move(
        tenant,
        Event.RESTORATION_BEGUN,
        restoration.asked_at,
        restoration.by,
        "damaged data is to be taken from a backup",
        backup_rule(agreement).basis.cite(),
        facts=_facts(restoration, backup),
        open_matters=tenant.open_matters | {restoration.matter},
    )


def refused_for_newer_data(restoration: DataJob) -> bool:
    """Whether it would undo what changed since the backup, without having been told that it may."""
    return any(restoration.losses.values()) and not restoration.overwrite


def finish_restoration(
    tenant: Tenant, agreement: Agreement, restoration: DataJob, backup: DataJob, now: datetime
) -> tuple[Transition, DataJob]:
    """It ends: the records are as the backup has them, or nothing was touched because of newer data."""
    refused = refused_for_newer_data(restoration)
    clause = backup_rule(agreement).basis.cite()
    facts = _facts(restoration, backup) | losses_of(restoration)
    notice = service_notice(tenant, agreement, NoticeKind.DATA_RESTORED, backup.asked_at, clause, facts)
    transition = move(
        tenant,
        Event.RESTORATION_REFUSED if refused else Event.RESTORED,
        now,
        restoration.by,
        "what changed since the backup would be lost" if refused else "the backup was restored",
        clause,
        notices=() if refused else (notice,),
        facts=facts,
        open_matters=tenant.open_matters - {restoration.matter},
    )
    done = restoration.moved(
        status=JobStatus.REFUSED if refused else JobStatus.DONE,
        step="",
        after="",
        done_at=now,
        next_due_at=None,
    )
    return transition, done


def losses_of(restoration: DataJob) -> dict[str, str | int]:
    """How many records were added, changed and deleted since the backup."""
    return {name: restoration.losses.get(name, 0) for name in ("added", "changed", "deleted")}
