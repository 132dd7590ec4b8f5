"""Task of the purge machine: empties one store of a tenant whose purge was committed."""

from __future__ import annotations

from typing import Any

from mohlat import bootstrap
from mohlat.domain.purge import Store
from mohlat.entrypoint import Event, task
from mohlat.observation import logger


@task
def lambda_handler(event: Event, context: Any) -> dict[str, object]:
    """How many items were deleted from the store; MoreToErase leaves while there are more."""
    store = Store(event["store"])
    entry = bootstrap.shredder().erase(event["tenant_id"], store)
    deleted = entry.deleted.get(store.value, 0)
    logger.info("store emptied", deleted=deleted)
    return {"tenant_id": entry.tenant_id, "store": store.value, "deleted": deleted}
