"""Agreed work, paid into escrow before it begins: released, or handed back without questions (SAMAN-5.8).

Ordering the deposit is `place_order`'s, granting it `settle_payment`'s. Partners act for their own customers
only (SAMAN-1.7): those for whom an operator agreed work with them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from mohlat.application.ports import (
    Agreements,
    Books,
    Clock,
    Dispatches,
    Ids,
    Payments,
    Row,
    SecurityLog,
    Tenants,
    Words,
)
from mohlat.application.transitions import catch_up, commit, retrying
from mohlat.domain import bookkeeping, escrow
from mohlat.domain.agreement import Agreement, PartnerPower
from mohlat.domain.delegation import demand_power, let_propose
from mohlat.domain.errors import Conflict, NotAllowed, NotFound
from mohlat.domain.escrow import Escrow, EscrowStatus
from mohlat.domain.lifecycle import Transition
from mohlat.domain.payments import with_refund
from mohlat.domain.refunds import RefundReason, reserved
from mohlat.domain.tenant import Tenant, living
from mohlat.domain.tickets import Ticket, TicketKind

# A partner is paid within this long once the customer has declared the work done.
_PATIENCE = timedelta(days=2)
# As many of one partner's proposals may wait for a customer's deposit: each sends a message.
_MOST_PROPOSED = 5


@dataclass(frozen=True, slots=True)
class _Step:
    """What one decision makes of agreed work: itself, the journal's transition, and what goes with it."""

    escrow: Escrow
    transition: Transition
    rows: tuple[Row, ...] = ()


_Decide = Callable[[Tenant, Agreement, Escrow, datetime], _Step]


class EscrowDesk:
    """Keeps agreed work and its money: each step in one write with the tenant's journal."""

    def __init__(
        self,
        *,
        tenants: Tenants,
        payments: Payments,
        books: Books,
        dispatches: Dispatches,
        agreements: Agreements,
        security_log: SecurityLog,
        ids: Ids,
        clock: Clock,
    ) -> None:
        self._tenants = tenants
        self._payments = payments
        self._books = books
        self._dispatches = dispatches
        self._agreements = agreements
        self._log = security_log
        self._ids = ids
        self._clock = clock

    # --- agreeing -------------------------------------------------------------------------------------------

    def agree(self, tenant_id: str, partner: str, title: str, amount: int, by: str) -> Escrow:
        """An operator agrees work for a customer: `partner` does it for `amount` rials.

        From now on the partner may propose more to this customer. Raises Conflict where no work can be
        agreed, Gone, NotFound.
        """
        return retrying(lambda: self._agree(tenant_id, partner, title, amount, by))

    def propose(
        self, tenant_id: str, partner: str, title: str, amount: int, *, source_ip: str = ""
    ) -> Escrow:
        """A partner agrees more work with a customer of its own (SAMAN-1.7), done by itself.

        Its own are those for whom work with this partner was agreed before and not given up. Raises NotFound
        for anybody else, as for a customer that does not exist, and once the power was taken back; NotAllowed
        where other powers were left; both leave a line in the security log. Raises Conflict while too much of
        it waits.
        """

        def attempt() -> Escrow:
            mine = [each for each in self._books.escrows(tenant_id) if each.partner == partner]
            if all(each.status is EscrowStatus.CANCELLED for each in mine):
                raise NotFound(tenant_id=tenant_id)
            if sum(each.status is EscrowStatus.AGREED for each in mine) >= _MOST_PROPOSED:
                raise Conflict("too much is proposed and not paid yet", most=_MOST_PROPOSED)
            return self._agree(tenant_id, partner, title, amount, _name(partner))

        try:
            return retrying(attempt)
        except (NotFound, NotAllowed) as error:
            kind = "foreign_tenant_refused" if isinstance(error, NotFound) else "power_refused"
            self._log.note(partner, kind, self._clock.now(), source_ip, username=partner)
            raise

    def _agree(self, tenant_id: str, partner: str, title: str, amount: int, by: str) -> Escrow:
        tenant, agreement, now = self._load(tenant_id, by)
        agreed = Escrow(self._ids.new("e"), tenant_id, tenant.product, partner, title, amount, now)
        transition = escrow.agree(tenant, agreement, agreed, now, by=by)
        if by == _name(partner):
            # Of the very tenant that is written: who takes it back in between is faster, and it is refused.
            demand_power(tenant, partner, PartnerPower.PROPOSE_WORK)
        else:
            transition = let_propose(transition, agreement, partner)
        commit(self._tenants, agreement, transition, (agreed,))
        return agreed

    def of_tenant(self, tenant_id: str) -> list[Escrow]:
        """All agreed work of a tenant, oldest first. It outlives the tenant."""
        return self._books.escrows(tenant_id)

    def of_partner(self, partner: str) -> list[Escrow]:
        """All work agreed with a partner, over its customers, oldest first. Nothing about a person."""
        return self._books.escrows_of_partner(partner)

    # --- deciding -------------------------------------------------------------------------------------------

    def release(self, tenant_id: str, escrow_id: str, by: str) -> Escrow:
        """The customer declares the work done: a person is to pay the partner.

        Raises Conflict unless the deposit lies with us, NotFound.
        """

        def decide(tenant: Tenant, agreement: Agreement, held: Escrow, now: datetime) -> _Step:
            clause = escrow.kept_under(agreement)
            ticket = Ticket(
                id=self._ids.new("k"),
                tenant_id=tenant.id,
                product=tenant.product,
                kind=TicketKind.PAYOUT,
                subject=held.id,
                opened_at=now,
                due_at=now + _PATIENCE,
                clause=clause,
                facts={"amount": held.amount, "partner": held.partner},
            )
            done = escrow.released(held, ticket.id, now)
            noted = escrow.note_release(tenant, agreement, done, now, by=by)
            return _Step(done, noted, (ticket, bookkeeping.released(done, clause, now)))

        return self._apply(tenant_id, escrow_id, by, decide)

    def return_deposit(self, tenant_id: str, escrow_id: str, by: str) -> Escrow:
        """The customer asks for the deposit back, and gets all of it; nobody asks why before it went.

        Raises Conflict unless the deposit lies with us, NotFound.
        """

        def decide(tenant: Tenant, agreement: Agreement, held: Escrow, now: datetime) -> _Step:
            refund_id = self._ids.new("r")
            given_up = escrow.returned(held, refund_id, now)
            assert held.payment_id
            payment = self._payments.get(held.payment_id)
            clause = escrow.kept_under(agreement)
            refund = reserved(refund_id, payment, held.amount, 0, RefundReason.ESCROW_RETURNED, clause, now)
            noted = escrow.note_return(tenant, agreement, given_up, now, by=by)
            rows = (with_refund(payment, refund_id, held.amount), refund, bookkeeping.reserved(refund))
            return _Step(given_up, noted, rows)

        return self._apply(tenant_id, escrow_id, by, decide)

    def cancel(self, tenant_id: str, escrow_id: str, by: str) -> Escrow:
        """Gives agreed work up before its price is deposited; a deposit on its way then goes back.

        Raises Conflict once it lies with us, NotFound.
        """

        def decide(tenant: Tenant, agreement: Agreement, agreed: Escrow, now: datetime) -> _Step:
            given_up = escrow.cancelled(agreed, now)
            return _Step(given_up, escrow.note_cancellation(tenant, agreement, given_up, now, by=by))

        return self._apply(tenant_id, escrow_id, by, decide)

    def _apply(self, tenant_id: str, escrow_id: str, by: str, decide: _Decide) -> Escrow:
        def attempt() -> Escrow:
            tenant, agreement, now = self._load(tenant_id, by)
            step = decide(tenant, agreement, self._books.escrow(tenant_id, escrow_id), now)
            commit(self._tenants, agreement, step.transition, (step.escrow, *step.rows))
            return step.escrow

        return retrying(attempt)

    def _load(self, tenant_id: str, by: str) -> tuple[Tenant, Agreement, datetime]:
        now = self._clock.now()
        tenant = living(self._tenants.get(tenant_id))
        agreement = self._agreements.load(tenant.product, tenant.agreement_version)
        tenant = catch_up(self._tenants, self._dispatches, agreement, tenant, now, by=by, may_purge=False)
        return tenant, agreement, now

    # --- the reason, afterwards -----------------------------------------------------------------------------

    def explain(self, tenant_id: str, escrow_id: str, reason: str) -> Escrow:
        """The customer tells why the deposit was asked back: sealed, once.

        Raises Conflict before the return and the second time, NotFound, Gone.
        """

        def attempt() -> Escrow:
            living(self._tenants.get(tenant_id))
            told = escrow.explained(self._books.escrow(tenant_id, escrow_id), self._clock.now())
            self._books.write([told, Words(tenant_id, escrow_id, reason)])
            return told

        return retrying(attempt)

    def reason(self, tenant_id: str, escrow_id: str, by: str, source_ip: str) -> str | None:
        """What the customer told, unsealed; None before that, and once the tenant's key is gone.

        Each look leaves a line in the security log. Raises NotFound.
        """
        words = self._books.words(tenant_id, self._books.escrow(tenant_id, escrow_id).id)
        if words:
            self._log.note(
                tenant_id,
                "escrow_words_shown",
                self._clock.now(),
                source_ip,
                username=by,
                escrow_id=escrow_id,
            )
        return words


def _name(partner: str) -> str:
    """A partner as the journal names it."""
    return f"partner:{partner}"
