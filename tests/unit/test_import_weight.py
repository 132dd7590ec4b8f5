"""What no function may load before its first call: a cold start is mostly imports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Everything the functions load, in one process: what is not there then, none of them loads. The one that
# draws invoices is left out: what it draws with is a layer of its own, and loads much.
ALL_FUNCTIONS = """
import importlib.util, pathlib, sys
for path in sorted(pathlib.Path("functions").glob("*/app.py")):
    if path.parent.name == "render_invoice":
        continue
    spec = importlib.util.spec_from_file_location(path.parent.name, path)
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
print(*sys.modules)
"""
PORTS = "import sys, mohlat.application.ports; print(*sys.modules)"


def loaded(code: str) -> set[str]:
    """The modules that are loaded after `code` ran in a fresh interpreter."""
    path = [str(ROOT / "layers" / "core"), str(ROOT / "layers" / "pdf")]
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {path!r}\n{code}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return set(done.stdout.split())


@pytest.fixture(scope="module")
def by_functions() -> set[str]:
    return loaded(ALL_FUNCTIONS)


@pytest.mark.parametrize("heavy", ["boto3", "s3transfer", "asyncio", "holidays", "jinja2", "pydantic"])
def test_no_function_loads_what_is_heavy_and_not_needed(heavy: str, by_functions: set[str]) -> None:
    assert "mohlat.entrypoint" in by_functions
    assert heavy not in by_functions


def test_what_use_cases_need_of_the_world_loads_no_domain() -> None:
    modules = loaded(PORTS)
    assert "mohlat.application.ports" in modules
    assert not {name for name in modules if name.startswith("mohlat.domain")}
