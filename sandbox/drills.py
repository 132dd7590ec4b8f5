"""`make drill`: what the runbook says of a disturbance, done to the running local stack and looked at.

Each drill breaks one thing on purpose, looks at what an operator would see, does what the runbook tells, and
ends once everything is as it should be. What does not come out as told ends the run with an error. The local
AWS alone is touched: its functions' code, its queues, its tables.
"""

from __future__ import annotations

import io
import json
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sandbox.api import Api, Customer, Mailbox, Operator, Unexpected, instant, text
from sandbox.chapter import Buyer, expect, soon
from sandbox.demo import member
from sandbox.stack import ROOT, Stack, StackError

_SECOND = timedelta(seconds=1)
_BROKEN = "raise ImportError('a bad deployment')\n"
_RESTORED = "-restored"


@dataclass
class Drills:
    """The drills on one stack; `say` is told what is seen."""

    stack: Stack
    api: Api
    boss: Operator
    say: Callable[[str], None] = print
    outputs: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.outputs = self.stack.outputs()

    # --- the drills ---------------------------------------------------------------------------------------

    def lost_executions(self) -> None:
        """An execution that waits is stopped; the sweep carries the deadline out, at its own instant."""
        customer = Customer(self.api, "kalo").join()
        steps, machine = self.stack.client("stepfunctions"), self.outputs["SubscriptionMachineArn"]

        def waiting() -> list[str]:
            listed = steps.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]
            return [each["executionArn"] for each in listed if each["name"].startswith(customer.tenant_id)]

        (execution,) = soon(waiting, "the execution")
        steps.stop_execution(executionArn=execution, error="Drill", cause="stopped on purpose")
        self.say(f"stopped {execution.rpartition(':')[2]}")
        (due, *_) = customer.deadlines()
        self.boss.advance_to(instant(due["at"]) + _SECOND)
        (carried,) = [each for each in self._timeline(customer) if each["at"] == due["at"]]
        expect("another execution carried it out", "-s" in str(carried["by"]))
        self.say(f"{carried['event']} at {carried['at']}, as promised, by {carried['by']}")

    def poisoned_record(self) -> None:
        """A row that nobody understands comes by in the stream; what is behind it goes on."""
        table = self.outputs["TenantsTableName"]
        key = {"pk": {"S": "T#t_poison"}, "sk": {"S": "J#poison"}}
        tables = self.stack.client("dynamodb")
        tables.put_item(TableName=table, Item=key)
        customer = Customer(self.api, "kalo").join()
        self.say(f"{customer.tenant_id} registered behind it, and got its code")
        line = soon(lambda: self._logged("failed", tenant_id="t_poison"), "the line in the log")
        self.say(f"in the log: {line['function'].split('-')[1]} failed, {line['error']}")
        tables.delete_item(TableName=table, Key=key)

    def stream_given_up(self) -> None:
        """The dispatcher fails for good; its records land in a queue, and a sweep does what they owed."""
        before = self._waiting("StreamFailedUrl")
        with self._broken("dispatch_stream"):
            customer = Customer(self.api, "kalo").register()
            soon(lambda: self._waiting("StreamFailedUrl") > before, "the records to be given up", 180)
        self.say("dispatch_stream was broken: its records were given up and lie in StreamFailed")
        self._until_mended(customer)
        self.stack.client("sqs").purge_queue(QueueUrl=self.outputs["StreamFailedUrl"])

    def redrive(self) -> None:
        """Messages that could not be sent land in the dead-letter queue, go back, and are sent once."""
        queue = self.outputs["NoticeQueueUrl"]
        queues = self.stack.client("sqs")
        usual = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["VisibilityTimeout"])[
            "Attributes"
        ]
        queues.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "1"})
        try:
            with self._broken("send_notices"):
                customer = Customer(self.api, "kalo").register()
                soon(lambda: self._waiting("NoticesFailedUrl"), "the dead letter", 120)
        finally:
            queues.set_queue_attributes(QueueUrl=queue, Attributes=usual)
        self.say(f"send_notices was broken: {self._waiting('NoticesFailedUrl')} message(s) in NoticesFailed")
        self.say(f"moved back: {self._move_back('NoticesFailedUrl', queue)}")
        soon(lambda: self._codes(customer), "the code", 90)
        self._sweep()
        expect("once, whatever is swept besides", self._codes(customer) == 1)
        self.say("the code arrived once, also after a sweep")

    def stuck_refund(self) -> None:
        """The gateway refuses our credentials; the refund waits, rings, and goes on once they are right."""
        buyer = Buyer(Customer(self.api, "saman360", plan="basic").join())
        buyer.buy(plan="basic", period="P3M")
        self._let_in(False)
        try:
            asked = {"data_taken": True, "confirm": buyer.customer.tenant_id}
            buyer.ask("POST", "/withdrawals", asked)
            (refund,) = buyer.ask("GET", "/refunds")["refunds"]
            line = soon(
                lambda: self._logged("refund needs a person", refund_id=refund["refund_id"]),
                "the alarm's line",
            )
            self.say(f"refund needs a person: status {line['status']}, execution {line['execution']}")
        finally:
            self._let_in(True)
        self.boss.advance_to(self.boss.now() + timedelta(minutes=16))

        def asked_for() -> bool:
            return bool(buyer.ask("GET", "/refunds")["refunds"][0]["status"] == "pending")

        soon(asked_for, "the refund to be asked for")
        for each in self.api.http.get("/pay/_test/refunds").json()["refunds"]:
            self.api.http.post(f"/pay/_test/refund/{each['id']}/complete")
        self.boss.advance_to(self.boss.now() + timedelta(days=1))
        soon(lambda: buyer.ask("GET", "/refunds")["refunds"][0]["status"] == "settled", "the payer's money")
        held = buyer.ledger()
        expect("to the rial", held["captured"] == held["refunded"])
        self.say(f"mended: {held['refunded']} rials went back, of {held['captured']} captured")

    def clock_skew(self) -> None:
        """Something wakes an hour, or a month, too early: it looks at the clock and goes back to sleep."""
        customer = Customer(self.api, "kalo").join()
        steps, machine = self.stack.client("stepfunctions"), self.outputs["SubscriptionMachineArn"]
        listed = steps.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]
        (arn,) = [e["executionArn"] for e in listed if e["name"].startswith(customer.tenant_id)]
        sleeping = json.loads(steps.describe_execution(executionArn=arn)["input"])
        early = sleeping | {"wake_at": "2020-01-01T00:00:00Z"}
        name = f"{customer.tenant_id}-skew-{int(time.time())}"
        started = steps.start_execution(stateMachineArn=machine, name=name, input=json.dumps(early))[
            "executionArn"
        ]

        def looked() -> Any:
            events = steps.get_execution_history(executionArn=started)["events"]
            states = [
                e["stateEnteredEventDetails"]["name"] for e in events if "stateEnteredEventDetails" in e
            ]
            return len(states) > 3 and states

        states = soon(looked, "the early one to look")
        self.say(f"woken for {sleeping['due']} long before its time: {' → '.join(states)}")
        expect(
            "nothing happened", [each["event"] for each in self._timeline(customer)] == ["tenant_registered"]
        )
        steps.stop_execution(executionArn=started)

    def bad_deployment(self) -> None:
        """Tasks of executions in flight meet code that does not even load; the sweep makes up for it."""
        customer = Customer(self.api, "swift").join()
        began = instant(customer.get()["registered_at"])
        machine = self.outputs["SubscriptionMachineArn"]

        def failed() -> Any:
            listed = self.stack.client("stepfunctions").list_executions(
                stateMachineArn=machine, statusFilter="FAILED"
            )["executions"]
            return [each["name"] for each in listed if each["name"].startswith(customer.tenant_id)]

        with self._broken("advance_tenant"):
            (name,) = soon(failed, "the execution to fail", 90)
        self.say(f"execution {name} failed on code that did not load")

        def made_up_for() -> Any:
            self._sweep()
            events = {each["event"]: each["at"] for each in self._timeline(customer)}
            return "trial_ended" in events and events

        events = soon(made_up_for, "the sweep to make up for it", 90)
        expect("at its own instant", instant(events["trial_ended"]) == began + 8 * _SECOND)
        self.say(
            f"swept: trial_ended at {events['trial_ended']}, eight seconds after {text(began)}, as agreed"
        )

    def restoration(self) -> None:
        """The table is restored from a copy, the purges since are replayed: the same living set."""
        stays, leaves = (Customer(self.api, "kalo").join() for _ in range(2))
        for customer in (stays, leaves):
            customer.api.ask(
                "PUT", f"{customer.path}/records/c1", {"data": {"name": "Ali"}}, token=customer.token
            )
        copied = self._items()
        since = self.boss.now()
        self.say(f"copied {len(copied)} items at {text(since)}")
        leaves.api.ask(
            "POST",
            f"{leaves.path}/closures",
            {"closing": "termination", "confirm": leaves.name},
            token=leaves.token,
        )
        hold = {"reason": "a drill", "origin": "the runbook", "clause": "KALO-22"}
        self.api.ask("POST", f"{stays.path}/holds", hold, token=self.boss.token)
        self.boss.advance_to(since + timedelta(days=75))

        def certified() -> Any:
            answer = self.api.call("GET", f"/purges/{leaves.tenant_id}", token=self.boss.token)
            return answer.status_code == 200 and answer.json()["finished"] and answer.json()

        told = soon(certified, "the purge", 90)
        self.say(f"{leaves.tenant_id} was purged at {told['committed_at']}")
        target = self._restore(copied)
        try:
            expect("the restored table brings it back", self._partition(target, leaves.tenant_id) > 0)
            answer = self._replay(target, since, self.boss.now())
            self.say(f"restored {len(copied)} items; ReplayPurges answered {json.dumps(answer)}")
            self._prove(target, copied, stays, leaves)
            again = self._replay(target, since, self.boss.now())
            expect(f"a second run finds nothing: {again}", again["items"] == 0)
        finally:
            self.stack.client("dynamodb").delete_table(TableName=target)

    def _prove(self, target: str, copied: list[dict[str, Any]], stays: Customer, leaves: Customer) -> None:
        living = {pk for pk, phase in self._tenants(self._items()).items() if phase != "purged"}
        restored = set(self._tenants(self._items(target)))
        before = set(self._tenants(copied))
        expect("nothing is left of who was purged", self._partition(target, leaves.tenant_id) == 0)
        expect("the same living set", restored == before & living)
        kept = [item for item in copied if item["pk"]["S"] == f"T#{stays.tenant_id}"]
        back = [item for item in self._items(target) if item["pk"]["S"] == f"T#{stays.tenant_id}"]
        expect("who lives is there to the last field", _sorted(kept) == _sorted(back))
        gone = len(before) - len(restored)
        self.say(
            f"{len(before)} accounts in the copy, {gone} purged since and gone again, {len(restored)} live"
        )

    # --- hands --------------------------------------------------------------------------------------------

    def _restore(self, items: list[dict[str, Any]]) -> str:
        """A table of the same keys with these items, named as the replaying function may reach it."""
        tables, source = self.stack.client("dynamodb"), self.outputs["TenantsTableName"]
        known = tables.describe_table(TableName=source)["Table"]
        target = source + _RESTORED
        tables.create_table(
            TableName=target,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=known["KeySchema"],
            AttributeDefinitions=known["AttributeDefinitions"],
            GlobalSecondaryIndexes=[
                {name: index[name] for name in ("IndexName", "KeySchema", "Projection")}
                for index in known["GlobalSecondaryIndexes"]
            ],
        )
        for item in items:
            tables.put_item(TableName=target, Item=item)
        return target

    def _replay(self, target: str, since: datetime, until: datetime) -> dict[str, Any]:
        payload = {"table": target, "since": f"{since:%Y-%m-%d}", "until": f"{until:%Y-%m-%d}"}
        answer = self.stack.client("lambda").invoke(
            FunctionName=self.outputs["ReplayPurgesFunctionName"], Payload=json.dumps(payload).encode()
        )
        found: dict[str, Any] = json.loads(answer["Payload"].read())
        expect(f"it replays: {found}", "FunctionError" not in answer, "purges" in found)
        return found

    def _items(self, table: str | None = None) -> list[dict[str, Any]]:
        pages = self.stack.client("dynamodb").get_paginator("scan")
        named = table or self.outputs["TenantsTableName"]
        return [
            item for page in pages.paginate(TableName=named, ConsistentRead=True) for item in page["Items"]
        ]

    def _partition(self, table: str, tenant_id: str) -> int:
        return sum(item["pk"]["S"] == f"T#{tenant_id}" for item in self._items(table))

    def _tenants(self, items: list[dict[str, Any]]) -> dict[str, str]:
        """Accounts and their phases."""
        rows = [item for item in items if item["sk"]["S"] == "TENANT"]
        return {row["pk"]["S"]: json.loads(row["doc"]["S"])["phase"] for row in rows}

    @contextmanager
    def _broken(self, function: str) -> Iterator[None]:
        """A function whose code does not load; afterwards it is as in this folder again."""
        self._put_code(function, _BROKEN)
        try:
            yield
        finally:
            self._put_code(function, (ROOT / "functions" / function / "app.py").read_text())

    def _put_code(self, function: str, source: str) -> None:
        logical_id = "".join(part.capitalize() for part in function.split("_")) + "Function"
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("app.py", source)
        name = self.stack.resource(logical_id)
        self.stack.client("lambda").update_function_code(FunctionName=name, ZipFile=packed.getvalue())

    def _until_mended(self, customer: Customer) -> None:
        def swept() -> int:
            self._sweep()
            return self._codes(customer)

        soon(swept, "the sweep to do what was owed", 90)
        self.say(f"mended and swept: {customer.tenant_id} got its code")

    def _sweep(self) -> None:
        self.api.ask("POST", "/sweeps", token=self.boss.token)

    def _codes(self, customer: Customer) -> int:
        return len(Mailbox(self.api).to(customer.email, customer.mobile))

    def _waiting(self, output: str) -> int:
        name = "ApproximateNumberOfMessages"
        told = self.stack.client("sqs").get_queue_attributes(
            QueueUrl=self.outputs[output], AttributeNames=[name]
        )
        return int(told["Attributes"][name])

    def _move_back(self, output: str, target: str) -> int:
        """What start-message-move-task does, which the local AWS does not know."""
        queues, source, moved = self.stack.client("sqs"), self.outputs[output], 0
        while found := queues.receive_message(QueueUrl=source, MaxNumberOfMessages=10).get("Messages"):
            for message in found:
                queues.send_message(QueueUrl=target, MessageBody=message["Body"])
                queues.delete_message(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"])
                moved += 1
        return moved

    def _let_in(self, ours: bool) -> None:
        """Whether the gateway takes the access token that we have."""
        token = {"access_token": "sandbox-access-token" if ours else "another"}
        self.api.http.post("/pay/_test/config", json=token).raise_for_status()

    def _timeline(self, customer: Customer) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.api.ask("GET", f"{customer.path}/timeline", token=self.boss.token)[
            "entries"
        ]
        return found

    def _logged(self, message: str, **keys: str) -> Any:
        """The newest line of the functions' log with this message and these facts."""
        pages = self.stack.client("logs").get_paginator("filter_log_events")
        group = self.outputs["FunctionLogsName"]
        found = None
        for page in pages.paginate(logGroupName=group, filterPattern=f'"{message}"'):
            for event in page["events"]:
                try:
                    line = json.loads(event["message"])
                except ValueError:
                    continue
                if line.get("message") == message and keys.items() <= line.items():
                    found = line
        return found


def _sorted(items: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(item, sort_keys=True, default=str) for item in items)


DRILLS = (
    Drills.lost_executions,
    Drills.poisoned_record,
    Drills.stream_given_up,
    Drills.redrive,
    Drills.stuck_refund,
    Drills.clock_skew,
    Drills.bad_deployment,
    Drills.restoration,
)


def main(wanted: list[str]) -> int:
    """Runs the drills of these names, or all, on the stack that the environment names."""
    known = {drill.__name__: drill for drill in DRILLS}
    if unknown := set(wanted) - set(known):
        raise StackError(f"no drill is called {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    stack = Stack.from_environment()
    if stack.running() is None:
        raise StackError("the stack is not running: start it with 'make run'")
    api = Api(stack.url)
    drills = Drills(stack, api, member(api, "operator"), lambda line: print(f"    {line}", flush=True))
    for name in wanted or known:
        began = time.monotonic()
        print(f"{name}: {(known[name].__doc__ or '').splitlines()[0]}", flush=True)
        known[name](drills)
        print(f"    {time.monotonic() - began:.0f} s\n", flush=True)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (Unexpected, StackError, OSError) as failure:
        sys.exit(f"drill: {failure}")
