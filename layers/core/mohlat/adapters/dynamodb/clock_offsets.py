"""Where the test clock's offset is kept."""

from __future__ import annotations

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from mohlat.adapters.dynamodb.table import Item, absent, conditional
from mohlat.application.ports import TestClock
from mohlat.domain.errors import ConcurrentChange, Conflict
from mohlat.domain.tenant import from_iso, iso

_CLOCK = "CLOCK"


class ClockItem(Item):
    """The one clock of a deployment."""

    offset_seconds = NumberAttribute()
    target = UnicodeAttribute(null=True)


class DynamoClockOffsets:
    """`ClockOffsets` on the main table."""

    def read(self) -> TestClock:
        """The offset and what the clock is on its way to; read consistently."""
        try:
            item = ClockItem.get(_CLOCK, _CLOCK, consistent_read=True)
        except ClockItem.DoesNotExist:
            return TestClock()
        return TestClock(int(item.offset_seconds), from_iso(item.target) if item.target else None)

    def write(self, clock: TestClock) -> None:
        """Stores it; an offset never shrinks (raises Conflict)."""
        item = ClockItem(
            _CLOCK,
            _CLOCK,
            offset_seconds=clock.offset_seconds,
            target=iso(clock.target) if clock.target else None,
        )
        try:
            with conditional():
                item.save(absent() | (ClockItem.offset_seconds <= clock.offset_seconds))
        except ConcurrentChange:
            raise Conflict("the clock never goes back", offset_seconds=clock.offset_seconds) from None
