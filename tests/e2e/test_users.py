"""Further users of an account: let in by the owner, joined by a code, sent away from one call to the next."""

from __future__ import annotations

import pytest

from sandbox.api import Session
from tests.e2e.stage import Stage, assert_problem, eventually, put

pytestmark = pytest.mark.e2e


@pytest.mark.clause("KALO-13")
def test_a_user_joins_by_the_letters_code_works_and_is_sent_away(stage: Stage) -> None:
    owner, other = stage.join("kalo"), stage.customer("kalo")
    ali = {"name": "Ali Karimi", "email": other.email, "mobile": other.mobile, "language": "en"}
    added = owner.api.ask("POST", f"{owner.path}/users", ali, token=owner.token)
    code = stage.mailbox.code(other.email, other.mobile)
    password = {"product": "kalo", "contact": other.email, "code": code, "password": "otter-9-lantern-quay"}
    stage.api.ask("POST", "/password-recoveries/confirmations", password)
    signs_in = {"product": "kalo", "contact": other.mobile, "password": "otter-9-lantern-quay"}
    token = Session(stage.api, signs_in).token

    assert put(owner, "c1", {"name": "Reza"}).status_code == 201
    assert stage.api.ask("GET", f"{owner.path}/records/c1", token=token)["data"] == {"name": "Reza"}
    assert_problem(stage.api.call("GET", f"{owner.path}/users", token=token), 403, "not-allowed")
    assert_problem(stage.api.call("POST", "/tenants", other_account(other.email)), 409, "conflict")

    owner.api.ask("DELETE", f"{owner.path}/users/{added['user_id']}", token=owner.token)
    assert_problem(stage.api.call("GET", f"{owner.path}/records/c1", token=token), 401, "not-signed-in")
    assert_problem(stage.api.call("POST", "/sessions", signs_in), 401, "not-signed-in")
    assert [each["role"] for each in owner.get("/users")["users"]] == ["owner"]


@pytest.mark.clause("KALO-3")
def test_an_owner_moves_to_another_address_by_the_code_that_was_sent_there(stage: Stage) -> None:
    owner, elsewhere = stage.join("kalo"), stage.customer("kalo")
    wanted = {"email": elsewhere.email}
    path = f"{owner.path}/contact-changes"
    wrong = stage.api.call("POST", path, wanted | {"password": "not-hers-at-all-7"}, token=owner.token)
    assert_problem(wrong, 422, "invalid-input", field="password")
    owner.api.ask("POST", path, wanted | {"password": owner.password}, token=owner.token)
    code = stage.mailbox.code(elsewhere.email, elsewhere.mobile)
    other = {"email": "reza@example.com", "code": code}
    assert_problem(
        stage.api.call("POST", f"{path}/confirmations", other, token=owner.token),
        422,
        "invalid-input",
        field="code",
    )
    moved = owner.api.ask("POST", f"{path}/confirmations", wanted | {"code": code}, token=owner.token)
    assert (moved["email"], moved["mobile"]) == (elsewhere.email, owner.mobile)

    def warned() -> bool:
        return any("نشانی تماس" in str(each.get("Subject", "")) for each in stage.received(owner))

    eventually(warned, "the letter to the address before")

    signs_in = {"product": "kalo", "password": owner.password}
    left = stage.api.call("POST", "/sessions", signs_in | {"contact": owner.email})
    assert_problem(left, 401, "not-signed-in")
    token = Session(stage.api, signs_in | {"contact": elsewhere.email}).token
    events = [
        entry["event"] for entry in stage.api.ask("GET", f"{owner.path}/timeline", token=token)["entries"]
    ]
    assert events[-2:] == ["contact_change_asked", "contact_changed"]


def other_account(email: str) -> dict[str, object]:
    """An application with a contact that is somebody's already."""
    return {
        "product": "kalo",
        "name": "Ali Karimi",
        "email": email,
        "mobile": "+989011234567",
        "password": "otter-9-lantern-quay",
        "accept": {"terms": True, "privacy": True},
    }
