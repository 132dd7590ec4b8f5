"""GET and PUT /tenants/{tenant_id}/profile: whom invoices name and where money goes back to."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.domain.people import Role
from mohlat.entrypoint import Request, Response, api, route
from mohlat.presentation.profile_fields import PROFILE, read_profile
from mohlat.presentation.ticket_views import profile


def _get(request: Request) -> Response:
    return Response(200, profile(bootstrap.profile_desk().get(request.tenant_id)))


def _put(request: Request) -> Response:
    told = read_profile(request.tenant_id, request.fields(**PROFILE))
    kept = bootstrap.profile_desk().put(told, request.caller.username, request.source_ip)
    return Response(200, profile(kept))


lambda_handler = api(
    route("GET", "/tenants/{tenant_id}/profile", _get, [Role.OWNER]),
    route("PUT", "/tenants/{tenant_id}/profile", _put, [Role.OWNER]),
)
