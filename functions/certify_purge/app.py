"""Task of the purge machine: counts what is left, and certifies that it is nothing."""

from __future__ import annotations

from typing import Any

from mohlat import bootstrap
from mohlat.domain.tenant import iso
from mohlat.entrypoint import Event, task


@task
def lambda_handler(event: Event, context: Any) -> dict[str, object]:
    """When the purge was finished, and what each store gave up."""
    entry = bootstrap.shredder().certify(event["tenant_id"])
    return {
        "tenant_id": entry.tenant_id,
        "finished_at": iso(entry.finished_at) if entry.finished_at else None,
        "deleted": dict(entry.deleted),
    }
