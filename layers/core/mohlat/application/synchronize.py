"""Devices that were offline bring what changed, and read what others did (CLUB-3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mohlat.application.keep_records import LARGEST_RECORD, tracking_of, weight
from mohlat.application.plan_backup import plan_backup
from mohlat.application.ports import (
    Agreements,
    Clock,
    DataJobs,
    Record,
    Records,
    Tenants,
    Tracking,
    Written,
)
from mohlat.application.terms_gate import TermsGate
from mohlat.application.transitions import retrying
from mohlat.domain.access import Operation, permit
from mohlat.domain.agreement import Agreement
from mohlat.domain.errors import Conflict, InvalidInput
from mohlat.domain.synchronization import Change, Copy, Fate, State, decide
from mohlat.domain.tenant import Tenant

MOST_CHANGES = 5000
# What fits into one transaction of a hundred items, whatever each record brings along.
_AT_ONCE = 12
_FEED_PAGE = 500
_FEED_BYTES = 1024 * 1024
_FOUND = 50


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a change, and the stamp of the state that stands now."""

    change_id: str
    record_id: str
    fate: Fate
    stamp: str


@dataclass(frozen=True, slots=True)
class FeedPage:
    """States in the feed's order, and from where to read on; `more` is there at once."""

    states: list[State]
    cursor: int
    more: bool


class SyncDesk:
    """Brings together what devices did, each change once."""

    def __init__(
        self,
        *,
        tenants: Tenants,
        records: Records,
        jobs: DataJobs,
        terms: TermsGate,
        agreements: Agreements,
        clock: Clock,
    ) -> None:
        self._tenants = tenants
        self._records = records
        self._jobs = jobs
        self._terms = terms
        self._agreements = agreements
        self._clock = clock

    def take(self, tenant_id: str, changes: Sequence[Change], by: str = "") -> list[Outcome]:
        """Takes a batch, in its order; each change is wholly in or not at all, so a batch that was cut off is
        sent again as it was. The outcomes are in the batch's order.

        Raises AccessRefused; Conflict where nothing is synchronized; InvalidInput for too many at once.
        """
        if not 1 <= len(changes) <= MOST_CHANGES:
            raise InvalidInput("changes", "too many or none", at_most=MOST_CHANGES)
        tenant, agreement, _ = self._admitted(tenant_id, Operation.WRITE, by)
        plan_backup(self._jobs, tenant, agreement, self._clock.now())
        outcomes: list[Outcome] = []
        for start in range(0, len(changes), _AT_ONCE):
            part = changes[start : start + _AT_ONCE]
            outcomes += retrying(lambda part=part: self._take_part(tenant_id, part))  # type: ignore[misc]
        return outcomes

    def _take_part(self, tenant_id: str, changes: Sequence[Change]) -> list[Outcome]:
        tenant, _, tracking = self._admitted(tenant_id, Operation.WRITE)
        now = self._clock.now()
        states, last = self._records.states(tenant_id, [change.record_id for change in changes])
        before = dict(states)
        asides: dict[str, list[Copy]] = {}
        outcomes = []
        for change in changes:
            state = states.get(change.record_id)
            if refused := _refused(change, tenant):
                stamp = state.stamp if state else ""
                outcomes.append(Outcome(change.id, change.record_id, refused, stamp))
                continue
            decision = decide(state, change, now)
            assert decision.state
            states[change.record_id] = decision.state
            asides.setdefault(change.record_id, []).extend([decision.copy] if decision.copy else [])
            outcomes.append(Outcome(change.id, change.record_id, decision.fate, decision.state.stamp))
        written = [
            Written(state, tuple(asides.get(record_id, ())))
            for record_id, state in states.items()
            if state != before.get(record_id) or asides.get(record_id)
        ]
        for each in written:
            if tenant.held(each.state.record_id):
                self._records.keep_copy(tenant_id, each.state.record_id)
        if written:
            self._records.apply(tenant_id, written, last, tenant.version, tracking)
        return outcomes

    def read(self, tenant_id: str, cursor: int, by: str = "") -> FeedPage:
        """What changed since a cursor (0: everything), each record once as it is now, deletions too.

        Raises AccessRefused, Conflict where nothing is synchronized.
        """
        self._admitted(tenant_id, Operation.READ, by)
        found = self._records.feed(tenant_id, cursor, _FEED_PAGE)
        shown: list[State] = []
        size = 0
        for state in found:
            size += weight(state.data or {})
            if shown and size > _FEED_BYTES:
                break
            shown.append(state)
        reached = shown[-1].seq if shown else cursor
        return FeedPage(shown, reached, len(shown) < len(found) or len(found) == _FEED_PAGE)

    def copies(self, tenant_id: str, record_id: str) -> list[Copy]:
        """What was put aside of a record, because somebody had not seen it. Raises AccessRefused."""
        self._admitted(tenant_id, Operation.READ)
        return self._records.copies(tenant_id, record_id)

    def find(self, tenant_id: str, field: str, value: str) -> list[Record]:
        """Records by the value of a field, the first fifty. Raises AccessRefused; InvalidInput for a field
        that nothing is found by.
        """
        _, _, tracking = self._admitted(tenant_id, Operation.READ)
        if field not in tracking.search:
            raise InvalidInput("field", "not one of the possible values", allowed=list(tracking.search))
        return self._records.find(tenant_id, field, value, _FOUND)

    def _admitted(
        self, tenant_id: str, operation: Operation, by: str = ""
    ) -> tuple[Tenant, Agreement, Tracking]:
        tenant = self._tenants.get(tenant_id)
        agreement = self._agreements.load(tenant.product, tenant.agreement_version)
        tracking = tracking_of(agreement)
        if tracking is None:
            raise Conflict("this agreement synchronizes nothing")
        permit(tenant, agreement, operation, self._clock.now())
        return self._terms.admit(tenant, agreement, operation, by), agreement, tracking


def _refused(change: Change, tenant: Tenant) -> Fate | None:
    if change.data is None:
        return Fate.HELD if tenant.held(change.record_id) else None
    return Fate.TOO_LARGE if weight(change.data) > LARGEST_RECORD else None
