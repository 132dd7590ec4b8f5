"""Whatever forbids a purge, placed at every step around and inside it: one of the two wins, never both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mohlat.agreements import loader
from mohlat.application.contest_invoice import DisputeDesk
from mohlat.application.handle_requests import RequestDesk
from mohlat.application.manage_tenant import TenantDesk
from mohlat.application.transitions import retrying
from mohlat.domain.agreement import Phase
from mohlat.domain.data_requests import Right
from mohlat.domain.errors import Gone
from mohlat.domain.invoices import Invoice
from mohlat.domain.lifecycle import DeadlineKind, next_deadline
from mohlat.domain.payments import PaymentStatus
from mohlat.domain.tenant import Tenant
from tests.application.world import World
from tests.builders import days


class Intruder:
    """Comes in before the n-th look at a store or write to one, once; otherwise after everything."""

    def __init__(self, world: World, at_call: int, act: Callable[[], object]) -> None:
        self.calls = 0
        self.at_call = at_call
        self.act = act
        self.refused: Exception | None = None
        self.came = False
        for owner, names in (
            (world.tenants, ("get", "commit", "journal", "mark_followed")),
            (world.dispatches, ("of",)),
        ):
            for name in names:
                setattr(owner, name, self._watched(getattr(owner, name)))

    def _watched(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: object, **named: object) -> object:
            if not self.came:
                self.calls += 1
                if self.calls == self.at_call:
                    self.come()
            return method(*args, **named)

        return call

    def come(self) -> None:
        self.came = True
        try:
            self.act()
        except Gone as gone:
            self.refused = gone


def at_the_purge() -> tuple[World, Tenant]:
    """A tenant with an invoice whose purge is due this second, and whose last warning was handed over."""
    world = World()
    tenant = world.buy(world.register())
    world.invoice_desk.for_order(tenant.id, world.payments.orders(tenant.id)[0].id)
    while (
        due := next_deadline(world.tenant(tenant), world.agreement)
    ) and due.kind is not DeadlineKind.PURGE:
        world.send_all()
        world.clock.time = max(world.clock.time, due.at)
        world.catch_up(tenant)
    assert due
    world.send_all()
    world.clock.time = max(world.clock.time, due.at)
    return world, world.tenant(tenant)


def hold(world: World, tenant: Tenant) -> object:
    desk = TenantDesk(
        tenants=world.tenants,
        dispatches=world.dispatches,
        requests=world.requests,
        agreements=world.agreements,
        ids=world.ids,
        clock=world.clock,
    )
    return desk.place_hold(tenant.id, "proceedings", "court", "T-TRIAL", (), by="operator:o")


def pay(world: World, tenant: Tenant) -> object:
    return world.buy(tenant)


def contest(world: World, tenant: Tenant) -> object:
    desk = DisputeDesk(
        invoices=world.invoices,
        books=world.books,
        tenants=world.tenants,
        agreements=world.agreements,
        ids=world.ids,
        clock=world.clock,
    )
    (invoice,) = world.table.invoices.values()
    # The right to contest ended long ago; what matters here is one that is open.
    late: Invoice = invoice
    world.clock.time, now = late.issued_at, world.clock.time
    try:
        return desk.dispute(tenant.id, invoice.id, "wrong", "user:u", ticket_id=None)
    finally:
        world.clock.time = now


def export(world: World, tenant: Tenant) -> object:
    return world.export_desk.begin(tenant.id, "user:u")


def ask(world: World, tenant: Tenant) -> object:
    rule = loader.load("kalo").data_requests
    world.agreements.known[:] = [replace(world.agreement, data_requests=rule)]
    desk = RequestDesk(
        requests=world.requests,
        books=world.books,
        tenants=world.tenants,
        desk=world.desk,
        agreements=world.agreements,
        security_log=world.security_log,
        ids=world.ids,
        clock=world.clock,
    )
    return desk.receive(tenant.id, Right.ACCESS, "what do you have about me?", "user:u")


INTRUSIONS = {
    "hold": hold,
    "order": pay,
    "dispute": contest,
    "data request": ask,
    "export": export,
}


# Who orders or contests something makes up for what is due first, the purge included.
EXPECTED = {
    "hold": {False, True},
    "order": {True},
    "dispute": {False, True},
    "data request": {False, True},
    "export": {False, True},
}


@pytest.mark.clause("KALLU-6")
@pytest.mark.parametrize("name", INTRUSIONS)
def test_whoever_commits_first_wins_at_every_step(name: str) -> None:
    outcomes = []
    for at_call in range(1, 40):
        world, tenant = at_the_purge()
        intruder = Intruder(world, at_call, lambda w=world, t=tenant: INTRUSIONS[name](w, t))  # type: ignore[misc]
        retrying(lambda w=world, t=tenant: w.catch_up(w.tenants.get(t.id)))  # type: ignore[misc]
        inside = intruder.came
        if not inside:
            intruder.come()
        after = world.tenants.get(tenant.id)
        purged = after.phase is Phase.PURGED
        # Never both, never neither.
        assert purged is (intruder.refused is not None), (at_call, after)
        assert purged is (tenant.id in world.table.ledger)
        outcomes.append(purged)
        if purged:
            # Whoever pays now gets the money back; nothing revives (invariant 2).
            assert not any(
                payment.status is PaymentStatus.REQUESTED for payment in world.table.payments.values()
            )
        else:
            held_back = after.holds or after.open_matters or after.phase is Phase.ACTIVE
            assert held_back, after
            # Still nothing is deleted a day later, when the purge would be tried again.
            world.clock.time += days(1)
            world.send_all()
            world.catch_up(after)
            assert world.tenants.get(tenant.id).phase is not Phase.PURGED
        if not inside:
            break
    # Once the purge has won it wins ever after; where the intruder may come first, both were tried.
    assert outcomes == sorted(outcomes)
    assert len(outcomes) > 3
    assert set(outcomes) == EXPECTED[name]


def test_money_on_its_way_stops_the_purge_whenever_it_arrives() -> None:
    calls = 0
    while True:
        calls += 1
        world, tenant = at_the_purge()
        # Ordered a moment before the purge was due.
        world.clock.time -= days(0.01)
        placed = world.paid_order(tenant)
        world.clock.time += days(0.01)
        intruder = Intruder(world, calls, lambda w=world, p=placed: w.come_back(p))  # type: ignore[misc]
        retrying(lambda w=world, t=tenant: w.catch_up(w.tenants.get(t.id)))  # type: ignore[misc]
        inside = intruder.came
        if not inside:
            intruder.come()
        assert world.tenants.get(tenant.id).phase is Phase.ACTIVE
        assert [payment.status for payment in world.table.payments.values()][-1] is PaymentStatus.GRANTED
        assert tenant.id not in world.table.ledger
        if not inside:
            break
    assert calls > 2
