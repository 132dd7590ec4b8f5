"""Feeds for readers of news (RFC 4287)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from html import escape

from mohlat.domain.agreement import Agreement
from mohlat.domain.maintenance import Window
from mohlat.domain.news import News
from mohlat.domain.tenant import iso
from mohlat.domain.uptime import Incident
from mohlat.presentation.service_views import said

ATOM = "application/atom+xml"
_TITLES = {"fa": ("اخبار", "وضعیت"), "en": ("news", "status")}
_MAINTENANCE = {"fa": "نگهداری", "en": "Maintenance"}
_TROUBLE = {"fa": "اختلال", "en": "Trouble"}


@dataclass(frozen=True, slots=True)
class _Entry:
    id: str
    title: str
    text: str
    published: datetime
    updated: datetime


def news_feed(agreement: Agreement, news: Iterable[News], language: str) -> str:
    """A product's news, the newest first."""
    entries = [
        _Entry(each.id, said(each.titles, language), said(each.texts, language), each.at, each.at)
        for each in news
    ]
    return _feed(agreement, 0, entries, language)


def status_feed(
    agreement: Agreement, windows: Iterable[Window], incidents: Iterable[Incident], language: str
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
    return _feed(agreement, 1, sorted(entries, key=lambda entry: entry.updated, reverse=True), language)


def _feed(agreement: Agreement, which: int, entries: list[_Entry], language: str) -> str:
    name = agreement.names.get(language, agreement.product)
    kind = _TITLES["en"][which]
    # A feed without entries is as old as the agreement.
    updated = max((entry.updated for entry in entries), default=agreement.effective_at)
    shown = "".join(
        f"<entry><id>urn:mohlat:{agreement.product}:{entry.id}</id><title>{escape(entry.title)}</title>"
        f"<published>{iso(entry.published)}</published><updated>{iso(entry.updated)}</updated>"
        f'<content type="text">{escape(entry.text)}</content></entry>'
        for entry in entries
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{language}">'
        f"<id>urn:mohlat:{agreement.product}:{kind}</id>"
        f"<title>{escape(f'{name} – {_TITLES[language][which]}')}</title>"
        f"<updated>{iso(updated)}</updated><author><name>{escape(name)}</name></author>{shown}</feed>"
    )
