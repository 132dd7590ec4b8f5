"""The waits themselves: a product whose days are seconds, carried by the state machines alone."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from sandbox.api import Customer, instant
from tests.e2e.stage import SECOND, Stage, eventually, messages_of, what_comes, what_happened

pytestmark = pytest.mark.e2e

# On a busy machine; less than the ten seconds after which a sweep would help.
ON_TIME = 5 * SECOND
TOLD = ("email", "sms")


def watch(
    stage: Stage, customers: list[Customer], seconds: float, meanwhile: Callable[[], object] = bool
) -> dict[str, list[dict[str, Any]]]:
    """The last timelines seen up to each customer's deletion, with `meanwhile` done between the looks."""
    seen: dict[str, list[dict[str, Any]]] = {}
    gone: set[str] = set()
    end = time.monotonic() + seconds
    while len(gone) < len(customers):
        assert time.monotonic() < end, (
            f"not deleted in {seconds} s: {[what_happened(entries) for entries in seen.values()]}"
        )
        for customer in customers:
            path = f"{customer.path}/timeline"
            answer = stage.api.call("GET", path, token=stage.boss.token, limit=100)
            if answer.status_code == 410:
                gone.add(customer.tenant_id)
            elif customer.tenant_id not in gone:
                # Who looks in the very moment of the deletion still sees that it began.
                entries = answer.json()["entries"]
                seen[customer.tenant_id] = [entry for entry in entries if entry["event"] != "purged"]
        meanwhile()
        time.sleep(0.3)
    return seen


def assert_carried_by_waits(entries: list[dict[str, Any]], tenant_id: str) -> None:
    """Every step that nobody asked for: on time, and by an execution that no sweep had to start."""
    for entry in entries:
        if entry["by"].startswith(("user:", "gateway:")):
            continue
        assert re.fullmatch(rf"{tenant_id}-g\d+-v\d+", entry["by"]), entry["by"]
        late = instant(entry["recorded_at"]) - instant(entry["at"])
        assert timedelta() <= late <= ON_TIME, (entry["event"], late)


def test_two_lives_in_real_time_are_carried_by_the_waits_alone(quiet_stage: Stage) -> None:
    stage = quiet_stage
    offset = stage.as_operator("GET", "/test-clock")["offset_seconds"]
    idle = stage.join("swift")
    payer = stage.join("swift")
    payment = payer.pay(payer.order("dash", "PT12S")).json()
    assert payment["status"] == "granted"
    began_idle = instant(idle.get()["registered_at"])
    began_payer = instant(payer.get()["registered_at"])
    ends = began_payer + 20 * SECOND
    assert what_comes(payer)[-1] == ("purge", ends + 20 * SECOND)

    seen = watch(stage, [idle, payer], 70)

    def after(began: datetime, seconds: int) -> datetime:
        return began + timedelta(seconds=seconds)

    entries = seen[idle.tenant_id]
    assert what_happened(entries) == [
        ("tenant_registered", began_idle),
        ("reminder_due", after(began_idle, 4)),
        ("trial_ended", after(began_idle, 8)),
        ("deletion_warned", after(began_idle, 15)),
    ]
    assert_carried_by_waits(entries, idle.tenant_id)

    entries = seen[payer.tenant_id]
    assert what_happened(entries)[3:] == [
        ("reminder_due", after(ends, -4)),
        ("term_ended", ends),
        ("deactivated", after(ends, 5)),
        ("deletion_warned", after(ends, 15)),
    ]
    assert [event for event, _ in what_happened(entries)[:3]] == [
        "tenant_registered", "order_placed", "term_granted",
    ]  # fmt: skip
    assert_carried_by_waits(entries, payer.tenant_id)
    assert messages_of(entries) == [
        ("confirm_code", "email"),
        *[("payment_received", channel) for channel in TOLD],
        *[("term_ending", channel) for channel in TOLD],
        *[("term_ended", channel) for channel in TOLD],
        *[("deactivated", channel) for channel in TOLD],
        *[("deletion_warning", channel) for channel in TOLD],
    ]
    for customer, due in ((idle, after(began_idle, 20)), (payer, after(ends, 20))):
        certificate = stage.purge_of(customer)
        assert timedelta() <= instant(certificate["committed_at"]) - due <= ON_TIME
        assert set(certificate["left"].values()) == {0}
    eventually(lambda: len(stage.received(payer)) == 13, "the last message")

    # Other tests of this stack leave payments open, whose watch one of them kills.
    restarted = stage.as_operator("POST", "/sweeps")["restarted"]
    assert {kind: restarted[kind] for kind in ("tenant", "entry", "purge")} == {
        "tenant": 0,
        "entry": 0,
        "purge": 0,
    }
    assert stage.as_operator("GET", "/test-clock")["offset_seconds"] == offset
