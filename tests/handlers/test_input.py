"""What callers may send: everything else is refused clearly, by its field, in both languages."""

from __future__ import annotations

import ast
import base64
import copy
import json
from typing import Any

import pytest

from mohlat import bootstrap
from mohlat.domain.errors import InvalidInput
from mohlat.presentation.fields import contact, email, parse_json
from mohlat.presentation.ordering import WANTED
from mohlat.presentation.problems import known_reasons, language_of, problem
from mohlat.presentation.profile_fields import PROFILE
from tests.handlers.conftest import ROOT, TENANT, World, body, load_event

REGISTRATION = json.loads(load_event("register_tenant/kalo")["body"])
WITHOUT: Any = Ellipsis


def _call(world: World, case: str, sent: Any, language: str = "en", **headers: str) -> dict[str, Any]:
    event = load_event(case)
    event["headers"] |= {"Accept-Language": language, **headers}
    event["body"] = sent if isinstance(sent, str) else json.dumps(sent)
    answer: dict[str, Any] = world.call(case.split("/", maxsplit=1)[0], event)
    return answer


def _with(field: str, value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(REGISTRATION)
    *parents, name = field.split(".")
    target = changed
    for parent in parents:
        target = target.setdefault(parent, {})
    if value is WITHOUT:
        del target[name]
    else:
        target[name] = value
    return changed


COMPANY = {"name": "شرکت", "national_id": "10380284790", "authority_declared": True}
BAD = [
    ("product", WITHOUT),
    ("product", 7),
    ("product", "../kalo"),
    ("product", "nothing"),
    ("product", "k" * 1000),
    ("name", ""),
    ("name", "  \u200c "),
    ("name", ["Sara"]),
    ("name", "Sara\x00"),
    ("name", "Sara\nAhmadi"),
    ("name", "\u202eimdahA"),
    ("name", "س" * 500),
    ("email", "sara"),
    ("email", "sara@localhost"),
    ("email", "sara@@example.ir"),
    ("email", "sara..a@example.ir"),
    ("email", "sara@example.ir\r\nBcc: all@example.ir"),
    ("email", "a" * 250 + "@example.ir"),
    ("email", {"$ne": ""}),
    ("mobile", "+14155550100"),
    ("mobile", 9123456789),
    ("mobile", "0912345678"),
    ("mobile", "۰۹۱۲۳۴۵۶۷۸"),
    ("password", "short"),
    ("password", "p" * 300),
    ("password", None),
    ("language", "de"),
    ("accept", ["terms", "privacy"]),
    ("accept.terms", "yes"),
    ("accept.terms", False),
    ("plan", {}),
    ("plan", "unheard-of"),
    ("legal_entity", "company"),
    ("legal_entity", COMPANY | {"national_id": "10380284791"}),
    ("legal_entity", COMPANY | {"authority_declared": False}),
    ("legal_entity", COMPANY | {"owner": "me"}),
    ("admin", True),
]


@pytest.mark.parametrize(("field", "value"), BAD, ids=lambda value: repr(value)[:40])
def test_a_wrong_field_is_named_in_both_languages(field: str, value: Any, world: World) -> None:
    for language in ("en", "fa"):
        answer = _call(world, "register_tenant/kalo", _with(field, value), language)
        problem = body(answer)
        assert answer["statusCode"] == 422
        assert problem["type"] == "/problems/invalid-input"
        assert problem["field"].split(".")[0] == field.split(".", maxsplit=1)[0]
        assert problem["field"] in problem["detail"]
        assert answer["headers"]["Content-Language"] == language
        assert any("\u0600" <= char <= "\u06ff" for char in problem["title"]) is (language == "fa")
        assert problem["instance"]
    with pytest.raises(Exception, match="not-found"):
        bootstrap.tenants().get(TENANT)


ELSEWHERE = [
    ("place_order/place", {"plan": "starter", "period": "a month"}, "period"),
    ("place_order/place", {"plan": "starter", "period": "PT0S"}, "period"),
    ("place_order/place", {"plan": "starter", "period": "P9999999999999D"}, "period"),
    ("place_order/place", {"plan": "starter", "period": "P7M"}, "period"),
    ("place_order/place", {"plan": "starter", "period": "P1M", "amount": 1}, "amount"),
    ("restrict_tenant/block", {"kind": "annoyed", "reason": "x", "clause": "KALO-10"}, "kind"),
    ("restrict_tenant/block", {"kind": "blocked", "reason": "x", "clause": "KALO-9999"}, "clause"),
    (
        "restrict_tenant/block",
        {"kind": "blocked", "reason": "x", "clause": "KALO-10", "until": "soon"},
        "until",
    ),
    (
        "restrict_tenant/block",
        {"kind": "blocked", "reason": "x", "clause": "KALO-10", "until": "2027-01-01T00:00:00"},
        "until",
    ),
    (
        "restrict_tenant/block",
        {"kind": "blocked", "reason": "x", "clause": "KALO-10", "until": "2020-01-01T00:00:00Z"},
        "until",
    ),
    ("hold_tenant/place", {"reason": "x" * 501, "origin": "court", "clause": "KALO-10"}, "reason"),
    ("close_tenant/termination", {"closing": "termination", "confirm": "yes"}, "confirm"),
    ("close_tenant/termination", {"closing": "purge", "confirm": "x"}, "closing"),
    ("accept_terms/accept", {"version": "0", "accept": {"terms": True, "privacy": True}}, "version"),
    ("accept_terms/accept", {"version": "1", "accept": {"terms": True}}, "accept.privacy"),
    ("place_order/quote", {"kind": "gift"}, "kind"),
    ("place_order/quote", {"kind": "upgrade", "plan": "team", "period": "P1M"}, "period"),
    ("place_order/quote", {"kind": "extra"}, "extra"),
    ("place_order/quote", {"kind": "extra", "extra": "a yacht"}, "extra"),
    ("place_order/quote", {"kind": "debt"}, "debt_id"),
    ("place_order/quote", {"plan": "starter", "period": "P1M", "gateway": "zibal"}, "gateway"),
    ("place_order/place", {"plan": "starter", "period": "P1M", "quote": "WyJ0"}, "plan"),
    ("place_order/place", {"quote": "q" * 401}, "quote"),
    ("place_order/place", {"plan": "starter", "period": "P1M", "start_now": "yes"}, "start_now"),
    ("return_money/withdraw", {"data_taken": True, "confirm": "yes"}, "confirm"),
    ("return_money/withdraw", {"data_taken": "true", "confirm": TENANT}, "data_taken"),
    ("return_money/by_operator", {"payment_id": "p_1", "amount_rials": 0}, "amount_rials"),
    ("return_money/by_operator", {"payment_id": "p_1", "amount_rials": True}, "amount_rials"),
    ("return_money/by_operator", {"payment_id": "p_1", "amount_rials": 1.5}, "amount_rials"),
    ("return_money/by_operator", {"amount_rials": 1}, "payment_id"),
    ("contest_invoice/contest", {"text": "a" * 5001}, "text"),
    ("contest_invoice/contest", {"text": "a\u0000b"}, "text"),
    ("manage_profile/put", {"national_id": "0013542418"}, "national_id"),
    ("manage_profile/put", {"postal_code": "123456789"}, "postal_code"),
    ("manage_profile/put", {"name": "6037991122334455"}, "name"),
    ("manage_profile/put", {"company": {"legal_id": "14007650912"}}, "company.name"),
    ("manage_profile/put", {"company": {"name": "x", "legal_id": "14007650913"}}, "company.legal_id"),
    ("manage_profile/put", {"company": {"name": "x", "economic_code": "123"}}, "company.economic_code"),
    ("handle_tickets/close", {"outcome": ""}, "outcome"),
    ("handle_support/open", {"text": " "}, "text"),
    ("handle_support/open", {"text": "x", "severity": "fatal"}, "severity"),
    ("handle_support/open", {"text": "x", "topic": "../x"}, "topic"),
    ("handle_support/open", {"text": "x", "outside_hours": "yes"}, "outside_hours"),
    ("handle_support/answer", {"text": "a" * 10_001}, "text"),
    ("work_on_support/recovered", {"step": "repair"}, "step"),
    ("work_on_support/classify", {"severity": "major", "reason": ""}, "reason"),
    ("work_on_support/no_fault", {"ground": "bug", "minutes": 1, "reason": "x"}, "ground"),
    ("work_on_support/no_fault", {"ground": "not_a_bug", "minutes": 0, "reason": "x"}, "minutes"),
    ("declare_days/declare", {"kind": "sunday", "reason": "x"}, "kind"),
    ("declare_days/declare", {"kind": "holiday", "reason": ""}, "reason"),
    ("handle_requests/ask", {"right": "port", "reason": ""}, "reason"),
    ("handle_requests/answer", {"text": ""}, "text"),
    ("handle_requests/extend", {"reason": ""}, "reason"),
    ("manage_profile/correct_name", {"name": ""}, "name"),
    ("change_contact/ask", {"password": "x"}, "email"),
    ("change_contact/ask", {"email": "a@b.ir", "mobile": "09350000009", "password": "x"}, "email"),
    ("change_contact/ask", {"email": "sara at example", "password": "x"}, "email"),
    ("change_contact/ask", {"mobile": "12", "password": "x"}, "mobile"),
    ("change_contact/ask", {"email": "a@b.ir"}, "password"),
    ("change_contact/ask", {"email": "a@b.ir", "password": 7}, "password"),
    ("change_contact/ask", {"email": "a@b.ir", "password": "x", "name": "Reza"}, "name"),
    ("change_contact/confirm", {"email": "a@b.ir", "code": "12345"}, "code"),
    ("change_contact/confirm", {"code": "123456"}, "email"),
    ("close_tenant/reopen", {"confirm": "x"}, "confirm"),
    ("handle_tickets/close", {"outcome": "x", "tax_id": "short"}, "tax_id"),
    ("meter_usage/billed", {"usage_id": "a b", "metric": "users", "used": 1, "billed": True}, "usage_id"),
    ("meter_usage/billed", {"usage_id": "1", "metric": "users", "used": -1, "billed": True}, "used"),
    ("keep_escrow/agree", {"partner": "../x", "title": "x", "amount_rials": 1}, "partner"),
    ("keep_escrow/agree", {"partner": "x", "title": " ", "amount_rials": 1}, "title"),
    ("propose_work/propose", {"title": "x", "amount_rials": 1}, "tenant_id"),
    ("compensate_tenant/compensate", {"amount_rials": 10**16, "reason": "x", "clause": "A"}, "amount_rials"),
    ("decide_payment/grant", {"decision": "GRANT"}, "decision"),
    ("keep_records/put", {"data": [1]}, "data"),
    ("keep_records/put", {"data": {"text": "a" * 70_000}}, "data"),
    ("set_test_clock/advance", {}, "advance"),
    ("set_test_clock/advance", {"advance": "P1D", "to": "2027-01-01T00:00:00Z"}, "advance"),
    ("set_test_clock/advance", {"to": "99999-01-01"}, "to"),
    ("confirm_contact/right_code", {"code": "12345"}, "code"),
    ("confirm_contact/right_code", {"code": 123456}, "code"),
    ("sign_in/password", {"product": "kalo", "contact": "09123456789"}, "password"),
    ("sign_in/password", {"refresh_token": "a b"}, "refresh_token"),
    ("sign_in/password", {"refresh_token": "abc", "password": "x"}, "refresh_token"),
    ("recover_password/start", {"product": "kalo", "contact": "not a contact"}, "contact"),
]


@pytest.mark.parametrize(("case", "sent", "field"), ELSEWHERE)
def test_other_calls_name_the_field_as_well(case: str, sent: Any, field: str, world: World) -> None:
    world.register()
    for language in ("fa", "en"):
        answer = _call(world, case, sent, language, **{"Idempotency-Key": ""})
        assert (answer["statusCode"], body(answer).get("field")) == (422, field), answer["body"]


NOT_JSON = [
    "",
    "{",
    "nonsense",
    '{"product": NaN}',
    '{"product": Infinity}',
    '{"product": 1e999}',
    '{"product": "kalo", "product": "kalak"}',
    '{"product": "\\ud800"}',
    '{"a":' * 30 + "1" + "}" * 30,
    "[" * 60_000,
    "1" * 5000,
]


@pytest.mark.parametrize("sent", NOT_JSON, ids=lambda value: value[:30])
def test_a_body_that_is_no_clear_json_is_malformed(sent: str, world: World) -> None:
    answer = _call(world, "register_tenant/kalo", sent)
    assert (answer["statusCode"], body(answer)["type"]) == (400, "/problems/malformed-body")


@pytest.mark.parametrize("sent", ["[]", '"text"', "null", "7"])
def test_a_body_that_is_no_object_is_refused(sent: str, world: World) -> None:
    answer = _call(world, "register_tenant/kalo", sent)
    assert (answer["statusCode"], body(answer)["field"]) == (422, "body")


def test_a_huge_body_is_refused_before_it_is_read(world: World) -> None:
    answer = _call(world, "register_tenant/kalo", '{"name": "' + "a" * 140_000 + '"}')
    assert answer["statusCode"] == 413
    # Two bytes a letter: fewer characters than bytes.
    assert _call(world, "register_tenant/kalo", '{"name": "' + "س" * 70_000 + '"}')["statusCode"] == 413


@pytest.mark.parametrize("media", ["text/plain", "application/xml", "", "application/json; charset=utf-16"])
def test_another_media_type_is_refused(media: str, world: World) -> None:
    assert _call(world, "register_tenant/kalo", REGISTRATION, **{"Content-Type": media})["statusCode"] == 415


def test_a_body_in_base64_is_read(world: World) -> None:
    event = load_event("register_tenant/kalo")
    event["body"] = base64.b64encode(event["body"].encode()).decode()
    event["isBase64Encoded"] = True
    assert world.call("register_tenant", event)["statusCode"] == 201
    assert world.call("register_tenant", event | {"body": "@@@"})["statusCode"] == 400
    latin = base64.b64encode(b'{"name": "\xe9"}').decode()
    assert world.call("register_tenant", event | {"body": latin})["statusCode"] == 400


def test_the_same_address_however_written_is_one_account(world: World) -> None:
    assert _call(world, "register_tenant/kalo", REGISTRATION)["statusCode"] == 201
    for other in (
        {"email": "SARA.AHMADI@EXAMPLE.IR", "mobile": "09350000000"},
        {"mobile": "+98 912 345 6789", "email": "b@example.ir"},
    ):
        answer = _call(world, "register_tenant/kalo", REGISTRATION | other, **{"Idempotency-Key": ""})
        assert answer["statusCode"] == 409


def test_contacts_and_codes_may_come_in_other_scripts_digits() -> None:
    assert contact("٠٩١٢٣٤٥٦٧٨٩", "contact") == contact("۰۹۱۲ ۳۴۵ ۶۷۸۹", "contact") == "+989123456789"
    assert email(" Sara۱@Example.IR ", "email") == "sara1@example.ir"


def test_every_reason_has_words_in_both_languages() -> None:
    """A reason that the code gives and the texts do not know would be told vaguely."""
    given: set[str] = set()
    for file in [*(ROOT / "layers/core/mohlat").rglob("*.py"), *(ROOT / "functions").rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "InvalidInput":
                texts = [part for part in ast.walk(node.args[1]) if isinstance(part, ast.Constant)]
                given |= {part.value for part in texts if isinstance(part.value, str)}
    assert given <= known_reasons()


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("fa", "fa"),
        ("fa-IR,fa;q=0.9,en;q=0.8", "fa"),
        ("en-GB;q=0.5, fa;q=0.7", "fa"),
        ("de, en;q=0.4", "en"),
        ("fa;q=0", "en"),
        ("*;q=0.1, nonsense;;q=x", "en"),
    ],
)
def test_the_language_is_the_callers(header: str, language: str) -> None:
    assert language_of(header) == language


def test_every_field_that_somebody_may_send_has_a_persian_name() -> None:
    """A problem in Persian calls a field by its name, and by the one that was sent."""
    read: set[str] = set()
    for file in [*(ROOT / "layers/core/mohlat").rglob("*.py"), *(ROOT / "functions").rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "fields":
                read |= {keyword.arg for keyword in node.keywords if keyword.arg}
    read |= WANTED.keys() | PROFILE.keys()
    nameless = {
        name
        for name in read
        if "«" + name + "»" in str(problem(InvalidInput(name, "is missing"), "fa", "").body["detail"])
    }
    assert nameless == set()


@pytest.mark.parametrize("cursor", ["x", "%%%", "MTA7", "\u06f1", "LTE", "A" * 5000])
def test_a_cursor_that_is_not_ours_is_refused(cursor: str, world: World) -> None:
    world.register()
    for case in ("view_tenant/timeline", "place_order/list"):
        event = load_event(case) | {"queryStringParameters": {"cursor": cursor}}
        answer = world.call(case.split("/")[0], event)
        assert (answer["statusCode"], body(answer)["field"]) == (422, "cursor")


@pytest.mark.parametrize("limit", ["0", "101", "-1", "ten", "1.5", ""])
def test_a_limit_out_of_range_is_refused(limit: str, world: World) -> None:
    world.register()
    event = load_event("view_tenant/timeline") | {"queryStringParameters": {"limit": limit}}
    assert body(world.call("view_tenant", event))["field"] == "limit"


def test_a_timeline_goes_on_from_its_cursor(world: World) -> None:
    world.register()
    world.clock.advance(days=1)
    world.replay("hold_tenant/place")
    event, seen = load_event("view_tenant/timeline"), []
    while True:
        answer = body(world.call("view_tenant", event))
        seen += [entry["seq"] for entry in answer["entries"]]
        if answer["next_cursor"] is None:
            break
        event["queryStringParameters"]["cursor"] = answer["next_cursor"]
    assert seen == [1, 2]
    # The hold's reason is not for its subject.
    assert (answer["entries"][0]["why"], answer["entries"][0]["facts"]) == (None, {})
    assert answer["entries"][0]["by"] == "operator"


@pytest.mark.parametrize("record_id", ["", ".hidden", "a/b", "x" * 65, "کلید"])
def test_a_record_id_of_another_form_is_refused(record_id: str, world: World) -> None:
    world.register()
    event = load_event("keep_records/put")
    event["pathParameters"]["record_id"] = record_id
    assert world.call("keep_records", event)["statusCode"] in (404, 422)


def test_numbers_and_text_of_a_record_come_back_as_they_were_sent() -> None:
    sent = '{"a": [1, 2.5, -0.0, true, null, "\\u200cنیم‌فاصله"], "b": {}}'
    assert parse_json(sent) == json.loads(sent)
    with pytest.raises(InvalidInput, match="email"):
        email("نشانی@example.ir", "email")
