"""docs/payments.md, walked: every cell of its tables, with the real adapters against their stand-ins.

Each cell is walked plainly, with the event twice, and with each fault in the gateway's next call (or the one
after that) and the same event again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mohlat.adapters.gateways.behpardakht import Behpardakht
from mohlat.adapters.gateways.sep import Sep
from mohlat.adapters.gateways.zarinpal import ZarinPal
from mohlat.adapters.gateways.zibal import Zibal
from mohlat.adapters.http import HttpClient
from mohlat.application.ports import PaymentGateway
from mohlat.application.settle_payment import PaymentDesk
from mohlat.domain.errors import GatewayUnavailable
from mohlat.domain.payments import Callback, Payment, with_receipt
from tests.application.world import World as Shop

DOCUMENT = Path(__file__).parents[2] / "docs" / "payments.md"
PRIORS = {
    "While it is open": "open",
    "After it failed, while the order could still be paid": "failed",
    "After it failed, and the order had expired": "expired",
}
EVENTS = ["says OK", "says NOK", "looks"]
STATES = ["in bank", "paid", "verified", "failed", "reversed", "other amount", "unknown", "silent"]
GATEWAYS = ["zarinpal", "zibal", "sep", "behpardakht"]
BY_RECEIPT = ("sep", "behpardakht")
FAULTS = [["lost-response"], ["500"], ["html502"], ["timeout"]]
# The first call is answered, and what the second one did is unknown.
SECOND_LOST = ["", "lost-response"]
# Nobody ever gave these.
MADE_UP = {"sep": "jJnBmy/IojtTemplUH5ke9ULCGtDtb", "behpardakht": "5142510"}


@dataclass(frozen=True)
class Cell:
    """One cell: what the payment was before, the gateway's state, the event, and the status afterwards."""

    prior: str
    state: str
    event: str
    status: str

    def __str__(self) -> str:
        return f"{self.prior}: {self.state}, {self.event}"


def tables() -> Iterator[Cell]:
    for section in DOCUMENT.read_text(encoding="utf-8").split("\n## ")[1:]:
        title, _, text = section.partition("\n")
        if title not in PRIORS:
            continue
        head, _, *rows = (
            [each.strip() for each in line.strip("|").split("|")]
            for line in text.splitlines()
            if line.startswith("|")
        )
        for state, *statuses in rows:
            for event, status in zip(head[1:], statuses, strict=True):
                yield Cell(PRIORS[title], state, event, status)


CELLS = list(tables())
IN_BANK = {(cell.prior, cell.event): cell.status for cell in CELLS if cell.state == "in bank"}


def test_the_document_has_every_cell() -> None:
    full = [(prior, state, event) for prior in ("open", "failed") for state in STATES for event in EVENTS]
    full += [("expired", state, event) for state in ("paid", "verified") for event in EVENTS]
    assert [(cell.prior, cell.state, cell.event) for cell in CELLS] == full


class Walk:
    """One payment of a shop of its own, at a real adapter, brought into a cell's prior and state."""

    def __init__(self, cell: Cell, name: str, world: Any, gateway: PaymentGateway, hasty: PaymentGateway):
        self.cell = cell
        self.by_receipt = name in BY_RECEIPT
        self.fake = world.gateway if name == "zarinpal" else getattr(world, name)
        self.shop = shop = Shop()
        self.fake._clock = shop.clock
        # Each shop counts its orders from one.
        self.fake.state.sessions.clear()
        self.fake.state.faults.clear()
        # Nothing goes back but where the cell says so.
        self.fake.config.reversal_after = None
        shop.gateway_named = lambda _: gateway  # type: ignore[assignment,method-assign,return-value]
        self.desk, self.hasty_desk = (
            PaymentDesk(
                gateway=each,
                payments=shop.payments,
                books=shop.books,
                tenants=shop.tenants,
                dispatches=shop.dispatches,
                publications=shop.publications,
                agreements=shop.agreements,
                ids=shop.ids,
                clock=shop.clock,
            )
            for each in (gateway, hasty)
        )
        placed = shop.order(shop.register())
        self.id, self.authority = placed.payment.id, placed.payment.authority or ""
        if cell.prior != "open":
            self.desk.called_back(Callback(self.authority, claims_paid=False))
            assert self.payment.status == "cancelled"
        if cell.prior == "expired":
            shop.clock.time = placed.order.expires_at
        self.receipt = self._set_up(name, gateway)

    @property
    def payment(self) -> Payment:
        return self.shop.payments.get(self.id)

    def _set_up(self, name: str, gateway: PaymentGateway) -> str | None:
        session = self.fake.state.sessions[self.authority]
        if self.cell.state in ("in bank", "failed", "unknown"):
            session.status = "FAILED" if self.cell.state == "failed" else "IN_BANK"
            session.cancelled = self.cell.state == "failed"
            if self.cell.state == "unknown":
                del self.fake.state.sessions[self.authority]
            return MADE_UP.get(name) if self.cell.state == "unknown" else None
        self.fake._pay(session)
        receipt = gateway.read_callback(dict(session.brought_back(paid=True))).receipt
        if self.cell.state == "verified":
            gateway.verify(self.authority, session.amount, receipt)
        if self.cell.state == "reversed":
            session.status = "REVERSED"
        if self.cell.state == "other amount":
            session.amount += 10_000
        return receipt

    def happen(self, fault: str = "") -> str:
        """The event; the payment's status afterwards."""
        desk = self.hasty_desk if fault == "timeout" else self.desk
        if self.cell.event == "looks":
            if self.receipt and self.payment.receipt is None:
                # The browser had brought it, and the gateway's answer was lost then.
                self.shop.payments.save(with_receipt(self.payment, self.receipt))
            self.shop.clock.time = max(
                self.shop.clock.time, self.payment.next_check_at or self.shop.clock.time
            )
            desk.check(self.id)
        else:
            try:
                desk.called_back(Callback(self.authority, self.cell.event == "says OK", self.receipt))
            except GatewayUnavailable:
                assert fault
        if fault == "timeout" and (self.receipt or not self.by_receipt):
            self._until_the_fault_is_gone()
        return self.payment.status.value

    def _until_the_fault_is_gone(self) -> None:
        """The client gave up, so the stand-in may still be about to hear of it."""
        limit = time.monotonic() + 0.2
        while self.fake.state.faults == ["timeout"] and time.monotonic() < limit:
            time.sleep(0.001)

    def money_adds_up(self) -> None:
        """Every rial that was taken bought something, goes back, or waits for a person (invariant 4)."""
        payment = self.payment
        if payment.status == "granted":
            assert (payment.captured, dict(payment.refunds)) == (payment.amount, {})
        elif payment.status == "owed_back":
            assert payment.captured == sum(payment.refunds.values()) == payment.amount
        elif payment.status != "held":
            assert payment.captured == 0


def impossible(cell: Cell, name: str) -> str:
    """Why a gateway has no such cell; nothing if it has."""
    if name in BY_RECEIPT and cell.event == "looks" and cell.state == "reversed":
        return "it can only be verified, and that does not tell money that went back from none"
    if name in BY_RECEIPT and cell.event == "looks" and (cell.prior, cell.state) == ("open", "failed"):
        return "without a receipt it cannot be asked: the payment ends as expired"
    if name == "behpardakht" and cell.state == "other amount":
        return (
            "it neither takes nor tells an amount: the order's number stands for the one it was opened with"
        )
    return ""


def expected(cell: Cell, name: str) -> str:
    """A receipt that nobody gave is forged, and says as little as none."""
    if name in BY_RECEIPT and cell.state == "unknown":
        return IN_BANK[cell.prior, cell.event]
    return cell.status


def adapter(name: str, world: Any, http: HttpClient) -> PaymentGateway:
    match name:
        case "zarinpal":
            return ZarinPal(world.pay_url, "5e7f3f0c-1c57-4d3b-9a57-0f3a5c0e7b11", http)
        case "zibal":
            return Zibal(world.zibal_url, "zibal", http)
        case "sep":
            return Sep(world.sep_url, "other", http)
    config = world.behpardakht.config
    credentials = (config.terminal_id, config.username, config.password)
    return Behpardakht(world.behpardakht_url, *credentials, http)


@pytest.fixture(scope="module")
def clients() -> tuple[HttpClient, HttpClient]:
    return HttpClient(2, 5), HttpClient(2, 0.02)


@pytest.mark.parametrize("name", GATEWAYS)
@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_a_cell_holds_whatever_happens_in_between(
    cell: Cell, name: str, world: Any, clients: tuple[HttpClient, HttpClient]
) -> None:
    if why := impossible(cell, name):
        pytest.skip(why)
    gateway, hasty = (adapter(name, world, client) for client in clients)
    outcome = expected(cell, name)

    def walk() -> Walk:
        return Walk(cell, name, world, gateway, hasty)

    if cell.state == "silent":
        for fault in ("lost-response", "500", "html502", "timeout"):
            once = walk()
            for _ in range(2):
                once.fake.state.faults[:] = [fault]
                assert once.happen(fault) == outcome, fault
            once.money_adds_up()
        return
    twice = walk()
    assert [twice.happen(), twice.happen()] == [outcome, outcome]
    twice.money_adds_up()
    asked_twice = cell.event == "looks" or name == "behpardakht"
    for faults in [*FAULTS, SECOND_LOST] if asked_twice else FAULTS:
        again = walk()
        again.fake.state.faults[:] = faults
        again.happen(faults[-1])
        # What is not asked meets nothing.
        asked = again.receipt is not None or not again.by_receipt
        assert faults is SECOND_LOST or bool(again.fake.state.faults) is not asked
        again.fake.state.faults.clear()
        assert again.happen() == outcome, faults
        again.money_adds_up()
