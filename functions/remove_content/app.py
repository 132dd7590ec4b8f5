"""POST /tenants/{tenant_id}/removals: an operator removes a record that breaks a rule, naming the rule."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.domain.people import Role
from mohlat.entrypoint import Request, Response, api, route, tenant_answer
from mohlat.presentation.fields import record_name, slug, text


def _remove(request: Request) -> Response:
    # Repeated, it finds nothing to remove any more: no key is needed to make it harmless.
    fields = request.fields(violation=slug, record_id=record_name, reason=text(500))
    tenant = bootstrap.tenant_desk().remove_content(request.tenant_id, **fields, by=request.caller.name)
    bootstrap.records_desk().remove(tenant, fields["record_id"])
    return tenant_answer(request, tenant)


lambda_handler = api(route("POST", "/tenants/{tenant_id}/removals", _remove, [Role.OPERATOR]))
