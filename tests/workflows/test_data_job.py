"""The work on an export, a backup or a restoration: page by page, again at the end of an export's files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.workflows.interpreter import Failure, Throttled, at, run

START = datetime(2026, 1, 1, tzinfo=UTC)
GIVEN = {"tenant_id": "t_1", "job_id": "x_1", "wake_at": at(START)}
WEEK = timedelta(days=7)


def answer(after: timedelta, decided: bool) -> dict[str, Any]:
    """What the task says: whether nothing is left to do, and when to go on if something is."""
    return GIVEN | {"decided": decided, "wake_at": at(START + after)}


def test_a_backup_that_fits_into_one_call_is_done_at_once() -> None:
    job = run("data_job", GIVEN, {"work_on_data": [answer(timedelta(), decided=True)]}, start=START)

    assert job.status == "SUCCEEDED"
    assert job.states == ["WaitForItsTime", "WorkOnData", "IsItDone", "Done"]
    assert job.waits == [timedelta()]
    assert job.calls == [("work_on_data", {"tenant_id": "t_1", "job_id": "x_1", "execution": "execution"})]


def test_pages_follow_each_other_and_the_files_are_deleted_at_their_end() -> None:
    pages = [answer(timedelta(), decided=False)] * 3
    script = [*pages, answer(WEEK, decided=False), answer(WEEK, decided=True)]

    job = run("data_job", GIVEN, {"work_on_data": script}, start=START)

    assert (job.status, job.waits) == ("SUCCEEDED", [*[timedelta()] * 4, WEEK])
    assert (
        job.calls == [("work_on_data", {"tenant_id": "t_1", "job_id": "x_1", "execution": "execution"})] * 5
    )


@pytest.mark.parametrize("trouble", [Failure("ConcurrentChange"), Failure("Lambda.Unknown"), Throttled()])
def test_what_passes_is_tried_again(trouble: Any) -> None:
    script = [trouble, answer(timedelta(), decided=True)]

    job = run("data_job", GIVEN, {"work_on_data": script}, start=START)

    assert (job.status, job.retries) == ("SUCCEEDED", 1)


def test_an_unforeseen_error_is_not_retried() -> None:
    job = run("data_job", GIVEN, {"work_on_data": [Failure("ValueError")]}, start=START)

    assert (job.status, job.error, job.retries) == ("FAILED", "CouldNotWork", 0)


def test_an_answer_that_is_neither_yes_nor_no_fails() -> None:
    unclear = {**answer(timedelta(), decided=True), "decided": "perhaps"}

    job = run("data_job", GIVEN, {"work_on_data": [unclear]}, start=START)

    assert (job.status, job.error) == ("FAILED", "UnknownAnswer")
