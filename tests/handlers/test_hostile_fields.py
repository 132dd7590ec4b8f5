"""What no honest client sends, in every field, path and query of every operation of the description.

Nothing here may end in a server error, and nothing may be half understood: a refusal names the field, and
text that would deceive its reader or break what stores it is in no case taken.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.handlers.conftest import World, body, load_event
from tests.handlers.described import DESCRIBED, assert_answer_is_as_described, resolve
from tests.handlers.test_events import CASES

# Never taken as text: none of it can be stored, shown or sent on as what it seems to be.
DECEIVING = {
    "null byte": "a\x00b",
    "override": "a\u202eb",
    "isolate": "a\u2067b",
    "escape": "a\x1b[2Jb",
    "newline of a header": "a\r\nBcc: all@example.ir",
}
# May be taken, where a field means it; never the cause of an error of ours.
ODD = {
    "Persian digits": "\u06f1\u06f2\u06f3",
    "Arabic digits": "\u0661\u0662\u0663",
    "other digits": "\u09e7\u00b2\u2460\U0001d7d9",
    "joiner only": "\u200c",
    "long": "\u0633" * 20_000,
    "empty": "",
    "huge number": 10**400,
    "large number": 10**18,
    "below nothing": -1,
    "tiny fraction": 1e-300,
    "truth": True,
    "list": [[]],
    "object": {"": {"$ne": None}},
}
# Bodies that two readers could understand differently, or that are no bodies at all, with `@` for the rest.
MALFORMED = {
    "twice": '{"@": 1, "@": 2}',
    "not a number": '{"@": NaN}',
    "endless": '{"@": -Infinity}',
    "half a character": '{"@": "\\udc00"}',
    "deep": '{"@": ' + "[" * 40 + "]" * 40 + "}",
    "deeper than any stack": '{"@": ' + "[" * 50_000 + "]" * 50_000 + "}",
    "endless digits": '{"@": ' + "9" * 5000 + "}",
}
# What a customer keeps is its own business, and comes back as it was sent; so do these: line breaks are text.
FREE = {"data"}
PROSE = {"newline of a header"}
# The routes whose bodies are larger by what they are for.
LARGE = {"POST /tenants/{tenant_id}/sync"}


def _served() -> Iterator[tuple[str, str]]:
    """For each operation a stored event that is served: its name, by the operation's."""
    known: dict[str, str] = {}
    for name, case in CASES.items():
        if case.status and 200 <= case.status < 300:
            event = load_event(name)
            known.setdefault(f"{event['httpMethod']} {event['resource']}", name)
    yield from sorted(known.items())


def _is_json(name: str) -> bool:
    event = load_event(name)
    return (event["body"] or "").startswith("{") and bool(json.loads(event["body"]))


SERVED = dict(_served())
WITH_BODY = {label: name for label, name in SERVED.items() if _is_json(name)}


def _ask(world: World, name: str, **changes: Any) -> dict[str, Any]:
    event = load_event(name) | changes
    event["headers"] = {k: v for k, v in event["headers"].items() if k != "Idempotency-Key"}
    # Nobody is slowed down: a minute for each.
    world.clock.advance(minutes=1)
    answer: dict[str, Any] = world.call(name.split("/", maxsplit=1)[0], event)
    assert_answer_is_as_described(event, answer)
    assert answer["statusCode"] < 500, answer["body"]
    return answer


def _places(sent: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every member of a body, members of members included."""
    if isinstance(sent, dict):
        for name, value in sent.items():
            yield (*path, name)
            if name not in FREE:
                yield from _places(value, (*path, name))


def _members(operation: str) -> list[tuple[str, ...]]:
    """Every member that an operation takes by the description, or that its stored event sends."""
    method, path = operation.split(" ")
    [media] = DESCRIBED["paths"][path][method.lower()]["requestBody"]["content"].values()
    schema = media["schema"]
    schema = resolve(schema["$ref"]) if "$ref" in schema else schema
    found = list(_places(json.loads(load_event(WITH_BODY[operation])["body"])))
    return list(dict.fromkeys([*found, *((name,) for name in schema.get("properties", {}))]))


def _with(name: str, place: tuple[str, ...], value: Any) -> str:
    sent = json.loads(load_event(name)["body"])
    target = sent
    for part in place[:-1]:
        target = target[part]
    target[place[-1]] = value
    return json.dumps(sent)


@pytest.mark.parametrize("operation", WITH_BODY)
def test_no_field_of_a_body_takes_what_deceives_or_breaks(operation: str, world: World) -> None:
    name = WITH_BODY[operation]
    CASES[name].given(world)
    for place in _members(operation):
        if place[-1] in FREE:
            continue
        for kind, value in (DECEIVING | ODD).items():
            answer = _ask(world, name, body=_with(name, place, value))
            said = f"{'.'.join(place)}, {kind}: {answer['body'][:300]}"
            if answer["statusCode"] == 422:
                assert body(answer)["field"], said
            taken = answer["statusCode"] < 300
            assert not (taken and kind in DECEIVING.keys() - PROSE), said


@pytest.mark.parametrize("operation", WITH_BODY)
def test_a_body_that_can_be_understood_in_two_ways_is_not_understood(operation: str, world: World) -> None:
    name = WITH_BODY[operation]
    CASES[name].given(world)
    field = _members(operation)[0][0]
    for kind, text in MALFORMED.items():
        answer = _ask(world, name, body=text.replace("@", field))
        assert answer["statusCode"] in (400, 413), kind
    answer = _ask(world, name, body='{"@": "' + "a" * 10_000_000 + '"}')
    assert answer["statusCode"] == 413


@pytest.mark.parametrize("operation", SERVED)
def test_no_part_of_a_path_or_query_is_more_than_what_it_should_be(operation: str, world: World) -> None:
    name = SERVED[operation]
    CASES[name].given(world)
    event = load_event(name)
    method, path = operation.split(" ")
    described = DESCRIBED["paths"][path]
    parameters = [*described.get("parameters", ()), *described[method.lower()].get("parameters", ())]
    parameters = [resolve(each["$ref"]) if "$ref" in each else each for each in parameters]
    values = {kind: value for kind, value in (DECEIVING | ODD).items() if isinstance(value, str)}
    for parameter in parameters:
        where = {"path": "pathParameters", "query": "queryStringParameters"}.get(parameter["in"])
        # What a gateway does not send is another gateway's, and not looked at.
        if where is None or ("callback" in path and parameter["name"] not in (event[where] or {})):
            continue
        for kind, value in values.items():
            changed = dict(event[where] or {}) | {parameter["name"]: value}
            answer = _ask(world, name, **{where: changed})
            said = f"{parameter['name']}, {kind}: {answer['body'][:300]}"
            assert not (answer["statusCode"] < 300 and kind in DECEIVING), said
