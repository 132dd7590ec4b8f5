"""How much the callback's handler adds to the calls to DynamoDB that it makes: rates and processor time.

The same number of payments is settled three ways in one run, in turn, on one moto in this process:

* by the handler of `pay_callback`, from API Gateway's event to its answer;
* bare: the requests that the handler made for such a payment, with this payment's ids, made with botocore's
  client as the product configures it, and nothing else;
* bare with `boto3.client("dynamodb")` as it comes, which checks every request's parameters.

moto works in this process as well, so the time it takes is in both sides of that ratio. The second part
leaves it out: the handler and the bare calls are given the answers that moto gave before, so that what is
left is what the callers themselves compute: serializing, signing, parsing, and all that is ours.
"""

from __future__ import annotations

import copy
import gc
import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import boto3

from mohlat import bootstrap
from mohlat.adapters import aws
from tests.bench.inside import Asked, Watch, deployment, parameters, quietly
from tests.handlers.conftest import REGION, World, load_event

One = TypeVar("One")
Call = tuple[str, dict[str, Any]]
"""A call as a client makes it: the operation and its parameters."""

PAYMENTS, ROUNDS, REPEATED = 90, 10, 200
CPU_TARGET = 1.5


@dataclass(frozen=True)
class Waiting:
    """A payment that its payer is about to come back from; what tells it from others, and its callback."""

    names: tuple[str, ...]
    event: dict[str, Any] = field(compare=False)


@dataclass(frozen=True)
class Way:
    """One way of settling, and what it took: seconds on the clock and of the processor, by round."""

    title: str
    wall: list[float]
    processor: list[float]
    payments: int

    @property
    def rate(self) -> float:
        """Payments a second, in the round that is the median."""
        return self.payments // len(self.wall) / statistics.median(self.wall)

    def ratios(self, other: Way) -> tuple[float, float]:
        """Time and processor time, each against another way's; medians of the rounds' ratios."""
        return (
            statistics.median(a / b for a, b in zip(self.wall, other.wall, strict=True)),
            statistics.median(a / b for a, b in zip(self.processor, other.processor, strict=True)),
        )


@dataclass(frozen=True)
class Measured:
    """All that was measured: three ways with moto and three without, and the calls of one callback."""

    asked: Sequence[Asked]
    others: int
    with_backend: list[Way]
    without: list[Way]


def measure(payments: int = PAYMENTS) -> Measured:
    """Settles so many payments, a third of them each way."""
    share = payments // 3
    with deployment() as (world, watch), quietly():
        waiting = [_ordered(world, number) for number in range(share * 3 + 2)]
        world.gateway.paid = True
        world.clock.advance(minutes=3)
        # The first one warms everything up; the second one is the pattern of the bare calls.
        _call_back(world, waiting.pop())
        pattern = waiting.pop()
        watch.keeping = True
        watch.others.clear()
        _call_back(world, pattern)
        watch.keeping, asked, others = False, tuple(watch.kept), watch.others.total()
        plain = boto3.client("dynamodb", region_name=REGION)
        # Made before the clock runs.
        calls = {one: _calls(asked, pattern, one) for one in [*waiting, pattern]}
        ways: list[tuple[str, Callable[[Waiting], None]]] = [
            ("the handler", lambda one: _call_back(world, one)),
            ("bare, botocore as we set it", _bare(aws.client("dynamodb"), calls)),
            ("bare, boto3 as it comes", _bare(plain, calls)),
        ]
        with_backend = in_turn(ways, [waiting[way::3] for way in range(3)])
        same = [pattern] * REPEATED
        without = in_turn([(title, answered(watch, asked, act)) for title, act in ways], [same, same, same])
    return Measured(asked, others, with_backend, without)


def report(measured: Measured) -> str:
    """The two tables."""
    made = ", ".join(asked.operation for asked in measured.asked)
    lines = [
        f"  one callback makes {len(measured.asked)} calls to DynamoDB ({made})",
        f"  and {measured.others} to other services",
    ]
    for title, ways in (("on moto in this process", measured.with_backend), ("no backend", measured.without)):
        handler, *bare = ways
        lines.append(f"  {title:32} {'number':>6} {'per s':>8} {'handler ÷ it':>13} {'processor':>10}")
        lines.append(f"  {handler.title:32} {handler.payments:6} {handler.rate:8.1f}")
        for way in bare:
            wall, processor = handler.ratios(way)
            mark = "!" if processor > CPU_TARGET else " "
            lines.append(
                f"  {way.title:32} {way.payments:6} {way.rate:8.1f} {wall:13.2f} {processor:9.2f}{mark}"
                f" at most {CPU_TARGET}"
            )
    return "\n".join(lines)


def in_turn(
    ways: Sequence[tuple[str, Callable[[One], None]]], payments: Sequence[Sequence[One]]
) -> list[Way]:
    """Each way with its own share of what is to be done, in rounds, one way after another in each."""
    done = [Way(title, [], [], len(own)) for (title, _), own in zip(ways, payments, strict=True)]
    rounds = min(ROUNDS, len(payments[0]))
    size = len(payments[0]) // rounds
    gc.collect()
    # What is there by now is not looked through again and again while the clock runs.
    gc.freeze()
    for each in range(rounds):
        for (_, settle), own, way in zip(ways, payments, done, strict=True):
            wall, processor = time.perf_counter(), time.process_time()
            for one in own[each * size : (each + 1) * size]:
                settle(one)
            way.processor.append(time.process_time() - processor)
            way.wall.append(time.perf_counter() - wall)
    return done


def answered(watch: Watch, asked: Sequence[Asked], act: Callable[[One], None]) -> Callable[[One], None]:
    """The same with moto's former answers."""

    def again(one: One) -> None:
        watch.again = iter(asked)
        try:
            act(one)
        finally:
            left, watch.again = next(watch.again, None), None
        assert left is None

    return again


def _bare(client: Any, calls: Mapping[Waiting, Sequence[Call]]) -> Callable[[Waiting], None]:
    """Nothing but the calls."""

    def settle(one: Waiting) -> None:
        for operation, given in calls[one]:
            client._make_api_call(operation, given)

    return settle


def _calls(asked: Sequence[Asked], pattern: Waiting, one: Waiting) -> list[Call]:
    """What the pattern's payment was settled with, with another one's ids."""
    found = []
    for each in asked:
        body = each.body
        for old, new in zip(pattern.names, one.names, strict=True):
            body = body.replace(old, new)
        found.append((each.operation, parameters(body)))
    return found


def _ordered(world: World, number: int) -> Waiting:
    """A tenant of its own that has ordered a month."""
    event = load_event("register_tenant/kalo")
    told = json.loads(event["body"])
    told |= {"email": f"sara{number}@example.ir", "mobile": f"0912{number:07d}"}
    event["body"] = json.dumps(told)
    _without_key(event)
    answer = world.call("register_tenant", event)
    assert answer["statusCode"] == 201, answer["body"]
    tenant = json.loads(answer["body"])["tenant_id"]
    text = json.dumps(load_event("place_order/place")).replace("t_00000000000000000000000001", tenant)
    order = json.loads(text)
    _without_key(order)
    answer = world.call("place_order", order)
    assert answer["statusCode"] == 201, answer["body"]
    order_id = json.loads(answer["body"])["order_id"]
    authority = f"A{len(world.gateway.opened):035d}"
    back = copy.deepcopy(load_event("pay_callback/paid"))
    back["queryStringParameters"]["Authority"] = authority
    back["multiValueQueryStringParameters"]["Authority"] = [authority]
    payment = bootstrap.payments().by_authority(world.gateway.name, authority)
    return Waiting((tenant, order_id, payment.id, authority), back)


def _without_key(event: dict[str, Any]) -> None:
    for headers in ("headers", "multiValueHeaders"):
        del event[headers]["Idempotency-Key"]


def _call_back(world: World, one: Waiting) -> None:
    assert world.call("pay_callback", one.event)["statusCode"] == 200
