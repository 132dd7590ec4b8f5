"""How much warm handlers add to the calls to AWS that they make: processor time against the calls bare.

Each handler is called once on moto, which shows what it asks and what it is answered. Then it is called over
and over with those same answers, in turn with nothing but the same calls, made with botocore as the product
configures it. Neither moto's time nor a network's is on either side: what is left is what the callers
themselves compute.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from mohlat.adapters import aws
from tests.bench.callbacks import answered, in_turn
from tests.bench.inside import deployment, parameters, quietly
from tests.handlers.conftest import World, load_event

REPEATED = 100
# What a handler may add to its calls (as for the callback).
TARGET = 1.5


@dataclass(frozen=True)
class Case:
    """A handler's event, and what has to have happened before."""

    event: str
    before: Callable[[World], object]


@dataclass(frozen=True)
class Warm:
    """One handler against its own calls: how many they are, by service, and processor time ÷ theirs."""

    event: str
    calls: Counter[str]
    ratio: float


def _registered(world: World) -> None:
    assert world.replay("register_tenant/kalo")["statusCode"] == 201
    # What a process finds out once and remembers for a while is no part of a warm call.
    assert world.replay("view_tenant/status")["statusCode"] == 200


def _confirmed(world: World) -> None:
    world.register()
    assert world.replay("view_tenant/status")["statusCode"] == 200


def _ordered(world: World) -> None:
    _registered(world)
    assert world.replay("place_order/place")["statusCode"] == 201
    world.gateway.paid = True
    world.clock.advance(minutes=3)


def _nearly_over(world: World) -> None:
    _registered(world)
    world.clock.advance(days=23)


CASES = (
    Case("view_tenant/status", _registered),
    Case("keep_records/put", _registered),
    Case("keep_records/list", _registered),
    Case("sign_in/password", _confirmed),
    Case("place_order/place", _registered),
    Case("pay_callback/paid", _ordered),
    Case("settle_payment/paid", _ordered),
    Case("advance_tenant/remind", _nearly_over),
    Case("dispatch_stream/registration", _registered),
    Case("send_notices/registration", _registered),
)


def measure() -> list[Warm]:
    """All cases, those that add most first."""
    return sorted((_measure(case) for case in CASES), key=lambda warm: -warm.ratio)


def _measure(case: Case) -> Warm:
    with deployment() as (world, watch), quietly():
        case.before(world)
        function, event = case.event.partition("/")[0], load_event(case.event)
        watch.keeping = watch.all_services = True
        answer = world.call(function, event)
        watch.keeping = False
        assert not isinstance(answer, dict) or answer.get("statusCode", 200) < 400, answer
        asked = tuple(watch.kept)
        calls = [(aws.client(each.service), each.operation, parameters(each.body)) for each in asked]

        def bare(_: int) -> None:
            for client, operation, given in calls:
                client._make_api_call(operation, given)

        def handle(_: int) -> None:
            world.call(function, event)

        ways: list[tuple[str, Callable[[int], None]]] = [
            ("the handler", answered(watch, asked, handle)),
            ("bare", answered(watch, asked, bare)),
        ]
        handler, calls_only = in_turn(ways, [range(REPEATED), range(REPEATED)])
    return Warm(case.event, Counter(each.service for each in asked), handler.ratios(calls_only)[1])


def report(measured: list[Warm]) -> str:
    """The table."""
    lines = [f"  {'':30} {'processor':>9}   at most {TARGET} (! is more); its calls"]
    for warm in measured:
        calls = ", ".join(f"{number} {service}" for service, number in sorted(warm.calls.items()))
        lines.append(f"  {warm.event:30} {warm.ratio:9.2f}{'!' if warm.ratio > TARGET else ' '}  {calls}")
    return "\n".join(lines)
