"""/tenants/{tenant_id}/escrows/{escrow_id}/reasons: why a deposit was asked back, told afterwards."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.domain.people import Role
from mohlat.entrypoint import Request, Response, api, route
from mohlat.presentation import money_views as views
from mohlat.presentation.fields import our_id, text


def _named(request: Request) -> tuple[str, str]:
    return request.tenant_id, our_id(request.path("escrow_id"), "e")


def _explain(request: Request) -> Response:
    reason = request.fields(reason=text(2000))["reason"]
    told = bootstrap.escrow_desk().explain(*_named(request), reason)
    return Response(201, views.escrow(told, request.language))


def _read(request: Request) -> Response:
    told = bootstrap.escrow_desk().reason(*_named(request), request.caller.username, request.source_ip)
    return Response(200, {"reason": told})


lambda_handler = api(
    route("POST", "/tenants/{tenant_id}/escrows/{escrow_id}/reasons", _explain, [Role.OWNER]),
    route("GET", "/tenants/{tenant_id}/escrows/{escrow_id}/reasons", _read, [Role.OPERATOR]),
)
