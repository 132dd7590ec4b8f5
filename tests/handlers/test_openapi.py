"""The API's description, the template and the functions say the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.handlers.conftest import ROOT, World, body, load_event
from tests.handlers.routes import OPERATOR, PUBLIC, ROUTES, event_for
from tests.template import cloudformation

DESCRIBED: dict[str, Any] = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8"))
METHODS = ("get", "post", "put", "delete", "patch")
HEALTH = ("get_health", "GET", "/health", PUBLIC)


def _operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in DESCRIBED["paths"].items():
        for method in METHODS:
            if method in item:
                yield method.upper(), path, item[method]


def _parts(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from _parts(child)


def _resolve(reference: str) -> Any:
    found: Any = DESCRIBED
    for name in reference.removeprefix("#/").split("/"):
        found = found[name]
    return found


def test_it_describes_exactly_our_routes_and_who_may_ask() -> None:
    described = {
        (method, path, PUBLIC if operation.get("security") == [] else tuple(operation["x-groups"]))
        for method, path, operation in _operations()
    }
    assert described == {(route.method, route.path, route.auth) for route in ROUTES} | {HEALTH[1:]}


def test_the_template_leads_each_route_to_its_function_behind_the_same_door() -> None:
    led = set()
    for name, function in cloudformation.functions().items():
        for event in function["Properties"].get("Events", {}).values():
            if event["Type"] == "Api":
                route = event["Properties"]
                public = route.get("Auth", {}).get("Authorizer") == "NONE"
                led.add((name, route["Method"].upper(), route["Path"], public))
    expected = {(route.function, route.method, route.path, route.auth == PUBLIC) for route in ROUTES}
    assert led == expected | {(*HEALTH[:3], True)}


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_each_route_is_known_to_its_function(route: Any, world: World) -> None:
    claims = {"token_use": "id", "cognito:username": "u_1", "cognito:groups": OPERATOR}
    answer = world.call(route.function, event_for(route, claims))
    assert answer["statusCode"] != 405
    unknown = event_for(route, claims) | {"httpMethod": "OPTIONS"}
    assert world.call(route.function, unknown)["statusCode"] == 405


def test_every_reference_leads_somewhere_and_every_part_is_used() -> None:
    references = {part["$ref"] for part in _parts(DESCRIBED) if "$ref" in part}
    for reference in references:
        assert _resolve(reference)
    for kind in ("schemas", "parameters", "responses", "headers"):
        for name in DESCRIBED["components"][kind]:
            assert f"#/components/{kind}/{name}" in references, name


def test_every_operation_is_named_once_and_says_how_it_fails() -> None:
    operations = list(_operations())
    names = [operation["operationId"] for _, _, operation in operations]
    assert len(set(names)) == len(names)
    for _, path, operation in operations:
        assert operation["summary"]
        assert path == "/health" or operation["responses"]["default"] == {
            "$ref": "#/components/responses/Problem"
        }


def test_path_parameters_are_described() -> None:
    for path, item in DESCRIBED["paths"].items():
        given = [
            _resolve(entry["$ref"]) if "$ref" in entry else entry for entry in item.get("parameters", ())
        ]
        described = {entry["name"] for entry in given if entry["in"] == "path"}
        assert described == {part[1:-1] for part in path.split("/") if part.startswith("{")}


def _matches(value: Any, schema: dict[str, Any]) -> None:
    """Enough of JSON Schema for ours: required members, no undescribed ones, types, enumerations."""
    if "$ref" in schema:
        _matches(value, _resolve(schema["$ref"]))
        return
    for part in schema.get("allOf", ()):
        assert set(_resolve(part["$ref"]).get("required", ())) <= set(value)
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    types = {
        "string": str,
        "integer": int,
        "object": dict,
        "array": list,
        "boolean": bool,
        "null": type(None),
    }
    assert not kinds or any(isinstance(value, types[kind]) for kind in kinds), (value, schema)
    if "enum" in schema:
        assert value in schema["enum"]
    if isinstance(value, list):
        for item in value:
            _matches(item, schema.get("items", {}))
    if isinstance(value, dict) and "properties" in schema:
        assert set(schema.get("required", ())) <= set(value)
        known = dict(schema["properties"])
        for part in schema.get("allOf", ()):
            known |= _resolve(part["$ref"])["properties"]
        for name, member in value.items():
            assert name in known, name
            _matches(member, known[name])


@pytest.mark.parametrize(
    ("case", "given"),
    [
        ("read_catalog/products", ()),
        ("read_catalog/agreement", ()),
        ("read_catalog/plans", ()),
        ("view_tenant/status", ()),
        ("view_tenant/deadlines", ()),
        ("view_tenant/timeline", ()),
        ("accept_terms/list", ()),
        ("place_order/list", ("place_order/place",)),
        ("place_order/one", ("place_order/place",)),
        ("keep_records/list", ("keep_records/put",)),
        ("keep_records/get", ("keep_records/put",)),
        ("restrict_tenant/lift", ("restrict_tenant/block",)),
        ("hold_tenant/place", ()),
        ("view_security_log/of_tenant", ()),
        ("request_sweep/now", ()),
        ("set_test_clock/read", ()),
        ("sign_in/password", ()),
        ("place_order/place_at_zibal", ()),
        ("pay_callback/cancelled", ("place_order/place",)),
        ("pay_callback/zibal_cancelled", ("place_order/place_at_zibal",)),
    ],
)
def test_an_answer_is_as_described(case: str, given: tuple[str, ...], world: World) -> None:
    world.register()
    event = load_event(case)
    for earlier in given:
        made = body(world.replay(earlier))
        if "order_id" in (event["pathParameters"] or {}):
            event["pathParameters"]["order_id"] = made["order_id"]
    answer = world.call(case.split("/", maxsplit=1)[0], event)
    response = DESCRIBED["paths"][event["resource"]][event["httpMethod"].lower()]["responses"]
    found = response[str(answer["statusCode"])]
    found = _resolve(found["$ref"]) if "$ref" in found else found
    _matches(body(answer), found["content"]["application/json"]["schema"])


def test_it_is_valid_openapi() -> None:
    validate = pytest.importorskip("openapi_spec_validator").validate
    validate(DESCRIBED)


def test_every_problem_is_as_described(world: World) -> None:
    answer = world.replay("register_tenant/terms_not_accepted")
    _matches(body(answer), _resolve("#/components/schemas/Problem"))
    assert Path(body(answer)["type"]).parent == Path("/problems")
