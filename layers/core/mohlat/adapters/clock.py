"""Where "now" comes from: the machine's clock, or that clock with the test clock's offset."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mohlat.application.ports import Clock, ClockOffsets


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant, UTC, whole seconds."""
        return datetime.now(UTC).replace(microsecond=0)

    def wall(self, instant: datetime) -> datetime:
        """The same instant: this clock is the wall's."""
        return instant


class OffsetClock:
    """Runs ahead of `base` by the stored offset, read anew each time: it moves under warm workers."""

    def __init__(self, offsets: ClockOffsets, base: Clock | None = None) -> None:
        self._offsets = offsets
        self._base = base or SystemClock()

    def now(self) -> datetime:
        """The present instant by the test clock, UTC, whole seconds."""
        return self._base.now() + self._offset()

    def wall(self, instant: datetime) -> datetime:
        """The wall-clock instant at which `now` will be `instant` if the offset stays."""
        return self._base.wall(instant - self._offset())

    def _offset(self) -> timedelta:
        return timedelta(seconds=self._offsets.read().offset_seconds)
