"""Purging: the ledger, which stays for ever, and the eraser, which leaves nothing else."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from itertools import islice

from pynamodb.attributes import NumberAttribute
from pynamodb.transactions import TransactWrite

from mohlat.adapters.dynamodb import consents, people
from mohlat.adapters.dynamodb.data_keys import DynamoWrappedKeys
from mohlat.adapters.dynamodb.records import ALL_RECORDS
from mohlat.adapters.dynamodb.security_log import count_lines, delete_lines
from mohlat.adapters.dynamodb.table import (
    TENANT,
    Document,
    DueItem,
    Item,
    absent,
    compact,
    conditional,
    count_in,
    delete_all,
    instead_of_the_main_table,
    keys_in,
    tenant_pk,
)
from mohlat.application.ports import ObjectStore
from mohlat.domain.certificate import Certificate
from mohlat.domain.errors import ConcurrentChange, InvalidInput, NotFound, PurgeRefused
from mohlat.domain.purge import CAP_REACHED, PurgeEntry, Store, demand_target
from mohlat.domain.tenant import from_iso, iso
from mohlat.settings import settings

LEDGER = "LEDGER#"
PURGE = "PURGE"
_PURGES = "PURGES#"
_COUNT = "COUNT"
# What the tenant's partition holds that belongs to the other stores.
_OTHER_STORES = (ALL_RECORDS, people.USER, people.CODE)


class LedgerItem(DueItem):
    """One purge, in the due index until it is finished."""

    version = NumberAttribute()
    doc = Document()


class ListedPurge(Item):
    """Leads from a day to a purge that was committed on it."""


class PurgeCount(Item):
    """How many purges were committed in an hour."""

    number = NumberAttribute()


def add_entry(write: TransactWrite, entry: PurgeEntry) -> None:
    """Adds a new entry, its place in the list of its day, and counts it against the hour's cap.

    The cap is a condition of the purge's own transaction: nothing that purges too much can get past it.
    """
    write.save(_item(entry), absent())
    write.save(ListedPurge(_PURGES + _day(entry.committed_at), entry.tenant_id), absent())
    write.update(
        PurgeCount(_PURGES + _hour(entry.committed_at), _COUNT),
        [PurgeCount.number.add(1)],
        PurgeCount.number.does_not_exist() | (PurgeCount.number < settings().purge_cap_per_hour),
    )


def check_cap(entry: PurgeEntry) -> None:
    """Raises PurgeRefused while the hour's cap is reached."""
    try:
        counted = PurgeCount.get(_PURGES + _hour(entry.committed_at), _COUNT, consistent_read=True).number
    except PurgeCount.DoesNotExist:
        return
    if counted >= settings().purge_cap_per_hour:
        raise PurgeRefused(tenant_id=entry.tenant_id, obstacles=[CAP_REACHED])


def in_ledger(tenant_id: str) -> bool:
    """Whether the tenant's purge was begun; read consistently."""
    try:
        LedgerItem.get(LEDGER + tenant_id, PURGE, consistent_read=True)
    except LedgerItem.DoesNotExist:
        return False
    return True


class DynamoPurgeLedger:
    """`PurgeLedger` on the main table."""

    def committed_on(self, day: str) -> list[str]:
        """The tenants whose purge was committed on a UTC day such as 2026-11-25, read consistently."""
        return list(keys_in(_PURGES + day))

    def get(self, tenant_id: str) -> PurgeEntry:
        """Read consistently. Raises NotFound."""
        try:
            return _entry(LedgerItem.get(LEDGER + tenant_id, PURGE, consistent_read=True))
        except LedgerItem.DoesNotExist:
            raise NotFound(tenant_id=tenant_id) from None

    def save(self, entry: PurgeEntry) -> None:
        """Writes a known entry's progress, conditional on the version before.

        Raises NotFound, ConcurrentChange.
        """
        try:
            with conditional(tenant_id=entry.tenant_id, version=entry.version):
                _item(entry).save(LedgerItem.version == entry.version - 1)
        except ConcurrentChange:
            self.get(entry.tenant_id)
            raise


class DynamoEraser:
    """`Eraser` on all tables and the bucket. law/retention.yaml says what stays, and why.

    Refuses a blank or malformed id.
    """

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def erase(self, tenant_id: str, store: Store, limit: int = 500) -> int:
        """Deletes up to `limit` items of the store and says how many; 0 when it is empty. Repeatable."""
        demand_target(tenant_id)
        pk = tenant_pk(tenant_id)
        match store:
            case Store.RECORDS:
                return delete_all((pk, sk) for sk in keys_in(pk, below=ALL_RECORDS, limit=limit))
            case Store.OBJECTS:
                return self._objects.erase(tenant_id, limit)
            case Store.USERS:
                return self._erase_users(tenant_id, limit)
            case Store.SECURITY_LOG:
                return delete_lines(tenant_id, limit)
            case Store.TENANT:
                return consents.erase_listing(tenant_id) or self._erase_tenant(pk, limit)
            case Store.KEY:
                return DynamoWrappedKeys().destroy(tenant_id)

    def count(self, tenant_id: str, store: Store) -> int:
        """How many items the store still holds, read consistently."""
        demand_target(tenant_id)
        pk = tenant_pk(tenant_id)
        match store:
            case Store.RECORDS:
                return count_in(pk, ALL_RECORDS)
            case Store.USERS:
                identities = people.existing(people.identities_of(tenant_id))
                return len(identities) + count_in(pk, people.USER) + count_in(pk, people.CODE)
            case Store.OBJECTS:
                return self._objects.count(tenant_id)
            case Store.SECURITY_LOG:
                return count_lines(tenant_id)
            case Store.TENANT:
                others = sum(count_in(pk, other) for other in _OTHER_STORES)
                return count_in(pk) - others + consents.count_listing(tenant_id)
            case Store.KEY:
                return DynamoWrappedKeys().count(tenant_id)

    def _erase_users(self, tenant_id: str, limit: int) -> int:
        # Identities before the rows that name them: cut off in between, the next call still finds them.
        identities = people.existing(people.identities_of(tenant_id))
        if identities:
            return delete_all(identities[:limit])
        pk = tenant_pk(tenant_id)
        rows = [*keys_in(pk, below=people.USER, limit=limit), *keys_in(pk, below=people.CODE, limit=limit)]
        return delete_all((pk, sk) for sk in rows[:limit])

    def _erase_tenant(self, pk: str, limit: int) -> int:
        mine = (sk for sk in keys_in(pk) if sk != TENANT and not sk.startswith(_OTHER_STORES))
        # The tenant itself last: while anything is left, it says that it is purged.
        return delete_all((pk, sk) for sk in islice(mine, limit)) or delete_all(
            (pk, sk) for sk in keys_in(pk, below=TENANT, limit=limit)
        )


class DynamoRestoredTable:
    """`RestoredTable` by its name. Raises InvalidInput for a blank one, and for the table in use."""

    def __init__(self, name: str) -> None:
        if not name or name == settings().tenants_table:
            raise InvalidInput("table", "must be a restored one, not the one in use")
        self._name = name

    def purge_again(self, entry: PurgeEntry) -> int:
        """Deletes the tenant's partition and what leads to it, and writes the entry; says how many went."""
        demand_target(entry.tenant_id)
        pk = tenant_pk(entry.tenant_id)
        with instead_of_the_main_table(self._name):
            # The ledger first, as ever: from here on the tenant is gone, whatever happens.
            _item(entry).save()
            ListedPurge(_PURGES + _day(entry.committed_at), entry.tenant_id).save()
            identities = people.existing(people.identities_of(entry.tenant_id))
            gone = delete_all(identities) + consents.erase_listing(entry.tenant_id)
            return gone + delete_all((pk, sk) for sk in keys_in(pk))

    def count(self, tenant_id: str) -> int:
        """How many items it still holds of a tenant, besides the purge's own."""
        with instead_of_the_main_table(self._name):
            return count_in(tenant_pk(tenant_id))


def _day(instant: datetime) -> str:
    return iso(instant)[:10]


def _hour(instant: datetime) -> str:
    return iso(instant)[:13]


def _item(entry: PurgeEntry) -> LedgerItem:
    doc = compact(
        {
            "product": entry.product,
            "clause": entry.clause,
            "why": entry.why,
            "committed_at": iso(entry.committed_at),
            "journal_head": entry.journal_head,
            "journal_length": entry.journal_length,
            "events": list(entry.events),
            "deleted": dict(entry.deleted),
            "left": dict(entry.left),
            "finished_at": iso(entry.finished_at) if entry.finished_at else None,
            "certificate": asdict(entry.certificate) if entry.certificate else None,
        }
    )
    item = LedgerItem(LEDGER + entry.tenant_id, PURGE, version=entry.version, doc=doc)
    item.set_due(entry.tenant_id, entry.next_due_at)
    return item


def _entry(item: LedgerItem) -> PurgeEntry:
    doc = item.doc
    return PurgeEntry(
        tenant_id=item.pk.removeprefix(LEDGER),
        product=doc["product"],
        clause=doc.get("clause", ""),
        why=doc.get("why", ""),
        committed_at=from_iso(doc["committed_at"]),
        journal_head=doc.get("journal_head", ""),
        journal_length=doc.get("journal_length", 0),
        events=tuple(doc.get("events", ())),
        deleted=doc.get("deleted", {}),
        left=doc.get("left", {}),
        finished_at=from_iso(doc["finished_at"]) if "finished_at" in doc else None,
        next_due_at=from_iso(item.next_due_at) if item.next_due_at else None,
        certificate=Certificate(**doc["certificate"]) if "certificate" in doc else None,
        version=int(item.version),
    )
