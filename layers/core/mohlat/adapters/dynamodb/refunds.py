"""Refunds, beside the tenant's other money."""

from __future__ import annotations

from pynamodb.transactions import TransactWrite

from mohlat.adapters.dynamodb.money import MovingItem, below, money_pk, one, payer_of
from mohlat.adapters.dynamodb.table import compact, unmoved
from mohlat.domain.refunds import Refund, RefundReason, RefundStatus
from mohlat.domain.tenant import from_iso, iso

REFUND = "REFUND#"


class RefundItem(MovingItem):
    """A refund, in the due index while it goes on by itself."""


def add_refund(write: TransactWrite, refund: Refund) -> None:
    """Adds a refund: a new one, or the next version of what is stored."""
    doc = compact(
        {
            "product": refund.product,
            "payment_id": refund.payment_id,
            "order_id": refund.order_id,
            "gateway": refund.gateway,
            "reference": refund.reference,
            "amount": refund.amount,
            "vat": refund.vat or None,
            "reason": refund.reason.value,
            "clause": refund.clause,
            "status": refund.status.value,
            "created_at": iso(refund.created_at),
            "called_at": iso(refund.called_at) if refund.called_at else None,
            "registered_before": refund.registered_before or None,
            "settled_at": iso(refund.settled_at) if refund.settled_at else None,
            "ticket_id": refund.ticket_id,
            "note": refund.note,
        }
    )
    item = RefundItem(money_pk(refund.tenant_id), REFUND + refund.id, version=refund.version, doc=doc)
    item.set_due(refund.id, refund.next_check_at)
    write.save(item, unmoved(RefundItem.version, refund.version))


def get(tenant_id: str, refund_id: str) -> Refund:
    """Read consistently. Raises NotFound."""
    return _refund(one(RefundItem, tenant_id, REFUND + refund_id))


def of(tenant_id: str) -> list[Refund]:
    """All refunds of a tenant, oldest first."""
    return [_refund(item) for item in below(RefundItem, tenant_id, REFUND)]


def _refund(item: RefundItem) -> Refund:
    doc = item.doc
    return Refund(
        id=item.sk.removeprefix(REFUND),
        tenant_id=payer_of(item.pk),
        product=doc["product"],
        payment_id=doc["payment_id"],
        order_id=doc["order_id"],
        gateway=doc["gateway"],
        reference=doc.get("reference", ""),
        amount=doc["amount"],
        vat=doc.get("vat", 0),
        reason=RefundReason(doc["reason"]),
        clause=doc.get("clause", ""),
        status=RefundStatus(doc["status"]),
        created_at=from_iso(doc["created_at"]),
        next_check_at=from_iso(item.next_due_at) if item.next_due_at else None,
        called_at=from_iso(doc["called_at"]) if "called_at" in doc else None,
        registered_before=doc.get("registered_before", 0),
        settled_at=from_iso(doc["settled_at"]) if "settled_at" in doc else None,
        ticket_id=doc.get("ticket_id"),
        note=doc.get("note"),
        version=int(item.version),
    )
