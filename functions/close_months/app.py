"""Every day: the month before this one is closed, if nobody has done so yet (SAMAN-4.6)."""

from __future__ import annotations

from typing import Any

from mohlat import bootstrap
from mohlat.entrypoint import Event, task
from mohlat.observation import logger


@task
def lambda_handler(event: Event, context: Any) -> dict[str, int]:
    """How many products' months were closed now."""
    closed = bootstrap.uptime_desk().close_last_months("system:months")
    for round in closed:
        logger.info("month closed", product=round.product, round_id=round.id)
    return {"closed": len(closed)}
