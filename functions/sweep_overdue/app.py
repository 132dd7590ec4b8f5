"""On a schedule: whatever is overdue was lost, and is started again."""

from __future__ import annotations

from typing import Any

from mohlat import bootstrap
from mohlat.entrypoint import Event, task
from mohlat.measures import measure_open
from mohlat.observation import count, logger


@task
def lambda_handler(event: Event, context: Any) -> dict[str, int]:
    """Sweeps; says how much of each kind was overdue."""
    found = bootstrap.run_sweep()
    logger.info("swept", found=found)
    count("Overdue", sum(found.values()))
    if found["leak"]:
        logger.warning("a leak whose people were not told in time", cases=found["leak"])
        count("LeakOverdue", found["leak"])
    measure_open(bootstrap.open_matters())
    return found
