"""GET /security-log?subject= and /unusual-use: who was where, and what of it is odd (KALO-6, CLUB-4)."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.application.ports import SecurityLine
from mohlat.application.watch_use import FINDINGS
from mohlat.domain.errors import InvalidInput, NotFound
from mohlat.domain.people import Role
from mohlat.entrypoint import Request, Response, api, route
from mohlat.presentation.cursors import read_limit
from mohlat.presentation.fields import slug
from mohlat.presentation.staff_views import unusual_use
from mohlat.presentation.views import Json, security_line


def _view(request: Request) -> Response:
    if not request.query.get("subject"):
        raise InvalidInput("subject", "is missing")
    subject = slug(request.query["subject"], "subject")
    lines = bootstrap.security_log().lines(subject, read_limit(request.query, largest=1000))
    return Response(200, {"lines": [security_line(line, request.language) for line in lines]})


def _unusual(request: Request) -> Response:
    lines = bootstrap.security_log().lines(FINDINGS, read_limit(request.query, largest=1000))
    return Response(200, {"findings": [_finding(line, request.language) for line in lines]})


def _finding(line: SecurityLine, language: str) -> Json:
    about = str(line.details["about"])
    try:
        tenant = bootstrap.tenants().get(about)
    except NotFound:
        # A product, or the operators.
        return unusual_use(line, None, language)
    return unusual_use(line, bootstrap.agreements().load(tenant.product, tenant.agreement_version), language)


lambda_handler = api(
    route("GET", "/security-log", _view, [Role.OPERATOR]),
    route("GET", "/unusual-use", _unusual, [Role.OPERATOR]),
)
