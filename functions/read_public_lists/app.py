"""What anybody may read of a product: its customers as they want it, its cookies, its processors."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.domain.agreement import Agreement
from mohlat.domain.processors import used_by
from mohlat.entrypoint import Request, Response, api, route
from mohlat.presentation.cursors import read_cursor, write_cursor
from mohlat.presentation.privacy_views import cookie, processor


def _agreement(request: Request) -> Agreement:
    return bootstrap.offered(request.path("product"))


def _customers(request: Request) -> Response:
    product = _agreement(request).product
    after = read_cursor(request.query, "t_[0-9A-HJKMNP-TV-Z]{26}")
    shown, following = bootstrap.listing_desk().page(product, after)
    return Response(
        200,
        {
            "customers": [listing.shown() for listing in shown],
            "next_cursor": write_cursor(following),
        },
    )


def _statistics(request: Request) -> Response:
    return Response(200, {"by_collection": bootstrap.listing_desk().statistics(_agreement(request).product)})


def _cookies(request: Request) -> Response:
    rule = _agreement(request).cookies
    known = rule.cookies if rule else ()
    return Response(200, {"cookies": [cookie(each, request.language) for each in known]})


def _processors(request: Request) -> Response:
    used = used_by(_agreement(request))
    shown = [processor(each, request.language) for each in bootstrap.processors() if each.id in used]
    return Response(200, {"processors": shown})


lambda_handler = api(
    route("GET", "/products/{product}/customers", _customers),
    route("GET", "/products/{product}/customer-statistics", _statistics),
    route("GET", "/products/{product}/cookies", _cookies),
    route("GET", "/products/{product}/processors", _processors),
)
