"""Winding a product down: one switch, announced, and a year of reading for everybody (KALO-9)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from mohlat.application.go_round import Done, Turn
from mohlat.application.ports import Agreements, Books, Clock, Service, ServiceStates
from mohlat.application.return_money import RefundDesk
from mohlat.application.transitions import retrying
from mohlat.domain.agreement import Agreement
from mohlat.domain.errors import NotFound
from mohlat.domain.rounds import Round, lanes_of
from mohlat.domain.tenant import Tenant
from mohlat.domain.winding_down import (
    WindDown,
    cancel_wind_down,
    plan_wind_down,
    start_wind_down,
    wind_down,
)


class WindDownDesk:
    """Plans a product's end and carries it out. From the plan on nobody joins and nothing is sold."""

    def __init__(
        self,
        *,
        service: Service,
        states: ServiceStates,
        books: Books,
        refunds: RefundDesk,
        agreements: Agreements,
        clock: Clock,
    ) -> None:
        self._service = service
        self._states = states
        self._books = books
        self._refunds = refunds
        self._agreements = agreements
        self._clock = clock

    def plan(self, product: str, ends_at: datetime, why: Mapping[str, str], by: str) -> WindDown:
        """Plans the end and begins to tell everybody. Raises InvalidInput, Conflict."""
        agreement = self._agreements.load(product)

        def attempt() -> WindDown:
            known = self._service.wind_down(product)
            return self._keep(*plan_wind_down(agreement, known, ends_at, why, self._clock.now(), by=by))

        return retrying(attempt)

    def get(self, product: str) -> WindDown:
        """Raises NotFound if no end was ever planned, InvalidInput for an unknown product."""
        plan = self._service.wind_down(self._agreements.load(product).product)
        if plan is None:
            raise NotFound(product=product)
        return plan

    def cancel(self, product: str, by: str) -> WindDown:
        """Gives the plan up and tells everybody. Raises NotFound, Conflict."""
        return retrying(lambda: self._keep(*cancel_wind_down(self.get(product), self._clock.now(), by=by)))

    def carry(self, product: str) -> WindDown:
        """Does what is due about a product's end. Raises NotFound, ConcurrentChange."""
        plan, now = self.get(product), self._clock.now()
        if plan.next_due_at is None or now < plan.next_due_at:
            return plan
        return self._keep(*start_wind_down(plan, now))

    def give_year(self, round: Round) -> Turn:
        """A round's turn: the customer gets a year of reading, and back what is paid and not used."""
        plan = self.get(round.product)

        def turn(tenant: Tenant, agreement: Agreement, now: datetime) -> Done:
            refunds, rows = self._refunds.reserve_unused(tenant, round.clause, plan.ends_at)
            transition = wind_down(tenant, agreement, round, plan.access_until, refunds, now)
            return (transition, tuple(rows)) if transition else None

        return turn

    def _keep(self, plan: WindDown, round: Round) -> WindDown:
        state = self._states.read().with_wind_down(plan)
        # Each version's wait is for the stream.
        self._books.write((plan, state, round, *lanes_of(round)))
        return plan
