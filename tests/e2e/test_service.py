"""Running a product: news, maintenance, new terms, support; told to everybody, kept by the API."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from sandbox.api import Customer, instant, text
from tests.e2e.stage import SECOND, Stage, assert_problem, eventually, put

pytestmark = pytest.mark.e2e

HOUR = timedelta(hours=1)
WHAT = {"fa": "پایگاه دادهٔ تازه", "en": "A new database"}


def told(stage: Stage, customer: Customer, words: str) -> bool:
    """Whether a mail with these words in its subject reached the customer."""
    return any(words in str(message.get("Subject", "")) for message in stage.received(customer))


@pytest.mark.clause("CLUB-13")
def test_news_reach_a_customer_and_stand_in_the_news(stage: Stage) -> None:
    reader = stage.join("customer_club")
    news = {
        "titles": {"fa": "گزارش‌های تازه", "en": "New reports"},
        "texts": {"fa": "فروش هر ماه را ببینید.", "en": "See the sales of each month."},
    }
    posted = stage.as_operator("POST", "/products/customer_club/news", news)
    eventually(lambda: "announced" in [entry["event"] for entry in stage.timeline(reader)], "the news")
    eventually(lambda: told(stage, reader, "گزارش‌های تازه") or told(stage, reader, "New reports"), "a mail")
    public = stage.api.call("GET", "/products/customer_club/news").json()["news"]
    assert public[0]["news_id"] == posted["news_id"]
    feed = stage.api.http.get("/v1/products/customer_club/news", headers={"Accept": "application/atom+xml"})
    assert feed.headers["Content-Type"].startswith("application/atom+xml")
    assert posted["news_id"] in feed.text
    events = [entry["event"] for entry in stage.timeline(reader)]
    assert events.count("announced") == 1


@pytest.mark.clause("KALO-7")
def test_maintenance_is_announced_shuts_the_api_and_opens_it_again(stage: Stage) -> None:
    customer = stage.join("kalo")
    assert put(customer, "c1", {"name": "Reza"}).status_code == 201
    now = stage.now()
    soon = {"starts_at": text(now + 11 * HOUR), "ends_at": text(now + 14 * HOUR), "what": WHAT}
    refused = stage.api.call("POST", "/products/kalo/windows", soon, token=stage.boss.token)
    assert_problem(refused, 422, "invalid-input", field="starts_at", clause="KALO-7")
    assert instant(refused.json()["details"]["earliest"]) >= now + 12 * HOUR
    plan = soon | {"starts_at": text(now + 13 * HOUR)}
    window = stage.as_operator("POST", "/products/kalo/windows", plan)
    path = f"/products/kalo/windows/{window['window_id']}"

    def announced() -> dict[str, Any] | None:
        found: dict[str, Any] = stage.as_operator("GET", path)["announcement"]
        return found if found["finished_at"] else None

    progress = eventually(announced, "everybody to be told")
    assert (progress["left"], progress["late"]) == ([], 0)
    stage.just_after(instant(window["starts_at"]))

    def answered() -> httpx.Response:
        return stage.api.call("GET", f"{customer.path}/records/c1", token=customer.token)

    shut = answered()
    assert_problem(shut, 503, "under-maintenance", clause="KALO-7")
    assert 0 < int(shut.headers["Retry-After"]) <= 3600
    assert stage.api.call("GET", "/products/kalo/status").json()["state"] == "maintenance"
    assert stage.as_operator("GET", customer.path)["phase"] == "trial"
    eventually(lambda: stage.as_operator("GET", path)["status"] == "open", "the window to open")
    ended = stage.as_operator("POST", f"{path}/changes", {"change": "end"})
    assert (ended["status"], ended["counts_as_downtime"]) == ("ended", False)
    eventually(lambda: answered().status_code == 200, "the API to answer again", 30)
    eventually(lambda: told(stage, customer, "نگهداری") or told(stage, customer, "Maintenance"), "the mails")


@pytest.mark.clause("KALLU-8")
def test_new_terms_bar_the_way_until_they_are_accepted(stage: Stage) -> None:
    customer = stage.join("kallu")
    assert put(customer, "c1", {"name": "Reza"}).status_code == 201
    effective = stage.now() + timedelta(days=8)
    publication = {
        "version": f"e2e-{int(effective.timestamp())}",
        "document": "privacy",
        "effective_at": text(effective),
        "summary": {"fa": "نگهداری کوتاه‌تر", "en": "Shorter retention"},
        "sha256": "0" * 64,
        "url": "https://kallu.example/privacy",
        "must_accept": "everyone",
    }
    stage.as_operator("POST", "/products/kallu/terms", publication)
    eventually(lambda: "announced" in [entry["event"] for entry in stage.timeline(customer)], "the mail")
    assert put(customer, "c2", {"name": "Sara"}).status_code == 201
    stage.boss.advance_to(effective + 15 * SECOND)
    refused = eventually(
        lambda: answer if (answer := put(customer, "c3", {})).status_code == 403 else None, "the gate", 30
    )
    assert_problem(refused, 403, "terms-not-accepted", clause="KALLU-8")
    assert customer.get("/records/c1")["data"] == {"name": "Reza"}
    accept = {"version": publication["version"], "accept": {"privacy": True}}
    path = f"{customer.path}/acceptances"
    assert stage.api.call("POST", path, accept, token=customer.token).status_code in (200, 201)
    answer = put(customer, "c3", {"name": "Ali"})
    # A worker that still knew the old versions may have let the first one through.
    assert answer.status_code in (200, 201), answer.text
    public = stage.api.call("GET", "/products/kallu/terms").json()
    assert publication["version"] in str(public)


@pytest.mark.clause("SAMAN-4.2.2", "SAMAN-4.2.3", "SAMAN-4.2.4")
def test_a_request_for_support_is_late_by_the_second_pauses_and_ends_as_no_fault(stage: Stage) -> None:
    manager = stage.join("saman360")
    ask = {"text": "No page opens.", "severity": "critical"}
    asked = manager.api.ask("POST", f"{manager.path}/tickets", ask, token=manager.token)
    path, due = f"{manager.path}/tickets/{asked['ticket_id']}", instant(asked["support"]["next_due_at"])
    assert due >= stage.now() + 2 * HOUR - SECOND

    def late() -> list[tuple[datetime, str]]:
        lines = stage.timeline(manager)
        return [(instant(line["at"]), line["clause"]) for line in lines if line["event"] == "support_late"]

    stage.just_before(due)
    assert late() == []
    stage.just_after(due)
    assert eventually(lambda: late() or None, "the answer to be late") == [(due, "SAMAN-4.2.2")]

    def standing(where: str, body: dict[str, Any], *, by_operator: bool = True) -> dict[str, Any]:
        token = stage.boss.token if by_operator else manager.token
        found: dict[str, Any] = stage.api.ask("POST", f"{path}/{where}", body, token=token)["support"]
        return found

    waits = standing("messages", {"text": "Which browser?", "waits": True})
    assert (waits["waits_for_customer"], waits["next_due_at"]) == (True, None)
    runs = standing("messages", {"text": "All of them."}, by_operator=False)
    assert instant(runs["next_due_at"]) > due
    charge = {"ground": "not_a_bug", "minutes": 60, "reason": "The customer's own network was down."}
    dropped = standing("charges", charge)
    assert (dropped["no_fault"], dropped["next_due_at"]) == (True, None)
    assert [(each["minutes"], each["clause"]) for each in dropped["charges"]] == [(60, "SAMAN-4.2.4")]
    stage.just_after(instant(runs["next_due_at"]))
    assert late() == [(due, "SAMAN-4.2.2")]
