"""/tickets and /tenants/{tenant_id}/tickets: what waits for a person, and closing it."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.application.handle_tickets import Ending
from mohlat.domain.errors import InvalidInput
from mohlat.domain.people import Role
from mohlat.domain.tenant import living
from mohlat.entrypoint import Request, Response, api, route
from mohlat.presentation import ticket_views as views
from mohlat.presentation.cursors import read_cursor, read_limit, write_cursor
from mohlat.presentation.fields import flag, optional, our_id, slug, text
from mohlat.presentation.ticket_fields import tax_id

_READERS = (Role.OWNER, Role.OPERATOR)


def _list_open(request: Request) -> Response:
    if not request.query.get("product"):
        raise InvalidInput("product", "is missing")
    product = slug(request.query["product"], "product")
    after = read_cursor(request.query, "k_[0-9A-Z]{26}")
    page = bootstrap.ticket_desk().open_page(product, after, read_limit(request.query))
    shown = [views.ticket_for_operator(ticket, request.language) for ticket in page.tickets]
    return Response(200, {"tickets": shown, "next_cursor": write_cursor(page.next_after)})


def _list(request: Request) -> Response:
    for_operator = request.caller.is_operator
    if not for_operator:
        living(bootstrap.tenants().get(request.tenant_id))
    show = views.ticket_for_operator if for_operator else views.ticket
    if for_operator or Role.OWNER in request.caller.roles:
        tickets = bootstrap.ticket_desk().of(request.tenant_id)
    else:
        tickets = bootstrap.help_desk().of(request.tenant_id, request.caller.name, Role.USER)
    return Response(200, {"tickets": [show(ticket, request.language) for ticket in tickets]})


def _ticket_id(request: Request) -> str:
    return our_id(request.path("ticket_id"), "k")


def _one(request: Request) -> Response:
    ticket_id, caller, desk = _ticket_id(request), request.caller, bootstrap.ticket_desk()
    if caller.is_operator:
        opened = desk.file(request.tenant_id, ticket_id, caller.username, request.source_ip)
        return Response(200, views.file(opened, request.language))
    living(bootstrap.tenants().get(request.tenant_id))
    return Response(200, views.ticket(desk.one(request.tenant_id, ticket_id), request.language))


def _close(request: Request) -> Response:
    fields = request.fields(
        outcome=text(500),
        taken=optional(flag),
        refund_id=optional(text(40)),
        tax_id=optional(tax_id),
        lifted=optional(flag),
    )
    ticket_id, by = _ticket_id(request), request.caller.name
    closed = bootstrap.ticket_desk().close(request.tenant_id, ticket_id, Ending(**fields), by)
    return Response(201, views.ticket_for_operator(closed, request.language))


lambda_handler = api(
    route("GET", "/tickets", _list_open, [Role.OPERATOR]),
    route("GET", "/tenants/{tenant_id}/tickets", _list, [*_READERS, Role.USER]),
    route("GET", "/tenants/{tenant_id}/tickets/{ticket_id}", _one, _READERS),
    route("POST", "/tenants/{tenant_id}/tickets/{ticket_id}/closures", _close, [Role.OPERATOR]),
)
