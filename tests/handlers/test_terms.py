"""A new version of the terms, from its publication to its effect, through the API's own handlers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import pytest

from mohlat import bootstrap
from tests.handlers.conftest import OWNER, TENANT, World
from tests.handlers.routes import Route, event_for
from tests.handlers.test_clauses_foundation import ask, claims

ATOM = "{http://www.w3.org/2005/Atom}"
POLICY = {
    "version": "2",
    "document": "privacy",
    "effective_at": "2026-02-07T08:00:00Z",
    "summary": {"fa": "پردازشگر تازه", "en": "A new processor"},
    "sha256": "9f" * 32,
    "url": "https://kallu.cc/privacy/2",
    "must_accept": "everyone",
}
RECORD = "/tenants/{tenant_id}/records/{record_id}"


def publish(world: World, product: str, **changes: Any) -> tuple[int, Any]:
    return ask(
        world,
        "publish_terms",
        "POST /products/{product}/terms",
        POLICY | changes,
        by=claims("operator"),
        product=product,
    )


def newest(world: World, product: str) -> Any:
    status, shown = ask(world, "read_terms", "GET /products/{product}/terms", product=product)
    assert status == 200
    return shown


def write(world: World) -> tuple[int, Any]:
    return ask(world, "keep_records", f"PUT {RECORD}", {"data": {"n": 1}}, by=claims(), record_id="r-1")


@pytest.mark.clause("KALLU-8")
def test_kallus_new_policy_bars_the_way_from_its_instant_on_until_it_is_accepted(world: World) -> None:
    world.register_at("kallu")
    assert write(world)[0] == 201
    assert publish(world, "kallu")[0] == 201

    world.clock.time += timedelta(days=7, seconds=-1)
    assert write(world)[0] == 200
    world.clock.time += timedelta(seconds=1)
    status, problem = write(world)
    assert (status, problem["type"]) == (403, "/problems/terms-not-accepted")
    assert problem["clause"] == "KALLU-8"
    assert problem["details"] == {
        "version": "2",
        "document": "privacy",
        "effective_at": "2026-02-07T08:00:00Z",
        "url": "https://kallu.cc/privacy/2",
        "accept_at": f"/tenants/{TENANT}/acceptances",
    }

    _, shown = ask(world, "view_tenant", "GET /tenants/{tenant_id}", by=claims())
    assert (shown["access"], shown["access_clause"]) == ("read_only", "KALLU-8")
    assert [each["kind"] for each in shown["restrictions"]] == ["must_accept_terms"]

    # Reading and exporting stay possible.
    assert ask(world, "keep_records", f"GET {RECORD}", by=claims(), record_id="r-1")[0] == 200
    assert ask(world, "export_tenant", "POST /tenants/{tenant_id}/exports", {}, by=claims())[0] == 202
    assert ask(world, "keep_records", f"DELETE {RECORD}", by=claims(), record_id="r-1")[0] == 403

    address = "POST /tenants/{tenant_id}/acceptances"
    left_out = {"version": "2", "accept": {"terms": True}}
    assert ask(world, "accept_terms", address, left_out, by=claims())[1]["field"] == "accept.privacy"
    stale = {"version": "1", "accept": {"privacy": True}}
    assert ask(world, "accept_terms", address, stale, by=claims())[1]["field"] == "version"
    accepted = {"version": "2", "accept": {"privacy": True}}
    assert ask(world, "accept_terms", address, accepted, by=claims())[0] == 201
    assert write(world)[0] == 200
    _, shown = ask(world, "view_tenant", "GET /tenants/{tenant_id}", by=claims())
    assert (shown["access"], shown["restrictions"]) == ("full", [])
    _, seen = ask(world, "accept_terms", "GET /tenants/{tenant_id}/terms", by=claims())
    assert (seen["version"], seen["waiting"]) == ("2", None)
    assert [(each["version"], each["how"], each["by"]) for each in seen["acceptances"]] == [
        ("1", "agreed", OWNER),
        ("2", "agreed", OWNER),
    ]
    assert seen["acceptances"][1]["digest"] == "9f" * 32


@pytest.mark.clause("KALLU-8")
@pytest.mark.parametrize(("language", "word"), [("fa", "بپذیرید"), ("en", "accept it at accept_at")])
def test_the_refusal_says_in_both_languages_what_to_do(world: World, language: str, word: str) -> None:
    world.register_at("kallu")
    assert publish(world, "kallu")[0] == 201
    world.clock.time += timedelta(days=7)
    event = event_for(Route("keep_records", "PUT", RECORD, ()), claims())
    event["pathParameters"]["record_id"] = "r-1"
    event["headers"]["Accept-Language"] = language
    event["body"] = '{"data": {}}'
    answer = world.call("keep_records", event)
    assert answer["statusCode"] == 403
    assert word in answer["body"]


@pytest.mark.clause("KALO-35")
@pytest.mark.clause("SAMAN-7.3")
def test_the_newest_version_is_public_at_one_address_from_its_instant_on(world: World) -> None:
    before = newest(world, "kallu")
    assert before["version"] == "1"
    assert [each["url"] for each in before["documents"]] == ["https://kallu.cc/privacy"]
    assert publish(world, "kallu")[0] == 201
    world.clock.time += timedelta(days=7, seconds=-1)
    announced = newest(world, "kallu")
    assert (announced["version"], announced["upcoming"][0]["version"]) == ("1", "2")
    world.clock.time += timedelta(seconds=1)
    now = newest(world, "kallu")
    assert (now["version"], now["upcoming"]) == ("2", [])
    assert now["documents"][0]["summary"] == POLICY["summary"]


def test_a_version_is_published_once_and_never_changed(world: World) -> None:
    assert publish(world, "kallu")[0] == 201
    status, again = publish(world, "kallu")
    assert (status, again["published_at"]) == (200, "2026-01-31T08:00:00Z")
    assert publish(world, "kallu", sha256="0" * 64)[0] == 409
    assert len(bootstrap.publications().of("kallu", fresh=True)) == 1


@pytest.mark.parametrize(
    ("product", "changes", "field"),
    [
        ("kallu", {"effective_at": "2026-02-07T07:59:59Z"}, "effective_at"),
        ("kallu", {"document": "terms"}, "document"),
        ("kallu", {"must_accept": "nobody"}, "must_accept"),
        ("saman360", {"document": "terms"}, "must_accept"),
        ("kallu", {"agreement_version": "77"}, "agreement_version"),
        ("kallu", {"url": "http://kallu.cc/privacy"}, "url"),
        ("kallu", {"summary": {"en": "A new processor"}}, "summary.fa"),
        ("kallou", {}, "product"),
    ],
)
def test_what_cannot_be_published_is_refused_by_the_name_of_its_field(
    world: World, product: str, changes: dict[str, Any], field: str
) -> None:
    status, problem = publish(world, product, **changes)
    assert (status, problem["field"]) == (422, field)


def test_the_feed_of_changes_speaks_both_languages(world: World) -> None:
    assert publish(world, "kallu", summary={"fa": "تازه & نو", "en": "new & <better>"})[0] == 201
    shown = {}
    for language in ("fa", "en"):
        event = event_for(Route("read_terms", "GET", "/products/{product}/terms/feed", ()), None)
        event["pathParameters"] = {"product": "kallu"}
        event["headers"]["Accept-Language"] = language
        feed = ElementTree.fromstring(world.call("read_terms", event)["body"])
        entry = feed.find(f"{ATOM}entry")
        assert entry is not None
        shown[language] = (feed.findtext(f"{ATOM}title"), entry.findtext(f"{ATOM}summary"))
    assert shown == {
        "fa": ("تغییر شرایط کلّو", "تازه & نو"),
        "en": ("Changes of the terms of kallu", "new & <better>"),
    }


@pytest.mark.clause("SAMAN-7.2-note6")
def test_new_terms_are_declined_through_the_api_until_the_first_invoice_under_them(world: World) -> None:
    world.register_at("saman360")
    terms = {"document": "terms", "must_accept": "nobody", "version": "4"}
    assert publish(world, "saman360", **terms)[0] == 201
    decline = "POST /tenants/{tenant_id}/terms-refusals"
    assert ask(world, "accept_terms", decline, {"version": "9"}, by=claims())[1]["field"] == "version"
    assert ask(world, "accept_terms", decline, {"version": "4"}, by=claims())[0] == 201
    assert ask(world, "accept_terms", decline, {"version": "4"}, by=claims())[0] == 409
    world.clock.time += timedelta(days=7)
    order = {"plan": "basic", "period": "P3M"}
    status, problem = ask(world, "place_order", "POST /tenants/{tenant_id}/orders", order, by=claims())
    assert (status, problem["details"]["version"]) == (409, "4")


@pytest.mark.clause("KALAK-changes")
def test_kalaks_new_policy_is_accepted_by_the_first_use_from_its_instant_on(world: World) -> None:
    world.register_at("kalak")
    effective = {"effective_at": "2026-01-31T08:00:01Z", "must_accept": "nobody"}
    assert publish(world, "kalak", **effective)[0] == 201
    assert ask(world, "keep_records", "GET /tenants/{tenant_id}/records", by=claims())[0] == 200
    assert [each.how for each in bootstrap.people().acceptances(TENANT)] == ["agreed"]
    world.clock.time += timedelta(seconds=1)
    for _ in range(2):
        assert ask(world, "keep_records", "GET /tenants/{tenant_id}/records", by=claims())[0] == 200
    _, seen = ask(world, "accept_terms", "GET /tenants/{tenant_id}/terms", by=claims())
    [_, used] = seen["acceptances"]
    assert (used["version"], used["how"], used["by"]) == ("2", "used", OWNER)
    assert (used["accepted_at"], used["source_ip"]) == ("2026-01-31T08:00:01Z", "")
    assert [each["accepted"] for each in seen["versions"]] == [True]


@pytest.mark.clause("KALO-2")
def test_ordering_at_kalo_is_using_it_and_the_term_is_under_the_terms_of_its_order(world: World) -> None:
    world.register()
    assert publish(world, "kalo", document="terms", must_accept="nobody")[0] == 201
    world.clock.time += timedelta(days=7)
    assert world.replay("place_order/place")["statusCode"] == 201
    world.gateway.paid = True
    assert world.replay("pay_callback/paid")["statusCode"] == 200
    tenant = bootstrap.tenants().get(TENANT)
    assert (tenant.phase.value, tenant.terms_version) == ("active", "2")
    assert [each.how for each in bootstrap.people().acceptances(TENANT)] == ["agreed", "used"]


@pytest.mark.clause("SAMAN-7.2")
def test_paying_for_the_next_lease_at_saman360_accepts_the_terms_it_was_ordered_under(world: World) -> None:
    world.register_at("saman360")
    pay(world)
    terms = {"document": "terms", "must_accept": "nobody", "version": "4"}
    assert publish(world, "saman360", **terms)[0] == 201
    world.clock.time += timedelta(days=7)
    assert ask(world, "keep_records", "GET /tenants/{tenant_id}/records", by=claims())[0] == 200
    assert bootstrap.tenants().get(TENANT).terms_version == ""
    pay(world)
    assert bootstrap.tenants().get(TENANT).terms_version == "4"
    assert [each.how for each in bootstrap.people().acceptances(TENANT)] == ["agreed", "bought"]
    decline = "POST /tenants/{tenant_id}/terms-refusals"
    status, problem = ask(world, "accept_terms", decline, {"version": "4"}, by=claims())
    assert (status, problem["type"]) == (403, "/problems/too-late")
    assert problem["details"]["ended_at"] == "2026-02-07T08:00:00Z"


def pay(world: World) -> None:
    """Orders three months and pays them."""
    order = {"plan": "basic", "period": "P3M"}
    status, placed = ask(world, "place_order", "POST /tenants/{tenant_id}/orders", order, by=claims())
    assert status == 201
    world.gateway.paid = True
    authority = placed["pay_url"].rsplit("/", 1)[-1]
    event = event_for(Route("pay_callback", "GET", "/payments/{gateway}/callback", ()), None)
    event["pathParameters"] = {"gateway": "zarinpal"}
    event["queryStringParameters"] = {"Authority": authority, "Status": "OK"}
    assert world.call("pay_callback", event)["statusCode"] == 200
