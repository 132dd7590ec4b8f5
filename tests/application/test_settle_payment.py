"""One effect per payment, whatever comes how often; every captured rial is granted or owed back."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from mohlat.agreements import loader
from mohlat.application.settle_payment import Decision
from mohlat.domain.agreement import Basis, PaymentRule, Phase, Price
from mohlat.domain.durations import Duration
from mohlat.domain.errors import AccessRefused, Conflict, GatewayUnavailable, InvalidInput, NotFound
from mohlat.domain.payments import Callback, GatewayState, Payment, PaymentStatus
from mohlat.domain.tenant import Closing, RestrictionKind, Tenant
from tests.application.world import World
from tests.fakes import START


def callback(world: World, payment: Payment, ok: bool = True) -> Payment:
    """The browser comes back."""
    return world.payment_desk.called_back(Callback(payment.authority or "", claims_paid=ok))


def watch(world: World, payment: Payment) -> Payment:
    """The reconciler looks whenever it planned to, until the payment is decided."""
    while payment.open:
        assert payment.next_check_at
        world.clock.time = max(world.clock.time, payment.next_check_at)
        payment = world.payment_desk.check(payment.id)
    return payment


def only_refunds(world: World, tenant: Tenant) -> set[str]:
    """What is open when nothing but money on its way back is."""
    (refund,) = world.books.refunds(tenant.id)
    return {f"refund:{refund.id}"}


def grants(world: World, tenant: Tenant) -> int:
    """How often a term was granted."""
    return world.events(tenant).count("term_granted")


def test_a_paid_order_is_granted_once_and_its_matter_closed() -> None:
    world = World()
    tenant = world.register()
    placed = world.paid_order(tenant)
    settled = callback(world, placed.payment)
    assert (settled.status, settled.reference) == (PaymentStatus.GRANTED, "R-1")
    assert world.payments.get(settled.id) == settled
    stored = world.tenant(tenant)
    assert (stored.phase, stored.open_matters) == (Phase.ACTIVE, frozenset())
    assert callback(world, placed.payment) == settled
    assert callback(world, placed.payment, ok=False) == settled
    assert world.payment_desk.check(settled.id) == settled
    assert grants(world, tenant) == 1


def test_fifty_callbacks_at_once_grant_once_and_all_learn_of_it() -> None:
    world = World()
    tenant = world.register()
    placed = world.paid_order(tenant)
    barrier, answers = threading.Barrier(50), list[Payment]()

    def come_back() -> None:
        barrier.wait(timeout=10)
        answers.append(callback(world, placed.payment))

    threads = [threading.Thread(target=come_back) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status for answer in answers] == [PaymentStatus.GRANTED] * 50
    assert grants(world, tenant) == 1
    assert world.gateway.captures == 1


def test_a_forged_ok_grants_nothing_and_the_watch_goes_on() -> None:
    world = World()
    tenant = world.register()
    placed = world.order(tenant)
    assert callback(world, placed.payment).status is PaymentStatus.PENDING
    world.gateway.pay(placed.payment.authority or "")
    assert callback(world, placed.payment).status is PaymentStatus.GRANTED


def test_a_callback_that_denies_a_payment_which_was_made_is_not_believed() -> None:
    world = World()
    placed = world.paid_order(world.register())
    assert callback(world, placed.payment, ok=False).status is PaymentStatus.GRANTED


def test_a_customer_who_turned_back_has_cancelled() -> None:
    world = World()
    tenant = world.register()
    placed = world.order(tenant)
    assert callback(world, placed.payment, ok=False).status is PaymentStatus.CANCELLED
    assert world.tenant(tenant).open_matters == frozenset()


def test_another_amount_than_ours_is_held_for_a_person_and_stays_an_open_matter() -> None:
    world = World()
    tenant = world.register()
    placed = world.order(tenant)
    world.gateway.pay(placed.payment.authority or "", amount=10)
    held = callback(world, placed.payment)
    assert (held.status, held.note) == (PaymentStatus.HELD, "amount_mismatch")
    assert world.tenant(tenant).open_matters == {f"payment:{placed.payment.id}"}
    assert callback(world, placed.payment) == held


def test_an_authority_that_is_not_ours_does_not_exist() -> None:
    with pytest.raises(NotFound):
        World().payment_desk.called_back(Callback("A-unknown", claims_paid=True))


def test_a_gateway_that_does_not_answer_decides_nothing_however_long() -> None:
    world = World()
    tenant = world.register()
    placed = world.paid_order(tenant)
    world.gateway.down = True
    with pytest.raises(GatewayUnavailable):
        callback(world, placed.payment)
    payment = world.payments.get(placed.payment.id)
    while world.clock.now() < START + timedelta(hours=30):
        assert payment.next_check_at
        world.clock.time = max(world.clock.time, payment.next_check_at)
        payment = world.payment_desk.check(payment.id)
        assert payment.open
        assert payment.next_check_at
        assert payment.next_check_at > world.clock.now()
    world.gateway.down = False
    assert watch(world, payment).status is PaymentStatus.GRANTED


def test_a_customer_who_paid_and_never_came_back_is_granted_by_the_watch() -> None:
    world = World()
    tenant = world.register()
    placed = world.paid_order(tenant)
    assert watch(world, placed.payment).status is PaymentStatus.GRANTED
    assert world.clock.now() == START + timedelta(minutes=2)


def test_the_watch_does_not_ask_before_its_time() -> None:
    world = World()
    placed = world.paid_order(world.register())
    assert world.payment_desk.check(placed.payment.id) == placed.payment


def test_a_payment_that_nobody_makes_expires_after_a_day() -> None:
    world = World()
    tenant = world.register()
    placed = world.order(tenant)
    assert watch(world, placed.payment).status is PaymentStatus.EXPIRED
    assert world.clock.now() == START + timedelta(hours=24)
    assert world.tenant(tenant).open_matters == frozenset()


@pytest.mark.parametrize(
    ("state", "status"),
    [(GatewayState.FAILED, PaymentStatus.CANCELLED), (GatewayState.REVERSED, PaymentStatus.REVERSED)],
)
def test_a_payment_that_the_gateway_gave_up_ends_at_the_next_look(
    state: GatewayState, status: PaymentStatus
) -> None:
    world = World()
    placed = world.order(world.register())
    world.gateway.tills[placed.payment.authority or ""].state = state
    assert watch(world, placed.payment).status is status
    assert world.clock.now() == START + timedelta(minutes=2)


def test_money_for_an_account_closed_meanwhile_is_owed_back() -> None:
    world = World()
    tenant = world.register()
    placed = world.paid_order(tenant)
    world.desk.close(tenant.id, Closing.TERMINATION, by="user:owner")
    assert callback(world, placed.payment).status is PaymentStatus.OWED_BACK
    assert world.tenant(tenant).open_matters == only_refunds(world, tenant)
    assert grants(world, tenant) == 0


def test_money_from_a_blocked_account_is_owed_back() -> None:
    world = World()
    tenant = world.register()
    placed = world.paid_order(tenant)
    world.desk.restrict(tenant.id, RestrictionKind.BLOCKED, "attack", "T-TRIAL", None, by="operator")
    assert callback(world, placed.payment).status is PaymentStatus.OWED_BACK


def test_of_two_plans_ordered_at_once_only_the_first_to_be_paid_is_granted() -> None:
    world = World()
    tenant = world.register()
    basic, plus = world.paid_order(tenant), world.paid_order(tenant, plan="plus")
    assert callback(world, basic.payment).status is PaymentStatus.GRANTED
    assert callback(world, plus.payment).status is PaymentStatus.OWED_BACK
    assert world.tenant(tenant).open_matters == only_refunds(world, tenant)


@pytest.mark.parametrize("emptied", [False, True])
def test_money_that_meets_a_purged_tenant_is_owed_back_and_revives_nothing(emptied: bool) -> None:
    world = World()
    tenant = world.register()
    placed = world.paid_order(tenant)
    # However it came about: the order's matter was closed and the purge went through.
    world.table.tenants[tenant.id] = replace(world.tenant(tenant), open_matters=frozenset())
    purged = world.live_until_purge(tenant)
    if emptied:
        for store in ("tenants", "orders"):
            getattr(world.table, store).clear()
    owed = callback(world, placed.payment)
    assert owed.status is PaymentStatus.OWED_BACK
    assert purged.phase is Phase.PURGED


def test_a_payment_that_meets_the_trials_end_finds_it_ended_and_starts_now() -> None:
    world = World()
    tenant = world.register()
    world.clock.advance(days=29, hours=23)
    placed = world.paid_order(tenant)
    world.clock.advance(hours=2)
    callback(world, placed.payment)
    assert world.events(tenant)[-2:] == ["trial_ended", "term_granted"]
    stored = world.tenant(tenant)
    assert stored.term
    assert stored.term.anchor == world.clock.now()
    assert world.tenants.journal(tenant.id)[-2].at == START + timedelta(days=30)


def test_the_answer_to_a_verification_got_lost_and_the_second_one_grants() -> None:
    world = World()
    tenant = world.register()
    placed = world.paid_order(tenant)
    world.gateway.lose_answers = 1
    with pytest.raises(GatewayUnavailable):
        callback(world, placed.payment)
    assert watch(world, placed.payment).status is PaymentStatus.GRANTED
    assert (world.gateway.captures, grants(world, tenant)) == (1, 1)


def test_money_taken_after_the_watch_had_ended_is_asked_for_again_if_the_answer_got_lost() -> None:
    world = World()
    placed = world.order(world.register())
    world.gateway.tills[placed.payment.authority or ""].state = GatewayState.FAILED
    world.come_back(placed, claims_paid=False)
    while looks_at := world.payments.get(placed.payment.id).next_check_at:
        world.clock.time = looks_at
        world.payment_desk.check(placed.payment.id)
    world.gateway.pay(placed.payment.authority or "")
    world.gateway.lose_answers = 1
    with pytest.raises(GatewayUnavailable):
        world.come_back(placed)
    world.clock.time = world.payments.get(placed.payment.id).next_check_at or START
    payment = world.payment_desk.check(placed.payment.id)
    # Its order had expired long ago.
    assert (payment.status, sum(payment.refunds.values())) == (PaymentStatus.OWED_BACK, payment.amount)


def test_another_amount_on_a_payment_that_had_failed_is_an_open_matter_again_until_a_person_decides() -> None:
    world = World()
    world.gateway.captures_mismatch = True
    tenant = world.register()
    placed = world.order(tenant)
    world.come_back(placed, claims_paid=False)
    assert world.tenant(tenant).open_matters == frozenset()
    world.gateway.pay(placed.payment.authority or "", placed.order.amount - 1)
    assert world.come_back(placed).status is PaymentStatus.HELD
    assert world.tenant(tenant).open_matters == {f"payment:{placed.payment.id}"}
    assert world.events(tenant)[-1] == "ticket_opened"
    world.payment_desk.decide(placed.payment.id, Decision.RETURN, "operator:o")
    [refund] = world.books.refunds(tenant.id)
    assert world.tenant(tenant).open_matters == {f"refund:{refund.id}"}


def test_three_lost_races_delay_a_grant_and_double_nothing() -> None:
    world = World()
    tenant = world.register()
    placed = world.paid_order(tenant)
    world.tenants.lose = 3
    assert callback(world, placed.payment).status is PaymentStatus.GRANTED
    assert grants(world, tenant) == 1


def test_a_race_against_the_same_payment_ends_with_what_the_faster_one_made_of_it() -> None:
    world = World()
    tenant = world.register()
    placed = world.paid_order(tenant)
    world.tenants.before_commit = [lambda: callback(world, placed.payment)]
    assert callback(world, placed.payment).status is PaymentStatus.GRANTED
    assert grants(world, tenant) == 1


def test_while_a_payment_is_on_its_way_nothing_is_purged() -> None:
    world = World()
    tenant = world.register()
    world.clock.advance(days=59)
    world.catch_up(tenant)
    world.send_all()
    placed = world.paid_order(tenant)
    # The warning came late, so the purge is due two days after it.
    world.clock.advance(days=2)
    world.catch_up(tenant)
    assert world.events(tenant)[-1] == "purge_deferred"
    assert callback(world, placed.payment).status is PaymentStatus.GRANTED
    assert world.tenant(tenant).phase is Phase.ACTIVE


# --- ordering ---------------------------------------------------------------------------------------------


def test_an_order_goes_to_the_wanted_gateway_and_that_one_alone_can_grant_it() -> None:
    world = World()
    tenant = world.register()
    placed = world.order(tenant, gateway="zibal")
    authority = placed.payment.authority or ""
    assert placed.payment.gateway == "zibal"
    assert (list(world.gateway.tills), list(world.second_gateway.tills)) == ([], [authority])
    world.second_gateway.pay(authority)
    with pytest.raises(NotFound):
        world.payment_desk.called_back(Callback(authority, claims_paid=True))
    granted = world.second_payment_desk.called_back(Callback(authority, claims_paid=True))
    assert granted.status is PaymentStatus.GRANTED
    entry = next(one for one in world.tenants.journal(tenant.id) if one.by == "gateway:zibal")
    assert entry.event == "term_granted"


def test_an_authority_that_two_gateways_gave_out_is_two_payments() -> None:
    world = World()
    tenant = world.register()
    first, second = world.order(tenant), world.order(tenant, gateway="zibal")
    assert first.payment.authority == second.payment.authority
    world.second_gateway.pay(second.payment.authority or "")
    assert callback(world, first.payment).open
    authority = second.payment.authority or ""
    assert (
        world.second_payment_desk.called_back(Callback(authority, claims_paid=True)).id == second.payment.id
    )


def test_which_gateways_serve_is_what_the_newest_agreement_says() -> None:
    world = World()
    tenant = world.register()
    only = replace(
        world.agreement, version="2", payments=PaymentRule(("zibal",), Basis(choice="the other closed"))
    )
    world.agreements.known.append(only)
    assert world.order(tenant).payment.gateway == "zibal"
    with pytest.raises(InvalidInput):
        world.order(tenant, gateway="zarinpal")


def test_a_gateway_that_the_agreement_does_not_name_is_refused_before_anything_is_written() -> None:
    world = World()
    tenant = world.register()
    with pytest.raises(InvalidInput) as refused:
        world.order(tenant, gateway="paypal")
    assert refused.value.field == "gateway"
    assert not world.table.payments
    assert world.tenant(tenant).open_matters == frozenset()


def test_an_order_takes_the_newest_price_and_opens_a_payment_for_it() -> None:
    world = World()
    tenant = world.register()
    placed = world.order(tenant, Duration(months=12))
    assert placed.order.amount == 10_000_000
    assert world.gateway.tills[placed.payment.authority or ""].amount == 10_000_000
    assert placed.pay_page.url == f"https://pay.test/{placed.payment.authority}"
    assert world.payments.by_authority("zarinpal", placed.payment.authority or "") == placed.payment
    assert world.tenant(tenant).open_matters == {f"payment:{placed.payment.id}"}


def test_a_price_that_rises_counts_from_its_day_and_never_for_what_was_ordered() -> None:
    world = World()
    tenant = world.register()
    world.buy(tenant, Duration(months=12))
    old = world.order(tenant)
    world.clock.time = START.replace(year=2027, month=1, day=1)
    assert world.order(tenant).order.amount == 2 * old.order.amount
    assert world.payments.order(tenant.id, old.order.id).amount == old.order.amount


def test_a_blocked_tenant_cannot_order() -> None:
    world = World()
    tenant = world.register()
    world.desk.restrict(tenant.id, RestrictionKind.BLOCKED, "attack", "T-TRIAL", None, by="operator")
    with pytest.raises(AccessRefused):
        world.order(tenant)


def test_a_closed_tenant_cannot_order() -> None:
    world = World()
    tenant = world.register()
    world.desk.close(tenant.id, Closing.TERMINATION, by="user:owner")
    with pytest.raises(AccessRefused):
        world.order(tenant)
    assert world.table.payments == {}


def test_another_plan_than_the_running_one_is_no_order() -> None:
    world = World()
    tenant = world.register()
    world.buy(tenant)
    with pytest.raises(Conflict):
        world.order(tenant, plan="plus")


def test_a_gateway_that_opens_no_payment_ends_the_order_and_says_so() -> None:
    world = World()
    tenant = world.register()
    world.gateway.down = True
    with pytest.raises(GatewayUnavailable):
        world.order(tenant)
    payment = next(iter(world.table.payments.values()))
    assert payment.status is PaymentStatus.CANCELLED
    assert world.tenant(tenant).open_matters == frozenset()


def test_an_order_that_could_not_be_ended_is_ended_by_the_watch() -> None:
    world = World()
    tenant = world.register()

    def interfere() -> None:
        world.tenants.lose = 1

    class Refusing:
        name = "zarinpal"

        def request(self, **_: object) -> str:
            interfere()
            raise GatewayUnavailable

    gateway, world.gateway = world.gateway, Refusing()  # type: ignore[assignment]
    with pytest.raises(GatewayUnavailable):
        world.order(tenant)
    world.gateway = gateway
    payment = next(iter(world.table.payments.values()))
    assert payment.open
    assert watch(world, payment).status is PaymentStatus.CANCELLED
    assert world.tenant(tenant).open_matters == frozenset()


@pytest.mark.clause("SAMAN-2.6")
def test_the_open_first_invoice_is_paid_at_its_own_price_whatever_the_list_says_by_then() -> None:
    world = World(loader.load("saman360"))
    tenant = world.register()
    assert tenant.invoice
    dearer = replace(
        world.agreement,
        version="4",
        plans=tuple(
            replace(
                plan,
                offers=tuple(
                    replace(offer, prices=(Price(START, 2 * offer.prices[-1].amount),))
                    for offer in plan.offers
                ),
            )
            for plan in world.agreement.plans
        ),
    )
    world.agreements.known.append(dearer)
    assert world.order(tenant, tenant.invoice.length).order.amount == tenant.invoice.amount
    other = Duration(months=1)
    assert world.order(tenant, other).order.net == dearer.list_price("basic", other, START)
