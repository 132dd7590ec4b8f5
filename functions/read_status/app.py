"""What anybody may know of a product's state, its news, and a customer of its own uptime."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.domain.agreement import Agreement
from mohlat.domain.people import Role
from mohlat.entrypoint import MEMBERS, Request, Response, api, route
from mohlat.presentation.atom import ATOM, news_feed, status_feed
from mohlat.presentation.service_views import news, status, uptime
from mohlat.settings import settings


def _address(agreement: Agreement, what: str) -> str:
    return f"{settings().public_url}/products/{agreement.product}/{what}"


def _wants_atom(request: Request) -> bool:
    return ATOM in request.header("Accept").lower()


def _status(request: Request) -> Response:
    agreement, now = bootstrap.offered(request.path("product")), bootstrap.clock().now()
    product, service = agreement.product, bootstrap.service()
    windows, incidents = service.windows(product), service.incidents(product)
    if _wants_atom(request):
        address = _address(agreement, "status")
        feed = status_feed(agreement, windows, incidents, address, request.language)
        return Response(200, feed, content_type=ATOM)
    plan = service.wind_down(product)
    return Response(200, status(product, windows, incidents, plan, now, request.language))


def _news(request: Request) -> Response:
    agreement = bootstrap.offered(request.path("product"))
    found = bootstrap.news_desk().latest(agreement.product)
    if _wants_atom(request):
        feed = news_feed(agreement, found, _address(agreement, "news"), request.language)
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
