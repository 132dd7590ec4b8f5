"""Stacks for the end-to-end tests.

With MOHLAT_URL, MOHLAT_OPERATOR and MOHLAT_OPERATOR_PASSWORD (and MOHLAT_PARTNER likewise) they run against
what is deployed there: any front door with the API under /v1 and the stand-ins of the outside world beside
it. Without them each of three groups of tests gets a fresh stack of its own: one moves the test clock, one
lets real time pass, one brings a product to its end.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sandbox.api import Api, Operator
from sandbox.stack import LOCAL, Stack
from tests.e2e import logs
from tests.e2e.stage import Stage

ELSEWHERE = os.environ.get("MOHLAT_URL")


def pytest_configure(config: pytest.Config) -> None:
    """The marker that only tests of a whole stack need."""
    config.addinivalue_line("markers", "this_machine: stops and starts the stack, so it needs one of its own")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Lets tests reach the deployment they were pointed at; what needs our own machine is left out there."""
    if not ELSEWHERE:
        return
    allowed = ["127.0.0.1", "::1", str(urlsplit(ELSEWHERE).hostname)]
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.allow_hosts(allowed))
            if item.get_closest_marker("this_machine"):
                item.add_marker(pytest.mark.skip(reason="stops the stack, so it needs one of its own"))


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()


@contextmanager
def _fresh_stack() -> Iterator[Stack]:
    LOCAL.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="e2e-", dir=LOCAL))
    port, aws_port = _free_ports(2)
    stack = Stack(folder, port, aws_port)
    try:
        stack.up()
        yield stack
        logs.demand_clean(stack)
    finally:
        stack.down()
        shutil.rmtree(folder)


def _stage(url: str, boss: tuple[str, str], partner: tuple[str, str] | None) -> Stage:
    api = Api(url)
    return Stage(api, Operator(api, *boss), Operator(api, *partner) if partner else None)


def _elsewhere(url: str) -> Stage:
    def who(name: str) -> tuple[str, str]:
        return os.environ[name], os.environ[f"{name}_PASSWORD"]

    return _stage(
        url, who("MOHLAT_OPERATOR"), who("MOHLAT_PARTNER") if "MOHLAT_PARTNER" in os.environ else None
    )


def stage_of(stack: Stack) -> Stage:
    """The stage that a local stack is."""

    def who(group: str) -> tuple[str, str]:
        kept = json.loads((stack.state / f"{group}.json").read_text())
        return kept["username"], kept["password"]

    return _stage(stack.url, who("operator"), who("partner"))


@pytest.fixture
def partner(stage: Stage) -> Operator:
    """A business partner of the vendor's."""
    if stage.partner is None:
        pytest.skip("MOHLAT_PARTNER names none")
    return stage.partner


@pytest.fixture(scope="session")
def clock_stack() -> Iterator[Stack]:
    """The stack of `stage`, to look behind its front door; there is none elsewhere."""
    if ELSEWHERE:
        pytest.skip("looks into the stores of a stack of this machine")
    with _fresh_stack() as stack:
        yield stack


@pytest.fixture(scope="session")
def stage(request: pytest.FixtureRequest) -> Stage:
    """The stack whose clock may be moved."""
    if ELSEWHERE:
        return _elsewhere(ELSEWHERE)
    return stage_of(request.getfixturevalue("clock_stack"))


@pytest.fixture(scope="session")
def ending_stage() -> Iterator[Stage]:
    """A stack on this machine whose clock may be moved and whose products may end."""
    with _fresh_stack() as stack:
        yield stage_of(stack)


@pytest.fixture(scope="session")
def own_stack() -> Iterator[Stack]:
    """A stack on this machine that may be stopped, whose clock nobody moves."""
    with _fresh_stack() as stack:
        yield stack


@pytest.fixture(scope="session")
def quiet_stage(request: pytest.FixtureRequest) -> Stage:
    """A stack whose clock nobody moves."""
    if ELSEWHERE:
        return _elsewhere(ELSEWHERE)
    return stage_of(request.getfixturevalue("own_stack"))
