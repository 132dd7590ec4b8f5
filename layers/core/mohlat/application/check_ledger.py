"""The nightly look at the ledger: whether it holds together, and agrees with payments and refunds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from mohlat.application.ports import Books, Clock, Payments
from mohlat.domain.errors import NotFound
from mohlat.domain.ledger import Account, Fault, Posting, balances, faults
from mohlat.domain.payments import Payment, PaymentStatus
from mohlat.domain.refunds import Refund, RefundStatus

# Money that we owe back is asked for within minutes: after this long something is stuck.
_PATIENCE = timedelta(days=3)
_NOT_ASKED_FOR = (RefundStatus.RESERVED, RefundStatus.CALLING)


@dataclass(frozen=True, slots=True)
class Report:
    """What a run found. Of `tenants` it looked at `checked`; `next_after` is where to go on if it was cut
    off.
    """

    day: str
    tenants: int
    checked: int
    faults: tuple[Fault, ...]
    next_after: str | None = None


class LedgerCheck:
    """Looks at the tenants that anything was booked for on a day."""

    def __init__(self, *, books: Books, payments: Payments, clock: Clock) -> None:
        self._books = books
        self._payments = payments
        self._clock = clock

    def run(self, day: str, *, after: str = "", until: Callable[[], bool] = lambda: False) -> Report:
        """Checks every tenant that was touched on a UTC day such as 2026-11-25, with ids above `after`.

        Those that were touched three days before it are looked at again, because what got stuck then is never
        booked again. `until` says when this run has to end (a worker lives minutes only).
        """
        earlier = (date.fromisoformat(day) - _PATIENCE).isoformat()
        touched = sorted(self._books.touched_on(day) | self._books.touched_on(earlier))
        waiting = [tenant_id for tenant_id in touched if tenant_id > after]
        found: list[Fault] = []
        for place, tenant_id in enumerate(waiting):
            if until():
                last = waiting[place - 1] if place else after
                return Report(day, len(waiting), place, tuple(found), last)
            found += self._check(tenant_id)
        return Report(day, len(waiting), len(waiting), tuple(found))

    def _check(self, tenant_id: str) -> list[Fault]:
        found = list(self._look(tenant_id))
        # Its rows are read one after another while money moves: only what stands twice is a fault.
        again = list(self._look(tenant_id)) if found else []
        return [fault for fault in found if fault in again]

    def _look(self, tenant_id: str) -> Iterator[Fault]:
        postings = self._books.postings(tenant_id)
        refunds = self._books.refunds(tenant_id)
        payments = self._payments_of(tenant_id, postings, refunds)
        yield from faults(tenant_id, postings)
        yield from _payment_faults(tenant_id, postings, payments, refunds)
        yield from _refund_faults(tenant_id, postings, refunds, self._clock.now())
        yield from _balance_faults(tenant_id, postings, payments, refunds)
        for payment in payments.values():
            if payment and payment.status is PaymentStatus.HELD and not self._looked_after(payment):
                yield Fault(tenant_id, payment.id, "it is held, and no ticket is open for it")

    def _payments_of(
        self, tenant_id: str, postings: list[Posting], refunds: list[Refund]
    ) -> dict[str, Payment | None]:
        """Every payment that the ledger, a refund or an order names; None for one that is not there."""
        named = {posting.source for posting in postings if posting.source.startswith("p_")}
        named |= {refund.payment_id for refund in refunds}
        named |= {order.payment_id for order in self._payments.orders(tenant_id)}
        return {payment_id: self._payment(payment_id) for payment_id in sorted(named)}

    def _payment(self, payment_id: str) -> Payment | None:
        try:
            return self._payments.get(payment_id)
        except NotFound:
            return None

    def _looked_after(self, payment: Payment) -> bool:
        try:
            return self._books.ticket(payment.tenant_id, payment.ticket_id or "").open
        except NotFound:
            return False


def _payment_faults(
    tenant_id: str, postings: list[Posting], payments: dict[str, Payment | None], refunds: list[Refund]
) -> Iterator[Fault]:
    """Each payment has captured what the ledger says, and what goes back of it is on record, and no more."""
    paid_by = {refund.id: refund.payment_id for refund in refunds}
    captured: Counter[str] = Counter()
    for posting in postings:
        captured[paid_by.get(posting.source, posting.source)] += posting.lines.get(Account.CAPTURED, 0)
    for payment_id, payment in payments.items():
        if payment is None:
            yield Fault(tenant_id, payment_id, "there is no such payment")
            continue
        if captured[payment_id] != payment.captured:
            what = f"{payment.captured} rials were captured, {captured[payment_id]} are booked"
            yield Fault(tenant_id, payment_id, what)
        if sum(payment.refunds.values()) > payment.captured:
            yield Fault(tenant_id, payment_id, "more of it goes back than was captured")
        mine = {refund.id: refund.amount for refund in refunds if refund.payment_id == payment_id}
        if mine != dict(payment.refunds):
            yield Fault(tenant_id, payment_id, "its refunds are not those that are on record")


def _refund_faults(
    tenant_id: str, postings: list[Posting], refunds: list[Refund], now: datetime
) -> Iterator[Fault]:
    """Each refund is booked as far as it went, and goes on."""
    returning = {posting.id: posting.lines.get(Account.RETURNING, 0) for posting in postings}
    for refund in refunds:
        settled = refund.amount if refund.done else 0
        booked = (returning.get(f"return#{refund.id}", 0), returning.get(f"settle#{refund.id}", 0))
        if booked != (-refund.amount, settled):
            yield Fault(tenant_id, refund.id, f"it is {refund.status.value} and not booked like that")
        if refund.status in _NOT_ASKED_FOR and now > refund.created_at + _PATIENCE:
            yield Fault(tenant_id, refund.id, "nobody was asked for it in three days")


def _balance_faults(
    tenant_id: str, postings: list[Posting], payments: dict[str, Payment | None], refunds: list[Refund]
) -> Iterator[Fault]:
    """What lies in an account is what its payments and refunds say lies there."""
    expected = {
        Account.HELD: sum(
            payment.captured
            for payment in payments.values()
            if payment and payment.status is PaymentStatus.HELD
        ),
        Account.RETURNING: sum(refund.amount for refund in refunds if not refund.done),
    }
    booked = balances(postings)
    for account, amount in expected.items():
        if booked[account] != amount:
            yield Fault(
                tenant_id, account.value, f"holds {booked[account]} rials, {amount} are accounted for"
            )
