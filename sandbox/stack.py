"""One local stack: where it lives, how it is started in the background, asked and stopped.

Used by ``python -m sandbox`` (and so by make) and by the tests, which run a stack of their own beside it.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCAL = ROOT / ".local"
MINISTACK_PYTHON = LOCAL / "venvs" / "ministack" / "bin" / "python"
LAMBDA_PYTHON = LOCAL / "venvs" / "lambda" / "bin" / "python"
STACK_NAME = "mohlat"
REGION = "us-east-1"

START_SECONDS = 600
STOP_SECONDS = 40


class StackError(Exception):
    """What is missing or in the way, in one line for the person at the keyboard."""


@dataclass(frozen=True)
class Stack:
    """A local stack, named by its folder.

    Attributes:
        state: the folder of everything it keeps; deleting it (while stopped) resets the stack.
        port: port of the front door on 127.0.0.1.
        aws_port: port of the local AWS on 127.0.0.1.
    """

    state: Path
    port: int = 3000
    aws_port: int = 4600

    @classmethod
    def from_environment(cls) -> Stack:
        """The stack that MOHLAT_STATE, MOHLAT_PORT and MOHLAT_AWS_PORT name, or the default one."""
        return cls(
            Path(os.environ.get("MOHLAT_STATE") or LOCAL / "stack").resolve(),
            int(os.environ.get("MOHLAT_PORT") or cls.port),
            int(os.environ.get("MOHLAT_AWS_PORT") or cls.aws_port),
        )

    @property
    def url(self) -> str:
        """Base address of the front door; the API is below ``/v1``."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def aws_url(self) -> str:
        """Endpoint of the local AWS."""
        return f"http://127.0.0.1:{self.aws_port}"

    @property
    def process_file(self) -> Path:
        """Where the running supervisor notes its process id; there while one runs."""
        return self.state / "running.json"

    @property
    def run_log(self) -> Path:
        """What a supervisor in the background prints."""
        return self.state / "run.log"

    def environment(self) -> dict[str, str]:
        """Environment for tools that talk to the local AWS, and to no other."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TERM") if name in os.environ}
        # pip's own settings (certificates, time-outs) have to reach the layer's makefile.
        kept |= {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        kept |= {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
        return kept | {
            "AWS_ENDPOINT_URL": self.aws_url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "NO_PROXY": "127.0.0.1,localhost",
            "SAM_CLI_TELEMETRY": "0",
            "SAM_CLI_POLL_DELAY": "0.3",  # seconds; the local AWS is done at once, AWS asks for 5
        }

    def client(self, service: str) -> Any:
        """A boto3 client of the local AWS."""
        import boto3

        make: Any = boto3.client  # its stubs know each service by name
        return make(
            service,
            endpoint_url=self.aws_url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - the local AWS takes any
        )

    def outputs(self) -> dict[str, str]:
        """The deployed stack's outputs; empty when nothing is deployed."""
        from botocore.exceptions import ClientError

        try:
            found = self.client("cloudformation").describe_stacks(StackName=STACK_NAME)["Stacks"][0]
        except ClientError:
            return {}
        return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}

    def resource(self, logical_id: str) -> str | None:
        """Physical id of a resource of the template, None when the stack has none of that name."""
        from botocore.exceptions import ClientError

        try:
            found = self.client("cloudformation").describe_stack_resource(
                StackName=STACK_NAME, LogicalResourceId=logical_id
            )
        except ClientError:
            return None
        return str(found["StackResourceDetail"]["PhysicalResourceId"])

    def running(self) -> dict[str, Any] | None:
        """What the supervisor noted about itself, if it is alive and really ours; else None."""
        try:
            noted: dict[str, Any] = json.loads(self.process_file.read_text())
        except (FileNotFoundError, ValueError):
            return None
        return noted if started_at(int(noted["pid"])) == noted["started_at"] else None

    def up(self) -> None:
        """Start in the background and return once the API answers; nothing to do when it already runs.

        Raises:
            StackError: with the supervisor's last line, when it could not start.
        """
        supervisor = None if self.running() else self._start()
        deadline = time.monotonic() + START_SECONDS
        while not (self.running() or {}).get("ready"):
            if supervisor is not None and supervisor.poll() is not None:
                lines = self.run_log.read_text().strip().splitlines() or ["mohlat: it ended without a word"]
                raise StackError(lines[-1].removeprefix("mohlat: "))
            if time.monotonic() > deadline:
                raise StackError(f"the stack was not ready within {START_SECONDS} s; see {self.run_log}")
            time.sleep(0.2)

    def _start(self) -> subprocess.Popen[bytes]:
        self.state.mkdir(parents=True, exist_ok=True)
        with self.run_log.open("w") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "sandbox", "run", *self.arguments()],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def down(self) -> bool:
        """Stop the stack, saving its state. False when none was running.

        Raises:
            StackError: when it does not stop in time.
        """
        noted = self.running()
        if noted is None:
            return False
        pid = int(noted["pid"])
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while started_at(pid) == noted["started_at"]:
            if time.monotonic() > deadline:
                raise StackError(f"process {pid} did not stop within {STOP_SECONDS} s")
            time.sleep(0.1)
        return True

    def arguments(self) -> list[str]:
        """This stack as command line options."""
        return ["--state", str(self.state), "--port", str(self.port), "--aws-port", str(self.aws_port)]


def started_at(pid: int) -> str | None:
    """When the process was started, None when there is none. Ids come again; with this they are unique."""
    if Path("/proc/self/stat").exists():  # Linux, where `ps` may not be installed
        try:
            # The second field, the name, may hold anything; what follows its bracket is regular.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return None if fields[0] == "Z" else fields[19]
    shown = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.split(maxsplit=1)
    return None if len(shown) < 2 or shown[0].startswith("Z") else shown[1].strip()


def port_is_free(port: int) -> bool:
    """Whether 127.0.0.1 lets us listen on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
