"""How prices, orders, payments, refunds, invoices and the ledger look in JSON."""

from __future__ import annotations

from collections.abc import Iterable

from mohlat.domain.durations import Duration
from mohlat.domain.invoices import Invoice, Line, OfficialInvoice
from mohlat.domain.iranian import tomans
from mohlat.domain.ledger import Posting, balances
from mohlat.domain.payments import Order, Payment
from mohlat.domain.quotes import Quote
from mohlat.domain.refunds import Refund
from mohlat.presentation.views import Json, at, money


def _rials(name: str, amount: int, language: str) -> Json:
    return {f"{name}_rials": amount, f"{name}_display": tomans(amount, language)}


def quote(told: Quote, token: str, language: str) -> Json:
    """A price and how it came about; `quote` is what the order brings back to be charged exactly this."""
    return {
        "quote": token,
        "kind": told.kind.value,
        "plan": told.plan or None,
        "period": None if told.length == Duration() else str(told.length),
        "subject": told.subject or None,
        "promotion": told.promotion or None,
        **_rials("list_price", told.list_price, language),
        **_rials("discount", told.discount, language),
        "vat_percent": told.vat_percent,
        **_rials("vat", told.vat, language),
        **money(told.total, language),
        "clause": told.clause,
        **at("valid_until", told.valid_until, language),
    }


def order(placed: Order, payment: Payment, language: str, pay_url: str | None = None) -> Json:
    """An order, where its payment stands, and where the payer's browser must go while it is open."""
    shown: Json = {
        "order_id": placed.id,
        "tenant_id": placed.tenant_id,
        "product": placed.product,
        "kind": placed.kind.value,
        "plan": placed.plan or None,
        "period": None if placed.length == Duration() else str(placed.length),
        "subject": placed.subject or None,
        **money(placed.amount, language),
        **_rials("discount", placed.discount, language),
        "vat_percent": placed.vat_percent,
        **_rials("vat", placed.vat, language),
        "promotion": placed.promotion or None,
        "start_now": placed.start_now,
        **at("created_at", placed.created_at, language),
        **at("expires_at", placed.expires_at, language),
        "payment": payment_of(payment, language),
    }
    return shown | {"pay_url": pay_url} if pay_url else shown


def payment_of(payment: Payment, language: str) -> Json:
    """A payment as its owner sees it."""
    return {
        "payment_id": payment.id,
        "gateway": payment.gateway,
        "status": payment.status.value,
        **at("settled_at", payment.settled_at, language),
        "reference": payment.reference,
        "masked_card": payment.masked_card,
        **at("reported_at", payment.reported_at, language),
        "ticket_id": payment.ticket_id,
    }


def held_payment(payment: Payment, language: str) -> Json:
    """A payment as operators see it, with all that helps to decide it."""
    return {
        **payment_of(payment, language),
        "tenant_id": payment.tenant_id,
        "product": payment.product,
        "order_id": payment.order_id,
        "authority": payment.authority,
        **money(payment.amount, language),
        **_rials("captured", payment.captured, language),
        "refunds": dict(payment.refunds),
        "note": payment.note,
        **at("created_at", payment.created_at, language),
        **at("next_check_at", payment.next_check_at, language),
    }


def refund(each: Refund, language: str) -> Json:
    """Money on its way back."""
    return {
        "refund_id": each.id,
        "payment_id": each.payment_id,
        "reason": each.reason.value,
        "status": each.status.value,
        "clause": each.clause,
        **money(each.amount, language),
        **_rials("vat", each.vat, language),
        "gateway": each.gateway,
        **at("created_at", each.created_at, language),
        **at("settled_at", each.settled_at, language),
        "ticket_id": each.ticket_id,
    }


def _line(line: Line, language: str) -> Json:
    return {
        "item": line.item,
        "subject": line.subject or None,
        "period": str(line.length) if line.length else None,
        "quantity": line.quantity,
        **_rials("unit_price", line.unit_price, language),
        **_rials("discount", line.discount, language),
        **_rials("net", line.net, language),
        "vat_percent": line.vat_percent,
        **_rials("vat", line.vat, language),
        **_rials("total", line.total, language),
    }


def invoice(issued: Invoice, language: str, official: OfficialInvoice | None = None) -> Json:
    """An invoice or credit note."""
    return {
        "invoice_id": issued.id,
        "number": issued.label,
        "kind": issued.kind.value,
        **at("dated_at", issued.dated_at, language),
        **at("issued_at", issued.issued_at, language),
        "lines": [_line(line, language) for line in issued.lines],
        **_rials("net", issued.net, language),
        **_rials("discount", issued.discount, language),
        **_rials("vat", issued.vat, language),
        **_rials("total", issued.total, language),
        "corrects": issued.corrects,
        "source": issued.source,
        "gateway": issued.gateway,
        "reference": issued.reference,
        "clause": issued.clause,
        "official": official
        and {
            "status": official.status.value,
            **at("requested_at", official.requested_at, language),
            **at("due_at", official.due_at, language),
            **at("issued_at", official.issued_at, language),
            "tax_id": official.tax_id,
        },
    }


def ledger(postings: Iterable[Posting], language: str) -> Json:
    """A tenant's ledger: every posting, and what each account holds now."""
    postings = list(postings)
    return {
        "balances": {account.value: amount for account, amount in balances(postings).items()},
        "postings": [
            {
                "id": posting.id,
                "source": posting.source,
                "clause": posting.clause,
                **at("at", posting.at, language),
                "lines": {account.value: amount for account, amount in posting.lines.items()},
            }
            for posting in postings
        ],
    }
