"""Under /tenants/{tenant_id}: contesting an invoice or a restriction, and asking for an official invoice."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.domain.errors import NotFound
from mohlat.domain.people import Role
from mohlat.domain.tenant import RestrictionKind
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


def _object(request: Request) -> Response:
    try:
        kind = RestrictionKind(request.path("kind"))
    except ValueError:
        raise NotFound from None
    text = request.fields(text=letter(5000))["text"]
    return once(request, lambda: _reply(request, kind, text))


def _reply(request: Request, kind: RestrictionKind, text: str) -> Response:
    ticket = bootstrap.objection_desk().object_to(request.tenant_id, kind, text, request.caller.name)
    location = f"{request.address.partition('/restrictions/')[0]}/tickets/{ticket.id}"
    return Response(201, views.ticket(ticket, request.language), {"Location": location})


def _ask_for_official(request: Request) -> Response:
    invoice_id = our_document(request.path("invoice_id"))
    asked = bootstrap.official_desk().request(
        request.tenant_id, invoice_id, request.caller.name, taxpayer_document
    )
    return Response(201, views.official_invoice(asked, request.language))


_OBJECTIONS = "/tenants/{tenant_id}/restrictions/{kind}/objections"
lambda_handler = api(
    route("POST", "/tenants/{tenant_id}/invoices/{invoice_id}/disputes", _contest, [Role.OWNER]),
    route("POST", "/tenants/{tenant_id}/invoices/{invoice_id}/official", _ask_for_official, [Role.OWNER]),
    # Nobody waits in line to object, least of all to being slowed down.
    route("POST", _OBJECTIONS, _object, [Role.OWNER], paced=False),
)
