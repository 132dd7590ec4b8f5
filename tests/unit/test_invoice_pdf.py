"""The invoice as a file: whole, with its letters, the same each time, and unmoved by names."""

from __future__ import annotations

import base64
import logging
import re
from dataclasses import replace

import pytest

from mohlat.domain.billing import BillingProfile, Company
from mohlat.domain.invoices import Invoice, OfficialInvoice
from mohlat.entrypoint import Response, _answer
from mohlat.presentation.invoice_page import sheet_of
from mohlat.presentation.invoice_pdf import _Paper, _set, invoice_pdf
from tests.unit.test_invoice_page import NAMES, TITLES
from tests.unit.test_taxpayer import NOTE, OFFICIAL, SALE, SELLER, TERM

LONG = "شرکت مهندسی و توسعهٔ فناوری اطلاعات پیشگامان خاورمیانهٔ نوین (سهامی خاص) " * 2


def pdf(invoice: Invoice = SALE) -> bytes:
    return invoice_pdf(invoice, SELLER, NAMES, None, TITLES)


def paper(invoice: Invoice, official: OfficialInvoice | None = None) -> _Paper:
    """The sheet as it is set, without the cost of the file."""
    found = _Paper(invoice.label)
    _set(found, sheet_of(invoice, SELLER, NAMES, official, TITLES, "fa"))
    return found


def pages(file: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b", file))


@pytest.mark.parametrize(
    ("invoice", "official"),
    [(SALE, None), (SALE, OFFICIAL), (NOTE, None), (replace(SALE, buyer=None), None)],
    ids=["sale", "official", "credit note", "deleted buyer"],
)
def test_it_is_one_sheet(invoice: Invoice, official: OfficialInvoice | None) -> None:
    assert paper(invoice, official).page_no() == 1


def test_both_faces_of_its_font_are_in_it_and_the_same_invoice_gives_the_same_bytes() -> None:
    file = pdf()
    assert file.startswith(b"%PDF-")
    assert file.rstrip().endswith(b"%%EOF")
    assert pages(file) == 1
    assert len(re.findall(rb"/FontFile2", file)) == 2
    assert set(re.findall(rb"/BaseFont /\w+\+(\w+)", file)) == {b"Vazirmatn", b"VazirmatnBold"}
    assert b"/Lang (fa)" in file
    assert pdf() == file


def test_long_names_wrap_and_many_lines_go_on_overleaf() -> None:
    buyer = BillingProfile("t_1", LONG, LONG, address=LONG, company=Company(LONG, "14007650912", "1"))
    assert paper(replace(SALE, buyer=buyer)).page_no() <= 2
    assert paper(replace(SALE, lines=SALE.lines * 16)).page_no() == 2


def test_a_thousand_billions_stay_on_one_line() -> None:
    small, large = (
        paper(replace(SALE, lines=(replace(TERM, unit_price=price, discount=0, vat=price // 10),)))
        for price in (10, 10**12)
    )
    assert small.get_y() == large.get_y()


def test_a_name_of_any_letters_is_set_and_leaves_no_trace_in_the_logs(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    assert pages(pdf(replace(SALE, buyer=BillingProfile("t_1", "山田 😀\x00", "x" * 300)))) == 1
    assert caplog.records == []


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("خانه\u200cها", "خانه\u200cها"),
        ("a\n b\t c", "a b c"),
        ("\u202eevil\u2066\u0007", "evil"),
        ("山", "\ufffd"),
        ("cafe\u0301", "caf\u00e9"),
    ],
)
def test_text_is_kept_but_for_what_could_not_be_shown_or_would_rearrange_it(given: str, kept: str) -> None:
    assert _Paper().plain(given) == kept


def test_bytes_leave_the_api_in_base_64() -> None:
    file = b"%PDF-\xff"
    answer = _answer(Response(200, file, {}, "application/pdf"), "fa")
    assert answer["isBase64Encoded"] is True
    assert answer["headers"]["Content-Type"] == "application/pdf"
    assert base64.b64decode(answer["body"]) == file
    assert _answer(Response(200, "text", {}, "text/html"), "fa")["isBase64Encoded"] is False
