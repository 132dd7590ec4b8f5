"""What proven human error pays: at most the price of a month of the lease, in a month of the calendar."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mohlat.calendar.jalali import JALALI, start_of_day
from mohlat.domain.agreement import CompensationRule, Phase
from mohlat.domain.compensation import compensate, most_payable, paid_this_month
from mohlat.domain.durations import Duration
from mohlat.domain.errors import Conflict, Gone, InvalidInput
from mohlat.domain.lifecycle import Event, Transition
from mohlat.domain.notices import NoticeKind
from mohlat.domain.tenant import Part, Tenant, Term
from tests.builders import AGREEMENTS, SECOND, START, Life, days, length, registered
from tests.money import with_money

AGREEMENT = with_money()
BY_DAY = replace(AGREEMENT, compensation=CompensationRule(length("P30D"), AGREEMENT.tax.basis))


def part(value: int, period: str, number: int, *, left: int | None = None, start: datetime = START) -> Part:
    """A purchase of so many days, of which `left` were left when an upgrade began it anew."""
    begins = start + days(number - (number if left is None else left))
    return Part("p-1", length(period), number, begins, start + days(number), value)


def leased(*parts: Part) -> Tenant:
    """A tenant whose lease is made of these purchases."""
    end = parts[-1].ends_at
    term = Term(START, Duration(months=12), "basic", end, parts)
    return replace(registered(AGREEMENT), term=term, invoice=None, period_ends_at=end)


@pytest.mark.clause("SAMAN-4.6")
@pytest.mark.parametrize(
    ("bought", "most"),
    [
        (part(3_900_000, "P1M", 30), 3_900_000),
        (part(11_115_000, "P3M", 92), 3_705_000),
        # 37,440,000 / 12
        (part(37_440_000, "P1Y", 365), 3_120_000),
        (part(10_000_000, "P3M", 92), 3_333_333),
        # An upgrade began it anew, 46 of its 92 days for 6,000,000: all would be 12,000,000, a third of that.
        (part(6_000_000, "P3M", 92, left=46), 4_000_000),
        # 1,000,001 × 92 / 91 / 3, rounded down once.
        (part(1_000_001, "P3M", 92, left=91), 336_996),
    ],
)
def test_a_month_of_the_lease_costs_its_share_of_what_was_paid(bought: Part, most: int) -> None:
    assert most_payable(leased(bought), AGREEMENT, bought.starts_at) == most


@pytest.mark.parametrize(
    ("bought", "most"),
    [
        (part(9_200_000, "P3M", 92), 3_000_000),
        (part(700_000, "P7D", 7), 3_000_000),
        (part(4_600_000, "P3M", 92, left=46), 3_000_000),
        (part(100, "P3M", 92), 32),
    ],
)
def test_what_is_not_counted_in_months_is_counted_by_time(bought: Part, most: int) -> None:
    assert most_payable(leased(bought), BY_DAY, bought.starts_at) == most


def test_a_month_of_a_lease_that_is_counted_in_days_is_counted_by_time() -> None:
    # A month from 31 January is 28 days of these 56.
    assert most_payable(leased(part(5_600_000, "P8W", 56)), AGREEMENT, START) == 2_800_000


def test_a_lease_of_seconds_has_a_price_by_the_second() -> None:
    short = Part("p-1", length("PT10S"), 0, START, START + timedelta(seconds=10), 1000)
    paid_for_five = replace(AGREEMENT, compensation=CompensationRule(length("PT5S"), AGREEMENT.tax.basis))
    assert most_payable(leased(short), paid_for_five, START) == 500


def test_the_purchase_that_runs_counts_and_the_last_one_once_all_are_over() -> None:
    first = part(1_000_000, "P1M", 30)
    second = part(2_000_000, "P1M", 30, start=first.ends_at)
    tenant = leased(first, second)
    assert most_payable(tenant, AGREEMENT, first.ends_at - SECOND) == 1_000_000
    assert most_payable(tenant, AGREEMENT, first.ends_at) == 2_000_000
    assert most_payable(tenant, AGREEMENT, second.ends_at + days(20)) == 2_000_000


def test_without_a_paid_lease_or_a_clause_nothing_is_paid() -> None:
    with pytest.raises(Conflict):
        most_payable(registered(AGREEMENT), AGREEMENT, START)
    with pytest.raises(Conflict):
        most_payable(leased(part(1, "P1M", 30)), replace(AGREEMENT, compensation=None), START)


# --- a month ----------------------------------------------------------------------------------------------


def test_what_was_paid_before_counts_by_the_calendars_month() -> None:
    now = datetime(2026, 3, 15, tzinfo=UTC)
    earlier = [
        (datetime(2026, 2, 28, 23, 59, 59, tzinfo=UTC), 1),
        (datetime(2026, 3, 1, tzinfo=UTC), 20),
        (datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC), 300),
        (datetime(2026, 4, 1, tzinfo=UTC), 4000),
        (datetime(2025, 3, 15, tzinfo=UTC), 50_000),
    ]
    assert paid_this_month(earlier, now, AGREEMENT.calendar) == 320
    assert paid_this_month([], now, AGREEMENT.calendar) == 0


@pytest.mark.clause("SAMAN-4.6")
@pytest.mark.parametrize(
    ("first", "next_first"),
    [
        ("1405/01/01", "1405/02/01"),
        ("1405/06/01", "1405/07/01"),
        ("1405/09/01", "1405/10/01"),
        # Esfand of a leap year, and the year's turn.
        ("1403/12/01", "1404/01/01"),
        ("1405/12/01", "1406/01/01"),
    ],
)
def test_a_jalali_month_is_counted_from_midnight_to_midnight_in_tehran(first: str, next_first: str) -> None:
    start, end = start_of_day(first), start_of_day(next_first)
    for inside in (start, start + days(14), end - SECOND):
        earlier = [(start - SECOND, 1), (start, 20), (end - SECOND, 300), (end, 4000)]
        assert paid_this_month(earlier, inside, JALALI) == 320


# --- the decision -----------------------------------------------------------------------------------------


def decide(
    amount: int, paid_before: int = 0, tenant: Tenant | None = None, clause: str = "T-TRIAL"
) -> Transition:
    """An operator found an error proven."""
    owner = tenant or leased(part(3_900_000, "P1M", 30))
    return compensate(
        owner,
        AGREEMENT,
        "m-1",
        "k-1",
        amount,
        "a backup was lost",
        clause,
        paid_before,
        START,
        by="operator:ali",
    )


@pytest.mark.clause("SAMAN-4.6")
def test_a_compensation_is_noted_with_its_reason_and_told() -> None:
    step = decide(3_900_000)
    assert (step.event, step.clause, step.why, step.by) == (
        Event.COMPENSATED,
        "T-TRIAL",
        "a backup was lost",
        "operator:ali",
    )
    facts = {"compensation_id": "m-1", "amount": 3_900_000, "ticket_id": "k-1"}
    assert step.facts == facts
    [notice] = step.notices
    assert (notice.kind, notice.facts) == (NoticeKind.COMPENSATED, facts)
    assert step.after == replace(step.before, version=step.after.version)  # type: ignore[type-var]


@pytest.mark.clause("SAMAN-4.6")
@pytest.mark.parametrize(
    ("amount", "paid_before"), [(3_900_001, 0), (1, 3_900_000), (2_000_000, 1_900_001), (0, 0), (-1, 0)]
)
def test_never_more_than_a_month_of_the_lease_in_a_month(amount: int, paid_before: int) -> None:
    with pytest.raises(Conflict) as refused:
        decide(amount, paid_before)
    assert refused.value.details == {"most": 3_900_000, "paid_before": paid_before}


def test_what_is_left_of_the_month_can_be_paid_to_the_rial() -> None:
    assert decide(2_000_000, 1_900_000).facts["amount"] == 2_000_000


def test_a_compensation_names_a_clause_of_the_agreement() -> None:
    with pytest.raises(InvalidInput) as refused:
        decide(1, clause="T-UNHEARD-OF")
    assert refused.value.field == "clause"


def test_a_purged_account_is_gone() -> None:
    life = Life(AGREEMENTS["credit"])
    life.run_out()
    assert life.tenant.phase is Phase.PURGED
    with pytest.raises(Gone):
        decide(1, tenant=life.tenant)
