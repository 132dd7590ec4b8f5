"""The public list of customers: who wants to be in it, who objects, and what anybody may read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from mohlat.application.ports import (
    Agreements,
    Clock,
    Consents,
    Ids,
    Listings,
    Row,
    Tenants,
    Words,
)
from mohlat.application.transitions import commit, retrying
from mohlat.domain.access import Access, access
from mohlat.domain.agreement import Agreement, Purpose
from mohlat.domain.consents import Consent, rule_of
from mohlat.domain.errors import Gone, NotFound
from mohlat.domain.lifecycle import Event, as_of, move
from mohlat.domain.listings import Listing, Unlisting, demand_listable, statistics
from mohlat.domain.tenant import Tenant
from mohlat.domain.tickets import Ticket, TicketKind, close_ticket

_PAGE = 50


class ListingDesk:
    """Keeps the public list of customers."""

    def __init__(
        self,
        *,
        tenants: Tenants,
        consents: Consents,
        listings: Listings,
        agreements: Agreements,
        ids: Ids,
        clock: Clock,
    ) -> None:
        self._tenants = tenants
        self._consents = consents
        self._listings = listings
        self._agreements = agreements
        self._ids = ids
        self._clock = clock

    def get(self, tenant_id: str) -> Listing:
        """What is shown of a customer. Raises NotFound."""
        listing = self._listings.get(tenant_id)
        if listing is None:
            raise NotFound(tenant_id=tenant_id)
        return listing

    def publish(self, tenant_id: str, fields: Mapping[str, object], by: str) -> Listing:
        """Shows a customer as it wants to be shown. Raises AccessRefused without its consent, InvalidInput
        where there is no such list; NotFound, Gone.
        """

        def keep() -> Listing:
            tenant, agreement = self._bound(tenant_id)
            clause = demand_listable(agreement, self._consents.of(tenant_id))
            listing = Listing(tenant_id, tenant.product, **fields)  # type: ignore[arg-type]
            transition = move(
                tenant,
                Event.LISTED,
                self._clock.now(),
                by,
                "is shown in the list of customers",
                clause,
                facts={"published": ", ".join(listing.shown())},
            )
            commit(self._tenants, agreement, transition, (listing,))
            return listing

        return retrying(keep)

    def object(self, tenant_id: str, text: str, by: str) -> Ticket:
        """An objection to being shown: a ticket that is answered at once, for nothing is to be decided.

        CLUB-11. Raises InvalidInput where there is no such list; NotFound, Gone.
        """

        def take() -> Ticket:
            tenant, agreement = self._bound(tenant_id)
            now = self._clock.now()
            clause = rule_of(agreement, Purpose.CUSTOMER_LIST).basis.cite()
            opened = Ticket(
                self._ids.new("k"),
                tenant_id,
                tenant.product,
                TicketKind.LISTING_OBJECTION,
                "customer_list",
                now,
                now + timedelta(days=1),
                clause,
            )
            # Opened and answered in one write: nobody ever sees it open.
            ticket = replace(close_ticket(opened, "is shown to nobody any more", now, by="system"), version=1)
            consent = Consent(
                self._ids.new("w"),
                tenant_id,
                Purpose.CUSTOMER_LIST,
                False,
                now,
                by,
                f"objection in {ticket.id}",
                agreement.version,
            )
            rows: list[Row] = [ticket, consent, Words(tenant_id, ticket.id, text)]
            if self._listings.get(tenant_id):
                rows.append(Unlisting(tenant_id, tenant.product))
            transition = move(
                tenant,
                Event.UNLISTED,
                now,
                by,
                "objects to being shown",
                clause,
                facts={"ticket_id": ticket.id},
            )
            commit(self._tenants, agreement, transition, rows)
            return ticket

        return retrying(take)

    def page(self, product: str, after: str | None) -> tuple[list[Listing], str | None]:
        """The customers that a product shows, and where the next page begins. Raises InvalidInput.

        Whoever has no access (lapsed, blocked, closed) is not shown, whatever anybody has carried out yet.
        """
        found = self._listings.page(product, after, _PAGE + 1)
        shown = [listing for listing in found[:_PAGE] if self._lives(listing)]
        return shown, found[_PAGE - 1].tenant_id if len(found) > _PAGE else None

    def statistics(self, product: str) -> Mapping[str, int]:
        """How many are shown by collection, groups too small to hide in left out."""
        listings: list[Listing] = []
        after: str | None = None
        while True:
            page, after = self.page(product, after)
            listings += page
            if after is None:
                return statistics(listings)

    def _lives(self, listing: Listing) -> bool:
        try:
            tenant, agreement = self._bound(listing.tenant_id)
        except (Gone, NotFound):
            return False
        now = self._clock.now()
        return access(as_of(tenant, agreement, now), now) is not Access.NONE

    def _bound(self, tenant_id: str) -> tuple[Tenant, Agreement]:
        tenant = self._tenants.get(tenant_id)
        return tenant, self._agreements.load(tenant.product, tenant.agreement_version)
