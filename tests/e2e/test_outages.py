"""Outages: what fell due while the stack was down still happens, once, when it is back. In real time."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from sandbox.api import Customer, instant
from sandbox.stack import Stack
from tests.e2e.conftest import stage_of
from tests.e2e.stage import SECOND, Stage, eventually, put, what_happened
from tests.e2e.test_real_time import watch

pytestmark = [pytest.mark.e2e, pytest.mark.this_machine]

# Longer overdue than this, and the sweep finds it (samconfig.toml, environment local).
PATIENCE = timedelta(seconds=10)


def snapshot_after(stack: Stack, moment: float) -> None:
    """Waits until the local AWS has written its state down after an instant of time.time()."""
    file = stack.state / "aws" / "state" / "dynamodb.json"
    eventually(lambda: file.exists() and file.stat().st_mtime > moment, "a snapshot", 30)


def wait_until(moment: datetime) -> None:
    """Lets real time pass."""
    time.sleep(max(0.0, moment.timestamp() - time.time()))


def assert_lived_once(
    stage: Stage, customer: Customer, began: datetime, meanwhile: Callable[[], object] = bool
) -> list[tuple[str, str, str]]:
    """A trial's whole life, each step at its own instant and once. Its messages: (kind, channel, status)."""
    every = watch(stage, [customer], 60, meanwhile)[customer.tenant_id]
    # A warning that the outage cut off is repeated, and the deletion put off for it: as promised.
    events = [entry["event"] for entry in every]
    entries = every[: events.index("purge_deferred")] if "purge_deferred" in events else every
    assert what_happened(entries) == [
        ("tenant_registered", began),
        ("reminder_due", began + 4 * SECOND),
        ("trial_ended", began + 8 * SECOND),
        ("deletion_warned", began + 15 * SECOND),
    ]
    assert [entry["seq"] for entry in entries] == [1, 2, 3, 4]
    assert [entry["previous_hash"] for entry in every[1:]] == [entry["hash"] for entry in every[:-1]]
    certificate = stage.purge_of(customer)
    assert instant(certificate["committed_at"]) >= began + 20 * SECOND
    assert set(certificate["left"].values()) == {0}
    messages = [message for entry in entries for message in entry["messages"]]
    assert Counter(Counter((m["kind"], m["channel"]) for m in messages).values()).keys() == {1}
    return [(message["kind"], message["channel"], message["status"]) for message in messages]


def test_what_fell_due_while_the_stack_was_stopped_happens_once_it_is_back(own_stack: Stack) -> None:
    stage = stage_of(own_stack)
    buyer = stage.join("kalo")
    order = buyer.order("starter", "P1M")
    base, authority = str(order["pay_url"]).split("/pg/StartPay/")
    back = stage.api.http.post(f"{base}/_test/{authority}/pay").headers["Location"]
    sleeper = stage.join("swift")
    assert put(sleeper, "c1", {"name": "Reza"}).status_code == 201
    began = instant(sleeper.get()["registered_at"])

    # A busy machine may take a while to stop; the warning, and the deletion, still fall into the outage.
    assert own_stack.down()
    assert datetime.now(began.tzinfo) < began + 15 * SECOND, "too slow to stop before the warning"
    wait_until(began + 8 * SECOND + PATIENCE + SECOND)
    own_stack.up()
    stage = stage_of(own_stack)

    messages = assert_lived_once(stage, sleeper, began)
    sent = Counter(kind for kind, _, status in messages if status == "sent")
    assert (sent["confirm_code"], sent["trial_ended"]) == (1, 2)
    # The reminder went out before the stop, or its date had passed: then it is not sent any more, and when
    # the deletion is quicker than the sweep that looks after it, nobody even notes so.
    reminders = {status for kind, _, status in messages if kind == "trial_ending"}
    assert reminders in ({"sent"}, {"void"}, set())
    if sent["deletion_warning"] == 2:
        owed = sum(sent.values()) + 2  # and the last word on both channels
        eventually(lambda: len(stage.received(sleeper)) == owed, "the last message")

    # Who paid just before finds the shop open again.
    told = stage.api.http.get(back, headers={"Accept": "application/json"}).json()
    assert told["status"] == "granted"
    assert [event for event, _ in what_happened(buyer.timeline())] == [
        "tenant_registered", "order_placed", "term_granted",
    ]  # fmt: skip


def test_a_crash_delays_what_was_due_and_doubles_nothing(own_stack: Stack) -> None:
    stage = stage_of(own_stack)
    keeper = stage.join("kallu")
    assert put(keeper, "c1", {"name": "Reza"}).status_code == 201
    sleeper = stage.join("swift")
    began = instant(sleeper.get()["registered_at"])
    snapshot_after(own_stack, time.time())

    noted = own_stack.running()
    assert noted
    os.kill(int(noted["aws_pid"]), signal.SIGKILL)
    eventually(lambda: own_stack.running() is None, "the supervisor to notice", 60)
    own_stack.up()
    stage = stage_of(own_stack)

    def sweep() -> None:
        # An operator who does not wait for the next scheduled one; one more or less changes nothing.
        stage.as_operator("POST", "/sweeps")

    # A message that the crash interrupted may still be waiting for its lease to end at the last look.
    statuses = {status for _, _, status in assert_lived_once(stage, sleeper, began, sweep)}
    assert statuses <= {"queued", "sending", "sent", "void", "uncertain"}
    assert [event for event, _ in what_happened(keeper.timeline())] == ["tenant_registered"]
    assert keeper.get("/records/c1")["data"] == {"name": "Reza"}
