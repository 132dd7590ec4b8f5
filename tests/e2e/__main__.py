"""`make e2e`: the end-to-end tests on fresh local stacks, or, with STACK, on what is deployed as that.

The stack's own parameters say where its front door is (PublicUrl) and whether it may be played with: the
tests move the clock and register customers, so production is refused. Whoever looks behind the front door, or
stops the stack, is left out there. AWS_ENDPOINT_URL points at a local AWS; without it the usual credentials
count.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


class NotForTests(Exception):
    """Why the tests may not run against a stack."""


def where(stack: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    """The environment that the tests need for a stack, as CloudFormation describes it.

    What is `given` goes first: the stand-ins of the outside world may stand behind another front door.
    Raises NotForTests.
    """
    parameters = {each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", ())}
    if parameters.get("Stage") == "prod" or parameters.get("TestClock") != "on":
        raise NotForTests(f"{stack['StackName']} has no test clock: nobody's time is moved there")
    url = given.get("MOHLAT_URL") or parameters.get("PublicUrl", "").removesuffix("/v1").rstrip("/")
    if not url:
        raise NotForTests("its PublicUrl is empty: say in MOHLAT_URL where its front door is")
    missing = [name for name in ("MOHLAT_OPERATOR", "MOHLAT_OPERATOR_PASSWORD") if not given.get(name)]
    if missing:
        raise NotForTests(f"{' and '.join(missing)} must name an operator of it")
    return {"MOHLAT_URL": url}


def described(name: str) -> Mapping[str, Any]:
    """What CloudFormation says of a stack. Raises botocore's ClientError."""
    import boto3

    found: Mapping[str, Any] = boto3.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    return found


def main() -> int:
    """Runs the tests; what pytest answered."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e", description="the end-to-end tests")
    parser.add_argument("--stack", default="", help="a deployed stack's name; fresh local ones without it")
    given, others = parser.parse_known_args()
    environment = dict(os.environ)
    if given.stack:
        environment |= where(described(given.stack), os.environ)
        print(f"against {given.stack} at {environment['MOHLAT_URL']}", flush=True)
    told = [sys.executable, "-m", "pytest", "-q", str(HERE), *others]
    return subprocess.run(told, env=environment, check=False).returncode


if __name__ == "__main__":
    try:
        sys.exit(main())
    except NotForTests as reason:
        sys.exit(f"e2e: {reason}")
