"""POST and GET /tenants/{tenant_id}/compensations: what is paid for proven human error."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.domain.people import Role
from mohlat.entrypoint import Request, Response, api, route
from mohlat.idempotency import once
from mohlat.presentation import money_views as views
from mohlat.presentation.fields import positive, slug, text


def _compensate(request: Request) -> Response:
    fields = request.fields(amount_rials=positive, reason=text(500), clause=slug)
    return once(request, lambda: _do(request, fields["amount_rials"], fields["reason"], fields["clause"]))


def _do(request: Request, amount: int, reason: str, clause: str) -> Response:
    desk, by = bootstrap.compensation_desk(), request.caller.name
    owed = desk.compensate(request.tenant_id, amount, reason, clause, by)
    return Response(201, views.compensation(owed, request.language))


def _list(request: Request) -> Response:
    owed = bootstrap.compensation_desk().of_tenant(request.tenant_id)
    return Response(200, {"compensations": [views.compensation(each, request.language) for each in owed]})


lambda_handler = api(
    route("POST", "/tenants/{tenant_id}/compensations", _compensate, [Role.OPERATOR]),
    route("GET", "/tenants/{tenant_id}/compensations", _list, [Role.OWNER, Role.OPERATOR]),
)
