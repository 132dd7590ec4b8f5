"""What a tenant's life costs: each demo life lived alone on a metered stack, and everything counted.

Time is moved under a stack that otherwise runs as on AWS: the test clock's offset is written to the table
directly, and the executions' waits follow it (sandbox/ministack_launcher.py). So every execution that was
started wakes by itself at its own moment, also the ones that were overtaken, and no sweep starts any in their
place: what is counted is what AWS would run. The hourly sweep is switched off and measured by itself.

Not counted: reads of the clock's own item, which a stack without a test clock does not make, and the bench's
own look at what comes next.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import time
from collections import Counter
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from sandbox import meter as metering
from sandbox.api import Api, Customer, Mailbox, Unexpected, instant
from sandbox.meter import Call, Meter
from sandbox.stack import LOCAL, Stack

FOLDER = LOCAL / "bench"
SECOND = timedelta(seconds=1)
# Longer than anything takes between two of its own calls; a cold start shows in the queue or the execution.
QUIET_SECONDS = 0.5
PATIENCE_SECONDS = 180
LONGEST_HOP = timedelta(days=30)
CLOCK = "CLOCK"
# A first change plans a backup; nothing but the hourly sweep begins it.
BACKUP_PLAN = "BACKUP!PLAN"
# What the local stack's sweep leaves alone at first (samconfig.toml), and a little more.
SWEEP_PATIENCE = timedelta(seconds=15)
SWEEPER = "SweepOverdue"
DUE_INDEX = "due"
SHARDS = [f"{shard:02d}" for shard in range(16)]
# Write units that one step may cost (docs of the figures to reach); steps not named here have no target.
STEP_TARGETS = {
    "register": 10,
    "callback": 10,
    "remind": 4,
    "end_trial": 6,
    "end_term": 6,
    "suspend_unpaid_lease": 6,
}
CROWD = 20
WRITE_TARGET, READ_TARGET, TRANSITION_TARGET = 64, 24, 30


@dataclass(frozen=True)
class Plot:
    """How a life goes.

    `pays`: the plan and period it pays for when it has to decide. `closes` after so many days, and asks to be
    erased: where the agreement lets nothing lapse, a life ends by that alone.
    """

    title: str
    product: str
    pays: tuple[str, str] | None = None
    closes: int | None = None


PLOTS = (
    Plot("kalo, never paid", "kalo"),
    Plot("kalo, paid on day 29", "kalo", ("starter", "P1M")),
    Plot("kalo, a year paid", "kalo", ("starter", "P12M")),
    Plot("customer_club, one month paid", "customer_club", ("silver", "P1M")),
    Plot("saman360, first invoice paid", "saman360", ("basic", "P3M")),
    Plot("kalak, left after 90 days", "kalak", closes=90),
    Plot("kallu, left after 90 days", "kallu", closes=90),
)


@dataclass
class Step:
    """What was counted from the beginning of one step until nothing moved any more."""

    name: str
    calls: list[Call] = field(default_factory=list)
    transitions: Counter[str] = field(default_factory=Counter)
    invocations: Counter[str] = field(default_factory=Counter)
    api_calls: int = 0
    mails: int = 0
    texts: int = 0

    @property
    def table(self) -> int:
        """Write units of the tables."""
        return sum(call.bill.write for call in self.calls)

    @property
    def index(self) -> int:
        """Write units of their indexes."""
        return sum(call.bill.index for call in self.calls)

    @property
    def write(self) -> int:
        """All write units."""
        return self.table + self.index

    @property
    def read(self) -> float:
        """Read units."""
        return sum(call.bill.read for call in self.calls)

    @property
    def services(self) -> Counter[str]:
        """How often each service other than DynamoDB was called."""
        return Counter(call.service for call in self.calls if call.service != "dynamodb")


@dataclass
class Account:
    """A life, step by step."""

    plot: Plot
    days: int = 0
    steps: list[Step] = field(default_factory=list)

    @property
    def total(self) -> Step:
        """Everything together."""
        total = Step("whole life")
        for step in self.steps:
            total.calls += step.calls
            total.transitions += step.transitions
            total.invocations += step.invocations
            total.api_calls += step.api_calls
            total.mails += step.mails
            total.texts += step.texts
        return total


class World:
    """The metered stack, its clock, and what can be counted on it."""

    def __init__(self, stack: Stack, meter: Meter) -> None:
        self._stack, self._meter = stack, meter
        self._table = stack.outputs()["TenantsTableName"]
        self._dynamodb, self._sfn = stack.client("dynamodb"), stack.client("stepfunctions")
        self._lambda, self._sqs = stack.client("lambda"), stack.client("sqs")
        self._queue = stack.outputs()["NoticeQueueUrl"]
        self._machines = [
            machine["stateMachineArn"] for machine in self._sfn.list_state_machines()["stateMachines"]
        ]
        self._ended: dict[str, int] = {}
        self._offset = 0
        self._api_calls = 0
        self.api = Api(stack.url)
        self.api.http.event_hooks["request"].append(self._count_api_call)
        for schedule in stack.client("scheduler").list_schedules()["Schedules"]:
            stack.client("scheduler").delete_schedule(Name=schedule["Name"])

    def now(self) -> datetime:
        """The stack's present instant."""
        return datetime.now(UTC) + timedelta(seconds=self._offset)

    def advance(self, target: datetime) -> None:
        """Moves the clock to `target`, stopping at everything due on the way until it is done."""
        while self.now() < target:
            due, _ = self._next_due()
            # In hops: an execution that wakes between two deadlines, to hand over, wakes at its own time.
            stop = min(self.now() + LONGEST_HOP, target, due + SECOND if due else target)
            self._set_clock(stop)
            self.settle()

    def settle(self) -> None:
        """Waits until nothing moves. Raises Unexpected if something due does not get done."""
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            last = self._meter.calls[-1].at if self._meter.calls else 0.0
            due, what = self._next_due()
            if due and due <= self.now() and what == BACKUP_PLAN:
                self._set_clock(due + SWEEP_PATIENCE)
                self._sweep()
            over = due is None or due > self.now()
            if over and time.monotonic() - last > QUIET_SECONDS and not self._busy():
                return
            if time.monotonic() > end:
                raise Unexpected(f"what was due at {due} is not getting done")
            time.sleep(0.1)

    def running(self) -> list[str]:
        """Names of the executions that have not ended."""
        return [execution["name"] for execution in self._executions() if execution["status"] == "RUNNING"]

    def failed(self) -> list[str]:
        """Names of the executions that ended badly."""
        ends = {"FAILED", "TIMED_OUT", "ABORTED"}
        return [execution["name"] for execution in self._executions() if execution["status"] in ends]

    @contextmanager
    def step(
        self, account: Account, name: str, customer: Customer | None = None, *, hourly: bool = False
    ) -> Iterator[None]:
        """Counts what the block and all that follows from it costs, without the sweep's own looking."""
        uncounted = {CLOCK} if hourly else {CLOCK, DUE_INDEX}
        self.settle()
        calls, api_calls = len(self._meter.calls), self._api_calls
        transitions, invocations = self._transitions(), self._invocations()
        sent = self._sent(customer)
        yield
        self.settle()
        after = self._sent(customer)
        account.steps.append(
            Step(
                name,
                [call for call in self._meter.calls[calls:] if call.subject not in uncounted],
                self._transitions() - transitions,
                self._invocations() - invocations,
                self._api_calls - api_calls,
                after[0] - sent[0],
                after[1] - sent[1],
            )
        )

    def sweep(self) -> Step:
        """One sweep that finds nothing."""
        # The stack's own, at its start, has to be over.
        time.sleep(3)
        account = Account(Plot("sweep", ""))
        with self.step(account, "sweep", hourly=True):
            self._sweep()
        return account.steps[0]

    def _sweep(self) -> None:
        self._lambda.invoke(FunctionName=self._stack.resource("SweepOverdueFunction"), Payload=b"{}")

    def _busy(self) -> bool:
        """Whether a message is in the queue, or an execution does something else than wait."""
        counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        held = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=counts)["Attributes"]
        if any(int(held[name]) for name in counts):
            return True
        running = [execution for execution in self._executions() if execution["status"] == "RUNNING"]
        newest = (
            self._sfn.get_execution_history(
                executionArn=execution["executionArn"], reverseOrder=True, maxResults=1
            )["events"]
            for execution in running
        )
        return any(not events or events[0]["type"] != "WaitStateEntered" for events in newest)

    def _count_api_call(self, request: httpx.Request) -> None:
        self._api_calls += request.url.path.startswith("/v1/")

    def _sent(self, customer: Customer | None) -> tuple[int, int]:
        if customer is None:
            return 0, 0
        found = Mailbox(self.api).to(customer.email, customer.mobile)
        texts = sum("receptor" in message for message in found)
        return len(found) - texts, texts

    def _next_due(self) -> tuple[datetime | None, str]:
        """The first instant in the due index, and the sort key of what stands there."""
        found: list[tuple[datetime, str]] = []
        for shard in SHARDS:
            rows = self._dynamodb.query(
                TableName=self._table,
                IndexName=DUE_INDEX,
                KeyConditionExpression="due_shard = :shard",
                ExpressionAttributeValues={":shard": {"S": shard}},
                Limit=1,
            )["Items"]
            found += [(instant(row["next_due_at"]["S"]), row["sk"]["S"]) for row in rows]
        return min(found, default=(None, ""))

    def _set_clock(self, target: datetime) -> None:
        offset = int((target - datetime.now(UTC)).total_seconds()) + 1
        if offset <= self._offset:
            return
        self._offset = offset
        item = {"pk": {"S": CLOCK}, "sk": {"S": CLOCK}, "offset_seconds": {"N": str(offset)}}
        self._dynamodb.put_item(TableName=self._table, Item=item)
        (FOLDER / "clock").write_text(str(offset))
        # Sleeping executions look at the file twenty times a second.
        time.sleep(0.2)

    def _executions(self) -> Iterator[dict[str, Any]]:
        for machine in self._machines:
            for page in self._sfn.get_paginator("list_executions").paginate(stateMachineArn=machine):
                yield from page["executions"]

    def _transitions(self) -> Counter[str]:
        """States entered so far, by machine."""
        entered: Counter[str] = Counter()
        for execution in self._executions():
            arn, machine = execution["executionArn"], execution["stateMachineArn"].rpartition(":")[2]
            if arn not in self._ended:
                pages = self._sfn.get_paginator("get_execution_history").paginate(executionArn=arn)
                states = sum(
                    event["type"].endswith("StateEntered") for page in pages for event in page["events"]
                )
                if execution["status"] == "RUNNING":
                    entered[machine] += states
                    continue
                self._ended[arn] = states
            entered[machine] += self._ended[arn]
        return entered

    def _invocations(self) -> Counter[str]:
        """Invocations so far, by function."""
        notes = FOLDER / "invocations"
        names = notes.read_text().split() if notes.exists() else ()
        return Counter(name for name in names if SWEEPER not in name)


def live(world: World, plot: Plot) -> Account:
    """Lives one life from registration until nothing of it runs any more."""
    account, customer = Account(plot), Customer(world.api, plot.product)
    began = world.now()
    with world.step(account, "register", customer):
        customer.register()
    with world.step(account, "confirm", customer):
        customer.confirm()
    with world.step(account, "sign in", customer):
        customer.session.renew()
    with world.step(account, "3 records", customer):
        for number in range(3):
            body = {"data": {"name": f"customer {number}", "mobile": f"0912000000{number}"}}
            world.api.ask("PUT", f"{customer.path}/records/c{number}", body, token=customer.token)
    if plot.closes:
        with world.step(account, "quiet days", customer):
            world.advance(began + timedelta(days=plot.closes))
        with world.step(account, "close", customer):
            closing = {"closing": "erasure", "confirm": customer.name}
            world.api.ask("POST", f"{customer.path}/closures", closing, token=customer.token)
    paid = plot.pays is None
    while coming := customer.deadlines():
        at, kind = instant(coming[0]["at"]), str(coming[0]["kind"])
        if not paid and plot.pays and kind in ("end_trial", "suspend_unpaid_lease"):
            paid = True
            world.advance(at - timedelta(hours=12))
            with world.step(account, "order", customer):
                order = customer.order(*plot.pays)
            with world.step(account, "callback", customer):
                customer.pay(order)
            # The execution that waited for the old deadline and the watch over the payment find it done.
            with world.step(account, "overtaken waits", customer):
                world.advance(at + SECOND)
            continue
        with world.step(account, kind, customer):
            world.advance(at + SECOND)
        if kind == "purge":
            break
    account.days = (world.now() - began).days
    if world.running():
        with world.step(account, "afterwards", customer):
            world.advance(world.now() + timedelta(days=400))
    if left := world.running() + world.failed():
        raise Unexpected(f"{plot.title}: not ended well: {', '.join(left)}")
    return account


def live_all() -> Generator[Account, None, None]:
    """All lives, one after another on one fresh stack; each is given out as it ends."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    front, aws, metered = _free_ports(3)
    stack = Stack(FOLDER / "stack", front, aws)
    wanted = metering.environment(f"http://127.0.0.1:{metered}", FOLDER)
    with metering.serve(stack.aws_url, metered) as meter:
        os.environ["MOHLAT_METERED"] = json.dumps(wanted)
        try:
            stack.up()
            world = World(stack, meter)
            sweep = world.sweep()
            print(f"  started; a sweep that finds nothing reads {sweep.read:g} units", flush=True)
            for plot in PLOTS:
                yield live(world, plot)
            print(
                f"\n  {CROWD} lives at once: {live_together(world):.1f} lives a minute of the local stack",
                flush=True,
            )
        finally:
            del os.environ["MOHLAT_METERED"]
            stack.down()


def live_together(world: World, count: int = CROWD) -> float:
    """So many unpaid trials of kalo at once, from registration to certificate; how many a minute.

    The only figure of the bench that is no ratio: it says what the local stack does, and nothing of AWS.
    """
    began = time.monotonic()
    customers = [Customer(world.api, "kalo") for _ in range(count)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(Customer.join, customers))
    world.settle()
    purged = max(instant(each.deadlines()[-1]["at"]) for each in customers)
    world.advance(purged + SECOND)
    if left := world.running() + world.failed():
        raise Unexpected(f"{count} lives at once: not ended well: {', '.join(left)}")
    return count * 60 / (time.monotonic() - began)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports


def by_function(accounts: list[Account]) -> str:
    """Which functions the units and invocations of all lives together go to, the most expensive first."""
    total = Step("all")
    writes: Counter[str] = Counter()
    reads: Counter[str] = Counter()
    for account in accounts:
        total.invocations += account.total.invocations
        for call in account.total.calls:
            writes[call.function] += call.bill.write + call.bill.index
            reads[call.function] += round(2 * call.bill.read)
    names = sorted({*total.invocations, *writes}, key=lambda name: (-writes[name], -reads[name], name))
    lines = [f"  {'all lives, by function':24} {'write':>6} {'read':>6} {'Lambda':>6}"]
    lines += [
        f"  {_short(name):24} {writes[name]:6} {reads[name] / 2:6g} {total.invocations[name]:6}"
        for name in names
    ]
    return "\n".join(lines)


def _short(function: str) -> str:
    """A function's name in the template, from its physical one."""
    return function.removeprefix("mohlat-").partition("Function")[0]


def write_calls(accounts: list[Account]) -> None:
    """Keeps every counted call, by life and step, for whoever looks for where the units go."""
    kept = {
        account.plot.title: [
            {
                "step": step.name,
                "invocations": step.invocations,
                "calls": [asdict(call) for call in step.calls],
            }
            for step in account.steps
        ]
        for account in accounts
    }
    (FOLDER / "calls.json").write_text(json.dumps(kept, indent=1))


def report(account: Account) -> str:
    """One life as a table."""
    lines = [
        f"{account.plot.title}, {account.days} days",
        f"  {'step':22} {'write':>6} {'of it GSI':>9} {'read':>6} {'states':>6} {'Lambda':>6} {'API':>4}"
        f" {'mail':>4} {'SMS':>4}",
    ]
    for step in [*account.steps, account.total]:
        target = STEP_TARGETS.get(step.name)
        more = f"  at most {target}{'!' if step.write > target else ''}" if target else ""
        lines.append(
            f"  {step.name:22} {step.write:6} {step.index:9} {step.read:6g} {step.transitions.total():6}"
            f" {step.invocations.total():6} {step.api_calls:4} {step.mails:4} {step.texts:4}{more}"
        )
    return "\n".join(lines)


def summary(accounts: list[Account]) -> str:
    """All lives against the targets for a whole life."""
    lines = [f"  {'whole life':32} {'write':>6} {'read':>6} {'states':>6}"]
    lines += [
        f"  {account.plot.title:32} {account.total.write:6} {account.total.read:6g}"
        f" {account.total.transitions.total():6}"
        for account in accounts
    ]
    lines.append(f"  {'at most':32} {WRITE_TARGET:6} {READ_TARGET:6} {TRANSITION_TARGET:6}")
    return "\n".join(lines)
