"""The security log (KALO-6), in a table of its own that is never backed up, because it holds addresses.

A line lives for a year; what is about a tenant goes with it before that. Without backups nothing of it comes
back: a restored copy of the main table says nothing of who came from where.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from pynamodb.attributes import NumberAttribute
from pynamodb.connection import TableConnection

from mohlat.adapters.dynamodb.table import Document, Item, connection_to, count_in, delete_all, keys_in
from mohlat.application.ports import SecurityLine
from mohlat.domain.tenant import from_iso, iso
from mohlat.settings import settings

AUDIT = "AUDIT#"
# Counts of requests stand behind the lines, which begin with their year.
COUNT = "COUNT#"
# Long enough to find where a leak came from, and no longer (KALO-6, KALLU-6).
_KEPT = timedelta(days=365)


def security_table() -> TableConnection:
    """The connection to the security log's table."""
    return connection_to(settings().security_log_table)


class AuditItem(Item):
    """One line. `expires_at` (seconds since 1970) is when the table drops it by itself."""

    doc = Document()
    expires_at = NumberAttribute()

    @classmethod
    def _get_connection(cls) -> TableConnection:
        return security_table()


class DynamoSecurityLog:
    """`SecurityLog` on its own table."""

    def note(self, subject: str, kind: str, at: datetime, source_ip: str, **details: str | int) -> None:
        """Appends a line about `subject` (a tenant's id, or a product for strangers)."""
        doc: dict[str, object] = {"kind": kind, "source_ip": source_ip}
        if details:
            doc["details"] = details
        # The random end keeps two lines of one second apart.
        sk = f"{iso(at)}#{secrets.token_hex(4)}"
        AuditItem(AUDIT + subject, sk, doc=doc, expires_at=int((at + _KEPT).timestamp())).save()

    def lines(self, subject: str, limit: int = 100) -> list[SecurityLine]:
        """The newest lines first."""
        found = AuditItem.query(
            AUDIT + subject,
            AuditItem.sk < COUNT,
            scan_index_forward=False,
            consistent_read=True,
            limit=limit,
        )
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


def count_lines(subject: str) -> int:
    """How many lines there are about a subject, read consistently."""
    return count_in(AUDIT + subject, model=AuditItem)


def delete_lines(subject: str, limit: int) -> int:
    """Deletes up to `limit` lines about a subject; says how many."""
    pk = AUDIT + subject
    return delete_all(((pk, sk) for sk in keys_in(pk, limit=limit, model=AuditItem)), security_table())
