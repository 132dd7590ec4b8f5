"""Further users of an account: its owner lets them in, sees them and sends them away."""

from __future__ import annotations

from typing import Any

from mohlat import bootstrap
from mohlat.domain.people import Role
from mohlat.domain.tenant import living
from mohlat.entrypoint import Request, Response, api, route
from mohlat.idempotency import once
from mohlat.presentation.fields import choice, email, mobile, optional, our_id, text
from mohlat.presentation.request_views import user


def _add(request: Request) -> Response:
    fields = request.fields(
        name=text(120), email=email, mobile=mobile, language=optional(choice("fa", "en"), default="fa")
    )
    living(bootstrap.tenants().get(request.tenant_id))
    return once(request, lambda: _do_add(request, fields))


def _do_add(request: Request, fields: dict[str, Any]) -> Response:
    added = bootstrap.users_desk().add(request.tenant_id, **fields, by=request.caller.name)
    location = f"{request.address}/{added[0].username}"
    # What is remembered of it names nobody.
    return Response(201, {"user_id": added[0].username}, {"Location": location})


def _list(request: Request) -> Response:
    living(bootstrap.tenants().get(request.tenant_id))
    found = bootstrap.users_desk().of(request.tenant_id)
    return Response(200, {"users": [user(*each, request.language) for each in found]})


def _remove(request: Request) -> Response:
    living(bootstrap.tenants().get(request.tenant_id))
    username = our_id(request.path("user_id"), "u")
    bootstrap.users_desk().remove(request.tenant_id, username, request.caller.name)
    return Response(204)


lambda_handler = api(
    route("POST", "/tenants/{tenant_id}/users", _add, [Role.OWNER]),
    route("GET", "/tenants/{tenant_id}/users", _list, [Role.OWNER]),
    route("DELETE", "/tenants/{tenant_id}/users/{user_id}", _remove, [Role.OWNER]),
)
