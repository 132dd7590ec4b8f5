"""POST /tenants/{tenant_id}/misuse-reports: somebody else may be in the account."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.entrypoint import MEMBERS, Request, Response, api, route
from mohlat.idempotency import once
from mohlat.presentation import ticket_views as views
from mohlat.presentation.ticket_fields import letter


def _report(request: Request) -> Response:
    said = request.fields(text=letter(5000))["text"]
    return once(request, lambda: _do(request, said))


def _do(request: Request, said: str) -> Response:
    caller = request.caller
    ticket = bootstrap.misuse_desk().report(
        request.tenant_id, said, by=caller.name, username=caller.username, source_ip=request.source_ip
    )
    location = f"{request.address.partition('/misuse-reports')[0]}/tickets/{ticket.id}"
    return Response(201, views.ticket(ticket, request.language), {"Location": location})


lambda_handler = api(route("POST", "/tenants/{tenant_id}/misuse-reports", _report, MEMBERS))
