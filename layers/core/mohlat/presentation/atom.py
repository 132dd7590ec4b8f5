"""Feeds for readers of news (RFC 4287)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from xml.sax.saxutils import escape, quoteattr

from mohlat.domain.agreement import Agreement
from mohlat.domain.maintenance import Window
from mohlat.domain.news import News
from mohlat.domain.publications import Publication
from mohlat.domain.tenant import iso
from mohlat.domain.texts import said
from mohlat.domain.uptime import Incident

ATOM = "application/atom+xml"
_TITLES = {
    "news": {"fa": "{name} – اخبار", "en": "{name} – news"},
    "status": {"fa": "{name} – وضعیت", "en": "{name} – status"},
    "terms": {"fa": "تغییر شرایط {name}", "en": "Changes of the terms of {name}"},
}
_MAINTENANCE = {"fa": "نگهداری", "en": "Maintenance"}
_TROUBLE = {"fa": "اختلال", "en": "Trouble"}
_VERSION = {"fa": "نسخهٔ {version} · {document}", "en": "Version {version} · {document}"}
_DOCUMENTS = {
    "terms": {"fa": "شرایط استفاده", "en": "terms of use"},
    "privacy": {"fa": "حریم خصوصی", "en": "privacy policy"},
}


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry; its `text` is all that there is to say, or only a summary of what lies at `link`."""

    id: str
    title: str
    text: str
    published: datetime
    updated: datetime
    link: str = ""


def news_feed(agreement: Agreement, news: Iterable[News], address: str, language: str) -> str:
    """A product's news, the newest first. `address` is where it is read."""
    entries = [
        _Entry(each.id, said(each.titles, language), said(each.texts, language), each.at, each.at)
        for each in news
    ]
    return _feed(agreement, "news", entries, address, language)


def status_feed(
    agreement: Agreement,
    windows: Iterable[Window],
    incidents: Iterable[Incident],
    address: str,
    language: str,
) -> str:
    """A product's maintenance and incidents, the newest first. No customer is named."""
    entries = [
        _Entry(
            each.id,
            f"{_MAINTENANCE[language]}: {iso(each.starts_at)} – {iso(each.until)} ({each.status.value})",
            said(each.what, language),
            each.announced_at,
            each.ended_at or each.announced_at,
        )
        for each in windows
    ]
    entries += [
        _Entry(
            each.id,
            f"{_TROUBLE[language]}: {iso(each.started_at)} – {iso(each.ended_at) if each.ended_at else '…'}",
            said(each.what, language),
            each.noted_at,
            max(each.ended_at or each.noted_at, each.noted_at),
        )
        for each in incidents
    ]
    newest_first = sorted(entries, key=lambda entry: entry.updated, reverse=True)
    return _feed(agreement, "status", newest_first, address, language)


def terms_feed(agreement: Agreement, published: Iterable[Publication], address: str, language: str) -> str:
    """What was published of a product's terms, the newest first (KALO-35, SAMAN-7.3)."""
    entries = [
        _Entry(
            each.version,
            _VERSION[language].format(
                version=each.version,
                document=said(_DOCUMENTS.get(each.document, {}), language) or each.document,
            ),
            said(each.summary, language),
            each.published_at,
            each.published_at,
            each.url,
        )
        for each in published
    ]
    return _feed(agreement, "terms", entries, address, language)


def _feed(agreement: Agreement, kind: str, entries: list[_Entry], address: str, language: str) -> str:
    name = said(agreement.names, language)
    # A feed without entries is as old as the agreement.
    updated = max((entry.updated for entry in entries), default=agreement.effective_at)
    urn = f"urn:mohlat:{agreement.product}"
    shown = "".join(
        f"<entry><id>{escape(f'{urn}:{kind}:{entry.id}')}</id><title>{escape(entry.title)}</title>"
        f"<published>{iso(entry.published)}</published><updated>{iso(entry.updated)}</updated>"
        f"{_told(entry)}</entry>"
        for entry in entries
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{language}"><id>{urn}:{kind}</id>'
        f"<title>{escape(_TITLES[kind][language].format(name=name))}</title>"
        f'<link rel="self" href={quoteattr(address)}/>'
        f"<updated>{iso(updated)}</updated><author><name>{escape(name)}</name></author>{shown}</feed>"
    )


def _told(entry: _Entry) -> str:
    if entry.link:
        return f"<link href={quoteattr(entry.link)}/><summary>{escape(entry.text)}</summary>"
    return f'<content type="text">{escape(entry.text)}</content>'
