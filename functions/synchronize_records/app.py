"""Devices bring what changed offline and read what others did; records are found by a value."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.entrypoint import MEMBERS, Request, Response, api, route
from mohlat.presentation import sync_views
from mohlat.presentation.cursors import read_cursor, write_cursor
from mohlat.presentation.fields import record_id, slug, text
from mohlat.presentation.sync_fields import LARGEST_BATCH, changes


def _take(request: Request) -> Response:
    fields = request.fields(device=slug, changes=changes)
    brought = [build(fields["device"]) for build in fields["changes"]]
    outcomes = bootstrap.sync_desk().take(request.tenant_id, brought, request.caller.name)
    return Response(200, {"outcomes": [sync_views.outcome(each) for each in outcomes]})


def _read(request: Request) -> Response:
    after = read_cursor(request.query, "[0-9]{1,12}")
    page = bootstrap.sync_desk().read(request.tenant_id, int(after or 0), request.caller.name)
    shown = [sync_views.state(each, request.language) for each in page.states]
    return Response(200, {"changes": shown, "cursor": write_cursor(str(page.cursor)), "more": page.more})


def _copies(request: Request) -> Response:
    found = bootstrap.sync_desk().copies(request.tenant_id, record_id(request.path("record_id")))
    return Response(200, {"copies": [sync_views.copy(each) for each in found]})


def _find(request: Request) -> Response:
    # In the body, not in the address: addresses are logged.
    fields = request.fields(field=slug, value=text(200))
    found = bootstrap.sync_desk().find(request.tenant_id, **fields)
    return Response(200, {"records": [sync_views.found(each, request.language) for each in found]})


lambda_handler = api(
    route("POST", "/tenants/{tenant_id}/sync", _take, MEMBERS, largest_body=LARGEST_BATCH),
    route("GET", "/tenants/{tenant_id}/changes", _read, MEMBERS),
    route("GET", "/tenants/{tenant_id}/records/{record_id}/copies", _copies, MEMBERS),
    route("POST", "/tenants/{tenant_id}/record-searches", _find, MEMBERS),
)
