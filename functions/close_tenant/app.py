"""POST /tenants/{tenant_id}/closures and …/reopenings: the owner ends the account, or takes that back."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.application.see_personal_data import demand_name
from mohlat.domain.people import Role
from mohlat.domain.tenant import Closing
from mohlat.entrypoint import Request, Response, api, route, tenant_answer
from mohlat.idempotency import once
from mohlat.presentation.fields import member, text


def _close(request: Request) -> Response:
    fields = request.fields(closing=member(Closing), confirm=text())
    demand_name(bootstrap.people(), request.tenant_id, fields["confirm"])
    return once(request, lambda: _do(request, fields["closing"]))


def _do(request: Request, closing: Closing) -> Response:
    tenant = bootstrap.tenant_desk().close(request.tenant_id, closing, request.caller.name)
    return tenant_answer(request, tenant, 201, request.address.removesuffix("/closures"))


def _reopen(request: Request) -> Response:
    demand_name(bootstrap.people(), request.tenant_id, request.fields(confirm=text())["confirm"])
    return once(request, lambda: _undo(request))


def _undo(request: Request) -> Response:
    tenant = bootstrap.tenant_desk().reopen(request.tenant_id, request.caller.name)
    return tenant_answer(request, tenant, 201, request.address.removesuffix("/reopenings"))


# Nobody waits in line to leave.
lambda_handler = api(
    route("POST", "/tenants/{tenant_id}/closures", _close, [Role.OWNER], paced=False),
    route("POST", "/tenants/{tenant_id}/reopenings", _reopen, [Role.OWNER], paced=False),
)
