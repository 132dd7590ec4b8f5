"""What a fault of ours pays: bounded by a month of the lease in a month, and sent by a person."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from mohlat.agreements.loader import load
from mohlat.application.compensate import CompensationDesk
from mohlat.application.ports import Compensation
from mohlat.application.quoting import Wanted
from mohlat.calendar.jalali import JALALI, start_of_day
from mohlat.domain.agreement import Agreement
from mohlat.domain.errors import Conflict, Gone, InvalidInput, NotFound
from mohlat.domain.journal import replay
from mohlat.domain.ledger import Account, balances, faults
from mohlat.domain.payments import OrderKind
from mohlat.domain.tenant import Closing
from mohlat.domain.tickets import TicketKind
from tests.application.world import World, months
from tests.builders import SECOND, START, days
from tests.money import with_money

BY, CLAUSE = "operator:ali", "T-TRIAL"
# A year costs ten months' price in these agreements: a month of it is a twelfth of that.
MONTH = 833_333


class Owing(World):
    """A world whose one tenant has paid a year's lease."""

    def __init__(self, agreement: Agreement | None = None) -> None:
        super().__init__(agreement or with_money())
        self.compensation_desk = CompensationDesk(
            tenants=self.tenants,
            books=self.books,
            dispatches=self.dispatches,
            agreements=self.agreements,
            ids=self.ids,
            clock=self.clock,
        )
        self.mine = self.buy(self.register(), months(12))

    def compensate(self, amount: int = MONTH, clause: str = CLAUSE) -> Compensation:
        """An operator found an error proven."""
        return self.compensation_desk.compensate(self.mine.id, amount, "a backup was lost", clause, BY)

    def owed(self) -> int:
        """What the ledger says that the customer is owed."""
        postings = self.books.postings(self.mine.id)
        assert faults(self.mine.id, postings) == []
        sums = balances(postings)
        assert sums[Account.COMPENSATED] == sums[Account.CREDITED]
        return sums[Account.CREDITED]


@pytest.mark.clause("SAMAN-4.6")
def test_proven_human_error_pays_up_to_a_month_of_the_lease() -> None:
    world = Owing()
    owed = world.compensate()
    [ticket] = world.books.tickets(world.mine.id)
    assert owed.id.startswith("m_")
    assert owed == Compensation(
        owed.id, world.mine.id, "creditware", MONTH, "a backup was lost", CLAUSE, START, ticket.id
    )
    assert world.compensation_desk.of_tenant(world.mine.id) == [owed]
    assert (ticket.kind, ticket.subject, ticket.due_at, ticket.facts) == (
        TicketKind.PAYOUT,
        owed.id,
        START + days(2),
        {"amount": MONTH},
    )
    assert world.owed() == MONTH
    assert world.events(world.mine)[-1] == "compensated"
    assert replay(world.tenants.journal(world.mine.id)) == world.tenant(world.mine)
    world.send_all()
    assert world.mailer.sent[-1]["subject"] == "compensated"


@pytest.mark.clause("SAMAN-4.6")
def test_saman360_pays_a_twelfth_of_a_years_lease_and_not_a_rial_more() -> None:
    world = Owing(load("saman360"))
    # 2,784,000 tomans for the year.
    with pytest.raises(Conflict):
        world.compensate(2_320_001, "SAMAN-4.6")
    assert world.compensate(2_320_000, "SAMAN-4.6").clause == "SAMAN-4.6"


@pytest.mark.clause("SAMAN-4.6")
def test_never_more_than_a_month_of_the_lease_in_a_month() -> None:
    world = Owing()
    with pytest.raises(Conflict) as refused:
        world.compensate(MONTH + 1)
    assert refused.value.details == {"most": MONTH, "paid_before": 0}
    world.compensate(MONTH - 1)
    world.compensate(1)
    with pytest.raises(Conflict) as refused:
        world.compensate(1)
    assert refused.value.details == {"most": MONTH, "paid_before": MONTH}
    assert (world.owed(), len(world.books.tickets(world.mine.id))) == (MONTH, 2)


@pytest.mark.clause("SAMAN-4.6")
def test_the_next_jalali_month_begins_anew_on_its_first_second_in_tehran() -> None:
    world = Owing(replace(with_money(), calendar=JALALI))
    world.compensate()
    world.clock.time = start_of_day("1404/12/01") - SECOND
    with pytest.raises(Conflict):
        world.compensate(1)
    world.clock.time += SECOND
    world.compensate()
    assert world.owed() == 2 * MONTH


def test_many_at_once_cannot_pass_the_limit_together() -> None:
    world = Owing()

    def attempt(_: int) -> bool:
        try:
            world.compensate(MONTH // 2)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(5) as pool:
        assert sorted(pool.map(attempt, range(5))) == [False, False, False, True, True]
    assert world.owed() == 2 * (MONTH // 2)


def test_one_that_loses_a_race_counts_what_the_other_took() -> None:
    world = Owing()
    world.tenants.before_commit.append(world.compensate)
    with pytest.raises(Conflict):
        world.compensate()
    assert world.owed() == MONTH


def test_an_upgraded_lease_pays_by_its_new_price() -> None:
    """What is left of the year on the dearer plan costs three times as much: so does a month."""
    world = Owing()
    world.clock.advance(days=100)
    world.buy_this(world.mine, Wanted(OrderKind.UPGRADE, plan="plus"))
    with pytest.raises(Conflict) as refused:
        world.compensate(10**9)
    assert refused.value.details["most"] == 2_500_000


def test_a_lease_that_is_over_still_pays_for_what_went_wrong_in_it() -> None:
    world = Owing()
    world.clock.advance(days=370)
    world.compensate()
    world.desk.close(world.mine.id, Closing.TERMINATION, by="user:owner")
    assert world.owed() == MONTH


def test_who_paid_nothing_is_owed_nothing() -> None:
    world = Owing()
    fresh = world.register(email="reza@customer.test", mobile="+989121234568")
    with pytest.raises(Conflict):
        world.compensation_desk.compensate(fresh.id, 1, "a backup was lost", CLAUSE, BY)
    assert world.compensation_desk.of_tenant(fresh.id) == []


def test_an_agreement_without_compensation_pays_none() -> None:
    world = Owing(replace(with_money(), compensation=None))
    with pytest.raises(Conflict):
        world.compensate(1)


def test_a_compensation_names_a_clause_of_the_agreement() -> None:
    world = Owing()
    with pytest.raises(InvalidInput) as refused:
        world.compensate(clause="T-UNHEARD-OF")
    assert refused.value.field == "clause"
    assert (world.owed(), world.books.tickets(world.mine.id)) == (0, [])


def test_what_is_gone_or_was_never_there_is_not_compensated() -> None:
    world = Owing()
    with pytest.raises(NotFound):
        world.compensation_desk.compensate("t_0", 1, "a backup was lost", CLAUSE, BY)
    world.compensate()
    world.live_until_purge(world.mine)
    with pytest.raises(Gone):
        world.compensate()
    # What was owed is remembered: money outlives the tenant.
    assert len(world.compensation_desk.of_tenant(world.mine.id)) == 1


def test_two_of_one_moment_are_both_told() -> None:
    world = Owing()
    world.compensate(1)
    world.compensate(2)
    world.send_all()
    assert [mail["subject"] for mail in world.mailer.sent].count("compensated") == 2
