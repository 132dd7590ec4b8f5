"""The list of customers: in it until they object, or not before they ask, and only what they publish."""

from __future__ import annotations

import pytest

from mohlat.agreements import loader
from mohlat.domain.agreement import Purpose
from mohlat.domain.errors import AccessRefused, InvalidInput, NotFound
from mohlat.domain.listings import FIELDS, LEAST_IN_A_GROUP, Listing, statistics
from mohlat.domain.purge import Store
from mohlat.domain.tenant import RestrictionKind, Tenant
from tests.application.world import World

OWNER = "user:owner"
SHOP: dict[str, object] = {
    "name": "Anar",
    "logo_url": "https://anar.example/logo.png",
    "site_url": "https://anar.example",
    "collection": "bookshops",
}


def customer(product: str) -> tuple[World, Tenant]:
    world = World(loader.load(product))
    return world, world.register()


def shown(world: World) -> list[dict[str, str]]:
    """What anybody reads."""
    return [listing.shown() for listing in world.listing_desk.page(world.agreement.product, None)[0]]


@pytest.mark.clause("CLUB-11")
def test_a_customer_of_the_club_is_shown_until_it_objects_in_a_ticket() -> None:
    world, tenant = customer("customer_club")
    world.listing_desk.publish(tenant.id, SHOP, OWNER)
    assert shown(world) == [SHOP]
    ticket = world.listing_desk.object(tenant.id, "please do not", OWNER)
    assert shown(world) == []
    assert (ticket.open, ticket.clause) == (False, "CLUB-11")
    assert world.books.ticket(tenant.id, ticket.id) == ticket
    assert world.books.words(tenant.id, ticket.id) == "please do not"
    with pytest.raises(AccessRefused):
        world.listing_desk.publish(tenant.id, SHOP, OWNER)
    with pytest.raises(NotFound):
        world.listing_desk.get(tenant.id)
    # Who changes its mind says so.
    world.consent_desk.say(tenant.id, Purpose.CUSTOMER_LIST, OWNER, "settings", given=True)
    world.listing_desk.publish(tenant.id, SHOP, OWNER)
    assert shown(world) == [SHOP]


def test_who_objects_before_it_was_ever_shown_is_not_shown_either() -> None:
    world, tenant = customer("customer_club")
    world.listing_desk.object(tenant.id, "never", OWNER)
    with pytest.raises(AccessRefused):
        world.listing_desk.publish(tenant.id, SHOP, OWNER)


@pytest.mark.clause("KALLU-intro")
def test_at_kallu_nobody_is_displayed_without_an_explicit_consent() -> None:
    world, tenant = customer("kallu")
    with pytest.raises(AccessRefused) as refused:
        world.listing_desk.publish(tenant.id, SHOP, OWNER)
    assert refused.value.details["clause"] == "KALLU-intro"
    world.consent_desk.say(tenant.id, Purpose.CUSTOMER_LIST, OWNER, "settings", given=True)
    world.listing_desk.publish(tenant.id, SHOP, OWNER)
    assert shown(world) == [SHOP]
    world.consent_desk.say(tenant.id, Purpose.CUSTOMER_LIST, OWNER, "settings", given=False)
    assert shown(world) == []


@pytest.mark.clause("KALLU-3-publish")
def test_privacy_settings_limit_what_is_published() -> None:
    world, tenant = customer("customer_club")
    world.listing_desk.publish(tenant.id, SHOP | {"published": ("name",)}, OWNER)
    assert shown(world) == [{"name": "Anar"}]
    assert world.listing_desk.get(tenant.id).site_url == "https://anar.example"
    world.listing_desk.publish(tenant.id, SHOP | {"published": ()}, OWNER)
    assert shown(world) == [{}]


def test_whoever_has_no_access_is_not_shown() -> None:
    world, tenant = customer("customer_club")
    world.listing_desk.publish(tenant.id, SHOP, OWNER)
    world.desk.restrict(tenant.id, RestrictionKind.BLOCKED, "x", "CLUB-0", None, by="operator:o")
    assert shown(world) == []
    world.desk.lift(tenant.id, RestrictionKind.BLOCKED, "x", by="operator:o")
    assert shown(world) == [SHOP]
    assert tenant.period_ends_at
    world.clock.time = tenant.period_ends_at
    assert shown(world) == []


def test_a_purge_takes_the_place_in_the_list_along() -> None:
    world, tenant = customer("customer_club")
    world.listing_desk.publish(tenant.id, SHOP, OWNER)
    purged = world.live_until_purge(tenant)
    assert shown(world) == []
    for store in Store:
        world.shredder.erase(purged.id, store)
    assert not world.table.listings


def test_where_there_is_no_list_nobody_is_in_it() -> None:
    world, tenant = customer("kalo")
    for act in (
        lambda: world.listing_desk.publish(tenant.id, SHOP, OWNER),
        lambda: world.listing_desk.object(tenant.id, "x", OWNER),
    ):
        with pytest.raises(InvalidInput):
            act()


def test_the_list_comes_in_pages() -> None:
    world = World(loader.load("customer_club"))
    for number in range(51):
        tenant = world.register(email=f"c{number}@customer.test", mobile=f"+9891212345{number:02d}")
        world.listing_desk.publish(tenant.id, {"name": f"shop {number}", "collection": "all"}, OWNER)
    first, after = world.listing_desk.page("customer_club", None)
    rest, end = world.listing_desk.page("customer_club", after)
    assert (len(first), len(rest), end) == (50, 1, None)
    assert world.listing_desk.statistics("customer_club") == {"all": 51}


@pytest.mark.clause("KALLU-3-publish")
def test_statistics_tell_of_no_group_in_which_somebody_could_be_found() -> None:
    def group(collection: str | None, number: int) -> list[Listing]:
        return [
            Listing(f"t-{collection}-{each}", "kallu", "x", collection=collection) for each in range(number)
        ]

    large = group("books", LEAST_IN_A_GROUP)
    assert statistics(large) == {"books": LEAST_IN_A_GROUP}
    assert statistics(group("books", LEAST_IN_A_GROUP - 1)) == {}
    assert statistics([*large, *group("toys", 2), *group(None, 3)]) == {"books": 5, "other": 5}
    assert statistics([*large, *group("toys", 2), *group("other", 2)]) == {"books": 5}
    assert FIELDS[0] == "name"
