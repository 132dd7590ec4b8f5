"""How many requests a tenant made in a window, beside its lines of the security log: it goes with them."""

from __future__ import annotations

from datetime import datetime, timedelta

from pynamodb.attributes import NumberAttribute
from pynamodb.connection import TableConnection

from mohlat.adapters.dynamodb.security_log import AUDIT, COUNT, security_table
from mohlat.adapters.dynamodb.table import Item
from mohlat.domain.tenant import iso

# Nobody asks for a count of the past; the table drops it by itself.
_KEPT = timedelta(hours=2)


class CountItem(Item):
    """One window's count. `expires_at` is in seconds since 1970."""

    used = NumberAttribute(default=0)
    expires_at = NumberAttribute()

    @classmethod
    def _get_connection(cls) -> TableConnection:
        return security_table()


class DynamoRequestCounts:
    """`RequestCounts` on the security log's table."""

    def add(self, subject: str, window: datetime, number: int, kind: str = "requests") -> int:
        """Adds to a window's count and says what it is then: one atomic write, whoever else adds."""
        item = CountItem(AUDIT + subject, f"{COUNT}{kind}#{iso(window)}")
        item.update(
            actions=[
                CountItem.used.add(number),
                CountItem.expires_at.set(int((window + _KEPT).timestamp())),
            ]
        )
        return int(item.used)
