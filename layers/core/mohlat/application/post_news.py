"""News: posted once, told to everybody who uses the product, and to be read by anyone (CLUB-13)."""

from __future__ import annotations

from collections.abc import Mapping

from mohlat.application.ports import Agreements, Books, Clock, Ids, Service
from mohlat.domain.news import News, post_news
from mohlat.domain.rounds import Progress, Round, lanes_of


class NewsDesk:
    """Keeps the news of the products, and looks at how far they got."""

    def __init__(
        self, *, service: Service, books: Books, agreements: Agreements, ids: Ids, clock: Clock
    ) -> None:
        self._service = service
        self._books = books
        self._agreements = agreements
        self._ids = ids
        self._clock = clock

    def post(self, product: str, titles: Mapping[str, str], texts: Mapping[str, str], by: str) -> News:
        """Posts news and begins to tell everybody. Raises InvalidInput, Conflict."""
        agreement = self._agreements.load(product)
        now = self._clock.now()
        news, round = post_news(agreement, self._ids.new("n"), titles, texts, now, by=by)
        self._books.write((news, round, *lanes_of(round)))
        return news

    def latest(self, product: str) -> list[News]:
        """The newest first. Raises InvalidInput for an unknown product."""
        return self._service.latest_news(self._agreements.load(product).product)

    def rounds(self, product: str) -> list[tuple[Round, Progress]]:
        """Every round of a product and how far it is, the last to begin first.

        Raises InvalidInput for an unknown product.
        """
        product = self._agreements.load(product).product
        found = sorted(self._service.rounds(product), key=lambda round: round.begun_at, reverse=True)
        return [(round, self._service.progress(product, round.id)) for round in found[:50]]
