"""Support: the deadlines of each severity, written out by hand, and all that moves or stops them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mohlat.agreements import loader
from mohlat.calendar.jalali import JALALI
from mohlat.domain import helpdesk as supporting
from mohlat.domain.agreement import HelpRule, Severity, Step
from mohlat.domain.durations import Duration
from mohlat.domain.errors import Conflict, InvalidInput
from mohlat.domain.helpdesk import Charge, Ground, StepDeadline, Support
from mohlat.domain.tickets import Ticket, TicketKind
from mohlat.domain.working_time import NOTHING_DECLARED, Declared, Interval, WorkingTime

TEHRAN = ZoneInfo("Asia/Tehran")
SECOND = timedelta(seconds=1)
SAMAN = loader.load("saman360")
CRITICAL, MAJOR, NORMAL, OTHER = Severity.CRITICAL, Severity.MAJOR, Severity.NORMAL, Severity.OTHER
USUAL = NOTHING_DECLARED
UNPLANNED = Declared(frozenset({date(2026, 11, 23)}))


def rule() -> HelpRule:
    assert SAMAN.support
    return SAMAN.support


def at(text: str) -> datetime:
    """An instant by Tehran's clock, with or without seconds."""
    return datetime.fromisoformat(text).replace(tzinfo=TEHRAN).astimezone(UTC)


def hours(declared: Declared = NOTHING_DECLARED) -> WorkingTime:
    return rule().working_time(JALALI, declared)


def request(severity: Severity = CRITICAL) -> Support:
    return Support(SAMAN.version, severity)


def due(support: Support, opened: str, declared: Declared = NOTHING_DECLARED) -> dict[str, datetime]:
    found = supporting.deadlines(support, rule(), hours(declared), at(opened))
    return {deadline.step.value: deadline.due_at for deadline in found}


# When a request was registered (Tehran), what was declared, and what is promised of it by severity. The step
# in the middle is the recovery, review (of a normal fault) or estimate (of what is no fault).
INSIDE = "2026-11-22 10:00"  # a Sunday
BEFORE = "2026-11-22 07:00"
AFTER = "2026-11-22 16:00"
THURSDAY = "2026-11-26 10:00"
FRIDAY = "2026-11-27 23:59:59"
NOWRUZ = "2026-03-21 10:00"  # 1 Farvardin 1405, a Saturday; 5 Farvardin is a Wednesday
PROMISED = [
    (INSIDE, USUAL, CRITICAL, "2026-11-22 12:00", "2026-11-23 10:00", "2026-11-25 10:00"),
    (INSIDE, USUAL, MAJOR, "2026-11-22 14:00", "2026-11-24 10:00", "2026-11-30 10:00"),
    (INSIDE, USUAL, NORMAL, "2026-11-23 10:00", "2026-11-25 10:00", None),
    (INSIDE, USUAL, OTHER, "2026-11-24 10:00", "2026-12-02 10:00", None),
    (BEFORE, USUAL, CRITICAL, "2026-11-22 10:00", "2026-11-22 16:00", "2026-11-24 16:00"),
    (BEFORE, USUAL, MAJOR, "2026-11-22 12:00", "2026-11-23 16:00", "2026-11-29 16:00"),
    (BEFORE, USUAL, NORMAL, "2026-11-22 16:00", "2026-11-24 16:00", None),
    (BEFORE, USUAL, OTHER, "2026-11-23 16:00", "2026-12-01 16:00", None),
    (AFTER, USUAL, CRITICAL, "2026-11-23 10:00", "2026-11-23 16:00", "2026-11-25 16:00"),
    (AFTER, USUAL, MAJOR, "2026-11-23 12:00", "2026-11-24 16:00", "2026-11-30 16:00"),
    (AFTER, USUAL, NORMAL, "2026-11-23 16:00", "2026-11-25 16:00", None),
    (AFTER, USUAL, OTHER, "2026-11-24 16:00", "2026-12-02 16:00", None),
    (THURSDAY, USUAL, CRITICAL, "2026-11-28 10:00", "2026-11-28 16:00", "2026-11-30 16:00"),
    (THURSDAY, USUAL, MAJOR, "2026-11-28 12:00", "2026-11-29 16:00", "2026-12-05 16:00"),
    (THURSDAY, USUAL, NORMAL, "2026-11-28 16:00", "2026-11-30 16:00", None),
    (THURSDAY, USUAL, OTHER, "2026-11-29 16:00", "2026-12-07 16:00", None),
    (FRIDAY, USUAL, CRITICAL, "2026-11-28 10:00", "2026-11-28 16:00", "2026-11-30 16:00"),
    (FRIDAY, USUAL, MAJOR, "2026-11-28 12:00", "2026-11-29 16:00", "2026-12-05 16:00"),
    (FRIDAY, USUAL, NORMAL, "2026-11-28 16:00", "2026-11-30 16:00", None),
    (FRIDAY, USUAL, OTHER, "2026-11-29 16:00", "2026-12-07 16:00", None),
    (NOWRUZ, USUAL, CRITICAL, "2026-03-25 10:00", "2026-03-25 16:00", "2026-03-29 16:00"),
    # 12 Farvardin, a Wednesday, is a holiday too.
    (NOWRUZ, USUAL, MAJOR, "2026-03-25 12:00", "2026-03-28 16:00", "2026-04-04 16:00"),
    (NOWRUZ, USUAL, NORMAL, "2026-03-25 16:00", "2026-03-29 16:00", None),
    (NOWRUZ, USUAL, OTHER, "2026-03-28 16:00", "2026-04-06 16:00", None),
    # The Monday after INSIDE is declared a holiday.
    (INSIDE, UNPLANNED, CRITICAL, "2026-11-22 12:00", "2026-11-24 10:00", "2026-11-28 10:00"),
    (INSIDE, UNPLANNED, MAJOR, "2026-11-22 14:00", "2026-11-25 10:00", "2026-12-01 10:00"),
    (INSIDE, UNPLANNED, NORMAL, "2026-11-24 10:00", "2026-11-28 10:00", None),
    (INSIDE, UNPLANNED, OTHER, "2026-11-25 10:00", "2026-12-05 10:00", None),
]
SECOND_STEP = {CRITICAL: "recovery", MAJOR: "recovery", NORMAL: "review", OTHER: "estimate"}


@pytest.mark.clause("SAMAN-4.2.2")
@pytest.mark.clause("SAMAN-4.2.3")
@pytest.mark.parametrize(("opened", "declared", "severity", "answer", "second", "fix"), PROMISED)
def test_each_severity_has_its_deadlines_from_the_registration_on(
    opened: str, declared: Declared, severity: Severity, answer: str, second: str, fix: str | None
) -> None:
    expected = {"answer": at(answer), SECOND_STEP[severity]: at(second)}
    if fix:
        expected["fix"] = at(fix)
    assert due(request(severity), opened, declared) == expected


@pytest.mark.clause("SAMAN-4.2.2")
def test_the_table_has_every_severity_at_every_time_and_a_normal_fault_is_mended_with_the_next_version() -> (
    None
):
    assert {(row[0], row[1], row[2]) for row in PROMISED} == {
        (opened, declared, severity)
        for opened, declared in {(row[0], row[1]) for row in PROMISED}
        for severity in Severity
    }
    normal = rule().level(NORMAL)
    assert normal
    assert normal.steps[-1].step is Step.FIX
    assert normal.steps[-1].within is None
    assert {level.basis.clause for level in rule().levels} == {"SAMAN-4.2.2"}


@pytest.mark.clause("SAMAN-4.2.3")
def test_a_second_before_the_office_closes_counts_and_at_closing_the_next_day_begins() -> None:
    assert due(request(), "2026-11-22 15:59:59")["answer"] == at("2026-11-23 09:59:59")
    assert due(request(), "2026-11-22 16:00:00")["answer"] == at("2026-11-23 10:00:00")
    assert due(request(), "2026-11-22 07:59:59")["answer"] == at("2026-11-22 10:00:00")
    assert due(request(), "2026-11-22 08:00:01")["answer"] == at("2026-11-22 10:00:01")


def test_kalos_help_is_answered_in_two_working_days_and_has_no_other_severity() -> None:
    kalo = loader.load("kalo").support
    assert kalo
    found = supporting.deadlines(Support("1", OTHER), kalo, kalo.working_time(JALALI), at("2026-11-22 10:00"))
    assert [(each.step, each.due_at, each.clause) for each in found] == [
        (Step.ANSWER, at("2026-11-24 10:00"), "KALO-11")
    ]
    with pytest.raises(InvalidInput) as refused:
        supporting.at_severity(Support("1", OTHER), kalo, CRITICAL)
    assert refused.value.details["allowed"] == ["other"]


def test_what_nobody_has_graded_is_the_mildest_that_the_agreement_knows() -> None:
    assert rule().mildest is OTHER
    assert replace(rule(), levels=tuple(reversed(rule().levels[:3]))).mildest is NORMAL


@pytest.mark.clause("KALO-11")
def test_kalo_sells_training_and_makes_no_new_features() -> None:
    kalo = loader.load("kalo").support
    assert kalo
    known = {topic: supporting.covered(kalo, topic) for topic in ("training", "new_feature", "help")}
    assert {topic: each and (each.extra, each.basis.cite()) for topic, each in known.items()} == {
        "training": ("training", "KALO-11"),
        "new_feature": (None, "KALO-11"),
        "help": None,
    }


# --- warned, missed -----------------------------------------------------------------------------------------


def ring(
    support: Support, opened: str, now: datetime, declared: Declared = NOTHING_DECLARED
) -> tuple[Support, StepDeadline | None, bool]:
    return supporting.rung(support, rule(), hours(declared), at(opened), now)


@pytest.mark.clause("SAMAN-4.2.2")
def test_operators_are_called_an_hour_before_a_deadline_and_it_is_missed_when_it_comes() -> None:
    opened, warn, answer = "2026-11-22 10:00", at("2026-11-22 11:00"), at("2026-11-22 12:00")
    fresh = supporting.scheduled(request(), rule(), hours(), at(opened))
    assert fresh.wakes_at == warn
    assert ring(fresh, opened, warn - SECOND) == (fresh, None, False)

    warned, deadline, missed = ring(fresh, opened, warn)
    assert deadline
    assert (deadline.step, deadline.due_at, deadline.clause, missed) == (
        Step.ANSWER,
        answer,
        "SAMAN-4.2.2",
        False,
    )
    assert (warned.warned, warned.missed, warned.wakes_at) == ({Step.ANSWER: answer}, {}, answer)
    assert ring(warned, opened, answer - SECOND) == (warned, None, False)

    late, deadline, missed = ring(warned, opened, answer)
    assert deadline
    assert (deadline.step, missed) == (Step.ANSWER, True)
    assert late.missed == {Step.ANSWER: answer}
    # Next comes the warning of the recovery, which is due on Monday at ten.
    assert late.wakes_at == at("2026-11-23 09:00")
    assert ring(late, opened, answer) == (late, None, False)


@pytest.mark.clause("SAMAN-4.2.2")
@pytest.mark.clause("SAMAN-4.2.3")
@pytest.mark.parametrize(("opened", "declared", "severity", "answer", "second", "fix"), PROMISED)
def test_each_deadline_is_kept_a_second_before_it_and_missed_when_it_comes(
    opened: str, declared: Declared, severity: Severity, answer: str, second: str, fix: str | None
) -> None:
    for promised in filter(None, (answer, second, fix)):
        missed: list[set[datetime]] = []
        for now in (at(promised) - SECOND, at(promised), at(promised) + SECOND):
            support, found = request(severity), True
            while found:
                support, deadline, _ = ring(support, opened, now, declared)
                found = deadline is not None
            missed.append(set(support.missed.values()))
        assert [at(promised) in each for each in missed] == [False, True, True]


def test_what_nobody_warned_of_is_missed_all_the_same_one_after_another() -> None:
    opened, now = "2026-11-22 10:00", at("2026-11-25 10:00")
    steps = []
    support = request()
    while True:
        support, deadline, missed = ring(support, opened, now)
        if deadline is None:
            break
        steps.append((deadline.step, missed))
    assert steps == [(Step.ANSWER, True), (Step.RECOVERY, True), (Step.FIX, True)]
    assert support.wakes_at is None


def test_a_deadline_that_moved_is_warned_of_and_missed_again() -> None:
    opened = "2026-11-22 15:30"
    first = at("2026-11-23 09:30")
    warned, _, _ = ring(request(), opened, first - SECOND)
    assert warned.warned == {Step.ANSWER: first}

    moved = supporting.scheduled(warned, rule(), hours(UNPLANNED), at(opened))
    assert moved.wakes_at == at("2026-11-24 08:30")
    again, deadline, missed = ring(moved, opened, at("2026-11-24 08:30"), UNPLANNED)
    assert deadline
    assert (again.warned, missed) == ({Step.ANSWER: at("2026-11-24 09:30")}, False)


def test_a_deadline_that_is_shorter_than_its_warning_warns_at_once() -> None:
    long_warning = replace(rule(), warn_before=Duration(seconds=3 * 3600))
    opened = at("2026-11-22 07:00")
    (first, *_) = supporting.deadlines(request(), long_warning, hours(), opened)
    assert (first.step, first.warn_at) == (Step.ANSWER, at("2026-11-22 08:00"))


# --- steps, waits, severity ---------------------------------------------------------------------------------


def test_a_step_that_is_done_has_no_deadline_any_more() -> None:
    support = supporting.answered(request(), at("2026-11-22 11:00"))
    assert due(support, INSIDE).keys() == {"recovery", "fix"}
    assert supporting.answered(support, at("2026-11-22 15:00")).done == {Step.ANSWER: at("2026-11-22 11:00")}

    recovered = supporting.step_done(support, rule(), Step.RECOVERY, at("2026-11-22 12:00"))
    assert due(recovered, INSIDE).keys() == {"fix"}
    with pytest.raises(Conflict):
        supporting.step_done(recovered, rule(), Step.RECOVERY, at("2026-11-22 13:00"))
    with pytest.raises(InvalidInput) as refused:
        supporting.step_done(recovered, rule(), Step.ESTIMATE, at("2026-11-22 13:00"))
    assert refused.value.details["allowed"] == ["answer", "recovery", "fix"]
    mended = supporting.step_done(recovered, rule(), Step.FIX, at("2026-11-22 14:00"))
    assert due(mended, INSIDE) == {}


def test_no_step_belongs_to_a_severity_that_the_agreement_does_not_know() -> None:
    unknown = replace(rule(), levels=())
    assert supporting.deadlines(request(), unknown, hours(), at(INSIDE)) == ()
    with pytest.raises(InvalidInput):
        supporting.step_done(request(), unknown, Step.ANSWER, at(INSIDE))


@pytest.mark.clause("SAMAN-4.2.2")
def test_the_clock_stands_still_while_the_customer_has_to_answer_and_then_goes_on() -> None:
    support = supporting.answered(request(), at("2026-11-22 10:30"))
    standing = supporting.waiting(support, at("2026-11-22 11:00"))
    assert due(standing, INSIDE) == {}
    assert supporting.scheduled(standing, rule(), hours(), at(INSIDE)).wakes_at is None
    with pytest.raises(Conflict):
        supporting.waiting(standing, at("2026-11-22 12:00"))

    # From eleven to the next day's noon: five hours of Sunday and four of Monday.
    going = supporting.resumed(standing, at("2026-11-23 12:00"))
    assert going.waits == (Interval(at("2026-11-22 11:00"), at("2026-11-23 12:00")),)
    # Seven hours were left of the eight: until Monday at 16:00, and three of Tuesday.
    assert due(going, INSIDE)["recovery"] == at("2026-11-24 11:00")
    assert supporting.resumed(going, at("2026-11-24 12:00")) == going
    assert supporting.resumed(standing, at("2026-11-22 11:00")).waits == ()


@pytest.mark.clause("SAMAN-4.2.2")
def test_another_severity_counts_from_the_registration_too() -> None:
    raised = supporting.at_severity(request(NORMAL), rule(), CRITICAL)
    assert due(raised, INSIDE)["answer"] == at("2026-11-22 12:00")
    assert due(supporting.at_severity(raised, rule(), NORMAL), INSIDE)["answer"] == at("2026-11-23 10:00")


# --- what costs ---------------------------------------------------------------------------------------------


@pytest.mark.clause("SAMAN-4.2.4")
def test_what_was_no_fault_loses_its_deadlines_and_the_time_is_billed() -> None:
    now = at("2026-11-22 11:00")
    dropped = supporting.not_a_bug(request(MAJOR), rule(), SAMAN, 90, now)

    assert due(dropped, INSIDE) == {}
    assert supporting.scheduled(dropped, rule(), hours(), at(INSIDE)).wakes_at is None
    # An hour and a half at 600,000 tomans, and a tenth of it as tax.
    assert dropped.charges == (
        Charge(Ground.NOT_A_BUG, 90, "support_time", 9_900_000, 900_000, "SAMAN-4.2.4", now),
    )
    for support in (dropped, request(OTHER)):
        with pytest.raises(Conflict):
            supporting.not_a_bug(support, rule(), SAMAN, 90, now)
    with pytest.raises(Conflict):
        supporting.not_a_bug(request(), replace(rule(), not_a_bug=None), SAMAN, 90, now)


@pytest.mark.clause("SAMAN-4.2.3")
def test_work_outside_the_hours_is_billed_where_the_customer_asked_for_it() -> None:
    now = at("2026-11-22 20:00")
    asked = replace(request(), outside_hours=True)
    worked = supporting.worked_outside_hours(asked, rule(), SAMAN, 60, now)
    assert [(charge.amount, charge.clause) for charge in worked.charges] == [(6_600_000, "SAMAN-4.2.3")]
    # Its deadlines stay what they are.
    assert due(worked, INSIDE) == due(request(), INSIDE)
    with pytest.raises(Conflict):
        supporting.worked_outside_hours(request(), rule(), SAMAN, 60, now)
    with pytest.raises(Conflict):
        supporting.worked_outside_hours(asked, replace(rule(), outside_hours=None), SAMAN, 60, now)


def test_nothing_is_billed_before_an_hour_has_a_price() -> None:
    with pytest.raises(Conflict):
        supporting.not_a_bug(request(), rule(), SAMAN, 60, datetime(2020, 1, 1, tzinfo=UTC))


# --- a ticket of this kind ----------------------------------------------------------------------------------


def test_a_ticket_for_support_wakes_when_its_request_does_and_never_once_it_is_closed() -> None:
    opened = at(INSIDE)
    support = supporting.scheduled(request(), rule(), hours(), opened)
    ticket = Ticket(
        "k_1", "t_1", "saman360", TicketKind.SUPPORT, "k_1", opened, opened, "SAMAN-4.2.2", support=support
    )
    assert ticket.wakes_at == at("2026-11-22 11:00")
    assert replace(ticket, closed_at=opened).wakes_at is None
    assert replace(ticket, support=replace(support, wakes_at=None)).wakes_at is None
