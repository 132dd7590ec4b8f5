"""What owners and operators decide about a tenant: accepting terms, closing, restricting, holding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from mohlat.application.ports import Agreements, Clock, DataRequests, Dispatches, Ids, Row, Tenants
from mohlat.application.request_steps import asking_ticket, rule_of, taking_up
from mohlat.application.transitions import catch_up, commit, retrying
from mohlat.domain.access import Operation, permit
from mohlat.domain.agreement import Agreement
from mohlat.domain.data_requests import RequestStatus, take_up
from mohlat.domain.errors import Conflict, InvalidInput
from mohlat.domain.lifecycle import (
    Transition,
    accept_terms,
    close,
    lift,
    place_hold,
    release_hold,
    restrict,
)
from mohlat.domain.people import Acceptance
from mohlat.domain.reopening import reopen
from mohlat.domain.tenant import Closing, Hold, Restriction, RestrictionKind, Tenant
from mohlat.domain.violations import archived, find_violation, remove_content, violation_of

# What a customer may close an account by here.
_BY_WISH = (Closing.TERMINATION, Closing.ERASURE)
Decision = Callable[[Tenant, Agreement, datetime], Transition]
# What is written with a decision.
RowsOf = Callable[[Tenant, Agreement, datetime], tuple[Row, ...]]


def _no_rows(tenant: Tenant, agreement: Agreement, now: datetime) -> tuple[Row, ...]:
    return ()


class TenantDesk:
    """Applies one decision to a tenant, after everything that was due before it."""

    def __init__(
        self,
        *,
        tenants: Tenants,
        dispatches: Dispatches,
        requests: DataRequests,
        agreements: Agreements,
        ids: Ids,
        clock: Clock,
    ) -> None:
        self._tenants = tenants
        self._dispatches = dispatches
        self._requests = requests
        self._agreements = agreements
        self._ids = ids
        self._clock = clock

    def accept_terms(
        self, tenant_id: str, version: str, documents: frozenset[str], username: str, source_ip: str
    ) -> Tenant:
        """Accepts the newest agreement and keeps the evidence (KALO-2, SAMAN-2.4).

        Raises InvalidInput for another version than the newest, or documents left out.
        """
        return retrying(lambda: self._accept(tenant_id, version, documents, username, source_ip))

    def _accept(
        self, tenant_id: str, version: str, documents: frozenset[str], username: str, source_ip: str
    ) -> Tenant:
        tenant = self._tenants.get(tenant_id)
        newest = self._agreements.load(tenant.product)
        if version != newest.version:
            raise InvalidInput("version", "not the newest", newest=newest.version)
        for document in newest.registration.accept:
            if document not in documents:
                raise InvalidInput(f"accept.{document}", "must be accepted")
        now, by = self._clock.now(), f"user:{username}"
        # What fell due before counts by the terms that bound until now.
        bound = self._agreements.load(tenant.product, tenant.agreement_version)
        tenant = catch_up(self._tenants, self._dispatches, bound, tenant, now, by=by)
        evidence = Acceptance(
            tenant_id, newest.version, newest.registration.accept, newest.digest, now, source_ip, username
        )
        transition = accept_terms(tenant, newest, now, by=by)
        return commit(self._tenants, newest, transition, (evidence,))

    def close(self, tenant_id: str, closing: Closing, by: str, rows: Sequence[Row] = ()) -> Tenant:
        """Closes the account at the customer's wish; access stops at once. `rows` are written with it.

        KALO-15, KALO-27, SAMAN-3.14, KALLU-erase. Raises InvalidInput for a withdrawal, which gives money
        back and is the refund desk's, and for a finding, which is no wish.
        """
        if closing not in _BY_WISH:
            allowed = [other.value for other in _BY_WISH]
            raise InvalidInput("closing", "not one of the possible values", allowed=allowed)

        def decide(tenant: Tenant, agreement: Agreement, now: datetime) -> Transition:
            permit(tenant, agreement, Operation.CLOSE, now)
            return close(tenant, agreement, closing, now, by=by)

        return self._apply(tenant_id, by, decide, rows=lambda *_: tuple(rows))

    def reopen(self, tenant_id: str, by: str) -> Tenant:
        """Undoes the customer's own closing, and carries out what fell due meanwhile.

        A purge that is overdue but not committed loses: whoever commits first wins. Raises Gone, NotFound,
        Conflict, AccessRefused, TooLate as the domain does.
        """
        self._apply(
            tenant_id,
            by,
            lambda tenant, agreement, now: reopen(tenant, agreement, now, by=by),
            may_purge=False,
        )
        return retrying(lambda: self._caught_up(tenant_id, by, may_purge=False)[1])

    def restrict(
        self, tenant_id: str, kind: RestrictionKind, reason: str, clause: str, until: datetime | None, by: str
    ) -> Tenant:
        """Restricts a tenant for a stated reason. Raises InvalidInput for a clause that is not there.

        Raises Conflict for slowing down where the agreement sets no pace: it would change nothing.
        """

        def decide(tenant: Tenant, agreement: Agreement, now: datetime) -> Transition:
            _check_clause(agreement, clause)
            if until is not None and until <= now:
                raise InvalidInput("until", "must be in the future")
            if kind is RestrictionKind.THROTTLED and agreement.pace is None:
                raise Conflict("this agreement sets no pace that could be slowed down", kind=kind.value)
            return restrict(tenant, Restriction(kind, reason, clause, now, until), now, by=by)

        return self._apply(tenant_id, by, decide)

    def find_violation(self, tenant_id: str, violation: str, reason: str, by: str) -> Tenant:
        """Records a breach that an operator found, and what follows from it at once.

        Raises InvalidInput for a kind that the agreement does not name; Conflict, Gone, NotFound.
        """

        def decide(tenant: Tenant, agreement: Agreement, now: datetime) -> Transition:
            return find_violation(tenant, agreement, violation_of(agreement, violation), reason, now, by=by)

        def archive(tenant: Tenant, agreement: Agreement, now: datetime) -> tuple[Row, ...]:
            found = violation_of(agreement, violation)
            backup = archived(tenant, found, self._ids.new("b"), now, by)
            return (backup,) if backup else ()

        return self._apply(tenant_id, by, decide, rows=archive)

    def remove_content(self, tenant_id: str, violation: str, record_id: str, reason: str, by: str) -> Tenant:
        """Decides that a record is removed because of what it holds; whoever calls deletes it then.

        Raises InvalidInput for a kind that the agreement does not name; Held, Conflict, Gone, NotFound.
        """

        def decide(tenant: Tenant, agreement: Agreement, now: datetime) -> Transition:
            kind = violation_of(agreement, violation)
            return remove_content(tenant, kind, record_id, reason, now, by=by)

        return self._apply(tenant_id, by, decide)

    def lift(self, tenant_id: str, kind: RestrictionKind, reason: str, by: str) -> Tenant:
        """Lifts a restriction. Raises NotFound."""
        return self._apply(tenant_id, by, lambda tenant, _, now: lift(tenant, kind, reason, now, by=by))

    def place_hold(
        self, tenant_id: str, reason: str, origin: str, clause: str, records: Sequence[str] = (), *, by: str
    ) -> Tenant:
        """Places a legal hold; from its commit on the tenant is not purged (invariant 10).

        `records` are the ids of the records that may not be deleted either; empty, none may.
        """

        def decide(tenant: Tenant, agreement: Agreement, now: datetime) -> Transition:
            _check_clause(agreement, clause)
            hold = Hold(self._ids.new("h"), reason, origin, by, now, tuple(records))
            return place_hold(tenant, hold, now, by=by, clause=clause)

        # A purge that is overdue but not committed loses against the hold that would have forbidden it.
        return self._apply(tenant_id, by, decide, may_purge=False)

    def release_hold(self, tenant_id: str, hold_id: str, reason: str, clause: str, by: str) -> Tenant:
        """Releases a hold; what it stopped is queued again with fresh notice. Raises NotFound.

        With the last one, the request for deletion that it kept waiting is taken up again, in the same write.
        """

        def attempt() -> Tenant:
            now, tenant, agreement = self._caught_up(tenant_id, by)
            _check_clause(agreement, clause)
            released = release_hold(tenant, agreement, hold_id, reason, now, by=by, clause=clause)
            waiting = [one for one in self._requests.of(tenant_id) if one.status is RequestStatus.HELD]
            if released.after.holds or not waiting:
                return commit(self._tenants, agreement, released)
            # There is one at most: deletion is asked for once.
            anew = take_up(waiting[0], rule_of(agreement), agreement.calendar, now)
            anew = replace(anew, ticket_id=self._ids.new("k"))
            ticket = asking_ticket(anew, anew.ticket_id, now)
            return commit(self._tenants, agreement, taking_up(released, agreement, anew), (anew, ticket))

        return retrying(attempt)

    def _apply(
        self,
        tenant_id: str,
        by: str,
        decide: Decision,
        *,
        may_purge: bool = True,
        rows: RowsOf = _no_rows,
    ) -> Tenant:
        def attempt() -> Tenant:
            now, tenant, agreement = self._caught_up(tenant_id, by, may_purge=may_purge)
            transition = decide(tenant, agreement, now)
            return commit(self._tenants, agreement, transition, rows(tenant, agreement, now))

        return retrying(attempt)

    def _caught_up(
        self, tenant_id: str, by: str, *, may_purge: bool = True
    ) -> tuple[datetime, Tenant, Agreement]:
        """Now, the tenant after everything that is due now, and its agreement."""
        now = self._clock.now()
        tenant = self._tenants.get(tenant_id)
        agreement = self._agreements.load(tenant.product, tenant.agreement_version)
        tenant = catch_up(self._tenants, self._dispatches, agreement, tenant, now, by=by, may_purge=may_purge)
        return now, tenant, agreement


def _check_clause(agreement: Agreement, clause: str) -> None:
    if clause not in agreement.clauses:
        raise InvalidInput("clause", "not a clause of this agreement")
