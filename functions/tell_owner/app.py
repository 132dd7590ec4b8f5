"""Task of the purge machine: the last message, before the contact goes."""

from __future__ import annotations

from typing import Any

from mohlat import bootstrap
from mohlat.application.purge_tenant import tell_owner
from mohlat.entrypoint import Event, task


@task
def lambda_handler(event: Event, context: Any) -> dict[str, str]:
    """Whether the owner was told, or was out of reach already."""
    told = tell_owner(
        event["tenant_id"],
        ledger=bootstrap.purge_ledger(),
        certificates=bootstrap.certificate_desk(),
        tenants=bootstrap.tenants(),
        agreements=bootstrap.agreements(),
        sender=bootstrap.sender(),
    )
    return {"tenant_id": event["tenant_id"], "owner": told}
