"""Why a tenant stands where it stands, at any instant: from its journal, or from what a purge left."""

from __future__ import annotations

from datetime import datetime

from mohlat.application.ports import Agreements, Clock, Publications, PurgeLedger, Service, Tenants
from mohlat.domain.agreement import Phase
from mohlat.domain.errors import Gone, InvalidInput, NotFound
from mohlat.domain.explanation import Explanation, explain, explain_purged
from mohlat.domain.journal import Entry
from mohlat.domain.tenant import iso

# Further away nobody asks, and no calendar counts for ever.
_YEARS = 100


class ExplanationDesk:
    """Explains tenants."""

    def __init__(
        self,
        *,
        tenants: Tenants,
        agreements: Agreements,
        publications: Publications,
        service: Service,
        ledger: PurgeLedger,
        clock: Clock,
    ) -> None:
        self._tenants = tenants
        self._agreements = agreements
        self._publications = publications
        self._service = service
        self._ledger = ledger
        self._clock = clock

    def explain(self, tenant_id: str, at: datetime | None = None) -> Explanation:
        """Where the tenant stands at `at`, or now.

        Raises NotFound; InvalidInput for an instant that is more than a century away; Gone, with when and by
        which clause, for an instant before the purge of a tenant that was purged: its history went with it.
        """
        now = self._clock.now()
        at = at or now
        if abs(at.year - now.year) > _YEARS:
            raise InvalidInput("at", "too far away", years=_YEARS)
        # Read before the tenant: the journal of one that still lives afterwards was whole.
        journal = self._journal(tenant_id)
        try:
            tenant = self._tenants.get(tenant_id)
        except Gone:
            return self._purged(tenant_id, at, now)
        if tenant.phase is Phase.PURGED:
            return self._purged(tenant_id, at, now)
        return explain(
            journal,
            at,
            now,
            lambda stood: self._agreements.load(stood.product, stood.agreement_version),
            self._publications.of(tenant.product),
            self._service.wind_down(tenant.product),
        )

    def _journal(self, tenant_id: str) -> list[Entry]:
        entries: list[Entry] = []
        while page := self._tenants.journal(tenant_id, after=len(entries)):
            entries += page
        return entries

    def _purged(self, tenant_id: str, at: datetime, now: datetime) -> Explanation:
        try:
            purge = self._ledger.get(tenant_id)
        except NotFound:
            raise Gone(tenant_id=tenant_id) from None
        if at < purge.committed_at:
            raise Gone(tenant_id=tenant_id, purged_at=iso(purge.committed_at), clause=purge.clause)
        return explain_purged(purge, self._agreements.load(purge.product), at, now)
