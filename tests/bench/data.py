"""What a tenant's data costs: sealed against plain, and purges of growing tenants, on moto in one process.

Sealing is measured as processor time against the same entry without a seal, in turns. A purge is counted in
units and timed; both must grow with the entries and with nothing else.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from mohlat import bootstrap
from mohlat.adapters import aws
from mohlat.adapters.dynamodb.records import RECORD, DynamoRecords, RecordItem
from mohlat.adapters.dynamodb.table import tenant_pk
from mohlat.domain.data_jobs import JobStatus
from mohlat.domain.purge import Store
from mohlat.settings import settings
from tests.bench.inside import Watch, by_pages, deployment, without_rollback
from tests.handlers.conftest import TENANT, World

SIZES = (1_000, 10_000)
# Takes twenty minutes here, nearly all of it moto's.
FAR = 100_000
_ROUNDS = 400
_DATA = {"name": "نگار احمدی", "mobile": "+989123456789", "points": 12, "note": "x" * 200}


@dataclass(frozen=True)
class Sealed:
    """Processor microseconds and bytes of one entry."""

    what: str
    plain: float
    sealed: float


@dataclass(frozen=True)
class Grown:
    """What emptying, or exporting, the records of a tenant took."""

    entries: int
    seconds: float
    write: int
    read: float


def measure_sealing() -> list[Sealed]:
    """An entry with and without its seal."""
    with deployment() as (world, _):
        assert world.replay("register_tenant/kalo")["statusCode"] == 201
        return _sealed(world)


def measure_growth(*sizes: int) -> tuple[list[Grown], list[Grown]]:
    """Purges and exports of tenants with so many entries."""
    return [_purge(number) for number in sizes], [_export(number) for number in sizes]


def _sealed(world: World) -> list[Sealed]:
    sealer, sk = bootstrap.sealer(), RECORD + "r"
    plain = json.dumps(_DATA, ensure_ascii=False, separators=(",", ":")).encode()
    blob = sealer.seal(TENANT, sk, plain)

    def serialized() -> object:
        return json.dumps(_DATA, ensure_ascii=False, separators=(",", ":")).encode()

    def parsed() -> object:
        return json.loads(plain)

    rows = [
        Sealed("bytes to store", *_both(serialized, lambda: sealer.seal(TENANT, sk, serialized()))),  # type: ignore[arg-type]
        Sealed("bytes read back", *_both(parsed, lambda: json.loads(sealer.open(TENANT, sk, blob)))),
    ]
    records = DynamoRecords(sealer)
    now = world.clock.now()

    def put_plain() -> object:
        item = RecordItem(tenant_pk(TENANT), RECORD + "p")
        actions = [
            RecordItem.sealed.set(serialized()),
            RecordItem.updated_at.set("2026-01-31T08:00:00Z"),
            RecordItem.version.add(1),
        ]
        return item.update(actions)

    def get_plain() -> object:
        return json.loads(RecordItem.get(tenant_pk(TENANT), RECORD + "p", consistent_read=True).sealed)

    put_plain()
    records.put(TENANT, "r", _DATA, now)
    rows += [
        Sealed("write, moto included", *_both(put_plain, lambda: records.put(TENANT, "r", _DATA, now), 60)),
        Sealed("read, moto included", *_both(get_plain, lambda: records.get(TENANT, "r"), 60)),
        Sealed("bytes of one entry", len(plain), len(blob)),
    ]
    return rows


def _both(
    one: Callable[[], object], other: Callable[[], object], rounds: int = _ROUNDS
) -> tuple[float, float]:
    """Median processor microseconds of each, in turns."""
    taken: tuple[list[int], list[int]] = ([], [])
    for _ in range(rounds):
        for act, times in zip((one, other), taken, strict=True):
            begun = time.process_time_ns()
            act()
            times.append(time.process_time_ns() - begun)
    return median(taken[0]) / 1000, median(taken[1]) / 1000


def _purge(number: int) -> Grown:
    with deployment() as (world, watch), by_pages(), without_rollback():
        assert world.replay("register_tenant/kalo")["statusCode"] == 201
        world.live_to_the_purge()
        _fill(number)
        return _empty(number, watch)


def _export(number: int) -> Grown:
    with deployment() as (world, watch), by_pages(), without_rollback():
        assert world.replay("register_tenant/kalo")["statusCode"] == 201
        _fill(number)
        job = bootstrap.export_desk().begin(TENANT, "user:bench")
        worker = bootstrap.data_worker()

        def work() -> None:
            while (after := worker.step(TENANT, job.id)) and after.status is JobStatus.RUNNING:
                continue

        grown = _counted(number, watch, work)
        done, _ = bootstrap.export_desk().get(TENANT, job.id)
        assert done.entries > number
        return grown


def _fill(number: int) -> None:
    """Puts that many sealed entries, past the use case: only their number counts here."""
    sealer, client = bootstrap.sealer(), aws.client("dynamodb")
    table = settings().tenants_table
    plain = json.dumps(_DATA, ensure_ascii=False).encode()
    for start in range(0, number, 25):
        requests = [
            {
                "PutRequest": {
                    "Item": {
                        "pk": {"S": tenant_pk(TENANT)},
                        "sk": {"S": f"{RECORD}r{each:06d}"},
                        "sealed": {"B": sealer.seal(TENANT, f"{RECORD}r{each:06d}", plain)},
                        "version": {"N": "1"},
                        "updated_at": {"S": "2026-01-31T08:00:00Z"},
                    }
                }
            }
            for each in range(start, min(start + 25, number))
        ]
        client.batch_write_item(RequestItems={table: requests})


def _empty(number: int, watch: Watch) -> Grown:
    from mohlat.application.purge_tenant import MoreToErase

    shredder = bootstrap.shredder()

    def empty() -> None:
        while True:
            try:
                shredder.erase(TENANT, Store.RECORDS)
            except MoreToErase:
                continue
            break

    return _counted(number, watch, empty)


def _counted(number: int, watch: Watch, act: Callable[[], None]) -> Grown:
    begun = len(watch.meter.calls)
    watch.counting, started = True, time.perf_counter()
    try:
        act()
    finally:
        watch.counting = False
    seconds = time.perf_counter() - started
    calls = watch.meter.calls[begun:]
    return Grown(
        number,
        seconds,
        sum(call.bill.write + call.bill.index for call in calls),
        sum(call.bill.read for call in calls),
    )


def report_sealing(sealed: list[Sealed]) -> str:
    """The table of seals."""
    lines = ["  sealed against plain           plain     sealed   sealed ÷ plain"]
    for row in sealed:
        ratio = row.sealed / row.plain
        lines.append(f"    {row.what:26} {row.plain:8.1f}   {row.sealed:8.1f}   {ratio:14.2f}")
    return "\n".join(lines)


def report_growth(emptied: list[Grown], exported: list[Grown]) -> str:
    """The tables of purges and exports."""
    lines = []
    for what, grown in (
        ("purging a tenant's entries  ", emptied),
        ("exporting a tenant's entries", exported),
    ):
        lines += [f"  {what}  seconds   write    read   per thousand: seconds  write   read"]
        for each in grown:
            per = each.entries / 1000
            lines.append(
                f"    {each.entries:9,} entries       {each.seconds:8.1f} {each.write:7,} {each.read:7,.0f}"
                f"   {each.seconds / per:21.2f} {each.write / per:6,.0f} {each.read / per:6,.0f}"
            )
    return "\n".join(lines)
