"""Requests are slowed down at the door: whose, on which routes, and what is told about it."""

from __future__ import annotations

from typing import Any

import pytest

from mohlat import bootstrap
from mohlat.domain.errors import ServiceUnavailable
from tests.handlers.conftest import OWNER, TENANT, World, body
from tests.handlers.routes import OPERATOR, ROUTES, Route, event_for
from tests.template import cloudformation as cf

ON_TRIAL = 300
# Nobody waits in line to leave, to take their data along, to use a right, or to object.
NEVER_SLOWED = {
    "POST /tenants/{tenant_id}/closures",
    "POST /tenants/{tenant_id}/reopenings",
    "POST /tenants/{tenant_id}/exports",
    "GET /tenants/{tenant_id}/exports",
    "GET /tenants/{tenant_id}/exports/{export_id}",
    "GET /tenants/{tenant_id}/exports/{export_id}/files/{file}",
    "POST /tenants/{tenant_id}/data-requests",
    "GET /tenants/{tenant_id}/data-requests",
    "GET /tenants/{tenant_id}/data-requests/{request_id}",
    "GET /tenants/{tenant_id}/personal-data",
    "POST /tenants/{tenant_id}/restrictions/{kind}/objections",
}
OF_MEMBERS = [
    route for route in ROUTES if "{tenant_id}" in route.path and {"owner", "user"} & set(route.auth)
]
TICKETS = Route("handle_tickets", "GET", "/tenants/{tenant_id}/tickets", ())
WITHDRAWALS = Route("return_money", "POST", "/tenants/{tenant_id}/withdrawals", ())


def claims(group: str = "owner") -> dict[str, str]:
    """A signed-in member of the one tenant, or an operator."""
    own = {} if group == OPERATOR else {"custom:tenant_id": TENANT}
    return {"token_use": "id", "cognito:username": OWNER, "cognito:groups": group, **own}


def ask(world: World, route: Route = TICKETS, group: str = "owner", language: str = "en") -> Any:
    """The answer to one call of a route."""
    event = event_for(route, claims(group))
    event["headers"]["Accept-Language"] = language
    return world.call(route.function, event)


def fill(world: World) -> None:
    """The tenant of the club used up its minute, as every worker knows."""
    world.register_at("customer_club")
    window = world.clock.now().replace(second=0)
    counts = bootstrap.pace_keeper()._counts
    counts.add(TENANT, window, ON_TRIAL - 1)


@pytest.mark.clause("CLUB-4")
@pytest.mark.parametrize(
    ("language", "title"), [("en", "Too many requests"), ("fa", "درخواست بیش از اندازه")]
)
def test_the_first_request_beyond_the_package_is_told_when_to_come_back(
    language: str, title: str, world: World
) -> None:
    fill(world)
    world.clock.advance(seconds=20)
    assert ask(world)["statusCode"] == 200
    refused = ask(world, language=language)
    assert (refused["statusCode"], body(refused)["title"]) == (429, title)
    assert refused["headers"]["Content-Type"].startswith("application/problem+json")
    assert body(refused)["type"] == "/problems/too-many-requests"
    assert body(refused)["clause"] == "CLUB-4"
    assert {name: value for name, value in refused["headers"].items() if name.startswith("R")} == {
        "Referrer-Policy": "no-referrer",
        "Retry-After": "40",
        "RateLimit-Limit": "300",
        "RateLimit-Remaining": "0",
        "RateLimit-Reset": "40",
        "RateLimit-Policy": "300;w=60",
    }
    world.clock.advance(seconds=39)
    assert ask(world)["statusCode"] == 429
    world.clock.advance(seconds=1)
    assert ask(world)["statusCode"] == 200


@pytest.mark.parametrize("route", OF_MEMBERS, ids=str)
def test_every_route_of_members_is_slowed_but_for_those_that_must_not_be(route: Route, world: World) -> None:
    fill(world)
    group = "owner" if "owner" in route.auth else "user"
    ask(world)
    answer = ask(world, route, group)
    assert (answer["statusCode"] == 429) is (str(route) not in NEVER_SLOWED)


def test_operators_are_never_slowed(world: World) -> None:
    fill(world)
    ask(world)
    assert ask(world)["statusCode"] == 429
    assert ask(world, group=OPERATOR)["statusCode"] == 200


def test_what_cannot_be_counted_passes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(world)

    class Silent:
        def add(self, *_: object) -> int:
            raise ServiceUnavailable

    monkeypatch.setattr(bootstrap.pace_keeper(), "_counts", Silent())
    assert ask(world)["statusCode"] == 200
    assert "not counted" in world.logs.getvalue()


def test_who_writes_to_the_security_log_may_count_there() -> None:
    for name, found in cf.functions().items():
        for statement in cf.statements(found):
            if {"Fn::GetAtt": ["SecurityLogTable", "Arn"]} in cf.as_list(statement["Resource"]):
                actions = cf.as_list(statement["Action"])
                assert ("dynamodb:PutItem" in actions) is ("dynamodb:UpdateItem" in actions), name
    counting = {route.function for route in OF_MEMBERS}
    assert all("SECURITY_LOG_TABLE" in cf.environment(name) for name in counting)


def test_what_is_unusual_rings(world: World) -> None:
    world.register_at("customer_club")
    for _ in range(20):
        ask(world, WITHDRAWALS, group="user")
    assert "unusual use" in world.logs.getvalue()
