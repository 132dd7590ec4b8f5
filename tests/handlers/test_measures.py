"""The figures of the dashboard: what happens counts under its name, once per invocation's line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mohlat.domain.agreement import Phase
from mohlat.domain.errors import MessageRejected, MessageUncertain
from mohlat.measures import PHASE_BEGUN
from tests.handlers import money_cases
from tests.handlers.conftest import World, load_event


def counted(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The metrics that the last invocation wrote, by name."""
    written = json.loads(capsys.readouterr().out.splitlines()[-1])
    named = written["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    return {metric["Name"]: sum(written[metric["Name"]]) for metric in named}


def dispatch(world: World, seq: int) -> None:
    event = load_event("dispatch_stream/registration")
    [record] = event["Records"][1:2]
    record["dynamodb"]["Keys"]["sk"]["S"] = f"J#{seq:08d}"
    assert world.call("dispatch_stream", event | {"Records": [record]}) == {"batchItemFailures": []}


def test_each_phase_that_begins_is_counted_and_nothing_else(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.register()
    world.live_to_the_purge()
    seen: dict[str, float] = {}
    # What happened to an account that lapsed: registered, reminded twice, ended, warned, purged.
    for seq in range(1, 7):
        capsys.readouterr()
        dispatch(world, seq)
        out = capsys.readouterr().out
        for line in out.splitlines():
            seen |= {name: value for name, value in json.loads(line).items() if name in PHASE_BEGUN.values()}
    assert set(seen) == {"TrialBegun", "Deactivated", "Purged"}


def test_every_phase_has_its_figure() -> None:
    assert set(PHASE_BEGUN) == set(Phase)
    assert len(set(PHASE_BEGUN.values())) == len(Phase)


@pytest.mark.parametrize(
    ("failing", "name"),
    [(None, "NoticeSent"), (MessageRejected(), "MessageRejected"), (MessageUncertain(), "NoticeUncertain")],
    ids=["sent", "rejected", "uncertain"],
)
def test_what_became_of_a_notice_is_counted(
    failing: Exception | None, name: str, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.register()
    world.mail.failing = failing
    capsys.readouterr()
    world.replay("send_notices/registration")
    assert counted(capsys)[name] >= 1


def test_the_sweep_measures_what_waits_for_a_person(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    money_cases.held(world)
    capsys.readouterr()
    world.replay("sweep_overdue/hourly")
    found = counted(capsys)
    assert (found["TicketsOpen"], found["RefundsWaiting"], found["MoneyOwed"]) == (1, 0, 0)
    assert found["MoneyHeld"] > 0
