"""Invoices as the taxpayer system takes them: field by field, rials, and a number that guards itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mohlat.adapters.tax_office import ComputedOnly
from mohlat.domain.agreement import Basis, Seller
from mohlat.domain.billing import BillingProfile, Company
from mohlat.domain.durations import Duration
from mohlat.domain.invoices import Invoice, InvoiceKind, Line, OfficialInvoice, OfficialStatus, vat_on
from mohlat.presentation.taxpayer import tax_id, taxpayer_document, verhoeff

PAID = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
ISSUED = datetime(2026, 11, 22, 11, 2, tzinfo=UTC)
SELLER = Seller(
    names={"fa": "شرکت نمونه", "en": "Example"},
    national_id="99933300036",
    economic_code="99933300036",
    address={"fa": "تهران", "en": "Tehran"},
    postal_code="1234567890",
    phone="+982100000000",
    basis=Basis("SAMAN-5.9"),
    fiscal_id="A1SAMN",
    goods_id="0000000000000",
)
PERSON = BillingProfile("t_1", "مریم", "رضایی", national_id="0013542419", postal_code="1969833114")
COMPANY = Company("شرکت الف", "14007650912", "411111111111")
TERM = Line("term", "basic", 1, 15_000_005, 1_500_000, 10, 1_350_000, Duration(months=3))
SALE = Invoice(
    id="i_1",
    tenant_id="t_1",
    product="saman360",
    kind=InvoiceKind.SALE,
    year=1405,
    number=12,
    source="p_1",
    dated_at=PAID,
    issued_at=ISSUED,
    lines=(TERM,),
    clause="SAMAN-5.9",
    agreement_version="3",
    buyer=PERSON,
    gateway="zarinpal",
    reference="201234567",
)
OFFICIAL = OfficialInvoice(
    tenant_id="t_1",
    invoice_id="i_1",
    product="saman360",
    requested_at=ISSUED,
    due_at=ISSUED,
    status=OfficialStatus.ISSUED,
    company=COMPANY.name,
    legal_id=COMPANY.legal_id,
    economic_code=COMPANY.economic_code,
    ticket_id="k_1",
    tax_id="A1SAMN05123000000000C1",
)
NOTE = replace(SALE, id="c_2", kind=InvoiceKind.CREDIT_NOTE, source="r_2", corrects="i_1", reference=None)


def header(
    invoice: Invoice, official: OfficialInvoice | None = None, seller: Seller = SELLER
) -> Mapping[str, Any]:
    found = taxpayer_document(invoice, seller, official, invoice.number)["header"]
    assert isinstance(found, dict)
    return found


# --- the number -------------------------------------------------------------------------------------------


def test_a_document_that_was_filed_in_earnest_has_the_number_we_compute() -> None:
    """From a public example of the taxpayer system's client."""
    filed = datetime.fromtimestamp(1_691_989_628, UTC)
    assert tax_id("A14P7E", filed, 0x001B2BBB3D) == "A14P7E04C7F001B2BBB3D3"


@pytest.mark.parametrize(("digits", "check"), [("236", 3), ("12345", 1), ("142857", 0), ("", 0)])
def test_published_check_digits(digits: str, check: int) -> None:
    assert verhoeff(digits) == check


@given(st.from_regex(r"[0-9]{1,30}", fullmatch=True), st.data())
def test_a_wrong_digit_or_two_swapped_ones_are_noticed(digits: str, data: st.DataObject) -> None:
    check = verhoeff(digits)
    place = data.draw(st.integers(0, len(digits) - 1))
    other = data.draw(st.sampled_from("0123456789").filter(lambda digit: digit != digits[place]))
    assert verhoeff(digits[:place] + other + digits[place + 1 :]) != check
    if place and digits[place] != digits[place - 1]:
        swapped = digits[: place - 1] + digits[place] + digits[place - 1] + digits[place + 1 :]
        assert verhoeff(swapped) != check


@given(
    st.from_regex(r"[A-Z0-9]{6}", fullmatch=True),
    st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
    st.integers(min_value=1, max_value=10**9),
)
def test_a_number_is_22_characters_and_says_what_it_is_of(
    fiscal_id: str, date: datetime, serial: int
) -> None:
    number = tax_id(fiscal_id, date, serial)
    assert len(number) == 22
    assert number[:6] == fiscal_id
    assert int(number[6:11], 16) == (date.date() - datetime(1970, 1, 1).date()).days
    assert int(number[11:21], 16) == serial
    assert number[21].isdigit()


# --- the document -----------------------------------------------------------------------------------------


@pytest.mark.clause("SAMAN-5.9")
def test_an_invoice_becomes_the_electronic_document_of_the_taxpayer_system() -> None:
    assert taxpayer_document(SALE, SELLER, None, 12) == {
        "header": {
            "taxid": tax_id("A1SAMN", PAID, 12),
            "indatim": 1_795_345_200_000,
            "indati2m": 1_795_345_320_000,
            "inty": 1,
            "inno": "000000000C",
            "inp": 1,
            "ins": 1,
            "tins": "99933300036",
            "tob": 1,
            "bid": "0013542419",
            "bpc": "1969833114",
            "tprdis": 15_000_005,
            "tdis": 1_500_000,
            "tadis": 13_500_005,
            "tvam": 1_350_000,
            "todam": 0,
            "tbill": 14_850_005,
            "setm": 1,
            "cap": 14_850_005,
            "insp": 0,
        },
        "body": [
            {
                "sstid": "0000000000000",
                "sstt": "اشتراک basic",
                "am": 1,
                "mu": "1627",
                "fee": 15_000_005,
                "prdis": 15_000_005,
                "dis": 1_500_000,
                "adis": 13_500_005,
                "vra": 10,
                "vam": 1_350_000,
                "tsstam": 14_850_005,
            }
        ],
        "payments": [{"trn": "201234567", "pdt": 1_795_345_200_000}],
    }


@pytest.mark.clause("SAMAN-5.9")
def test_an_official_invoice_names_the_legal_entity_and_bears_the_number_it_is_filed_under() -> None:
    document = taxpayer_document(SALE, SELLER, OFFICIAL, 12)
    told = header(SALE, OFFICIAL)
    assert (told["tob"], told["bid"], told["tinb"]) == (2, "14007650912", "411111111111")
    assert ComputedOnly().file(document) == tax_id("A1SAMN", PAID, 12) == told["taxid"]
    assert "irtaxid" not in told


def test_a_credit_note_is_a_return_and_refers_to_the_number_it_corrects_where_one_is_known() -> None:
    assert header(NOTE, OFFICIAL)["ins"] == 4
    assert header(NOTE, OFFICIAL)["irtaxid"] == OFFICIAL.tax_id
    assert "irtaxid" not in header(NOTE)
    assert "irtaxid" not in header(NOTE, replace(OFFICIAL, tax_id=None))
    assert taxpayer_document(NOTE, SELLER, OFFICIAL, 13)["payments"] == []


@given(st.integers(0, 10**12), st.integers(1, 1000), st.integers(0, 30))
def test_the_tax_of_a_line_is_rounded_down_and_all_sums_agree(
    price: int, quantity: int, percent: int
) -> None:
    net = price * quantity
    line = Line("extra", "sms", quantity, price, 0, percent, vat_on(net, percent))
    document: Any = taxpayer_document(replace(SALE, lines=(line, TERM)), SELLER, None, 1)
    head, body = document["header"], document["body"]
    assert all(each["vam"] == each["adis"] * each["vra"] // 100 for each in body)
    for total, part in (("tprdis", "prdis"), ("tdis", "dis"), ("tadis", "adis"), ("tvam", "vam")):
        assert head[total] == sum(each[part] for each in body)
    assert head["tbill"] == head["tadis"] + head["tvam"] == sum(each["tsstam"] for each in body)


@pytest.mark.parametrize(
    ("buyer", "told"),
    [
        (None, {}),
        (BillingProfile("t_1", "مریم", postal_code="1969833114"), {}),
        (PERSON, {"tob": 1, "bid": "0013542419", "bpc": "1969833114"}),
        (
            replace(PERSON, company=COMPANY),
            {"tob": 2, "bid": "14007650912", "tinb": "411111111111", "bpc": "1969833114"},
        ),
        (
            BillingProfile("t_1", company=replace(COMPANY, economic_code="")),
            {"tob": 2, "bid": "14007650912", "tinb": "14007650912"},
        ),
    ],
    ids=["deleted", "no number", "person", "company", "company without economic code"],
)
def test_a_buyer_is_named_as_far_as_the_system_can_know_them(
    buyer: BillingProfile | None, told: Mapping[str, object]
) -> None:
    found = header(replace(SALE, buyer=buyer))
    assert {key: found[key] for key in ("tob", "bid", "tinb", "bpc") if key in found} == told
    assert found["inty"] == (1 if told else 2)


def test_what_is_invoiced_before_it_is_paid_is_on_credit() -> None:
    debt = header(replace(SALE, source="d_3", reference=None))
    assert (debt["setm"], debt["cap"], debt["insp"]) == (2, 0, debt["tbill"])


def test_a_seller_without_a_fiscal_id_gets_no_number() -> None:
    bare = replace(SELLER, fiscal_id=None, goods_id=None)
    document: Any = taxpayer_document(SALE, bare, None, 12)
    assert "taxid" not in document["header"]
    assert "sstid" not in document["body"][0]
    assert document["header"]["inno"] == "000000000C"
