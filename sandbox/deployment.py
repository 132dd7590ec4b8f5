"""Build and deploy to the local AWS when something changed, with the commands that deploy to AWS."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from botocore.exceptions import ClientError

from sandbox import post_deploy
from sandbox.stack import LAMBDA_PYTHON, LOCAL, ROOT, STACK_NAME, Stack, StackError

SOURCES = ("template.yaml", "samconfig.toml", "functions", "layers", "statemachines", "tests/agreements")
# Set after a deployment was finished, in the local AWS itself: a crash that loses the one loses the other.
FINGERPRINT = "/mohlat/local-deployment"
DEPLOYED = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}

_BUILD = LOCAL / "build"
_BUILT, _CACHE = _BUILD / "out" / "build", _BUILD / "out" / "cache"
_SKIPPED = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")


def deploy(stack: Stack) -> bool:
    """Bring the running local AWS up to date with the working tree.

    Two stacks share one build, and the lock: artifacts are read until the deployment has ended.

    Returns:
        whether there was anything to do.

    Raises:
        StackError: when the build or the deployment fails; what the tools said is printed before.
    """
    with _lock(_BUILD / "lock"):
        sources = _sources_digest()
        wanted = _digest([sources, stack.url, stack.aws_url, Path(post_deploy.__file__).read_text()])
        status = _stack_status(stack)
        if status in DEPLOYED and _deployed(stack) == wanted:
            return False
        _build(stack, sources)
        _deploy(stack, status)
        post_deploy.apply(stack)
        stack.client("ssm").put_parameter(Name=FINGERPRINT, Value=wanted, Type="String", Overwrite=True)
    return True


def _build(stack: Stack, sources: str) -> None:
    stamp = _BUILD / "built"
    if stamp.exists() and stamp.read_text() == sources:
        return
    stamp.unlink(missing_ok=True)
    # A copy without byte code and caches: what is deployed then depends on the sources alone.
    copy = _BUILD / "source"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir(parents=True)
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=_SKIPPED)
        elif (ROOT / name).exists():
            shutil.copy2(ROOT / name, copy / name)
    target = {"MOHLAT_TARGET": "local", "MOHLAT_PYTHON": str(LAMBDA_PYTHON)}
    _sam(
        stack,
        ["build", "--template-file", "template.yaml", "--build-dir", str(_BUILT), "--cache-dir", str(_CACHE)],
        target,
    )
    # Each step of a deployment parses the template anew, a fifth of all its time in YAML.
    from samcli.yamlhelper import yaml_parse

    template = yaml_parse((_BUILT / "template.yaml").read_text())
    (_BUILT / "template.json").write_text(json.dumps(template))
    stamp.write_text(sources)


def _deploy(stack: Stack, status: str | None) -> None:
    with (ROOT / "samconfig.toml").open("rb") as file:
        settings = tomllib.load(file)["local"]["deploy"]["parameters"]
    s3 = stack.client("s3")
    with suppress(s3.exceptions.BucketAlreadyExists, s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=settings["s3_bucket"])
    if status is not None and status not in DEPLOYED:
        # The remains of a first deployment that failed can only be removed.
        cloudformation = stack.client("cloudformation")
        cloudformation.delete_stack(StackName=STACK_NAME)
        cloudformation.get_waiter("stack_delete_complete").wait(
            StackName=STACK_NAME, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
        )
    overrides = [
        *settings["parameter_overrides"],
        f"PublicUrl={stack.url}",
        f"ZarinpalUrl={stack.url}/pay",
        f"ZibalUrl={stack.url}/zibal",
        f"ZarinpalGraphqlUrl={stack.url}/pay/api/v4/graphql/",
        f"SepUrl={stack.url}/sep",
        f"BehpardakhtUrl={stack.url}/behpardakht",
        f"KavenegarUrl={stack.url}/sms",
    ]
    _sam(
        stack,
        ["deploy", "--template-file", str(_BUILT / "template.json"), "--parameter-overrides", *overrides],
        {},
    )


def _sam(stack: Stack, arguments: list[str], extra: dict[str, str]) -> None:
    tool = Path(sys.executable).with_name("sam")
    done = subprocess.run(
        [tool, *arguments, "--config-env", "local", "--config-file", str(ROOT / "samconfig.toml")],
        cwd=_BUILD / "source",
        env=stack.environment() | extra,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    log = stack.state / f"sam-{arguments[0]}.log"
    log.write_text(done.stdout)
    if done.returncode:
        print("\n".join(done.stdout.splitlines()[-40:]), file=sys.stderr)
        raise StackError(f"sam {arguments[0]} failed, see {log}")


def _stack_status(stack: Stack) -> str | None:
    try:
        found = stack.client("cloudformation").describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    except ClientError:
        return None
    return str(found["StackStatus"])


def _deployed(stack: Stack) -> str | None:
    try:
        return str(stack.client("ssm").get_parameter(Name=FINGERPRINT)["Parameter"]["Value"])
    except ClientError:
        return None


def _sources_digest() -> str:
    version = subprocess.run([LAMBDA_PYTHON, "--version"], capture_output=True, text=True, check=True).stdout
    parts = [version]
    for name in SOURCES:
        root = ROOT / name
        for path in sorted(root.rglob("*")) if root.is_dir() else [root]:
            if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc":
                parts += [str(path.relative_to(ROOT)), hashlib.sha256(path.read_bytes()).hexdigest()]
    return _digest(parts)


def _digest(parts: list[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT)) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
