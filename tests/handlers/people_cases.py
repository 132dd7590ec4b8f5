"""The cases of the stored events that are about roles: helpers whom a customer lets in."""

from __future__ import annotations

import json
from typing import Any

from mohlat import bootstrap
from mohlat.application.codes import issue_code
from mohlat.domain.people import CodePurpose
from tests.handlers.cases import Case, has, noted
from tests.handlers.conftest import TENANT, World, body, load_event
from tests.handlers.staff_cases import with_a_ticket

_CLAIMS = load_event("lend_support/settings")["requestContext"]["authorizer"]["claims"]
MEMBER = load_event("manage_users/remove")["pathParameters"]["user_id"]
HELPER_TENANT, HELPER = _CLAIMS["custom:tenant_id"], _CLAIMS["cognito:username"]


def with_a_helper(world: World) -> None:
    """A customer with a ticket and a record, and another account of the product, both confirmed."""
    with_a_ticket(world)
    bootstrap.records_desk().put(TENANT, "customer-1", {"name": "Sara"})
    event = load_event("register_tenant/kalo")
    event["body"] = json.dumps(
        json.loads(event["body"]) | {"email": "helper@customer.test", "mobile": "+989121234568"}
    )
    event["headers"].pop("Idempotency-Key", None)
    registered = world.call("register_tenant", event)
    assert body(registered).get("tenant_id") == HELPER_TENANT, registered["body"]
    code = issue_code(
        bootstrap.people(),
        bootstrap.ids(),
        HELPER_TENANT,
        HELPER,
        CodePurpose.CONFIRM,
        world.clock.now(),
    )
    bootstrap.front_desk().confirm(HELPER_TENANT, code, "192.0.2.9")


def at_kalo(world: World) -> None:
    world.register_at("kalo")


def with_a_user(world: World) -> None:
    at_kalo(world)
    answer = world.replay("manage_users/add")
    assert answer["statusCode"] == 201, answer["body"]


def changing_contact(world: World) -> None:
    at_kalo(world)
    world.code(CodePurpose.CHANGE, NEW)


def _code_is_on_its_way_to_the_new_one(world: World, _: Any) -> bool:
    [asked] = [each for each in world.queued() if each.get("code") == "change"]
    assert NEW not in json.dumps(asked), "personal data waits sealed"
    world.send(asked)
    return bool(world.mail.sent[-1]["to"] == NEW)


def let_in(world: World) -> None:
    with_a_helper(world)
    answer = world.replay("lend_support/grant")
    assert answer["statusCode"] == 201, answer["body"]


def sent_away(world: World) -> None:
    let_in(world)
    assert world.replay("lend_support/withdraw")["statusCode"] == 204


def _lines(_: World, __: Any) -> list[tuple[str, str, str]]:
    return [
        (line.by, line.what, line.record_id) for line in bootstrap.records_desk().activity(TENANT, None, None)
    ]


def confirmed_at_kalak(world: World) -> None:
    world.register_at("kalak")


def a_customer_of_saman(world: World) -> None:
    world.register_at("saman360")


def delegated(world: World) -> None:
    a_customer_of_saman(world)
    assert world.replay("delegate_powers/delegate")["statusCode"] == 200


def delegated_less(world: World) -> None:
    a_customer_of_saman(world)
    assert world.replay("delegate_powers/delegate_less")["statusCode"] == 200


PARTNER = "u_00000000000000000000000088"
NEW = "sara.new@example.ir"
CASES = {
    "report_misuse/report": Case(
        201,
        confirmed_at_kalak,
        [
            has(kind="misuse", state="open", ticket_id="k_00000000000000000000000005"),
            lambda _, answer: body(answer)["ticket_id"] in answer["headers"]["Location"],
            lambda _, __: bootstrap.security_log().lines(TENANT)[0].kind == "misuse_reported",
        ],
    ),
    "report_misuse/nothing_said": Case(422, confirmed_at_kalak, [has(field="text")]),
    "delegate_powers/delegate": Case(
        200,
        a_customer_of_saman,
        [
            has(partner=PARTNER, powers=["see_status", "note_contact"]),
            lambda _, __: bootstrap.tenants().journal(TENANT)[-1].event.value == "powers_delegated",
        ],
    ),
    "delegate_powers/delegate_less": Case(200, delegated, [has(partner=PARTNER, powers=["see_status"])]),
    "delegate_powers/delegate_nothing": Case(422, a_customer_of_saman, [has(field="powers")]),
    "delegate_powers/delegate_payment": Case(422, a_customer_of_saman, [has(field="powers")]),
    "delegate_powers/withdraw": Case(
        204, delegated, [lambda _, __: bootstrap.partner_desk().of_tenant(TENANT) == ()]
    ),
    "delegate_powers/list": Case(
        200,
        delegated,
        [lambda _, answer: [each["partner"] for each in body(answer)["delegations"]] == [PARTNER]],
    ),
    "delegate_powers/customer": Case(
        200,
        delegated,
        [
            has(tenant_id=TENANT, product="saman360", powers=["see_status", "note_contact"]),
            lambda world, answer: _lines(world, answer) == [(f"partner:{PARTNER}", "see_status", "")],
        ],
    ),
    "delegate_powers/note": Case(
        201,
        delegated,
        [
            lambda _, __: (
                [(note.by, note.summary) for note in bootstrap.service_desk().notes(TENANT)]
                == [(f"partner:{PARTNER}", "دربارهٔ طرح سالانه پرسید")]
            )
        ],
    ),
    "delegate_powers/note_by_pigeon": Case(422, delegated, [has(field="channel")]),
    "change_contact/ask": Case(
        202,
        at_kalo,
        [
            _code_is_on_its_way_to_the_new_one,
            lambda _, __: bootstrap.tenants().journal(TENANT)[-1].event.value == "contact_change_asked",
            lambda _, __: bootstrap.people().contact(TENANT).email == "sara.ahmadi@example.ir",
        ],
    ),
    "change_contact/ask_with_a_wrong_password": Case(
        422, at_kalo, [has(field="password"), noted(TENANT, "sign_in_failed")]
    ),
    "change_contact/ask_for_a_known_one": Case(422, at_kalo, [has(field="mobile")]),
    "change_contact/ask_for_both": Case(422, at_kalo, [has(field="email")]),
    "change_contact/confirm": Case(
        200,
        changing_contact,
        [
            has(email=NEW, mobile="+989123456789"),
            lambda _, __: bootstrap.people().contact(TENANT).email == NEW,
            noted(TENANT, "contact_changed"),
        ],
    ),
    "change_contact/confirm_another_one": Case(
        422, changing_contact, [has(field="code"), noted(TENANT, "contact_change_wrong_code")]
    ),
    "manage_users/add": Case(
        201,
        at_kalo,
        [
            has(user_id=MEMBER),
            lambda _, answer: answer["headers"]["Location"].endswith(f"/users/{MEMBER}"),
            lambda _, __: bootstrap.tenants().journal(TENANT)[-1].facts == {"user_id": MEMBER},
            lambda _, __: bootstrap.people().user(TENANT, MEMBER).confirmed_at is None,
        ],
    ),
    "manage_users/add_known_contact": Case(409, at_kalo, [has(field="mobile")]),
    "manage_users/list": Case(
        200,
        with_a_user,
        [
            lambda _, answer: (
                [(each["role"], each["email"]) for each in body(answer)["users"]]
                == [("owner", "sara.ahmadi@example.ir"), ("user", "ali@example.com")]
            )
        ],
    ),
    "manage_users/remove": Case(
        204,
        with_a_user,
        [
            lambda _, __: bootstrap.people().departed(TENANT, MEMBER),
            lambda _, __: len(bootstrap.people().users(TENANT)) == 1,
        ],
    ),
    "manage_users/remove_owner": Case(409, at_kalo),
    "lend_support/grant": Case(
        201,
        with_a_helper,
        [
            has(helper=HELPER, until="2026-02-14T08:00:00Z"),
            lambda _, __: (
                bootstrap.tenants().journal(TENANT)[-1].facts
                == {
                    "grant_id": body(__)["grant_id"],
                    "helper": HELPER,
                    "until": "2026-02-14T08:00:00Z",
                }
            ),
        ],
    ),
    "lend_support/grant_too_long": Case(422, with_a_helper, [has(field="until")]),
    "lend_support/grant_to_nobody": Case(422, with_a_helper, [has(field="email")]),
    "lend_support/list": Case(
        200,
        let_in,
        [
            lambda _, answer: (
                [(each["helper"], each["email"]) for each in body(answer)["support_grants"]]
                == [(HELPER, "helper@customer.test")]
            )
        ],
    ),
    "lend_support/withdraw": Case(
        204, let_in, [lambda _, __: bootstrap.support_desk().helpers(TENANT) == []]
    ),
    "lend_support/settings": Case(
        200,
        let_in,
        [
            has(tenant_id=TENANT, product="kalo"),
            lambda world, answer: _lines(world, answer)[0] == (f"support:{HELPER}", "read_settings", ""),
        ],
    ),
    "lend_support/records": Case(
        200,
        let_in,
        [lambda _, answer: [each["record_id"] for each in body(answer)["records"]] == ["customer-1"]],
    ),
    "lend_support/record": Case(
        200,
        let_in,
        [
            has(data={"name": "Sara"}),
            lambda world, answer: (
                _lines(world, answer)[0] == (f"support:{HELPER}", "read_records", "customer-1")
            ),
        ],
    ),
    "lend_support/answer": Case(
        201,
        let_in,
        [
            lambda _, answer: (
                [(note.id, note.by, note.summary) for note in bootstrap.service_desk().notes(TENANT)]
                == [(body(answer)["note_id"], f"support:{HELPER}", "تنظیم‌ها درست شد")]
            )
        ],
    ),
    "lend_support/answer_nothing": Case(422, let_in, [has(field="text")]),
    "lend_support/settings_by_operator": Case(403, let_in),
}
