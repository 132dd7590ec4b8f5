"""Whether a product can be used and joined at the moment: asked before anything else is done for a caller."""

from __future__ import annotations

from datetime import datetime, timedelta

from mohlat.application.ports import Clock, ServiceStates, Tenants
from mohlat.domain.errors import Conflict, UnderMaintenance
from mohlat.domain.service_state import ServiceState
from mohlat.domain.tenant import iso

# A warm worker may take a window that was moved at the last minute for what it was, for so long.
_KNOWN_FOR = timedelta(seconds=10)


class ServiceGate:
    """Refuses what a maintenance window, or a product's end, forbids. One per worker.

    The age of what is known goes by the deployment's clock: a test clock that jumps into a window finds it.
    """

    def __init__(
        self,
        *,
        states: ServiceStates,
        tenants: Tenants,
        clock: Clock,
        known_for: timedelta = _KNOWN_FOR,
    ) -> None:
        self._states = states
        self._tenants = tenants
        self._clock = clock
        self._known_for = known_for
        self._known: tuple[datetime, ServiceState] | None = None

    def demand_open(self, tenant_id: str) -> None:
        """Raises UnderMaintenance while the tenant's product is in a window; NotFound, Gone."""
        now = self._clock.now()
        state = self._state(now)
        # Hardly ever is one shut: only then is the tenant read for it.
        if state.any_shut(now):
            _demand_open(state, self._tenants.get(tenant_id).product, now)

    def demand_joinable(self, product: str) -> None:
        """Raises UnderMaintenance, and Conflict with the clause once the product's end is planned."""
        now = self._clock.now()
        state = self._state(now)
        _demand_open(state, product, now)
        if clause := state.ending.get(product):
            raise Conflict("the product is coming to its end", clause=clause)

    def _state(self, now: datetime) -> ServiceState:
        # Either way: a clock that was set back has not made it younger.
        if self._known is None or abs(now - self._known[0]) >= self._known_for:
            self._known = (now, self._states.read())
        return self._known[1]


def _demand_open(state: ServiceState, product: str, now: datetime) -> None:
    if shut := state.shut_now(product, now):
        left = int((shut.until - now).total_seconds())
        raise UnderMaintenance(until=iso(shut.until), retry_after_seconds=left, clause=shut.clause)
