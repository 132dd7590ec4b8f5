"""What anybody may know of a product's state, its news, and a customer of its own uptime."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.domain.errors import NotFound
from mohlat.domain.people import Role
from mohlat.entrypoint import MEMBERS, Request, Response, api, route
from mohlat.presentation.atom import ATOM, news_feed, status_feed
from mohlat.presentation.service_views import news, status, uptime


def _product(request: Request) -> str:
    product = request.path("product")
    if product not in bootstrap.agreements().products():
        raise NotFound
    return product


def _wants_atom(request: Request) -> bool:
    return "application/atom+xml" in request.header("Accept").lower()


def _status(request: Request) -> Response:
    product, now = _product(request), bootstrap.clock().now()
    service = bootstrap.service()
    windows, incidents = service.windows(product), service.incidents(product)
    if _wants_atom(request):
        feed = status_feed(bootstrap.agreements().load(product), windows, incidents, request.language)
        return Response(200, feed, content_type=ATOM)
    plan = service.wind_down(product)
    return Response(200, status(product, windows, incidents, plan, now, request.language))


def _news(request: Request) -> Response:
    product = _product(request)
    found = bootstrap.news_desk().latest(product)
    if _wants_atom(request):
        feed = news_feed(bootstrap.agreements().load(product), found, request.language)
        return Response(200, feed, content_type=ATOM)
    return Response(200, {"news": [news(each, request.language) for each in found]})


def _uptime(request: Request) -> Response:
    month = request.query.get("month", "")
    return Response(200, uptime(bootstrap.uptime_desk().of_tenant(request.tenant_id, month), month))


lambda_handler = api(
    route("GET", "/products/{product}/status", _status),
    route("GET", "/products/{product}/news", _news),
    route("GET", "/tenants/{tenant_id}/uptime", _uptime, [*MEMBERS, Role.OPERATOR]),
)
