"""The public list of a product's customers: who is shown, what of it, and statistics that name nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mohlat.domain.agreement import Agreement, Purpose
from mohlat.domain.consents import Consent, rule_of, stands
from mohlat.domain.errors import AccessRefused

# Fewer than that in a group, and somebody who knows one of them learns something about it.
LEAST_IN_A_GROUP = 5
FIELDS = ("name", "logo_url", "site_url", "collection")


@dataclass(frozen=True, slots=True)
class Listing:
    """What a customer lets others see of it. `published` are the fields that it wants shown.

    It is public by its nature, so it is not sealed; it goes with the account.
    """

    tenant_id: str
    product: str
    name: str
    logo_url: str | None = None
    site_url: str | None = None
    collection: str | None = None
    published: tuple[str, ...] = FIELDS

    def shown(self) -> dict[str, str]:
        """The fields that are there and published (KALLU-3-publish)."""
        return {name: value for name in FIELDS if name in self.published and (value := getattr(self, name))}


@dataclass(frozen=True, slots=True)
class Unlisting:
    """A row that is no more: the customer is shown to nobody."""

    tenant_id: str
    product: str


def demand_listable(agreement: Agreement, consents: Iterable[Consent]) -> str:
    """The clause by which a customer may be shown (CLUB-11, KALLU-intro).

    Raises InvalidInput where there is no such list, AccessRefused without consent.
    """
    clause = rule_of(agreement, Purpose.CUSTOMER_LIST).basis.cite()
    if not stands(agreement, consents, Purpose.CUSTOMER_LIST):
        raise AccessRefused(operation="list", clause=clause)
    return clause


def statistics(listings: Iterable[Listing]) -> Mapping[str, int]:
    """How many customers there are by collection; small groups come together under "other", and stay out
    where even that is small (KALLU-3-publish).
    """
    counted = Counter(listing.collection or "other" for listing in listings)
    large = {
        name: number for name, number in counted.items() if number >= LEAST_IN_A_GROUP and name != "other"
    }
    rest = sum(counted.values()) - sum(large.values())
    return large | ({"other": rest} if rest >= LEAST_IN_A_GROUP else {})
