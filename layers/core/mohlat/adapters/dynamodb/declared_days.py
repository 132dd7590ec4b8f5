"""Declared holidays and working days, in one partition for each product."""

from __future__ import annotations

from datetime import date

from pynamodb.attributes import UnicodeAttribute

from mohlat.adapters.dynamodb.table import Item
from mohlat.domain.tenant import from_iso, iso
from mohlat.domain.working_time import DayKind, DeclaredDay

_DAYS = "DAYS#"


class DayItem(Item):
    """One declared day; its sort key is the date."""

    kind = UnicodeAttribute()
    reason = UnicodeAttribute()
    by = UnicodeAttribute()
    at = UnicodeAttribute()


class DynamoDeclaredDays:
    """`DeclaredDays` on the main table."""

    def of(self, product: str) -> list[DeclaredDay]:
        """All of a product, by day, read consistently."""
        return [_day(item) for item in DayItem.query(_DAYS + product, consistent_read=True)]

    def put(self, day: DeclaredDay) -> None:
        """Declares a day, in place of what was declared of it before."""
        DayItem(
            _DAYS + day.product,
            day.day.isoformat(),
            kind=day.kind.value,
            reason=day.reason,
            by=day.by,
            at=iso(day.at),
        ).save()


def _day(item: DayItem) -> DeclaredDay:
    return DeclaredDay(
        product=item.pk.removeprefix(_DAYS),
        day=date.fromisoformat(item.sk),
        kind=DayKind(item.kind),
        reason=item.reason,
        by=item.by,
        at=from_iso(item.at),
    )
