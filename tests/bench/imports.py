"""How long each handler takes to import, as a ratio to making a DynamoDB client with boto3.

Each measurement is a fresh process of the interpreter that runs the local Lambdas, with the built layers on
its path as on Lambda: the function's folder first, its `app.py` uncompiled as it is deployed, the layers with
the byte code that the build gave them. Processor time is counted from the handler's first line on, so that
neither the start of Python nor other work on the machine is in it; all are measured in turn, round after
round, and the median is taken.
"""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from sandbox.stack import LAMBDA_PYTHON, LOCAL
from tests.template import cloudformation

_BUILD = LOCAL / "build"
FUNCTIONS = _BUILD / "source" / "functions"
_OUT = _BUILD / "out" / "build"
LAYERS = tuple(_OUT / layer / "python" for layer in ("CoreLayer", "VendorLayer"))

ROUNDS = 5
WORKER_TARGET, API_TARGET, API_TARGET_LATER = 1.10, 1.35, 0.95

_BASE = 'import boto3; boto3.client("dynamodb")'
_MEASURED = """
import sys, time
sys.path[:0] = {path!r}
begun = time.process_time()
{code}
print(time.process_time() - begun)
"""
# What the handler makes at its first call, short of calling anybody: its clients, models, readers. Secrets
# are the one thing that a factory fetches; a stand-in answers for the parameter store.
_READY = """
import app
imported = time.process_time() - begun
from mohlat import bootstrap
class Secrets:
    def get(self, name):
        return "x"
made = bootstrap.secrets
bootstrap.secrets = lambda: made() and Secrets()
def make(name, seen=set()):
    factory = getattr(bootstrap, name, None)
    if name in seen or not callable(factory) or getattr(factory, "__module__", "") != "mohlat.bootstrap":
        return
    seen.add(name)
    code = getattr(factory, "__wrapped__", factory).__code__
    if hasattr(factory, "cache_info") and not code.co_argcount:
        factory()
    elif name == "sender":
        factory()
    elif name == "payment_gateway":
        factory("zarinpal")
    else:
        for inner in code.co_names:
            make(inner)
for name in {names!r}:
    make(name)
if "mohlat.adapters.dynamodb.table" in sys.modules:
    from mohlat.adapters import aws
    aws.client("dynamodb")
print(imported)
"""
# A line of -X importtime: own time, time with what it imports (microseconds), a space, indentation, name.
_IMPORTED = re.compile(r"import time: +(\d+) \| +\d+ \| ( *)(\S+)")
_ENVIRONMENT = {
    # Every variable that the template gives to any function; numbers where a number is read, else an address.
    **dict.fromkeys(cloudformation.variables(), "http://127.0.0.1:9"),
    **dict.fromkeys(("SWEEP_PATIENCE_SECONDS", "PURGE_CAP_PER_HOUR"), "900"),
    "TEST_CLOCK": "off",
    "POWERTOOLS_LOG_LEVEL": "INFO",
    "POWERTOOLS_SERVICE_NAME": "mohlat",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "PYTHONDONTWRITEBYTECODE": "1",
}


@dataclass(frozen=True)
class Cost:
    """What one handler takes, as ratios to boto3's DynamoDB client.

    Attributes:
        name: the function.
        is_api: whether somebody waits for it behind the API.
        imported: until its module is loaded, which is what Lambda does before the first call.
        ready: until everything that it makes at its first call is there as well, its clients above all.
    """

    name: str
    is_api: bool
    imported: float
    ready: float

    @property
    def target(self) -> float:
        """What neither should exceed."""
        return API_TARGET if self.is_api else WORKER_TARGET


def measure(rounds: int = ROUNDS) -> list[Cost]:
    """All handlers of the build, the slowest first."""
    names = sorted(path.parent.name for path in FUNCTIONS.glob("*/app.py"))
    base: list[float] = []
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for _ in range(rounds):
        base.append(_run([], _BASE)[-1])
        for name in names:
            imported, ready = _run(_path(name), _ready(name))
            seen[name].append((imported, ready))
        base.append(_run([], _BASE)[-1])
    unit = statistics.median(base)
    costs = [
        Cost(
            name,
            "api(" in (FUNCTIONS / name / "app.py").read_text(),
            statistics.median(imported for imported, _ in runs) / unit,
            statistics.median(ready for _, ready in runs) / unit,
        )
        for name, runs in seen.items()
    ]
    return sorted(costs, key=lambda cost: -cost.ready)


@dataclass(frozen=True)
class Share:
    """A package's share of a handler's import, and which module of ours asked for most of it."""

    package: str
    share: float
    asked_by: str


def heaviest(name: str, count: int = 5) -> list[Share]:
    """The packages that take the largest shares until a handler is ready, by `-X importtime`."""
    script = _MEASURED.format(path=_path(name), code=_ready(name))
    return shares(_python("-X", "importtime", "-c", script).stderr)[:count]


def shares(shown: str) -> list[Share]:
    """What `-X importtime` showed, by package, the heaviest first.

    A module's line comes after those of what it imports, which are indented by two more.
    """
    own: Counter[str] = Counter()
    asked_by: dict[str, Counter[str]] = {}
    # What was loaded at each depth since somebody last asked: packages and their times.
    waiting: dict[int, list[tuple[str, int]]] = {}
    for line in shown.splitlines():
        if not (found := _IMPORTED.match(line)):
            continue
        spent, depth, module = int(found.group(1)), len(found.group(2)), found.group(3)
        own[_package(module)] += spent
        inside = waiting.pop(depth + 2, [])
        if module == "app" or module.startswith("mohlat."):
            for package, time in inside:
                asked_by.setdefault(package, Counter())[module] += time
            inside = []
        waiting.setdefault(depth, []).extend([*inside, (_package(module), spent)])
    return [
        Share(package, spent / own.total(), _most(asked_by.get(package)))
        for package, spent in own.most_common()
    ]


def _most(asked_by: Counter[str] | None) -> str:
    return asked_by.most_common(1)[0][0] if asked_by else "the interpreter"


def _package(module: str) -> str:
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "mohlat" else parts[0]


def report(costs: list[Cost]) -> str:
    """The table, and what weighs most in the slowest handler."""
    if not costs:
        return "  nothing is built yet: leave `imports` out, or start the stack with `make run`"
    lines = [f"  {'handler':22} {'import':>7} {'ready':>7}   at most (! is more)"]
    for cost in costs:
        shown = " ".join(
            f"{ratio:7.2f}{'!' if ratio > cost.target else ' '}" for ratio in (cost.imported, cost.ready)
        )
        later = f", later {API_TARGET_LATER:.2f}" if cost.is_api else ""
        lines.append(f"  {cost.name:22} {shown}  {cost.target:.2f}{later}")
    for kind, of_kind in (("behind the API", True), ("elsewhere", False)):
        slowest = next((cost.name for cost in costs if cost.is_api is of_kind), None)
        if slowest:
            lines.append(f"\n  what {slowest} loads, the slowest {kind}   share  most of it asked for by")
            lines += [
                f"    {each.package:36} {each.share:12.0%}  {each.asked_by}" for each in heaviest(slowest, 8)
            ]
    return "\n".join(lines)


def _path(name: str) -> list[str]:
    # What a function has beside the layers that all have: what draws invoices is in one of its own.
    more = cloudformation.functions()[name]["Properties"].get("Layers", ())
    own = [_OUT / layer["Ref"] / "python" for layer in more]
    return [str(FUNCTIONS / name), *map(str, [*LAYERS, *own])]


def _ready(name: str) -> str:
    tree = ast.parse((FUNCTIONS / name / "app.py").read_text())
    names = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "bootstrap"
    }
    return _READY.format(names=sorted(names))


def _run(path: list[str], code: str) -> list[float]:
    """Seconds, as the process prints them."""
    return [float(line) for line in _python("-c", _MEASURED.format(path=path, code=code)).stdout.split()]


def _python(*arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [LAMBDA_PYTHON, *arguments],
        cwd=Path(LOCAL),
        env=_ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    return done
