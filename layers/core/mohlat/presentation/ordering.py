"""How an order says what it wants, and where the payer goes from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mohlat.application.quoting import Recalled, Wanted, from_token
from mohlat.domain.errors import InvalidInput
from mohlat.domain.payments import OrderKind, PayPage
from mohlat.domain.quotes import NO_LENGTH
from mohlat.presentation.fields import duration, member, optional, our_id, slug, text

# What names the thing, by kind of order; a plan is renewed for a period and upgraded without one.
_NAMES = {
    OrderKind.TERM: ("plan", "period"),
    OrderKind.UPGRADE: ("plan",),
    OrderKind.EXTRA: ("extra",),
    OrderKind.DEBT: ("debt_id",),
    OrderKind.ESCROW: ("escrow_id",),
}
WANTED: Mapping[str, Any] = {
    "kind": optional(member(OrderKind), OrderKind.TERM),
    "plan": optional(slug),
    "period": optional(duration),
    "extra": optional(slug),
    "debt_id": optional(text(40)),
    "escrow_id": optional(text(40)),
}
_LONGEST_TOKEN = 400


def wanted(fields: Mapping[str, Any]) -> Wanted:
    """What the fields of `WANTED` ask for. Raises InvalidInput naming what is missing or out of place."""
    kind: OrderKind = fields["kind"]
    for name in {name for names in _NAMES.values() for name in names}:
        if name in _NAMES[kind] and fields[name] is None:
            raise InvalidInput(name, "is missing")
        if name not in _NAMES[kind] and fields[name] is not None:
            raise InvalidInput(name, "not part of such an order")
    subject = (
        fields["extra"]
        or _id(fields["debt_id"], "d", "debt_id")
        or _id(fields["escrow_id"], "e", "escrow_id")
    )
    return Wanted(kind, fields["plan"] or "", fields["period"] or NO_LENGTH, subject or "")


def _id(value: str | None, prefix: str, field: str) -> str | None:
    return our_id(value, prefix) if value else None


def wanted_or_quoted(fields: Mapping[str, Any]) -> Wanted | Recalled:
    """What an order asks for: either a quote that was told, or the thing itself. Raises InvalidInput."""
    token = fields["quote"]
    if token is None:
        return wanted(fields)
    for name in WANTED:
        if name != "kind" and fields[name] is not None:
            raise InvalidInput(name, "is said by the quote")
    return from_token(token)


QUOTE = optional(text(_LONGEST_TOKEN))


def pay_address(page: PayPage, own_page: str) -> str:
    """Where the payer's browser must go: the gateway's page, or ours that posts what the gateway wants."""
    return own_page if page.fields else page.url
