"""How use, debts, agreed work and compensations look in JSON."""

from __future__ import annotations

from datetime import datetime

from mohlat.application.ports import Compensation, UsageReport
from mohlat.domain.escrow import Escrow
from mohlat.domain.iranian import tomans
from mohlat.domain.tenant import Debt
from mohlat.presentation.views import Json, at, money


def usage(taken: UsageReport, language: str) -> Json:
    """A report of use as it was taken, and the invoice that came of it, if one did (SAMAN-5.7)."""
    return {
        "usage_id": taken.id,
        "metric": taken.metric,
        "used": taken.used,
        "billed": taken.billed,
        **at("reported_at", taken.at, language),
        "debt_id": taken.debt_id,
    }


def debt(owed: Debt, now: datetime, language: str) -> Json:
    """An unpaid invoice for overuse; an overdue one suspends the account until it is paid."""
    return {
        "debt_id": owed.id,
        "metric": owed.metric,
        "blocks": owed.blocks,
        **money(owed.amount, language),
        "vat_percent": owed.vat_percent,
        "vat_rials": owed.vat,
        "vat_display": tomans(owed.vat, language),
        **at("issued_at", owed.issued_at, language),
        **at("due_at", owed.due_at, language),
        "overdue": now >= owed.due_at,
    }


def escrow(agreed: Escrow, language: str) -> Json:
    """Agreed work as its customer and operators see it (SAMAN-5.8)."""
    return {
        **escrow_for_partner(agreed, language),
        "payment_id": agreed.payment_id,
        "refund_id": agreed.refund_id,
        "ticket_id": agreed.ticket_id,
        **at("reason_given_at", agreed.reason_given_at, language),
    }


def escrow_for_partner(agreed: Escrow, language: str) -> Json:
    """Agreed work as the partner who does it needs it: nothing about a person, nothing of the customer's
    payments (SAMAN-1.7).
    """
    return {
        "escrow_id": agreed.id,
        "tenant_id": agreed.tenant_id,
        "product": agreed.product,
        "partner": agreed.partner,
        "title": agreed.title,
        **money(agreed.amount, language),
        "status": agreed.status.value,
        "work_may_begin": agreed.work_may_begin,
        **at("agreed_at", agreed.agreed_at, language),
        **at("decided_at", agreed.decided_at, language),
    }


def compensation(owed: Compensation, language: str) -> Json:
    """What is paid for a fault of ours; its ticket tells whether a person has sent it (SAMAN-4.6)."""
    return {
        "compensation_id": owed.id,
        **money(owed.amount, language),
        "reason": owed.reason,
        "clause": owed.clause,
        **at("compensated_at", owed.at, language),
        "ticket_id": owed.ticket_id,
    }
