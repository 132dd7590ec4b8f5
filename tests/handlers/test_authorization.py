"""Who may ask for what: every route asked by every caller, held against the description (tests/rights.py)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mohlat import bootstrap
from mohlat.application.codes import issue_code
from mohlat.domain.agreement import PartnerPower
from mohlat.domain.people import CodePurpose
from tests import rights
from tests.handlers.conftest import OWNER, TENANT, World, body, load_event
from tests.handlers.people_cases import PARTNER
from tests.handlers.routes import ROUTES, event_for
from tests.rights import Answer, Caller

OPERATOR = "mina"
# Whether it may be asked for depends on what the body names; others let in before they read.
BODIES = {"POST /partner/escrows": {"tenant_id": TENANT, "title": "A page", "amount_rials": 1000}}
# Answers 401 by itself, for what is sent; and what no table of routes leads to.
OWN_DOOR = {"POST /sessions", "GET /health"}
REFUSALS = ("foreign_tenant_refused", "role_refused", "power_refused")


def _neighbour(world: World) -> tuple[str, str]:
    """Another account of the product, confirmed: its tenant and its owner."""
    event = load_event("register_tenant/kalo")
    event["headers"].pop("Idempotency-Key")
    known = bootstrap.agreements().load("saman360").registration.accept
    told = {"product": "saman360", "email": "helper@customer.test", "mobile": "+989121234568"}
    event["body"] = json.dumps(json.loads(event["body"]) | told | {"accept": dict.fromkeys(known, True)})
    tenant_id = str(body(world.call("register_tenant", event))["tenant_id"])
    username = bootstrap.people().users(tenant_id)[0].username
    now = world.clock.now()
    code = issue_code(bootstrap.people(), bootstrap.ids(), tenant_id, username, CodePurpose.CONFIRM, now)
    bootstrap.front_desk().confirm(tenant_id, code, "192.0.2.9")
    return tenant_id, username


def _claims(world: World, caller: Caller) -> dict[str, str] | None:
    """Sets the stage for a caller, and gives its claims as the authorizer hands them on."""
    world.register_at("saman360")
    tenant_id, username = _neighbour(world)
    if caller.group is None:
        return None
    if caller.own:
        tenant_id, username = TENANT, OWNER
    elif caller.group in ("operator", "partner"):
        tenant_id, username = "", OPERATOR if caller.group == "operator" else PARTNER
    if caller.has == "support grant":
        helper = {"operator": OPERATOR} if caller.group == "operator" else {"email": "helper@customer.test"}
        event = load_event("lend_support/grant")
        until = json.loads(event["body"])["until"]
        event["body"] = json.dumps(helper | {"until": until})
        assert world.call("lend_support", event)["statusCode"] == 201
    elif caller.has == "delegation":
        bootstrap.escrow_desk().agree(TENANT, PARTNER, "A site", 1000, "operator:u_1")
        bootstrap.partner_desk().delegate(TENANT, PARTNER, PartnerPower, "operator:u_1")
    return {
        "token_use": "access" if caller.access_token else "id",
        "cognito:username": username,
        "cognito:groups": caller.group,
        "custom:tenant_id": tenant_id,
    }


@pytest.mark.parametrize("caller", rights.CALLERS, ids=lambda caller: caller.title)
def test_every_route_lets_in_whom_the_description_names_and_nobody_else(
    caller: Caller, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All routes in one deployment, which whoever is let in may change: the door comes before all else."""
    claims = _claims(world, caller)
    log = type(bootstrap.security_log())
    note, refused = log.note, []

    def noting(self: Any, subject: str, kind: str, *args: Any, **facts: Any) -> None:
        refused.extend([kind] if kind in REFUSALS else [])
        note(self, subject, kind, *args, **facts)

    monkeypatch.setattr(log, "note", noting)

    def ask(operation: rights.Operation) -> str:
        refused.clear()
        [route] = [each for each in ROUTES if str(each) == str(operation)]
        event = event_for(route, claims)
        if str(operation) in BODIES:
            event["body"] = json.dumps(BODIES[str(operation)])
        # A minute for each: none is slowed down.
        world.clock.advance(minutes=1)
        answer = world.call(route.function, event)
        problem = answer["headers"].get("Content-Type", "").startswith("application/problem+json")
        kind = str(body(answer)["type"]).removeprefix("/problems/") if problem else ""
        if kind == "not-signed-in":
            return Answer.NOT_SIGNED_IN
        if refused:
            return {"not-allowed": Answer.REFUSED, "not-found": Answer.HIDDEN}[kind]
        return "refused, but not in the security log" if kind == "not-allowed" else Answer.LET_IN

    asked = [each for each in rights.operations() if str(each) not in OWN_DOOR]
    differing = {
        str(each): (answer, each.answer(caller))
        for each in asked
        if (answer := ask(each)) != each.answer(caller)
    }
    assert differing == {}


def test_the_document_is_what_the_description_says() -> None:
    assert rights.DOCUMENT.read_text(encoding="utf-8") == rights.document(), "make rights writes it anew"


def test_what_has_to_stand_besides_is_something_that_a_caller_here_can_have() -> None:
    needed = {each.needs for each in rights.operations()}
    assert needed == {caller.has for caller in rights.CALLERS}


@pytest.mark.parametrize("groups", ["owner", "[owner]", "[support owner]", "support,owner"])
def test_groups_are_read_in_every_form_in_which_they_arrive(groups: str, world: World) -> None:
    world.register()
    event = load_event("view_tenant/status")
    event["requestContext"]["authorizer"]["claims"]["cognito:groups"] = groups
    assert world.call("view_tenant", event)["statusCode"] == 200


def test_ids_that_cannot_be_ours_are_not_looked_up(world: World) -> None:
    world.register()
    for wrong in ("T#x", "t_", "t_0000000000000000000000000u", TENANT.lower() + "0", "../" + TENANT):
        event = load_event("view_tenant/status")
        event["pathParameters"]["tenant_id"] = wrong
        event["requestContext"]["authorizer"]["claims"]["custom:tenant_id"] = wrong
        assert world.call("view_tenant", event)["statusCode"] == 404


def test_the_token_of_a_purged_tenant_finds_it_gone(world: World) -> None:
    world.register()
    world.live_to_the_purge()
    for case in (
        "view_tenant/status",
        "view_tenant/deadlines",
        "view_tenant/timeline",
        "place_order/list",
        "place_order/place",
        "place_order/quote",
        "keep_records/list",
        "keep_records/put",
        "accept_terms/accept",
        "close_tenant/termination",
        "return_money/withdraw",
        "manage_profile/get",
        "manage_profile/put",
        "manage_profile/personal_data",
        "manage_profile/correct_name",
        "change_contact/ask",
        "change_contact/confirm",
        "handle_requests/ask",
        "handle_requests/list",
        "handle_requests/one",
        "close_tenant/reopen",
        "meter_usage/debts",
        "handle_tickets/list",
        "handle_support/open",
        "handle_support/read",
        "handle_support/reply",
    ):
        assert world.replay(case)["statusCode"] == 410, case
