"""Task of the purge machine: empties stores of a tenant whose purge was committed."""

from __future__ import annotations

from typing import Any

from mohlat import bootstrap
from mohlat.domain.purge import Store
from mohlat.entrypoint import Event, task
from mohlat.observation import logger


@task
def lambda_handler(event: Event, context: Any) -> dict[str, object]:
    """How many items were deleted, by store; MoreToErase leaves while there are more."""
    stores = [Store(name) for name in event["stores"]]
    entry = bootstrap.shredder().erase(event["tenant_id"], *stores)
    deleted = {store.value: entry.deleted.get(store.value, 0) for store in stores}
    logger.info("stores emptied", deleted=deleted)
    return {"tenant_id": entry.tenant_id, "deleted": deleted}
