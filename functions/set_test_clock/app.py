"""GET and POST /test-clock: where the test clock stands, and moving it forward. Only on test stacks."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.application.ports import TestClock
from mohlat.application.test_clock import set_target
from mohlat.calendar.jalali import JALALI
from mohlat.domain.errors import InvalidInput
from mohlat.domain.people import Role
from mohlat.entrypoint import Request, Response, api, route
from mohlat.presentation.fields import duration, instant, optional
from mohlat.presentation.views import at


def _shown(state: TestClock, request: Request, status: int) -> Response:
    shown = {
        **at("now", bootstrap.clock().now(), request.language),
        "state": "advancing" if state.target else "ready",
        **at("target", state.target, request.language),
        "offset_seconds": state.offset_seconds,
    }
    return Response(status, shown)


def _read(request: Request) -> Response:
    return _shown(bootstrap.clock_offsets().read(), request, 200)


def _advance(request: Request) -> Response:
    fields = request.fields(advance=optional(duration), to=optional(instant))
    if (fields["advance"] is None) == (fields["to"] is None):
        raise InvalidInput("advance", "must name exactly one of them", fields=["advance", "to"])
    clock = bootstrap.clock()
    target = fields["to"] or fields["advance"].after(clock.now(), JALALI)
    state = set_target(target, offsets=bootstrap.clock_offsets(), clock=clock)
    # Also while one is at work: a second worker finds nothing left to do, and one that died is replaced.
    bootstrap.move_test_clock()
    return _shown(state, request, 202)


lambda_handler = api(
    route("GET", "/test-clock", _read, [Role.OPERATOR]),
    route("POST", "/test-clock", _advance, [Role.OPERATOR]),
)
