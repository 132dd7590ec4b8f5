"""Fakes of the world outside for the use cases: a gateway, a mailbox, telephones, a clock that is ahead."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count

from mohlat.application.ports import HandOver, Message, MessageOrder, Row
from mohlat.domain.agreement import Agreement
from mohlat.domain.errors import (
    ConcurrentChange,
    GatewayUnavailable,
    MohlatError,
    NoRefundRoute,
    NotFound,
)
from mohlat.domain.lifecycle import Transition
from mohlat.domain.payments import (
    Callback,
    GatewayState,
    Opening,
    PayPage,
    RefundState,
    RegisteredRefund,
    Verdict,
    Verification,
)
from mohlat.domain.tenant import Tenant
from tests.fakes import START, FakeTenants, Table


class FakeAgreements:
    """`Agreements` from a test's own: the last version added of a product is the newest."""

    def __init__(self, *agreements: Agreement) -> None:
        self.known = list(agreements)

    def load(self, product: str, version: str | None = None) -> Agreement:
        for agreement in reversed(self.known):
            if agreement.product == product and version in (None, agreement.version):
                return agreement
        raise NotFound(product=product)

    def products(self) -> tuple[str, ...]:
        return tuple(sorted({agreement.product for agreement in self.known}))


class OffsetClock:
    """A test clock that is `ahead` of the wall's."""

    def __init__(self, start: datetime = START, ahead: timedelta = timedelta()) -> None:
        self.time = start
        self.ahead = ahead

    def now(self) -> datetime:
        return self.time

    def wall(self, instant: datetime) -> datetime:
        return instant - self.ahead

    def advance(self, **length: float) -> datetime:
        """Moves it on by a timedelta's arguments."""
        self.time += timedelta(**length)
        return self.time


@dataclass
class Till:
    """A payment as the gateway has it."""

    amount: int
    state: GatewayState = GatewayState.IN_BANK
    receipt: str | None = None
    refunds: list[RegisteredRefund] = field(default_factory=list)


class FakeGateway:
    """`PaymentGateway` in memory: verifying captures what was paid; twice is allowed and says so.

    With `wants_receipts` it is asked by what the browser brings back, as SEP and Behpardakht are; with
    `refundable` it sends money back and lists it, otherwise there is no way. Refunds have no key: two calls
    are two refunds. `lose_answers` and `lose_refunds` do what was asked and say nothing.
    """

    def __init__(self, name: str = "zarinpal") -> None:
        self.name = name
        self.tills: dict[str, Till] = {}
        self.down = False
        self.refuses: MohlatError | None = None
        self.lose_answers = 0
        self.lose_refunds = 0
        self.captures = 0
        self.wants_receipts = False
        self.refundable = True
        self.least_refund = 20_000
        self.captures_mismatch = False
        self.on_call: Callable[[str], None] = lambda _: None
        self._numbers = count(1)

    def request(
        self,
        *,
        amount: int,
        description: str,
        callback_url: str,
        order_id: str,
        mobile: str | None = None,
        email: str | None = None,
    ) -> Opening:
        self._answer("request")
        authority = f"A{next(self._numbers):035d}"
        self.tills[authority] = Till(amount)
        return Opening(authority, f"token-{authority}" if self.wants_receipts else None)

    def pay_page(self, authority: str, token: str | None = None) -> PayPage:
        fields = {"Token": token} if token else {}
        return PayPage(f"https://pay.test/{authority}", fields)

    def read_callback(self, parameters: Mapping[str, str]) -> Callback:
        return Callback(parameters["authority"], parameters["paid"] == "yes", parameters.get("receipt"))

    def pay(self, authority: str, amount: int | None = None) -> Callback:
        """The customer pays (what was asked, unless said otherwise). What the browser brings back then."""
        till = self.tills[authority]
        till.state = GatewayState.PAID
        till.amount = till.amount if amount is None else amount
        if self.wants_receipts:
            till.receipt = f"R{authority}"
        return Callback(authority, claims_paid=True, receipt=till.receipt)

    def verify(self, authority: str, amount: int, receipt: str | None = None) -> Verification:
        self._answer("verify")
        till = self.tills.get(authority)
        if till is None:
            return Verification(Verdict.UNKNOWN_AUTHORITY)
        if till.state not in (GatewayState.PAID, GatewayState.VERIFIED) or till.receipt != receipt:
            return Verification(Verdict.NOT_PAID)
        if till.amount != amount:
            if not self.captures_mismatch:
                return Verification(Verdict.AMOUNT_MISMATCH)
            till.state = GatewayState.VERIFIED
            reference = f"R-{int(authority[1:])}"
            return Verification(Verdict.AMOUNT_MISMATCH, reference=reference, captured=till.amount)
        repeated = till.state is GatewayState.VERIFIED
        self.captures += not repeated
        till.state = GatewayState.VERIFIED
        if self.lose_answers:
            self.lose_answers -= 1
            raise GatewayUnavailable
        reference = f"R-{int(authority[1:])}"
        return Verification(
            Verdict.PAID, repeated, reference, "6219-86**-****-1234", code=101 if repeated else 100
        )

    def inquire(self, authority: str, receipt: str | None = None) -> GatewayState:
        self._answer("inquire")
        till = self.tills[authority]
        if self.wants_receipts and receipt is None:
            return GatewayState.IN_BANK
        return till.state

    def refund(self, reference: str, amount: int, refund_id: str) -> None:
        self._answer("refund")
        till = self._till(reference)
        left = till.amount - sum(each.amount for each in till.refunds)
        if not self.refundable or amount < self.least_refund or amount > left:
            raise NoRefundRoute
        till.refunds.append(RegisteredRefund(amount, RefundState.PENDING))
        if self.lose_refunds:
            self.lose_refunds -= 1
            raise GatewayUnavailable

    def refunds_of(self, reference: str) -> tuple[RegisteredRefund, ...]:
        self._answer("refunds_of")
        if not self.refundable:
            raise NoRefundRoute
        return tuple(self._till(reference).refunds)

    def complete_refunds(self, state: RefundState = RefundState.COMPLETED) -> None:
        """The bank has carried out (or turned down) every refund that it had."""
        for till in self.tills.values():
            till.refunds = [replace(each, state=state) for each in till.refunds]

    def sent_back(self) -> int:
        """All rials that the gateway sends or has sent back."""
        return sum(
            each.amount
            for till in self.tills.values()
            for each in till.refunds
            if each.state is not RefundState.FAILED
        )

    def taken(self) -> int:
        """All rials that it captured for us."""
        return sum(till.amount for till in self.tills.values() if till.state is GatewayState.VERIFIED)

    def _till(self, reference: str) -> Till:
        return self.tills[f"A{int(reference.removeprefix('R-')):035d}"]

    def _answer(self, method: str) -> None:
        self.on_call(method)
        if self.down:
            raise GatewayUnavailable
        if self.refuses:
            raise self.refuses


class FakeMailer:
    """`Mailer` that keeps what it sent; `failure` is raised instead while it is set."""

    def __init__(self) -> None:
        self.sent: list[Mapping[str, str]] = []
        self.failure: Exception | None = None

    def send(
        self, *, sender: str, to: str, subject: str, text: str, html: str, unsubscribe: str | None = None
    ) -> HandOver:
        if self.failure:
            raise self.failure
        message = {"sender": sender, "to": to, "subject": subject, "text": text}
        self.sent.append(message | ({"unsubscribe": unsubscribe} if unsubscribe else {}))
        return HandOver("mail", f"m-{len(self.sent)}")


class FakeSms:
    """`SmsSender` that drops repetitions of a reference, as Kavenegar does."""

    def __init__(self) -> None:
        self.sent: dict[int, Mapping[str, str]] = {}
        self.calls: list[int] = []
        self.failure: Exception | None = None

    def send(
        self, *, mobile: str, template: str, tokens: Mapping[str, str], text: str, reference: int
    ) -> HandOver:
        if self.failure:
            raise self.failure
        self.calls.append(reference)
        self.sent.setdefault(reference, {"to": mobile, "text": text})
        return HandOver("sms", f"s-{reference}")


class FakeWording:
    """`Wording` that names the kind of message, and the code where there is one."""

    def write(self, message: MessageOrder) -> Message:
        text = f"{message.kind.value} {message.code or ''}".strip()
        return Message(message.kind.value, text, text, text, message.kind.value, {"token": text})


class RacingTenants(FakeTenants):
    """`Tenants` safe for threads; `before_commit` runs once, between somebody's read and their write."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self._lock = threading.RLock()
        self.lose = 0
        self.before_commit: list[object] = []

    def commit(
        self, transition: Transition, next_due_at: datetime | None, rows: Sequence[Row] = ()
    ) -> Tenant:
        while self.before_commit:
            action = self.before_commit.pop(0)
            assert callable(action)
            action()
        with self._lock:
            if self.lose:
                self.lose -= 1
                raise ConcurrentChange(tenant_id=transition.after.id)
            return super().commit(transition, next_due_at, rows)
