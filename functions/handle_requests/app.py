"""/tenants/{tenant_id}/data-requests: what people ask about their own data, and what is answered."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.application.handle_requests import Answer
from mohlat.domain.data_requests import RefusalGround, Right
from mohlat.domain.errors import NotAllowed
from mohlat.domain.people import Role
from mohlat.entrypoint import MEMBERS, Request, Response, api, route
from mohlat.idempotency import once
from mohlat.presentation import request_views as views
from mohlat.presentation.fields import member, optional, our_id, text

_READERS = (*MEMBERS, Role.OPERATOR)


def _ask(request: Request) -> Response:
    fields = request.fields(right=member(Right), reason=text(2000))
    # A deletion is of the whole account.
    if fields["right"] is Right.DELETE and Role.OWNER not in request.caller.roles:
        raise NotAllowed("only an owner asks for the deletion of the account's data")
    return once(request, lambda: _do(request, fields["right"], fields["reason"]))


def _do(request: Request, right: Right, reason: str) -> Response:
    asked = bootstrap.request_desk().receive(request.tenant_id, right, reason, request.caller.name)
    shown = views.data_request(asked, request.language)
    return Response(201, shown, {"Location": f"{request.address}/{asked.id}"})


def _own(request: Request) -> str | None:
    """Whose requests the caller may see: a user's only their own; None for all."""
    sees_all = {Role.OWNER, Role.OPERATOR} & request.caller.roles
    return None if sees_all else request.caller.name


def _list(request: Request) -> Response:
    found = bootstrap.request_desk().of(request.tenant_id, _own(request))
    return Response(200, {"data_requests": [views.data_request(each, request.language) for each in found]})


def _one(request: Request) -> Response:
    desk, caller, request_id = bootstrap.request_desk(), request.caller, _request_id(request)
    if caller.is_operator:
        found = desk.file_for_operator(request.tenant_id, request_id, caller.username, request.source_ip)
    else:
        found = desk.file(request.tenant_id, request_id, _own(request))
    return Response(200, views.request_file(found, request.language))


def _request_id(request: Request) -> str:
    return our_id(request.path("request_id"), "d")


def _answer(request: Request) -> Response:
    fields = request.fields(
        text=text(4000), ground=optional(member(RefusalGround)), export_id=optional(text(40))
    )
    desk, by = bootstrap.request_desk(), request.caller.name
    answered = desk.answer(request.tenant_id, _request_id(request), Answer(**fields), by)
    return Response(201, views.data_request(answered, request.language))


def _extend(request: Request) -> Response:
    reason, by = request.fields(reason=text(300))["reason"], request.caller.name
    longer = bootstrap.request_desk().extend(request.tenant_id, _request_id(request), reason, by)
    return Response(201, views.data_request(longer, request.language))


def _ask_identity(request: Request) -> Response:
    desk, by = bootstrap.request_desk(), request.caller.name
    stopped = desk.ask_identity(request.tenant_id, _request_id(request), by)
    return Response(201, views.data_request(stopped, request.language))


def _confirm_identity(request: Request) -> Response:
    desk, by = bootstrap.request_desk(), request.caller.name
    going = desk.confirm_identity(request.tenant_id, _request_id(request), by)
    return Response(201, views.data_request(going, request.language))


lambda_handler = api(
    route("POST", "/tenants/{tenant_id}/data-requests", _ask, MEMBERS),
    route("GET", "/tenants/{tenant_id}/data-requests", _list, _READERS),
    route("GET", "/tenants/{tenant_id}/data-requests/{request_id}", _one, _READERS),
    route("POST", "/tenants/{tenant_id}/data-requests/{request_id}/answers", _answer, [Role.OPERATOR]),
    route("POST", "/tenants/{tenant_id}/data-requests/{request_id}/extensions", _extend, [Role.OPERATOR]),
    route(
        "POST",
        "/tenants/{tenant_id}/data-requests/{request_id}/identity-checks",
        _ask_identity,
        [Role.OPERATOR],
    ),
    route(
        "POST",
        "/tenants/{tenant_id}/data-requests/{request_id}/identity-confirmations",
        _confirm_identity,
        [Role.OPERATOR],
    ),
)
