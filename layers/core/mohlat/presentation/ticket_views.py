"""How tickets, official invoices and billing profiles look in JSON."""

from __future__ import annotations

from collections.abc import Mapping

from mohlat.application.handle_tickets import File
from mohlat.domain.billing import BillingProfile
from mohlat.domain.invoices import OfficialInvoice
from mohlat.domain.tickets import Ticket, TicketKind
from mohlat.presentation.helpdesk_views import standing
from mohlat.presentation.views import Json, at, money, word

_KINDS: Mapping[TicketKind, tuple[str, str]] = {
    TicketKind.PAYMENT_HELD: ("بررسی یک پرداخت", "A payment is being looked into"),
    TicketKind.PAYMENT_MISSING: ("پیگیری پولی که برنگشته است", "Money that did not come back"),
    TicketKind.PAYOUT: ("واریز وجه", "Money is to be paid out"),
    TicketKind.REFUND_UNCERTAIN: ("پیگیری یک بازپرداخت", "A refund is being looked into"),
    TicketKind.INVOICE_DISPUTE: ("اعتراض به صورت‌حساب", "Objection to an invoice"),
    TicketKind.LISTING_OBJECTION: ("مخالفت با نمایش در فهرست مشتریان", "Objection to the list of customers"),
    TicketKind.OFFICIAL_INVOICE: ("صدور صورت‌حساب رسمی", "Official invoice"),
    TicketKind.DATA_REQUEST: ("درخواست دربارهٔ اطلاعات شما", "Request about your data"),
    TicketKind.SUPPORT: ("درخواست پشتیبانی", "Request for support"),
    TicketKind.MISUSE: ("گزارش سوءاستفاده از حساب", "Misuse of the account is reported"),
    TicketKind.RESTRICTION_OBJECTION: ("اعتراض به محدودیت حساب", "Objection to a restriction"),
    TicketKind.MAIL: ("نامهٔ شما", "Your mail"),
}
_TEXTS = ("name", "surname", "national_id", "mobile", "email", "address", "postal_code", "sheba")


def ticket(shown: Ticket, language: str) -> Json:
    """A ticket as its owner sees it: where it stands and what came of it, not who works on it."""
    return {
        "ticket_id": shown.id,
        "kind": shown.kind.value,
        "title": word(_KINDS[shown.kind], language),
        "state": "open" if shown.open else "closed",
        **at("opened_at", shown.opened_at, language),
        **at("closed_at", shown.closed_at, language),
        "outcome": shown.outcome,
        **({"support": standing(shown, shown.support, language)} if shown.support else {}),
    }


def ticket_for_operator(shown: Ticket, language: str) -> Json:
    """A ticket with all that is known of it in clear."""
    return {
        **ticket(shown, language),
        "tenant_id": shown.tenant_id,
        "product": shown.product,
        "subject": shown.subject,
        "clause": shown.clause,
        "facts": _facts(shown.facts, language),
        **at("due_at", shown.due_at, language),
        **at("escalated_at", shown.escalated_at, language),
        "by": shown.by,
    }


def _facts(known: Mapping[str, str | int], language: str) -> Json:
    amount = known.get("amount")
    return dict(known) | (money(amount, language) if isinstance(amount, int) else {})


def file(opened: File, language: str) -> Json:
    """A ticket with what an operator needs to work on it; `payout` where the customer is to be paid."""
    shown = {**ticket_for_operator(opened.ticket, language), "words": opened.words}
    if opened.pays_customer:
        shown["payout"] = {"sheba": opened.sheba, "sheba_known": opened.sheba is not None}
    return shown


def official_invoice(asked: OfficialInvoice, language: str) -> Json:
    """An official invoice: whom it names, until when it is due, and its number once it is issued."""
    return {
        "invoice_id": asked.invoice_id,
        "status": asked.status.value,
        "company": asked.company,
        "legal_id": asked.legal_id,
        "economic_code": asked.economic_code,
        **at("requested_at", asked.requested_at, language),
        **at("due_at", asked.due_at, language),
        **at("issued_at", asked.issued_at, language),
        "tax_id": asked.tax_id,
    }


def profile(kept: BillingProfile) -> Json:
    """A billing profile as it was told; null where nothing was."""
    told: Json = {name: getattr(kept, name) or None for name in _TEXTS}
    return told | {
        "company": kept.company
        and {
            "name": kept.company.name or None,
            "legal_id": kept.company.legal_id or None,
            "economic_code": kept.company.economic_code or None,
        }
    }
