"""Texts in several languages: names, news, reasons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mohlat.domain.errors import InvalidInput


def said(texts: Mapping[str, str], language: str) -> str:
    """A text in a language, or in whatever there is."""
    return texts.get(language) or next(iter(texts.values()), "")


def demand_languages(languages: Iterable[str], field: str, texts: Mapping[str, str]) -> None:
    """Raises InvalidInput naming the field and the language that is missing."""
    for language in languages:
        if language not in texts:
            raise InvalidInput(f"{field}.{language}", "is missing")
