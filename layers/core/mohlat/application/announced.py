"""What a round, or a notice of one, is about: whether it still holds, and the operators' words about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mohlat.application.ports import Publications, Service
from mohlat.domain.texts import said


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject as it is now. `stands` is False once what was to be told of it is not so any more."""

    stands: bool = True
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def words(self, language: str) -> dict[str, str]:
        """The facts of a notice that are the operators' own words."""
        return {name: said(texts, language) for name, texts in self.texts.items()}


class Announced:
    """Looks up the subject of an announcement."""

    def __init__(self, *, service: Service, publications: Publications) -> None:
        self._service = service
        self._publications = publications

    def find(self, product: str, about: str) -> Subject:
        """What `about` names. Raises NotFound for a subject that was never there."""
        what, _, name = about.partition(":")
        id, _, revision = name.rpartition(":")
        match what:
            case "news":
                news = self._service.news(product, name)
                return Subject(texts={"subject": news.titles, "text": news.texts})
            case "terms":
                published = self._publications.of(product, fresh=True)
                summary = next((each.summary for each in published if each.version == name), None)
                return Subject(texts={"text": summary} if summary else {})
            case "window":
                window = self._service.window(product, id)
                return Subject(str(window.revision) == revision, {"text": window.what})
            case "wind_down":
                plan = self._service.wind_down(product)
                return Subject(str(plan.revision) == revision, {"text": plan.why}) if plan else Subject(False)
            case _:
                return Subject()
