"""Operators narrow a tenant's access and lift that, or find a breach of its agreement."""

from __future__ import annotations

from typing import Any

from mohlat import bootstrap
from mohlat.domain.errors import NotFound
from mohlat.domain.people import Role
from mohlat.domain.tenant import RestrictionKind
from mohlat.entrypoint import Request, Response, api, route, tenant_answer
from mohlat.idempotency import once
from mohlat.presentation.fields import instant, member, optional, slug, text


def _restrict(request: Request) -> Response:
    fields = request.fields(
        kind=member(RestrictionKind), reason=text(500), clause=slug, until=optional(instant)
    )
    return once(request, lambda: _do(request, fields))


def _do(request: Request, fields: dict[str, Any]) -> Response:
    tenant = bootstrap.tenant_desk().restrict(request.tenant_id, **fields, by=request.caller.name)
    return tenant_answer(request, tenant, 201, f"{request.address}/{fields['kind'].value}")


def _lift(request: Request) -> Response:
    try:
        kind = RestrictionKind(request.path("kind"))
    except ValueError:
        raise NotFound from None
    fields = request.fields(reason=text(500))
    tenant = bootstrap.tenant_desk().lift(request.tenant_id, kind, fields["reason"], request.caller.name)
    return tenant_answer(request, tenant)


def _find(request: Request) -> Response:
    fields = request.fields(violation=slug, reason=text(500))
    return once(request, lambda: _record(request, fields))


def _record(request: Request, fields: dict[str, Any]) -> Response:
    tenant = bootstrap.tenant_desk().find_violation(request.tenant_id, **fields, by=request.caller.name)
    return tenant_answer(request, tenant, 201, request.address.removesuffix("/findings"))


lambda_handler = api(
    route("POST", "/tenants/{tenant_id}/findings", _find, [Role.OPERATOR]),
    route("POST", "/tenants/{tenant_id}/restrictions", _restrict, [Role.OPERATOR]),
    route("DELETE", "/tenants/{tenant_id}/restrictions/{kind}", _lift, [Role.OPERATOR]),
)
