"""Whether a product can be used and joined at the moment: asked before anything else is done for a caller."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from mohlat.application.ports import Clock, ServiceStates, Tenants
from mohlat.domain.errors import Conflict, UnderMaintenance
from mohlat.domain.service_state import ServiceState
from mohlat.domain.tenant import iso

# A warm worker may take a window that was moved at the last minute for what it was, for this many seconds.
_KNOWN_FOR = 10.0


class ServiceGate:
    """Refuses what a maintenance window, or a product's end, forbids. One per worker."""

    def __init__(
        self,
        *,
        states: ServiceStates,
        tenants: Tenants,
        clock: Clock,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._states = states
        self._tenants = tenants
        self._clock = clock
        self._seconds = seconds
        self._known: tuple[float, ServiceState] | None = None

    def demand_open(self, tenant_id: str) -> None:
        """Raises UnderMaintenance while the tenant's product is in a window; NotFound, Gone."""
        state, now = self._state(), self._clock.now()
        # Hardly ever is one shut: only then is the tenant read for it.
        if state.any_shut(now):
            _demand_open(state, self._tenants.get(tenant_id).product, now)

    def demand_joinable(self, product: str) -> None:
        """Raises UnderMaintenance, and Conflict with the clause once the product's end is planned."""
        state = self._state()
        _demand_open(state, product, self._clock.now())
        if clause := state.ending.get(product):
            raise Conflict("the product is coming to its end", clause=clause)

    def _state(self) -> ServiceState:
        seconds = self._seconds()
        if self._known is None or seconds - self._known[0] > _KNOWN_FOR:
            self._known = (seconds, self._states.read())
        return self._known[1]


def _demand_open(state: ServiceState, product: str, now: datetime) -> None:
    if shut := state.shut_now(product, now):
        left = int((shut.until - now).total_seconds())
        raise UnderMaintenance(until=iso(shut.until), retry_after=left, clause=shut.clause)
