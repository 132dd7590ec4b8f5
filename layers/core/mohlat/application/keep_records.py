"""The tenant's own entries, guarded by its access: what read-only refuses and none refuses (invariant 7)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from mohlat.application.plan_backup import plan_backup
from mohlat.application.ports import (
    Activity,
    ActivityLog,
    Agreements,
    Clock,
    DataJobs,
    Ids,
    Record,
    Records,
    Tenants,
    Tracking,
)
from mohlat.application.terms_gate import TermsGate
from mohlat.application.transitions import retrying
from mohlat.domain.access import Operation, permit
from mohlat.domain.agreement import Agreement
from mohlat.domain.errors import Held, InvalidInput
from mohlat.domain.tenant import Tenant

LARGEST_RECORD = 64 * 1024
_PAGE = 100
# A function's answer ends at 6 MB, in which each quotation mark counts up to four times.
_LARGEST_PAGE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Page:
    """A page of records and where the next one begins, if there is one."""

    records: list[Record]
    next_after: str | None


class RecordsDesk:
    """Reads and writes a tenant's records as its agreement allows at this moment."""

    def __init__(
        self,
        *,
        tenants: Tenants,
        records: Records,
        jobs: DataJobs,
        activity: ActivityLog,
        terms: TermsGate,
        ids: Ids,
        agreements: Agreements,
        clock: Clock,
    ) -> None:
        self._tenants = tenants
        self._records = records
        self._jobs = jobs
        self._activity = activity
        self._terms = terms
        self._ids = ids
        self._agreements = agreements
        self._clock = clock

    def put(self, tenant_id: str, record_id: str, data: Mapping[str, object], by: str = "") -> Record:
        """Stores a record. Raises AccessRefused (TermsNotAccepted among them), InvalidInput if it is larger
        than 64 KiB.

        Of a record that is under a legal hold what was there stays as a copy.
        """
        tenant, agreement = self._permit(tenant_id, Operation.WRITE, by)
        if weight(data) > LARGEST_RECORD:
            raise InvalidInput("data", "too large", max_bytes=LARGEST_RECORD)
        self._note(tenant, agreement, by, "written", record_id)
        if tenant.held(record_id):
            self._records.keep_copy(tenant_id, record_id)
        # Planned first: whatever is written then is in a backup one day.
        plan_backup(self._jobs, tenant, agreement, self._clock.now())
        tracking = tracking_of(agreement)
        return retrying(lambda: self._records.put(tenant_id, record_id, data, self._clock.now(), tracking))

    def get(self, tenant_id: str, record_id: str, by: str = "") -> Record:
        """Raises AccessRefused, NotFound."""
        self._permit(tenant_id, Operation.READ, by)
        return self._records.get(tenant_id, record_id)

    def page(self, tenant_id: str, after: str | None, limit: int | None, by: str = "") -> Page:
        """Up to `limit` records (100 unless told less) in order of their id; fewer where they are large.

        Raises AccessRefused.
        """
        self._permit(tenant_id, Operation.READ, by)
        size = min(limit or _PAGE, _PAGE)
        records = self._records.page(tenant_id, after, size + 1)
        fitting, total = 0, 0
        for record in records[:size]:
            total += weight(record.data)
            if fitting and total > _LARGEST_PAGE:
                break
            fitting += 1
        return Page(records[:fitting], records[fitting - 1].id if len(records) > fitting else None)

    def delete(self, tenant_id: str, record_id: str, by: str = "") -> None:
        """Raises AccessRefused, NotFound; Held under a legal hold, also one that is placed this moment."""

        def delete() -> None:
            tenant, agreement = self._permit(tenant_id, Operation.WRITE, by)
            if tenant.held(record_id):
                raise Held(record_id=record_id)
            self._note(tenant, agreement, by, "deleted", record_id)
            plan_backup(self._jobs, tenant, agreement, self._clock.now())
            now = self._clock.now()
            self._records.delete(tenant_id, record_id, tenant.version, now, tracking_of(agreement))

        retrying(delete)

    def remove(self, tenant: Tenant, record_id: str) -> None:
        """Deletes a record that an operator decided to remove, whatever the tenant itself may do.

        `tenant` is as that decision left it. Raises NotFound, ConcurrentChange.
        """
        agreement = self._agreements.load(tenant.product, tenant.agreement_version)
        now = self._clock.now()
        self._records.delete(tenant.id, record_id, tenant.version, now, tracking_of(agreement))

    def activity(self, tenant_id: str, before: str | None, limit: int | None) -> list[Activity]:
        """What users did, the newest first (SAMAN-6.2). Raises NotFound, Gone."""
        self._tenants.get(tenant_id)
        return self._activity.lines(tenant_id, before, min(limit or _PAGE, _PAGE))

    def _note(self, tenant: Tenant, agreement: Agreement, by: str, what: str, record_id: str) -> None:
        """Logs what is about to be done: cut off after it, the line says that it was tried."""
        if agreement.activity:
            now = self._clock.now()
            self._activity.note(Activity(self._ids.new("v"), tenant.id, by, what, record_id, now))

    def _permit(self, tenant_id: str, operation: Operation, by: str) -> tuple[Tenant, Agreement]:
        tenant = self._tenants.get(tenant_id)
        agreement = self._agreements.load(tenant.product, tenant.agreement_version)
        permit(tenant, agreement, operation, self._clock.now())
        return self._terms.admit(tenant, agreement, operation, by), agreement


def tracking_of(agreement: Agreement) -> Tracking | None:
    """How an agreement has records tracked; None where they are just kept."""
    rule = agreement.synchronization
    return Tracking(rule.search) if rule else None


def weight(data: Mapping[str, object]) -> int:
    """Bytes of a record's data as JSON."""
    return len(json.dumps(data, ensure_ascii=False).encode())
