"""The test clock walks: in order, each thing at its own moment, never backward."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from mohlat.application.ports import TestClock
from mohlat.application.test_clock import advance, set_target
from mohlat.domain.errors import InvalidInput
from tests.application.world import World
from tests.builders import days
from tests.fakes import START, FakeClockOffsets


class Walk:
    """A world whose clock is the machine's (which stands still) and the offset; `sweep` does what is due."""

    def __init__(self) -> None:
        self.world = World()
        self.offsets = FakeClockOffsets(self.world.table)
        self.seen: list[datetime] = []
        self.seconds = 0.0
        self.work: Callable[[], object] = self.catch_up
        self.world.clock = self  # type: ignore[assignment]
        for part in (self.world.desk, self.world.payment_desk, self.world.sender):
            vars(part)["_clock"] = self

    def now(self) -> datetime:
        return START + timedelta(seconds=self.offsets.read().offset_seconds)

    def wall(self, instant: datetime) -> datetime:
        return instant - timedelta(seconds=self.offsets.read().offset_seconds)

    def catch_up(self) -> None:
        """Does everything that is due."""
        self.seen.append(self.now())
        for tenant in list(self.world.table.tenants.values()):
            self.world.catch_up(tenant)
        for tenant_id, seq in list(self.world.table.owing):
            self.world.send_entry(tenant_id, seq)
            self.world.tenants.mark_followed(tenant_id, seq)
        for payment in list(self.world.table.payments.values()):
            self.world.payment_desk.check(payment.id)

    def sleep(self, seconds: float) -> None:
        """Time that passes for the walker only."""
        self.seconds += seconds

    def to(self, target: datetime, until: Callable[[], bool] = lambda: False) -> TestClock:
        """Walks to the target."""
        set_target(target, offsets=self.offsets, clock=self)
        return self.go_on(until)

    def go_on(self, until: Callable[[], bool] = lambda: False) -> TestClock:
        """Walks on to the target that is set."""
        return advance(
            offsets=self.offsets,
            due=self.world.due,
            clock=self,
            sweep=self.work,
            until=until,
            sleep=self.sleep,
            monotonic=lambda: self.seconds,
        )


def test_the_clock_stops_at_everything_due_on_its_way_in_order() -> None:
    walk = Walk()
    tenant = walk.world.register()
    assert walk.to(START + days(40)) == TestClock(40 * 86400, None)
    assert walk.seen == [START, START + days(23), START + days(29), START + days(30)]
    assert walk.now() == START + days(40)
    late = [entry for entry in walk.world.tenants.journal(tenant.id) if entry.recorded_at != entry.at]
    assert late == []


def test_the_clock_goes_straight_to_its_target_when_nothing_is_due() -> None:
    walk = Walk()
    assert walk.to(START + days(1000)) == TestClock(86_400_000, None)
    assert walk.seen == []


def test_the_clock_never_goes_back() -> None:
    walk = Walk()
    walk.to(START + days(10))
    with pytest.raises(InvalidInput):
        walk.to(START + days(9))
    assert walk.now() == START + days(10)
    assert walk.to(START + days(10)).target is None


def test_what_does_not_get_done_stops_the_clock_at_its_instant() -> None:
    walk = Walk()
    walk.world.register()
    sweeps: list[datetime] = []
    walk.work = lambda: sweeps.append(walk.now())
    with pytest.raises(TimeoutError):
        walk.to(START + days(40))
    assert walk.now() == START
    # Now and then what may have been lost is started again.
    assert 15 <= len(sweeps) <= 25
    assert walk.offsets.read().target == START + days(40)


def test_a_later_target_while_it_walks_is_walked_to_as_well() -> None:
    walk = Walk()
    walk.world.register()

    def extend() -> None:
        walk.catch_up()
        if walk.now() == START + days(23):
            set_target(START + days(35), offsets=walk.offsets, clock=walk)

    walk.work = extend
    walk.to(START + days(25))
    assert walk.now() == START + days(35)
    assert walk.seen[-1] == START + days(30)


def test_a_target_set_in_the_moment_of_arrival_is_not_lost() -> None:
    walk = Walk()
    earliest = walk.world.due.earliest
    targets = [START + days(5)]

    def look():  # type: ignore[no-untyped-def]
        if targets:
            set_target(targets.pop(), offsets=walk.offsets, clock=walk)
        return earliest()

    walk.world.due.earliest = look  # type: ignore[method-assign]
    walk.to(START + days(1))
    assert walk.now() == START + days(5)


def test_an_earlier_target_does_not_shorten_the_way() -> None:
    walk = Walk()
    set_target(START + days(5), offsets=walk.offsets, clock=walk)
    assert set_target(START + days(2), offsets=walk.offsets, clock=walk).target == START + days(5)


def test_a_walk_that_has_to_end_is_taken_up_again() -> None:
    walk = Walk()
    walk.world.register()
    assert walk.to(START + days(40), until=lambda: walk.now() >= START + days(23)).target
    assert walk.now() == START + days(23)
    assert walk.go_on() == TestClock(40 * 86400, None)
