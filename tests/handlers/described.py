"""What the API's description says of a request and of its answer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

import yaml
from openapi_schema_validator import OAS31Validator

from tests.handlers.conftest import ROOT, body

DESCRIBED: dict[str, Any] = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8"))
METHODS = ("get", "post", "put", "delete", "patch")
_TYPES: Mapping[str, type] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "object": dict,
    "array": list,
    "boolean": bool,
    "null": type(None),
}


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and description of all that can be asked for."""
    for path, item in DESCRIBED["paths"].items():
        for method in METHODS:
            if method in item:
                yield method.upper(), path, item[method]


def resolve(reference: str) -> Any:
    """What a reference leads to."""
    found: Any = DESCRIBED
    for name in reference.removeprefix("#/").split("/"):
        found = found[name]
    return found


def matches(value: Any, schema: dict[str, Any]) -> None:
    """Enough of JSON Schema for ours, and more: also no member may be there that is not described."""
    if "$ref" in schema:
        matches(value, resolve(schema["$ref"]))
        return
    if alternatives := schema.get("anyOf") or schema.get("oneOf"):
        assert any(_fits(value, each) for each in alternatives), (value, schema)
    for part in schema.get("allOf", ()):
        assert set(resolve(part["$ref"]).get("required", ())) <= set(value)
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    assert not kinds or any(isinstance(value, _TYPES[kind]) for kind in kinds), (value, schema)
    if "enum" in schema:
        assert value in schema["enum"], (value, schema)
    if "const" in schema:
        assert value == schema["const"], (value, schema)
    if isinstance(value, list):
        for item in value:
            matches(item, schema.get("items", {}))
    if isinstance(value, dict) and "properties" in schema:
        assert set(schema.get("required", ())) <= set(value), (value, schema)
        known = dict(schema["properties"])
        for part in schema.get("allOf", ()):
            known |= resolve(part["$ref"])["properties"]
        for name, member in value.items():
            assert name in known, name
            matches(member, known[name])


def _fits(value: Any, schema: dict[str, Any]) -> bool:
    try:
        matches(value, schema)
    except AssertionError:
        return False
    return True


def _itself(part: dict[str, Any]) -> dict[str, Any]:
    return resolve(part["$ref"]) if "$ref" in part else part


def _operation(event: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = DESCRIBED["paths"][event["resource"]][event["httpMethod"].lower()]
    return described


def body_members(operation: dict[str, Any]) -> list[str]:
    """The members that an operation takes in its body."""
    content = operation.get("requestBody", {}).get("content", {})
    schemas = [_itself(media.get("schema", {})) for media in content.values()]
    return [name for schema in schemas for name in schema.get("properties", {})]


def assert_request_is_as_described(event: dict[str, Any]) -> None:
    """A request that was served has a body that clients may send by the description."""
    wanted = _operation(event).get("requestBody")
    if not wanted:
        assert event["body"] in (None, "", "{}"), "a body that is not described"
        return
    [(media, content)] = wanted["content"].items()
    sent = json.loads(event["body"]) if media == "application/json" else dict(parse_qsl(event["body"]))
    schema = {"components": DESCRIBED["components"], "allOf": [content["schema"]]}
    OAS31Validator(schema).validate(sent)


def assert_answer_is_as_described(event: dict[str, Any], answer: dict[str, Any]) -> None:
    """An answer has a status, a media type and members that the description names."""
    responses, status = _operation(event)["responses"], answer["statusCode"]
    # What may go wrong anywhere is described once; what is promised, by its status.
    assert str(status) in responses or status >= 400, status
    found = _itself(responses.get(str(status)) or responses["default"])
    for name, header in found.get("headers", {}).items():
        assert name in answer["headers"] or not _itself(header).get("required"), name
    if not answer["body"]:
        assert "content" not in found
        return
    media = answer["headers"]["Content-Type"].partition(";")[0]
    assert media in found["content"], media
    if media.endswith(("/json", "+json")):
        matches(body(answer), found["content"][media]["schema"])
