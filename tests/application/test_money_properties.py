"""Money under any order of events: thousands of steps, and after each the books agree with the gateway."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mohlat.application.place_order import PlacedOrder
from mohlat.application.quoting import Wanted
from mohlat.application.settle_payment import Decision
from mohlat.domain.durations import Duration
from mohlat.domain.errors import ConcurrentChange, GatewayRefused, GatewayUnavailable, MohlatError
from mohlat.domain.ledger import Account, balances, faults
from mohlat.domain.overuse import Usage
from mohlat.domain.payments import GatewayState, OrderKind, PaymentStatus, RefundState
from mohlat.domain.refunds import RefundStatus
from mohlat.domain.tenant import Closing, RestrictionKind, Tenant
from tests.application.world import World
from tests.builders import AGREEMENTS

MONTH, YEAR = Duration(months=1), Duration(months=12)
STEPS = 60
# Most of what ends an account, and with it the story, is thought better of.
_SELDOM = st.integers(min_value=0, max_value=30)


class Money(RuleBasedStateMachine):
    """One tenant, its orders and refunds, a gateway that may be down or silent, and time that goes on.

    The judge is the gateway's own memory: what it took and what it sends back. Our books must say the same.
    """

    def __init__(self) -> None:
        super().__init__()
        self.world = World(AGREEMENTS["credit"])
        self.world.gateway.captures_mismatch = True
        self.tenant: Tenant = self.world.register()
        self.placed: list[PlacedOrder] = []
        self.metered = 0

    def _try(self, act: object) -> object:
        assert callable(act)
        try:
            return act()
        except ConcurrentChange:
            raise
        except MohlatError:
            return None

    def _one(self, data: st.DataObject) -> PlacedOrder:
        return data.draw(st.sampled_from(self.placed))

    # --- what customers do ------------------------------------------------------------------------------

    @rule(plan=st.sampled_from(["basic", "plus"]), length=st.sampled_from([MONTH, YEAR]))
    def orders_a_term(self, plan: str, length: Duration) -> None:
        self._order(Wanted(OrderKind.TERM, plan, length))

    @rule(plan=st.sampled_from(["basic", "plus"]))
    def orders_an_upgrade(self, plan: str) -> None:
        self._order(Wanted(OrderKind.UPGRADE, plan))

    def _order(self, wanted: Wanted) -> None:
        placed = self._try(lambda: self.world.order_this(self.tenant, wanted))
        if isinstance(placed, PlacedOrder):
            self.placed.append(placed)

    @rule(plan=st.sampled_from(["basic", "basic", "plus"]), length=st.sampled_from([MONTH, YEAR]))
    def buys_a_term(self, plan: str, length: Duration) -> None:
        self._buy(Wanted(OrderKind.TERM, plan, length))

    @rule()
    def buys_an_upgrade(self) -> None:
        self._buy(Wanted(OrderKind.UPGRADE, "plus"))

    @rule(extra=st.sampled_from(["training", "export"]))
    def buys_an_extra(self, extra: str) -> None:
        self._buy(Wanted(OrderKind.EXTRA, subject=extra))

    def _buy(self, wanted: Wanted) -> None:
        """Most people simply order, pay and come back."""
        before = len(self.placed)
        self._order(wanted)
        for placed in self.placed[before:]:
            self.world.gateway.pay(placed.payment.authority or "")
            self._try(lambda placed=placed: self.world.come_back(placed))

    @rule(used=st.integers(min_value=0, max_value=3_000), billed=st.booleans())
    def is_metered(self, used: int, billed: bool) -> None:
        self.metered += 1
        usage = Usage(f"u-{self.metered}", "records", used, billed)
        self._try(lambda: self.world.usage_desk.report(self.tenant.id, usage, "operator:meter"))

    @precondition(lambda self: self.world.tenant(self.tenant).debts)
    @rule(data=st.data())
    def pays_a_debt(self, data: st.DataObject) -> None:
        debts = self.world.tenant(self.tenant).debts
        self._buy(Wanted(OrderKind.DEBT, subject=data.draw(st.sampled_from(debts)).id))

    @precondition(lambda self: self.placed)
    @rule(data=st.data(), wrong=st.sampled_from([0, 0, 0, 1, -1]))
    def pays(self, data: st.DataObject, wrong: int) -> None:
        authority = self._one(data).payment.authority or ""
        till = self.world.gateway.tills[authority]
        if till.state in (GatewayState.IN_BANK, GatewayState.FAILED):
            self.world.gateway.pay(authority, till.amount + wrong)

    @precondition(lambda self: self.placed)
    @rule(data=st.data())
    def turns_back(self, data: st.DataObject) -> None:
        till = self.world.gateway.tills[self._one(data).payment.authority or ""]
        if till.state is GatewayState.IN_BANK:
            till.state = GatewayState.FAILED

    @precondition(lambda self: self.placed)
    @rule(data=st.data(), ok=st.booleans())
    def comes_back(self, data: st.DataObject, ok: bool) -> None:
        placed = self._one(data)
        self._try(lambda: self.world.come_back(placed, claims_paid=ok))

    @precondition(lambda self: self.placed)
    @rule(data=st.data())
    def reports(self, data: st.DataObject) -> None:
        payment_id = self._one(data).payment.id
        self._try(lambda: self.world.payment_desk.report(payment_id, "user:owner"))

    @precondition(lambda self: self.placed)
    @rule(data=st.data())
    def gives_back(self, data: st.DataObject) -> None:
        payment_id = self._one(data).payment.id
        self._try(lambda: self.world.refund_desk.return_purchase(self.tenant.id, payment_id, "user:owner"))

    @rule(firmly=_SELDOM)
    def withdraws(self, firmly: int) -> None:
        if firmly:
            return
        self._try(lambda: self.world.refund_desk.withdraw(self.tenant.id, "user:owner", data_taken=True))

    @rule(firmly=_SELDOM)
    def closes(self, firmly: int) -> None:
        if firmly:
            return
        self._try(lambda: self.world.desk.close(self.tenant.id, Closing.TERMINATION, "user:owner"))

    # --- what operators do --------------------------------------------------------------------------------

    @precondition(lambda self: self.placed)
    @rule(data=st.data(), amount=st.integers(min_value=1, max_value=3_000_000))
    def returns_a_part(self, data: st.DataObject, amount: int) -> None:
        payment_id = self._one(data).payment.id
        self._try(
            lambda: self.world.refund_desk.give_back(
                self.tenant.id, payment_id, amount, "goodwill", "T-TRIAL", "operator:o"
            )
        )

    @precondition(lambda self: self.placed)
    @rule(data=st.data(), decision=st.sampled_from(list(Decision)))
    def decides(self, data: st.DataObject, decision: Decision) -> None:
        payment_id = self._one(data).payment.id
        self._try(lambda: self.world.payment_desk.decide(payment_id, decision, "operator:o"))

    @rule(block=st.sampled_from([False, False, False, True]))
    def blocks(self, block: bool) -> None:
        kind = RestrictionKind.BLOCKED
        if block:
            self._try(
                lambda: self.world.desk.restrict(self.tenant.id, kind, "abuse", "T-TRIAL", None, "operator:o")
            )
        else:
            self._try(lambda: self.world.desk.lift(self.tenant.id, kind, "mended", "operator:o"))

    # --- what the world does --------------------------------------------------------------------------------

    @rule(down=st.sampled_from([False, False, False, True]))
    def gateway_goes(self, down: bool) -> None:
        self.world.gateway.down = down

    @rule(refuses=st.sampled_from([False, False, False, True]))
    def credentials_change(self, refuses: bool) -> None:
        self.world.gateway.refuses = GatewayRefused() if refuses else None

    @rule()
    def an_answer_is_lost(self) -> None:
        self.world.gateway.lose_answers = 1

    @rule()
    def a_refunds_answer_is_lost(self) -> None:
        self.world.gateway.lose_refunds = 1

    @rule(state=st.sampled_from([RefundState.COMPLETED, RefundState.COMPLETED, RefundState.FAILED]))
    def the_bank_works(self, state: RefundState) -> None:
        for till in self.world.gateway.tills.values():
            till.refunds = [
                type(each)(each.amount, state) if each.state is RefundState.PENDING else each
                for each in till.refunds
            ]

    @rule(hours=st.sampled_from([0.05, 0.3, 1, 7, 25, 24 * 8]))
    def time_passes(self, hours: float) -> None:
        self.world.clock.advance(hours=hours)

    @rule()
    def everything_due_happens(self) -> None:
        self._watch()

    def _watch(self) -> None:
        for payment in list(self.world.table.payments.values()):
            self._ask(lambda payment=payment: self.world.payment_desk.check(payment.id))
        for refund in self.world.books.refunds(self.tenant.id):
            self._ask(lambda refund=refund: self.world.refund_follower.step(self.tenant.id, refund.id))

    def _ask(self, act: object) -> None:
        assert callable(act)
        # The execution tries again.
        with suppress(GatewayUnavailable, GatewayRefused):
            act()

    # --- what must hold -------------------------------------------------------------------------------------

    @invariant()
    def the_books_balance(self) -> None:
        assert faults(self.tenant.id, self.world.books.postings(self.tenant.id)) == []

    @invariant()
    def the_books_say_what_the_gateway_took(self) -> None:
        held = balances(self.world.books.postings(self.tenant.id))
        # What it took and we do not know of yet is on payments that are not decided.
        unknown = sum(
            self.world.gateway.tills[payment.authority].amount
            for payment in self.world.table.payments.values()
            if payment.authority
            and (payment.open or payment.failed)
            and self.world.gateway.tills[payment.authority].state is GatewayState.VERIFIED
        )
        assert held[Account.CAPTURED] == self.world.gateway.taken() - unknown

    @invariant()
    def never_more_goes_back_than_was_captured(self) -> None:
        for payment in self.world.table.payments.values():
            assert 0 <= sum(payment.refunds.values()) <= payment.captured
            if payment.authority:
                till = self.world.gateway.tills[payment.authority]
                back = sum(each.amount for each in till.refunds if each.state is not RefundState.FAILED)
                assert back <= sum(payment.refunds.values())

    @invariant()
    def nobody_pays_twice_for_one_thing(self) -> None:
        grants = [
            posting.source
            for posting in self.world.books.postings(self.tenant.id)
            if posting.id.startswith("grant#")
        ]
        granted = [
            payment.id
            for payment in self.world.table.payments.values()
            if payment.status is PaymentStatus.GRANTED
        ]
        assert sorted(grants) == sorted(granted)

    def teardown(self) -> None:
        """When it is quiet, every rial is granted, given back, or with a person."""
        gateway = self.world.gateway
        gateway.down, gateway.refuses, gateway.lose_answers, gateway.lose_refunds = False, None, 0, 0
        for _ in range(200):
            self._watch()
            self.the_bank_works(RefundState.COMPLETED)
            waiting = [
                at
                for at in (
                    *(payment.next_check_at for payment in self.world.table.payments.values()),
                    *(refund.next_check_at for refund in self.world.books.refunds(self.tenant.id)),
                )
                if at
            ]
            if not waiting:
                break
            self.world.clock.time = max(self.world.clock.time, min(waiting))
        else:
            raise AssertionError("it does not come to rest")
        self.the_books_balance()
        self.the_books_say_what_the_gateway_took()
        held = balances(self.world.books.postings(self.tenant.id))
        refunds = self.world.books.refunds(self.tenant.id)
        with_people = sum(
            each.amount for each in refunds if each.status in (RefundStatus.PAYOUT, RefundStatus.UNCERTAIN)
        )
        assert held[Account.RETURNING] == with_people
        on_hold = [
            payment.captured
            for payment in self.world.table.payments.values()
            if payment.status is PaymentStatus.HELD
        ]
        assert held[Account.HELD] == sum(on_hold)
        granted = held[Account.GRANTED] + held[Account.TAX]
        returned = held[Account.REFUNDED] + held[Account.RETURNING]
        # What was invoiced for overuse and is not paid yet was granted without money.
        assert held[Account.CAPTURED] + held[Account.OWED] == granted + returned + held[Account.HELD]
        for payment in self.world.table.payments.values():
            assert not payment.open
            assert payment.next_check_at is None
        assert self.world.tenant(self.tenant).version == len(
            self.world.tenants.journal(self.tenant.id, limit=100_000)
        )


Money.TestCase.settings = settings(
    max_examples=150,
    stateful_step_count=STEPS,
    deadline=timedelta(seconds=20),
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
TestMoney = pytest.mark.no_cover(Money.TestCase)
