"""Consents and listings as they are stored: the fakes' contract and DynamoDB's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mohlat.domain import lifecycle
from mohlat.domain.agreement import Purpose
from mohlat.domain.consents import Consent
from mohlat.domain.errors import ConcurrentChange
from mohlat.domain.listings import Listing, Unlisting
from mohlat.domain.purge import Store
from mohlat.domain.tenant import Tenant
from tests.adapters.conftest import Stores, stored_items
from tests.builders import SECOND, START

CONSENT = Consent("w-1", "t-1", Purpose.NEWSLETTER, True, START, "user:u", "settings", "1")
LISTING = Listing("t-1", "trialware", "Anar", None, "https://anar.example", "books", ("name",))


def write(stores: Stores, tenant: Tenant, *rows: object) -> Tenant:
    step = lifecycle.move(tenant, lifecycle.Event.LISTED, START, "user:u", "x", "T")
    return stores.write(step, *rows)  # type: ignore[arg-type]


def test_the_record_of_consents_only_grows(stores: Stores) -> None:
    tenant = write(stores, stores.register(), CONSENT)
    # Ids sort by time in production; the instant decides all the same.
    later = replace(CONSENT, id="w-0", given=False, at=START + SECOND)
    tenant = write(stores, tenant, later)
    assert stores.consents.of("t-1") == [CONSENT, later]
    assert stores.consents.of("t-2") == []
    with pytest.raises(ConcurrentChange):
        write(stores, tenant, CONSENT)
    stores.empty("t-1", Store.TENANT)
    assert stores.consents.of("t-1") == []


def test_a_listing_is_read_by_its_owner_and_in_its_products_list(stores: Stores) -> None:
    tenant = write(stores, stores.register(), LISTING)
    assert stores.listings.get("t-1") == LISTING
    other = replace(LISTING, tenant_id="t-2", name="Sib", site_url=None, collection=None)
    write(stores, stores.register("t-2"), other)
    assert stores.listings.page("trialware", None, 10) == [LISTING, other]
    assert stores.listings.page("trialware", "t-1", 10) == [other]
    assert stores.listings.page("trialware", None, 1) == [LISTING]
    assert stores.listings.page("kalo", None, 10) == []
    tenant = write(stores, tenant, Unlisting("t-1", "trialware"))
    assert stores.listings.get("t-1") is None
    assert stores.listings.page("trialware", None, 1) == [other]
    again = replace(LISTING, name="Anar 2")
    write(stores, tenant, again)
    assert stores.listings.get("t-1") == again


def test_a_purge_takes_the_place_in_the_list_along(stores: Stores) -> None:
    write(stores, stores.register(), LISTING)
    before = stores.eraser.count("t-1", Store.TENANT)
    stores.empty("t-1", Store.TENANT)
    assert before > 1
    assert stores.eraser.count("t-1", Store.TENANT) == 0
    assert stores.listings.get("t-1") is None
    assert stores.listings.page("trialware", None, 10) == []


def test_what_is_no_longer_shown_is_nowhere(on_dynamodb: Stores) -> None:
    tenant = write(on_dynamodb, on_dynamodb.register(), LISTING)
    assert "Anar" in str(stored_items())
    write(on_dynamodb, tenant, Unlisting("t-1", "trialware"))
    assert "Anar" not in str(stored_items())
