"""Telling a price before anything is ordered, and holding to it while the quote lives.

A quote is not stored: it is a question, the instant it was answered at, and the answer. An order that brings
it back has it counted again as of that instant, and has to arrive at the same total before the quote ends.
Whoever makes one up can only arrive at a price that was true within the quote's life.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime

from mohlat.application.ports import Agreements, Books, Clock, Tenants
from mohlat.domain.access import Operation, permit
from mohlat.domain.agreement import Agreement
from mohlat.domain.durations import Duration
from mohlat.domain.errors import Conflict, InvalidInput, TooLate
from mohlat.domain.escrow import EscrowStatus
from mohlat.domain.lifecycle import as_of
from mohlat.domain.payments import OrderKind
from mohlat.domain.quotes import (
    NO_LENGTH,
    Quote,
    quote_debt,
    quote_deposit,
    quote_extra,
    quote_term,
    quote_upgrade,
)
from mohlat.domain.tenant import Tenant, from_iso, iso


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to buy: a plan for a length, a dearer plan, or the extra, debt or escrow of an
    id.
    """

    kind: OrderKind
    plan: str = ""
    length: Duration = NO_LENGTH
    subject: str = ""


def price(
    tenant: Tenant, agreement: Agreement, newest: Agreement, wanted: Wanted, now: datetime, books: Books
) -> Quote:
    """What it costs at `now`. Raises InvalidInput for what is not offered, Conflict for what cannot be
    bought.
    """
    match wanted.kind:
        case OrderKind.TERM:
            return quote_term(tenant, newest, wanted.plan, wanted.length, now)
        case OrderKind.UPGRADE:
            return quote_upgrade(tenant, newest, wanted.plan, now)
        case OrderKind.EXTRA:
            return quote_extra(newest, wanted.subject, now)
        case OrderKind.DEBT:
            return quote_debt(tenant, agreement, wanted.subject, now)
        case OrderKind.ESCROW:
            escrow = books.escrow(tenant.id, wanted.subject)
            if agreement.escrow is None or escrow.status is not EscrowStatus.AGREED:
                raise Conflict("nothing is to be deposited", status=escrow.status.value)
            return quote_deposit(agreement, escrow.id, escrow.amount, now)


def quote(
    tenant_id: str, wanted: Wanted, *, tenants: Tenants, books: Books, agreements: Agreements, clock: Clock
) -> Quote:
    """The price that an order placed now would charge. Raises AccessRefused, InvalidInput, Conflict,
    NotFound.
    """
    now = clock.now()
    tenant = tenants.get(tenant_id)
    agreement = agreements.load(tenant.product, tenant.agreement_version)
    permit(tenant, agreement, operation_of(wanted.kind), now)
    tenant = as_of(tenant, agreement, now)
    return price(tenant, agreement, agreements.load(tenant.product), wanted, now, books)


def operation_of(kind: OrderKind) -> Operation:
    """What a tenant must be permitted for ordering this."""
    return Operation.RENEW if kind in (OrderKind.TERM, OrderKind.UPGRADE) else Operation.BUY


def as_token(wanted: Wanted, told: Quote) -> str:
    """The quote as a customer keeps it."""
    content = [
        wanted.kind.value,
        wanted.plan,
        str(wanted.length),
        wanted.subject,
        iso(told.quoted_at),
        told.total,
    ]
    text = json.dumps(content, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Recalled:
    """What a token says: what was wanted, when it was told, and the total then, in rials."""

    wanted: Wanted
    quoted_at: datetime
    total: int


def from_token(token: str) -> Recalled:
    """The quote that `as_token` wrote. Raises InvalidInput for anything else."""
    try:
        text = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        kind, plan, length, subject, quoted_at, total = json.loads(text)
        named = length if length == str(NO_LENGTH) else str(Duration.parse(length))
        if not all(isinstance(word, str) for word in (plan, subject)) or type(total) is not int:
            raise TypeError
        wanted = Wanted(
            OrderKind(kind), plan, NO_LENGTH if named == str(NO_LENGTH) else Duration.parse(named), subject
        )
        return Recalled(wanted, from_iso(quoted_at), total)
    except (ValueError, TypeError, binascii.Error):
        raise InvalidInput("quote", "not a quote of ours") from None


def recall(
    recalled: Recalled, tenant: Tenant, agreement: Agreement, newest: Agreement, now: datetime, books: Books
) -> Quote:
    """The quote as it was told, while it lives.

    Raises TooLate after its end, Conflict when it does not fit (any more): ask for a new one.
    """
    if recalled.quoted_at > now:
        raise InvalidInput("quote", "not a quote of ours")
    told = price(tenant, agreement, newest, recalled.wanted, recalled.quoted_at, books)
    if now >= told.valid_until:
        raise TooLate("the quote has ended", ended_at=iso(told.valid_until))
    if told.total != recalled.total:
        raise Conflict("the quote does not fit any more; ask for a new one")
    return told
