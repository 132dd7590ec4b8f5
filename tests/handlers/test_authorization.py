"""Who may ask for what: every route against every caller who must not."""

from __future__ import annotations

from typing import Any

import pytest

from mohlat import bootstrap
from tests.handlers.conftest import TENANT, World, body, load_event
from tests.handlers.routes import (
    OPERATOR,
    OWNER,
    OWNER_AND_OPERATOR,
    PARTNER,
    PUBLIC,
    ROUTES,
    STAFF,
    TENANT_USERS,
    event_for,
)

STRANGER = "t_00000000000000000000000098"
PROTECTED = [route for route in ROUTES if route.auth != PUBLIC]


def claims(groups: str, tenant_id: str = TENANT, **more: str) -> dict[str, str]:
    """Claims as the authorizer hands them on."""
    return {
        "token_use": "id",
        "cognito:username": "u_00000000000000000000000002",
        "cognito:groups": groups,
        "custom:tenant_id": tenant_id,
    } | more


def _refused(world: World, route: Any, given: dict[str, str] | None) -> int:
    answer = world.call(route.function, event_for(route, given))
    assert body(answer)["type"].startswith("/problems/")
    return int(answer["statusCode"])


@pytest.mark.parametrize("route", PROTECTED, ids=str)
class TestNobodyElseGetsIn:
    def test_without_a_token(self, route: Any, world: World) -> None:
        assert _refused(world, route, None) == 401

    def test_with_an_access_token(self, route: Any, world: World) -> None:
        for groups in ("owner", "operator"):
            assert _refused(world, route, claims(groups, token_use="access")) == 401

    def test_with_another_tenants_token(self, route: Any, world: World) -> None:
        """A stranger's tenant does not exist; what no tenant's users may do is refused as such."""
        expected = 403 if route.auth in STAFF else 404
        assert _refused(world, route, claims("owner", STRANGER)) == expected
        kind = "role_refused" if expected == 403 else "foreign_tenant_refused"
        assert [line.kind for line in bootstrap.security_log().lines(STRANGER)] == [kind]

    def test_with_no_group_or_a_strange_one(self, route: Any, world: World) -> None:
        others = "[support]" if PARTNER in route.auth else "[support partner]"
        for groups in ("", "[]", others, "administrators"):
            assert _refused(world, route, claims(groups)) == 403


@pytest.mark.parametrize("route", [route for route in ROUTES if route.auth in STAFF], ids=str)
def test_an_owner_is_refused_what_operators_and_partners_may_do(route: Any, world: World) -> None:
    assert _refused(world, route, claims("owner")) == 403
    assert [line.kind for line in bootstrap.security_log().lines(TENANT)] == ["role_refused"]


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if route.auth in ((OWNER,), OWNER_AND_OPERATOR)], ids=str
)
def test_a_user_is_refused_what_owners_may_do(route: Any, world: World) -> None:
    assert _refused(world, route, claims("user")) == 403


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if route.auth in (TENANT_USERS, (OWNER,))], ids=str
)
def test_an_operator_does_not_read_a_tenants_data(route: Any, world: World) -> None:
    assert _refused(world, route, claims("operator", "")) == 403


@pytest.mark.parametrize("route", [route for route in ROUTES if route.path.startswith("/support/")], ids=str)
def test_nobody_uses_the_support_role_without_having_been_let_in(route: Any, world: World) -> None:
    """Neither an operator nor the customer itself: the role is what a grant gives, and nothing else."""
    world.register()
    answer = event_for(route, claims("operator", "")) | {"body": '{"ticket_id": "k_1", "text": "x"}'}
    assert world.call(route.function, answer)["statusCode"] == 403
    answer["requestContext"]["authorizer"] = {"claims": claims("owner")}
    assert world.call(route.function, answer)["statusCode"] == 404


@pytest.mark.parametrize("route", [route for route in PROTECTED if PARTNER not in route.auth], ids=str)
def test_a_partner_does_what_partners_may_do_and_nothing_else(route: Any, world: World) -> None:
    assert _refused(world, route, claims(PARTNER, "")) in (403, 404)


@pytest.mark.parametrize("route", [route for route in ROUTES if route.auth == (PARTNER,)], ids=str)
def test_an_operator_does_not_act_for_a_partner(route: Any, world: World) -> None:
    assert _refused(world, route, claims(OPERATOR, "")) == 403


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
