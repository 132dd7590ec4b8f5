"""The test clock: moves time forward on a test stack, and everything that falls due on the way with it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from mohlat.application.ports import Clock, ClockOffsets, DueIndex, TestClock
from mohlat.domain.errors import InvalidInput

# Longer than this for one instant means that something is stuck: stop and let somebody look.
_PATIENCE_SECONDS = 60.0
_POLL_SECONDS = 0.1
# What is due at an instant gets done by itself once it was started; only what was lost needs another sweep.
_SWEEP_AGAIN_SECONDS = 3.0


def set_target(target: datetime, *, offsets: ClockOffsets, clock: Clock) -> TestClock:
    """Makes `target` what the clock is on its way to. Raises InvalidInput for the past."""
    if target < clock.now():
        raise InvalidInput("to", "lies in the past", now=clock.now().isoformat())
    known = offsets.read()
    moving = TestClock(known.offset_seconds, max(target, known.target or target))
    offsets.write(moving)
    return moving


def advance(
    *,
    offsets: ClockOffsets,
    due: DueIndex,
    clock: Clock,
    sweep: Callable[[], object],
    until: Callable[[], bool],
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> TestClock:
    """Walks to the target, stopping at everything due on the way, in order, each at its own moment.

    Sets the clock to the earliest instant in the due index, sweeps, waits until nothing of that instant is
    left, and goes on. `until` says when this run has to end (a worker lives minutes only); the answer's
    target is None once it is reached. Raises TimeoutError if something due does not get done.
    """
    while (state := offsets.read()).target is not None and not until():
        target = state.target
        item = due.earliest()
        stop = min(target, item.at) if item else target
        _set(offsets, clock, stop)
        if item is None or item.at > target:
            known = offsets.read()
            if known.target == target:
                offsets.write(TestClock(known.offset_seconds, None))
            continue
        began = swept = monotonic()
        sweep()
        while due.overdue(max(stop, clock.now()), limit=1):
            if monotonic() - began > _PATIENCE_SECONDS:
                raise TimeoutError(f"what was due at {item.at.isoformat()} is not getting done")
            if monotonic() - swept > _SWEEP_AGAIN_SECONDS:
                swept = monotonic()
                sweep()
            sleep(_POLL_SECONDS)
    return offsets.read()


def _set(offsets: ClockOffsets, clock: Clock, instant: datetime) -> None:
    ahead = instant - clock.now()
    if ahead > timedelta():
        # Read again: the target may have been moved on since.
        known = offsets.read()
        offsets.write(TestClock(known.offset_seconds + int(ahead.total_seconds()), known.target))
