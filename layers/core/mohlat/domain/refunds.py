"""Refunds: what the agreement gives back, and each return's way to the payer.

A refund is reserved on its payment before anybody is asked to send money: no gateway knows a key that makes a
repetition harmless, so our record is what keeps it from happening twice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from mohlat.domain.agreement import Agreement, RefundCase, RefundRule, Returned, Since
from mohlat.domain.errors import Conflict, RefundRefused
from mohlat.domain.payments import Order, OrderKind, Payment
from mohlat.domain.tenant import Closing, RestrictionKind, Tenant, iso


class RefundReason(StrEnum):
    """Why money goes back."""

    WITHDRAWAL = "withdrawal"
    PURCHASE_RETURNED = "purchase_returned"
    UPGRADE_RETURNED = "upgrade_returned"
    ESCROW_RETURNED = "escrow_returned"
    NOTHING_GRANTED = "nothing_granted"
    HELD = "held"
    GOODWILL = "goodwill"
    PRODUCT_ENDED = "product_ended"


class RefundStatus(StrEnum):
    """Where a return of money stands.

    reserved   noted; the gateway was not asked yet
    calling    the gateway is being asked, or was when we were cut off: look there before asking again
    pending    the gateway has it on record
    settled    the payer has the money
    payout     a person has to send it: the gateway has no way
    uncertain  a person has to find out whether the gateway took it
    paid_out   a person sent it
    """

    RESERVED = "reserved"
    CALLING = "calling"
    PENDING = "pending"
    SETTLED = "settled"
    PAYOUT = "payout"
    UNCERTAIN = "uncertain"
    PAID_OUT = "paid_out"


_DONE = frozenset({RefundStatus.SETTLED, RefundStatus.PAID_OUT})
# A gateway that was silent may still have taken the request: after this long, what it does not list was not.
_SILENCE = timedelta(hours=1)
_LOOK_AGAIN = timedelta(minutes=15)
_FOLLOW = timedelta(hours=6)
# What no bank has carried out within this long is no matter of hours any more.
_SLOW_AFTER, _FOLLOW_SLOWLY = timedelta(days=7), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Refund:
    """One return of money, of one payment. `amount` is in rials, `vat` the part of it that was tax.

    `reference` is the gateway's number of the payment. `registered_before` is how many refunds of this amount
    the gateway listed before it was asked for this one. `next_check_at` (UTC) is when it goes on by itself.
    `version` rises with each change. It outlives the tenant.
    """

    id: str
    tenant_id: str
    product: str
    payment_id: str
    order_id: str
    gateway: str
    reference: str
    amount: int
    vat: int
    reason: RefundReason
    clause: str
    status: RefundStatus
    created_at: datetime
    next_check_at: datetime | None
    called_at: datetime | None = None
    registered_before: int = 0
    settled_at: datetime | None = None
    ticket_id: str | None = None
    note: str | None = None
    version: int = 1

    @property
    def done(self) -> bool:
        """Whether the payer has the money."""
        return self.status in _DONE


def reserved(
    refund_id: str, payment: Payment, amount: int, vat: int, reason: RefundReason, clause: str, now: datetime
) -> Refund:
    """A new refund of `amount` rials of a payment, due to be asked for at once."""
    return Refund(
        id=refund_id,
        tenant_id=payment.tenant_id,
        product=payment.product,
        payment_id=payment.id,
        order_id=payment.order_id,
        gateway=payment.gateway,
        reference=payment.reference or "",
        amount=amount,
        vat=vat,
        reason=reason,
        clause=clause,
        status=RefundStatus.RESERVED,
        created_at=now,
        next_check_at=now,
    )


def calling(refund: Refund, registered_before: int, now: datetime) -> Refund:
    """The refund just before the gateway is asked."""
    return _next(
        refund,
        RefundStatus.CALLING,
        now + _LOOK_AGAIN,
        called_at=now,
        registered_before=registered_before,
    )


def pending(refund: Refund, now: datetime) -> Refund:
    """The gateway has it on record: followed until it is settled."""
    return _next(refund, RefundStatus.PENDING, now + _FOLLOW)


def looked_in_vain(refund: Refund, now: datetime) -> Refund:
    """The gateway does not list it. Once it was silent long enough it can be asked again; until then we
    look.
    """
    assert refund.called_at
    if now >= refund.called_at + _SILENCE:
        return _next(refund, RefundStatus.RESERVED, now)
    return _next(refund, RefundStatus.CALLING, now + _LOOK_AGAIN)


def refused(refund: Refund, now: datetime) -> Refund:
    """The gateway certainly did not take it: asked again later."""
    return _next(refund, RefundStatus.RESERVED, now + _LOOK_AGAIN)


def followed(refund: Refund, now: datetime) -> Refund:
    """Nothing new: the same, looked at again later."""
    if refund.status is not RefundStatus.PENDING:
        return _next(refund, refund.status, now + _LOOK_AGAIN)
    slow = now - (refund.called_at or refund.created_at) >= _SLOW_AFTER
    return _next(refund, refund.status, now + (_FOLLOW_SLOWLY if slow else _FOLLOW))


def for_a_person(refund: Refund, status: RefundStatus, ticket_id: str, note: str) -> Refund:
    """A person has to go on with it (payout or uncertain)."""
    return _next(refund, status, None, ticket_id=ticket_id, note=note)


def finished(refund: Refund, status: RefundStatus, now: datetime) -> Refund:
    """The payer has the money. Raises Conflict if that was so before."""
    if refund.done:
        raise Conflict("this refund was finished before", status=refund.status.value)
    return _next(refund, status, None, settled_at=now)


def _next(refund: Refund, status: RefundStatus, check_at: datetime | None, **changes: object) -> Refund:
    return replace(
        refund,
        status=status,
        next_check_at=check_at,
        version=refund.version + 1,
        **changes,  # type: ignore[arg-type]
    )


# --- what the agreement gives back ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entitlement:
    """That a payment, or a part of it, goes back: rials, by which clause, until when that could be asked
    for.
    """

    amount: int
    clause: str
    until: datetime | None


def right_ends_at(rule: RefundRule, agreement: Agreement, since: datetime) -> datetime | None:
    """When the right ends (exclusive, UTC), or None if it never does. Its last day counts whole, in
    Tehran.
    """
    if rule.within_working_days is not None:
        return agreement.calendar.working_days_after(since, rule.within_working_days)
    return rule.within.whole_days_after(since, agreement.calendar) if rule.within else None


def withdrawal(tenant: Tenant, agreement: Agreement, now: datetime) -> Entitlement:
    """That everything paid goes back because the whole account is given up (SAMAN-2.6); `amount` is 0 here.

    Raises RefundRefused with the clause, and with when the right ended.
    """
    rule = agreement.refund_rule(RefundCase.WITHDRAWAL)
    if rule is None or rule.since is not Since.REGISTRATION:
        raise _refused(agreement, RefundCase.OTHERWISE)
    _refuse_violators(tenant, agreement, now)
    ends_at = right_ends_at(rule, agreement, tenant.registered_at)
    if ends_at and now >= ends_at:
        raise _refused(agreement, RefundCase.OTHERWISE, ends_at)
    return Entitlement(0, rule.basis.cite(), ends_at)


def entitlement(
    tenant: Tenant, agreement: Agreement, order: Order, payment: Payment, now: datetime, *, renewal: bool
) -> Entitlement:
    """What goes back of one granted payment. `renewal`: it made a term longer that was paid for before.

    Raises RefundRefused with the clause, and with when the right ended where it did; Conflict for a payment
    of which nothing is left.
    """
    _refuse_violators(tenant, agreement, now)
    rule = _rule(agreement, order, renewal=renewal)
    if rule is None or rule.returned is Returned.NOTHING:
        raise _refused(agreement, rule.case if rule else RefundCase.OTHERWISE)
    if rule.waived_by_start and order.start_now:
        raise RefundRefused(
            "the service was started at the customer's wish", clause=rule.basis.cite(), case=rule.case.value
        )
    ends_at = right_ends_at(rule, agreement, payment.settled_at or payment.created_at)
    if ends_at and now >= ends_at:
        raise _refused(agreement, RefundCase.OTHERWISE, ends_at)
    if payment.returnable <= 0:
        raise Conflict("nothing is left of this payment", payment_id=payment.id)
    return Entitlement(payment.returnable, rule.basis.cite(), ends_at)


def _rule(agreement: Agreement, order: Order, *, renewal: bool) -> RefundRule | None:
    cases = {
        OrderKind.UPGRADE: (RefundCase.UPGRADE,),
        OrderKind.TERM: (RefundCase.RENEWAL,) if renewal else (),
    }.get(order.kind, ())
    for case in cases:
        if rule := agreement.refund_rule(case):
            return rule
    bought = order.kind in (OrderKind.TERM, OrderKind.UPGRADE, OrderKind.EXTRA)
    rule = agreement.refund_rule(RefundCase.WITHDRAWAL)
    if bought and rule and rule.since is Since.PURCHASE:
        return rule
    return agreement.refund_rule(RefundCase.OTHERWISE)


def _refuse_violators(tenant: Tenant, agreement: Agreement, now: datetime) -> None:
    rule = agreement.refund_rule(RefundCase.VIOLATION)
    found = tenant.restricted(RestrictionKind.BLOCKED, now) or tenant.closing is Closing.FINDING
    if rule and rule.returned is Returned.NOTHING and found:
        raise _refused(agreement, RefundCase.VIOLATION)


def _refused(agreement: Agreement, case: RefundCase, ended_at: datetime | None = None) -> RefundRefused:
    rule = agreement.refund_rule(case)
    details: dict[str, object] = {
        "clause": rule.basis.cite() if rule else "vendor's choice",
        "case": case.value,
    }
    if ended_at:
        details["ended_at"] = iso(ended_at)
    return RefundRefused("the agreement gives nothing back here", **details)
