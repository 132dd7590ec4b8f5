"""Operators plan maintenance, move and cancel it, prolong and end it."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.domain.errors import InvalidInput
from mohlat.domain.people import Role
from mohlat.entrypoint import Request, Response, api, route
from mohlat.idempotency import once
from mohlat.presentation.fields import (
    by_language,
    choice,
    instant,
    optional,
    our_id,
    text,
)
from mohlat.presentation.service_views import window

_WORDS = by_language(text(2000))


def _plan_window(request: Request) -> Response:
    fields = request.fields(starts_at=instant, ends_at=instant, what=_WORDS)

    def plan() -> Response:
        made = bootstrap.maintenance_desk().plan(request.path("product"), **fields, by=request.caller.name)
        return Response(201, window(made, request.language), {"Location": f"{request.address}/{made.id}"})

    return once(request, plan)


def _list_windows(request: Request) -> Response:
    found = bootstrap.maintenance_desk().of(request.path("product"))
    return Response(200, {"windows": [window(each, request.language) for each in found]})


def _get_window(request: Request) -> Response:
    desk, window_id = bootstrap.maintenance_desk(), our_id(request.path("window_id"), "w")
    found, told = desk.get(request.path("product"), window_id)
    return Response(200, window(found, request.language, told))


def _change_window(request: Request) -> Response:
    product, window_id = request.path("product"), our_id(request.path("window_id"), "w")
    fields = request.fields(
        change=choice("move", "cancel", "prolong", "end"),
        starts_at=optional(instant),
        ends_at=optional(instant),
        until=optional(instant),
    )
    change = fields.pop("change")
    needed = {"move": ("starts_at", "ends_at"), "prolong": ("until",)}.get(change, ())
    for name, given in fields.items():
        if given is None and name in needed:
            raise InvalidInput(name, "is missing")
        if given is not None and name not in needed:
            raise InvalidInput(name, "does not belong to this change")
    desk, by = bootstrap.maintenance_desk(), request.caller.name
    match change:
        case "move":
            changed = desk.move(product, window_id, fields["starts_at"], fields["ends_at"], by)
        case "cancel":
            changed = desk.cancel(product, window_id, by)
        case "prolong":
            changed = desk.prolong(product, window_id, fields["until"])
        case _:
            changed = desk.end(product, window_id, by)
    return Response(200, window(changed, request.language))


_OPERATORS = [Role.OPERATOR]

lambda_handler = api(
    route("POST", "/products/{product}/windows", _plan_window, _OPERATORS),
    route("GET", "/products/{product}/windows", _list_windows, _OPERATORS),
    route("GET", "/products/{product}/windows/{window_id}", _get_window, _OPERATORS),
    route("POST", "/products/{product}/windows/{window_id}/changes", _change_window, _OPERATORS),
)
