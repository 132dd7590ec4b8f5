"""/partner/escrows: partners agree more work with customers of their own, and see what they have."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.domain.people import Role
from mohlat.entrypoint import Request, Response, api, route
from mohlat.idempotency import once
from mohlat.presentation import money_views as views
from mohlat.presentation.fields import our_id, positive, text


def _propose(request: Request) -> Response:
    fields = request.fields(tenant_id=text(40), title=text(), amount_rials=positive)
    tenant_id = our_id(fields["tenant_id"], "t")
    return once(request, lambda: _do(request, tenant_id, fields["title"], fields["amount_rials"]))


def _do(request: Request, tenant_id: str, title: str, amount: int) -> Response:
    # A partner names nobody but itself: what it may see and do follows from who is signed in.
    proposed = bootstrap.escrow_desk().propose(
        tenant_id, request.caller.username, title, amount, source_ip=request.source_ip
    )
    return Response(201, views.escrow_for_partner(proposed, request.language))


def _list(request: Request) -> Response:
    escrows = bootstrap.escrow_desk().of_partner(request.caller.username)
    return Response(200, {"escrows": [views.escrow_for_partner(each, request.language) for each in escrows]})


lambda_handler = api(
    route("POST", "/partner/escrows", _propose, [Role.PARTNER]),
    route("GET", "/partner/escrows", _list, [Role.PARTNER]),
)
