"""Backups of a tenant's records, and their restoration to the nearest one before a moment (CLUB-5)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from mohlat.application.paid_extras import unused_extra
from mohlat.application.ports import Agreements, Clock, DataJobs, Dispatches, Ids, Payments, Tenants
from mohlat.application.terms_gate import TermsGate, counted_by
from mohlat.application.transitions import catch_up, commit, retrying
from mohlat.domain.access import Operation, permit
from mohlat.domain.agreement import Agreement
from mohlat.domain.backups import SETTLING, backup_rule, begin_restoration, by_id, nearest, new_backup
from mohlat.domain.data_jobs import BackupReason, DataJob, JobKind, JobStatus
from mohlat.domain.errors import (
    AccessRefused,
    ConcurrentChange,
    Conflict,
    Gone,
    InvalidInput,
    NotFound,
    RestoreNotPaid,
)
from mohlat.domain.tenant import Tenant

# The steps of a restoration.
COMPARE, SAVE, APPLY = "compare", "save", "apply"


class BackupDesk:
    """Takes backups when they are asked for or fall due, and begins restorations."""

    def __init__(
        self,
        *,
        tenants: Tenants,
        jobs: DataJobs,
        payments: Payments,
        dispatches: Dispatches,
        terms: TermsGate,
        agreements: Agreements,
        ids: Ids,
        clock: Clock,
    ) -> None:
        self._tenants = tenants
        self._jobs = jobs
        self._payments = payments
        self._dispatches = dispatches
        self._terms = terms
        self._agreements = agreements
        self._ids = ids
        self._clock = clock

    def begin(self, tenant_id: str, by: str) -> DataJob:
        """Begins a backup. Raises AccessRefused; Conflict while another is under way, or where the agreement
        has none.
        """
        tenant = self._tenants.get(tenant_id)
        agreement = counted_by(self._agreements, tenant, self._clock.now())
        backup_rule(agreement)
        permit(tenant, agreement, Operation.READ, self._clock.now())
        if any(known.status is JobStatus.RUNNING for known in self._jobs.of(tenant_id, JobKind.BACKUP)):
            raise Conflict("a backup is under way already")
        backup = self._backup(tenant, BackupReason.ASKED, by)
        self._jobs.save((backup,))
        return backup

    def begin_planned(self, tenant_id: str) -> DataJob | None:
        """Begins the backup that fell due by itself; None where there is nothing to back up any more."""
        try:
            tenant = self._tenants.get(tenant_id)
            permit(
                tenant,
                self._agreements.load(tenant.product, tenant.agreement_version),
                Operation.READ,
                self._clock.now(),
            )
        except (Gone, NotFound, AccessRefused):
            # What nobody can reach does not change: the last backup still holds it.
            self._jobs.cancel_plan(tenant_id)
            return None
        backup = self._backup(tenant, BackupReason.SCHEDULED, "schedule")
        try:
            self._jobs.begin_planned(backup)
        except ConcurrentChange:
            return None
        return backup

    def _backup(self, tenant: Tenant, reason: BackupReason, by: str) -> DataJob:
        now = self._clock.now()
        return new_backup(self._ids.new("b"), tenant, reason, now, by)

    def restore(
        self,
        tenant_id: str,
        by: str,
        *,
        before: datetime | None = None,
        backup_id: str | None = None,
        overwrite: bool = False,
    ) -> DataJob:
        """Begins to restore a backup: the one of this id, or the nearest that was complete at `before`.

        What changed since is undone only if `overwrite` says so, after it was saved as a backup of its own.
        Raises InvalidInput unless one of both is told; AccessRefused; NotFound without such a backup;
        RestoreNotPaid where restoring is an extra and none was paid; Conflict while one is under way, or
        where the agreement has no backups.
        """
        if (before is None) == (backup_id is None):
            raise InvalidInput("before", "must name exactly one of them", of=["before", "backup_id"])

        def chosen(backups: list[DataJob]) -> DataJob:
            return nearest(backups, before) if before else by_id(backups, str(backup_id))

        return retrying(lambda: self._restore(tenant_id, chosen, by, overwrite))

    def _restore(
        self, tenant_id: str, chosen: Callable[[list[DataJob]], DataJob], by: str, overwrite: bool
    ) -> DataJob:
        now = self._clock.now()
        tenant = self._tenants.get(tenant_id)
        agreement = counted_by(self._agreements, tenant, now)
        tenant = catch_up(self._tenants, self._dispatches, agreement, tenant, now, by=by)
        backup_rule(agreement)
        if tenant.restoring:
            raise Conflict("a restoration is under way already")
        permit(tenant, agreement, Operation.WRITE, now)
        tenant = self._terms.admit(tenant, agreement, Operation.WRITE, by)
        agreement = counted_by(self._agreements, tenant, now)
        backup = chosen(self._jobs.of(tenant_id, JobKind.BACKUP))
        restorations = self._jobs.of(tenant_id, JobKind.RESTORATION)
        restoration = DataJob(
            id=self._ids.new("n"),
            tenant_id=tenant_id,
            product=tenant.product,
            kind=JobKind.RESTORATION,
            asked_at=now,
            by=by,
            step=COMPARE,
            next_due_at=now + SETTLING,
            paid_by=self._paid(tenant_id, agreement, restorations),
            source=backup.id,
            saved_as=self._ids.new("b"),
            overwrite=overwrite,
        )
        transition = begin_restoration(tenant, agreement, restoration, backup)
        commit(self._tenants, agreement, transition, (restoration,))
        return restoration

    def _paid(self, tenant_id: str, agreement: Agreement, restorations: Collection[DataJob]) -> str:
        extra = backup_rule(agreement).restoring
        if extra is None:
            return ""
        # One that was refused for newer data has restored nothing: what it was paid with still counts.
        used = {each.paid_by for each in restorations if each.status is not JobStatus.REFUSED}
        order = unused_extra(self._payments, tenant_id, extra, used)
        if order is None:
            raise RestoreNotPaid(extra=extra, clause=backup_rule(agreement).basis.cite())
        return order

    def backups(self, tenant_id: str) -> tuple[list[DataJob], datetime | None]:
        """All backups of a tenant, oldest first, and when the next one falls due by itself."""
        self._tenants.get(tenant_id)
        return self._jobs.of(tenant_id, JobKind.BACKUP), self._jobs.planned_backup(tenant_id)

    def restoration(self, tenant_id: str, restoration_id: str) -> tuple[DataJob, DataJob | None]:
        """A restoration, and the backup it is from unless that was dropped since. Raises NotFound."""
        restoration = self._jobs.get(tenant_id, restoration_id)
        if restoration.kind is not JobKind.RESTORATION:
            raise NotFound(restoration_id=restoration_id)
        try:
            return restoration, self._jobs.get(tenant_id, restoration.source)
        except NotFound:
            return restoration, None
