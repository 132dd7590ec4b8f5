"""What all functions write about themselves: log lines of facts with keys, and metrics of Mohlat."""

from __future__ import annotations

import os

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

logger = Logger(service=os.environ.get("POWERTOOLS_SERVICE_NAME", "mohlat"))
_counted: list[tuple[str, float, MetricUnit]] = []


def about(**facts: object) -> None:
    """Names what the invocation is about (a tenant, a payment) in every line that it still writes."""
    logger.append_keys(**{name: value for name, value in facts.items() if value})


def count(name: str, value: float = 1, unit: MetricUnit = MetricUnit.Count) -> None:
    """Adds to a metric of the namespace Mohlat; written out when the invocation ends."""
    _counted.append((name, value, unit))


def unexpected(error: Exception) -> None:
    """An error that nobody raised on purpose: logged with where it came from, and counted for the alarm."""
    logger.exception("failed", error=type(error).__name__)
    count("Unexpected")


def write_metrics() -> None:
    """Writes out what was counted in this invocation."""
    if not _counted:
        return
    metrics = Metrics(namespace="Mohlat", service=logger.service)
    for name, value, unit in _counted:
        metrics.add_metric(name=name, unit=unit, value=value)
    _counted.clear()
    metrics.flush_metrics()
