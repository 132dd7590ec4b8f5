"""One can follow a tenant and an execution: from a request to its journal entry, and to what comes of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mohlat.domain.errors import NotFound, UnderMaintenance
from mohlat.entrypoint import api, route
from tests.handlers.conftest import TENANT, Context, World, load_event
from tests.handlers.routes import Route, event_for
from tests.handlers.test_events import CASES
from tests.handlers.test_releases import RELEASES
from tests.template import cloudformation as cf

INPUTS = {each["case"]: each["input"] for each in json.loads(RELEASES[-1].read_text())["inputs"]}
# Tasks that are about a product and all its customers.
OF_NO_TENANT = ("carry_service",)


def lines(world: World) -> list[dict[str, Any]]:
    """What was logged so far."""
    return [json.loads(line) for line in world.logs.getvalue().splitlines()]


def forget(world: World) -> None:
    world.logs.seek(0)
    world.logs.truncate()


@pytest.mark.parametrize("case", INPUTS)
def test_each_line_of_a_task_names_its_execution_and_whose_it_is(case: str, world: World) -> None:
    CASES[case].given(world)
    forget(world)
    world.call(case.split("/", maxsplit=1)[0], INPUTS[case])
    for line in lines(world):
        assert line["execution"] == INPUTS[case]["execution"], line
        assert line["invocation"] == Context.aws_request_id
        if not case.startswith(OF_NO_TENANT):
            assert line["tenant_id"] == TENANT, line


def test_a_task_that_fails_names_its_tenant_too(world: World) -> None:
    """A payment's input holds no tenant: it is read first, and named before anything can go wrong."""
    CASES["settle_payment/paid"].given(world)
    world.gateways.clear()
    forget(world)
    with pytest.raises(NotFound):
        world.call("settle_payment", INPUTS["settle_payment/paid"])
    [line] = lines(world)
    assert (line["message"], line["tenant_id"]) == ("not done", TENANT)


REQUESTS = """
register_tenant/kalo confirm_contact/right_code sign_in/password view_tenant/status place_order/place
pay_callback/paid restrict_tenant/block keep_records/put
""".split()


@pytest.mark.parametrize("case", REQUESTS)
def test_the_last_line_of_a_request_names_it_and_its_tenant(case: str, world: World) -> None:
    CASES[case].given(world)
    forget(world)
    world.replay(case)
    answered = lines(world)[-1]
    assert answered["message"] == "answered"
    event = load_event(case)
    assert answered["request_id"] == event["requestContext"]["requestId"]
    assert answered["route"] == f"{event['httpMethod']} {event['resource']}"
    assert answered["tenant_id"] == TENANT


def test_a_request_can_be_followed_to_the_message_that_it_brings_about(world: World) -> None:
    world.replay("register_tenant/kalo")
    [entry] = [line for line in lines(world) if line["message"] == "journal entry"]
    assert entry["request_id"] == load_event("register_tenant/kalo")["requestContext"]["requestId"]
    assert (entry["tenant_id"], entry["seq"], entry["event"]) == (TENANT, 1, "tenant_registered")

    forget(world)
    world.replay("dispatch_stream/registration")
    [started] = [line for line in lines(world) if line["message"] == "started"]
    assert (started["tenant_id"], started["seq"], started["machine"]) == (TENANT, 1, "subscription")
    assert world.executions("subscription") == [started["started"]]

    forget(world)
    world.replay("send_notices/registration")
    sent = [line for line in lines(world) if line["message"] == "notice"]
    assert {(line["tenant_id"], line["seq"], line["status"]) for line in sent} == {(TENANT, 1, "sent")}


def test_a_record_of_a_batch_is_not_taken_for_the_one_before_it(world: World) -> None:
    world.replay("register_tenant/kalo")
    event = load_event("send_notices/registration")
    [first] = event["Records"]
    gone = "t_00000000000000000000000099"
    strange = first | {
        "body": json.dumps({"tenant_id": gone, "username": "u", "code": "confirm", "channel": "sms"})
    }
    broken = first | {"body": "not JSON"}
    forget(world)
    world.call("send_notices", event | {"Records": [first, strange, broken]})
    named = [(line["message"], line.get("tenant_id"), line.get("seq")) for line in lines(world)]
    assert named[-2:] == [("purged since", gone, None), ("failed", None, None)]
    assert set(named[:-2]) == {("notice", TENANT, 1)}


def test_a_window_of_maintenance_is_no_failure(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """It answers 503 to everybody for hours, as announced: nobody has to be woken for it."""

    def act(request: Any) -> Any:
        raise UnderMaintenance(retry_after=60)

    answer = api(route("GET", "/x", act))(event_for(Route("", "GET", "/x", ()), None), Context())
    assert answer["statusCode"] == 503
    assert {line["level"] for line in lines(world)} == {"INFO"}
    assert json.loads(capsys.readouterr().out)["UnderMaintenance"] == [1.0]


@pytest.mark.parametrize("workflow", cf.workflows())
def test_every_task_is_told_the_execution_that_calls_it(workflow: str) -> None:
    for name, state in cf.machine(workflow)["States"].items():
        if state["Type"] == "Task":
            assert state["Parameters"]["Payload"]["execution.$"] == "$$.Execution.Name", name
