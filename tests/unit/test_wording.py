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
from mohlat.domain.notices import NoticeKind
from mohlat.domain.people import CodePurpose
from tests.fakes import FakeIds, FakePeople, Table

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
ORDER_ID = "o_01JD9V5T3QK8ZC4N7R2XWYB6MH"

REMINDERS = {NoticeKind.TRIAL_ENDING, NoticeKind.TERM_ENDING, NoticeKind.INVOICE_DUE}
CODES = {NoticeKind.CONFIRM_CODE, NoticeKind.RECOVERY_CODE}

every_kind = pytest.mark.parametrize("kind", list(NoticeKind))
every_language = pytest.mark.parametrize("language", ["fa", "en"])
every_product = pytest.mark.parametrize("product", list(NAMES))


def order(kind: NoticeKind, language: str = "fa", product: str = "saman360", **changes: Any) -> MessageOrder:
    facts: dict[str, str | int] = {}
    if kind in REMINDERS:
        facts = {"before": "P10D"}
    if kind is NoticeKind.PAYMENT_RECEIVED:
        facts = {"amount": 12_345_000, "plan": "team", "order_id": ORDER_ID}
    plain = MessageOrder(
        kind, language, product, NAMES[product], ANCHOR, facts, "042917" if kind in CODES else None
    )
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
    message = write(order(kind, language))
    for part in (message.subject, message.text, message.html, message.sms_text, *message.sms_tokens.values()):
        assert part.strip()
        assert "$" not in part
        assert "%token" not in part


@every_kind
@every_language
def test_the_subject_is_one_line_and_names_the_product(kind: NoticeKind, language: str) -> None:
    subject = write(order(kind, language)).subject
    assert "\n" not in subject
    assert NAMES["saman360"][language] in subject


@every_kind
@every_language
def test_mail_names_the_instant_that_the_notice_is_about(kind: NoticeKind, language: str) -> None:
    text = write(order(kind, language)).text
    if kind in CODES:
        return
    if language == "fa":
        assert "۱ آذر ۱۴۰۵، ساعت ۱۴:۰۵ به وقت تهران" in text
    else:
        assert "1 Azar 1405, 14:05 Tehran time (2026-11-22)" in text


@every_kind
@every_language
def test_an_sms_about_a_date_names_it(kind: NoticeKind, language: str) -> None:
    sms = write(order(kind, language)).sms_text
    if kind in CODES or kind is NoticeKind.PAYMENT_RECEIVED:
        return
    assert ("۱۴۰۵/۰۹/۰۱" if language == "fa" else "1405/09/01 (2026-11-22)") in sms


@every_kind
@every_language
def test_no_clause_is_quoted_to_customers(kind: NoticeKind, language: str) -> None:
    message = write(order(kind, language))
    assert not re.search(r"KALO|SAMAN-|CLUB-|KALAK-|KALLU-|§", message.text + message.sms_text)


@every_kind
def test_persian_keeps_to_persian_letters_and_digits(kind: NoticeKind) -> None:
    message = write(order(kind, facts={**order(kind).facts, "plan": "پایه", "order_id": "سفارش"}, code="کد"))
    shown = message.subject + message.text + message.sms_text
    assert not re.search(r"[A-Za-z0-9\u0660-\u0669]", shown)
    assert not re.search(r"[\u064a\u0643,;?\"]", shown), "Arabic letters or Latin punctuation"
    # A verb's prefix and a plural's suffix are joined by a zero-width non-joiner, never by a space.
    assert not re.search(r"(^|\s)ن?می\s|\sها(ی|\s|[.،])", shown)
    assert not re.search(r"\s[،.؛:]| {2}|\u200c\s|\s\u200c", shown)


@every_kind
def test_nothing_is_advertised(kind: NoticeKind) -> None:
    said = write(order(kind)).text + write(order(kind, "en")).text.lower()
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
    message = write(order(kind, language))
    said = re.sub(r"\s", "", Page(message.html).text)
    assert said == re.sub(r"\s", "", message.subject + message.text)


@every_kind
def test_persian_pages_run_from_right_to_left(kind: NoticeKind) -> None:
    page = Page(write(order(kind)).html)
    for tag in ("html", "div"):
        attributes = next(attributes for name, attributes in page.elements if name == tag)
        assert (attributes["lang"], attributes["dir"]) == ("fa", "rtl")
    english = Page(write(order(kind, "en")).html)
    assert dict(english.elements)["html"] == {"lang": "en", "dir": "ltr"}


@every_kind
@every_language
def test_a_page_loads_nothing_and_stays_small(kind: NoticeKind, language: str) -> None:
    html = write(order(kind, language)).html
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
    assert "//" not in html
    assert len(html.encode()) < 5_000


def test_markup_in_names_and_facts_is_shown_not_obeyed() -> None:
    hostile = '<img src=x onerror="alert(1)">&amp; $plan'
    paid = order(
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
    message = write(order(kind, language, product))
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
        write(order(kind, language)).sms_template: (kind, language)
        for kind in NoticeKind
        for language in ("fa", "en")
    }
    assert set(TEMPLATES) == set(named)
    assert write(order(NoticeKind.TRIAL_ENDING)).sms_template == "mohlat-trial-ending"
    assert write(order(NoticeKind.TRIAL_ENDING, "en")).sms_template == "mohlat-trial-ending-en"


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
    assert_kavenegar_takes(dict(write(order(kind, language, product)).sms_tokens))


@every_kind
def test_a_long_name_is_cut_to_what_a_token_takes(kind: NoticeKind) -> None:
    name = "the_very_long\nname\u00a0of a product that " + "never" * 40
    message = write(order(kind, product_names={"fa": name}))
    assert_kavenegar_takes(dict(message.sms_tokens))
    assert "\n" not in message.subject


@every_kind
@every_language
@every_product
def test_an_sms_takes_two_parts_at_most(kind: NoticeKind, language: str, product: str) -> None:
    assert len(write(order(kind, language, product)).sms_text) <= 134


# --- what each says ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(CODES))
@every_language
def test_codes_keep_latin_digits_and_say_how_long_they_live(kind: NoticeKind, language: str) -> None:
    message = write(order(kind, language))
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
    facts = {"before": before}
    assert f"طبق قرارداد، {fa} پیش از" in write(order(kind, facts=facts)).text
    assert f"we remind you {en} before" in write(order(kind, "en", facts=facts)).text


def test_a_payment_is_confirmed_in_tomans_with_its_order_and_its_end() -> None:
    persian = write(order(NoticeKind.PAYMENT_RECEIVED))
    assert f"مبلغ: ۱٬۲۳۴٬۵۰۰ تومان\nطرح: team\nشماره سفارش: {ORDER_ID}\n" in persian.text
    assert persian.sms_text == (
        "پرداخت ۱٬۲۳۴٬۵۰۰ تومان برای سامان ۳۶۰ دریافت شد. شماره سفارش: 01JD9V5T3QK8ZC4N7R2XWYB6MH"
    )
    english = write(order(NoticeKind.PAYMENT_RECEIVED, "en"))
    assert "Amount: 1,234,500 tomans\n" in english.text
    assert "Paid through: 1 Azar 1405, 14:05 Tehran time (2026-11-22)" in english.text


def test_a_customer_is_told_until_when_a_closed_account_is_kept() -> None:
    text = write(order(NoticeKind.ACCOUNT_CLOSED)).text
    assert "اطلاعات آن تا ۱ آذر ۱۴۰۵، ساعت ۱۴:۰۵ به وقت تهران نگه داشته" in text


def test_the_day_is_tehrans_in_both_calendars() -> None:
    late = order(NoticeKind.TERM_ENDING, "en", anchor=datetime(2026, 11, 22, 21, 0, tzinfo=UTC))
    message = write(late)
    assert "2 Azar 1405, 00:30 Tehran time (2026-11-23)" in message.text
    assert "1405/09/02 (2026-11-23)" in message.sms_text


# --- what is not there ------------------------------------------------------------------------------------


def test_other_languages_are_answered_in_english() -> None:
    assert write(order(NoticeKind.TERM_ENDED, "de")) == write(order(NoticeKind.TERM_ENDED, "en"))


def test_a_product_without_a_name_in_the_language_goes_by_its_id() -> None:
    message = write(order(NoticeKind.TERM_ENDED, "en", product_names={"fa": "سامان ۳۶۰"}))
    assert message.subject == "Your subscription to saman360 has ended"


@pytest.mark.parametrize(
    ("kind", "lost", "changes"),
    [
        (NoticeKind.TRIAL_ENDING, "before", {"facts": {}}),
        (NoticeKind.PAYMENT_RECEIVED, "amount", {"facts": {"plan": "team", "order_id": ORDER_ID}}),
        (NoticeKind.PAYMENT_RECEIVED, "plan", {"facts": {"amount": 10, "order_id": ORDER_ID}}),
        (NoticeKind.PAYMENT_RECEIVED, "order_id", {"facts": {"amount": 10, "plan": "team"}}),
        (NoticeKind.CONFIRM_CODE, "code", {"code": None}),
        (NoticeKind.RECOVERY_CODE, "code", {"code": None}),
    ],
)
@every_language
def test_a_message_that_would_have_a_hole_is_not_written(
    kind: NoticeKind, lost: str, changes: dict[str, Any], language: str
) -> None:
    with pytest.raises(ValueError, match=f"{kind.value} cannot be written without '{lost}"):
        write(order(kind, language, **changes))


def test_a_reminder_of_no_length_is_refused() -> None:
    with pytest.raises(ValueError, match="no time"):
        write(order(NoticeKind.TERM_ENDING, facts={"before": "P0D"}))
