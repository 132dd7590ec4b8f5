"""What people and programs get wrong: told in their language, naming the field, and without any effect."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest

from sandbox.api import Customer, Mailbox
from tests.e2e.stage import Stage, assert_problem, eventually, what_happened

pytestmark = pytest.mark.e2e

PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
PERSIAN_LETTER = re.compile("[\u0600-\u06ff]")


@pytest.fixture(scope="module")
def stage(quiet_stage: Stage) -> Stage:
    """Nothing here needs the clock."""
    return quiet_stage


def send(
    stage: Stage,
    path: str,
    body: object,
    *,
    language: str = "en",
    media: str = "application/json",
    token: str = "",
    method: str = "POST",
) -> httpx.Response:
    """A call with a body that may be anything, text as it is."""
    headers = {"Content-Type": media, "Accept-Language": language}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    content = body if isinstance(body, str | bytes) else json.dumps(body)
    return stage.api.http.request(method, f"/v1{path}", content=content, headers=headers)


def registration(stage: Stage, **changes: Any) -> dict[str, Any]:
    """What a good registration sends, with changes; None leaves a field out."""
    who = stage.customer("kallu")
    body: dict[str, Any] = {
        "product": "kallu",
        "name": "سارا کریمی",
        "email": who.email,
        "mobile": who.mobile,
        "password": who.password,
        "accept": {"privacy": True},
    }
    return {name: value for name, value in (body | changes).items() if value is not None}


@pytest.fixture(scope="module")
def customer(stage: Stage) -> Customer:
    """Somebody who is signed in."""
    return stage.join("kallu")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": None}, "name"),
        ({"name": 5}, "name"),
        ({"name": ["Sara"]}, "name"),
        ({"name": "   "}, "name"),
        ({"name": "Sara\u0000Karimi"}, "name"),
        ({"name": "Sara\u001b[31m"}, "name"),
        ({"name": "\u202eimiraK"}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"product": "nothing-of-ours"}, "product"),
        ({"product": {"$ne": ""}}, "product"),
        ({"email": "sara@"}, "email"),
        ({"email": "sara@example.com\r\nBcc: all@example.com"}, "email"),
        ({"email": True}, "email"),
        ({"mobile": "+1 212 555 0100"}, "mobile"),
        ({"mobile": 9123456789}, "mobile"),
        ({"password": "short"}, "password"),
        ({"password": "1234567890"}, "password"),
        ({"language": "de"}, "language"),
        ({"accept": {"privacy": "yes"}}, "accept.privacy"),
        ({"accept": {"privacy": False}}, "accept.privacy"),
        ({"accept": {}}, "accept.privacy"),
        ({"accept": [True]}, "accept"),
        ({"legal_entity": {"name": "Shop", "national_id": "12345678901"}}, "legal_entity.national_id"),
        ({"role": "operator"}, "role"),
        ({"custom:tenant_id": "t_1"}, "?"),
    ],
    ids=repr,
)
def test_a_wrong_field_is_named_in_persian_and_in_english(
    stage: Stage, changes: dict[str, Any], field: str
) -> None:
    body = registration(stage, **changes)
    english = assert_problem(send(stage, "/tenants", body), 422, "invalid-input", field=field)
    answer = send(stage, "/tenants", body, language="fa-IR,fa;q=0.9,en;q=0.5")
    persian = assert_problem(answer, 422, "invalid-input", field=field)
    assert answer.headers["Content-Language"] == "fa"
    assert PERSIAN_LETTER.search(persian["title"] + persian["detail"])
    assert not PERSIAN_LETTER.search(english["title"] + english["detail"])


@pytest.mark.parametrize(
    "body",
    ["{", "", "[]", "null", "[" * 100_000, b'{"name": "\xff\xfe"}', json.dumps({"name": "x" * 200_000})],
    ids=lambda body: repr(body)[:20],
)
def test_a_body_that_no_mistake_explains_never_reaches_a_function(stage: Stage, body: str | bytes) -> None:
    problem = assert_problem(send(stage, "/tenants", body), 422, "invalid-input", field="body")
    assert PERSIAN_LETTER.search(problem["detail"])  # the gateway knows no languages, so it says both


@pytest.mark.parametrize(
    ("body", "media", "status", "code"),
    [
        ('{"product": "kallu", "product": "kalo"}', "application/json", 400, "malformed-body"),
        (json.dumps({"accept": {"privacy": "x" * 200_000}}), "application/json", 413, "body-too-large"),
        ("{}", "application/x-www-form-urlencoded", 415, "unsupported-media-type"),
        ("{}", "application/json; charset=windows-1256", 415, "unsupported-media-type"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_body_that_can_be_misread_is_refused(
    stage: Stage, body: str, media: str, status: int, code: str
) -> None:
    assert_problem(send(stage, "/tenants", body, media=media), status, code)
    persian = assert_problem(send(stage, "/tenants", body, media=media, language="fa"), status, code)
    assert PERSIAN_LETTER.search(persian["title"])


def test_the_same_holds_for_what_a_signed_in_customer_sends(stage: Stage, customer: Customer) -> None:
    def sent(body: object, record: str = "c1") -> httpx.Response:
        path = f"{customer.path}/records/{record}"
        return send(stage, path, body, token=customer.token, method="PUT")

    assert_problem(sent("{"), 422, "invalid-input", field="body")
    assert_problem(sent({"data": []}), 422, "invalid-input", field="data")
    assert_problem(sent({"data": {"text": "x" * 70_000}}), 422, "invalid-input", field="data")
    assert_problem(sent({"data": {"text": "x" * 200_000}}), 413, "body-too-large")
    assert_problem(sent({"data": {}, "version": 9}), 422, "invalid-input", field="version")
    assert_problem(sent({"data": {}}, record="%2e%2e"), 422, "invalid-input", field="record_id")
    assert_problem(sent({"data": {}}, record="x" * 65), 422, "invalid-input", field="record_id")
    odd = {"متن": "خط یک\nخط دو\u200c", "emoji": "👩🏽‍💻", "deep": [[[{"n": 1e300}]]], "none": None}
    assert sent({"data": odd}).status_code == 201
    assert customer.get("/records/c1")["data"] == odd


def test_ids_and_cursors_that_nobody_gave_out_find_nothing(customer: Customer) -> None:
    def get(path: str, **query: str) -> httpx.Response:
        return customer.api.call("GET", path, token=customer.token, **query)

    for tenant_id in ("t_1", "x" * 300, customer.tenant_id.lower(), customer.tenant_id + "0", "T%23x", "%00"):
        assert get(f"/tenants/{tenant_id}").status_code == 404, tenant_id
    for order_id in ("o_1", "o_00000000000000000000000000"):
        assert_problem(get(f"{customer.path}/orders/{order_id}"), 404, "not-found")
    assert_problem(get(f"{customer.path}/records/nothing-there"), 404, "not-found")
    for path in ("timeline", "records", "orders"):
        for cursor in ("!", "x" * 500, "MQ==MQ==", "JyBPUiAxPTE"):
            answer = get(f"{customer.path}/{path}", cursor=cursor)
            assert_problem(answer, 422, "invalid-input", field="cursor")
        for limit in ("0", "-1", "101", "ten", "1e2"):
            answer = get(f"{customer.path}/{path}", limit=limit)
            assert_problem(answer, 422, "invalid-input", field="limit")


@pytest.mark.parametrize("digits", [PERSIAN, ARABIC], ids=["persian", "arabic"])
def test_persian_and_arabic_digits_are_read_wherever_people_type_numbers(
    stage: Stage, digits: dict[int, int]
) -> None:
    who = stage.customer("kallu")
    local = "0" + who.mobile.removeprefix("+98")
    body = registration(stage, email=who.email, mobile=f"{local[:4]} {local[4:]}".translate(digits))
    who.tenant_id = stage.api.ask("POST", "/tenants", body)["tenant_id"]
    code = stage.mailbox.code(who.email, who.mobile)
    stage.api.ask("POST", f"{who.path}/confirmations", {"code": code.translate(digits)})
    session = {"product": "kallu", "contact": local.translate(digits), "password": who.password}
    assert stage.api.ask("POST", "/sessions", session)["tenant_id"] == who.tenant_id


def test_a_registration_repeated_under_its_key_is_one_tenant(stage: Stage) -> None:
    body, key = registration(stage), f"registration-{stage.customer('kallu').number:020}"
    first = stage.api.ask("POST", "/tenants", body, key=key)
    assert stage.api.ask("POST", "/tenants", body, key=key) == first
    changed = stage.api.call("POST", "/tenants", body | {"name": "Somebody Else"}, key=key)
    assert_problem(changed, 422, "invalid-input", field="Idempotency-Key")
    assert_problem(stage.api.call("POST", "/tenants", body, key="short"), 422, "invalid-input")
    # Without the key it is a second registration, which the contact forbids.
    assert_problem(stage.api.call("POST", "/tenants", body), 409, "conflict")


def test_an_order_repeated_under_its_key_is_one_order(stage: Stage) -> None:
    customer = stage.join("kalo")
    body, key = {"plan": "starter", "period": "P1M"}, f"order-{customer.number:020}"

    def order(body: object) -> httpx.Response:
        return customer.api.call("POST", f"{customer.path}/orders", body, token=customer.token, key=key)

    first = order(body)
    again = order(body)
    assert (first.status_code, first.json()) == (201, again.json())
    assert_problem(order(body | {"period": "P12M"}), 422, "invalid-input", field="Idempotency-Key")
    assert len(customer.get("/orders")["orders"]) == 1
    assert [event for event, _ in what_happened(customer.timeline())].count("order_placed") == 1
    for wrong, field in (
        ({"plan": "gold", "period": "P1M"}, "plan"),
        ({"plan": "starter", "period": "P2M"}, "period"),
        ({"plan": "starter", "period": "soon"}, "period"),
        ({"plan": "starter", "period": "P1M", "amount_rials": 1}, "amount_rials"),
    ):
        answer = customer.api.call("POST", f"{customer.path}/orders", wrong, token=customer.token)
        assert_problem(answer, 422, "invalid-input", field=field)


@pytest.mark.clause("KALO-5", "KALO-6")
def test_a_lost_password_comes_back_by_the_registered_contact_only(stage: Stage) -> None:
    customer, nobody = stage.join("kalo"), stage.customer("kalo")
    for contact in (nobody.email, nobody.mobile):
        answer = stage.api.ask("POST", "/password-recoveries", {"product": "kalo", "contact": contact})
    received = len(stage.received(customer))
    known = stage.api.ask("POST", "/password-recoveries", {"product": "kalo", "contact": customer.mobile})
    assert known == answer  # nobody learns who is registered
    eventually(lambda: len(stage.received(customer)) > received, "the recovery code")
    assert stage.received(nobody) == []

    code = Mailbox(stage.api).code(customer.email, customer.mobile)
    body = {"product": "kalo", "contact": customer.mobile, "code": code, "password": "Zemestan-dar-rah-19"}
    wrong = body | {"code": f"{(int(code) + 1) % 1_000_000:06}"}
    path = "/password-recoveries/confirmations"
    for _ in range(3):
        assert_problem(stage.api.call("POST", path, wrong), 422, "invalid-input", field="code")
    stranger = body | {"contact": nobody.email}
    assert_problem(stage.api.call("POST", path, stranger), 422, "invalid-input", field="code")
    guessable = body | {"password": "1234567890"}
    assert_problem(stage.api.call("POST", path, guessable), 422, "invalid-input", field="password")
    assert stage.api.call("POST", path, body).status_code == 200
    assert_problem(stage.api.call("POST", path, body), 422, "invalid-input", field="code")  # once

    session = {"product": "kalo", "contact": customer.email, "password": customer.password}
    assert_problem(stage.api.call("POST", "/sessions", session), 401, "not-signed-in")
    assert stage.api.call("POST", "/sessions", session | {"password": body["password"]}).status_code == 200

    lines = stage.as_operator("GET", "/security-log", subject=customer.tenant_id, limit=100)["lines"]
    kinds = [line["kind"] for line in lines]
    assert kinds.count("recovery_wrong_code") == 4
    assert {"recovery_code_requested", "password_recovered", "sign_in_failed", "signed_in"} <= set(kinds)


@pytest.mark.clause("KALO-2")
def test_nobody_registers_without_accepting_both_documents(stage: Stage) -> None:
    for left_out in ("terms", "privacy"):
        accept = {"terms": True, "privacy": True} | {left_out: False}
        body = registration(stage, product="kalo", accept=accept)
        answer = stage.api.call("POST", "/tenants", body)
        assert_problem(answer, 422, "invalid-input", field=f"accept.{left_out}", clause="KALO-2")
        session = {"product": "kalo", "contact": body["email"], "password": body["password"]}
        assert_problem(stage.api.call("POST", "/sessions", session), 401, "not-signed-in")
