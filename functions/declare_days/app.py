"""/products/{product}/days: holidays and working days that operators know better than the table."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.domain.people import Role
from mohlat.domain.working_time import DayKind
from mohlat.entrypoint import Request, Response, api, route
from mohlat.presentation.fields import member, text
from mohlat.presentation.helpdesk_fields import day_in_path
from mohlat.presentation.helpdesk_views import declared_day


def _list(request: Request) -> Response:
    days = bootstrap.days_desk().of(request.path("product"))
    return Response(200, {"days": [declared_day(each) for each in days]})


def _declare(request: Request) -> Response:
    fields = request.fields(kind=member(DayKind), reason=text(200))
    day, product, by = day_in_path(request.path("day")), request.path("product"), request.caller.name
    moved = bootstrap.days_desk().declare(product, day, fields["kind"], fields["reason"], by)
    return Response(200, {"day": day.isoformat(), "kind": fields["kind"].value, "tickets_moved": moved})


lambda_handler = api(
    route("GET", "/products/{product}/days", _list, [Role.OPERATOR]),
    route("PUT", "/products/{product}/days/{day}", _declare, [Role.OPERATOR]),
)
