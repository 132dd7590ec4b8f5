"""What customers read: every message, in both languages, exact and harmless."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from mohlat.adapters.messaging import wording_en, wording_fa
from mohlat.adapters.messaging.wording import ProductWording
from mohlat.application.codes import issue_code
from mohlat.application.ports import MessageOrder
from mohlat.domain import escrow, overuse, purchases, returns
from mohlat.domain.access import Access
from mohlat.domain.agreement import Phase
from mohlat.domain.compensation import compensate
from mohlat.domain.durations import Duration
from mohlat.domain.explanation import END_OF_PRODUCT
from mohlat.domain.invoices import Invoice, InvoiceKind
from mohlat.domain.lifecycle import DeadlineKind, Event, Transition
from mohlat.domain.notices import Notice, NoticeKind
from mohlat.domain.payments import OrderKind, Payment, PaymentStatus
from mohlat.domain.people import CodePurpose
from mohlat.domain.quotes import quote_upgrade
from mohlat.domain.refunds import RefundReason, reserved
from mohlat.domain.tenant import RestrictionKind
from mohlat.presentation.titles import ACCESS, COMING, DEADLINES, EVENTS, PHASES, RESTRICTIONS
from tests.builders import START, Life, order
from tests.fakes import FakeIds, FakePeople, Table
from tests.money import order_of_debt, with_money

TEMPLATES: dict[str, str] = json.loads(
    Path(__file__).parents[2].joinpath("sandbox/sms_templates.json").read_text(encoding="utf-8")
)
SPACES = {"token": 0, "token2": 0, "token3": 0, "token10": 5, "token20": 8}
NAMES = {
    "kalo": {"fa": "کالو", "en": "kalo"},
    "customer_club": {"fa": "باشگاه مشتریان", "en": "Customer Club"},
    "saman360": {"fa": "سامان ۳۶۰", "en": "Saman360"},
}
# 35 seconds past 14:05 in Tehran, on 1 Azar 1405.
ANCHOR = datetime(2026, 11, 22, 10, 35, 35, tzinfo=UTC)
UNIQUE = "01JD9V5T3QK8ZC4N7R2XWYB6MH"
ORDER_ID = f"o_{UNIQUE}"
LABEL = "SAMAN360-1405-000012"
LINK = f"https://mohlat.example/tenants/t_{UNIQUE}/invoices/i_{UNIQUE}"

CODES = {NoticeKind.CONFIRM_CODE, NoticeKind.RECOVERY_CODE, NoticeKind.INVITATION}
# The facts of each notice that has some, as those who owe it put them in.
_REFUND: dict[str, str | int] = {"refund_id": f"r_{UNIQUE}", "amount": 12_345_000, "reason": "goodwill"}
_DEBT: dict[str, str | int] = {"debt_id": f"d_{UNIQUE}", "metric": "storage_mb", "amount": 12_345_000}
_REQUEST: dict[str, str | int] = {"request_id": f"d_{UNIQUE}", "right": "access"}
_PAID: dict[str, str | int] = {"order_id": ORDER_ID, "amount": 12_345_000}
_ESCROW: dict[str, str | int] = {"escrow_id": f"e_{UNIQUE}", "amount": 12_345_000}
_TICKET: dict[str, str | int] = {"ticket_id": f"k_{UNIQUE}"}
_PROMOTION: dict[str, str | int] = {
    "subject": "A third off until Nowruz for Saman360",
    "text": "Order before the holidays.",
    "unsubscribe": f"https://mohlat.example/v1/u/{UNIQUE}/s/{26 * 'a'}",
}
FACTS: dict[NoticeKind, dict[str, str | int]] = {
    NoticeKind.DATA_REQUEST_RECEIVED: _REQUEST,
    NoticeKind.DATA_REQUEST_EXTENDED: {**_REQUEST, "explanation": "two systems have to be asked"},
    NoticeKind.DATA_REQUEST_RESUMED: _REQUEST,
    NoticeKind.DATA_REQUEST_HELD: _REQUEST,
    NoticeKind.DATA_REQUEST_ANSWERED: {**_REQUEST, "outcome": "refused", "ground": "law"},
    NoticeKind.IDENTITY_ASKED: _REQUEST,
    NoticeKind.TRIAL_ENDING: {"before": "P10D"},
    NoticeKind.TERM_ENDING: {"before": "P10D"},
    NoticeKind.INVOICE_DUE: {"before": "P10D"},
    NoticeKind.PAYMENT_RECEIVED: {**_PAID, "plan": "team"},
    NoticeKind.UPGRADED: {
        **_PAID,
        "kind": "upgrade",
        "plan": "team",
        "plan_before": "starter",
        "ends_at": "2026-11-22T10:35:35Z",
    },
    NoticeKind.EXTRA_BOUGHT: {**_PAID, "kind": "extra", "extra": "training"},
    NoticeKind.REFUND_STARTED: _REFUND,
    NoticeKind.REFUND_DONE: _REFUND,
    NoticeKind.REFUND_NEEDS_ACCOUNT: _REFUND,
    NoticeKind.PAYMENT_FOLLOWED_UP: {**_TICKET, "amount": 12_345_000},
    NoticeKind.DEBT_INVOICED: {
        **_DEBT,
        "usage_id": "june",
        "used": 6_789,
        "due_at": "2026-11-22T10:35:35Z",
    },
    NoticeKind.DEBT_DUE: {**_DEBT, "before": "P10D"},
    NoticeKind.DEBT_SUSPENDED: _DEBT,
    NoticeKind.DEBT_PAID: {**_PAID, "kind": "debt", "debt_id": f"d_{UNIQUE}"},
    NoticeKind.ESCROW_AGREED: {**_ESCROW, "partner": "partner-1"},
    NoticeKind.ESCROW_DEPOSITED: {**_PAID, "kind": "escrow", "escrow_id": f"e_{UNIQUE}"},
    NoticeKind.ESCROW_RELEASED: {**_ESCROW, "partner": "partner-1"},
    NoticeKind.ESCROW_RETURNED: {**_ESCROW, "partner": "partner-1"},
    NoticeKind.COMPENSATED: {**_TICKET, "compensation_id": f"m_{UNIQUE}", "amount": 12_345_000},
    NoticeKind.DISPUTE_RECEIVED: {**_TICKET, "invoice": LABEL},
    NoticeKind.DISPUTE_ANSWERED: {**_TICKET, "invoice": LABEL},
    NoticeKind.SUPPORT_ANSWERED: _TICKET,
    NoticeKind.OBJECTION_RECEIVED: _TICKET,
    NoticeKind.RESTRICTION_LIFTED: _TICKET,
    NoticeKind.RESTRICTION_UPHELD: _TICKET,
    NoticeKind.DATA_DELETED: {"link": LINK},
    NoticeKind.OFFICIAL_INVOICE_ISSUED: {
        "invoice_id": f"i_{UNIQUE}",
        "invoice": LABEL,
        "tax_id": "A1SMN004B2C00000C",
        "link": LINK,
    },
    NoticeKind.EXPORT_READY: {"export_id": f"x_{UNIQUE}", "link": LINK},
    NoticeKind.DATA_LEAKED: {"leak_id": f"l_{UNIQUE}"},
    NoticeKind.PROMOTION: _PROMOTION,
    NoticeKind.NEWSLETTER: _PROMOTION,
    NoticeKind.DATA_RESTORED: {
        "restoration_id": f"n_{UNIQUE}",
        "backup_id": f"b_{UNIQUE}",
        "of": "2026-11-22T10:35:35Z",
        "added": 6_789,
        "changed": 6_789,
        "deleted": 6_789,
    },
}
_WINDOW = {"about": f"window:w_{UNIQUE}:1", "ends_at": "2026-11-23T10:35:35Z", "text": "A new database."}
_END = {"about": "wind_down:kalo:1", "access_until": "2027-11-22T10:35:35Z", "text": "Nobody is left."}
FACTS |= {
    NoticeKind.NEWS: {"about": f"news:n_{UNIQUE}", "subject": "New reports", "text": "Sales by month."},
    NoticeKind.TERMS_CHANGED: {"about": "terms:4", "link": LINK, "text": "Prices."},
    NoticeKind.MAINTENANCE_PLANNED: _WINDOW,
    NoticeKind.MAINTENANCE_MOVED: _WINDOW,
    NoticeKind.MAINTENANCE_CANCELLED: _WINDOW,
    NoticeKind.MAINTENANCE_AHEAD: _WINDOW,
    NoticeKind.MAINTENANCE_ENDED: {"about": f"window:w_{UNIQUE}:1"},
    NoticeKind.LEASE_EXTENDED: {"about": "uptime:1405-08", "month": "1405-08", "minutes": 6_789},
    NoticeKind.WIND_DOWN_PLANNED: _END,
    NoticeKind.WIND_DOWN_CANCELLED: _END,
    NoticeKind.WIND_DOWN_STARTED: _END,
}
SERVICE = {kind for kind, facts in FACTS.items() if "about" in facts}
PROMOTIONAL = {NoticeKind.PROMOTION, NoticeKind.NEWSLETTER}
ABOUT_DATA = PROMOTIONAL | {NoticeKind.DATA_DELETED, NoticeKind.EXPORT_READY, NoticeKind.DATA_RESTORED}
REMINDERS = {kind for kind, facts in FACTS.items() if "before" in facts}
WITH_A_SUM = {kind for kind, facts in FACTS.items() if "amount" in facts}
# What an SMS says of the others has no date that anything depends on.
DATED = (
    set(NoticeKind) - CODES - set(FACTS)
    | SERVICE
    | {
        NoticeKind.DATA_DELETED,
        NoticeKind.TRIAL_ENDING,
        NoticeKind.TERM_ENDING,
        NoticeKind.INVOICE_DUE,
        NoticeKind.DEBT_INVOICED,
        NoticeKind.DEBT_DUE,
        NoticeKind.DEBT_SUSPENDED,
        NoticeKind.DISPUTE_RECEIVED,
        NoticeKind.OBJECTION_RECEIVED,
        NoticeKind.RESTRICTION_LIFTED,
        NoticeKind.RESTRICTION_UPHELD,
        NoticeKind.SUPPORT_ANSWERED,
        NoticeKind.EXPORT_READY,
        NoticeKind.DATA_RESTORED,
        NoticeKind.DATA_REQUEST_RECEIVED,
        NoticeKind.DATA_REQUEST_EXTENDED,
        NoticeKind.DATA_REQUEST_RESUMED,
    }
)

every_kind = pytest.mark.parametrize("kind", list(NoticeKind))
every_language = pytest.mark.parametrize("language", ["fa", "en"])
every_product = pytest.mark.parametrize("product", list(NAMES))


def told(kind: NoticeKind, language: str = "fa", product: str = "saman360", **changes: Any) -> MessageOrder:
    code = "042917" if kind in CODES else None
    facts = FACTS.get(kind, {})
    plain = MessageOrder(kind, language, product, NAMES[product], ANCHOR, facts, code)
    return replace(plain, **changes)


write = ProductWording().write


class Page(HTMLParser):
    """Reads a page as a browser would: its text, its elements and their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


# --- every message ------------------------------------------------------------------------------------


@every_language
def test_every_notice_has_its_text_in_every_language(language: str) -> None:
    assert set({"fa": wording_fa, "en": wording_en}[language].SCRIPTS) == set(NoticeKind)


@every_kind
@every_language
def test_no_gap_is_left_open(kind: NoticeKind, language: str) -> None:
    message = write(told(kind, language))
    for part in (message.subject, message.text, message.html, message.sms_text, *message.sms_tokens.values()):
        assert part.strip()
        assert "$" not in part
        assert "%token" not in part


@every_kind
@every_language
def test_the_subject_is_one_line_and_names_the_product(kind: NoticeKind, language: str) -> None:
    subject = write(told(kind, language)).subject
    assert "\n" not in subject
    assert NAMES["saman360"][language] in subject


@every_kind
@every_language
def test_mail_names_the_instant_that_the_notice_is_about(kind: NoticeKind, language: str) -> None:
    text = write(told(kind, language)).text
    if kind in CODES | PROMOTIONAL:
        return
    if language == "fa":
        assert "۱ آذر ۱۴۰۵، ساعت ۱۴:۰۵ به وقت تهران" in text
    else:
        assert "1 Azar 1405, 14:05 Tehran time (2026-11-22)" in text


@every_kind
@every_language
def test_an_sms_about_a_date_names_it(kind: NoticeKind, language: str) -> None:
    sms = write(told(kind, language)).sms_text
    if kind not in DATED:
        return
    assert ("۱۴۰۵/۰۹/۰۱" if language == "fa" else "1405/09/01 (2026-11-22)") in sms


@every_kind
@every_language
def test_no_clause_is_quoted_to_customers(kind: NoticeKind, language: str) -> None:
    message = write(told(kind, language))
    assert not re.search(r"KALO|SAMAN-|CLUB-|KALAK-|KALLU-|§", message.text + message.sms_text)


@every_kind
def test_persian_keeps_to_persian_letters_and_digits(kind: NoticeKind) -> None:
    worded = ("before", "metric", "reason", "ends_at", "access_until")
    facts = {
        fact: "نمونه" if isinstance(value, str) and fact not in worded else value
        for fact, value in FACTS.get(kind, {}).items()
    }
    message = write(told(kind, facts=facts, code="کد"))
    shown = message.subject + message.text + message.sms_text
    assert not re.search(r"[A-Za-z0-9\u0660-\u0669]", shown)
    assert not re.search(r"[\u064a\u0643,;?\"]", shown), "Arabic letters or Latin punctuation"
    # A verb's prefix and a plural's suffix are joined by a zero-width non-joiner, never by a space.
    assert not re.search(r"(^|\s)ن?می\s|\sها(ی|\s|[.،])", shown)
    assert not re.search(r"\s[،.؛:]| {2}|\u200c\s|\s\u200c", shown)


@every_kind
def test_nothing_is_advertised(kind: NoticeKind) -> None:
    said = write(told(kind)).text + write(told(kind, "en")).text.lower()
    for word in (
        "تخفیف",
        "ویژه",
        "فرصت",
        "شگفت",
        "بهترین",
        "offer",
        "discount",
        "upgrade",
        "best",
        "exciting",
        "!",
    ):
        assert word not in said


# --- HTML -----------------------------------------------------------------------------------------------


@every_kind
@every_language
def test_html_says_what_the_plain_text_says(kind: NoticeKind, language: str) -> None:
    message = write(told(kind, language))
    said = re.sub(r"\s", "", Page(message.html).text)
    assert said == re.sub(r"\s", "", message.subject + message.text)


@every_kind
def test_persian_pages_run_from_right_to_left(kind: NoticeKind) -> None:
    page = Page(write(told(kind)).html)
    for tag in ("html", "div"):
        attributes = next(attributes for name, attributes in page.elements if name == tag)
        assert (attributes["lang"], attributes["dir"]) == ("fa", "rtl")
    english = Page(write(told(kind, "en")).html)
    assert dict(english.elements)["html"] == {"lang": "en", "dir": "ltr"}


@every_kind
@every_language
def test_a_page_loads_nothing_and_stays_small(kind: NoticeKind, language: str) -> None:
    html = write(told(kind, language)).html
    page = Page(html)
    assert {tag for tag, _ in page.elements} <= {
        "html", "head", "meta", "title", "body", "div", "p", "br", "bdi"
    }  # fmt: skip
    assert {name for _, attributes in page.elements for name in attributes} <= {
        "lang",
        "dir",
        "charset",
        "style",
    }
    assert "url(" not in html
    # An address may be read, not fetched.
    assert "//" not in html.replace(LINK, "").replace(str(_PROMOTION["unsubscribe"]), "")
    assert len(html.encode()) < 5_000


def test_markup_in_names_and_facts_is_shown_not_obeyed() -> None:
    hostile = '<img src=x onerror="alert(1)">&amp; $plan'
    paid = told(
        NoticeKind.PAYMENT_RECEIVED,
        product_names={"fa": hostile},
        facts={"amount": 10, "plan": "<b>team</b>", "order_id": "o_<i>"},
    )
    message = write(paid)
    page = Page(message.html)
    assert {"img", "b", "i"}.isdisjoint(tag for tag, _ in page.elements)
    assert hostile in page.text
    assert hostile in message.subject


# --- SMS --------------------------------------------------------------------------------------------------


@every_kind
@every_language
@every_product
def test_the_approved_template_filled_in_is_the_sms_text(
    kind: NoticeKind, language: str, product: str
) -> None:
    message = write(told(kind, language, product))
    rendered = re.sub(
        r"%(token(?:20|10|2|3)?)", lambda found: message.sms_tokens[found[1]], TEMPLATES[message.sms_template]
    )
    assert "%token" not in rendered
    assert rendered == message.sms_text
    assert set(message.sms_tokens) == set(
        re.findall(r"%(token(?:20|10|2|3)?)", TEMPLATES[message.sms_template])
    )


def test_there_is_a_template_for_every_notice_and_no_other() -> None:
    named = {
        write(told(kind, language)).sms_template: (kind, language)
        for kind in NoticeKind
        for language in ("fa", "en")
    }
    assert set(TEMPLATES) == set(named)
    assert write(told(NoticeKind.TRIAL_ENDING)).sms_template == "mohlat-trial-ending"
    assert write(told(NoticeKind.TRIAL_ENDING, "en")).sms_template == "mohlat-trial-ending-en"


def assert_kavenegar_takes(tokens: dict[str, str]) -> None:
    assert "token" in tokens
    for token, value in tokens.items():
        assert value
        assert len(value) <= 100
        assert value.count(" ") <= SPACES[token]
        assert not re.search(r"[_\n\r\t\u00a0]", value)


@every_kind
@every_language
@every_product
def test_tokens_are_such_as_the_provider_takes(kind: NoticeKind, language: str, product: str) -> None:
    assert_kavenegar_takes(dict(write(told(kind, language, product)).sms_tokens))


@every_kind
def test_a_long_name_is_cut_to_what_a_token_takes(kind: NoticeKind) -> None:
    name = "the_very_long\nname\u00a0of a product that " + "never" * 40
    message = write(told(kind, product_names={"fa": name}))
    assert_kavenegar_takes(dict(message.sms_tokens))
    assert "\n" not in message.subject


@every_kind
@every_language
@every_product
def test_an_sms_takes_two_parts_at_most(kind: NoticeKind, language: str, product: str) -> None:
    # An advertisement carries the way out of it, which takes a part of its own.
    parts = 3 if kind in PROMOTIONAL else 2
    assert len(write(told(kind, language, product)).sms_text) <= 67 * parts


# --- what each says ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(CODES))
@every_language
def test_codes_keep_latin_digits_and_say_how_long_they_live(kind: NoticeKind, language: str) -> None:
    message = write(told(kind, language))
    life = "۱۵ دقیقه" if language == "fa" else "15 minutes"
    for part in (message.text, message.html, message.sms_text):
        assert "042917" in part
        assert life in part
    assert message.sms_tokens == {"token": "042917"}
    assert "042917" not in message.subject


def test_a_code_lives_as_long_as_its_message_says() -> None:
    people = FakePeople(Table())
    issue_code(people, FakeIds(), "t_1", "u_1", CodePurpose.CONFIRM, ANCHOR)
    kept = people.code("t_1", "u_1", CodePurpose.CONFIRM)
    assert kept
    assert kept.expires_at - ANCHOR == timedelta(minutes=15)


@pytest.mark.parametrize(
    ("before", "fa", "en"),
    [
        ("P10D", "۱۰ روز", "10 days"),
        ("P1D", "۱ روز", "1 day"),
        ("P2W", "۱۴ روز", "14 days"),
        ("P1M", "۱ ماه", "1 month"),
        ("P1Y", "۱ سال", "1 year"),
        ("PT12H", "۱۲ ساعت", "12 hours"),
        (
            "P1M10DT90S",
            "۱ ماه و ۱۰ روز و ۱ دقیقه و ۳۰ ثانیه",
            "1 month and 10 days and 1 minute and 30 seconds",
        ),
    ],
)
@pytest.mark.parametrize("kind", sorted(REMINDERS))
def test_a_reminder_tells_the_rule_in_words(kind: NoticeKind, before: str, fa: str, en: str) -> None:
    facts = {**FACTS[kind], "before": before}
    assert f"طبق قرارداد، {fa} پیش از" in write(told(kind, facts=facts)).text
    assert f"we remind you {en} before" in write(told(kind, "en", facts=facts)).text


def test_a_payment_is_confirmed_in_tomans_with_its_order_and_its_end() -> None:
    persian = write(told(NoticeKind.PAYMENT_RECEIVED))
    assert f"مبلغ: ۱٬۲۳۴٬۵۰۰ تومان\nطرح: team\nشماره سفارش: {ORDER_ID}\n" in persian.text
    assert persian.sms_text == (
        "پرداخت ۱٬۲۳۴٬۵۰۰ تومان برای سامان ۳۶۰ دریافت شد. شماره سفارش: 01JD9V5T3QK8ZC4N7R2XWYB6MH"
    )
    english = write(told(NoticeKind.PAYMENT_RECEIVED, "en"))
    assert "Amount: 1,234,500 tomans\n" in english.text
    assert "Paid through: 1 Azar 1405, 14:05 Tehran time (2026-11-22)" in english.text


@pytest.mark.clause("CLUB-6")
@pytest.mark.parametrize("kind", sorted(WITH_A_SUM))
@pytest.mark.parametrize(
    ("rials", "fa", "en"),
    [
        (12_345_000, "۱٬۲۳۴٬۵۰۰ تومان", "1,234,500 tomans"),
        (12_345_678, "۱٬۲۳۴٬۵۶۷٫۸ تومان", "1,234,567.8 tomans"),
        (500, "۵۰ تومان", "50 tomans"),
    ],
)
def test_sums_are_told_in_tomans_and_to_the_rial(kind: NoticeKind, rials: int, fa: str, en: str) -> None:
    facts = {**FACTS[kind], "amount": rials}
    for language, sum_ in (("fa", fa), ("en", en)):
        message = write(told(kind, language, facts=facts))
        for part in (message.text, message.sms_text):
            assert re.search(rf"(?<![\d٬٫,.]){re.escape(sum_)}", part)
            assert str(rials) not in part


@every_language
@pytest.mark.parametrize(
    "kind",
    sorted(set(FACTS) - (REMINDERS - {NoticeKind.DEBT_DUE}) - ABOUT_DATA - SERVICE),
)
def test_mail_names_what_it_is_about_by_its_whole_number(kind: NoticeKind, language: str) -> None:
    text = write(told(kind, language)).text
    ids = ("order_id", "refund_id", "ticket_id", "debt_id", "escrow_id", "request_id", "invoice", "leak_id")
    named = [str(value) for fact, value in FACTS[kind].items() if fact in ids]
    assert named
    assert all(f": {value}\n" in text + "\n" for value in named)


def test_a_customer_is_told_until_when_a_closed_account_is_kept() -> None:
    text = write(told(NoticeKind.ACCOUNT_CLOSED)).text
    assert "اطلاعات آن تا ۱ آذر ۱۴۰۵، ساعت ۱۴:۰۵ به وقت تهران نگه داشته" in text


@pytest.mark.clause("SAMAN-2.6")
def test_who_withdraws_is_told_how_much_goes_back_and_who_paid_nothing_is_not() -> None:
    plain = [write(told(NoticeKind.ACCOUNT_CLOSED, language)) for language in ("fa", "en")]
    for amount, persian, english in (
        (12_345_000, "۱٬۲۳۴٬۵۰۰ تومان، به شما برمی‌گردد", "1,234,500 tomans, goes back"),
        (0, "", ""),
    ):
        facts = {"amount": amount}
        messages = [
            write(told(NoticeKind.ACCOUNT_CLOSED, language, facts=facts)) for language in ("fa", "en")
        ]
        assert (messages == plain) is (amount == 0)
        assert persian in messages[0].text
        assert english in messages[1].text


@every_language
def test_an_answered_objection_names_the_money_that_came_of_it(language: str) -> None:
    facts = {**FACTS[NoticeKind.DISPUTE_ANSWERED], "refund_id": f"r_{UNIQUE}", "amount": 12_345_000}
    with_money_back = write(told(NoticeKind.DISPUTE_ANSWERED, language, facts=facts))
    sum_ = "۱٬۲۳۴٬۵۰۰ تومان" if language == "fa" else "1,234,500 tomans"
    assert sum_ in with_money_back.text
    assert sum_ in Page(with_money_back.html).text
    words_alone = write(told(NoticeKind.DISPUTE_ANSWERED, language))
    assert "تومان" not in words_alone.text
    assert "toman" not in words_alone.text


@every_language
@pytest.mark.parametrize("reason", RefundReason)
def test_a_refund_says_why_the_money_goes_back(reason: RefundReason, language: str) -> None:
    facts = {**_REFUND, "reason": reason.value}
    said = {"fa": wording_fa, "en": wording_en}[language].REASONS[reason]
    message = write(told(NoticeKind.REFUND_STARTED, language, facts=facts))
    assert f"\n\n{said}\n\n" in message.text
    assert reason.value not in message.text


@every_language
def test_a_reason_that_nobody_put_into_words_is_left_out(language: str) -> None:
    facts = {**_REFUND, "reason": "a_new_one"}
    without = {fact: value for fact, value in _REFUND.items() if fact != "reason"}
    silent = write(told(NoticeKind.REFUND_STARTED, language, facts=without))
    assert write(told(NoticeKind.REFUND_STARTED, language, facts=facts)) == silent


@pytest.mark.clause("SAMAN-5.7")
@pytest.mark.parametrize(
    ("metric", "fa", "en"),
    [
        ("storage_mb", "فضای ذخیره‌سازی (مگابایت)", "storage (megabytes)"),
        ("records", "تعداد رکوردها", "records"),
        ("users", "تعداد کاربران", "users"),
        ("cpu_hours", "cpu hours", "cpu hours"),
    ],
)
def test_use_above_the_limit_is_told_in_words_and_figures(metric: str, fa: str, en: str) -> None:
    facts = {**FACTS[NoticeKind.DEBT_INVOICED], "metric": metric}
    assert f"موضوع: {fa}\nمصرف: ۶٬۷۸۹\n" in write(told(NoticeKind.DEBT_INVOICED, facts=facts)).text
    assert f"What: {en}\nUsed: 6,789\n" in write(told(NoticeKind.DEBT_INVOICED, "en", facts=facts)).text


@pytest.mark.clause("SAMAN-5.9")
@every_language
def test_an_official_invoice_comes_with_its_number_and_its_address(language: str) -> None:
    message = write(told(NoticeKind.OFFICIAL_INVOICE_ISSUED, language))
    assert f"\n{LINK}\n" in message.text
    assert "A1SMN004B2C00000C" in message.text
    assert LABEL in message.sms_text
    bare = write(told(NoticeKind.OFFICIAL_INVOICE_ISSUED, language, facts={"invoice": LABEL, "tax_id": ""}))
    assert len(bare.text.split("\n\n")) == len(message.text.split("\n\n")) - 2


@pytest.mark.clause("SAMAN-5.8")
def test_the_reason_is_asked_for_once_the_deposit_goes_back_and_not_before() -> None:
    asks = ("دلیل", "reason")
    for kind in (NoticeKind.ESCROW_AGREED, NoticeKind.ESCROW_DEPOSITED, NoticeKind.ESCROW_RELEASED):
        said = write(told(kind)).text + write(told(kind, "en")).text
        assert not any(word in said for word in asks)
    said = write(told(NoticeKind.ESCROW_RETURNED)).text + write(told(NoticeKind.ESCROW_RETURNED, "en")).text
    assert all(word in said for word in (*asks, "اختیاری", "up to you"))


def test_an_account_number_is_asked_for_where_it_is_safe() -> None:
    persian = write(told(NoticeKind.REFUND_NEEDS_ACCOUNT)).text
    assert "در مشخصات صورت‌حساب در حساب کاربری خود ثبت کنید" in persian
    assert "شماره شبا را با ایمیل یا پیامک نفرستید" in persian
    english = write(told(NoticeKind.REFUND_NEEDS_ACCOUNT, "en")).text
    assert "Sheba number (IBAN)" in english
    assert "Do not send the number by mail or SMS" in english


def test_the_day_is_tehrans_in_both_calendars() -> None:
    late = told(NoticeKind.TERM_ENDING, "en", anchor=datetime(2026, 11, 22, 21, 0, tzinfo=UTC))
    message = write(late)
    assert "2 Azar 1405, 00:30 Tehran time (2026-11-23)" in message.text
    assert "1405/09/02 (2026-11-23)" in message.sms_text


# --- what is not there ------------------------------------------------------------------------------------


def test_other_languages_are_answered_in_english() -> None:
    assert write(told(NoticeKind.TERM_ENDED, "de")) == write(told(NoticeKind.TERM_ENDED, "en"))


def test_a_product_without_a_name_in_the_language_goes_by_its_id() -> None:
    message = write(told(NoticeKind.TERM_ENDED, "en", product_names={"fa": "سامان ۳۶۰"}))
    assert message.subject == "Your subscription to saman360 has ended"


@pytest.mark.parametrize(
    ("kind", "lost", "changes"),
    [
        (NoticeKind.TRIAL_ENDING, "before", {"facts": {}}),
        (NoticeKind.PAYMENT_RECEIVED, "amount", {"facts": {"plan": "team", "order_id": ORDER_ID}}),
        (NoticeKind.PAYMENT_RECEIVED, "plan", {"facts": {"amount": 10, "order_id": ORDER_ID}}),
        (NoticeKind.PAYMENT_RECEIVED, "order_id", {"facts": {"amount": 10, "plan": "team"}}),
        (NoticeKind.REFUND_DONE, "refund", {"facts": {"amount": 10}}),
        (NoticeKind.DEBT_INVOICED, "metric", {"facts": {"amount": 10, "debt_id": "d_1", "used": 1}}),
        (NoticeKind.DEBT_INVOICED, "used", {"facts": {"amount": 10, "debt_id": "d_1", "metric": "users"}}),
        (NoticeKind.DEBT_DUE, "before", {"facts": _DEBT}),
        (NoticeKind.ESCROW_AGREED, "partner", {"facts": _ESCROW}),
        (NoticeKind.DISPUTE_ANSWERED, "invoice", {"facts": _TICKET}),
        (NoticeKind.CONFIRM_CODE, "code", {"code": None}),
        (NoticeKind.RECOVERY_CODE, "code", {"code": None}),
        (NoticeKind.INVITATION, "code", {"code": None}),
    ],
)
@every_language
def test_a_message_that_would_have_a_hole_is_not_written(
    kind: NoticeKind, lost: str, changes: dict[str, Any], language: str
) -> None:
    with pytest.raises(ValueError, match=f"{kind.value} cannot be written without '{lost}"):
        write(told(kind, language, **changes))


def test_a_reminder_of_no_length_is_refused() -> None:
    with pytest.raises(ValueError, match="no time"):
        write(told(NoticeKind.TERM_ENDING, facts={"before": "P0D"}))


# --- what those who owe a message put into it ---------------------------------------------------------------


AGREEMENT = with_money()


def _bought(life: Life, kind: OrderKind, **changes: Any) -> Transition:
    paid = replace(order(life.tenant, 7), kind=kind, plan="", length=Duration(), **changes)
    return purchases.grant(life.tenant, AGREEMENT, AGREEMENT, paid, life.now, by="gateway")


def _of_debts() -> list[Transition]:
    life = Life(AGREEMENT)
    life.pay("basic", "P1Y")
    usage = overuse.Usage("june", "records", 2500, billed=True)
    invoiced = overuse.report(life.tenant, AGREEMENT, AGREEMENT, usage, "d-1", life.now, by="operator")
    assert invoiced
    life.write(invoiced)
    steps = life.run_to(life.now + timedelta(days=15))
    debt = replace(order_of_debt(life.tenant, "d-1"), length=Duration())
    return [
        invoiced,
        *steps,
        purchases.grant(life.tenant, AGREEMENT, AGREEMENT, debt, life.now, by="gateway"),
    ]


def _of_purchases() -> list[Transition]:
    life = Life(AGREEMENT)
    extra = _bought(life, OrderKind.EXTRA, subject="training")
    term = life.pay("basic", "P1Y")
    quote = quote_upgrade(life.tenant, AGREEMENT, "plus", life.now)
    upgrade = purchases.order_of(quote, life.tenant, "o-2", "p-2", life.now)
    upgraded = purchases.grant(life.tenant, AGREEMENT, AGREEMENT, upgrade, life.now, by="gateway")
    paid = compensate(
        life.tenant, AGREEMENT, "m-1", "k-1", 1000, "a backup was lost", "T-TRIAL", 0, life.now, by="operator"
    )
    return [extra, term, upgraded, paid]


def _of_escrow() -> list[Transition]:
    life = Life(AGREEMENT)
    agreed = escrow.Escrow("e-1", "t-1", AGREEMENT.product, "partner-1", "A new theme", 8_000_000, START)
    kept = escrow.deposited(agreed, "p-1")
    done = escrow.released(kept, "k-1", START)
    given_up = escrow.returned(kept, "r-1", START)
    return [
        escrow.agree(life.tenant, AGREEMENT, agreed, START, by="operator"),
        _bought(life, OrderKind.ESCROW, subject="e-1"),
        escrow.note_release(life.tenant, AGREEMENT, done, START, by="owner"),
        escrow.note_return(life.tenant, AGREEMENT, given_up, START, by="owner"),
    ]


def _of_refunds() -> list[Transition]:
    life = Life(AGREEMENT)
    payment = Payment(
        "p-1", "t-1", AGREEMENT.product, "o-1", "zarinpal", 1_000_000, PaymentStatus.OWED_BACK, START
    )
    refund = reserved("r-1", payment, 1_000_000, 0, RefundReason.NOTHING_GRANTED, "T-REFUND", START)
    return [
        returns.reserve_refund(life.tenant, AGREEMENT, refund, "owed back", START, by="gateway"),
        returns.hand_to_person(life.tenant, AGREEMENT, refund, True, START, by="refund"),
        returns.end_refund(life.tenant, AGREEMENT, refund, START, by="gateway"),
        returns.withdraw(life.tenant, AGREEMENT, [refund], "T-WITHDRAWAL", START, by="owner"),
    ]


OWED = {
    notice.kind: notice
    for step in (*_of_debts(), *_of_purchases(), *_of_escrow(), *_of_refunds())
    for notice in step.notices
}


@pytest.mark.parametrize("notice", OWED.values(), ids=list(OWED))
@every_language
def test_what_the_domain_puts_into_a_notice_is_all_that_its_message_needs(
    notice: Notice, language: str
) -> None:
    facts = set(notice.facts)
    # A withdrawal adds what goes back to the notice of any closed account.
    assert facts - {"amount"} == set(FACTS.get(notice.kind, {})) - {"amount"}
    message = write(told(notice.kind, language, facts=notice.facts, anchor=notice.anchor))
    assert_kavenegar_takes(dict(message.sms_tokens))


def test_every_notice_about_money_was_tried() -> None:
    # These are owed by use cases; their own tests hold them to the same facts.
    elsewhere = (
        ABOUT_DATA
        | SERVICE
        | {
            NoticeKind.DATA_LEAKED,
            NoticeKind.PAYMENT_FOLLOWED_UP,
            NoticeKind.DISPUTE_RECEIVED,
            NoticeKind.SUPPORT_ANSWERED,
            NoticeKind.DISPUTE_ANSWERED,
            NoticeKind.OBJECTION_RECEIVED,
            NoticeKind.RESTRICTION_LIFTED,
            NoticeKind.RESTRICTION_UPHELD,
            NoticeKind.OFFICIAL_INVOICE_ISSUED,
            NoticeKind.DATA_REQUEST_RECEIVED,
            NoticeKind.DATA_REQUEST_EXTENDED,
            NoticeKind.DATA_REQUEST_RESUMED,
            NoticeKind.DATA_REQUEST_HELD,
            NoticeKind.DATA_REQUEST_ANSWERED,
            NoticeKind.IDENTITY_ASKED,
        }
    )
    periods = {NoticeKind.TRIAL_ENDING, NoticeKind.TERM_ENDING, NoticeKind.INVOICE_DUE}
    assert set(FACTS) - elsewhere - periods <= set(OWED)


def test_an_invoices_label_fits_a_token() -> None:
    invoice = Invoice(
        "i_1", "t_1", "customer_club", InvoiceKind.SALE, 1405, 12, "p_1", ANCHOR, ANCHOR, (), "T", "1"
    )
    message = write(told(NoticeKind.DISPUTE_ANSWERED, facts={**_TICKET, "invoice": invoice.label}))
    assert message.sms_tokens["token"] == "CUSTOMER-CLUB-1405-000012"
    assert_kavenegar_takes(dict(message.sms_tokens))


# --- the timeline -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("titles", "kinds"),
    [
        (EVENTS, Event),
        (DEADLINES, DeadlineKind),
        (COMING, [*DeadlineKind, END_OF_PRODUCT]),
        (PHASES, Phase),
        (ACCESS, Access),
        (RESTRICTIONS, RestrictionKind),
    ],
)
def test_everything_on_the_timeline_has_a_title_of_its_own_in_both_languages(titles: Any, kinds: Any) -> None:
    assert set(titles) == set(kinds)
    for place in (0, 1):
        assert len({pair[place] for pair in titles.values()}) == len(titles)
    for persian, english in titles.values():
        assert re.fullmatch(r"[\u0600-\u06ff\u200c ]+", persian)
        assert re.fullmatch(r"[A-Z][a-z, -]+", english)
        assert not re.search(r"[\u064a\u0643]|(^|\s)ن?می\s|\sها(\s|$)| {2}", persian)


@pytest.mark.clause("CLUB-5")
@every_language
def test_who_restored_a_backup_reads_what_was_undone(language: str) -> None:
    text = write(told(NoticeKind.DATA_RESTORED, language)).text
    count = "6,789" if language == "en" else "۶٬۷۸۹"
    assert text.count(count) == 3


@pytest.mark.clause("KALAK-marketing")
@every_language
@pytest.mark.parametrize("kind", sorted(PROMOTIONAL))
def test_every_promotional_message_carries_the_way_out_of_it(kind: NoticeKind, language: str) -> None:
    message, way_out = write(told(kind, language)), str(_PROMOTION["unsubscribe"])
    for part in (message.text, message.html, message.sms_text):
        assert way_out in part
    assert message.sms_tokens["token"] == way_out
    assert _PROMOTION["text"] in message.text
