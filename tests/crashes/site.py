"""A stack in memory that goes on by itself: stream, queue, executions and sweep, as the template wires them.

Whatever dies in it dies alone: the stream and the queue deliver again and an execution tries again, or all
that is lost, and the sweep finds it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast

from mohlat.application.advance_tenant import advance_tenant, as_payload
from mohlat.application.dispatch_entry import (
    dispatch_data_job,
    dispatch_payment,
    dispatch_refund,
    dispatch_service,
    dispatch_ticket,
    version_suffix,
)
from mohlat.application.ports import DueItem, DueKind
from mohlat.domain.errors import (
    ConcurrentChange,
    Conflict,
    Gone,
    MessagingUnavailable,
    NotFound,
    RefundRefused,
)
from mohlat.domain.notices import Dispatch, NoticeStatus
from mohlat.domain.purge import Store
from mohlat.domain.tenant import from_iso, iso
from tests.application.desks import Office, draft
from tests.crashes.effects import Crash
from tests.crashes.machines import Execution, Fate, Task
from tests.template import cloudformation as cf

Answer = TypeVar("Answer")
# As the template has them.
_HIDDEN = timedelta(seconds=360)
_PATIENCE = timedelta(minutes=10)
_EVERY = timedelta(hours=1)
_SECOND = timedelta(seconds=1)
# Far more turns than any life here takes.
_TURNS = 3_000


class Site(Office):
    """One product's stack. `fate` is what becomes of that in which something dies."""

    def __init__(self, product: str, fate: Fate = Fate.REPEATED) -> None:
        super().__init__(product)
        self.fate = fate
        # Who acts: people, the stream, the queue, the sweep, or a machine.
        self.actor = "people"
        self.executions: dict[tuple[str, str], Execution] = {}
        self.entered: dict[str, set[str]] = {}
        self.failures: list[tuple[str, str]] = []
        self.troubles: set[str] = set()
        self._delivered: dict[str, set[Any]] = {}
        self._taken = 0
        self._hidden: list[tuple[datetime, Mapping[str, object]]] = []
        self._swept_at = self.clock.now()
        # What became of every notice on every channel; the rows go with their tenant.
        self.finished: list[Dispatch] = []
        finish = self.dispatches.finish

        def finishing(dispatch: Dispatch) -> None:
            finish(dispatch)
            self.finished.append(dispatch)

        self.dispatches.finish = finishing  # type: ignore[method-assign]
        self._tasks = {f"${{{cf.function_id(name)}Arn}}": task for name, task in self._handlers().items()}

    # --- people -------------------------------------------------------------------------------------------

    def insist(self, act: Callable[[], Answer], done: Callable[[], object] = lambda: False) -> Answer | None:
        """Somebody who asks until there is an answer: after a death looks first whether it was `done`, and
        takes a Conflict for an answer then.
        """
        asked = 0
        while True:
            asked += 1
            try:
                return act()
            except Crash:
                if done():
                    return None
            except (Conflict, RefundRefused, Gone, NotFound):
                if asked == 1:
                    raise
                return None

    def ended(self, status: NoticeStatus) -> Counter[str]:
        """The kinds of notices that ended so, with how many of each."""
        return Counter(each.kind.value for each in self.finished if each.status is status)

    def alone(self, act: Callable[[], object]) -> None:
        """Somebody who does not ask again."""
        with suppress(Crash):
            act()

    # --- time ---------------------------------------------------------------------------------------------

    def pass_time(self, **length: float) -> None:
        """Lets a timedelta's arguments pass; everything on the way happens at its own instant."""
        self.run_to(self.clock.now() + timedelta(**length))

    def run_to(self, end: datetime | None) -> None:
        """Lets everything happen until `end`, or until nothing happens any more."""
        for _ in range(_TURNS):
            self._settle()
            instant = self._next()
            if instant is None or (end and instant > end):
                break
            self.clock.time = max(self.clock.time, instant)
            self._turn()
        else:
            raise AssertionError(f"it does not come to rest: {self.due.overdue(self.clock.now())}")
        self.clock.time = max(self.clock.time, end or self.clock.time)

    def run_out(self) -> None:
        """Lets everything happen that happens if nobody does anything."""
        self.run_to(None)

    def _next(self) -> datetime | None:
        instants = [each.wake_at for each in self.executions.values() if each.state]
        instants += [at for at, _ in self._hidden]
        if sweep_at := self._next_sweep():
            instants.append(sweep_at)
        return min(instants, default=None)

    def _next_sweep(self) -> datetime | None:
        """The next sweep that will find anything, if things stay as they are."""
        earliest = self.due.earliest()
        if earliest is None:
            return None
        at = max(earliest.at + _PATIENCE, self._swept_at + _SECOND)
        hour = at.replace(minute=0, second=0)
        return hour if hour == at else hour + _EVERY

    @contextmanager
    def _acting(self, actor: str) -> Iterator[None]:
        before, self.actor = self.actor, actor
        try:
            yield
        finally:
            self.actor = before

    def _turn(self) -> None:
        now = self.clock.now()
        for execution in list(self.executions.values()):
            if execution.state and execution.wake_at <= now:
                self._run(execution)
        for hidden in [each for each in self._hidden if each[0] <= now]:
            self._hidden.remove(hidden)
            self._receive(hidden[1])
        if self._next_sweep() == now:
            self._swept_at = now
            # Whatever the sweep left undone when it died is found by the next.
            with self._acting("sweep"):
                self.alone(lambda: self.sweep(_PATIENCE))

    def _run(self, execution: Execution) -> None:
        with self._acting(execution.workflow):
            execution.run(self._tasks, self.clock.now(), self.fate)
        if not execution.state:
            del self.executions[execution.workflow, execution.name]
            self.entered.setdefault(execution.workflow, set()).update(execution.entered)
            self.troubles.update(execution.troubles)
            if execution.failure:
                self.failures.append((execution.workflow, execution.failure))

    # --- what follows a write -----------------------------------------------------------------------------

    def _settle(self) -> None:
        """The stream delivers what is new, the queue too, and what was started runs."""
        for _ in range(_TURNS):
            self._stream()
            waiting = self.queue.messages[self._taken :]
            self._taken += len(waiting)
            for message in waiting:
                self._receive(message)
            begun = self._unbegun()
            for execution in begun:
                self._run(execution)
            if not begun and self._taken == len(self.queue.messages) and not any(self._fresh()):
                return
        raise AssertionError("the stream does not come to rest")

    def _unbegun(self) -> list[Execution]:
        known = self._delivered.setdefault("executions", set())
        begun = []
        for workflow, name in self.workflows.started:
            if (workflow, name) not in known:
                known.add((workflow, name))
                data = self.workflows.started[workflow, name]
                begun.append(Execution.begun(workflow, name, data, self.clock.now()))
                self.executions[workflow, name] = begun[-1]
        return begun

    def _fresh(self) -> Iterator[tuple[str, Any, Callable[[], None]]]:
        """Rows that the stream has not delivered yet: what kind, which, and what is to be done about it."""
        table = self.table
        kinds: tuple[tuple[str, Any, Callable[[Any], None]], ...] = (
            ("journal", table.journal, self.dispatch),
            ("payments", table.payments, self._payment),
            ("refunds", table.refunds, self._refund),
            ("jobs", table.jobs, self._job),
            ("lanes", table.lanes, self._lane),
        )
        for kind, rows, follow in kinds:
            known = self._delivered.setdefault(kind, set())
            for key in [each for each in rows if each not in known]:
                yield kind, key, lambda row=rows[key], follow=follow: follow(row)  # type: ignore[misc]
        # What moves is delivered again with each change.
        moving: tuple[tuple[str, Any, Callable[[Any], None]], ...] = (
            ("tickets", table.tickets, self._ticket),
            ("windows", table.windows, self._window),
            ("wind_downs", table.wind_downs, self._wind_down),
        )
        for kind, rows, follow in moving:
            known = self._delivered.setdefault(kind, set())
            for key, row in list(rows.items()):
                if (key, row.version) not in known:
                    yield kind, (key, row.version), lambda row=row, follow=follow: follow(row)  # type: ignore[misc]

    def _stream(self) -> None:
        for kind, key, follow in list(self._fresh()):
            # A batch that died comes again, or is given up: what it owed still stands in the due index.
            while True:
                try:
                    with self._acting("stream"):
                        follow()
                except Crash:
                    if self.fate is Fate.REPEATED:
                        continue
                except NotFound:
                    pass
                break
            self._delivered[kind].add(key)

    def _payment(self, payment: Any) -> None:
        dispatch_payment(payment, workflows=self.workflows, clock=self.clock)

    def _refund(self, refund: Any) -> None:
        dispatch_refund(refund, invoices=self.invoice_desk, workflows=self.workflows, clock=self.clock)

    def _ticket(self, ticket: Any) -> None:
        dispatch_ticket(ticket, workflows=self.workflows, clock=self.clock)

    def _job(self, job: Any) -> None:
        dispatch_data_job(job, workflows=self.workflows, clock=self.clock)

    def _lane(self, lane: Any) -> None:
        self._service(DueKind.LANE, lane.round_id, lane, lane.number)

    def _window(self, window: Any) -> None:
        self._service(DueKind.WINDOW, window.id, window, suffix=version_suffix(window.version))

    def _wind_down(self, plan: Any) -> None:
        self._service(DueKind.WIND_DOWN, plan.product, plan, suffix=version_suffix(plan.version))

    def _service(self, kind: DueKind, id: str, row: Any, number: int = 0, suffix: str = "") -> None:
        if row.next_due_at:
            due = DueItem(kind, id, row.next_due_at, number, product=row.product)
            dispatch_service(due, workflows=self.workflows, clock=self.clock, suffix=suffix)

    def _receive(self, message: Mapping[str, object]) -> None:
        """The sending function takes a message; one that it does not get done comes again."""
        with self._acting("queue"):
            self._send(message)

    def _send(self, message: Mapping[str, object]) -> None:
        tenant_id = cast(str, message["tenant_id"])
        try:
            if "code" in message:
                self.send_code(message)
            else:
                self.send_entry(tenant_id, cast(int, message["seq"]))
        except (Gone, NotFound):
            pass
        except Crash:
            if self.fate is Fate.REPEATED:
                self._hidden.append((self.clock.now() + _HIDDEN, message))
        except (ConcurrentChange, MessagingUnavailable):
            self._hidden.append((self.clock.now() + _HIDDEN, message))

    # --- the tasks of the machines ------------------------------------------------------------------------

    def _handlers(self) -> dict[str, Task]:
        """What the functions of the machines do, by their folders' names."""
        return {
            "advance_tenant": self._advance,
            "settle_payment": self._settle_payment,
            "follow_refund": self._follow_refund,
            "erase_tenant": self._erase,
            "tell_owner": lambda event: {"owner": self.tell_owner(event["tenant_id"])},
            "certify_purge": self._certify,
            "escalate_ticket": self._escalate,
            "watch_request": self._watch_request,
            "work_on_data": self._work_on_data,
            "carry_service": self._carry_service,
        }

    def _answer(self, event: Mapping[str, Any], next_at: datetime | None) -> dict[str, object]:
        wake_at = iso(self.clock.wall(next_at or self.clock.now()))
        return {**event, "decided": next_at is None, "wake_at": wake_at}

    def _advance(self, event: Mapping[str, Any]) -> dict[str, object]:
        wake = advance_tenant(
            event["tenant_id"],
            event["generation"],
            event["deadline"],
            execution=event["execution"],
            started_at=from_iso(event["started_at"]),
            tenants=self.tenants,
            dispatches=self.dispatches,
            agreements=self.agreements,
            workflows=self.workflows,
            clock=self.clock,
        )
        return as_payload(wake)

    def _settle_payment(self, event: Mapping[str, Any]) -> dict[str, object]:
        payment = self.payments.get(event["payment_id"])
        desk = self.payment_desk if payment.gateway == self.gateway.name else self.second_payment_desk
        return self._answer(event, desk.check(payment.id).next_check_at)

    def _follow_refund(self, event: Mapping[str, Any]) -> dict[str, object]:
        refund = self.refund_follower.step(event["tenant_id"], event["refund_id"])
        return self._answer(event, refund.next_check_at)

    def _erase(self, event: Mapping[str, Any]) -> dict[str, object]:
        self.shredder.erase(event["tenant_id"], *(Store(name) for name in event["stores"]))
        return {}

    def _certify(self, event: Mapping[str, Any]) -> dict[str, object]:
        self.shredder.certify(event["tenant_id"])
        return {}

    def _escalate(self, event: Mapping[str, Any]) -> dict[str, object]:
        tenant_id, ticket_id = event["tenant_id"], event["ticket_id"]
        ticket = self.tickets.one(tenant_id, ticket_id)
        if ticket.support:
            ticket, _ = self.support.ring(tenant_id, ticket_id)
            replaced = ticket.support is None or ticket.support.watch != event["watch"]
            return self._answer(event, None if replaced else ticket.wakes_at)
        self.officials.retry(tenant_id, ticket_id, draft)
        return self._answer(event, self.tickets.escalate(tenant_id, ticket_id).wakes_at)

    def _watch_request(self, event: Mapping[str, Any]) -> dict[str, object]:
        try:
            request, _ = self.request_desk.ring(event["tenant_id"], event["request_id"])
        except (Gone, NotFound):
            return self._answer(event, None)
        return self._answer(event, request.wakes_at)

    def _work_on_data(self, event: Mapping[str, Any]) -> dict[str, object]:
        job = self.data_worker.step(event["tenant_id"], event["job_id"])
        return self._answer(event, job.next_due_at if job else None)

    def _carry_service(self, event: Mapping[str, Any]) -> dict[str, object]:
        product, id = event["product"], event["id"]
        match DueKind(event["kind"]):
            case DueKind.LANE:
                next_at = self.round_runner.step(product, id, event["number"]).next_due_at
            case DueKind.WINDOW:
                next_at = self.maintenance_desk.carry(product, id).next_due_at
            case _:
                next_at = self.wind_down_desk.carry(product).next_due_at
        return self._answer(event, next_at)
