"""A tenant's life in the subscription machine: which states it walks, and how long it waits in each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mohlat.domain.lifecycle import DeadlineKind
from tests.workflows.interpreter import Failure, Throttled, at, run

START = datetime(2026, 1, 1, tzinfo=UTC)


def days(count: int) -> timedelta:
    return timedelta(days=count)


def wake(due: str, day: int, generation: int = 1) -> dict[str, Any]:
    """What the task answers: what falls due next, on which day of the tenant's life."""
    return {
        "tenant_id": "t_1",
        "generation": generation,
        "due": due,
        "deadline": due if due != "remind" else f"remind:P{day}D",
        "wake_at": at(START + days(day)),
    }


REST = wake("rest", 0)


def test_a_life_from_trial_to_purge_walks_every_stage_and_waits_what_was_agreed() -> None:
    script = [
        wake("end_trial", 30),
        wake("deactivate", 44),
        wake("warn_of_deletion", 113),
        wake("purge", 120),
        REST,
    ]

    life = run("subscription", wake("remind", 23), {"advance_tenant": script}, start=START)

    assert life.status == "SUCCEEDED"
    assert life.waits == [days(23), days(7), days(14), days(69), days(7)]
    assert [state for state in life.states if state != "WhatComesNext"] == [
        "WaitToRemind",
        "Remind",
        "WaitForTrialEnd",
        "EndTrial",
        "WaitForReadOnlyEnd",
        "Deactivate",
        "WaitToWarnOfDeletion",
        "WarnOfDeletion",
        "WaitForRetentionEnd",
        "Purge",
        "Rest",
    ]


def test_a_paid_year_ends_a_year_after_it_began() -> None:
    life = run("subscription", wake("end_term", 365), {"advance_tenant": [REST]}, start=START)

    assert life.waits == [days(365)]
    assert life.states == ["WhatComesNext", "WaitForTermEnd", "EndTerm", "WhatComesNext", "Rest"]


def test_a_lease_whose_first_invoice_stays_unpaid_is_suspended_at_its_due_date() -> None:
    life = run("subscription", wake("suspend_unpaid_lease", 14), {"advance_tenant": [REST]}, start=START)

    assert life.waits == [days(14)]
    assert life.states[1:3] == ["WaitForInvoiceDue", "SuspendUnpaidLease"]


@pytest.mark.parametrize("kind", [kind.value for kind in DeadlineKind])
def test_every_kind_of_deadline_has_a_wait_and_a_task(kind: str) -> None:
    life = run("subscription", wake(kind, 1), {"advance_tenant": [REST]}, start=START)

    assert life.status == "SUCCEEDED"
    assert life.waits == [days(1)]
    assert [function for function, _ in life.calls] == ["advance_tenant"]


def test_a_deadline_that_moved_is_waited_for_again() -> None:
    script = [wake("end_trial", 37), wake("deactivate", 51), REST]

    life = run("subscription", wake("end_trial", 30), {"advance_tenant": script}, start=START)

    assert life.waits == [days(30), days(7), days(14)]
    assert life.states.count("EndTrial") == 2


def test_what_was_due_long_ago_is_not_waited_for() -> None:
    life = run("subscription", wake("end_trial", -90), {"advance_tenant": [REST]}, start=START)

    assert life.waits == [days(0)]
    assert life.status == "SUCCEEDED"


def test_a_tenant_with_nothing_due_rests_without_calling_anything() -> None:
    life = run("subscription", REST, {}, start=START)

    assert life.states == ["WhatComesNext", "Rest"]
    assert life.calls == []


def test_the_task_learns_which_execution_calls_it_and_since_when_it_runs() -> None:
    life = run(
        "subscription", wake("end_trial", 30, 4), {"advance_tenant": [REST]}, start=START, name="t_1-g4-v7"
    )

    (_, payload) = life.calls[0]
    started_at = datetime.fromisoformat(payload.pop("started_at"))
    assert started_at.tzinfo is not None
    assert payload == {"tenant_id": "t_1", "generation": 4, "deadline": "end_trial", "execution": "t_1-g4-v7"}


@pytest.mark.parametrize("hindrance", [Failure("ConcurrentChange"), Throttled(), Failure("Sandbox.Timedout")])
def test_what_passes_is_tried_again(hindrance: Failure | Throttled) -> None:
    script = [hindrance, hindrance, REST]

    life = run("subscription", wake("end_trial", 30), {"advance_tenant": script}, start=START)

    assert life.status == "SUCCEEDED"
    assert life.retries == 2
    assert life.waits == [days(30)]


def test_what_does_not_pass_fails_under_its_own_name_and_moves_nothing() -> None:
    script = [Failure("ConcurrentChange")] * 11

    life = run("subscription", wake("end_trial", 30), {"advance_tenant": script}, start=START)

    assert (life.status, life.error) == ("FAILED", "CouldNotAdvance")
    assert "ConcurrentChange" in life.cause
    assert life.states[-2:] == ["EndTrial", "CouldNotAdvance"]


def test_an_error_that_nobody_foresaw_is_not_retried() -> None:
    life = run("subscription", wake("end_trial", 30), {"advance_tenant": [Failure("KeyError")]}, start=START)

    assert (life.error, life.retries) == ("CouldNotAdvance", 0)
    assert "KeyError" in life.cause


def test_an_unknown_deadline_fails_instead_of_resting() -> None:
    life = run("subscription", wake("dance", 1), {}, start=START)

    assert (life.status, life.error) == ("FAILED", "UnknownDeadline")
    assert life.calls == []
