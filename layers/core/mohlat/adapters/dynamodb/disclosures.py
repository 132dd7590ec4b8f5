"""The register of disclosures, beside what else outlives a tenant."""

from __future__ import annotations

from pynamodb.transactions import TransactWrite

from mohlat.adapters.dynamodb.money import below, money_pk, payer_of
from mohlat.adapters.dynamodb.table import Document, Item, absent, compact
from mohlat.domain.disclosures import Disclosure
from mohlat.domain.tenant import from_iso, iso

_DISCLOSED = "DISCLOSED#"


class DisclosureItem(Item):
    """An entry; never changed."""

    doc = Document()


def add_disclosure(write: TransactWrite, disclosure: Disclosure) -> None:
    """Adds a new entry."""
    doc = compact(
        {
            "product": disclosure.product,
            "to": disclosure.to,
            "what": disclosure.what,
            "ground": disclosure.ground,
            "reference": disclosure.reference,
            "clause": disclosure.clause,
            "at": iso(disclosure.at),
            "by": disclosure.by,
            "nothing_held": not disclosure.held or None,
        }
    )
    sk = _DISCLOSED + disclosure.id
    write.save(DisclosureItem(money_pk(disclosure.tenant_id), sk, doc=doc), absent())


def of(tenant_id: str) -> list[Disclosure]:
    """All of a tenant, oldest first."""
    return [_disclosure(item) for item in below(DisclosureItem, tenant_id, _DISCLOSED)]


def _disclosure(item: DisclosureItem) -> Disclosure:
    doc = item.doc
    return Disclosure(
        id=item.sk.removeprefix(_DISCLOSED),
        tenant_id=payer_of(item.pk),
        product=doc["product"],
        to=doc["to"],
        what=doc["what"],
        ground=doc["ground"],
        reference=doc["reference"],
        clause=doc["clause"],
        at=from_iso(doc["at"]),
        by=doc["by"],
        held="nothing_held" not in doc,
    )
