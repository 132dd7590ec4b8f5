"""The record of consents, and what customers let others see of them."""

from __future__ import annotations

from itertools import islice

from pynamodb.attributes import UnicodeAttribute
from pynamodb.transactions import TransactWrite

from mohlat.adapters.dynamodb.table import (
    Document,
    Item,
    absent,
    compact,
    count_in,
    delete_all,
    tenant_pk,
)
from mohlat.domain.agreement import Purpose
from mohlat.domain.consents import Consent
from mohlat.domain.listings import Listing, Unlisting
from mohlat.domain.tenant import from_iso, iso

_CONSENT = "CONSENT#"
_CUSTOMERS = "CUSTOMERS#"
_LISTED = "LISTED"


class ConsentItem(Item):
    """One entry; never changed."""

    doc = Document()


class ListingItem(Item):
    """What others see of a customer, in its product's list."""

    doc = Document()


class ListedItem(Item):
    """Leads from a tenant to its place in the list, so that it goes with the account."""

    product = UnicodeAttribute()


def add_consent(write: TransactWrite, consent: Consent) -> None:
    """Adds a new entry."""
    doc = {
        "purpose": consent.purpose.value,
        "given": consent.given,
        "at": iso(consent.at),
        "by": consent.by,
        "how": consent.how,
        "version": consent.version,
    }
    write.save(ConsentItem(tenant_pk(consent.tenant_id), _CONSENT + consent.id, doc=doc), absent())


def add_listing(write: TransactWrite, listing: Listing) -> None:
    """Shows a customer, in place of what was shown of it."""
    doc = compact(
        {
            "name": listing.name,
            "logo_url": listing.logo_url,
            "site_url": listing.site_url,
            "collection": listing.collection,
            "published": list(listing.published),
        }
    )
    write.save(ListingItem(_CUSTOMERS + listing.product, listing.tenant_id, doc=doc))
    write.save(ListedItem(tenant_pk(listing.tenant_id), _LISTED, product=listing.product))


def drop_listing(write: TransactWrite, unlisting: Unlisting) -> None:
    """Shows a customer no longer: nothing of it stays in its place, which the purge takes away."""
    write.save(ListingItem(_CUSTOMERS + unlisting.product, unlisting.tenant_id, doc={}))


def erase_listing(tenant_id: str) -> int:
    """Deletes a purged tenant's place in the list; says how many items went. What leads there stays."""
    listed = _listed(tenant_id)
    if listed is None or not count_in(_CUSTOMERS + listed.product, tenant_id):
        return 0
    return delete_all([(_CUSTOMERS + listed.product, tenant_id)])


def count_listing(tenant_id: str) -> int:
    """One while a tenant is in the list."""
    listed = _listed(tenant_id)
    return count_in(_CUSTOMERS + listed.product, tenant_id) if listed else 0


def _listed(tenant_id: str) -> ListedItem | None:
    try:
        return ListedItem.get(tenant_pk(tenant_id), _LISTED, consistent_read=True)
    except ListedItem.DoesNotExist:
        return None


class DynamoConsents:
    """`Consents` on the main table."""

    def of(self, tenant_id: str) -> list[Consent]:
        """All entries about a tenant, oldest first, read consistently."""
        found = ConsentItem.query(
            tenant_pk(tenant_id), ConsentItem.sk.startswith(_CONSENT), consistent_read=True
        )
        entries = [_consent(tenant_id, item) for item in found]
        return sorted(entries, key=lambda entry: (entry.at, entry.id))


class DynamoListings:
    """`Listings` on the main table."""

    def get(self, tenant_id: str) -> Listing | None:
        """Read consistently."""
        listed = _listed(tenant_id)
        if listed is None:
            return None
        try:
            item = ListingItem.get(_CUSTOMERS + listed.product, tenant_id, consistent_read=True)
        except ListingItem.DoesNotExist:
            return None
        return _listing(item) if item.doc else None

    def page(self, product: str, after: str | None, limit: int) -> list[Listing]:
        """Up to `limit` of a product's, whose tenant's id is above `after`, in order of it."""
        above = ListingItem.sk > after if after else None
        found = ListingItem.query(_CUSTOMERS + product, above, page_size=limit)
        return list(islice((_listing(item) for item in found if item.doc), limit))


def _consent(tenant_id: str, item: ConsentItem) -> Consent:
    doc = item.doc
    return Consent(
        id=item.sk.removeprefix(_CONSENT),
        tenant_id=tenant_id,
        purpose=Purpose(doc["purpose"]),
        given=doc["given"],
        at=from_iso(doc["at"]),
        by=doc["by"],
        how=doc["how"],
        version=doc["version"],
    )


def _listing(item: ListingItem) -> Listing:
    doc = item.doc
    return Listing(
        tenant_id=item.sk,
        product=item.pk.removeprefix(_CUSTOMERS),
        name=doc["name"],
        logo_url=doc.get("logo_url"),
        site_url=doc.get("site_url"),
        collection=doc.get("collection"),
        published=tuple(doc.get("published", ())),
    )
