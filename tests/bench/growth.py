"""What grows with the number of customers: the sweep, a round of news, its dispatch, its sending.

The same things happen in deployments of growing size, each on moto in this process, and units, calls and
invocations are counted: per customer where every customer is concerned, in all where none should be. A figure
that stays the same from ten to ten thousand grows in a straight line with the number, and no faster.

Ten customers are registered; the rest are copies of the first one's row, with the shards that belong to their
ids. Only the ten have an address, so only to them is anything sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any

from moto.dynamodb.models import dynamodb_backends

from mohlat import bootstrap
from mohlat.adapters.dynamodb.table import TENANT as TENANT_SK
from mohlat.adapters.dynamodb.table import member_shard, shard_of, tenant_pk
from mohlat.domain.rounds import LANES
from tests.bench.inside import Watch, deployment, quietly, without_rollback
from tests.handlers.conftest import REGION, World, load_event

SIZES = (10, 100, 1_000, 10_000)
REGISTERED = 10
# What a figure may grow by from one size to the next and still be called flat.
FLAT = 1.1
_PRODUCT = "customer_club"
# As the template's event source mappings have them.
_STREAM_BATCH, _QUEUE_BATCH = 100, 2
_CANNED = {
    "AWSStepFunctions.StartExecution": b'{"executionArn": "arn:aws:states:::e", "startDate": 0}',
    "AmazonSQS.SendMessage": b'{"MessageId": "m"}',
}


@dataclass(frozen=True)
class Figures:
    """What one thing took: units, calls to AWS in all, and invocations."""

    write: float
    read: float
    calls: float
    functions: float

    def per(self, number: int) -> Figures:
        """Each figure for one of so many."""
        return Figures(self.write / number, self.read / number, self.calls / number, self.functions / number)


@dataclass(frozen=True)
class Row:
    """One thing that happens, measured at each size. `each`: its figures are for one customer, not in all."""

    title: str
    each: bool
    at: dict[int, Figures]

    def growth(self) -> float:
        """The largest of its figures' ratios between one size and the next larger one.

        Below 1 it falls: what is paid once for all weighs less with each customer.
        """
        ratios = [
            after / before
            for smaller, larger in pairwise(sorted(self.at))
            for before, after in zip(
                vars(self.at[smaller]).values(), vars(self.at[larger]).values(), strict=True
            )
            if before
        ]
        return max(ratios, default=1.0)


def measure(sizes: tuple[int, ...] = SIZES) -> list[Row]:
    """Everything at each size."""
    counted: dict[str, dict[int, Figures]] = {}
    for size in sizes:
        for title, figures in _deployed(size):
            counted.setdefault(title, {})[size] = figures
    return [Row(title, title != "a sweep that finds nothing", at) for title, at in counted.items()]


def _deployed(size: int) -> Iterator[tuple[str, Figures]]:
    with deployment() as (world, watch), quietly(), without_rollback():
        ids = _settle_in(world, size)
        watch.canned = _CANNED
        yield "a sweep that finds nothing", _counted(watch, lambda: _sweep(world, 0))
        yield "a round of news", _counted(watch, lambda: _tell(world, watch)).per(size)
        world.clock.advance(seconds=1)
        yield "its dispatch", _counted(watch, lambda: _dispatch(world, ids)).per(size)
        told = ids[:REGISTERED]
        yield "its sending", _counted(watch, lambda: _send(world, told)).per(len(told))
        # Nothing was sent to the copies: what they are owed is still marked, and the sweep finds it again.
        world.clock.advance(seconds=1)
        if left := size - len(told):
            yield "a sweep of what was not sent", _counted(watch, lambda: _sweep(world, left)).per(left)
        world.clock.time = max(world.clock.time, _first_deadline()) + timedelta(seconds=1)
        late = min(size + left, bootstrap.SWEEP_LIMIT)
        yield "a sweep of late executions", _counted(watch, lambda: _sweep(world, late)).per(late)


def _settle_in(world: World, size: int) -> list[str]:
    """So many customers; their ids, the registered ones first."""
    for number in range(min(size, REGISTERED)):
        _register(world, number)
    table = dynamodb_backends["123456789012"][REGION].get_table("tenants")
    rows = [item.to_json()["Attributes"] for item in table.all_items()]
    tenants = [row for row in rows if row["sk"]["S"] == TENANT_SK]
    for row in rows:
        # What registration owed is done: here it would only be found by every sweep.
        if row["sk"]["S"] != TENANT_SK and "due_shard" in row:
            table.put_item({name: row[name] for name in row if name not in ("due_shard", "next_due_at")})
    ids = [row["pk"]["S"].partition("#")[2] for row in tenants]
    for number in range(len(ids), size):
        id = f"t_9{number:025d}"
        places = {"due_shard": shard_of(id), "member_shard": member_shard(_PRODUCT, shard_of(id))}
        copy = tenants[0] | {name: {"S": place} for name, place in places.items()}
        table.put_item(copy | {"pk": {"S": tenant_pk(id)}})
        ids.append(id)
    world.clock.advance(minutes=1)
    return ids


def _register(world: World, number: int) -> None:
    event = load_event("register_tenant/kalo")
    for headers in ("headers", "multiValueHeaders"):
        del event[headers]["Idempotency-Key"]
    accept = dict.fromkeys(bootstrap.agreements().load(_PRODUCT).registration.accept, True)
    own = {"email": f"sara{number}@example.ir", "mobile": f"0912{number:07d}"}
    event["body"] = json.dumps(json.loads(event["body"]) | {"product": _PRODUCT, "accept": accept, **own})
    answer = world.call("register_tenant", event)
    assert answer["statusCode"] == 201, answer["body"]


def _counted(watch: Watch, act: Callable[[], int]) -> Figures:
    """`act` says how often a function was called."""
    begun = len(watch.meter.calls)
    watch.others.clear()
    watch.counting = True
    try:
        functions = act()
    finally:
        watch.counting = False
    calls = watch.meter.calls[begun:]
    return Figures(
        sum(call.bill.write + call.bill.index for call in calls),
        sum(call.bill.read for call in calls),
        len(calls) + watch.others.total(),
        functions,
    )


def _sweep(world: World, expected: int) -> int:
    """One run, as the schedule starts it."""
    found = sum(world.call("sweep_overdue", load_event("sweep_overdue/hourly")).values())
    assert found == expected, (found, expected)
    return 1


def _tell(world: World, watch: Watch) -> int:
    """Posts news and carries its lanes to their ends, as the service machine does."""
    texts = dict.fromkeys(bootstrap.agreements().load(_PRODUCT).languages, "news")
    news = bootstrap.news_desk().post(_PRODUCT, texts, texts, by="operator:bench")
    world.clock.advance(minutes=1)
    functions = 0
    for number in range(LANES):
        event = {"kind": "lane", "product": _PRODUCT, "id": f"{news.id}-told", "number": number}
        done = False
        while not done:
            functions += 1
            done = world.call("carry_service", event)["decided"]
            world.clock.advance(seconds=1)
    return functions


def _dispatch(world: World, ids: Sequence[str]) -> int:
    """The stream's records of the entries that tell the news."""
    pattern = next(
        record
        for record in load_event("dispatch_stream/registration")["Records"]
        if record["dynamodb"]["Keys"]["sk"]["S"].startswith("J#")
    )
    functions = 0
    for start in range(0, len(ids), _STREAM_BATCH):
        some = ids[start : start + _STREAM_BATCH]
        keys = [{"pk": {"S": tenant_pk(id)}, "sk": {"S": "J#00000002"}} for id in some]
        records = [pattern | {"dynamodb": pattern["dynamodb"] | {"Keys": each}} for each in keys]
        assert world.call("dispatch_stream", {"Records": records}) == {"batchItemFailures": []}
        functions += 1
    return functions


def _send(world: World, ids: Sequence[str]) -> int:
    functions = 0
    [pattern] = load_event("send_notices/registration")["Records"]
    for start in range(0, len(ids), _QUEUE_BATCH):
        some = ids[start : start + _QUEUE_BATCH]
        records = [pattern | {"body": json.dumps({"tenant_id": id, "seq": 2})} for id in some]
        assert world.call("send_notices", {"Records": records}) == {"batchItemFailures": []}
        functions += 1
    return functions


def _first_deadline() -> Any:
    earliest = bootstrap.due_index().earliest()
    assert earliest
    from mohlat.domain.lifecycle import next_deadline

    tenant = bootstrap.tenants().get(earliest.id)
    deadline = next_deadline(tenant, bootstrap.agreements().load(_PRODUCT))
    assert deadline
    return deadline.at


def report(rows: list[Row]) -> str:
    """The table: what each thing takes at each size, and how it grows."""
    lines = [
        f"  {'':34} {'customers':>9} {'write':>8} {'read':>8} {'calls':>8} {'Lambda':>8}",
    ]
    for row in rows:
        title = f"{row.title}, {'each' if row.each else 'in all'}"
        for size, at in sorted(row.at.items()):
            figures = " ".join(f"{figure:8.2f}" for figure in vars(at).values())
            lines.append(f"  {title:34} {size:9,} {figures}")
            title = ""
        growth = row.growth()
        lines.append(f"  {'':34} {'flat' if growth <= FLAT else f'{growth:.2f} times as much':>9}")
    return "\n".join(lines)
