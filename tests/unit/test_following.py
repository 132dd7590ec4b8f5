"""Following one tenant through the log: its own lines, those of its invocations, and nobody else's."""

from __future__ import annotations

import json

import pytest

from sandbox.following import Wanted, follow


def line(message: str, invocation: str, **facts: object) -> str:
    usual = {"level": "INFO", "timestamp": "2026-01-31 08:00:01,123+0000", "function": "f"}
    return json.dumps({**usual, "message": message, "invocation": invocation, **facts})


LOG = [
    "START RequestId: 1",
    line("counted", "a"),
    line("answered", "a", tenant_id="t_1", request_id="r-1", status=201),
    line("journal entry", "b", tenant_id="t_2", seq=4),
    line("dispatched", "c", tenant_id="t_1", seq=4),
    line("dispatched", "c", tenant_id="t_2", seq=9),
    line("started", "c", tenant_id="t_1", started="t_1-g1-v4"),
    line("not done", "d", tenant_id="t_1", execution="t_1-g1-v4", error="ConcurrentChange"),
    json.dumps({"_aws": {"CloudWatchMetrics": []}, "Overdue": [1.0]}),
]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(tenant="t_1"), ["counted", "answered", "dispatched", "started", "not done"]),
        (Wanted(tenant="t_2"), ["journal entry", "dispatched"]),
        (Wanted(execution="t_1-g1-v4"), ["dispatched", "dispatched", "started", "not done"]),
        (Wanted(request="r-1"), ["counted", "answered"]),
        (Wanted(tenant="t_3"), []),
    ],
    ids=["a tenant", "another", "an execution", "a request", "a stranger"],
)
def test_a_line_belongs_to_whom_it_or_its_invocation_names(wanted: Wanted, expected: list[str]) -> None:
    found = follow(LOG, wanted)
    assert [next(word for word in (*expected, "?") if f"  {word}" in each) for each in found] == expected


def test_a_line_is_shown_with_its_facts_and_without_what_every_line_says() -> None:
    facts = {
        "tenant_id": "t_1",
        "refund_id": "r_9",
        "amount": 5,
        "function": "mohlat-FollowRefundFunction-5A0",
    }
    [shown] = follow([line("refund", "a", **facts)], Wanted(tenant="t_1"))
    assert shown == "2026-01-31 08:00:01,123  FollowRefund  refund  refund_id=r_9 amount=5"


def test_a_warning_is_marked_as_one() -> None:
    message = json.loads(LOG[2]) | {"level": "WARNING"}
    [shown] = follow([json.dumps(message)], Wanted(tenant="t_1"))
    assert "  WARNING answered  " in shown
