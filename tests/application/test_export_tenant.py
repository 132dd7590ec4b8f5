"""A tenant's data in its owner's hands: all of it, as often as agreed, whatever breaks on the way."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from mohlat.agreements import loader
from mohlat.application.quoting import Wanted
from mohlat.domain.agreement import Phase
from mohlat.domain.billing import BillingProfile
from mohlat.domain.data_jobs import DataJob, JobKind, JobStatus
from mohlat.domain.errors import (
    AccessRefused,
    ConcurrentChange,
    Conflict,
    ExportLimited,
    FileExpired,
    Gone,
    NotFound,
)
from mohlat.domain.lifecycle import purge_obstacles
from mohlat.domain.payments import OrderKind
from mohlat.domain.tenant import Closing, RestrictionKind, Tenant, iso
from tests.application.world import EMAIL, World
from tests.builders import SECOND, days

OWNER = "user:owner"


def world_of(product: str) -> tuple[World, Tenant]:
    """A customer of a real product with a few records."""
    world = World(loader.load(product))
    tenant = world.register()
    for number in range(3):
        world.records_desk.put(tenant.id, f"r-{number}", {"mobile": "09121112233", "n": number})
    return world, world.tenant(tenant)


def export(world: World, tenant: Tenant) -> DataJob:
    """A finished export."""
    return world.work(world.export_desk.begin(tenant.id, OWNER))


def lines(world: World, job: DataJob, section: str) -> list[dict[str, object]]:
    """What the files of a section hold."""
    _, files = world.export_desk.get(job.tenant_id, job.id)
    found = [file.name for file in files if file.name.startswith(section)]
    assert found
    content = b"".join(world.export_desk.content(job.tenant_id, job.id, name) for name in found)
    return [json.loads(line) for line in content.splitlines()]


@pytest.mark.clause("SAMAN-6.5", "KALO-15", "KALAK-copy")
def test_an_export_holds_everything_and_a_manifest_that_proves_it() -> None:
    world, tenant = world_of("saman360")
    world.buy_this(tenant, Wanted(OrderKind.EXTRA, subject="training"))
    world.dispatch_all(tenant)
    world.profiles.put(BillingProfile(tenant.id, name="Sara", surname="Karimi"))
    world.desk.place_hold(tenant.id, "proceedings", "court", "SAMAN-6.3", (), by="operator:o")
    done = export(world, tenant)
    assert (done.status, done.entries > 10) == (JobStatus.DONE, True)

    assert [line["id"] for line in lines(world, done, "records")] == ["r-0", "r-1", "r-2"]
    assert lines(world, done, "records")[1]["data"] == {"mobile": "09121112233", "n": 1}
    account = {str(line["type"]): line for line in lines(world, done, "account")}
    assert set(account) == {"account", "contact", "user", "billing_profile", "acceptance"}
    assert account["contact"]["email"] == EMAIL
    assert account["acceptance"]["version"] == tenant.agreement_version
    assert {line["type"] for line in lines(world, done, "money")} == {
        "order",
        "payment",
        "invoice",
        "posting",
    }
    events = [line["event"] for line in lines(world, done, "journal")]
    assert events[0] == "tenant_registered"
    # A hold may be one that its subject must not read about.
    assert "hold_placed" not in events
    assert "holds" not in account["account"]
    assert "court" not in json.dumps(account)

    manifest = json.loads(world.export_desk.content(tenant.id, done.id, "manifest.json"))
    assert manifest["files"]
    for file in manifest["files"]:
        content = world.export_desk.content(tenant.id, done.id, file["name"])
        assert hashlib.sha256(content).hexdigest() == file["sha256"]
        assert (len(content), content.count(b"\n")) == (file["bytes"], file["lines"])


@pytest.mark.clause("SAMAN-6.5")
def test_a_finished_export_says_so_with_a_link_and_its_end() -> None:
    world, tenant = world_of("saman360")
    begun = world.export_desk.begin(tenant.id, OWNER)
    assert purge_obstacles(world.tenant(tenant), world.clock.now()) == (f"export:{begun.id}", "paid_through")
    done = world.work(begun)
    (entry,) = [each for each in world.tenants.journal(tenant.id) if each.event.value == "export_ready"]
    (notice,) = entry.notices
    assert notice.facts["link"] == f"https://api.example/v1/tenants/{tenant.id}/exports/{done.id}"
    assert notice.anchor == done.expires_at == world.clock.now() + days(7)
    assert purge_obstacles(world.tenant(tenant), world.clock.now()) == ("paid_through",)


@pytest.mark.clause("SAMAN-6.5")
def test_one_export_a_week_is_free_and_another_is_paid_for() -> None:
    world, tenant = world_of("saman360")
    first = export(world, tenant)
    free_at = first.asked_at + days(7)
    world.clock.time = free_at - SECOND
    with pytest.raises(ExportLimited) as limited:
        world.export_desk.begin(tenant.id, OWNER)
    assert limited.value.details == {
        "next_free_at": iso(free_at),
        "extra": "export",
        "clause": "SAMAN-6.5",
    }
    world.buy_this(tenant, Wanted(OrderKind.EXTRA, subject="training"))
    with pytest.raises(ExportLimited):
        world.export_desk.begin(tenant.id, OWNER)
    placed = world.order_this(tenant, Wanted(OrderKind.EXTRA, subject="export"))
    with pytest.raises(ExportLimited):
        world.export_desk.begin(tenant.id, OWNER)
    world.gateway_named(placed.payment.gateway).pay(placed.payment.authority or "")
    world.come_back(placed)
    paid = export(world, tenant)
    assert paid.paid_by == placed.order.id
    # One payment, one export; and it did not move the free week.
    with pytest.raises(ExportLimited):
        world.export_desk.begin(tenant.id, OWNER)
    world.clock.time = free_at
    assert export(world, tenant).paid_by == ""


@pytest.mark.clause("KALO-15")
def test_elsewhere_an_export_is_free_at_any_time_but_one_at_once() -> None:
    world, tenant = world_of("kalo")
    begun = world.export_desk.begin(tenant.id, OWNER)
    with pytest.raises(Conflict):
        world.export_desk.begin(tenant.id, OWNER)
    world.work(begun)
    assert export(world, tenant).status is JobStatus.DONE
    assert len(world.export_desk.of_tenant(tenant.id)) == 2


@pytest.mark.clause("KALO-15", "KALO-27")
def test_after_closing_the_data_is_handed_out_until_it_is_deleted() -> None:
    world, tenant = world_of("kalo")
    world.desk.close(tenant.id, Closing.TERMINATION, by=OWNER)
    with pytest.raises(AccessRefused):
        world.records_desk.get(tenant.id, "r-0")
    world.clock.advance(days=59)
    done = export(world, tenant)
    assert len(lines(world, done, "records")) == 3


@pytest.mark.clause("SAMAN-3.14")
def test_after_the_lease_the_last_backup_is_free_while_the_data_is_kept() -> None:
    world, tenant = world_of("saman360")
    ends = tenant.period_ends_at
    assert ends
    for moment, phase in (
        (ends + days(13), Phase.READ_ONLY),
        (ends + days(85), Phase.DEACTIVATED),
    ):
        world.clock.time = moment
        assert export(world, tenant).paid_by == ""
        assert world.tenant(tenant).phase is phase


def test_a_club_that_lapsed_gets_its_data_back_by_renewing_only() -> None:
    world, tenant = world_of("customer_club")
    assert tenant.period_ends_at
    world.clock.time = tenant.period_ends_at
    with pytest.raises(AccessRefused):
        world.export_desk.begin(tenant.id, OWNER)


def test_who_is_blocked_takes_nothing_out() -> None:
    world, tenant = world_of("kalo")
    done = export(world, tenant)
    world.desk.restrict(tenant.id, RestrictionKind.BLOCKED, "abuse", "KALO-19", None, by="operator:o")
    with pytest.raises(AccessRefused):
        world.export_desk.begin(tenant.id, OWNER)
    with pytest.raises(AccessRefused):
        world.export_desk.content(tenant.id, done.id, "manifest.json")


def test_files_end_on_the_second_and_are_deleted_then() -> None:
    world, tenant = world_of("kalo")
    done = export(world, tenant)
    assert done.expires_at
    world.clock.time = done.expires_at - SECOND
    assert world.export_desk.content(tenant.id, done.id, "manifest.json")
    assert world.work(done).status is JobStatus.DONE
    world.clock.time = done.expires_at
    with pytest.raises(FileExpired) as expired:
        world.export_desk.content(tenant.id, done.id, "manifest.json")
    assert expired.value.details["expired_at"] == iso(done.expires_at)
    assert world.work(done).status is JobStatus.EXPIRED
    assert world.objects.names(tenant.id, "exports/") == []


def test_nothing_is_had_before_it_is_there_and_nothing_of_anybody_else() -> None:
    world, tenant = world_of("kalo")
    begun = world.export_desk.begin(tenant.id, OWNER)
    with pytest.raises(NotFound):
        world.export_desk.content(tenant.id, begun.id, "manifest.json")
    done = world.work(begun)
    with pytest.raises(NotFound):
        world.export_desk.content(tenant.id, done.id, "records-00099.jsonl")
    other = world.register(email="other@customer.test", mobile="+989121234568")
    with pytest.raises(NotFound):
        world.export_desk.get(other.id, done.id)
    world.jobs.save((replace(done, id="b_1", kind=JobKind.BACKUP, version=1),))
    with pytest.raises(NotFound):
        world.export_desk.get(tenant.id, "b_1")


def test_large_and_many_records_become_several_files_in_order() -> None:
    world, tenant = world_of("kalo")
    for number in range(1_100):
        world.records.put(tenant.id, f"s-{number:05d}", {"n": number}, world.clock.now())
    for number in range(40):
        world.records.put(tenant.id, f"t-{number:05d}", {"t": "x" * 60_000}, world.clock.now())
    done = export(world, tenant)
    _, files = world.export_desk.get(tenant.id, done.id)
    of_records = [file for file in files if file.name.startswith("records")]
    assert max(file.size for file in of_records) <= 1024 * 1024
    assert max(file.entries for file in of_records) <= 500
    ids = [str(line["id"]) for line in lines(world, done, "records")]
    assert ids == sorted(ids)
    assert len(ids) == 3 + 1_100 + 40


def test_of_two_executions_on_one_export_one_goes_on() -> None:
    world, tenant = world_of("kalo")
    begun = world.export_desk.begin(tenant.id, OWNER)
    stale = world.jobs.get(tenant.id, begun.id)
    world.work(begun)
    with pytest.raises(ConcurrentChange):
        world.jobs.save((stale.moved(step="money"),))


def test_an_export_asked_for_too_late_is_refused_and_one_in_time_puts_the_purge_off() -> None:
    world, tenant = world_of("kalo")
    world.desk.close(tenant.id, Closing.TERMINATION, by=OWNER)
    due = world.table.due_tenants[tenant.id]
    while world.table.due_tenants[tenant.id] == due:
        world.clock.time = due
        world.catch_up(tenant)
        world.send_all()
    world.clock.time = world.table.due_tenants[tenant.id]
    begun = world.export_desk.begin(tenant.id, OWNER)
    world.catch_up(tenant)
    assert world.events(tenant)[-1] == "purge_deferred"
    world.work(begun)
    world.clock.time = world.table.due_tenants[tenant.id] + timedelta(days=30)
    world.send_all()
    while world.tenant(tenant).phase is not Phase.PURGED:
        world.clock.time = max(world.clock.time, world.table.due_tenants[tenant.id])
        world.catch_up(tenant)
        world.send_all()
    with pytest.raises(Gone):
        world.export_desk.begin(tenant.id, OWNER)
