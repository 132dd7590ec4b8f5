"""What a round, or a notice of one, is about: whether it still holds, and what it says."""

from __future__ import annotations

from collections.abc import Mapping

from mohlat.application.ports import Publications, Service
from mohlat.domain.notices import Notice, NoticeKind

_WITH_TEXT = frozenset(
    {NoticeKind.MAINTENANCE_PLANNED, NoticeKind.MAINTENANCE_MOVED, NoticeKind.MAINTENANCE_AHEAD}
)


class Announced:
    """Looks up the subject of an announcement."""

    def __init__(self, *, service: Service, publications: Publications) -> None:
        self._service = service
        self._publications = publications

    def stands(self, product: str, about: str) -> bool:
        """Whether what was to be told is still so. Raises NotFound for a subject that was never there."""
        what, _, name = about.partition(":")
        id, _, revision = name.rpartition(":")
        if what == "window":
            return str(self._service.window(product, id).revision) == revision
        if what == "wind_down":
            plan = self._service.wind_down(product)
            return plan is not None and str(plan.revision) == revision
        return True

    def words(self, product: str, notice: Notice, language: str) -> Mapping[str, str]:
        """The operators' own words that belong into a notice, in its language."""
        about = str(notice.facts.get("about", ""))
        if notice.kind is NoticeKind.NEWS:
            news = self._service.news(product, about.removeprefix("news:"))
            return {"subject": _in(news.titles, language), "text": _in(news.texts, language)}
        if notice.kind is NoticeKind.TERMS_CHANGED:
            version = about.removeprefix("terms:")
            for each in self._publications.of(product, fresh=True):
                if each.version == version:
                    return {"text": _in(each.summary, language)}
        if notice.kind in _WITH_TEXT:
            window = self._service.window(product, about.split(":")[1])
            return {"text": _in(window.what, language)}
        if notice.kind is NoticeKind.WIND_DOWN_PLANNED:
            plan = self._service.wind_down(product)
            return {"text": _in(plan.why, language)} if plan else {}
        return {}


def _in(texts: Mapping[str, str], language: str) -> str:
    return texts.get(language) or next(iter(texts.values()))
