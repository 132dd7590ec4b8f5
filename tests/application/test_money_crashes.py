"""The process dies after each single side effect in turn; what is taken up again ends in the same state.

Enumerated, not sampled: the scenario is run once to count its side effects, then once for each of them, dying
right after it. Whatever lived in that process is gone then; the stream, the sweep and the payer's browser go
on.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any

import pytest

from mohlat.application.place_order import PlacedOrder
from mohlat.application.quoting import Wanted
from mohlat.domain.durations import Duration
from mohlat.domain.errors import MohlatError
from mohlat.domain.ledger import balances, faults
from mohlat.domain.payments import OrderKind, Payment, PaymentStatus
from mohlat.domain.refunds import RefundStatus
from mohlat.domain.tenant import Closing, Tenant
from tests.application.fakes import Crash
from tests.application.world import World
from tests.builders import AGREEMENTS

MONTH, YEAR = Duration(months=1), Duration(months=12)
# What changes something that outlives the process: a write, or a call to the gateway that moves money.
EFFECTS = (
    ("tenants", "commit"),
    ("books", "write"),
    ("payments", "save"),
    ("invoices", "issue"),
    ("gateway", "request"),
    ("gateway", "verify"),
    ("gateway", "refund"),
)


class Dying(World):
    """A world that dies right after its `at`-th side effect, once."""

    def __init__(self, at: int) -> None:
        super().__init__(AGREEMENTS["trial"])
        self.at = at
        self.done: list[str] = []
        self.armed = False
        for part, method in EFFECTS:
            self._wrap(part, method)

    def _wrap(self, part: str, method: str) -> None:
        acted: Callable[..., Any] = getattr(getattr(self, part), method)

        @wraps(acted)
        def act(*args: Any, **named: Any) -> Any:
            result = acted(*args, **named)
            if self.armed:
                self.done.append(f"{part}.{method}")
                if len(self.done) == self.at:
                    self.armed = False
                    raise Crash
            return result

        setattr(getattr(self, part), method, act)

    def surviving(self, act: Callable[[], object]) -> None:
        """Runs a step of the scenario; dying ends that step and nothing else."""
        with suppress(Crash):
            act()


def recover(world: Dying, tenant: Tenant) -> None:
    """What goes on without whoever died: the stream, the watches, and everything that falls due."""
    for _ in range(60):
        world.dispatch_all(tenant)
        for payment in list(world.table.payments.values()):
            if payment.next_check_at and payment.next_check_at <= world.clock.now():
                world.payment_desk.check(payment.id)
        world.follow_refunds(tenant)
        due = [
            at
            for at in (
                *(payment.next_check_at for payment in world.table.payments.values()),
                *(refund.next_check_at for refund in world.books.refunds(tenant.id)),
            )
            if at
        ]
        if not due:
            return
        world.gateway.complete_refunds()
        world.clock.time = max(world.clock.time, min(due))
    pytest.fail("it does not come to rest")


def state(world: Dying, tenant: Tenant) -> dict[str, object]:
    """What has to be the same, whatever died on the way. Orders that never got to the gateway are left
    out.
    """
    stored = world.tenant(tenant)
    payments = world.table.payments.values()
    postings = world.books.postings(tenant.id)
    assert faults(tenant.id, postings) == []
    return {
        "phase": stored.phase,
        "plan": stored.term and stored.term.plan,
        "length": stored.term and stored.term.length,
        "values": stored.term and [part.value for part in stored.term.parts],
        "matters": stored.open_matters,
        "payments": sorted(
            (payment.status.value, payment.amount, sum(payment.refunds.values()))
            for payment in payments
            if not payment.failed
        ),
        "refunds": sorted((refund.status.value, refund.amount) for refund in world.books.refunds(tenant.id)),
        "balances": {account.value: amount for account, amount in balances(postings).items() if amount},
        "captured": world.gateway.taken(),
        "sent back": world.gateway.sent_back(),
        "invoices": [
            (invoice.kind.value, invoice.number, invoice.total)
            for invoice in sorted(world.invoices.of(tenant.id), key=lambda each: each.number)
        ],
    }


def ordered(world: Dying, tenant: Tenant, wanted: Wanted) -> PlacedOrder:
    """A customer who orders again if the shop did not answer, and pays."""
    try:
        placed = world.order_this(tenant, wanted)
    except Crash:
        placed = world.order_this(tenant, wanted)
    world.gateway.pay(placed.payment.authority or "")
    return placed


def the_granted(world: Dying) -> Payment:
    """The one payment that bought something."""
    (payment,) = [each for each in world.table.payments.values() if each.status is PaymentStatus.GRANTED]
    return payment


def buy(world: Dying, tenant: Tenant, wanted: Wanted) -> None:
    """A customer who pays, and whose browser comes back twice."""
    placed = ordered(world, tenant, wanted)
    world.surviving(lambda: world.come_back(placed))
    world.surviving(lambda: world.come_back(placed))


def payment_and_upgrade(world: Dying, tenant: Tenant) -> None:
    buy(world, tenant, Wanted(OrderKind.TERM, "basic", YEAR))
    world.clock.advance(days=40)
    world.surviving(lambda: world.catch_up(tenant))
    world.surviving(lambda: world.catch_up(tenant))
    buy(world, tenant, Wanted(OrderKind.UPGRADE, "plus"))


def payment_that_nobody_returns_from(world: Dying, tenant: Tenant) -> None:
    placed = ordered(world, tenant, Wanted(OrderKind.TERM, "basic", MONTH))
    world.gateway.lose_answers = 1
    for _ in range(4):
        world.clock.advance(hours=1)
        try:
            world.payment_desk.check(placed.payment.id)
        except Crash:
            continue


def money_for_a_closed_account(world: Dying, tenant: Tenant) -> None:
    placed = ordered(world, tenant, Wanted(OrderKind.TERM, "basic", MONTH))
    try:
        world.desk.close(tenant.id, Closing.TERMINATION, "user:owner")
    except Crash:
        assert world.tenant(tenant).closed_at
    world.surviving(lambda: world.come_back(placed))
    world.surviving(lambda: world.come_back(placed))


def partial_refunds(world: Dying, tenant: Tenant) -> None:
    buy(world, tenant, Wanted(OrderKind.TERM, "basic", YEAR))
    payment = the_granted(world)
    for amount in (2_000_000, 2_000_000):
        for _ in range(2):
            before = len(world.books.refunds(tenant.id))
            try:
                world.refund_desk.give_back(
                    tenant.id, payment.id, amount, "goodwill", "T-TRIAL", "operator:o"
                )
                break
            except Crash:
                # The operator looks first whether it is there, and asks again only if not.
                if len(world.books.refunds(tenant.id)) > before:
                    break
        for _ in range(3):
            world.surviving(lambda: world.follow_refunds(tenant))


def refund_with_a_silent_gateway(world: Dying, tenant: Tenant) -> None:
    buy(world, tenant, Wanted(OrderKind.TERM, "basic", YEAR))
    payment = the_granted(world)
    world.surviving(
        lambda: world.refund_desk.give_back(
            tenant.id, payment.id, 500_000, "goodwill", "T-TRIAL", "operator:o"
        )
    )
    world.gateway.lose_refunds = 1
    for _ in range(4):
        world.surviving(lambda: world.follow_refunds(tenant))
        world.clock.advance(minutes=15)


SCENARIOS = [
    payment_and_upgrade,
    payment_that_nobody_returns_from,
    money_for_a_closed_account,
    partial_refunds,
    refund_with_a_silent_gateway,
]


def live(scenario: Callable[[Dying, Tenant], None], at: int) -> tuple[Dying, dict[str, object]]:
    """Runs the scenario, dying after the `at`-th effect (0: never), and then whatever goes on."""
    world = Dying(at)
    tenant = world.register()
    world.armed = True
    scenario(world, tenant)
    if at:
        assert not world.armed, f"there is no effect {at}"
    else:
        world.armed = False
    recover(world, tenant)
    return world, state(world, tenant)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_dying_after_any_effect_ends_in_the_same_state(scenario: Callable[[Dying, Tenant], None]) -> None:
    world, expected = live(scenario, 0)
    effects = len(world.done)
    assert effects >= 4
    assert {refund.status for refund in world.books.refunds(next(iter(world.table.tenants)))} <= {
        RefundStatus.SETTLED
    }
    for at in range(1, effects + 1):
        died, ended = live(scenario, at)
        assert ended == expected, f"after {died.done[at - 1]} (effect {at} of {effects})"


def test_a_crash_is_nothing_that_code_could_catch() -> None:
    assert not issubclass(Crash, Exception)
    assert not issubclass(Crash, MohlatError)
