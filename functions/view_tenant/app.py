"""GET /tenants/{tenant_id}, …/deadlines, …/timeline, …/explanation: where it stands, what comes, and why."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.application.view_tenant import list_deadlines, list_timeline
from mohlat.domain.agreement import Agreement
from mohlat.domain.people import Role
from mohlat.domain.tenant import living
from mohlat.entrypoint import MEMBERS, Request, Response, api, route, tenant_answer
from mohlat.presentation import views
from mohlat.presentation.cursors import read_cursor, read_limit, write_cursor
from mohlat.presentation.explanation_view import explanation
from mohlat.presentation.fields import instant

_READERS = (*MEMBERS, Role.OPERATOR)


def _status(request: Request) -> Response:
    tenant = living(bootstrap.tenants().get(request.tenant_id))
    return tenant_answer(request, bootstrap.terms_gate().as_barred(tenant))


def _agreement_of(tenant_id: str) -> Agreement:
    tenant = living(bootstrap.tenants().get(tenant_id))
    return bootstrap.agreements().load(tenant.product, tenant.agreement_version)


def _deadlines(request: Request) -> Response:
    agreement = _agreement_of(request.tenant_id)
    coming = list_deadlines(request.tenant_id, tenants=bootstrap.tenants(), agreements=bootstrap.agreements())
    return Response(
        200, {"deadlines": [views.deadline(deadline, agreement, request.language) for deadline in coming]}
    )


def _timeline(request: Request) -> Response:
    agreement = _agreement_of(request.tenant_id)
    happenings, next_after = list_timeline(
        request.tenant_id,
        after=int(read_cursor(request.query, "[0-9]{1,8}") or 0),
        limit=read_limit(request.query),
        tenants=bootstrap.tenants(),
        dispatches=bootstrap.dispatches(),
    )
    for_operator = request.caller.is_operator
    entries = [
        views.happening(happened, agreement, request.language, for_operator=for_operator)
        for happened in happenings
    ]
    return Response(200, {"entries": entries, "next_cursor": write_cursor(next_after)})


def _explanation(request: Request) -> Response:
    asked = request.query.get("at")
    told = bootstrap.explanation_desk().explain(
        request.tenant_id, None if asked is None else instant(asked, "at")
    )
    for_operator = request.caller.is_operator
    return Response(200, explanation(told, request.language, for_operator=for_operator))


lambda_handler = api(
    route("GET", "/tenants/{tenant_id}", _status, _READERS),
    route("GET", "/tenants/{tenant_id}/deadlines", _deadlines, _READERS),
    route("GET", "/tenants/{tenant_id}/timeline", _timeline, _READERS),
    route("GET", "/tenants/{tenant_id}/explanation", _explanation, _READERS),
)
