"""POST and GET /tenants/{tenant_id}/acceptances: accepting the newest agreement, and the evidence of it."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.domain.people import Role
from mohlat.entrypoint import MEMBERS, Request, Response, api, living, route, tenant_answer
from mohlat.presentation import views
from mohlat.presentation.fields import slug, ticked


def _accept(request: Request) -> Response:
    fields = request.fields(version=slug, accept=ticked)
    tenant = bootstrap.tenant_desk().accept_terms(
        request.tenant_id, fields["version"], fields["accept"], request.caller.username, request.source_ip
    )
    return tenant_answer(request, tenant, 201, request.address)


def _list(request: Request) -> Response:
    living(bootstrap.tenants().get(request.tenant_id))
    for_operator = request.caller.is_operator
    acceptances = bootstrap.people().acceptances(request.tenant_id)
    shown = [views.acceptance(each, request.language, for_operator=for_operator) for each in acceptances]
    return Response(200, {"acceptances": shown})


lambda_handler = api(
    route("POST", "/tenants/{tenant_id}/acceptances", _accept, [Role.OWNER]),
    route("GET", "/tenants/{tenant_id}/acceptances", _list, (*MEMBERS, Role.OPERATOR)),
)
