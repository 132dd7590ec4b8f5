"""What is written in tickets: sealed under the tenant's key, in its partition, gone with it."""

from __future__ import annotations

import json

from pynamodb.attributes import BinaryAttribute
from pynamodb.transactions import TransactWrite

from mohlat.adapters.dynamodb.table import Item, absent, tenant_pk
from mohlat.adapters.sealing import Sealer
from mohlat.domain.errors import Gone
from mohlat.domain.helpdesk import Reply
from mohlat.domain.tenant import from_iso, iso

_SAID = "SAID#"


class MessageItem(Item):
    """One message, sealed; never changed."""

    sealed = BinaryAttribute(legacy_encoding=False)


def add_message(write: TransactWrite, message: Reply, sealer: Sealer) -> None:
    """Adds a new message. Raises Gone once the tenant's key is gone."""
    sk = f"{_SAID}{message.ticket_id}#{message.id}"
    said = {"text": message.text, "ours": message.ours, "at": iso(message.at), "by": message.by}
    sealed = sealer.seal(message.tenant_id, sk, json.dumps(said, ensure_ascii=False).encode())
    write.save(MessageItem(tenant_pk(message.tenant_id), sk, sealed=sealed), absent())


def messages_in(tenant_id: str, ticket_id: str, sealer: Sealer) -> list[Reply]:
    """A ticket's messages, oldest first, unsealed; nothing once the key is gone."""
    begins = f"{_SAID}{ticket_id}#"
    found = MessageItem.query(tenant_pk(tenant_id), MessageItem.sk.startswith(begins), consistent_read=True)
    messages = []
    try:
        for item in found:
            said = json.loads(sealer.open(tenant_id, item.sk, item.sealed))
            messages.append(
                Reply(
                    id=item.sk.removeprefix(begins),
                    tenant_id=tenant_id,
                    ticket_id=ticket_id,
                    text=said["text"],
                    ours=said["ours"],
                    at=from_iso(said["at"]),
                    by=said["by"],
                )
            )
    except Gone:
        return []
    return messages
