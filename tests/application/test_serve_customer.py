"""Staff and customers: who sees whose contact, what was said, what is removed, what is kept aside."""

from __future__ import annotations

import json

import pytest

from mohlat.agreements import loader
from mohlat.domain.agreement import StaffNeeds
from mohlat.domain.data_jobs import BackupReason, JobKind, JobStatus
from mohlat.domain.errors import Conflict, Gone, Held, InvalidInput, NotFound
from mohlat.domain.purge import Store
from mohlat.domain.staff import ContactChannel
from mohlat.domain.tenant import Tenant
from mohlat.domain.tickets import Ticket, TicketKind, close_ticket
from tests.application.world import EMAIL, MOBILE, NAME, World

BY = "operator:nima"
NEEDS = {
    "kalo": StaffNeeds.OPEN_TICKET,
    "customer_club": StaffNeeds.OPEN_TICKET,
    "saman360": StaffNeeds.OPEN_TICKET,
    "kalak": StaffNeeds.STATED_REASON,
    "kallu": StaffNeeds.STATED_REASON,
}


def customer(product: str) -> tuple[World, Tenant]:
    world = World(loader.load(product))
    return world, world.register()


def ticket(world: World, tenant: Tenant, id: str = "k_1") -> Ticket:
    """An open ticket of the tenant."""
    now = world.clock.now()
    opened = Ticket(id, tenant.id, tenant.product, TicketKind.MAIL, "m-1", now, now, "X")
    world.books.write((opened,))
    return opened


@pytest.mark.clause("CLUB-17")
def test_staff_sees_a_customer_for_an_open_request_only_and_each_look_is_recorded() -> None:
    world, tenant = customer("customer_club")
    with pytest.raises(InvalidInput) as refused:
        world.service_desk.look(tenant.id, "curious", None, BY)
    assert (refused.value.field, refused.value.details["clause"]) == ("ticket_id", "CLUB-17")
    with pytest.raises(NotFound):
        world.service_desk.look(tenant.id, "curious", "k_9", BY)
    assert world.events(tenant) == ["tenant_registered"]

    opened = ticket(world, tenant)
    seen = world.service_desk.look(tenant.id, "calls back", opened.id, BY)
    assert (seen.name, seen.email, seen.mobile) == (NAME, EMAIL, MOBILE)
    entry = world.tenants.journal(tenant.id)[-1]
    assert (entry.event.value, entry.by, entry.why, entry.clause) == (
        "contact_seen",
        BY,
        "calls back",
        "CLUB-17",
    )
    assert entry.facts == {"ticket_id": opened.id}
    world.service_desk.look(tenant.id, "calls back", opened.id, BY)
    assert world.events(tenant).count("contact_seen") == 2

    world.books.write((close_ticket(opened, "answered", world.clock.now(), by=BY),))
    with pytest.raises(Conflict):
        world.service_desk.look(tenant.id, "curious", opened.id, BY)
    assert world.events(tenant).count("contact_seen") == 2


@pytest.mark.clause("CLUB-17")
def test_another_customers_request_opens_nobody_elses_contact() -> None:
    world, tenant = customer("customer_club")
    other = world.register(email="other@customer.test", mobile="+989121234568")
    opened = ticket(world, other)
    with pytest.raises(NotFound):
        world.service_desk.look(tenant.id, "calls back", opened.id, BY)


@pytest.mark.clause("KALAK-staff", "KALLU-4")
def test_where_need_decides_the_reason_is_recorded_before_anything_is_shown() -> None:
    for product, clause in (("kalak", "KALAK-staff"), ("kallu", "KALLU-4")):
        world, tenant = customer(product)
        world.people.contact = None  # type: ignore[method-assign, assignment]
        with pytest.raises(TypeError):
            world.service_desk.look(tenant.id, "ships the order", None, BY)
        entry = world.tenants.journal(tenant.id)[-1]
        assert (entry.event.value, entry.why, entry.clause) == ("contact_seen", "ships the order", clause)


def test_each_agreement_says_what_staff_needs() -> None:
    found = {product: loader.load(product).staff for product in NEEDS}
    assert {product: rule.needs for product, rule in found.items() if rule} == NEEDS


def test_after_the_purge_nobody_looks() -> None:
    world, tenant = customer("kalo")
    opened = ticket(world, tenant)
    purged = world.live_until_purge(tenant)
    with pytest.raises(Gone):
        world.service_desk.look(purged.id, "x", opened.id, BY)


@pytest.mark.clause("CLUB-8")
def test_a_summary_of_every_contact_is_kept_and_goes_with_the_customer() -> None:
    world, tenant = customer("customer_club")
    opened = ticket(world, tenant)
    first = world.service_desk.note(tenant.id, ContactChannel.PHONE, "asked how to renew", opened.id, BY)
    second = world.service_desk.note(tenant.id, ContactChannel.CHAT, "renewed", None, BY)
    assert world.service_desk.notes(tenant.id) == [first, second]
    entry = world.tenants.journal(tenant.id)[-2]
    assert (entry.event.value, entry.clause) == ("contacted", "CLUB-8")
    assert entry.facts == {"note_id": first.id, "channel": "phone", "ticket_id": opened.id}
    # What was said is nobody else's: not in the journal.
    assert "renew" not in json.dumps([dict(each.facts) for each in world.tenants.journal(tenant.id)])
    with pytest.raises(NotFound):
        world.service_desk.note(tenant.id, ContactChannel.PHONE, "x", "k_9", BY)

    purged = world.live_until_purge(tenant)
    for store in Store:
        world.shredder.erase(purged.id, store)
    assert not world.table.contact_notes
    with pytest.raises(Gone):
        world.service_desk.notes(purged.id)


@pytest.mark.clause("SAMAN-3.8")
def test_forbidden_content_is_removed_naming_the_rule_and_the_subscription_goes_on() -> None:
    world, tenant = customer("saman360")
    for record in ("page-1", "page-2"):
        world.records_desk.put(tenant.id, record, {"text": record})
    after = world.desk.remove_content(tenant.id, "content_3_8_4", "page-1", "reported today", BY)
    world.records_desk.remove(after, "page-1")
    assert [record.id for record in world.records_desk.page(tenant.id, None, None).records] == ["page-2"]
    entry = world.tenants.journal(tenant.id)[-1]
    assert (entry.event.value, entry.clause, entry.why) == ("content_removed", "SAMAN-3.8", "reported today")
    assert entry.facts == {"violation": "content_3_8_4", "record_id": "page-1"}
    with pytest.raises(NotFound):
        world.records_desk.remove(world.tenant(tenant), "page-1")
    for not_content in ("attack", "unpaid"):
        with pytest.raises(Conflict):
            world.desk.remove_content(tenant.id, not_content, "page-2", "x", BY)
    with pytest.raises(InvalidInput):
        world.desk.remove_content(tenant.id, "content_3_8_11", "page-2", "x", BY)


def test_evidence_is_not_removed_while_a_court_wants_it() -> None:
    world, tenant = customer("saman360")
    world.records_desk.put(tenant.id, "page-1", {})
    world.desk.place_hold(tenant.id, "case 7", "court", "SAMAN-6.3", ("page-1",), by=BY)
    with pytest.raises(Held):
        world.desk.remove_content(tenant.id, "content_3_8_1", "page-1", "x", BY)


@pytest.mark.clause("KALO-19", "KALO-12")
@pytest.mark.parametrize(
    ("violation", "archives"),
    [("forbidden_use", True), ("attack", True), ("damage", False), ("false_details", False)],
)
def test_what_there_is_when_a_breach_is_found_is_kept_aside(violation: str, archives: bool) -> None:
    world, tenant = customer("kalo")
    world.records_desk.put(tenant.id, "r-1", {"n": 1})
    world.desk.find_violation(tenant.id, violation, "as the log shows", BY)
    kept = world.jobs.of(tenant.id, JobKind.BACKUP)
    assert [backup.reason for backup in kept] == [BackupReason.ARCHIVED] * archives
    for backup in kept:
        done = world.work(backup)
        assert (done.status, done.entries) == (JobStatus.DONE, 1)
        assert b'"n":1' in world.objects.get(tenant.id, f"backups/{backup.id}/records-00001.jsonl")
