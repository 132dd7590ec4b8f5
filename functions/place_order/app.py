"""POST and GET /tenants/{tenant_id}/orders: ordering a term, and what became of the orders."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.application.place_order import order_term
from mohlat.domain.durations import Duration
from mohlat.entrypoint import MEMBERS, Request, Response, api, living, route
from mohlat.idempotency import once
from mohlat.presentation import views
from mohlat.presentation.cursors import read_cursor, read_limit, write_cursor
from mohlat.presentation.fields import duration, optional, our_id, slug
from mohlat.settings import settings


def _place(request: Request) -> Response:
    fields = request.fields(plan=slug, period=duration, gateway=optional(slug))
    return once(request, lambda: _order(request, fields["plan"], fields["period"], fields["gateway"]))


def _order(request: Request, plan: str, period: Duration, gateway: str | None) -> Response:
    placed = order_term(
        request.tenant_id,
        plan,
        period,
        gateway=gateway,
        by=request.caller.name,
        callback_url=lambda name: f"{settings().public_url}/payments/{name}/callback",
        gateways=bootstrap.payment_gateway,
        tenants=bootstrap.tenants(),
        payments=bootstrap.payments(),
        dispatches=bootstrap.dispatches(),
        agreements=bootstrap.agreements(),
        ids=bootstrap.ids(),
        clock=bootstrap.clock(),
    )
    shown = views.order(placed.order, placed.payment, request.language, placed.pay_url)
    return Response(201, shown, {"Location": f"{request.address}/{placed.order.id}"})


def _list(request: Request) -> Response:
    living(bootstrap.tenants().get(request.tenant_id))
    last = read_cursor(request.query, "o_[0-9A-Z]{26}")
    limit = read_limit(request.query)
    orders = bootstrap.payments().orders(request.tenant_id)
    # Newest first: the page goes on after the last one that was shown.
    start = next((place + 1 for place, order in enumerate(orders) if order.id == last), 0)
    page = orders[start : start + limit]
    shown = [
        views.order(order, bootstrap.payments().get(order.payment_id), request.language) for order in page
    ]
    more = start + limit < len(orders)
    return Response(200, {"orders": shown, "next_cursor": write_cursor(page[-1].id if more else None)})


def _one(request: Request) -> Response:
    order_id = our_id(request.path("order_id"), "o")
    living(bootstrap.tenants().get(request.tenant_id))
    order = bootstrap.payments().order(request.tenant_id, order_id)
    payment = bootstrap.payments().get(order.payment_id)
    return Response(200, views.order(order, payment, request.language))


lambda_handler = api(
    route("POST", "/tenants/{tenant_id}/orders", _place, MEMBERS),
    route("GET", "/tenants/{tenant_id}/orders", _list, MEMBERS),
    route("GET", "/tenants/{tenant_id}/orders/{order_id}", _one, MEMBERS),
)
