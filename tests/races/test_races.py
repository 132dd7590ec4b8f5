"""Two at once on real threads, in both orders: the right one wins, the other hears of it, nothing doubles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from mohlat.application.advance_tenant import REST, next_wake
from mohlat.application.handle_requests import Answer
from mohlat.application.handle_tickets import Ending
from mohlat.application.quoting import Wanted
from mohlat.application.serve_support import Wish
from mohlat.application.transitions import retrying
from mohlat.domain.agreement import Phase, Severity
from mohlat.domain.data_requests import RequestStatus, Right
from mohlat.domain.durations import Duration
from mohlat.domain.errors import ConcurrentChange, Conflict, Gone
from mohlat.domain.journal import replay
from mohlat.domain.ledger import faults
from mohlat.domain.lifecycle import DeadlineKind, next_deadline
from mohlat.domain.maintenance import WindowStatus
from mohlat.domain.payments import OrderKind, PaymentStatus
from mohlat.domain.people import Role
from mohlat.domain.purge import Store
from mohlat.domain.synchronization import Change, Fate
from mohlat.domain.tenant import RestrictionKind, Tenant
from tests.application.desks import Office
from tests.races.conftest import World
from tests.races.meeting import Meeting

OWNER, ONE, OTHER = "user:owner", "operator:one", "operator:other"
BOTH = {"en": "A title", "fa": "عنوان"}
HOUR = timedelta(hours=1)
MONEY = ("tenants.commit", "books.write", "payments.save")


@dataclass(frozen=True, slots=True)
class Race:
    """Two acts, where they meet, and what has to be so afterwards.

    `stage` prepares the world and says who acts and what to check; the check gets what each heard, and which
    of them wrote first.
    """

    product: str
    writes: tuple[str, ...]
    stage: Callable[[Office], tuple[Callable[[], Any], Callable[[], Any], Callable[[list[Any], int], None]]]


def journal(world: Office, tenant: Tenant) -> Counter[str]:
    """How often what happened."""
    return Counter(entry.event.value for entry in world.tenants.journal(tenant.id, limit=1000))


def healthy(world: Office, tenant: Tenant) -> Tenant:
    """The tenant as stored; its journal leads there, its ledger balances."""
    stored = world.tenants.get(tenant.id)
    assert replay(world.tenants.journal(tenant.id, limit=1000)) == stored
    assert faults(tenant.id, world.books.postings(tenant.id)) == []
    return stored


def bought(world: Office) -> Tenant:
    """A customer who has bought the cheapest plan for a year."""
    tenant = world.register()
    world.buy_this(tenant, Wanted(OrderKind.TERM, world.plan, Duration.parse("P1Y")))
    return world.tenant(tenant)


def send_owed(world: Office, tenant: Tenant) -> None:
    """What every entry owes is sent."""
    for entry in world.tenants.journal(tenant.id, limit=1000):
        if entry.notices:
            world.send_entry(tenant.id, entry.seq)


def until(world: Office, tenant: Tenant, kind: DeadlineKind) -> Tenant:
    """Lives until a deadline of this kind is due this second."""
    while True:
        due = next_deadline(world.tenant(tenant), world.agreement)
        assert due
        send_owed(world, tenant)
        world.clock.time = max(world.clock.time, due.at)
        if due.kind is kind:
            return world.tenant(tenant)
        world.catch_up(tenant)


def sweeps(world: Office, tenant: Tenant) -> Tenant:
    """What an execution does when it wakes; ConcurrentChange tries again, as its machine says."""
    return retrying(lambda: world.catch_up(tenant))


# --- against a purge --------------------------------------------------------------------------------------


def payment_against_purge(world: Office) -> Any:
    """Money of an order that is still open."""
    tenant = until(world, world.register(), DeadlineKind.PURGE)
    world.clock.time -= HOUR
    placed = world.paid_order(tenant, plan=world.plan, length=Duration.parse("P1Y"))
    world.clock.time += HOUR

    def check(heard: list[Any], first: int) -> None:
        assert (heard[0].status, healthy(world, tenant).phase) == (PaymentStatus.GRANTED, Phase.ACTIVE)
        assert journal(world, tenant)["term_granted"] == 1
        assert world.ledger.committed_on(f"{world.clock.now():%Y-%m-%d}") == []

    return lambda: world.come_back(placed), lambda: sweeps(world, tenant), check


def late_money_against_purge(world: Office) -> Any:
    """Money of an order that was given up long ago: whoever carries the purge out, it goes back."""
    tenant = world.register()
    placed = world.order(tenant, Duration.parse("P1Y"), world.plan)
    world.come_back(placed, claims_paid=False)
    tenant = until(world, tenant, DeadlineKind.PURGE)
    world.gateway.pay(placed.payment.authority or "")

    def check(heard: list[Any], first: int) -> None:
        assert heard[0].status is PaymentStatus.OWED_BACK
        assert [each.amount for each in world.books.refunds(tenant.id)] == [placed.payment.amount]
        assert healthy(world, tenant).phase is Phase.PURGED

    return lambda: world.come_back(placed), lambda: sweeps(world, tenant), check


def hold_against_purge(world: Office) -> Any:
    tenant = until(world, world.register(), DeadlineKind.PURGE)
    clause = min(world.agreement.clauses)

    def hold() -> Tenant:
        return world.desk.place_hold(tenant.id, "proceedings", "court", clause, by=ONE)

    def check(heard: list[Any], first: int) -> None:
        stored = healthy(world, tenant)
        if first == 0:
            assert (len(stored.holds), stored.phase) == (1, Phase.DEACTIVATED)
        else:
            assert isinstance(heard[0], Gone)
            assert (stored.holds, stored.phase) == ((), Phase.PURGED)

    return hold, lambda: sweeps(world, tenant), check


def request_against_purge(world: Office) -> Any:
    tenant = until(world, world.register(), DeadlineKind.PURGE)

    def check(heard: list[Any], first: int) -> None:
        purged = healthy(world, tenant).phase is Phase.PURGED
        assert purged is (first == 1)
        assert isinstance(heard[0], Gone) is purged

    def ask() -> object:
        return world.request_desk.receive(tenant.id, Right.ACCESS, "what do you have?", OWNER)

    return ask, lambda: sweeps(world, tenant), check


def two_purges(world: Office) -> Any:
    """Two executions on one purge: each store is counted once, and one of them certifies."""
    tenant = world.register()
    for number in range(3):
        world.records.put(tenant.id, f"r-{number}", {"n": number}, world.clock.now())
    sweeps(world, until(world, tenant, DeadlineKind.PURGE))

    def purge() -> object:
        for store in Store:
            retrying(lambda store=store: world.shredder.erase(tenant.id, store))  # type: ignore[misc]
        return retrying(lambda: world.shredder.certify(tenant.id))

    def check(heard: list[Any], first: int) -> None:
        assert heard[0] == heard[1] == world.ledger.get(tenant.id)
        assert (heard[0].deleted["records"], set(heard[0].left.values())) == (3, {0})

    return purge, purge, check


# --- time -------------------------------------------------------------------------------------------------


def renewal_against_expiry(world: Office) -> Any:
    """Paid in the second in which the term ends."""
    tenant = bought(world)
    tenant = until(world, tenant, DeadlineKind.END_TERM)
    world.clock.time -= HOUR
    placed = world.paid_order(tenant, plan=world.plan, length=Duration.parse("P1Y"))
    world.clock.time += HOUR

    def check(heard: list[Any], first: int) -> None:
        assert (heard[0].status, healthy(world, tenant).phase) == (PaymentStatus.GRANTED, Phase.ACTIVE)
        assert (journal(world, tenant)["term_granted"], journal(world, tenant)["term_ended"]) == (2, 1)

    return lambda: world.come_back(placed), lambda: sweeps(world, tenant), check


def sweep_against_wake_up(world: Office) -> Any:
    """Two executions wake for one deadline: it is carried out once, and one of them goes on."""
    tenant = until(world, world.register(), DeadlineKind.END_TRIAL)
    wake = next_wake(tenant, world.agreement, world.clock)

    def wakes(name: str) -> Callable[[], object]:
        return lambda: retrying(lambda: world.advance(wake, f"{tenant.id}-{name}"))

    def check(heard: list[Any], first: int) -> None:
        assert journal(world, tenant)["trial_ended"] == 1
        assert sorted(each.due == REST for each in heard) == [False, True]
        assert heard[first].due != REST
        healthy(world, tenant)

    return wakes("g1-v1"), wakes("g1-v1-s20261225T0900"), check


def answer_against_lateness(world: Office) -> Any:
    """An answer in the second in which it is late."""
    tenant = world.register()
    request = world.request_desk.receive(tenant.id, Right.ACCESS, "what do you have?", OWNER)
    world.clock.time = request.warn_at
    world.request_desk.ring(tenant.id, request.id)
    world.clock.time = request.due_at

    def answer() -> object:
        return world.request_desk.answer(tenant.id, request.id, Answer("here it is"), ONE)

    def check(heard: list[Any], first: int) -> None:
        assert world.requests.get(tenant.id, request.id).status is RequestStatus.FULFILLED
        told = journal(world, tenant)
        assert (told["data_request_answered"], told["data_request_late"]) == (1, first)
        assert [each.open for each in world.books.tickets(tenant.id)] == [False]
        healthy(world, tenant)

    return answer, lambda: retrying(lambda: world.request_desk.ring(tenant.id, request.id)), check


# --- money ------------------------------------------------------------------------------------------------


def two_callbacks(world: Office) -> Any:
    tenant = world.register()
    placed = world.paid_order(tenant, plan=world.plan, length=Duration.parse("P1Y"))

    def check(heard: list[Any], first: int) -> None:
        assert [each.status for each in heard] == [PaymentStatus.GRANTED] * 2
        assert (journal(world, tenant)["term_granted"], world.gateway.captures) == (1, 1)
        healthy(world, tenant)

    return lambda: world.come_back(placed), lambda: world.come_back(placed), check


def callback_against_watch(world: Office) -> Any:
    tenant = world.register()
    placed = world.paid_order(tenant, plan=world.plan, length=Duration.parse("P1Y"))
    world.clock.advance(minutes=2)

    def check(heard: list[Any], first: int) -> None:
        assert [each.status for each in heard] == [PaymentStatus.GRANTED] * 2
        assert (journal(world, tenant)["term_granted"], world.gateway.captures) == (1, 1)
        healthy(world, tenant)

    return lambda: world.come_back(placed), lambda: world.payment_desk.check(placed.payment.id), check


def two_refunds_of_one_payment(world: Office) -> Any:
    """Two operators give back the same rest: what was captured goes back once (invariant 8)."""
    tenant = bought(world)
    order = world.payments.orders(tenant.id)[0]
    payment = world.payments.get(order.payment_id)
    clause = min(world.agreement.clauses)

    def give_back(by: str) -> Callable[[], object]:
        return lambda: world.refund_desk.give_back(tenant.id, payment.id, payment.amount, "x", clause, by)

    def check(heard: list[Any], first: int) -> None:
        assert isinstance(heard[1 - first], Conflict)
        assert [each.amount for each in world.books.refunds(tenant.id)] == [payment.amount]
        healthy(world, tenant)

    return give_back(ONE), give_back(OTHER), check


def two_steps_of_one_refund(world: Office) -> Any:
    """Two executions ask the gateway: it is asked once."""
    tenant = bought(world)
    payment = world.payments.get(world.payments.orders(tenant.id)[0].payment_id)
    clause = min(world.agreement.clauses)
    refund = world.refund_desk.give_back(tenant.id, payment.id, 500_000, "x", clause, ONE)

    def step() -> object:
        return world.refund_follower.step(tenant.id, refund.id)

    def check(heard: list[Any], first: int) -> None:
        assert world.gateway.sent_back() == 500_000
        assert isinstance(heard[1 - first], ConcurrentChange)
        healthy(world, tenant)

    return step, step, check


# --- people -----------------------------------------------------------------------------------------------


def two_registrations(world: Office) -> Any:
    """One contact, two browsers: one account, and no user of the other is left."""

    def check(heard: list[Any], first: int) -> None:
        tenant = heard[first]
        assert isinstance(heard[1 - first], Conflict)
        assert [user for user in world.sign_in.users.values() if user[0] != tenant.id] == []
        assert journal(world, tenant) == Counter(tenant_registered=1)

    return world.register, world.register, check


def two_operators_on_one_tenant(world: Office) -> Any:
    """A block and a hold at once: both stand."""
    tenant, clause = world.register(), min(world.agreement.clauses)

    def check(heard: list[Any], first: int) -> None:
        stored = healthy(world, tenant)
        assert [each.kind for each in stored.restrictions] == [RestrictionKind.BLOCKED]
        assert len(stored.holds) == 1

    return (
        lambda: world.desk.restrict(tenant.id, RestrictionKind.BLOCKED, "x", clause, None, ONE),
        lambda: world.desk.place_hold(tenant.id, "x", "court", clause, by=OTHER),
        check,
    )


def two_operators_on_one_ticket(world: Office) -> Any:
    tenant = world.register()
    ticket = world.support.open(tenant.id, Wish("nothing works", Severity.CRITICAL), OWNER, Role.OWNER)

    def close(by: str) -> Callable[[], object]:
        return lambda: world.tickets.close(tenant.id, ticket.id, Ending(f"mended by {by}"), by)

    def check(heard: list[Any], first: int) -> None:
        stored = world.books.ticket(tenant.id, ticket.id)
        assert stored.by == (ONE, OTHER)[first]
        assert isinstance(heard[1 - first], Conflict)
        assert journal(world, tenant)["ticket_closed"] == 1
        healthy(world, tenant)

    return close(ONE), close(OTHER), check


def two_operators_on_one_window(world: Office) -> Any:
    """One moves what the other cancels: cancelled it stays, whoever was first."""
    product, now = world.agreement.product, world.clock.now()
    window = world.maintenance_desk.plan(product, now + 40 * HOUR, now + 42 * HOUR, BOTH, ONE)

    def move() -> object:
        return world.maintenance_desk.move(product, window.id, now + 50 * HOUR, now + 52 * HOUR, ONE)

    def check(heard: list[Any], first: int) -> None:
        stored = world.service.window(product, window.id)
        assert stored.status is WindowStatus.CANCELLED
        assert isinstance(heard[0], Conflict) is (first == 1)
        assert world.states.read().shut == ()

    return move, lambda: world.maintenance_desk.cancel(product, window.id, OTHER), check


def two_operators_plan_windows(world: Office) -> Any:
    """Two windows of one product, planned at once: what the API asks knows both."""
    product, now = world.agreement.product, world.clock.now()

    def plan(hours: int) -> Callable[[], object]:
        start = now + hours * HOUR
        return lambda: world.maintenance_desk.plan(product, start, start + HOUR, BOTH, ONE)

    def check(heard: list[Any], first: int) -> None:
        starts = {now + 40 * HOUR, now + 60 * HOUR}
        assert {each.starts_at for each in world.states.read().shut} == starts
        assert {each.starts_at for each in world.maintenance_desk.of(product)} == starts

    return plan(40), plan(60), check


# --- many -------------------------------------------------------------------------------------------------


def two_rounds_at_one_customer(world: Office) -> Any:
    """Two announcements reach a customer in the same moment: each once."""
    tenant, product = world.register(), world.agreement.product
    news = [world.news_desk.post(product, BOTH, BOTH, by) for by in (ONE, OTHER)]
    world.clock.advance(seconds=5)

    def go(number: int) -> Callable[[], object]:
        round_id = f"{news[number].id}-told"
        return lambda: [world.round_runner.step(product, round_id, lane) for lane in range(16)]

    def check(heard: list[Any], first: int) -> None:
        assert journal(world, tenant)["announced"] == 2
        assert [world.service.progress(product, f"{each.id}-told").told for each in news] == [1, 1]
        healthy(world, tenant)

    return go(0), go(1), check


def two_executions_on_one_lane(world: Office) -> Any:
    tenant, product = world.register(), world.agreement.product
    news = world.news_desk.post(product, BOTH, BOTH, ONE)
    world.clock.advance(seconds=5)

    def go() -> object:
        steps = [
            lambda lane=lane: world.round_runner.step(product, f"{news.id}-told", lane)  # type: ignore[misc]
            for lane in range(16)
        ]
        return [retrying(step) for step in steps]

    def check(heard: list[Any], first: int) -> None:
        assert journal(world, tenant)["announced"] == 1
        assert world.service.progress(product, f"{news.id}-told").told == 1
        healthy(world, tenant)

    return go, go, check


def two_devices(world: Office) -> Any:
    """Two batches at once, one record in both: every change is in, and the later one stands."""
    tenant, now = bought(world), world.clock.now()

    def bring(device: str, minutes: int) -> Callable[[], object]:
        made = now - minutes * HOUR / 60
        changes = [
            Change(device, "1", "both", made, {"by": device}),
            Change(device, "2", device, made, {"by": device}),
        ]
        return lambda: world.sync_desk.take(tenant.id, changes)

    def check(heard: list[Any], first: int) -> None:
        page = world.sync_desk.read(tenant.id, 0)
        assert {each.record_id: each.data for each in page.states} == {
            "both": {"by": "late"},
            "early": {"by": "early"},
            "late": {"by": "late"},
        }
        assert len({each.seq for each in page.states}) == 3
        assert heard[1][0].fate is Fate.APPLIED
        assert heard[0][0].fate is (Fate.APPLIED if first == 0 else Fate.SUPERSEDED)

    return bring("early", 10), bring("late", 5), check


COMMIT = ("tenants.commit",)
RACES = {
    stage.__name__: Race(product, writes, stage)
    for product, writes, stage in (
        ("kalo", COMMIT, payment_against_purge),
        ("kalo", COMMIT, late_money_against_purge),
        ("kalo", COMMIT, hold_against_purge),
        ("kalo", COMMIT, request_against_purge),
        ("kalo", ("ledger.save",), two_purges),
        ("kalo", COMMIT, renewal_against_expiry),
        ("kalo", COMMIT, sweep_against_wake_up),
        ("kallu", COMMIT, answer_against_lateness),
        ("kalo", COMMIT, two_callbacks),
        ("kalo", COMMIT, callback_against_watch),
        ("kalo", COMMIT, two_refunds_of_one_payment),
        ("kalo", MONEY, two_steps_of_one_refund),
        ("kalo", COMMIT, two_registrations),
        ("kalo", COMMIT, two_operators_on_one_tenant),
        ("saman360", MONEY, two_operators_on_one_ticket),
        ("kalo", ("books.write",), two_operators_on_one_window),
        ("kalo", ("books.write",), two_operators_plan_windows),
        ("customer_club", COMMIT, two_rounds_at_one_customer),
        ("customer_club", COMMIT, two_executions_on_one_lane),
        ("customer_club", ("records.apply",), two_devices),
    )
}


@pytest.mark.parametrize("first", [0, 1], ids=["one first", "the other first"])
@pytest.mark.parametrize("name", RACES)
def test_of_two_at_once_the_right_one_wins(name: str, first: int, world: World) -> None:
    race = RACES[name]
    made = world(race.product)
    one, other, check = race.stage(made)
    heard = Meeting(made, race.writes, first).act(one, other)
    check(heard, first)


def test_fifty_callbacks_at_once_grant_once_and_all_learn_of_it(world: World) -> None:
    made = world("kalo")
    tenant = made.register()
    placed = made.paid_order(tenant, plan=made.plan, length=Duration.parse("P1Y"))
    heard = Meeting(made, COMMIT, None, 50).act(*[lambda: made.come_back(placed)] * 50)
    assert [each.status for each in heard] == [PaymentStatus.GRANTED] * 50
    assert (journal(made, tenant)["term_granted"], made.gateway.captures) == (1, 1)
    healthy(made, tenant)
