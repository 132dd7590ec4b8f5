"""/tenants/{tenant_id}/escrows: agreed work, and what the customer decides about its deposit."""

from __future__ import annotations

from typing import Any

from mohlat import bootstrap
from mohlat.domain.escrow import Escrow
from mohlat.domain.people import Role
from mohlat.entrypoint import MEMBERS, Request, Response, api, route
from mohlat.idempotency import once
from mohlat.presentation import money_views as views
from mohlat.presentation.fields import our_id, positive, slug, text

_EITHER = (Role.OWNER, Role.OPERATOR)


def _shown(request: Request, escrow: Escrow) -> Response:
    return Response(201, views.escrow(escrow, request.language))


def _named(request: Request) -> tuple[str, str]:
    return request.tenant_id, our_id(request.path("escrow_id"), "e")


def _agree(request: Request) -> Response:
    fields = request.fields(partner=slug, title=text(), amount_rials=positive)
    return once(request, lambda: _do_agree(request, fields))


def _do_agree(request: Request, fields: dict[str, Any]) -> Response:
    agreed = (fields["partner"], fields["title"], fields["amount_rials"])
    return _shown(request, bootstrap.escrow_desk().agree(request.tenant_id, *agreed, request.caller.name))


def _list(request: Request) -> Response:
    escrows = bootstrap.escrow_desk().of_tenant(request.tenant_id)
    return Response(200, {"escrows": [views.escrow(each, request.language) for each in escrows]})


def _release(request: Request) -> Response:
    return _shown(request, bootstrap.escrow_desk().release(*_named(request), request.caller.name))


def _return(request: Request) -> Response:
    return _shown(request, bootstrap.escrow_desk().return_deposit(*_named(request), request.caller.name))


def _cancel(request: Request) -> Response:
    return _shown(request, bootstrap.escrow_desk().cancel(*_named(request), request.caller.name))


lambda_handler = api(
    route("POST", "/tenants/{tenant_id}/escrows", _agree, [Role.OPERATOR]),
    route("GET", "/tenants/{tenant_id}/escrows", _list, [*MEMBERS, Role.OPERATOR]),
    route("POST", "/tenants/{tenant_id}/escrows/{escrow_id}/releases", _release, [Role.OWNER]),
    route("POST", "/tenants/{tenant_id}/escrows/{escrow_id}/returns", _return, [Role.OWNER]),
    route("POST", "/tenants/{tenant_id}/escrows/{escrow_id}/cancellations", _cancel, _EITHER),
)
