"""Under /tenants/{tenant_id}: POST usage, GET debts, POST debts/{debt_id}/cancellations."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.domain.overuse import Usage
from mohlat.domain.people import Role
from mohlat.entrypoint import MEMBERS, Request, Response, api, route
from mohlat.presentation import money_views as views
from mohlat.presentation.fields import flag, natural, our_id, slug, text


def _report(request: Request) -> Response:
    # The meter's own id makes a repetition harmless: no other key is needed.
    fields = request.fields(usage_id=slug, metric=slug, used=natural, billed=flag)
    usage = Usage(fields["usage_id"], fields["metric"], fields["used"], fields["billed"])
    taken = bootstrap.usage_desk().report(request.tenant_id, usage, request.caller.name)
    return Response(201 if taken.debt_id else 200, views.usage(taken, request.language))


def _debts(request: Request) -> Response:
    debts, now = bootstrap.usage_desk().debts(request.tenant_id), bootstrap.clock().now()
    return Response(200, {"debts": [views.debt(debt, now, request.language) for debt in debts]})


def _cancel(request: Request) -> Response:
    reason = request.fields(reason=text(500))["reason"]
    debt_id = our_id(request.path("debt_id"), "d")
    debt = bootstrap.usage_desk().cancel(request.tenant_id, debt_id, reason, request.caller.name)
    return Response(201, views.debt(debt, bootstrap.clock().now(), request.language))


lambda_handler = api(
    route("POST", "/tenants/{tenant_id}/usage", _report, [Role.OPERATOR]),
    route("GET", "/tenants/{tenant_id}/debts", _debts, [*MEMBERS, Role.OPERATOR]),
    route("POST", "/tenants/{tenant_id}/debts/{debt_id}/cancellations", _cancel, [Role.OPERATOR]),
)
