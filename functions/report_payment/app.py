"""Under /tenants/{tenant_id}/payments/{payment_id}: GET, and POST reports: "my money was taken" (CLUB-7)."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.domain.errors import NotFound
from mohlat.domain.payments import Payment
from mohlat.entrypoint import MEMBERS, Request, Response, api, route
from mohlat.measures import flag
from mohlat.presentation import payment_views as views
from mohlat.presentation.fields import our_id


def _own(request: Request) -> Payment:
    payment = bootstrap.payments().get(our_id(request.path("payment_id"), "p"))
    if payment.tenant_id != request.tenant_id:
        raise NotFound
    return payment


def _view(request: Request) -> Response:
    return Response(200, views.payment_of(_own(request), request.language))


def _report(request: Request) -> Response:
    payment = _own(request)
    payment = bootstrap.payment_desk(payment.gateway).report(payment.id, request.caller.name)
    flag(payment)
    return Response(201, views.payment_of(payment, request.language))


lambda_handler = api(
    route("GET", "/tenants/{tenant_id}/payments/{payment_id}", _view, MEMBERS),
    route("POST", "/tenants/{tenant_id}/payments/{payment_id}/reports", _report, MEMBERS),
)
