"""Secrets over the API: taken, and shown or logged nowhere; where a payer is sent is encrypted (KALLU-7)."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from mohlat.domain.people import CodePurpose
from tests.handlers.conftest import World, body, load_event
from tests.handlers.test_clauses_foundation import PASSWORD, everything_stored

NEW_PASSWORD = "zemestan-dar-rah-19"
WRONG = "not-the-narenj-1"


class Counter:
    """Calls functions and keeps every answer."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.answers: list[Any] = []

    def call(self, case: str, **changes: str) -> Any:
        """A stored event with other fields in its body."""
        event = load_event(case)
        event["body"] = json.dumps(json.loads(event["body"]) | changes)
        # What a stored event's key answered before is not what is asked for here.
        event["headers"].pop("Idempotency-Key", None)
        answer = self.world.call(case.split("/", maxsplit=1)[0], event)
        self.answers.append(answer)
        return answer


@pytest.mark.clause("KALLU-7")
def test_no_password_and_no_code_comes_back_or_is_written_down(world: World) -> None:
    counter = Counter(world)
    world.register_at("kallu")
    at_kallu = {"product": "kallu"}
    confirm = world.code(CodePurpose.CONFIRM)
    assert counter.call("confirm_contact/right_code", code="999999")["statusCode"] == 422
    assert counter.call("confirm_contact/right_code", code=confirm)["statusCode"] == 200
    recover = world.code(CodePurpose.RECOVER)
    recovery = at_kallu | {"code": recover, "password": NEW_PASSWORD}
    assert counter.call("recover_password/finish", **recovery | {"password": "short"})["statusCode"] == 422
    assert counter.call("recover_password/finish", **recovery)["statusCode"] == 200
    session = counter.call("sign_in/password", **at_kallu, password=NEW_PASSWORD)
    assert session["statusCode"] == 200
    assert session["headers"]["Cache-Control"] == "no-store"

    shown = "".join(answer["body"] for answer in counter.answers)
    kept = everything_stored(world)
    for secret in (PASSWORD, NEW_PASSWORD):
        assert secret not in shown
    for secret in (PASSWORD, NEW_PASSWORD, body(session)["id_token"], body(session)["refresh_token"]):
        assert secret not in kept
    for code in (confirm, recover):
        # By itself: the tests' ids hold its digits too.
        alone = rf"(?<![0-9A-Z]){code}(?![0-9A-Z])"
        assert not re.search(alone, shown)
        assert not re.search(alone, kept)


@pytest.mark.clause("KALLU-7")
def test_a_sign_in_that_fails_tells_nobody_whether_the_account_or_the_password_was_wrong(
    world: World,
) -> None:
    counter = Counter(world)
    world.register_at("kallu")
    world.code(CodePurpose.CONFIRM)
    assert counter.call("confirm_contact/right_code")["statusCode"] == 200
    wrong = counter.call("sign_in/password", product="kallu", password=WRONG)
    nobody = counter.call("sign_in/password", product="kallu", contact="nobody@example.ir", password=WRONG)
    assert wrong["statusCode"] == nobody["statusCode"] == 401
    assert wrong["body"] == nobody["body"]
    assert WRONG not in wrong["body"] + everything_stored(world)


@pytest.mark.clause("KALLU-7")
def test_a_payer_goes_to_an_encrypted_page_and_is_sent_back_to_one(world: World) -> None:
    world.register()
    placed = world.replay("place_order/place")
    assert placed["statusCode"] == 201
    [opened] = world.gateway.opened
    assert opened["callback_url"].startswith("https://api.example/")
    assert body(placed)["pay_url"].startswith("https://")
