"""How consents, listings, cookies and processors look in JSON, and the page behind an unsubscribe link."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

from mohlat.domain.agreement import Cookie, Purpose
from mohlat.domain.consents import Consent
from mohlat.domain.listings import Listing
from mohlat.domain.processors import Processor
from mohlat.presentation.views import Json, at

# The page holds one form that posts back to where it is, and nothing else.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"


def consent(entry: Consent, language: str) -> Json:
    """An entry of the record."""
    return {
        "purpose": entry.purpose.value,
        "given": entry.given,
        **at("at", entry.at, language),
        "by": entry.by,
        "how": entry.how,
        "agreement_version": entry.version,
    }


def consents(entries: Iterable[Consent], standing: Mapping[Purpose, bool], language: str) -> Json:
    """What stands, and the whole record."""
    return {
        "standing": {purpose.value: stands for purpose, stands in standing.items()},
        "record": [consent(entry, language) for entry in entries],
    }


def listing(shown: Listing) -> Json:
    """What a customer has published, as its owner sees it."""
    return {
        "name": shown.name,
        "logo_url": shown.logo_url,
        "site_url": shown.site_url,
        "collection": shown.collection,
        "published": list(shown.published),
    }


def cookie(known: Cookie, language: str) -> Json:
    """A cookie by name and purpose."""
    return {
        "name": known.name,
        "purpose": known.purpose.get(language) or known.purpose["en"],
        "essential": known.essential,
    }


def processor(known: Processor, language: str) -> Json:
    """Who works on data on the vendor's behalf, what on, and where."""
    return {
        "name": known.names.get(language) or known.names["en"],
        "what": known.what.get(language) or known.what["en"],
        "where": known.where,
        "equal_protection": known.equal_protection,
    }


_WORDS = {
    "fa": (
        "نگرفتن پیام‌های تبلیغاتی",
        "با زدن این دکمه دیگر چنین پیامی برای شما فرستاده نمی‌شود.",
        "دیگر نفرست",
        "انجام شد. دیگر چنین پیامی برای شما فرستاده نمی‌شود. پیام‌های مربوط به خود خدمت همچنان می‌رسد.",
    ),
    "en": (
        "No more such messages",
        "Press the button, and you get no more of these messages.",
        "Stop them",
        "Done. You get no more of these messages. Messages about the service itself still reach you.",
    ),
}


def unsubscribe_page(language: str, *, done: bool) -> str:
    """The page behind a link: opening it changes nothing, its one button does."""
    title, ask, button, told = _WORDS[language]
    direction = "rtl" if language == "fa" else "ltr"
    body = (
        f"<p>{escape(told)}</p>"
        if done
        else f'<p>{escape(ask)}</p><form method="post"><button>{escape(button)}</button></form>'
    )
    return (
        f'<!doctype html>\n<html lang="{language}" dir="{direction}">\n<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">'
        f"<title>{escape(title)}</title><style>body{{font:18px/1.8 Vazirmatn,Tahoma,Arial,sans-serif;"
        "max-width:32em;margin:3em auto;padding:0 1em;color:#222}button{font:inherit;padding:.4em 1.4em;"
        "border:0;border-radius:.4em;background:#0b5;color:#fff}</style></head>\n"
        f"<body><h1>{escape(title)}</h1>{body}</body>\n</html>\n"
    )
