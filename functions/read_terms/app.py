"""GET /products/{product}/terms, …/versions, …/feed: the newest terms, all there were, and their changes.

For anybody, at fixed addresses (KALO-35, SAMAN-7.3).
"""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.domain.agreement import Agreement
from mohlat.domain.publications import Publication
from mohlat.entrypoint import Request, Response, api, route
from mohlat.presentation import terms_views as views
from mohlat.presentation.atom import ATOM, terms_feed
from mohlat.settings import settings


def _read(request: Request) -> tuple[Agreement, tuple[Publication, ...]]:
    agreement = bootstrap.offered(request.path("product"))
    return agreement, bootstrap.publications().of(agreement.product, fresh=True)


def _newest(request: Request) -> Response:
    now = bootstrap.clock().now()
    return Response(200, views.newest(*_read(request), now, request.language))


def _versions(request: Request) -> Response:
    _, published = _read(request)
    now = bootstrap.clock().now()
    shown = [views.publication(each, now, request.language) for each in reversed(published)]
    return Response(200, {"versions": shown})


def _feed(request: Request) -> Response:
    agreement, published = _read(request)
    address = f"{settings().public_url}/products/{agreement.product}/terms/feed"
    feed = terms_feed(agreement, reversed(published), address, request.language)
    return Response(200, feed, content_type=ATOM)


lambda_handler = api(
    route("GET", "/products/{product}/terms", _newest),
    route("GET", "/products/{product}/terms/versions", _versions),
    route("GET", "/products/{product}/terms/feed", _feed),
)
