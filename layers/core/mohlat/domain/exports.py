"""Exports: how often they are free, what begins and what ends one.

While an export runs nothing is purged (invariant 1). Its files end by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from mohlat.domain.agreement import Agreement
from mohlat.domain.data_jobs import DataJob, JobKind, JobStatus
from mohlat.domain.errors import Conflict, ExportLimited, FileExpired, NotFound
from mohlat.domain.lifecycle import Event, Transition, move, service_notice
from mohlat.domain.notices import NoticeKind
from mohlat.domain.tenant import Tenant, iso


def next_free_at(agreement: Agreement, exports: Iterable[DataJob], now: datetime) -> datetime:
    """When the next export costs nothing: `now`, or later where one was free not long ago (SAMAN-6.5)."""
    every = agreement.export.free_every
    free = [export.asked_at for export in exports if not export.paid_by]
    if every is None or not free:
        return now
    return max(now, every.after(max(free), agreement.calendar))


def demand_free(agreement: Agreement, exports: Iterable[DataJob], now: datetime) -> None:
    """Raises ExportLimited while the next free export is still to come."""
    at = next_free_at(agreement, exports, now)
    if at > now:
        raise ExportLimited(
            next_free_at=iso(at), extra=agreement.export.extra, clause=agreement.export.basis.cite()
        )


def begin_export(tenant: Tenant, agreement: Agreement, export: DataJob) -> Transition:
    """An export is asked for. Raises Gone, Conflict while another is under way."""
    if any(matter.startswith(f"{JobKind.EXPORT.value}:") for matter in tenant.open_matters):
        raise Conflict("an export is under way already")
    facts = {"export_id": export.id}
    return move(
        tenant,
        Event.EXPORT_BEGUN,
        export.asked_at,
        export.by,
        "the customer wants its data",
        agreement.export.basis.cite(),
        facts=facts | ({"order_id": export.paid_by} if export.paid_by else {}),
        open_matters=tenant.open_matters | {export.matter},
    )


def finish_export(
    tenant: Tenant, agreement: Agreement, export: DataJob, link: str, now: datetime
) -> tuple[Transition, DataJob]:
    """Everything is written: the owner is told where, and until when it can be fetched."""
    until = agreement.export.available.after(now, agreement.calendar)
    done = export.moved(
        status=JobStatus.DONE, step="", after="", done_at=now, expires_at=until, next_due_at=until
    )
    clause = agreement.export.basis.cite()
    facts: dict[str, str | int] = {"export_id": export.id, "entries": export.entries, "files": export.files}
    notice = service_notice(
        tenant, agreement, NoticeKind.EXPORT_READY, until, clause, {"export_id": export.id, "link": link}
    )
    transition = move(
        tenant,
        Event.EXPORT_READY,
        now,
        export.by,
        "the customer's data was put together",
        clause,
        notices=(notice,),
        facts=facts,
        open_matters=tenant.open_matters - {export.matter},
    )
    return transition, done


def demand_available(export: DataJob, now: datetime) -> None:
    """Raises FileExpired from the instant on at which an export's files end, NotFound before they are
    there."""
    if export.expires_at is None:
        raise NotFound(export_id=export.id)
    if now >= export.expires_at:
        raise FileExpired(expired_at=iso(export.expires_at))
