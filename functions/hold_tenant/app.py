"""/tenants/{tenant_id}/holds: legal holds, and their release; nothing is deleted in between."""

from __future__ import annotations

from typing import Any

from mohlat import bootstrap
from mohlat.domain.people import Role
from mohlat.entrypoint import Request, Response, api, route, tenant_answer
from mohlat.idempotency import once
from mohlat.presentation.fields import optional, our_id, record_ids, slug, text
from mohlat.presentation.views import hold


def _place(request: Request) -> Response:
    fields = request.fields(reason=text(500), origin=text(200), clause=slug, records=optional(record_ids))
    fields["records"] = fields["records"] or ()
    return once(request, lambda: _do(request, fields))


def _do(request: Request, fields: dict[str, Any]) -> Response:
    tenant = bootstrap.tenant_desk().place_hold(request.tenant_id, **fields, by=request.caller.name)
    hold_id = tenant.holds[-1].id
    return tenant_answer(request, tenant, 201, f"{request.address}/{hold_id}", hold_id=hold_id)


def _release(request: Request) -> Response:
    hold_id = our_id(request.path("hold_id"), "h")
    fields = request.fields(reason=text(500), clause=slug)
    tenant = bootstrap.tenant_desk().release_hold(
        request.tenant_id, hold_id, **fields, by=request.caller.name
    )
    return tenant_answer(request, tenant)


def _list(request: Request) -> Response:
    tenant = bootstrap.tenants().get(request.tenant_id)
    return Response(200, {"holds": [hold(each, request.language) for each in tenant.holds]})


lambda_handler = api(
    route("GET", "/tenants/{tenant_id}/holds", _list, [Role.OPERATOR]),
    route("POST", "/tenants/{tenant_id}/holds", _place, [Role.OPERATOR]),
    route("DELETE", "/tenants/{tenant_id}/holds/{hold_id}", _release, [Role.OPERATOR]),
)
