"""How what staff sees and does looks in JSON."""

from __future__ import annotations

from mohlat.domain.leaks import Leak
from mohlat.domain.people import Contact
from mohlat.domain.staff import ContactNote
from mohlat.presentation.views import Json, at


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
