"""What strangers send where no token is asked for, and what clients send that is not what we gave them.

Payment callbacks of all four gateways, mail, links of unsubscribing, sync batches, cursors and quotes: no
error of ours comes of it, nothing that was kept is lost, and nothing happens that nobody had a right to.
"""

from __future__ import annotations

import base64
import json
import string
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mohlat import bootstrap
from mohlat.adapters.gateways.behpardakht import Behpardakht
from mohlat.adapters.gateways.sep import Sep
from mohlat.adapters.gateways.zarinpal import ZarinPal
from mohlat.adapters.gateways.zibal import Zibal
from mohlat.domain.errors import InvalidInput
from mohlat.domain.payments import PaymentStatus
from mohlat.presentation.letters import MalformedMail, read_notification
from tests.handlers.conftest import TENANT, World, body, load_event
from tests.handlers.described import assert_answer_is_as_described

PERSIAN = str.maketrans(string.digits, "۰۱۲۳۴۵۶۷۸۹")
ARABIC = str.maketrans(string.digits, "٠١٢٣٤٥٦٧٨٩")


def fuzz(examples: int) -> Callable[[Any], Any]:
    """The same examples in every run; a world may be used by all of them, one after the other."""
    return settings(
        max_examples=examples,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


ODD_TEXT = (
    st.text(max_size=60)
    | st.sampled_from(
        ["", "\x00", "\u202e1", "-1", "0", "1" * 400, "OK", "NOK", "null", "{}", "A" * 36, "%00"]
    )
    | st.integers(-(10**20), 10**20).map(str)
    | st.integers(0, 10**15).map(lambda number: str(number).translate(PERSIAN))
)
NAMES = (
    "Authority Status trackId success status orderId ResNum RefNum State TraceNo Token MID TerminalId "
    "RRN Amount SaleOrderId SaleReferenceId ResCode RefId CardHolderPan FinalAmount"
).split()


def _ask(world: World, name: str, **changes: Any) -> dict[str, Any]:
    event = load_event(name) | changes
    event["headers"] = {k: v for k, v in event["headers"].items() if k != "Idempotency-Key"}
    world.clock.advance(minutes=1)
    answer: dict[str, Any] = world.call(name.split("/", maxsplit=1)[0], event)
    assert answer["statusCode"] < 500, (changes, answer["body"])
    assert_answer_is_as_described(event, answer)
    return answer


# --- payments -----------------------------------------------------------------------------------------------

GATEWAYS = {
    "zarinpal": ZarinPal("https://gateway.example", ""),
    "zibal": Zibal("https://gateway.example", ""),
    "sep": Sep("https://gateway.example", ""),
    "behpardakht": Behpardakht("https://gateway.example", "", "", ""),
}


@pytest.mark.parametrize("name", GATEWAYS)
@fuzz(150)
@given(st.dictionaries(st.sampled_from(NAMES), ODD_TEXT, max_size=8))
def test_what_a_gateways_callback_brings_is_read_or_refused_by_its_field(
    name: str, parameters: dict[str, str]
) -> None:
    try:
        callback = GATEWAYS[name].read_callback(parameters)
    except InvalidInput as error:
        refused = error
    else:
        refused = None
    if refused:
        assert refused.details["field"] in NAMES
        return
    for text in (callback.authority, callback.receipt or "0"):
        # It finds a row and stands in logs and addresses: nothing but what gateways give out.
        assert text.isascii(), parameters
        assert text.isprintable(), parameters


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_callback_grants_what_the_gateway_does_not_confirm(method: str, world: World) -> None:
    world.register()
    payment_id = body(world.replay("place_order/place"))["payment"]["payment_id"]
    authority = bootstrap.payments().get(payment_id).authority
    before = bootstrap.tenants().get(TENANT)
    values = ODD_TEXT | st.just(authority)

    @fuzz(50)
    @given(
        st.dictionaries(st.sampled_from(NAMES), values, max_size=8),
        st.sampled_from(sorted(GATEWAYS)),
        st.booleans(),
    )
    def comes_back(parameters: dict[str, str], gateway: str, page: bool) -> None:
        told: dict[str, Any] = {"queryStringParameters": parameters or None}
        event = load_event("pay_callback/paid")
        if method == "POST":
            told = {"queryStringParameters": None, "body": urlencode(parameters, errors="replace")}
            event["headers"]["Content-Type"] = "application/x-www-form-urlencoded"
        event["headers"]["Accept"] = "text/html" if page else "application/json"
        told |= {"httpMethod": method, "pathParameters": {"gateway": gateway}, "headers": event["headers"]}
        _ask(world, "pay_callback/paid", **told)

    comes_back()
    assert bootstrap.payments().get(payment_id).status in (PaymentStatus.PENDING, PaymentStatus.CANCELLED)
    assert bootstrap.tenants().get(TENANT) == before


# --- mail ---------------------------------------------------------------------------------------------------

CHARSETS = (
    "utf-8 windows-1256 iso-8859-6 utf-7 utf-16 idna punycode undefined base64 hex rot13 unicode_escape "
    "raw_unicode_escape no-such-charset x\x00y \u202eutf-8 us-ascii"
).split(" ")
SENDERS = (
    "Customer <Sara.Ahmadi@example.ir>",
    "Sara.Ahmadi@example.ir, other@example.ir",
    "=?utf-8?q?Sara=0D=0AFrom:_x@y.ir?= <Sara.Ahmadi@example.ir>",
    "<sara.ahmadi@example.ir> <x@example.ir>",
    "sara.ahmadi@example.ir\r\nFrom: x@example.ir",
    "sara.ahmadi@example.ir\r\n\tx@example.ir",
    '"sara.ahmadi@example.ir" <x@example.ir>',
    "group: sara.ahmadi@example.ir;",
    "sara.ahmadi@example.ir\u202e",
    "s\u0430ra.ahmadi@example.ir",
    "=?utf-8?b?gA==?=",
    "=?no-such?q?x?= <sara.ahmadi@example.ir>",
    "",
    "@",
    "(((((" * 50,
    "<" * 1500,
    "a" * 5000 + "@example.ir",
)
SUBJECTS = ("=?utf-8?b?2KzYs9in2Kg=?=", "=?x?q?=80?=", "", "a" * 3000, "=?utf-8?q?", "\x00", "\u202eevil")
TYPES = (
    "text/plain",
    "text/html",
    "multipart/mixed; boundary=b",
    "multipart/mixed",
    "multipart/alternative; boundary=b",
    "multipart/related; boundary=b",
    "message/rfc822",
    "message/partial",
    "image/png",
    "application/octet-stream; name*=utf-8''%ff%fe",
    "text/plain; charset*0*=utf-8'x'%; charset*1=\u06f1",
    "/",
    "; ; ;",
    "text/plain; charset",
)
ENCODINGS = ("8bit", "base64", "quoted-printable", "x-uuencode", "none such", "")
BODIES = (
    st.binary(max_size=300)
    | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.sampled_from(
        [
            b"",
            b"=" * 300,
            b"=ZZ=\r\n=3",
            b"<" * 3000,
            b"<!--" * 800,
            b"<script>" * 300,
            b"&#x110000;&#xD800;&#0;&bogus;" * 20,
            b"\r\n--b\r\n" * 60,
            b"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" * 60,
            b"Content-Type: message/rfc822\r\n\r\n" * 60,
            "لطفاً حساب مرا ببندید \u202eyes".encode(),
            "\u06f1\u06f2\u06f3".encode("windows-1256", "replace"),
            b"begin 666 x\r\n" + b"M" * 100,
            b"a" * 60_000,
        ]
    )
)


@st.composite
def _letters(draw: st.DrawFn) -> bytes:
    """A mail that is wrong in some ways at once."""
    lines = [
        f"From: {draw(st.sampled_from(SENDERS))}",
        f"Subject: {draw(st.sampled_from(SUBJECTS))}",
        f"Content-Type: {draw(st.sampled_from(TYPES))}; charset={draw(st.sampled_from(CHARSETS))}",
        f"Content-Transfer-Encoding: {draw(st.sampled_from(ENCODINGS))}",
    ]
    dropped = draw(st.integers(0, 12))
    lines = [line for number, line in enumerate(lines) if number != dropped]
    if draw(st.booleans()):
        lines.append(
            draw(st.sampled_from(["\x00: x", ": y", "From", "Subject: again", "Bcc: a\rb", "X" * 3000]))
        )
    end = draw(st.sampled_from(["\r\n", "\n", "\r"]))
    return end.join([*lines, "", ""]).encode("utf-8", "surrogatepass") + draw(BODIES)


def _notification(raw: bytes, **receipt: Any) -> str:
    told = json.loads(load_event("receive_mail/question")["Records"][0]["Sns"]["Message"])
    told["content"] = base64.b64encode(raw).decode()
    told["receipt"] |= receipt
    return json.dumps(told)


@fuzz(400)
@given(_letters())
def test_a_mail_is_read_clean_and_bounded_or_put_aside(raw: bytes) -> None:
    try:
        mail = read_notification(_notification(raw))
    except MalformedMail:
        return
    for text in (mail.subject, mail.text, mail.letter):
        assert not set(text) & set("\x00\r\x1b\u202e\u2067"), text
        text.encode()
    assert len(mail.text.encode()) <= 10 * 1024
    assert mail.sender.isascii()
    # Whoever wrote a single From line with a single address is its sender, and nobody else.
    assert raw.lower().count(mail.sender.encode()) >= 1


@pytest.mark.parametrize("charset", CHARSETS)
def test_no_charset_loses_a_letter(charset: str) -> None:
    """What cannot be decoded is read as far as it can: a person looks at it."""
    head = f'From: sara.ahmadi@example.ir\r\nContent-Type: text/plain; charset="{charset}"\r\n\r\n'
    assert read_notification(_notification(head.encode() + b"close my account")).sender


@pytest.mark.parametrize(
    "change",
    [
        {"mail": {"timestamp": "0001-01-01T00:00:00+14:00", "messageId": "m"}},
        {"mail": {"timestamp": 7, "messageId": "m"}},
        {"mail": {"timestamp": "2026-01-31T08:00:00Z", "messageId": "a\r\nb"}},
        {"mail": []},
        {"receipt": {"recipients": 7, "action": {}}},
        {"receipt": {"recipients": [], "action": None}},
        {"receipt": {"recipients": ["x"], "action": {}, "spfVerdict": "PASS"}},
        {"content": None},
        {"content": "\ud800"},
        {"notificationType": "Bounce"},
    ],
    ids=repr,
)
def test_a_notification_of_another_form_is_put_aside(change: dict[str, Any]) -> None:
    told = json.loads(load_event("receive_mail/question")["Records"][0]["Sns"]["Message"]) | change
    with pytest.raises(MalformedMail):
        read_notification(json.dumps(told))


def test_no_mail_that_is_not_proved_does_anything(world: World) -> None:
    world.register()
    before = bootstrap.tenants().get(TENANT)
    event = load_event("receive_mail/closing")
    verdicts = st.sampled_from(["FAIL", "GRAY", "PROCESSING_FAILED", "", "pass ", "PASS\u200c", "\u202ePASS"])

    @fuzz(40)
    @given(_letters(), st.sampled_from(["spfVerdict", "dkimVerdict", "dmarcVerdict"]), verdicts)
    def arrives(raw: bytes, name: str, verdict: str) -> None:
        event["Records"][0]["Sns"]["Message"] = _notification(raw, **{name: {"status": verdict}})
        [became] = world.call("receive_mail", event)
        assert became["outcome"] in ("not_understood", "not_proved"), became

    arrives()
    assert bootstrap.tenants().get(TENANT) == before


def test_any_mail_of_the_owner_is_taken_and_none_makes_the_function_fail(world: World) -> None:
    world.register()
    event = load_event("receive_mail/question")

    @fuzz(40)
    @given(_letters(), st.uuids(version=4))
    def arrives(raw: bytes, number: Any) -> None:
        told = json.loads(_notification(raw))
        told["mail"]["messageId"] = str(number)
        event["Records"][0]["Sns"]["Message"] = json.dumps(told)
        for expected in ({}, {"repeated", "not_understood", "unknown_sender", "continued", "support"}):
            [became] = world.call("receive_mail", event)
            assert not expected or became["outcome"] in expected, became

    arrives()


# --- links, quotes, cursors, batches ------------------------------------------------------------------------


def test_no_link_but_the_one_that_was_sent_takes_a_consent_back(world: World) -> None:
    from tests.handlers.privacy_cases import shopping, standing

    shopping(world)
    sent = load_event("unsubscribe/stop")["pathParameters"]
    before = dict(standing())
    parts = {
        "account": st.just(sent["account"]) | ODD_TEXT | st.just(sent["account"].lower()),
        "purpose": st.just(sent["purpose"]) | ODD_TEXT | st.sampled_from(["e", "m", "s", "p"]),
        "token": ODD_TEXT
        | st.integers(1, 30).map(lambda cut: sent["token"][:-cut])
        | st.sampled_from([sent["token"].upper(), sent["token"].translate(ARABIC), sent["token"] + "\n"]),
    }

    @fuzz(60)
    @given(st.fixed_dictionaries(parts), st.sampled_from(["page", "stop"]))
    def opens(path: dict[str, str], what: str) -> None:
        if path == sent:
            return
        answer = _ask(world, f"unsubscribe/{what}", pathParameters=path)
        assert answer["statusCode"] == 404, path

    opens()
    assert dict(standing()) == before


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def test_a_quote_that_is_not_ours_sells_nothing(world: World) -> None:
    world.register()
    quoted = body(world.replay("place_order/quote"))["quote"]
    parts = json.loads(base64.urlsafe_b64decode(quoted + "=" * (-len(quoted) % 4)))
    texts = ODD_TEXT | st.sampled_from(
        [
            "term",
            "P1M",
            "PT0S",
            "P0D",
            "2026-01-31T08:00:00",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59Z",
        ]
    )

    def encoded(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    changed = st.tuples(st.integers(0, len(parts) - 1), JSON | texts).map(
        lambda change: encoded([*parts[: change[0]], change[1], *parts[change[0] + 1 :]])
    )
    others = (
        ODD_TEXT | JSON.map(encoded) | st.binary(max_size=60).map(lambda raw: base64.b64encode(raw).decode())
    )

    @fuzz(120)
    @given(changed | others)
    def orders(token: str) -> None:
        answer = _ask(world, "place_order/place", body=json.dumps({"quote": token}))
        if answer["statusCode"] == 422:
            assert body(answer)["field"], token
        if answer["statusCode"] == 201:
            assert body(answer)["amount_rials"] == parts[-1], token

    orders()


def test_no_cursor_leads_anywhere_but_on(world: World) -> None:
    from tests.handlers.sync_cases import brought

    brought(world)
    raw = st.binary(max_size=40).map(lambda text: base64.urlsafe_b64encode(text).decode())
    numbers = st.integers(-5, 10**14).map(
        lambda number: base64.urlsafe_b64encode(str(number).encode()).decode()
    )
    lists = ("view_tenant/timeline", "place_order/list", "keep_records/list", "synchronize_records/read")

    @fuzz(60)
    @given(
        ODD_TEXT | raw | numbers | st.sampled_from(["MQ==", "MQ", "MQ=", "M Q", "\u06f1"]),
        st.sampled_from(lists),
    )
    def asks(cursor: str, name: str) -> None:
        answer = _ask(world, name, queryStringParameters={"cursor": cursor})
        if answer["statusCode"] == 422:
            assert body(answer)["field"] == "cursor"

    asks()


def test_a_batch_is_taken_whole_or_refused_by_its_place_and_loses_nothing(world: World) -> None:
    from tests.handlers.sync_cases import brought

    brought(world)
    good = json.loads(load_event("synchronize_records/bring")["body"])
    kept = body(world.replay("keep_records/list"))["records"]
    member = st.sampled_from(["id", "record_id", "edited_at", "seen", "data", "extra", "device"])
    value = (
        JSON | ODD_TEXT | st.sampled_from(["9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "../x", "."])
    )

    @fuzz(60)
    @given(st.dictionaries(member, value, min_size=1, max_size=3), st.integers(0, 3))
    def brings(changes: dict[str, Any], place: int) -> None:
        batch = json.loads(json.dumps(good))
        for number, change in enumerate(batch["changes"]):
            change["id"] = f"f-{world.clock.now().timestamp():.0f}-{number}"
        batch["changes"].insert(place, {**batch["changes"][0], "id": "f-x", "record_id": "fuzzed", **changes})
        answer = _ask(world, "synchronize_records/bring", body=json.dumps(batch))
        if answer["statusCode"] == 422:
            assert body(answer)["field"].startswith("changes."), answer["body"]
        else:
            assert len(body(answer)["outcomes"]) == len(batch["changes"])

    brings()
    left = {each["record_id"] for each in body(world.replay("keep_records/list"))["records"]}
    assert {each["record_id"] for each in kept} <= left
