"""Writing transitions: the one way in which a tenant moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from mohlat.application.ports import Agreements, Books, Dispatches, HandedOver, Row, Tenants
from mohlat.domain.agreement import Agreement
from mohlat.domain.errors import ConcurrentChange, Gone, NotFound, PurgeRefused
from mohlat.domain.journal import Entry
from mohlat.domain.lifecycle import (
    Deadline,
    DeadlineKind,
    Transition,
    carry_out,
    defer_purge,
    next_deadline,
)
from mohlat.domain.notices import NoticeKind, NoticeStatus
from mohlat.domain.purge import PurgeEntry
from mohlat.domain.tenant import Tenant, iso

NOT_HANDED_OVER = "warning_not_handed_over"
_TRIES = 8
Result = TypeVar("Result")


def retrying(action: Callable[[], Result]) -> Result:
    """Runs a read-decide-commit again while somebody else is faster; at last raises ConcurrentChange."""
    for _ in range(_TRIES - 1):
        try:
            return action()
        except ConcurrentChange:
            continue
    return action()


def commit(
    tenants: Tenants, agreement: Agreement, transition: Transition, rows: Sequence[Row] = ()
) -> Tenant:
    """Writes a transition with the instant of the deadline that follows it. Raises ConcurrentChange."""
    due = next_deadline(transition.after, agreement)
    return tenants.commit(transition, due.at if due else None, rows)


def commit_or_write(
    tenants: Tenants,
    books: Books,
    agreements: Agreements,
    tenant_id: str,
    note: Callable[[Tenant, Agreement], Transition],
    rows: Sequence[Row],
) -> None:
    """Writes rows with the tenant's transition that `note` makes, or alone once the tenant is purged.

    Money outlives the tenant; its journal does not. Raises ConcurrentChange.
    """
    try:
        tenant = tenants.get(tenant_id)
        agreement = agreements.load(tenant.product, tenant.agreement_version)
        transition = note(tenant, agreement)
    except (Gone, NotFound):
        books.write(rows)
        return
    commit(tenants, agreement, transition, rows)


def catch_up(
    tenants: Tenants,
    dispatches: Dispatches,
    agreement: Agreement,
    tenant: Tenant,
    now: datetime,
    *,
    by: str,
    may_purge: bool = True,
) -> Tenant:
    """Carries out everything that is due at `now`, oldest first, each counting from its own instant.

    After an outage of any length this is what makes up for it: delayed, never skipped. Without `may_purge` it
    stops before a purge. Raises ConcurrentChange when somebody else is doing it at the same time.
    """
    while (deadline := next_deadline(tenant, agreement)) and deadline.at <= now:
        if deadline.kind is DeadlineKind.PURGE:
            if not may_purge:
                break
            tenant = _purge(tenants, dispatches, agreement, tenant, deadline, now, by)
        else:
            tenant = commit(tenants, agreement, carry_out(tenant, agreement, deadline, now, by=by))
    return tenant


def _purge(
    tenants: Tenants,
    dispatches: Dispatches,
    agreement: Agreement,
    tenant: Tenant,
    deadline: Deadline,
    now: datetime,
    by: str,
) -> Tenant:
    """The purge's commit: everything that could forbid it is a condition of the same write (invariant 1)."""
    try:
        transition = carry_out(tenant, agreement, deadline, now, by=by)
        warning = _handed_over_warning(dispatches, tenant)
    except PurgeRefused as refused:
        return _put_off(tenants, agreement, tenant, refused, now, by)
    ledger = PurgeEntry(
        tenant_id=tenant.id,
        product=tenant.product,
        clause=transition.clause,
        why=transition.why,
        committed_at=now,
        journal_head="",
        journal_length=transition.after.version,
        events=(*_events(tenants, tenant.id), _line(transition.after.version, transition)),
        # Outstanding from this instant on: the sweep's patience gives it time, and nothing else forgets it.
        next_due_at=now,
    )
    try:
        return commit(tenants, agreement, transition, (ledger, warning))
    except PurgeRefused as refused:
        return _put_off(tenants, agreement, tenant, refused, now, by)


def _put_off(
    tenants: Tenants, agreement: Agreement, tenant: Tenant, refused: PurgeRefused, now: datetime, by: str
) -> Tenant:
    obstacles = tuple(str(obstacle) for obstacle in refused.details["obstacles"])  # type: ignore[attr-defined]
    return commit(tenants, agreement, defer_purge(tenant, agreement, obstacles, now, by=by))


def _handed_over_warning(dispatches: Dispatches, tenant: Tenant) -> HandedOver:
    for dispatch in reversed(dispatches.of(tenant.id)):
        if (
            dispatch.kind is NoticeKind.DELETION_WARNING
            and dispatch.status is NoticeStatus.SENT
            and dispatch.key.endswith(f"#g{tenant.generation}")
        ):
            return HandedOver(tenant.id, dispatch.key, dispatch.channel)
    raise PurgeRefused(tenant_id=tenant.id, obstacles=[NOT_HANDED_OVER])


def _events(tenants: Tenants, tenant_id: str) -> tuple[str, ...]:
    """The journal in short, without anything that identifies a person: it outlives the journal."""
    lines: list[str] = []
    while page := tenants.journal(tenant_id, after=len(lines)):
        lines += [_line(entry.seq, entry) for entry in page]
    return tuple(lines)


def _line(seq: int, happened: Entry | Transition) -> str:
    return f"{seq} {iso(happened.at)} {happened.event.value} {happened.clause}"
