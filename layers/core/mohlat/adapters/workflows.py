"""The state machines."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

# The service's name for it, and the one that stand-ins and older SDKs use.
_STARTED_BEFORE = frozenset({"ExecutionAlreadyExists", "ExecutionAlreadyExistsException"})


class StepFunctionsWorkflows:
    """`Workflows` over a botocore `stepfunctions` client; `machine_arn` finds a workflow's state machine.

    `started` is told of each execution that was started, and of its machine.
    """

    def __init__(
        self,
        client: Any,
        machine_arn: Callable[[str], str],
        started: Callable[[str, str], None] = lambda workflow, name: None,
    ) -> None:
        self._client = client
        self._machine_arn = machine_arn
        self._started = started

    def start(self, workflow: str, name: str, payload: Mapping[str, object]) -> bool:
        """Starts an execution; False if one of this name was started before.

        Step Functions answers a repetition with the same payload while the first still runs as if it had
        started it: then this is True, and there is one execution all the same.
        """
        try:
            self._client.start_execution(
                stateMachineArn=self._machine_arn(workflow), name=name, input=json.dumps(payload)
            )
        except ClientError as error:
            if error.response["Error"]["Code"] not in _STARTED_BEFORE:
                raise
            return False
        self._started(workflow, name)
        return True
