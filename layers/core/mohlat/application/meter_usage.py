"""What metering reports: throttling, and invoices for use above a plan's limits (SAMAN-3.12, 5.7).

Whether continued breach ends a subscription is an operator's finding, never a meter's.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from mohlat.application.ports import (
    Agreements,
    Books,
    Clock,
    Dispatches,
    Ids,
    Tenants,
    UsageReport,
)
from mohlat.application.transitions import catch_up, commit, retrying
from mohlat.domain import bookkeeping, overuse
from mohlat.domain.agreement import Agreement
from mohlat.domain.errors import Conflict
from mohlat.domain.overuse import Usage
from mohlat.domain.tenant import Debt, Tenant, living


class UsageDesk:
    """Takes each report of use once, and keeps the invoices that come of it until they are paid."""

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

    def report(self, tenant_id: str, usage: Usage, by: str) -> UsageReport:
        """Takes a report of use: throttles or invoices above the limit, lifts the throttling below it.

        The meter's own id makes a repetition harmless: it is answered as the first one was. Raises Conflict
        for an id that came with other figures, and for an account that is closed or owes for too much;
        InvalidInput for a metric that is not billed or not limited, or a use that no invoice can say; Gone,
        NotFound.
        """
        return retrying(lambda: self._report(tenant_id, usage, by))

    def _report(self, tenant_id: str, usage: Usage, by: str) -> UsageReport:
        tenant = self._living(tenant_id)
        if known := self._books.usage_report(tenant_id, usage.id):
            if (known.metric, known.used, known.billed) != (usage.metric, usage.used, usage.billed):
                raise Conflict("this report was taken with other figures", usage_id=usage.id)
            return known
        tenant, agreement, now = self._catch_up(tenant, by)
        newest = self._agreements.load(tenant.product)
        transition = overuse.report(tenant, agreement, newest, usage, self._ids.new("d"), now, by=by)
        taken = UsageReport(tenant_id, usage.id, usage.metric, usage.used, usage.billed, now)
        if transition is None:
            self._books.write([taken])
            return taken
        if transition.after.debts == tenant.debts:
            commit(self._tenants, agreement, transition, (taken,))
            return taken
        debt = transition.after.debts[-1]
        taken = replace(taken, debt_id=debt.id)
        posting = bookkeeping.invoiced(debt, tenant.id, tenant.product, transition.clause)
        commit(self._tenants, agreement, transition, (taken, posting))
        return taken

    def cancel(self, tenant_id: str, debt_id: str, reason: str, by: str) -> Debt:
        """Drops an unpaid invoice for overuse. Raises NotFound if there is none of this id (any more), Gone.

        Whoever is paying it at this moment gets the money back.
        """

        def attempt() -> Debt:
            tenant, agreement, now = self._catch_up(self._living(tenant_id), by)
            transition, debt = overuse.cancel_debt(tenant, agreement, debt_id, reason, now, by=by)
            posting = bookkeeping.written_off(debt, tenant.id, tenant.product, transition.clause, now)
            commit(self._tenants, agreement, transition, (posting,))
            return debt

        return retrying(attempt)

    def debts(self, tenant_id: str) -> tuple[Debt, ...]:
        """The unpaid invoices for overuse, oldest first. Raises NotFound, Gone."""
        return self._living(tenant_id).debts

    def _living(self, tenant_id: str) -> Tenant:
        return living(self._tenants.get(tenant_id))

    def _catch_up(self, tenant: Tenant, by: str) -> tuple[Tenant, Agreement, datetime]:
        now = self._clock.now()
        agreement = self._agreements.load(tenant.product, tenant.agreement_version)
        tenant = catch_up(self._tenants, self._dispatches, agreement, tenant, now, by=by, may_purge=False)
        return tenant, agreement, now
