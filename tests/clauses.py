"""`make clauses`: every duty of every agreement, the tests that prove it, and where it is enforced.

With ``--strict`` a clause without a test or without a place in the product fails the run.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
AGREEMENTS = ROOT / "layers" / "core" / "mohlat" / "agreements"
PRODUCT = ("layers/core/mohlat/**/*.py", "functions/**/*.py", "statemachines/*.json", "template.yaml")
# An invoice's number looks alike: KALO-1405-000012.
_ID = re.compile(r"\b(?:KALO|CLUB|SAMAN|KALAK|KALLU)-(?!\d{4}-\d)[A-Za-z0-9.]+(?:-[a-z0-9]+)?\b")


def duties() -> dict[str, tuple[str, str]]:
    """Clause id to its duty (enforce or record) and what it asks, from the five agreements."""
    found: dict[str, tuple[str, str]] = {}
    for file in sorted(AGREEMENTS.glob("*.yaml")):
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        for clause, duty in content["clauses"].items():
            found[clause] = (duty["duty"], duty["what"])
    return found


def _marked(node: ast.AST) -> Iterator[str]:
    """Clause ids in `pytest.mark.clause(...)` calls anywhere below a node: decorators, params, pytestmark."""
    for call in ast.walk(node):
        if (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and call.func.attr == "clause"
            and ast.unparse(call.func).endswith("mark.clause")
        ):
            yield from (
                arg.value for arg in call.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
            )


def tests() -> dict[str, list[str]]:
    """Clause id to the tests marked with it."""
    found: dict[str, list[str]] = defaultdict(list)
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        name = file.relative_to(ROOT).as_posix()
        for node in tree.body:
            label = getattr(node, "name", "*")
            for clause in _marked(node):
                if f"{name}::{label}" not in found[clause]:
                    found[clause].append(f"{name}::{label}")
    return found


def places() -> dict[str, list[str]]:
    """Clause id to the lines of the product that act on it: code that names it, figures that cite it."""
    found: dict[str, list[str]] = defaultdict(list)

    def scan(file: Path, lines: list[str]) -> None:
        for number, line in enumerate(lines, start=1):
            for clause in _ID.findall(line):
                found[clause.rstrip(".")].append(f"{file.relative_to(ROOT).as_posix()}:{number}")

    for pattern in PRODUCT:
        for file in sorted(ROOT.glob(pattern)):
            scan(file, file.read_text(encoding="utf-8").splitlines())
    for file in sorted(AGREEMENTS.glob("*.yaml")):
        # The list of clauses at the end says what they ask; only what stands above it does something.
        rules, _, _ = file.read_text(encoding="utf-8").partition("\nclauses:")
        scan(file, rules.splitlines())
    return found


def main() -> int:
    """Prints the report; with --strict returns 1 if there are gaps."""
    proven, placed, gaps = tests(), places(), 0
    asked = duties()
    for clause, (duty, what) in asked.items():
        print(f"{clause}  ({duty})  {what}")
        for label, lines in (("test ", proven.get(clause, [])), ("where", placed.get(clause, []))):
            for line in lines[:4] or ["-"]:
                print(f"    {label}  {line}")
            if len(lines) > 4:
                print(f"    {label}  … and {len(lines) - 4} more")
        gaps += not (proven.get(clause) and placed.get(clause))
    for clause in sorted((set(proven) | set(placed)) - set(asked)):
        print(f"{clause}  is named, but no agreement has it")
        gaps += 1
    print(
        f"\n{len(asked)} clauses; with a test {sum(clause in proven for clause in asked)}, "
        f"with a place in the product {sum(clause in placed for clause in asked)}, with gaps {gaps}"
    )
    return 1 if gaps and "--strict" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
