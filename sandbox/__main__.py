"""``python -m sandbox run|up|down|status|deploy|logs|reset``: the local stack's command line."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from sandbox.following import Wanted, follow
from sandbox.stack import Stack, StackError


def status(stack: Stack) -> int:
    """Print whether it runs and where; 0 when it does, 3 when not (as service managers have it)."""
    noted = stack.running()
    if noted is None:
        print("stopped")
        return 3
    print(f"{'ready' if noted.get('ready') else 'starting'}  {noted['url']}  process {noted['pid']}")
    return 0


def logs(stack: Stack, wanted: Wanted) -> int:
    """Follow the functions' log group until interrupted: all of it, or what belongs to one matter."""
    group = stack.resource("FunctionLogs")
    if group is None:
        raise StackError("nothing is deployed: start the stack with 'make run'")
    client = stack.client("logs")
    since, shown = int(time.time() * 1000) - 600_000, set[object]()
    if wanted != Wanted():
        # Whoever follows one matter wants its beginning too; what its first invocation said before is near.
        since = _first_mention(client, group, wanted) - 60_000
    while True:
        pages = client.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=since)
        events = [event for page in pages for event in page["events"]]
        if wanted != Wanted():
            events.sort(key=lambda event: event["timestamp"])
            # A line may come to belong by one that follows: all are looked at again, and shown once.
            times = Counter[str]()
            for line in follow((event["message"] for event in events), wanted):
                times[line] += 1
                _print_once(line, (line, times[line]), shown)
        else:
            for event in events:
                # The local AWS gives events no id.
                key = (event["logStreamName"], event["timestamp"], event["message"])
                _print_once(event["message"].rstrip(), key, shown)
        time.sleep(1)


def _first_mention(client: Any, group: str, wanted: Wanted) -> int:
    """When something was first named in the log, in milliseconds; ten minutes ago if it was not yet."""
    word = wanted.tenant or wanted.execution or wanted.request
    pages = client.get_paginator("filter_log_events").paginate(logGroupName=group, filterPattern=f'"{word}"')
    times = (event["timestamp"] for page in pages for event in page["events"])
    return min(times, default=int(time.time() * 1000) - 600_000)


def _print_once(line: str, key: object, shown: set[object]) -> None:
    if key not in shown:
        shown.add(key)
        print(line, flush=True)


def reset(stack: Stack) -> int:
    """Stop and delete everything the stack has kept.

    Raises:
        StackError: when the folder is not a stack's: its name may come from the environment.
    """
    if stack.state.exists() and not (stack.state / "aws").is_dir():
        raise StackError(f"{stack.state} is not the folder of a stack")
    stack.down()
    shutil.rmtree(stack.state, ignore_errors=True)
    print(f"deleted {stack.state}")
    return 0


def main() -> int:
    """Run one command."""
    here = Stack.from_environment()
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="the local stack")
    parser.add_argument("command", choices=["run", "up", "down", "status", "deploy", "logs", "reset"])
    parser.add_argument("--state", type=Path, default=here.state, help="folder of the stack's state")
    parser.add_argument("--port", type=int, default=here.port, help="port of the front door")
    parser.add_argument("--aws-port", type=int, default=here.aws_port, help="port of the local AWS")
    parser.add_argument("--tenant", default="", help="logs: of this tenant only (t_...)")
    parser.add_argument("--execution", default="", help="logs: of this execution only, by its name")
    parser.add_argument("--request", default="", help="logs: of this request to the API only")
    given = parser.parse_args()
    stack = Stack(given.state.resolve(), given.port, given.aws_port)
    match given.command:
        case "run":
            from sandbox.supervisor import run

            return run(stack)
        case "up":
            stack.up()
            return status(stack)
        case "down":
            print("stopped" if stack.down() else "was not running")
            return 0
        case "status":
            return status(stack)
        case "deploy":
            from sandbox.deployment import deploy

            if stack.running() is None:
                raise StackError("the stack is not running: start it with 'make run'")
            print("deployed" if deploy(stack) else "nothing changed")
            return 0
        case "logs":
            return logs(stack, Wanted(given.tenant, given.execution, given.request))
        case _:
            return reset(stack)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except StackError as error:
        sys.exit(f"mohlat: {error}")
    except (KeyboardInterrupt, BrokenPipeError):
        sys.exit(0)
