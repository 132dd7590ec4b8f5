"""Where a tenant stood, stands and will stand, and why: the past replayed, the future run ahead."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from mohlat.agreements import loader
from mohlat.application.explain_tenant import ExplanationDesk
from mohlat.domain.access import Access
from mohlat.domain.agreement import Phase
from mohlat.domain.data_requests import Right
from mohlat.domain.errors import Gone, InvalidInput, NotFound
from mohlat.domain.explanation import END_OF_PRODUCT, Explanation, Reason, Tense
from mohlat.domain.lifecycle import DeadlineKind, Event, forecast
from mohlat.domain.publications import MustAccept
from mohlat.domain.tenant import Closing, RestrictionKind, Tenant
from tests.application.desks import Office
from tests.application.life import Life
from tests.application.test_keep_terms import publish
from tests.application.world import World, months
from tests.builders import SECOND, days
from tests.fakes import START

WHY = {"fa": "سرویس بسته می‌شود", "en": "The service closes"}


def desk(world: World) -> ExplanationDesk:
    return ExplanationDesk(
        tenants=world.tenants,
        agreements=world.agreements,
        publications=world.publications,
        service=world.service,
        ledger=world.ledger,
        clock=world.clock,
    )


def told(world: World, tenant: Tenant, at: datetime | None = None) -> Explanation:
    return desk(world).explain(tenant.id, at)


def lived(product: str, until: datetime) -> tuple[Life, Tenant]:
    """A customer who did nothing but register, some time later."""
    life = Life(loader.load(product))
    tenant = life.register()
    life.run_to(until)
    return life, tenant


def unseen(product: str, until: datetime) -> tuple[World, Tenant]:
    """The same while nothing of ours was awake: no deadline was carried out."""
    world = Office(product)
    world.clock.time = START
    tenant = world.register()
    world.clock.time = until
    return world, tenant


def kinds(explained: Explanation) -> list[str]:
    return [each.kind for each in explained.coming]


# --- one second before and after --------------------------------------------------------------------------

EDGES = [
    pytest.param(
        "kalo", days(30), Phase.TRIAL, Phase.DEACTIVATED, "KALO-10", marks=pytest.mark.clause("KALO-10")
    ),
    ("customer_club", days(14), Phase.TRIAL, Phase.DEACTIVATED, "vendor's choice"),
    ("saman360", days(30), Phase.ACTIVE, Phase.READ_ONLY, "SAMAN-2.6"),
    ("saman360", days(44), Phase.READ_ONLY, Phase.DEACTIVATED, "SAMAN-5.3"),
]


@pytest.mark.parametrize(("product", "after", "before_it", "from_it", "clause"), EDGES)
@pytest.mark.parametrize("stands", [lived, unseen])
@pytest.mark.parametrize(
    ("asked_after", "tense"),
    [(days(0), Tense.FUTURE), (days(1), Tense.FUTURE), (days(44.5), Tense.PAST)],
)
def test_a_transition_counts_from_its_own_second_in_the_past_and_in_the_future(
    product: str,
    after: timedelta,
    before_it: Phase,
    from_it: Phase,
    clause: str,
    stands: Callable[[str, datetime], tuple[World, Tenant]],
    asked_after: timedelta,
    tense: Tense,
) -> None:
    world, tenant = stands(product, START + asked_after)
    edge = START + after
    before, at, later = (told(world, tenant, edge + offset) for offset in (-SECOND, 0 * SECOND, SECOND))
    assert [each.tense for each in (before, at, later)] == [tense] * 3
    assert [each.phase for each in (before, at, later)] == [before_it, from_it, from_it]
    assert at.because == later.because
    assert at.because
    assert (at.because.at, at.because.clause) == (edge, clause)
    assert before.coming[0].at == edge
    assert before.coming[1:] == at.coming == later.coming


@pytest.mark.parametrize("product", loader.products())
def test_what_comes_is_what_the_forecast_says(product: str) -> None:
    world, tenant = unseen(product, START + days(1))
    expected = forecast(world.tenant(tenant), world.agreement)
    assert [(each.kind, each.at, each.clause) for each in told(world, tenant).coming] == [
        (each.kind.value, each.at, each.clause) for each in expected
    ]


def test_the_present_is_neither_past_nor_future_and_needs_no_instant() -> None:
    world, tenant = unseen("kalo", START + days(2))
    now = told(world, tenant)
    assert (now.tense, now.at, now.happened) == (Tense.PRESENT, START + days(2), None)
    assert now == told(world, tenant, START + days(2))


def test_a_past_day_tells_what_did_happen_next_and_what_was_to_be_expected_then() -> None:
    life, tenant = lived("kalo", START + days(5))
    life.desk.close(tenant.id, Closing.TERMINATION, by="user:owner")
    life.run_to(START + days(10))
    then = told(life, tenant, START + days(5) - SECOND)
    assert then.happened
    assert (then.happened.event, then.happened.at) == (Event.CLOSED, START + days(5))
    assert kinds(then)[-1] == DeadlineKind.PURGE
    assert then.coming[-1].at == START + days(60)
    assert told(life, tenant, START + days(5)).coming[-1].at == START + days(65)


def test_what_nobody_had_carried_out_yet_is_not_told_as_what_happened_next() -> None:
    world, tenant = unseen("kalo", START + days(31))
    world.catch_up(tenant)
    then = told(world, tenant, START + days(30) + SECOND)
    assert (then.phase, then.happened) == (Phase.DEACTIVATED, None)


# --- before the registration, and after the purge ---------------------------------------------------------


def test_before_the_registration_there_was_no_phase_and_no_access() -> None:
    world, tenant = unseen("kalo", START + days(3))
    before = told(world, tenant, START - SECOND)
    assert (before.tense, before.phase, before.because, before.access) == (
        Tense.PAST,
        None,
        None,
        Access.NONE,
    )
    assert before.narrowed == Reason("the account had not registered yet", None)
    assert before.happened
    assert (before.happened.event, before.happened.at) == (Event.REGISTERED, START)
    assert told(world, tenant, START).phase is Phase.TRIAL


@pytest.mark.clause("KALO-10")
def test_a_purge_that_only_time_brings_is_foreseen_to_the_second() -> None:
    world, tenant = unseen("kalo", START)
    before, after = (told(world, tenant, START + days(60) + offset) for offset in (-SECOND, 0 * SECOND))
    assert (before.phase, kinds(before)) == (Phase.DEACTIVATED, ["purge"])
    assert (after.phase, after.access, after.coming) == (Phase.PURGED, Access.NONE, ())
    assert after.narrowed == Reason("nothing was paid in the time the data is kept", "KALO-10")


def test_an_overdue_purge_has_not_happened_before_it_is_committed() -> None:
    world, tenant = unseen("kalo", START + days(60))
    world.send_all()
    # The warning was late as well, so its waiting time comes first.
    world.catch_up(tenant)
    world.send_all()
    world.clock.time += days(3)
    now = told(world, tenant)
    assert (now.phase, kinds(now), now.coming[0].at) == (Phase.DEACTIVATED, ["purge"], world.clock.time)
    assert told(world, tenant, world.clock.time + SECOND).phase is Phase.PURGED


def test_after_the_purge_the_ledger_answers_and_what_was_before_is_gone() -> None:
    life, tenant = lived("kalo", START + days(70))
    at = START + days(60)
    gone = told(life, tenant, at)
    assert (gone.tense, gone.phase, gone.access, gone.coming) == (Tense.PAST, Phase.PURGED, Access.NONE, ())
    assert gone.because
    assert (gone.because.at, gone.because.clause) == (at, "KALO-10")
    assert told(life, tenant).tense is Tense.PRESENT
    assert told(life, tenant, START + days(999)).tense is Tense.FUTURE
    with pytest.raises(Gone) as refused:
        told(life, tenant, at - SECOND)
    assert refused.value.details == {
        "tenant_id": tenant.id,
        "purged_at": "2026-04-01T08:00:00Z",
        "clause": "KALO-10",
    }


def test_while_the_purge_is_at_work_the_ledger_answers_already() -> None:
    world, tenant = unseen("kalo", START)
    world.live_until_purge(tenant)
    assert world.tenant(tenant).phase is Phase.PURGED
    assert told(world, tenant).because == told(world, tenant, START + days(90)).because
    world.table.ledger.clear()
    with pytest.raises(Gone):
        told(world, tenant)


def test_nobody_is_explained_who_never_was() -> None:
    with pytest.raises(NotFound):
        desk(World()).explain("t_nobody")


@pytest.mark.parametrize("years", [-101, 101])
def test_no_calendar_counts_for_ever(years: int) -> None:
    world, tenant = unseen("kalo", START)
    with pytest.raises(InvalidInput) as refused:
        told(world, tenant, START.replace(day=1, year=START.year + years))
    assert refused.value.field == "at"
    told(world, tenant, START.replace(day=1, year=START.year + 100))


# --- each fact with its reason ----------------------------------------------------------------------------


@pytest.mark.clause("KALO-18")
def test_a_block_is_told_with_its_reason_from_its_first_second_to_before_its_last() -> None:
    world, tenant = unseen("kalo", START + days(1))
    until = START + days(3)
    world.desk.restrict(tenant.id, RestrictionKind.BLOCKED, "as found", "KALO-18", until, by="operator:o")
    found = [told(world, tenant, START + days(1) + offset) for offset in (-SECOND, 0 * SECOND)]
    ahead = [told(world, tenant, until + offset) for offset in (-SECOND, 0 * SECOND)]
    for before, during in (found, reversed(ahead)):
        assert (before.access, before.narrowed, before.restrictions) == (Access.FULL, None, ())
        assert (during.access, during.narrowed) == (Access.NONE, Reason("as found", "KALO-18"))
        assert [each.kind for each in during.restrictions] == [RestrictionKind.BLOCKED]


@pytest.mark.clause("KALO-22")
def test_a_hold_keeps_the_deletion_away_for_as_long_as_it_is_there() -> None:
    world, tenant = unseen("kalo", START + days(1))
    held = world.desk.place_hold(tenant.id, "an order", "court 1", "KALO-22", by="operator:o")
    for at in (START + days(1), START + days(900)):
        assert told(world, tenant, at).holds == held.holds
    assert told(world, tenant, START + days(900)).phase is Phase.DEACTIVATED
    assert "purge" not in kinds(told(world, tenant))
    assert told(world, tenant, START + days(1) - SECOND).holds == ()


def test_an_open_matter_is_told_with_what_opened_it_and_until_it_ends() -> None:
    world, tenant = unseen("kalo", START + days(1))
    placed = world.paid_order(tenant, months(1), "starter")
    world.clock.time += days(0.5)
    world.order(tenant, months(1), "starter")
    world.clock.time += days(0.5)
    world.come_back(placed)
    world.clock.time += days(1)
    matters = told(world, tenant, START + days(2) - SECOND).matters
    open_then = {each.name: each.because for each in matters}
    cause = open_then.pop(f"payment:{placed.payment.id}")
    [later] = open_then.values()
    assert {each.due_at for each in matters} == {None}
    assert (cause.event, cause.at, cause.clause) == (Event.ORDER_PLACED, START + days(1), "KALO-33")
    assert (later.event, later.at) == (Event.ORDER_PLACED, START + days(1.5))
    assert len(told(world, tenant, START + days(2)).matters) == 1
    paid = told(world, tenant, START + days(2)).because
    assert paid
    assert (paid.event, paid.clause) == (Event.TERM_GRANTED, "KALO-33")


@pytest.mark.clause("KALLU-9")
def test_a_request_is_told_with_its_answers_date_which_moves_and_stands_with_its_clock() -> None:
    life, tenant = lived("kallu", START + days(1))
    request = life.request_desk.receive(tenant.id, Right.ACCESS, "because", "user:owner")
    life.run_to(START + days(2))
    life.request_desk.ask_identity(tenant.id, request.id, "operator:o")
    life.run_to(START + days(5))
    life.request_desk.confirm_identity(tenant.id, request.id, "operator:o")
    life.run_to(START + days(6))

    def due(at: datetime) -> datetime | None:
        [matter] = told(life, tenant, at).matters
        assert matter.because.event is Event.DATA_REQUESTED
        return matter.due_at

    assert due(START + days(2) - SECOND) == START + days(31)
    assert due(START + days(2)) is due(START + days(5) - SECOND) is None
    assert due(START + days(5)) == START + days(34)


def test_what_forbids_a_purge_today_is_decided_by_then() -> None:
    world, tenant = unseen("kalo", START + days(1))
    world.order(tenant, months(1), "starter")
    assert told(world, tenant, START + days(59)).matters != ()
    assert told(world, tenant, START + days(60)).matters == ()
    assert told(world, tenant, START + days(60)).phase is Phase.PURGED


@pytest.mark.clause("SAMAN-2.6")
def test_a_withdrawal_is_told_by_its_own_clause() -> None:
    life, tenant = lived("saman360", START + days(2))
    life.refund_desk.withdraw(tenant.id, "user:owner", data_taken=True)
    now = told(life, tenant)
    assert now.narrowed == Reason("the customer withdrew in time", "SAMAN-2.6")
    assert now.coming[-1].clause == "SAMAN-2.6"


@pytest.mark.clause("CLUB-5")
def test_a_restoration_is_why_nothing_can_be_written() -> None:
    world, tenant = unseen("customer_club", START + days(1))
    backup = world.work(world.backup_desk.begin(tenant.id, "user:owner"))
    world.backup_desk.restore(tenant.id, "user:owner", backup_id=backup.id, overwrite=True)
    now = told(world, tenant)
    assert now.access is Access.READ_ONLY
    assert now.narrowed == Reason("damaged data is to be taken from a backup", "CLUB-5")


@pytest.mark.clause("KALLU-8")
def test_terms_that_are_not_accepted_bar_the_way_from_their_own_second() -> None:
    world, tenant = unseen("kallu", START + days(1))
    effective_at = START + days(20)
    publish(world, effective_at, rules=None, must_accept=MustAccept.EVERYONE)
    for now in (START + days(1), START + days(30)):
        world.clock.time = now
        before, after = (told(world, tenant, effective_at + offset) for offset in (-SECOND, 0 * SECOND))
        assert (before.access, before.restrictions) == (Access.FULL, ())
        assert after.access is Access.READ_ONLY
        assert after.narrowed == Reason("version new has to be accepted", "KALLU-8")


# --- the product's end ------------------------------------------------------------------------------------


@pytest.mark.clause("KALO-9")
def test_a_products_end_is_foreseen_from_its_plan_on() -> None:
    life, tenant = lived("kalo", START + days(1))
    life.buy(tenant, months(12), "starter")
    ends_at = START + days(60)
    life.run_to(START + days(2))
    life.wind_down_desk.plan("kalo", ends_at, WHY, "operator:o")
    planned = told(life, tenant)
    assert kinds(planned) == [END_OF_PRODUCT, "warn_of_deletion", "deactivate", "purge"]
    assert (planned.coming[0].at, planned.coming[0].clause) == (ends_at, "KALO-9")
    # Who asks for a day before the plan hears what was to be expected then.
    assert END_OF_PRODUCT not in kinds(told(life, tenant, START + days(2) - SECOND))
    before, after = (told(life, tenant, ends_at + offset) for offset in (-SECOND, 0 * SECOND))
    assert (before.phase, after.phase) == (Phase.ACTIVE, Phase.READ_ONLY)
    assert after.narrowed == Reason("the product has come to its end", "KALO-9")
    # It reaches the customers one after the other: nobody is told of it before it has.
    life.clock.time = ends_at
    assert (told(life, tenant).phase, kinds(told(life, tenant))[0]) == (Phase.ACTIVE, END_OF_PRODUCT)
    life.run_to(ends_at + days(1))
    assert told(life, tenant).phase is Phase.READ_ONLY
    assert END_OF_PRODUCT not in kinds(told(life, tenant))


def test_what_falls_due_with_the_products_end_comes_before_it() -> None:
    life, tenant = lived("kalo", START)
    life.wind_down_desk.plan("kalo", START + days(30), WHY, "operator:o")
    assert kinds(told(life, tenant))[2:] == [
        "end_trial",
        END_OF_PRODUCT,
        "warn_of_deletion",
        "deactivate",
        "purge",
    ]


def test_a_products_end_does_not_concern_who_closed_the_account() -> None:
    life, tenant = lived("kalo", START + days(1))
    life.wind_down_desk.plan("kalo", START + days(50), WHY, "operator:o")
    life.desk.close(tenant.id, Closing.TERMINATION, by="user:owner")
    assert kinds(told(life, tenant)) == ["warn_of_deletion", "purge"]


def test_a_products_end_that_was_given_up_does_not_come() -> None:
    life, tenant = lived("kalo", START + days(1))
    expected = kinds(told(life, tenant))
    life.wind_down_desk.plan("kalo", START + days(50), WHY, "operator:o")
    assert kinds(told(life, tenant)) != expected
    life.wind_down_desk.cancel("kalo", "operator:o")
    assert kinds(told(life, tenant)) == expected
