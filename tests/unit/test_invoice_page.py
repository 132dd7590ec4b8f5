"""The printed invoice: what it says in both languages, and that nothing in it can be more than text."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html import unescape

import pytest

from mohlat.domain.billing import BillingProfile
from mohlat.domain.durations import Duration
from mohlat.domain.invoices import Invoice, Line, OfficialInvoice, OfficialStatus
from mohlat.presentation.invoice_page import POLICY, invoice_page, sheet_of, titles_of
from tests.builders import agreement_with_trial
from tests.unit.test_taxpayer import COMPANY, NOTE, OFFICIAL, PERSON, SALE, SELLER, TERM

NAMES = {"fa": "سامان ۳۶۰", "en": "Saman360"}
TITLES = {"basic": {"fa": "پایه", "en": "Basic"}, "sms": {"en": "Text messages"}}
EXACT = replace(SALE, lines=(replace(TERM, unit_price=15_000_000),))


def page(invoice: Invoice = EXACT, language: str = "fa", official: OfficialInvoice | None = None) -> str:
    return invoice_page(invoice, SELLER, NAMES, official, TITLES, language)


def text(html: str) -> str:
    """What a reader sees, the pieces apart from each other."""
    return unescape(re.sub(r"\s*<[^>]+>\s*", " | ", html.partition("</style>")[2]))


def described(line: Line, language: str = "fa") -> str:
    return sheet_of(replace(SALE, lines=(line,)), SELLER, NAMES, None, TITLES, language).lines[0][1]


@pytest.mark.clause("SAMAN-5.9")
@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "fa",
            "صورت‌حساب فروش|سامان ۳۶۰|SAMAN360-1405-000012|۱ آذر ۱۴۰۵|زرین‌پال|۲۰۱۲۳۴۵۶۷|"
            "شرکت نمونه|۹۹۹۳۳۳۰۰۰۳۶|مریم رضایی|۰۰۱۳۵۴۲۴۱۹|اشتراک پایه، ۳ ماه|"
            "۱۵٬۰۰۰٬۰۰۰|۱٬۵۰۰٬۰۰۰|۱۳٬۵۰۰٬۰۰۰|۱۰٪|۱٬۳۵۰٬۰۰۰|۱۴٬۸۵۰٬۰۰۰ ریال|"
            "به حروف: چهارده میلیون و هشتصد و پنجاه هزار ریال",
        ),
        (
            "en",
            "Invoice|Saman360|SAMAN360-1405-000012|1 Azar 1405|ZarinPal|201234567|Example|"
            "99933300036|مریم رضایی|0013542419|Subscription Basic, 3 months|15,000,000|1,500,000|13,500,000|"
            "10%|1,350,000|14,850,000 rials|In words: fourteen million eight hundred fifty thousand rials",
        ),
    ],
)
def test_it_says_everything_that_was_sold_and_paid(language: str, said: str) -> None:
    seen = text(page(language=language)).split(" | ")
    assert [each for each in said.split("|") if each not in seen] == []


@pytest.mark.clause("CLUB-6")
@pytest.mark.parametrize(("language", "shown"), [("fa", "۱٬۴۸۵٬۰۰۰ تومان"), ("en", "1,485,000 tomans")])
def test_the_total_is_also_told_in_tomans(language: str, shown: str) -> None:
    assert shown in text(page(language=language))


def test_persian_is_read_from_right_to_left_and_holds_no_latin_figures_but_in_ids() -> None:
    assert '<html lang="fa" dir="rtl">' in page()
    seen = text(page()).replace(SALE.label, "").replace(SALE.id, "")
    assert not re.search("[0-9]", seen)


@pytest.mark.parametrize("language", ["en", "de", ""])
def test_every_other_language_is_answered_in_english(language: str) -> None:
    html = page(language=language)
    assert '<html lang="en" dir="ltr">' in html
    assert not re.search("[۰-۹]", text(html))


def test_a_credit_note_names_the_invoice_it_corrects() -> None:
    assert "برگشت از فروش" in text(page(NOTE))
    english = text(page(NOTE, "en"))
    assert "Credit note" in english
    assert re.search(r"Corrects invoice[ |]+i_1\b", english)
    assert "Total given back" in english


def test_an_official_invoice_names_the_company_that_asked_for_it_and_its_number() -> None:
    seen = text(page(EXACT, "en", OFFICIAL))
    assert "Official invoice" in seen
    assert all(each in seen for each in (COMPANY.name, COMPANY.legal_id, COMPANY.economic_code))
    assert str(OFFICIAL.tax_id) in seen
    pending = text(page(EXACT, "en", replace(OFFICIAL, status=OfficialStatus.REQUESTED, tax_id=None)))
    assert "Official invoice" not in pending


def test_a_buyer_who_was_deleted_is_said_to_be() -> None:
    gone = replace(EXACT, buyer=None)
    assert "Deleted account" in text(page(gone, "en"))
    assert "حساب پاک شده است" in text(page(gone))
    # A company is no person: its official invoice goes on naming it.
    kept = text(page(gone, "en", OFFICIAL))
    assert COMPANY.name in kept
    assert "Deleted account" not in kept


def test_a_company_is_named_with_who_acts_for_it() -> None:
    seen = text(page(replace(EXACT, buyer=replace(PERSON, company=COMPANY)), "en"))
    assert all(each in seen for each in (COMPANY.name, "Contact", "مریم رضایی", COMPANY.legal_id))
    assert PERSON.national_id not in seen


@pytest.mark.parametrize(
    ("line", "fa", "en"),
    [
        (TERM, "اشتراک پایه، ۳ ماه", "Subscription Basic, 3 months"),
        (
            replace(TERM, length=Duration(months=1, days=2)),
            "اشتراک پایه، ۱ ماه و ۲ روز",
            "Subscription Basic, 1 month and 2 days",
        ),
        (replace(TERM, length=Duration(seconds=90)), "اشتراک پایه، PT90S", "Subscription Basic, PT90S"),
        (replace(TERM, item="upgrade", length=None), "ارتقا به پایه", "Upgrade to Basic"),
        (Line("extra", "sms", 1, 1, 0, 10, 0), "خدمت جانبی Text messages", "Extra Text messages"),
        (
            Line("overuse", "storage_mb", 1, 1, 0, 10, 0),
            "مصرف مازاد فضای ذخیره‌سازی (مگابایت)",
            "Use above the limit storage (megabytes)",
        ),
        (Line("service", "e_1", 1, 1, 0, 10, 0), "خدمت سفارشی e_1", "Service e_1"),
        (Line("gift", "", 1, 1, 0, 10, 0), "gift", "gift"),
    ],
)
def test_a_line_is_told_in_words(line: Line, fa: str, en: str) -> None:
    assert described(line) == fa
    assert described(line, "en") == en


def test_plans_and_extras_are_called_what_the_agreement_calls_them() -> None:
    agreement = agreement_with_trial()
    named = {plan.id: plan.names for plan in agreement.plans}
    named |= {extra.id: extra.names for extra in agreement.extras}
    assert titles_of(agreement) == named
    assert named


EVIL = "<script>alert(1)</script>\"'&<b>"


def test_nothing_in_it_is_more_than_text() -> None:
    buyer = BillingProfile("t_1", EVIL, EVIL, EVIL, EVIL, EVIL, EVIL, EVIL, EVIL, replace(COMPANY, name=EVIL))
    line = replace(TERM, item=EVIL, subject=EVIL)
    evil = replace(NOTE, buyer=buyer, lines=(line,), corrects=EVIL, gateway=EVIL, reference=EVIL)
    for language in ("fa", "en"):
        names = {language: EVIL}
        seller = replace(SELLER, names=names, address=names, phone=EVIL)
        official = replace(OFFICIAL, company=EVIL, tax_id=EVIL)
        for html in (
            invoice_page(evil, seller, names, None, {EVIL: names}, language),
            invoice_page(evil, seller, names, official, {}, language),
        ):
            assert "<script" not in html
            assert "<b>" not in html
            assert html.count("&lt;script&gt;") > 8


def test_the_policy_allows_its_own_style_and_nothing_else() -> None:
    (style,) = re.findall(r"<style>(.*?)</style>", page())
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in POLICY
    assert "default-src 'none'" in POLICY
    assert not re.search(r"\bsrc=|\bhref=|url\(|style=|@import", page())
