"""GET /health: whether the API answers and its functions find their layers."""

from __future__ import annotations

from mohlat.entrypoint import Request, Response, api, route


def _healthy(request: Request) -> Response:
    return Response(200, {"status": "ok", "service": "mohlat"})


lambda_handler = api(route("GET", "/health", _healthy))
