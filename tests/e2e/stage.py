"""What the end-to-end tests stand on: a deployed stack behind its front door, reached over HTTP only."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

import httpx

from sandbox.api import Api, Customer, Mailbox, Operator, instant

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)

T = TypeVar("T")


@dataclass
class Stage:
    """A stack under test and somebody who operates it.

    Attributes:
        api: its front door.
        boss: an operator, signed in.
        partner: a business partner, signed in, where the stack has one.
    """

    api: Api
    boss: Operator
    partner: Operator | None = None
    mailbox: Mailbox = field(init=False)

    def __post_init__(self) -> None:
        self.mailbox = Mailbox(self.api)

    def customer(self, product: str, **details: Any) -> Customer:
        """Somebody who wants to use a product and has done nothing yet."""
        return Customer(self.api, product, **details)

    def join(self, product: str, **details: Any) -> Customer:
        """A new customer: registered, confirmed, signed in."""
        return self.customer(product, **details).join()

    def now(self) -> datetime:
        """The stack's present instant."""
        return self.boss.now()

    def just_before(self, moment: datetime) -> None:
        """Moves the clock to shortly before an instant, with some time left to look around.

        The edge itself, one second before and after, is the unit tests': here the clock runs, and a busy
        machine takes seconds to answer.
        """
        self.boss.advance_to(max(moment - 20 * SECOND, self.now()))

    def just_after(self, moment: datetime) -> None:
        """Moves the clock to one second after an instant, unless it is past that already."""
        self.boss.advance_to(max(moment + SECOND, self.now()))

    def as_operator(self, method: str, path: str, body: object = None, **options: Any) -> Any:
        """The answer to an operator's call that succeeds. Raises Unexpected."""
        return self.boss.api.ask(method, path, body, token=self.boss.token, **options)

    def timeline(self, customer: Customer) -> list[dict[str, Any]]:
        """Everything that happened to a customer, as operators see it."""
        found: list[dict[str, Any]] = []
        page = self.as_operator("GET", f"{customer.path}/timeline", limit=100)
        found += page["entries"]
        while page["next_cursor"]:
            page = self.as_operator("GET", f"{customer.path}/timeline", limit=100, cursor=page["next_cursor"])
            found += page["entries"]
        return found

    def received(self, customer: Customer) -> list[dict[str, Any]]:
        """Mail and SMS that reached a customer."""
        return self.mailbox.to(customer.email, customer.mobile)

    def purge_of(self, customer: Customer) -> dict[str, Any]:
        """The ledger's entry of a customer's finished deletion; waits for the end of it."""

        def finished() -> dict[str, Any] | None:
            answer = self.api.call("GET", f"/purges/{customer.tenant_id}", token=self.boss.token)
            entry: dict[str, Any] = answer.json()
            return entry if answer.status_code == 200 and entry["finished"] else None

        return eventually(finished, f"the deletion of {customer.tenant_id} to be certified")


def eventually(question: Callable[[], T | None], what: str, seconds: float = 60) -> T:
    """The first answer that is neither None nor False. Fails when none comes in time."""
    end = time.monotonic() + seconds
    while True:
        answer = question()
        if answer is not None and answer is not False:
            return answer
        assert time.monotonic() < end, f"waited {seconds:.0f} s in vain for {what}"
        time.sleep(0.1)


def what_happened(entries: list[dict[str, Any]]) -> list[tuple[str, datetime]]:
    """Events and when each took effect, in order."""
    return [(entry["event"], instant(entry["at"])) for entry in entries]


def what_comes(customer: Customer) -> list[tuple[str, datetime]]:
    """The kinds of a customer's deadlines and their instants, in order."""
    return [(due["kind"], instant(due["at"])) for due in customer.deadlines()]


def messages_of(entries: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """What was sent for these entries and how, in order of the entries. Fails for anything not sent."""
    sent = [message for entry in entries for message in entry["messages"]]
    assert {message["status"] for message in sent} <= {"sent"}, sent
    return [(message["kind"], message["channel"]) for message in sent]


def settled_messages(stage: Stage, customer: Customer, owed: int) -> list[tuple[str, str]]:
    """`messages_of` a customer's timeline once `owed` of them are there; sending follows the event."""

    def all_there() -> list[dict[str, Any]] | None:
        entries = stage.timeline(customer)
        waiting = [m for entry in entries for m in entry["messages"] if m["status"] in ("sending", "waiting")]
        count = sum(len(entry["messages"]) for entry in entries)
        return entries if count >= owed and not waiting else None

    return messages_of(eventually(all_there, f"{owed} messages to {customer.tenant_id}"))


def put(customer: Customer, record_id: str, data: dict[str, Any]) -> httpx.Response:
    """A customer writes a record, whatever comes of it."""
    return customer.api.call(
        "PUT", f"{customer.path}/records/{record_id}", {"data": data}, token=customer.token
    )


def assert_problem(answer: httpx.Response, status: int, code: str, **members: object) -> dict[str, Any]:
    """The problem document of an answer, which must have this status, type and members."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    body: dict[str, Any] = answer.json()
    assert body["type"] == f"/problems/{code}", body
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    for name, value in members.items():
        assert body.get(name) == value, body
    return body
