"""Under /tenants/{tenant_id}: GET invoices, one of them (JSON, a page, or for the taxpayer system), the
ledger.
"""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.domain.agreement import Agreement
from mohlat.domain.people import Role
from mohlat.entrypoint import MEMBERS, Request, Response, api, route
from mohlat.presentation import payment_views as views
from mohlat.presentation.fields import choice, our_document
from mohlat.presentation.payment_page import prefers_page

_READERS = (*MEMBERS, Role.OPERATOR)


def _list(request: Request) -> Response:
    invoices = bootstrap.invoices().of(request.tenant_id)
    return Response(200, {"invoices": [views.invoice(each, request.language) for each in invoices]})


def _one(request: Request) -> Response:
    form = choice("json", "page", "taxpayer")(
        request.query.get("form") or ("page" if prefers_page(request.header("Accept")) else "json"), "form"
    )
    store = bootstrap.invoices()
    invoice = store.get(request.tenant_id, our_document(request.path("invoice_id")))
    official = store.official(request.tenant_id, invoice.id)
    if form == "json":
        return Response(200, views.invoice(invoice, request.language, official), {"Vary": "Accept"})
    agreement: Agreement = bootstrap.agreements().load(invoice.product)
    assert agreement.seller
    if form == "taxpayer":
        from mohlat.presentation.taxpayer import taxpayer_document

        # A credit note refers to the number that the sale it corrects was filed under.
        official = store.official(request.tenant_id, invoice.corrects or invoice.id)
        return Response(200, taxpayer_document(invoice, agreement.seller, official, invoice.number))
    from mohlat.presentation.invoice_page import POLICY, invoice_page, titles_of

    page = invoice_page(
        invoice, agreement.seller, agreement.names, official, titles_of(agreement), request.language
    )
    return Response(200, page, {"Content-Security-Policy": POLICY, "Vary": "Accept"}, "text/html")


def _ledger(request: Request) -> Response:
    return Response(200, views.ledger(bootstrap.books().postings(request.tenant_id), request.language))


lambda_handler = api(
    route("GET", "/tenants/{tenant_id}/invoices", _list, _READERS),
    route("GET", "/tenants/{tenant_id}/invoices/{invoice_id}", _one, _READERS),
    route("GET", "/tenants/{tenant_id}/ledger", _ledger, _READERS),
)
