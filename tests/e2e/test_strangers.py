"""Who may not, must not: every protected operation of the API's description against every wrong caller."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from sandbox.api import Customer, Operator
from tests.e2e.stage import Stage, assert_problem, put, what_happened

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def stage(quiet_stage: Stage) -> Stage:
    """Nothing here needs the clock."""
    return quiet_stage


DESCRIPTION = Path(__file__).resolve().parents[2] / "docs" / "openapi.yaml"
# What the victim has none of: asked for by whoever may not, it is refused before it is looked for.
NEVER_MADE = {
    "hold": "h",
    "invoice": "i",
    "debt": "d",
    "escrow": "e",
    "ticket": "k",
    "export": "x",
    "restoration": "n",
    "request": "d",
    "leak": "l",
    "window": "w",
    "incident": "y",
    "grant": "a",
    "user": "u",
}
# Who works for or with the vendor: what is theirs alone says so instead of hiding a tenant.
STAFF = frozenset({"operator", "partner"})
METHODS = ("get", "post", "put", "delete", "patch")


@dataclass(frozen=True)
class Operation:
    """An operation of the API that asks who is calling, and the groups that may ask for it."""

    method: str
    path: str
    groups: frozenset[str]
    has_body: bool

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def protected() -> list[Operation]:
    """Every operation that needs a token, from the API's description."""
    description = yaml.safe_load(DESCRIPTION.read_text(encoding="utf-8"))
    return [
        Operation(method.upper(), path, frozenset(told["x-groups"]), "requestBody" in told)
        for path, operations in description["paths"].items()
        for method, told in operations.items()
        if method in METHODS and told.get("security") != []
    ]


PROTECTED = protected()
EVERY = pytest.mark.parametrize("operation", PROTECTED, ids=str)


@dataclass(frozen=True)
class People:
    """A customer with something to protect, and somebody else's customer."""

    stage: Stage
    victim: Customer
    order_id: str
    payment_id: str
    stranger: Customer

    def call(self, operation: Operation, token: str | None) -> httpx.Response:
        """An operation on what is the victim's, by whoever holds this token."""
        path = operation.path.format(
            tenant_id=self.victim.tenant_id,
            order_id=self.order_id,
            record_id="c1",
            payment_id=self.payment_id,
            **{f"{name}_id": f"{letter}_{'0' * 26}" for name, letter in NEVER_MADE.items()},
            customer_id=self.victim.tenant_id,
            partner="somebody",
            day="2026-12-01",
            month="1404-10",
            kind="blocked",
            product="kalo",
            file="manifest.json",
        )
        body = {} if operation.has_body else None
        query: dict[str, Any] = {"subject": "kalo"} if path == "/security-log" else {}
        return self.victim.api.call(operation.method, path, body, token=token, **query)


@pytest.fixture(scope="module")
def people(stage: Stage) -> People:
    """The cast."""
    victim = stage.join("kalo")
    assert put(victim, "c1", {"name": "Reza"}).status_code == 201
    order = victim.order("starter", "P1M")
    return People(stage, victim, order["order_id"], order["payment"]["payment_id"], stage.join("kallu"))


def _part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def forged(token: str, **claims: object) -> str:
    """A token whose claims were changed; its signature is the old one's."""
    head, content, signature = token.split(".")
    known = json.loads(base64.urlsafe_b64decode(content + "=" * (-len(content) % 4)))
    return f"{head}.{_part({**known, **claims})}.{signature}"


def unsigned(token: str) -> str:
    """The same claims under the algorithm that signs nothing."""
    return f"{_part({'alg': 'none', 'typ': 'JWT'})}.{token.split('.')[1]}."


@EVERY
def test_without_a_good_token_nobody_gets_in(operation: Operation, people: People) -> None:
    token = people.victim.token
    foreign = people.stranger.token
    for wrong in (
        None,
        "no-token",
        unsigned(token),
        forged(token, exp=int(time.time()) - 60),
        forged(foreign, **{"custom:tenant_id": people.victim.tenant_id}),
        forged(token, **{"cognito:groups": ["operator"]}),
    ):
        assert people.call(operation, wrong).status_code == 401, wrong


@EVERY
def test_an_access_token_is_not_enough(operation: Operation, people: People) -> None:
    api, boss, victim = people.stage.api, people.stage.boss, people.victim
    body = {"product": victim.product, "contact": victim.email, "password": victim.password}
    operator = {"operator": boss.username, "password": boss.password}
    for session in (body, operator):
        token = api.ask("POST", "/sessions", session)["access_token"]
        assert people.call(operation, token).status_code == 401


@pytest.mark.clause("KALO-21", "SAMAN-6.1")
@EVERY
def test_a_stranger_finds_nothing_of_another_tenant(operation: Operation, people: People) -> None:
    answer = people.call(operation, people.stranger.token)
    if operation.groups <= STAFF:
        assert_problem(answer, 403, "not-allowed")
    else:
        # As if there were no such tenant: even that it exists is nobody else's business.
        assert_problem(answer, 404, "not-found")


@pytest.mark.parametrize("operation", [op for op in PROTECTED if op.groups <= STAFF], ids=str)
def test_an_owner_is_neither_operator_nor_partner(operation: Operation, people: People) -> None:
    assert_problem(people.call(operation, people.victim.token), 403, "not-allowed")


@pytest.mark.clause("KALO-21")
@pytest.mark.parametrize("operation", [op for op in PROTECTED if "operator" not in op.groups], ids=str)
def test_the_vendors_staff_does_not_reach_into_a_tenants_own_data(
    operation: Operation, people: People
) -> None:
    assert_problem(people.call(operation, people.stage.boss.token), 403, "not-allowed")


@pytest.mark.clause("SAMAN-5.8")
@pytest.mark.parametrize("operation", [op for op in PROTECTED if "partner" not in op.groups], ids=str)
def test_a_partner_sees_agreed_work_and_nothing_else(
    operation: Operation, people: People, partner: Operator
) -> None:
    # A partner is as much a stranger to a tenant as any other, wherever users or owners may come in.
    # What a helper may is asked for by whoever can have an account, and a partner has none.
    hidden = not operation.groups <= STAFF and "{tenant_id}" in operation.path
    status, kind = (404, "not-found") if hidden else (403, "not-allowed")
    assert_problem(people.call(operation, partner.token), status, kind)


def test_what_was_refused_left_no_trace_but_in_the_security_log(stage: Stage) -> None:
    victim, stranger = stage.join("kallu"), stage.join("kallu")
    assert put(victim, "c1", {"name": "Reza"}).status_code == 201
    known = what_happened(stage.timeline(victim))
    people = People(stage, victim, f"o_{'0' * 26}", f"p_{'0' * 26}", stranger)
    for operation in PROTECTED:
        people.call(operation, stranger.token)
    assert what_happened(stage.timeline(victim)) == known
    assert victim.get("/records/c1")["data"] == {"name": "Reza"}
    assert victim.get("/records/c1")["version"] == 1
    lines = stage.as_operator("GET", "/security-log", subject=stranger.tenant_id, limit=1000)["lines"]
    refusals = [line["kind"] for line in lines if line["kind"].endswith("_refused")]
    assert len(refusals) == len(PROTECTED)
    assert all(line["source_ip"] and line["at"] for line in lines)
