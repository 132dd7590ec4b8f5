"""Invoices as the taxpayer system takes them: its field names, rials, and milliseconds since 1970."""

from __future__ import annotations

from datetime import UTC, datetime

from mohlat.domain.agreement import Seller
from mohlat.domain.invoices import Invoice, InvoiceKind, Line, OfficialInvoice

_DAY = 86_400
_EACH = "1627"
_SALE, _RETURN = 1, 4
_WITH_BUYER, _WITHOUT_BUYER = 1, 2
_NATURAL_PERSON, _LEGAL_PERSON = 1, 2
_CASH, _CREDIT = 1, 2

_ITEMS = {
    "term": "اشتراک",
    "upgrade": "ارتقای اشتراک",
    "extra": "خدمت جانبی",
    "overuse": "مصرف مازاد",
    "service": "خدمت سفارشی",
}

# Verhoeff's check digit: the dihedral group of ten, one permutation and its powers, and the inverses.
_PRODUCT = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8),
    (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2),
    (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)
_MOVED = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)
_INVERSE = (0, 4, 3, 2, 1, 5, 6, 7, 8, 9)


def verhoeff(digits: str) -> int:
    """The digit that, written behind `digits`, guards them against a wrong digit and against two swapped
    ones.
    """
    check = 0
    for place, digit in enumerate(reversed(digits), start=1):
        moved = int(digit)
        for _ in range(place % 8):
            moved = _MOVED[moved]
        check = _PRODUCT[check][moved]
    return _INVERSE[check]


def tax_id(fiscal_id: str, date: datetime, serial: int) -> str:
    """The number of a document in the taxpayer system: 22 characters, the same for the same document.

    The fiscal id, the day since 1970 (UTC) in five hexadecimal digits, the serial in ten, a check digit.
    """
    days = int(date.timestamp()) // _DAY
    letters = "".join(each if each.isdigit() else str(ord(each)) for each in fiscal_id)
    return f"{fiscal_id}{days:05X}{serial:010X}{verhoeff(f'{letters}{days:06}{serial:012}')}"


def taxpayer_document(
    invoice: Invoice, seller: Seller, official: OfficialInvoice | None, serial: int
) -> dict[str, object]:
    """The document as it is filed: header, body, payments.

    `official` names the buyer as the official invoice does; for a credit note it is the one of the invoice
    that is corrected, whose number the note then refers to. Without a fiscal id of the seller there is no
    number, and `taxid` is left out.
    """
    header: dict[str, object] = {}
    if seller.fiscal_id:
        header["taxid"] = tax_id(seller.fiscal_id, invoice.dated_at, serial)
    returned = invoice.kind is InvoiceKind.CREDIT_NOTE
    # What is invoiced after the fact, and what is dropped again unpaid, moved no money on its date.
    settled = invoice.source.startswith(("p_", "r_"))
    buyer = _buyer(invoice, official)
    header |= {
        "indatim": _milliseconds(invoice.dated_at),
        "indati2m": _milliseconds(invoice.issued_at),
        "inty": _WITH_BUYER if buyer else _WITHOUT_BUYER,
        "inno": f"{serial:010X}",
        **({"irtaxid": official.tax_id} if returned and official and official.tax_id else {}),
        "inp": 1,
        "ins": _RETURN if returned else _SALE,
        "tins": seller.economic_code,
        **buyer,
        "tprdis": invoice.net + invoice.discount,
        "tdis": invoice.discount,
        "tadis": invoice.net,
        "tvam": invoice.vat,
        "todam": 0,
        "tbill": invoice.total,
        "setm": _CASH if settled else _CREDIT,
        "cap": invoice.total if settled else 0,
        "insp": 0 if settled else invoice.total,
    }
    return {
        "header": header,
        "body": [_line(line, seller) for line in invoice.lines],
        "payments": _payments(invoice),
    }


def _buyer(invoice: Invoice, official: OfficialInvoice | None) -> dict[str, object]:
    """Who bought, as far as the taxpayer system can know them; nothing for who has no number there."""
    profile = invoice.buyer
    postal_code = {"bpc": profile.postal_code} if profile and profile.postal_code else {}
    company = official or (profile.company if profile else None)
    if company and company.legal_id:
        economic_code = company.economic_code or company.legal_id
        return {"tob": _LEGAL_PERSON, "bid": company.legal_id, "tinb": economic_code, **postal_code}
    if profile and profile.national_id:
        return {"tob": _NATURAL_PERSON, "bid": profile.national_id, **postal_code}
    return {}


def _line(line: Line, seller: Seller) -> dict[str, object]:
    return {
        **({"sstid": seller.goods_id} if seller.goods_id else {}),
        "sstt": f"{_ITEMS.get(line.item, line.item)} {line.subject}".strip(),
        "am": line.quantity,
        "mu": _EACH,
        "fee": line.unit_price,
        "prdis": line.quantity * line.unit_price,
        "dis": line.discount,
        "adis": line.net,
        "vra": line.vat_percent,
        "vam": line.vat,
        "tsstam": line.total,
    }


def _payments(invoice: Invoice) -> list[dict[str, object]]:
    if not invoice.reference:
        return []
    return [{"trn": invoice.reference, "pdt": _milliseconds(invoice.dated_at)}]


def _milliseconds(instant: datetime) -> int:
    return int(instant.astimezone(UTC).timestamp() * 1000)
