"""`make demo`: four tenants live their whole lives on the running stack, over HTTP, in minutes.

The test clock stops one second before and one second after everything that falls due. What should not have
happened yet, or should have by then, is checked at each stop; a promise broken ends the demo with an error.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sandbox.api import Api, Customer, Mailbox, Operator, Unexpected, instant, text
from sandbox.demo_data import DataChapter
from sandbox.demo_money import MoneyChapter
from sandbox.demo_service import ServiceChapter

SECOND = timedelta(seconds=1)
# The kind of a deadline, and the event that carrying it out leaves in the timeline.
EVENTS = {
    "remind": "reminder_due",
    "end_trial": "trial_ended",
    "end_term": "term_ended",
    "suspend_unpaid_lease": "lease_suspended",
    "deactivate": "deactivated",
    "warn_of_deletion": "deletion_warned",
    "purge": "purged",
}


@dataclass
class Life:
    """One tenant of the demo: what it is about, and when it pays for what."""

    title: str
    customer: Customer
    pays: tuple[str, str] | None = None
    paid: bool = False
    kept: list[dict[str, Any]] = field(default_factory=list)
    purge: dict[str, Any] | None = None

    def upcoming(self) -> tuple[datetime, dict[str, Any] | None] | None:
        """When what happens next: a deadline, or paying (None). None once the tenant is gone."""
        if self.purge:
            return None
        coming = self.customer.deadlines()
        ends = [due for due in coming if due["kind"] in ("end_trial", "suspend_unpaid_lease")]
        if self.pays and not self.paid and ends:
            # Half a day before a trial ends or an invoice is due, these customers make up their mind.
            decided_at = instant(ends[0]["at"]) - timedelta(hours=12)
            if decided_at < instant(coming[0]["at"]):
                return decided_at, None
        return (instant(coming[0]["at"]), coming[0]) if coming else None

    def status(self) -> str:
        """Phase and access as the API tells them."""
        state = self.customer.get()
        return f"{state['phase']}, access {state['access']}"


def member(api: Api, group: str) -> Operator:
    """The stack's operator or partner: from the environment, or the one that the local stack made."""
    variable = f"MOHLAT_{group.upper()}"
    name, password = os.environ.get(variable), os.environ.get(f"{variable}_PASSWORD")
    if not (name and password):
        state = Path(os.environ.get("MOHLAT_STATE") or ".local/stack")
        kept = json.loads((state / f"{group}.json").read_text())
        name, password = kept["username"], kept["password"]
    return Operator(api, name, password)


def begin(life: Life) -> None:
    """Registers the tenant and gives it something to lose."""
    customer = life.customer.join()
    for number in range(3):
        body = {"data": {"name": f"customer {number}", "mobile": f"0912000000{number}"}}
        customer.api.ask("PUT", f"{customer.path}/records/c{number}", body, token=customer.token)
    print(f"  {customer.product:14} {customer.tenant_id}  {life.status()}")


def pay(life: Life) -> None:
    """Pays what the life is meant to pay."""
    assert life.pays
    receipt = life.customer.pay(life.customer.order(*life.pays))
    life.paid = True
    what, outcome = " for ".join(life.pays), receipt.json()["status"]
    print(f"  {life.customer.product:14} ordered {what}: {outcome}, {life.status()}")


def step(boss: Operator, life: Life, deadline: dict[str, Any]) -> None:
    """One second before a deadline nothing has happened; one second after it has."""
    at, event = instant(deadline["at"]), EVENTS[deadline["kind"]]
    if boss.now() < at - SECOND:
        boss.advance_to(at - SECOND)
    before = life.customer.timeline()
    if any(entry["event"] == event and entry["at"] == deadline["at"] for entry in before):
        raise Unexpected(f"{life.title}: {event} came before {deadline['at']}")
    life.kept = before
    boss.advance_to(max(at + SECOND, boss.now()))
    if deadline["kind"] == "purge":
        answer = life.customer.api.call("GET", life.customer.path, token=life.customer.token)
        if answer.status_code != 410:
            raise Unexpected(f"{life.title}: purged, but still there: {answer.text}")
        life.purge = boss.api.ask("GET", f"/purges/{life.customer.tenant_id}", token=boss.token)
        return
    life.kept = life.customer.timeline()
    if not any(entry["event"] == event and entry["at"] == deadline["at"] for entry in life.kept):
        raise Unexpected(f"{life.title}: {event} did not come at {deadline['at']}")


def show(life: Life, mailbox: Mailbox) -> None:
    """The timeline: when (Jalali and ISO), what, why, by which clause, and what was sent."""
    print(f"\n{life.title}   {life.customer.tenant_id}")
    for entry in life.kept:
        sent = ", ".join(
            f"{message['channel']} {message['kind']} {message['status']}" for message in entry["messages"]
        )
        print(f"  {entry['at']}  {entry['at_jalali']}")
        print(f"      {entry['event']}: {entry['why']}  [{entry['clause']}]{'  -> ' + sent if sent else ''}")
    if life.purge:
        gone = life.purge
        print(f"  {gone['committed_at']}  {gone['committed_at_jalali']}")
        print(
            f"      purged: {gone['why']}  [{gone['clause']}]  deleted {gone['deleted']}, left {gone['left']}"
        )
    received = mailbox.to(life.customer.email, life.customer.mobile)
    print(f"  messages received: {len(received)}")


def main() -> int:
    """Runs the demo against MOHLAT_URL, or the local stack."""
    started = time.monotonic()
    api = Api(os.environ.get("MOHLAT_URL") or f"http://127.0.0.1:{os.environ.get('MOHLAT_PORT') or 3000}")
    boss, mailbox = member(api, "operator"), Mailbox(api)
    print("money")
    acts = MoneyChapter(api, boss, partner=member(api, "partner")).run()
    print(f"{acts} acts, and the ledger balanced after each\n")
    print("data")
    print(f"{DataChapter(api, boss).run()} acts\n")
    print("service")
    print(f"{ServiceChapter(api, boss).run()} acts\n")
    lives = [
        Life("kalo, never paid", Customer(api, "kalo")),
        Life("kalo, paid on day 29", Customer(api, "kalo"), ("starter", "P1M")),
        Life("customer_club, one month paid", Customer(api, "customer_club"), ("silver", "P1M")),
        Life("saman360, first invoice paid", Customer(api, "saman360"), ("basic", "P3M")),
    ]
    print(f"registering at {text(boss.now())} by the stack's clock")
    for life in lives:
        begin(life)
        # So that no two of them share a second, and each deadline can be looked at by itself.
        boss.advance_to(boss.now() + timedelta(minutes=10))
    stops = 0
    while waiting := [(*coming, life) for life in lives if (coming := life.upcoming())]:
        at, deadline, life = min(waiting, key=lambda item: item[0])
        if deadline:
            step(boss, life, deadline)
            stops += 1
        else:
            boss.advance_to(max(at, boss.now()))
            pay(life)
    for life in lives:
        show(life, mailbox)
    took = time.monotonic() - started
    print(f"\n{len(lives)} lives, {stops} deadlines, each seen a second before and after, in {took:.0f} s")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Unexpected, OSError) as failure:
        sys.exit(f"demo: {failure}")
