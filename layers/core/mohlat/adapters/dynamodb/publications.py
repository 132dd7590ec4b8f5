"""What was published of the products' terms: one item a version, never changed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from mohlat.adapters.dynamodb.table import Document, Item, absent, conditional
from mohlat.domain.publications import MustAccept, Publication
from mohlat.domain.tenant import from_iso, iso

_TERMS = "TERMS#"
_REMEMBERED_SECONDS = 10.0


class PublicationItem(Item):
    """One version. Its number is the sort key: two at once cannot take the same place."""

    doc = Document()


class DynamoPublications:
    """`Publications` on the main table; what was read lately is remembered for ten seconds."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._remembered: dict[str, tuple[float, tuple[Publication, ...]]] = {}

    def of(self, product: str, *, fresh: bool = False) -> tuple[Publication, ...]:
        """A product's, oldest first."""
        now = self._seconds()
        read_at, known = self._remembered.get(product, (None, ()))
        if not fresh and read_at is not None and now - read_at < _REMEMBERED_SECONDS:
            return known
        found = PublicationItem.query(_TERMS + product, consistent_read=fresh)
        known = tuple(_publication(product, item) for item in found)
        self._remembered[product] = (now, known)
        return known

    def save(self, publication: Publication) -> None:
        """Raises ConcurrentChange if its number is taken."""
        doc = {
            "version": publication.version,
            "document": publication.document,
            "effective_at": iso(publication.effective_at),
            "summary": dict(publication.summary),
            "sha256": publication.sha256,
            "url": publication.url,
            "must_accept": publication.must_accept.value,
            "rules": publication.rules,
            "published_at": iso(publication.published_at),
            "by": publication.by,
        }
        item = PublicationItem(_TERMS + publication.product, f"{publication.number:06d}", doc=doc)
        self._remembered.pop(publication.product, None)
        with conditional(product=publication.product, version=publication.version):
            item.save(absent())


def _publication(product: str, item: PublicationItem) -> Publication:
    doc: dict[str, Any] = item.doc
    return Publication(
        product=product,
        number=int(item.sk),
        version=doc["version"],
        document=doc["document"],
        effective_at=from_iso(doc["effective_at"]),
        summary=doc["summary"],
        sha256=doc["sha256"],
        url=doc["url"],
        must_accept=MustAccept(doc["must_accept"]),
        rules=doc["rules"],
        published_at=from_iso(doc["published_at"]),
        by=doc["by"],
    )
