"""The products' messages written out: mail as plain text and HTML, SMS as text and as template tokens.

The texts themselves are in one module per language. One-time codes keep Latin digits in every language:
phones recognize, offer and read out codes in these digits only, and every keyboard can type them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from html import escape
from string import Template
from types import ModuleType

from mohlat.adapters.messaging import wording_en, wording_fa
from mohlat.adapters.messaging.wording_script import Given
from mohlat.application.ports import Message, MessageOrder, Wording
from mohlat.calendar.display import date_and_time, short_date
from mohlat.calendar.jalali import TEHRAN
from mohlat.domain.durations import Duration
from mohlat.domain.iranian import persian_digits, tomans
from mohlat.domain.tenant import from_iso

_LANGUAGES: Mapping[str, ModuleType] = {"fa": wording_fa, "en": wording_en}
_FALLBACK = "en"

# How long a one-time code is accepted; the approved SMS templates say it in words too.
_CODE_LIFE = Duration(seconds=15 * 60)

_UNITS: Mapping[str, tuple[str, ...]] = {
    "fa": ("سال", "ماه", "روز", "ساعت", "دقیقه", "ثانیه"),
    "en": ("year", "month", "day", "hour", "minute", "second"),
}
_AND = {"fa": " و ", "en": " and "}

# Facts that are shown as they are, and the ids among them.
_IDS = ("order_id", "refund_id", "ticket_id", "debt_id", "escrow_id", "leak_id", "request_id")
_SENTENCES = ("subject", "text", "explanation")
_SHOWN = (*_IDS, *_SENTENCES, "plan", "extra", "partner", "invoice", "tax_id", "link", "unsubscribe")

# Facts that are counts.
_COUNTED = ("used", "added", "changed", "deleted", "minutes")
# Facts that are instants, and the gaps they fill.
_DATES = (("ends_at", "end"), ("access_until", "access_until"))

# A name fills Kavenegar's token10, which takes five spaces, no underscore and a hundred characters.
_TOKEN_WORDS = 6
# token20 takes eight.
_LONG_TOKEN_WORDS = 9
_TOKEN_LENGTH = 100

_PAGE = Template(
    '<!doctype html>\n<html lang="$language" dir="$direction">\n'
    '<head><meta charset="utf-8"><title>$subject</title></head>\n'
    '<body dir="$direction" style="margin:0;padding:24px;font:16px/1.8 Tahoma,Arial,sans-serif;color:#222">\n'
    '<div lang="$language" dir="$direction" style="max-width:560px;margin:0 auto">\n'
    "$paragraphs\n</div>\n</body>\n</html>\n"
)
_CODE_STYLE = ' style="font-size:28px;letter-spacing:4px"'


class ProductWording(Wording):
    """`Wording` in Persian and English; every other language is answered in English."""

    def write(self, message: MessageOrder) -> Message:
        """The message in its language, dates Jalali in Tehran's time, amounts in tomans.

        English adds the ISO date and takes the template named `…-en`. Raises ValueError when the order
        lacks something that its message must say, before anything is sent.
        """
        language = message.language if message.language in _LANGUAGES else _FALLBACK
        texts = _LANGUAGES[language]
        script = texts.SCRIPTS[message.kind]
        values = _values(message, language)
        paragraphs = (texts.GREETING, *_said(script.paragraphs, message.facts, values), texts.FAREWELL)
        try:
            subject = Template(script.subject).substitute(values)
            template = f"mohlat-{message.kind.value.replace('_', '-')}"
            return Message(
                subject=subject,
                text="\n\n".join(Template(paragraph).substitute(values) for paragraph in paragraphs) + "\n",
                html=_html(subject, paragraphs, values, language),
                sms_text=Template(script.sms).substitute(values),
                sms_template=template if language == "fa" else f"{template}-{language}",
                sms_tokens={token: values[gap] for token, gap in script.sms_tokens.items()},
            )
        except KeyError as missing:
            raise ValueError(f"{message.kind.value} cannot be written without {missing}") from None


def _said(
    paragraphs: tuple[str | Given, ...], facts: Mapping[str, str | int], values: Mapping[str, str]
) -> tuple[str, ...]:
    """The paragraphs that this message has: those that depend on a fact are left out without it."""
    chosen = (
        paragraph
        for paragraph in paragraphs
        if isinstance(paragraph, str) or (facts.get(paragraph.fact) and paragraph.fact in values)
    )
    return tuple(paragraph if isinstance(paragraph, str) else paragraph.text for paragraph in chosen)


def _values(order: MessageOrder, language: str) -> dict[str, str]:
    """What can fill a gap: only what the order holds, so that a missing fact stays missing."""
    texts = _LANGUAGES[language]
    name = " ".join(order.product_names.get(language, order.product).split())
    values = {
        "name": name,
        "sms_name": _token(name),
        "date": _moment(order.anchor, language),
        "sms_day": short_date(order.anchor, language),
        "iso_day": _iso_day(order.anchor),
        "clock": _clock(order.anchor, language),
        "life": _spelled(_CODE_LIFE, language),
    }
    facts = order.facts
    if order.code:
        values["code"] = order.code
    if "before" in facts:
        values["before"] = _spelled(Duration.parse(str(facts["before"])), language)
    if "amount" in facts:
        values["amount"] = tomans(int(facts["amount"]), language)
        values["figure"] = values["amount"].partition(" ")[0]
    values |= {name: _count(int(facts[name]), language) for name in _COUNTED if name in facts}
    if "metric" in facts:
        # An agreement may meter what has no words here; its customer is told of the debt all the same.
        metric = str(facts["metric"])
        values["metric"] = texts.METRICS.get(metric, metric.replace("_", " "))
    if facts.get("reason") in texts.REASONS:
        values["reason"] = texts.REASONS[facts["reason"]]
    values |= {gap: _moment(from_iso(str(facts[fact])), language) for fact, gap in _DATES if fact in facts}
    values |= {fact: str(facts[fact]) for fact in _SHOWN if fact in facts}
    if "subject" in facts:
        values["sms_subject"] = _token(str(facts["subject"]), _LONG_TOKEN_WORDS)
    # No token may hold the underscore after an id's prefix; what follows is unique by itself.
    values |= {
        f"{fact.removesuffix('_id')}_tail": str(facts[fact]).rpartition("_")[2]
        for fact in _IDS
        if fact in facts
    }
    return values


def _moment(instant: datetime, language: str) -> str:
    shown = date_and_time(instant, language)
    return f"{shown} به وقت تهران" if language == "fa" else f"{shown} Tehran time ({_iso_day(instant)})"


def _iso_day(instant: datetime) -> str:
    # Tehran's day, as the Jalali date beside it, which late in the day is not UTC's.
    return instant.astimezone(TEHRAN).date().isoformat()


def _clock(instant: datetime, language: str) -> str:
    shown = instant.astimezone(TEHRAN).strftime("%H:%M")
    return persian_digits(shown) if language == "fa" else shown


def _spelled(length: Duration, language: str) -> str:
    """A length in words: «۱۰ روز», "10 days". Raises ValueError for one of no length."""
    years, months = divmod(length.months, 12)
    minutes, seconds = divmod(length.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    figures = (years, months, length.days, hours, minutes, seconds)
    parts = [
        f"{figure} {unit}{'s' if language == 'en' and figure != 1 else ''}"
        for figure, unit in zip(figures, _UNITS[language], strict=True)
        if figure
    ]
    if not parts:
        raise ValueError("a length of no time cannot be told")
    told = _AND[language].join(parts)
    return persian_digits(told) if language == "fa" else told


def _count(number: int, language: str) -> str:
    grouped = f"{number:,}"
    return persian_digits(grouped).replace(",", "٬") if language == "fa" else grouped


def _token(text: str, most: int = _TOKEN_WORDS) -> str:
    words = text.replace("_", " ").split()
    return " ".join(words[:most])[:_TOKEN_LENGTH].rstrip()


def _html(subject: str, paragraphs: tuple[str, ...], values: Mapping[str, str], language: str) -> str:
    # <bdi> keeps a Latin name or id from turning the Persian words around it.
    safe = {gap: f"<bdi>{escape(value)}</bdi>" for gap, value in values.items()}
    lines = [
        f"<p{_CODE_STYLE if paragraph == '$code' else ''}>"
        + Template(escape(paragraph)).substitute(safe).replace("\n", "<br>")
        + "</p>"
        for paragraph in paragraphs
    ]
    return _PAGE.substitute(
        language=language,
        direction="rtl" if language == "fa" else "ltr",
        subject=escape(subject),
        paragraphs="\n".join(lines),
    )
