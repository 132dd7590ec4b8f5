"""Official invoices that were asked for, beside the tenant's other money (SAMAN-5.9)."""

from __future__ import annotations

from pynamodb.attributes import NumberAttribute
from pynamodb.transactions import TransactWrite

from mohlat.adapters.dynamodb.money import money_pk, one
from mohlat.adapters.dynamodb.table import Document, Item, compact, unmoved
from mohlat.domain.errors import NotFound
from mohlat.domain.invoices import OfficialInvoice, OfficialStatus
from mohlat.domain.tenant import from_iso, iso

_OFFICIAL = "OFFICIAL#"


class OfficialItem(Item):
    """An official invoice. `version` stands apart for the condition."""

    version = NumberAttribute()
    doc = Document()


def add_official(write: TransactWrite, official: OfficialInvoice) -> None:
    """Adds an official invoice: a new request, or the next version of what is stored."""
    doc = compact(
        {
            "product": official.product,
            "requested_at": iso(official.requested_at),
            "due_at": iso(official.due_at),
            "status": official.status.value,
            "company": official.company,
            "legal_id": official.legal_id,
            "economic_code": official.economic_code,
            "ticket_id": official.ticket_id,
            "issued_at": iso(official.issued_at) if official.issued_at else None,
            "tax_id": official.tax_id,
        }
    )
    sk = _OFFICIAL + official.invoice_id
    item = OfficialItem(money_pk(official.tenant_id), sk, version=official.version, doc=doc)
    write.save(item, unmoved(OfficialItem.version, official.version))


def official_of(tenant_id: str, invoice_id: str) -> OfficialInvoice | None:
    """The official invoice that was asked for, if one was; read consistently."""
    try:
        item = one(OfficialItem, tenant_id, _OFFICIAL + invoice_id)
    except NotFound:
        return None
    doc = item.doc
    return OfficialInvoice(
        tenant_id=tenant_id,
        invoice_id=invoice_id,
        product=doc["product"],
        requested_at=from_iso(doc["requested_at"]),
        due_at=from_iso(doc["due_at"]),
        status=OfficialStatus(doc["status"]),
        company=doc.get("company", ""),
        legal_id=doc.get("legal_id", ""),
        economic_code=doc.get("economic_code", ""),
        ticket_id=doc.get("ticket_id", ""),
        issued_at=from_iso(doc["issued_at"]) if "issued_at" in doc else None,
        tax_id=doc.get("tax_id"),
        version=int(item.version),
    )
