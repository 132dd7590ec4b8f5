"""Partners: the vendor delegates powers for a customer; the partner acts within them, for its own only."""

from __future__ import annotations

from typing import Any

from mohlat import bootstrap
from mohlat.application.delegate_powers import Partner
from mohlat.domain.agreement import PartnerPower
from mohlat.domain.people import Role
from mohlat.domain.staff import SPOKEN, ContactChannel
from mohlat.entrypoint import Request, Response, api, route
from mohlat.idempotency import once
from mohlat.presentation.fields import choice, our_id, slug, some_of, text
from mohlat.presentation.support_views import delegation, partners_customer


def _delegate(request: Request) -> Response:
    partner = slug(request.path("partner"), "partner")
    fields = request.fields(powers=some_of(*PartnerPower))
    given = bootstrap.partner_desk().delegate(request.tenant_id, partner, **fields, by=request.caller.name)
    return Response(200, delegation(given, request.language))


def _withdraw(request: Request) -> Response:
    partner = slug(request.path("partner"), "partner")
    bootstrap.partner_desk().withdraw(request.tenant_id, partner, request.caller.name)
    return Response(204)


def _list(request: Request) -> Response:
    standing = bootstrap.partner_desk().of_tenant(request.tenant_id)
    return Response(200, {"delegations": [delegation(each, request.language) for each in standing]})


# --- the partner: what it may follows from what is delegated, which the use case asks for each time -------


def _named(request: Request) -> tuple[str, Partner]:
    partner = Partner(request.caller.username, request.source_ip, f"{request.method} {request.resource}")
    return our_id(request.path("customer_id"), "t"), partner


def _customer(request: Request) -> Response:
    tenant, given = bootstrap.partner_desk().customer(*_named(request))
    return Response(200, partners_customer(tenant, given, request.language))


def _note(request: Request) -> Response:
    customer, partner = _named(request)
    bootstrap.partner_desk().admit(customer, partner, PartnerPower.NOTE_CONTACT)
    fields = request.fields(channel=choice(*SPOKEN), summary=text(2000))
    # What is remembered of it holds its id only.
    return once(request, lambda: _do_note(customer, partner, fields))


def _do_note(customer: str, partner: Partner, fields: dict[str, Any]) -> Response:
    channel = ContactChannel(fields["channel"])
    note = bootstrap.partner_desk().note(customer, partner, channel, fields["summary"])
    return Response(201, {"note_id": note.id})


lambda_handler = api(
    route("GET", "/tenants/{tenant_id}/delegations", _list, [Role.OWNER, Role.OPERATOR]),
    route("PUT", "/tenants/{tenant_id}/delegations/{partner}", _delegate, [Role.OPERATOR]),
    route("DELETE", "/tenants/{tenant_id}/delegations/{partner}", _withdraw, [Role.OPERATOR]),
    route("GET", "/partner/customers/{customer_id}", _customer, [Role.PARTNER]),
    route("POST", "/partner/customers/{customer_id}/contact-notes", _note, [Role.PARTNER]),
)
