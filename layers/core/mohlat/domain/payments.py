"""What is known about money on its way: orders, payments, and what a gateway may answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from mohlat.domain.durations import Duration


class Verdict(StrEnum):
    """What verifying a payment with its gateway established."""

    PAID = "paid"
    NOT_PAID = "not_paid"
    AMOUNT_MISMATCH = "amount_mismatch"
    UNKNOWN_AUTHORITY = "unknown_authority"


@dataclass(frozen=True, slots=True)
class Verification:
    """A gateway's answer to "is this payment ours and captured?".

    `repeated` is true when the gateway had verified it before (ZarinPal's 101): not a failure.
    `reference` is the gateway's receipt number, `masked_card` the card as the gateway masked it.
    `code` is the gateway's own code, for the record.
    """

    verdict: Verdict
    repeated: bool = False
    reference: str | None = None
    masked_card: str | None = None
    code: int = 0


@dataclass(frozen=True, slots=True)
class Callback:
    """What a browser says when it comes back from a gateway: which payment, and whether it claims it paid.

    Nobody signs it, so neither part is believed before the gateway was asked.
    """

    authority: str
    claims_paid: bool


class GatewayState(StrEnum):
    """A payment's state as a gateway's inquiry reports it; never a proof of payment."""

    IN_BANK = "in_bank"
    PAID = "paid"
    VERIFIED = "verified"
    FAILED = "failed"
    REVERSED = "reversed"
    UNKNOWN = "unknown"


class PaymentStatus(StrEnum):
    """Where a payment stands with us. All but the first two are final."""

    REQUESTED = "requested"
    PENDING = "pending"
    GRANTED = "granted"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    HELD = "held"
    OWED_BACK = "owed_back"


OPEN_STATUSES = frozenset({PaymentStatus.REQUESTED, PaymentStatus.PENDING})


@dataclass(frozen=True, slots=True)
class Order:
    """What was ordered, at the price quoted then. Immutable: its outcome is its payment's status.

    `amount` is in rials. `created_at` and `expires_at` are UTC instants.
    """

    id: str
    tenant_id: str
    product: str
    plan: str
    length: Duration
    amount: int
    payment_id: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Payment:
    """One attempt to pay one order through one gateway. It outlives the tenant: money may arrive late.

    `amount` is in rials and comes from the order, never from a callback. `next_check_at` is when the
    reconciler asks the gateway again; none once the status is final. `version` rises with each change.
    """

    id: str
    tenant_id: str
    product: str
    order_id: str
    gateway: str
    amount: int
    status: PaymentStatus
    created_at: datetime
    version: int = 1
    authority: str | None = None
    checks: int = 0
    next_check_at: datetime | None = None
    settled_at: datetime | None = None
    reference: str | None = None
    masked_card: str | None = None
    note: str | None = None

    @property
    def open(self) -> bool:
        """Whether the outcome is still undecided."""
        return self.status in OPEN_STATUSES


# Asked after 2, 5, 10 and 20 minutes, then hourly for a day: most customers return at once, and the rest
# either cancelled silently or lost their browser after paying.
_EARLY_CHECKS = tuple(timedelta(minutes=minutes) for minutes in (2, 5, 10, 20))
_WATCH = timedelta(hours=24)


def check_after(created_at: datetime, checks: int) -> datetime | None:
    """When to ask the gateway after `checks` unanswered inquiries; None once the watch is over."""
    if checks < len(_EARLY_CHECKS):
        return created_at + _EARLY_CHECKS[checks]
    delay = timedelta(hours=checks - len(_EARLY_CHECKS) + 1)
    return created_at + delay if delay <= _WATCH else None


def with_authority(payment: Payment, authority: str) -> Payment:
    """The payment once its gateway has given it an authority: from now on money may move."""
    return replace(payment, status=PaymentStatus.PENDING, authority=authority, version=payment.version + 1)


def rechecked(payment: Payment, now: datetime) -> Payment:
    """The payment after an inquiry at `now` that decided nothing; what was missed is left out."""
    checks = payment.checks + 1
    while (planned := check_after(payment.created_at, checks)) and planned <= now:
        checks += 1
    return replace(
        payment,
        checks=checks,
        next_check_at=planned,
        version=payment.version + 1,
    )


def unanswered(payment: Payment, now: datetime) -> Payment:
    """The payment after an inquiry without an answer: asked again hourly, even past the watch."""
    later = rechecked(payment, now)
    return later if later.next_check_at else replace(later, next_check_at=now + timedelta(hours=1))


def settled(
    payment: Payment,
    status: PaymentStatus,
    at: datetime,
    verification: Verification | None = None,
    note: str | None = None,
) -> Payment:
    """The payment with its final `status`, decided at `at`."""
    return replace(
        payment,
        status=status,
        settled_at=at,
        next_check_at=None,
        reference=verification.reference if verification else payment.reference,
        masked_card=verification.masked_card if verification else payment.masked_card,
        note=note,
        version=payment.version + 1,
    )
