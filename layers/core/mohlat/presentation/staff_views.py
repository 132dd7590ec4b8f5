"""How what staff sees and does looks in JSON."""

from __future__ import annotations

from mohlat.application.ports import SecurityLine
from mohlat.domain.agreement import Agreement
from mohlat.domain.leaks import Leak
from mohlat.domain.people import Contact
from mohlat.domain.staff import ContactNote
from mohlat.domain.tenant import from_iso
from mohlat.domain.unusual import UnusualUse
from mohlat.presentation.views import Json, at, word


def seen_contact(contact: Contact) -> Json:
    """What staff sees of a customer: name and contacts, nothing else."""
    return {"name": contact.name, "email": contact.email, "mobile": contact.mobile}


def contact_note(note: ContactNote, language: str) -> Json:
    """A summary of a contact."""
    return {
        "note_id": note.id,
        "channel": note.channel.value,
        "summary": note.summary,
        **at("at", note.at, language),
        "by": note.by,
        "ticket_id": note.ticket_id,
    }


def leak(case: Leak, language: str) -> Json:
    """A case of leaked data."""
    return {
        "leak_id": case.id,
        "product": case.product,
        "what": case.what,
        "clause": case.clause,
        "by": case.by,
        **at("opened_at", case.opened_at, language),
        **at("tell_by", case.due_at, language),
        "affected": list(case.affected),
        "told": case.told,
        "steps": [
            {"step": step.value, "what": done.what, "by": done.by, **at("at", done.at, language)}
            for step, done in case.steps.items()
        ],
        **at("closed_at", case.closed_at, language),
    }


_UNUSUAL = {
    UnusualUse.FULL_MINUTES: ("دقیقه‌های پر از درخواست", "As many requests as allowed, minute after minute"),
    UnusualUse.FAILED_SIGN_INS: ("تلاش‌های ناموفق برای ورود", "Many failed sign-ins"),
    UnusualUse.REFUSALS: ("درخواست‌های غیرمجاز پیاپی", "Many requests for what is not theirs"),
    UnusualUse.EXPORTS: ("دریافت‌های پیاپی داده‌ها", "Many exports"),
}


def unusual_use(line: SecurityLine, agreement: Agreement | None, language: str) -> Json:
    """A finding of unusual use: about a tenant under its `agreement`, or about a product or the operators."""
    watched = agreement.watch if agreement else None
    return {
        "subject": line.details["about"],
        "product": agreement.product if agreement else None,
        "kind": line.kind,
        "title": word(_UNUSUAL[UnusualUse(line.kind)], language),
        "clause": watched.cite() if watched else "vendor's choice",
        **at("at", line.at, language),
        **at("hour", from_iso(str(line.details["hour"])), language),
        "count": line.details["count"],
    }
