"""Incidents, and the months of a product: what was lost is added to the leases (SAMAN-4.3, SAMAN-4.6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from mohlat.application.go_round import Done, Turn
from mohlat.application.ports import Agreements, Books, Clock, Ids, Row, Service, Tenants
from mohlat.application.transitions import retrying
from mohlat.domain.agreement import Agreement
from mohlat.domain.errors import ConcurrentChange, InvalidInput, NotFound
from mohlat.domain.lifecycle import Event
from mohlat.domain.rounds import Round, lanes_of
from mohlat.domain.tenant import Tenant
from mohlat.domain.uptime import (
    Cause,
    Incident,
    Uptime,
    close_month,
    count_again,
    downtime,
    end_incident,
    extend_lease,
    note_incident,
    uptime_of,
)

# Rounds for more months than this reaches into do not fit into one write.
_LONGEST = timedelta(days=120)


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
        again = months_again(self._service, agreement, started_at, ended_at or now, incident.id, now, by=by)
        self._books.write((incident, *again))
        return incident

    def end(
        self, product: str, incident_id: str, ended_at: datetime, cause: Cause | None, by: str
    ) -> Incident:
        """Ends an incident. Raises NotFound, Conflict, InvalidInput."""
        agreement = self._agreements.load(product)

        def attempt() -> Incident:
            incident, now = self._service.incident(product, incident_id), self._clock.now()
            ended = end_incident(incident, ended_at, cause, now)
            again: list[Row] = []
            # While it lasted it counted with each month, unless its first cause is left out of the count.
            if ended.cause is not incident.cause:
                name = f"{ended.id}-v{ended.version}"
                since = incident.started_at
                again = months_again(self._service, agreement, since, ended_at, name, now, by=by)
            self._books.write((ended, *again))
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
            if agreement.uptime and not closing_of(self._service, product, last):
                closed.append(self.close_month(product, last, by))
        return closed

    def add_time(self, round: Round) -> Turn:
        """A round's turn: what a customer lost in its month, and did not get yet, is added to the lease."""
        count, name = self._counter(round.product), str(round.facts["month"])

        def turn(tenant: Tenant, agreement: Agreement, now: datetime) -> Done:
            month = count(tenant, agreement, name)
            owed = timedelta() if month.kept else month.lost - self._added(tenant.id, name)
            transition = extend_lease(tenant, agreement, round, owed, now) if owed > timedelta() else None
            return (transition, ()) if transition else None

        return turn

    def _added(self, tenant_id: str, month: str) -> timedelta:
        """What was added to a lease for a month already."""
        seconds, after = 0, 0
        while page := self._tenants.journal(tenant_id, after=after):
            added = (each for each in page if each.event is Event.LEASE_EXTENDED)
            seconds += sum(int(each.facts["seconds"]) for each in added if each.facts["month"] == month)
            after = page[-1].seq
        return timedelta(seconds=seconds)

    def _counter(self, product: str) -> Callable[[Tenant, Agreement, str], Uptime]:
        """Counts months of a product's customers by what is known of it at this moment."""
        windows, incidents = self._service.windows(product), self._service.incidents(product)
        now = self._clock.now()

        def count(tenant: Tenant, agreement: Agreement, month: str) -> Uptime:
            stretches = downtime(agreement, windows, incidents, tenant.id, now)
            return uptime_of(agreement, stretches, tenant, agreement.calendar.month_span(month))

        return count


def closing_of(service: Service, product: str, month: str) -> Round | None:
    """The round that closed a product's month, if it is closed."""
    try:
        return service.round(product, f"uptime-{month}")
    except NotFound:
        return None


def months_again(
    service: Service,
    agreement: Agreement,
    since: datetime,
    until: datetime,
    cause: str,
    now: datetime,
    *,
    by: str,
) -> list[Row]:
    """The rounds that count closed months again, once `cause` says that the product was down in them.

    Raises InvalidInput for a time that reaches into more of them than one write can begin.
    """
    if until - since > _LONGEST:
        raise InvalidInput("started_at", "too long ago")
    rows: list[Row] = []
    calendar, at = agreement.calendar, since
    while at < until:
        month = calendar.month_of(at)
        if closing := closing_of(service, agreement.product, month):
            round = count_again(closing, cause, now, by=by)
            rows += [round, *lanes_of(round)]
        at = calendar.month_span(month)[1]
    return rows
