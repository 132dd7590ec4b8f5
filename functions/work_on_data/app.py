"""Task of the data job machine: takes an export, a backup or a restoration further."""

from __future__ import annotations

from typing import Any

from mohlat import bootstrap
from mohlat.domain.tenant import iso
from mohlat.entrypoint import Event, task
from mohlat.observation import logger


@task
def lambda_handler(event: Event, context: Any) -> dict[str, object]:
    """Whether nothing is left to do, and when to go on if something is."""
    job = bootstrap.data_worker().step(event["tenant_id"], event["job_id"])
    clock = bootstrap.clock()
    if job:
        logger.info(
            "data job", job_id=job.id, kind=job.kind.value, status=job.status.value, entries=job.entries
        )
    next_at = job.next_due_at if job else None
    return {
        "tenant_id": event["tenant_id"],
        "job_id": event["job_id"],
        "decided": next_at is None,
        "wake_at": iso(clock.wall(next_at or clock.now())),
    }
