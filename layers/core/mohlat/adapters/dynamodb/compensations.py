"""Compensations for faults of ours, beside the tenant's other money (SAMAN-4.6)."""

from __future__ import annotations

from pynamodb.transactions import TransactWrite

from mohlat.adapters.dynamodb.money import below, money_pk, one, payer_of
from mohlat.adapters.dynamodb.table import Document, Item, absent, compact
from mohlat.application.ports import Compensation
from mohlat.domain.tenant import from_iso, iso

_COMPENSATION = "COMP#"


class CompensationItem(Item):
    """A compensation; never changed."""

    doc = Document()


def add_compensation(write: TransactWrite, compensation: Compensation) -> None:
    """Adds a new compensation."""
    doc = compact(
        {
            "product": compensation.product,
            "amount": compensation.amount,
            "reason": compensation.reason,
            "clause": compensation.clause,
            "at": iso(compensation.at),
            "ticket_id": compensation.ticket_id,
        }
    )
    sk = _COMPENSATION + compensation.id
    write.save(CompensationItem(money_pk(compensation.tenant_id), sk, doc=doc), absent())


def get(tenant_id: str, compensation_id: str) -> Compensation:
    """Read consistently. Raises NotFound."""
    return _compensation(one(CompensationItem, tenant_id, _COMPENSATION + compensation_id))


def of(tenant_id: str) -> list[Compensation]:
    """All of a tenant, oldest first."""
    return [_compensation(item) for item in below(CompensationItem, tenant_id, _COMPENSATION)]


def _compensation(item: CompensationItem) -> Compensation:
    doc = item.doc
    return Compensation(
        id=item.sk.removeprefix(_COMPENSATION),
        tenant_id=payer_of(item.pk),
        product=doc["product"],
        amount=doc["amount"],
        reason=doc.get("reason", ""),
        clause=doc.get("clause", ""),
        at=from_iso(doc["at"]),
        ticket_id=doc.get("ticket_id", ""),
    )
