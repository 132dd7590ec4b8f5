"""Deciding a payment, after a callback or after silence: one effect, whatever comes (invariants 3 and 4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from mohlat.application.ports import (
    Agreements,
    Books,
    Clock,
    Dispatches,
    Ids,
    PaymentGateway,
    Payments,
    Publications,
    Receipt,
    Row,
    Tenants,
)
from mohlat.application.terms_gate import evidence_of
from mohlat.application.transitions import catch_up, commit, commit_or_write, retrying
from mohlat.domain import bookkeeping
from mohlat.domain.agreement import Agreement
from mohlat.domain.errors import ConcurrentChange, Conflict, GatewayUnavailable, Gone, NotFound
from mohlat.domain.escrow import EscrowStatus, deposited
from mohlat.domain.lifecycle import Event, Transition, move, service_notice
from mohlat.domain.notices import NoticeKind
from mohlat.domain.payments import (
    Callback,
    GatewayState,
    Order,
    OrderKind,
    Payment,
    PaymentStatus,
    Verdict,
    Verification,
    rechecked,
    rechecked_late,
    settled,
    unanswered,
    with_receipt,
)
from mohlat.domain.publications import How, bought_under
from mohlat.domain.purchases import can_be_granted, close_payment, grant, sold_under
from mohlat.domain.refunds import Refund, RefundReason, reserved
from mohlat.domain.returns import reserve_refund
from mohlat.domain.tenant import Tenant, iso
from mohlat.domain.tickets import Ticket, TicketKind, close_ticket

_MAY_BE_PAID = (GatewayState.PAID, GatewayState.VERIFIED, GatewayState.UNKNOWN)
_OVER = {GatewayState.FAILED: PaymentStatus.CANCELLED, GatewayState.REVERSED: PaymentStatus.REVERSED}
_RACES = 8
# A person has this long for a payment that nobody but a person can decide.
_HELD_FOR = timedelta(days=1)
_FOLLOWED_FOR = timedelta(days=3)


class Decision(StrEnum):
    """What a person decides about a payment that is held."""

    GRANT = "grant"
    RETURN = "return"
    ASK_AGAIN = "ask_again"


class PaymentDesk:
    """Decides payments against their gateway, grants what they bought or sends the money back."""

    def __init__(
        self,
        *,
        gateway: PaymentGateway,
        payments: Payments,
        books: Books,
        tenants: Tenants,
        dispatches: Dispatches,
        publications: Publications,
        agreements: Agreements,
        ids: Ids,
        clock: Clock,
    ) -> None:
        self._gateway = gateway
        self._payments = payments
        self._books = books
        self._tenants = tenants
        self._dispatches = dispatches
        self._publications = publications
        self._agreements = agreements
        self._ids = ids
        self._clock = clock

    # --- a browser comes back ---------------------------------------------------------------------------

    def called_back(self, callback: Callback) -> Payment:
        """A browser came back from the gateway. Nothing it says is believed: the gateway is asked.

        Also for a payment that failed before: a payer may go back and pay after all. Returns the payment as
        it stands then, open if that is still unknown. Raises NotFound for an authority that is not ours,
        Conflict for a receipt that paid for something else, GatewayUnavailable if the gateway does not answer
        (the watch goes on).
        """
        payment = retrying(lambda: self._received(callback))
        if not (payment.open or payment.failed):
            return payment
        verification = self._verify(payment)
        if verification.verdict is Verdict.NOT_PAID and (callback.claims_paid or payment.failed):
            # A forged or premature OK. The person may still be paying, so the watch goes on.
            return payment
        return self._decide(payment, verification, PaymentStatus.CANCELLED)

    def _received(self, callback: Callback) -> Payment:
        payment = self._payments.by_authority(self._gateway.name, callback.authority)
        if payment.failed and payment.next_check_at is None:
            # The watch over it has ended. The gateway may take the money at our question, and its answer get
            # lost: then somebody has to ask again.
            payment = unanswered(payment, self._clock.now())
            self._payments.save(payment)
        if callback.receipt is None or not (payment.open or payment.failed):
            return payment
        if self._payments.by_receipt(self._gateway.name, callback.receipt) not in (None, payment.id):
            raise Conflict("this receipt belongs to another payment", payment_id=payment.id)
        if payment.receipt is None:
            # Kept before anybody is asked: should the answer be lost, the watch has to ask by it again.
            payment = with_receipt(payment, callback.receipt)
            self._payments.save(payment)
        # Another one than was kept may be made up: it counts if the gateway confirms it, and is kept only
        # then.
        return replace(payment, receipt=callback.receipt)

    # --- nobody comes back ------------------------------------------------------------------------------

    def check(self, payment_id: str) -> Payment:
        """Nobody has come back: ask the gateway, decide if it can be decided, else plan the next look.

        An unanswered question decides nothing, however often it stays unanswered. A payment that failed is
        looked at a few times more; one that the customer reported becomes a ticket when its time is over.
        """
        payment = self._payments.get(payment_id)
        now = self._clock.now()
        if payment.next_check_at is None or payment.next_check_at > now:
            return payment
        try:
            state = GatewayState.FAILED
            if payment.authority:
                state = self._gateway.inquire(payment.authority, payment.receipt)
            if state in _MAY_BE_PAID and payment.authority:
                verification = self._verify(payment)
                if verification.verdict is not Verdict.NOT_PAID:
                    return self._decide(payment, verification, PaymentStatus.EXPIRED)
        except GatewayUnavailable:
            later = self._report_kept(unanswered(payment, now))
            self._payments.save(later)
            return later
        if payment.failed and state is GatewayState.REVERSED:
            # It had been taken after all, and went back: nothing is left to watch.
            went_back = settled(payment, PaymentStatus.REVERSED, now)
            return self._close(replace(went_back, next_check_at=None), f"gateway:{payment.gateway}")
        if payment.failed:
            return self._look_later(payment, now)
        later = rechecked(payment, now)
        if state in _OVER or later.next_check_at is None:
            not_paid = Verification(Verdict.NOT_PAID)
            return self._decide(payment, not_paid, _OVER.get(state, PaymentStatus.EXPIRED))
        self._payments.save(later)
        return later

    def _look_later(self, payment: Payment, now: datetime) -> Payment:
        if payment.reported_at and payment.ticket_id is None and now >= self._followed_up_at(payment):
            return retrying(lambda: self._follow_up(payment.id))
        later = self._report_kept(rechecked_late(payment, now))
        self._payments.save(later)
        return later

    def _report_kept(self, payment: Payment) -> Payment:
        """A reported payment is looked at once more when its customer's patience ends (CLUB-7)."""
        if not payment.failed or payment.reported_at is None or payment.ticket_id:
            return payment
        end = self._followed_up_at(payment)
        checks = (payment.next_check_at, end if end > self._clock.now() else None)
        return replace(payment, next_check_at=min((at for at in checks if at), default=None))

    def _followed_up_at(self, payment: Payment) -> datetime:
        agreement = self._agreements.load(payment.product)
        assert agreement.payments
        return agreement.payments.watch.after(payment.settled_at or payment.created_at, agreement.calendar)

    # --- the customer says that money was taken -----------------------------------------------------------

    def report(self, payment_id: str, by: str) -> Payment:
        """The customer reports a failed payment that took money (CLUB-7): it is watched until the gateway's
        time is over, then a ticket with its details goes to a person.

        Raises Conflict for a payment that did not fail, or was reported before.
        """

        def note() -> Payment:
            payment = self._payments.get(payment_id)
            if not payment.failed or payment.authority is None:
                raise Conflict("this payment did not fail", status=payment.status.value)
            if payment.reported_at:
                raise Conflict("it was reported before", reported_at=iso(payment.reported_at))
            now = self._clock.now()
            told = replace(payment, reported_at=now, next_check_at=now, version=payment.version + 1)
            tenant = self._tenants.get(payment.tenant_id)
            agreement = self._agreements.load(tenant.product, tenant.agreement_version)
            transition = move(
                tenant,
                Event.PAYMENT_REPORTED,
                now,
                by,
                "the customer says that money was taken",
                _watched_under(agreement),
                facts={"payment_id": payment.id, "amount": payment.amount},
                # As long as it may turn up, nothing of the tenant is purged.
                open_matters=tenant.open_matters | {f"payment:{payment.id}"},
            )
            commit(self._tenants, agreement, transition, (told,))
            return told

        retrying(note)
        return self.check(payment_id)

    def _follow_up(self, payment_id: str) -> Payment:
        payment, now = self._payments.get(payment_id), self._clock.now()
        if payment.ticket_id or not payment.failed:
            return payment
        newest = self._agreements.load(payment.product)
        ticket = self._ticket(TicketKind.PAYMENT_MISSING, payment, _watched_under(newest), _FOLLOWED_FOR)
        followed = replace(payment, ticket_id=ticket.id, next_check_at=None, version=payment.version + 1)

        def opened(tenant: Tenant, agreement: Agreement) -> Transition:
            facts: dict[str, str | int] = {"ticket_id": ticket.id, "amount": payment.amount}
            notice = service_notice(
                tenant, agreement, NoticeKind.PAYMENT_FOLLOWED_UP, now, ticket.clause, facts
            )
            return move(
                tenant,
                Event.TICKET_OPENED,
                now,
                "watch",
                "the money was not returned in time",
                ticket.clause,
                notices=(notice,),
                facts=facts | {"payment_id": payment.id},
            )

        self._write(payment.tenant_id, opened, (followed, ticket))
        return followed

    # --- a person decides ---------------------------------------------------------------------------------

    def decide(self, payment_id: str, decision: Decision, by: str) -> Payment:
        """A person decides a held payment. Raises Conflict if it is not held, or holds too little to
        grant.
        """
        payment = self._payments.get(payment_id)
        if payment.status is not PaymentStatus.HELD:
            raise Conflict("this payment is not held", status=payment.status.value)
        if decision is Decision.ASK_AGAIN:
            return self._decide(payment, self._verify(payment), PaymentStatus.CANCELLED)
        if decision is Decision.GRANT:
            return retrying(lambda: self._grant_held(payment_id, by))
        return retrying(lambda: self._return_held(payment_id, by))

    def _grant_held(self, payment_id: str, by: str) -> Payment:
        payment, now = self._held(payment_id), self._clock.now()
        if payment.captured < payment.amount:
            raise Conflict("less was captured than was ordered", captured=payment.captured)
        tenant, agreement, order = self._load(payment, by)
        if not self._grantable(tenant, order, now):
            raise Conflict("nothing can be granted any more", phase=tenant.phase.value)
        kept = replace(settled(payment, PaymentStatus.GRANTED, now), captured=payment.captured)
        extra: list[Row] = []
        if surplus := payment.captured - payment.amount:
            refund = self._refund(kept, surplus, RefundReason.HELD, now)
            kept = replace(kept, refunds={refund.id: surplus})
            extra = [refund, bookkeeping.reserved(refund)]
        transition, rows, agreement = self._granting(tenant, agreement, kept, order, now, by, was_held=True)
        if extra:
            matters = transition.after.open_matters | {f"refund:{next(iter(kept.refunds))}"}
            transition = replace(transition, after=replace(transition.after, open_matters=matters))
        commit(self._tenants, agreement, transition, (*rows, *extra, *self._closed(kept, by)))
        return kept

    def _return_held(self, payment_id: str, by: str) -> Payment:
        payment, now = self._held(payment_id), self._clock.now()
        done = replace(settled(payment, PaymentStatus.RETURNED, now), captured=payment.captured)
        if not payment.captured:
            return self._close(done, by)
        return self._send_back(done, RefundReason.HELD, "a person decided to give it back", now, by)

    def _held(self, payment_id: str) -> Payment:
        payment = self._payments.get(payment_id)
        if payment.status is not PaymentStatus.HELD:
            raise Conflict("this payment is not held", status=payment.status.value)
        return payment

    # --- deciding -------------------------------------------------------------------------------------------

    def _verify(self, payment: Payment) -> Verification:
        assert payment.authority
        return self._gateway.verify(payment.authority, payment.amount, payment.receipt)

    def _decide(self, payment: Payment, verification: Verification, unpaid: PaymentStatus) -> Payment:
        for _ in range(_RACES):
            try:
                return self._settle(payment, verification, unpaid)
            except ConcurrentChange:
                # Another callback, the watch or the clock was faster: see what it made of it.
                payment = replace(self._payments.get(payment.id), receipt=payment.receipt)
                if not (payment.open or payment.failed or payment.status is PaymentStatus.HELD):
                    return payment
        raise ConcurrentChange(payment_id=payment.id)

    def _settle(self, payment: Payment, verification: Verification, unpaid: PaymentStatus) -> Payment:
        now, by = self._clock.now(), f"gateway:{payment.gateway}"
        match verification.verdict:
            case Verdict.PAID if payment.captured not in (0, payment.amount):
                # Another sum lies with us already, so this answer settles nothing: a person has to.
                return payment
            case Verdict.PAID:
                return self._grant(payment, verification, now, by)
            case Verdict.NOT_PAID:
                if not payment.open:
                    return payment
                return self._close(settled(payment, unpaid, now, verification), by)
            case Verdict.AMOUNT_MISMATCH | Verdict.UNKNOWN_AUTHORITY:
                return self._hold(payment, verification, now)

    def _hold(self, payment: Payment, verification: Verification, now: datetime) -> Payment:
        # Money may have moved that our record does not explain: a person decides, and meanwhile the matter
        # stays open, so that nothing of the tenant is purged.
        if payment.status is PaymentStatus.HELD:
            return payment
        newest = self._agreements.load(payment.product)
        held = settled(payment, PaymentStatus.HELD, now, verification, verification.verdict.value)
        ticket = self._ticket(TicketKind.PAYMENT_HELD, held, _watched_under(newest), _HELD_FOR)
        held = replace(held, ticket_id=ticket.id)
        posting = bookkeeping.held(held, ticket.clause, now)
        rows: list[Row] = [held, ticket, *([posting] if posting else []), *self._receipt(held)]
        if payment.open:
            self._books.write(rows)
            return held

        def reopened(tenant: Tenant, agreement: Agreement) -> Transition:
            return move(
                tenant,
                Event.TICKET_OPENED,
                now,
                f"gateway:{payment.gateway}",
                "the gateway's answer does not match our record",
                ticket.clause,
                facts={"ticket_id": ticket.id, "amount": payment.amount, "payment_id": payment.id},
                # It had failed, and nothing of it stood open any more.
                open_matters=tenant.open_matters | {f"payment:{payment.id}"},
            )

        self._write(payment.tenant_id, reopened, rows)
        return held

    def _grant(self, payment: Payment, verification: Verification, now: datetime, by: str) -> Payment:
        paid = settled(payment, PaymentStatus.GRANTED, now, verification)
        was_held = payment.status is PaymentStatus.HELD and payment.captured > 0
        owed_back = replace(paid, status=PaymentStatus.OWED_BACK)
        # What had been captured before is on hold, and goes back from there.
        reason = RefundReason.HELD if was_held else RefundReason.NOTHING_GRANTED
        why = "paid, but nothing could be granted any more"
        try:
            tenant, agreement, order = self._load(payment, by)
        except (Gone, NotFound):
            # The purge was faster: what it emptied stays empty, and the money goes back (invariant 2).
            return self._send_back(owed_back, reason, why, now, by)
        late = payment.failed and now >= order.expires_at
        if late or not self._grantable(tenant, order, now):
            why = "paid after the order had expired" if late else why
            return self._send_back(owed_back, reason, why, now, by)
        transition, rows, agreement = self._granting(
            tenant, agreement, paid, order, now, by, was_held=was_held
        )
        commit(self._tenants, agreement, transition, (*rows, *self._closed(paid, by)))
        return paid

    def _load(self, payment: Payment, by: str) -> tuple[Tenant, Agreement, Order]:
        tenant = self._tenants.get(payment.tenant_id)
        agreement = self._agreements.load(tenant.product, tenant.agreement_version)
        tenant = catch_up(self._tenants, self._dispatches, agreement, tenant, self._clock.now(), by=by)
        return tenant, agreement, self._payments.order(payment.tenant_id, payment.order_id)

    def _grantable(self, tenant: Tenant, order: Order, now: datetime) -> bool:
        if not can_be_granted(tenant, now, order):
            return False
        if order.kind is not OrderKind.ESCROW:
            return True
        return self._books.escrow(tenant.id, order.subject).status is EscrowStatus.AGREED

    def _granting(
        self,
        tenant: Tenant,
        agreement: Agreement,
        paid: Payment,
        order: Order,
        now: datetime,
        by: str,
        *,
        was_held: bool = False,
    ) -> tuple[Transition, Sequence[Row], Agreement]:
        """The grant, what is written with it, and the agreement that counts from it on."""
        newest = self._agreements.load(tenant.product)
        transition = grant(tenant, agreement, newest, order, now, by=by)
        posting = bookkeeping.granted(paid, order, sold_under(agreement, order), now, was_held=was_held)
        rows: list[Row] = [paid, posting, *self._receipt(paid)]
        if order.kind is OrderKind.ESCROW:
            rows.append(deposited(self._books.escrow(tenant.id, order.subject), paid.id))
        if order.kind is OrderKind.TERM:
            # A lease is under the terms of the day it was ordered on, whatever runs already (SAMAN-7.2).
            published = self._publications.of(tenant.product)
            transition, newly = bought_under(transition, published, order.created_at)
            agreement = self._agreements.load(tenant.product, transition.after.agreement_version)
            rows += evidence_of(tenant.id, newly, now, by, How.BOUGHT)
        return transition, rows, agreement

    def _send_back(self, payment: Payment, reason: RefundReason, why: str, now: datetime, by: str) -> Payment:
        """Writes the decided payment together with the refund of all that was captured."""
        refund = self._refund(payment, payment.captured, reason, now)
        owed = replace(payment, refunds={**payment.refunds, refund.id: refund.amount})
        rows: list[Row] = [owed, refund, bookkeeping.reserved(refund), *self._receipt(owed)]
        rows += self._closed(owed, by)

        def noted(tenant: Tenant, agreement: Agreement) -> Transition:
            return reserve_refund(tenant, agreement, refund, why, now, by=by)

        self._write(payment.tenant_id, noted, rows)
        return owed

    def _close(self, outcome: Payment, by: str) -> Payment:
        def closed(tenant: Tenant, agreement: Agreement) -> Transition:
            return close_payment(
                tenant, agreement, outcome.id, outcome.status.value, self._clock.now(), by=by
            )

        self._write(outcome.tenant_id, closed, (outcome, *self._closed(outcome, by)))
        return outcome

    def _write(
        self, tenant_id: str, note: Callable[[Tenant, Agreement], Transition], rows: Sequence[Row]
    ) -> None:
        commit_or_write(self._tenants, self._books, self._agreements, tenant_id, note, rows)

    def _refund(self, payment: Payment, amount: int, reason: RefundReason, now: datetime) -> Refund:
        clause = _watched_under(self._agreements.load(payment.product))
        return reserved(self._ids.new("r"), payment, amount, 0, reason, clause, now)

    def _receipt(self, payment: Payment) -> list[Receipt]:
        """That the gateway's receipt is used up, where the gateway is asked by one."""
        known = payment.receipt and self._payments.by_receipt(payment.gateway, payment.receipt)
        if not payment.receipt or known == payment.id:
            return []
        return [Receipt(payment.gateway, payment.receipt, payment.id)]

    def _closed(self, payment: Payment, by: str) -> list[Ticket]:
        """The payment's ticket, which its decision closes, if one is open."""
        if payment.ticket_id is None:
            return []
        ticket = self._books.ticket(payment.tenant_id, payment.ticket_id)
        outcome = "the money goes back" if payment.captured else "no money was taken"
        if payment.status is PaymentStatus.GRANTED:
            outcome = "the payment was granted"
        return [close_ticket(ticket, outcome, self._clock.now(), by=by)] if ticket.open else []

    def _ticket(self, kind: TicketKind, payment: Payment, clause: str, patience: timedelta) -> Ticket:
        now = self._clock.now()
        facts: dict[str, str | int] = {
            "gateway": payment.gateway,
            "authority": payment.authority or "",
            "reference": payment.reference or "",
            "amount": payment.amount,
            "captured": payment.captured,
            "order_id": payment.order_id,
            "begun_at": iso(payment.created_at),
            "ended_at": iso(payment.settled_at or now),
        }
        return Ticket(
            id=self._ids.new("k"),
            tenant_id=payment.tenant_id,
            product=payment.product,
            kind=kind,
            subject=payment.id,
            opened_at=now,
            due_at=now + patience,
            clause=clause,
            facts={name: value for name, value in facts.items() if value != ""},
        )


def _watched_under(agreement: Agreement) -> str:
    return agreement.payments.basis.cite() if agreement.payments else "vendor's choice"
