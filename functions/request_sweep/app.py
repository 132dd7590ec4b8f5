"""POST /sweeps: an operator has everything overdue started again, now."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.domain.people import Role
from mohlat.entrypoint import Request, Response, api, route
from mohlat.observation import count, logger

# What can be started again while somebody waits for the answer; the next request goes on.
_AT_ONCE = 300


def _sweep(request: Request) -> Response:
    found = bootstrap.run_sweep(limit=_AT_ONCE)
    logger.info("swept", found=found)
    count("Overdue", sum(found.values()))
    return Response(202, {"restarted": found})


lambda_handler = api(route("POST", "/sweeps", _sweep, [Role.OPERATOR]))
