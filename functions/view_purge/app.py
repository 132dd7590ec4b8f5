"""GET /purges/{tenant_id}: how far a purge got, and what is left as evidence."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.domain.people import Role
from mohlat.entrypoint import Request, Response, api, route
from mohlat.presentation.views import purge


def _view(request: Request) -> Response:
    return Response(200, purge(bootstrap.purge_ledger().get(request.tenant_id), request.language))


lambda_handler = api(route("GET", "/purges/{tenant_id}", _view, [Role.OPERATOR]))
