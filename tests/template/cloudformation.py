"""Reads template.yaml and the state machines as plain data, for tests."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
STATE_MACHINES = ROOT / "statemachines"
FUNCTIONS = ROOT / "functions"


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms, read as their long forms."""


def _short_form(loader: _Loader, tag: str, node: yaml.Node) -> dict[str, Any]:
    name = tag if tag in ("Ref", "Condition") else f"Fn::{tag}"
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if tag == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {name: value}


_Loader.add_multi_constructor("!", _short_form)


@cache
def template() -> dict[str, Any]:
    """The whole template; intrinsic functions in their long form ({"Ref": ...}, {"Fn::GetAtt": [...]})."""
    loaded: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_text(), _Loader)
    return loaded


def resources(kind: str) -> dict[str, dict[str, Any]]:
    """The resources of a type ("AWS::Serverless::Function"), by their logical id."""
    return {name: found for name, found in template()["Resources"].items() if found["Type"] == kind}


def functions() -> dict[str, dict[str, Any]]:
    """The functions by their folder's name."""
    found = resources("AWS::Serverless::Function")
    return {Path(resource["Properties"]["CodeUri"]).name: resource for resource in found.values()}


def variables() -> set[str]:
    """The names of all variables that any function is given."""
    given = [template()["Globals"]["Function"], *(found["Properties"] for found in functions().values())]
    return {name for each in given for name in each.get("Environment", {}).get("Variables", {})}


def function_id(name: str) -> str:
    """The logical id of the function in a folder: advance_tenant is AdvanceTenantFunction."""
    return "".join(part.capitalize() for part in name.split("_")) + "Function"


def routes(name: str) -> dict[tuple[str, str], dict[str, Any]]:
    """The API events of a function: their properties by method ("GET") and path."""
    events = functions()[name]["Properties"].get("Events", {}).values()
    return {
        (event["Properties"]["Method"].upper(), event["Properties"]["Path"]): event["Properties"]
        for event in events
        if event["Type"] == "Api"
    }


def all_routes() -> dict[tuple[str, str], dict[str, Any]]:
    """The API events of all functions."""
    return {key: properties for name in functions() for key, properties in routes(name).items()}


def statements(resource: dict[str, Any]) -> list[dict[str, Any]]:
    """Every statement of every policy that stands in a resource, wherever it stands."""
    found: list[dict[str, Any]] = []

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if "Effect" in value and "Action" in value:
                found.append(value)
            for part in value.values():
                walk(part)
        elif isinstance(value, list):
            for part in value:
                walk(part)

    walk(resource)
    return found


def as_list(value: Any) -> list[Any]:
    """What a policy may write as one thing or as a list of them."""
    return value if isinstance(value, list) else [value]


def environment(name: str) -> dict[str, Any]:
    """The variables that a function is given, those of the globals included."""
    shared = template()["Globals"]["Function"]["Environment"]["Variables"]
    own = functions()[name]["Properties"].get("Environment", {}).get("Variables", {})
    return {**shared, **own}


def timeout(name: str) -> int:
    """A function's longest run, in seconds."""
    shared = template()["Globals"]["Function"]["Timeout"]
    return int(functions()[name]["Properties"].get("Timeout", shared))


@cache
def machine(workflow: str) -> dict[str, Any]:
    """The definition of a state machine."""
    loaded: dict[str, Any] = json.loads((STATE_MACHINES / f"{workflow}.asl.json").read_text())
    return loaded


def workflows() -> list[str]:
    """The names of the state machines' files."""
    return sorted(path.name.removesuffix(".asl.json") for path in STATE_MACHINES.glob("*.asl.json"))
