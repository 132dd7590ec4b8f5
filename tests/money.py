"""What tests about money beside payments start from: agreements that bill overuse and keep escrow."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from mohlat.domain.agreement import (
    Agreement,
    Basis,
    CompensationRule,
    EscrowRule,
    Extra,
    OveruseRule,
    PartnerPower,
    PartnerRule,
    Price,
    TaxRule,
    UsageRate,
    VatRate,
)
from mohlat.domain.payments import Order, OrderKind
from mohlat.domain.tenant import Tenant
from tests.builders import AGREEMENTS, length, order, reminder

LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)


def with_money(agreement: Agreement = AGREEMENTS["credit"]) -> Agreement:
    """The agreement with everything this is about; 10 % tax.

    Each begun thousand records above a plan's costs 50,000 rials, each begun gigabyte 30,000; a debt waits
    two weeks and is spoken of a week and a day before.
    """
    rates = (
        UsageRate(
            "records", 1000, (Price(LONG_AGO, 50_000), Price(datetime(2027, 1, 1, tzinfo=UTC), 70_000))
        ),
        UsageRate("storage_mb", 1024, (Price(LONG_AGO, 30_000),)),
        UsageRate("mails", 1, (Price(datetime(2027, 1, 1, tzinfo=UTC), 10),)),
    )
    limits = {"records": 1000, "storage_mb": 5120, "mails": 100}
    return replace(
        agreement,
        plans=tuple(replace(plan, limits=limits) for plan in agreement.plans),
        tax=TaxRule(False, (VatRate(LONG_AGO, 10),), Basis("T-TAX")),
        overuse=OveruseRule(length("P14D"), rates, (reminder("P7D"), reminder("P1D")), Basis("T-OVERUSE")),
        escrow=EscrowRule(Basis("T-ESCROW")),
        partners=PartnerRule(tuple(PartnerPower), Basis("T-PARTNERS")),
        compensation=CompensationRule(length("P1M"), Basis("T-ERROR")),
        extras=(Extra("training", {"en": "Training"}, (Price(LONG_AGO, 2_000_000),), Basis("T-EXTRA")),),
    )


def order_of_debt(tenant: Tenant, debt_id: str, number: int = 9) -> Order:
    """An order that pays one of the tenant's unpaid invoices for overuse."""
    owed = next(debt for debt in tenant.debts if debt.id == debt_id)
    plain = order(tenant, number)
    return replace(
        plain, kind=OrderKind.DEBT, subject=debt_id, plan="", amount=owed.amount, vat=owed.vat, vat_percent=10
    )
