"""The rooms depend inward only, time is an argument, and what must not stand in the product does not."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CORE = ROOT / "layers" / "core" / "mohlat"
SOURCES = sorted([*CORE.rglob("*.py"), *(ROOT / "functions").glob("*/app.py")])

POWERTOOLS = "aws_lambda_powertools"
# Which rooms of ours, and whose libraries beside Python's own, each room may know. A module that stands in no
# folder of the package is a room by itself.
ROOMS: dict[str, tuple[set[str], set[str]]] = {
    "domain": ({"domain"}, set()),
    "calendar": ({"calendar", "domain"}, {"jdatetime"}),
    "agreements": ({"agreements", "calendar", "domain"}, {"yaml"}),
    "application": ({"application", "domain"}, set()),
    "adapters": (
        {"adapters", "application.ports", "calendar", "domain", "settings"},
        {"botocore", "cryptography", "pynamodb", "urllib3"},
    ),
    # Letters are shaped, and fonts embedded, by a library of one function only.
    "presentation": ({"presentation", "application", "calendar", "domain"}, {"fpdf", "mohlat_fonts"}),
    "settings": ({"domain"}, set()),
    # Puts everything together, so it may know everything that is put together.
    "bootstrap": ({"adapters", "agreements", "application", "domain", "observation", "settings"}, set()),
    "entrypoint": ({"bootstrap", "domain", "observation", "presentation"}, {POWERTOOLS}),
    "observation": (set(), {POWERTOOLS}),
    "measures": ({"domain", "observation"}, {POWERTOOLS}),
    "idempotency": ({"adapters.aws", "domain", "entrypoint", "settings"}, {"botocore"}),
    "functions": (
        {
            "application",
            "bootstrap",
            "calendar",
            "domain",
            "entrypoint",
            "idempotency",
            "measures",
            "observation",
            "presentation",
            "settings",
        },
        {POWERTOOLS},
    ),
}
# The rooms in which an instant, an id or a setting can only come in as an argument.
PURE = ("domain", "application")
AMBIENT_MODULES = {"random", "secrets", "uuid"}
AMBIENT = {
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "time.time",
    "time.time_ns",
    "os.environ",
    "os.getenv",
    "os.urandom",
}
LONGEST = 500
LONGER = {
    "adapters/messaging/wording_en.py": "every notice in English, and nothing but words",
    "adapters/messaging/wording_fa.py": "every notice in Persian, and nothing but words",
    "bootstrap.py": "one list of factories, each a few lines; apart nobody would know where to look",
    "application/ports.py": "one list of what the use cases need of the world, and nothing but signatures",
    "domain/agreement.py": "the whole form of an agreement, and nothing but what it is made of",
    "presentation/problems.py": "every error, reason and field in two languages, and nothing but words",
    "domain/tenant.py": "one form, each field beside how it is stored; apart one would be forgotten",
    "domain/lifecycle.py": "every event and deadline of one state graph; apart they could not be compared",
}


def room_of(path: Path) -> str:
    if CORE in path.parents:
        return path.relative_to(CORE).parts[0].removesuffix(".py")
    return "functions"


def imports(source: str) -> Iterator[str]:
    """What a module imports, wherever in it, in full: `mohlat.adapters.aws`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "written out in full, so that one sees which room it is"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def misplaced(source: str, room: str) -> list[str]:
    """Those imports that the room must not know."""
    ours, theirs = ROOMS[room]
    found = []
    for name in imports(source):
        top, _, rest = name.partition(".")
        if top == "mohlat":
            allowed = not rest or any(f"{rest}.".startswith(f"{known}.") for known in ours)
        else:
            allowed = top in sys.stdlib_module_names or top in theirs
        if not allowed:
            found.append(name)
    return found


def ambient(source: str) -> list[str]:
    """Where a module takes an instant, chance or a setting out of the air."""
    found = [name for name in imports(source) if name.split(".")[0] in AMBIENT_MODULES or name in AMBIENT]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            found += [name for name in AMBIENT if f".{ast.unparse(node)}".endswith(f".{name}")]
    return found


def forbidden(source: str) -> list[str]:
    """What no shipped module holds: printing, catching everything unnamed, things left for later."""
    found = re.findall(r"\b(?:TODO|FIXME|XXX)\b", source)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            found.append("except:")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            found.append("print")
    return found


def test_every_room_has_its_rules() -> None:
    assert {room_of(path) for path in SOURCES} - {"__init__"} == set(ROOMS)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_knows_what_its_room_may_know_and_leaves_out_what_none_may_hold(path: Path) -> None:
    source, room = path.read_text(encoding="utf-8"), room_of(path)
    if room != "__init__":
        assert misplaced(source, room) == []
    assert forbidden(source) == []
    if room in PURE:
        assert ambient(source) == []


def test_bootstrap_imports_adapters_inside_its_factories_only() -> None:
    """A function loads what it uses and no more, which is most of its cold start."""
    tree = ast.parse((CORE / "bootstrap.py").read_text(encoding="utf-8"))
    at_import = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert not [node for node in at_import if "adapters" in ast.unparse(node)]


def test_a_module_is_as_long_as_somebody_can_read() -> None:
    long = {
        str(path.relative_to(CORE))
        for path in CORE.rglob("*.py")
        if len(path.read_text(encoding="utf-8").splitlines()) > LONGEST
    }
    assert long == set(LONGER)


PLANTED = {
    "domain": ["import yaml", "from mohlat.application.ports import Clock", "import mohlat.calendar.jalali"],
    "application": ["from mohlat.adapters import aws", "from mohlat import bootstrap", "import botocore"],
    "adapters": ["from mohlat.application.sweep import sweep", "import boto3", "import jdatetime"],
    "presentation": ["import jdatetime", "from mohlat import bootstrap"],
    "functions": ["from mohlat.adapters import aws", "import boto3", "import mohlat.adapters.clock"],
    # It loads boto3.
    "idempotency": ["from mohlat.adapters.dynamodb import table", f"import {POWERTOOLS}"],
    "agreements": ["import jdatetime"],
}


@pytest.mark.parametrize(
    ("room", "line"), [(room, line) for room, lines in PLANTED.items() for line in lines]
)
def test_a_planted_import_is_seen(room: str, line: str) -> None:
    assert misplaced(line, room)
    assert misplaced(f"def late():\n    {line}", room)
    assert not misplaced("from __future__ import annotations\nimport json", room)


@pytest.mark.parametrize(
    "line",
    [
        "now = datetime.now(UTC)",
        "now = datetime.datetime.now()",
        "began = time.time()",
        "stage = os.environ['STAGE']",
        "from os import environ",
        "from secrets import token_hex",
        "import uuid",
        "import random as chance",
    ],
)
def test_planted_ambience_is_seen(line: str) -> None:
    assert ambient(line)
    assert not ambient("now = clock.now()\nwait = time.sleep")


def test_planted_leftovers_are_seen() -> None:
    assert forbidden("print(1)") == ["print"]
    assert forbidden("try:\n    pass\nexcept:\n    pass") == ["except:"]
    assert forbidden("# TO" + "DO: later")
    assert not forbidden("try:\n    blueprint(1)\nexcept ValueError:\n    pass")
