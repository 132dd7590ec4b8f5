"""Start MiniStack with the corrections that make it behave like AWS where Mohlat can tell the difference.

Runs in MiniStack's own environment as ``python ministack_launcher.py <stack dir>``; its installed files stay
as they are. What is patched belongs to the pinned version, so a start with any other version is refused.

Settings come from the environment: MiniStack's own, ``LAMBDA_PYTHON`` (interpreter of the Lambdas),
``SNAPSHOT_SECONDS`` and, on a metered stack, ``METERED_IN`` (a folder). The process also stops when its
standard input closes: whoever started it has died then.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import shutil
import signal
import sys
import threading
import time
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

PINNED = "1.5.33"


def forget_stream_positions(state_dir: Path) -> None:
    """Drop the saved read positions of the DynamoDB streams, before MiniStack loads its state.

    The records they count are not saved. With the positions kept, a stream stays silent after a restart until
    as many new records as before have been written.
    """
    path = state_dir / "lambda.json"
    if not path.exists():
        return
    saved = json.loads(path.read_text())
    if saved.get("payload", saved).pop("dynamodb_stream_positions", None) is not None:
        # A half-written file would lose every function: write beside it, then swap.
        fresh = path.with_suffix(".fresh")
        fresh.write_text(json.dumps(saved))
        fresh.replace(path)


def run_lambdas_on(python: str, runtime: Any) -> None:
    """Run the Lambdas on their own interpreter: MiniStack's packages would hide a missing dependency."""
    detect = runtime._detect_runtime_binary

    def detect_binary(name: str) -> tuple[str, str]:
        if name.startswith("python"):
            return python, runtime._PYTHON_WORKER_SCRIPT
        found: tuple[str, str] = detect(name)
        return found

    runtime._detect_runtime_binary = detect_binary


def name_exceptions(runtime: Any, service: Any) -> None:
    """Report a handler's exception under its class name, as AWS does, for ``Catch`` and ``Retry`` to match.

    The worker sends the name along; ``Worker.invoke`` leaves it for its caller, on the same thread.
    """
    plain = '"error": str(e), "trace": traceback'
    named = '"error": str(e), "error_type": type(e).__name__, "trace": traceback'
    if plain not in runtime._PYTHON_WORKER_SCRIPT:
        raise SystemExit("MiniStack's worker script is not the expected one")
    runtime._PYTHON_WORKER_SCRIPT = runtime._PYTHON_WORKER_SCRIPT.replace(plain, named)
    seen = threading.local()
    invoke, execute = runtime.Worker.invoke, service._execute_function_warm

    def invoke_and_note(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = invoke(self, *args, **kwargs)
        seen.error_type = result.get("error_type")
        return result

    def execute_and_name(*args: Any, **kwargs: Any) -> Any:
        seen.error_type = None
        result = execute(*args, **kwargs)
        body = result.get("body")
        if seen.error_type and isinstance(body, dict) and body.get("errorType") == "Runtime.HandlerError":
            body["errorType"] = seen.error_type
        return result

    runtime.Worker.invoke = invoke_and_note
    service._execute_function_warm = execute_and_name


def share_layers(runtime: Any, service: Any, layers: Path) -> None:
    """Unpack every layer version once and let all workers import from it.

    MiniStack unpacks all layers anew for each worker, which is most of a cold start and 85 MB a worker. A
    layer is read-only on AWS, so sharing it changes nothing that a function may rely on.
    """
    spawn, lock = runtime.Worker._spawn, threading.Lock()

    def unpack(data: bytes) -> Path:
        target = layers / hashlib.sha256(data).hexdigest()
        with lock:
            if not target.exists():
                part = target.with_suffix(".part")
                shutil.rmtree(part, ignore_errors=True)
                layers.mkdir(parents=True, exist_ok=True)
                archive = layers / f"{target.name}.zip"
                archive.write_bytes(data)
                with zipfile.ZipFile(archive) as opened:
                    opened.extractall(part)
                archive.unlink()
                part.rename(target)
        return target

    def spawn_with_shared_layers(self: Any) -> None:
        plain = self.config
        found = [service._resolve_layer_zip(reference) for reference in plain.get("Layers") or []]
        folders = [str(unpack(data)) for data in found if data]
        variables = {
            **(plain.get("Environment") or {}).get("Variables", {}),
            "_LAMBDA_LAYERS_DIRS": os.pathsep.join(folders),
        }
        self.config = {**plain, "Layers": [], "Environment": {"Variables": variables}}
        try:
            spawn(self)
        finally:
            self.config = plain

    runtime.Worker._spawn = spawn_with_shared_layers


def name_callers(runtime: Any) -> None:
    """Have each Lambda's calls to AWS say whose they are, where botocore has a place for an app's name."""
    spawn = runtime.Worker._spawn

    def spawn_with_name(self: Any) -> None:
        plain = self.config
        variables = {
            "AWS_SDK_UA_APP_ID": plain["FunctionName"][:50],
            **(plain.get("Environment") or {}).get("Variables", {}),
        }
        self.config = {**plain, "Environment": {"Variables": variables}}
        try:
            spawn(self)
        finally:
            self.config = plain

    runtime.Worker._spawn = spawn_with_name


def note_invocations(runtime: Any, notes: Path) -> None:
    """Write the name of each function that is invoked into a file: the metrics leave most invocations out."""
    invoke = runtime.Worker.invoke

    def invoke_and_note(self: Any, *args: Any, **kwargs: Any) -> Any:
        with notes.open("a") as file:
            file.write(f"{self.config['FunctionName']}\n")
        return invoke(self, *args, **kwargs)

    runtime.Worker.invoke = invoke_and_note


def let_waits_follow(states: Any, clock: Path) -> None:
    """Let waiting executions sleep by the machine's clock plus the seconds that `clock` holds.

    So time can be moved under them as it passes on AWS: each wakes by itself, none is started in its place.
    """

    def offset() -> float:
        try:
            return float(clock.read_text())
        except (FileNotFoundError, ValueError):
            return 0.0

    def sleep_until(instant: str) -> None:
        began, until = offset(), datetime.fromisoformat(instant)
        while datetime.now(UTC) + timedelta(seconds=offset() - began) < until:
            time.sleep(0.05)

    states._sleep_until = sleep_until


def save_often(app: Any, lambdas: Any, stacks: Any, seconds: float) -> None:
    """Save the state every few seconds, because MiniStack itself saves only when it is stopped cleanly.

    The shares of Lambda, with layers and code, and of CloudFormation are by far the largest and change only
    with a deployment.
    """
    saved: list[Any] = []

    def deployment() -> list[Any]:
        functions = [function["config"] for function in list(lambdas._functions._data.values())]
        sources = list(lambdas._esms._data.values())
        deployed = list(stacks._stacks._data.values())
        return [
            [(config.get("FunctionArn"), config.get("RevisionId")) for config in functions],
            [(source.get("UUID"), source.get("State")) for source in sources],
            [(stack.get("StackStatus"), stack.get("LastUpdatedTime")) for stack in deployed],
        ]

    def save() -> None:
        nonlocal saved
        states = app._build_persistence_save_dict()
        current = deployment()
        if current == saved:
            for share in ("lambda", "cloudformation"):
                states.pop(share, None)
        app.save_all(states)
        saved = current

    def keep_saving() -> None:
        while True:
            time.sleep(seconds)
            try:  # a snapshot that fails must not end the snapshots
                save()
            except Exception as error:
                print(f"snapshot failed: {error}", flush=True)

    threading.Thread(target=keep_saving, name="snapshots", daemon=True).start()


def stop_with_parent() -> None:
    """Stop cleanly, saving everything, once standard input closes."""

    def wait() -> None:
        # Not sys.stdin: its lock, held by this thread, would make the interpreter's exit a crash.
        os.read(0, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="parent-watch", daemon=True).start()


def main() -> None:
    """Patch and serve until stopped."""
    installed = importlib.metadata.version("ministack")
    if installed != PINNED:
        raise SystemExit(f"this launcher is written for MiniStack {PINNED}, not {installed}")
    scratch = Path(os.environ["TMPDIR"])
    shutil.rmtree(scratch, ignore_errors=True)  # unpacked code of earlier workers: gigabytes after a while
    scratch.mkdir(parents=True)
    forget_stream_positions(Path(os.environ["STATE_DIR"]))

    import ministack.core.lambda_runtime as runtime
    import ministack.services.lambda_svc as service

    # A handler that logs nothing would otherwise wait 50 ms for its first log line, seven times its own run.
    runtime.Worker._drain_stderr_bounded.__defaults__ = (0.003, 0.002, 0.250)
    run_lambdas_on(os.environ["LAMBDA_PYTHON"], runtime)
    name_exceptions(runtime, service)
    share_layers(runtime, service, scratch / "layers")

    if metered := os.environ.get("METERED_IN"):
        import ministack.services.stepfunctions as states

        name_callers(runtime)
        note_invocations(runtime, Path(metered) / "invocations")
        let_waits_follow(states, Path(metered) / "clock")

    from ministack import app
    from ministack.services import cloudformation

    save_often(app, service, cloudformation, float(os.environ.get("SNAPSHOT_SECONDS", "5")))
    stop_with_parent()
    sys.argv = sys.argv[:1]  # MiniStack reads the command line itself
    app.main()


if __name__ == "__main__":
    main()
