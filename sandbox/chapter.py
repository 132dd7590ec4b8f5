"""What the demo's chapters share: acts that hold or end the demo, customers with money, operators' calls."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx

from sandbox.api import Api, Customer, Operator, Unexpected


def expect(what: str, *conditions: bool) -> None:
    """Raises Unexpected, saying what was not so."""
    if not all(conditions):
        raise Unexpected(what)


def soon(question: Callable[[], Any], what: str, seconds: float = 30) -> Any:
    """The first answer that says something. Raises Unexpected when none comes in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := question():
            return answer
        time.sleep(0.2)
    raise Unexpected(f"waited in vain for {what}")


@dataclass
class Buyer:
    """A customer with money."""

    customer: Customer

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """A call about its account that succeeds."""
        return self.customer.api.ask(method, self.customer.path + path, body, token=self.customer.token)

    def call(self, method: str, path: str, body: object = None) -> httpx.Response:
        """A call about its account, whatever comes of it."""
        return self.customer.api.call(method, self.customer.path + path, body, token=self.customer.token)

    def refused(self, method: str, path: str, body: object, code: str) -> dict[str, Any]:
        """The problem document of a call that is refused in this way."""
        answer = self.call(method, path, body)
        problem: dict[str, Any] = answer.json()
        expect(
            f"{path} should be refused as {code}: {answer.text}", problem.get("type") == f"/problems/{code}"
        )
        return problem

    def buy(self, **wanted: str) -> dict[str, Any]:
        """Asks for the price, orders at it, pays and comes back. The order."""
        quote = self.ask("POST", "/quotes", wanted)
        order: dict[str, Any] = self.ask("POST", "/orders", {"quote": quote["quote"]})
        expect("the order charges what was quoted", order["amount_rials"] == quote["amount_rials"])
        receipt = self.customer.pay(order).json()
        expect(f"paying {wanted}: {receipt}", receipt["status"] == "granted")
        return order

    def ledger(self) -> dict[str, int]:
        """What each account holds; every posting has to add up to nothing."""
        told = self.ask("GET", "/ledger")
        expect("every posting balances", all(sum(each["lines"].values()) == 0 for each in told["postings"]))
        expect("no account is below nothing", all(amount >= 0 for amount in told["balances"].values()))
        balances: dict[str, int] = told["balances"]
        return balances

    def invoices(self) -> list[dict[str, Any]]:
        """Its invoices and credit notes."""
        found: list[dict[str, Any]] = self.ask("GET", "/invoices")["invoices"]
        return found


@dataclass
class Chapter:
    """One run of a chapter against a stack; `say` is told what is seen."""

    api: Api
    boss: Operator
    say: Callable[[str], None] = print
    acts: int = field(default=0)

    @contextmanager
    def act(self, title: str) -> Iterator[None]:
        """One act, told when it has held."""
        yield
        self.acts += 1
        self.say(f"  {self.acts:2}  {title}")

    def join(self, product: str, **details: Any) -> Buyer:
        """A new customer."""
        return Buyer(Customer(self.api, product, **details).join())

    def as_boss(self, method: str, path: str, body: object = None) -> Any:
        """An operator's call that succeeds."""
        return self.api.ask(method, path, body, token=self.boss.token)

    def to(self, moment: datetime) -> None:
        """Moves the clock there, unless it is past that."""
        if self.boss.now() < moment:
            self.boss.advance_to(moment)

    def settle_refunds(self, buyer: Buyer) -> None:
        """The bank carries out what the gateway was asked for, and the watch learns of it."""

        def asked() -> bool:
            refunds = buyer.ask("GET", "/refunds")["refunds"]
            return all(refund["status"] == "pending" for refund in refunds if refund["status"] != "settled")

        soon(asked, "the gateway to be asked")
        for refund in self.api.http.get("/pay/_test/refunds").json()["refunds"]:
            self.api.http.post(f"/pay/_test/refund/{refund['id']}/complete")
        self.boss.advance_to(self.boss.now() + timedelta(hours=7))

        def done() -> bool:
            refunds = buyer.ask("GET", "/refunds")["refunds"]
            return all(refund["status"] == "settled" for refund in refunds)

        soon(done, "the refunds to be settled")
