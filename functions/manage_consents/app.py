"""Consents, as their giver keeps them; what operators send with them."""

from __future__ import annotations

from typing import Any

from mohlat import bootstrap
from mohlat.domain.agreement import Purpose
from mohlat.domain.notices import NoticeKind
from mohlat.domain.people import Role
from mohlat.entrypoint import Request, Response, api, route, tenant_answer
from mohlat.idempotency import once
from mohlat.presentation.fields import choice, flag, member, text
from mohlat.presentation.privacy_views import consent, consents


def _list(request: Request) -> Response:
    entries, standing = bootstrap.consent_desk().of_tenant(request.tenant_id)
    return Response(200, consents(entries, standing, request.language))


def _say(request: Request) -> Response:
    fields = request.fields(purpose=member(Purpose), given=flag)
    return once(request, lambda: _do_say(request, fields))


def _do_say(request: Request, fields: dict[str, Any]) -> Response:
    entry = bootstrap.consent_desk().say(
        request.tenant_id, fields["purpose"], request.caller.name, "settings", given=fields["given"]
    )
    return Response(201, consent(entry, request.language))


def _promote(request: Request) -> Response:
    fields = request.fields(kind=choice("promotion", "newsletter"), subject=text(100), text=text(4000))
    return once(request, lambda: _do_promote(request, fields))


def _do_promote(request: Request, fields: dict[str, Any]) -> Response:
    kind = NoticeKind(fields.pop("kind"))
    tenant = bootstrap.consent_desk().promote(request.tenant_id, kind, **fields, by=request.caller.name)
    return tenant_answer(request, tenant, 202)


lambda_handler = api(
    route("GET", "/tenants/{tenant_id}/consents", _list, [Role.OWNER, Role.OPERATOR]),
    route("POST", "/tenants/{tenant_id}/consents", _say, [Role.OWNER]),
    route("POST", "/tenants/{tenant_id}/promotions", _promote, [Role.OPERATOR]),
)
