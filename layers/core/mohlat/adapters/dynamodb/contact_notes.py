"""Summaries of contacts with customers: sealed under the tenant's key, in its partition, gone with it."""

from __future__ import annotations

import json

from pynamodb.attributes import BinaryAttribute
from pynamodb.transactions import TransactWrite

from mohlat.adapters.dynamodb.table import Item, absent, tenant_pk
from mohlat.adapters.sealing import Sealer
from mohlat.domain.staff import ContactChannel, ContactNote
from mohlat.domain.tenant import from_iso, iso

_CONTACTED = "CONTACTED#"


class NoteItem(Item):
    """One summary; never changed."""

    sealed = BinaryAttribute(legacy_encoding=False)


def add_note(write: TransactWrite, note: ContactNote, sealer: Sealer) -> None:
    """Adds a new summary. Raises Gone once the tenant's key is gone."""
    sk = _CONTACTED + note.id
    said = {
        "channel": note.channel.value,
        "summary": note.summary,
        "at": iso(note.at),
        "by": note.by,
        "ticket_id": note.ticket_id,
    }
    sealed = sealer.seal(note.tenant_id, sk, json.dumps(said, ensure_ascii=False).encode())
    write.save(NoteItem(tenant_pk(note.tenant_id), sk, sealed=sealed), absent())


class DynamoContactNotes:
    """`ContactNotes` on the main table."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def of(self, tenant_id: str) -> list[ContactNote]:
        """All of a tenant, oldest first, read consistently. Raises Gone once the tenant's key is."""
        found = NoteItem.query(tenant_pk(tenant_id), NoteItem.sk.startswith(_CONTACTED), consistent_read=True)
        return [self._note(tenant_id, item) for item in found]

    def _note(self, tenant_id: str, item: NoteItem) -> ContactNote:
        said = json.loads(self._sealer.open(tenant_id, item.sk, item.sealed))
        return ContactNote(
            id=item.sk.removeprefix(_CONTACTED),
            tenant_id=tenant_id,
            channel=ContactChannel(said["channel"]),
            summary=said["summary"],
            at=from_iso(said["at"]),
            by=said["by"],
            ticket_id=said["ticket_id"],
        )
