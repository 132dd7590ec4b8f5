"""Work on a tenant's data that goes page by page: exports, backups, and restorations of a backup.

A job survives any crash: what it has done so far is written down with each page, and a page that is done
again is the same page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum


class JobKind(StrEnum):
    """What a job makes; the value begins what names it in a tenant's open matters."""

    EXPORT = "export"
    BACKUP = "backup"
    RESTORATION = "restoration"


class JobStatus(StrEnum):
    """Where a job stands.

    running  pages are still to be done
    done     everything is there
    refused  a restoration that would have undone newer data, which nobody had said it may
    expired  the files of an export were deleted again
    """

    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"
    EXPIRED = "expired"


class BackupReason(StrEnum):
    """Why a backup was taken. An archive is what was there when a breach was found, kept until the purge."""

    ASKED = "asked"
    SCHEDULED = "scheduled"
    BEFORE_RESTORATION = "before_restoration"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class DataJob:
    """One export, backup or restoration. Instants are UTC; `version` rises with each change.

    `step` is the part that is being worked on, `after` how far it got within. `files`, `entries` and `size`
    (bytes) count what was written. `next_due_at` is when it has to be looked at next: while it runs at once,
    afterwards when an export's files end; None when nothing is left to do.

    `paid_by` is the order that an export or a restoration beyond what is free was paid with. `reason` is a
    backup's. The rest is a restoration's: from the backup `source`, after the present state was saved as
    `saved_as`; `overwrite` lets it undo what changed since, and `losses` counts that.
    """

    id: str
    tenant_id: str
    product: str
    kind: JobKind
    asked_at: datetime
    by: str
    step: str
    next_due_at: datetime | None
    status: JobStatus = JobStatus.RUNNING
    after: str = ""
    files: int = 0
    entries: int = 0
    size: int = 0
    done_at: datetime | None = None
    expires_at: datetime | None = None
    paid_by: str = ""
    reason: BackupReason = BackupReason.ASKED
    source: str = ""
    saved_as: str = ""
    overwrite: bool = False
    losses: Mapping[str, int] = field(default_factory=dict)
    version: int = 1

    @property
    def matter(self) -> str:
        """Names it among the tenant's open matters."""
        return f"{self.kind.value}:{self.id}"

    def moved(self, **changes: object) -> DataJob:
        """The job's next version."""
        return replace(self, version=self.version + 1, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file of an export or a backup: JSON Lines, sealed at rest. `sha256` is of the plain content."""

    tenant_id: str
    job_id: str
    number: int
    name: str
    entries: int
    size: int
    sha256: str


def add_file(job: DataJob, file: DataFile, **changes: object) -> DataJob:
    """The job with one more file written."""
    counted = replace(job, files=job.files + 1, entries=job.entries + file.entries, size=job.size + file.size)
    return counted.moved(**changes)
