"""Requests for support: customers ask, both sides write."""

from __future__ import annotations

from typing import Any

from mohlat import bootstrap
from mohlat.application.serve_support import HELP, Wish
from mohlat.domain.agreement import Severity
from mohlat.domain.errors import InvalidInput
from mohlat.domain.people import Role
from mohlat.domain.tenant import living
from mohlat.entrypoint import MEMBERS, Request, Response, api, route
from mohlat.idempotency import once
from mohlat.presentation import ticket_views as views
from mohlat.presentation.fields import flag, member, optional, our_id, slug
from mohlat.presentation.helpdesk_views import conversation
from mohlat.presentation.ticket_fields import letter


def _ticket_id(request: Request) -> str:
    return our_id(request.path("ticket_id"), "k")


def _role(request: Request) -> Role:
    return Role.OWNER if Role.OWNER in request.caller.roles else Role.USER


def _open(request: Request) -> Response:
    fields = request.fields(
        text=letter(10_000),
        severity=optional(member(Severity)),
        topic=optional(slug, HELP),
        outside_hours=optional(flag, default=False),
    )
    living(bootstrap.tenants().get(request.tenant_id))
    return once(request, lambda: _do_open(request, Wish(**fields)))


def _do_open(request: Request, wish: Wish) -> Response:
    desk, by = bootstrap.help_desk(), request.caller.name
    ticket = desk.open(request.tenant_id, wish, by, _role(request))
    shown = views.ticket(ticket, request.language)
    return Response(201, shown, {"Location": f"{request.address}/{ticket.id}"})


def _read(request: Request) -> Response:
    desk, caller, ticket_id = bootstrap.help_desk(), request.caller, _ticket_id(request)
    if caller.is_operator:
        found = desk.read_by_staff(request.tenant_id, ticket_id, caller.username, request.source_ip)
    else:
        living(bootstrap.tenants().get(request.tenant_id))
        found = desk.conversation(request.tenant_id, ticket_id, caller.name, _role(request))
    return Response(200, conversation(*found, request.language))


def _write(request: Request) -> Response:
    fields, ticket_id = request.fields(text=letter(10_000), waits=optional(flag)), _ticket_id(request)
    if not request.caller.is_operator:
        if fields["waits"] is not None:
            raise InvalidInput("waits", "not part of such a ticket")
        living(bootstrap.tenants().get(request.tenant_id))
    return once(request, lambda: _do_write(request, ticket_id, fields))


def _do_write(request: Request, ticket_id: str, fields: dict[str, Any]) -> Response:
    desk, by = bootstrap.help_desk(), request.caller.name
    if request.caller.is_operator:
        waits = bool(fields["waits"])
        ticket = desk.answer(request.tenant_id, ticket_id, fields["text"], by, waits=waits)
        return Response(201, views.ticket_for_operator(ticket, request.language))
    ticket = desk.reply(request.tenant_id, ticket_id, fields["text"], by, _role(request))
    return Response(201, views.ticket(ticket, request.language))


lambda_handler = api(
    route("POST", "/tenants/{tenant_id}/tickets", _open, MEMBERS),
    route("GET", "/tenants/{tenant_id}/tickets/{ticket_id}/messages", _read, [*MEMBERS, Role.OPERATOR]),
    route("POST", "/tenants/{tenant_id}/tickets/{ticket_id}/messages", _write, [*MEMBERS, Role.OPERATOR]),
)
