"""Operators run a product: news, incidents, closed months, the product's end."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.domain.people import Role
from mohlat.domain.uptime import Cause
from mohlat.entrypoint import Request, Response, api, route
from mohlat.idempotency import once
from mohlat.presentation.fields import (
    by_language,
    instant,
    member,
    optional,
    our_id,
    tenant_ids,
    text,
)
from mohlat.presentation.service_views import incident, news, round_view, wind_down

_WORDS = by_language(text(2000))


def _post_news(request: Request) -> Response:
    fields = request.fields(titles=by_language(text(120)), texts=_WORDS)

    def post() -> Response:
        posted = bootstrap.news_desk().post(request.path("product"), **fields, by=request.caller.name)
        return Response(201, news(posted, request.language))

    return once(request, post)


def _list_rounds(request: Request) -> Response:
    found = bootstrap.news_desk().rounds(request.path("product"))
    return Response(200, {"rounds": [round_view(*each, request.language) for each in found]})


def _note_incident(request: Request) -> Response:
    fields = request.fields(
        cause=member(Cause),
        started_at=instant,
        ended_at=optional(instant),
        affected=optional(tenant_ids, ()),
        what=_WORDS,
    )

    def note() -> Response:
        noted = bootstrap.uptime_desk().note(request.path("product"), **fields, by=request.caller.name)
        return Response(201, incident(noted, request.language))

    return once(request, note)


def _list_incidents(request: Request) -> Response:
    found = bootstrap.uptime_desk().incidents(request.path("product"))
    return Response(200, {"incidents": [incident(each, request.language) for each in found]})


def _end_incident(request: Request) -> Response:
    incident_id = our_id(request.path("incident_id"), "y")
    fields = request.fields(ended_at=instant, cause=optional(member(Cause)))
    ended = bootstrap.uptime_desk().end(
        request.path("product"), incident_id, **fields, by=request.caller.name
    )
    return Response(200, incident(ended, request.language))


def _close_month(request: Request) -> Response:
    desk = bootstrap.uptime_desk()
    begun = desk.close_month(request.path("product"), request.path("month"), request.caller.name)
    found = bootstrap.service().progress(begun.product, begun.id)
    return Response(202, round_view(begun, found, request.language))


def _plan_wind_down(request: Request) -> Response:
    fields = request.fields(ends_at=instant, why=_WORDS)
    plan = bootstrap.wind_down_desk().plan(request.path("product"), **fields, by=request.caller.name)
    return Response(201, wind_down(plan, request.language))


def _get_wind_down(request: Request) -> Response:
    return Response(200, wind_down(bootstrap.wind_down_desk().get(request.path("product")), request.language))


def _cancel_wind_down(request: Request) -> Response:
    plan = bootstrap.wind_down_desk().cancel(request.path("product"), request.caller.name)
    return Response(200, wind_down(plan, request.language))


_OPERATORS = [Role.OPERATOR]

lambda_handler = api(
    route("POST", "/products/{product}/news", _post_news, _OPERATORS),
    route("GET", "/products/{product}/rounds", _list_rounds, _OPERATORS),
    route("POST", "/products/{product}/incidents", _note_incident, _OPERATORS),
    route("GET", "/products/{product}/incidents", _list_incidents, _OPERATORS),
    route("POST", "/products/{product}/incidents/{incident_id}/end", _end_incident, _OPERATORS),
    route("POST", "/products/{product}/months/{month}/closing", _close_month, _OPERATORS),
    route("POST", "/products/{product}/wind-down", _plan_wind_down, _OPERATORS),
    route("GET", "/products/{product}/wind-down", _get_wind_down, _OPERATORS),
    route("DELETE", "/products/{product}/wind-down", _cancel_wind_down, _OPERATORS),
)
