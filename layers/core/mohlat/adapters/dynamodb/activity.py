"""What users do with their records: sealed as the records are, and gone with them."""

from __future__ import annotations

import json

from pynamodb.attributes import BinaryAttribute

from mohlat.adapters.dynamodb.table import Item, absent, conditional, tenant_pk
from mohlat.adapters.sealing import Sealer
from mohlat.application.ports import Activity
from mohlat.domain.tenant import from_iso, iso

# Among the records, so that the purge counts and deletes it with them; `!` keeps it out of their pages.
_ACTIVITY = "RECORD!ACTIVITY#"


class ActivityItem(Item):
    """One line."""

    sealed = BinaryAttribute(legacy_encoding=False)


class DynamoActivityLog:
    """`ActivityLog` on the main table. Ids sort by time."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def note(self, activity: Activity) -> None:
        """Appends a line. Raises Gone once the tenant's key is."""
        sk = _ACTIVITY + activity.id
        said = {
            "by": activity.by,
            "what": activity.what,
            "record_id": activity.record_id,
            "at": iso(activity.at),
        }
        sealed = self._sealer.seal(activity.tenant_id, sk, json.dumps(said).encode())
        with conditional(tenant_id=activity.tenant_id):
            ActivityItem(tenant_pk(activity.tenant_id), sk, sealed=sealed).save(absent())

    def lines(self, tenant_id: str, before: str | None, limit: int) -> list[Activity]:
        """Up to `limit` lines older than the one of id `before`, the newest first, read consistently."""
        until = _ACTIVITY + (before or "~")
        found = ActivityItem.query(
            tenant_pk(tenant_id),
            ActivityItem.sk.between(_ACTIVITY, until),
            consistent_read=True,
            scan_index_forward=False,
            limit=limit + 1,
        )
        return [self._line(tenant_id, item) for item in found if item.sk != until][:limit]

    def _line(self, tenant_id: str, item: ActivityItem) -> Activity:
        said = json.loads(self._sealer.open(tenant_id, item.sk, item.sealed))
        return Activity(
            id=item.sk.removeprefix(_ACTIVITY),
            tenant_id=tenant_id,
            by=said["by"],
            what=said["what"],
            record_id=said["record_id"],
            at=from_iso(said["at"]),
        )
