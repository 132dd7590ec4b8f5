"""The due index: 16 shards, so that 100,000 deadlines at one instant do not meet in one partition."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from pynamodb.attributes import UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from mohlat.adapters.dynamodb.data_jobs import BACKUP_PLAN, JOB
from mohlat.adapters.dynamodb.data_requests import REQUEST
from mohlat.adapters.dynamodb.leaks import LEAKS
from mohlat.adapters.dynamodb.money import MONEY, payer_of
from mohlat.adapters.dynamodb.payments import PAYMENT
from mohlat.adapters.dynamodb.purge import LEDGER, PURGE
from mohlat.adapters.dynamodb.refunds import REFUND
from mohlat.adapters.dynamodb.service import LANE, SERVICE, service_due
from mohlat.adapters.dynamodb.table import DUE_INDEX, SHARDS, TENANT, Item, connection, tenant_of
from mohlat.adapters.dynamodb.tenants import JOURNAL
from mohlat.adapters.dynamodb.tickets import TICKET
from mohlat.application.ports import DueItem, DueKind
from mohlat.domain.tenant import from_iso, iso

_SIDE_BY_SIDE = 8


class _DueView(GlobalSecondaryIndex["DueRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = DUE_INDEX
        projection = KeysOnlyProjection()

    due_shard = UnicodeAttribute(hash_key=True)
    next_due_at = UnicodeAttribute(range_key=True)


class DueRow(Item):
    """What the index shows of any item that stands in it."""

    due_shard = UnicodeAttribute()
    next_due_at = UnicodeAttribute()
    due = _DueView()


class DynamoDueIndex:
    """`DueIndex` on the main table's index. The index follows the table within moments, not at once."""

    def overdue(self, until: datetime, limit: int = 1000) -> list[DueItem]:
        """What was due at or before `until`, from all shards, oldest first."""

        def of(shard: str) -> list[DueItem]:
            found = DueRow.due.query(shard, DueRow.next_due_at <= iso(until), limit=limit)
            return [_due(row) for row in found]

        return sorted(_from_all_shards(of), key=_order)[:limit]

    def earliest(self) -> DueItem | None:
        """What falls due first of all."""

        def of(shard: str) -> list[DueItem]:
            return [_due(row) for row in DueRow.due.query(shard, limit=1)]

        return min(_from_all_shards(of), key=_order, default=None)


def _from_all_shards(ask: Callable[[str], list[DueItem]]) -> Iterator[DueItem]:
    # The client is made before the threads share it.
    connection()
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        for items in pool.map(ask, SHARDS):
            yield from items


def _order(item: DueItem) -> tuple[datetime, str, int]:
    return item.at, item.id, item.seq


def _due(row: DueRow) -> DueItem:
    at = from_iso(row.next_due_at)
    if row.sk == PAYMENT:
        return DueItem(DueKind.PAYMENT, row.pk.removeprefix(f"{PAYMENT}#"), at)
    if row.sk == PURGE:
        return DueItem(DueKind.PURGE, row.pk.removeprefix(LEDGER), at)
    if row.pk.startswith(LEAKS):
        return DueItem(DueKind.LEAK, row.sk, at, product=row.pk.removeprefix(LEAKS))
    if row.pk.startswith(MONEY):
        return _due_money(row, at)
    if row.sk == LANE or row.pk.startswith(SERVICE):
        return service_due(row.pk, row.sk, at)
    if row.sk == TENANT:
        return DueItem(DueKind.TENANT, tenant_of(row.pk), at)
    if row.sk == BACKUP_PLAN:
        return DueItem(DueKind.BACKUP_PLAN, tenant_of(row.pk), at)
    if row.sk.startswith(JOB):
        return DueItem(DueKind.DATA_JOB, row.sk.removeprefix(JOB), at, tenant_id=tenant_of(row.pk))
    if row.sk.startswith(REQUEST):
        return DueItem(DueKind.REQUEST, row.sk.removeprefix(REQUEST), at, tenant_id=tenant_of(row.pk))
    return DueItem(DueKind.ENTRY, tenant_of(row.pk), at, int(row.sk.removeprefix(JOURNAL)))


def _due_money(row: DueRow, at: datetime) -> DueItem:
    if row.sk.startswith(REFUND):
        return DueItem(DueKind.REFUND, row.sk.removeprefix(REFUND), at, tenant_id=payer_of(row.pk))
    return DueItem(DueKind.TICKET, row.sk.removeprefix(TICKET), at, tenant_id=payer_of(row.pk))
