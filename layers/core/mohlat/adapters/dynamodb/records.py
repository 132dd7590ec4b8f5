"""The tenants' own entries, sealed under the tenant's key; where they are tracked, with the feed that devices
read and the keyed hashes that they are found by.

All tracked writes of a tenant go through its feed's last place, so that places are taken in the order of
commits: whoever reads the feed from a place on misses nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.transactions import TransactWrite

from mohlat.adapters.dynamodb.table import (
    TENANT,
    Document,
    Item,
    conditional,
    fetch_all,
    present,
    tenant_of,
    tenant_pk,
    transaction,
)
from mohlat.adapters.sealing import Sealer
from mohlat.application.ports import Record, Tracking, Written
from mohlat.domain.errors import ConcurrentChange, NotFound
from mohlat.domain.synchronization import Change, Copy, State, decide, search_key
from mohlat.domain.tenant import from_iso, iso

RECORD = "RECORD#"
# `!` comes before `#`, so that no page of records meets what belongs to them.
# What was overwritten under a legal hold.
_COPY = "RECORD!COPY#"
# What was put aside because somebody had not seen it.
_ASIDE = "RECORD!ASIDE#"
_FEED = "RECORD!FEED#"
_FIND = "RECORD!FIND#"
_LAST = "RECORD!LAST"
# What begins all of them.
ALL_RECORDS = "RECORD"
# `$` follows `#`: the first key behind every record's.
_AFTER_RECORDS = "RECORD$"
# Writes through the API: later than whatever a device did in the same second.
_API = "~api"


class RecordItem(Item):
    """One entry: its data sealed, its bookkeeping not. Without data it was deleted, and tells devices so."""

    sealed = BinaryAttribute(legacy_encoding=False, null=True)
    version = NumberAttribute()
    updated_at = UnicodeAttribute()
    stamp = UnicodeAttribute(null=True)
    seq = NumberAttribute(null=True)
    tracked = Document(null=True)


class SealedItem(Item):
    """Content that was put aside."""

    sealed = BinaryAttribute(legacy_encoding=False)


class PointerItem(Item):
    """Leads to a record: from its place in the feed, or from what it is found by."""

    record_id = UnicodeAttribute()


class LastItem(Item):
    """The last place of a tenant's feed."""

    number = NumberAttribute()


class TenantRow(Item):
    """The tenant, as far as a record depends on it."""

    version = NumberAttribute()


class DynamoRecords:
    """`Records` on the main table."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def put(
        self,
        tenant_id: str,
        record_id: str,
        data: Mapping[str, object],
        now: datetime,
        tracking: Tracking | None = None,
    ) -> Record:
        """Stores a record in place of what was there; `version` counts writes. Raises Gone after a purge."""
        if tracking:
            state = self._direct(tenant_id, record_id, data, now, tracking)
            return Record(tenant_id, record_id, data, state.version, now)
        sk = RECORD + record_id
        item = RecordItem(tenant_pk(tenant_id), sk)
        item.update(
            [
                RecordItem.sealed.set(self._seal(tenant_id, sk, data)),
                RecordItem.updated_at.set(iso(now)),
                RecordItem.version.add(1),
            ]
        )
        return Record(tenant_id, record_id, data, int(item.version), now)

    def get(self, tenant_id: str, record_id: str) -> Record:
        """Read consistently. Raises NotFound, also for one that was deleted."""
        item = self._item(tenant_id, record_id)
        if item is None or item.sealed is None:
            raise NotFound(tenant_id=tenant_id, record_id=record_id)
        return self._record(item)

    def page(self, tenant_id: str, after: str | None, limit: int) -> list[Record]:
        """Up to `limit` records whose id is above `after`, in order of id."""
        start = RECORD + (after or "")
        # A range includes its ends, and the next string after `after` cannot be named: ask for one more.
        found = RecordItem.query(
            tenant_pk(tenant_id),
            RecordItem.sk.between(start, _AFTER_RECORDS),
            consistent_read=True,
            page_size=limit + 1,
        )
        living = (item for item in found if item.sk != start and item.sealed is not None)
        return [self._record(item) for item in islice(living, limit)]

    def delete(
        self,
        tenant_id: str,
        record_id: str,
        tenant_version: int,
        now: datetime,
        tracking: Tracking | None = None,
    ) -> None:
        """Deletes a record while its tenant is still at this version. Raises NotFound, ConcurrentChange."""
        if tracking:
            self.get(tenant_id, record_id)
            self._direct(tenant_id, record_id, None, now, tracking, tenant_version)
            return
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
        item = self._item(tenant_id, record_id)
        if item is None or item.sealed is None:
            return
        copy = RecordItem(
            item.pk,
            f"{_COPY}{record_id}#{int(item.version):08d}",
            sealed=item.sealed,
            version=item.version,
            updated_at=item.updated_at,
        )
        copy.save()

    # --- tracked ------------------------------------------------------------------------------------------

    def states(self, tenant_id: str, record_ids: Sequence[str]) -> tuple[dict[str, State], int]:
        """The states of those that there are or were, and the feed's last place; read consistently.

        The place first: what is written between the two reads has moved it, and is noticed by `apply`.
        """
        pk = tenant_pk(tenant_id)
        try:
            last = int(LastItem.get(pk, _LAST, consistent_read=True).number)
        except LastItem.DoesNotExist:
            last = 0
        keys = [(pk, RECORD + record_id) for record_id in dict.fromkeys(record_ids)]
        found = fetch_all(RecordItem, keys)
        return {state.record_id: state for state in map(self._state, found)}, last

    def apply(
        self,
        tenant_id: str,
        written: Sequence[Written],
        last: int,
        tenant_version: int | None,
        tracking: Tracking,
    ) -> None:
        """Writes states in one transaction, in the places of the feed that follow `last`.

        Raises ConcurrentChange if somebody wrote since, or the tenant moved; Gone after a purge.
        """
        pk = tenant_pk(tenant_id)
        with conditional(tenant_id=tenant_id), transaction() as write:
            if tenant_version is not None:
                write.condition_check(TenantRow, pk, TENANT, TenantRow.version == tenant_version)
            unmoved = LastItem.number == last if last else LastItem.number.does_not_exist()
            write.update(LastItem(pk, _LAST), [LastItem.number.set(last + len(written))], unmoved)
            for seq, each in enumerate(written, start=last + 1):
                self._write(write, pk, each, seq, tracking)

    def _write(self, write: TransactWrite, pk: str, written: Written, seq: int, tracking: Tracking) -> None:
        state, tenant_id = written.state, tenant_of(pk)
        sk = RECORD + state.record_id
        finders = self._finders(tenant_id, state, tracking)
        item = RecordItem(
            pk,
            sk,
            sealed=self._seal(tenant_id, sk, state.data) if state.data is not None else None,
            version=state.version,
            updated_at=iso(state.updated_at),
            stamp=state.stamp,
            seq=seq,
            tracked={"recent": list(state.recent), "finders": finders},
        )
        write.save(item)
        write.save(PointerItem(pk, _feed_sk(seq), record_id=state.record_id))
        if state.seq:
            write.delete(PointerItem(pk, _feed_sk(state.seq)))
        for finder in finders:
            write.save(PointerItem(pk, finder, record_id=state.record_id))
        for stale in set(state.finders) - set(finders):
            write.delete(PointerItem(pk, stale))
        for copy in written.copies:
            aside = f"{_ASIDE}{copy.record_id}#{copy.stamp}"
            write.save(SealedItem(pk, aside, sealed=self._seal(tenant_id, aside, copy.data)))

    def _finders(self, tenant_id: str, state: State, tracking: Tracking) -> list[str]:
        """The sort keys by which a record is found."""
        found = [
            (field, search_key(state.data[field]))
            for field in tracking.search
            if state.data is not None and field in state.data
        ]
        return [self._finder(tenant_id, field, key) + state.record_id for field, key in found if key]

    def _finder(self, tenant_id: str, field: str, key: str) -> str:
        return f"{_FIND}{self._sealer.fingerprint(tenant_id, f'{field} {key}')}#"

    def _direct(
        self,
        tenant_id: str,
        record_id: str,
        data: Mapping[str, object] | None,
        now: datetime,
        tracking: Tracking,
        tenant_version: int | None = None,
    ) -> State:
        """A write through the API: it has seen what there is, and comes last in its second."""
        states, last = self.states(tenant_id, (record_id,))
        state = states.get(record_id)
        number = state.version + 1 if state else 1
        change = Change(_API, f"{number:010d}", record_id, now, data, seen=state.stamp if state else "")
        after = decide(state, change, now).state
        assert after
        self.apply(tenant_id, (Written(after),), last, tenant_version, tracking)
        return after

    def feed(self, tenant_id: str, after: int, limit: int) -> list[State]:
        """Up to `limit` states whose place in the feed is above `after`, in order, read consistently."""
        pk = tenant_pk(tenant_id)
        found = PointerItem.query(
            pk,
            PointerItem.sk.between(_feed_sk(after + 1), f"{_FEED}~"),
            consistent_read=True,
            limit=limit,
        )
        ids = [pointer.record_id for pointer in found]
        states, _ = self.states(tenant_id, ids) if ids else ({}, 0)
        # One that was written between the two reads has a later place by now: it comes there.
        return sorted((states[each] for each in ids if each in states), key=lambda state: state.seq)

    def copies(self, tenant_id: str, record_id: str) -> list[Copy]:
        """What was put aside of a record, oldest first."""
        below = f"{_ASIDE}{record_id}#"
        found = SealedItem.query(tenant_pk(tenant_id), SealedItem.sk.startswith(below), consistent_read=True)
        return [
            Copy(record_id, item.sk.removeprefix(below), self._open(tenant_id, item.sk, item.sealed))
            for item in found
        ]

    def find(self, tenant_id: str, field: str, value: str, limit: int) -> list[Record]:
        """Up to `limit` records whose data has this value in this field, by their keyed hashes."""
        below = self._finder(tenant_id, field, search_key(value))
        pointers = PointerItem.query(
            tenant_pk(tenant_id), PointerItem.sk.startswith(below), consistent_read=True, page_size=limit
        )
        return list(islice(self._living(tenant_id, pointers), limit))

    def _living(self, tenant_id: str, pointers: Iterator[PointerItem]) -> Iterator[Record]:
        for pointer in pointers:
            item = self._item(tenant_id, pointer.record_id)
            if item is not None and item.sealed is not None:
                yield self._record(item)

    # --- rows ---------------------------------------------------------------------------------------------

    def _item(self, tenant_id: str, record_id: str) -> RecordItem | None:
        try:
            return RecordItem.get(tenant_pk(tenant_id), RECORD + record_id, consistent_read=True)
        except RecordItem.DoesNotExist:
            return None

    def _seal(self, tenant_id: str, sk: str, data: Mapping[str, object]) -> bytes:
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        return self._sealer.seal(tenant_id, sk, text.encode())

    def _open(self, tenant_id: str, sk: str, sealed: bytes) -> dict[str, object]:
        data: dict[str, object] = json.loads(self._sealer.open(tenant_id, sk, sealed))
        return data

    def _record(self, item: RecordItem) -> Record:
        tenant_id = tenant_of(item.pk)
        assert item.sealed is not None
        return Record(
            tenant_id,
            item.sk.removeprefix(RECORD),
            self._open(tenant_id, item.sk, item.sealed),
            int(item.version),
            from_iso(item.updated_at),
        )

    def _state(self, item: RecordItem) -> State:
        tenant_id, tracked = tenant_of(item.pk), item.tracked or {}
        state = State(
            record_id=item.sk.removeprefix(RECORD),
            data=self._open(tenant_id, item.sk, item.sealed) if item.sealed is not None else None,
            # One that was written before anything was tracked is as old as its last write.
            stamp=item.stamp or f"{item.updated_at}/",
            version=int(item.version),
            updated_at=from_iso(item.updated_at),
            recent=tuple(tracked.get("recent", ())),
            finders=tuple(tracked.get("finders", ())),
        )
        return replace(state, seq=int(item.seq or 0))


def _feed_sk(seq: int) -> str:
    return f"{_FEED}{seq:012d}"
