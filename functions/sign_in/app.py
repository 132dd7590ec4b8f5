"""POST /sessions: signing in with a registered contact or as an operator, or with a refresh token."""

from __future__ import annotations

from typing import Any

from mohlat import bootstrap
from mohlat.application.ports import Tokens
from mohlat.domain.errors import InvalidInput
from mohlat.entrypoint import Request, Response, api, route
from mohlat.observation import about
from mohlat.presentation.fields import contact, optional, secret, slug, text, token


def _open(request: Request) -> Response:
    fields = request.fields(
        product=optional(slug),
        contact=optional(contact),
        operator=optional(text(128)),
        password=optional(secret),
        refresh_token=optional(token),
    )
    refresh_token, operator = fields.pop("refresh_token"), fields.pop("operator")
    if refresh_token:
        if operator or any(fields.values()):
            raise InvalidInput("refresh_token", "must name exactly one of them")
        return Response(200, _tokens(bootstrap.front_desk().refresh_session(refresh_token)))
    if operator and not (fields["product"] or fields["contact"]):
        fields = {"password": fields["password"]}
    elif operator:
        raise InvalidInput("operator", "must name exactly one of them")
    for name, value in fields.items():
        if value is None:
            raise InvalidInput(name, "is missing")
    if operator:
        tokens = bootstrap.front_desk().open_operator_session(operator, fields["password"], request.source_ip)
        return Response(200, _tokens(tokens))
    session = bootstrap.front_desk().open_session(**fields, source_ip=request.source_ip)
    about(tenant_id=session.tenant_id)
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
