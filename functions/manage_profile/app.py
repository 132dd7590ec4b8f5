"""/tenants/{tenant_id}/profile, …/contact and …/personal-data: what is held about people; they correct it."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.domain.people import Role
from mohlat.entrypoint import Request, Response, api, route
from mohlat.presentation.fields import text
from mohlat.presentation.profile_fields import PROFILE, read_profile
from mohlat.presentation.request_views import contact, personal_data
from mohlat.presentation.ticket_views import profile


def _get(request: Request) -> Response:
    return Response(200, profile(bootstrap.profile_desk().get(request.tenant_id)))


def _put(request: Request) -> Response:
    told = read_profile(request.tenant_id, request.fields(**PROFILE))
    kept = bootstrap.profile_desk().put(told, request.caller.username, request.source_ip)
    return Response(200, profile(kept))


def _copy(request: Request) -> Response:
    desk, caller = bootstrap.personal_data_desk(), request.caller
    return Response(
        200, personal_data(desk.copy(request.tenant_id, caller.username, request.source_ip), request.language)
    )


def _correct(request: Request) -> Response:
    name = request.fields(name=text())["name"]
    corrected = bootstrap.personal_data_desk().correct_name(request.tenant_id, name, request.caller.name)
    return Response(200, contact(corrected))


lambda_handler = api(
    # What the law gives people waits in no line.
    route("GET", "/tenants/{tenant_id}/personal-data", _copy, [Role.OWNER], paced=False),
    route("PUT", "/tenants/{tenant_id}/contact", _correct, [Role.OWNER]),
    route("GET", "/tenants/{tenant_id}/profile", _get, [Role.OWNER]),
    route("PUT", "/tenants/{tenant_id}/profile", _put, [Role.OWNER]),
)
