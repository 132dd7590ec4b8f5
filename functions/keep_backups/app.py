"""Backups of a tenant's records, and their restoration to the nearest one before a moment."""

from __future__ import annotations

from typing import Any

from mohlat import bootstrap
from mohlat.domain.people import Role
from mohlat.entrypoint import MEMBERS, Request, Response, api, route
from mohlat.idempotency import once
from mohlat.presentation.data_views import backup, restoration
from mohlat.presentation.fields import flag, instant, optional, our_id, slug
from mohlat.presentation.views import at


def _back_up(request: Request) -> Response:
    return once(request, lambda: _do_back_up(request))


def _do_back_up(request: Request) -> Response:
    begun = bootstrap.backup_desk().begin(request.tenant_id, request.caller.name)
    return Response(202, backup(begun, request.language))


def _list(request: Request) -> Response:
    backups, next_at = bootstrap.backup_desk().backups(request.tenant_id)
    shown = [backup(each, request.language) for each in reversed(backups)]
    return Response(200, {"backups": shown, **at("next_at", next_at, request.language)})


def _restore(request: Request) -> Response:
    fields = request.fields(
        before=optional(instant), backup_id=optional(slug), overwrite=optional(flag, default=False)
    )
    return once(request, lambda: _do_restore(request, fields))


def _do_restore(request: Request, fields: dict[str, Any]) -> Response:
    begun = bootstrap.backup_desk().restore(request.tenant_id, request.caller.name, **fields)
    found = bootstrap.backup_desk().restoration(request.tenant_id, begun.id)
    location = f"{request.address}/{begun.id}"
    return Response(202, restoration(*found, request.language), {"Location": location})


def _get(request: Request) -> Response:
    restoration_id = our_id(request.path("restoration_id"), "n")
    found = bootstrap.backup_desk().restoration(request.tenant_id, restoration_id)
    return Response(200, restoration(*found, request.language))


lambda_handler = api(
    route("POST", "/tenants/{tenant_id}/backups", _back_up, MEMBERS),
    route("GET", "/tenants/{tenant_id}/backups", _list, [*MEMBERS, Role.OPERATOR]),
    route("POST", "/tenants/{tenant_id}/restorations", _restore, [Role.OWNER]),
    route("GET", "/tenants/{tenant_id}/restorations/{restoration_id}", _get, [Role.OWNER, Role.OPERATOR]),
)
