"""The API's description, the template and the functions say the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator

from tests.handlers.conftest import World, body, load_event
from tests.handlers.described import DESCRIBED, matches, operations, resolve
from tests.handlers.routes import OPERATOR, PUBLIC, ROUTES, event_for
from tests.handlers.test_events import CASES
from tests.template import cloudformation

HEALTH = ("get_health", "GET", "/health", PUBLIC)


def _parts(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from _parts(child)


def test_it_describes_exactly_our_routes_and_who_may_ask() -> None:
    described = {
        (method, path, PUBLIC if operation.get("security") == [] else tuple(operation["x-groups"]))
        for method, path, operation in operations()
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
        assert resolve(reference)
    for kind in ("schemas", "parameters", "responses", "headers"):
        for name in DESCRIBED["components"][kind]:
            assert f"#/components/{kind}/{name}" in references, name


def test_every_operation_is_named_once_and_says_how_it_fails() -> None:
    described = list(operations())
    names = [operation["operationId"] for _, _, operation in described]
    assert len(set(names)) == len(names)
    for _, path, operation in described:
        assert operation["summary"]
        default = operation["responses"].get("default", {}).get("$ref", "").rpartition("/")[2]
        assert path == "/health" or default in ("Problem", "ProblemOrPage")


def test_path_parameters_are_described() -> None:
    for path, item in DESCRIBED["paths"].items():
        given = [resolve(entry["$ref"]) if "$ref" in entry else entry for entry in item.get("parameters", ())]
        described = {entry["name"] for entry in given if entry["in"] == "path"}
        assert described == {part[1:-1] for part in path.split("/") if part.startswith("{")}


def test_every_route_has_a_stored_event_that_is_served() -> None:
    """What those are answered is held against the description where they are run."""
    served = {
        (event["httpMethod"], event["resource"])
        for event in (load_event(name) for name, case in CASES.items() if 200 <= (case.status or 0) < 300)
    }
    assert served == {(method, path) for method, path, _ in operations()}


def test_examples_are_what_they_are_examples_of() -> None:
    for part in _parts(DESCRIBED):
        if "schema" not in part:
            continue
        schema = {"components": DESCRIBED["components"], "allOf": [part["schema"]]}
        examples = [each["value"] for each in part.get("examples", {}).values()]
        for example in [*examples, *([part["example"]] if "example" in part else [])]:
            OAS31Validator(schema).validate(example)
    for name, schema in DESCRIBED["components"]["schemas"].items():
        for example in schema.get("examples", ()):
            reference = {"components": DESCRIBED["components"], "$ref": f"#/components/schemas/{name}"}
            OAS31Validator(reference).validate(example)


def test_it_is_valid_openapi() -> None:
    validate = pytest.importorskip("openapi_spec_validator").validate
    validate(DESCRIBED)


def test_every_problem_is_as_described(world: World) -> None:
    answer = world.replay("register_tenant/terms_not_accepted")
    matches(body(answer), resolve("#/components/schemas/Problem"))
    assert Path(body(answer)["type"]).parent == Path("/problems")
