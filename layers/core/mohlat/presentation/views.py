"""How things look in JSON: snake_case, instants in UTC beside their Jalali reading, rials beside tomans."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from mohlat.application.ports import Activity, Record, SecurityLine
from mohlat.application.view_tenant import Happening
from mohlat.calendar.display import date_and_time
from mohlat.domain.access import Access, access, why_refused
from mohlat.domain.agreement import (
    Agreement,
    Basis,
    Extra,
    Plan,
    Price,
    Promotion,
    Reminder,
    price_at,
)
from mohlat.domain.certificate import Certificate
from mohlat.domain.disclosures import Disclosure
from mohlat.domain.invoices import vat_on
from mohlat.domain.iranian import tomans
from mohlat.domain.lifecycle import Deadline, Event, as_of, next_deadline, purge_at
from mohlat.domain.people import Acceptance
from mohlat.domain.purge import PurgeEntry
from mohlat.domain.tenant import Hold, Restriction, Tenant, from_iso, iso
from mohlat.presentation.reasons import reason
from mohlat.presentation.titles import DEADLINES, EVENTS

Json = dict[str, Any]

# A legal hold may be one that its subject must not read about.
DISCREET = frozenset({Event.HOLD_PLACED, Event.HOLD_RELEASED})


def word(words: tuple[str, str], language: str) -> str:
    """The Persian or the English of a pair."""
    return words[0 if language == "fa" else 1]


def at(name: str, instant: datetime | None, language: str) -> Json:
    """An instant under its name, and as people in Iran read it."""
    if instant is None:
        return {name: None, f"{name}_jalali": None}
    return {name: iso(instant), f"{name}_jalali": date_and_time(instant, language)}


def money(rials: int, language: str) -> Json:
    """An amount in rials, and as people read it in tomans."""
    return {"amount_rials": rials, "amount_display": tomans(rials, language)}


def _facts(facts: Mapping[str, str | int], language: str) -> Json:
    shown: Json = {}
    for name, value in facts.items():
        if name == "amount" and isinstance(value, int):
            shown |= money(value, language)
        elif isinstance(value, str) and name in ("starts_at", "ends_at", "purge_at", "of"):
            shown |= at(name, from_iso(value), language)
        else:
            shown[name] = value
    return shown


def clause_of(agreement: Agreement, clause: str) -> Json:
    """A clause by its id, and what it asks for."""
    duty = agreement.clauses.get(clause)
    return {"clause": clause, "clause_text": duty.what if duty else None}


def by_whom(by: str, for_operator: bool) -> str:
    """Who did something, as far as it is the reader's business."""
    # Whom the vendor employs is not the tenant's business; that an operator did it is.
    return by if for_operator or not by.startswith("operator:") else "operator"


# --- a tenant ---------------------------------------------------------------------------------------------


def _restriction(restriction: Restriction, agreement: Agreement, language: str) -> Json:
    return {
        "kind": restriction.kind.value,
        "reason": reason(restriction.reason, language),
        **clause_of(agreement, restriction.clause),
        **at("since", restriction.since, language),
        **at("until", restriction.until, language),
    }


def tenant_status(
    tenant: Tenant, agreement: Agreement, now: datetime, language: str, *, for_operator: bool
) -> Json:
    """Where a tenant stands at `now`, what it may do, and what comes next."""
    # What it may do follows the promises' own instants, even if nobody has carried one out yet.
    current = as_of(tenant, agreement, now)
    granted = access(current, now)
    coming = next_deadline(tenant, agreement)
    status: Json = {
        "tenant_id": tenant.id,
        "product": tenant.product,
        "agreement": {"product": agreement.product, "version": agreement.version},
        "phase": tenant.phase.value,
        "access": granted.value,
        "access_clause": None if granted is Access.FULL else why_refused(current, agreement, now),
        "restrictions": [
            _restriction(restriction, agreement, language)
            for restriction in tenant.restrictions
            if restriction.applies(now)
        ],
        "holds_count": len(tenant.holds),
        **at("registered_at", tenant.registered_at, language),
        **at("period_ends_at", tenant.period_ends_at, language),
        "term": tenant.term
        and {
            "plan": tenant.term.plan,
            "length": str(tenant.term.length),
            **at("anchor", tenant.term.anchor, language),
            **at("ends_at", tenant.term.ends_at, language),
        },
        "invoice": tenant.invoice
        and {
            "plan": tenant.invoice.plan,
            "length": str(tenant.invoice.length),
            **money(tenant.invoice.amount, language),
            **at("issued_at", tenant.invoice.issued_at, language),
            **at("due_at", tenant.invoice.due_at, language),
        },
        **at("closed_at", tenant.closed_at, language),
        "closing": tenant.closing.value if tenant.closing else None,
        "next_deadline": deadline(coming, agreement, language) if coming else None,
        **at("purge_at", purge_at(tenant, agreement), language),
        "version": tenant.version,
    }
    if for_operator:
        status["holds"] = [
            {
                "hold_id": hold.id,
                "reason": hold.reason,
                "origin": hold.origin,
                "by": hold.by,
                **at("since", hold.since, language),
            }
            for hold in tenant.holds
        ]
    return status


def deadline(coming: Deadline, agreement: Agreement, language: str) -> Json:
    """Something that falls due, and by which clause."""
    return {
        "kind": coming.kind.value,
        "title": word(DEADLINES[coming.kind], language),
        **at("at", coming.at, language),
        **clause_of(agreement, coming.clause),
    }


def happening(happened: Happening, agreement: Agreement, language: str, *, for_operator: bool) -> Json:
    """A journal entry and the messages sent for it."""
    entry = happened.entry
    discreet = entry.event in DISCREET and not for_operator
    return {
        "seq": entry.seq,
        "event": entry.event.value,
        "title": word(EVENTS[entry.event], language),
        **at("at", entry.at, language),
        **at("recorded_at", entry.recorded_at, language),
        "why": None if discreet else reason(entry.why, language),
        **clause_of(agreement, entry.clause),
        "by": by_whom(entry.by, for_operator),
        "facts": {} if discreet else _facts(entry.facts, language),
        "messages": [
            {
                "channel": message.channel.value,
                "kind": message.kind.value,
                "status": message.status.value,
                **at("at", message.at, language),
                "provider": message.provider,
            }
            for message in happened.messages
        ],
        "hash": entry.hash,
        "previous_hash": entry.previous_hash,
    }


def acceptance(accepted: Acceptance, language: str, *, for_operator: bool) -> Json:
    """The evidence of an acceptance."""
    return {
        "version": accepted.version,
        "documents": list(accepted.documents),
        "digest": accepted.digest,
        **at("accepted_at", accepted.at, language),
        "source_ip": accepted.source_ip,
        "by": by_whom(accepted.by, for_operator),
        "how": accepted.how,
    }


def record(kept: Record, language: str) -> Json:
    """One of the tenant's own entries."""
    return {
        "record_id": kept.id,
        "version": kept.version,
        **at("updated_at", kept.updated_at, language),
        "data": dict(kept.data),
    }


# --- the catalog ------------------------------------------------------------------------------------------


def basis(of: Basis) -> Json:
    """Why something is as it is: its clause, the vendor's choice, or both."""
    return {"clause": of.clause, "choice": of.choice}


def _reminders(reminders: Iterable[Reminder]) -> list[Json]:
    return [
        {
            "before": str(reminder.before),
            "channels": [channel.value for channel in reminder.channels],
            **basis(reminder.basis),
        }
        for reminder in reminders
    ]


def product(agreement: Agreement) -> Json:
    """A product in the list of all."""
    return {"product": agreement.product, "names": dict(agreement.names), "version": agreement.version}


def terms(agreement: Agreement, language: str) -> Json:
    """An agreement: what one accepts, its figures with their clauses, and the clauses themselves."""
    registration = agreement.registration
    trial, first, lease = agreement.trial, agreement.first_invoice, agreement.lease
    requests, reopening = agreement.data_requests, agreement.retention.reopening
    spans = {
        "read_only": agreement.read_only,
        "kept_after_trial": agreement.retention.after_trial,
        "kept_after_term": agreement.retention.after_term,
        "kept_after_closing": agreement.retention.after_closing,
        "kept_after_withdrawal": agreement.retention.after_withdrawal,
        "kept_after_finding": agreement.retention.after_finding,
    }
    return {
        **product(agreement),
        "digest": agreement.digest,
        **at("effective_at", agreement.effective_at, language),
        "languages": list(agreement.languages),
        "document_url": agreement.document.url,
        "accept": {"documents": list(registration.accept), **basis(registration.accept_basis)},
        "password": {"min_length": agreement.password.min_length, **basis(agreement.password.basis)},
        "trial": trial
        and {
            "length": str(trial.length),
            "then": trial.then.value,
            "reminders": _reminders(trial.reminders),
            **basis(trial.basis),
        },
        "first_invoice": first
        and {
            "due": str(first.due),
            "plan": first.plan,
            "length": str(first.length),
            "reminders": _reminders(first.reminders),
            **basis(first.basis),
        },
        "lease": lease
        and {"then": lease.then.value, "reminders": _reminders(lease.reminders), **basis(lease.basis)},
        **{name: span and {"length": str(span.length), **basis(span.basis)} for name, span in spans.items()},
        "deletion_warning": {
            "before": str(agreement.deletion_warning.before),
            "channels": [channel.value for channel in agreement.deletion_warning.channels],
            **basis(agreement.deletion_warning.basis),
        },
        "reopening": reopening
        and {
            "within": str(reopening.within) if reopening.within else None,
            **basis(reopening.basis),
        },
        "data_requests": requests
        and {
            "within": str(requests.within),
            "at_most": str(requests.at_most),
            "mail": requests.mail
            and {
                "address": requests.mail.address,
                "subject": requests.mail.subject,
                "facts": list(requests.mail.facts),
                **basis(requests.mail.basis),
            },
            **basis(requests.basis),
        },
        "refunds": [
            {
                "case": rule.case.value,
                "returned": rule.returned.value,
                "within": str(rule.within) if rule.within else None,
                "within_working_days": rule.within_working_days,
                "since": rule.since.value,
                "waived_by_start": rule.waived_by_start,
                **basis(rule.basis),
            }
            for rule in agreement.refunds
        ],
        "clauses": {clause: duty.what for clause, duty in agreement.clauses.items()},
    }


def _price(price: Price, agreement: Agreement, now: datetime, language: str) -> Json:
    """A list price, the tax that comes on top of it, and since when it is in force (SAMAN-5.2)."""
    percent = agreement.tax.percent_at(now)
    total = price.amount + vat_on(price.amount, percent)
    return {
        **money(price.amount, language),
        "vat_percent": percent,
        "total_rials": total,
        "total_display": tomans(total, language),
        **at("since", price.since, language),
    }


def extra_item(offered: Extra, agreement: Agreement, now: datetime, language: str) -> Json:
    """Something sold once, at today's price."""
    price = price_at(offered.prices, now)
    shown = _price(price, agreement, now, language) if price else {}
    return {"extra": offered.id, "names": dict(offered.names), **shown, **basis(offered.basis)}


def promotion(running: Promotion, language: str) -> Json:
    """A discount, and until when it is given."""
    return {
        "promotion": running.id,
        "names": dict(running.names),
        "percent": running.percent,
        "plans": list(running.plans),
        "periods": [str(length) for length in running.lengths],
        **at("since", running.since, language),
        **at("until", running.until, language),
        **basis(running.basis),
    }


def plan(offered: Plan, agreement: Agreement, now: datetime, language: str) -> Json:
    """A plan with today's prices and since when they are in force (SAMAN-5.2)."""
    prices = ((offer.length, offer.price_at(now)) for offer in offered.offers)
    return {
        "plan": offered.id,
        "names": dict(offered.names),
        "limits": dict(offered.limits),
        "offers": [
            {"period": str(length), **_price(price, agreement, now, language)}
            for length, price in prices
            if price
        ],
        **basis(offered.basis),
    }


# --- what operators see -----------------------------------------------------------------------------------


def purge(entry: PurgeEntry, language: str) -> Json:
    """A purge and how far it got."""
    return {
        "tenant_id": entry.tenant_id,
        "product": entry.product,
        "clause": entry.clause,
        "why": entry.why,
        **at("committed_at", entry.committed_at, language),
        **at("finished_at", entry.finished_at, language),
        "finished": entry.finished_at is not None,
        "deleted": dict(entry.deleted),
        "left": dict(entry.left),
        "journal_head": entry.journal_head,
        "journal_length": entry.journal_length,
        "events": list(entry.events),
        "certificate": certificate(entry.certificate, language) if entry.certificate else None,
    }


def disclosure(entry: Disclosure, language: str) -> Json:
    """An entry of the register of disclosures."""
    return {
        "disclosure_id": entry.id,
        "to": entry.to,
        "what": entry.what,
        "ground": entry.ground,
        "reference": entry.reference,
        "clause": entry.clause,
        "held": entry.held,
        **at("disclosed_at", entry.at, language),
    }


def hold(placed: Hold, language: str) -> Json:
    """A legal hold."""
    return {
        "hold_id": placed.id,
        "reason": placed.reason,
        "origin": placed.origin,
        "by": placed.by,
        **at("since", placed.since, language),
        "scope": "records" if placed.records else "tenant",
        "records": list(placed.records),
    }


def certificate(signed: Certificate, language: str) -> Json:
    """A certificate of deletion: what it says, the very text that was signed, and the signature."""
    said = signed.content
    retained = [
        {
            "category": each["category"],
            "title": each["names"].get(language) or each["names"]["en"],
            "ground": each["ground"],
            "kept": each["kept"],
        }
        for each in said["retained"]
    ]
    return {
        "tenant_id": said["tenant_id"],
        "product": said["product"],
        "clause": said["clause"],
        **at("live_data_gone_at", from_iso(said["live_data_gone_at"]), language),
        **at("backups_gone_at", from_iso(said["backups_gone_at"]), language),
        "deleted": said["deleted"],
        "left": said["left"],
        "retained": retained,
        "signed_text": signed.text,
        "algorithm": signed.algorithm,
        "signature": signed.signature,
        "key_id": signed.key_id,
    }


def activity(line: Activity, language: str) -> Json:
    """What a user did with a record."""
    return {
        "by": line.by,
        "what": line.what,
        "record_id": line.record_id,
        **at("at", line.at, language),
    }


def security_line(line: SecurityLine, language: str) -> Json:
    """A line of the security log."""
    return {
        "subject": line.subject,
        "kind": line.kind,
        **at("at", line.at, language),
        "source_ip": line.source_ip,
        "details": dict(line.details),
    }
