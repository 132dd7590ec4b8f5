"""An invoice or credit note on one sheet of A4, to be printed: what stands on it, and the page that shows it.

In Persian right to left, with Jalali dates and Persian digits; or in English left to right. Amounts are in
rials, the total also in tomans and in words. The same sheet becomes a file in `invoice_pdf`.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from html import escape

from mohlat.calendar.display import long_date
from mohlat.domain.agreement import Agreement, Seller
from mohlat.domain.billing import BillingProfile
from mohlat.domain.durations import Duration
from mohlat.domain.invoices import Invoice, InvoiceKind, Line, OfficialInvoice, OfficialStatus
from mohlat.domain.iranian import persian_digits, tomans
from mohlat.domain.texts import said
from mohlat.presentation.words import in_words

Names = Mapping[str, str]
Rows = tuple[tuple[str, str], ...]
Say = Callable[[str, str], str]

# Written left to right, whatever stands around it: a plus sign would change sides.
_LEFT_TO_RIGHT = "\u200e"

_ITEMS = {
    "term": ("اشتراک", "Subscription"),
    "upgrade": ("ارتقا به", "Upgrade to"),
    "extra": ("خدمت جانبی", "Extra"),
    "overuse": ("مصرف مازاد", "Use above the limit"),
    "service": ("خدمت سفارشی", "Service"),
}
_METRICS = {
    "storage_mb": ("فضای ذخیره‌سازی (مگابایت)", "storage (megabytes)"),
    "records": ("تعداد رکوردها", "records"),
    "users": ("تعداد کاربران", "users"),
}
_GATEWAYS = {
    "zarinpal": ("زرین‌پال", "ZarinPal"),
    "zibal": ("زیبال", "Zibal"),
    "sep": ("سپ", "SEP"),
    "behpardakht": ("به‌پرداخت", "Behpardakht"),
}
_COLUMNS = (
    ("ردیف", "No."),
    ("شرح", "Description"),
    ("تعداد", "Quantity"),
    ("مبلغ واحد", "Unit price"),
    ("مبلغ", "Amount"),
    ("تخفیف", "Discount"),
    ("پس از تخفیف", "After discount"),
    ("نرخ مالیات", "VAT rate"),
    ("مالیات", "VAT"),
    ("جمع", "Total"),
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What an invoice says, in one language, ready to be set. `words` is the total once more."""

    language: str
    title: str
    product: str
    facts: Rows
    parties: tuple[tuple[str, Rows], tuple[str, Rows]]
    columns: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]
    totals: Rows
    words: str
    footer: str


def titles_of(agreement: Agreement) -> Mapping[str, Names]:
    """What the agreement calls its plans and extras, by their ids."""
    extras = {extra.id: extra.names for extra in agreement.extras}
    return extras | {plan.id: plan.names for plan in agreement.plans}


def sheet_of(
    invoice: Invoice,
    seller: Seller,
    product_names: Names,
    official: OfficialInvoice | None,
    titles: Mapping[str, Names],
    language: str,
) -> Sheet:
    """Puts an invoice into words. Any `language` but `fa` is answered in English."""
    persian = language == "fa"
    language = "fa" if persian else "en"

    def say(fa: str, en: str) -> str:
        return fa if persian else en

    return Sheet(
        language=language,
        title=_title(invoice, official, say),
        product=said(product_names, language),
        facts=_facts(invoice, official, say, language),
        parties=(
            (say("فروشنده", "Seller"), _seller(seller, say, language)),
            (say("خریدار", "Buyer"), _buyer(invoice.buyer, official, say, language)),
        ),
        columns=tuple(say(*column) for column in _COLUMNS),
        lines=tuple(
            _line(place, line, titles, say, language) for place, line in enumerate(invoice.lines, start=1)
        ),
        totals=(
            (say("جمع پیش از تخفیف", "Before discount"), _rials(invoice.net + invoice.discount, say)),
            (say("تخفیف", "Discount"), _rials(invoice.discount, say)),
            (say("مالیات بر ارزش افزوده", "Value added tax"), _rials(invoice.vat, say)),
            (_total_label(invoice, say), _rials(invoice.total, say)),
            (say("برابر با", "In tomans"), tomans(invoice.total, language)),
        ),
        words=say(
            f"به حروف: {in_words(invoice.total, 'fa')} ریال",
            f"In words: {in_words(invoice.total, 'en')} {'rial' if invoice.total == 1 else 'rials'}",
        ),
        footer=say(
            f"همهٔ مبلغ‌ها به ریال است. نسخهٔ قرارداد: {persian_digits(invoice.agreement_version)}",
            f"All amounts are in rials. Version of the agreement: {invoice.agreement_version}",
        ),
    )


def _title(invoice: Invoice, official: OfficialInvoice | None, say: Say) -> str:
    if invoice.kind is InvoiceKind.CREDIT_NOTE:
        return say("صورت‌حساب برگشت از فروش", "Credit note")
    if official and official.status is OfficialStatus.ISSUED:
        return say("صورت‌حساب رسمی فروش", "Official invoice")
    return say("صورت‌حساب فروش", "Invoice")


def _total_label(invoice: Invoice, say: Say) -> str:
    if invoice.kind is InvoiceKind.CREDIT_NOTE:
        return say("جمع کل برگشتی", "Total given back")
    return say("جمع کل", "Total")


def _facts(invoice: Invoice, official: OfficialInvoice | None, say: Say, language: str) -> Rows:
    return _given(
        (say("شماره", "Number"), invoice.label),
        (say("تاریخ", "Date"), long_date(invoice.dated_at, language)),
        (say("تاریخ صدور", "Issued on"), long_date(invoice.issued_at, language)),
        (say("شناسهٔ سند", "Document"), invoice.id),
        (say("اصلاح صورت‌حساب", "Corrects invoice"), invoice.corrects),
        (say("شمارهٔ مالیاتی", "Tax number"), official.tax_id if official else None),
        (say("درگاه پرداخت", "Gateway"), _gateway(invoice.gateway or "", say)),
        (say("شمارهٔ پیگیری", "Reference"), _digits(invoice.reference, language)),
    )


def _gateway(name: str, say: Say) -> str:
    return say(*_GATEWAYS.get(name, (name, name)))


def _seller(seller: Seller, say: Say, language: str) -> Rows:
    return _given(
        (say("نام", "Name"), said(seller.names, language)),
        (say("شناسهٔ ملی", "National id"), _digits(seller.national_id, language)),
        (say("کد اقتصادی", "Economic code"), _digits(seller.economic_code, language)),
        (say("نشانی", "Address"), said(seller.address, language)),
        (say("کد پستی", "Postal code"), _digits(seller.postal_code, language)),
        (say("تلفن", "Phone"), _phone(seller.phone, language)),
    )


def _buyer(profile: BillingProfile | None, official: OfficialInvoice | None, say: Say, language: str) -> Rows:
    """Whom it names; the company of an official invoice even when the account is gone."""
    if profile is None and official is None:
        return ((say("نام", "Name"), say("حساب پاک شده است", "Deleted account")),)
    rows: list[tuple[str, str | None]] = []
    person = f"{profile.name} {profile.surname}".strip() if profile else ""
    if official:
        name, number, code = official.company, official.legal_id, official.economic_code
    elif profile and profile.company:
        company = profile.company
        name, number, code = company.name, company.legal_id, company.economic_code
    else:
        name = number = code = ""
    if name or number:
        rows += [
            (say("نام", "Name"), name),
            (say("شناسهٔ ملی", "National id"), _digits(number, language)),
            (say("کد اقتصادی", "Economic code"), _digits(code, language)),
            (say("نماینده", "Contact"), person),
        ]
    elif profile:
        rows += [
            (say("نام", "Name"), person),
            (say("کد ملی", "National id"), _digits(profile.national_id, language)),
        ]
    if profile:
        rows += [
            (say("نشانی", "Address"), profile.address),
            (say("کد پستی", "Postal code"), _digits(profile.postal_code, language)),
            (say("تلفن", "Phone"), _phone(profile.mobile, language)),
            (say("رایانامه", "E-mail"), profile.email),
        ]
    return _given(*rows)


def _line(place: int, line: Line, titles: Mapping[str, Names], say: Say, language: str) -> tuple[str, ...]:
    return (
        _figure(place, say),
        _described(line, titles, say, language),
        _figure(line.quantity, say),
        _figure(line.unit_price, say),
        _figure(line.quantity * line.unit_price, say),
        _figure(line.discount, say),
        _figure(line.net, say),
        say(f"{persian_digits(str(line.vat_percent))}٪", f"{line.vat_percent}%"),
        _figure(line.vat, say),
        _figure(line.total, say),
    )


def _described(line: Line, titles: Mapping[str, Names], say: Say, language: str) -> str:
    item = say(*_ITEMS.get(line.item, (line.item, line.item)))
    if line.item == "overuse":
        subject = say(*_METRICS.get(line.subject, (line.subject, line.subject)))
    else:
        subject = said(titles[line.subject], language) if line.subject in titles else line.subject
    period = f"{say('،', ',')} {_period(line.length, say)}" if line.length else ""
    return f"{item} {subject}".strip() + period


def _period(length: Duration, say: Say) -> str:
    """A length of time as people say it; what has seconds is a length of tests only, and stays as written."""
    if length.seconds or not (length.months or length.days):
        return str(length)
    parts = []
    if length.months:
        parts.append(say(f"{_figure(length.months, say)} ماه", _plural(length.months, "month")))
    if length.days:
        parts.append(say(f"{_figure(length.days, say)} روز", _plural(length.days, "day")))
    return say(" و ", " and ").join(parts)


def _plural(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def _figure(number: int, say: Say) -> str:
    return say(persian_digits(f"{number:,}").replace(",", "٬"), f"{number:,}")


def _rials(amount: int, say: Say) -> str:
    return f"{_figure(amount, say)} {say('ریال', 'rials')}"


def _digits(text: str | None, language: str) -> str | None:
    return persian_digits(text) if text and language == "fa" else text


def _phone(number: str, language: str) -> str | None:
    """A number of Iran as it is dialled there in Persian; in English as the world dials it."""
    if language == "fa" and number.startswith("+98"):
        return persian_digits(f"0{number[3:]}")
    return number and f"{_LEFT_TO_RIGHT}{number}"


def _given(*rows: tuple[str, str | None]) -> Rows:
    return tuple((name, value) for name, value in rows if value)


# --- the page ---------------------------------------------------------------------------------------------

_STYLE = (
    "@page{size:A4 landscape;margin:12mm}"
    "*{box-sizing:border-box}"
    "body{font-family:Vazirmatn,Tahoma,sans-serif;font-size:.85rem;line-height:1.8;color:#1b1b1b;"
    "background:#fff;max-width:75rem;margin:1.5rem auto;padding:0 1rem}"
    "h1{font-size:1.3rem;margin:0}h2{font-size:.95rem;margin:0 0 .3rem}p{margin:.4rem 0}"
    "header{display:flex;justify-content:space-between;align-items:baseline;gap:1rem;"
    "border-bottom:2px solid #1b1b1b;padding-bottom:.4rem;margin-bottom:.8rem}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem .8rem;margin:0}"
    "dt{color:#555}dd{margin:0;overflow-wrap:anywhere}"
    ".facts{grid-template-columns:repeat(2,max-content minmax(0,1fr));margin-bottom:.8rem}"
    ".parties{display:grid;grid-template-columns:1fr 1fr;gap:.8rem;margin-bottom:.8rem}"
    "section{border:1px solid #999;border-radius:.3rem;padding:.5rem .8rem;min-width:0}"
    "table{border-collapse:collapse;width:100%;margin-bottom:.8rem}"
    "th,td{border:1px solid #999;padding:.25rem .45rem;text-align:center;white-space:nowrap;"
    "font-variant-numeric:tabular-nums}tbody td{text-align:right}"
    "th{background:#eee}th:nth-child(2),td:nth-child(2){text-align:start;white-space:normal;"
    "overflow-wrap:anywhere;min-width:8rem}thead{display:table-header-group}tr{break-inside:avoid}"
    ".end{display:flex;justify-content:space-between;align-items:flex-start;gap:1rem;break-inside:avoid}"
    ".totals{width:auto;flex:none;margin-bottom:.4rem}"
    ".totals th{text-align:start;font-weight:400}.totals td{text-align:right}"
    ".totals tr:nth-child(4)>*{font-weight:700;background:#eee}"
    "footer{color:#555;font-size:.75rem;border-top:1px solid #999;margin-top:.8rem}"
    ".wide{overflow-x:auto}"
    "@media print{body{margin:0;padding:0;max-width:none;font-size:9pt}.wide{overflow:visible}"
    "th{print-color-adjust:exact}}"
    "@media screen and (max-width:45rem){.parties{grid-template-columns:1fr}"
    ".facts{grid-template-columns:max-content minmax(0,1fr)}.end{display:block}}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def invoice_page(
    invoice: Invoice,
    seller: Seller,
    product_names: Names,
    official: OfficialInvoice | None,
    titles: Mapping[str, Names],
    language: str = "fa",
) -> str:
    """The invoice as a page: self-contained, and set for A4 when it is printed."""
    sheet = sheet_of(invoice, seller, product_names, official, titles, language)
    direction = "rtl" if sheet.language == "fa" else "ltr"
    parties = "".join(
        f"<section><h2>{escape(heading)}</h2>{_list(rows)}</section>" for heading, rows in sheet.parties
    )
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in sheet.columns)
    lines = "".join(_row(f"<td>{_value(cell)}</td>" for cell in line) for line in sheet.lines)
    totals = "".join(
        _row((f'<th scope="row">{escape(name)}</th>', f"<td>{_value(value)}</td>"))
        for name, value in sheet.totals
    )
    return (
        f'<!doctype html><html lang="{sheet.language}" dir="{direction}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="robots" content="noindex"><title>{escape(sheet.title)} {escape(invoice.label)}</title>'
        f"<style>{_STYLE}</style></head><body>"
        f"<header><h1>{escape(sheet.title)}</h1><strong>{escape(sheet.product)}</strong></header>"
        f'{_list(sheet.facts, "facts")}<div class="parties">{parties}</div>'
        f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>'
        f'<div class="end"><p>{escape(sheet.words)}</p>'
        f'<table class="totals"><tbody>{totals}</tbody></table></div>'
        f"<footer><p>{escape(sheet.footer)}</p></footer></body></html>"
    )


def _row(cells: Iterable[str]) -> str:
    return f"<tr>{''.join(cells)}</tr>"


def _list(rows: Rows, kind: str = "") -> str:
    shown = "".join(f"<dt>{escape(name)}</dt><dd>{_value(value)}</dd>" for name, value in rows)
    return f'<dl class="{kind}">{shown}</dl>' if kind else f"<dl>{shown}</dl>"


def _value(text: str) -> str:
    """Apart from the direction of what stands around it: a name may be written in either script."""
    return f"<bdi>{escape(text)}</bdi>"
