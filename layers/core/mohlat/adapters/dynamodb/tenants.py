"""Tenants and their journals: one transaction moves both, and whatever must move with them."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import datetime

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import UpdateError
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from mohlat.adapters.dynamodb import dispatches, people, purge
from mohlat.adapters.dynamodb.table import (
    TENANT,
    Document,
    DueItem,
    absent,
    compact,
    conditional,
    member_shard,
    shard_of,
    tenant_of,
    tenant_pk,
    transaction,
    was_refused,
)
from mohlat.adapters.sealing import Sealer
from mohlat.application.ports import HandedOver, Row
from mohlat.domain.agreement import Phase
from mohlat.domain.errors import ConcurrentChange, Gone, NotFound
from mohlat.domain.journal import Entry, record
from mohlat.domain.lifecycle import Event, Transition, Workflow
from mohlat.domain.notices import Notice
from mohlat.domain.people import ContactChange, Identity
from mohlat.domain.purge import PurgeEntry
from mohlat.domain.tenant import Tenant, from_dict, from_iso, iso, to_dict

JOURNAL = "J#"
# Fields of a tenant that its items' keys, or `version`, tell already.
_IN_KEYS = frozenset({"id", "version"})


class TenantItem(DueItem):
    """A tenant. `version` stands apart for the condition; the rest is the domain's own description.

    `member_shard` puts it among its product's customers, until it is purged.
    """

    version = NumberAttribute()
    member_shard = UnicodeAttribute(null=True)
    doc = Document()


class JournalItem(DueItem):
    """A journal entry, in the due index while something that it owes is not done."""

    doc = Document()


class DynamoTenants:
    """`Tenants` on the main table. `sealer` seals a Contact, or Words, that are committed.

    `written` is told of each journal entry once it stands.
    """

    def __init__(self, sealer: Sealer, written: Callable[[Entry], None] = lambda entry: None) -> None:
        self._sealer = sealer
        self._written = written

    def get(self, tenant_id: str) -> Tenant:
        """The tenant, read consistently. Raises NotFound; Gone if it was purged and emptied."""
        try:
            return _tenant(TenantItem.get(tenant_pk(tenant_id), TENANT, consistent_read=True))
        except TenantItem.DoesNotExist:
            if purge.in_ledger(tenant_id):
                raise Gone(tenant_id=tenant_id) from None
            raise NotFound(tenant_id=tenant_id) from None

    def commit(
        self, transition: Transition, next_due_at: datetime | None, rows: Sequence[Row] = ()
    ) -> Tenant:
        """Writes the transition, its journal entry and `rows` in one transaction; returns the stored tenant.

        A PurgeEntry among the rows gets the journal's head that this very transition makes.
        Raises ConcurrentChange, Conflict for an Identity of somebody else, PurgeRefused for a HandedOver
        that does not hold and for a PurgeEntry above the hour's cap.
        """
        tenant, entry = record(transition)
        item = _tenant_item(tenant, None if tenant.phase is Phase.PURGED else next_due_at)
        before = transition.before
        try:
            with conditional(tenant_id=tenant.id, version=tenant.version), transaction() as write:
                write.save(item, TenantItem.version == before.version if before else absent())
                write.save(_journal_item(entry), absent())
                if rows:
                    _add(write, rows, self._sealer, tenant)
        except ConcurrentChange:
            # Which condition failed cannot be read from the refusal: pynamodb sorts what it writes.
            _explain(rows)
            raise
        self._written(entry)
        return tenant

    def entry(self, tenant_id: str, seq: int) -> Entry:
        """One journal entry, read consistently. Raises NotFound."""
        try:
            return _entry(JournalItem.get(tenant_pk(tenant_id), _journal_sk(seq), consistent_read=True))
        except JournalItem.DoesNotExist:
            raise NotFound(tenant_id=tenant_id, seq=seq) from None

    def journal(self, tenant_id: str, after: int = 0, limit: int = 100) -> list[Entry]:
        """Journal entries with `seq` above `after`, oldest first, read consistently."""
        # `$` follows `#`: nothing of the journal sorts behind it.
        found = JournalItem.query(
            tenant_pk(tenant_id),
            JournalItem.sk.between(_journal_sk(after + 1), "J$"),
            consistent_read=True,
            limit=limit,
        )
        return [_entry(item) for item in found]

    def mark_followed(self, tenant_id: str, seq: int) -> None:
        """Takes the entry's mark out of the due index. Repeatable; what a purge deleted stays deleted."""
        item = JournalItem(tenant_pk(tenant_id), _journal_sk(seq))
        actions: list[Action] = [JournalItem.due_shard.remove(), JournalItem.next_due_at.remove()]
        try:
            item.update(actions, JournalItem.next_due_at.exists())
        except UpdateError as error:
            if not was_refused(error):
                raise


def _add(write: TransactWrite, rows: Sequence[Row], sealer: Sealer, tenant: Tenant) -> None:
    # Knows every kind of row there is: loaded by those who write one, not by all who read a tenant.
    from mohlat.adapters.dynamodb.rows import add

    add(write, rows, sealer, new_tenant=tenant.version == 1, journal_head=tenant.journal_head)


def _explain(rows: Sequence[Row]) -> None:
    """Raises the better-named error if one of the rows' own conditions does not hold."""
    for row in rows:
        match row:
            case Identity():
                people.check_free(row)
            case ContactChange():
                people.check_free(row.taken)
            case HandedOver():
                dispatches.check_handed_over(row)
            case PurgeEntry():
                purge.check_cap(row)


def _journal_sk(seq: int) -> str:
    return f"{JOURNAL}{seq:08d}"


def _tenant_item(tenant: Tenant, next_due_at: datetime | None) -> TenantItem:
    doc = {name: value for name, value in to_dict(tenant).items() if name not in _IN_KEYS}
    item = TenantItem(tenant_pk(tenant.id), TENANT, version=tenant.version, doc=compact(doc))
    item.set_due(tenant.id, next_due_at)
    if tenant.phase is not Phase.PURGED:
        item.member_shard = member_shard(tenant.product, shard_of(tenant.id))
    return item


def _tenant(item: TenantItem) -> Tenant:
    return from_dict({**item.doc, "id": tenant_of(item.pk), "version": item.version})


def _journal_item(entry: Entry) -> JournalItem:
    doc = compact(
        {
            "event": entry.event.value,
            "at": iso(entry.at),
            "recorded_at": iso(entry.recorded_at) if entry.recorded_at != entry.at else None,
            "clause": entry.clause,
            "by": entry.by,
            "why": entry.why,
            "facts": dict(entry.facts),
            # Empty values stay: that a field became empty is a change, and the hash covers it. Only what the
            # keys say already is left out.
            "changes": {name: value for name, value in entry.changes.items() if name not in _IN_KEYS},
            "notices": [notice.to_dict() for notice in entry.notices],
            "workflows": [workflow.value for workflow in entry.workflows],
            "previous_hash": _shortened(entry.previous_hash),
            "hash": _shortened(entry.hash),
        }
    )
    item = JournalItem(tenant_pk(entry.tenant_id), _journal_sk(entry.seq), doc=doc)
    item.set_due(entry.tenant_id, entry.recorded_at if entry.notices or entry.workflows else None)
    return item


def _entry(item: JournalItem) -> Entry:
    doc, tenant_id, seq = item.doc, tenant_of(item.pk), int(item.sk.removeprefix(JOURNAL))
    in_keys = {"version": seq} if seq > 1 else {"id": tenant_id, "version": seq}
    return Entry(
        tenant_id=tenant_id,
        seq=seq,
        event=Event(doc["event"]),
        at=from_iso(doc["at"]),
        recorded_at=from_iso(doc.get("recorded_at", doc["at"])),
        clause=doc.get("clause", ""),
        by=doc.get("by", ""),
        why=doc.get("why", ""),
        facts=doc.get("facts", {}),
        changes=doc.get("changes", {}) | in_keys,
        notices=tuple(Notice.from_dict(notice) for notice in doc.get("notices", ())),
        workflows=tuple(Workflow(workflow) for workflow in doc.get("workflows", ())),
        previous_hash=_restored(doc.get("previous_hash", "")),
        hash=_restored(doc["hash"]),
    )


def _shortened(digest: str) -> str:
    # An entry must stay below 1 KB, where the next write unit begins: 43 characters instead of 64.
    return urlsafe_b64encode(bytes.fromhex(digest)).rstrip(b"=").decode()


def _restored(text: str) -> str:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4)).hex()
