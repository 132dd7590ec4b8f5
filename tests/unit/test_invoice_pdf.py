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
from mohlat.presentation.invoice_pdf import _Paper, invoice_pdf
from tests.unit.test_invoice_page import NAMES, TITLES
from tests.unit.test_taxpayer import NOTE, OFFICIAL, SALE, SELLER

LONG = "شرکت مهندسی و توسعهٔ فناوری اطلاعات پیشگامان خاورمیانهٔ نوین (سهامی خاص) " * 4


def pdf(invoice: Invoice = SALE, official: OfficialInvoice | None = None) -> bytes:
    return invoice_pdf(invoice, SELLER, NAMES, official, TITLES)


def pages(file: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b", file))


@pytest.mark.parametrize(
    ("invoice", "official"),
    [(SALE, None), (SALE, OFFICIAL), (NOTE, None), (replace(SALE, buyer=None), None)],
    ids=["sale", "official", "credit note", "deleted buyer"],
)
def test_it_is_one_sheet_with_both_faces_of_its_font(
    invoice: Invoice, official: OfficialInvoice | None
) -> None:
    file = pdf(invoice, official)
    assert file.startswith(b"%PDF-")
    assert file.rstrip().endswith(b"%%EOF")
    assert pages(file) == 1
    assert len(re.findall(rb"/FontFile2", file)) == 2
    assert set(re.findall(rb"/BaseFont /\w+\+(\w+)", file)) == {b"Vazirmatn", b"VazirmatnBold"}
    assert b"/Lang (fa)" in file


def test_the_same_invoice_gives_the_same_bytes() -> None:
    assert pdf() == pdf()


def test_long_names_wrap_and_many_lines_go_on_overleaf() -> None:
    buyer = BillingProfile("t_1", LONG, LONG, address=LONG, company=Company(LONG, "14007650912", "1"))
    assert pages(pdf(replace(SALE, buyer=buyer))) <= 2
    assert pages(pdf(replace(SALE, lines=SALE.lines * 60))) > 2


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
    answer = _answer(Response(200, pdf(), {}, "application/pdf"), "fa")
    assert answer["isBase64Encoded"] is True
    assert answer["headers"]["Content-Type"] == "application/pdf"
    assert base64.b64decode(answer["body"]) == pdf()
    assert _answer(Response(200, "text", {}, "text/html"), "fa")["isBase64Encoded"] is False
