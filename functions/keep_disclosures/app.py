"""POST and GET /tenants/{tenant_id}/disclosures: to whom information was handed, on which ground."""

from __future__ import annotations

from typing import Any

from mohlat import bootstrap
from mohlat.domain.people import Role
from mohlat.entrypoint import Request, Response, api, route
from mohlat.idempotency import once
from mohlat.presentation.fields import slug, text
from mohlat.presentation.views import disclosure


def _disclose(request: Request) -> Response:
    fields = request.fields(to=text(200), what=text(500), ground=slug, reference=text(200))
    return once(request, lambda: _do(request, fields))


def _do(request: Request, fields: dict[str, Any]) -> Response:
    entry = bootstrap.disclosure_desk().disclose(request.tenant_id, **fields, by=request.caller.name)
    return Response(201, disclosure(entry, request.language))


def _list(request: Request) -> Response:
    entries = bootstrap.disclosure_desk().of_tenant(request.tenant_id)
    return Response(200, {"disclosures": [disclosure(entry, request.language) for entry in entries]})


lambda_handler = api(
    route("POST", "/tenants/{tenant_id}/disclosures", _disclose, [Role.OPERATOR]),
    route("GET", "/tenants/{tenant_id}/disclosures", _list, [Role.OWNER, Role.OPERATOR]),
)
