"""News of a product: what has changed in it, told to everybody who uses it (CLUB-13)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from mohlat.domain.agreement import Agreement
from mohlat.domain.errors import Conflict
from mohlat.domain.notices import NoticeKind
from mohlat.domain.rounds import Round, RoundKind
from mohlat.domain.texts import demand_languages


@dataclass(frozen=True, slots=True)
class News:
    """One piece of news, its title and text by language. Anybody may read it; it names no customer."""

    id: str
    product: str
    at: datetime
    by: str
    titles: Mapping[str, str]
    texts: Mapping[str, str]
    clause: str

    @property
    def about(self) -> str:
        """As the round and the notices about it name it."""
        return f"news:{self.id}"


def post_news(
    agreement: Agreement,
    id: str,
    titles: Mapping[str, str],
    texts: Mapping[str, str],
    now: datetime,
    *,
    by: str,
) -> tuple[News, Round]:
    """News, and the round that tells everybody.

    Raises Conflict where the agreement says nothing of news, InvalidInput for a language that is missing.
    """
    if agreement.news is None:
        raise Conflict("this agreement says nothing of news")
    demand_languages(agreement.languages, "titles", titles)
    demand_languages(agreement.languages, "texts", texts)
    news = News(id, agreement.product, now, by, titles, texts, agreement.news.cite())
    round = Round(
        id=f"{id}-told",
        product=agreement.product,
        kind=RoundKind.ANNOUNCE,
        about=news.about,
        clause=news.clause,
        by=by,
        begun_at=now,
        notice=NoticeKind.NEWS,
        anchor=now,
    )
    return news, round
