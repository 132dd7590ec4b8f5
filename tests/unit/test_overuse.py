"""Use above a plan's limits: throttled, invoiced, spoken of, suspended; each on its own second."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from mohlat.agreements.loader import load
from mohlat.domain import lifecycle, overuse, purchases
from mohlat.domain.access import Access, access
from mohlat.domain.agreement import Agreement, Phase
from mohlat.domain.errors import Conflict, Gone, InvalidInput, NotDueYet, NotFound
from mohlat.domain.journal import replay
from mohlat.domain.lifecycle import DeadlineKind, Event, Transition, Workflow, as_of, forecast, next_deadline
from mohlat.domain.notices import NoticeKind, why_void
from mohlat.domain.overuse import Usage
from mohlat.domain.quotes import quote_extra
from mohlat.domain.tenant import RestrictionKind, Tenant, from_dict, iso, to_dict
from tests.builders import AGREEMENTS, SECOND, START, Life, days, registered, restriction
from tests.money import order_of_debt, with_money

AGREEMENT = with_money()
THROTTLED, SUSPENDED = RestrictionKind.THROTTLED, RestrictionKind.SUSPENDED_FOR_DEBT
WEEK, FORTNIGHT = days(7), days(14)


def usage(used: int, metric: str = "records", *, billed: bool = False, usage_id: str = "u-1") -> Usage:
    """A meter's report."""
    return Usage(usage_id, metric, used, billed)


class Metered(Life):
    """A life whose use is metered."""

    def __init__(self, agreement: Agreement = AGREEMENT) -> None:
        super().__init__(agreement)

    def report(self, told: Usage, debt_id: str = "d-1") -> Transition | None:
        """A report of use is taken."""
        taken = overuse.report(
            self.tenant, self.agreement, self.agreement, told, debt_id, self.now, by="operator"
        )
        return self.write(taken) if taken else None

    def owe(self, debt_id: str = "d-1") -> Transition:
        """Use above the limit is invoiced: 110,000 rials."""
        invoiced = self.report(usage(2500, billed=True), debt_id)
        assert invoiced
        return invoiced

    def settle(self, debt_id: str = "d-1") -> Transition:
        """The customer pays an invoice for overuse."""
        paid = order_of_debt(self.tenant, debt_id)
        return self.write(
            purchases.grant(self.tenant, self.agreement, self.agreement, paid, self.now, by="gateway")
        )

    def drop(self, debt_id: str = "d-1") -> Transition:
        """An operator drops an invoice for overuse."""
        dropped, _ = overuse.cancel_debt(
            self.tenant, self.agreement, debt_id, "a meter's fault", self.now, by="operator"
        )
        return self.write(dropped)

    @property
    def suspended(self) -> bool:
        """Whether the tenant is suspended for debt at this moment."""
        return as_of(self.tenant, self.agreement, self.now).restricted(SUSPENDED, self.now)


def leased() -> Metered:
    """A tenant that has paid a year's lease."""
    life = Metered()
    life.pay("basic", "P1Y")
    return life


def events(steps: list[Transition], since: datetime = START) -> list[tuple[str, timedelta]]:
    """What happened, and how long after `since`."""
    return [(step.event.value, step.at - since) for step in steps]


# --- throttling -------------------------------------------------------------------------------------------


@pytest.mark.clause("SAMAN-3.12")
def test_use_above_the_limit_throttles_first_and_costs_nothing() -> None:
    life = leased()
    step = life.report(usage(1001))
    assert step
    assert (step.event, step.clause, step.by) == (Event.USAGE_REPORTED, "T-OVERUSE", "operator")
    assert step.facts == {"usage_id": "u-1", "metric": "records", "used": 1001}
    [throttled] = life.tenant.restrictions
    assert (throttled.kind, throttled.reason, throttled.clause, throttled.since, throttled.until) == (
        THROTTLED,
        "above the limit of records",
        "T-OVERUSE",
        START,
        None,
    )
    assert (life.tenant.debts, step.notices, step.workflows) == ((), (), ())
    assert access(life.tenant, life.now) is Access.FULL


@pytest.mark.parametrize("used", [0, 999, 1000])
def test_use_up_to_the_limit_changes_nothing(used: int) -> None:
    life = leased()
    assert life.report(usage(used)) is None
    assert life.report(usage(used, billed=True)) is None


def test_throttling_lasts_while_use_is_above_and_ends_with_a_report_within_the_limits() -> None:
    life = leased()
    life.report(usage(1001))
    life.now += days(1)
    assert life.report(usage(5000)) is None
    assert life.tenant.restrictions[0].since == START
    step = life.report(usage(1000))
    assert step
    assert (step.event, step.why) == (Event.USAGE_REPORTED, "use is within the plan's limits again")
    assert life.tenant.restrictions == ()


def test_a_billed_report_within_the_limits_ends_throttling_and_bills_nothing() -> None:
    life = leased()
    life.report(usage(1001))
    step = life.report(usage(800, billed=True))
    assert step
    assert (step.event, life.tenant.restrictions, life.tenant.debts) == (Event.USAGE_REPORTED, (), ())


def test_one_metric_within_its_limit_does_not_lift_what_another_brought() -> None:
    life = leased()
    life.report(usage(1001))
    life.report(usage(5121, "storage_mb"))
    assert [each.reason for each in life.tenant.restrictions] == [
        "above the limit of records",
        "above the limit of storage_mb",
    ]
    life.report(usage(10, "storage_mb"))
    assert life.tenant.restricted(THROTTLED, life.now)
    assert life.report(usage(10, "storage_mb")) is None
    life.report(usage(10))
    assert not life.tenant.restricted(THROTTLED, life.now)


def test_a_meter_does_not_lift_what_an_operator_decided() -> None:
    life = leased()
    life.restrict(THROTTLED)
    life.report(usage(1001))
    life.report(usage(10))
    assert [each.reason for each in life.tenant.restrictions] == ["as found"]


# --- which limit ------------------------------------------------------------------------------------------


def limited_to(agreement: Agreement, records: int) -> Agreement:
    """The agreement with another limit of records."""
    return replace(
        agreement,
        plans=tuple(replace(plan, limits={"records": records}) for plan in agreement.plans),
    )


def test_what_was_bought_keeps_its_limit() -> None:
    tenant = leased().tenant
    newest = limited_to(AGREEMENT, 10)
    assert overuse.limit_of(tenant, AGREEMENT, newest, "records") == 1000
    assert overuse.report(tenant, AGREEMENT, newest, usage(1000), "d-1", START, by="operator") is None


def test_a_plan_newer_than_the_tenants_agreement_has_the_newest_limit() -> None:
    tenant = leased().tenant
    older = replace(AGREEMENT, plans=())
    assert overuse.limit_of(tenant, older, limited_to(AGREEMENT, 10), "records") == 10
    assert overuse.limit_of(tenant, older, older, "records") is None


def test_a_lease_on_credit_has_the_limits_of_the_plan_that_was_invoiced() -> None:
    assert overuse.limit_of(registered(AGREEMENT), AGREEMENT, AGREEMENT, "records") == 1000


# --- invoicing --------------------------------------------------------------------------------------------


@pytest.mark.clause("SAMAN-3.12")
@pytest.mark.clause("SAMAN-5.7")
def test_what_was_used_above_the_limit_is_invoiced_with_two_weeks_to_pay() -> None:
    life = leased()
    life.now += days(30)
    step = life.owe()
    [debt] = life.tenant.debts
    # 1,500 above are two begun blocks.
    assert (debt.id, debt.metric, debt.blocks, debt.amount, debt.vat, debt.vat_percent) == (
        "d-1",
        "records",
        2,
        110_000,
        10_000,
        10,
    )
    assert (debt.issued_at, debt.due_at) == (life.now, life.now + FORTNIGHT)
    assert (step.event, step.clause) == (Event.DEBT_INVOICED, "T-OVERUSE")
    facts = {
        "debt_id": "d-1",
        "usage_id": "u-1",
        "metric": "records",
        "used": 2500,
        "amount": 110_000,
        "due_at": iso(debt.due_at),
    }
    assert step.facts == facts
    [notice] = step.notices
    assert (notice.kind, notice.anchor, notice.clause, notice.facts) == (
        NoticeKind.DEBT_INVOICED,
        debt.due_at,
        "T-OVERUSE",
        facts,
    )
    assert life.tenant.restricted(THROTTLED, life.now)


@pytest.mark.parametrize(("used", "blocks"), [(1001, 1), (2000, 1), (2001, 2), (10**9, 999_999)])
def test_each_begun_block_is_paid_whole(used: int, blocks: int) -> None:
    life = leased()
    life.report(usage(used, billed=True))
    assert life.tenant.debts[0].blocks == blocks
    assert life.tenant.debts[0].amount == blocks * 55_000


def test_the_price_is_that_of_the_day_and_the_tax_is_rounded_down() -> None:
    life = leased()
    life.now = datetime(2027, 1, 1, tzinfo=UTC) - SECOND
    life.report(usage(1001, billed=True), "d-1")
    life.now += SECOND
    life.report(usage(1001, billed=True), "d-2")
    life.report(usage(101, "mails", billed=True), "d-3")
    life.report(usage(115, "mails", billed=True), "d-4")
    assert [(debt.amount, debt.vat) for debt in life.tenant.debts] == [
        (55_000, 5_000),
        (77_000, 7_000),
        (11, 1),
        (165, 15),
    ]


def test_throttling_that_was_there_goes_on_when_the_period_is_billed() -> None:
    life = leased()
    life.report(usage(1001))
    life.now += days(1)
    life.owe()
    [throttled] = life.tenant.restrictions
    assert throttled.since == START


def test_what_is_next_is_called_off_only_if_the_debt_comes_before_it() -> None:
    """A newer generation voids what was announced under the older one: not without need."""
    life = leased()
    # The lease's end is spoken of a month and a week before it, on days 335 and 358.
    life.run_to(START + days(352))
    generation = life.tenant.generation
    step = life.owe("d-1")
    assert (step.workflows, step.after.generation) == ((), generation)
    early = leased()
    early.run_to(START + days(350))
    step = early.owe("d-1")
    assert (step.workflows, step.after.generation) == ((Workflow.SUBSCRIPTION,), generation + 1)


# --- what cannot be ---------------------------------------------------------------------------------------


def refusal(
    tenant: Tenant, told: Usage, agreement: Agreement = AGREEMENT, now: datetime = START
) -> InvalidInput:
    """What a report is refused with."""
    with pytest.raises(InvalidInput) as refused:
        overuse.report(tenant, agreement, agreement, told, "d-1", now, by="operator")
    return refused.value


def test_only_what_the_agreement_bills_is_metered() -> None:
    unknown = refusal(registered(AGREEMENT), usage(9, "bug_fixes"))
    assert (unknown.field, unknown.reason) == ("metric", "not billed by this agreement")
    assert unknown.details["known"] == ["records", "storage_mb", "mails"]
    free = replace(AGREEMENT, overuse=None)
    assert refusal(registered(free), usage(9), free).details["known"] == []


def test_a_metric_that_the_plan_does_not_limit_is_refused() -> None:
    unlimited = limited_to(AGREEMENT, 10)
    assert refusal(registered(unlimited), usage(9, "storage_mb"), unlimited).reason == (
        "not limited by this tenant's plan"
    )
    on_trial = with_money(AGREEMENTS["trial"])
    assert refusal(registered(on_trial), usage(9), on_trial).reason == "not limited by this tenant's plan"


def test_a_metric_without_a_price_yet_throttles_and_bills_nothing() -> None:
    life = leased()
    assert life.report(usage(101, "mails"))
    assert refusal(life.tenant, usage(101, "mails", billed=True)).reason == "has no price yet"


def test_a_use_that_no_invoice_can_say_is_refused() -> None:
    tenant = leased().tenant
    too_much = refusal(tenant, usage(10**15, billed=True))
    assert (too_much.field, too_much.reason) == ("used", "too large")
    # 55,000 rials for a block of 1,000: the largest that an invoice holds, and one block more.
    largest = 10**15 // 55_000 * 1000 + 1000
    step = overuse.report(tenant, AGREEMENT, AGREEMENT, usage(largest, billed=True), "d-1", START, by="x")
    assert step
    assert step.after.debts[0].amount <= 10**15
    refusal(tenant, usage(largest + 1, billed=True))


def test_unpaid_invoices_do_not_pile_up_without_end() -> None:
    life = leased()
    for number in range(20):
        life.owe(f"d-{number:02}")
    with pytest.raises(Conflict) as refused:
        life.owe("d-20")
    assert refused.value.details["most"] == 20
    life.settle("d-07")
    life.owe("d-20")


def test_a_closed_account_uses_nothing_and_a_purged_one_is_gone() -> None:
    life = leased()
    life.close()
    with pytest.raises(Conflict):
        life.report(usage(2500, billed=True))
    life.run_out()
    assert life.tenant.phase is Phase.PURGED
    with pytest.raises(Gone):
        life.report(usage(2500, billed=True))


# --- by the clock -----------------------------------------------------------------------------------------


@pytest.mark.clause("SAMAN-5.7")
def test_a_debt_is_spoken_of_twice_and_then_suspends() -> None:
    life = leased()
    life.owe()
    steps = life.run_to(START + days(20))
    assert events(steps) == [
        ("reminder_due", WEEK),
        ("reminder_due", days(13)),
        ("debt_suspended", FORTNIGHT),
    ]
    for step, before in zip(steps, ("P7D", "P1D"), strict=False):
        [notice] = step.notices
        assert (notice.kind, notice.anchor, notice.clause) == (
            NoticeKind.DEBT_DUE,
            START + FORTNIGHT,
            "T-REMIND",
        )
        assert notice.facts == {
            "debt_id": "d-1",
            "metric": "records",
            "amount": 110_000,
            "before": before,
        }
    last = steps[-1]
    assert (last.clause, last.notices[0].kind) == ("T-OVERUSE", NoticeKind.DEBT_SUSPENDED)
    [suspended] = [each for each in life.tenant.restrictions if each.kind is SUSPENDED]
    assert (suspended.clause, suspended.since, suspended.until) == ("T-OVERUSE", START + FORTNIGHT, None)
    assert access(life.tenant, life.now) is Access.NONE


@pytest.mark.parametrize("steps_before", [0, 1, 2])
def test_nothing_of_it_comes_a_second_early(steps_before: int) -> None:
    life = leased()
    life.owe()
    for _ in range(steps_before):
        deadline = next_deadline(life.tenant, AGREEMENT)
        assert deadline
        life.run_to(deadline.at)
    deadline = next_deadline(life.tenant, AGREEMENT)
    assert deadline
    assert deadline.at == START + (WEEK, days(13), FORTNIGHT)[steps_before]
    with pytest.raises(NotDueYet):
        lifecycle.carry_out(life.tenant, AGREEMENT, deadline, deadline.at - SECOND, by="execution")
    assert not as_of(life.tenant, AGREEMENT, deadline.at - SECOND).restricted(SUSPENDED, deadline.at)
    late = lifecycle.carry_out(life.tenant, AGREEMENT, deadline, deadline.at + days(3), by="execution")
    assert (late.at, late.recorded_at) == (deadline.at, deadline.at + days(3))


@pytest.mark.clause("SAMAN-5.7")
def test_access_ends_on_the_second_even_if_nobody_carried_it_out() -> None:
    life = leased()
    life.owe()
    due = START + FORTNIGHT
    for now, expected in ((due - SECOND, Access.FULL), (due, Access.NONE), (due + SECOND, Access.NONE)):
        assert access(as_of(life.tenant, AGREEMENT, now), now) is expected


def test_after_an_outage_everything_counts_from_its_own_instant() -> None:
    life = leased()
    life.owe()
    steps = life.catch_up(START + days(40))
    assert events(steps) == [
        ("reminder_due", WEEK),
        ("reminder_due", days(13)),
        ("debt_suspended", FORTNIGHT),
    ]
    assert {step.recorded_at for step in steps} == {START + days(40)}


def test_the_forecast_tells_what_an_unpaid_invoice_brings() -> None:
    life = leased()
    life.owe()
    kinds = [(deadline.kind, deadline.at - START) for deadline in forecast(life.tenant, AGREEMENT)][:3]
    assert kinds == [
        (DeadlineKind.REMIND_OF_DEBT, WEEK),
        (DeadlineKind.REMIND_OF_DEBT, days(13)),
        (DeadlineKind.SUSPEND_FOR_DEBT, FORTNIGHT),
    ]
    told = forecast(life.tenant, AGREEMENT)
    assert [(step.at, step.clause) for step in life.run_out()] == [(each.at, each.clause) for each in told]


def leased_with_debt() -> Tenant:
    """A tenant with a year's lease and one unpaid invoice."""
    life = leased()
    life.owe()
    return life.tenant


# --- paying -----------------------------------------------------------------------------------------------


@pytest.mark.clause("SAMAN-5.7")
def test_paying_in_time_leaves_nothing_behind() -> None:
    life = leased()
    life.owe()
    life.run_to(START + days(13))
    life.now = START + FORTNIGHT - SECOND
    step = life.settle()
    assert (step.event, step.notices[0].kind) == (Event.DEBT_PAID, NoticeKind.DEBT_PAID)
    assert life.tenant.debts == ()
    assert not any(key.startswith("debt:") for key in life.tenant.done)
    assert [step.event for step in life.run_to(START + days(300))] == []
    assert not life.suspended


@pytest.mark.clause("SAMAN-5.7")
def test_paying_late_lifts_the_suspension_at_once() -> None:
    life = leased()
    life.owe()
    life.run_to(START + days(20))
    assert life.suspended
    life.settle()
    assert not life.suspended
    assert access(life.tenant, life.now) is Access.FULL
    # The throttling is another matter: a report within the limits ends it.
    assert life.tenant.restricted(THROTTLED, life.now)


def two_debts() -> Metered:
    """Two invoices, three days apart; both overdue after 17 days."""
    life = leased()
    life.owe("d-1")
    life.run_to(START + days(3))
    life.owe("d-2")
    return life


def test_two_debts_have_their_reminders_and_their_dates_each() -> None:
    life = two_debts()
    assert [
        (step.event.value, step.at - START, step.facts["debt_id"]) for step in life.run_to(START + days(30))
    ] == [
        ("reminder_due", days(7), "d-1"),
        ("reminder_due", days(10), "d-2"),
        ("reminder_due", days(13), "d-1"),
        ("debt_suspended", days(14), "d-1"),
        ("reminder_due", days(16), "d-2"),
        ("debt_suspended", days(17), "d-2"),
    ]
    assert len([each for each in life.tenant.restrictions if each.kind is SUSPENDED]) == 1


@pytest.mark.parametrize("first", ["d-1", "d-2"])
@pytest.mark.parametrize("end", [Metered.settle, Metered.drop])
def test_of_two_overdue_debts_the_last_one_lifts_the_suspension(
    first: str, end: Callable[[Metered, str], Transition]
) -> None:
    life = two_debts()
    life.run_to(START + days(20))
    end(life, first)
    assert life.suspended
    end(life, {"d-1": "d-2", "d-2": "d-1"}[first])
    assert not life.suspended
    assert life.tenant.done == frozenset()


@pytest.mark.parametrize("end", [Metered.settle, Metered.drop])
def test_a_debt_that_is_not_due_yet_does_not_uphold_the_suspension(
    end: Callable[[Metered, str], Transition],
) -> None:
    life = two_debts()
    life.run_to(START + days(15))
    end(life, "d-1")
    assert not life.suspended
    assert [step.event.value for step in life.run_to(START + days(17))] == ["reminder_due", "debt_suspended"]
    assert life.suspended


@pytest.mark.parametrize("end", [Metered.settle, Metered.drop])
def test_ending_a_debt_that_is_not_due_leaves_the_suspension_to_the_one_that_is(
    end: Callable[[Metered, str], Transition],
) -> None:
    life = two_debts()
    life.run_to(START + days(15))
    end(life, "d-2")
    assert life.suspended
    assert life.run_to(START + days(30)) == []


def test_a_debt_is_paid_once() -> None:
    life = leased()
    life.owe()
    paid = order_of_debt(life.tenant, "d-1")
    life.settle()
    assert not purchases.can_be_granted(life.tenant, life.now, paid)
    with pytest.raises(Conflict):
        purchases.grant(life.tenant, AGREEMENT, AGREEMENT, paid, life.now, by="gateway")


def test_reminders_are_void_once_it_is_paid_or_due() -> None:
    life = leased()
    life.owe()
    [step] = life.run_to(START + WEEK)
    [notice] = step.notices
    due = START + FORTNIGHT
    assert why_void(notice, life.tenant, due - SECOND) is None
    assert why_void(notice, life.tenant, due) == "its date has passed"
    life.settle()
    assert why_void(notice, life.tenant, life.now) == "it is not owed any more"


def test_a_reminder_is_owed_although_the_lease_was_renewed_meanwhile() -> None:
    """It is about the debt, not about the period: a new generation does not void it."""
    life = leased()
    life.owe()
    [step] = life.run_to(START + WEEK)
    life.pay("basic", "P1Y")
    assert step.notices[0].generation < life.tenant.generation
    assert why_void(step.notices[0], life.tenant, life.now) is None


# --- beside a lease ---------------------------------------------------------------------------------------


@pytest.mark.clause("SAMAN-5.7")
def test_renewing_while_in_debt_keeps_the_suspension() -> None:
    life = leased()
    life.owe()
    life.run_to(START + days(20))
    life.pay("basic", "P1Y")
    assert life.suspended
    life.settle()
    assert not life.suspended


def test_a_debt_survives_a_renewal_and_is_not_spoken_of_again() -> None:
    life = leased()
    life.owe()
    life.run_to(START + WEEK)
    life.pay("basic", "P1Y")
    assert [debt.id for debt in life.tenant.debts] == ["d-1"]
    assert events(life.run_to(START + days(30))) == [
        ("reminder_due", days(13)),
        ("debt_suspended", FORTNIGHT),
    ]


def lapsed_in_debt() -> Metered:
    """A first lease that was never paid, suspended at day 30, and an invoice for overuse, overdue before."""
    life = Metered()
    life.owe()
    life.run_to(START + days(30))
    assert life.tenant.phase is Phase.READ_ONLY
    return life


@pytest.mark.parametrize("end", [Metered.settle, Metered.drop])
def test_an_unpaid_first_lease_keeps_its_own_suspension(end: Callable[[Metered, str], Transition]) -> None:
    life = lapsed_in_debt()
    end(life, "d-1")
    assert life.suspended
    life.pay("basic", "P1Y")
    assert not life.suspended


def test_a_debt_outlasts_the_suspension_of_an_unpaid_first_lease() -> None:
    life = lapsed_in_debt()
    life.pay("basic", "P1Y")
    assert life.suspended
    life.settle()
    assert not life.suspended


@pytest.mark.parametrize("end", [Metered.settle, Metered.drop])
def test_a_first_lease_on_credit_that_is_not_due_yet_upholds_nothing(
    end: Callable[[Metered, str], Transition],
) -> None:
    life = Metered()
    life.owe()
    life.run_to(START + days(20))
    assert life.suspended
    end(life, "d-1")
    assert not life.suspended
    assert life.tenant.invoice


def test_a_debt_runs_on_while_a_lapsed_lease_can_be_read() -> None:
    life = leased()
    life.run_to(START + days(365) + days(1))
    assert life.tenant.phase is Phase.READ_ONLY
    life.owe()
    assert access(life.tenant, life.now) is Access.READ_ONLY
    life.run_to(life.now + days(12))
    assert [step.event.value for step in life.run_to(life.now + days(2))] == ["deactivated"]
    assert not life.suspended


def test_who_is_deactivated_is_not_reminded_of_a_debt_and_keeps_the_date_of_the_deletion() -> None:
    life = leased()
    life.run_to(START + days(365) + days(30))
    before = forecast(life.tenant, AGREEMENT)
    step = life.owe()
    assert life.tenant.phase is Phase.DEACTIVATED
    assert (step.workflows, forecast(life.tenant, AGREEMENT)) == ((), before)


def test_who_comes_back_with_an_overdue_debt_is_suspended_at_once() -> None:
    life = leased()
    life.run_to(START + days(365) + days(30))
    life.owe()
    life.run_to(life.now + days(20))
    life.pay("basic", "P1Y")
    assert life.suspended
    steps = life.catch_up(life.now)
    assert [step.event.value for step in steps] == ["reminder_due", "reminder_due", "debt_suspended"]
    assert all(why_void(step.notices[0], life.tenant, life.now) for step in steps[:2])


def test_closing_ends_the_waiting_for_a_debt() -> None:
    life = leased()
    life.owe()
    life.close()
    assert all(
        deadline.kind in (DeadlineKind.WARN_OF_DELETION, DeadlineKind.PURGE)
        for deadline in forecast(life.tenant, AGREEMENT)
    )


# --- dropping ---------------------------------------------------------------------------------------------


def test_an_operator_drops_an_unpaid_invoice() -> None:
    life = leased()
    life.owe()
    step, debt = overuse.cancel_debt(
        life.tenant, AGREEMENT, "d-1", "a meter's fault", life.now, by="operator:ali"
    )
    assert (step.event, step.why, step.clause, step.by) == (
        Event.DEBT_CANCELLED,
        "a meter's fault",
        "T-OVERUSE",
        "operator:ali",
    )
    assert (step.facts, debt.id) == ({"debt_id": "d-1", "amount": 110_000}, "d-1")
    assert step.after.debts == ()


def test_what_is_not_owed_any_more_cannot_be_dropped() -> None:
    life = leased()
    life.owe()
    life.settle()
    with pytest.raises(NotFound):
        life.drop()


@pytest.mark.parametrize(
    "end",
    [
        Metered.settle,
        Metered.drop,
    ],
)
def test_ending_a_debt_that_suspended_nobody_leaves_what_an_operator_suspended(
    end: Callable[[Metered, str], Transition],
) -> None:
    life = leased()
    life.owe()
    life.write(lifecycle.restrict(life.tenant, restriction(SUSPENDED), life.now, by="operator"))
    end(life, "d-1")
    assert life.suspended


def test_ids_that_begin_alike_are_told_apart() -> None:
    life = leased()
    life.owe("d-1")
    life.owe("d-10")
    life.run_to(START + days(20))
    life.drop("d-1")
    assert life.tenant.done >= {"debt:d-10", "debt:d-10:P7D", "debt:d-10:P1D"}
    assert life.suspended


def test_a_debt_can_be_dropped_under_a_newer_agreement_that_bills_nothing() -> None:
    tenant = leased_with_debt()
    newer = replace(AGREEMENT, version="2", overuse=None)
    step, _ = overuse.cancel_debt(tenant, newer, "d-1", "not billed any more", START, by="operator")
    assert (step.clause, step.after.debts) == ("vendor's choice", ())


def test_whoever_sleeps_until_a_debts_date_stays_in_charge_when_it_is_dropped() -> None:
    """The execution of an earlier generation carried out the last thing; the present one must not rest."""
    life = leased()
    life.tenant = replace(life.tenant, carrier="t-1-g1-v1")
    life.owe()
    assert life.drop().after.carrier == ""


# --- what is for sale -------------------------------------------------------------------------------------


@pytest.mark.clause("SAMAN-4.1.1")
def test_repairing_bugs_and_updating_are_nowhere_for_sale() -> None:
    """Whatever is paid for is a plan, an extra, metered use or work that both sides agreed: none is this."""
    saman = load("saman360")
    assert saman.overuse
    names = [name for extra in saman.extras for name in (extra.id, *extra.names.values())]
    metrics = {rate.metric for rate in saman.overuse.rates}
    unpaid = re.compile("bug|fix|repair|updat|upgrad|خطا|اشکال|باگ|رفع|روزرسانی|به‌روز", re.IGNORECASE)
    assert [name for name in (*names, *metrics) if unpaid.search(name)] == []
    assert "SAMAN-4.1.1" not in {extra.basis.clause for extra in saman.extras} | {saman.overuse.basis.clause}
    # Metered is only what plans measure.
    assert all(metrics <= set(plan.limits) for plan in saman.plans)


@pytest.mark.clause("SAMAN-4.4")
@pytest.mark.parametrize(
    "extra_id",
    [
        "training",
        "configuration",
        "content",
        "customization",
        "reports",
        "backup_check",
        "backup_move",
        "backup_restore",
    ],
)
def test_what_support_does_not_cover_has_a_price(extra_id: str) -> None:
    saman, now = load("saman360"), datetime(2026, 11, 25, tzinfo=UTC)
    told = quote_extra(saman, extra_id, now)
    assert (told.clause, told.vat_percent) == ("SAMAN-4.4", 10)
    assert told.total == told.list_price * 11 // 10 > 0


# --- in the journal ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", list(permutations(("d-1", "d-2", "d-3"))))
def test_the_journal_replays_to_the_same_tenant_whatever_the_order(order: tuple[str, ...]) -> None:
    life = leased()
    for debt_id in ("d-1", "d-2", "d-3"):
        life.report(usage(1001, "records"))
        life.owe(debt_id)
        life.run_to(life.now + days(4))
    for debt_id, end in zip(order, (life.settle, life.drop, life.settle), strict=True):
        life.run_to(life.now + days(4))
        end(debt_id)
    life.report(usage(1))
    life.run_to(life.now + days(30))
    assert replay(life.journal) == life.tenant
    assert (life.tenant.debts, life.tenant.restrictions) == ((), ())


def test_a_tenant_in_debt_is_stored_and_read_back_whole() -> None:
    tenant = leased_with_debt()
    assert from_dict(to_dict(tenant)) == tenant
