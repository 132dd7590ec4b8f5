"""What is watched is what is counted: dashboard and alarms name metrics that the code or AWS writes."""

from __future__ import annotations

import ast
import json
import re
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from tests.template import cloudformation as cf

CODE = [*(cf.ROOT / "layers/core/mohlat").rglob("*.py"), *cf.FUNCTIONS.glob("*/app.py")]
# What AWS writes by itself, and under which dimensions: its documentation, since nothing here could tell.
WRITTEN_BY_AWS = {
    ("AWS/States", "ExecutionsStarted"): {"StateMachineArn"},
    ("AWS/States", "ExecutionsSucceeded"): {"StateMachineArn"},
    ("AWS/States", "ExecutionsFailed"): {"StateMachineArn"},
    ("AWS/States", "ExecutionsTimedOut"): {"StateMachineArn"},
    ("AWS/States", "OpenExecutionCount"): set(),
    ("AWS/States", "OpenExecutionLimit"): set(),
    ("AWS/States", "ThrottledEvents"): {"ServiceMetric"},
    ("AWS/Lambda", "Errors"): {"FunctionName"},
    ("AWS/Lambda", "IteratorAge"): {"FunctionName"},
    ("AWS/Lambda", "Throttles"): set(),
    ("AWS/ApiGateway", "Count"): {"ApiName", "Stage"},
    ("AWS/ApiGateway", "4XXError"): {"ApiName", "Stage"},
    ("AWS/ApiGateway", "5XXError"): {"ApiName", "Stage"},
    ("AWS/ApiGateway", "Latency"): {"ApiName", "Stage"},
    ("AWS/ApiGateway", "IntegrationLatency"): {"ApiName", "Stage"},
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): {"QueueName"},
    ("AWS/SQS", "ApproximateAgeOfOldestMessage"): {"QueueName"},
    ("AWS/DynamoDB", "ReadThrottleEvents"): {"TableName"},
    ("AWS/DynamoDB", "WriteThrottleEvents"): {"TableName", "GlobalSecondaryIndexName"},
}
# CloudWatch refuses an alarm that adds up more, whatever is asked for.
MOST_METRICS_OF_AN_ALARM = 10

Metric = tuple[str, str, dict[str, Any]]


def _texts(node: ast.expr, tables: dict[str, ast.expr]) -> set[str]:
    """Every text that an expression can be: a constant, either side of a condition, a look-up in a table."""
    if isinstance(node, ast.Constant):
        return {str(node.value)}
    if isinstance(node, ast.IfExp):
        return _texts(node.body, tables) | _texts(node.orelse, tables)
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        table = tables[node.value.id]
        assert isinstance(table, ast.Dict)
        return set().union(*(_texts(value, tables) for value in table.values))
    raise AssertionError(f"nobody can tell what is counted by {ast.unparse(node)}")


def _counted_in(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    imports = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    known = {alias.name for node in imports if node.module == "mohlat.observation" for alias in node.names}
    if "count" not in known and file.name != "observation.py":
        return set()
    tables = {
        node.targets[0].id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    made = (call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "count")
    return set().union(*(_texts(call.args[0], tables) for call in made))


def counted() -> set[str]:
    """The names of all metrics that our code writes."""
    return set().union(*(_counted_in(file) for file in CODE))


def on_the_dashboard() -> list[Metric]:
    body = cf.resources("AWS::CloudWatch::Dashboard")["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    found = []
    for widget in json.loads(body)["widgets"]:
        for namespace, name, *rest in widget["properties"]["metrics"]:
            words = [each for each in rest if isinstance(each, str)]
            found.append((namespace, name, dict(zip(words[::2], words[1::2], strict=True))))
    return found


def in_the_alarms() -> list[Metric]:
    found = []
    for alarm in cf.resources("AWS::CloudWatch::Alarm").values():
        added_up = [each["MetricStat"]["Metric"] for each in _added_up(alarm)]
        for metric in added_up or [alarm["Properties"]]:
            named = {each["Name"]: each["Value"] for each in metric["Dimensions"]}
            found.append((metric["Namespace"], metric["MetricName"], named))
    return found


def _added_up(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for each in alarm["Properties"].get("Metrics", ()) if "MetricStat" in each]


def _ours(metrics: list[Metric]) -> set[str]:
    return {name for namespace, name, _ in metrics if namespace == "Mohlat"}


def test_every_metric_of_ours_that_is_watched_is_counted_somewhere() -> None:
    assert _ours(on_the_dashboard()) | _ours(in_the_alarms()) <= counted()


def test_every_metric_that_is_counted_is_on_the_dashboard() -> None:
    assert counted() <= _ours(on_the_dashboard())


def test_the_figures_of_ours_are_asked_for_under_the_name_they_are_written_under() -> None:
    """Powertools adds one dimension, the service; with any other the graph would stay empty."""
    written = cf.template()["Globals"]["Function"]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
    for namespace, name, dimensions in chain(on_the_dashboard(), in_the_alarms()):
        if namespace == "Mohlat":
            (value,) = dimensions.values()
            assert list(dimensions) == ["service"], name
            assert value in (written, written["Fn::Sub"]), name


def test_every_metric_of_awss_is_one_that_it_writes() -> None:
    for namespace, name, dimensions in chain(on_the_dashboard(), in_the_alarms()):
        if namespace != "Mohlat":
            assert set(dimensions) <= WRITTEN_BY_AWS[namespace, name], name


def test_every_name_that_the_dashboard_takes_from_the_stack_is_there() -> None:
    body = cf.resources("AWS::CloudWatch::Dashboard")["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    named = {name.split(".")[0] for name in re.findall(r"\$\{([\w.]+)\}", body)}
    assert named - {"AWS", "Stage"} <= set(cf.template()["Resources"])


def test_the_dashboard_shows_every_machine_every_queue_and_each_place_once() -> None:
    body = cf.resources("AWS::CloudWatch::Dashboard")["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    widgets = json.loads(body)["widgets"]
    assert len({(widget["x"], widget["y"]) for widget in widgets}) == len(widgets)
    for name in (*cf.resources("AWS::Serverless::StateMachine"), *cf.resources("AWS::SQS::Queue")):
        assert f"${{{name}" in body, name


@pytest.mark.parametrize("name", sorted(cf.resources("AWS::CloudWatch::Alarm")))
def test_an_alarm_adds_up_no_more_than_cloudwatch_takes(name: str) -> None:
    alarm = cf.resources("AWS::CloudWatch::Alarm")[name]
    assert len(_added_up(alarm)) <= MOST_METRICS_OF_AN_ALARM
