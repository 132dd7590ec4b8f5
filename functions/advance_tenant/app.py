"""Task of the subscription machine: carries out what is due for a tenant, and says what to wait for next."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from mohlat import bootstrap
from mohlat.application.advance_tenant import advance_tenant, as_payload
from mohlat.entrypoint import Event, task


@task
def lambda_handler(event: Event, context: Any) -> dict[str, object]:
    """The execution's next state."""
    wake = advance_tenant(
        event["tenant_id"],
        event["generation"],
        event["deadline"],
        execution=event["execution"],
        started_at=datetime.fromisoformat(event["started_at"]),
        tenants=bootstrap.tenants(),
        dispatches=bootstrap.dispatches(),
        agreements=bootstrap.agreements(),
        workflows=bootstrap.workflows(),
        clock=bootstrap.clock(),
    )
    return as_payload(wake)
