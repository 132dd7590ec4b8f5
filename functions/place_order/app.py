"""Under /tenants/{tenant_id}: POST quotes, POST and GET orders. A price is told, then held to."""

from __future__ import annotations

from typing import Any

from mohlat import bootstrap
from mohlat.application.place_order import order_something
from mohlat.application.quoting import as_token, quote
from mohlat.domain.tenant import living
from mohlat.entrypoint import MEMBERS, Request, Response, api, route
from mohlat.idempotency import once
from mohlat.presentation import payment_views as views
from mohlat.presentation.cursors import read_cursor, read_limit, write_cursor
from mohlat.presentation.fields import flag, optional, our_id, slug
from mohlat.presentation.ordering import QUOTE, WANTED, pay_address, wanted, wanted_or_quoted
from mohlat.settings import settings


def _quote(request: Request) -> Response:
    asked = wanted(request.fields(**WANTED))
    told = quote(
        request.tenant_id,
        asked,
        tenants=bootstrap.tenants(),
        books=bootstrap.books(),
        agreements=bootstrap.agreements(),
        clock=bootstrap.clock(),
    )
    return Response(200, views.quote(told, as_token(asked, told), request.language))


def _place(request: Request) -> Response:
    fields = request.fields(**WANTED, quote=QUOTE, gateway=optional(slug), start_now=optional(flag, False))
    return once(request, lambda: _order(request, fields))


def _order(request: Request, fields: dict[str, Any]) -> Response:
    placed = order_something(
        request.tenant_id,
        wanted_or_quoted(fields),
        gateway=fields["gateway"],
        start_now=fields["start_now"],
        by=request.caller.name,
        callback_url=lambda name: f"{settings().public_url}/payments/{name}/callback",
        gateways=bootstrap.payment_gateway,
        tenants=bootstrap.tenants(),
        payments=bootstrap.payments(),
        books=bootstrap.books(),
        profiles=bootstrap.profiles(),
        dispatches=bootstrap.dispatches(),
        terms=bootstrap.terms_gate(),
        agreements=bootstrap.agreements(),
        gate=bootstrap.service_gate(),
        ids=bootstrap.ids(),
        clock=bootstrap.clock(),
    )
    payment = placed.payment
    own_page = f"{settings().public_url}/payments/{payment.gateway}/pages/{payment.id}"
    shown = views.order(placed.order, payment, request.language, pay_address(placed.pay_page, own_page))
    return Response(201, shown, {"Location": f"{request.address}/{placed.order.id}"})


def _list(request: Request) -> Response:
    living(bootstrap.tenants().get(request.tenant_id))
    last, limit = read_cursor(request.query, "o_[0-9A-Z]{26}"), read_limit(request.query)
    orders = bootstrap.payments().orders(request.tenant_id)
    # Newest first: the page goes on after the last one that was shown.
    start = next((place + 1 for place, order in enumerate(orders) if order.id == last), 0)
    page = orders[start : start + limit]
    shown = [
        views.order(order, bootstrap.payments().get(order.payment_id), request.language) for order in page
    ]
    last_shown = page[-1].id if start + limit < len(orders) else None
    return Response(200, {"orders": shown, "next_cursor": write_cursor(last_shown)})


def _one(request: Request) -> Response:
    living(bootstrap.tenants().get(request.tenant_id))
    order = bootstrap.payments().order(request.tenant_id, our_id(request.path("order_id"), "o"))
    return Response(200, views.order(order, bootstrap.payments().get(order.payment_id), request.language))


lambda_handler = api(
    route("POST", "/tenants/{tenant_id}/quotes", _quote, MEMBERS),
    route("POST", "/tenants/{tenant_id}/orders", _place, MEMBERS),
    route("GET", "/tenants/{tenant_id}/orders", _list, MEMBERS),
    route("GET", "/tenants/{tenant_id}/orders/{order_id}", _one, MEMBERS),
)
