"""Agreed work: agreed, deposited once, released or handed back; partners see and do what is theirs."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from mohlat.agreements.loader import load
from mohlat.application.keep_escrow import EscrowDesk
from mohlat.application.place_order import PlacedOrder
from mohlat.application.quoting import Wanted
from mohlat.domain.agreement import Agreement, Phase
from mohlat.domain.errors import AccessRefused, Conflict, Gone, NotFound
from mohlat.domain.escrow import Escrow, EscrowStatus
from mohlat.domain.journal import replay
from mohlat.domain.ledger import Account, balances, faults
from mohlat.domain.payments import OrderKind, Payment, PaymentStatus
from mohlat.domain.refunds import RefundReason, RefundStatus
from mohlat.domain.tenant import Closing, RestrictionKind
from mohlat.domain.tickets import TicketKind
from tests.application.world import IP, World
from tests.builders import START, days
from tests.money import with_money

OPERATOR, OWNER, PARTNER = "operator:ali", "user:owner", "u_partner"
PRICE = 8_000_000


class Agreed(World):
    """A world whose one tenant has agreed a new theme with a partner."""

    def __init__(self, agreement: Agreement | None = None) -> None:
        super().__init__(agreement or with_money())
        self.escrow_desk = EscrowDesk(
            tenants=self.tenants,
            payments=self.payments,
            books=self.books,
            dispatches=self.dispatches,
            agreements=self.agreements,
            security_log=self.security_log,
            ids=self.ids,
            clock=self.clock,
        )
        self.mine = self.register()
        self.escrow = self.escrow_desk.agree(self.mine.id, PARTNER, "A new theme", PRICE, OPERATOR)

    def order_deposit(self) -> PlacedOrder:
        """The customer is sent to the gateway."""
        return self.order_this(self.mine, Wanted(OrderKind.ESCROW, subject=self.escrow.id))

    def deposit(self) -> Payment:
        """The customer deposits the price."""
        placed = self.order_deposit()
        self.gateway.pay(placed.payment.authority or "")
        return self.come_back(placed)

    def release(self) -> Escrow:
        """The customer declares the work done."""
        return self.escrow_desk.release(self.mine.id, self.escrow.id, OWNER)

    def ask_back(self) -> Escrow:
        """The customer asks for the deposit back."""
        return self.escrow_desk.return_deposit(self.mine.id, self.escrow.id, OWNER)

    def cancel(self) -> Escrow:
        """The work is given up."""
        return self.escrow_desk.cancel(self.mine.id, self.escrow.id, OWNER)

    @property
    def now(self) -> Escrow:
        """The work as it stands."""
        return self.books.escrow(self.mine.id, self.escrow.id)

    def money(self) -> dict[Account, int]:
        """What the accounts hold."""
        postings = self.books.postings(self.mine.id)
        assert faults(self.mine.id, postings) == []
        return {account: amount for account, amount in balances(postings).items() if amount}


# --- agreeing and depositing ------------------------------------------------------------------------------


@pytest.mark.clause("SAMAN-5.8")
def test_agreed_work_waits_for_its_deposit() -> None:
    world = Agreed()
    assert (world.now.status, world.now.work_may_begin) == (EscrowStatus.AGREED, False)
    assert (world.escrow.partner, world.escrow.amount, world.escrow.agreed_at) == (PARTNER, PRICE, START)
    assert world.events(world.mine)[-1] == "escrow_agreed"
    assert world.money() == {}
    world.send_all()
    assert world.mailer.sent[-1]["subject"] == "escrow_agreed"


@pytest.mark.clause("SAMAN-5.8")
def test_saman360_keeps_the_price_until_the_customer_decides() -> None:
    world = Agreed(load("saman360"))
    world.deposit()
    world.release()
    noted = [entry for entry in world.tenants.journal(world.mine.id) if "escrow" in entry.event.value]
    assert [(entry.event.value, entry.clause) for entry in noted] == [
        ("escrow_agreed", "SAMAN-5.8"),
        ("escrow_deposited", "SAMAN-5.8"),
        ("escrow_released", "SAMAN-5.8"),
    ]


@pytest.mark.clause("SAMAN-5.8")
def test_work_may_begin_once_the_price_lies_with_us() -> None:
    world = Agreed()
    payment = world.deposit()
    assert (payment.status, payment.amount) == (PaymentStatus.GRANTED, PRICE)
    assert (world.now.status, world.now.work_may_begin, world.now.payment_id) == (
        EscrowStatus.DEPOSITED,
        True,
        payment.id,
    )
    assert world.tenant(world.mine).open_matters == {f"escrow:{world.escrow.id}"}
    assert world.events(world.mine)[-1] == "escrow_deposited"
    assert world.money() == {Account.CAPTURED: PRICE, Account.ESCROWED: PRICE}


@pytest.mark.clause("SAMAN-5.8")
def test_two_deposits_end_in_one_deposit_and_one_money_back() -> None:
    world = Agreed()
    orders = [world.order_deposit() for _ in range(2)]
    for placed in orders:
        world.gateway.pay(placed.payment.authority or "")
    first, second = (world.come_back(placed) for placed in orders)
    assert (first.status, second.status) == (PaymentStatus.GRANTED, PaymentStatus.OWED_BACK)
    assert world.now.payment_id == first.id
    [refund] = world.books.refunds(world.mine.id)
    assert (refund.payment_id, refund.amount, refund.reason) == (
        second.id,
        PRICE,
        RefundReason.NOTHING_GRANTED,
    )
    assert world.money() == {
        Account.CAPTURED: 2 * PRICE,
        Account.ESCROWED: PRICE,
        Account.RETURNING: PRICE,
    }


def test_two_deposits_paid_in_the_same_moment_end_alike() -> None:
    world = Agreed()
    orders = [world.order_deposit() for _ in range(4)]
    for placed in orders:
        world.gateway.pay(placed.payment.authority or "")
    with ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(world.come_back, orders))
    assert sorted(payment.status.value for payment in ended) == ["granted", *["owed_back"] * 3]
    assert world.money()[Account.ESCROWED] == PRICE
    assert world.money()[Account.RETURNING] == 3 * PRICE


def test_nothing_is_deposited_twice_knowingly() -> None:
    world = Agreed()
    world.deposit()
    with pytest.raises(Conflict):
        world.order_deposit()


def test_a_deposit_is_what_was_agreed_without_tax() -> None:
    """The tax on the work is for the partner to invoice."""
    world = Agreed()
    order = world.order_deposit().order
    assert (order.amount, order.vat, order.kind, order.subject) == (
        PRICE,
        0,
        OrderKind.ESCROW,
        world.escrow.id,
    )


def test_a_closed_account_agrees_to_nothing_and_a_purged_one_is_gone() -> None:
    world = Agreed()
    world.desk.close(world.mine.id, Closing.TERMINATION, by=OWNER)
    with pytest.raises(Conflict):
        world.escrow_desk.agree(world.mine.id, PARTNER, "More", PRICE, OPERATOR)
    with pytest.raises(AccessRefused):
        world.order_deposit()
    world.live_until_purge(world.mine)
    calls: tuple[Callable[[], object], ...] = (
        lambda: world.escrow_desk.agree(world.mine.id, PARTNER, "More", PRICE, OPERATOR),
        lambda: world.escrow_desk.propose(world.mine.id, PARTNER, "More", PRICE),
        world.cancel,
        lambda: world.escrow_desk.explain(world.mine.id, world.escrow.id, "slow"),
    )
    for call in calls:
        with pytest.raises(Gone):
            call()


def test_an_agreement_without_escrow_keeps_none() -> None:
    world = Agreed()
    world.agreements.known[0] = replace(world.agreement, escrow=None)
    with pytest.raises(Conflict):
        world.escrow_desk.agree(world.mine.id, PARTNER, "More", PRICE, OPERATOR)
    with pytest.raises(Conflict):
        world.order_deposit()
    assert world.cancel().status is EscrowStatus.CANCELLED


# --- releasing --------------------------------------------------------------------------------------------


@pytest.mark.clause("SAMAN-5.8")
def test_a_release_owes_the_partner_the_money_and_a_person_pays_it_in_two_days() -> None:
    world = Agreed()
    world.deposit()
    world.clock.advance(days=20)
    done = world.release()
    assert (done.status, done.decided_at, done.work_may_begin) == (
        EscrowStatus.RELEASED,
        START + days(20),
        False,
    )
    [ticket] = world.books.tickets(world.mine.id)
    assert (ticket.id, ticket.kind, ticket.subject) == (done.ticket_id, TicketKind.PAYOUT, done.id)
    assert (ticket.due_at, ticket.facts) == (
        START + days(22),
        {"amount": PRICE, "partner": PARTNER},
    )
    assert world.money() == {Account.CAPTURED: PRICE, Account.PAYABLE: PRICE}
    assert world.tenant(world.mine).open_matters == frozenset()
    assert world.events(world.mine)[-1] == "escrow_released"


# --- returning --------------------------------------------------------------------------------------------


@pytest.mark.clause("SAMAN-5.8")
def test_a_deposit_is_returned_whole_and_nobody_asks_why_before_it_went() -> None:
    world = Agreed()
    payment = world.deposit()
    world.clock.advance(days=40)
    returned = world.ask_back()
    [refund] = world.books.refunds(world.mine.id)
    assert (returned.status, returned.refund_id) == (EscrowStatus.RETURNED, refund.id)
    assert (refund.payment_id, refund.amount, refund.vat, refund.reason, refund.clause) == (
        payment.id,
        PRICE,
        0,
        RefundReason.ESCROW_RETURNED,
        "T-ESCROW",
    )
    assert world.payments.get(payment.id).refunds == {refund.id: PRICE}
    assert world.money() == {Account.CAPTURED: PRICE, Account.RETURNING: PRICE}
    assert world.tenant(world.mine).open_matters == {f"refund:{refund.id}"}


@pytest.mark.clause("SAMAN-5.8")
def test_the_returned_money_reaches_the_payer() -> None:
    world = Agreed()
    world.deposit()
    world.ask_back()
    world.follow_refunds(world.mine)
    world.gateway.complete_refunds()
    world.clock.advance(hours=6)
    [refund] = world.follow_refunds(world.mine)
    assert refund.status is RefundStatus.SETTLED
    assert world.money() == {Account.CAPTURED: PRICE, Account.REFUNDED: PRICE}
    assert world.tenant(world.mine).open_matters == frozenset()
    assert world.gateway.sent_back() == PRICE


@pytest.mark.clause("SAMAN-5.8")
def test_the_reason_is_asked_for_afterwards_told_once_and_sealed() -> None:
    world = Agreed()
    world.deposit()
    with pytest.raises(Conflict):
        world.escrow_desk.explain(world.mine.id, world.escrow.id, "It was late")
    world.ask_back()
    assert world.escrow_desk.reason(world.mine.id, world.escrow.id, "u_ali", IP) is None
    world.send_all()
    assert world.mailer.sent[-1]["subject"] == "escrow_returned"
    world.clock.advance(days=1)
    told = world.escrow_desk.explain(world.mine.id, world.escrow.id, "It was late")
    assert told.reason_given_at == START + days(1)
    with pytest.raises(Conflict):
        world.escrow_desk.explain(world.mine.id, world.escrow.id, "And dear")
    assert world.escrow_desk.reason(world.mine.id, world.escrow.id, "u_ali", IP) == "It was late"
    # It lies nowhere but where it is sealed.
    assert "late" not in str(world.tenants.journal(world.mine.id)) + str(world.books.escrows(world.mine.id))


def test_each_look_at_a_reason_leaves_a_line() -> None:
    world = Agreed()
    world.deposit()
    world.ask_back()
    world.escrow_desk.reason(world.mine.id, world.escrow.id, "u_ali", IP)
    world.escrow_desk.explain(world.mine.id, world.escrow.id, "It was late")
    world.escrow_desk.reason(world.mine.id, world.escrow.id, "u_ali", IP)
    [line] = world.security_log.lines(world.mine.id)
    assert (line.kind, line.source_ip, line.details) == (
        "escrow_words_shown",
        IP,
        {"username": "u_ali", "escrow_id": world.escrow.id},
    )


def test_the_reason_is_unreadable_once_the_tenant_is_gone() -> None:
    world = Agreed()
    world.deposit()
    world.ask_back()
    world.escrow_desk.explain(world.mine.id, world.escrow.id, "It was late")
    world.table.keys.discard(world.mine.id)
    assert world.escrow_desk.reason(world.mine.id, world.escrow.id, "u_ali", IP) is None


# --- once, whatever the order -----------------------------------------------------------------------------


@pytest.mark.parametrize("first", [Agreed.release, Agreed.ask_back])
@pytest.mark.parametrize("second", [Agreed.release, Agreed.ask_back, Agreed.cancel])
def test_a_deposit_is_decided_once(
    first: Callable[[Agreed], Escrow], second: Callable[[Agreed], Escrow]
) -> None:
    world = Agreed()
    world.deposit()
    first(world)
    before = world.money()
    with pytest.raises(Conflict):
        second(world)
    assert world.money() == before


@pytest.mark.parametrize("step", [Agreed.release, Agreed.ask_back])
def test_what_was_not_deposited_cannot_be_decided(step: Callable[[Agreed], Escrow]) -> None:
    world = Agreed()
    with pytest.raises(Conflict):
        step(world)
    assert world.books.refunds(world.mine.id) == []


def test_release_and_return_at_once_end_in_one_of_them() -> None:
    for _ in range(5):
        world = Agreed()
        world.deposit()
        outcomes = []

        def attempt(step: Callable[[Agreed], Escrow], world: Agreed = world) -> str:
            try:
                return step(world).status.value
            except Conflict:
                return "refused"

        with ThreadPoolExecutor(4) as pool:
            outcomes = list(pool.map(attempt, [Agreed.release, Agreed.ask_back] * 2))
        assert outcomes.count("refused") == 3
        money = world.money()
        assert money[Account.CAPTURED] == PRICE
        assert set(money) - {Account.CAPTURED} in ({Account.PAYABLE}, {Account.RETURNING})


def test_a_return_that_loses_a_race_reserves_no_refund() -> None:
    world = Agreed()
    world.deposit()
    world.tenants.before_commit.append(world.release)
    with pytest.raises(Conflict):
        world.ask_back()
    assert world.books.refunds(world.mine.id) == []


# --- giving up --------------------------------------------------------------------------------------------


def test_agreed_work_can_be_given_up_before_the_deposit_only() -> None:
    world = Agreed()
    assert world.cancel().status is EscrowStatus.CANCELLED
    assert world.events(world.mine)[-1] == "escrow_cancelled"
    with pytest.raises(Conflict):
        world.order_deposit()
    with pytest.raises(Conflict):
        world.cancel()
    other = Agreed()
    other.deposit()
    with pytest.raises(Conflict):
        other.cancel()


def test_a_deposit_that_was_on_its_way_when_the_work_was_given_up_goes_back() -> None:
    world = Agreed()
    placed = world.order_deposit()
    world.cancel()
    world.gateway.pay(placed.payment.authority or "")
    assert world.come_back(placed).status is PaymentStatus.OWED_BACK
    assert world.now.status is EscrowStatus.CANCELLED
    assert world.money() == {Account.CAPTURED: PRICE, Account.RETURNING: PRICE}


# --- the tenant's life ------------------------------------------------------------------------------------


@pytest.mark.clause("SAMAN-5.8")
def test_a_closed_account_decides_about_its_deposit_and_is_not_purged_before() -> None:
    world = Agreed()
    world.deposit()
    closed = world.desk.close(world.mine.id, Closing.TERMINATION, by=OWNER)
    assert closed.phase is Phase.CLOSED
    world.send_all()
    world.clock.advance(days=88)
    world.catch_up(world.mine)
    world.send_all()
    world.clock.advance(days=10)
    world.catch_up(world.mine)
    assert world.events(world.mine)[-1] == "purge_deferred"
    assert world.tenant(world.mine).phase is Phase.CLOSED
    assert world.ask_back().status is EscrowStatus.RETURNED


def test_a_blocked_account_can_have_its_deposit_back() -> None:
    world = Agreed()
    world.deposit()
    world.desk.restrict(world.mine.id, RestrictionKind.BLOCKED, "attack", "T-TRIAL", None, by=OPERATOR)
    assert world.ask_back().status is EscrowStatus.RETURNED


def test_a_withdrawal_waits_until_the_deposit_is_decided() -> None:
    world = Agreed()
    world.deposit()
    with pytest.raises(Conflict):
        world.refund_desk.withdraw(world.mine.id, OWNER, data_taken=True)
    world.ask_back()
    world.refund_desk.withdraw(world.mine.id, OWNER, data_taken=True)


@pytest.mark.parametrize("end", [Agreed.release, Agreed.ask_back, Agreed.cancel])
def test_the_journal_replays_to_the_tenant(end: Callable[[Agreed], Escrow]) -> None:
    world = Agreed()
    if end is not Agreed.cancel:
        world.deposit()
    end(world)
    assert replay(world.tenants.journal(world.mine.id)) == world.tenant(world.mine)


def test_somebody_elses_work_does_not_exist() -> None:
    world = Agreed()
    world.deposit()
    other = world.register(email="reza@customer.test", mobile="+989121234568")
    for call in (world.escrow_desk.release, world.escrow_desk.return_deposit, world.escrow_desk.cancel):
        with pytest.raises(NotFound):
            call(other.id, world.escrow.id, OWNER)
    with pytest.raises(NotFound):
        world.escrow_desk.explain(other.id, world.escrow.id, "It was late")
    with pytest.raises(NotFound):
        world.escrow_desk.reason(other.id, world.escrow.id, "u_ali", IP)
    assert world.escrow_desk.of_tenant(other.id) == []


# --- partners ---------------------------------------------------------------------------------------------


@pytest.mark.clause("SAMAN-1.7")
def test_a_partner_agrees_more_work_with_a_customer_of_its_own() -> None:
    world = Agreed()
    world.clock.advance(days=1)
    more = world.escrow_desk.propose(world.mine.id, PARTNER, "Another page", 500_000)
    assert (more.partner, more.amount, more.status) == (PARTNER, 500_000, EscrowStatus.AGREED)
    assert world.tenants.journal(world.mine.id)[-1].by == f"partner:{PARTNER}"
    assert world.escrow_desk.of_tenant(world.mine.id) == [world.escrow, more]


@pytest.mark.clause("SAMAN-1.7")
def test_somebody_elses_customer_is_nobody_to_a_partner() -> None:
    world = Agreed()
    other = world.register(email="reza@customer.test", mobile="+989121234568")
    world.escrow_desk.agree(other.id, "u_rival", "Training", PRICE, OPERATOR)
    refusals = []
    for tenant_id in (other.id, "t_0"):
        with pytest.raises(NotFound) as refused:
            world.escrow_desk.propose(tenant_id, PARTNER, "Another page", 500_000)
        refusals.append((type(refused.value), set(refused.value.details)))
    assert refusals[0] == refusals[1]
    assert len(world.escrow_desk.of_tenant(other.id)) == 1


@pytest.mark.clause("SAMAN-1.7")
def test_a_partner_sees_its_own_work_over_all_its_customers_and_nobody_elses() -> None:
    world = Agreed()
    other = world.register(email="reza@customer.test", mobile="+989121234568")
    theirs = world.escrow_desk.agree(other.id, PARTNER, "Training", 100_000, OPERATOR)
    world.escrow_desk.agree(other.id, "u_rival", "A shop", PRICE, OPERATOR)
    assert world.escrow_desk.of_partner(PARTNER) == [world.escrow, theirs]
    assert world.escrow_desk.of_partner("u_nobody") == []


@pytest.mark.clause("SAMAN-1.7")
def test_a_customer_who_gave_all_work_up_is_not_the_partners_any_more() -> None:
    world = Agreed()
    world.cancel()
    with pytest.raises(NotFound):
        world.escrow_desk.propose(world.mine.id, PARTNER, "Another page", 500_000)


def test_proposals_do_not_pile_up() -> None:
    world = Agreed()
    for number in range(4):
        world.escrow_desk.propose(world.mine.id, PARTNER, f"Page {number}", 500_000)
    with pytest.raises(Conflict) as refused:
        world.escrow_desk.propose(world.mine.id, PARTNER, "Page 5", 500_000)
    assert refused.value.details["most"] == 5
    world.deposit()
    world.escrow_desk.propose(world.mine.id, PARTNER, "Page 5", 500_000)


def test_a_proposal_that_loses_a_race_is_made_once() -> None:
    world = Agreed()
    world.tenants.lose = 3
    world.escrow_desk.propose(world.mine.id, PARTNER, "Another page", 500_000)
    assert len(world.escrow_desk.of_tenant(world.mine.id)) == 2


def test_nothing_of_a_purge_is_lost_over_old_work() -> None:
    """Work that is over keeps nobody from being deleted."""
    world = Agreed()
    world.deposit()
    world.release()
    purged = world.live_until_purge(world.mine)
    assert purged.phase is Phase.PURGED
    with pytest.raises(Gone):
        world.release()
    assert world.escrow_desk.of_partner(PARTNER)[0].status is EscrowStatus.RELEASED
