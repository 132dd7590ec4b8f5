"""The cases of the stored events about rights over one's data, and about undoing a closing."""

from __future__ import annotations

from typing import Any

from mohlat import bootstrap
from mohlat.domain.agreement import Phase
from mohlat.domain.data_requests import RequestStatus
from tests.handlers.cases import Case, Check, first_registered, has, header, noted
from tests.handlers.conftest import TENANT, World, body

REQUEST = "d_00000000000000000000000003"
NAME = "سارا احمدی"

# --- what holds before ------------------------------------------------------------------------------------


def asked(world: World) -> None:
    first_registered(world)
    assert world.replay("handle_requests/ask")["statusCode"] == 201


def asked_three_weeks_ago(world: World) -> None:
    asked(world)
    world.clock.advance(days=23)


def in_doubt(world: World) -> None:
    asked(world)
    assert world.replay("handle_requests/ask_identity")["statusCode"] == 201
    world.clock.advance(days=2)


def at_kallu(world: World) -> None:
    world.register_at("kallu")


def closed_at_kalak(world: World) -> None:
    world.register_at("kalak", mobile="+989123456789")
    assert world.replay("close_tenant/termination")["statusCode"] == 201


# --- what holds after -------------------------------------------------------------------------------------


def kept(status: RequestStatus) -> Check:
    return lambda _, __: bootstrap.data_requests().get(TENANT, REQUEST).status is status


def became(outcome: str) -> Check:
    return lambda _, answer: [each["outcome"] for each in answer] == [outcome]


def shows_name(_: World, answer: Any) -> bool:
    return bool(body(answer)["contact"]["name"] == NAME)


CASES = {
    "handle_requests/ask": Case(
        201,
        first_registered,
        [
            has(request_id=REQUEST, right="port", status="open", due_at="2026-03-02T08:00:00Z"),
            lambda _, __: bootstrap.books().words(TENANT, REQUEST) == "I move to another service",
            lambda _, __: bootstrap.tenants().get(TENANT).open_matters == {f"request:{REQUEST}"},
        ],
    ),
    "handle_requests/ask_for_deletion": Case(201, first_registered, [has(right="delete")]),
    "handle_requests/ask_for_deletion_as_user": Case(403, first_registered),
    "handle_requests/ask_for_nothing_known": Case(422, first_registered, [has(field="right")]),
    "handle_requests/list": Case(200, asked, [lambda _, answer: len(body(answer)["data_requests"]) == 1]),
    "handle_requests/one": Case(200, asked, [has(reason="I move to another service", answer=None)]),
    "handle_requests/one_for_operator": Case(
        200, asked, [has(status="open"), noted(TENANT, "request_words_shown")]
    ),
    "handle_requests/answer": Case(
        201,
        asked,
        [
            has(status="fulfilled", late=False),
            kept(RequestStatus.FULFILLED),
            lambda world, _: body(world.replay("handle_requests/one"))["answer"] == "Your file is ready",
            lambda _, __: bootstrap.books().open_tickets("kalo") == [],
        ],
    ),
    "handle_requests/refuse": Case(201, asked, [has(status="refused", ground="law")]),
    "handle_requests/refuse_without_ground_known": Case(422, asked, [has(field="ground")]),
    "handle_requests/extend": Case(201, asked, [has(extended=True, due_at="2026-05-01T08:00:00Z")]),
    "handle_requests/ask_identity": Case(201, asked, [has(status="identity_asked", due_at=None)]),
    "handle_requests/confirm_identity": Case(
        201, in_doubt, [has(status="open", due_at="2026-03-04T08:00:00Z")]
    ),
    "watch_request/due": Case(
        None,
        asked_three_weeks_ago,
        [
            lambda _, answer: (
                (answer["decided"], answer["wake_at"], answer["request_id"])
                == (False, "2026-03-02T08:00:00Z", REQUEST)
            ),
            lambda _, __: bootstrap.data_requests().get(TENANT, REQUEST).escalated_at is not None,
        ],
    ),
    "close_tenant/termination_without_the_name": Case(
        422,
        first_registered,
        [has(field="confirm"), lambda _, __: bootstrap.tenants().get(TENANT).phase is Phase.TRIAL],
    ),
    "close_tenant/reopen": Case(
        201,
        closed_at_kalak,
        [has(phase="active", access="full"), header("Location", f"/v1/tenants/{TENANT}")],
    ),
    "manage_profile/personal_data": Case(
        200,
        first_registered,
        [
            shows_name,
            lambda _, answer: len(body(answer)["users"]) == len(body(answer)["acceptances"]) == 1,
            noted(TENANT, "personal_data_shown"),
        ],
    ),
    "manage_profile/correct_name": Case(
        200,
        first_registered,
        [
            has(name="سارا احمدی\u200cنژاد"),
            lambda _, __: bootstrap.people().contact(TENANT).name == "سارا احمدی\u200cنژاد",
            lambda _, __: bootstrap.tenants().get(TENANT).version == 2,
        ],
    ),
    "receive_mail/closing": Case(
        None,
        first_registered,
        [became("closed"), lambda _, __: bootstrap.tenants().get(TENANT).phase is Phase.CLOSED],
    ),
    "receive_mail/my_personal_data": Case(
        None,
        at_kallu,
        [
            became("data_request"),
            lambda _, answer: bootstrap.data_requests().get(TENANT, answer[0]["id"]).right.value == "port",
        ],
    ),
}
