"""Breaches that an operator finds: what follows at once, without notice and without money back."""

from __future__ import annotations

import pytest

from mohlat.agreements import loader
from mohlat.application.keep_records import RecordsDesk
from mohlat.application.manage_tenant import TenantDesk
from mohlat.domain.agreement import Phase
from mohlat.domain.errors import AccessRefused, Conflict, InvalidInput, RefundRefused
from mohlat.domain.lifecycle import DeadlineKind, next_deadline
from mohlat.domain.payments import PaymentStatus
from mohlat.domain.tenant import Closing, RestrictionKind, Tenant
from mohlat.domain.violations import violation_of
from tests.application.world import World
from tests.builders import SECOND, days

CONTENT = {f"content_3_8_{number}": "SAMAN-3.8" for number in range(1, 11)}
ENDING = {
    "kalo": {"attack": "KALO-12"},
    "customer_club": {},
    "saman360": {
        **CONTENT,
        "attack": "SAMAN-3.10",
        "overuse": "SAMAN-3.12",
        "unpaid": "SAMAN-9.1",
        "breach": "SAMAN-9.1",
        "false_details": "SAMAN-9.1",
    },
    "kalak": {"misuse": "KALAK-account"},
    "kallu": {},
}
BLOCKING = {
    "kalo": {
        "damage": "KALO-18",
        "forbidden_use": "KALO-19",
        "false_details": "KALO-28",
        "breach": "KALO-28",
    },
    "customer_club": {"breach": "CLUB-0"},
    "saman360": {},
    "kalak": {},
    "kallu": {},
}


def each(table: dict[str, dict[str, str]]) -> list[tuple[str, str, str]]:
    return [(product, name, clause) for product, known in table.items() for name, clause in known.items()]


def find(world: World, tenant: Tenant, violation: str) -> Tenant:
    desk = TenantDesk(
        tenants=world.tenants,
        dispatches=world.dispatches,
        requests=world.requests,
        agreements=world.agreements,
        ids=world.ids,
        clock=world.clock,
    )
    return desk.find_violation(tenant.id, violation, "as the log of today shows", "operator:o")


def records(world: World) -> RecordsDesk:
    return world.records_desk


@pytest.mark.parametrize("product", ENDING)
def test_each_agreement_knows_its_breaches_and_no_other(product: str) -> None:
    agreement = loader.load(product)
    known = {violation.id: violation.basis.clause for violation in agreement.violations}
    assert known == ENDING[product] | BLOCKING[product]
    with pytest.raises(InvalidInput) as refused:
        violation_of(agreement, "rudeness")
    assert set(refused.value.details["allowed"]) == set(known)  # type: ignore[call-overload]


@pytest.mark.clause("KALO-18", "KALO-19", "KALO-28", "CLUB-0")
@pytest.mark.parametrize(("product", "violation", "clause"), each(BLOCKING))
def test_a_block_shuts_at_once_keeps_the_data_and_gives_the_reason(
    product: str, violation: str, clause: str
) -> None:
    world = World(loader.load(product))
    tenant = world.register()
    world.buy(tenant, plan=world.agreement.plans[0].id)
    records(world).put(tenant.id, "r", {"n": 1})
    after = find(world, tenant, violation)
    (blocked,) = after.restrictions
    assert (blocked.kind, blocked.clause) == (RestrictionKind.BLOCKED, clause)
    assert blocked.reason == "as the log of today shows"
    entry = world.tenants.entry(tenant.id, after.version)
    assert (entry.event.value, entry.clause, entry.notices) == ("violation_found", clause, ())
    for look in (
        lambda: records(world).get(tenant.id, "r"),
        lambda: records(world).put(tenant.id, "r", {"n": 2}),
    ):
        with pytest.raises(AccessRefused) as refused:
            look()
        assert refused.value.details["clause"] == clause
    # What was recorded is kept as it was, out of the customer's reach.
    assert world.records.get(tenant.id, "r").data == {"n": 1}
    assert after.phase is world.tenant(tenant).phase is not Phase.CLOSED


@pytest.mark.clause("KALO-12", "SAMAN-3.8", "SAMAN-3.10", "SAMAN-3.12", "SAMAN-9.1", "KALAK-account")
@pytest.mark.parametrize(("product", "violation", "clause"), each(ENDING))
def test_an_ending_breach_closes_what_was_paid_for_and_deletes_it_after_its_time(
    product: str, violation: str, clause: str
) -> None:
    agreement = loader.load(product)
    world = World(agreement)
    tenant = world.register()
    if agreement.lease:
        tenant = world.buy(tenant, plan=agreement.plans[0].id)
    after = find(world, tenant, violation)
    assert (after.phase, after.closing) == (Phase.CLOSED, Closing.FINDING)
    entry = world.tenants.entry(tenant.id, after.version)
    assert (entry.clause, entry.facts["violation"]) == (clause, violation)
    with pytest.raises(AccessRefused):
        records(world).page(tenant.id, None, None)
    if agreement.lease:
        payment = next(each for each in world.table.payments.values())
        with pytest.raises(RefundRefused) as refused:
            world.refund_desk.return_purchase(tenant.id, payment.id, "user:u")
        assert refused.value.details["case"] == "violation"
    with pytest.raises(Conflict):
        find(world, tenant, violation)
    # Deleted a week later and warned of it, not a second earlier, and not kept for sixty or ninety days.
    world.send_all()
    while (due := next_deadline(world.tenant(tenant), agreement)) and due.kind is not DeadlineKind.PURGE:
        world.clock.time = max(world.clock.time, due.at)
        world.catch_up(tenant)
        world.send_all()
    assert due
    assert due.at == entry.at + days(7)
    world.clock.time = due.at - SECOND
    assert world.catch_up(tenant).phase is Phase.CLOSED
    world.clock.time = due.at
    assert world.catch_up(tenant).phase is Phase.PURGED


@pytest.mark.clause("KALO-12", "SAMAN-3.10")
@pytest.mark.parametrize("product", ["kalo", "saman360"])
def test_money_that_was_on_its_way_when_the_account_was_ended_goes_back(product: str) -> None:
    world = World(loader.load(product))
    tenant = world.register()
    placed = world.paid_order(tenant, plan=world.agreement.plans[0].id)
    find(world, tenant, "attack")
    assert world.come_back(placed).status is PaymentStatus.OWED_BACK
    assert world.tenant(tenant).phase is Phase.CLOSED


def test_a_closed_account_can_still_be_blocked_and_a_second_finding_takes_its_place() -> None:
    world = World(loader.load("kalo"))
    tenant = world.register()
    find(world, tenant, "damage")
    after = find(world, tenant, "false_details")
    assert [restriction.clause for restriction in after.restrictions] == ["KALO-28"]
    ended = find(world, tenant, "attack")
    assert [restriction.clause for restriction in ended.restrictions] == ["KALO-12"]
