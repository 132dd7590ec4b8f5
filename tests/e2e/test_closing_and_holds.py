"""Leaving: access stops at once, the data goes on the agreed day, and a legal hold is stronger than both."""

from __future__ import annotations

from datetime import datetime, timedelta

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


def close(customer: Customer, closing: str = "termination") -> datetime:
    """The customer closes its account; when."""
    body = {"closing": closing, "confirm": customer.name}
    answer = customer.api.call("POST", f"{customer.path}/closures", body, token=customer.token)
    assert answer.status_code == 201, answer.text
    return instant(answer.json()["closed_at"])


def assert_shut(customer: Customer, clause: str) -> None:
    """Neither reading nor writing, and the clause that says so."""
    for answer in (
        customer.api.call("GET", f"{customer.path}/records", token=customer.token),
        customer.api.call("GET", f"{customer.path}/records/c1", token=customer.token),
        customer.api.call("DELETE", f"{customer.path}/records/c1", token=customer.token),
        put(customer, "c1", {}),
    ):
        assert_problem(answer, 403, "access-refused", clause=clause)


@pytest.mark.clause("KALLU-erase", "KALAK-copy", "KALLU-8", "KALAK-changes")
@pytest.mark.parametrize(
    ("product", "clause", "channels"),
    [("kallu", "KALLU-erase", ["email"]), ("kalak", "KALAK-copy", ["email", "sms"])],
)
def test_who_only_has_an_account_can_leave_and_be_erased(
    stage: Stage, product: str, clause: str, channels: list[str]
) -> None:
    customer = stage.join(product)
    state = customer.get()
    assert (state["phase"], state["access"], state["next_deadline"]) == ("active", "full", None)
    (accepted,) = customer.get("/acceptances")["acceptances"]
    assert accepted["documents"] == ["privacy"]
    # The one that came with the agreement, or what another test has published since.
    public = stage.api.call("GET", f"/products/{product}/terms").json()
    newest = {"version": public["version"], "accept": {"privacy": True}}

    # Within the second of registering it would be the same evidence.
    eventually(lambda: stage.now() > instant(accepted["accepted_at"]) + SECOND, "the next second")
    customer.api.ask("POST", f"{customer.path}/acceptances", newest, token=customer.token)
    assert len(customer.get("/acceptances")["acceptances"]) == 2
    assert put(customer, "c1", {"name": "Reza"}).status_code == 201
    order = {"plan": "starter", "period": "P1M"}
    refused = customer.api.call("POST", f"{customer.path}/orders", order, token=customer.token)
    assert_problem(refused, 403, "access-refused")

    wrong = {"closing": "erasure", "confirm": "t_00000000000000000000000000"}
    mistyped = customer.api.call("POST", f"{customer.path}/closures", wrong, token=customer.token)
    assert_problem(mistyped, 422, "invalid-input", field="confirm")
    closed = close(customer, "erasure")
    assert_shut(customer, clause)
    assert what_comes(customer) == [("warn_of_deletion", closed + 4 * DAY), ("purge", closed + 7 * DAY)]

    stage.just_before(closed + 7 * DAY)
    assert [event for event, _ in what_happened(customer.timeline())] == [
        "tenant_registered", "terms_accepted", "closed", "deletion_warned",
    ]  # fmt: skip
    assert settled_messages(stage, customer, 1 + 2 * len(channels)) == [
        ("confirm_code", "email"),
        *[("account_closed", channel) for channel in channels],
        *[("deletion_warning", channel) for channel in channels],
    ]
    stage.just_after(closed + 7 * DAY)
    certificate = stage.purge_of(customer)
    assert certificate["clause"] == clause
    assert timedelta() <= instant(certificate["committed_at"]) - (closed + 7 * DAY) <= 2 * SECOND
    assert certificate["deleted"]["records"] == 1
    assert certificate["left"]
    assert set(certificate["left"].values()) == {0}
    assert_problem(customer.api.call("GET", customer.path, token=customer.token), 410, "gone")
    # The last word went out before the address was erased; nobody can sign in with it any more.
    eventually(lambda: len(stage.received(customer)) == 1 + 3 * len(channels), "the last message")
    session = {"product": product, "contact": customer.email, "password": customer.password}
    assert_problem(customer.api.call("POST", "/sessions", session), 401, "not-signed-in")
    received = len(stage.received(customer))
    stage.api.ask("POST", "/password-recoveries", {"product": product, "contact": customer.email})
    # Who is erased may come back as somebody new.
    again = Customer(stage.api, product, number=customer.number, password="Zemestan-dar-rah-19")
    body = {
        "product": product,
        "name": again.name,
        "email": again.email,
        "mobile": again.mobile,
        "password": again.password,
        "accept": {"privacy": True},
    }
    assert stage.api.ask("POST", "/tenants", body)["tenant_id"] != customer.tenant_id
    eventually(lambda: len(stage.received(customer)) > received, "the new account's code")
    assert len(stage.received(customer)) == received + 1  # and no recovery code for the old one


@pytest.mark.clause("KALO-15", "KALO-27")
def test_a_closed_account_shuts_at_once_although_it_was_paid_for(stage: Stage) -> None:
    customer = stage.join("kalo")
    assert customer.pay(customer.order("starter", "P1M")).json()["status"] == "granted"
    assert put(customer, "c1", {"name": "Reza"}).status_code == 201
    closed = close(customer)
    assert_shut(customer, "KALO-27")
    assert what_comes(customer) == [("warn_of_deletion", closed + 53 * DAY), ("purge", closed + 60 * DAY)]
    order = {"plan": "starter", "period": "P1M"}
    renewal = customer.api.call("POST", f"{customer.path}/orders", order, token=customer.token)
    assert_problem(renewal, 403, "access-refused", clause="KALO-27")
    body = {"closing": "termination", "confirm": customer.name}
    twice = customer.api.call("POST", f"{customer.path}/closures", body, token=customer.token)
    assert twice.status_code in (403, 409)

    # Neither the trial's nor the term's end, which executions still wait for, happens any more.
    stage.just_before(closed + 60 * DAY)
    assert [event for event, _ in what_happened(customer.timeline())][-2:] == ["closed", "deletion_warned"]
    stage.just_after(closed + 60 * DAY)
    certificate = stage.purge_of(customer)
    assert certificate["clause"] == "KALO-27"
    assert set(certificate["left"].values()) == {0}


@pytest.mark.clause("KALLU-6")
def test_a_hold_stops_the_deletion_and_its_release_gives_fresh_notice(stage: Stage) -> None:
    customer = stage.join("kallu")
    closed = close(customer, "erasure")
    purge_at = closed + 7 * DAY
    stage.just_before(purge_at)
    body = {"reason": "preservation order", "origin": "court order 1405/9", "clause": "KALLU-6"}
    hold = stage.as_operator("POST", f"{customer.path}/holds", body)["hold_id"]
    stage.boss.advance_to(purge_at + 10 * DAY)
    assert customer.get()["phase"] == "closed"
    assert what_comes(customer) == []

    shown = customer.timeline()[-1]
    assert (shown["event"], shown["why"], shown["facts"]) == ("hold_placed", None, {})
    assert stage.timeline(customer)[-1]["facts"]["origin"] == "court order 1405/9"
    missing = {"reason": "over", "clause": "KALLU-6"}
    path = f"{customer.path}/holds/h_00000000000000000000000000"
    answer = stage.api.call("DELETE", path, missing, token=stage.boss.token)
    assert_problem(answer, 404, "not-found")
    assert customer.get()["holds_count"] == 1

    stage.as_operator("DELETE", f"{customer.path}/holds/{hold}", missing)
    released = instant(stage.timeline(customer)[-1]["at"])
    # A customer who was left in peace for ten days hears of it again, three days ahead.
    eventually(lambda: what_happened(customer.timeline())[-1][0] == "deletion_warned", "the second warning")
    assert what_comes(customer) == [("purge", released + 3 * DAY)]
    assert [event for event, _ in what_happened(customer.timeline())][-5:] == [
        "closed", "deletion_warned", "hold_placed", "hold_released", "deletion_warned",
    ]  # fmt: skip
    assert settled_messages(stage, customer, 4)[-2:] == [("deletion_warning", "email")] * 2
    stage.just_before(released + 3 * DAY)
    assert customer.get()["phase"] == "closed"
    stage.just_after(released + 3 * DAY)
    assert set(stage.purge_of(customer)["left"].values()) == {0}


@pytest.mark.clause("KALO-19", "KALO-18")
def test_a_block_shuts_out_at_once_names_its_clause_and_can_be_lifted(stage: Stage) -> None:
    customer = stage.join("kalo")
    assert put(customer, "c1", {"name": "Reza"}).status_code == 201
    body = {"kind": "blocked", "reason": "listed violation", "clause": "KALO-19"}
    stage.as_operator("POST", f"{customer.path}/restrictions", body)
    assert_shut(customer, "KALO-19")
    shown = customer.get()
    assert (shown["access"], shown["restrictions"][0]["reason"]) == ("none", "listed violation")
    order = {"plan": "starter", "period": "P1M"}
    renewal = customer.api.call("POST", f"{customer.path}/orders", order, token=customer.token)
    assert_problem(renewal, 403, "access-refused", clause="KALO-19")
    reason = {"reason": "the reports were mistaken"}
    stage.as_operator("DELETE", f"{customer.path}/restrictions/blocked", reason)
    assert customer.get("/records/c1")["data"] == {"name": "Reza"}
    assert [entry["by"] for entry in customer.timeline()[-2:]] == ["operator", "operator"]
