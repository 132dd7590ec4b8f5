"""One-time codes: few tries, and no more of them for the asking."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.e2e.stage import Stage, assert_problem, eventually, put

pytestmark = pytest.mark.e2e


def test_codes_cannot_be_guessed(stage: Stage) -> None:
    customer = stage.customer("kallu")
    customer.register()
    code = stage.mailbox.code(customer.email, customer.mobile)
    confirmations = f"{customer.path}/confirmations"
    wrong = {"code": f"{(int(code) + 1) % 1_000_000:06}"}
    session = {"product": "kallu", "contact": customer.email, "password": customer.password}
    assert_problem(stage.api.call("POST", "/sessions", session), 401, "not-signed-in")
    for _ in range(5):
        assert_problem(stage.api.call("POST", confirmations, wrong), 422, "invalid-input", field="code")
    answer = stage.api.call("POST", confirmations, {"code": code})
    assert_problem(answer, 429, "too-many-attempts")
    assert int(answer.headers["Retry-After"]) > 0

    # Asking for another code buys no further tries while this one lives, whatever the answer says.
    stage.api.call("POST", f"{customer.path}/confirmation-codes")
    answer = stage.api.call("POST", confirmations, {"code": code})
    assert_problem(answer, 429, "too-many-attempts")

    before = len(stage.received(customer))
    stage.boss.advance_to(stage.now() + timedelta(minutes=16))
    assert stage.api.call("POST", f"{customer.path}/confirmation-codes").status_code == 202
    eventually(lambda: len(stage.received(customer)) > before, "a fresh code")
    customer.confirm()
    assert put(customer, "c1", {}).status_code == 201
