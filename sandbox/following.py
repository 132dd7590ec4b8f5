"""Which lines of the functions' log belong to one tenant or one execution, and how a person reads them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

# What stands in every line, or says nothing to whoever follows one tenant.
_USUAL = frozenset(
    "level location message timestamp service function invocation tenant_id xray_trace_id _aws".split()
)
# What CloudFormation makes of a function's logical id: stack, id, and something random.
_DEPLOYED = re.compile(r"\w+-(\w+)Function-\w+")


@dataclass(frozen=True)
class Wanted:
    """Whom to follow: a tenant, an execution or a request, whichever is named; everything if none is."""

    tenant: str = ""
    execution: str = ""
    request: str = ""

    def names(self, line: dict[str, Any]) -> bool:
        """Whether a line names what is wanted in one of its keys."""
        pairs = (("tenant_id", self.tenant), ("execution", self.execution), ("started", self.execution))
        return any(value and line.get(key) == value for key, value in (*pairs, ("request_id", self.request)))

    def others(self, line: dict[str, Any]) -> bool:
        """Whether a line is about somebody else."""
        return bool(self.tenant and line.get("tenant_id") not in (None, "", self.tenant))


def follow(messages: Iterable[str], wanted: Wanted) -> list[str]:
    """The messages of a log that belong to what is wanted, in their order, in short.

    A line belongs if it names it, or if another line of the same invocation does and it names nobody else:
    who calls is often known only some lines later.
    """
    lines = [line for message in messages if (line := _parsed(message)) is not None]
    near = {line.get("invocation") for line in lines if wanted.names(line)} - {None, ""}
    return [
        shown(line)
        for line in lines
        if wanted.names(line) or (line.get("invocation") in near and not wanted.others(line))
    ]


def shown(line: dict[str, Any]) -> str:
    """A line for people: when, which function, what, and the facts."""
    facts = " ".join(
        f"{key}={value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for key, value in line.items()
        if key not in _USUAL and value not in (None, "")
    )
    moment = str(line.get("timestamp", ""))[:23]
    level = "" if line.get("level") in (None, "INFO") else f"{line['level']} "
    function = _DEPLOYED.sub(r"\1", str(line.get("function", "")))
    return f"{moment}  {function}  {level}{line.get('message', '')}  {facts}".rstrip()


def _parsed(message: str) -> dict[str, Any] | None:
    """The facts of a line; None for what is not a line of ours (Lambda's own, and metrics)."""
    try:
        line = json.loads(message)
    except ValueError:
        return None
    return line if isinstance(line, dict) and "message" in line else None
