"""What owners and operators decide, after everything that was due before it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from mohlat.application.view_tenant import list_deadlines, list_timeline
from mohlat.domain.agreement import Phase
from mohlat.domain.errors import AccessRefused, ConcurrentChange, Conflict, Gone, InvalidInput, NotFound
from mohlat.domain.tenant import Closing, RestrictionKind
from tests.application.world import IP, World
from tests.builders import days, length
from tests.fakes import START

DOCUMENTS = frozenset({"terms", "privacy"})


def test_accepting_new_terms_binds_to_them_and_keeps_the_evidence() -> None:
    world = World()
    tenant = world.register()
    newest = replace(world.agreement, version="2", digest="2" * 64)
    world.agreements.known.append(newest)
    world.clock.advance(days=1)
    accepted = world.desk.accept_terms(tenant.id, "2", DOCUMENTS, "u_1", IP)
    assert (accepted.agreement_version, accepted.generation) == ("2", 2)
    assert [(kept.version, kept.digest) for kept in world.people.acceptances(tenant.id)] == [
        ("1", "0" * 64),
        ("2", "2" * 64),
    ]


def test_what_fell_due_before_new_terms_counts_by_the_old_ones() -> None:
    world = World()
    tenant = world.register()
    trial = world.agreement.trial
    assert trial
    newest = replace(world.agreement, version="2", trial=replace(trial, then=Phase.READ_ONLY))
    newest = replace(newest, read_only=replace(newest.retention.after_closing, length=length("P14D")))
    world.agreements.known.append(newest)
    world.clock.advance(days=31)
    accepted = world.desk.accept_terms(tenant.id, "2", DOCUMENTS, "u_1", IP)
    assert accepted.phase is Phase.DEACTIVATED
    assert world.events(tenant)[-2:] == ["trial_ended", "terms_accepted"]


@pytest.mark.parametrize(
    ("version", "documents", "field"),
    [("0", DOCUMENTS, "version"), ("1", frozenset({"terms"}), "accept.privacy")],
)
def test_only_the_newest_terms_are_accepted_and_only_whole(
    version: str, documents: frozenset[str], field: str
) -> None:
    world = World()
    tenant = world.register()
    with pytest.raises(InvalidInput) as refusal:
        world.desk.accept_terms(tenant.id, version, documents, "u_1", IP)
    assert refusal.value.field == field


def test_an_account_is_closed_once() -> None:
    world = World()
    tenant = world.register()
    closed = world.desk.close(tenant.id, Closing.TERMINATION, by="user:owner")
    assert (closed.phase, closed.closed_at) == (Phase.CLOSED, START)
    with pytest.raises(AccessRefused):
        world.desk.close(tenant.id, Closing.TERMINATION, by="user:owner")


def test_a_restriction_names_a_clause_of_the_agreement_and_ends_in_the_future() -> None:
    world = World()
    tenant = world.register()
    blocked, by = RestrictionKind.BLOCKED, "operator"
    with pytest.raises(InvalidInput) as refusal:
        world.desk.restrict(tenant.id, blocked, "attack", "T-UNHEARD-OF", None, by=by)
    assert refusal.value.field == "clause"
    with pytest.raises(InvalidInput) as refusal:
        world.desk.restrict(tenant.id, blocked, "attack", "T-TRIAL", START, by=by)
    assert refusal.value.field == "until"
    restricted = world.desk.restrict(
        tenant.id, blocked, "attack", "T-TRIAL", START + timedelta(seconds=1), by=by
    )
    assert restricted.restricted(blocked, START)
    assert not restricted.restricted(blocked, START + timedelta(seconds=1))
    with pytest.raises(Conflict):
        world.desk.restrict(tenant.id, blocked, "again", "T-TRIAL", None, by=by)
    assert world.desk.lift(tenant.id, blocked, "a mistake", by=by).restrictions == ()
    with pytest.raises(NotFound):
        world.desk.lift(tenant.id, blocked, "a mistake", by=by)


def test_a_hold_names_a_clause_and_is_released_by_its_id() -> None:
    world = World()
    tenant = world.register()
    with pytest.raises(InvalidInput):
        world.desk.place_hold(tenant.id, "proceedings", "court", "T-UNHEARD-OF", (), by="operator")
    held = world.desk.place_hold(tenant.id, "proceedings", "court", "T-TRIAL", (), by="operator")
    with pytest.raises(InvalidInput):
        world.desk.release_hold(tenant.id, held.holds[0].id, "over", "T-UNHEARD-OF", by="operator")
    with pytest.raises(NotFound):
        world.desk.release_hold(tenant.id, "h_0", "over", "T-TRIAL", by="operator")
    assert world.desk.release_hold(tenant.id, held.holds[0].id, "over", "T-TRIAL", by="operator").holds == ()


def test_a_lost_race_is_run_again_and_eight_are_given_up() -> None:
    world = World()
    tenant = world.register()
    world.tenants.lose = 7
    world.desk.restrict(tenant.id, RestrictionKind.BLOCKED, "attack", "T-TRIAL", None, by="operator")
    assert world.events(tenant) == ["tenant_registered", "restriction_added"]
    world.tenants.lose = 8
    with pytest.raises(ConcurrentChange):
        world.desk.lift(tenant.id, RestrictionKind.BLOCKED, "over", by="operator")


def test_a_decision_comes_after_what_was_due_before_it() -> None:
    world = World()
    tenant = world.register()
    world.clock.advance(days=31)
    world.desk.restrict(tenant.id, RestrictionKind.BLOCKED, "attack", "T-TRIAL", None, by="operator")
    assert world.events(tenant)[-2:] == ["trial_ended", "restriction_added"]


def test_nothing_is_decided_about_a_purged_tenant() -> None:
    world = World()
    tenant = world.live_until_purge(world.register())
    with pytest.raises(Gone):
        world.desk.close(tenant.id, Closing.ERASURE, by="user:owner")
    with pytest.raises(Gone):
        world.desk.accept_terms(tenant.id, "1", DOCUMENTS, "u_1", IP)


def test_what_comes_and_what_was_are_told_with_their_messages() -> None:
    world = World()
    tenant = world.register()
    coming = list_deadlines(tenant.id, tenants=world.tenants, agreements=world.agreements)
    assert [(deadline.kind.value, deadline.at) for deadline in coming] == [
        ("remind", START + days(23)),
        ("remind", START + days(29)),
        ("end_trial", START + days(30)),
        ("warn_of_deletion", START + days(53)),
        ("purge", START + days(60)),
    ]
    world.clock.advance(days=30)
    world.catch_up(tenant)
    world.send_all()
    first, after = list_timeline(
        tenant.id, after=0, limit=3, tenants=world.tenants, dispatches=world.dispatches
    )
    rest, end = list_timeline(
        tenant.id, after=after or 0, limit=3, tenants=world.tenants, dispatches=world.dispatches
    )
    happened = [(seen.entry.event.value, len(seen.messages)) for seen in (*first, *rest)]
    assert (after, end) == (3, None)
    assert happened == [
        ("tenant_registered", 1),
        ("reminder_due", 1),
        ("reminder_due", 1),
        ("trial_ended", 2),
    ]
