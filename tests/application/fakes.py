"""Fakes of the world outside for the use cases: a gateway, a mailbox, telephones, a clock that is ahead."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

from mohlat.application.ports import HandOver, Message, MessageOrder, Row
from mohlat.domain.agreement import Agreement
from mohlat.domain.errors import ConcurrentChange, GatewayUnavailable, MohlatError, NotFound
from mohlat.domain.lifecycle import Transition
from mohlat.domain.payments import Callback, GatewayState, Verdict, Verification
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
    captured: int | None = None


class FakeGateway:
    """`PaymentGateway` in memory: verifying captures what was paid; twice is allowed and says so."""

    def __init__(self, name: str = "zarinpal") -> None:
        self.name = name
        self.tills: dict[str, Till] = {}
        self.down = False
        self.refuses: MohlatError | None = None
        self.lose_answers = 0
        self.captures = 0
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
    ) -> str:
        self._answer()
        authority = f"A{next(self._numbers):035d}"
        self.tills[authority] = Till(amount)
        return authority

    def pay_url(self, authority: str) -> str:
        return f"https://pay.test/{authority}"

    def read_callback(self, query: Mapping[str, str]) -> Callback:
        return Callback(query["authority"], query["paid"] == "yes")

    def pay(self, authority: str, amount: int | None = None) -> None:
        """The customer pays (what was asked, unless said otherwise)."""
        till = self.tills[authority]
        till.state = GatewayState.PAID
        till.amount = till.amount if amount is None else amount

    def verify(self, authority: str, amount: int) -> Verification:
        self._answer()
        till = self.tills.get(authority)
        if till is None:
            return Verification(Verdict.UNKNOWN_AUTHORITY)
        if till.state not in (GatewayState.PAID, GatewayState.VERIFIED):
            return Verification(Verdict.NOT_PAID)
        if till.amount != amount:
            return Verification(Verdict.AMOUNT_MISMATCH)
        repeated = till.state is GatewayState.VERIFIED
        self.captures += not repeated
        till.state = GatewayState.VERIFIED
        if self.lose_answers:
            self.lose_answers -= 1
            raise GatewayUnavailable
        return Verification(Verdict.PAID, repeated, "R-1", "6219-86**-****-1234", 101 if repeated else 100)

    def inquire(self, authority: str) -> GatewayState:
        self._answer()
        return self.tills[authority].state

    def _answer(self) -> None:
        if self.down:
            raise GatewayUnavailable
        if self.refuses:
            raise self.refuses


class FakeMailer:
    """`Mailer` that keeps what it sent; `failure` is raised instead while it is set."""

    def __init__(self) -> None:
        self.sent: list[Mapping[str, str]] = []
        self.failure: Exception | None = None

    def send(self, *, sender: str, to: str, subject: str, text: str, html: str) -> HandOver:
        if self.failure:
            raise self.failure
        self.sent.append({"sender": sender, "to": to, "subject": subject, "text": text})
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


class Crash(BaseException):
    """The process died; nothing catches this."""
