"""The security log, outside what a purge deletes (KALO-6)."""

from __future__ import annotations

import secrets
from datetime import datetime

from mohlat.adapters.dynamodb.table import Document, Item
from mohlat.application.ports import SecurityLine
from mohlat.domain.tenant import from_iso, iso

_AUDIT = "AUDIT#"


class AuditItem(Item):
    """One line."""

    doc = Document()


class DynamoSecurityLog:
    """`SecurityLog` on the main table."""

    def note(self, subject: str, kind: str, at: datetime, source_ip: str, **details: str | int) -> None:
        """Appends a line about `subject` (a tenant's id, or a product for strangers)."""
        doc: dict[str, object] = {"kind": kind, "source_ip": source_ip}
        if details:
            doc["details"] = details
        # The random end keeps two lines of one second apart.
        AuditItem(_AUDIT + subject, f"{iso(at)}#{secrets.token_hex(4)}", doc=doc).save()

    def lines(self, subject: str, limit: int = 100) -> list[SecurityLine]:
        """The newest lines first."""
        found = AuditItem.query(_AUDIT + subject, scan_index_forward=False, consistent_read=True, limit=limit)
        return [
            SecurityLine(
                subject=subject,
                kind=item.doc["kind"],
                at=from_iso(item.sk.split("#", 1)[0]),
                source_ip=item.doc["source_ip"],
                details=item.doc.get("details", {}),
            )
            for item in found
        ]
