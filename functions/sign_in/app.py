"""POST /sessions: signing in with a registered contact, or going on with a refresh token."""

from __future__ import annotations

from typing import Any

from mohlat import bootstrap
from mohlat.application.ports import Tokens
from mohlat.domain.errors import InvalidInput
from mohlat.entrypoint import Request, Response, api, route
from mohlat.presentation.fields import contact, optional, secret, slug, token


def _open(request: Request) -> Response:
    fields = request.fields(
        product=optional(slug),
        contact=optional(contact),
        password=optional(secret),
        refresh_token=optional(token),
    )
    refresh_token = fields.pop("refresh_token")
    if refresh_token:
        if any(fields.values()):
            raise InvalidInput("refresh_token", "must name exactly one of them")
        return Response(200, _tokens(bootstrap.front_desk().refresh_session(refresh_token)))
    for name, value in fields.items():
        if value is None:
            raise InvalidInput(name, "is missing")
    session = bootstrap.front_desk().open_session(**fields, source_ip=request.source_ip)
    return Response(
        200,
        {
            "tenant_id": session.tenant_id,
            **_tokens(session.tokens),
            "change_password_recommended": session.change_password,
        },
    )


def _tokens(tokens: Tokens) -> dict[str, Any]:
    shown = {
        "id_token": tokens.id_token,
        "access_token": tokens.access_token,
        "expires_in": tokens.expires_in,
    }
    return shown | {"refresh_token": tokens.refresh_token} if tokens.refresh_token else shown


lambda_handler = api(route("POST", "/sessions", _open))
