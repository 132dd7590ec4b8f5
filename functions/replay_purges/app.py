"""Called by hand after a restore: deletes from a restored table again what was deleted since that moment.

`{"table": "<the restored table>", "since": "2027-01-22", "until": "2027-01-25"}`, days in UTC, both counted.
"""

from __future__ import annotations

from typing import Any

from mohlat import bootstrap
from mohlat.entrypoint import Event, task
from mohlat.observation import logger


@task
def lambda_handler(event: Event, context: Any) -> dict[str, int]:
    """How many purges were replayed, and how many items that deleted."""
    done = bootstrap.purge_replay(event["table"]).run(event["since"], event["until"])
    logger.info("purges replayed", purges=done["purges"], items=done["items"])
    return done
