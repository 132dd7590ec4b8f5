"""The cases of the stored events that are about running a product: news, maintenance, incidents, its end."""

from __future__ import annotations

from datetime import timedelta

from mohlat import bootstrap
from tests.handlers.cases import Case, first_registered, has
from tests.handlers.conftest import TENANT, World, body

WINDOW = "w_00000000000000000000000003"
INCIDENT = "y_00000000000000000000000003"


def with_news(world: World) -> None:
    first_registered(world)
    assert world.replay("operate_service/post_news")["statusCode"] == 201
    world.clock.time += timedelta(seconds=5)


def planned(world: World) -> None:
    first_registered(world)
    assert world.replay("plan_maintenance/plan_window")["statusCode"] == 201


def moved(world: World) -> None:
    planned(world)
    assert world.replay("plan_maintenance/move_window")["statusCode"] == 200


def opened(world: World) -> None:
    planned(world)
    world.clock.time += timedelta(hours=13, minutes=30)


def troubled(world: World) -> None:
    first_registered(world)
    assert world.replay("operate_service/note_incident")["statusCode"] == 201


def ending(world: World) -> None:
    first_registered(world)
    assert world.replay("operate_service/plan_wind_down")["statusCode"] == 201


def at_its_end(world: World) -> None:
    ending(world)
    world.clock.time += timedelta(days=49)


def leased(world: World) -> None:
    world.register_at("saman360")


def events_of(tenant_id: str) -> list[str]:
    return [entry.event.value for entry in bootstrap.tenants().journal(tenant_id)]


def all_lanes(world: World) -> bool:
    """Whether going through the other lanes as well reached the one customer, once."""
    runner = bootstrap.round_runner()
    for number in range(16):
        runner.step("kalo", "n_00000000000000000000000003-told", number)
    return events_of(TENANT) == ["tenant_registered", "announced"]


CASES = {
    "operate_service/post_news": Case(
        201, first_registered, [has(news_id="n_00000000000000000000000003", title="New reports")]
    ),
    "operate_service/news_in_one_language": Case(422, first_registered, [has(field="titles.fa")]),
    "operate_service/rounds": Case(
        200,
        with_news,
        [lambda _, answer: [each["finished_at"] for each in body(answer)["rounds"]] == [None]],
    ),
    "plan_maintenance/plan_window": Case(
        201,
        first_registered,
        [has(window_id=WINDOW, status="planned", counts_as_downtime=False, clause="KALO-7")],
    ),
    "plan_maintenance/plan_window_too_soon": Case(
        422,
        first_registered,
        [
            has(field="starts_at", clause="KALO-7"),
            lambda _, answer: body(answer)["details"]["earliest"] == "2026-01-31T20:00:00Z",
        ],
    ),
    "plan_maintenance/windows": Case(
        200, planned, [lambda _, answer: [each["window_id"] for each in body(answer)["windows"]] == [WINDOW]]
    ),
    "plan_maintenance/window": Case(
        200, planned, [lambda _, answer: body(answer)["announcement"]["told"] == 0]
    ),
    "plan_maintenance/move_window": Case(
        200, planned, [has(starts_at="2026-02-02T21:00:00Z", revision=2, status="planned")]
    ),
    "plan_maintenance/move_window_nowhere": Case(422, planned, [has(field="starts_at")]),
    "plan_maintenance/cancel_window": Case(200, planned, [has(status="cancelled")]),
    "plan_maintenance/cancel_window_until": Case(422, planned, [has(field="until")]),
    "plan_maintenance/prolong_window": Case(
        200, opened, [has(status="open", until="2026-02-01T01:00:00Z", ends_at="2026-01-31T23:00:00Z")]
    ),
    "plan_maintenance/end_window": Case(
        200, opened, [has(status="ended", ended_at="2026-01-31T21:30:00Z", counts_as_downtime=True)]
    ),
    "operate_service/note_incident": Case(
        201, first_registered, [has(incident_id=INCIDENT, ended_at=None, affected=[])]
    ),
    "operate_service/note_incident_ahead": Case(422, first_registered, [has(field="started_at")]),
    "operate_service/incidents": Case(
        200, troubled, [lambda _, answer: body(answer)["incidents"][0]["incident_id"] == INCIDENT]
    ),
    "operate_service/end_incident": Case(
        200, troubled, [has(cause="human_error", ended_at="2026-01-31T07:30:00Z")]
    ),
    "operate_service/close_month": Case(202, leased, [has(round_id="uptime-1404-10", clause="SAMAN-4.6")]),
    "operate_service/close_running_month": Case(422, leased, [has(field="month")]),
    "operate_service/close_odd_month": Case(422, leased, [has(field="month")]),
    "operate_service/plan_wind_down": Case(
        201, first_registered, [has(status="planned", access_until="2027-03-21T00:00:00Z", clause="KALO-9")]
    ),
    "operate_service/plan_wind_down_too_soon": Case(422, first_registered, [has(field="ends_at")]),
    "operate_service/wind_down": Case(200, ending, [has(status="planned")]),
    "operate_service/cancel_wind_down": Case(200, ending, [has(status="cancelled")]),
    "read_status/status": Case(
        200,
        troubled,
        [
            has(state="trouble", ends=None, maintenance=[]),
            lambda _, answer: "affected" not in body(answer)["incidents"][0],
        ],
    ),
    "read_status/status_atom": Case(
        200,
        troubled,
        [
            lambda _, answer: answer["headers"]["Content-Type"].startswith("application/atom+xml"),
            lambda _, answer: "Slowness" in answer["body"],
        ],
    ),
    "read_status/status_of_nothing": Case(404),
    "read_status/news": Case(
        200, with_news, [lambda _, answer: body(answer)["news"][0]["title"] == "New reports"]
    ),
    "read_status/news_atom": Case(
        200, with_news, [lambda _, answer: "<title>New reports</title>" in answer["body"]]
    ),
    "read_status/uptime": Case(
        200,
        leased,
        [has(month="1404-11", uptime_percent=100.0, promised_percent=98.5, kept=True, lost_seconds=0)],
    ),
    "read_status/uptime_of_no_month": Case(422, leased, [has(field="month")]),
    "carry_service/lane": Case(
        None, with_news, [lambda _, answer: answer["decided"] is True, lambda world, _: all_lanes(world)]
    ),
    "carry_service/window": Case(
        None,
        opened,
        [
            lambda _, answer: (answer["decided"], answer["wake_at"]) == (False, "2026-01-31T23:00:00Z"),
            lambda _, __: bootstrap.service().window("kalo", WINDOW).status.value == "open",
        ],
    ),
    # A wait of its own for the new instant; the one before finds nothing to do.
    "dispatch_stream/window_moved": Case(
        None, moved, [lambda world, _: world.executions("service") == [f"kalo-{WINDOW}-0-v2"]]
    ),
    "carry_service/wind_down": Case(
        None,
        at_its_end,
        [
            lambda _, answer: answer["decided"] is True,
            lambda _, __: bootstrap.wind_down_desk().get("kalo").status.value == "started",
        ],
    ),
    "close_months/daily": Case(None, leased, [lambda _, answer: answer == {"closed": 1}]),
}
