"""Partners act for their own customers and within what was delegated; each use is written down."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mohlat.agreements import loader
from mohlat.application.delegate_powers import Partner
from mohlat.domain.errors import NotAllowed, NotFound
from mohlat.domain.staff import ContactChannel
from mohlat.domain.tenant import Tenant
from tests.application.test_keep_escrow import OPERATOR, PARTNER, PRICE, Agreed
from tests.application.world import World

PARA = Partner("para", "192.0.2.9", "GET /partner")
RIVAL = Partner("rival", "192.0.2.9", "GET /partner")
BY = "operator:nima"


def customer() -> tuple[World, Tenant]:
    world = World(loader.load("saman360"))
    return world, world.register()


def refused(world: World, error: type[Exception], use: Callable[[], object], kind: str) -> None:
    with pytest.raises(error):
        use()
    assert world.security_log.lines("para")[0].kind == kind


@pytest.mark.clause("SAMAN-1.7")
def test_each_power_opens_what_it_says_and_nothing_more() -> None:
    world, tenant = customer()
    desk = world.partner_desk
    desk.delegate(tenant.id, "para", ["see_status"], BY)
    seen, given = desk.customer(tenant.id, PARA)
    assert (seen.id, given.powers) == (tenant.id, ("see_status",))
    note = lambda: desk.note(tenant.id, PARA, ContactChannel.PHONE, "asked")  # noqa: E731
    refused(world, NotAllowed, note, "power_refused")
    assert world.service_desk.notes(tenant.id) == []
    desk.delegate(tenant.id, "para", ["note_contact"], BY)
    note()
    refused(world, NotAllowed, lambda: desk.customer(tenant.id, PARA), "power_refused")


@pytest.mark.clause("SAMAN-1.7")
def test_somebody_elses_customer_is_as_unknown_as_none() -> None:
    world, tenant = customer()
    desk = world.partner_desk
    other = world.register(email="reza@customer.test", mobile="+989121234568")
    desk.delegate(other.id, "para", ["see_status", "note_contact"], BY)
    desk.delegate(tenant.id, "rival", ["see_status", "note_contact"], BY)
    for nobodys in (tenant.id, "t_0"):
        for use in (
            lambda: desk.customer(nobodys, PARA),  # noqa: B023
            lambda: desk.note(nobodys, PARA, ContactChannel.PHONE, "x"),  # noqa: B023
        ):
            refused(world, NotFound, use, "foreign_tenant_refused")
    assert desk.customer(other.id, PARA)[0].id == other.id


@pytest.mark.clause("SAMAN-1.7")
def test_what_was_taken_back_is_refused_at_once() -> None:
    world, tenant = customer()
    desk = world.partner_desk
    desk.delegate(tenant.id, "para", ["see_status", "note_contact"], BY)
    desk.delegate(tenant.id, "rival", ["see_status"], BY)
    desk.customer(tenant.id, PARA)
    desk.withdraw(tenant.id, "para", BY)
    refused(world, NotFound, lambda: desk.customer(tenant.id, PARA), "foreign_tenant_refused")
    assert desk.customer(tenant.id, RIVAL)[1].powers == ("see_status",)
    assert [each.partner for each in desk.of_tenant(tenant.id)] == ["rival"]


@pytest.mark.clause("SAMAN-1.7")
def test_what_is_taken_back_while_a_note_is_written_refuses_it() -> None:
    world, tenant = customer()
    desk = world.partner_desk
    desk.delegate(tenant.id, "para", ["note_contact"], BY)
    world.tenants.before_commit = [lambda: desk.withdraw(tenant.id, "para", BY)]
    with pytest.raises(NotFound):
        desk.note(tenant.id, PARA, ContactChannel.PHONE, "x")
    assert world.service_desk.notes(tenant.id) == []


@pytest.mark.clause("SAMAN-1.7")
def test_each_delegation_use_and_withdrawal_says_who_and_what() -> None:
    world, tenant = customer()
    desk = world.partner_desk
    desk.delegate(tenant.id, "para", ["see_status", "note_contact"], BY)
    desk.customer(tenant.id, PARA)
    note = desk.note(tenant.id, PARA, ContactChannel.CHAT, "asked for the yearly plan")
    desk.withdraw(tenant.id, "para", BY)
    given, used, taken = world.tenants.journal(tenant.id)[-3:]
    assert (given.event.value, given.by, given.clause) == ("powers_delegated", BY, "SAMAN-1.7")
    assert given.facts == {"partner": "para", "powers": "see_status, note_contact"}
    assert (used.event.value, used.by, used.facts["power"]) == ("contacted", "partner:para", "note_contact")
    assert (taken.event.value, taken.by, taken.facts) == ("powers_withdrawn", BY, {"partner": "para"})
    [line] = world.records_desk.activity(tenant.id, None, None)
    assert (line.by, line.what) == ("partner:para", "see_status")
    assert world.service_desk.notes(tenant.id) == [note]


@pytest.mark.clause("SAMAN-1.7")
def test_work_is_proposed_as_long_as_the_power_to_is_there() -> None:
    world = Agreed()
    world.escrow_desk.propose(world.mine.id, PARTNER, "Another page", PRICE)
    world.partner_desk.delegate(world.mine.id, PARTNER, ["see_status"], OPERATOR)
    with pytest.raises(NotAllowed):
        world.escrow_desk.propose(world.mine.id, PARTNER, "Another page", PRICE)
    world.partner_desk.withdraw(world.mine.id, PARTNER, OPERATOR)
    with pytest.raises(NotFound):
        world.escrow_desk.propose(world.mine.id, PARTNER, "Another page", PRICE)
    assert len(world.escrow_desk.of_tenant(world.mine.id)) == 2
    # New work that an operator agrees makes the customer the partner's own again.
    world.escrow_desk.agree(world.mine.id, PARTNER, "A shop", PRICE, OPERATOR)
    world.escrow_desk.propose(world.mine.id, PARTNER, "Another page", PRICE)


@pytest.mark.clause("SAMAN-1.7")
def test_a_power_taken_back_while_work_is_proposed_refuses_it() -> None:
    world = Agreed()
    world.tenants.before_commit = [lambda: world.partner_desk.withdraw(world.mine.id, PARTNER, OPERATOR)]
    with pytest.raises(NotFound):
        world.escrow_desk.propose(world.mine.id, PARTNER, "Another page", PRICE)
    assert world.escrow_desk.of_tenant(world.mine.id) == [world.escrow]
