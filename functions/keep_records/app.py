"""/tenants/{tenant_id}/records: the tenant's own entries, as far as its agreement allows at this moment."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.domain.people import Role
from mohlat.entrypoint import MEMBERS, Request, Response, api, route
from mohlat.presentation import views
from mohlat.presentation.cursors import read_cursor, read_limit, write_cursor
from mohlat.presentation.fields import json_object, record_id


def _list(request: Request) -> Response:
    after = read_cursor(request.query, "[A-Za-z0-9._-]{1,64}")
    page = bootstrap.records_desk().page(
        request.tenant_id, after, read_limit(request.query), request.caller.name
    )
    shown = [views.record(record, request.language) for record in page.records]
    return Response(200, {"records": shown, "next_cursor": write_cursor(page.next_after)})


def _get(request: Request) -> Response:
    key = record_id(request.path("record_id"))
    record = bootstrap.records_desk().get(request.tenant_id, key, request.caller.name)
    return Response(200, views.record(record, request.language))


def _put(request: Request) -> Response:
    key, fields = record_id(request.path("record_id")), request.fields(data=json_object)
    record = bootstrap.records_desk().put(request.tenant_id, key, fields["data"], request.caller.name)
    shown = views.record(record, request.language)
    if record.version == 1:
        return Response(201, shown, {"Location": request.address})
    return Response(200, shown)


def _delete(request: Request) -> Response:
    key = record_id(request.path("record_id"))
    bootstrap.records_desk().delete(request.tenant_id, key, request.caller.name)
    return Response(204)


def _activity(request: Request) -> Response:
    before = read_cursor(request.query, "v_[0-9A-HJKMNP-TV-Z]{26}")
    lines = bootstrap.records_desk().activity(request.tenant_id, before, read_limit(request.query))
    following = lines[-1].id if len(lines) == (read_limit(request.query) or 100) else None
    shown = [views.activity(line, request.language) for line in lines]
    return Response(200, {"activity": shown, "next_cursor": write_cursor(following)})


_ONE = "/tenants/{tenant_id}/records/{record_id}"
lambda_handler = api(
    route("GET", "/tenants/{tenant_id}/activity", _activity, [Role.OWNER]),
    route("GET", "/tenants/{tenant_id}/records", _list, MEMBERS),
    route("GET", _ONE, _get, MEMBERS),
    route("PUT", _ONE, _put, MEMBERS),
    route("DELETE", _ONE, _delete, MEMBERS),
)
