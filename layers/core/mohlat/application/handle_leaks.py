"""Cases of leaked personal data, from the first word to the last account that was told (KALAK-breach)."""

from __future__ import annotations

from collections.abc import Sequence

from mohlat.application.ports import Agreements, Clock, Ids, Leaks, Tenants
from mohlat.application.transitions import commit, retrying
from mohlat.domain.agreement import Phase
from mohlat.domain.errors import Gone, NotFound
from mohlat.domain.leaks import (
    Leak,
    LeakStep,
    investigated,
    open_leak,
    passed_over,
    take_step,
    tell_of_leak,
)

# One request's share, well within its time; whoever tells asks again until nobody is left.
_TOLD_AT_ONCE = 50


class LeakDesk:
    """Keeps the cases and tells those affected, each exactly once."""

    def __init__(
        self, *, leaks: Leaks, tenants: Tenants, agreements: Agreements, ids: Ids, clock: Clock
    ) -> None:
        self._leaks = leaks
        self._tenants = tenants
        self._agreements = agreements
        self._ids = ids
        self._clock = clock

    def open(self, product: str, what: str, by: str) -> Leak:
        """Opens a case. Raises InvalidInput for an unknown product, Conflict."""
        agreement = self._agreements.load(product)
        leak = open_leak(agreement, self._ids.new("l"), what, self._clock.now(), by=by)
        self._leaks.save(leak)
        return leak

    def get(self, product: str, leak_id: str) -> Leak:
        """Raises NotFound."""
        return self._leaks.get(product, leak_id)

    def of(self, product: str) -> list[Leak]:
        """A product's cases, oldest first. Raises InvalidInput for an unknown product."""
        return self._leaks.of(self._agreements.load(product).product)

    def investigated(self, product: str, leak_id: str, affected: Sequence[str], what: str, by: str) -> Leak:
        """Source and extent are known. Raises NotFound, also for an account that was never there; Conflict,
        InvalidInput.
        """
        for tenant_id in affected:
            try:
                self._tenants.get(tenant_id)
            except Gone:
                # Its data had leaked before it was deleted: it is affected, and cannot be told any more.
                continue
        leak = investigated(self._leaks.get(product, leak_id), affected, what, self._clock.now(), by=by)
        self._leaks.save(leak)
        return leak

    def step(self, product: str, leak_id: str, step: LeakStep, what: str, by: str) -> Leak:
        """Another step was done. Raises NotFound, Conflict."""
        leak = take_step(self._leaks.get(product, leak_id), step, what, self._clock.now(), by=by)
        self._leaks.save(leak)
        return leak

    def tell(self, product: str, leak_id: str, by: str) -> Leak:
        """Tells the next of those affected; with the last one the step is done. Raises NotFound, Conflict.

        Each is told in the transaction that counts it, so that repeating this tells nobody twice.
        """
        leak = self._leaks.get(product, leak_id)
        for _ in range(_TOLD_AT_ONCE):
            if leak.told == len(leak.affected):
                break
            leak = retrying(lambda: self._tell_next(product, leak_id, by))
        if leak.told < len(leak.affected):
            return leak
        return self.step(product, leak_id, LeakStep.TOLD, "everybody affected was told", by)

    def _tell_next(self, product: str, leak_id: str, by: str) -> Leak:
        leak = self._leaks.get(product, leak_id)
        if leak.told == len(leak.affected):
            return leak
        try:
            tenant = self._tenants.get(leak.affected[leak.told])
        except (Gone, NotFound):
            tenant = None
        if tenant is None or tenant.phase is Phase.PURGED:
            after = passed_over(leak)
            self._leaks.save(after)
            return after
        agreement = self._agreements.load(tenant.product, tenant.agreement_version)
        transition, after = tell_of_leak(leak, tenant, agreement, self._clock.now(), by=by)
        commit(self._tenants, agreement, transition, (after,))
        return after
