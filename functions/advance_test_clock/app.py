"""Invoked by set_test_clock: walks the test clock to its target, past everything due on the way."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from mohlat import bootstrap
from mohlat.application.test_clock import advance
from mohlat.domain.errors import Conflict
from mohlat.entrypoint import Event, task
from mohlat.observation import logger

# One instant's work may take a minute: what is begun must be finished before Lambda ends the run.
_RESERVE_MILLISECONDS = 75_000


@task
def lambda_handler(event: Event, context: Any) -> dict[str, bool]:
    """Goes as far as its time allows, then hands on to a fresh run."""
    try:
        state = advance(
            offsets=bootstrap.clock_offsets(),
            due=bootstrap.due_index(),
            clock=bootstrap.clock(),
            sweep=lambda: bootstrap.run_sweep(timedelta()),
            until=lambda: context.get_remaining_time_in_millis() < _RESERVE_MILLISECONDS,
        )
    except Conflict:
        logger.info("another run is moving the clock")
        return {"ready": False}
    if state.target:
        bootstrap.move_test_clock()
    return {"ready": state.target is None}
