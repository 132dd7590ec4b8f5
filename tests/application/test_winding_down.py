"""A product's end, with customers in every phase, to the last certificate (KALO-9)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mohlat.agreements import loader
from mohlat.domain.access import Operation, permit
from mohlat.domain.agreement import Phase
from mohlat.domain.durations import Duration
from mohlat.domain.errors import AccessRefused, Conflict, Gone, InvalidInput, NotFound
from mohlat.domain.purge import Store
from mohlat.domain.tenant import Closing, RestrictionKind, Tenant
from mohlat.domain.winding_down import WindDown, WindDownStatus
from tests.application.test_rounds import go
from tests.application.world import World
from tests.builders import SECOND

BY = "operator:nima"
WHY = {"en": "Nobody is left to run it.", "fa": "کسی نمانده است."}
DAY = timedelta(days=1)


def customers() -> tuple[World, dict[Phase, Tenant]]:
    """kalo with a customer in each phase that a living account can be in."""
    world = World(loader.load("kalo"))
    agreement = world.agreement
    found: dict[Phase, Tenant] = {}

    def join(name: str, number: int) -> Tenant:
        tenant = world.register(email=f"{name}@customer.test", mobile=f"+98935000000{number}")
        world.records_desk.put(tenant.id, "r-1", {"name": "Reza"})
        return tenant

    deactivated = join("deactivated", 1)
    world.clock.time = (deactivated.period_ends_at or world.clock.now()) + SECOND
    found[Phase.DEACTIVATED] = world.catch_up(deactivated)
    active = join("active", 2)
    plan = agreement.plans[0].id
    world.buy(active, Duration.parse("P1Y"), plan)
    found[Phase.ACTIVE] = world.tenant(active)
    closed = join("closed", 3)
    found[Phase.CLOSED] = world.desk.close(closed.id, Closing.TERMINATION, BY)
    found[Phase.TRIAL] = join("trial", 4)
    assert {phase: world.tenant(each).phase for phase, each in found.items()} == {
        phase: phase for phase in found
    }
    return world, found


def plan(world: World, ahead: timedelta = 31 * DAY) -> WindDown:
    ends_at = world.clock.now() + ahead
    return world.wind_down_desk.plan(world.agreement.product, ends_at, WHY, BY)


def end(world: World, planned: WindDown) -> None:
    """The product's end comes, and its round goes through."""
    world.clock.time = planned.ends_at
    assert world.wind_down_desk.carry(planned.product).status is WindDownStatus.STARTED
    world.clock.time += 5 * SECOND
    go(world, f"wind_down-{planned.revision}-started")


def settle(world: World, tenant: Tenant) -> None:
    """What goes back to a customer arrives: until then the purge waits."""
    world.follow_refunds(tenant)
    world.gateway.complete_refunds()
    while due := [each.next_check_at for each in world.books.refunds(tenant.id) if each.next_check_at]:
        world.clock.time = max(world.clock.time, *due)
        world.follow_refunds(tenant)


def shred(world: World, tenant: Tenant) -> None:
    """The purge's execution empties every store."""
    for store in Store:
        world.shredder.erase(tenant.id, store)
    world.shredder.certify(tenant.id)


@pytest.mark.clause("KALO-9")
def test_everybody_reads_and_exports_for_a_year_and_then_everything_is_gone() -> None:
    world, found = customers()
    planned = plan(world, 25 * DAY + 6 * DAY)
    assert planned.access_until == Duration.parse("P1Y").after(planned.ends_at, world.agreement.calendar)
    end(world, planned)
    agreement = world.agreement
    living = [found[phase] for phase in (Phase.ACTIVE, Phase.TRIAL)]
    for tenant in living:
        stored = world.tenant(tenant)
        assert (stored.phase, stored.wound_down_until) == (Phase.READ_ONLY, planned.access_until)
        for moment in (planned.ends_at + 5 * SECOND, planned.access_until - SECOND):
            permit(stored, agreement, Operation.READ, moment)
            permit(stored, agreement, Operation.EXPORT, moment)
            with pytest.raises(AccessRefused) as refused:
                permit(stored, agreement, Operation.WRITE, moment)
            assert refused.value.details["clause"] == "KALO-9"
        with pytest.raises(AccessRefused):
            permit(stored, agreement, Operation.READ, planned.access_until)
    # What was closed before keeps its own promise.
    assert world.tenant(found[Phase.CLOSED]).wound_down_until is None
    for tenant in living:
        world.clock.time = planned.ends_at + 6 * SECOND
        settle(world, tenant)
        gone = world.live_until_purge(tenant)
        assert gone.phase is Phase.PURGED
        entry = world.ledger.get(tenant.id)
        assert (entry.clause, entry.committed_at >= planned.access_until) == ("KALO-9", True)
        assert entry.why == "the product came to its end"
        warned = [each for each in world.tenants.journal(tenant.id) if each.event.value == "deletion_warned"]
        assert len(warned) == 1
        assert warned[0].at < planned.access_until
        shred(world, tenant)
        certified = world.ledger.get(tenant.id)
        assert certified.finished_at
        assert certified.certificate
        assert set(certified.left.values()) == {0}


@pytest.mark.clause("KALO-9")
def test_who_had_lost_access_reads_again_unless_blocked() -> None:
    world, found = customers()
    lapsed = found[Phase.DEACTIVATED]
    world.clock.time += SECOND
    planned = plan(world, 30 * DAY)
    # kalo keeps a lapsed trial for thirty days; a hold keeps this one until the product's end.
    world.desk.place_hold(lapsed.id, "an order", "court", "KALO-22", by=BY)
    debtor = found[Phase.ACTIVE]
    end(world, planned)
    stored = world.tenant(lapsed)
    assert stored.phase is Phase.READ_ONLY
    permit(stored, world.agreement, Operation.READ, world.clock.now())
    assert world.tenant(debtor).restrictions == ()
    assert not stored.restricted(RestrictionKind.SUSPENDED_FOR_DEBT, world.clock.now())


@pytest.mark.clause("KALO-9")
def test_what_is_paid_and_not_used_goes_back_with_its_tax() -> None:
    world, found = customers()
    buyer = found[Phase.ACTIVE]
    assert buyer.term
    [part] = buyer.term.parts
    planned = plan(world, 100 * DAY)
    end(world, planned)
    [refund] = world.books.refunds(buyer.id)
    used = -(-(planned.ends_at - part.starts_at) // DAY)
    order = world.payments.orders(buyer.id)[0]
    left = part.value - part.value * used // part.days
    assert refund.amount == left + left * order.vat_percent // 100
    assert (refund.reason.value, refund.clause) == ("product_ended", "KALO-9")
    assert f"refund:{refund.id}" in world.tenant(buyer).open_matters
    world.follow_refunds(world.tenant(buyer))
    assert world.gateway.sent_back() == refund.amount
    assert world.books.refunds(found[Phase.TRIAL].id) == []


@pytest.mark.clause("KALO-9")
def test_from_the_plan_on_nobody_joins_and_nothing_is_sold_until_it_is_given_up() -> None:
    world, found = customers()
    planned = plan(world)

    def join() -> Tenant:
        return world.register(email="late@customer.test", mobile="+989350000009")

    def renew() -> object:
        return world.order(found[Phase.ACTIVE], Duration.parse("P1Y"), world.agreement.plans[0].id)

    for attempt in (join, renew):
        with pytest.raises(Conflict) as refused:
            attempt()
        assert refused.value.details["clause"] == "KALO-9"
    given_up = world.wind_down_desk.cancel("kalo", BY)
    assert (given_up.status, given_up.next_due_at) == (WindDownStatus.CANCELLED, None)
    join()
    renew()
    world.clock.time = planned.ends_at
    assert world.wind_down_desk.carry("kalo").status is WindDownStatus.CANCELLED
    again = plan(world)
    assert (again.revision, again.version) == (3, 3)
    with pytest.raises(Conflict):
        plan(world)
    world.clock.time = again.ends_at
    with pytest.raises(Conflict):
        world.wind_down_desk.cancel("kalo", BY)


def test_a_payment_that_comes_after_the_end_goes_back() -> None:
    world, found = customers()
    trial = found[Phase.TRIAL]
    placed = world.order(trial, Duration.parse("P1Y"), world.agreement.plans[0].id)
    planned = plan(world, 30 * DAY)
    end(world, planned)
    world.gateway_named(placed.payment.gateway).pay(placed.payment.authority or "")
    world.come_back(placed)
    stored = world.tenant(trial)
    assert (stored.phase, stored.term) == (Phase.READ_ONLY, None)
    [refund] = world.books.refunds(trial.id)
    assert refund.amount == placed.payment.amount


@pytest.mark.clause("KALO-9")
def test_the_end_is_announced_a_month_ahead_in_every_language() -> None:
    world, _ = customers()
    with pytest.raises(InvalidInput) as refused:
        plan(world, 30 * DAY - SECOND)
    assert refused.value.details["field"] == "ends_at"
    with pytest.raises(InvalidInput) as refused:
        world.wind_down_desk.plan("kalo", world.clock.now() + 40 * DAY, {"en": "x"}, BY)
    assert refused.value.details["field"] == "why.fa"
    with pytest.raises(NotFound):
        world.wind_down_desk.get("kalo")
    planned = plan(world, 30 * DAY)
    before = len(world.mailer.sent)
    world.clock.time += 5 * SECOND
    go(world, "wind_down-1-planned")
    world.send_all()
    told = [message["subject"] for message in world.mailer.sent[before:]]
    assert told.count("wind_down_planned") == 3
    world.clock.time = planned.ends_at - SECOND
    assert world.wind_down_desk.carry("kalo").status is WindDownStatus.PLANNED


def test_who_is_gone_by_then_is_passed_over() -> None:
    world, found = customers()
    trial = found[Phase.TRIAL]
    planned = plan(world, 200 * DAY)
    gone = world.live_until_purge(trial)
    assert gone.phase is Phase.PURGED
    shred(world, trial)
    with pytest.raises(Gone):
        world.tenants.get(trial.id)
    world.clock.time = max(world.clock.time, planned.ends_at - SECOND)
    end(world, planned)
