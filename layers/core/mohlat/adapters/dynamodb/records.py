"""The tenants' own entries, sealed under the tenant's key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute

from mohlat.adapters.dynamodb.table import (
    TENANT,
    Item,
    conditional,
    present,
    tenant_of,
    tenant_pk,
    transaction,
)
from mohlat.adapters.sealing import Sealer
from mohlat.application.ports import Record
from mohlat.domain.errors import ConcurrentChange, NotFound
from mohlat.domain.tenant import from_iso, iso

RECORD = "RECORD#"
# What was overwritten under a legal hold: `!` comes before `#`, so that no page of records meets it.
_COPY = "RECORD!COPY#"
# What begins all of them.
ALL_RECORDS = "RECORD"
# `$` follows `#`: the first key behind every record's.
_AFTER_RECORDS = "RECORD$"


class RecordItem(Item):
    """One entry: its data sealed, its bookkeeping not."""

    sealed = BinaryAttribute(legacy_encoding=False)
    version = NumberAttribute()
    updated_at = UnicodeAttribute()


class TenantRow(Item):
    """The tenant, as far as a record depends on it."""

    version = NumberAttribute()


class DynamoRecords:
    """`Records` on the main table."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def put(self, tenant_id: str, record_id: str, data: Mapping[str, object], now: datetime) -> Record:
        """Stores a record in place of what was there; `version` counts writes. Raises Gone after a purge."""
        sk = RECORD + record_id
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        item = RecordItem(tenant_pk(tenant_id), sk)
        item.update(
            [
                RecordItem.sealed.set(self._sealer.seal(tenant_id, sk, text.encode())),
                RecordItem.updated_at.set(iso(now)),
                RecordItem.version.add(1),
            ]
        )
        return Record(tenant_id, record_id, data, int(item.version), now)

    def get(self, tenant_id: str, record_id: str) -> Record:
        """Read consistently. Raises NotFound."""
        try:
            item = RecordItem.get(tenant_pk(tenant_id), RECORD + record_id, consistent_read=True)
        except RecordItem.DoesNotExist:
            raise NotFound(tenant_id=tenant_id, record_id=record_id) from None
        return self._record(item)

    def page(self, tenant_id: str, after: str | None, limit: int) -> list[Record]:
        """Up to `limit` records whose id is above `after`, in order of id."""
        start = RECORD + (after or "")
        # A range includes its ends, and the next string after `after` cannot be named: ask for one more.
        found = RecordItem.query(
            tenant_pk(tenant_id),
            RecordItem.sk.between(start, _AFTER_RECORDS),
            consistent_read=True,
            limit=limit + 1,
        )
        return [self._record(item) for item in found if item.sk != start][:limit]

    def delete(self, tenant_id: str, record_id: str, tenant_version: int) -> None:
        """Deletes a record while its tenant is still at this version. Raises NotFound, ConcurrentChange."""
        pk = tenant_pk(tenant_id)
        try:
            with conditional(tenant_id=tenant_id, record_id=record_id), transaction() as write:
                write.condition_check(TenantRow, pk, TENANT, TenantRow.version == tenant_version)
                write.delete(RecordItem(pk, RECORD + record_id), present())
        except ConcurrentChange:
            self.get(tenant_id, record_id)
            raise

    def keep_copy(self, tenant_id: str, record_id: str) -> None:
        """Keeps what a record holds now beside it. Its seal is bound to the row that it was made for."""
        pk, sk = tenant_pk(tenant_id), RECORD + record_id
        try:
            item = RecordItem.get(pk, sk, consistent_read=True)
        except RecordItem.DoesNotExist:
            return
        copy = RecordItem(
            pk,
            f"{_COPY}{record_id}#{int(item.version):08d}",
            sealed=item.sealed,
            version=item.version,
            updated_at=item.updated_at,
        )
        copy.save()

    def _record(self, item: RecordItem) -> Record:
        tenant_id = tenant_of(item.pk)
        data = json.loads(self._sealer.open(tenant_id, item.sk, item.sealed))
        return Record(
            tenant_id, item.sk.removeprefix(RECORD), data, int(item.version), from_iso(item.updated_at)
        )
