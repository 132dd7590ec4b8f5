"""GET /security-log?subject=: the newest lines about a tenant, a user, a product or a gateway (KALO-6)."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.domain.errors import InvalidInput
from mohlat.domain.people import Role
from mohlat.entrypoint import Request, Response, api, route
from mohlat.presentation.cursors import read_limit
from mohlat.presentation.fields import slug
from mohlat.presentation.views import security_line


def _view(request: Request) -> Response:
    if not request.query.get("subject"):
        raise InvalidInput("subject", "is missing")
    subject = slug(request.query["subject"], "subject")
    lines = bootstrap.security_log().lines(subject, read_limit(request.query, largest=1000))
    return Response(200, {"lines": [security_line(line, request.language) for line in lines]})


lambda_handler = api(route("GET", "/security-log", _view, [Role.OPERATOR]))
