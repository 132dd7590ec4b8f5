"""A tenant's data in its owner's hands: everything there is, in open formats, as its agreement allows."""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from mohlat.application.paid_extras import unused_extra
from mohlat.application.ports import (
    Agreements,
    Clock,
    DataJobs,
    Dispatches,
    Ids,
    ObjectStore,
    Payments,
    Tenants,
)
from mohlat.application.sections import EXPORTED
from mohlat.application.terms_gate import counted_by
from mohlat.application.transitions import catch_up, commit, retrying
from mohlat.domain.access import Operation, permit
from mohlat.domain.data_jobs import DataFile, DataJob, JobKind
from mohlat.domain.errors import ExportLimited, NotFound
from mohlat.domain.exports import begin_export, demand_available, demand_free
from mohlat.domain.tenant import iso


def object_name(job: DataJob, name: str) -> str:
    """Where a job's file lies in the object store."""
    return f"{job.kind.value}s/{job.id}/{name}"


class ExportDesk:
    """Begins exports and hands their files out (SAMAN-6.5, KALO-15, SAMAN-3.14)."""

    def __init__(
        self,
        *,
        tenants: Tenants,
        jobs: DataJobs,
        payments: Payments,
        objects: ObjectStore,
        dispatches: Dispatches,
        agreements: Agreements,
        ids: Ids,
        clock: Clock,
    ) -> None:
        self._tenants = tenants
        self._jobs = jobs
        self._payments = payments
        self._objects = objects
        self._dispatches = dispatches
        self._agreements = agreements
        self._ids = ids
        self._clock = clock

    def begin(self, tenant_id: str, by: str) -> DataJob:
        """Begins an export; what it was paid with is used up by the same write.

        Raises AccessRefused where the agreement gives nothing out; ExportLimited while the next free one is
        still to come and no other was paid for; Conflict while one is under way.
        """
        return retrying(lambda: self._begin(tenant_id, by))

    def _begin(self, tenant_id: str, by: str) -> DataJob:
        now = self._clock.now()
        tenant = self._tenants.get(tenant_id)
        agreement = counted_by(self._agreements, tenant, now)
        # A purge that is overdue but not committed loses against whoever asks for the data before.
        tenant = catch_up(self._tenants, self._dispatches, agreement, tenant, now, by=by, may_purge=False)
        permit(tenant, agreement, Operation.EXPORT, now)
        exports = self._jobs.of(tenant_id, JobKind.EXPORT)
        paid_by = ""
        try:
            demand_free(agreement, exports, now)
        except ExportLimited as limited:
            paid_by = self._paid(tenant_id, agreement.export.extra, exports, limited)
        export = DataJob(
            id=self._ids.new("x"),
            tenant_id=tenant_id,
            product=tenant.product,
            kind=JobKind.EXPORT,
            asked_at=now,
            by=by,
            step=EXPORTED[0],
            next_due_at=now,
            paid_by=paid_by,
        )
        commit(self._tenants, agreement, begin_export(tenant, agreement, export), (export,))
        return export

    def _paid(
        self, tenant_id: str, extra: str | None, exports: Collection[DataJob], limited: ExportLimited
    ) -> str:
        order = (
            unused_extra(self._payments, tenant_id, extra, {export.paid_by for export in exports})
            if extra
            else None
        )
        if order is None:
            raise limited
        return order

    def of_tenant(self, tenant_id: str) -> list[DataJob]:
        """All exports of a tenant, oldest first. Raises NotFound, Gone."""
        self._tenants.get(tenant_id)
        return self._jobs.of(tenant_id, JobKind.EXPORT)

    def get(self, tenant_id: str, export_id: str) -> tuple[DataJob, list[DataFile]]:
        """An export and its files. Raises NotFound."""
        export = self._jobs.get(tenant_id, export_id)
        if export.kind is not JobKind.EXPORT:
            raise NotFound(export_id=export_id)
        return export, self._jobs.files(tenant_id, export_id)

    def content(self, tenant_id: str, export_id: str, name: str) -> bytes:
        """A file's content. Raises NotFound, FileExpired, AccessRefused."""
        export, files = self.get(tenant_id, export_id)
        now = self._clock.now()
        tenant = self._tenants.get(tenant_id)
        permit(
            tenant,
            counted_by(self._agreements, tenant, now),
            Operation.EXPORT,
            now,
        )
        demand_available(export, now)
        if name not in {file.name for file in files} | {MANIFEST}:
            raise NotFound(file=name)
        return self._objects.get(tenant_id, object_name(export, name))


MANIFEST = "manifest.json"


def manifest(export: DataJob, files: Collection[DataFile], agreement_version: str) -> dict[str, object]:
    """What an export holds: every file with its number of lines, its bytes and its SHA-256."""
    return {
        "export_id": export.id,
        "tenant_id": export.tenant_id,
        "product": export.product,
        "agreement_version": agreement_version,
        "asked_at": iso(export.asked_at),
        "format": "JSON Lines, UTF-8: one JSON object a line; instants are UTC, amounts rials",
        "files": [
            {"name": file.name, "lines": file.entries, "bytes": file.size, "sha256": file.sha256}
            for file in files
        ],
    }


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()
