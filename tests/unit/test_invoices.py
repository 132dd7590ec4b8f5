"""Invoices to the rial: lines, sums, labels, ids, and how much of what goes back is tax."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mohlat.domain.durations import Duration
from mohlat.domain.invoices import Invoice, InvoiceKind, Line, invoice_id, vat_on, vat_share
from tests.builders import START

TERM = Line("term", "basic", 1, 1_000_000, 150_000, 10, 85_000, Duration(months=1))
OVERUSE = Line("overuse", "records", 3, 50_000, 0, 10, 15_000)


def invoice(*lines: Line, product: str = "kalo", number: int = 12) -> Invoice:
    return Invoice(
        id="i_1",
        tenant_id="t_1",
        product=product,
        kind=InvoiceKind.SALE,
        year=1405,
        number=number,
        source="p_1",
        dated_at=START,
        issued_at=START,
        lines=lines,
        clause="KALO-33",
        agreement_version="1",
    )


def test_a_line_is_quantity_times_price_less_the_discount_and_tax_on_top() -> None:
    assert (TERM.net, TERM.total) == (850_000, 935_000)
    assert (OVERUSE.net, OVERUSE.total) == (150_000, 165_000)


def test_an_invoice_adds_its_lines_up() -> None:
    both = invoice(TERM, OVERUSE)
    assert (both.net, both.discount, both.vat, both.total) == (1_000_000, 150_000, 100_000, 1_100_000)
    assert both.total == both.net + both.vat


@pytest.mark.parametrize(
    ("product", "number", "label"),
    [
        ("kalo", 12, "KALO-1405-000012"),
        ("customer_club", 1, "CUSTOMER-CLUB-1405-000001"),
        ("saman360", 1_234_567, "SAMAN360-1405-1234567"),
    ],
)
def test_its_number_is_written_with_product_and_year(product: str, number: int, label: str) -> None:
    assert invoice(product=product, number=number).label == label


@pytest.mark.parametrize(
    ("source", "document"), [("p_7", "i_7"), ("d_7", "i_7"), ("r_7", "c_7"), ("w_7", "c_7")]
)
def test_a_sale_is_invoiced_and_what_goes_back_is_credited(source: str, document: str) -> None:
    assert invoice_id(source) == document


@pytest.mark.parametrize(
    ("net", "percent", "vat"), [(1_000_000, 10, 100_000), (999, 10, 99), (19, 10, 1), (9, 10, 0), (500, 0, 0)]
)
def test_tax_is_rounded_down(net: int, percent: int, vat: int) -> None:
    assert vat_on(net, percent) == vat


RIALS = st.integers(min_value=1, max_value=10**12)


@given(st.data(), RIALS, st.integers(min_value=0, max_value=100))
def test_the_tax_of_all_parts_given_back_adds_up_to_the_whole_tax(
    data: st.DataObject, net: int, percent: int
) -> None:
    vat = vat_on(net, percent)
    total = net + vat
    cuts = sorted(data.draw(st.lists(st.integers(min_value=0, max_value=total), max_size=8)))
    given_back, taxes = 0, []
    for end in (*cuts, total):
        amount = end - given_back
        taxes.append(vat_share(total, vat, given_back, amount))
        # No part holds more tax than money, and none is negative: each credit note is one that can be.
        assert 0 <= taxes[-1] <= amount
        given_back = end
    assert sum(taxes) == vat


@given(RIALS, st.integers(min_value=0, max_value=100))
def test_everything_at_once_gives_the_whole_tax_back(net: int, percent: int) -> None:
    vat = vat_on(net, percent)
    assert vat_share(net + vat, vat, 0, net + vat) == vat
