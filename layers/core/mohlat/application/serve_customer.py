"""Staff and customers: who looks at whose contact and why, and what was said."""

from __future__ import annotations

from mohlat.application.ports import Agreements, Books, Clock, ContactNotes, Ids, People, Tenants
from mohlat.application.transitions import commit, retrying
from mohlat.domain.people import Contact
from mohlat.domain.staff import ContactChannel, ContactNote, look_at_contact, note_contact


class ServiceDesk:
    """Shows a customer's contact to staff that has a reason, and keeps what was talked about."""

    def __init__(
        self,
        *,
        tenants: Tenants,
        people: People,
        books: Books,
        notes: ContactNotes,
        agreements: Agreements,
        ids: Ids,
        clock: Clock,
    ) -> None:
        self._tenants = tenants
        self._people = people
        self._books = books
        self._notes = notes
        self._agreements = agreements
        self._ids = ids
        self._clock = clock

    def look(self, tenant_id: str, reason: str, ticket_id: str | None, by: str) -> Contact:
        """The customer's name and contacts, once the look is in the journal (CLUB-17, KALAK-staff).

        Raises NotFound, Gone, InvalidInput, Conflict as `look_at_contact` does.
        """

        def record() -> None:
            tenant = self._tenants.get(tenant_id)
            agreement = self._agreements.load(tenant.product, tenant.agreement_version)
            ticket = self._books.ticket(tenant_id, ticket_id) if ticket_id else None
            transition = look_at_contact(tenant, agreement, ticket, reason, self._clock.now(), by=by)
            commit(self._tenants, agreement, transition)

        retrying(record)
        return self._people.contact(tenant_id)

    def note(
        self, tenant_id: str, channel: ContactChannel, summary: str, ticket_id: str | None, by: str
    ) -> ContactNote:
        """Keeps the summary of a contact (CLUB-8). Raises Gone; NotFound, also for an unknown ticket."""

        def keep() -> ContactNote:
            tenant = self._tenants.get(tenant_id)
            agreement = self._agreements.load(tenant.product, tenant.agreement_version)
            if ticket_id:
                self._books.ticket(tenant_id, ticket_id)
            now = self._clock.now()
            note = ContactNote(self._ids.new("g"), tenant_id, channel, summary, now, by, ticket_id)
            commit(self._tenants, agreement, note_contact(tenant, agreement, note), (note,))
            return note

        return retrying(keep)

    def notes(self, tenant_id: str) -> list[ContactNote]:
        """Every summary about a customer, oldest first. Raises NotFound, Gone."""
        self._tenants.get(tenant_id)
        return self._notes.of(tenant_id)
