"""New versions of the terms in a customer's life, each product by its own rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from mohlat.agreements import loader
from mohlat.application.keep_terms import Draft
from mohlat.application.view_tenant import list_deadlines
from mohlat.domain.access import Operation
from mohlat.domain.agreement import Agreement, Phase, Span
from mohlat.domain.errors import Conflict, ExportLimited, InvalidInput, TermsNotAccepted, TooLate
from mohlat.domain.publications import MustAccept, Publication
from mohlat.domain.tenant import Closing, Tenant
from tests.application.world import IP, World
from tests.builders import days, length
from tests.fakes import START

SECOND = timedelta(seconds=1)
BY = "user:u_1"


def world_of(product: str) -> World:
    """A world of one shipped agreement; a newer one with shorter promises is deployed beside it."""
    world = World(loader.load(product))
    world.agreements.known.insert(0, shortened(world.agreement))
    return world


def shortened(agreement: Agreement) -> Agreement:
    """The agreement with a day left of each promised time."""
    day = length("P1D")

    def span(promised: Span | None) -> Span | None:
        return replace(promised, length=day) if promised else None

    retention = agreement.retention
    return replace(
        agreement,
        version="short",
        trial=replace(agreement.trial, length=day, reminders=()) if agreement.trial else None,
        lease=replace(agreement.lease, reminders=()) if agreement.lease else None,
        first_invoice=replace(agreement.first_invoice, due=day, reminders=())
        if agreement.first_invoice
        else None,
        read_only=span(agreement.read_only),
        retention=replace(
            retention,
            after_closing=replace(retention.after_closing, length=day),
            after_trial=span(retention.after_trial),
            after_term=span(retention.after_term),
        ),
    )


def publish(world: World, effective_at: datetime, version: str = "new", **changes: object) -> Publication:
    """Publishes a version of the product's first text, by whose rules promises are shorter."""
    rule = world.agreement.changes
    assert rule
    everyone = rule.binding.value == "accept"
    draft = Draft(
        product=world.agreement.product,
        version=version,
        document=world.agreement.registration.accept[0],
        effective_at=effective_at,
        summary={"fa": "تازه", "en": "new"},
        sha256="cd" * 32,
        url="https://vendor.example/new",
        must_accept=MustAccept.EVERYONE if everyone else MustAccept.NOBODY,
        rules="short",
    )
    return world.publishing_desk.publish(replace(draft, **changes), "operator:u_9")[0]  # type: ignore[arg-type]


def plan_of(world: World) -> str:
    return world.agreement.plans[0].id


def lease(world: World, tenant: Tenant) -> Tenant:
    return world.buy(tenant, world.agreement.plans[0].offers[0].length, plan_of(world))


def use(world: World, tenant: Tenant) -> None:
    world.records_desk.page(tenant.id, None, None, BY)


def promised(world: World, tenant: Tenant) -> list[tuple[str, datetime]]:
    coming = list_deadlines(tenant.id, tenants=world.tenants, agreements=world.agreements)
    return [(each.kind.value, each.at) for each in coming]


def accepted(world: World, tenant: Tenant) -> list[tuple[str, str]]:
    return [(each.version, each.how) for each in world.people.acceptances(tenant.id)]


# --- using the service accepts ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "product",
    [
        pytest.param("kalak", marks=pytest.mark.clause("KALAK-changes")),
        pytest.param("customer_club", marks=pytest.mark.clause("CLUB-0")),
        pytest.param("kalo", marks=pytest.mark.clause("KALO-2")),
    ],
)
def test_the_first_use_from_the_effective_instant_on_accepts_once_with_its_time(product: str) -> None:
    world = world_of(product)
    tenant = world.register()
    publish(world, START + days(7))
    world.clock.advance(days=7, seconds=-1)
    use(world, tenant)
    assert accepted(world, tenant) == [(world.agreement.version, "agreed")]
    world.clock.advance(seconds=1)
    use(world, tenant)
    use(world, tenant)
    world.clock.advance(seconds=1)
    world.records_desk.put(tenant.id, "r-1", {"n": 1}, BY)
    assert accepted(world, tenant) == [(world.agreement.version, "agreed"), ("new", "used")]
    evidence = world.people.acceptances(tenant.id)[1]
    assert (evidence.at, evidence.by, evidence.digest) == (START + days(7), "u_1", "cd" * 32)
    entry = world.tenants.journal(tenant.id)[-1]
    rule = world.agreement.changes
    assert rule
    assert (entry.event.value, entry.clause, entry.by) == ("terms_accepted", rule.basis.cite(), BY)


def test_what_we_do_ourselves_accepts_nothing_for_anybody() -> None:
    world = world_of("kalak")
    tenant = world.register()
    publish(world, START + SECOND)
    world.clock.advance(seconds=1)
    world.records_desk.page(tenant.id, None, None)
    assert world.tenant(tenant).terms_version == ""


def test_two_first_uses_at_once_are_one_acceptance() -> None:
    world = world_of("kalak")
    tenant = world.register()
    publish(world, START + SECOND)
    world.clock.advance(seconds=1)
    agreement, seen = world.agreement, world.tenant(tenant)
    for _ in range(2):
        # Both read the tenant before either had written.
        world.terms_gate.admit(seen, agreement, Operation.READ, BY)
    assert [how for _, how in accepted(world, tenant)] == ["agreed", "used"]


def test_where_use_accepts_a_version_can_still_ask_for_more() -> None:
    world = world_of("kalo")
    tenant = world.register()
    publish(world, START + days(7), must_accept=MustAccept.EVERYONE)
    world.clock.advance(days=7)
    use(world, tenant)
    with pytest.raises(TermsNotAccepted):
        world.records_desk.put(tenant.id, "r-1", {"n": 1}, BY)
    with pytest.raises(TermsNotAccepted):
        world.order(tenant, plan=plan_of(world))
    world.terms_desk.accept(tenant.id, "new", frozenset({"terms"}), "u_1", IP)
    world.records_desk.put(tenant.id, "r-1", {"n": 1}, BY)


# --- acceptance -------------------------------------------------------------------------------------------


@pytest.mark.clause("KALLU-8")
def test_kallus_accepted_policy_counts_from_then_on_and_only_the_one_in_force_is_accepted() -> None:
    world = world_of("kallu")
    tenant = world.register()
    publish(world, START + days(7))
    privacy = frozenset({"privacy"})
    with pytest.raises(InvalidInput, match="not in force yet"):
        world.terms_desk.accept(tenant.id, "new", privacy, "u_1", IP)
    world.clock.advance(days=7)
    with pytest.raises(TermsNotAccepted):
        world.records_desk.put(tenant.id, "r-1", {"n": 1}, BY)
    with pytest.raises(InvalidInput, match="not the newest"):
        world.terms_desk.accept(tenant.id, "1", privacy, "u_1", IP)
    with pytest.raises(InvalidInput, match=r"accept\.privacy"):
        world.terms_desk.accept(tenant.id, "new", frozenset(), "u_1", IP)
    bound = world.terms_desk.accept(tenant.id, "new", privacy, "u_1", IP)
    # Nothing runs for an account without a lease: what is promised from here on is the new version's.
    assert (bound.agreement_version, bound.terms_version) == ("short", "new")
    world.records_desk.put(tenant.id, "r-1", {"n": 1}, BY)


def test_who_registers_under_a_version_is_not_asked_for_it_again_and_is_bound_by_it() -> None:
    world = world_of("kallu")
    publish(world, START + days(7))
    world.clock.advance(days=7)
    tenant = world.register()
    world.records_desk.put(tenant.id, "r-1", {"n": 1}, BY)
    assert tenant.agreement_version == "short"
    assert accepted(world, tenant) == [("new", "agreed")]


def test_registering_keeps_evidence_of_each_text_as_it_is_then() -> None:
    world = world_of("kalo")
    publish(world, START + days(7), document="privacy")
    world.clock.advance(days=7)
    tenant = world.register()
    kept = [(each.version, each.documents) for each in world.people.acceptances(tenant.id)]
    assert sorted(kept) == [("new", ("privacy",)), ("short", ("terms",))]


# --- leases -----------------------------------------------------------------------------------------------


@pytest.mark.clause("SAMAN-7.2")
def test_a_running_lease_keeps_its_terms_and_the_next_is_under_the_newest() -> None:
    world = world_of("saman360")
    tenant = lease(world, world.register())
    publish(world, START + days(7))
    before = promised(world, tenant)
    world.clock.advance(days=7)
    use(world, tenant)
    world.records_desk.put(tenant.id, "r-1", {"n": 1}, BY)
    assert (world.tenant(tenant).agreement_version, world.tenant(tenant).terms_version) == ("3", "")
    assert promised(world, tenant) == before

    renewed = lease(world, tenant)
    assert (renewed.agreement_version, renewed.terms_version) == ("short", "new")
    assert accepted(world, tenant)[-1] == ("new", "bought")


@pytest.mark.clause("SAMAN-7.2")
def test_who_renews_early_under_new_terms_keeps_the_running_leases_free_exports_to_its_end() -> None:
    world = world_of("saman360")
    stricter = world.agreements.known[0]
    export = replace(stricter.export, free_every=length("P10Y"))
    world.agreements.known[0] = replace(stricter, export=export)
    tenant = lease(world, world.register())
    ends_at = tenant.period_ends_at
    assert ends_at
    publish(world, START + days(1))
    world.clock.advance(days=1)
    tenant = lease(world, tenant)
    assert tenant.agreement_version == "short"
    for _ in range(2):
        world.work(world.export_desk.begin(tenant.id, BY))
        world.clock.advance(days=7, seconds=1)
    world.clock.time = ends_at - SECOND
    world.work(world.export_desk.begin(tenant.id, BY))
    world.clock.time = ends_at + days(7)
    with pytest.raises(ExportLimited):
        world.export_desk.begin(tenant.id, BY)


@pytest.mark.clause("SAMAN-7.2")
@pytest.mark.parametrize(("earlier", "bound"), [(SECOND, "3"), (timedelta(), "short")])
def test_a_lease_is_under_the_terms_of_its_orders_second(earlier: timedelta, bound: str) -> None:
    world = world_of("saman360")
    tenant = lease(world, world.register())
    publish(world, START + days(7))
    world.clock.time = START + days(7) - earlier
    placed = world.paid_order(tenant, world.agreement.plans[0].offers[0].length, plan_of(world))
    world.clock.advance(seconds=60)
    world.come_back(placed)
    assert world.tenant(tenant).agreement_version == bound


@pytest.mark.clause("SAMAN-7.2-note6")
def test_who_declines_new_terms_is_sold_nothing_under_them_and_the_lease_runs_to_its_end() -> None:
    world = world_of("saman360")
    tenant = lease(world, world.register())
    publish(world, START + days(7))
    before = promised(world, tenant)
    declined = world.terms_desk.decline(tenant.id, "new", BY)
    entry = world.tenants.journal(tenant.id)[-1]
    assert (entry.event.value, entry.clause, entry.by) == ("terms_declined", "SAMAN-7.2-note6", BY)
    assert promised(world, tenant) == before

    world.clock.time = START + days(7)
    with pytest.raises(Conflict, match="declined"):
        world.order(tenant, plan=plan_of(world))
    # Until its end the lease is used as before.
    assert declined.period_ends_at
    world.clock.time = declined.period_ends_at - SECOND
    world.records_desk.put(tenant.id, "r-1", {"n": 1}, BY)
    bought = len(world.payments.orders(tenant.id))
    world.clock.advance(seconds=1)
    ended = world.catch_up(tenant)
    assert (ended.phase, ended.agreement_version) == (Phase.READ_ONLY, "3")
    assert len(world.payments.orders(tenant.id)) == bought


@pytest.mark.clause("SAMAN-7.2-note6")
def test_after_the_first_invoice_under_new_terms_they_are_not_declined_any_more() -> None:
    world = world_of("saman360")
    tenant = lease(world, world.register())
    publish(world, START + days(7))
    world.clock.advance(days=7)
    lease(world, tenant)
    invoiced_at = world.clock.now()
    world.clock.advance(seconds=1)
    with pytest.raises(TooLate) as refusal:
        world.terms_desk.decline(tenant.id, "new", BY)
    assert refusal.value.details["ended_at"] == invoiced_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert refusal.value.details["clause"] == "SAMAN-7.2-note6"


@pytest.mark.clause("SAMAN-7.2-note6")
def test_who_changes_their_mind_accepts_and_renews_under_the_new_terms() -> None:
    world = world_of("saman360")
    tenant = lease(world, world.register())
    publish(world, START + days(7))
    world.terms_desk.decline(tenant.id, "new", BY)
    world.clock.advance(days=7)
    world.terms_desk.accept(tenant.id, "new", frozenset({"terms"}), "u_1", IP)
    assert lease(world, tenant).agreement_version == "short"


# --- what already runs ------------------------------------------------------------------------------------


def _trial(world: World) -> Tenant:
    return world.register()


def _term(world: World) -> Tenant:
    return lease(world, world.register())


def _closed(world: World) -> Tenant:
    tenant = world.register()
    return world.desk.close(tenant.id, Closing.TERMINATION, BY)


@pytest.mark.parametrize(
    ("product", "begin"),
    [
        pytest.param("kalo", _trial, marks=pytest.mark.clause("KALO-10")),
        pytest.param("kalo", _term, marks=pytest.mark.clause("KALO-33")),
        pytest.param("customer_club", _term, marks=pytest.mark.clause("CLUB-0")),
        pytest.param("saman360", _trial, marks=pytest.mark.clause("SAMAN-7.2")),
        pytest.param("saman360", _term, marks=pytest.mark.clause("SAMAN-7.2")),
        pytest.param("kalak", _closed, marks=pytest.mark.clause("KALAK-changes")),
        pytest.param("kallu", _closed, marks=pytest.mark.clause("KALLU-8")),
    ],
)
def test_shorter_promises_never_touch_what_is_running(product: str, begin: Callable[[World], Tenant]) -> None:
    world = world_of(product)
    publish(world, START + days(7))
    world.clock.advance(days=6, hours=12)
    tenant = begin(world)
    before = promised(world, tenant)
    assert before
    world.clock.time = START + days(7)
    if tenant.phase is not Phase.CLOSED:
        use(world, tenant)
    stored = world.catch_up(tenant)
    remaining = [each for each in before if each[1] > world.clock.now()]
    assert promised(world, stored) == remaining
    assert stored.agreement_version == world.agreement.version


# --- publishing -------------------------------------------------------------------------------------------


def test_whoever_tells_the_customers_hears_of_a_publication_and_again_when_it_is_repeated() -> None:
    world = world_of("kalak")
    first = publish(world, START + SECOND)
    world.clock.advance(days=3)
    assert publish(world, START + SECOND) == first
    assert world.announced_terms == [first, first]


@pytest.mark.clause("SAMAN-7.4")
def test_the_history_shows_every_version_and_what_was_accepted_when() -> None:
    world = world_of("saman360")
    tenant = lease(world, world.register())
    publish(world, START + days(1), "4")
    publish(world, START + days(2), "5")
    world.clock.advance(days=1)
    seen = world.terms_desk.overview(tenant.id)
    assert [each.version for each in seen.publications] == ["4", "5"]
    assert [each.version for each in seen.waiting] == ["4"]
    lease(world, tenant)
    seen = world.terms_desk.overview(tenant.id)
    assert seen.waiting == ()
    assert [(each.version, each.at) for each in seen.acceptances] == [("3", START), ("4", START + days(1))]
