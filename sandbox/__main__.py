"""``python -m sandbox run|up|down|status|deploy|logs|reset``: the local stack's command line."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from pathlib import Path

from sandbox.stack import Stack, StackError


def status(stack: Stack) -> int:
    """Print whether it runs and where; 0 when it does, 3 when not (as service managers have it)."""
    noted = stack.running()
    if noted is None:
        print("stopped")
        return 3
    print(f"{'ready' if noted.get('ready') else 'starting'}  {noted['url']}  process {noted['pid']}")
    return 0


def logs(stack: Stack) -> int:
    """Follow the functions' log group until interrupted."""
    group = stack.resource("FunctionLogs")
    if group is None:
        raise StackError("nothing is deployed: start the stack with 'make run'")
    client = stack.client("logs")
    since, shown = int(time.time() * 1000) - 600_000, set[tuple[object, ...]]()
    while True:
        pages = client.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=since)
        for event in (event for page in pages for event in page["events"]):
            # The local AWS gives events no id.
            key = (event["logStreamName"], event["timestamp"], event["message"])
            if key not in shown:
                shown.add(key)
                print(event["message"].rstrip(), flush=True)
        time.sleep(1)


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
            return logs(stack)
        case _:
            return reset(stack)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except StackError as error:
        sys.exit(f"mohlat: {error}")
    except (KeyboardInterrupt, BrokenPipeError):
        sys.exit(0)
