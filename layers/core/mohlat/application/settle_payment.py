"""Deciding a payment, after a callback or after silence: one effect, whatever comes (invariant 3)."""

from __future__ import annotations

from mohlat.application.ports import (
    Agreements,
    Clock,
    Dispatches,
    PaymentGateway,
    Payments,
    Tenants,
)
from mohlat.application.transitions import catch_up, commit
from mohlat.domain.errors import ConcurrentChange, GatewayUnavailable, Gone, NotFound
from mohlat.domain.lifecycle import can_be_granted, close_payment, grant_term
from mohlat.domain.payments import (
    GatewayState,
    Payment,
    PaymentStatus,
    Verdict,
    Verification,
    rechecked,
    settled,
    unanswered,
)

_MAY_BE_PAID = (GatewayState.PAID, GatewayState.VERIFIED, GatewayState.UNKNOWN)
_OVER = (GatewayState.FAILED, GatewayState.REVERSED)
_RACES = 8


class PaymentDesk:
    """Decides payments against their gateway and grants what they bought."""

    def __init__(
        self,
        *,
        gateway: PaymentGateway,
        payments: Payments,
        tenants: Tenants,
        dispatches: Dispatches,
        agreements: Agreements,
        clock: Clock,
    ) -> None:
        self._gateway = gateway
        self._payments = payments
        self._tenants = tenants
        self._dispatches = dispatches
        self._agreements = agreements
        self._clock = clock

    def called_back(self, authority: str, *, claims_paid: bool) -> Payment:
        """A browser came back from the gateway. Nothing it says is believed: the gateway is asked.

        Returns the payment as it stands then, open if that is still unknown. Raises NotFound for an
        authority that is not ours, GatewayUnavailable if the gateway does not answer (the watch goes on).
        """
        payment = self._payments.by_authority(self._gateway.name, authority)
        if not payment.open:
            return payment
        verification = self._verify(payment)
        if verification.verdict is Verdict.NOT_PAID and claims_paid:
            # A forged or premature OK. The person may still be paying, so the watch goes on.
            return payment
        return self._decide(payment, verification, cancelled=not claims_paid)

    def check(self, payment_id: str) -> Payment:
        """Nobody has come back: ask the gateway, decide if it can be decided, else plan the next look.

        An unanswered question decides nothing, however often it stays unanswered.
        """
        payment = self._payments.get(payment_id)
        if not payment.open or (payment.next_check_at and payment.next_check_at > self._clock.now()):
            return payment
        try:
            state = GatewayState.FAILED
            if payment.authority:
                state = self._gateway.inquire(payment.authority)
            if state in _MAY_BE_PAID and payment.authority:
                verification = self._verify(payment)
                if verification.verdict is not Verdict.NOT_PAID:
                    return self._decide(payment, verification, cancelled=False)
        except GatewayUnavailable:
            later = unanswered(payment, self._clock.now())
            self._payments.save(later)
            return later
        later = rechecked(payment, self._clock.now())
        if state in _OVER or later.next_check_at is None:
            return self._decide(payment, Verification(Verdict.NOT_PAID), cancelled=state in _OVER)
        self._payments.save(later)
        return later

    def _verify(self, payment: Payment) -> Verification:
        assert payment.authority
        return self._gateway.verify(payment.authority, payment.amount)

    def _decide(self, payment: Payment, verification: Verification, *, cancelled: bool) -> Payment:
        for _ in range(_RACES):
            try:
                return self._settle(payment, verification, cancelled=cancelled)
            except ConcurrentChange:
                # Another callback, the watch or the clock was faster: see what it made of it.
                payment = self._payments.get(payment.id)
                if not payment.open:
                    return payment
        raise ConcurrentChange(payment_id=payment.id)

    def _settle(self, payment: Payment, verification: Verification, *, cancelled: bool) -> Payment:
        now = self._clock.now()
        match verification.verdict:
            case Verdict.PAID:
                return self._grant(payment, verification)
            case Verdict.NOT_PAID:
                status = PaymentStatus.CANCELLED if cancelled else PaymentStatus.EXPIRED
            case Verdict.AMOUNT_MISMATCH | Verdict.UNKNOWN_AUTHORITY:
                # Money may have moved that our record does not explain: a person decides, and meanwhile the
                # matter stays open, so that nothing of the tenant is purged.
                held = settled(payment, PaymentStatus.HELD, now, verification, verification.verdict.value)
                self._payments.save(held)
                return held
        outcome = settled(payment, status, now, verification)
        return self._close(payment, outcome)

    def _grant(self, payment: Payment, verification: Verification) -> Payment:
        now = self._clock.now()
        by = f"gateway:{payment.gateway}"
        owed_back = settled(payment, PaymentStatus.OWED_BACK, now, verification)
        try:
            tenant = self._tenants.get(payment.tenant_id)
            agreement = self._agreements.load(tenant.product, tenant.agreement_version)
            tenant = catch_up(self._tenants, self._dispatches, agreement, tenant, now, by=by)
            order = self._payments.order(payment.tenant_id, payment.order_id)
        except (Gone, NotFound):
            # The purge was faster: what it emptied stays empty, and the money goes back (invariant 2).
            return self._close(payment, owed_back)
        if not can_be_granted(tenant, now, order):
            return self._close(payment, owed_back)
        granted = settled(payment, PaymentStatus.GRANTED, now, verification)
        commit(self._tenants, agreement, grant_term(tenant, agreement, order, now, by=by), (granted,))
        return granted

    def _close(self, payment: Payment, outcome: Payment) -> Payment:
        try:
            tenant = self._tenants.get(payment.tenant_id)
            transition = close_payment(
                tenant, payment.id, outcome.status.value, self._clock.now(), by=f"gateway:{payment.gateway}"
            )
        except (Gone, NotFound):
            self._payments.save(outcome)
            return outcome
        agreement = self._agreements.load(tenant.product, tenant.agreement_version)
        commit(self._tenants, agreement, transition, (outcome,))
        return outcome
