"""Extras that were paid for and not yet had: what lets somebody do once more what costs."""

from __future__ import annotations

from collections.abc import Collection

from mohlat.application.ports import Payments
from mohlat.domain.payments import OrderKind, PaymentStatus


def unused_extra(payments: Payments, tenant_id: str, extra: str, used: Collection[str]) -> str | None:
    """The oldest paid order of an extra that is not among those `used`."""
    for order in reversed(payments.orders(tenant_id)):
        if order.kind is not OrderKind.EXTRA or order.subject != extra or order.id in used:
            continue
        if payments.get(order.payment_id).status is PaymentStatus.GRANTED:
            return order.id
    return None
