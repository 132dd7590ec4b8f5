"""A tenant's whole life in memory: the stream, the queue and the executions are played, the clock is ours."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import cast

from mohlat.application.advance_tenant import REST, Wake
from mohlat.application.dispatch_entry import dispatch_payment
from mohlat.application.ports import DueItem, DueKind
from mohlat.application.send_notices import send_entry
from mohlat.domain.agreement import Agreement
from mohlat.domain.errors import MohlatError
from mohlat.domain.journal import Entry
from mohlat.domain.lifecycle import Workflow
from mohlat.domain.notices import Dispatch, NoticeStatus
from mohlat.domain.purge import Store
from mohlat.domain.tenant import iso
from tests.application.desks import Office
from tests.fakes import START

Line = tuple[str, str, str, str]
END_OF_TIME = datetime(2300, 1, 1, tzinfo=UTC)
# Rows that say themselves when somebody has to look at them next.
_STEPPED = (DueKind.REFUND, DueKind.REQUEST, DueKind.DATA_JOB, DueKind.LANE, DueKind.WIND_DOWN)


def at(text: object) -> datetime:
    """The instant in an execution's state."""
    return datetime.strptime(str(text), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def messages(outcomes: list[Dispatch]) -> str:
    """What was handed over: `kind:channel`, or how it ended otherwise."""
    told = [
        f"{outcome.kind.value}:{outcome.channel.value}"
        + ("" if outcome.status is NoticeStatus.SENT else f"({outcome.status.value})")
        for outcome in outcomes
    ]
    return " ".join(told)


class Life(Office):
    """A world that moves by itself. `story` holds (instant, event, clause, messages) of all that happened."""

    def __init__(self, agreement: Agreement) -> None:
        super().__init__(agreement)
        self.clock.time = START
        self.story: list[Line] = []
        self.waiting: dict[str, tuple[Wake, datetime]] = {}
        self._dispatched: set[tuple[str, int]] = set()
        self._watched: dict[str, datetime] = {}
        self._begun: set[tuple[str, str]] = set()

    def run_to(self, end: datetime) -> None:
        """Lets time pass to `end`; everything on the way happens at its own instant."""
        self._settle()
        while (instant := self._next()) and instant <= end:
            self.clock.time = max(self.clock.time, instant)
            self._wake()
            self._settle()
        self.clock.time = max(self.clock.time, end)

    def run_out(self) -> None:
        """Lets everything happen that happens if nobody does anything."""
        self.run_to(END_OF_TIME)

    def told(self) -> list[Line]:
        """What happened since the last time this was asked."""
        story, self.story = self.story, []
        return story

    def _next(self) -> datetime | None:
        instants = [wake.wake_at for wake, _ in self.waiting.values()]
        rows = [item.at for item in self._rows(END_OF_TIME)]
        return min([*instants, *self._watched.values(), *rows], default=None)

    def _rows(self, until: datetime) -> list[DueItem]:
        return [item for item in self.due.overdue(until) if item.kind in _STEPPED]

    def _wake(self) -> None:
        now = self.clock.now()
        for name, (wake, started_at) in list(self.waiting.items()):
            if wake.wake_at <= now:
                later = self.advance(wake, name, started_at)
                self.waiting[name] = (later, started_at)
                if later.due == REST:
                    del self.waiting[name]
        for payment_id, instant in list(self._watched.items()):
            if instant <= now:
                payment = self.payment_desk.check(payment_id)
                self._watched[payment_id] = payment.next_check_at or now
                if payment.next_check_at is None:
                    del self._watched[payment_id]
        for item in self._rows(now):
            self._step(item)

    def _step(self, item: DueItem) -> None:
        match item.kind:
            case DueKind.REFUND:
                self.refund_follower.step(item.tenant_id, item.id)
            case DueKind.DATA_JOB:
                self.data_worker.step(item.tenant_id, item.id)
            case DueKind.WIND_DOWN:
                self.wind_down_desk.carry(item.product)
            case DueKind.LANE:
                self.round_runner.step(item.product, item.id, item.seq)
            case _:
                self.request_desk.ring(item.tenant_id, item.id)

    def _settle(self) -> None:
        """The stream delivers, the queue is emptied, executions start."""
        while (fresh := sorted(set(self.table.journal) - self._dispatched)) or self._unbegun():
            for key in fresh:
                self._dispatched.add(key)
                self._follow(key)
            for payment in list(self.table.payments.values()):
                dispatch_payment(payment, workflows=self.workflows, clock=self.clock)
            for begun in self._unbegun():
                self._begun.add(begun)
                self._begin(*begun)

    def _unbegun(self) -> list[tuple[str, str]]:
        return [begun for begun in self.workflows.started if begun not in self._begun]

    def _follow(self, key: tuple[str, int]) -> None:
        entry = self.table.journal[key]
        self.queue.messages.clear()
        self.dispatch(entry)
        outcomes: list[Dispatch] = []
        for message in self.queue.messages:
            try:
                outcomes += send_entry(
                    cast(str, message["tenant_id"]),
                    cast(int, message["seq"]),
                    tenants=self.tenants,
                    agreements=self.agreements,
                    sender=self.sender,
                )
            except MohlatError:
                outcomes += [sent for sent in self.dispatches.of(entry.tenant_id) if self._of(entry, sent)]
        self.story.append((iso(entry.at), entry.event.value, entry.clause, messages(outcomes)))

    @staticmethod
    def _of(entry: Entry, sent: Dispatch) -> bool:
        return sent.key in {notice.key for notice in entry.notices}

    def _begin(self, workflow: str, name: str) -> None:
        state = self.workflows.started[workflow, name]
        if workflow == "payment":
            self._watched[str(state["payment_id"])] = at(state["wake_at"])
        elif workflow == "purge":
            self._purge(str(state["tenant_id"]))
        elif workflow == Workflow.SUBSCRIPTION.value and state["due"] != REST:
            wake = Wake(
                str(state["tenant_id"]),
                cast(int, state["generation"]),
                str(state["due"]),
                str(state["deadline"]),
                at(state["wake_at"]),
            )
            self.waiting[name] = (wake, self.clock.wall(self.clock.now()))

    def _purge(self, tenant_id: str) -> None:
        for store in (Store.RECORDS, Store.OBJECTS):
            self.shredder.erase(tenant_id, store)
        self.tell_owner(tenant_id)
        told = [sent for sent in self.dispatches.of(tenant_id) if sent.kind.value == "data_deleted"]
        for store in (Store.USERS, Store.SECURITY_LOG, Store.TENANT, Store.KEY):
            self.shredder.erase(tenant_id, store)
        entry = self.shredder.certify(tenant_id)
        assert entry.finished_at
        self.story.append((iso(entry.finished_at), "certified", entry.clause, messages(told)))
