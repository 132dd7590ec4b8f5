"""The search for personal data in logs finds what it should, in whatever process a test runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import leaks
from tests.handlers.conftest import ROOT

# Test code that makes a function write something, in each of the ways in which it could.
WAYS = {
    "printed": "print({!r})",
    "logged": "import logging; logging.getLogger('mohlat').warning({!r})",
    "by a deployment": "from tests import leaks; leaks.written({!r})",
}


@pytest.mark.parametrize(
    "line",
    [
        '{"to": "Sara.Ahmadi@example.ir"}',
        '{"mobile": "+989123456789"}',
        "sent to 09123456789",
        "IR82 0540 1026 8002 0817 9090 02",
        "card 6037991122334455",
        "Authorization: Bearer abcdef.ghijkl-mnop",
        "token eyJraWQiOiJ0ZXN0In0.eyJzdWIiOiIxMjMifQ.c2ln",
        '{"name": "\\u0633\\u0627\\u0631\\u0627"}',
        '{"name": "سارا"}',
        "password bahar-e-narenj-72",
        "national_id=0013542419",
        '{"event": {"pathParameters": null}}',
    ],
)
def test_what_must_not_be_written_is_found(line: str) -> None:
    assert leaks.found_in([f'{{"level": "INFO"}} {line}'])


@pytest.mark.parametrize(
    "line",
    [
        '{"message":"answered","route":"GET /products/{product}/plans","status":200,"milliseconds":12}',
        '{"tenant_id":"t_00000000000000000000000001","payment_id":"p_09123456789000000000000009"}',
        '{"_aws":{"Timestamp":1796006482762},"service":"mohlat","UnusualUse":[1.0]}',
        '{"timestamp":"2026-11-30 02:52:13,884+0000","invocation":"9d3c5c7e-0000-4000-8000-000000000001"}',
        '{"request_id":"0b36ce7a-3747-4e1a-a6d3-09077128148c"}',
    ],
)
def test_facts_with_keys_are_none(line: str) -> None:
    assert leaks.found_in([line]) == []


def test_a_secret_of_a_run_is_found_by_itself() -> None:
    assert leaks.found_in(["opened with s3cr3t-of-today"], ["s3cr3t-of-today"])


def test_a_planted_leak_fails_its_test_whichever_process_runs_it(tmp_path: Path) -> None:
    folder = tmp_path / "tests" / "handlers"
    folder.mkdir(parents=True)
    (tmp_path / "conftest.py").write_text("from tests.leaks import pytest_runtest_makereport\n")
    tests = [f"def test_clean():\n    {WAYS['printed'].format('status 200')}\n"]
    for number, way in enumerate(WAYS.values()):
        tests.append(f"def test_leak_{number}():\n    {way.format('sent to sara.ahmadi@example.ir')}\n")
    (folder / "test_planted.py").write_text("\n".join(tests))
    ran = subprocess.run(  # noqa: PLW1510 - the failure is what is wanted
        [sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", "tests/handlers"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "layers/core")])},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert f"{len(WAYS)} error" in ran.stdout or f"{len(WAYS)} failed" in ran.stdout, ran.stdout + ran.stderr
    for number in range(len(WAYS)):
        assert f"test_leak_{number}" in ran.stdout
    assert "an e-mail address" in ran.stdout
    assert "test_clean" not in ran.stdout
