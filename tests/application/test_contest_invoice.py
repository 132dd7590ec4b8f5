"""Objections to invoices: taken to the last second of the last day, and no later."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mohlat.application.handle_tickets import Ending
from mohlat.domain.agreement import Phase
from mohlat.domain.errors import Conflict, Gone, NotFound, TooLate
from mohlat.domain.tenant import Closing, iso
from mohlat.domain.tickets import TicketKind
from tests.application.desks import NOON, Office
from tests.builders import SECOND, days

TEHRAN = ZoneInfo("Asia/Tehran")
# Bought on 4 Azar; thirty days later is 4 Dey, which ends at midnight in Tehran: 20:30 UTC.
LAST = datetime(2026, 12, 25, 20, 30, 0, tzinfo=UTC)


def test_an_objection_becomes_a_ticket_with_sealed_words_and_is_confirmed() -> None:
    office = Office("kalo")
    tenant = office.register()
    invoice = office.bought(tenant)
    ticket = office.disputes.dispute(tenant.id, invoice.id, "we pay twice\nfor one month", "user:u_1")
    assert office.books.ticket(tenant.id, ticket.id) == ticket
    assert (ticket.kind, ticket.subject, ticket.clause) == (
        TicketKind.INVOICE_DISPUTE,
        invoice.id,
        "KALO-24",
    )
    assert ticket.due_at == NOON + days(7)
    assert ticket.facts == {
        "invoice": "KALO-1405-000001",
        "amount": invoice.total,
        "dated_at": iso(invoice.dated_at),
    }
    assert office.books.words(tenant.id, ticket.id) == "we pay twice\nfor one month"
    assert office.tenant(tenant).open_matters == {f"dispute:{ticket.id}"}
    entry = office.tenants.journal(tenant.id)[-1]
    assert (entry.event.value, entry.clause, entry.by) == ("ticket_opened", "KALO-24", "user:u_1")
    assert "twice" not in str(entry)
    assert [(notice.kind.value, notice.anchor) for notice in entry.notices] == [
        ("dispute_received", ticket.due_at)
    ]


@pytest.mark.parametrize(
    ("product", "clause"),
    [
        pytest.param("kalo", "KALO-24", marks=pytest.mark.clause("KALO-24")),
        pytest.param("saman360", "SAMAN-5.11", marks=pytest.mark.clause("SAMAN-5.11")),
    ],
)
def test_thirty_days_are_taken_to_the_last_second_and_not_one_more(product: str, clause: str) -> None:
    office = Office(product)
    tenant = office.register()
    first, second = office.bought(tenant), office.bought(tenant)
    assert first.dated_at == second.dated_at == NOON
    office.clock.time = LAST - SECOND
    assert office.disputes.dispute(tenant.id, first.id, "wrong", "user:u_1").clause == clause
    office.clock.time = LAST
    with pytest.raises(TooLate) as refusal:
        office.disputes.dispute(tenant.id, second.id, "wrong", "user:u_1")
    assert refusal.value.details == {"clause": clause, "ended_at": "2026-12-25T20:30:00Z"}
    assert [ticket.subject for ticket in office.books.tickets(tenant.id)] == [first.id]


@pytest.mark.clause("KALO-24")
@pytest.mark.clause("SAMAN-5.11")
@pytest.mark.parametrize("product", ["kalo", "saman360"])
@pytest.mark.parametrize("hour", [0, 9, 23])
def test_the_last_day_counts_whole_in_tehran_whenever_the_invoice_was_dated(product: str, hour: int) -> None:
    office = Office(product)
    office.clock.time = datetime(2026, 11, 25, hour, 59, 59, tzinfo=TEHRAN).astimezone(UTC)
    tenant = office.register()
    invoice = office.bought(tenant)
    office.clock.time = datetime(2026, 12, 25, 23, 59, 59, tzinfo=TEHRAN).astimezone(UTC)
    ticket = office.disputes.dispute(tenant.id, invoice.id, "wrong", "user:u_1")
    assert ticket.opened_at + SECOND == LAST


def test_the_time_is_counted_from_the_date_not_from_a_late_issue() -> None:
    office = Office("kalo")
    tenant = office.register()
    invoice = office.bought(tenant)
    key = (tenant.id, invoice.id)
    office.table.invoices[key] = replace(office.table.invoices[key], issued_at=NOON + days(20))
    office.clock.time = LAST
    with pytest.raises(TooLate):
        office.disputes.dispute(tenant.id, invoice.id, "wrong", "user:u_1")


def test_an_invoice_is_contested_once_at_a_time() -> None:
    office = Office("kalo")
    tenant = office.register()
    first, other = office.bought(tenant), office.bought(tenant)
    ticket = office.disputes.dispute(tenant.id, first.id, "wrong", "user:u_1")
    with pytest.raises(Conflict) as refusal:
        office.disputes.dispute(tenant.id, first.id, "still wrong", "user:u_1")
    assert refusal.value.details == {"ticket_id": ticket.id}
    assert office.disputes.dispute(tenant.id, other.id, "wrong too", "user:u_1").open


def test_of_two_objections_at_once_the_second_meets_the_first() -> None:
    office = Office("kalo")
    tenant = office.register()
    invoice = office.bought(tenant)
    office.tenants.before_commit.append(
        lambda: office.disputes.dispute(tenant.id, invoice.id, "wrong", "user:u_1")
    )
    with pytest.raises(Conflict, match="contested already"):
        office.disputes.dispute(tenant.id, invoice.id, "wrong", "user:u_1")
    assert len(office.books.tickets(tenant.id)) == 1


def test_a_lost_race_is_run_again() -> None:
    office = Office("kalo")
    tenant = office.register()
    invoice = office.bought(tenant)
    office.tenants.lose = 3
    assert office.disputes.dispute(tenant.id, invoice.id, "wrong", "user:u_1").open


def test_an_answered_invoice_may_be_contested_again_in_time() -> None:
    office = Office("kalo")
    tenant = office.register()
    invoice = office.bought(tenant)
    ticket = office.disputes.dispute(tenant.id, invoice.id, "wrong", "user:u_1")
    office.tickets.close(tenant.id, ticket.id, Ending("it is right"), "operator:nima")
    assert office.disputes.dispute(tenant.id, invoice.id, "no", "user:u_1").id != ticket.id


def test_an_account_that_was_closed_may_still_contest_and_is_not_purged_meanwhile() -> None:
    office = Office("kalo")
    tenant = office.register()
    invoice = office.bought(tenant)
    office.desk.close(tenant.id, Closing.TERMINATION, by="user:u_1")
    ticket = office.disputes.dispute(tenant.id, invoice.id, "wrong", "user:u_1")
    for _ in range(4):
        office.send_all()
        office.clock.time = office.table.due_tenants[tenant.id]
        office.catch_up(tenant)
    assert office.events(tenant)[-1] == "purge_deferred"
    assert office.tenants.journal(tenant.id)[-1].facts["obstacles"] == f"dispute:{ticket.id}"


@pytest.mark.clause("KALAK-card")
def test_a_card_number_in_the_words_is_masked_before_they_are_kept() -> None:
    office = Office("kalo")
    tenant = office.register()
    invoice = office.bought(tenant)
    ticket = office.disputes.dispute(tenant.id, invoice.id, "paid by ۶۰۳۷۹۹۱۱۲۲۳۳۴۴۵۵", "user:u_1")
    assert office.books.words(tenant.id, ticket.id) == "paid by 6037-99**-****-4455"


def test_where_the_agreement_takes_no_objections_they_are_refused() -> None:
    office = Office("kalo")
    tenant = office.register()
    invoice = office.bought(tenant)
    office.agreements.known.append(replace(office.agreement, disputes=None))
    with pytest.raises(Conflict, match="no objections"):
        office.disputes.dispute(tenant.id, invoice.id, "wrong", "user:u_1")


def test_another_tenants_invoice_does_not_exist_and_a_purged_tenant_contests_nothing() -> None:
    office = Office("kalo")
    tenant = office.register()
    invoice = office.bought(tenant)
    stranger = office.register(email="omid@customer.test", mobile="+989120000002")
    with pytest.raises(NotFound):
        office.disputes.dispute(stranger.id, invoice.id, "wrong", "user:u_2")
    stored = office.tenant(tenant)
    office.table.tenants[tenant.id] = replace(stored, phase=Phase.PURGED)
    with pytest.raises(Gone):
        office.disputes.dispute(tenant.id, invoice.id, "wrong", "user:u_1")


def test_an_objection_rings_after_a_week() -> None:
    office = Office("kalo")
    tenant = office.register()
    invoice = office.bought(tenant)
    ticket = office.disputes.dispute(tenant.id, invoice.id, "wrong", "user:u_1")
    office.clock.time = ticket.due_at - timedelta(seconds=1)
    assert office.tickets.escalate(tenant.id, ticket.id) == ticket
    office.clock.time = ticket.due_at
    assert office.tickets.escalate(tenant.id, ticket.id).escalated_at == ticket.due_at
