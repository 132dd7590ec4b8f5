"""The cases of the stored events that are about restrictions and the reply to them."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.domain.tenant import RestrictionKind
from tests.handlers.cases import LOCATION, Case, has
from tests.handlers.conftest import TENANT, World, body
from tests.handlers.money_cases import header, refused

TICKET = "k_00000000000000000000000005"


def blocked(world: World) -> None:
    """A tenant that an operator found to be used for something forbidden."""
    world.register()
    desk = bootstrap.tenant_desk()
    desk.find_violation(TENANT, "forbidden_use", "spam was sent", by="operator:u_1")


def objected(world: World) -> None:
    blocked(world)
    assert body(world.replay("contest_invoice/object"))["ticket_id"] == TICKET


def signed_in_wrongly_ten_times(world: World) -> None:
    world.register_at("customer_club")
    log, now = bootstrap.security_log(), world.clock.now()
    for _ in range(10):
        log.note(TENANT, "sign_in_failed", now, "198.51.100.7")
    for _ in range(10):
        log.note("kalo", "sign_in_unknown_contact", now, "198.51.100.7")


def _restricted() -> bool:
    tenant = bootstrap.tenants().get(TENANT)
    return tenant.restricted(RestrictionKind.BLOCKED, bootstrap.clock().now())


CASES = {
    "view_security_log/unusual": Case(
        200,
        signed_in_wrongly_ten_times,
        [
            lambda _, answer: (
                {(each["subject"], each["clause"]) for each in body(answer)["findings"]}
                == {(TENANT, "CLUB-4"), ("kalo", "vendor's choice")}
            ),
            lambda _, answer: (
                {(each["kind"], each["count"]) for each in body(answer)["findings"]}
                == {("failed_sign_ins", 10)}
            ),
            lambda _, answer: "198.51.100.7" not in answer["body"],
        ],
    ),
    "contest_invoice/object": Case(
        201,
        blocked,
        [
            has(kind="restriction_objection", state="open", title="Objection to a restriction"),
            has(ticket_id=TICKET),
            header("Location", f"{LOCATION}/tickets/{TICKET}"),
            lambda _, __: bootstrap.books().words(TENANT, TICKET).startswith("این پیام‌ها"),
        ],
    ),
    "contest_invoice/object_to_nothing": Case(404, blocked, [has(type="/problems/not-found")]),
    "contest_invoice/object_to_no_such_kind": Case(404, blocked, [has(type="/problems/not-found")]),
    "handle_tickets/lift_restriction": Case(
        201, objected, [has(state="closed", clause="KALO-19"), lambda _, __: not _restricted()]
    ),
    "handle_tickets/decide_nothing": Case(
        422, objected, [refused("lifted", "is missing"), lambda _, __: _restricted()]
    ),
}
