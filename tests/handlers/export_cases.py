"""The cases of the stored events that are about exports, backups and restorations."""

from __future__ import annotations

import json
from datetime import timedelta

from mohlat import bootstrap
from mohlat.domain.data_jobs import JobStatus
from tests.handlers.cases import Case, emptied, equals, has, header, recorded
from tests.handlers.conftest import TENANT, World, body, load_event

EXPORT = "x_00000000000000000000000003"


def work(world: World, job_id: str) -> None:
    """A job's execution runs as far as it can."""
    event = load_event("work_on_data/export") | {"job_id": job_id}
    for _ in range(5):
        world.call("work_on_data", event)


def export_begun(world: World) -> None:
    recorded(world)
    assert world.replay("export_tenant/begin")["statusCode"] == 202


def exported(world: World) -> None:
    export_begun(world)
    work(world, EXPORT)


def export_expired(world: World) -> None:
    exported(world)
    world.clock.advance(days=7)


def exported_this_week(world: World) -> None:
    world.register_at("saman360")
    export = bootstrap.export_desk().begin(TENANT, "user:owner")
    work(world, export.id)


def in_the_club(world: World) -> None:
    world.register_at("customer_club")
    bootstrap.records_desk().put(TENANT, "r-0", {"n": 0})


def backed_up(world: World) -> None:
    in_the_club(world)
    assert world.replay("keep_backups/begin")["statusCode"] == 202
    work(world, "b_00000000000000000000000003")
    world.clock.time += timedelta(hours=1)
    bootstrap.records_desk().put(TENANT, "r-0", {"n": 1})


def restoring(world: World) -> None:
    backed_up(world)
    assert world.replay("keep_backups/restore")["statusCode"] == 202
    world.clock.time += timedelta(minutes=1)


def saman_backed_up(world: World) -> None:
    world.register_at("saman360")
    backup = bootstrap.backup_desk().begin(TENANT, "user:owner")
    work(world, backup.id)
    world.clock.time += timedelta(hours=1)


CASES = {
    "export_tenant/begin": Case(
        202,
        recorded,
        [
            has(export_id=EXPORT, status="running", paid_by=None),
            header("Location", f"/v1/tenants/{TENANT}/exports/{EXPORT}"),
            lambda _, __: bootstrap.tenants().get(TENANT).open_matters == {f"export:{EXPORT}"},
        ],
    ),
    "export_tenant/begin_twice": Case(409, export_begun, [has(type="/problems/conflict")]),
    "export_tenant/too_often": Case(
        403,
        exported_this_week,
        [
            has(type="/problems/export-limited", clause="SAMAN-6.5"),
            lambda _, answer: (
                body(answer)["details"] == {"next_free_at": "2026-02-07T08:00:00Z", "extra": "export"}
            ),
        ],
    ),
    "export_tenant/list": Case(
        200,
        exported,
        [
            lambda _, answer: [each["status"] for each in body(answer)["exports"]] == ["done"],
            lambda _, answer: "files" not in body(answer)["exports"][0],
        ],
    ),
    "export_tenant/get": Case(
        200,
        exported,
        [
            has(status="done", expires_at="2026-02-07T08:00:00Z"),
            lambda _, answer: [each["name"] for each in body(answer)["files"]][-1] == "records-00005.jsonl",
        ],
    ),
    "export_tenant/get_unknown": Case(404, exported),
    "export_tenant/manifest": Case(
        200,
        exported,
        [
            has(export_id=EXPORT, tenant_id=TENANT),
            header("Content-Disposition", 'attachment; filename="manifest.json"'),
        ],
    ),
    "export_tenant/records": Case(
        200,
        exported,
        [
            header("Content-Type", "application/x-ndjson; charset=utf-8"),
            lambda _, answer: (
                [json.loads(line)["id"] for line in answer["body"].splitlines()] == ["customer-1"]
            ),
        ],
    ),
    "export_tenant/too_early": Case(404, export_begun),
    "export_tenant/expired": Case(410, export_expired, [has(type="/problems/file-expired")]),
    "export_tenant/odd_file": Case(404, exported),
    "keep_backups/begin": Case(
        202,
        in_the_club,
        [has(backup_id="b_00000000000000000000000003", status="running", reason="asked")],
    ),
    "keep_backups/not_agreed": Case(409, recorded),
    "keep_backups/list": Case(
        200,
        backed_up,
        [
            has(next_at="2026-02-07T08:00:00Z"),
            lambda _, answer: (
                [(each["status"], each["entries"]) for each in body(answer)["backups"]] == [("done", 1)]
            ),
        ],
    ),
    "keep_backups/restore": Case(
        202,
        backed_up,
        [
            has(backup_id="b_00000000000000000000000003", backup_taken_at="2026-01-31T08:00:00Z"),
            has(status="running", overwrite=True),
        ],
    ),
    "keep_backups/restore_nothing": Case(404, backed_up),
    "keep_backups/restore_when": Case(422, backed_up, [has(field="before")]),
    "keep_backups/restore_unpaid": Case(
        402, saman_backed_up, [lambda _, answer: body(answer)["details"] == {"extra": "backup_restore"}]
    ),
    "keep_backups/restoration": Case(
        200, restoring, [has(status="running", losses={"added": 0, "changed": 0, "deleted": 0})]
    ),
    "work_on_data/export": Case(
        None,
        export_begun,
        [
            lambda _, answer: (answer["decided"], answer["wake_at"]) == (False, "2026-02-07T08:00:00Z"),
            lambda _, __: bootstrap.data_jobs().get(TENANT, EXPORT).status is JobStatus.DONE,
            lambda _, __: (
                "records-00005.jsonl" in str(bootstrap.objects().names(TENANT, f"exports/{EXPORT}/"))
            ),
        ],
    ),
    "work_on_data/restoration": Case(
        None,
        restoring,
        [
            lambda _, answer: answer["decided"] is True,
            lambda _, __: bootstrap.records_desk().get(TENANT, "r-0").data == {"n": 0},
        ],
    ),
    "work_on_data/purged_since": Case(
        None,
        emptied,
        [lambda _, answer: answer["decided"] is True],
    ),
    "dispatch_stream/data_job": Case(
        None,
        export_begun,
        [
            equals({"batchItemFailures": []}),
            lambda world, _: world.executions("data_job") == [EXPORT],
        ],
    ),
}
