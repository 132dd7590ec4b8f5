"""Invoices: one for every payment that bought something, and credit notes, which correct them (SAMAN-5.9).

Immutable once issued. Numbered without gaps per product and year of its calendar; the number is given in the
transaction that stores the invoice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mohlat.domain.billing import BillingProfile
from mohlat.domain.durations import Duration


class InvoiceKind(StrEnum):
    """What a document states: a sale, or the return of one (a credit note)."""

    SALE = "sale"
    CREDIT_NOTE = "credit_note"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing sold; rials. `net` is quantity times unit price less the discount, `vat` comes on top.

    `item` names what it is ("term", "upgrade", "extra", "overuse", "service"), `subject` which one (a plan,
    an extra, a metric), `length` the period where there is one. In a credit note all amounts are what goes
    back.
    """

    item: str
    subject: str
    quantity: int
    unit_price: int
    discount: int
    vat_percent: int
    vat: int
    length: Duration | None = None

    @property
    def net(self) -> int:
        """Without tax."""
        return self.quantity * self.unit_price - self.discount

    @property
    def total(self) -> int:
        """With tax."""
        return self.net + self.vat


@dataclass(frozen=True, slots=True)
class Invoice:
    """One document. `dated_at` (UTC) is when the money moved and decides the `year`; `number` counts from 1.

    `source` is the payment or refund it belongs to: there is one document per source. `corrects` is the id of
    the invoice a credit note corrects. `buyer` is personal data and sealed; of a purged tenant it is None.
    """

    id: str
    tenant_id: str
    product: str
    kind: InvoiceKind
    year: int
    number: int
    source: str
    dated_at: datetime
    issued_at: datetime
    lines: tuple[Line, ...]
    clause: str
    agreement_version: str
    buyer: BillingProfile | None = None
    corrects: str | None = None
    gateway: str | None = None
    reference: str | None = None

    @property
    def label(self) -> str:
        """The number as people write it: KALO-1405-000012."""
        return f"{self.product.upper().replace('_', '-')}-{self.year}-{self.number:06d}"

    @property
    def net(self) -> int:
        """Rials without tax."""
        return sum(line.net for line in self.lines)

    @property
    def discount(self) -> int:
        """Rials of discount, in `net` already."""
        return sum(line.discount for line in self.lines)

    @property
    def vat(self) -> int:
        """Rials of tax."""
        return sum(line.vat for line in self.lines)

    @property
    def total(self) -> int:
        """Rials with tax: what was paid, or what goes back."""
        return sum(line.total for line in self.lines)


def invoice_id(source: str) -> str:
    """The id of the document of a payment, refund or debt; the same each time it is asked for.

    What a refund, or a debt that was written off ("w_…"), gives back is stated by a credit note.
    """
    kind, _, unique = source.partition("_")
    return f"{'c' if kind in ('r', 'w') else 'i'}_{unique}"


class OfficialStatus(StrEnum):
    """Where an official invoice stands."""

    REQUESTED = "requested"
    ISSUED = "issued"


@dataclass(frozen=True, slots=True)
class OfficialInvoice:
    """An official invoice asked for by a legal entity: due a week after the payment (SAMAN-5.9).

    What names the company is kept in clear, because the law wants it for years and it is no person's data.
    `tax_id` is the taxpayer system's number for it. `version` rises with each change.
    """

    tenant_id: str
    invoice_id: str
    product: str
    requested_at: datetime
    due_at: datetime
    status: OfficialStatus
    company: str
    legal_id: str
    economic_code: str
    ticket_id: str
    issued_at: datetime | None = None
    tax_id: str | None = None
    version: int = 1


def vat_on(net: int, percent: int) -> int:
    """The tax on `net` rials: rounded down for each line, as the taxpayer system counts it."""
    return net * percent // 100


def vat_share(total: int, vat: int, returned_before: int, amount: int) -> int:
    """How much of `amount` rials given back is tax, when `returned_before` of the same `total` went back
    already.

    Rounded down on the running sum, so that the parts add up to the whole tax to the rial.
    """
    return (returned_before + amount) * vat // total - returned_before * vat // total
