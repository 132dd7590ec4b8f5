"""The cases of the stored events that are about staff: looks, notes, removals, cases of leaked data."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.domain.tickets import Ticket, TicketKind
from tests.handlers.cases import Case, first_registered, has
from tests.handlers.conftest import TENANT, World, body

LEAK = "l_00000000000000000000000003"


def with_a_ticket(world: World) -> None:
    first_registered(world)
    now = world.clock.now()
    ticket = Ticket("k_" + "0" * 25 + "3", TENANT, "kalo", TicketKind.MAIL, "m-1", now, now, "KALO-11")
    bootstrap.books().write((ticket,))


def noted(world: World) -> None:
    first_registered(world)
    assert world.replay("serve_customer/note")["statusCode"] == 201


def publishing(world: World) -> None:
    world.register_at("saman360")
    bootstrap.records_desk().put(TENANT, "r-0", {"text": "x"})


def leaked(world: World) -> None:
    first_registered(world)
    assert world.replay("handle_leaks/open")["statusCode"] == 201


def investigated(world: World) -> None:
    leaked(world)
    assert world.replay("handle_leaks/investigated")["statusCode"] == 200


CASES = {
    "serve_customer/look": Case(
        200,
        with_a_ticket,
        [
            lambda _, answer: set(body(answer)) == {"name", "email", "mobile"},
            lambda _, __: bootstrap.tenants().entry(TENANT, 2).event.value == "contact_seen",
        ],
    ),
    "serve_customer/look_without_ticket": Case(422, with_a_ticket, [has(field="ticket_id")]),
    "serve_customer/note": Case(201, first_registered, [has(note_id="g_00000000000000000000000003")]),
    "serve_customer/note_by_pigeon": Case(422, first_registered, [has(field="channel")]),
    "serve_customer/notes": Case(
        200,
        noted,
        [
            lambda _, answer: (
                [(each["channel"], each["summary"]) for each in body(answer)["contact_notes"]]
                == [("phone", "پرسید چگونه تمدید کند")]
            )
        ],
    ),
    "remove_content/remove": Case(
        200,
        publishing,
        [lambda _, __: bootstrap.records_desk().page(TENANT, None, None).records == []],
    ),
    "remove_content/not_about_content": Case(
        409,
        publishing,
        [lambda _, __: len(bootstrap.records_desk().page(TENANT, None, None).records) == 1],
    ),
    "remove_content/odd_record": Case(422, publishing, [has(field="record_id")]),
    "handle_leaks/open": Case(
        201, first_registered, [has(leak_id=LEAK, told=0, tell_by="2026-02-03T08:00:00Z", closed_at=None)]
    ),
    "handle_leaks/open_nowhere": Case(422, first_registered, [has(field="product")]),
    "handle_leaks/list": Case(
        200, leaked, [lambda _, answer: [each["leak_id"] for each in body(answer)["leaks"]] == [LEAK]]
    ),
    "handle_leaks/get": Case(200, investigated, [has(affected=[TENANT])]),
    "handle_leaks/investigated": Case(200, leaked, [has(affected=[TENANT])]),
    "handle_leaks/affected_elsewhere": Case(422, leaked, [has(field="affected")]),
    "handle_leaks/affected_nobody": Case(422, leaked, [has(field="affected")]),
    "handle_leaks/secured": Case(
        200, leaked, [lambda _, answer: [each["step"] for each in body(answer)["steps"]] == ["secured"]]
    ),
    "handle_leaks/told": Case(
        200,
        investigated,
        [has(told=1), lambda _, __: bootstrap.tenants().entry(TENANT, 2).event.value == "leak_told"],
    ),
}
