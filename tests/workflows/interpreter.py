"""Runs the state machines in moto's interpreter: waits are skipped and recorded, Lambdas answer by script.

The one place that touches moto's internals; written for the version that requirements/dev.txt pins.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import boto3
import moto
from botocore.exceptions import ClientError
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.wait.wait_function import wait_function
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.timestamp import Timestamp

from tests.template.cloudformation import STATE_MACHINES, function_id, functions

PINNED = "5.2.5"
_PATIENCE_SECONDS = 30.0
_LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:"
_ROLE = "arn:aws:iam::123456789012:role/workflow"


@dataclass(frozen=True, slots=True)
class Failure:
    """A Lambda that ends with an exception of this class."""

    error: str


@dataclass(frozen=True, slots=True)
class Throttled:
    """A call that Lambda itself refuses, before any code runs."""

    code: str = "TooManyRequestsException"


Answer = Mapping[str, Any] | Failure | Throttled


@dataclass
class Run:
    """What an execution did.

    Attributes:
        states: names of the states it entered, in order.
        waits: how long each wait lasted on a clock that only waits move; nothing for an instant in the past.
        calls: the Lambdas it called, in order, each with its payload.
        retries: how many times a call was repeated.
    """

    status: str = ""
    output: Any = None
    error: str = ""
    cause: str = ""
    states: list[str] = field(default_factory=list)
    waits: list[timedelta] = field(default_factory=list)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    retries: int = 0


def run(
    workflow: str,
    payload: Mapping[str, Any],
    script: Mapping[str, Sequence[Answer]],
    *,
    start: datetime,
    name: str = "execution",
) -> Run:
    """Executes `statemachines/<workflow>.asl.json` to its end.

    Args:
        payload: the execution's input.
        script: for each Lambda, by its folder's name, the answers it gives, in order.
        start: the instant at which the first wait begins.

    Raises:
        TimeoutError: if the execution does not end by itself.
    """
    if moto.__version__ != PINNED:
        raise RuntimeError(f"written for moto {PINNED}, not {moto.__version__}")
    result = Run()
    interpreter = moto.mock_aws(config={"stepfunctions": {"execute_state_machine": True}})
    with _skipping_waits(result, start), _answering(result, script), _credentials(), interpreter:
        _execute(workflow, payload, name, result)
    return result


def definition(workflow: str) -> str:
    """The state machine with its substitutions made: every Lambda's ARN ends with its folder's name."""
    names = {function_id(function): function for function in functions()}
    text = (STATE_MACHINES / f"{workflow}.asl.json").read_text().replace("${Partition}", "aws")
    return re.sub(r"\$\{(\w+Function)Arn\}", lambda match: _LAMBDA + names[match[1]], text)


def _execute(workflow: str, payload: Mapping[str, Any], name: str, result: Run) -> None:
    client = boto3.client("stepfunctions", region_name="us-east-1")
    machine = client.create_state_machine(name=workflow, definition=definition(workflow), roleArn=_ROLE)
    execution = client.start_execution(
        stateMachineArn=machine["stateMachineArn"], name=name, input=json.dumps(payload)
    )["executionArn"]
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while (described := client.describe_execution(executionArn=execution))["status"] == "RUNNING":
        if time.monotonic() > deadline:
            client.stop_execution(executionArn=execution)
            raise TimeoutError(f"{workflow} did not end by itself")
        time.sleep(0.005)
    result.status = described["status"]
    result.output = json.loads(described["output"]) if described.get("output") else None
    result.error, result.cause = described.get("error", ""), described.get("cause", "")
    pages = client.get_paginator("get_execution_history").paginate(executionArn=execution)
    for event in (event for page in pages for event in page["events"]):
        if "stateEnteredEventDetails" in event:
            result.states.append(event["stateEnteredEventDetails"]["name"])


@contextmanager
def _skipping_waits(result: Run, start: datetime) -> Iterator[None]:
    now = start

    def wait(self: Timestamp, env: Any) -> int:
        nonlocal now
        self.string.eval(env=env)
        text = env.stack.pop()
        if self._from_timestamp_string(text) is None:
            raise AssertionError(f"{text} is no instant that every interpreter takes")
        until = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        result.waits.append(max(until - now, timedelta()))
        now = max(now, until)
        return 0

    def count_retry(seconds: float) -> None:
        result.retries += 1

    # Only what waits is replaced: the length of a wait, and the sleep before a retry.
    with ExitStack() as stack:
        stack.enter_context(patch.object(Timestamp, "_get_wait_seconds", wait))
        stack.enter_context(patch.object(retrier_decl, "time", SimpleNamespace(sleep=count_retry)))
        stack.enter_context(patch.object(wait_function.WaitFunction, "_wait_interval", lambda *_, **__: None))
        yield


@contextmanager
def _answering(result: Run, script: Mapping[str, Sequence[Answer]]) -> Iterator[None]:
    left = {function: list(answers) for function, answers in script.items()}

    def invoke(parameters: dict[str, Any], region: str, state_credentials: Any) -> dict[str, Any]:
        function = str(parameters["FunctionName"]).rpartition(":")[2]
        result.calls.append((function, json.loads(parameters["Payload"])))
        if not left.get(function):
            return _failed(Failure("ScriptIsOver"))
        answer = left[function].pop(0)
        if isinstance(answer, Throttled):
            raise ClientError(
                {
                    "Error": {"Code": answer.code, "Message": "slow down"},
                    "ResponseMetadata": {"HTTPStatusCode": 429, "RequestId": "r"},  # type: ignore[typeddict-item]
                },
                "Invoke",
            )
        if isinstance(answer, Failure):
            return _failed(answer)
        return {"StatusCode": 200, "Payload": dict(answer)}

    def _failed(failure: Failure) -> dict[str, Any]:
        payload = {"errorType": failure.error, "errorMessage": "as the script says"}
        return {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": payload}

    with patch.object(lambda_eval_utils, "_invoke_lambda_function", invoke):
        yield


@contextmanager
def _credentials() -> Iterator[None]:
    # Whatever the machine has configured: nothing here may reach a real account.
    fake = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with patch.dict("os.environ", fake):
        yield


def at(instant: datetime) -> str:
    """An instant as executions carry it."""
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")
