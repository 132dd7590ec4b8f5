"""What a stack of this machine wrote while tests ran against it, searched for what must not stand there."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.stack import Stack
from tests import leaks

# What the stand-ins of the outside world wrote is theirs: a mail that they received has an address on it.
_OWN_FILES = ("run.log", "sam-deploy.log", "sam-build.log")


def demand_clean(stack: Stack) -> None:
    """Fails if a function, a machine or the API of a stack wrote personal data or a secret."""
    lines = list(_lines(stack))
    assert any('"answered"' in line for line in lines), (
        "the functions' logs are not where they are looked for"
    )
    found = leaks.found_in(lines)
    assert not found, "written to a log:\n" + "\n".join(found[:10])


def _lines(stack: Stack) -> Iterator[str]:
    client = stack.client("logs")
    for group in ("FunctionLogs", "MachineLogs", "ApiLogs"):
        if name := stack.resource(group):
            for page in client.get_paginator("filter_log_events").paginate(logGroupName=name):
                for event in page["events"]:
                    yield from event["message"].splitlines()
    for file in _OWN_FILES:
        if (stack.state / file).is_file():
            yield from (stack.state / file).read_text(encoding="utf-8", errors="replace").splitlines()
