"""The documents agree with what they speak of: files, targets, functions, states, alarms, parameters."""

from __future__ import annotations

import json
import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest

from tests.template.cloudformation import FUNCTIONS, ROOT, STATE_MACHINES, resources, template

DOCUMENTS = sorted(chain(ROOT.glob("*.md"), (ROOT / "docs").rglob("*.md")))
ARCHITECTURE, RUNBOOK, DEPLOYING = (
    (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
    for name in ("architecture", "runbook", "deploying")
)
# What is made by running or building something, so that a fresh clone has none of it.
MADE = (".venv", ".local", ".aws-sam")
_CODE = re.compile(r"`([^`\n]+)`")
_BLOCK = re.compile(r"^ *```(?:\w*)\n(.*?)^ *```", re.S | re.M)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_EDGE = re.compile(r"^  (\w+|\[\*\]) --> (\w+|\[\*\])", re.M)

each_document = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT))
)


def text_of(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def named_in(text: str) -> set[str]:
    """Everything that stands as code within a line."""
    return set(_CODE.findall(_BLOCK.sub("", text)))


def anchors(document: Path) -> set[str]:
    """What a link to a heading may say after its #."""
    found = re.findall(r"^#+ (.+)$", _BLOCK.sub("", text_of(document)), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


def machine(file: Path) -> dict[str, dict[str, object]]:
    states: dict[str, dict[str, object]] = json.loads(file.read_text())["States"]
    return states


def transitions(states: dict[str, dict[str, object]]) -> set[tuple[str, str]]:
    """From which state to which, failures left out."""
    found: set[tuple[str, str]] = set()
    for name, state in states.items():
        choices = state.get("Choices", [])
        assert isinstance(choices, list)
        ways = [state, *choices]
        found |= {(name, str(way["Next"])) for way in ways if "Next" in way}
        if "Default" in state:
            found.add((name, str(state["Default"])))
    return found


@each_document
def test_every_local_link_leads_somewhere(document: Path) -> None:
    for link in _LINK.findall(text_of(document)):
        if link.startswith(("http:", "https:")):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@each_document
def test_every_file_that_is_named_exists(document: Path) -> None:
    folders = {path.name for path in ROOT.iterdir() if path.is_dir()}
    for name in named_in(text_of(document)):
        path = name.rstrip("/")
        if not re.fullmatch(r"[\w./@-]+", path) or path.startswith(MADE) or path.split("/")[0] not in folders:
            continue
        assert (ROOT / path).exists(), name


@each_document
def test_every_make_target_that_is_named_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z][a-z0-9-]*):", text_of(ROOT / "Makefile"), re.M))
    text = text_of(document)
    code = [*named_in(text), *_BLOCK.findall(text), *re.findall(r"^    .*$", text, re.M)]
    named = {found for part in code for found in re.findall(r"(?:^|\s)make ([a-z][a-z0-9-]*)", part)}
    assert named <= targets


@each_document
def test_every_output_that_a_command_reads_is_the_stacks(document: Path) -> None:
    assert set(re.findall(r"\(out (\w+)\)", text_of(document))) <= set(template()["Outputs"])


def test_the_architecture_names_every_function() -> None:
    folders = {path.parent.name for path in FUNCTIONS.glob("*/app.py")}
    assert folders <= named_in(ARCHITECTURE)
    assert f"{len(folders)} thin handlers" in ARCHITECTURE


@pytest.mark.parametrize("file", sorted(STATE_MACHINES.glob("*.asl.json")), ids=lambda file: file.name)
def test_the_architecture_names_every_state(file: Path) -> None:
    missing = {name for name in machine(file) if not re.search(rf"\b{name}\b", ARCHITECTURE)}
    assert not missing


@pytest.mark.parametrize("workflow", ["subscription", "purge"])
def test_a_machines_picture_shows_its_transitions_and_no_others(workflow: str) -> None:
    states = machine(STATE_MACHINES / f"{workflow}.asl.json")
    drawn = [set(_EDGE.findall(block)) for block in _BLOCK.findall(ARCHITECTURE) if "stateDiagram" in block]
    picture = next(edges for edges in drawn if all(a in states or b in states for a, b in edges))
    assert {(a, b) for a, b in picture if "[*]" not in (a, b)} == transitions(states)


def test_the_architecture_tells_every_phase_and_restriction() -> None:
    from mohlat.domain.agreement import Phase
    from mohlat.domain.payments import PaymentStatus
    from mohlat.domain.tenant import RestrictionKind

    for word in (*Phase, *RestrictionKind, *PaymentStatus):
        assert re.search(rf"\b{word.value}\b", ARCHITECTURE), word


def test_the_runbook_has_a_section_for_every_alarm_and_for_no_other() -> None:
    alarms = set(resources("AWS::CloudWatch::Alarm"))
    section = RUNBOOK.partition("## Alarms\n")[2].partition("\n## ")[0]
    headings = re.findall(r"^### (.+)$", section, re.M)
    assert {name for heading in headings for name in heading.split(", ")} == alarms


def test_the_runbook_says_of_each_alarm_what_it_means_what_to_look_at_and_when_it_is_over() -> None:
    section = RUNBOOK.partition("## Alarms\n")[2].partition("\n## ")[0]
    for part in re.split(r"^### ", section, flags=re.M)[1:]:
        heading, _, body = part.partition("\n")
        looks = _BLOCK.search(body) or re.search(r"\]\([\w.]*#|`[^`]*(GET|POST|aws) ", body)
        assert looks, f"{heading} says nothing to look at"
        assert re.search(r"\bover\b", body, re.I), f"{heading} does not say when it is over"
        assert re.match(r"\n\*|\n[A-Z]", body), f"{heading} does not begin with what it means"


def test_deploying_names_every_parameter_and_all_that_stays_behind() -> None:
    parameters = set(template()["Parameters"])
    assert parameters - {"Stage"} <= named_in(DEPLOYING)
    kept = {
        name for name, found in template()["Resources"].items() if found.get("DeletionPolicy") == "Retain"
    }
    assert {name for name in kept if f"**{name}**" not in DEPLOYING} == set()


def test_both_environments_on_aws_say_what_the_template_has_no_default_for() -> None:
    wanted = {name for name, given in template()["Parameters"].items() if "Default" not in given}
    with (ROOT / "samconfig.toml").open("rb") as file:
        environments = tomllib.load(file)
    for stage in ("dev", "prod"):
        given = environments[stage]["deploy"]["parameters"]["parameter_overrides"]
        assert wanted <= {override.partition("=")[0] for override in given}, stage


def test_the_secrets_that_deploying_asks_for_are_those_that_the_functions_read() -> None:
    bootstrap = text_of(ROOT / "layers/core/mohlat/bootstrap.py")
    read = set(re.findall(r'secrets\(\)\.get\("([^"]+)"\)', bootstrap))
    asked = re.search(r"^for name in (.+); do$", DEPLOYING, re.M)
    assert asked
    assert set(asked.group(1).split()) == read
