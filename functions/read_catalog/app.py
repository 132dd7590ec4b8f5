"""GET /products, …/agreement, …/plans: what is offered, on which terms, at today's prices (SAMAN-5.2)."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.domain.agreement import Agreement
from mohlat.entrypoint import Request, Response, api, route
from mohlat.presentation import views
from mohlat.presentation.helpdesk_views import promises


def _products(request: Request) -> Response:
    agreements = bootstrap.agreements()
    return Response(
        200, {"products": [views.product(agreements.load(name)) for name in agreements.products()]}
    )


def _agreement_of(request: Request) -> Agreement:
    return bootstrap.offered(request.path("product"), request.query.get("version"))


def _terms(request: Request) -> Response:
    agreement = _agreement_of(request)
    support = agreement.support and promises(agreement.support)
    return Response(200, {**views.terms(agreement, request.language), "support": support})


def _plans(request: Request) -> Response:
    now = bootstrap.clock().now()
    agreement = _agreement_of(request)
    language = request.language
    running = [each for each in agreement.promotions if each.since <= now < each.until]
    return Response(
        200,
        {
            "plans": [views.plan(plan, agreement, now, language) for plan in agreement.plans],
            "extras": [views.extra_item(extra, agreement, now, language) for extra in agreement.extras],
            "promotions": [views.promotion(each, language) for each in running],
            "gateways": list(agreement.gateways),
        },
    )


lambda_handler = api(
    route("GET", "/products", _products),
    route("GET", "/products/{product}/agreement", _terms),
    route("GET", "/products/{product}/plans", _plans),
)
