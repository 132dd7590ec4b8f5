"""What survives a purge: the ledger's entry, which becomes the tombstone and the certificate."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from mohlat.domain.certificate import Certificate
from mohlat.domain.errors import InvalidInput


class Store(StrEnum):
    """Where a tenant's data lives, in the order in which a purge empties it.

    The contact goes late, because the last message still needs it, and the key last: with it everything
    that was missed becomes noise.

    records       the tenant's own entries
    objects       exports and backups, every version of them
    users         who signs in, what finds them, one-time codes
    security_log  sign-ins and refusals, with their addresses
    tenant        everything else in the tenant's partition
    key           the data key that all of it was sealed with
    """

    RECORDS = "records"
    OBJECTS = "objects"
    USERS = "users"
    SECURITY_LOG = "security_log"
    TENANT = "tenant"
    KEY = "key"


# The obstacle that the cap on purges is: too many were committed in this hour.
CAP_REACHED = "purge_cap"
_TARGET = re.compile(r"[A-Za-z0-9_-]{1,64}")


def demand_target(tenant_id: str) -> None:
    """Refuses what is no tenant's id: a blank one would begin everybody's. Raises InvalidInput."""
    if not _TARGET.fullmatch(tenant_id):
        raise InvalidInput("tenant_id", "malformed")


@dataclass(frozen=True, slots=True)
class PurgeEntry:
    """One purge in the ledger, written before anything is deleted and finished when nothing is left.

    `deleted` counts the items per store that were deleted; `left` those still found afterwards, all zero in
    a finished entry. `journal_head` and `journal_length` let anybody who kept the journal verify it.
    `certificate` is signed when it is finished. `next_due_at` brings an unfinished purge back to the sweep's
    attention. `version` rises with each change: two executions that work on one purge must not overwrite what
    the other has counted.
    """

    tenant_id: str
    product: str
    clause: str
    why: str
    committed_at: datetime
    journal_head: str
    journal_length: int
    events: tuple[str, ...] = ()
    deleted: Mapping[str, int] = field(default_factory=dict)
    left: Mapping[str, int] = field(default_factory=dict)
    finished_at: datetime | None = None
    next_due_at: datetime | None = None
    certificate: Certificate | None = None
    version: int = 1
