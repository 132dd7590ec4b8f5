"""Clauses of the agreements, proved at the API's own handlers: what is asked for, refused, kept and shown."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from mohlat import bootstrap
from mohlat.adapters import aws
from mohlat.domain.people import CodePurpose, Role
from mohlat.settings import settings
from tests.handlers.conftest import OWNER, ROOT, TENANT, World, body, load_event, without_personal_data
from tests.handlers.routes import ROUTES, Route, event_for

STRANGER = "t_00000000000000000000000098"
PASSWORD = "bahar-e-narenj-72"
IP = "198.51.100.7"
PERSON = {
    "name": "سارا احمدی",
    "email": "sara.ahmadi@example.ir",
    "mobile": "09123456789",
    "password": PASSWORD,
}
COMPANY = {"name": "شرکت نمونه", "national_id": "10380284790"}
ACCEPTED = {
    "kalo": ("terms", "privacy"),
    "customer_club": ("terms",),
    "saman360": ("terms",),
}


def claims(group: str = "owner", tenant_id: str = TENANT, username: str = OWNER) -> dict[str, str]:
    """Claims as the authorizer hands them on."""
    named = {"token_use": "id", "cognito:username": username, "cognito:groups": group}
    return named | ({"custom:tenant_id": tenant_id} if group != "operator" else {})


def ask(
    world: World,
    function: str,
    call: str,
    sent: Mapping[str, Any] | None = None,
    by: dict[str, str] | None = None,
    **parameters: str,
) -> tuple[int, Any]:
    """Calls `METHOD /path` of a function; its status and its JSON."""
    method, path = call.split()
    event = event_for(Route(function, method, path, ()), by)
    event["pathParameters"] = (event["pathParameters"] or {}) | parameters
    event["body"] = None if sent is None else json.dumps(sent)
    answer = world.call(function, event)
    return answer["statusCode"], body(answer) if answer["body"] else None


def register(world: World, product: str, **changes: Any) -> tuple[int, Any]:
    accept = dict.fromkeys(ACCEPTED[product], True)
    application = PERSON | {"product": product, "accept": accept} | changes
    return ask(world, "register_tenant", "POST /tenants", application)


def acceptances(world: World) -> list[dict[str, Any]]:
    status, shown = ask(world, "accept_terms", "GET /tenants/{tenant_id}/acceptances", by=claims())
    assert status == 200
    found: list[dict[str, Any]] = shown["acceptances"]
    return found


def everything_stored(world: World) -> str:
    """The tables, the queue and the logs, as somebody would see them who got hold of all."""
    tables = [settings().tenants_table, settings().idempotency_table]
    items = [aws.client("dynamodb").scan(TableName=table)["Items"] for table in tables]
    return repr(items) + repr(world.queued()) + world.logs.getvalue()


# --- accepting, and who one is ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "product",
    [
        pytest.param("kalo", marks=pytest.mark.clause("KALO-2")),
        pytest.param("saman360", marks=pytest.mark.clause("SAMAN-2.4")),
        pytest.param("customer_club", marks=pytest.mark.clause("CLUB-0")),
    ],
)
def test_nobody_registers_without_accepting_and_the_acceptance_can_be_proven(
    world: World, product: str
) -> None:
    for document in ACCEPTED[product]:
        for accept in ({}, dict.fromkeys(ACCEPTED[product], True) | {document: False}):
            status, problem = register(world, product, accept=accept)
            assert (status, problem["field"].split(".")[0]) == (422, "accept")
    assert aws.client("dynamodb").scan(TableName=settings().tenants_table)["Items"] == []

    assert register(world, product)[0] == 201
    [evidence] = acceptances(world)
    text = (ROOT / "layers/core/mohlat/agreements" / f"{product}.yaml").read_bytes()
    assert evidence["version"] == bootstrap.agreements().load(product).version
    assert evidence["digest"] == hashlib.sha256(text).hexdigest()
    assert evidence["documents"] == list(ACCEPTED[product])
    assert evidence["accepted_at"] == "2026-01-31T08:00:00Z"
    assert (evidence["source_ip"], evidence["by"]) == (IP, OWNER)


@pytest.mark.parametrize(
    ("product", "cited"),
    [
        pytest.param("kalo", "KALO-3", marks=pytest.mark.clause("KALO-3")),
        pytest.param("saman360", "SAMAN-2.5", marks=pytest.mark.clause("SAMAN-2.5")),
        pytest.param("customer_club", "CLUB-10", marks=pytest.mark.clause("CLUB-10")),
    ],
)
def test_a_legal_entity_is_registered_by_who_declares_the_authority_which_is_kept(
    world: World, product: str, cited: str
) -> None:
    for undeclared in ({}, {"authority_declared": False}):
        status, problem = register(world, product, legal_entity=COMPANY | undeclared)
        assert (status, problem["field"], problem["clause"]) == (
            422,
            "legal_entity.authority_declared",
            cited,
        )
    assert register(world, product, legal_entity=COMPANY | {"authority_declared": True})[0] == 201
    [registered] = body(world.replay("view_tenant/timeline"))["entries"]
    assert registered["facts"]["authority"] == "declared"
    entity = bootstrap.people().contact(TENANT).legal_entity
    assert entity
    assert (entity.name, entity.national_id) == (COMPANY["name"], COMPANY["national_id"])


@pytest.mark.clause("KALO-3")
def test_the_account_belongs_to_the_registered_address_and_to_its_creator(world: World) -> None:
    world.register()
    [owner] = bootstrap.people().users(TENANT)
    assert (owner.username, owner.role) == (OWNER, Role.OWNER)
    for contact in (PERSON["email"], PERSON["mobile"]):
        sent = {"product": "kalo", "contact": contact, "password": PASSWORD}
        assert ask(world, "sign_in", "POST /sessions", sent)[1]["tenant_id"] == TENANT
    # Nobody else becomes the owner by registering with either of them.
    for other in ({"email": "other@example.ir"}, {"mobile": "09351234567"}):
        assert register(world, "kalo", **other)[0] == 409


@pytest.mark.clause("SAMAN-7.4")
def test_the_customer_sees_which_version_was_accepted_when(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    assert register(world, "saman360")[0] == 201
    world.clock.advance(days=20)
    _publish_new_version(monkeypatch, tmp_path, "saman360", "3", "4")
    sent = {"version": "3", "accept": {"terms": True}}
    status, problem = ask(world, "accept_terms", "POST /tenants/{tenant_id}/acceptances", sent, by=claims())
    assert (status, problem["field"]) == (422, "version")
    status, _ = ask(
        world,
        "accept_terms",
        "POST /tenants/{tenant_id}/acceptances",
        sent | {"version": "4"},
        by=claims(),
    )
    assert status == 201
    seen = [(accepted["version"], accepted["accepted_at"]) for accepted in acceptances(world)]
    assert seen == [("3", "2026-01-31T08:00:00Z"), ("4", "2026-02-20T08:00:00Z")]
    # Each is another text.
    assert len({accepted["digest"] for accepted in acceptances(world)}) == 2


def _publish_new_version(
    monkeypatch: pytest.MonkeyPatch, folder: Any, product: str, old: str, new: str
) -> None:
    """Puts a new version of a shipped agreement beside the old one."""
    from mohlat.agreements import loader

    text = (ROOT / "layers/core/mohlat/agreements" / f"{product}.yaml").read_text(encoding="utf-8")
    (folder / f"{product}@{old}.yaml").write_text(text, encoding="utf-8")
    (folder / f"{product}.yaml").write_text(
        text.replace(f'version: "{old}"', f'version: "{new}"'), encoding="utf-8"
    )
    monkeypatch.setattr(loader, "search_path", lambda: (folder,))
    loader.load.cache_clear()


@pytest.fixture(autouse=True)
def _agreements_as_shipped() -> Any:
    yield
    from mohlat.agreements import loader

    loader.load.cache_clear()


@pytest.mark.clause("SAMAN-3.2")
def test_who_has_not_confirmed_the_contact_does_not_get_in_through_the_operators_door(world: World) -> None:
    assert register(world, "saman360")[0] == 201
    by_contact = {"product": "saman360", "contact": PERSON["email"], "password": PASSWORD}
    assert ask(world, "sign_in", "POST /sessions", by_contact)[0] == 401
    assert ask(world, "sign_in", "POST /sessions", {"operator": OWNER, "password": PASSWORD})[0] == 401


# --- passwords, and who was there -------------------------------------------------------------------------


@pytest.mark.clause("SAMAN-3.6")
def test_a_password_is_found_nowhere_and_the_log_tells_who_was_there(world: World) -> None:
    world.register()
    right = {"product": "kalo", "contact": PERSON["email"], "password": PASSWORD}
    assert ask(world, "sign_in", "POST /sessions", right)[0] == 200
    assert ask(world, "sign_in", "POST /sessions", right | {"password": "not-the-narenj-1"})[0] == 401
    world.code(CodePurpose.RECOVER)
    recovery = load_event("recover_password/finish")
    recovery["body"] = json.dumps(json.loads(recovery["body"]) | {"code": "000002"})
    assert world.call("recover_password", recovery)["statusCode"] == 200
    stored = everything_stored(world)
    for password in (PASSWORD, "not-the-narenj-1", "zemestan-dar-rah-19"):
        assert password not in stored

    event = load_event("view_security_log/of_tenant")
    lines = body(world.call("view_security_log", event))["lines"]
    assert {
        (line["kind"], line["source_ip"], line["details"].get("username"))
        for line in lines
        if line["kind"] in ("signed_in", "sign_in_failed", "password_recovered")
    } == {(kind, IP, OWNER) for kind in ("signed_in", "sign_in_failed", "password_recovered")}


# --- whose data it is -------------------------------------------------------------------------------------


@pytest.mark.clause("KALO-21")
@pytest.mark.clause("SAMAN-6.1")
def test_no_other_tenant_and_no_member_of_staff_reads_a_tenants_data(world: World) -> None:
    world.register()
    assert world.replay("keep_records/put")["statusCode"] == 201
    strangers = [claims(group, STRANGER) for group in ("owner", "user")]
    staff = [
        claims(group, "", "u_00000000000000000000000077") for group in ("operator", "support", "partner")
    ]
    of_a_tenant = [route for route in ROUTES if route.function == "keep_records"]
    for route in of_a_tenant:
        for caller in [*strangers, *staff, None]:
            answer = world.call(route.function, event_for(route, caller))
            assert answer["statusCode"] in (401, 403, 404), (route, caller)
            assert "علی" not in answer["body"]
    kept = world.replay("keep_records/get")
    assert kept["statusCode"] == 200
    assert "علی" in kept["body"]


@pytest.mark.clause("KALO-21")
@pytest.mark.clause("SAMAN-6.1")
def test_who_gets_hold_of_the_tables_reads_neither_data_nor_names(world: World) -> None:
    world.register()
    assert world.replay("keep_records/put")["statusCode"] == 201
    stored = everything_stored(world)
    assert without_personal_data(stored)
    assert "علی" not in stored
    assert "\\u0639\\u0644\\u06cc" not in stored


# --- limiting and ending ----------------------------------------------------------------------------------


@pytest.mark.clause("CLUB-0")
def test_who_keeps_a_rule_not_is_limited_for_a_stated_reason_and_not_only_shut_out(world: World) -> None:
    assert register(world, "customer_club")[0] == 201
    assert world.replay("keep_records/put")["statusCode"] == 201
    limit = {"kind": "must_accept_terms", "reason": "forged numbers were collected", "clause": "CLUB-0"}
    call, operator = "POST /tenants/{tenant_id}/restrictions", claims("operator")
    assert ask(world, "restrict_tenant", call, limit, by=operator)[0] == 201
    refused = world.replay("keep_records/put")
    assert (refused["statusCode"], body(refused)["clause"]) == (403, "CLUB-0")
    assert world.replay("keep_records/get")["statusCode"] == 200
    shown = body(world.replay("view_tenant/status"))
    [stated] = shown["restrictions"]
    assert (stated["clause"], stated["reason"]) == ("CLUB-0", limit["reason"])
    assert shown["access"] == "read_only"


@pytest.mark.clause("KALO-26")
def test_only_the_owner_closes_the_account_and_says_twice_which_one(world: World) -> None:
    world.register()
    call = "POST /tenants/{tenant_id}/closures"
    closing = {"closing": "termination", "confirm": "سارا احمدی"}
    for caller, expected in (
        (None, 401),
        (claims("user"), 403),
        (claims("owner", STRANGER), 404),
        (claims("operator", "", "u_00000000000000000000000077"), 403),
    ):
        assert ask(world, "close_tenant", call, closing, by=caller)[0] == expected, caller
    status, problem = ask(world, "close_tenant", call, closing | {"confirm": "سارا"}, by=claims())
    assert (status, problem["field"]) == (422, "confirm")
    assert body(world.replay("view_tenant/status"))["phase"] == "trial"
    assert ask(world, "close_tenant", call, closing, by=claims())[0] == 201
    assert body(world.replay("view_tenant/status"))["access"] == "none"


# --- prices, and what is public ---------------------------------------------------------------------------


@pytest.mark.clause("KALO-33")
@pytest.mark.clause("SAMAN-5.1")
def test_what_was_ordered_keeps_its_price_and_begins_with_the_money_and_the_next_one_costs_the_new_price(
    world: World,
) -> None:
    new_year = datetime(2026, 3, 20, 20, 30, tzinfo=UTC)
    world.register()
    world.clock.time = new_year.replace(hour=20, minute=29)
    ordered = body(world.replay("place_order/place"))
    assert (ordered["amount_rials"], ordered["vat_rials"]) == (2_090_000, 190_000)
    # Paid ahead: until the gateway itself has said so, nothing begins.
    assert world.replay("pay_callback/paid")["statusCode"] == 202
    assert body(world.replay("view_tenant/status"))["term"] is None

    world.clock.time = new_year
    world.gateway.paid = True
    assert world.replay("pay_callback/paid")["statusCode"] == 200
    assert body(world.replay("view_tenant/status"))["term"]["plan"] == "starter"
    assert world.gateway.opened[-1]["amount"] == 2_090_000
    renewal = {"plan": "starter", "period": "P1M"}
    status, ordered = ask(world, "place_order", "POST /tenants/{tenant_id}/orders", renewal, by=claims())
    assert (status, ordered["amount_rials"]) == (201, 2_750_000)


@pytest.mark.clause("KALO-35")
@pytest.mark.clause("SAMAN-7.3")
@pytest.mark.parametrize("product", ["kalo", "saman360"])
def test_anybody_reads_the_newest_version_at_one_address(
    world: World, product: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    call = "GET /products/{product}/agreement"
    status, before = ask(world, "read_catalog", call, product=product)
    assert status == 200
    assert before["document_url"].startswith("https://")
    assert before["clauses"]
    _publish_new_version(monkeypatch, tmp_path, product, before["version"], "77")
    status, after = ask(world, "read_catalog", call, product=product)
    assert (status, after["version"], after["document_url"]) == (200, "77", before["document_url"])


@pytest.mark.clause("SAMAN-5.2")
def test_anybody_reads_plans_and_prices_as_they_are_today(world: World) -> None:
    def prices() -> dict[str, tuple[int, str]]:
        status, shown = ask(world, "read_catalog", "GET /products/{product}/plans", product="saman360")
        assert status == 200
        [basic] = [plan for plan in shown["plans"] if plan["plan"] == "basic"]
        return {offer["period"]: (offer["amount_rials"], offer["since"]) for offer in basic["offers"]}

    old, new = (2_900_000, "2023-09-22T20:30:00Z"), (3_900_000, "2026-03-20T20:30:00Z")
    assert prices()["P1M"] == old
    world.clock.time = datetime(2026, 3, 20, 20, 29, 59, tzinfo=UTC)
    assert prices()["P1M"] == old
    world.clock.advance(seconds=1)
    assert prices()["P1M"] == new


@pytest.mark.clause("SAMAN-3.4")
def test_a_package_is_the_same_whether_it_was_bought_for_a_month_or_a_year(world: World) -> None:
    # By then every plan has its prices.
    world.clock.time = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)
    status, shown = ask(world, "read_catalog", "GET /products/{product}/plans", product="saman360")
    assert status == 200
    for plan in shown["plans"]:
        assert plan["limits"]
        assert len(plan["offers"]) == 4
        for offer in plan["offers"]:
            assert set(offer) & {"limits", "features"} == set()


@pytest.mark.clause("SAMAN-3.4")
def test_an_agreement_that_gives_a_period_less_than_its_package_is_refused() -> None:
    from mohlat.agreements.loader import problems

    text = (ROOT / "layers/core/mohlat/agreements/saman360.yaml").read_text(encoding="utf-8")
    short = text.replace("      - length: P1M\n", "      - length: P1M\n        limits: {users: 1}\n", 1)
    assert problems(text, "saman360.yaml") == []
    assert [problem.details["path"] for problem in problems(short, "saman360.yaml")] == [
        "plans[0].periods[0].limits"
    ]


@pytest.mark.clause("SAMAN-4.2.2")
@pytest.mark.clause("KALO-11")
def test_an_agreement_says_what_support_promises_and_what_it_does_not_do(world: World) -> None:
    event = load_event("read_catalog/agreement")
    saman, kalo, kallu = (
        body(world.call("read_catalog", event | {"pathParameters": {"product": product}}))["support"]
        for product in ("saman360", "kalo", "kallu")
    )
    assert kallu is None
    assert (saman["hours"]["opens"], saman["hours"]["closes"]) == ("08:00", "16:00")
    assert {
        level["severity"]: [(step["step"], step["within"]) for step in level["steps"]]
        for level in saman["levels"]
    } == {
        "critical": [("answer", "PT7200S"), ("recovery", "PT28800S"), ("fix", "P3D")],
        "major": [("answer", "PT14400S"), ("recovery", "P2D"), ("fix", "P6D")],
        "normal": [("answer", "PT28800S"), ("review", "P3D"), ("fix", None)],
        "other": [("answer", "P2D"), ("estimate", "P8D")],
    }
    assert saman["manager_only"]["clause"] == "SAMAN-4.2.6"
    assert saman["not_a_bug"]["extra"] == "support_time"
    assert [each["topic"] for each in kalo["not_covered"]] == ["new_feature", "training", "visit"]
    assert kalo["mail"]["address"] == "support@kalo.ir"


@pytest.mark.clause("KALLU-9")
def test_an_agreement_says_how_requests_about_data_come_and_until_when_they_are_answered(
    world: World,
) -> None:
    event = load_event("read_catalog/agreement")
    shown = {
        product: body(world.call("read_catalog", event | {"pathParameters": {"product": product}}))
        for product in ("kallu", "kalo")
    }
    asked = shown["kallu"]["data_requests"]
    assert (asked["within"], asked["at_most"]) == ("P30D", "P3M")
    assert (asked["mail"]["address"], asked["mail"]["subject"]) == ("privacy@kallu.cc", "My Personal Data")
    assert shown["kalo"]["data_requests"]["mail"] is None
    assert (shown["kallu"]["reopening"]["within"], shown["kalo"]["reopening"]) == (None, None)
