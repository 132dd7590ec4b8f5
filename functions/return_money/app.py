"""Under /tenants/{tenant_id}: POST withdrawals, POST and GET refunds. What goes back is the agreement's to
say.
"""

from __future__ import annotations

from typing import Any

from mohlat import bootstrap
from mohlat.domain.errors import InvalidInput
from mohlat.domain.people import Role
from mohlat.domain.tenant import living
from mohlat.entrypoint import MEMBERS, Request, Response, api, route, tenant_answer
from mohlat.idempotency import once
from mohlat.presentation import payment_views as views
from mohlat.presentation.fields import flag, optional, our_id, positive, text


def _withdraw(request: Request) -> Response:
    fields = request.fields(data_taken=flag, confirm=text())
    if fields["confirm"] != request.tenant_id:
        raise InvalidInput("confirm", "must repeat the tenant's id")
    return once(request, lambda: _do_withdraw(request, fields["data_taken"]))


def _do_withdraw(request: Request, data_taken: bool) -> Response:
    living(bootstrap.tenants().get(request.tenant_id))
    done = bootstrap.refund_desk().withdraw(request.tenant_id, request.caller.name, data_taken=data_taken)
    refunds = [views.refund(refund, request.language) for refund in done.refunds]
    return tenant_answer(request, done.tenant, 201, refunds=refunds)


def _refund(request: Request) -> Response:
    fields = request.fields(
        payment_id=text(40),
        amount_rials=optional(positive),
        reason=optional(text(500)),
        clause=optional(text(40)),
    )
    return once(request, lambda: _do_refund(request, fields))


def _do_refund(request: Request, fields: dict[str, Any]) -> Response:
    desk, by = bootstrap.refund_desk(), request.caller.name
    payment_id = our_id(fields["payment_id"], "p")
    if not request.caller.is_operator:
        for name in ("amount_rials", "reason", "clause"):
            if fields[name] is not None:
                raise InvalidInput(name, "is an operator's to say")
        refund = desk.return_purchase(request.tenant_id, payment_id, by)
    else:
        for name in ("amount_rials", "reason", "clause"):
            if fields[name] is None:
                raise InvalidInput(name, "is missing")
        refund = desk.give_back(
            request.tenant_id, payment_id, fields["amount_rials"], fields["reason"], fields["clause"], by
        )
    return Response(201, views.refund(refund, request.language))


def _list(request: Request) -> Response:
    refunds = bootstrap.books().refunds(request.tenant_id)
    return Response(200, {"refunds": [views.refund(each, request.language) for each in refunds]})


lambda_handler = api(
    route("POST", "/tenants/{tenant_id}/withdrawals", _withdraw, [Role.OWNER]),
    route("POST", "/tenants/{tenant_id}/refunds", _refund, [Role.OWNER, Role.OPERATOR]),
    route("GET", "/tenants/{tenant_id}/refunds", _list, [*MEMBERS, Role.OPERATOR]),
)
