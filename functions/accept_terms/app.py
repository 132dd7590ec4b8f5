"""Under /tenants/{tenant_id}: acceptances of the terms and the evidence of them, all versions, refusals."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.domain.people import Role
from mohlat.domain.tenant import living
from mohlat.entrypoint import MEMBERS, Request, Response, api, route, tenant_answer
from mohlat.presentation import views
from mohlat.presentation.fields import slug, ticked
from mohlat.presentation.terms_views import overview


def _accept(request: Request) -> Response:
    fields = request.fields(version=slug, accept=ticked)
    tenant = bootstrap.terms_desk().accept(
        request.tenant_id, fields["version"], fields["accept"], request.caller.username, request.source_ip
    )
    return tenant_answer(request, tenant, 201, request.address)


def _list(request: Request) -> Response:
    living(bootstrap.tenants().get(request.tenant_id))
    for_operator = request.caller.is_operator
    acceptances = bootstrap.people().acceptances(request.tenant_id)
    shown = [views.acceptance(each, request.language, for_operator=for_operator) for each in acceptances]
    return Response(200, {"acceptances": shown})


def _terms(request: Request) -> Response:
    living(bootstrap.tenants().get(request.tenant_id))
    seen = bootstrap.terms_desk().overview(request.tenant_id)
    now, for_operator = bootstrap.clock().now(), request.caller.is_operator
    return Response(200, overview(seen, now, request.language, for_operator=for_operator))


def _decline(request: Request) -> Response:
    version = request.fields(version=slug)["version"]
    tenant = bootstrap.terms_desk().decline(request.tenant_id, version, request.caller.name)
    return tenant_answer(request, tenant, 201, request.address.removesuffix("-refusals"))


lambda_handler = api(
    route("POST", "/tenants/{tenant_id}/acceptances", _accept, [Role.OWNER]),
    route("GET", "/tenants/{tenant_id}/acceptances", _list, (*MEMBERS, Role.OPERATOR)),
    route("GET", "/tenants/{tenant_id}/terms", _terms, (*MEMBERS, Role.OPERATOR)),
    route("POST", "/tenants/{tenant_id}/terms-refusals", _decline, [Role.OWNER]),
)
