"""Under /tenants/{tenant_id}/invoices/{invoice_id}: contesting an invoice, and asking for an official one."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.domain.people import Role
from mohlat.entrypoint import Request, Response, api, route
from mohlat.idempotency import once
from mohlat.presentation import ticket_views as views
from mohlat.presentation.fields import our_document
from mohlat.presentation.taxpayer import taxpayer_document
from mohlat.presentation.ticket_fields import letter


def _contest(request: Request) -> Response:
    invoice_id, fields = our_document(request.path("invoice_id")), request.fields(text=letter(5000))
    return once(request, lambda: _do(request, invoice_id, fields["text"]))


def _do(request: Request, invoice_id: str, text: str) -> Response:
    ticket = bootstrap.dispute_desk().dispute(request.tenant_id, invoice_id, text, request.caller.name)
    location = f"{request.address.partition('/invoices/')[0]}/tickets/{ticket.id}"
    return Response(201, views.ticket(ticket, request.language), {"Location": location})


def _ask_for_official(request: Request) -> Response:
    invoice_id = our_document(request.path("invoice_id"))
    asked = bootstrap.official_desk().request(
        request.tenant_id, invoice_id, request.caller.name, taxpayer_document
    )
    return Response(201, views.official_invoice(asked, request.language))


lambda_handler = api(
    route("POST", "/tenants/{tenant_id}/invoices/{invoice_id}/disputes", _contest, [Role.OWNER]),
    route("POST", "/tenants/{tenant_id}/invoices/{invoice_id}/official", _ask_for_official, [Role.OWNER]),
)
