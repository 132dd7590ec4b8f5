"""GET /tenants/{tenant_id}/invoices/{invoice_id}/pdf: an invoice or credit note as a file."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.domain.agreement import Agreement
from mohlat.domain.people import Role
from mohlat.entrypoint import MEMBERS, Request, Response, api, route
from mohlat.presentation.fields import our_document
from mohlat.presentation.invoice_page import titles_of
from mohlat.presentation.invoice_pdf import invoice_pdf


def _render(request: Request) -> Response:
    store = bootstrap.invoices()
    invoice = store.get(request.tenant_id, our_document(request.path("invoice_id")))
    agreement: Agreement = bootstrap.agreements().load(invoice.product)
    assert agreement.seller
    official = store.official(request.tenant_id, invoice.id)
    file = invoice_pdf(invoice, agreement.seller, agreement.names, official, titles_of(agreement))
    headers = {"Content-Disposition": f'inline; filename="{invoice.label}.pdf"', "Content-Language": "fa"}
    return Response(200, file, headers, "application/pdf")


lambda_handler = api(
    route("GET", "/tenants/{tenant_id}/invoices/{invoice_id}/pdf", _render, (*MEMBERS, Role.OPERATOR)),
)
