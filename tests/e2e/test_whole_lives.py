"""Whole lives under the shipped agreements: nothing a second before a deadline, everything a second after."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import jdatetime
import pytest

from sandbox.api import Customer, instant
from tests.e2e.stage import (
    DAY,
    SECOND,
    Stage,
    assert_problem,
    eventually,
    put,
    settled_messages,
    what_comes,
    what_happened,
)

pytestmark = pytest.mark.e2e

TEHRAN = ZoneInfo("Asia/Tehran")
EVENT_OF = {
    "remind": "reminder_due",
    "end_trial": "trial_ended",
    "end_term": "term_ended",
    "suspend_unpaid_lease": "lease_suspended",
    "deactivate": "deactivated",
    "warn_of_deletion": "deletion_warned",
}
EMAIL_AND_SMS = ("email", "sms")


def jalali_months_later(moment: datetime, months: int) -> datetime:
    """The same day and time of the Jalali calendar in Tehran, or the month's last day where it is shorter."""
    local = moment.astimezone(TEHRAN)
    date = jdatetime.date.fromgregorian(date=local.date())
    year, month = divmod(date.year * 12 + date.month - 1 + months, 12)
    for day in range(date.day, 0, -1):
        try:
            later = jdatetime.date(year, month + 1, day).togregorian()
        except ValueError:
            continue
        return datetime.combine(later, local.time(), TEHRAN).astimezone(moment.tzinfo)
    raise AssertionError


def live(stage: Stage, customer: Customer, expected: Sequence[tuple[str, datetime]]) -> None:
    """Walks through everything that is expected up to the deletion, looking before and after each."""
    assert what_comes(customer) == list(expected)
    known = what_happened(customer.timeline())
    for kind, at in expected[:-1]:
        stage.just_before(at)
        assert what_happened(customer.timeline()) == known
        stage.just_after(at)
        known.append((EVENT_OF[kind], at))
        assert what_happened(customer.timeline()) == known
    kind, at = expected[-1]
    assert kind == "purge"
    stage.just_before(at)
    assert what_happened(customer.timeline()) == known
    assert customer.get()["phase"] != "purged"
    stage.just_after(at)
    assert_problem(customer.api.call("GET", customer.path, token=customer.token), 410, "gone")


def pay(customer: Customer, plan: str, period: str) -> dict[str, Any]:
    """Orders and pays; the entry that the payment made in the timeline."""
    receipt = customer.pay(customer.order(plan, period)).json()
    assert receipt["status"] == "granted", receipt
    entry = customer.timeline()[-1]
    assert entry["event"] == "term_granted"
    return entry


@pytest.mark.clause("KALO-10", "KALO-13", "KALO-2")
def test_a_kalo_trial_that_nobody_pays_for_is_erased_thirty_days_after_its_end(stage: Stage) -> None:
    customer = stage.join("kalo")
    assert put(customer, "c1", {"name": "Reza"}).status_code == 201
    (accepted,) = customer.get("/acceptances")["acceptances"]
    assert accepted["documents"] == ["terms", "privacy"]
    began = instant(customer.get()["registered_at"])
    live(
        stage,
        customer,
        [
            ("remind", began + 23 * DAY),
            ("remind", began + 29 * DAY),
            ("end_trial", began + 30 * DAY),
            ("warn_of_deletion", began + 53 * DAY),
            ("purge", began + 60 * DAY),
        ],
    )
    certificate = stage.purge_of(customer)
    assert certificate["clause"] == "KALO-10"
    assert instant(certificate["committed_at"]) - (began + 60 * DAY) <= 2 * SECOND
    assert certificate["deleted"]["records"] == 1
    assert set(certificate["left"].values()) == {0}
    assert len(certificate["events"]) == certificate["journal_length"] == 6
    # The code; four announcements and the last word on both channels.
    eventually(lambda: len(stage.received(customer)) == 11, "the last message")
    senders = {mail["Source"] for mail in stage.received(customer) if "Source" in mail}
    assert all("kalo.ir" in sender for sender in senders), senders


@pytest.mark.clause("SAMAN-2.6", "SAMAN-5.3", "SAMAN-3.14", "SAMAN-3.2")
def test_a_saman360_lease_that_is_never_paid_is_suspended_sleeps_and_is_erased(stage: Stage) -> None:
    customer = stage.join("saman360")
    state = customer.get()
    began = instant(state["registered_at"])
    assert (state["phase"], state["access"]) == ("active", "full")
    assert instant(state["invoice"]["due_at"]) == began + 30 * DAY
    suspended = began + 30 * DAY
    live(
        stage,
        customer,
        [
            ("remind", began + 23 * DAY),
            ("remind", began + 29 * DAY),
            ("suspend_unpaid_lease", suspended),
            ("deactivate", suspended + 14 * DAY),
            ("warn_of_deletion", suspended + 83 * DAY),
            ("purge", suspended + 90 * DAY),
        ],
    )
    assert stage.purge_of(customer)["clause"] == "SAMAN-3.14"


@pytest.mark.clause("CLUB-14", "CLUB-15", "CLUB-16")
def test_a_club_package_shuts_when_it_ends_and_is_gone_a_month_later(stage: Stage) -> None:
    customer = stage.join("customer_club")
    trial_ends = instant(customer.get()["period_ends_at"])
    granted = pay(customer, "silver", "P1M")
    ends = jalali_months_later(trial_ends, 1)
    assert instant(granted["facts"]["ends_at"]) == ends
    assert put(customer, "c1", {"name": "Reza"}).status_code == 201
    assert what_comes(customer) == [
        ("remind", ends - 10 * DAY),
        ("end_term", ends),
        ("warn_of_deletion", ends + 24 * DAY),
        ("purge", ends + 31 * DAY),
    ]
    stage.just_after(ends - 10 * DAY)
    reminder = eventually(
        lambda: (last := customer.timeline()[-1])["messages"] and last, "the reminder to be sent"
    )
    assert (reminder["event"], reminder["clause"]) == ("reminder_due", "CLUB-14")
    assert [(sent["channel"], sent["status"]) for sent in reminder["messages"]] == [("sms", "sent")]

    stage.just_before(ends)
    assert customer.get("/records/c1")["data"] == {"name": "Reza"}
    stage.just_after(ends)
    for answer in (
        customer.api.call("GET", f"{customer.path}/records/c1", token=customer.token),
        customer.api.call("GET", f"{customer.path}/records", token=customer.token),
        put(customer, "c2", {}),
    ):
        assert_problem(answer, 403, "access-refused", clause="CLUB-15")
    live(stage, customer, [("warn_of_deletion", ends + 24 * DAY), ("purge", ends + 31 * DAY)])
    assert stage.purge_of(customer)["clause"] == "CLUB-16"


@pytest.mark.clause("KALO-10", "KALO-15")
def test_paying_on_day_29_lets_the_term_begin_where_the_trial_ends(stage: Stage) -> None:
    customer = stage.join("kalo")
    began = instant(customer.get()["registered_at"])
    stage.boss.advance_to(began + 29 * DAY + timedelta(hours=1))
    granted = pay(customer, "starter", "P1M")
    starts, ends = began + 30 * DAY, jalali_months_later(began + 30 * DAY, 1)
    assert (instant(granted["facts"]["starts_at"]), instant(granted["facts"]["ends_at"])) == (starts, ends)
    known = what_happened(customer.timeline())

    # The execution that waits for the trial's end is still there, and must find that its time has passed.
    stage.just_after(starts)
    assert what_happened(customer.timeline()) == known
    assert (customer.get()["phase"], customer.get()["access"]) == ("active", "full")
    stage.just_before(ends)
    assert customer.get()["access"] == "full"
    stage.just_after(ends)
    assert customer.get()["access"] == "none"
    assert what_happened(customer.timeline())[len(known) :] == [
        ("reminder_due", ends - 7 * DAY),
        ("reminder_due", ends - DAY),
        ("term_ended", ends),
    ]
    assert what_comes(customer) == [("warn_of_deletion", ends + 53 * DAY), ("purge", ends + 60 * DAY)]
    owed = [
        ("confirm_code", "email"),
        *[("trial_ending", channel) for channel in EMAIL_AND_SMS * 2],
        *[("payment_received", channel) for channel in EMAIL_AND_SMS],
        *[("term_ending", channel) for channel in EMAIL_AND_SMS * 2],
        *[("term_ended", channel) for channel in EMAIL_AND_SMS],
    ]
    assert settled_messages(stage, customer, len(owed)) == owed


@pytest.mark.clause("SAMAN-5.3", "SAMAN-5.4")
def test_a_lapsed_lease_is_read_only_until_it_is_paid_for_again(stage: Stage) -> None:
    customer = stage.join("saman360")
    began = instant(customer.get()["registered_at"])
    assert put(customer, "c1", {"name": "Reza"}).status_code == 201
    ends = jalali_months_later(began, 3)
    assert instant(pay(customer, "basic", "P3M")["facts"]["ends_at"]) == ends
    stage.just_after(ends)
    assert what_happened(customer.timeline())[-4:] == [
        ("reminder_due", ends - 30 * DAY),
        ("reminder_due", ends - 14 * DAY),
        ("reminder_due", ends - 3 * DAY),
        ("term_ended", ends),
    ]
    assert (customer.get()["phase"], customer.get()["access"]) == ("read_only", "read_only")
    for reading in (
        "", "/deadlines", "/timeline", "/acceptances", "/orders", "/records", "/records/c1",
    ):  # fmt: skip
        assert customer.api.call("GET", customer.path + reading, token=customer.token).status_code == 200
    for method in ("PUT", "DELETE"):
        body = {"data": {}} if method == "PUT" else None
        answer = customer.api.call(method, f"{customer.path}/records/c1", body, token=customer.token)
        assert_problem(answer, 403, "access-refused", clause="SAMAN-5.3")

    stage.boss.advance_to(ends + 3 * DAY)
    granted = pay(customer, "basic", "P1M")
    assert granted["facts"]["starts_at"] == granted["at"]
    again = jalali_months_later(instant(granted["at"]), 1)
    assert instant(granted["facts"]["ends_at"]) == again
    assert customer.get()["access"] == "full"
    assert put(customer, "c1", {"name": "Sara"}).status_code == 200
    # Where it would have been deactivated had nobody paid.
    known = what_happened(customer.timeline())
    stage.just_after(ends + 14 * DAY)
    assert {event for event, _ in what_happened(customer.timeline())[len(known) :]} <= {"reminder_due"}
    assert customer.get()["access"] == "full"


@pytest.mark.clause("KALO-10", "KALO-15")
def test_a_renewal_during_retention_ends_after_its_month_and_forgets_the_old_deletion(stage: Stage) -> None:
    customer = stage.join("kalo")
    began = instant(customer.get()["registered_at"])
    assert put(customer, "c1", {"name": "Reza"}).status_code == 201
    stage.boss.advance_to(began + 55 * DAY)
    assert what_happened(customer.timeline())[-1] == ("deletion_warned", began + 53 * DAY)
    assert_problem(put(customer, "c2", {}), 403, "access-refused", clause="KALO-10")
    read = customer.api.call("GET", f"{customer.path}/records/c1", token=customer.token)
    assert_problem(read, 403, "access-refused", clause="KALO-10")

    granted = pay(customer, "starter", "P1M")
    assert granted["facts"]["starts_at"] == granted["at"]
    ends = jalali_months_later(instant(granted["at"]), 1)
    assert customer.get("/records/c1")["data"] == {"name": "Reza"}
    known = what_happened(customer.timeline())
    stage.just_after(began + 60 * DAY)  # the old deletion's date
    stage.boss.advance_to(began + 61 * DAY)
    assert what_happened(customer.timeline()) == known
    assert customer.get()["access"] == "full"

    stage.just_before(ends)
    assert customer.get()["phase"] == "active"
    stage.just_after(ends)
    assert what_happened(customer.timeline())[-1] == ("term_ended", ends)
    assert_problem(put(customer, "c2", {}), 403, "access-refused", clause="KALO-15")
    assert what_comes(customer) == [("warn_of_deletion", ends + 53 * DAY), ("purge", ends + 60 * DAY)]
    stage.just_before(ends + 60 * DAY)
    assert customer.get()["phase"] == "deactivated"
    stage.just_after(ends + 60 * DAY)
    assert stage.purge_of(customer)["clause"] == "KALO-15"
    for path in ("/records", "/records/c1", "", "/timeline", "/deadlines", "/orders", "/acceptances"):
        assert_problem(customer.api.call("GET", customer.path + path, token=customer.token), 410, "gone")
    assert_problem(put(customer, "c1", {}), 410, "gone")
    order = {"plan": "starter", "period": "P1M"}
    answer = customer.api.call("POST", f"{customer.path}/orders", order, token=customer.token)
    assert_problem(answer, 410, "gone")
