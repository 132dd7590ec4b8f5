"""/tenants/{tenant_id}/exports: a tenant's data in its owner's hands."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.domain.people import Role
from mohlat.entrypoint import Request, Response, api, route
from mohlat.idempotency import once
from mohlat.presentation.data_views import export
from mohlat.presentation.fields import file_name, our_id


def _begin(request: Request) -> Response:
    return once(request, lambda: _do(request))


def _do(request: Request) -> Response:
    begun = bootstrap.export_desk().begin(request.tenant_id, request.caller.name)
    bootstrap.security_log().note(
        request.tenant_id,
        "export_begun",
        bootstrap.clock().now(),
        request.source_ip,
        username=request.caller.username,
        export_id=begun.id,
    )
    return Response(202, export(begun, request.language), {"Location": f"{request.address}/{begun.id}"})


def _list(request: Request) -> Response:
    found = bootstrap.export_desk().of_tenant(request.tenant_id)
    return Response(200, {"exports": [export(each, request.language) for each in reversed(found)]})


def _get(request: Request) -> Response:
    export_id = our_id(request.path("export_id"), "x")
    found, files = bootstrap.export_desk().get(request.tenant_id, export_id)
    return Response(200, export(found, request.language, files))


def _file(request: Request) -> Response:
    export_id, name = our_id(request.path("export_id"), "x"), file_name(request.path("file"))
    content = bootstrap.export_desk().content(request.tenant_id, export_id, name).decode()
    # JSON Lines has no registered type yet; the manifest is one JSON object.
    kind = "application/json" if name.endswith(".json") else "application/x-ndjson"
    return Response(200, content, {"Content-Disposition": f'attachment; filename="{name}"'}, kind)


# Nobody waits in line for a copy of their data: none of these is slowed down.
lambda_handler = api(
    route("POST", "/tenants/{tenant_id}/exports", _begin, [Role.OWNER], paced=False),
    route("GET", "/tenants/{tenant_id}/exports", _list, [Role.OWNER, Role.OPERATOR], paced=False),
    route("GET", "/tenants/{tenant_id}/exports/{export_id}", _get, [Role.OWNER, Role.OPERATOR], paced=False),
    # What it holds is the owner's alone.
    route("GET", "/tenants/{tenant_id}/exports/{export_id}/files/{file}", _file, [Role.OWNER], paced=False),
)
