"""What linters do not look at: the state machines themselves, and that they fit the template and the code."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from mohlat.application.advance_tenant import Wake, as_payload
from mohlat.domain.lifecycle import DeadlineKind
from mohlat.domain.purge import Store
from tests.template import cloudformation as cf

RAISED_IN = ("mohlat.domain.errors", "mohlat.application.purge_tenant")
# Errors that name a passing trouble of Lambda or of Step Functions itself, not of our code.
AWS_ERROR = re.compile(r"(States|Lambda|Sandbox)\.[A-Za-z]+")

every_machine = pytest.mark.parametrize("workflow", cf.workflows())


def states(workflow: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = cf.machine(workflow)["States"]
    return found


def of_type(workflow: str, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    return ((name, state) for name, state in states(workflow).items() if state["Type"] == kind)


def targets(state: dict[str, Any]) -> list[str]:
    branches = [*state.get("Choices", []), *state.get("Catch", []), state]
    return [branch[key] for branch in branches for key in ("Next", "Default") if key in branch]


def resource(workflow: str) -> dict[str, Any]:
    name = "".join(word.capitalize() for word in workflow.split("_"))
    return cf.resources("AWS::Serverless::StateMachine")[f"{name}Machine"]


def placeholders(workflow: str) -> set[str]:
    return set(re.findall(r"\$\{(\w+)\}", (cf.STATE_MACHINES / f"{workflow}.asl.json").read_text()))


def called_functions(workflow: str) -> set[str]:
    """The logical ids of the functions that a machine's tasks call."""
    names = {str(state["Parameters"]["FunctionName"]) for _, state in of_type(workflow, "Task")}
    return {name.removeprefix("${").removesuffix("Arn}") for name in names}


def test_every_definition_belongs_to_a_machine_and_every_machine_has_one() -> None:
    found = cf.resources("AWS::Serverless::StateMachine").values()
    uris = {machine["Properties"]["DefinitionUri"] for machine in found}
    assert uris == {f"statemachines/{workflow}.asl.json" for workflow in cf.workflows()}


@every_machine
def test_every_target_exists(workflow: str) -> None:
    named = [cf.machine(workflow)["StartAt"]]
    named += [target for state in states(workflow).values() for target in targets(state)]
    assert set(named) <= set(states(workflow))


@every_machine
def test_every_state_is_reachable(workflow: str) -> None:
    reached: set[str] = set()
    waiting = [cf.machine(workflow)["StartAt"]]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += targets(states(workflow)[name])
    assert reached == set(states(workflow))


@every_machine
def test_every_path_ends_in_a_state_that_ends(workflow: str) -> None:
    for name, state in states(workflow).items():
        ends = state["Type"] in ("Succeed", "Fail")
        assert ends != bool(targets(state)), name
        assert "End" not in state, f"{name}: a Succeed state says how it ended"


@every_machine
def test_every_task_outwaits_its_function_and_retries_with_full_jitter(
    workflow: str,
) -> None:
    by_id = {cf.function_id(name): name for name in cf.functions()}
    for name, task in of_type(workflow, "Task"):
        function = str(task["Parameters"]["FunctionName"]).removeprefix("${").removesuffix("Arn}")
        assert task["TimeoutSeconds"] > cf.timeout(by_id[function]), name
        assert task["Retry"], name
        for retry in task["Retry"]:
            assert retry["JitterStrategy"] == "FULL", name
            assert {"IntervalSeconds", "BackoffRate", "MaxAttempts"} <= set(retry), name


@every_machine
def test_passing_troubles_of_aws_are_retried_by_every_task(workflow: str) -> None:
    for name, task in of_type(workflow, "Task"):
        retried = {error for retry in task["Retry"] for error in retry["ErrorEquals"]}
        assert {
            "Lambda.ServiceException",
            "Lambda.ClientExecutionTimeoutException",
            "Lambda.AWSLambdaException",
            "Lambda.SdkClientException",
            "Lambda.TooManyRequestsException",
            "States.Timeout",
            "ConcurrentChange",
            "ServiceUnavailable",
        } <= retried, name


@every_machine
def test_any_other_error_is_caught_last_and_only_to_fail(workflow: str) -> None:
    for name, task in of_type(workflow, "Task"):
        retried = [error for retry in task["Retry"] for error in retry["ErrorEquals"]]
        assert not {"States.ALL", "States.TaskFailed"} & set(retried), name
        *_, last = task["Catch"]
        assert last["ErrorEquals"] == ["States.ALL"], name
        for catch in task["Catch"]:
            if "States.ALL" in catch["ErrorEquals"]:
                assert states(workflow)[catch["Next"]]["Type"] == "Fail", name


@every_machine
def test_every_error_that_is_retried_by_name_is_one_that_the_code_raises(workflow: str) -> None:
    raised = {name for module in RAISED_IN for name in vars(importlib.import_module(module))}
    for name, task in of_type(workflow, "Task"):
        named = [error for retry in task["Retry"] for error in retry["ErrorEquals"]]
        assert {error for error in named if not AWS_ERROR.fullmatch(error)} <= raised, name


@every_machine
def test_every_failure_says_what_and_why(workflow: str) -> None:
    for name, fail in of_type(workflow, "Fail"):
        assert "Error" in fail or "ErrorPath" in fail, name
        assert "Cause" in fail or "CausePath" in fail, name


@every_machine
def test_every_wait_ends_at_an_instant_that_the_domain_computed(workflow: str) -> None:
    for name, wait in of_type(workflow, "Wait"):
        assert wait["TimestampPath"] == "$.wake_at", name
        assert not {"Seconds", "SecondsPath", "Timestamp"} & set(wait), name


@every_machine
def test_every_choice_knows_what_to_do_with_anything_else(workflow: str) -> None:
    for name, choice in of_type(workflow, "Choice"):
        assert states(workflow)[choice["Default"]]["Type"] == "Fail", name


@every_machine
def test_every_placeholder_has_a_substitution_and_the_other_way_round(workflow: str) -> None:
    assert placeholders(workflow) == set(resource(workflow)["Properties"]["DefinitionSubstitutions"])


@every_machine
def test_every_substitution_is_what_its_name_says(workflow: str) -> None:
    for name, value in resource(workflow)["Properties"]["DefinitionSubstitutions"].items():
        if name != "Partition":
            assert value == {"Fn::GetAtt": [name.removesuffix("Arn"), "Arn"]}


@every_machine
def test_a_machine_may_call_the_functions_it_calls_and_no_other(workflow: str) -> None:
    allowed = {
        target["Fn::GetAtt"][0]
        for statement in cf.statements(resource(workflow))
        if "lambda:InvokeFunction" in cf.as_list(statement["Action"])
        for target in cf.as_list(statement["Resource"])
    }
    assert allowed == called_functions(workflow)


@every_machine
def test_a_machine_has_the_name_that_the_functions_know_it_by(workflow: str) -> None:
    name = resource(workflow)["Properties"]["Name"]["Fn::Sub"]
    assert name == f"mohlat-${{Stage}}-{workflow}"
    variable = f"{workflow.upper()}_MACHINE_ARN"
    given = [cf.environment(function).get(variable) for function in cf.functions()]
    known = [arn for arn in given if arn is not None]
    assert known
    assert all(arn["Fn::Sub"].endswith(f":stateMachine:{name}") for arn in known)


def test_every_kind_of_deadline_has_a_choice() -> None:
    choices = states("subscription")["WhatComesNext"]["Choices"]
    assert {choice["StringEquals"] for choice in choices} == {kind.value for kind in DeadlineKind} | {"rest"}


def test_the_subscription_reads_only_what_the_code_gives_it() -> None:
    text = (cf.STATE_MACHINES / "subscription.asl.json").read_text()
    read = set(re.findall(r'"\$\.(\w+)"', text)) - {"failure", "Payload"}
    given = as_payload(Wake("t_1", 1, "rest", "", datetime(2026, 1, 1, tzinfo=UTC)))
    assert read == set(given)


def test_the_purge_empties_every_store_and_the_key_last() -> None:
    erased = [
        store
        for _, task in of_type("purge", "Task")
        for store in task["Parameters"]["Payload"].get("stores", ())
    ]
    assert erased == [store.value for store in Store]
    assert erased[-1] == "key"
