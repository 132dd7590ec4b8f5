"""Staff looks at whom it talks to, for a reason that is recorded, and writes down what was said."""

from __future__ import annotations

from typing import Any

from mohlat import bootstrap
from mohlat.domain.people import Role
from mohlat.domain.staff import SPOKEN, ContactChannel
from mohlat.entrypoint import Request, Response, api, route
from mohlat.idempotency import once
from mohlat.presentation.fields import choice, optional, slug, text
from mohlat.presentation.staff_views import contact_note, seen_contact


def _look(request: Request) -> Response:
    # Every look is one: an answer that is remembered would be a second look that nobody recorded.
    fields = request.fields(reason=text(500), ticket_id=optional(slug))
    contact = bootstrap.service_desk().look(request.tenant_id, **fields, by=request.caller.name)
    return Response(200, seen_contact(contact))


def _note(request: Request) -> Response:
    fields = request.fields(channel=choice(*SPOKEN), summary=text(2000), ticket_id=optional(slug))
    # What is remembered of it holds its id only.
    return once(request, lambda: _do_note(request, fields))


def _do_note(request: Request, fields: dict[str, Any]) -> Response:
    fields["channel"] = ContactChannel(fields["channel"])
    note = bootstrap.service_desk().note(request.tenant_id, **fields, by=request.caller.name)
    return Response(201, {"note_id": note.id})


def _notes(request: Request) -> Response:
    found = bootstrap.service_desk().notes(request.tenant_id)
    return Response(200, {"contact_notes": [contact_note(note, request.language) for note in found]})


lambda_handler = api(
    route("POST", "/tenants/{tenant_id}/looks", _look, [Role.OPERATOR]),
    route("POST", "/tenants/{tenant_id}/contact-notes", _note, [Role.OPERATOR]),
    route("GET", "/tenants/{tenant_id}/contact-notes", _notes, [Role.OWNER, Role.OPERATOR]),
)
