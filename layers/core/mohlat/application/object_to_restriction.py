"""Takes what a restricted customer replies; a person answers in the agreement's time."""

from __future__ import annotations

from mohlat.application.ports import Agreements, Books, Clock, Ids, Tenants, Words
from mohlat.application.transitions import commit, retrying
from mohlat.domain.cards import mask_cards
from mohlat.domain.objections import object_to
from mohlat.domain.tenant import RestrictionKind
from mohlat.domain.tickets import Ticket


class ObjectionDesk:
    """Takes objections to restrictions; `TicketDesk.close` answers them."""

    def __init__(
        self, *, books: Books, tenants: Tenants, agreements: Agreements, ids: Ids, clock: Clock
    ) -> None:
        self._books = books
        self._tenants = tenants
        self._agreements = agreements
        self._ids = ids
        self._clock = clock

    def object_to(self, tenant_id: str, kind: RestrictionKind, text: str, by: str) -> Ticket:
        """The customer objects to a restriction with `text`, which is sealed.

        Raises NotFound, Gone; Conflict for a second objection to the same restriction.
        """
        ticket_id = self._ids.new("k")

        def attempt() -> Ticket:
            tenant = self._tenants.get(tenant_id)
            agreement = self._agreements.load(tenant.product, tenant.agreement_version)
            known, now = self._books.tickets(tenant_id), self._clock.now()
            transition, ticket = object_to(tenant, agreement, kind, known, ticket_id, now, by=by)
            commit(
                self._tenants, agreement, transition, (ticket, Words(tenant_id, ticket_id, mask_cards(text)))
            )
            return ticket

        return retrying(attempt)
