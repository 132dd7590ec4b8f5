"""Task of the data_request machine: the operators are called before an answer is late, and once it is."""

from __future__ import annotations

from typing import Any

from mohlat import bootstrap
from mohlat.domain.data_requests import Due
from mohlat.domain.errors import Gone, NotFound
from mohlat.domain.tenant import iso
from mohlat.entrypoint import Event, task
from mohlat.observation import count, logger

_METRICS = {Due.ESCALATE: "DataRequestNearlyLate", Due.LATE: "DataRequestLate"}


@task
def lambda_handler(event: Event, context: Any) -> dict[str, object]:
    """Whether the request needs no more watching, and until when to wait if it does."""
    tenant_id, request_id = event["tenant_id"], event["request_id"]
    clock = bootstrap.clock()
    try:
        request, due = bootstrap.request_desk().ring(tenant_id, request_id)
        wakes_at = request.wakes_at
    except (Gone, NotFound):
        # It went with its tenant.
        wakes_at, due = None, None
    if due:
        logger.warning("data request", due=due.value, tenant_id=tenant_id, request_id=request_id)
        count(_METRICS[due])
    return {
        "tenant_id": tenant_id,
        "request_id": request_id,
        "decided": wakes_at is None,
        "wake_at": iso(clock.wall(wakes_at or clock.now())),
    }
