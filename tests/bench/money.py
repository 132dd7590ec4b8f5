"""What moving money costs in units and states: each thing that can happen once, counted until nothing moves.

Runs on moto in this process. Units are counted as for the lives, by `sandbox/meter.py`, from the sizes of the
items. Lambdas are called as the stream, the queue and the state machines would call them; the machines'
definitions are followed state by state, each wait moving the clock. The subscription's own machine is left
out here: the lives count it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from moto.dynamodb.models import dynamodb_backends

from mohlat import bootstrap
from mohlat.adapters import aws
from mohlat.domain.payments import RefundState, RegisteredRefund
from mohlat.domain.tenant import from_iso
from mohlat.settings import settings
from sandbox.meter import Call
from sandbox.stack import ROOT
from tests.bench.inside import Watch, deployment, quietly
from tests.handlers.conftest import REGION, TENANT, World, load_event

# The machines that money brings, by what their tasks are: the function behind each.
MACHINES = {"payment": "settle_payment", "refund": "follow_refund", "ticket": "escalate_ticket"}
# What the stream hands over (the filters of DispatchStream in the template).
_FOLLOWED = ("J#", "REFUND#", "TICKET#")


@dataclass
class Step:
    """What one step cost, its consequences included."""

    name: str
    calls: list[Call] = field(default_factory=list)
    states: int = 0
    functions: int = 0

    @property
    def write(self) -> int:
        """Write units, indexes included."""
        return self.index + sum(call.bill.write for call in self.calls)

    @property
    def index(self) -> int:
        """Write units of the indexes."""
        return sum(call.bill.index for call in self.calls)

    @property
    def read(self) -> float:
        """Read units."""
        return sum(call.bill.read for call in self.calls)


@dataclass
class Story:
    """Something that happens with money, step by step."""

    title: str
    steps: list[Step] = field(default_factory=list)

    @property
    def total(self) -> Step:
        """Everything together."""
        total = Step("together")
        for step in self.steps:
            total.calls += step.calls
            total.states += step.states
            total.functions += step.functions
        return total


class Teller:
    """Lets things happen in a deployment, and all that follows from them, and counts."""

    def __init__(self, world: World, watch: Watch) -> None:
        self.world = world
        self._watch = watch
        self._step = Step("")
        self._seen: set[tuple[str, str]] = set()
        self._machines = {
            name: json.loads((ROOT / "statemachines" / f"{name}.asl.json").read_text())["States"]
            for name in MACHINES
        }
        # By machine, the executions that wait and what they wait with.
        self.waiting: dict[str, list[dict[str, Any]]] = {name: [] for name in MACHINES}
        self._started: dict[str, int] = dict.fromkeys(MACHINES, 0)

    @contextmanager
    def step(self, story: Story, name: str) -> Iterator[None]:
        """Counts what the block costs, and what follows from it at once."""
        self._step = Step(name)
        self._watch.counting = True
        begun = len(self._watch.meter.calls)
        try:
            yield
            self._settle()
        finally:
            self._watch.counting = False
        self._step.calls = self._watch.meter.calls[begun:]
        story.steps.append(self._step)

    def given(self, act: Callable[[], object]) -> None:
        """Something that happened before, uncounted, with its consequences."""
        self._step = Step("")
        act()
        self._settle()

    def call(self, function: str, event: Any) -> Any:
        """Invokes a function."""
        self._watch.function = function
        self._step.functions += 1
        answer = self.world.call(function, event)
        assert not isinstance(answer, dict) or answer.get("statusCode", 200) < 300, answer
        return answer

    def replay(self, case: str, **told: str) -> Any:
        """Invokes a function with a stored event, whose body tells something else; its answer's body."""
        event = load_event(case)
        if told:
            event["body"] = json.dumps(json.loads(event["body"]) | told)
        answer = self.call(case.partition("/")[0], event)
        return json.loads(answer["body"]) if case.partition("/")[0] != "pay_callback" else None

    def wake(self, machine: str) -> None:
        """Lets the machine's executions go on to their next wait or their end, at their time."""
        for waiting in self.waiting[machine].copy():
            self.waiting[machine].remove(waiting)
            self.world.clock.time = max(self.world.clock.time, from_iso(waiting["wake_at"]))
            self._walk(machine, waiting)

    def _walk(self, machine: str, payload: dict[str, Any]) -> None:
        """From the end of a wait to the next one, which is entered, or to the end."""
        states = self._machines[machine]
        name = next(state["Next"] for state in states.values() if state["Type"] == "Wait")
        while True:
            self._step.states += 1
            state = states[name]
            match state["Type"]:
                case "Wait":
                    self.waiting[machine].append(payload)
                    return
                case "Succeed":
                    return
                case "Task":
                    payload, name = self.call(MACHINES[machine], payload), state["Next"]
                case "Choice":
                    name = next(
                        way["Next"]
                        for way in state["Choices"]
                        if payload[way["Variable"].removeprefix("$.")] is way["BooleanEquals"]
                    )

    def _settle(self) -> None:
        """The stream and the queue, until neither has anything left."""
        while self._follow() or self._send():
            pass

    def _follow(self) -> bool:
        table = dynamodb_backends["123456789012"][REGION].get_table("tenants")
        keys = {
            (item["pk"]["S"], item["sk"]["S"])
            for item in (each.to_json()["Attributes"] for each in table.all_items())
        }
        fresh = sorted(keys - self._seen)
        self._seen |= keys
        [pattern] = load_event("dispatch_stream/refund")["Records"]
        records = [
            pattern
            | {
                "eventID": pk + sk,
                "dynamodb": pattern["dynamodb"] | {"Keys": {"pk": {"S": pk}, "sk": {"S": sk}}},
            }
            for pk, sk in fresh
            if sk.startswith(_FOLLOWED) or pk.startswith("PAYMENT#")
        ]
        if records:
            assert self.call("dispatch_stream", {"Records": records}) == {"batchItemFailures": []}
            self._start()
        return bool(records)

    def _start(self) -> None:
        """Enters the first wait of every execution that was started since."""
        client = aws.client("stepfunctions")
        for machine in MACHINES:
            arn = settings().machine_arn(machine)
            listed = client.list_executions(stateMachineArn=arn)["executions"]
            for execution in listed[: len(listed) - self._started[machine]]:
                told = client.describe_execution(executionArn=execution["executionArn"])
                self.waiting[machine].append(json.loads(told["input"]))
                self._step.states += 1
            self._started[machine] = len(listed)

    def _send(self) -> bool:
        messages = self.world.queued()
        for message in messages:
            event = load_event("send_notices/registration")
            event["Records"][0]["body"] = json.dumps(message)
            assert self.call("send_notices", event) == {"batchItemFailures": []}
        return bool(messages)


def _pay(teller: Teller, story: Story, order: str, callback: str, **ids: str) -> None:
    """An event that orders, the payer's way back in a step of the name `callback`, and the watch's end."""
    with teller.step(story, "order"):
        teller.replay(order, **ids)
    teller.world.gateway.paid = True
    teller.world.clock.advance(minutes=3)
    with teller.step(story, callback):
        teller.replay("pay_callback/paid")
    with teller.step(story, "watch finds it done"):
        teller.wake("payment")


def _payment(teller: Teller) -> Iterator[Story]:
    """A month ordered, paid and invoiced; then bought back by the customer, asked for, followed, settled."""
    world = teller.world
    teller.given(world.register)
    story = Story("a payment (kalo, a month)")
    _pay(teller, story, "place_order/place", "callback and invoice")
    yield story
    story = Story("a refund (of that payment)")
    world.clock.advance(days=1)
    with teller.step(story, "reserve and credit note"):
        teller.replay("return_money/give_back", payment_id=_newest_payment(world))
    with teller.step(story, "ask"):
        teller.wake("refund")
    with teller.step(story, "follow, still pending"):
        teller.wake("refund")
    world.gateway.refunds = [
        RegisteredRefund(each.amount, RefundState.COMPLETED) for each in world.gateway.refunds
    ]
    with teller.step(story, "follow and settle"):
        teller.wake("refund")
    assert not any(teller.waiting.values()), teller.waiting
    yield story


def _debt(teller: Teller) -> Iterator[Story]:
    """Use above a limit reported and invoiced; then its invoice paid."""
    world = teller.world
    teller.given(lambda: world.register_at("saman360"))
    story = Story("a debt (saman360)")
    with teller.step(story, "report and invoice"):
        debt_id = teller.replay("meter_usage/billed")["debt_id"]
    _pay(teller, story, "place_order/place_debt", "callback", debt_id=debt_id)
    yield story


def _escrow(teller: Teller) -> Iterator[Story]:
    """Work agreed, its deposit paid and released to the partner."""
    world = teller.world
    teller.given(lambda: world.register_at("saman360"))
    story = Story("an escrow (saman360, released)")
    with teller.step(story, "agree"):
        escrow_id = teller.replay("keep_escrow/agree")["escrow_id"]
    _pay(teller, story, "place_order/place_escrow", "callback and invoice", escrow_id=escrow_id)
    with teller.step(story, "release"):
        event = load_event("keep_escrow/release")
        event["pathParameters"]["escrow_id"] = escrow_id
        event["path"] = f"/tenants/{TENANT}/escrows/{escrow_id}/releases"
        teller.call("keep_escrow", event)
    yield story


def _newest_payment(world: World) -> str:
    authority = f"A{len(world.gateway.opened):035d}"
    return bootstrap.payments().by_authority(world.gateway.name, authority).id


def tell_all() -> list[Story]:
    """Everything, each in a deployment of its own."""
    told: list[Story] = []
    for tell in (_payment, _debt, _escrow):
        with deployment() as (world, watch), quietly():
            told += tell(Teller(world, watch))
    return told


def report(stories: list[Story]) -> str:
    """A table for each."""
    lines: list[str] = []
    for story in stories:
        titles = f"{'write':>6} {'of it GSI':>9} {'read':>6} {'states':>6} {'Lambda':>6}"
        lines.append(f"  {story.title:32} {titles}")
        for step in [*story.steps, story.total]:
            lines.append(
                f"    {step.name:30} {step.write:6} {step.index:9} {step.read:6g} {step.states:6}"
                f" {step.functions:6}"
            )
        lines.append("")
    return "\n".join(lines[:-1])
