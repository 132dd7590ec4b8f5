"""How exports, backups and restorations look in JSON."""

from __future__ import annotations

from collections.abc import Iterable

from mohlat.domain.backups import losses_of
from mohlat.domain.data_jobs import DataFile, DataJob, JobStatus
from mohlat.presentation.views import Json, at


def _job(job: DataJob, language: str) -> Json:
    return {
        "status": job.status.value,
        **at("asked_at", job.asked_at, language),
        **at("done_at", job.done_at, language),
    }


def _size(job: DataJob) -> Json:
    return {"entries": job.entries, "bytes": job.size}


def export(job: DataJob, language: str, files: Iterable[DataFile] | None = None) -> Json:
    """An export, how far it is, and its files where they are asked for."""
    shown = {
        "export_id": job.id,
        **_job(job, language),
        **_size(job),
        "paid_by": job.paid_by or None,
        **at("expires_at", job.expires_at, language),
    }
    if files is not None:
        shown["files"] = [
            {"name": file.name, "lines": file.entries, "bytes": file.size, "sha256": file.sha256}
            for file in files
        ]
    return shown


def backup(job: DataJob, language: str) -> Json:
    """A backup: what it holds is what there was between asking and done."""
    return {"backup_id": job.id, **_job(job, language), **_size(job), "reason": job.reason.value}


def restoration(job: DataJob, source: DataJob | None, language: str) -> Json:
    """A restoration: which backup it is from, where the state before it was saved, and what it undid, or
    would have.
    """
    return {
        "restoration_id": job.id,
        **_job(job, language),
        "backup_id": job.source,
        **at("backup_taken_at", source.asked_at if source else None, language),
        "saved_as": job.saved_as if job.status is JobStatus.DONE else None,
        "overwrite": job.overwrite,
        "losses": losses_of(job),
    }
