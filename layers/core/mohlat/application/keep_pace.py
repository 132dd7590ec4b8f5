"""Lets a tenant's requests pass as fast as its package allows, and no faster (CLUB-4, SAMAN-3.12)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mohlat.application.ports import Agreements, Clock, RequestCounts, SecurityLog, Tenants
from mohlat.domain import pace
from mohlat.domain.agreement import Phase
from mohlat.domain.errors import NotFound, TooManyRequests
from mohlat.domain.pace import Allowance

# A worker that meets more tenants than this in a minute forgets those of earlier minutes.
_MANY = 500


@dataclass(slots=True)
class _Tally:
    """One tenant's minute as this worker knows it: `told` by all workers, `untold` by this one yet."""

    window: datetime
    allowance: Allowance | None
    told: int = 0
    untold: int = 0
    fresh: bool = True


class PaceKeeper:
    """Counts each tenant's requests of the minute, together with all other workers.

    `wall` is the machine's clock: a minute of requests is one on the wall, wherever a test clock stands.
    What a tenant is allowed is read once a minute, so a change of plan or of throttling counts from the next.
    """

    def __init__(
        self,
        *,
        tenants: Tenants,
        agreements: Agreements,
        counts: RequestCounts,
        security_log: SecurityLog,
        clock: Clock,
        wall: Clock,
    ) -> None:
        self._tenants = tenants
        self._agreements = agreements
        self._counts = counts
        self._log = security_log
        self._clock = clock
        self._wall = wall
        self._tallies: dict[str, _Tally] = {}

    def admit(self, tenant_id: str, source_ip: str) -> None:
        """Counts one request. Raises TooManyRequests for one above what this minute allows.

        At most one write, but for the one request that fills the minute, which leaves a line in the security
        log too; none for what is refused once the minute is known to be full.
        """
        now = self._wall.now()
        tally = self._tally(tenant_id, pace.window_of(now))
        allowed = tally.allowance
        if allowed is None:
            return
        if tally.told + tally.untold < allowed.requests:
            tally.untold += 1
            if tally.fresh or tally.untold >= pace.untold(allowed.requests, tally.told):
                said, tally.untold, tally.fresh = tally.untold, 0, False
                tally.told = self._counts.add(tenant_id, tally.window, said)
                if tally.told - said < allowed.requests <= tally.told:
                    limit = allowed.requests
                    self._log.note(tenant_id, "minute_full", self._clock.now(), source_ip, limit=limit)
            if tally.told <= allowed.requests:
                return
        raise TooManyRequests(
            clause=allowed.clause,
            limit=allowed.requests,
            window_seconds=int(pace.WINDOW.total_seconds()),
            retry_after_seconds=pace.seconds_left(now),
            slowed=allowed.slowed,
        )

    def _tally(self, tenant_id: str, window: datetime) -> _Tally:
        known = self._tallies.get(tenant_id)
        if known and known.window == window:
            return known
        if len(self._tallies) >= _MANY:
            self._tallies = {key: each for key, each in self._tallies.items() if each.window == window}
        fresh = self._tallies[tenant_id] = _Tally(window, self._allowance(tenant_id))
        return fresh

    def _allowance(self, tenant_id: str) -> Allowance | None:
        try:
            tenant = self._tenants.get(tenant_id)
        except NotFound:
            return None
        if tenant.phase is Phase.PURGED:
            # Nothing is kept about it any more, not even a number.
            return None
        agreement = self._agreements.load(tenant.product, tenant.agreement_version)
        newest = self._agreements.load(tenant.product)
        return pace.allowance(tenant, agreement, newest, self._clock.now())
