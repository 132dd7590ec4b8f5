"""Operators keep the cases of leaked personal data, and tell those affected."""

from __future__ import annotations

from typing import Any

from mohlat import bootstrap
from mohlat.domain.errors import InvalidInput
from mohlat.domain.leaks import LeakStep
from mohlat.domain.people import Role
from mohlat.entrypoint import Request, Response, api, route
from mohlat.idempotency import once
from mohlat.presentation.fields import member, optional, our_id, tenant_ids, text
from mohlat.presentation.staff_views import leak


def _open(request: Request) -> Response:
    fields = request.fields(what=text(2000))
    return once(request, lambda: _do_open(request, fields))


def _do_open(request: Request, fields: dict[str, Any]) -> Response:
    case = bootstrap.leak_desk().open(request.path("product"), **fields, by=request.caller.name)
    return Response(201, leak(case, request.language), {"Location": f"{request.address}/{case.id}"})


def _list(request: Request) -> Response:
    cases = bootstrap.leak_desk().of(request.path("product"))
    return Response(200, {"leaks": [leak(case, request.language) for case in reversed(cases)]})


def _get(request: Request) -> Response:
    case = bootstrap.leak_desk().get(request.path("product"), our_id(request.path("leak_id"), "l"))
    return Response(200, leak(case, request.language))


def _step(request: Request) -> Response:
    product, leak_id = request.path("product"), our_id(request.path("leak_id"), "l")
    fields = request.fields(step=member(LeakStep), what=text(2000), affected=optional(tenant_ids))
    desk, by = bootstrap.leak_desk(), request.caller.name
    if (fields["affected"] is not None) != (fields["step"] is LeakStep.INVESTIGATED):
        raise InvalidInput("affected", "belongs to the step investigated")
    match fields["step"]:
        case LeakStep.INVESTIGATED:
            case = desk.investigated(product, leak_id, fields["affected"], fields["what"], by)
        case LeakStep.TOLD:
            case = desk.tell(product, leak_id, by)
        case step:
            case = desk.step(product, leak_id, step, fields["what"], by)
    return Response(200, leak(case, request.language))


lambda_handler = api(
    route("POST", "/products/{product}/leaks", _open, [Role.OPERATOR]),
    route("GET", "/products/{product}/leaks", _list, [Role.OPERATOR]),
    route("GET", "/products/{product}/leaks/{leak_id}", _get, [Role.OPERATOR]),
    route("POST", "/products/{product}/leaks/{leak_id}/steps", _step, [Role.OPERATOR]),
)
