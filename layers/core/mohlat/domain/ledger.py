"""The ledger: append-only double entry in rials per tenant. Nothing else keeps a balance.

A posting moves money between accounts, and its lines always add up to nothing. Debits are positive: what came
in (`captured`), what is still owed to us (`owed`), what we gave (`compensated`). Credits are negative: what
we owe or have earned. A posting's id names the one effect it stands for, so the same effect is never booked
twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mohlat.domain.errors import MohlatError


class Unbalanced(MohlatError):
    """Money would appear or vanish: a fault of ours; nothing may be written."""

    code = "unbalanced"


class Account(StrEnum):
    """Where money can be.

    captured     taken by a gateway for us (debit)
    owed         invoiced for use above the limits and not paid yet (debit)
    compensated  given for a fault of ours (debit)
    held         captured, and a person has to decide what it is for
    granted      earned: service was granted for it
    tax          value added tax on what was granted
    returning    owed back and on its way
    refunded     given back
    escrowed     deposited before agreed work
    payable      released from escrow, owed to the partner
    credited     owed to the customer as compensation
    paid_out     paid to a partner or customer by a person, not through the gateway
    """

    CAPTURED = "captured"
    OWED = "owed"
    COMPENSATED = "compensated"
    HELD = "held"
    GRANTED = "granted"
    TAX = "tax"
    RETURNING = "returning"
    REFUNDED = "refunded"
    ESCROWED = "escrowed"
    PAYABLE = "payable"
    CREDITED = "credited"
    PAID_OUT = "paid_out"


_DEBIT = frozenset({Account.CAPTURED, Account.OWED, Account.COMPENSATED})


@dataclass(frozen=True, slots=True)
class Posting:
    """One effect on money: `id` is "<effect>#<subject>", such as grant#p_…; `at` is UTC.

    `lines` are signed rials, debits positive. `source` is the payment, refund, debt or credit that it is
    about. Raises Unbalanced for lines that do not add up to nothing.
    """

    id: str
    tenant_id: str
    product: str
    source: str
    at: datetime
    clause: str
    lines: Mapping[Account, int]

    def __post_init__(self) -> None:
        """Balanced by construction."""
        if sum(self.lines.values()) != 0 or not any(self.lines.values()):
            raise Unbalanced(posting=self.id, lines={account.value: n for account, n in self.lines.items()})


def posting(
    effect: str, source: str, tenant_id: str, product: str, at: datetime, clause: str, **lines: int
) -> Posting:
    """A posting of these signed rials by account name; accounts with nothing are left out."""
    booked = {Account(name): amount for name, amount in lines.items() if amount}
    return Posting(f"{effect}#{source}", tenant_id, product, source, at, clause, booked)


def balances(postings: Iterable[Posting]) -> dict[Account, int]:
    """What each account holds, as people say it: never negative in a healthy ledger."""
    sums: Counter[Account] = Counter()
    for each in postings:
        sums.update(each.lines)
    return {account: sums[account] if account in _DEBIT else -sums[account] for account in Account}


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in a ledger that cannot be right; `subject` is an account or the source of postings."""

    tenant_id: str
    subject: str
    what: str


def faults(tenant_id: str, postings: Iterable[Posting]) -> list[Fault]:
    """What is wrong with a tenant's ledger: unbalanced sums, accounts below nothing, more back than came
    in.
    """
    postings = list(postings)
    found: list[Fault] = []
    if len({each.id for each in postings}) != len(postings):
        found.append(Fault(tenant_id, "postings", "an effect is booked twice"))
    found += [
        Fault(tenant_id, each.id, "its lines do not add up to nothing")
        for each in postings
        if sum(each.lines.values()) != 0
    ]
    held = balances(postings)
    found += [
        Fault(tenant_id, account.value, f"is {amount} rials")
        for account, amount in held.items()
        if amount < 0
    ]
    if held[Account.REFUNDED] + held[Account.RETURNING] > held[Account.CAPTURED]:
        found.append(Fault(tenant_id, Account.REFUNDED.value, "more went back than was captured"))
    return found
