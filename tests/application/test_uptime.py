"""A month's uptime, counted by hand, and the lost time that is added to the leases (SAMAN-4.3, SAMAN-4.6)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mohlat.agreements import loader
from mohlat.domain.agreement import Phase
from mohlat.domain.durations import Duration
from mohlat.domain.errors import Conflict, InvalidInput
from mohlat.domain.lifecycle import DeadlineKind, Event, forecast
from mohlat.domain.tenant import Closing, Tenant
from mohlat.domain.uptime import Cause, Uptime, close_month, extend_lease
from tests.application.test_rounds import go
from tests.application.world import World
from tests.builders import SECOND

BY = "operator:nima"
WHAT = {"en": "Slowness", "fa": "کندی"}
HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
# Aban 1405 in Tehran: 23 October to 22 November 2026, thirty days, 720 hours; 1.5 % of it are 10.8.
MONTH = "1405-08"
START = datetime(2026, 10, 22, 20, 30, tzinfo=UTC)
END = datetime(2026, 11, 21, 20, 30, tzinfo=UTC)


def leased(length: str = "P1Y", day: int = 1) -> tuple[World, Tenant]:
    """A paid lease of saman360 that began on this day of October 2026."""
    world = World(loader.load("saman360"))
    world.clock.time = datetime(2026, 10, day, 6, 0, tzinfo=UTC)
    tenant = world.register()
    world.send_all()
    plan = world.agreement.first_invoice.plan  # type: ignore[union-attr]
    world.buy(tenant, Duration.parse(length), plan)
    return world, world.tenant(tenant)


def down(world: World, since: datetime, until: datetime, cause: Cause = Cause.FAULT, *who: str) -> None:
    world.clock.time = max(world.clock.time, until)
    world.uptime_desk.note("saman360", cause, since, until, who, WHAT, BY)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """An instant in Aban: its day, Tehran's clock."""
    return START + (day - 1) * DAY + hour * HOUR + minute * MINUTE


def close(world: World) -> None:
    world.clock.time = max(world.clock.time, END)
    round = world.uptime_desk.close_month("saman360", MONTH, BY)
    world.clock.time += 5 * SECOND
    go(world, round.id)


@pytest.mark.clause("SAMAN-4.3")
def test_a_month_of_overlapping_incidents_is_counted_as_by_hand() -> None:
    world, tenant = leased()
    mine, other = tenant.id, "t_" + "0" * 25 + "9"
    down(world, START - 2 * HOUR, START + HOUR)  # 1 h of it in Aban
    down(world, at(3, 10), at(3, 12))  # 2 h
    down(world, at(3, 11), at(3, 11, 30))  # inside the one before
    down(world, at(3, 12), at(3, 13))  # 1 h, touching it
    down(world, at(5, 8), at(5, 18), Cause.DATA_CENTRE)  # not ours
    down(world, at(6, 8), at(6, 18), Cause.COUNTRY_NETWORK)  # not ours
    down(world, at(7, 9), at(7, 14), Cause.FAULT, other)  # somebody else's
    down(world, at(8, 9), at(8, 11, 30), Cause.EMERGENCY_WORK, mine)  # 2 h 30 min
    down(world, at(20, 0), at(20, 3, 20), Cause.HUMAN_ERROR)  # 3 h 20 min
    down(world, END - HOUR, END + HOUR)  # 1 h of it in Aban
    found = world.uptime_desk.of_tenant(mine, MONTH)
    lost = HOUR + 3 * HOUR + 2 * HOUR + 30 * MINUTE + 3 * HOUR + 20 * MINUTE + HOUR
    assert found == Uptime(720 * HOUR, lost, 985)
    assert lost == 10 * HOUR + 50 * MINUTE
    # 10 h 50 min of 720 h: 98.495 %, just below the promise.
    assert (found.kept, round(found.per_mille / 10, 3)) == (False, 98.495)


@pytest.mark.clause("SAMAN-4.6")
@pytest.mark.parametrize(("beyond", "extended"), [(timedelta(), False), (SECOND, True)])
def test_below_the_promise_by_a_second_and_not_at_it(beyond: timedelta, extended: bool) -> None:
    world, tenant = leased()
    lost = 10 * HOUR + 48 * MINUTE + beyond
    down(world, at(10, 0), at(10, 0) + lost)
    before = forecast(tenant, world.agreement)
    close(world)
    after = forecast(world.tenant(tenant), world.agreement)
    moved = lost if extended else timedelta()
    # The reminders, the end, the deactivation, the warning and the purge: all of them, by the lost time.
    assert {DeadlineKind.REMIND, DeadlineKind.END_TERM, DeadlineKind.PURGE} <= {each.kind for each in before}
    assert [(each.kind, each.at + moved) for each in before] == [(each.kind, each.at) for each in after]
    entry = world.tenants.journal(tenant.id)[-1]
    assert (entry.event.value == "lease_extended") is extended
    if extended:
        assert (entry.clause, entry.facts["seconds"]) == ("SAMAN-4.6", int(lost.total_seconds()))
        world.send_all()
        assert world.mailer.sent[-1]["subject"] == "lease_extended"


@pytest.mark.clause("SAMAN-4.6")
def test_a_month_is_closed_once_and_after_its_end_only() -> None:
    world, tenant = leased()
    down(world, at(10, 0), at(11, 0))
    world.clock.time = END - SECOND
    with pytest.raises(InvalidInput):
        world.uptime_desk.close_month("saman360", MONTH, BY)
    ends_at = world.tenant(tenant).period_ends_at
    assert ends_at
    close(world)
    close(world)
    assert world.uptime_desk.close_last_months("system:months") == []
    assert world.tenant(tenant).period_ends_at == ends_at + DAY
    assert world.events(tenant).count("lease_extended") == 1


def later(world: World) -> None:
    """Carries every round that has begun."""
    world.clock.time += 5 * SECOND
    for round in world.service.rounds("saman360"):
        go(world, round.id)


@pytest.mark.clause("SAMAN-4.6")
def test_what_becomes_known_of_a_closed_month_is_added_too_and_nothing_twice() -> None:
    world, tenant = leased()
    ends_at = tenant.period_ends_at
    assert ends_at
    down(world, at(10, 0), at(10, 8))  # kept as far as is known
    close(world)
    assert world.tenant(tenant).period_ends_at == ends_at
    world.clock.time = END + 9 * DAY
    down(world, at(10, 7), at(10, 12))  # 12 h in all, 10 h 48 min would be kept
    down(world, at(11, 0), at(11, 1), Cause.DATA_CENTRE)
    later(world)
    assert world.tenant(tenant).period_ends_at == ends_at + 12 * HOUR
    down(world, END - HOUR, END + HOUR)  # one hour of it in the closed month
    later(world)
    later(world)
    assert world.tenant(tenant).period_ends_at == ends_at + 13 * HOUR
    added = [e.facts["seconds"] for e in world.tenants.journal(tenant.id) if e.event is Event.LEASE_EXTENDED]
    assert added == [12 * 3600, 3600]


@pytest.mark.clause("SAMAN-4.6")
def test_rounds_of_one_month_that_run_beside_each_other_add_it_once() -> None:
    world, tenant = leased()
    ends_at = tenant.period_ends_at
    assert ends_at
    down(world, at(10, 0), at(11, 0))
    world.clock.time = END
    world.uptime_desk.close_month("saman360", MONTH, BY)
    down(world, at(11, 0), at(11, 6))
    later(world)
    assert world.tenant(tenant).period_ends_at == ends_at + 30 * HOUR


@pytest.mark.clause("SAMAN-4.3", "SAMAN-4.6")
def test_another_cause_found_after_the_closing_counts_the_month_again() -> None:
    world, tenant = leased()
    ends_at = tenant.period_ends_at
    assert ends_at
    world.clock.time = at(10, 0)
    lasting = [
        world.uptime_desk.note("saman360", cause, at(10, 0), None, (), WHAT, BY).id
        for cause in (Cause.DATA_CENTRE, Cause.COUNTRY_NETWORK)
    ]
    close(world)
    assert world.tenant(tenant).period_ends_at == ends_at
    world.uptime_desk.end("saman360", lasting[0], at(12, 0), None, BY)
    later(world)
    assert world.tenant(tenant).period_ends_at == ends_at
    world.uptime_desk.end("saman360", lasting[1], at(11, 0), Cause.FAULT, BY)
    later(world)
    assert world.tenant(tenant).period_ends_at == ends_at + DAY


@pytest.mark.clause("SAMAN-4.3", "SAMAN-4.6")
def test_a_window_that_reaches_back_into_a_closed_month_counts_in_both() -> None:
    world, tenant = leased()
    ends_at = tenant.period_ends_at
    assert ends_at
    world.clock.time = END - 13 * HOUR
    window = world.maintenance_desk.plan("saman360", END - 12 * HOUR, END + HOUR, WHAT, BY)
    assert window.counts
    world.clock.time = END - 12 * HOUR
    world.maintenance_desk.carry("saman360", window.id)
    close(world)
    assert world.tenant(tenant).period_ends_at == ends_at
    world.clock.time = END + HOUR
    world.maintenance_desk.carry("saman360", window.id)
    later(world)
    assert world.tenant(tenant).period_ends_at == ends_at + 12 * HOUR


def test_an_incident_of_more_than_four_months_is_a_mistake() -> None:
    world, _ = leased()
    now = world.clock.now()
    down(world, now - 120 * DAY, now)
    with pytest.raises(InvalidInput) as refused:
        down(world, now - 120 * DAY - SECOND, now)
    assert refused.value.details["field"] == "started_at"


def test_the_schedule_closes_the_month_before_this_one() -> None:
    world, tenant = leased()
    down(world, at(10, 0), at(11, 0))
    world.clock.time = END - SECOND
    assert [round.id for round in world.uptime_desk.close_last_months("s")] == ["uptime-1405-07"]
    world.clock.time = END
    [round] = world.uptime_desk.close_last_months("s")
    assert (round.id, round.clause) == ("uptime-1405-08", "SAMAN-4.6")
    world.clock.time += 5 * SECOND
    go(world, round.id)
    assert world.events(tenant)[-1] == "lease_extended"
    silent = World()
    assert silent.uptime_desk.close_last_months("s") == []
    with pytest.raises(Conflict):
        silent.uptime_desk.close_month(silent.agreement.product, "2025-12", BY)


@pytest.mark.clause("SAMAN-4.6")
def test_a_renewal_keeps_the_added_time() -> None:
    world, tenant = leased()
    down(world, at(10, 0), at(11, 0))
    close(world)
    extended = world.tenant(tenant)
    assert extended.term
    plan = extended.term.plan
    world.buy(tenant, Duration.parse("P1Y"), plan)
    renewed = world.tenant(tenant)
    whole = Duration.parse("P2Y").after(extended.term.anchor, world.agreement.calendar)
    assert renewed.period_ends_at == whole + DAY


def lapsed(after_end: timedelta) -> tuple[World, Tenant, datetime]:
    """A lease that ended in Aban, looked at so long after its end."""
    world, tenant = leased("P1M")
    ends_at = tenant.period_ends_at
    assert ends_at
    assert START < ends_at < END
    down(world, START, START + DAY)
    world.clock.time = max(ends_at + after_end, END)
    return world, world.catch_up(tenant), ends_at


@pytest.mark.clause("SAMAN-4.6")
def test_what_ended_meanwhile_is_read_only_and_gone_later_by_the_lost_time() -> None:
    world, tenant, ends_at = lapsed(timedelta())
    assert tenant.phase in (Phase.READ_ONLY, Phase.DEACTIVATED)
    before = forecast(tenant, world.agreement)
    close(world)
    after = world.tenant(tenant)
    assert (after.phase, after.ended_at) == (tenant.phase, ends_at + DAY)
    moved = [(each.kind, each.at) for each in forecast(after, world.agreement)]
    assert moved == [(each.kind, each.at + DAY) for each in before]


@pytest.mark.clause("SAMAN-4.6")
def test_a_lease_that_would_still_run_lives_again() -> None:
    world, tenant = leased("P1M", day=21)
    ends_at = tenant.period_ends_at
    assert ends_at
    down(world, START, ends_at)
    world.clock.time = END
    ended = world.catch_up(tenant)
    assert ended.phase is not Phase.ACTIVE
    close(world)
    alive = world.tenant(tenant)
    assert (alive.phase, alive.ended_at) == (Phase.ACTIVE, None)
    assert alive.period_ends_at == ends_at + (ends_at - START)
    assert alive.generation == ended.generation + 1
    assert world.tenants.journal(tenant.id)[-1].workflows


def test_the_first_invoice_falls_due_later_too_and_a_closed_account_is_left_alone() -> None:
    world = World(loader.load("saman360"))
    world.clock.time = START
    unpaid = world.register()
    closed = world.register(email="b@customer.test", mobile="+989350000001")
    world.desk.close(closed.id, Closing.TERMINATION, BY)
    assert unpaid.invoice
    down(world, at(2, 0), at(3, 0))
    world.clock.time = END
    # 30 days to pay: not suspended yet when the month is closed.
    close(world)
    after = world.tenant(unpaid)
    assert after.invoice
    assert after.invoice.due_at == unpaid.invoice.due_at + DAY
    assert "lease_extended" not in world.events(closed)


def test_an_incident_has_begun_ends_later_and_is_told_in_every_language() -> None:
    world, _ = leased()
    now = world.clock.now()

    def note(since: datetime, until: datetime | None = None, what: dict[str, str] = WHAT) -> str:
        return world.uptime_desk.note("saman360", Cause.FAULT, since, until, (), what, BY).id

    for since, until, what, field in (
        (now + SECOND, None, WHAT, "started_at"),
        (now - HOUR, now - HOUR, WHAT, "ended_at"),
        (now - HOUR, now + SECOND, WHAT, "ended_at"),
        (now, None, {"en": "x"}, "what.fa"),
    ):
        with pytest.raises(InvalidInput) as refused:
            note(since, until, what)
        assert refused.value.details["field"] == field
    known = note(now)
    world.clock.time += HOUR
    ended = world.uptime_desk.end("saman360", known, world.clock.now(), Cause.HUMAN_ERROR, BY)
    assert (ended.cause, ended.ended_at) == (Cause.HUMAN_ERROR, now + HOUR)
    with pytest.raises(Conflict):
        world.uptime_desk.end("saman360", known, world.clock.now(), None, BY)
    assert [each.id for each in world.uptime_desk.incidents("saman360")] == [known]


def test_what_still_lasts_counts_up_to_now() -> None:
    world, tenant = leased()
    world.clock.time = at(10, 0)
    world.uptime_desk.note("saman360", Cause.FAULT, at(10, 0), None, (), WHAT, BY)
    world.clock.time = at(10, 2)
    assert world.uptime_desk.of_tenant(tenant.id, MONTH).lost == 2 * HOUR


def test_a_month_before_the_customer_came_is_empty() -> None:
    world, tenant = leased()
    assert world.uptime_desk.of_tenant(tenant.id, "1405-01").per_mille == 1000
    with pytest.raises(InvalidInput):
        world.uptime_desk.of_tenant(tenant.id, "1405-13")


def test_an_incident_of_this_very_second_lost_nothing_yet_and_a_window_that_is_ahead_neither() -> None:
    world, tenant = leased()
    world.clock.time = at(10, 0)
    world.uptime_desk.note("saman360", Cause.FAULT, at(10, 0), None, (), WHAT, BY)
    world.maintenance_desk.plan("saman360", at(12, 0), at(12, 1), WHAT, BY)
    assert world.uptime_desk.of_tenant(tenant.id, MONTH).lost == timedelta()


@pytest.mark.clause("SAMAN-4.6")
def test_time_is_added_to_what_is_leased_and_to_nothing_else() -> None:
    world, tenant = leased()
    round = close_month(world.agreement, MONTH, END, END, by=BY)
    closed = world.desk.close(tenant.id, Closing.TERMINATION, BY)
    for other in (replace(tenant, period_ends_at=None), closed, replace(tenant, wound_down_until=END)):
        assert extend_lease(other, world.agreement, round, HOUR, END) is None
