"""Support: who may ask, what is promised, what is missed, and what an operator does about it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from mohlat.application.dispatch_entry import dispatch_ticket
from mohlat.application.handle_tickets import Ending
from mohlat.application.serve_support import Wish
from mohlat.domain.agreement import Severity, Step
from mohlat.domain.errors import (
    ConcurrentChange,
    Conflict,
    InvalidInput,
    NotFound,
    SupportManagerOnly,
    SupportNotCovered,
)
from mohlat.domain.helpdesk import Ground
from mohlat.domain.journal import Entry
from mohlat.domain.lifecycle import Event
from mohlat.domain.people import Role
from mohlat.domain.staff import ContactChannel
from mohlat.domain.tenant import Closing, Tenant, iso
from mohlat.domain.tickets import Ticket, TicketKind
from mohlat.domain.working_time import DayKind
from tests.application.desks import IP, Office
from tests.builders import SECOND, days

TEHRAN = ZoneInfo("Asia/Tehran")
NIMA, OWNER, USER = "operator:nima", "user:u_1", "user:u_2"
CRITICAL, MAJOR, NORMAL, OTHER = Severity.CRITICAL, Severity.MAJOR, Severity.NORMAL, Severity.OTHER


def at(text: str) -> datetime:
    """An instant by Tehran's clock."""
    return datetime.fromisoformat(text).replace(tzinfo=TEHRAN).astimezone(UTC)


SUNDAY = at("2026-11-22 10:00")


def office(product: str = "saman360") -> tuple[Office, Tenant]:
    """A product's office with one customer, on a Sunday at ten."""
    stage = Office(product)
    stage.clock.time = SUNDAY
    return stage, stage.register()


def ask(stage: Office, tenant: Tenant, severity: Severity | None = CRITICAL, **wish: object) -> Ticket:
    """The owner asks for help."""
    asked = Wish("nothing works", severity, **wish)  # type: ignore[arg-type]
    return stage.support.open(tenant.id, asked, OWNER, Role.OWNER)


def now_is(stage: Office, text: str) -> None:
    stage.clock.time = at(text)


def entries(stage: Office, tenant: Tenant, event: Event) -> list[Entry]:
    return [entry for entry in stage.tenants.journal(tenant.id) if entry.event is event]


def wakes(stage: Office, ticket: Ticket) -> datetime | None:
    return stage.books.ticket(ticket.tenant_id, ticket.id).wakes_at


# --- asking -------------------------------------------------------------------------------------------------


@pytest.mark.clause("SAMAN-4.2.2")
def test_a_request_is_registered_with_its_next_deadline_in_the_journal() -> None:
    stage, tenant = office()
    ticket = ask(stage, tenant)
    assert (ticket.kind, ticket.clause, ticket.version) == (TicketKind.SUPPORT, "SAMAN-4.2.2", 1)
    assert (ticket.due_at, ticket.wakes_at) == (at("2026-11-22 12:00"), at("2026-11-22 11:00"))
    (entry,) = entries(stage, tenant, Event.TICKET_OPENED)
    assert (entry.clause, entry.by) == ("SAMAN-4.2.2", OWNER)
    assert entry.facts == {
        "ticket_id": ticket.id,
        "kind": "support",
        "severity": "critical",
        "due_at": iso(at("2026-11-22 12:00")),
    }
    assert stage.books.words(tenant.id, ticket.id) == "nothing works"
    assert stage.books.ticket(tenant.id, ticket.id) == ticket


def test_without_a_severity_it_is_no_fault() -> None:
    stage, tenant = office()
    ticket = ask(stage, tenant, None)
    assert ticket.support
    assert (ticket.support.severity, ticket.due_at) == (OTHER, at("2026-11-24 10:00"))


@pytest.mark.clause("SAMAN-4.2.6")
def test_saman_serves_the_manager_and_sends_everybody_else_there() -> None:
    stage, tenant = office()
    with pytest.raises(SupportManagerOnly) as refused:
        stage.support.open(tenant.id, Wish("help"), USER, Role.USER)
    assert refused.value.details == {"clause": "SAMAN-4.2.6"}
    ticket = ask(stage, tenant)
    for attempt in (
        lambda: stage.support.reply(tenant.id, ticket.id, "me too", USER, Role.USER),
        lambda: stage.support.conversation(tenant.id, ticket.id, USER, Role.USER),
    ):
        with pytest.raises(SupportManagerOnly):
            attempt()
    assert len(entries(stage, tenant, Event.TICKET_OPENED)) == 1


def test_kalo_serves_its_users_too_each_with_their_own_requests() -> None:
    stage, tenant = office("kalo")
    mine = stage.support.open(tenant.id, Wish("how do I print?"), USER, Role.USER)
    owners = ask(stage, tenant, None)
    assert stage.support.of(tenant.id, USER, Role.USER) == [mine]
    assert stage.support.of(tenant.id, OWNER, Role.OWNER) == [owners, mine]
    assert stage.support.conversation(tenant.id, mine.id, USER, Role.USER)[1] == "how do I print?"
    assert stage.support.conversation(tenant.id, mine.id, OWNER, Role.OWNER)[0] == mine
    with pytest.raises(NotFound):
        stage.support.conversation(tenant.id, owners.id, USER, Role.USER)
    with pytest.raises(NotFound):
        stage.support.reply(tenant.id, owners.id, "and?", USER, Role.USER)


@pytest.mark.clause("KALO-11")
def test_kalos_help_costs_nothing_and_new_features_and_training_are_no_part_of_it() -> None:
    stage, tenant = office("kalo")
    ticket = ask(stage, tenant, None)
    assert ticket.clause == "KALO-11"
    refusals = {}
    for topic in ("training", "new_feature", "visit"):
        with pytest.raises(SupportNotCovered) as refused:
            ask(stage, tenant, None, topic=topic)
        refusals[topic] = refused.value.details
    assert refusals == {
        "training": {"topic": "training", "clause": "KALO-11", "extra": "training"},
        "new_feature": {"topic": "new_feature", "clause": "KALO-11"},
        "visit": {"topic": "visit", "clause": "KALO-11"},
    }
    # Nobody can be billed for an answer: there is no price for it.
    with pytest.raises(Conflict):
        stage.support.not_a_bug(tenant.id, ticket.id, 60, "no fault", NIMA)
    assert stage.books.postings(tenant.id) == []


@pytest.mark.clause("SAMAN-4.4")
def test_saman_sells_training_and_tailoring_instead() -> None:
    stage, tenant = office()
    with pytest.raises(SupportNotCovered) as refused:
        ask(stage, tenant, None, topic="customization")
    assert refused.value.details == {
        "topic": "customization",
        "clause": "SAMAN-4.4",
        "extra": "customization",
    }
    with pytest.raises(InvalidInput) as unknown:
        ask(stage, tenant, None, topic="gardening")
    assert unknown.value.field == "topic"


def test_what_the_agreement_does_not_know_is_refused() -> None:
    stage, tenant = office("kalo")
    with pytest.raises(InvalidInput) as severity:
        ask(stage, tenant, CRITICAL)
    assert (severity.value.field, severity.value.details["allowed"]) == ("severity", ["other"])
    with pytest.raises(InvalidInput) as outside:
        ask(stage, tenant, None, outside_hours=True)
    assert outside.value.field == "outside_hours"
    without, customer = office("kallu")
    with pytest.raises(Conflict):
        ask(without, customer, None)


def test_a_closed_account_has_no_support() -> None:
    stage, tenant = office()
    stage.desk.close(tenant.id, Closing.TERMINATION, OWNER)
    with pytest.raises(Conflict):
        ask(stage, tenant)


def test_a_race_while_opening_is_run_again() -> None:
    stage, tenant = office()
    stage.tenants.lose = 1
    assert ask(stage, tenant).version == 1


def test_card_numbers_do_not_rest_in_tickets() -> None:
    stage, tenant = office()
    card = "6037991234567893"
    ticket = stage.support.open(tenant.id, Wish(f"paid with {card}"), OWNER, Role.OWNER)
    stage.support.reply(tenant.id, ticket.id, f"it was {card}", OWNER, Role.OWNER)
    stage.support.answer(tenant.id, ticket.id, f"not {card}?", NIMA, waits=False)
    _, words, messages = stage.support.conversation(tenant.id, ticket.id, OWNER, Role.OWNER)
    assert card not in "".join([words or "", *(each.text for each in messages)])


# --- deadlines ----------------------------------------------------------------------------------------------


@pytest.mark.clause("SAMAN-4.2.2")
def test_a_deadline_rings_before_it_passes_and_a_missed_one_is_recorded() -> None:
    stage, tenant = office()
    ticket = ask(stage, tenant)
    stage.clock.time = at("2026-11-22 11:00") - SECOND
    assert stage.support.ring(tenant.id, ticket.id) == (ticket, [])

    now_is(stage, "2026-11-22 11:00")
    warned, (rung,) = stage.support.ring(tenant.id, ticket.id)
    assert (rung.deadline.step, rung.missed) == (Step.ANSWER, False)
    assert (warned.wakes_at, warned.escalated_at) == (at("2026-11-22 12:00"), None)
    assert entries(stage, tenant, Event.SUPPORT_LATE) == []

    stage.clock.time = at("2026-11-22 12:00") - SECOND
    assert stage.support.ring(tenant.id, ticket.id) == (warned, [])
    now_is(stage, "2026-11-22 12:00")
    late, (rung,) = stage.support.ring(tenant.id, ticket.id)
    assert (rung.deadline.step, rung.missed) == (Step.ANSWER, True)
    assert (late.escalated_at, late.due_at) == (at("2026-11-22 12:00"), at("2026-11-23 10:00"))
    (entry,) = entries(stage, tenant, Event.SUPPORT_LATE)
    assert (entry.clause, entry.at, entry.by) == ("SAMAN-4.2.2", at("2026-11-22 12:00"), "clock")
    assert entry.facts == {
        "ticket_id": ticket.id,
        "severity": "critical",
        "step": "answer",
        "due_at": iso(at("2026-11-22 12:00")),
    }
    assert stage.support.ring(tenant.id, ticket.id) == (late, [])


@pytest.mark.clause("SAMAN-4.2.2")
@pytest.mark.parametrize(("early", "missed"), [(SECOND, 0), (0 * SECOND, 1)])
def test_what_is_done_a_second_before_its_deadline_is_in_time_and_at_the_deadline_is_not(
    early: object, missed: int
) -> None:
    stage, tenant = office()
    ticket = ask(stage, tenant)
    stage.clock.time = at("2026-11-22 12:00") - early  # type: ignore[operator]
    # Nothing has woken in between: the answer itself finds out that it is late.
    stage.support.answer(tenant.id, ticket.id, "we are on it", NIMA, waits=False)
    assert len(entries(stage, tenant, Event.SUPPORT_LATE)) == missed


def test_after_an_outage_each_missed_deadline_is_recorded_once_at_its_own_instant() -> None:
    stage, tenant = office()
    ticket = ask(stage, tenant)
    stage.clock.time = SUNDAY + days(20)
    found, rung = stage.support.ring(tenant.id, ticket.id)
    assert [(each.deadline.step, each.missed) for each in rung] == [
        (Step.ANSWER, True),
        (Step.RECOVERY, True),
        (Step.FIX, True),
    ]
    assert found.wakes_at is None
    assert [entry.at for entry in entries(stage, tenant, Event.SUPPORT_LATE)] == [
        at("2026-11-22 12:00"),
        at("2026-11-23 10:00"),
        at("2026-11-25 10:00"),
    ]
    stage.tickets.close(tenant.id, ticket.id, Ending("mended"), NIMA)
    assert len(entries(stage, tenant, Event.SUPPORT_LATE)) == 3


def test_a_request_in_time_from_the_answer_to_the_fix() -> None:
    stage, tenant = office()
    ticket = ask(stage, tenant)
    now_is(stage, "2026-11-22 11:30")
    assert stage.support.answer(tenant.id, ticket.id, "on it", NIMA, waits=False).due_at == at(
        "2026-11-23 10:00"
    )
    now_is(stage, "2026-11-22 15:00")
    recovered = stage.support.step_done(tenant.id, ticket.id, Step.RECOVERY, NIMA)
    assert recovered.due_at == at("2026-11-25 10:00")
    fixed = stage.support.step_done(tenant.id, ticket.id, Step.FIX, NIMA)
    assert fixed.wakes_at is None
    stage.tickets.close(tenant.id, ticket.id, Ending("a patch was installed"), NIMA)
    assert entries(stage, tenant, Event.SUPPORT_LATE) == []
    steps = [entry.facts["step"] for entry in entries(stage, tenant, Event.SUPPORT_MOVED)]
    assert steps == ["answer", "recovery", "fix"]
    with pytest.raises(Conflict):
        stage.support.step_done(tenant.id, ticket.id, Step.ANSWER, NIMA)
    assert stage.support.ring(tenant.id, ticket.id)[1] == []


def test_the_customer_is_told_of_each_answer_and_of_nothing_else() -> None:
    stage, tenant = office()
    ticket = ask(stage, tenant)
    stage.support.answer(tenant.id, ticket.id, "on it", NIMA, waits=False)
    now_is(stage, "2026-11-22 10:05")
    stage.support.answer(tenant.id, ticket.id, "which page?", NIMA, waits=True)
    stage.support.reply(tenant.id, ticket.id, "all", OWNER, Role.OWNER)
    stage.support.step_done(tenant.id, ticket.id, Step.RECOVERY, NIMA)
    told = [
        [(notice.kind.value, notice.anchor, notice.facts) for notice in entry.notices]
        for entry in entries(stage, tenant, Event.SUPPORT_MOVED)
    ]
    named = {"ticket_id": ticket.id}
    assert told == [
        [("support_answered", SUNDAY, named)],
        [("support_answered", at("2026-11-22 10:05"), named)],
        [],
        [],
    ]


@pytest.mark.clause("SAMAN-4.2.2")
def test_the_clock_stands_still_until_the_customer_answers() -> None:
    stage, tenant = office()
    ticket = ask(stage, tenant)
    now_is(stage, "2026-11-22 11:00")
    standing = stage.support.answer(tenant.id, ticket.id, "which browser?", NIMA, waits=True)
    assert standing.wakes_at is None
    stage.clock.time = SUNDAY + days(7)
    assert stage.support.ring(tenant.id, ticket.id) == (standing, [])

    going = stage.support.reply(tenant.id, ticket.id, "all of them", OWNER, Role.OWNER)
    # Sunday, 29 November at ten: seven of the eight hours are left.
    assert going.due_at == at("2026-11-30 09:00")
    assert going.support
    assert going.support.waiting_since is None
    # A further word changes nothing.
    assert stage.support.reply(tenant.id, ticket.id, "really", OWNER, Role.OWNER) == going
    _, words, messages = stage.support.conversation(tenant.id, ticket.id, OWNER, Role.OWNER)
    assert words == "nothing works"
    assert [(each.text, each.ours) for each in messages] == [
        ("which browser?", True),
        ("all of them", False),
        ("really", False),
    ]


@pytest.mark.clause("SAMAN-4.2.2")
def test_another_severity_moves_the_deadlines_and_what_passed_under_it_is_missed() -> None:
    stage, tenant = office()
    ticket = ask(stage, tenant, NORMAL)
    now_is(stage, "2026-11-22 13:00")
    raised = stage.support.classify(tenant.id, ticket.id, CRITICAL, "everything stands still", NIMA)
    assert raised.support
    assert raised.support.severity is CRITICAL
    # The answer's two hours are over: the wait that begins now finds that at once.
    assert raised.wakes_at == at("2026-11-22 11:00")
    late, rung = stage.support.ring(tenant.id, ticket.id)
    assert [(each.deadline.step, each.missed) for each in rung] == [(Step.ANSWER, True)]
    lowered = stage.support.classify(tenant.id, ticket.id, MAJOR, "a part works", NIMA)
    assert lowered.due_at == at("2026-11-22 14:00")
    changes = [entry.facts for entry in entries(stage, tenant, Event.SUPPORT_MOVED)]
    assert [(each["severity_before"], each["severity"]) for each in changes] == [
        ("normal", "critical"),
        ("critical", "major"),
    ]
    assert late.version < lowered.version


@pytest.mark.clause("SAMAN-4.2.3")
def test_a_holiday_declared_later_moves_the_deadlines_and_taking_it_back_moves_them_again() -> None:
    stage, tenant = office()
    critical, other = ask(stage, tenant), ask(stage, tenant, OTHER)
    waiting = ask(stage, tenant)
    stage.support.answer(tenant.id, waiting.id, "which one?", NIMA, waits=True)
    closed = ask(stage, tenant)
    stage.tickets.close(tenant.id, closed.id, Ending("done"), NIMA)
    stage.support.answer(tenant.id, critical.id, "on it", NIMA, waits=False)
    before = stage.books.ticket(tenant.id, critical.id)
    assert before.due_at == at("2026-11-23 10:00")

    monday = date(2026, 11, 23)
    assert stage.days_desk.declare("saman360", monday, DayKind.HOLIDAY, "heavy snow", NIMA) == 2
    moved = stage.books.ticket(tenant.id, critical.id)
    assert (moved.due_at, moved.wakes_at) == (at("2026-11-24 10:00"), at("2026-11-24 09:00"))
    assert stage.books.ticket(tenant.id, other.id).due_at == at("2026-11-25 10:00")
    assert moved.support
    assert before.support
    assert moved.support.watch == before.support.watch + 1
    # Said again it changes nothing; a new request counts it at once.
    assert stage.days_desk.declare("saman360", monday, DayKind.HOLIDAY, "heavy snow", NIMA) == 0
    assert ask(stage, tenant, OTHER).due_at == at("2026-11-25 10:00")
    assert [each.reason for each in stage.days_desk.of("saman360")] == ["heavy snow"]

    assert stage.days_desk.declare("saman360", monday, DayKind.USUAL, "it did not snow", NIMA) == 3
    assert stage.books.ticket(tenant.id, critical.id).due_at == at("2026-11-23 10:00")
    assert [each.kind for each in stage.days_desk.of("saman360")] == [DayKind.USUAL]
    with pytest.raises(NotFound):
        stage.days_desk.declare("unheard-of", monday, DayKind.USUAL, "", NIMA)
    with pytest.raises(NotFound):
        stage.days_desk.of("unheard-of")


@pytest.mark.clause("SAMAN-4.2.3")
def test_a_holiday_that_was_not_counted_yet_is_read_when_the_wait_ends() -> None:
    stage, tenant = office()
    ticket = ask(stage, tenant)
    stage.support.answer(tenant.id, ticket.id, "on it", NIMA, waits=False)
    # The operator's call was cut off after the day was written.
    stage.support.recount = lambda product: 0  # type: ignore[method-assign]
    stage.days_desk.declare("saman360", date(2026, 11, 23), DayKind.HOLIDAY, "heavy snow", NIMA)
    now_is(stage, "2026-11-23 10:00")
    found, rung = stage.support.ring(tenant.id, ticket.id)
    assert (rung, found.due_at, found.wakes_at) == ([], at("2026-11-24 10:00"), at("2026-11-24 09:00"))
    assert entries(stage, tenant, Event.SUPPORT_LATE) == []


def test_a_declared_working_day_counts() -> None:
    stage, tenant = office()
    now_is(stage, "2026-12-22 15:00")
    ticket = ask(stage, tenant)
    # 2 Dey is a holiday and a Wednesday: an hour is left on Saturday.
    assert ticket.due_at == at("2026-12-26 09:00")
    stage.days_desk.declare("saman360", date(2026, 12, 23), DayKind.WORKING, "worked through", NIMA)
    assert stage.books.ticket(tenant.id, ticket.id).due_at == at("2026-12-23 09:00")


def test_each_change_is_carried_by_a_wait_of_its_own_and_none_once_it_rests() -> None:
    stage, tenant = office()
    ticket = ask(stage, tenant)

    def dispatch() -> list[str]:
        stored = stage.books.ticket(tenant.id, ticket.id)
        dispatch_ticket(stored, workflows=stage.workflows, clock=stage.clock)
        return [name for name in stage.workflows.started if ticket.id in str(name)]  # type: ignore[misc]

    dispatch()
    started = len(stage.workflows.started)
    dispatch()
    assert len(stage.workflows.started) == started
    now_is(stage, "2026-11-22 11:00")
    stage.support.ring(tenant.id, ticket.id)
    dispatch()
    assert len(stage.workflows.started) == started, "the wait itself goes on"
    stage.support.answer(tenant.id, ticket.id, "on it", NIMA, waits=False)
    dispatch()
    assert len(stage.workflows.started) == started + 1
    stage.support.answer(tenant.id, ticket.id, "where?", NIMA, waits=True)
    dispatch()
    assert len(stage.workflows.started) == started + 1
    stage.support.reply(tenant.id, ticket.id, "here", OWNER, Role.OWNER)
    dispatch()
    assert len(stage.workflows.started) == started + 2


def test_open_requests_stand_by_their_next_deadline() -> None:
    stage, tenant = office()
    other, critical = ask(stage, tenant, OTHER), ask(stage, tenant)
    waiting = ask(stage, tenant)
    stage.support.answer(tenant.id, waiting.id, "which one?", NIMA, waits=True)
    invoice = stage.bought(tenant)
    stage.disputes.dispute(tenant.id, invoice.id, "wrong", OWNER)
    assert [each.id for each in stage.support.by_deadline("saman360")] == [critical.id, other.id, waiting.id]
    with pytest.raises(NotFound):
        stage.support.by_deadline("unheard-of")


# --- what costs ---------------------------------------------------------------------------------------------


@pytest.mark.clause("SAMAN-4.2.4")
def test_what_was_no_fault_loses_its_deadlines_and_its_time_is_owed() -> None:
    stage, tenant = office()
    ticket = ask(stage, tenant)
    now_is(stage, "2026-11-22 11:30")
    dropped = stage.support.not_a_bug(tenant.id, ticket.id, 30, "the customer's own firewall", NIMA)
    assert dropped.wakes_at is None
    assert dropped.support
    (charge,) = dropped.support.charges
    assert (charge.ground, charge.minutes, charge.amount, charge.clause) == (
        Ground.NOT_A_BUG,
        30,
        3_300_000,
        "SAMAN-4.2.4",
    )
    (entry,) = entries(stage, tenant, Event.SUPPORT_CHARGED)
    assert (entry.clause, entry.why, entry.by) == ("SAMAN-4.2.4", "the customer's own firewall", NIMA)
    assert entry.facts == {
        "ticket_id": ticket.id,
        "ground": "not_a_bug",
        "minutes": 30,
        "extra": "support_time",
        "amount": 3_300_000,
    }
    stage.clock.time = SUNDAY + days(30)
    assert stage.support.ring(tenant.id, ticket.id)[1] == []
    assert entries(stage, tenant, Event.SUPPORT_LATE) == []
    with pytest.raises(Conflict):
        stage.support.not_a_bug(tenant.id, ticket.id, 30, "again", NIMA)


@pytest.mark.clause("SAMAN-4.2.4")
def test_what_was_missed_before_it_proved_to_be_no_fault_stays_recorded() -> None:
    stage, tenant = office()
    ticket = ask(stage, tenant)
    now_is(stage, "2026-11-22 12:00")
    stage.support.not_a_bug(tenant.id, ticket.id, 30, "a dead cable", NIMA)
    assert len(entries(stage, tenant, Event.SUPPORT_LATE)) == 1


@pytest.mark.clause("SAMAN-4.2.3")
def test_work_outside_the_hours_is_owed_where_the_customer_wished_it() -> None:
    stage, tenant = office()
    now_is(stage, "2026-11-27 20:00")
    asked, plain = ask(stage, tenant, outside_hours=True), ask(stage, tenant)
    worked = stage.support.outside_hours(tenant.id, asked.id, 120, "Friday night", NIMA)
    assert worked.support
    assert [charge.amount for charge in worked.support.charges] == [13_200_000]
    # The promise stays what it was.
    assert worked.due_at == at("2026-11-28 10:00")
    with pytest.raises(Conflict):
        stage.support.outside_hours(tenant.id, plain.id, 120, "Friday night", NIMA)


# --- what is kept -------------------------------------------------------------------------------------------


@pytest.mark.clause("CLUB-8")
def test_a_summary_is_kept_when_a_request_is_closed() -> None:
    stage, tenant = office("customer_club")
    ticket = ask(stage, tenant, None)
    stage.tickets.close(tenant.id, ticket.id, Ending("showed where the button is"), NIMA)
    (note,) = stage.table.contact_notes.values()
    assert (note.channel, note.summary, note.ticket_id, note.by) == (
        ContactChannel.TICKET,
        "showed where the button is",
        ticket.id,
        NIMA,
    )


@pytest.mark.clause("CLUB-17")
def test_staff_reads_a_request_while_it_is_open_and_each_look_is_noted() -> None:
    stage, tenant = office("customer_club")
    ticket = ask(stage, tenant, None)
    stage.support.reply(tenant.id, ticket.id, "hello?", OWNER, Role.OWNER)
    _, words, messages = stage.support.read_by_staff(tenant.id, ticket.id, "nima", IP)
    assert (words, [each.text for each in messages]) == ("nothing works", ["hello?"])
    looks = [line for line in stage.security_log.lines(tenant.id) if line.kind == "ticket_words_shown"]
    assert [(line.source_ip, line.details) for line in looks] == [
        (IP, {"username": "nima", "ticket_id": ticket.id})
    ]
    stage.tickets.close(tenant.id, ticket.id, Ending("done"), NIMA)
    closed, words, messages = stage.support.read_by_staff(tenant.id, ticket.id, "nima", IP)
    assert (closed.open, words, messages) == (False, None, [])
    # The customer reads it for as long as the account is there.
    assert stage.support.conversation(tenant.id, ticket.id, OWNER, Role.OWNER)[1] == "nothing works"


@pytest.mark.clause("CLUB-17")
def test_staff_sees_whom_it_helps_while_the_request_is_open() -> None:
    stage, tenant = office("customer_club")
    ticket = ask(stage, tenant, None)
    contact = stage.service_desk.look(tenant.id, "calls back", ticket.id, NIMA)
    assert contact == stage.people.contact(tenant.id)
    (look,) = entries(stage, tenant, Event.CONTACT_SEEN)
    assert (look.clause, look.by, look.facts) == ("CLUB-17", NIMA, {"ticket_id": ticket.id})
    stage.tickets.close(tenant.id, ticket.id, Ending("done"), NIMA)
    with pytest.raises(Conflict):
        stage.service_desk.look(tenant.id, "calls back", ticket.id, NIMA)


def test_a_ticket_of_another_kind_is_no_request() -> None:
    stage, tenant = office()
    invoice = stage.bought(tenant)
    ticket = stage.disputes.dispute(tenant.id, invoice.id, "wrong", OWNER)
    with pytest.raises(NotFound):
        stage.support.answer(tenant.id, ticket.id, "hm", NIMA, waits=False)
    with pytest.raises(NotFound):
        stage.support.conversation(tenant.id, ticket.id, OWNER, Role.OWNER)


def test_a_purged_account_has_its_open_request_closed_without_a_summary() -> None:
    stage, tenant = office()
    ticket = ask(stage, tenant)
    stage.table.keys.discard(tenant.id)
    del stage.table.tenants[tenant.id]
    stage.clock.time = SUNDAY + days(400)
    _, rung = stage.support.ring(tenant.id, ticket.id)
    assert len(rung) == 3
    closed = stage.tickets.close(tenant.id, ticket.id, Ending("the account is gone"), NIMA)
    assert not closed.open
    assert stage.table.contact_notes == {}
    assert stage.support.read_by_staff(tenant.id, ticket.id, "nima", IP)[1] is None


def test_a_race_with_another_operator_is_run_again() -> None:
    stage, tenant = office()
    ticket = ask(stage, tenant)
    stage.tenants.lose = 2
    stage.support.answer(tenant.id, ticket.id, "on it", NIMA, waits=False)
    messages = stage.books.messages(tenant.id, ticket.id)
    assert [each.text for each in messages] == ["on it"]
    stage.tenants.lose = 99
    with pytest.raises(ConcurrentChange):
        stage.support.step_done(tenant.id, ticket.id, Step.RECOVERY, NIMA)
