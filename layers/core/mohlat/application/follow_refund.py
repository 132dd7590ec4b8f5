"""A refund's way to the payer: noted, asked for, followed until it is settled, or handed to a person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from mohlat.application.ports import (
    Agreements,
    Books,
    Clock,
    Ids,
    PaymentGateway,
    Payments,
    Profiles,
    Row,
    Tenants,
)
from mohlat.application.transitions import commit_or_write, retrying
from mohlat.domain import bookkeeping
from mohlat.domain.agreement import Agreement
from mohlat.domain.errors import (
    Conflict,
    GatewayRefused,
    GatewayUnavailable,
    NoRefundRoute,
)
from mohlat.domain.lifecycle import Transition
from mohlat.domain.payments import Payment, RefundState, RegisteredRefund
from mohlat.domain.refunds import (
    Refund,
    RefundStatus,
    calling,
    finished,
    followed,
    for_a_person,
    looked_in_vain,
    pending,
    refused,
)
from mohlat.domain.returns import end_refund, hand_to_person
from mohlat.domain.tenant import Tenant
from mohlat.domain.tickets import Ticket, TicketKind, close_ticket

# Money owed back is sent, or at least looked into, within this long once it lies with a person.
_PATIENCE = timedelta(days=2)
_TAKEN = (RefundStatus.PENDING, RefundStatus.SETTLED)
# The note of a refund that waits for credentials of ours to be mended.
REFUSED = "the gateway refuses our request"


class RefundFollower:
    """Takes a refund one step further. Each step can be repeated; money is asked for once."""

    def __init__(
        self,
        *,
        gateways: Callable[[str], PaymentGateway],
        payments: Payments,
        books: Books,
        profiles: Profiles,
        tenants: Tenants,
        agreements: Agreements,
        ids: Ids,
        clock: Clock,
    ) -> None:
        self._gateways = gateways
        self._payments = payments
        self._books = books
        self._profiles = profiles
        self._tenants = tenants
        self._agreements = agreements
        self._ids = ids
        self._clock = clock

    def step(self, tenant_id: str, refund_id: str) -> Refund:
        """What can be done for the refund now. Returns it as it stands then.

        An unanswered question decides nothing, a refusal of our credentials neither. Raises ConcurrentChange
        (retry at once).
        """
        refund = self._books.refund(tenant_id, refund_id)
        now = self._clock.now()
        if refund.next_check_at is None or refund.next_check_at > now:
            return refund
        try:
            match refund.status:
                case RefundStatus.RESERVED:
                    return self._ask(refund)
                case RefundStatus.CALLING:
                    return self._look(refund)
                case RefundStatus.PENDING:
                    return self._follow(refund)
                case _:
                    return refund
        except GatewayRefused:
            return self._put_off(tenant_id, refund_id)

    def _put_off(self, tenant_id: str, refund_id: str) -> Refund:
        """Our credentials do not fit: nothing was asked for, and `note` rings."""
        refund, now = self._books.refund(tenant_id, refund_id), self._clock.now()
        if refund.status is RefundStatus.PENDING:
            return self._save(replace(followed(refund, now), note=REFUSED))
        later = replace(refused(refund, now), note=REFUSED)
        self._books.write([later, *([self._freed(refund)] if refund.status is RefundStatus.CALLING else [])])
        return later

    def _ask(self, refund: Refund) -> Refund:
        payment, now = self._payments.get(refund.payment_id), self._clock.now()
        if payment.calling not in (None, refund.id):
            # Two at once could not be told apart in what the gateway lists.
            return self._save(followed(refund, now))
        gateway = self._gateways(refund.gateway)
        try:
            known = gateway.refunds_of(refund.reference) if refund.reference else ()
        except NoRefundRoute:
            # It keeps no list, so nothing could ever be made sure of: a person sends the money.
            return self._hand_over(refund, RefundStatus.PAYOUT, "the gateway has no way back")
        except GatewayUnavailable:
            return self._save(followed(refund, now))
        if not refund.reference:
            return self._hand_over(refund, RefundStatus.PAYOUT, "the gateway told no reference")
        if len(known) < len(self._asked_before(refund)):
            # Its list leaves some out: a silent answer could never be told from one that was taken.
            return self._hand_over(refund, RefundStatus.PAYOUT, "the gateway does not list every refund")
        asked = calling(refund, len(_alike(known, refund)), now)
        self._books.write([asked, _calling(payment, refund.id)])
        try:
            gateway.refund(refund.reference, refund.amount, refund.id)
        except NoRefundRoute:
            return self._hand_over(asked, RefundStatus.PAYOUT, "the gateway does not return this sum")
        except GatewayUnavailable:
            # Asked, perhaps taken: from here on we look before we ask again.
            return asked
        return self._registered(asked)

    def _asked_before(self, refund: Refund) -> list[Refund]:
        """The payment's other refunds that the gateway took."""
        others = (
            each
            for each in self._books.refunds(refund.tenant_id)
            if each.payment_id == refund.payment_id and each.id != refund.id
        )
        return [each for each in others if each.status in _TAKEN]

    def _look(self, refund: Refund) -> Refund:
        """We asked, and do not know what came of it."""
        now = self._clock.now()
        try:
            known = self._gateways(refund.gateway).refunds_of(refund.reference)
        except NoRefundRoute:
            return self._hand_over(
                refund, RefundStatus.UNCERTAIN, "it is unknown whether the gateway took it"
            )
        except GatewayUnavailable:
            return self._save(followed(refund, now))
        if len(_alike(known, refund)) > refund.registered_before:
            return self._registered(refund)
        later = looked_in_vain(refund, now)
        if later.status is RefundStatus.RESERVED:
            self._books.write([later, self._freed(refund)])
            return later
        return self._save(later)

    def _registered(self, refund: Refund) -> Refund:
        taken = pending(refund, self._clock.now())
        self._books.write([taken, self._freed(refund)])
        return taken

    def _follow(self, refund: Refund) -> Refund:
        now = self._clock.now()
        try:
            known = self._gateways(refund.gateway).refunds_of(refund.reference)
        except (GatewayUnavailable, NoRefundRoute):
            return self._save(followed(refund, now))
        alike = _alike(known, refund)
        # Listed in the order in which they were asked for: ours is the one after those known before.
        mine = alike[refund.registered_before] if len(alike) > refund.registered_before else None
        if mine is None or mine.state is RefundState.PENDING:
            return self._save(followed(refund, now))
        if mine.state is RefundState.FAILED:
            return self._hand_over(refund, RefundStatus.PAYOUT, "the bank did not take it")
        return self._finish(finished(refund, RefundStatus.SETTLED, now), "gateway:" + refund.gateway)

    # --- a person goes on with it ---------------------------------------------------------------------------

    def paid_out(self, ticket: Ticket, outcome: str, by: str) -> Refund:
        """A person sent the money: closes the ticket and the refund. Raises Conflict if that was done
        before.
        """

        def attempt() -> Refund:
            refund = self._books.refund(ticket.tenant_id, ticket.subject)
            if refund.status is not RefundStatus.PAYOUT:
                raise Conflict("this refund is not with a person", status=refund.status.value)
            now = self._clock.now()
            closed = close_ticket(self._books.ticket(ticket.tenant_id, ticket.id), outcome, now, by=by)
            return self._finish(finished(refund, RefundStatus.PAID_OUT, now), by, closed)

        return retrying(attempt)

    def looked_up(self, ticket: Ticket, outcome: str, by: str, *, taken: bool) -> Refund:
        """A person looked at the gateway whether it took a refund. Raises Conflict if nobody asked (any
        more).
        """

        def attempt() -> Refund:
            refund = self._books.refund(ticket.tenant_id, ticket.subject)
            if refund.status is not RefundStatus.UNCERTAIN:
                raise Conflict("this refund is not uncertain", status=refund.status.value)
            now = self._clock.now()
            closed = close_ticket(self._books.ticket(ticket.tenant_id, ticket.id), outcome, now, by=by)
            if taken:
                # Its gateway keeps no list to follow it by: what a person saw there is the end of it.
                return self._finish(
                    finished(refund, RefundStatus.SETTLED, now), by, closed, self._freed(refund)
                )
            again = refused(refund, now)
            self._books.write([again, closed, self._freed(refund)])
            return again

        return retrying(attempt)

    def _finish(self, done: Refund, by: str, *rows: Row) -> Refund:
        now = self._clock.now()

        def noted(tenant: Tenant, agreement: Agreement) -> Transition:
            return end_refund(tenant, agreement, done, now, by=by)

        self._write(done, noted, (done, bookkeeping.given_back(done, now), *rows))
        return done

    def _hand_over(self, refund: Refund, status: RefundStatus, note: str) -> Refund:
        now = self._clock.now()
        certain = status is RefundStatus.PAYOUT
        ticket = Ticket(
            id=self._ids.new("k"),
            tenant_id=refund.tenant_id,
            product=refund.product,
            kind=TicketKind.PAYOUT if certain else TicketKind.REFUND_UNCERTAIN,
            subject=refund.id,
            opened_at=now,
            due_at=now + _PATIENCE,
            clause=refund.clause,
            facts={
                "amount": refund.amount,
                "payment_id": refund.payment_id,
                "gateway": refund.gateway,
                "reference": refund.reference,
            },
        )
        given = for_a_person(refund, status, ticket.id, note)
        rows: list[Row] = [given, ticket]
        payment = self._payments.get(refund.payment_id)
        if payment.calling == refund.id and certain:
            rows.append(_calling(payment, None))

        def noted(tenant: Tenant, agreement: Agreement) -> Transition:
            profile = self._profiles.get(tenant.id)
            needs_account = certain and not (profile and profile.sheba)
            return hand_to_person(tenant, agreement, given, needs_account, now, by="refund")

        self._write(given, noted, rows)
        return given

    # --- writing
    # ----------------------------------------------------------------------------------------------

    def _save(self, refund: Refund) -> Refund:
        self._books.write([refund])
        return refund

    def _freed(self, refund: Refund) -> Payment:
        """The payment, of which another refund may now be asked for."""
        return _calling(self._payments.get(refund.payment_id), None)

    def _write(
        self, refund: Refund, note: Callable[[Tenant, Agreement], Transition], rows: Sequence[Row]
    ) -> None:
        commit_or_write(self._tenants, self._books, self._agreements, refund.tenant_id, note, rows)


def _alike(known: tuple[RegisteredRefund, ...], refund: Refund) -> list[RegisteredRefund]:
    return [each for each in known if each.amount == refund.amount]


def _calling(payment: Payment, refund_id: str | None) -> Payment:
    return replace(payment, calling=refund_id, version=payment.version + 1)
