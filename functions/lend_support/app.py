"""The support role: a customer lets a helper in for a time; the helper reads and answers within it."""

from __future__ import annotations

from typing import Any

from mohlat import bootstrap
from mohlat.application.lend_support import Visitor
from mohlat.domain.people import Role
from mohlat.entrypoint import Request, Response, api, route, tenant_answer
from mohlat.idempotency import once
from mohlat.presentation import views
from mohlat.presentation.cursors import read_cursor, read_limit, write_cursor
from mohlat.presentation.fields import email, instant, optional, our_id, record_id, slug, text
from mohlat.presentation.support_views import helper, support_grant


def _grant(request: Request) -> Response:
    fields = request.fields(email=optional(email), operator=optional(text(128)), until=instant)
    return once(request, lambda: _do_grant(request, fields))


def _do_grant(request: Request, fields: dict[str, Any]) -> Response:
    grant = bootstrap.support_desk().grant(request.tenant_id, **fields, by=request.caller.name)
    return Response(201, support_grant(grant, request.language))


def _helpers(request: Request) -> Response:
    standing = bootstrap.support_desk().helpers(request.tenant_id)
    return Response(200, {"support_grants": [helper(each, request.language) for each in standing]})


def _withdraw(request: Request) -> Response:
    grant_id = our_id(request.path("grant_id"), "a")
    bootstrap.support_desk().withdraw(request.tenant_id, grant_id, request.caller.name)
    return Response(204)


# --- in the role: who it is of follows from the grant, which the use case asks for each time --------------


def _customer(request: Request) -> str:
    return our_id(request.path("customer_id"), "t")


def _visitor(request: Request) -> Visitor:
    caller = request.caller
    home = "" if caller.is_operator else caller.tenant_id
    return Visitor(caller.username, home, request.source_ip, f"{request.method} {request.resource}")


def _settings(request: Request) -> Response:
    tenant, grant = bootstrap.support_desk().settings(_customer(request), _visitor(request))
    return tenant_answer(request, tenant, support=support_grant(grant, request.language))


def _records(request: Request) -> Response:
    after = read_cursor(request.query, "[A-Za-z0-9._-]{1,64}")
    page = bootstrap.support_desk().records(
        _customer(request), _visitor(request), after, read_limit(request.query)
    )
    shown = [views.record(record, request.language) for record in page.records]
    return Response(200, {"records": shown, "next_cursor": write_cursor(page.next_after)})


def _record(request: Request) -> Response:
    key = record_id(request.path("record_id"))
    found = bootstrap.support_desk().record(_customer(request), _visitor(request), key)
    return Response(200, views.record(found, request.language))


def _answer(request: Request) -> Response:
    customer, visitor = _customer(request), _visitor(request)
    bootstrap.support_desk().admit(customer, visitor)
    fields = request.fields(ticket_id=slug, text=text(2000))
    # What is remembered of it holds its id only.
    return once(request, lambda: _do_answer(customer, visitor, fields))


def _do_answer(customer: str, visitor: Visitor, fields: dict[str, Any]) -> Response:
    note = bootstrap.support_desk().answer(customer, visitor, **fields)
    return Response(201, {"note_id": note.id})


# Everybody who can sign in for an account or for the vendor may have been let in.
_HELPERS = (Role.OWNER, Role.USER, Role.OPERATOR)
_ONE = "/support/customers/{customer_id}/records/{record_id}"
lambda_handler = api(
    route("POST", "/tenants/{tenant_id}/support-grants", _grant, [Role.OWNER]),
    route("GET", "/tenants/{tenant_id}/support-grants", _helpers, [Role.OWNER]),
    route("DELETE", "/tenants/{tenant_id}/support-grants/{grant_id}", _withdraw, [Role.OWNER]),
    route("GET", "/support/customers/{customer_id}", _settings, _HELPERS),
    route("GET", "/support/customers/{customer_id}/records", _records, _HELPERS),
    route("GET", _ONE, _record, _HELPERS),
    route("POST", "/support/customers/{customer_id}/answers", _answer, _HELPERS),
)
