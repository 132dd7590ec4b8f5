"""The support role over the API: let in, used, over, sent away; and what it never opens."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from mohlat import bootstrap
from mohlat.domain.tenant import from_iso
from tests.handlers.conftest import TENANT, World
from tests.handlers.people_cases import HELPER, HELPER_TENANT, let_in
from tests.handlers.routes import ROUTES, event_for

USES = ("settings", "records", "record", "answer")
FOREIGN = [route for route in ROUTES if "{tenant_id}" in route.path and route.auth]


def _statuses(world: World) -> list[int]:
    return [world.replay(f"lend_support/{use}")["statusCode"] for use in USES]


@pytest.mark.clause("SAMAN-3.7")
def test_the_role_opens_with_the_grant_and_shuts_with_its_end(world: World) -> None:
    let_in(world)
    world.clock.time = from_iso("2026-02-14T08:00:00Z") - timedelta(seconds=1)
    assert _statuses(world) == [200, 200, 200, 201]
    world.clock.advance(seconds=1)
    assert _statuses(world) == [404, 404, 404, 404]
    kinds = [line.kind for line in bootstrap.security_log().lines(HELPER_TENANT)]
    assert kinds[:4] == ["foreign_tenant_refused"] * 4


@pytest.mark.clause("SAMAN-3.7")
def test_the_role_shuts_in_the_second_in_which_it_is_withdrawn(world: World) -> None:
    let_in(world)
    assert _statuses(world) == [200, 200, 200, 201]
    assert world.replay("lend_support/withdraw")["statusCode"] == 204
    assert _statuses(world) == [404, 404, 404, 404]
    assert [entry.event.value for entry in bootstrap.tenants().journal(TENANT)][-3:] == [
        "support_granted",
        "support_answered",
        "support_withdrawn",
    ]


@pytest.mark.clause("SAMAN-3.7")
def test_who_was_let_in_neither_pays_nor_closes_nor_exports_nor_lets_others_in(world: World) -> None:
    let_in(world)
    before = bootstrap.tenants().get(TENANT)
    claims = {
        "token_use": "id",
        "cognito:username": HELPER,
        "cognito:groups": "owner",
        "custom:tenant_id": HELPER_TENANT,
    }
    opened: list[Any] = [
        route
        for route in FOREIGN
        if world.call(route.function, event_for(route, claims))["statusCode"] not in (403, 404)
    ]
    assert opened == []
    assert bootstrap.tenants().get(TENANT) == before
