"""The requests of a minute: the last that passes, the first that does not, what counting them costs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mohlat.application.keep_pace import PaceKeeper
from mohlat.domain import pace
from mohlat.domain.agreement import Basis, PaceRule, Phase
from mohlat.domain.errors import Conflict, TooManyRequests
from mohlat.domain.overuse import Usage
from mohlat.domain.tenant import RestrictionKind
from tests.application.world import World, months
from tests.builders import AGREEMENTS
from tests.fakes import FakeClock, FakeRequestCounts
from tests.money import with_money

ALLOWED, OTHERWISE, SLOWED = 40, 20, 10
IP = "192.0.2.1"


class Paced(World):
    """A world whose one tenant has a plan of forty requests a minute, a fourth of that while throttled."""

    def __init__(self, *, on_trial: bool = False) -> None:
        agreement = with_money(AGREEMENTS["trial" if on_trial else "credit"])
        plans = tuple(replace(plan, limits={**plan.limits, pace.METRIC: ALLOWED}) for plan in agreement.plans)
        rule = PaceRule(OTHERWISE, 100 * SLOWED // ALLOWED, Basis("T-PACE"))
        super().__init__(replace(agreement, plans=plans, pace=rule))
        self.wall = FakeClock()
        self.counts = FakeRequestCounts(self.table)
        self.mine = self.register() if on_trial else self.buy(self.register(), months(12))
        self.worker = self.another_worker()

    def another_worker(self) -> PaceKeeper:
        """Another process, with the same table behind it."""
        return PaceKeeper(
            tenants=self.tenants,
            agreements=self.agreements,
            counts=self.counts,
            security_log=self.security_log,
            clock=self.clock,
            wall=self.wall,
        )

    def ask(self, times: int, worker: PaceKeeper | None = None) -> int:
        """How many of so many requests pass."""
        passed = 0
        for _ in range(times):
            try:
                (worker or self.worker).admit(self.mine.id, IP)
                passed += 1
            except TooManyRequests:
                pass
        return passed


@pytest.mark.clause("CLUB-4")
@pytest.mark.parametrize(("on_trial", "allowed"), [(False, ALLOWED), (True, OTHERWISE)])
def test_the_last_allowed_request_passes_and_the_first_beyond_is_refused(
    on_trial: bool, allowed: int
) -> None:
    world = Paced(on_trial=on_trial)
    world.wall.advance(seconds=59)
    assert world.ask(allowed) == allowed
    with pytest.raises(TooManyRequests) as refused:
        world.worker.admit(world.mine.id, IP)
    assert refused.value.details == {
        "clause": "T-PACE",
        "limit": allowed,
        "window_seconds": 60,
        "retry_after_seconds": 1,
        "slowed": False,
    }


@pytest.mark.clause("CLUB-4")
@pytest.mark.parametrize(("second", "passed"), [(58, 0), (59, 0), (60, ALLOWED), (61, ALLOWED)])
def test_a_full_minute_stays_full_until_its_last_second(second: int, passed: int) -> None:
    world = Paced()
    assert world.ask(ALLOWED + 5) == ALLOWED
    world.wall.advance(seconds=second)
    assert world.ask(ALLOWED + 5) == passed


@pytest.mark.clause("CLUB-4")
def test_the_request_that_fills_the_minute_leaves_one_line_whoever_else_is_refused() -> None:
    world = Paced()
    assert world.ask(ALLOWED - 1) == ALLOWED - 1
    assert world.security_log.lines(world.mine.id) == []
    world.ask(1)
    world.ask(5)
    world.ask(5, world.another_worker())
    [line] = world.security_log.lines(world.mine.id)
    assert (line.kind, line.source_ip, line.details) == ("minute_full", IP, {"limit": ALLOWED})


def test_workers_count_together() -> None:
    world = Paced()
    other = world.another_worker()
    passed = sum(world.ask(1, worker) for worker in (world.worker, other) * ALLOWED)
    # Each may have kept two to itself while most of the minute was left.
    assert ALLOWED <= passed <= ALLOWED + 2
    assert world.ask(1, world.another_worker()) == 0


def test_each_request_costs_one_write_at_most_and_a_refused_one_none() -> None:
    world = Paced()
    world.ask(ALLOWED)
    assert world.counts.writes <= ALLOWED
    before = world.counts.writes
    world.ask(100)
    assert world.counts.writes == before


def test_a_package_of_many_requests_costs_few_writes() -> None:
    world = Paced()
    plans = tuple(replace(plan, limits={pace.METRIC: 1_000}) for plan in world.agreement.plans)
    world.agreements.known.append(replace(world.agreement, plans=plans))
    assert world.ask(1_000) == 1_000
    assert world.counts.writes < 150


@pytest.mark.clause("SAMAN-3.12")
def test_use_above_the_limits_is_slowed_before_it_is_billed_and_until_it_is_within_them() -> None:
    world = Paced()

    world.usage_desk.report(world.mine.id, Usage("first", "records", 10**6, billed=False), "operator:meter")
    assert world.tenants.get(world.mine.id).debts == ()
    assert world.ask(SLOWED) == SLOWED
    with pytest.raises(TooManyRequests) as refused:
        world.worker.admit(world.mine.id, IP)
    assert (refused.value.details["limit"], refused.value.details["slowed"]) == (SLOWED, True)

    world.wall.advance(seconds=60)
    assert world.ask(ALLOWED) == SLOWED
    world.usage_desk.report(world.mine.id, Usage("second", "records", 1, billed=False), "operator:meter")
    # What a tenant is allowed is read once a minute.
    assert world.ask(1) == 0
    world.wall.advance(seconds=60)
    assert world.ask(ALLOWED + 1) == ALLOWED


def test_an_operator_slows_down_too_and_lifts_it() -> None:
    world = Paced()
    world.desk.restrict(world.mine.id, RestrictionKind.THROTTLED, "odd", "T-TRIAL", None, by="operator")
    assert world.ask(ALLOWED) == SLOWED


def test_nobody_is_said_to_be_slowed_where_the_agreement_sets_no_pace() -> None:
    world = World(AGREEMENTS["trial"])
    mine = world.register()
    with pytest.raises(Conflict):
        world.desk.restrict(mine.id, RestrictionKind.THROTTLED, "odd", "T-TRIAL", None, by="operator")
    assert world.tenants.get(mine.id).restrictions == ()


def test_nothing_is_counted_of_who_has_no_pace_is_unknown_or_was_deleted() -> None:
    world = Paced()
    world.table.tenants[world.mine.id] = replace(world.mine, phase=Phase.PURGED)
    assert world.ask(ALLOWED * 2) == ALLOWED * 2
    world.another_worker().admit("t-unknown", IP)
    plain = World(AGREEMENTS["trial"])
    keeper = PaceKeeper(
        tenants=plain.tenants,
        agreements=plain.agreements,
        counts=world.counts,
        security_log=plain.security_log,
        clock=plain.clock,
        wall=world.wall,
    )
    mine = plain.register()
    for _ in range(ALLOWED * 2):
        keeper.admit(mine.id, IP)
    assert world.counts.writes == 0


def test_a_worker_that_meets_many_tenants_forgets_those_of_earlier_minutes() -> None:
    world = Paced()
    for number in range(600):
        world.worker.admit(f"t-{number}", IP)
    world.wall.advance(seconds=60)
    world.worker.admit("t-last", IP)
    assert list(world.worker._tallies) == ["t-last"]
