"""The tenant's own entries, guarded by its access: what read-only refuses and none refuses (invariant 7)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from mohlat.application.ports import Agreements, Clock, Record, Records, Tenants
from mohlat.domain.access import Operation, permit
from mohlat.domain.errors import InvalidInput

_LARGEST = 64 * 1024
_PAGE = 100


@dataclass(frozen=True, slots=True)
class Page:
    """A page of records and where the next one begins, if there is one."""

    records: list[Record]
    next_after: str | None


class RecordsDesk:
    """Reads and writes a tenant's records as its agreement allows at this moment."""

    def __init__(self, *, tenants: Tenants, records: Records, agreements: Agreements, clock: Clock) -> None:
        self._tenants = tenants
        self._records = records
        self._agreements = agreements
        self._clock = clock

    def put(self, tenant_id: str, record_id: str, data: Mapping[str, object]) -> Record:
        """Stores a record. Raises AccessRefused, InvalidInput if it is larger than 64 KiB."""
        self._permit(tenant_id, Operation.WRITE)
        if len(json.dumps(data, ensure_ascii=False).encode()) > _LARGEST:
            raise InvalidInput("data", "too large", max_bytes=_LARGEST)
        return self._records.put(tenant_id, record_id, data, self._clock.now())

    def get(self, tenant_id: str, record_id: str) -> Record:
        """Raises AccessRefused, NotFound."""
        self._permit(tenant_id, Operation.READ)
        return self._records.get(tenant_id, record_id)

    def page(self, tenant_id: str, after: str | None, limit: int | None) -> Page:
        """Up to `limit` records (100 unless told less) in order of their id. Raises AccessRefused."""
        self._permit(tenant_id, Operation.READ)
        size = min(limit or _PAGE, _PAGE)
        records = self._records.page(tenant_id, after, size + 1)
        return Page(records[:size], records[size - 1].id if len(records) > size else None)

    def delete(self, tenant_id: str, record_id: str) -> None:
        """Raises AccessRefused, NotFound."""
        self._permit(tenant_id, Operation.WRITE)
        self._records.delete(tenant_id, record_id)

    def _permit(self, tenant_id: str, operation: Operation) -> None:
        tenant = self._tenants.get(tenant_id)
        agreement = self._agreements.load(tenant.product, tenant.agreement_version)
        permit(tenant, agreement, operation, self._clock.now())
