"""What metering reports: taken once, throttled or invoiced, paid, dropped; in one write with the ledger."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from mohlat.agreements.loader import load
from mohlat.application.advance_tenant import Wake, next_wake
from mohlat.application.ports import UsageReport
from mohlat.application.quoting import Wanted
from mohlat.application.view_tenant import list_deadlines
from mohlat.domain.access import Access, Operation, access, permit
from mohlat.domain.agreement import Agreement, Phase
from mohlat.domain.errors import AccessRefused, Conflict, Gone, InvalidInput, NotFound
from mohlat.domain.journal import replay
from mohlat.domain.ledger import Account, balances, faults
from mohlat.domain.lifecycle import DeadlineKind, as_of
from mohlat.domain.overuse import Usage
from mohlat.domain.payments import OrderKind, Payment, PaymentStatus
from mohlat.domain.refunds import RefundReason
from mohlat.domain.tenant import Closing, Debt, RestrictionKind, Tenant
from tests.application.world import World, months
from tests.builders import AGREEMENTS, SECOND, START, days, length
from tests.money import with_money

BY = "operator:meter"
THROTTLED, SUSPENDED = RestrictionKind.THROTTLED, RestrictionKind.SUSPENDED_FOR_DEBT
FORTNIGHT = days(14)


class Metered(World):
    """A world whose one tenant has paid a year's lease and is metered."""

    def __init__(self, agreement: Agreement | None = None) -> None:
        super().__init__(agreement or with_money())
        self.mine = self.buy(self.register(), months(12))

    def report(
        self, used: int, usage_id: str = "2026-02", metric: str = "records", *, billed: bool = True
    ) -> UsageReport:
        """The meter reports, at the end of a period unless told otherwise."""
        return self.usage_desk.report(self.mine.id, Usage(usage_id, metric, used, billed), BY)

    def owe(self, usage_id: str = "2026-02") -> str:
        """110,000 rials are invoiced; the debt's id."""
        debt_id = self.report(2500, usage_id).debt_id
        assert debt_id
        return debt_id

    def pay(self, debt_id: str) -> Payment:
        """The customer orders to pay a debt, pays, comes back."""
        return self.buy_this(self.mine, Wanted(OrderKind.DEBT, subject=debt_id))

    def end(self, how: str, debt_id: str) -> None:
        """The customer pays a debt, or an operator cancels it."""
        if how == "pay":
            self.pay(debt_id)
        else:
            self.usage_desk.cancel(self.mine.id, debt_id, "a meter's fault", BY)

    @property
    def now(self) -> Tenant:
        """The tenant as promised at this moment, whether or not anybody carried it out."""
        return as_of(self.tenant(self.mine), self.agreement, self.clock.now())

    def money(self) -> dict[Account, int]:
        """What the accounts hold beside what the lease brought."""
        sums = balances(self.books.postings(self.mine.id))
        lease = 10_000_000
        sums[Account.CAPTURED] -= lease + lease // 10
        sums[Account.GRANTED] -= lease
        sums[Account.TAX] -= lease // 10
        assert faults(self.mine.id, self.books.postings(self.mine.id)) == []
        return {account: amount for account, amount in sums.items() if amount}


# --- as it is agreed --------------------------------------------------------------------------------------


@pytest.mark.clause("SAMAN-3.12")
@pytest.mark.clause("SAMAN-5.7")
def test_saman360_slows_bills_and_suspends_who_stores_more_than_the_package_holds() -> None:
    world = Metered(load("saman360"))
    world.report(5_121, "2026-02-10", "storage_mb", billed=False)
    assert world.now.restricted(THROTTLED, START)
    # What slows down is one clause, what bills and suspends another.
    assert [brake.clause for brake in world.now.restrictions] == ["SAMAN-3.12"]
    assert world.tenants.journal(world.mine.id)[-1].clause == "SAMAN-3.12"
    assert access(world.now, START) is Access.FULL
    world.clock.advance(days=30)
    debt_id = world.report(6_145, "2026-02", "storage_mb").debt_id
    # 1,025 MB above: two begun gigabytes of 20,000 tomans, and the tax.
    [debt] = world.usage_desk.debts(world.mine.id)
    assert (debt.id, debt.amount) == (debt_id, 440_000)
    assert debt.due_at - world.clock.now() == FORTNIGHT
    world.clock.time = debt.due_at - SECOND
    assert access(world.now, world.clock.now()) is Access.FULL
    world.clock.time = debt.due_at
    assert access(world.now, world.clock.now()) is Access.NONE
    world.pay(debt.id)
    assert access(world.now, world.clock.now()) is Access.FULL
    assert world.now.restricted(THROTTLED, world.clock.now())
    world.report(4_000, "2026-03-20", "storage_mb", billed=False)
    assert world.now.restrictions == ()
    assert world.tenants.journal(world.mine.id)[-1].clause == "SAMAN-3.12"
    assert {
        entry.clause for entry in world.tenants.journal(world.mine.id) if "debt" in entry.event.value
    } == {"SAMAN-5.7"}


# --- taking a report --------------------------------------------------------------------------------------


@pytest.mark.clause("SAMAN-3.12")
def test_use_above_the_limit_throttles_until_a_report_within_it() -> None:
    world = Metered()
    taken = world.report(1001, "2026-02-01", billed=False)
    assert taken == UsageReport(world.mine.id, "2026-02-01", "records", 1001, False, START)
    assert world.now.restricted(THROTTLED, START)
    world.clock.advance(days=1)
    world.report(1000, "2026-02-02", billed=False)
    assert not world.now.restricted(THROTTLED, world.clock.now())
    assert world.events(world.mine)[-2:] == ["usage_reported", "usage_reported"]
    assert world.money() == {}


@pytest.mark.clause("SAMAN-3.12")
@pytest.mark.clause("SAMAN-5.7")
def test_use_above_the_limit_is_invoiced_when_its_period_is_billed() -> None:
    world = Metered()
    debt_id = world.owe()
    assert debt_id.startswith("d_")
    [debt] = world.usage_desk.debts(world.mine.id)
    assert (debt.id, debt.amount, debt.vat, debt.due_at) == (debt_id, 110_000, 10_000, START + FORTNIGHT)
    assert world.money() == {Account.OWED: 110_000, Account.GRANTED: 100_000, Account.TAX: 10_000}
    [posting] = [each for each in world.books.postings(world.mine.id) if each.source == debt_id]
    assert (posting.id, posting.clause, posting.at) == (f"invoice#{debt_id}", "T-OVERUSE", START)


def test_a_report_within_the_limits_is_kept_and_moves_nothing() -> None:
    world = Metered()
    before = world.tenant(world.mine)
    assert world.report(1000).debt_id is None
    assert world.tenant(world.mine) == before
    assert world.books.usage_report(world.mine.id, "2026-02") is not None


@pytest.mark.parametrize(("used", "billed"), [(2500, True), (1001, False), (1000, True), (10, False)])
def test_a_repeated_report_is_answered_as_the_first_one_and_changes_nothing(used: int, billed: bool) -> None:
    world = Metered()
    first = world.report(used, billed=billed)
    stored, postings = world.tenant(world.mine), world.books.postings(world.mine.id)
    world.clock.advance(hours=1)
    assert world.report(used, billed=billed) == first
    assert (world.tenant(world.mine), world.books.postings(world.mine.id)) == (stored, postings)


def test_a_report_is_known_even_after_its_invoice_was_paid() -> None:
    world = Metered()
    debt_id = world.owe()
    world.pay(debt_id)
    assert world.report(2500).debt_id == debt_id
    assert world.usage_desk.debts(world.mine.id) == ()


@pytest.mark.parametrize(
    ("used", "metric", "billed"),
    [(2501, "records", True), (2500, "storage_mb", True), (2500, "records", False)],
)
def test_a_known_id_with_other_figures_is_refused(used: int, metric: str, billed: bool) -> None:
    world = Metered()
    world.owe()
    with pytest.raises(Conflict) as refused:
        world.report(used, metric=metric, billed=billed)
    assert refused.value.details["usage_id"] == "2026-02"
    assert len(world.usage_desk.debts(world.mine.id)) == 1


def test_two_tenants_may_be_metered_under_the_same_id() -> None:
    world = Metered()
    world.owe()
    other = world.register(email="reza@customer.test", mobile="+989121234568")
    usage = Usage("2026-02", "records", 2500, billed=True)
    taken = world.usage_desk.report(other.id, usage, BY)
    assert world.usage_desk.debts(other.id)[0].id == taken.debt_id
    assert len(world.usage_desk.debts(world.mine.id)) == 1


@pytest.mark.parametrize(("used", "billed"), [(2500, True), (1001, False), (10, False)])
def test_a_report_sent_many_times_at_once_is_taken_once(used: int, billed: bool) -> None:
    world = Metered()
    with ThreadPoolExecutor(6) as pool:
        taken = list(pool.map(lambda _: world.report(used, billed=billed), range(6)))
    assert len({each.debt_id for each in taken}) == 1
    assert len(world.usage_desk.debts(world.mine.id)) == (1 if billed else 0)
    assert sum(event in ("debt_invoiced", "usage_reported") for event in world.events(world.mine)) == (
        0 if used == 10 else 1
    )


def test_a_report_that_loses_a_race_is_counted_on_what_the_other_left() -> None:
    world = Metered()
    world.tenants.before_commit.append(lambda: world.report(1001, "2026-02-01", billed=False))
    world.owe("2026-02")
    tenant = world.tenant(world.mine)
    assert (len(tenant.restrictions), len(tenant.debts)) == (1, 1)


# --- what cannot be ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metric", "used", "field"),
    [("cpu", 10, "metric"), ("mails", 10_000, "metric"), ("records", 10**15, "used")],
)
def test_what_no_invoice_can_say_is_refused_and_not_kept(metric: str, used: int, field: str) -> None:
    world = Metered()
    with pytest.raises(InvalidInput) as refused:
        world.report(used, metric=metric)
    assert refused.value.field == field
    assert world.books.usage_report(world.mine.id, "2026-02") is None
    assert world.usage_desk.debts(world.mine.id) == ()


def test_a_closed_account_is_not_billed_and_a_purged_one_is_gone() -> None:
    world = Metered()
    debt_id = world.owe()
    world.desk.close(world.mine.id, Closing.TERMINATION, by="user:owner")
    with pytest.raises(Conflict):
        world.report(2500, "2026-03")
    world.live_until_purge(world.mine)
    for call in (
        lambda: world.report(2500, "2026-03"),
        lambda: world.report(2500, "2026-02"),
        lambda: world.usage_desk.cancel(world.mine.id, debt_id, "too late", BY),
        lambda: world.usage_desk.debts(world.mine.id),
    ):
        with pytest.raises(Gone):
            call()


def test_an_unknown_tenant_is_not_metered() -> None:
    world = Metered()
    with pytest.raises(NotFound):
        world.usage_desk.report("t_0", Usage("2026-02", "records", 2500, billed=True), BY)
    with pytest.raises(NotFound):
        world.usage_desk.debts("t_0")


@pytest.mark.clause("SAMAN-4.1.1")
@pytest.mark.parametrize("metric", ["bug_fixes", "updates", "bugs", "support"])
def test_repairing_bugs_cannot_be_metered(metric: str) -> None:
    world = Metered()
    with pytest.raises(InvalidInput) as refused:
        world.report(1, metric=metric)
    assert refused.value.details["known"] == ["records", "storage_mb", "mails"]


@pytest.mark.clause("SAMAN-4.4")
def test_an_extra_is_billed_at_its_price_with_tax() -> None:
    world = Metered()
    payment = world.buy_this(world.mine, Wanted(OrderKind.EXTRA, subject="training"))
    assert (payment.status, payment.amount) == (PaymentStatus.GRANTED, 2_200_000)
    assert world.events(world.mine)[-1] == "extra_granted"
    assert world.money() == {
        Account.CAPTURED: 2_200_000,
        Account.GRANTED: 2_000_000,
        Account.TAX: 200_000,
    }


# --- by the clock -----------------------------------------------------------------------------------------


@pytest.mark.clause("SAMAN-5.7")
def test_an_unpaid_invoice_is_spoken_of_and_then_suspends() -> None:
    world = Metered()
    world.owe()
    for at, event in (
        (days(7), "reminder_due"),
        (days(13), "reminder_due"),
        (FORTNIGHT, "debt_suspended"),
    ):
        known = world.events(world.mine)
        world.clock.time = START + at - SECOND
        world.catch_up(world.mine)
        assert world.events(world.mine) == known
        world.clock.time = START + at
        world.catch_up(world.mine)
        world.send_all()
        assert world.events(world.mine) == [*known, event]
    assert [mail["subject"] for mail in world.mailer.sent][-4:] == [
        "debt_invoiced",
        "debt_due",
        "debt_due",
        "debt_suspended",
    ]


@pytest.mark.clause("SAMAN-5.7")
def test_a_suspended_customer_can_do_nothing_but_take_data_and_pay() -> None:
    world = Metered()
    debt_id = world.owe()
    world.clock.time = START + FORTNIGHT
    tenant = world.tenant(world.mine)
    for refused in (Operation.READ, Operation.WRITE):
        with pytest.raises(AccessRefused) as refusal:
            permit(tenant, world.agreement, refused, world.clock.now())
        assert refusal.value.details["clause"] == "T-OVERUSE"
    permit(tenant, world.agreement, Operation.EXPORT, world.clock.now())
    assert world.pay(debt_id).status is PaymentStatus.GRANTED
    assert access(world.now, world.clock.now()) is Access.FULL
    assert world.money() == {Account.CAPTURED: 110_000, Account.GRANTED: 100_000, Account.TAX: 10_000}


def test_the_deadlines_of_a_tenant_tell_what_an_unpaid_invoice_brings() -> None:
    world = Metered()
    world.owe()
    told = list_deadlines(world.mine.id, tenants=world.tenants, agreements=world.agreements)
    assert [(each.kind, each.at - START) for each in told[:3]] == [
        (DeadlineKind.REMIND_OF_DEBT, days(7)),
        (DeadlineKind.REMIND_OF_DEBT, days(13)),
        (DeadlineKind.SUSPEND_FOR_DEBT, FORTNIGHT),
    ]


def test_reminders_that_wait_for_the_mail_are_void_once_it_is_paid() -> None:
    world = Metered()
    debt_id = world.owe()
    world.send_all()
    world.clock.advance(days=7)
    world.catch_up(world.mine)
    world.pay(debt_id)
    world.send_all()
    assert "debt_due" not in [mail["subject"] for mail in world.mailer.sent]
    assert world.mailer.sent[-1]["subject"] == "debt_paid"


def test_two_invoices_of_one_moment_are_told_apart_in_everything() -> None:
    world = Metered()
    first, second = world.owe("a"), world.owe("b")
    world.clock.time = START + days(7)
    world.catch_up(world.mine)
    world.send_all()
    subjects = [mail["subject"] for mail in world.mailer.sent]
    assert (subjects.count("debt_invoiced"), subjects.count("debt_due")) == (2, 2)
    world.clock.time = START + FORTNIGHT
    world.catch_up(world.mine)
    world.pay(first)
    assert world.now.restricted(SUSPENDED, world.clock.now())
    world.pay(second)
    assert not world.now.restricted(SUSPENDED, world.clock.now())


def test_renewing_does_not_pay_for_what_was_used_beyond_it() -> None:
    world = Metered()
    debt_id = world.owe()
    world.clock.advance(days=20)
    world.buy(world.mine, months(12))
    assert access(world.now, world.clock.now()) is Access.NONE
    world.pay(debt_id)
    assert access(world.now, world.clock.now()) is Access.FULL


def test_a_report_comes_after_what_was_due_before_it() -> None:
    world = Metered()
    world.clock.advance(days=366)
    world.report(2500)
    assert world.events(world.mine)[-2:] == ["term_ended", "debt_invoiced"]
    assert world.tenant(world.mine).phase is Phase.READ_ONLY


@pytest.mark.parametrize(
    "end",
    [
        "pay",
        "cancel",
    ],
)
def test_the_execution_that_waits_for_a_debts_date_looks_after_the_tenant_when_it_is_gone(end: str) -> None:
    """It is of the newest generation; the last thing was carried out by one of the generation before."""
    world = Metered()
    world.clock.time = START + days(335)
    carried = f"{world.mine.id}-g1-v1"
    world.catch_up(world.mine, by=carried)
    world.clock.advance(days=1)
    debt_id = world.owe()
    tenant = world.tenant(world.mine)
    wake = next_wake(tenant, world.agreement, world.clock)
    assert (wake.due, tenant.carrier) == ("remind_of_debt", carried)
    world.end(end, debt_id)
    world.clock.time = wake.wake_at
    after = world.advance(wake, f"{world.mine.id}-g{tenant.generation}-v{tenant.version}")
    assert (after.due, after.wake_at) == ("remind", START + days(358))


def test_every_instant_of_a_debt_is_carried_out_by_an_execution() -> None:
    world = Metered()
    world.owe()
    execution = f"{world.mine.id}-g2-v4"
    wake: Wake = next_wake(world.tenant(world.mine), world.agreement, world.clock)
    seen = []
    while wake.wake_at <= START + FORTNIGHT:
        seen.append((wake.due, wake.wake_at - START))
        world.clock.time = wake.wake_at
        wake = world.advance(wake, execution, START)
    assert seen == [
        ("remind_of_debt", days(7)),
        ("remind_of_debt", days(13)),
        ("suspend_for_debt", FORTNIGHT),
    ]
    assert world.tenant(world.mine).restricted(SUSPENDED, world.clock.now())


# --- paying and dropping ----------------------------------------------------------------------------------


def test_a_debt_that_was_paid_twice_comes_back_once() -> None:
    world = Metered()
    debt_id = world.owe()
    wanted = Wanted(OrderKind.DEBT, subject=debt_id)
    orders = [world.order_this(world.mine, wanted) for _ in range(2)]
    for placed in orders:
        world.gateway.pay(placed.payment.authority or "")
    first, second = (world.come_back(placed) for placed in orders)
    assert (first.status, second.status) == (PaymentStatus.GRANTED, PaymentStatus.OWED_BACK)
    [refund] = world.books.refunds(world.mine.id)
    assert (refund.payment_id, refund.amount, refund.reason) == (
        second.id,
        110_000,
        RefundReason.NOTHING_GRANTED,
    )
    assert world.money() == {
        Account.CAPTURED: 220_000,
        Account.GRANTED: 100_000,
        Account.TAX: 10_000,
        Account.RETURNING: 110_000,
    }


def test_a_dropped_invoice_leaves_nothing_in_the_ledger_and_lifts_what_it_suspended() -> None:
    world = Metered()
    debt_id = world.owe()
    world.clock.advance(days=15)
    dropped: Debt = world.usage_desk.cancel(world.mine.id, debt_id, "a meter's fault", BY)
    assert dropped.id == debt_id
    assert world.events(world.mine)[-2:] == ["debt_suspended", "debt_cancelled"]
    assert access(world.now, world.clock.now()) is Access.FULL
    assert world.money() == {}
    with pytest.raises(NotFound):
        world.usage_desk.cancel(world.mine.id, debt_id, "again", BY)


def test_who_was_paying_while_it_was_dropped_gets_the_money_back() -> None:
    world = Metered()
    debt_id = world.owe()
    placed = world.order_this(world.mine, Wanted(OrderKind.DEBT, subject=debt_id))
    world.usage_desk.cancel(world.mine.id, debt_id, "a meter's fault", BY)
    world.gateway.pay(placed.payment.authority or "")
    assert world.come_back(placed).status is PaymentStatus.OWED_BACK
    assert world.money() == {Account.CAPTURED: 110_000, Account.RETURNING: 110_000}


def test_an_invoice_is_paid_at_what_it_says_whatever_the_prices_are_by_then() -> None:
    world = Metered()
    debt_id = world.owe()
    rule = world.agreement.overuse
    assert rule
    dearer = tuple(
        replace(rate, prices=tuple(replace(price, amount=price.amount * 9) for price in rate.prices))
        for rate in rule.rates
    )
    world.agreements.known.append(
        replace(world.agreement, version="2", overuse=replace(rule, rates=dearer, due=length("P1D")))
    )
    world.clock.advance(days=3)
    assert not world.now.restricted(SUSPENDED, world.clock.now())
    assert world.pay(debt_id).amount == 110_000


def test_an_extra_is_not_sold_as_a_debt_nor_a_debt_that_is_not_there() -> None:
    world = Metered()
    with pytest.raises(InvalidInput):
        world.order_this(world.mine, Wanted(OrderKind.DEBT, subject="d_0"))


# --- the journal ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["pay", "cancel"])
def test_the_journal_replays_to_the_tenant(end: str) -> None:
    world = Metered()
    world.report(1001, "2026-01-31", billed=False)
    debt_id = world.owe()
    world.clock.advance(days=20)
    world.end(end, debt_id)
    world.report(1, "2026-02-21", billed=False)
    assert replay(world.tenants.journal(world.mine.id)) == world.tenant(world.mine)
    assert world.tenant(world.mine).restrictions == ()


def test_an_account_with_a_trial_has_no_plan_that_could_be_exceeded() -> None:
    world = World(with_money(AGREEMENTS["trial"]))
    tenant = world.register()
    world.clock.advance(seconds=timedelta(days=1).total_seconds())
    with pytest.raises(InvalidInput) as refused:
        world.usage_desk.report(tenant.id, Usage("2026-02", "records", 2500, billed=True), BY)
    assert refused.value.reason == "not limited by this tenant's plan"
