"""Going through all customers of a product, page by page, each met once whatever is cut off."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from mohlat.application.announced import Announced
from mohlat.application.ports import Agreements, Books, Clock, Roster, Row, Service, Tenants
from mohlat.application.transitions import commit, retrying
from mohlat.domain.agreement import Agreement
from mohlat.domain.errors import ConcurrentChange, Gone, NotFound
from mohlat.domain.lifecycle import Transition
from mohlat.domain.rounds import Lane, Round, RoundKind, announce
from mohlat.domain.tenant import Tenant

# One invocation's share of a lane, well within its time.
_PER_STEP = 100

# What is done for a customer: a transition and the rows that go with it, or None if it is not concerned.
Done = tuple[Transition, tuple[Row, ...]] | None
Turn = Callable[[Tenant, Agreement, datetime], Done]
# A round's turn, with what all its customers share looked up once.
Turns = Callable[[Round], Turn]


class RoundRunner:
    """Takes the lanes of rounds further. `turns` say what is done, `subjects` whether it still holds."""

    def __init__(
        self,
        *,
        service: Service,
        roster: Roster,
        tenants: Tenants,
        books: Books,
        agreements: Agreements,
        turns: Mapping[RoundKind, Turns],
        subjects: Announced,
        clock: Clock,
        per_step: int = _PER_STEP,
    ) -> None:
        self._service = service
        self._roster = roster
        self._tenants = tenants
        self._books = books
        self._agreements = agreements
        self._turns = turns
        self._subjects = subjects
        self._clock = clock
        self._per_step = per_step

    def step(self, product: str, round_id: str, number: int) -> Lane:
        """The lane after another share of its customers. Raises NotFound; ConcurrentChange when another
        execution works on it: call again.
        """
        lane = self._service.lane(product, round_id, number)
        now = self._clock.now()
        if lane.next_due_at is None or now < lane.next_due_at:
            return lane
        round = self._service.round(product, round_id)
        if self._subjects.find(product, round.about).stands:
            again = lane.retrying
            page: Sequence[str] = lane.left
            more = True
            if not again:
                page = self._roster.page(product, number, lane.after, self._per_step)
                more = len(page) == self._per_step
            turn = self._turns[round.kind](round)
            for tenant_id in page:
                lane = self._meet(round, turn, lane, tenant_id)
                if lane.retrying and not again:
                    more = True
                    break
            lane = lane.rested(self._clock.now(), more=more)
        else:
            lane = lane.stopped(now)
        self._books.write((lane,))
        return lane

    def _meet(self, round: Round, turn: Turn, lane: Lane, tenant_id: str) -> Lane:
        def attempt() -> Lane:
            tenant = self._tenants.get(tenant_id)
            agreement = self._agreements.load(tenant.product, tenant.agreement_version)
            now = self._clock.now()
            done = turn(tenant, agreement, now)
            if done is None:
                return lane.passed_one(tenant_id)
            transition, rows = done
            after = lane.told_one(round, tenant_id, now)
            commit(self._tenants, agreement, transition, (after, *rows))
            return after

        try:
            return retrying(attempt)
        except (Gone, NotFound):
            return lane.passed_one(tenant_id)
        except ConcurrentChange as error:
            if self._service.lane(round.product, round.id, lane.number).version != lane.version:
                raise
            return lane.failed_one(tenant_id, type(error).__name__)
        except Exception as error:
            # One customer that cannot be reached must not keep the others waiting; it is tried again alone.
            return lane.failed_one(tenant_id, type(error).__name__)


def tell(round: Round) -> Turn:
    """The turn of a round that announces something."""

    def turn(tenant: Tenant, agreement: Agreement, now: datetime) -> Done:
        transition = announce(round, tenant, agreement, now)
        return (transition, ()) if transition else None

    return turn
