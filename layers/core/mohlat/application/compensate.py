"""Paying for proven human error: up to the price of a month of the lease, in a month (SAMAN-4.6)."""

from __future__ import annotations

from datetime import timedelta

from mohlat.application.ports import (
    Agreements,
    Books,
    Clock,
    Compensation,
    Dispatches,
    Ids,
    Tenants,
)
from mohlat.application.terms_gate import counted_by
from mohlat.application.transitions import catch_up, commit, retrying
from mohlat.domain import bookkeeping
from mohlat.domain.compensation import compensate, paid_this_month
from mohlat.domain.tickets import Ticket, TicketKind

# A person sends what is owed within this long.
_PATIENCE = timedelta(days=2)


class CompensationDesk:
    """Decides what a fault of ours pays, and hands it to a person to be sent."""

    def __init__(
        self,
        *,
        tenants: Tenants,
        books: Books,
        dispatches: Dispatches,
        agreements: Agreements,
        ids: Ids,
        clock: Clock,
    ) -> None:
        self._tenants = tenants
        self._books = books
        self._dispatches = dispatches
        self._agreements = agreements
        self._ids = ids
        self._clock = clock

    def compensate(self, tenant_id: str, amount: int, reason: str, clause: str, by: str) -> Compensation:
        """Owes the customer `amount` rials for an error that an operator found proven.

        Raises InvalidInput for a clause that is not there; Conflict beyond the price of a month of the lease,
        earlier compensations of the calendar's month included, and where there is none to measure by; Gone,
        NotFound.
        """
        return retrying(lambda: self._compensate(tenant_id, amount, reason, clause, by))

    def _compensate(self, tenant_id: str, amount: int, reason: str, clause: str, by: str) -> Compensation:
        now = self._clock.now()
        tenant = self._tenants.get(tenant_id)
        agreement = counted_by(self._agreements, tenant, now)
        tenant = catch_up(self._tenants, self._dispatches, agreement, tenant, now, by=by, may_purge=False)
        # Read after the tenant, whose version the write depends on: two at once cannot both pass the limit.
        earlier = [(each.at, each.amount) for each in self._books.compensations(tenant_id)]
        ticket = Ticket(
            id=self._ids.new("k"),
            tenant_id=tenant_id,
            product=tenant.product,
            kind=TicketKind.PAYOUT,
            subject=self._ids.new("m"),
            opened_at=now,
            due_at=now + _PATIENCE,
            clause=clause,
            facts={"amount": amount},
        )
        transition = compensate(
            tenant,
            agreement,
            ticket.subject,
            ticket.id,
            amount,
            reason,
            clause,
            paid_this_month(earlier, now, agreement.calendar),
            now,
            by=by,
        )
        owed = Compensation(ticket.subject, tenant_id, tenant.product, amount, reason, clause, now, ticket.id)
        posting = bookkeeping.compensated(owed.id, tenant_id, tenant.product, amount, clause, now)
        commit(self._tenants, agreement, transition, (owed, ticket, posting))
        return owed

    def of_tenant(self, tenant_id: str) -> list[Compensation]:
        """All compensations of a tenant, oldest first. They outlive it, as everything about money does."""
        return self._books.compensations(tenant_id)
