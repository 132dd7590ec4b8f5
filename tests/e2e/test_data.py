"""What is left after a purge, looked for behind the product's back; and who may see its certificate."""

from __future__ import annotations

import hashlib
import json
import re
import runpy
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.api import Customer, instant, text
from sandbox.stack import Stack
from tests.e2e.stage import DAY, SECOND, Stage, assert_problem, eventually, put

pytestmark = pytest.mark.e2e

VERIFY = Path(__file__).parents[2] / "docs" / "verify_certificate.py"
# What law/retention.yaml has us keep: the ledger of purges, and the books without names.
RETAINED = ("LEDGER#", "PURGES#", "MONEY#", "PAYMENT#", "AUTHORITY#", "RECEIPT#", "INVOICES#", "TICKETS#")


def items(stack: Stack, table: str) -> Iterator[dict[str, Any]]:
    """Every item of a table, as it is stored."""
    pages = stack.client("dynamodb").get_paginator("scan").paginate(TableName=stack.outputs()[table])
    for page in pages:
        yield from page["Items"]


def traces(stack: Stack, customer: Customer) -> dict[str, list[str]]:
    """Where the account's id, its contacts or its name stand, by store."""
    names = (customer.tenant_id, customer.email, customer.mobile, customer.mobile[-10:], customer.name)
    found: dict[str, list[str]] = {}
    for table in (
        "TenantsTableName",
        "DataKeysTableName",
        "SecurityLogTableName",
        "IdempotencyTableName",
    ):
        found[table] = [
            next(iter(item.values())).get("S", "") if "pk" not in item else item["pk"]["S"]
            for item in items(stack, table)
            if any(name in str(item) for name in names)
        ]
    prefix = f"tenants/{customer.tenant_id}/"
    versions = stack.client("s3").list_object_versions(
        Bucket=stack.outputs()["DataBucketName"], Prefix=prefix
    )
    found["bucket"] = [
        each["Key"] for each in (*versions.get("Versions", ()), *versions.get("DeleteMarkers", ()))
    ]
    users = stack.client("cognito-idp").get_paginator("list_users")
    pool = stack.outputs()["UserPoolId"]
    found["users"] = [
        user["Username"]
        for page in users.paginate(UserPoolId=pool)
        for user in page["Users"]
        if customer.tenant_id in str(user)
    ]
    return found


def write_mail(stage: Stage, mail: dict[str, Any]) -> httpx.Response:
    """Somebody writes to the product, as the stand-in of SES delivers it."""
    return stage.api.http.post("/sandbox/mail", json=mail)


def leave_objects(stack: Stack, customer: Customer) -> None:
    """An object in two versions, and one behind a delete marker."""
    s3, bucket = stack.client("s3"), stack.outputs()["DataBucketName"]
    for name in ("backups/b-1", "backups/b-1", "exports/x-1"):
        s3.put_object(Bucket=bucket, Key=f"tenants/{customer.tenant_id}/{name}", Body=b"noise")
    s3.delete_object(Bucket=bucket, Key=f"tenants/{customer.tenant_id}/exports/x-1")


@pytest.mark.clause("KALO-15", "KALO-27")
def test_after_a_purge_nothing_is_found_but_tombstone_ledger_and_certificate(
    stage: Stage, clock_stack: Stack
) -> None:
    customer = stage.join("kalo", name="Nilufar Sohrabi")
    assert customer.pay(customer.order("starter", "P1M")).json()["status"] == "granted"
    assert put(customer, "c1", {"name": "Reza", "mobile": "09127654321"}).status_code == 201
    leave_objects(clock_stack, customer)
    before = traces(clock_stack, customer)
    assert len(before["bucket"]) == 4
    assert before["users"]
    assert before["SecurityLogTableName"]
    assert before["DataKeysTableName"]
    # A copy of the main table, as a backup would hold it.
    copy = [item for item in items(clock_stack, "TenantsTableName") if customer.tenant_id in item["pk"]["S"]]
    for secret in ("Nilufar", "Reza", "09127654321", customer.email, customer.mobile):
        assert secret not in str(copy)

    body = {"closing": "termination", "confirm": customer.name}
    closed = customer.api.ask("POST", f"{customer.path}/closures", body, token=customer.token)
    gone_at = instant(closed["closed_at"]) + 60 * DAY
    stage.just_before(gone_at)
    assert customer.api.call("GET", customer.path, token=customer.token).status_code == 200
    stage.just_after(gone_at)
    entry = stage.purge_of(customer)
    assert entry["deleted"]["objects"] == 4
    assert set(entry["left"].values()) == {0}

    after = traces(clock_stack, customer)
    assert all(pk.startswith(RETAINED) for pk in after.pop("TenantsTableName"))
    # Answers to repeated requests end by themselves a day after, by the wall's clock, not by the test's: long
    # before any purge. They hold ids and figures, nothing about a person.
    after.pop("IdempotencyTableName")
    for answer in items(clock_stack, "IdempotencyTableName"):
        assert float(answer["expiration"]["N"]) <= time.time() + 24 * 3600
        assert customer.email not in str(answer)
        assert "Nilufar" not in str(answer)
    assert after == {"DataKeysTableName": [], "SecurityLogTableName": [], "bucket": [], "users": []}
    # What is kept names no person.
    kept = [item for item in items(clock_stack, "TenantsTableName") if customer.tenant_id in str(item)]
    for secret in ("Nilufar", customer.email, customer.mobile, customer.mobile[-10:]):
        assert secret not in str(kept)
    # The copy's key is gone, and lay in a table without backups.
    backups = clock_stack.client("dynamodb").describe_continuous_backups(
        TableName=clock_stack.outputs()["DataKeysTableName"]
    )["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert backups["PointInTimeRecoveryStatus"] == "DISABLED"


@pytest.mark.clause("KALO-10")
def test_the_former_owner_reads_the_certificate_by_the_link_and_checks_it_offline(
    stage: Stage, tmp_path: Path
) -> None:
    customer = stage.join("kalo")
    body = {"closing": "termination", "confirm": customer.name}
    closed = customer.api.ask("POST", f"{customer.path}/closures", body, token=customer.token)
    stage.just_after(instant(closed["closed_at"]) + 60 * DAY)
    committed_at = instant(stage.purge_of(customer)["committed_at"])

    def link() -> str | None:
        for message in stage.received(customer):
            if found := re.search(r"/certificates/\S+", str(message.get("BodyText", ""))):
                return found.group()
        return None

    path = eventually(link, "the last message")
    certificate = stage.api.ask("GET", path)
    assert certificate["tenant_id"] == customer.tenant_id
    assert instant(certificate["live_data_gone_at"]) - committed_at <= 60 * SECOND
    assert instant(certificate["backups_gone_at"]) - instant(certificate["live_data_gone_at"]) == 35 * DAY
    assert {each["category"] for each in certificate["retained"]} >= {"purge_ledger", "books"}

    (tmp_path / "certificate.json").write_text(json.dumps(certificate), encoding="utf-8")
    (tmp_path / "key.pem").write_text(stage.api.ask("GET", "/certificates/key")["public_key"])
    main: Any = runpy.run_path(str(VERIFY))["main"]
    assert main(str(tmp_path / "certificate.json"), str(tmp_path / "key.pem")) == 0
    forged = {**certificate, "signed_text": certificate["signed_text"].replace("KALO-27", "KALO-10")}
    (tmp_path / "certificate.json").write_text(json.dumps(forged), encoding="utf-8")
    assert main(str(tmp_path / "certificate.json"), str(tmp_path / "key.pem")) == 1

    guessed = path[:-1] + ("0" if path[-1] != "0" else "1")
    assert_problem(stage.api.call("GET", guessed), 404, "not-found")
    other = stage.join("kalo")
    assert_problem(stage.api.call("GET", path.replace(customer.tenant_id, other.tenant_id)), 404, "not-found")


@pytest.mark.clause("KALLU-6")
def test_a_hold_over_one_record_keeps_that_record_and_puts_the_purge_off(stage: Stage) -> None:
    customer = stage.join("kalo")
    for record in ("c1", "c2"):
        assert put(customer, record, {"n": record}).status_code == 201
    body = {"reason": "proceedings", "origin": "court order 12", "clause": "KALO-10", "records": ["c1"]}
    hold_id = stage.as_operator("POST", f"{customer.path}/holds", body)["hold_id"]
    (shown,) = stage.as_operator("GET", f"{customer.path}/holds")["holds"]
    assert (shown["scope"], shown["records"]) == ("records", ["c1"])
    refused = customer.api.call("DELETE", f"{customer.path}/records/c1", token=customer.token)
    assert "court" not in json.dumps(assert_problem(refused, 409, "held"))
    gone = customer.api.call("DELETE", f"{customer.path}/records/c2", token=customer.token)
    assert gone.status_code == 204
    stage.as_operator("DELETE", f"{customer.path}/holds/{hold_id}", {"reason": "over", "clause": "KALO-10"})
    gone = customer.api.call("DELETE", f"{customer.path}/records/c1", token=customer.token)
    assert gone.status_code == 204


@pytest.mark.clause("KALO-15", "SAMAN-6.5")
def test_a_closed_account_hands_out_everything_it_holds_for_a_week_to_its_owner_only(
    stage: Stage, clock_stack: Stack
) -> None:
    customer, other = stage.join("kalo"), stage.join("kalo")
    for number in range(3):
        assert put(customer, f"c{number}", {"name": f"مشتری {number}"}).status_code == 201
    body = {"closing": "termination", "confirm": customer.name}
    customer.api.ask("POST", f"{customer.path}/closures", body, token=customer.token)
    assert customer.api.call("GET", f"{customer.path}/records", token=customer.token).status_code == 403

    begun = customer.api.ask("POST", f"{customer.path}/exports", token=customer.token)
    path = f"/exports/{begun['export_id']}"

    def finished() -> dict[str, Any] | None:
        export: dict[str, Any] = customer.get(path)
        return export if export["status"] == "done" else None

    export = eventually(finished, "the export")
    manifest = customer.get(f"{path}/files/manifest.json")
    assert manifest["files"] == export["files"]
    records = []
    for file in manifest["files"]:
        answer = customer.api.call("GET", f"{customer.path}{path}/files/{file['name']}", token=customer.token)
        assert hashlib.sha256(answer.content).hexdigest() == file["sha256"]
        if file["name"].startswith("records"):
            records += [json.loads(line) for line in answer.text.splitlines()]
    assert [(each["id"], each["data"]["name"]) for each in records] == [
        (f"c{number}", f"مشتری {number}") for number in range(3)
    ]
    # Sealed where it lies.
    listed = clock_stack.client("s3").list_objects_v2(
        Bucket=clock_stack.outputs()["DataBucketName"], Prefix=f"tenants/{customer.tenant_id}/exports/"
    )["Contents"]
    assert len(listed) == len(export["files"]) + 1
    for each in listed:
        kept = (
            clock_stack.client("s3")
            .get_object(Bucket=clock_stack.outputs()["DataBucketName"], Key=each["Key"])["Body"]
            .read()
        )
        assert customer.email.encode() not in kept
        assert "مشتری".encode() not in kept

    manifest_path = f"{customer.path}{path}/files/manifest.json"
    assert_problem(other.api.call("GET", manifest_path, token=other.token), 404, "not-found")
    borrowed = manifest_path.replace(customer.tenant_id, other.tenant_id)
    assert_problem(other.api.call("GET", borrowed, token=other.token), 404, "not-found")
    assert_problem(stage.api.call("GET", manifest_path, token=stage.boss.token), 403, "not-allowed")

    def told() -> bool:
        return any(path in str(message.get("BodyText", "")) for message in stage.received(customer))

    eventually(told, "the message that the export is ready")
    stage.just_after(instant(export["expires_at"]))
    expired = customer.api.call("GET", manifest_path, token=customer.token)
    assert_problem(expired, 410, "file-expired")
    eventually(lambda: customer.get(path)["status"] == "expired", "the files to be deleted")


@pytest.mark.clause("CLUB-5")
def test_a_backup_is_restored_and_loses_nothing_newer_unasked(stage: Stage) -> None:
    customer = stage.join("customer_club")
    for number in range(3):
        assert put(customer, f"c{number}", {"n": number}).status_code == 201
    begun = customer.api.ask("POST", f"{customer.path}/backups", token=customer.token)

    def finished() -> dict[str, Any] | None:
        backup: dict[str, Any] = customer.get("/backups")["backups"][0]
        return backup if backup["status"] == "done" else None

    backup = eventually(finished, "the backup")
    assert (backup["backup_id"], backup["entries"]) == (begun["backup_id"], 3)
    assert customer.get("/backups")["next_at"]
    assert put(customer, "c0", {"n": "damaged"}).status_code == 200

    def restored(*, overwrite: bool) -> dict[str, Any]:
        stage.boss.advance_to(stage.now() + 2 * SECOND)
        body = {"before": text(stage.now()), "overwrite": overwrite}
        asked = customer.api.ask("POST", f"{customer.path}/restorations", body, token=customer.token)
        assert asked["backup_id"] == backup["backup_id"]
        assert_problem(put(customer, "c1", {"n": 1}), 403, "access-refused", clause="CLUB-5")
        stage.boss.advance_to(stage.now() + 31 * SECOND)

        def ended() -> dict[str, Any] | None:
            found: dict[str, Any] = customer.get(f"/restorations/{asked['restoration_id']}")
            return found if found["status"] != "running" else None

        return eventually(ended, "the restoration")

    refused = restored(overwrite=False)
    assert (refused["status"], refused["losses"]) == ("refused", {"added": 0, "changed": 1, "deleted": 0})
    assert customer.get("/records/c0")["data"] == {"n": "damaged"}
    done = restored(overwrite=True)
    assert (done["status"], done["losses"]) == ("done", {"added": 0, "changed": 1, "deleted": 0})
    assert customer.get("/records/c0")["data"] == {"n": 0}
    assert put(customer, "c1", {"n": 1}).status_code == 200


@pytest.mark.clause("CLUB-3")
def test_two_devices_bring_what_they_did_offline_and_end_alike(stage: Stage) -> None:
    customer = stage.join("customer_club")
    made_at = text(stage.now() - timedelta(hours=1))

    def bring(device: str, *changes: dict[str, Any]) -> list[str]:
        body = {"device": device, "changes": [{"edited_at": made_at, **change} for change in changes]}
        answer = customer.api.ask("POST", f"{customer.path}/sync", body, token=customer.token)
        return [outcome["fate"] for outcome in answer["outcomes"]]

    many = [{"id": f"c-{n}", "record_id": f"r-{n:03d}", "data": {"n": n}} for n in range(300)]
    assert set(bring("till-1", *many)) == {"applied"}
    assert set(bring("till-1", *reversed(many))) == {"repeated"}
    mine = {"id": "d-1", "record_id": "r-000", "data": {"n": "from 2", "mobile": "۰۹۱۲۱۱۱۲۲۳۳"}}
    assert bring("till-2", mine, {"id": "d-2", "record_id": "r-001"}) == ["applied", "applied"]

    def everything() -> dict[str, Any]:
        found, cursor = {}, ""
        while True:
            query = {"cursor": cursor} if cursor else {}
            page = customer.get("/changes", **query)
            found |= {each["record_id"]: each["data"] for each in page["changes"]}
            if not page["more"]:
                return found
            cursor = page["cursor"]

    seen = everything()
    assert len(seen) == 300
    assert seen["r-000"]["n"] == "from 2"
    assert seen["r-001"] is None
    # What the first device had gathered was not seen by the second: it is put aside, not lost.
    assert customer.get("/records/r-000/copies")["copies"][0]["data"] == {"n": 0}
    body = {"field": "mobile", "value": "0912 111 2233"}
    found = customer.api.ask("POST", f"{customer.path}/record-searches", body, token=customer.token)
    assert [each["record_id"] for each in found["records"]] == ["r-000"]


@pytest.mark.clause("KALAK-marketing")
def test_one_click_in_a_promotional_message_ends_them(stage: Stage) -> None:
    customer = stage.join("kalak")
    body = {"kind": "promotion", "subject": "A third off until Nowruz", "text": "Order before the holidays."}
    stage.as_operator("POST", f"{customer.path}/promotions", body)

    def link() -> str | None:
        for message in stage.received(customer):
            if found := re.search(r"/u/\w+/e/\w+", str(message.get("BodyText", ""))):
                return found.group()
        return None

    way_out = eventually(link, "the promotional mail")
    page = stage.api.call("GET", way_out)
    assert page.status_code == 200
    assert "<button>" in page.text
    assert customer.get("/consents")["standing"]["marketing_email"] is True
    for _ in range(2):
        assert stage.api.call("POST", way_out).status_code == 200
    assert customer.get("/consents")["standing"]["marketing_email"] is False
    assert_problem(stage.api.call("POST", way_out[:-1] + "?"), 404, "not-found")


@pytest.mark.clause("KALLU-9")
def test_a_request_by_mail_is_taken_from_the_registered_address_only_and_watched(stage: Stage) -> None:
    customer = stage.join("kallu", name="Nima Rad")
    words = {
        "to": "privacy@kallu.cc",
        "subject": "My Personal Data",
        "text": f"Port my data.\nName: {customer.name}\nRoom ID: {customer.tenant_id}",
    }
    forged = {**words, "from": customer.email, "verdicts": {"spf": "FAIL"}}
    assert write_mail(stage, forged).is_success
    strange = {**words, "from": "stranger@example.org"}
    assert write_mail(stage, strange).is_success
    assert customer.get("/data-requests")["data_requests"] == []
    assert write_mail(stage, {**words, "from": customer.email}).is_success
    (asked,) = eventually(lambda: customer.get("/data-requests")["data_requests"] or None, "the request")
    assert asked["right"] == "port"
    assert instant(asked["due_at"]) - instant(asked["received_at"]) == 30 * DAY
    stage.just_after(instant(asked["due_at"]) - 7 * DAY)
    happened = [entry["event"] for entry in stage.timeline(customer)]
    assert "data_request_escalated" in happened
    path = f"{customer.path}/data-requests/{asked['request_id']}"
    stage.as_operator("POST", f"{path}/answers", {"text": "An export is ready in your account."})
    assert customer.get(f"/data-requests/{asked['request_id']}")["status"] == "fulfilled"
