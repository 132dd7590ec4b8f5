"""The cases of the stored events that are about support, and about the days it is counted on."""

from __future__ import annotations

from typing import Any

from mohlat import bootstrap
from tests.handlers.cases import Case, Check, has
from tests.handlers.conftest import TENANT, World, body

TICKET = "k_" + "0" * 25 + "3"


def at_saman(world: World) -> None:
    """A customer of saman360 on Saturday, 31 January 2026, at 11:30 in Tehran."""
    world.register_at("saman360")


def at_kalo(world: World) -> None:
    world.register_at("kalo")


def asked(world: World) -> None:
    at_saman(world)
    assert world.replay("handle_support/open")["statusCode"] == 201


def asked_by_a_user(world: World) -> None:
    at_kalo(world)
    assert world.replay("handle_support/open_by_user")["statusCode"] == 201


def asked_an_hour_ago(world: World) -> None:
    asked(world)
    world.clock.advance(hours=1)


def asked_two_hours_ago(world: World) -> None:
    asked(world)
    world.clock.advance(hours=2)


def waiting(world: World) -> None:
    asked(world)
    assert world.replay("handle_support/answer")["statusCode"] == 201


def classified(world: World) -> None:
    asked(world)
    assert world.replay("work_on_support/classify")["statusCode"] == 201


def declared(world: World) -> None:
    asked(world)
    assert world.replay("declare_days/declare")["statusCode"] == 200


def stands(**expected: object) -> Check:
    """The answer's request for support has these."""

    def check(_: World, answer: Any) -> bool:
        return bool(body(answer)["support"].items() >= expected.items())

    return check


def events(*expected: str) -> Check:
    """The journal ends with these events."""

    def check(_: World, __: Any) -> bool:
        journal = bootstrap.tenants().journal(TENANT)
        return [entry.event.value for entry in journal][-len(expected) :] == list(expected)

    return check


CASES = {
    "handle_support/open": Case(
        201,
        at_saman,
        [
            has(ticket_id=TICKET, kind="support", state="open"),
            stands(severity="critical", next_due_at="2026-01-31T10:00:00Z", done=[], charges=[]),
            events("ticket_opened"),
            lambda _, answer: answer["headers"]["Location"].endswith(f"/tickets/{TICKET}"),
        ],
    ),
    "handle_support/open_by_user": Case(
        403, at_saman, [has(type="/problems/support-manager-only", clause="SAMAN-4.2.6")]
    ),
    "handle_support/open_for_training": Case(
        409,
        at_saman,
        [
            has(type="/problems/support-not-covered", clause="SAMAN-4.4"),
            lambda _, answer: body(answer)["details"] == {"topic": "training", "extra": "training"},
        ],
    ),
    "handle_support/read": Case(
        200,
        waiting,
        [
            has(ticket_id=TICKET, words="از ساعت ۱۰ هیچ صفحه‌ای باز نمی‌شود."),
            lambda _, answer: (
                [(each["from"], each["text"]) for each in body(answer)["messages"]]
                == [("support", "کدام مرورگر؟")]
            ),
        ],
    ),
    "handle_support/read_for_operator": Case(
        200,
        asked,
        [
            has(words="از ساعت ۱۰ هیچ صفحه‌ای باز نمی‌شود.", messages=[]),
            lambda _, __: (
                "ticket_words_shown" in {line.kind for line in bootstrap.security_log().lines(TENANT)}
            ),
        ],
    ),
    "handle_support/reply": Case(201, waiting, [stands(waits_for_customer=False), events("support_moved")]),
    "handle_support/reply_and_wait": Case(422, waiting, [has(field="waits")]),
    "handle_support/answer": Case(
        201, asked, [stands(waits_for_customer=True, next_due_at=None), has(clause="SAMAN-4.2.2")]
    ),
    "work_on_support/recovered": Case(
        201,
        asked,
        [lambda _, answer: [each["step"] for each in body(answer)["support"]["done"]] == ["recovery"]],
    ),
    "work_on_support/estimated": Case(422, asked, [has(field="step")]),
    "work_on_support/classify": Case(
        201, asked, [stands(severity="major", next_due_at="2026-01-31T12:00:00Z")]
    ),
    "work_on_support/no_fault": Case(
        201,
        asked,
        [
            stands(no_fault=True, next_due_at=None),
            events("support_charged"),
            lambda _, answer: (
                body(answer)["support"]["charges"][0].items()
                >= {"amount_rials": 9_900_000, "vat_rials": 900_000, "clause": "SAMAN-4.2.4"}.items()
            ),
        ],
    ),
    "work_on_support/too_many_minutes": Case(422, asked, [has(field="minutes")]),
    "work_on_support/queue": Case(
        200, asked, [lambda _, answer: [each["ticket_id"] for each in body(answer)["tickets"]] == [TICKET]]
    ),
    "work_on_support/queue_without_product": Case(422, asked, [has(field="product")]),
    "handle_tickets/list_for_user": Case(
        200,
        asked_by_a_user,
        [lambda _, answer: [each["kind"] for each in body(answer)["tickets"]] == ["support"]],
    ),
    "handle_tickets/close_support": Case(
        201,
        asked,
        [
            has(state="closed"),
            lambda _, __: (
                [each.summary for each in bootstrap.contact_notes().of(TENANT)] == ["a patch was installed"]
            ),
        ],
    ),
    "declare_days/declare": Case(
        200,
        asked,
        [
            has(day="2026-02-01", kind="holiday", tickets_moved=0),
            lambda _, __: (
                [each.reason for each in bootstrap.declared_days().of("saman360")] == ["heavy snow"]
            ),
        ],
    ),
    "declare_days/take_back": Case(
        200,
        declared,
        [
            lambda _, __: (
                [each.reason for each in bootstrap.declared_days().of("saman360")] == ["it did not snow"]
            )
        ],
    ),
    "declare_days/no_such_day": Case(404, asked, []),
    "declare_days/list": Case(
        200,
        declared,
        [
            lambda _, answer: (
                [(each["day"], each["kind"]) for each in body(answer)["days"]] == [("2026-02-01", "holiday")]
            )
        ],
    ),
    "escalate_ticket/support": Case(
        None,
        asked_an_hour_ago,
        [
            lambda _, answer: (
                {name: answer[name] for name in ("ticket_id", "watch", "decided", "wake_at")}
                == {
                    "ticket_id": TICKET,
                    "watch": 1,
                    "decided": False,
                    "wake_at": "2026-01-31T10:00:00Z",
                }
            ),
        ],
    ),
    "escalate_ticket/support_late": Case(
        None,
        asked_two_hours_ago,
        [
            lambda _, answer: (answer["decided"], answer["wake_at"]) == (False, "2026-02-01T07:00:00Z"),
            events("ticket_opened", "support_late"),
        ],
    ),
    # Another wait carries the ticket since: this one rests, though deadlines are ahead.
    "escalate_ticket/support_replaced": Case(
        None,
        classified,
        [
            lambda _, answer: answer["decided"] is True,
            lambda _, __: bootstrap.books().ticket(TENANT, TICKET).wakes_at is not None,
        ],
    ),
    "receive_mail/support": Case(
        None,
        at_saman,
        [
            lambda _, answer: answer[0]["outcome"] == "support",
            lambda _, __: [each.kind.value for each in bootstrap.books().tickets(TENANT)] == ["support"],
        ],
    ),
    "dispatch_stream/ticket_moved": Case(
        None,
        declared,
        [lambda world, _: world.executions("ticket") == [f"{TICKET}-w1"]],
    ),
}
