"""A tenant's life by the clock: registering, reminders, ends, deletion; each at its own second."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise, product

import pytest

from mohlat.domain import lifecycle, overuse, purchases
from mohlat.domain.agreement import Agreement, Basis, Channel, Phase, Span, Trial
from mohlat.domain.errors import Conflict, Gone, InvalidInput, NotDueYet, PurgeRefused
from mohlat.domain.lifecycle import DeadlineKind, Event, Transition, Workflow
from mohlat.domain.notices import NoticeKind
from mohlat.domain.overuse import Usage
from mohlat.domain.tenant import RestrictionKind, iso
from tests.builders import (
    AGREEMENTS,
    SECOND,
    START,
    Life,
    agreement_account_only,
    agreement_on_credit,
    agreement_with_trial,
    days,
    length,
    registered,
    reminder,
)

REMIND, END_TRIAL, END_TERM, SUSPEND, _, _, DEACTIVATE, WARN, PURGE = DeadlineKind


def story(transitions: list[Transition], since: datetime = START) -> list[tuple[str, timedelta]]:
    """What happened, and how long after `since`."""
    return [(step.event.value, step.at - since) for step in transitions]


# --- registering ----------------------------------------------------------------------------------------


def test_a_trial_begins_at_registration() -> None:
    step = lifecycle.register(agreement_with_trial(), "t-1", START, plan=None, trial_used=False, by="owner")
    tenant = step.after
    assert (tenant.phase, tenant.version, tenant.generation) == (Phase.TRIAL, 1, 1)
    assert tenant.period_ends_at == START + days(30)
    assert tenant.invoice is None
    assert (step.before, step.event, step.clause, step.by) == (None, Event.REGISTERED, "T-TRIAL", "owner")
    assert (step.at, step.recorded_at) == (START, START)
    assert step.workflows == (Workflow.SUBSCRIPTION,)
    assert step.facts == {"agreement_version": "1", "trial": "granted"}
    [confirm] = step.notices
    assert (confirm.kind, confirm.channels, confirm.clause) == (
        NoticeKind.CONFIRM_CODE,
        (Channel.EMAIL,),
        "T-CONFIRM",
    )


def test_who_tried_before_gets_no_second_trial() -> None:
    life = Life(agreement_with_trial(), trial_used=True)
    assert life.tenant.period_ends_at == START
    assert life.journal[0].facts["trial"] == "used before"
    assert story(life.run_to(START)) == [("trial_ended", days(0))]
    assert life.tenant.phase is Phase.DEACTIVATED


def test_a_lease_on_credit_begins_with_an_invoice() -> None:
    step = lifecycle.register(agreement_on_credit(), "t-1", START, plan=None, trial_used=True, by="owner")
    invoice = step.after.invoice
    assert step.after.phase is Phase.ACTIVE
    assert invoice
    assert (invoice.plan, invoice.length, invoice.amount) == ("basic", length("P1Y"), 10_000_000)
    assert (invoice.issued_at, invoice.due_at) == (START, START + days(30))
    assert step.after.period_ends_at == START + days(30)
    assert step.clause == "T-INVOICE"
    assert step.facts == {
        "agreement_version": "1",
        "plan": "basic",
        "invoice_amount": 10_000_000,
        "invoice_due_at": iso(START + days(30)),
    }


def test_the_first_leases_plan_can_be_chosen_and_must_exist() -> None:
    agreement = agreement_on_credit()
    chosen = lifecycle.register(agreement, "t-1", START, plan="plus", trial_used=False, by="owner").after
    assert chosen.invoice
    assert (chosen.invoice.plan, chosen.invoice.amount) == ("plus", 30_000_000)
    with pytest.raises(InvalidInput):
        lifecycle.register(agreement, "t-1", START, plan="gold", trial_used=False, by="owner")


def test_a_plain_account_has_no_deadlines() -> None:
    step = lifecycle.register(agreement_account_only(), "t-1", START, plan=None, trial_used=False, by="owner")
    assert step.after.phase is Phase.ACTIVE
    assert (step.after.period_ends_at, step.workflows, step.clause) == (None, (), "T-ACCEPT")
    assert lifecycle.next_deadline(step.after, agreement_account_only()) is None


# --- the whole way, if nobody does anything ---------------------------------------------------------------


def test_a_trial_that_nobody_pays_for() -> None:
    life = Life(agreement_with_trial())
    assert story(life.run_out()) == [
        ("reminder_due", days(23)),
        ("reminder_due", days(29)),
        ("trial_ended", days(30)),
        ("deletion_warned", days(53)),
        ("purged", days(60)),
    ]


def test_a_term_that_nobody_renews() -> None:
    life = Life(agreement_with_trial())
    end = life.pay(period="P1M").after.period_ends_at
    assert end
    assert story(life.run_out(), since=end) == [
        ("reminder_due", -days(10)),
        ("term_ended", days(0)),
        ("deletion_warned", days(53)),
        ("purged", days(60)),
    ]


def test_a_first_invoice_that_nobody_pays() -> None:
    life = Life(agreement_on_credit())
    assert story(life.run_out()) == [
        ("reminder_due", days(25)),
        ("lease_suspended", days(30)),
        ("deactivated", days(44)),
        ("deletion_warned", days(113)),
        ("purged", days(120)),
    ]


def test_a_plain_account_goes_when_it_is_closed_and_warned() -> None:
    life = Life(agreement_account_only())
    assert life.run_to(START + days(1000)) == []
    life.close()
    assert story(life.run_out(), since=START + days(1000)) == [
        ("deletion_warned", days(0)),
        ("purged", days(2)),
    ]


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("trial", [REMIND, REMIND, END_TRIAL, WARN, PURGE]),
        ("credit", [REMIND, SUSPEND, DEACTIVATE, WARN, PURGE]),
        ("account", []),
    ],
)
def test_the_forecast_tells_it_beforehand_with_each_clause(name: str, kinds: list[DeadlineKind]) -> None:
    agreement = AGREEMENTS[name]
    coming = lifecycle.forecast(registered(agreement), agreement)
    assert [deadline.kind for deadline in coming] == kinds
    clauses = {
        REMIND: "T-REMIND",
        END_TRIAL: "T-TRIAL",
        SUSPEND: "T-INVOICE",
        DEACTIVATE: "T-READ-ONLY",
        WARN: "vendor's choice",
        PURGE: "T-TRIAL-KEPT" if name == "trial" else "T-TERM-KEPT",
    }
    assert [deadline.clause for deadline in coming] == [clauses[kind] for kind in kinds]


def test_the_forecast_does_not_fail_over_a_payment_on_its_way() -> None:
    life = Life(agreement_with_trial())
    life.place_order()
    assert lifecycle.forecast(life.tenant, life.agreement)[-1].kind is PURGE


def test_the_forecast_tells_when_a_warning_comes_that_the_read_only_time_delays() -> None:
    agreement = replace(
        agreement_on_credit(),
        retention=replace(agreement_on_credit().retention, after_term=Span(length("P16D"), Basis("T"))),
    )
    life = Life(agreement)
    coming = lifecycle.forecast(life.tenant, agreement)
    assert [(deadline.kind, deadline.at - START) for deadline in coming[-3:]] == [
        (DEACTIVATE, days(44)),
        (WARN, days(44)),
        (PURGE, days(46)),
    ]
    assert life.run_to(START + days(46) - SECOND)[-1].event is Event.DELETION_WARNED
    assert [step.event for step in life.run_to(START + days(46))] == [Event.PURGED]


# --- each deadline at its second --------------------------------------------------------------------------


def _before_each_deadline() -> list[tuple[str, DeadlineKind, Life]]:
    def paid(life: Life) -> None:
        life.pay()

    def nothing(life: Life) -> None:
        assert life.tenant

    def in_debt(life: Life) -> None:
        life.pay()
        used = Usage("u-1", "records", 1_500, billed=True)
        step = overuse.report(life.tenant, life.agreement, life.agreement, used, "d-1", life.now, by="meter")
        assert step
        life.write(step)

    seen: dict[DeadlineKind, tuple[str, Life]] = {}
    begin: Callable[[Life], None]
    for name, begin in product(("trial", "credit"), (nothing, paid, in_debt)):
        reference = Life(AGREEMENTS[name])
        begin(reference)
        for steps in range(len(lifecycle.forecast(reference.tenant, reference.agreement))):
            life = Life(AGREEMENTS[name])
            begin(life)
            for _ in range(steps):
                deadline = lifecycle.next_deadline(life.tenant, life.agreement)
                assert deadline
                life.now = deadline.at
                life.step()
            deadline = lifecycle.next_deadline(life.tenant, life.agreement)
            assert deadline
            seen.setdefault(deadline.kind, (name, life))
    return [(f"{kind.value}-{name}", kind, life) for kind, (name, life) in seen.items()]


EACH = _before_each_deadline()


def test_every_kind_of_deadline_is_tried() -> None:
    assert {kind for _, kind, _ in EACH} == set(DeadlineKind)


@pytest.mark.parametrize(("kind", "life"), [case[1:] for case in EACH], ids=[case[0] for case in EACH])
@pytest.mark.parametrize("late", [timedelta(0), SECOND, days(3), days(400)])
def test_a_deadline_is_refused_a_second_early_and_counts_from_its_own_second_however_late(
    kind: DeadlineKind, life: Life, late: timedelta
) -> None:
    deadline = lifecycle.next_deadline(life.tenant, life.agreement)
    assert deadline
    with pytest.raises(NotDueYet) as early:
        lifecycle.carry_out(life.tenant, life.agreement, deadline, deadline.at - SECOND, by="execution")
    assert early.value.details == {"due_at": iso(deadline.at), "now": iso(deadline.at - SECOND)}
    now = deadline.at + late
    step = lifecycle.carry_out(life.tenant, life.agreement, deadline, now, by="execution")
    assert (step.at, step.recorded_at, step.clause) == (deadline.at, now, deadline.clause)
    assert step.after.version == life.tenant.version + 1
    assert step.after.generation == life.tenant.generation
    assert step.after.carrier == "execution"
    if kind in (END_TRIAL, END_TERM, SUSPEND):
        assert step.after.ended_at == deadline.at
        assert step.notices[0].anchor == deadline.at
    if kind is not PURGE:
        following = lifecycle.next_deadline(step.after, life.agreement)
        assert following
        assert following != deadline


def test_an_outage_delays_and_never_skips() -> None:
    life = Life(agreement_on_credit())
    outage_ends = START + days(300)
    steps = life.catch_up(outage_ends)
    assert story(steps) == [
        ("reminder_due", days(25)),
        ("lease_suspended", days(30)),
        ("deactivated", days(44)),
        ("deletion_warned", days(113)),
    ]
    assert {step.recorded_at for step in steps} == {outage_ends}
    # The warning went out late: it still leaves its waiting time.
    assert steps[-1].facts == {"purge_at": iso(outage_ends + days(2))}
    assert steps[-1].notices[0].anchor == outage_ends + days(2)
    assert lifecycle.purge_at(life.tenant, life.agreement) == outage_ends + days(2)
    assert life.run_to(outage_ends + days(2) - SECOND) == []
    assert [step.event for step in life.run_to(outage_ends + days(2))] == [Event.PURGED]


def test_a_deadline_that_was_overtaken_is_refused() -> None:
    life = Life(agreement_with_trial())
    life.run_to(START + days(29))
    trial_end = lifecycle.next_deadline(life.tenant, life.agreement)
    assert trial_end
    assert trial_end.kind is END_TRIAL
    life.pay()
    with pytest.raises(Conflict, match="overtaken"):
        lifecycle.carry_out(life.tenant, life.agreement, trial_end, trial_end.at, by="execution")


# --- reminders --------------------------------------------------------------------------------------------


def test_each_reminder_goes_out_once_on_its_own_channels_and_names_the_end() -> None:
    life = Life(agreement_with_trial())
    steps = life.run_to(START + days(30) - SECOND)
    end = START + days(30)
    assert [(step.notices[0].kind, step.notices[0].anchor) for step in steps] == 2 * [
        (NoticeKind.TRIAL_ENDING, end)
    ]
    assert [step.facts for step in steps] == [
        {"before": "P7D", "of": iso(end)},
        {"before": "P1D", "of": iso(end)},
    ]
    # The key decides what was sent already: under one key the second reminder would never go out.
    assert len({step.notices[0].key for step in steps}) == 2


def test_a_paid_term_is_reminded_of_by_its_own_reminders() -> None:
    life = Life(agreement_with_trial())
    end = life.pay().after.period_ends_at
    assert end
    [step] = life.run_to(end - SECOND)
    [notice] = step.notices
    assert (notice.kind, notice.anchor, notice.channels) == (NoticeKind.TERM_ENDING, end, (Channel.SMS,))


def test_an_open_first_invoice_is_reminded_of_as_such() -> None:
    life = Life(agreement_on_credit())
    [step] = life.run_to(START + days(30) - SECOND)
    assert (step.notices[0].kind, step.notices[0].anchor) == (NoticeKind.INVOICE_DUE, START + days(30))


@pytest.mark.parametrize(
    ("before", "reminded"), [("P29D", True), ("P30D", False), ("P31D", False), ("P2M", False)]
)
def test_a_period_not_longer_than_the_lead_has_no_such_reminder(before: str, reminded: bool) -> None:
    trial = Trial(length("P30D"), Phase.DEACTIVATED, (reminder(before),), Basis("T-TRIAL"))
    agreement = replace(agreement_with_trial(), trial=trial)
    kinds = [deadline.kind for deadline in lifecycle.forecast(registered(agreement), agreement)]
    assert kinds == [*([REMIND] if reminded else []), END_TRIAL, WARN, PURGE]


def test_a_renewed_term_is_reminded_of_again() -> None:
    life = Life(agreement_with_trial())
    life.pay()
    life.run_to(START + days(55))
    assert life.tenant.done == {"remind:P10D"}
    end = life.pay().after.period_ends_at
    assert end
    assert life.tenant.done == frozenset()
    assert [(step.event, step.at) for step in life.run_to(end - SECOND)] == [(Event.REMINDED, end - days(10))]


# --- ends -------------------------------------------------------------------------------------------------


def test_an_unpaid_first_lease_is_suspended_for_debt_once() -> None:
    life = Life(agreement_on_credit())
    life.restrict(RestrictionKind.SUSPENDED_FOR_DEBT, until=START + days(100))
    life.run_to(START + days(30))
    assert life.tenant.phase is Phase.READ_ONLY
    [debt] = life.tenant.restrictions
    assert (debt.kind, debt.clause, debt.since, debt.until) == (
        RestrictionKind.SUSPENDED_FOR_DEBT,
        "T-INVOICE",
        START + days(30),
        None,
    )


def test_a_trial_may_lead_into_read_only_time() -> None:
    agreement = replace(
        agreement_with_trial(),
        trial=Trial(length("P30D"), Phase.READ_ONLY, (), Basis("T-TRIAL")),
        read_only=agreement_on_credit().read_only,
    )
    life = Life(agreement)
    assert story(life.run_out()) == [
        ("trial_ended", days(30)),
        ("deactivated", days(44)),
        ("deletion_warned", days(53)),
        ("purged", days(60)),
    ]


def test_as_of_shows_what_has_passed_without_carrying_it_out_and_never_the_purge() -> None:
    life = Life(agreement_on_credit())
    asleep = life.tenant

    def phase_at(now: datetime) -> Phase:
        return lifecycle.as_of(asleep, life.agreement, now).phase

    assert phase_at(START + days(30) - SECOND) is Phase.ACTIVE
    assert phase_at(START + days(30)) is Phase.READ_ONLY
    assert phase_at(START + days(44)) is Phase.DEACTIVATED
    assert phase_at(START + days(3000)) is Phase.DEACTIVATED


# --- the purge --------------------------------------------------------------------------------------------


def test_the_purge_starts_its_workflow_and_says_why() -> None:
    lapsed, closed, ended = (Life(agreement_with_trial()) for _ in range(3))
    closed.close()
    ended.tenant = replace(
        ended.tenant, phase=Phase.READ_ONLY, ended_at=START, wound_down_until=START + days(365)
    )
    for life, why in (
        (lapsed, "nothing was paid in the time the data is kept"),
        (closed, "the account was closed"),
        (ended, "the product came to its end"),
    ):
        last = life.run_out()[-1]
        assert (last.event, last.why, last.workflows) == (Event.PURGED, why, (Workflow.PURGE,))
        assert last.after.phase is Phase.PURGED
        assert lifecycle.next_deadline(last.after, life.agreement) is None
        assert lifecycle.purge_at(last.after, life.agreement) is None


def test_what_lives_has_no_deletion_date() -> None:
    life = Life(agreement_with_trial())
    assert lifecycle.retention(life.tenant, life.agreement) is None
    assert lifecycle.purge_at(life.tenant, life.agreement) is None


def _at_the_purge(agreement: Agreement) -> Life:
    life = Life(agreement)
    while not (deadline := lifecycle.next_deadline(life.tenant, agreement)) or deadline.kind is not PURGE:
        assert deadline
        life.now = deadline.at
        life.step()
    life.now = deadline.at
    return life


def test_no_purge_while_a_matter_is_open() -> None:
    life = _at_the_purge(agreement_with_trial())
    life.place_order()
    deadline = lifecycle.next_deadline(life.tenant, life.agreement)
    assert deadline
    with pytest.raises(PurgeRefused) as refused:
        lifecycle.carry_out(life.tenant, life.agreement, deadline, life.now, by="execution")
    assert refused.value.details == {"tenant_id": "t-1", "obstacles": ["payment:p-1"]}


def test_obstacles_are_all_named() -> None:
    life = Life(agreement_with_trial())
    life.place_order()
    life.place_hold()
    assert lifecycle.purge_obstacles(life.tenant, START) == ("hold:h-1", "payment:p-1", "paid_through")
    assert lifecycle.purge_obstacles(life.tenant, START + days(30)) == ("hold:h-1", "payment:p-1")
    life.close()
    assert lifecycle.purge_obstacles(life.tenant, START) == ("hold:h-1", "payment:p-1")


def test_a_refused_purge_is_tried_again_after_the_waiting_time_and_happens_once_nothing_is_open() -> None:
    life = _at_the_purge(agreement_with_trial())
    placed = life.place_order()
    for _ in range(3):
        before = life.now
        deferred = life.step()
        assert (deferred.event, deferred.facts) == (Event.PURGE_DEFERRED, {"obstacles": "payment:p-1"})
        assert deferred.after.generation == 1
        assert lifecycle.purge_at(life.tenant, life.agreement) == before + days(2)
        life.now += days(2)
    life.write(
        purchases.close_payment(
            life.tenant, life.agreement, placed.payment_id, "expired", life.now, by="watch"
        )
    )
    assert [step.event for step in life.run_to(life.now)] == [Event.PURGED]


def test_a_warning_that_nobody_received_is_sent_again_with_its_own_date_before_the_purge() -> None:
    life = _at_the_purge(agreement_with_trial())
    first = life.journal[-1].notices[0]
    life.write(
        lifecycle.defer_purge(
            life.tenant, life.agreement, ("warning_not_handed_over",), life.now, by="execution"
        )
    )
    again = life.step()
    assert (again.event, again.recorded_at) == (Event.DELETION_WARNED, life.now)
    assert again.notices[0].anchor == life.now + days(2)
    assert again.notices[0].key != first.key
    assert story(life.run_out(), since=START + days(60)) == [("purged", days(2))]


def test_a_warning_due_before_the_end_is_sent_at_the_end() -> None:
    base = agreement_with_trial()
    warning = replace(base.deletion_warning, before=length("P100D"))
    life = Life(replace(base, deletion_warning=warning))
    assert story(life.run_out())[-2:] == [("deletion_warned", days(30)), ("purged", days(60))]


# --- what cannot be ---------------------------------------------------------------------------------------


def test_the_graph_is_the_agreed_one() -> None:
    assert {start.value: {end.value for end in ends} for start, ends in lifecycle.GRAPH.items()} == {
        "trial": {"active", "read_only", "deactivated", "closed"},
        "active": {"active", "read_only", "deactivated", "closed"},
        "read_only": {"active", "deactivated", "closed"},
        "deactivated": {"active", "closed", "purged"},
        "closed": {"purged"},
        "purged": set(),
    }


@pytest.mark.parametrize(("start", "end"), list(product(Phase, Phase)))
def test_a_phase_changes_only_along_the_graph(start: Phase, end: Phase) -> None:
    tenant = replace(registered(agreement_with_trial()), phase=start)

    def move() -> Transition:
        return lifecycle.move(tenant, Event.CLOSED, START, "test", "because", "T", phase=end)

    if start is Phase.PURGED:
        with pytest.raises(Gone):
            move()
    elif end is start or end in lifecycle.GRAPH[start]:
        assert move().after.phase is end
    else:
        with pytest.raises(Conflict):
            move()


def test_a_life_is_told_in_order() -> None:
    life = Life(agreement_on_credit())
    life.pay(period="P1Y")
    steps = life.run_out()
    assert all(one.at <= other.at for one, other in pairwise(steps))
    assert steps[-1].at == datetime(2027, 1, 31, 8, tzinfo=UTC) + days(90)
