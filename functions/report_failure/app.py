"""From EventBridge: an execution failed, timed out or was aborted; somebody has to look."""

from __future__ import annotations

import json
from typing import Any

from mohlat import bootstrap
from mohlat.entrypoint import Event, task
from mohlat.observation import count, logger


def _summary(cause: str) -> str:
    """The error's class and message out of a cause, which also holds a stack trace."""
    try:
        told = json.loads(cause)
        cause = f"{told['errorType']}: {told['errorMessage']}"
    except (ValueError, KeyError, TypeError):
        pass
    return cause[:200]


@task
def lambda_handler(event: Event, context: Any) -> dict[str, str]:
    """What was reported."""
    detail = event["detail"]
    facts = {
        "machine": detail["stateMachineArn"].rsplit(":", 1)[-1],
        "execution": detail["name"],
        "status": detail["status"],
        "error": str(detail.get("error") or ""),
        "cause": _summary(str(detail.get("cause") or "")),
    }
    logger.error("execution failed", **facts)
    count("ExecutionFailed")
    bootstrap.raise_alarm(f"Mohlat: {facts['machine']} {facts['status']}", facts)
    return facts
