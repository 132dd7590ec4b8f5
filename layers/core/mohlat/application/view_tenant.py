"""What one can know of a tenant: its state, what comes next, and what happened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mohlat.application.ports import Agreements, Clock, Dispatches, Tenants
from mohlat.domain.access import Access, access
from mohlat.domain.agreement import Agreement
from mohlat.domain.journal import Entry
from mohlat.domain.lifecycle import Deadline, forecast, purge_at
from mohlat.domain.notices import Dispatch
from mohlat.domain.tenant import Tenant


@dataclass(frozen=True, slots=True)
class TenantView:
    """A tenant as it is now, with the access computed from it."""

    tenant: Tenant
    agreement: Agreement
    access: Access
    purge_at: datetime | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Happening:
    """A journal entry and the messages that were sent for it."""

    entry: Entry
    messages: tuple[Dispatch, ...]


def view_tenant(tenant_id: str, *, tenants: Tenants, agreements: Agreements, clock: Clock) -> TenantView:
    """Raises NotFound, Gone."""
    tenant = tenants.get(tenant_id)
    agreement = agreements.load(tenant.product, tenant.agreement_version)
    now = clock.now()
    return TenantView(tenant, agreement, access(tenant, now), purge_at(tenant, agreement), now)


def list_deadlines(tenant_id: str, *, tenants: Tenants, agreements: Agreements) -> list[Deadline]:
    """Everything that will happen if nobody does anything, when, and by which clause. Raises NotFound, Gone."""
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
        sent.setdefault(dispatch.key, []).append(dispatch)
    happenings = [
        Happening(entry, tuple(dispatch for notice in entry.notices for dispatch in sent.get(notice.key, ())))
        for entry in entries[:limit]
    ]
    return happenings, entries[limit - 1].seq if len(entries) > limit else None
