"""After a restore: what was purged since then is purged again, so that it stays purged (invariant 11)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from mohlat.application.ports import PurgeLedger, RestoredTable
from mohlat.application.purge_tenant import LeftBehind
from mohlat.domain.errors import InvalidInput


class PurgeReplay:
    """Applies the purges of the living ledger to a restored table. Repeatable, and safe to cut off."""

    def __init__(self, *, ledger: PurgeLedger, restored: RestoredTable) -> None:
        self._ledger = ledger
        self._restored = restored

    def run(self, since: str, until: str) -> dict[str, int]:
        """Replays the purges committed from one UTC day to another, both counted.

        Begin with the day of the moment that was restored: what was purged before it is not in the table.
        Raises InvalidInput; LeftBehind if a tenant's partition is not empty afterwards.
        """
        purges = items = 0
        for day in _days(since, until):
            for tenant_id in self._ledger.committed_on(day):
                items += self._restored.purge_again(self._ledger.get(tenant_id))
                if left := self._restored.count(tenant_id):
                    raise LeftBehind(tenant_id=tenant_id, left={"tenant": left})
                purges += 1
        return {"purges": purges, "items": items}


def _days(since: str, until: str) -> Iterator[str]:
    day, last = _day(since, "since"), _day(until, "until")
    if last < day:
        raise InvalidInput("until", "lies before since")
    while day <= last:
        yield day.isoformat()
        day += timedelta(days=1)


def _day(text: str, name: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(name, "not a day such as 2027-01-22") from None
