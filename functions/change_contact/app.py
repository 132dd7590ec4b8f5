"""/tenants/{tenant_id}/contact-changes and …/confirmations: another address or number for the account."""

from __future__ import annotations

from typing import Any

from mohlat import bootstrap
from mohlat.application.change_contact import Way
from mohlat.domain.errors import InvalidInput
from mohlat.domain.people import Role
from mohlat.entrypoint import Request, Response, api, route
from mohlat.presentation.fields import email, mobile, one_time_code, optional, secret
from mohlat.presentation.request_views import contact

_CONTACT = {"email": optional(email), "mobile": optional(mobile)}


def _one(fields: dict[str, Any]) -> tuple[Way, str]:
    told = [(way, fields[way]) for way in Way if fields[way]]
    if len(told) != 1:
        raise InvalidInput("email", "either this or a mobile number is needed")
    return told[0]


def _ask(request: Request) -> Response:
    fields = request.fields(**_CONTACT, password=secret)
    bootstrap.contact_desk().ask(
        request.tenant_id, request.caller.username, *_one(fields), fields["password"], request.source_ip
    )
    return Response(202, {"status": "a code is on its way there"})


def _confirm(request: Request) -> Response:
    fields = request.fields(**_CONTACT, code=one_time_code)
    changed = bootstrap.contact_desk().confirm(
        request.tenant_id, request.caller.username, *_one(fields), fields["code"], request.source_ip
    )
    return Response(200, contact(changed))


lambda_handler = api(
    route("POST", "/tenants/{tenant_id}/contact-changes", _ask, [Role.OWNER]),
    route("POST", "/tenants/{tenant_id}/contact-changes/confirmations", _confirm, [Role.OWNER]),
)
