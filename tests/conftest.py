"""What all tests share."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from mohlat import domain
from tests.leaks import pytest_runtest_makereport  # noqa: F401 - a hook, which pytest finds here

# No deadline per example: a shared machine is slow now and then, which is no finding. No database: a run
# depends on nothing that an earlier run left behind.
settings.register_profile("mohlat", deadline=None, database=None)
settings.load_profile("mohlat")

# End-to-end tests that leave no product on their stack to use, and those that need no test clock, and a stack
# on which nobody moves it.
_ENDING = "tests/e2e/test_winding_down.py"
_REAL_TIME = {
    f"tests/e2e/test_{name}.py" for name in ("description", "input", "outages", "real_time", "strangers")
}


class OneStackPerWorker(LoadScopeScheduling):
    """End-to-end tests that share a stack stay on one worker; the others go wherever there is room.

    The markers of xdist's own groups do not get through: xdist 3.8 writes them into a node's private id, and
    pytest 9.2 does not read it any more.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if not file.startswith("tests/e2e/"):
            return nodeid
        if file == _ENDING:
            return file
        return "e2e, real time" if file in _REAL_TIME else "e2e, test clock"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    """What `--dist loadgroup` means here."""
    return OneStackPerWorker(config, log) if config.getvalue("dist") == "loadgroup" else None


# What alone has to reach all of the domain. A line that is only passed on a long way through the whole, or by
# one of many generated cases, is not proved by it; and tracing takes twice as long as what it traces.
_COVERING = ("tests/unit/", "tests/application/")


def _measurement(config: pytest.Config) -> Any:
    """What pytest-cov measures with, None where nobody asked for it."""
    plugin = config.pluginmanager.getplugin("_cov")
    return plugin and plugin.cov_controller


@pytest.hookimpl(wrapper=True)
def pytest_sessionstart(session: pytest.Session) -> Generator[None, None, None]:
    """Measures the domain's import, and nothing more until a test that covers begins.

    In a worker, pytest-cov 7.1 takes itself for a run of its own and begins to measure, and does so once more
    when it learns better: the first is stopped, or all would be measured twice.
    """
    if hasattr(session.config, "workerinput") and (first := _measurement(session.config)):
        first.pause()
    yield
    if measurement := _measurement(session.config):
        for module in pkgutil.walk_packages(domain.__path__, f"{domain.__name__}."):
            importlib.import_module(module.name)
        measurement.pause()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Measures the domain's coverage by the tests that it has to be covered by."""
    measurement = _measurement(item.config)
    left_out = item.get_closest_marker("hypothesis") or item.get_closest_marker("no_cover")
    if not measurement or left_out or not item.nodeid.startswith(_COVERING):
        return (yield)
    measurement.resume()
    try:
        return (yield)
    finally:
        measurement.pause()


class ShownAtOnce:
    """Shows a failure as it happens: a run that is ended from outside has said what was wrong until then."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Another phase of a test is over, on whichever worker."""
        reporter = self._config.pluginmanager.getplugin("terminalreporter")
        if report.failed and reporter:
            reporter.write_line(f"\n{report.when} of {report.nodeid} failed:\n{report.longreprtext}")


def pytest_configure(config: pytest.Config) -> None:
    """What only the process does that hands out the tests."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(ShownAtOnce(config))
