"""Agreed work whose price is deposited first, beside the tenant's other money, and each partner's list."""

from __future__ import annotations

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.transactions import TransactWrite

from mohlat.adapters.dynamodb.money import below, money_pk, one, payer_of
from mohlat.adapters.dynamodb.table import Document, Item, compact, unmoved
from mohlat.domain.escrow import Escrow, EscrowStatus
from mohlat.domain.tenant import from_iso, iso

_ESCROW = "ESCROW#"
_PARTNER = "PARTNER#"


class EscrowItem(Item):
    """Agreed work. `version` stands apart for the condition."""

    version = NumberAttribute()
    doc = Document()


class PartnerItem(Item):
    """Leads from a partner's list to agreed work."""

    tenant_id = UnicodeAttribute()


def add_escrow(write: TransactWrite, escrow: Escrow) -> None:
    """Adds agreed work: new, which its partner's list learns of, or the next version of what is stored."""
    doc = compact(
        {
            "product": escrow.product,
            "partner": escrow.partner,
            "title": escrow.title,
            "amount": escrow.amount,
            "agreed_at": iso(escrow.agreed_at),
            "status": escrow.status.value,
            "payment_id": escrow.payment_id,
            "decided_at": iso(escrow.decided_at) if escrow.decided_at else None,
            "refund_id": escrow.refund_id,
            "ticket_id": escrow.ticket_id,
            "reason_given_at": iso(escrow.reason_given_at) if escrow.reason_given_at else None,
        }
    )
    item = EscrowItem(money_pk(escrow.tenant_id), _ESCROW + escrow.id, version=escrow.version, doc=doc)
    write.save(item, unmoved(EscrowItem.version, escrow.version))
    if escrow.version == 1:
        write.save(PartnerItem(_PARTNER + escrow.partner, escrow.id, tenant_id=escrow.tenant_id))


def get(tenant_id: str, escrow_id: str) -> Escrow:
    """Read consistently. Raises NotFound."""
    return _escrow(one(EscrowItem, tenant_id, _ESCROW + escrow_id))


def of(tenant_id: str) -> list[Escrow]:
    """All agreed work of a tenant, oldest first."""
    return [_escrow(item) for item in below(EscrowItem, tenant_id, _ESCROW)]


def of_partner(partner: str) -> list[Escrow]:
    """All agreed work of a partner, over all tenants, oldest first."""
    pointers = PartnerItem.query(_PARTNER + partner, consistent_read=True)
    return [get(pointer.tenant_id, pointer.sk) for pointer in pointers]


def _escrow(item: EscrowItem) -> Escrow:
    doc = item.doc
    return Escrow(
        id=item.sk.removeprefix(_ESCROW),
        tenant_id=payer_of(item.pk),
        product=doc["product"],
        partner=doc["partner"],
        title=doc.get("title", ""),
        amount=doc["amount"],
        agreed_at=from_iso(doc["agreed_at"]),
        status=EscrowStatus(doc["status"]),
        payment_id=doc.get("payment_id"),
        decided_at=from_iso(doc["decided_at"]) if "decided_at" in doc else None,
        refund_id=doc.get("refund_id"),
        ticket_id=doc.get("ticket_id"),
        reason_given_at=from_iso(doc["reason_given_at"]) if "reason_given_at" in doc else None,
        version=int(item.version),
    )
