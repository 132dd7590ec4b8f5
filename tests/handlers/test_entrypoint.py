"""What leaves a function when something goes wrong, and what a repeated request does."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from mohlat import bootstrap
from mohlat.adapters import aws
from mohlat.domain import errors
from mohlat.domain.errors import ConcurrentChange, GatewayRefused, MessagingMisconfigured, TooManyAttempts
from mohlat.domain.lifecycle import Event
from mohlat.domain.payments import Verdict
from mohlat.entrypoint import api, batch, route, task
from tests.handlers.conftest import ROOT, TENANT, Context, World, body, load_event
from tests.handlers.routes import Route, event_for

KEY = "Idempotency-Key"


def _answer_to(error: Exception, world: World) -> dict[str, Any]:
    def act(request: Any) -> Any:
        raise error

    answer: dict[str, Any] = api(route("GET", "/x", act))(
        event_for(Route("", "GET", "/x", ()), None), Context()
    )
    return answer


STATUS = {
    errors.InvalidInput: 422,
    errors.NotSignedIn: 401,
    errors.NotAllowed: 403,
    errors.NotFound: 404,
    errors.Gone: 410,
    errors.AccessRefused: 403,
    errors.Conflict: 409,
    errors.TooManyAttempts: 429,
    errors.ConcurrentChange: 409,
    errors.PurgeRefused: 409,
    errors.GatewayUnavailable: 503,
    errors.GatewayRefused: 502,
    errors.MessagingMisconfigured: 500,
}


@pytest.mark.parametrize(
    ("error", "status"), STATUS.items(), ids=lambda value: getattr(value, "__name__", value)
)
def test_each_error_has_its_status(error: type[Exception], status: int, world: World) -> None:
    raised = error("field", "is missing") if error is errors.InvalidInput else error()
    answer = _answer_to(raised, world)
    assert answer["statusCode"] == body(answer)["status"] == status


def test_an_error_that_nobody_expected_says_nothing_of_itself(world: World) -> None:
    answer = _answer_to(RuntimeError("table tenants, key 0912"), world)
    assert answer["statusCode"] == 500
    assert "0912" not in answer["body"]
    assert "RuntimeError" in world.logs.getvalue()


def test_what_went_wrong_at_the_gateway_stays_here_and_when_to_try_again_is_told(world: World) -> None:
    answer = _answer_to(errors.GatewayUnavailable(answer="merchant x"), world)
    assert answer["headers"]["Retry-After"] == "30"
    assert (
        "merchant" not in answer["body"] + _answer_to(GatewayRefused(code=-11, merchant="x"), world)["body"]
    )
    assert int(_answer_to(TooManyAttempts(), world)["headers"]["Retry-After"]) > 0


def test_a_route_that_is_not_there_is_not_found_and_another_method_is_named_so(world: World) -> None:
    event = load_event("view_tenant/status")
    assert world.call("view_tenant", event | {"resource": "/nothing"})["statusCode"] == 404
    assert world.call("view_tenant", event | {"httpMethod": "PATCH"})["statusCode"] == 405


def test_a_tasks_error_leaves_under_its_own_name() -> None:
    @task
    def handler(event: Any, context: Any) -> None:
        raise ConcurrentChange(tenant_id=TENANT)

    with pytest.raises(ConcurrentChange):
        handler({"tenant_id": TENANT}, Context())


# --- repeated requests --------------------------------------------------------------------------------------


def test_a_repeated_registration_with_its_key_is_answered_as_the_first_time(world: World) -> None:
    first, again = (world.replay("register_tenant/kalo") for _ in range(2))
    assert (again["statusCode"], body(again)) == (201, body(first))
    assert again["headers"]["Location"] == first["headers"]["Location"]


def test_without_a_key_a_repetition_is_a_second_request(world: World) -> None:
    event = load_event("register_tenant/kalo")
    del event["headers"][KEY]
    assert [world.call("register_tenant", event)["statusCode"] for _ in range(2)] == [201, 409]


def test_a_key_with_another_body_is_refused(world: World) -> None:
    world.replay("register_tenant/kalo")
    event = load_event("register_tenant/kalo")
    event["body"] = event["body"].replace("kalo", "kalak")
    answer = world.call("register_tenant", event)
    assert (answer["statusCode"], body(answer)["field"]) == (422, KEY)


def test_a_key_is_the_callers_own(world: World) -> None:
    """Whoever else sends the same key is somebody else."""
    world.register()
    first = body(world.replay("place_order/place"))
    event = load_event("place_order/place")
    event["requestContext"]["authorizer"]["claims"]["cognito:username"] = "u_00000000000000000000000055"
    assert body(world.call("place_order", event))["order_id"] != first["order_id"]
    assert body(world.replay("place_order/place")) == first


def test_a_failed_request_may_be_repeated_with_its_key(world: World) -> None:
    world.register()
    world.gateway.silent = True
    assert world.replay("place_order/place")["statusCode"] == 503
    world.gateway.silent = False
    assert world.replay("place_order/place")["statusCode"] == 201


@pytest.mark.parametrize("key", ["short", "ک" * 20, "a" * 129, "with a space in it"])
def test_a_key_of_another_form_is_refused(key: str, world: World) -> None:
    event = load_event("register_tenant/kalo")
    event["headers"][KEY] = key
    assert body(world.call("register_tenant", event))["field"] == KEY


def test_what_is_remembered_of_a_request_holds_no_personal_data(world: World) -> None:
    world.replay("register_tenant/kalo")
    stored = json.dumps(aws.client("dynamodb").scan(TableName="answers")["Items"])
    for personal in ("sara", "912345", "narenj", "\\u0633\\u0627\\u0631\\u0627"):
        assert personal not in stored.lower()


# --- money, messages, recovery ------------------------------------------------------------------------------


def test_a_callback_may_be_reloaded(world: World) -> None:
    world.register()
    world.replay("place_order/place")
    world.gateway.paid = True
    first, again = (world.replay("pay_callback/paid") for _ in range(2))
    assert first["body"] == again["body"]
    assert bootstrap.tenants().get(TENANT).version == 3


def test_a_payment_that_does_not_match_is_held_and_counted(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.register()
    world.replay("place_order/place")
    world.gateway.verdict = Verdict.AMOUNT_MISMATCH
    capsys.readouterr()
    assert body(world.replay("pay_callback/cancelled"))["status"] == "held"
    metric = json.loads(capsys.readouterr().out)
    assert metric["PaymentHeld"] == [1.0]
    assert metric["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Mohlat"


def test_a_misconfigured_provider_is_counted_and_the_message_kept(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.register()
    world.mail.failing = MessagingMisconfigured()
    capsys.readouterr()
    assert len(world.replay("send_notices/registration")["batchItemFailures"]) == 1
    assert json.loads(capsys.readouterr().out)["MessagingMisconfigured"] == [1.0]


def test_a_late_deadline_is_measured(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.register()
    world.clock.advance(days=23, hours=2)
    world.replay("advance_tenant/remind")
    event = load_event("dispatch_stream/registration")
    event["Records"] = event["Records"][1:2]
    event["Records"][0]["dynamodb"]["Keys"]["sk"]["S"] = "J#00000002"
    capsys.readouterr()
    world.call("dispatch_stream", event)
    assert json.loads(capsys.readouterr().out)["LateCarryOut"] == [7200.0]


def test_a_deletion_that_nobody_could_be_warned_of_is_put_off_and_rings(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.register()
    wake = load_event("advance_tenant/remind")
    world.clock.advance(days=70)
    world.call("advance_tenant", wake)
    world.clock.advance(days=2)
    world.call("advance_tenant", wake | {"deadline": "purge"})
    deferred = bootstrap.tenants().get(TENANT).version
    assert bootstrap.tenants().entry(TENANT, deferred).event is Event.DELETION_WARNED
    event = load_event("dispatch_stream/registration")
    event["Records"] = event["Records"][1:2]
    event["Records"][0]["dynamodb"]["Keys"]["sk"]["S"] = f"J#{deferred - 1:08d}"
    capsys.readouterr()
    world.call("dispatch_stream", event)
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["PurgeDeferred"] == [1.0]


def test_a_finished_recovery_tells_nothing_of_whom_it_concerns(world: World) -> None:
    """Known or not, asked for or not, tries left or not: one answer."""
    world.register()
    event = load_event("recover_password/finish")
    unknown = json.loads(event["body"]) | {"contact": "nobody@example.ir"}
    answers = [world.call("recover_password", event | {"body": json.dumps(unknown)})]
    answers.append(world.replay("recover_password/finish"))
    world.replay("send_notices/recovery_code")
    wrong = event | {"body": event["body"].replace("000001", "999999")}
    answers += [world.call("recover_password", wrong) for _ in range(7)]
    assert {(answer["statusCode"], answer["body"]) for answer in answers} == {(422, answers[0]["body"])}


def test_no_password_tells_a_stranger_whose_contact_it_is(world: World) -> None:
    """A refusal for holding the owner's name would, before any code was shown."""
    world.register()
    event = load_event("recover_password/finish")
    answers = []
    for contact in ("sara.ahmadi@example.ir", "nobody@example.ir"):
        sent = json.loads(event["body"]) | {"contact": contact, "password": "سارا-احمدی-72-xyz"}
        answers.append(world.call("recover_password", event | {"body": json.dumps(sent)}))
    assert answers[0]["body"] == answers[1]["body"]


# --- laws ---------------------------------------------------------------------------------------------------

APPS = sorted((ROOT / "functions").glob("*/app.py"))


@pytest.mark.parametrize("file", APPS, ids=lambda file: file.parent.name)
def test_a_handler_translates_and_stays_short(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    # Imports do nothing; what is written below them does.
    _docstring, *statements = ast.parse(text).body
    first = next(each.lineno for each in statements if not isinstance(each, ast.Import | ast.ImportFrom))
    assert len([line for line in text.splitlines()[first - 1 :] if line]) <= 60
    assert "boto3" not in text
    assert "mohlat.adapters" not in text


@pytest.mark.parametrize("error", [ConcurrentChange, ValueError])
def test_of_a_batch_only_what_failed_comes_back(error: type[Exception], world: World) -> None:
    records = [{"messageId": f"m{number}"} for number in range(3)]
    done = []

    def act(record: Any) -> None:
        done.append(record)
        if record is records[1]:
            raise error

    answer = batch(lambda record: str(record["messageId"]), act)({"Records": records}, Context())
    assert done == records
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
