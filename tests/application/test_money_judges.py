"""The judges of the money tests, judged: each planted fault is found by exactly the check that is there for
it.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mohlat.application import settle_payment
from mohlat.application.quoting import Wanted
from mohlat.domain import bookkeeping, payments
from mohlat.domain.durations import Duration
from mohlat.domain.ledger import Posting, Unbalanced, posting
from mohlat.domain.payments import OrderKind, Payment, PaymentStatus
from tests.application.test_money_properties import Money

Patch = pytest.MonkeyPatch
WANTED = Wanted(OrderKind.TERM, "basic", Duration(months=1))


def bought() -> Money:
    """A tenant that has paid for a month."""
    money = Money()
    money._buy(WANTED)
    assert [payment.status for payment in money.world.table.payments.values()] == [PaymentStatus.GRANTED]
    return money


def checks(money: Money) -> list[Callable[[], None]]:
    """Every check that runs after each step."""
    return [
        money.the_books_balance,
        money.the_books_say_what_the_gateway_took,
        money.never_more_goes_back_than_was_captured,
        money.nobody_pays_twice_for_one_thing,
    ]


def broken(money: Money) -> list[str]:
    """The names of the checks that fail."""
    found = []
    for check in checks(money):
        try:
            check()
        except AssertionError:
            found.append(check.__name__)
    return found


def test_nothing_is_found_where_nothing_was_planted() -> None:
    assert broken(bought()) == []


def test_a_posting_of_half_the_sum_is_found(monkeypatch: Patch) -> None:
    honest = bookkeeping.granted

    def half(payment: Payment, *arguments: object, **named: object) -> Posting:
        posting = honest(payment, *arguments, **named)  # type: ignore[arg-type]
        lines = {account: amount // 2 for account, amount in posting.lines.items()}
        return Posting(
            posting.id, posting.tenant_id, posting.product, posting.source, posting.at, posting.clause, lines
        )

    monkeypatch.setattr(bookkeeping, "granted", half)
    assert broken(bought()) == ["the_books_say_what_the_gateway_took"]


def test_money_that_vanishes_in_a_posting_cannot_even_be_written() -> None:
    with pytest.raises(Unbalanced):
        posting("grant", "p", "t", "x", bought().world.clock.now(), "T", captured=10, granted=-9)


def test_a_refund_beyond_what_was_captured_is_found(monkeypatch: Patch) -> None:
    monkeypatch.setattr(payments.Payment, "returnable", property(lambda _: 10**9))
    money = bought()
    (payment,) = money.world.table.payments.values()
    for _ in range(2):
        money.world.refund_desk.give_back(
            money.tenant.id, payment.id, payment.amount, "goodwill", "T-TRIAL", "operator:o"
        )
    assert "never_more_goes_back_than_was_captured" in broken(money)


def test_a_refund_that_is_asked_for_twice_is_found() -> None:
    money = bought()
    (payment,) = money.world.table.payments.values()
    money.world.refund_desk.give_back(
        money.tenant.id, payment.id, 500_000, "goodwill", "T-TRIAL", "operator:o"
    )
    money._watch()
    assert broken(money) == []
    # As if a crash had made it forget that it had asked.
    money.world.gateway.refund(payment.reference or "", 500_000, "r")
    assert broken(money) == ["never_more_goes_back_than_was_captured"]


def test_a_payment_granted_without_a_posting_is_found(monkeypatch: Patch) -> None:
    money = Money()
    write = money.world.tenants.commit

    def forget(transition: object, due: object, rows: tuple[object, ...] = ()) -> object:
        return write(transition, due, [row for row in rows if not isinstance(row, Posting)])  # type: ignore[arg-type]

    monkeypatch.setattr(money.world.tenants, "commit", forget)
    money._buy(WANTED)
    assert broken(money) == ["the_books_say_what_the_gateway_took", "nobody_pays_twice_for_one_thing"]


def test_money_that_stays_in_between_is_found(monkeypatch: Patch) -> None:
    """Paid, and held for nobody: when it is quiet, this has to be missed."""
    monkeypatch.setattr(settle_payment, "can_be_granted", lambda *_: False)
    money = Money()
    money._buy(WANTED)
    money.teardown()
    (refund,) = money.world.books.refunds(money.tenant.id)
    monkeypatch.setattr(money.world.books, "refunds", lambda _: [])
    held = money.world.books.postings(money.tenant.id)
    monkeypatch.setattr(
        money.world.books, "postings", lambda _: [each for each in held if each.id != f"settle#{refund.id}"]
    )
    with pytest.raises(AssertionError):
        money.teardown()
