"""Operators work on requests for support: their queue, what was done, what it is, what it costs."""

from __future__ import annotations

from typing import Any

from mohlat import bootstrap
from mohlat.domain.agreement import Severity, Step
from mohlat.domain.errors import InvalidInput
from mohlat.domain.helpdesk import Ground
from mohlat.domain.people import Role
from mohlat.entrypoint import Request, Response, api, route
from mohlat.idempotency import once
from mohlat.presentation import ticket_views as views
from mohlat.presentation.fields import member, our_id, slug, text
from mohlat.presentation.helpdesk_fields import minutes


def _ticket_id(request: Request) -> str:
    return our_id(request.path("ticket_id"), "k")


def _step(request: Request) -> Response:
    fields = request.fields(step=member(Step))
    where = request.tenant_id, _ticket_id(request)
    ticket = bootstrap.help_desk().step_done(*where, fields["step"], request.caller.name)
    return Response(201, views.ticket_for_operator(ticket, request.language))


def _classify(request: Request) -> Response:
    fields = request.fields(severity=member(Severity), reason=text(500))
    where, by = (request.tenant_id, _ticket_id(request)), request.caller.name
    ticket = bootstrap.help_desk().classify(*where, fields["severity"], fields["reason"], by)
    return Response(201, views.ticket_for_operator(ticket, request.language))


def _charge(request: Request) -> Response:
    fields = request.fields(ground=member(Ground), minutes=minutes, reason=text(500))
    return once(request, lambda: _do_charge(request, fields))


def _do_charge(request: Request, fields: dict[str, Any]) -> Response:
    desk = bootstrap.help_desk()
    charge = desk.not_a_bug if fields["ground"] is Ground.NOT_A_BUG else desk.outside_hours
    where, by = (request.tenant_id, _ticket_id(request)), request.caller.name
    ticket = charge(*where, fields["minutes"], fields["reason"], by)
    return Response(201, views.ticket_for_operator(ticket, request.language))


def _queue(request: Request) -> Response:
    if not request.query.get("product"):
        raise InvalidInput("product", "is missing")
    tickets = bootstrap.help_desk().by_deadline(slug(request.query["product"], "product"))
    return Response(200, {"tickets": [views.ticket_for_operator(each, request.language) for each in tickets]})


lambda_handler = api(
    route("POST", "/tenants/{tenant_id}/tickets/{ticket_id}/steps", _step, [Role.OPERATOR]),
    route("POST", "/tenants/{tenant_id}/tickets/{ticket_id}/classifications", _classify, [Role.OPERATOR]),
    route("POST", "/tenants/{tenant_id}/tickets/{ticket_id}/charges", _charge, [Role.OPERATOR]),
    route("GET", "/support-tickets", _queue, [Role.OPERATOR]),
)
