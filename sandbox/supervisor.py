"""Run the local stack in the foreground: the local AWS, the deployment, the front door."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TypeVar

from sandbox.deployment import deploy
from sandbox.stack import (
    LAMBDA_PYTHON,
    MINISTACK_PYTHON,
    ROOT,
    STACK_NAME,
    Stack,
    StackError,
    port_is_free,
    started_at,
)

# MiniStack saves its whole state when it is told to stop; tens of megabytes on a slow disk take a while.
GRACE_SECONDS = 30

T = TypeVar("T")


class Stop(BaseException):
    """Somebody asked us to stop: a signal turned into an exception, so that every ``finally`` runs."""


def run(stack: Stack) -> int:
    """Run until interrupted. Returns the exit code.

    Raises:
        StackError: when it cannot start, or one of its processes ends by itself.
    """
    _check(stack)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    stack.state.mkdir(parents=True, exist_ok=True)
    started: list[subprocess.Popen[bytes]] = []
    try:
        _note(stack, ready=False)
        aws = _say("local AWS", lambda: _start_aws(stack, started))
        _say("deployment", lambda: "deployed" if deploy(stack) else "unchanged")
        front = _say("front door", lambda: _start_front_door(stack, started))
        _sweep(stack)
        _note(stack, ready=True, aws_pid=aws.pid)
        print(
            f"\nMohlat runs on {stack.url}  (Ctrl-C stops it)\n"
            f"  mail and SMS it sent   {stack.url}/sandbox/\n"
            f"  its functions' logs    make logs\n"
            f"  a first request        curl -s {stack.url}/v1/health\n",
            flush=True,
        )
        while aws.poll() is None and front.poll() is None:
            time.sleep(0.3)
        name, log = (
            ("local AWS", "ministack.log") if front.poll() is None else ("front door", "front_door.log")
        )
        raise StackError(f"the {name} ended unexpectedly; see {stack.state / log}")
    except Stop:
        print("stopping", flush=True)
        return 0
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        _end(started)
        stack.process_file.unlink(missing_ok=True)


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stop


def _check(stack: Stack) -> None:
    for python in (MINISTACK_PYTHON, LAMBDA_PYTHON):
        if not python.exists():
            raise StackError(f"{python.relative_to(ROOT)} is missing: run 'make install'")
    noted = stack.running()
    if noted is not None:
        raise StackError(f"already running on {noted['url']} (process {noted['pid']}); 'make stop' ends it")
    # After a supervisor was killed its children stop by themselves, which takes a moment.
    patience = time.monotonic() + (15 if stack.process_file.exists() else 0)
    for port, variable in ((stack.port, "MOHLAT_PORT"), (stack.aws_port, "MOHLAT_AWS_PORT")):
        while not port_is_free(port):
            if time.monotonic() >= patience:
                raise StackError(
                    f"port {port} is taken: choose another with {variable}, as in 'make run {variable}=...'"
                )
            time.sleep(0.3)


def _note(stack: Stack, *, ready: bool, aws_pid: int | None = None) -> None:
    noted = {
        "pid": os.getpid(),
        "started_at": started_at(os.getpid()),
        "url": stack.url,
        "aws_url": stack.aws_url,
        "aws_pid": aws_pid,
        "ready": ready,
    }
    fresh = stack.process_file.with_suffix(".fresh")
    fresh.write_text(json.dumps(noted))
    fresh.replace(stack.process_file)


def _say(what: str, step: Callable[[], T]) -> T:
    print(f"{what:12}", end="", flush=True)
    begun = time.monotonic()
    result = step()
    print(
        f"{result if isinstance(result, str) else 'started'} in {time.monotonic() - begun:.1f} s", flush=True
    )
    return result


def _start_aws(stack: Stack, started: list[subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
    aws = stack.state / "aws"
    aws.mkdir(exist_ok=True)
    environment = {
        # A short list of our own: the Lambdas inherit everything that stands here.
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(aws),
        "LANG": "C.UTF-8",
        "TMPDIR": str(aws / "tmp"),
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(stack.aws_port),
        "PERSIST_STATE": "1",
        "STATE_DIR": str(aws / "state"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(aws / "s3"),
        # Both would listen beyond this machine.
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_PYTHON": str(LAMBDA_PYTHON),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "LOG_LEVEL": "WARNING",
        # `make bench` puts a meter between the Lambdas and the local AWS; empty otherwise.
        **json.loads(os.environ.get("MOHLAT_METERED") or "{}"),
    }
    launcher = str(Path(__file__).with_name("ministack_launcher.py"))
    return _spawn(
        stack,
        started,
        [str(MINISTACK_PYTHON), launcher, str(stack.state)],
        environment,
        ("ministack.log", f"{stack.aws_url}/_ministack/health"),
    )


def _start_front_door(stack: Stack, started: list[subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
    return _spawn(
        stack,
        started,
        [sys.executable, "-m", "sandbox.front_door", *stack.arguments()],
        stack.environment(),
        ("front_door.log", f"{stack.url}/sandbox/sms.json"),
    )


def _spawn(
    stack: Stack,
    started: list[subprocess.Popen[bytes]],
    command: list[str],
    environment: dict[str, str],
    log_and_probe: tuple[str, str],
) -> subprocess.Popen[bytes]:
    """Start a child and wait until it answers.

    In a session of its own, so that Ctrl-C in the terminal reaches us alone and we end it in order. Its
    standard input is a pipe that nobody writes to: it closes when we die, however, and the child stops.
    """
    log, probe = log_and_probe
    with (stack.state / log).open("ab") as output:
        child = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    started.append(child)
    deadline = time.monotonic() + 60
    while not _answers(probe):
        if child.poll() is not None or time.monotonic() > deadline:
            raise StackError(f"{Path(command[1]).stem} did not start; see {stack.state / log}")
        time.sleep(0.1)
    return child


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - an address of our own
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def _sweep(stack: Stack) -> None:
    """Have the sweep look at once for what the last stop lost, instead of within the hour."""
    resources = stack.client("cloudformation").describe_stack_resources(StackName=STACK_NAME)[
        "StackResources"
    ]
    for resource in resources:
        if resource["ResourceType"] == "AWS::Lambda::Function" and resource["LogicalResourceId"].startswith(
            "Sweep"
        ):
            stack.client("lambda").invoke(
                FunctionName=resource["PhysicalResourceId"], InvocationType="Event", Payload=b"{}"
            )


def _end(started: list[subprocess.Popen[bytes]]) -> None:
    """End our children, last started first; politely, so that the local AWS can save its state."""
    for child in reversed(started):
        if child.poll() is None:
            child.terminate()
        try:
            child.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
