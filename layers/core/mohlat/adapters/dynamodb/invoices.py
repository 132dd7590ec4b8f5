"""Invoices and credit notes: numbered without gaps, never changed, the buyer sealed for its tenant."""

from __future__ import annotations

import random
import time
from contextlib import suppress
from dataclasses import replace
from typing import Any

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute

from mohlat.adapters.dynamodb.money import below, money_pk, one, payer_of
from mohlat.adapters.dynamodb.official_invoices import official_of
from mohlat.adapters.dynamodb.profiles import read_profile, written_out
from mohlat.adapters.dynamodb.table import (
    Document,
    Item,
    absent,
    compact,
    conditional,
    transaction,
    unmoved,
)
from mohlat.adapters.sealing import Sealer
from mohlat.domain.billing import BillingProfile
from mohlat.domain.durations import Duration
from mohlat.domain.errors import ConcurrentChange, Gone, NotFound
from mohlat.domain.invoices import Invoice, InvoiceKind, Line, OfficialInvoice
from mohlat.domain.tenant import from_iso, iso

_INVOICE = "INVOICE#"
_SERIES = "INVOICES#"
_COUNTER = "COUNTER"
_TRIES = 12
# Seconds: the longest pause after the first lost race, and after any.
_FIRST_PAUSE = 0.02
_LONGEST_PAUSE = 0.5


class InvoiceItem(Item):
    """One document. `sealed` is its buyer, if it names one."""

    doc = Document()
    sealed = BinaryAttribute(null=True, legacy_encoding=False)


class CounterItem(Item):
    """The last number given out in a product's year."""

    number = NumberAttribute()


class NumberItem(Item):
    """Leads from a number to its document."""

    tenant_id = UnicodeAttribute()
    invoice_id = UnicodeAttribute()


class DynamoInvoices:
    """`Invoices` on the main table. `sealer` seals and opens the buyer."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def issue(self, draft: Invoice) -> Invoice:
        """Gives the draft (number 0) the next number of its product and year, and stores it at once with it.

        One document per source: if it is there already, that one is returned and no number is used up. It
        names no buyer once the tenant's key is gone. Raises ConcurrentChange when too many want the next
        number at the same time.
        """
        with suppress(NotFound):
            return self.get(draft.tenant_id, draft.id)
        for attempt in range(_TRIES):
            if attempt:
                # Each pauses for its own while, or those who met would meet again.
                time.sleep(random.uniform(0, min(_FIRST_PAUSE * 2 ** (attempt - 1), _LONGEST_PAUSE)))
            try:
                return self._numbered(draft)
            except ConcurrentChange:
                # Somebody took the number, or has just issued this very document.
                with suppress(NotFound):
                    return self.get(draft.tenant_id, draft.id)
        raise ConcurrentChange(invoice_id=draft.id)

    def get(self, tenant_id: str, invoice_id: str) -> Invoice:
        """Read consistently. Raises NotFound. The buyer is None once the tenant's key is gone."""
        item = one(InvoiceItem, tenant_id, _INVOICE + invoice_id)
        return replace(_invoice(item), buyer=self._buyer(item))

    def of(self, tenant_id: str) -> list[Invoice]:
        """All of a tenant, oldest first, buyers left out."""
        found = map(_invoice, below(InvoiceItem, tenant_id, _INVOICE))
        return sorted(found, key=lambda invoice: (invoice.dated_at, invoice.id))

    def by_number(self, product: str, year: int, number: int) -> tuple[str, str]:
        """Tenant id and invoice id. Raises NotFound."""
        try:
            item = NumberItem.get(_series(product, year), _number_sk(number), consistent_read=True)
        except NumberItem.DoesNotExist:
            raise NotFound(product=product, year=year, number=number) from None
        return item.tenant_id, item.invoice_id

    def official(self, tenant_id: str, invoice_id: str) -> OfficialInvoice | None:
        """The official invoice that was asked for, if one was."""
        return official_of(tenant_id, invoice_id)

    def _numbered(self, draft: Invoice) -> Invoice:
        """Stores the draft under the number that is next now. Raises ConcurrentChange if it is taken."""
        series = _series(draft.product, draft.year)
        sealed = self._sealed(draft)
        invoice = replace(draft, number=_last_number(series) + 1, buyer=draft.buyer if sealed else None)
        counter = CounterItem(series, _COUNTER, number=invoice.number)
        pointer = NumberItem(
            series, _number_sk(invoice.number), tenant_id=invoice.tenant_id, invoice_id=invoice.id
        )
        with conditional(invoice_id=invoice.id), transaction() as write:
            write.save(counter, unmoved(CounterItem.number, invoice.number))
            write.save(_item(invoice, sealed), absent())
            write.save(pointer, absent())
        return invoice

    def _sealed(self, invoice: Invoice) -> bytes | None:
        if invoice.buyer is None:
            return None
        try:
            return self._sealer.seal(invoice.tenant_id, _INVOICE + invoice.id, written_out(invoice.buyer))
        except Gone:
            return None

    def _buyer(self, item: InvoiceItem) -> BillingProfile | None:
        if not item.sealed:
            return None
        tenant_id = payer_of(item.pk)
        try:
            return read_profile(tenant_id, self._sealer.open(tenant_id, item.sk, item.sealed))
        except Gone:
            return None


def _series(product: str, year: int) -> str:
    return f"{_SERIES}{product}#{year}"


def _number_sk(number: int) -> str:
    return f"N#{number:08d}"


def _last_number(series: str) -> int:
    try:
        return int(CounterItem.get(series, _COUNTER, consistent_read=True).number)
    except CounterItem.DoesNotExist:
        return 0


def _item(invoice: Invoice, sealed: bytes | None) -> InvoiceItem:
    doc = compact(
        {
            "product": invoice.product,
            "kind": invoice.kind.value,
            "year": invoice.year,
            "number": invoice.number,
            "source": invoice.source,
            "dated_at": iso(invoice.dated_at),
            "issued_at": iso(invoice.issued_at),
            "lines": [_line_doc(line) for line in invoice.lines],
            "clause": invoice.clause,
            "agreement_version": invoice.agreement_version,
            "corrects": invoice.corrects,
            "gateway": invoice.gateway,
            "reference": invoice.reference,
        }
    )
    return InvoiceItem(money_pk(invoice.tenant_id), _INVOICE + invoice.id, doc=doc, sealed=sealed)


def _line_doc(line: Line) -> dict[str, Any]:
    return compact(
        {
            "item": line.item,
            "subject": line.subject,
            "quantity": line.quantity,
            "unit_price": line.unit_price,
            "discount": line.discount or None,
            "vat_percent": line.vat_percent or None,
            "vat": line.vat or None,
            "length": str(line.length) if line.length else None,
        }
    )


def _line(doc: dict[str, Any]) -> Line:
    return Line(
        item=doc["item"],
        subject=doc.get("subject", ""),
        quantity=doc["quantity"],
        unit_price=doc["unit_price"],
        discount=doc.get("discount", 0),
        vat_percent=doc.get("vat_percent", 0),
        vat=doc.get("vat", 0),
        length=Duration.parse(doc["length"]) if "length" in doc else None,
    )


def _invoice(item: InvoiceItem) -> Invoice:
    doc = item.doc
    return Invoice(
        id=item.sk.removeprefix(_INVOICE),
        tenant_id=payer_of(item.pk),
        product=doc["product"],
        kind=InvoiceKind(doc["kind"]),
        year=doc["year"],
        number=doc["number"],
        source=doc["source"],
        dated_at=from_iso(doc["dated_at"]),
        issued_at=from_iso(doc["issued_at"]),
        lines=tuple(_line(line) for line in doc.get("lines", ())),
        clause=doc.get("clause", ""),
        agreement_version=doc["agreement_version"],
        corrects=doc.get("corrects"),
        gateway=doc.get("gateway"),
        reference=doc.get("reference"),
    )
