"""The state machines of statemachines/, executed step by step on a clock that a test moves.

As much of the States Language as they use, and an error for anything else. moto's interpreter, which
tests/workflows uses, takes tens of milliseconds a state; dying after each effect takes thousands of lives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any

from mohlat.domain.tenant import iso
from tests.crashes.effects import Crash
from tests.template import cloudformation as cf

Task = Callable[[Mapping[str, Any]], Mapping[str, object]]
# What Lambda says of an invocation whose process died.
DIED = "Lambda.Unknown"


class Fate(StrEnum):
    """What becomes of an execution, a stream's record or a queue's message in which something died: it is
    tried again, or is lost.
    """

    REPEATED = "repeated"
    LOST = "lost"


@cache
def _machine(workflow: str) -> dict[str, Any]:
    return cf.machine(workflow)


def _states(workflow: str) -> dict[str, dict[str, Any]]:
    states: dict[str, dict[str, Any]] = _machine(workflow)["States"]
    return states


def states_to_enter(workflow: str) -> set[str]:
    """The states of a machine that are no failure."""
    return {name for name, state in _states(workflow).items() if state["Type"] != "Fail"}


@dataclass
class Execution:
    """One execution. `state` is empty once it has ended; `failure` says how, if it failed; `troubles` are all
    errors of its tasks.
    """

    workflow: str
    name: str
    data: Mapping[str, Any]
    started_at: datetime
    wake_at: datetime
    state: str = ""
    failure: str = ""
    entered: set[str] = field(default_factory=set)
    tries: dict[int, int] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)

    @classmethod
    def begun(cls, workflow: str, name: str, data: Mapping[str, Any], now: datetime) -> Execution:
        """An execution that has just started."""
        begun = cls(workflow, name, data, now, now)
        begun._enter(_machine(workflow)["StartAt"])
        return begun

    def run(self, tasks: Mapping[str, Task], now: datetime, fate: Fate) -> None:
        """Goes on until it has to wait beyond `now`, or ends."""
        while self.state and self.wake_at <= now:
            state = _states(self.workflow)[self.state]
            match state["Type"]:
                case "Task":
                    self._work(state, tasks, now, fate)
                case "Wait":
                    # Entered, and its instant has come.
                    self._enter(state["Next"])
                case "Choice":
                    self._enter(self._chosen(state))
                case "Succeed":
                    self.state = ""
                case "Fail":
                    self.failure, self.state = state["Error"], ""
                case other:
                    raise AssertionError(f"no machine had a {other} before")

    def _enter(self, name: str) -> None:
        self.state = name
        self.entered.add(name)
        self.tries = {}
        state = _states(self.workflow)[name]
        if state["Type"] == "Wait":
            text = str(self._at(state["TimestampPath"]))
            self.wake_at = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)

    def _work(self, state: Mapping[str, Any], tasks: Mapping[str, Task], now: datetime, fate: Fate) -> None:
        arguments = state["Parameters"]
        payload = self._at("$") if arguments.get("Payload.$") == "$" else self._filled(arguments["Payload"])
        try:
            answer = tasks[arguments["FunctionName"]](payload)
        except Crash:
            if fate is Fate.LOST:
                self.failure, self.state = DIED, ""
                return
            self._failed(state, DIED, now)
        except Exception as error:
            self._failed(state, type(error).__name__, now)
        else:
            if state.get("OutputPath") == "$.Payload":
                self.data = answer
            else:
                assert state.get("ResultPath", "") is None, "a result goes to the output, or nowhere"
            self._enter(state["Next"])

    def _failed(self, state: Mapping[str, Any], error: str, now: datetime) -> None:
        self.troubles.append(error)
        for number, rule in enumerate(state.get("Retry", ())):
            if error in rule["ErrorEquals"]:
                tried = self.tries[number] = self.tries.get(number, 0) + 1
                if tried > rule["MaxAttempts"]:
                    break
                seconds = rule["IntervalSeconds"] * rule["BackoffRate"] ** (tried - 1)
                self.wake_at = now + timedelta(seconds=min(seconds, rule.get("MaxDelaySeconds", seconds)))
                return
        for rule in state.get("Catch", ()):
            if error in rule["ErrorEquals"] or "States.ALL" in rule["ErrorEquals"]:
                self._enter(rule["Next"])
                self.failure = error if _states(self.workflow)[self.state]["Type"] == "Fail" else ""
                return
        raise AssertionError(f"{self.workflow} has nothing to say to {error}")

    def _chosen(self, state: Mapping[str, Any]) -> str:
        for choice in state["Choices"]:
            (operator,) = choice.keys() - {"Variable", "Next"}
            assert operator in ("StringEquals", "BooleanEquals"), operator
            if self._at(choice["Variable"]) == choice[operator]:
                return str(choice["Next"])
        return str(state["Default"])

    def _filled(self, template: Mapping[str, Any]) -> dict[str, Any]:
        return {
            key.removesuffix(".$"): self._at(value) if key.endswith(".$") else value
            for key, value in template.items()
        }

    def _at(self, path: str) -> Any:
        if path == "$":
            return self.data
        if path.startswith("$$."):
            return {"Name": self.name, "StartTime": iso(self.started_at)}[path.removeprefix("$$.Execution.")]
        return self.data[path.removeprefix("$.")]
