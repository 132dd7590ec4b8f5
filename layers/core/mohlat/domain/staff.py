"""What the vendor's staff sees of a customer, and what it writes down after talking to one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mohlat.domain.agreement import Agreement, StaffNeeds
from mohlat.domain.errors import Conflict, InvalidInput
from mohlat.domain.lifecycle import Event, Transition, move
from mohlat.domain.tenant import Tenant
from mohlat.domain.tickets import Ticket


class ContactChannel(StrEnum):
    """How somebody talked to a customer."""

    PHONE = "phone"
    EMAIL = "email"
    CHAT = "chat"
    IN_PERSON = "in_person"
    TICKET = "ticket"
    # Written in the product by a helper whom the customer let in; nobody of the staff notes such a one.
    SUPPORT_ROLE = "support_role"


# How staff and partners talk to customers; the rest is noted by those who write it.
SPOKEN = tuple(
    each.value for each in ContactChannel if each not in (ContactChannel.SUPPORT_ROLE, ContactChannel.TICKET)
)


@dataclass(frozen=True, slots=True)
class ContactNote:
    """A summary of one contact with a customer (CLUB-8). Personal data: sealed at rest, gone with the
    tenant.
    """

    id: str
    tenant_id: str
    channel: ContactChannel
    summary: str
    at: datetime
    by: str
    ticket_id: str | None = None


def look_at_contact(
    tenant: Tenant, agreement: Agreement, ticket: Ticket | None, reason: str, now: datetime, *, by: str
) -> Transition:
    """Notes that somebody of the staff sees the customer's name and contacts, before anything is shown.

    CLUB-17, KALAK-staff. Raises Gone after the purge; InvalidInput where an open ticket is needed and none is
    named; Conflict for one that is closed, and where the agreement lets nobody look.
    """
    rule = agreement.staff
    if rule is None:
        raise Conflict("the agreement lets nobody look")
    if rule.needs is StaffNeeds.OPEN_TICKET and ticket is None:
        raise InvalidInput("ticket_id", "is missing", clause=rule.basis.cite())
    if ticket is not None and not ticket.open:
        raise Conflict("the ticket is closed already", ticket_id=ticket.id, clause=rule.basis.cite())
    facts = {"ticket_id": ticket.id} if ticket else {}
    return move(tenant, Event.CONTACT_SEEN, now, by, reason, rule.basis.cite(), facts=facts)


def note_contact(tenant: Tenant, agreement: Agreement, note: ContactNote) -> Transition:
    """Notes that somebody talked to the customer; what was said is in the sealed note (CLUB-8)."""
    facts = {"note_id": note.id, "channel": note.channel.value}
    return move(
        tenant,
        Event.CONTACTED,
        note.at,
        note.by,
        "talked to the customer",
        (agreement.contact_notes or agreement.service_basis).cite(),
        facts=facts | ({"ticket_id": note.ticket_id} if note.ticket_id else {}),
    )
