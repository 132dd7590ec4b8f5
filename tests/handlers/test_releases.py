"""What a release left waiting is still taken by the code of today: a deployment meets executions in flight.

An execution keeps the definition it was started with and calls new code, maybe a year later. Functions and
machines are not replaced at one instant, so that old code also starts new definitions; and a queue, a stream
and the due index hold what old code put there. `tests/releases/<version>.json` holds what each release puts
there. With `MOHLAT_RECORD=<version>` that file is written from what the code does today, when it is released.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mohlat import bootstrap
from mohlat.adapters import aws
from mohlat.settings import settings
from tests.handlers.conftest import TENANT, World, load_event
from tests.handlers.test_events import CASES
from tests.template import cloudformation as cf
from tests.workflows.interpreter import run

FOLDER = Path(__file__).parents[1] / "releases"
RELEASES = sorted(FOLDER.glob("*.json"), key=lambda file: [int(part) for part in file.stem.split(".")])
VERSION = os.environ.get("MOHLAT_RECORD")
DUE_AT = "2026-01-31T08:00:00Z"


def _forms() -> dict[str, dict[str, list[str]]]:
    """The fields that each task of each machine is called with, and those that its machine reads back."""
    found: dict[str, dict[str, list[str]]] = {}
    for workflow in cf.workflows():
        text = (cf.STATE_MACHINES / f"{workflow}.asl.json").read_text()
        read = set(re.findall(r'"\$\.(\w+)"', text)) - {"failure", "Payload"}
        for name, state in cf.machine(workflow)["States"].items():
            if state["Type"] == "Task":
                given = sorted(field.removesuffix(".$") for field in state["Parameters"]["Payload"])
                found[f"{workflow}/{name}"] = {"given": given, "read": sorted(read)}
    return found


def _called() -> dict[str, list[str]]:
    """By its folder: the fields that a function is called with by some task."""
    names = {cf.function_id(function): function for function in cf.functions()}
    found: dict[str, list[str]] = {}
    for workflow in cf.workflows():
        for state in cf.machine(workflow)["States"].values():
            if state["Type"] == "Task":
                function = names[state["Parameters"]["FunctionName"][2:-1].removesuffix("Arn")]
                given = [field.removesuffix(".$") for field in state["Parameters"]["Payload"]]
                found[function] = sorted({*found.get(function, []), *given})
    return found


def _cases(function: str) -> list[str]:
    return [name for name, case in CASES.items() if name.startswith(f"{function}/") and not case.raises]


def _recordings() -> Iterator[tuple[str, dict[str, Any]]]:
    return ((file.stem, json.loads(file.read_text())) for file in RELEASES)


def _recorded(part: str) -> list[Any]:
    return [
        pytest.param(each, id=f"{version}-{each.get('case') or each.get('sk')}")
        for version, recording in _recordings()
        for each in recording[part]
    ]


def _shape(value: Any) -> Any:
    """The names and types of a JSON object: what somebody who reads it relies on."""
    if isinstance(value, dict):
        return {name: _shape(each) for name, each in value.items()}
    return type(value).__name__


def _fits(answer: Any, recorded: Any) -> bool:
    """Whether all that was there is still there, of the same type; more may have come."""
    if isinstance(recorded, dict) and isinstance(answer, dict):
        return all(name in answer and _fits(answer[name], each) for name, each in recorded.items())
    return _shape(answer) == _shape(recorded)


def _newest() -> dict[str, Any]:
    newest: dict[str, Any] = list(_recordings())[-1][1]
    return newest


def _executions(world: World) -> Iterator[tuple[str, dict[str, Any]]]:
    """What has been started so far: machine and input."""
    client = aws.client("stepfunctions")
    for workflow in cf.workflows():
        listed = client.list_executions(stateMachineArn=settings().machine_arn(workflow))["executions"]
        for each in listed:
            described = client.describe_execution(executionArn=each["executionArn"])
            yield workflow, json.loads(described["input"])


# --- what is recorded is what the code does -----------------------------------------------------------------


def test_every_task_has_its_recorded_form() -> None:
    """A changed payload is a decision: add optional fields only, and record them."""
    assert _newest()["tasks"] == _forms()


@pytest.mark.parametrize("function", sorted(_called()))
def test_every_task_is_recorded_with_an_input_and_its_answer(function: str) -> None:
    recorded = [each for each in _newest()["inputs"] if each["case"].startswith(f"{function}/")]
    assert recorded
    for each in recorded:
        assert set(each["input"]) == set(_called()[function])


@pytest.mark.parametrize("machine", cf.workflows())
def test_every_machine_is_recorded_with_what_it_is_started_with(machine: str) -> None:
    assert [each for each in _newest()["executions"] if each["machine"] == machine]


@pytest.mark.parametrize("case", _cases("dispatch_stream"))
def test_what_is_started_has_a_recorded_form(case: str, world: World) -> None:
    CASES[case].given(world)
    before = list(_executions(world))
    world.replay(case)
    started = [each for each in _executions(world) if each not in before]
    recorded = {(each["machine"], tuple(sorted(each["input"]))) for each in _newest()["executions"]}
    assert {(machine, tuple(sorted(given))) for machine, given in started} <= recorded


# --- what was recorded is still taken -----------------------------------------------------------------------


@pytest.mark.parametrize("recorded", _recorded("inputs"))
def test_a_recorded_input_of_a_task_has_its_effect(recorded: dict[str, Any], world: World) -> None:
    case = CASES[recorded["case"]]
    case.given(world)
    answer = world.call(recorded["case"].split("/")[0], recorded["input"])
    assert _fits(answer, recorded["answer"]), answer
    for number, check in enumerate(case.then):
        assert check(world, answer), f"check {number}: {answer}"


@pytest.mark.parametrize("recorded", _recorded("executions"))
def test_a_recorded_execution_runs_through_the_definition_of_today(recorded: dict[str, Any]) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    done = run(recorded["machine"], recorded["input"], recorded["answers"], start=start)
    assert done.status == "SUCCEEDED", (done.error, done.cause)


@pytest.mark.parametrize("recorded", _recorded("batches"))
def test_a_recorded_message_or_stream_record_has_its_effect(recorded: dict[str, Any], world: World) -> None:
    case = CASES[recorded["case"]]
    case.given(world)
    event = load_event(recorded["case"])
    event["Records"] = [
        record | ({"body": json.dumps(each)} if "body" in record else _as_stream_record(record, each))
        for record, each in zip(event["Records"], recorded["records"], strict=True)
    ]
    answer = world.call(recorded["case"].split("/")[0], event)
    for number, check in enumerate(case.then):
        assert check(world, answer), f"check {number}: {answer}"


def _as_stream_record(record: dict[str, Any], recorded: dict[str, Any]) -> dict[str, Any]:
    keys = {name: {"S": recorded[name]} for name in ("pk", "sk")}
    return {"eventName": recorded["eventName"], "dynamodb": record["dynamodb"] | {"Keys": keys}}


@pytest.mark.parametrize("recorded", _recorded("due"))
def test_a_recorded_row_of_the_due_index_is_still_understood(recorded: dict[str, Any], world: World) -> None:
    row = {"pk": recorded["pk"], "sk": recorded["sk"], "due_shard": "00", "next_due_at": DUE_AT}
    aws.client("dynamodb").put_item(
        TableName="tenants", Item={name: {"S": value} for name, value in row.items()}
    )
    [due] = bootstrap.due_index().overdue(world.clock.now())
    shown = {name: getattr(due, name) for name in recorded if name not in ("pk", "sk", "kind")}
    assert (due.kind.value, shown) == (
        recorded["kind"],
        {name: recorded[name] for name in shown},
    )


def test_every_kind_of_the_due_index_is_recorded() -> None:
    from mohlat.application.ports import DueKind

    assert {each["kind"] for each in _newest()["due"]} == {kind.value for kind in DueKind}


# --- recording a release ------------------------------------------------------------------------------------

_BATCHES = ("dispatch_stream", "send_notices")
# What no stored event brings about: its form is that of the calls in application/dispatch_entry.py.
_WOKEN = {
    "purge": {"tenant_id": TENANT},
    "data_request": {"tenant_id": TENANT, "request_id": "d_00000000000000000000000003", "wake_at": DUE_AT},
    "service": {"kind": "window", "product": "kalo", "id": "w_00000000000000000000000003", "number": 0}
    | {"wake_at": DUE_AT},
}
_DUE = [
    {"pk": f"T#{TENANT}", "sk": "TENANT", "kind": "tenant", "id": TENANT},
    {"pk": f"T#{TENANT}", "sk": "J#00000007", "kind": "entry", "id": TENANT, "seq": 7},
    {"pk": "PAYMENT#p_1", "sk": "PAYMENT", "kind": "payment", "id": "p_1"},
    {"pk": f"MONEY#{TENANT}", "sk": "REFUND#r_1", "kind": "refund", "id": "r_1", "tenant_id": TENANT},
    {"pk": f"MONEY#{TENANT}", "sk": "TICKET#k_1", "kind": "ticket", "id": "k_1", "tenant_id": TENANT},
    {"pk": f"T#{TENANT}", "sk": "REQUEST#d_1", "kind": "request", "id": "d_1", "tenant_id": TENANT},
    {"pk": f"LEDGER#{TENANT}", "sk": "PURGE", "kind": "purge", "id": TENANT},
    {"pk": f"T#{TENANT}", "sk": "JOB#x_1", "kind": "data_job", "id": "x_1", "tenant_id": TENANT},
    {"pk": f"T#{TENANT}", "sk": "BACKUP!PLAN", "kind": "backup_plan", "id": TENANT},
    {"pk": "LEAKS#kalo", "sk": "l_1", "kind": "leak", "id": "l_1", "product": "kalo"},
    {"pk": "LANE#kalo#n_1#03", "sk": "LANE", "kind": "lane", "id": "n_1", "product": "kalo", "seq": 3},
    {"pk": "SERVICE#kalo", "sk": "WINDOW#w_1", "kind": "window", "id": "w_1", "product": "kalo"},
    {"pk": "SERVICE#kalo", "sk": "WIND_DOWN", "kind": "wind_down", "id": "kalo", "product": "kalo"},
]


def _answers(machine: str, given: dict[str, Any]) -> dict[str, list[Any]]:
    """Answers that end an execution at once."""
    by_name = {cf.function_id(function): function for function in cf.functions()}
    tasks = [state for state in cf.machine(machine)["States"].values() if state["Type"] == "Task"]
    called = [by_name[task["Parameters"]["FunctionName"][2:-1].removesuffix("Arn")] for task in tasks]
    over = {**given, "due": "rest"} if machine == "subscription" else {**given, "decided": True}
    found: dict[str, list[Any]] = {}
    for function in called:
        found.setdefault(function, []).append(over)
    return found


if VERSION:

    def test_the_tasks_and_rows_of_the_release_are_recorded() -> None:
        _write("tasks", _forms())
        _write("due", _DUE)
        woken = [
            {"machine": machine, "case": machine, "input": given, "answers": _answers(machine, given)}
            for machine, given in _WOKEN.items()
        ]
        _write("executions", woken)
        _write("inputs", [])
        _write("batches", [])

    @pytest.mark.parametrize("case", [name for function in _called() for name in _cases(function)])
    def test_the_tasks_inputs_of_the_release_are_recorded(case: str, world: World) -> None:
        event = load_event(case)
        named = {"execution": "execution-of-the-release", "watch": 1}
        wanted = set(_called()[case.split("/", maxsplit=1)[0]])
        given = {name: value for name, value in (named | event).items() if name in wanted}
        CASES[case].given(world)
        answer = world.call(case.split("/", maxsplit=1)[0], given)
        _add("inputs", {"case": case, "input": given, "answer": answer})

    @pytest.mark.parametrize("case", [name for function in _BATCHES for name in _cases(function)])
    def test_the_batches_and_executions_of_the_release_are_recorded(case: str, world: World) -> None:
        CASES[case].given(world)
        before = list(_executions(world))
        world.replay(case)
        records = [
            json.loads(record["body"])
            if "body" in record
            else {"eventName": record["eventName"]}
            | {name: each["S"] for name, each in record["dynamodb"]["Keys"].items()}
            for record in load_event(case)["Records"]
            if record.get("body") != "not JSON"
        ]
        if len(records) == len(load_event(case)["Records"]):
            _add("batches", {"case": case, "records": records})
        for machine, given in _executions(world):
            if (machine, given) not in before:
                answers = _answers(machine, given)
                _add("executions", {"machine": machine, "case": case, "input": given, "answers": answers})


def _add(part: str, each: Any) -> None:
    _write(part, [*json.loads((FOLDER / f"{VERSION}.json").read_text())[part], each])


def _write(part: str, value: Any) -> None:
    file = FOLDER / f"{VERSION}.json"
    known = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps(known | {part: value}, indent=1, ensure_ascii=False) + "\n")
