"""Incidents, and the months of a product: what was lost is added to the leases (SAMAN-4.3, SAMAN-4.6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from mohlat.application.go_round import Done, Turn
from mohlat.application.ports import Agreements, Books, Clock, Ids, Service, Tenants
from mohlat.application.transitions import retrying
from mohlat.domain.agreement import Agreement
from mohlat.domain.errors import ConcurrentChange, NotFound
from mohlat.domain.rounds import Round, lanes_of
from mohlat.domain.tenant import Tenant
from mohlat.domain.uptime import (
    Cause,
    Incident,
    Uptime,
    close_month,
    downtime,
    end_incident,
    extend_lease,
    note_incident,
    uptime_of,
)


class UptimeDesk:
    """Keeps the incidents and counts the months."""

    def __init__(
        self,
        *,
        service: Service,
        books: Books,
        tenants: Tenants,
        agreements: Agreements,
        ids: Ids,
        clock: Clock,
    ) -> None:
        self._service = service
        self._books = books
        self._tenants = tenants
        self._agreements = agreements
        self._ids = ids
        self._clock = clock

    def note(
        self,
        product: str,
        cause: Cause,
        started_at: datetime,
        ended_at: datetime | None,
        affected: Sequence[str],
        what: Mapping[str, str],
        by: str,
    ) -> Incident:
        """Notes an incident. Raises InvalidInput."""
        agreement, now = self._agreements.load(product), self._clock.now()
        incident = note_incident(
            agreement, self._ids.new("y"), cause, started_at, ended_at, affected, what, now, by=by
        )
        self._books.write((incident,))
        return incident

    def end(self, product: str, incident_id: str, ended_at: datetime, cause: Cause | None) -> Incident:
        """Ends an incident. Raises NotFound, Conflict, InvalidInput."""

        def attempt() -> Incident:
            incident = self._service.incident(product, incident_id)
            ended = end_incident(incident, ended_at, cause, self._clock.now())
            self._books.write((ended,))
            return ended

        return retrying(attempt)

    def incidents(self, product: str) -> list[Incident]:
        """All of a product, the last to be noted first."""
        return self._service.incidents(self._agreements.load(product).product)

    def of_tenant(self, tenant_id: str, month: str) -> Uptime:
        """A customer's month, as far as it is over. `month` is Jalali, such as 1405-08.

        Raises NotFound, Gone, InvalidInput.
        """
        tenant = self._tenants.get(tenant_id)
        agreement = self._agreements.load(tenant.product, tenant.agreement_version)
        return self._counter(tenant.product)(tenant, agreement, month)

    def close_month(self, product: str, month: str, by: str) -> Round:
        """Begins to add a month's lost time to the leases; a month that is closed already stays as it is.

        Raises InvalidInput, Conflict.
        """
        agreement, now = self._agreements.load(product), self._clock.now()
        round = close_month(agreement, month, agreement.calendar.month_span(month)[1], now, by=by)
        try:
            self._books.write((round, *lanes_of(round)))
        except ConcurrentChange:
            return self._service.round(product, round.id)
        return round

    def close_last_months(self, by: str) -> list[Round]:
        """Closes the month before this one for every product that promises an uptime. Repeatable."""
        closed = []
        for product in self._agreements.products():
            agreement = self._agreements.load(product)
            last = agreement.calendar.month_of(self._clock.now(), before=1)
            if agreement.uptime and not self._closed(product, last):
                closed.append(self.close_month(product, last, by))
        return closed

    def add_time(self, round: Round) -> Turn:
        """A round's turn: what a customer lost in its month is added to the lease."""
        count = self._counter(round.product)

        def turn(tenant: Tenant, agreement: Agreement, now: datetime) -> Done:
            month = count(tenant, agreement, str(round.facts["month"]))
            if month.kept:
                return None
            transition = extend_lease(tenant, agreement, round, month.lost, now)
            return (transition, ()) if transition else None

        return turn

    def _closed(self, product: str, month: str) -> bool:
        try:
            return bool(self._service.round(product, f"uptime-{month}"))
        except NotFound:
            return False

    def _counter(self, product: str) -> Callable[[Tenant, Agreement, str], Uptime]:
        """Counts months of a product's customers by what is known of it at this moment."""
        windows, incidents = self._service.windows(product), self._service.incidents(product)
        now = self._clock.now()

        def count(tenant: Tenant, agreement: Agreement, month: str) -> Uptime:
            stretches = downtime(agreement, windows, incidents, tenant.id, now)
            return uptime_of(agreement, stretches, tenant, agreement.calendar.month_span(month))

        return count
