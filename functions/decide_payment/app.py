"""/held-payments/{payment_id}: an operator looks at a payment and decides one that is held."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.application.settle_payment import Decision
from mohlat.domain.people import Role
from mohlat.entrypoint import Request, Response, api, route
from mohlat.measures import flag
from mohlat.presentation import payment_views as views
from mohlat.presentation.fields import member, our_id


def _view(request: Request) -> Response:
    payment = bootstrap.payments().get(our_id(request.path("payment_id"), "p"))
    return Response(200, views.held_payment(payment, request.language))


def _decide(request: Request) -> Response:
    fields = request.fields(decision=member(Decision))
    payment = bootstrap.payments().get(our_id(request.path("payment_id"), "p"))
    desk = bootstrap.payment_desk(payment.gateway)
    decided = desk.decide(payment.id, fields["decision"], request.caller.name)
    flag(decided)
    return Response(201, views.held_payment(decided, request.language))


lambda_handler = api(
    route("GET", "/held-payments/{payment_id}", _view, [Role.OPERATOR]),
    route("POST", "/held-payments/{payment_id}/decisions", _decide, [Role.OPERATOR]),
)
