"""What is known about money on its way: orders, payments, and what a gateway may answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from mohlat.domain.durations import Duration
from mohlat.domain.errors import Conflict


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
    `reference` is the gateway's receipt number, `masked_card` the card as the gateway masked it. `captured`
    is what it took, in rials, where it told another amount than ours although it captured it. `code` is the
    gateway's own code, for the record.
    """

    verdict: Verdict
    repeated: bool = False
    reference: str | None = None
    masked_card: str | None = None
    captured: int | None = None
    code: int = 0


@dataclass(frozen=True, slots=True)
class Callback:
    """What a browser says when it comes back from a gateway: which payment, and whether it claims it paid.

    `receipt` is what some gateways want to be asked by (SEP's RefNum, Behpardakht's SaleReferenceId).
    Nobody signs it, so no part is believed before the gateway was asked.
    """

    authority: str
    claims_paid: bool
    receipt: str | None = None


@dataclass(frozen=True, slots=True)
class Opening:
    """A payment that a gateway opened: its `authority`, and the `token` its page wants where that is
    another.
    """

    authority: str
    token: str | None = None


@dataclass(frozen=True, slots=True)
class PayPage:
    """Where the payer's browser must go; with `fields` it has to post them there."""

    url: str
    fields: Mapping[str, str] = field(default_factory=dict)


class RefundState(StrEnum):
    """What a gateway says of a refund."""

    PENDING = "pending"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RegisteredRefund:
    """A refund as a gateway has it on record: rials, and since when (UTC, where it tells)."""

    amount: int
    state: RefundState
    at: datetime | None = None


class GatewayState(StrEnum):
    """A payment's state as a gateway's inquiry reports it; never a proof of payment."""

    IN_BANK = "in_bank"
    PAID = "paid"
    VERIFIED = "verified"
    FAILED = "failed"
    REVERSED = "reversed"
    UNKNOWN = "unknown"


class PaymentStatus(StrEnum):
    """Where a payment stands with us.

    requested  the gateway has not told an authority yet
    pending    the payer is on the way
    granted    paid, and bought what was ordered
    cancelled  the payer turned back, or the bank refused: no money moved, as far as anybody knows
    expired    nobody paid in time
    reversed   money had moved, and the gateway gave it back before we took it
    held       the gateway's answer does not match our record: a person decides
    owed_back  paid, but nothing could be granted: a refund was reserved in the same write
    returned   a person decided to give back what was held
    """

    REQUESTED = "requested"
    PENDING = "pending"
    GRANTED = "granted"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REVERSED = "reversed"
    HELD = "held"
    OWED_BACK = "owed_back"
    RETURNED = "returned"


OPEN_STATUSES = frozenset({PaymentStatus.REQUESTED, PaymentStatus.PENDING})
# No money with us: but banks also take money late, and a payer may go back and pay after all.
FAILED_STATUSES = frozenset({PaymentStatus.CANCELLED, PaymentStatus.EXPIRED, PaymentStatus.REVERSED})


class OrderKind(StrEnum):
    """What an order buys.

    term     a plan for a period: the first one, or a renewal
    upgrade  the rest of the running term on a dearer plan
    extra    something sold once (SAMAN-4.4)
    debt     nothing: it pays an invoice for use above the limits (SAMAN-5.7)
    escrow   nothing yet: it deposits the price of agreed work (SAMAN-5.8)
    """

    TERM = "term"
    UPGRADE = "upgrade"
    EXTRA = "extra"
    DEBT = "debt"
    ESCROW = "escrow"


@dataclass(frozen=True, slots=True)
class Order:
    """What was ordered, at the price quoted then. Immutable: its outcome is its payment's status.

    `amount` is what is paid, in rials: `vat` is part of it, `discount` was taken off before. `created_at` and
    `expires_at` are UTC instants. `subject` names the extra, debt or escrow. An upgrade fits only the term it
    was quoted for: `plan_before` and `term_ends_at`. `start_now`: the customer asked, on record, that the
    service start at once.
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
    kind: OrderKind = OrderKind.TERM
    subject: str = ""
    discount: int = 0
    vat: int = 0
    vat_percent: int = 0
    promotion: str = ""
    plan_before: str = ""
    term_ends_at: datetime | None = None
    start_now: bool = False

    @property
    def net(self) -> int:
        """Rials without tax."""
        return self.amount - self.vat


@dataclass(frozen=True, slots=True)
class Payment:
    """One attempt to pay one order through one gateway. It outlives the tenant: money may arrive late.

    `amount` is in rials and comes from the order, never from a callback. `next_check_at` is when the
    reconciler asks the gateway again; none once the status is final. `captured` is what the gateway took for
    us, in rials, 0 while nothing is known to be taken. `refunds` holds what was reserved to go back, by
    refund id; `calling` the one refund that the gateway is being asked for. `reported_at`: the customer says
    that money was taken (CLUB-7). `version` rises with each change.
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
    token: str | None = None
    receipt: str | None = None
    checks: int = 0
    next_check_at: datetime | None = None
    settled_at: datetime | None = None
    reference: str | None = None
    masked_card: str | None = None
    note: str | None = None
    captured: int = 0
    refunds: Mapping[str, int] = field(default_factory=dict)
    calling: str | None = None
    reported_at: datetime | None = None
    ticket_id: str | None = None

    @property
    def open(self) -> bool:
        """Whether the outcome is still undecided."""
        return self.status in OPEN_STATUSES

    @property
    def failed(self) -> bool:
        """Whether it ended without money, as far as anybody knows."""
        return self.status in FAILED_STATUSES

    @property
    def returnable(self) -> int:
        """Rials that can still go back: never more than was captured."""
        return self.captured - sum(self.refunds.values())


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


# A failed payment is asked about a few times more: banks take money late, and a customer may report it.
_LATE_CHECKS = tuple(timedelta(hours=hours) for hours in (1, 6, 24, 48, 72))


def late_check_after(failed_at: datetime, now: datetime) -> datetime | None:
    """When to ask next about a payment that failed at `failed_at`; None once that watch is over."""
    return next((failed_at + delay for delay in _LATE_CHECKS if failed_at + delay > now), None)


def with_opening(payment: Payment, opening: Opening) -> Payment:
    """The payment once its gateway has given it an authority: from now on money may move."""
    return replace(
        payment,
        status=PaymentStatus.PENDING,
        authority=opening.authority,
        token=opening.token,
        version=payment.version + 1,
    )


def with_receipt(payment: Payment, receipt: str) -> Payment:
    """The payment with what its gateway wants to be asked by; kept before anybody asks."""
    return replace(payment, receipt=receipt, version=payment.version + 1)


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


def rechecked_late(payment: Payment, now: datetime) -> Payment:
    """A failed payment after another look that found no money."""
    later = late_check_after(payment.settled_at or payment.created_at, now)
    return replace(payment, next_check_at=later, version=payment.version + 1)


def unanswered(payment: Payment, now: datetime) -> Payment:
    """The payment after an inquiry without an answer: asked again hourly, even past the watch."""
    later = rechecked_late(payment, now) if payment.failed else rechecked(payment, now)
    soon = now + timedelta(hours=1)
    return later if later.next_check_at and not payment.failed else replace(later, next_check_at=soon)


def settled(
    payment: Payment,
    status: PaymentStatus,
    at: datetime,
    verification: Verification | None = None,
    note: str | None = None,
) -> Payment:
    """The payment with its decided `status`, at `at`; a failed one is looked at a few times more."""
    failed = status in FAILED_STATUSES and payment.authority is not None
    return replace(
        payment,
        status=status,
        settled_at=at,
        next_check_at=late_check_after(at, at) if failed else None,
        reference=verification.reference if verification else payment.reference,
        masked_card=verification.masked_card if verification else payment.masked_card,
        captured=_captured(payment, verification),
        note=note,
        version=payment.version + 1,
    )


def _captured(payment: Payment, verification: Verification | None) -> int:
    if verification is None:
        return payment.captured
    if verification.verdict is Verdict.PAID:
        return payment.amount
    return verification.captured or 0


def with_refund(payment: Payment, refund_id: str, amount: int) -> Payment:
    """The payment with `amount` rials of it reserved to go back. Raises Conflict beyond what was captured."""
    if amount <= 0 or amount > payment.returnable:
        raise Conflict("more than is left of this payment", returnable=payment.returnable)
    return replace(payment, refunds={**payment.refunds, refund_id: amount}, version=payment.version + 1)
