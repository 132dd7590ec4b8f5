"""Which effect moves what between which accounts. One posting for each effect, all of it or nothing."""

from __future__ import annotations

from datetime import datetime

from mohlat.domain.escrow import Escrow
from mohlat.domain.ledger import Posting, posting
from mohlat.domain.payments import Order, OrderKind, Payment
from mohlat.domain.refunds import Refund, RefundReason
from mohlat.domain.tenant import Debt


def granted(payment: Payment, order: Order, clause: str, at: datetime, *, was_held: bool = False) -> Posting:
    """A captured payment bought what was ordered; `was_held`: it had been captured before and was looked
    into.
    """
    taken = {"held": payment.amount} if was_held else {"captured": payment.amount}
    match order.kind:
        case OrderKind.ESCROW:
            given = {"escrowed": -payment.amount}
        case OrderKind.DEBT:
            given = {"owed": -payment.amount}
        case _:
            given = {"granted": -order.net, "tax": -order.vat}
    return posting("grant", payment.id, payment.tenant_id, payment.product, at, clause, **taken, **given)


def held(payment: Payment, clause: str, at: datetime) -> Posting | None:
    """A payment that a person has to decide; None where no money was captured."""
    if payment.captured == 0:
        return None
    return posting(
        "hold",
        payment.id,
        payment.tenant_id,
        payment.product,
        at,
        clause,
        captured=payment.captured,
        held=-payment.captured,
    )


def reserved(refund: Refund) -> Posting:
    """Money is on its way back, out of what it had become."""
    match refund.reason:
        case RefundReason.NOTHING_GRANTED:
            out_of = {"captured": refund.amount}
        case RefundReason.HELD:
            out_of = {"held": refund.amount}
        case RefundReason.ESCROW_RETURNED:
            out_of = {"escrowed": refund.amount}
        case _:
            out_of = {"granted": refund.amount - refund.vat, "tax": refund.vat}
    return posting(
        "return",
        refund.id,
        refund.tenant_id,
        refund.product,
        refund.created_at,
        refund.clause,
        **out_of,
        returning=-refund.amount,
    )


def given_back(refund: Refund, at: datetime) -> Posting:
    """The payer has the money, through the gateway or from a person."""
    return posting(
        "settle",
        refund.id,
        refund.tenant_id,
        refund.product,
        at,
        refund.clause,
        returning=refund.amount,
        refunded=-refund.amount,
    )


def invoiced(debt: Debt, tenant_id: str, product: str, clause: str) -> Posting:
    """Use above the limits was invoiced and is owed to us."""
    return posting(
        "invoice",
        debt.id,
        tenant_id,
        product,
        debt.issued_at,
        clause,
        owed=debt.amount,
        granted=debt.vat - debt.amount,
        tax=-debt.vat,
    )


def written_off(debt: Debt, tenant_id: str, product: str, clause: str, at: datetime) -> Posting:
    """An unpaid invoice for overuse was dropped."""
    return posting(
        "write_off",
        debt.id,
        tenant_id,
        product,
        at,
        clause,
        granted=debt.amount - debt.vat,
        tax=debt.vat,
        owed=-debt.amount,
    )


def released(escrow: Escrow, clause: str, at: datetime) -> Posting:
    """Agreed work was done: the deposit is owed to the partner."""
    return posting(
        "release",
        escrow.id,
        escrow.tenant_id,
        escrow.product,
        at,
        clause,
        escrowed=escrow.amount,
        payable=-escrow.amount,
    )


def partner_paid(escrow: Escrow, clause: str, at: datetime) -> Posting:
    """A person paid the partner."""
    return posting(
        "pay_out",
        escrow.id,
        escrow.tenant_id,
        escrow.product,
        at,
        clause,
        payable=escrow.amount,
        paid_out=-escrow.amount,
    )


def compensated(
    credit_id: str, tenant_id: str, product: str, amount: int, clause: str, at: datetime
) -> Posting:
    """The customer is owed money for a fault of ours."""
    return posting(
        "compensate", credit_id, tenant_id, product, at, clause, compensated=amount, credited=-amount
    )


def compensation_paid(
    credit_id: str, tenant_id: str, product: str, amount: int, clause: str, at: datetime
) -> Posting:
    """A person paid the compensation."""
    return posting("pay_out", credit_id, tenant_id, product, at, clause, credited=amount, paid_out=-amount)
