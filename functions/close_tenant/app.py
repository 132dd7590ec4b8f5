"""POST /tenants/{tenant_id}/closures: the owner ends the account; access stops at once."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.domain.errors import InvalidInput
from mohlat.domain.people import Role
from mohlat.domain.tenant import Closing
from mohlat.entrypoint import Request, Response, api, route, tenant_answer
from mohlat.idempotency import once
from mohlat.presentation.fields import member, text


def _close(request: Request) -> Response:
    fields = request.fields(closing=member(Closing), confirm=text())
    if fields["confirm"] != request.tenant_id:
        raise InvalidInput("confirm", "must repeat the tenant's id")
    return once(request, lambda: _do(request, fields["closing"]))


def _do(request: Request, closing: Closing) -> Response:
    tenant = bootstrap.tenant_desk().close(request.tenant_id, closing, request.caller.name)
    return tenant_answer(request, tenant, 201, request.address.removesuffix("/closures"))


lambda_handler = api(route("POST", "/tenants/{tenant_id}/closures", _close, [Role.OWNER]))
