"""/tenants/{tenant_id}/listing: what a customer lets others see of it, and its objection."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.domain.listings import FIELDS
from mohlat.domain.people import Role
from mohlat.entrypoint import Request, Response, api, route
from mohlat.presentation.fields import optional, some_of, text, web_address
from mohlat.presentation.privacy_views import listing


def _get(request: Request) -> Response:
    return Response(200, listing(bootstrap.listing_desk().get(request.tenant_id)))


def _put(request: Request) -> Response:
    fields = request.fields(
        name=text(100),
        logo_url=optional(web_address),
        site_url=optional(web_address),
        collection=optional(text(60)),
        published=optional(some_of(*FIELDS), FIELDS),
    )
    published = bootstrap.listing_desk().publish(request.tenant_id, fields, request.caller.name)
    return Response(200, listing(published))


def _object(request: Request) -> Response:
    fields = request.fields(text=text(2000))
    ticket = bootstrap.listing_desk().object(request.tenant_id, fields["text"], request.caller.name)
    return Response(201, {"ticket_id": ticket.id})


lambda_handler = api(
    route("GET", "/tenants/{tenant_id}/listing", _get, [Role.OWNER, Role.OPERATOR]),
    route("PUT", "/tenants/{tenant_id}/listing", _put, [Role.OWNER]),
    route("POST", "/tenants/{tenant_id}/listing/objections", _object, [Role.OWNER]),
)
