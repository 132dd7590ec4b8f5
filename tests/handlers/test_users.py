"""Further users over the API: their calls, and that none is answered once they were sent away."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mohlat import bootstrap
from mohlat.domain.people import CodePurpose
from tests.handlers.conftest import TENANT, World, body, load_event
from tests.handlers.front import claims_for
from tests.handlers.people_cases import MEMBER, with_a_user
from tests.handlers.routes import ROUTES, event_for

CONTACT, PASSWORD = "ali@example.com", "otter-9-lantern-quay"
THEIRS = [route for route in ROUTES if "user" in route.auth and "owner" in route.auth]


def test_a_user_sets_a_password_with_the_code_of_the_letter_and_signs_in(world: World) -> None:
    with_a_user(world)
    [message] = [each for each in world.queued() if each.get("username") == MEMBER]
    world.send(message)
    letter = world.mail.sent[-1]
    assert letter["to"] == CONTACT
    code = bootstrap.people().code(TENANT, MEMBER, CodePurpose.RECOVER)
    assert code

    def told(function: str, name: str, **fields: object) -> Any:
        event = load_event(f"{function}/{name}")
        event["body"] = json.dumps({"product": "kalo", "contact": CONTACT} | fields)
        return world.call(function, event)

    [digits] = [word for word in str(letter["text"]).split() if word.isdigit() and len(word) == 6][:1]
    assert told("recover_password", "finish", code=digits, password=PASSWORD)["statusCode"] == 200
    session = told("sign_in", "password", password=PASSWORD)
    assert body(session)["tenant_id"] == TENANT


@pytest.mark.parametrize("route", THEIRS, ids=str)
def test_who_was_sent_away_is_answered_no_more_whatever_token_they_hold(route: Any, world: World) -> None:
    with_a_user(world)
    token = claims_for("user", TENANT, MEMBER)
    assert world.replay("manage_users/remove")["statusCode"] == 204
    assert world.call(route.function, event_for(route, token))["statusCode"] == 401
