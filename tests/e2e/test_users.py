"""Further users of an account: let in by the owner, joined by a code, sent away from one call to the next."""

from __future__ import annotations

import pytest

from sandbox.api import Session
from tests.e2e.stage import Stage, assert_problem, put

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
