"""/tenants/{tenant_id}/data-requests: what people ask about their own data, and what is answered."""

from __future__ import annotations

from collections.abc import Callable

from mohlat import bootstrap
from mohlat.application.handle_requests import Answer
from mohlat.domain.data_requests import DataRequest, RefusalGround, Right
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


def _acted(request: Request, act: Callable[[str, str, str], DataRequest]) -> Response:
    done = act(request.tenant_id, _request_id(request), request.caller.name)
    return Response(201, views.data_request(done, request.language))


def _answer(request: Request) -> Response:
    fields = request.fields(
        text=text(4000), ground=optional(member(RefusalGround)), export_id=optional(text(40))
    )
    answer = Answer(**fields)
    return _acted(request, lambda of, id, by: bootstrap.request_desk().answer(of, id, answer, by))


def _extend(request: Request) -> Response:
    reason = request.fields(reason=text(300))["reason"]
    return _acted(request, lambda of, id, by: bootstrap.request_desk().extend(of, id, reason, by))


def _ask_identity(request: Request) -> Response:
    return _acted(request, bootstrap.request_desk().ask_identity)


def _confirm_identity(request: Request) -> Response:
    return _acted(request, bootstrap.request_desk().confirm_identity)


_ALL = "/tenants/{tenant_id}/data-requests"
_ONE = "/tenants/{tenant_id}/data-requests/{request_id}"
_CHECKS = "/tenants/{tenant_id}/data-requests/{request_id}/identity-checks"
_CONFIRMED = "/tenants/{tenant_id}/data-requests/{request_id}/identity-confirmations"
# What the law gives people waits in no line.
lambda_handler = api(
    route("POST", _ALL, _ask, MEMBERS, paced=False),
    route("GET", _ALL, _list, _READERS, paced=False),
    route("GET", _ONE, _one, _READERS, paced=False),
    route("POST", "/tenants/{tenant_id}/data-requests/{request_id}/answers", _answer, [Role.OPERATOR]),
    route("POST", "/tenants/{tenant_id}/data-requests/{request_id}/extensions", _extend, [Role.OPERATOR]),
    route("POST", _CHECKS, _ask_identity, [Role.OPERATOR]),
    route("POST", _CONFIRMED, _confirm_identity, [Role.OPERATOR]),
)
