"""Misuse of an account is reported at once, and acted on at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mohlat.agreements import loader
from mohlat.application.report_misuse import MisuseDesk
from mohlat.domain.errors import Conflict, NotFound, NotSignedIn
from mohlat.domain.tenant import Tenant
from mohlat.domain.tickets import Ticket, TicketKind
from tests.application.world import EMAIL, IP, PASSWORD, World
from tests.builders import agreement_with_trial


def scene(product: str) -> tuple[World, Tenant, MisuseDesk]:
    world = World(loader.load(product))
    return world, world.register(), desk_of(world)


def desk_of(world: World) -> MisuseDesk:
    return MisuseDesk(
        tenants=world.tenants,
        people=world.people,
        sign_in=world.sign_in,
        agreements=world.agreements,
        security_log=world.security_log,
        ids=world.ids,
        clock=world.clock,
    )


def report(world: World, tenant: Tenant, desk: MisuseDesk) -> Ticket:
    [owner] = world.people.users(tenant.id)
    return desk.report(
        tenant.id, "it was not me", by=f"user:{owner.username}", username=owner.username, source_ip=IP
    )


@pytest.mark.clause("KALAK-account")
def test_a_report_shuts_every_session_and_calls_a_person_within_the_agreed_time() -> None:
    world, tenant, desk = scene("kalak")
    [owner] = world.people.users(tenant.id)
    mine = world.sign_in.sign_in(owner.username, PASSWORD)
    other = world.register(email="reza@customer.test", mobile="+989121234568")
    [stranger] = world.people.users(other.id)
    theirs = world.sign_in.sign_in(stranger.username, PASSWORD)

    ticket = report(world, tenant, desk)

    with pytest.raises(NotSignedIn):
        world.sign_in.refresh(mine.refresh_token or "")
    world.sign_in.refresh(theirs.refresh_token or "")
    assert (ticket.kind, ticket.clause, ticket.open) == (TicketKind.MISUSE, "KALAK-account", True)
    assert ticket.due_at == world.clock.now() + timedelta(days=1)
    assert world.books.tickets(tenant.id) == [ticket]
    assert world.books.words(tenant.id, ticket.id) == "it was not me"
    entry = world.tenants.journal(tenant.id)[-1]
    assert (entry.event.value, entry.by) == ("ticket_opened", f"user:{owner.username}")
    assert entry.facts == {"ticket_id": ticket.id, "kind": "misuse"}
    line = world.security_log.lines(tenant.id)[0]
    assert (line.kind, line.source_ip) == ("misuse_reported", IP)
    assert EMAIL not in str(line)


def test_each_report_counts_whoever_was_first() -> None:
    world, tenant, desk = scene("kalo")
    first, second = report(world, tenant, desk), report(world, tenant, desk)
    assert [each.id for each in world.books.tickets(tenant.id)] == [first.id, second.id]


def test_an_account_that_is_not_there_has_nobody_to_report() -> None:
    _, _, desk = scene("kalo")
    with pytest.raises(NotFound):
        desk.report("t_0", "x", by="user:u_1", username="u_1", source_ip=IP)


def test_an_agreement_that_is_silent_takes_no_reports() -> None:
    world = World(agreement_with_trial())
    tenant = world.register()
    with pytest.raises(Conflict):
        report(world, tenant, desk_of(world))
    assert world.books.tickets(tenant.id) == []
