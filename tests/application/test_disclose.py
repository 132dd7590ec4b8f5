"""Who is told something about a customer: only on a ground that the agreement names, forever."""

from __future__ import annotations

import pytest

from mohlat.agreements import loader
from mohlat.application.disclose import DisclosureDesk
from mohlat.application.manage_tenant import TenantDesk
from mohlat.domain.agreement import Phase
from mohlat.domain.disclosures import clause_of, disclose
from mohlat.domain.errors import Gone, InvalidInput, NotFound
from mohlat.domain.purge import Store
from mohlat.domain.tenant import Closing
from tests.application.world import World

GROUNDS = {
    "kalo": {"court_order": "KALO-22"},
    "customer_club": {"law": "CLUB-18", "decree": "CLUB-18"},
    "saman360": {"court_order": "SAMAN-6.3"},
    "kalak": dict.fromkeys(
        ("processor", "court_or_authority", "law", "rights_and_property", "emergency"), "KALAK-disclose"
    ),
    "kallu": dict.fromkeys(
        (
            "necessary_staff",
            "necessary_group_company",
            "law",
            "legal_proceedings",
            "legal_rights",
            "likely_order",
        ),
        "KALLU-4",
    ),
}


def desk(world: World) -> DisclosureDesk:
    return DisclosureDesk(
        tenants=world.tenants,
        books=world.books,
        ledger=world.ledger,
        agreements=world.agreements,
        ids=world.ids,
        clock=world.clock,
    )


def register(world: World, tenant_id: str, ground: str) -> object:
    return desk(world).disclose(tenant_id, "a court", "name", ground, "case 7", "operator:o")


@pytest.mark.clause("KALO-22", "CLUB-18", "SAMAN-6.3", "KALAK-disclose", "KALLU-4")
@pytest.mark.parametrize("product", GROUNDS)
def test_each_agreement_has_its_grounds_and_no_other(product: str) -> None:
    agreement = loader.load(product)
    assert {ground.id: ground.basis.clause for ground in agreement.disclosures} == GROUNDS[product]
    every = {ground for grounds in GROUNDS.values() for ground in grounds}
    for ground in every | {"sale", "rent", "marketing", "curiosity", ""}:
        if ground in GROUNDS[product]:
            assert clause_of(agreement, ground) == GROUNDS[product][ground]
            continue
        with pytest.raises(InvalidInput) as refused:
            clause_of(agreement, ground)
        assert refused.value.details["allowed"] == list(GROUNDS[product])


@pytest.mark.clause("KALO-22")
def test_a_disclosure_is_registered_with_its_reference_and_stands_in_the_journal() -> None:
    world = World(loader.load("kalo"))
    tenant = world.register()
    entry = register(world, tenant.id, "court_order")
    assert desk(world).of_tenant(tenant.id) == [entry]
    last = world.tenants.entry(tenant.id, world.tenant(tenant).version)
    assert (last.event.value, last.clause, last.by) == ("disclosed", "KALO-22", "operator:o")
    assert (last.facts["ground"], last.facts["reference"]) == ("court_order", "case 7")
    with pytest.raises(InvalidInput):
        register(world, tenant.id, "law")
    assert len(desk(world).of_tenant(tenant.id)) == 1
    with pytest.raises(NotFound):
        register(world, "t_99999999999999999999999999", "court_order")


@pytest.mark.clause("KALO-23", "SAMAN-6.6")
@pytest.mark.parametrize("product", ["kalo", "saman360"])
def test_the_same_rule_holds_after_closing_and_after_the_deletion(product: str) -> None:
    world = World(loader.load(product))
    tenant = world.register()
    manager = TenantDesk(
        tenants=world.tenants,
        dispatches=world.dispatches,
        requests=world.requests,
        agreements=world.agreements,
        ids=world.ids,
        clock=world.clock,
    )
    manager.close(tenant.id, Closing.TERMINATION, "user:u")
    with pytest.raises(InvalidInput):
        register(world, tenant.id, "law")
    register(world, tenant.id, "court_order")
    assert world.live_until_purge(tenant).phase is Phase.PURGED
    # Committed, and then emptied: in both there is nothing to hand over any more.
    for store in (None, *Store):
        if store:
            world.shredder.erase(tenant.id, store)
        with pytest.raises(InvalidInput):
            register(world, tenant.id, "law")
        register(world, tenant.id, "court_order")
    with pytest.raises(Gone):
        world.tenants.get(tenant.id)
    held = [entry.held for entry in desk(world).of_tenant(tenant.id)]
    assert held == [True, *[False] * (1 + len(Store))]


def test_a_purged_tenants_journal_takes_no_more() -> None:
    world = World(loader.load("kalo"))
    tenant = world.register()
    entry = desk(world).disclose(tenant.id, "a court", "name", "court_order", "case 7", "operator:o")
    with pytest.raises(Gone):
        disclose(world.live_until_purge(tenant), entry)
