"""The certificate of a deletion: what went, what stays and why, signed so that anybody can check it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from mohlat.domain.tenant import iso

if TYPE_CHECKING:
    from mohlat.domain.purge import PurgeEntry

FORM = "mohlat-deletion-1"
# Point-in-time recovery reaches back this far; what it holds was sealed with the key that is gone.
BACKUPS_REACH_BACK = timedelta(days=35)


@dataclass(frozen=True, slots=True)
class Retained:
    """A category of what stays after a purge. `ground` is the reason in law, `kept` says until when."""

    category: str
    names: Mapping[str, str]
    ground: str
    kept: str


@dataclass(frozen=True, slots=True)
class Certificate:
    """A signed certificate. `text` is what was signed, byte for byte; `signature` is base64 of DER.

    `key_id` is the SHA-256 of the public key in DER form, so that whoever checks it knows which one to take.
    """

    text: str
    algorithm: str
    signature: str
    key_id: str

    @property
    def content(self) -> dict[str, Any]:
        """What the certificate says."""
        content: dict[str, Any] = json.loads(self.text)
        return content


def statement(entry: PurgeEntry, finished_at: datetime, retained: tuple[Retained, ...]) -> str:
    """What a certificate of a finished purge says: JSON in the one form that is signed.

    It tells two instants apart: when the live data was gone, with its key, and when the last backup ends in
    which it still lies as noise.
    """
    content = {
        "form": FORM,
        "tenant_id": entry.tenant_id,
        "product": entry.product,
        "clause": entry.clause,
        "why": entry.why,
        "committed_at": iso(entry.committed_at),
        "live_data_gone_at": iso(finished_at),
        "backups_unreadable_since": iso(finished_at),
        "backups_gone_at": iso(finished_at + BACKUPS_REACH_BACK),
        "deleted": dict(entry.deleted),
        "left": dict(entry.left),
        "journal": {"head": entry.journal_head, "length": entry.journal_length},
        "retained": [
            {"category": each.category, "names": dict(each.names), "ground": each.ground, "kept": each.kept}
            for each in retained
        ],
    }
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
