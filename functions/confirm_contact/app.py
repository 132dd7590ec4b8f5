"""POST /tenants/{tenant_id}/confirmations and …/confirmation-codes: the registered contact is confirmed."""

from __future__ import annotations

from contextlib import suppress

from mohlat import bootstrap
from mohlat.domain.errors import InvalidInput, TooManyAttempts
from mohlat.entrypoint import Request, Response, api, route
from mohlat.presentation.fields import one_time_code


def _confirm(request: Request) -> Response:
    tenant_id, fields = request.tenant_id, request.fields(code=one_time_code)
    bootstrap.front_desk().confirm(tenant_id, fields["code"], request.source_ip)
    return Response(200, {"tenant_id": tenant_id, "confirmed": True})


def _send_again(request: Request) -> Response:
    # The same answer for every id: whether a tenant exists is nobody's business here.
    with suppress(InvalidInput, TooManyAttempts):
        bootstrap.front_desk().send_confirmation_again(request.tenant_id)
    return Response(202, {"status": "on its way if there is a contact to confirm"})


lambda_handler = api(
    route("POST", "/tenants/{tenant_id}/confirmations", _confirm),
    route("POST", "/tenants/{tenant_id}/confirmation-codes", _send_again),
)
