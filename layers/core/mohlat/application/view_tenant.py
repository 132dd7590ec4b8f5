"""What one can know of a tenant beside its state: what comes next, and what happened."""

from __future__ import annotations

from dataclasses import dataclass

from mohlat.application.ports import Agreements, Dispatches, Tenants
from mohlat.domain.journal import Entry
from mohlat.domain.lifecycle import Deadline, forecast
from mohlat.domain.notices import Dispatch


@dataclass(frozen=True, slots=True)
class Happening:
    """A journal entry and the messages that were sent for it."""

    entry: Entry
    messages: tuple[Dispatch, ...]


def list_deadlines(tenant_id: str, *, tenants: Tenants, agreements: Agreements) -> list[Deadline]:
    """Everything that will happen if nobody does anything, when, by which clause. Raises NotFound, Gone."""
    tenant = tenants.get(tenant_id)
    return forecast(tenant, agreements.load(tenant.product, tenant.agreement_version))


def list_timeline(
    tenant_id: str, *, after: int, limit: int, tenants: Tenants, dispatches: Dispatches
) -> tuple[list[Happening], int | None]:
    """What happened, oldest first, from journal number `after` on, and the number to go on from.

    Raises NotFound, Gone.
    """
    tenants.get(tenant_id)
    entries = tenants.journal(tenant_id, after=after, limit=limit + 1)
    sent: dict[str, list[Dispatch]] = {}
    for dispatch in dispatches.of(tenant_id):
        # What an announcement's other recipients got stands with the account's own.
        sent.setdefault(dispatch.key.partition("~")[0], []).append(dispatch)
    happenings = [
        Happening(entry, tuple(dispatch for notice in entry.notices for dispatch in sent.get(notice.key, ())))
        for entry in entries[:limit]
    ]
    return happenings, entries[limit - 1].seq if len(entries) > limit else None
