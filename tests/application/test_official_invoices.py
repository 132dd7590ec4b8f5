"""Official invoices: for a legal entity with a complete profile, due a week after the payment (SAMAN-5.9)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mohlat.adapters.tax_office import ComputedOnly
from mohlat.domain import bookkeeping
from mohlat.domain.billing import OFFICIAL_NEEDS, BillingProfile, Company
from mohlat.domain.errors import Conflict, NotFound, ProfileIncomplete, TooLate
from mohlat.domain.invoices import Invoice, OfficialInvoice, OfficialStatus
from mohlat.domain.purge import PurgeEntry
from mohlat.domain.tenant import Debt, Tenant
from mohlat.domain.tickets import TicketKind
from tests.application.desks import COMPANY, NOON, Office, draft
from tests.builders import SECOND, days

# Bought on 4 Azar; thirty days later is 4 Dey, which ends at midnight in Tehran: 20:30 UTC.
LAST = datetime(2026, 12, 25, 20, 30, 0, tzinfo=UTC)


def company_that_paid() -> tuple[Office, Tenant, Invoice]:
    """A tenant with the profile of a company, and the invoice of what it bought."""
    office = Office()
    tenant = office.register()
    office.profile(tenant)
    return office, tenant, office.bought(tenant)


def asked(office: Office, tenant: Tenant, invoice_id: str) -> OfficialInvoice:
    """The owner asks for an official invoice."""
    return office.officials.request(tenant.id, invoice_id, "user:u_1", draft)


@pytest.mark.clause("SAMAN-5.9")
def test_a_legal_entity_with_a_complete_profile_has_its_official_invoice_at_once() -> None:
    office, tenant, invoice = company_that_paid()
    issued = asked(office, tenant, invoice.id)
    assert (issued.status, issued.issued_at, issued.due_at) == (OfficialStatus.ISSUED, NOON, NOON + days(7))
    assert (issued.company, issued.legal_id, issued.economic_code) == (
        COMPANY.name,
        COMPANY.legal_id,
        COMPANY.economic_code,
    )
    assert issued.tax_id in office.tax_office.filed
    assert office.tax_office.filed[issued.tax_id or ""]["total"] == invoice.total
    assert office.invoices.official(tenant.id, invoice.id) == issued
    (ticket,) = office.books.tickets(tenant.id)
    assert (ticket.kind, ticket.due_at, ticket.open) == (
        TicketKind.OFFICIAL_INVOICE,
        NOON + days(7),
        False,
    )
    assert (ticket.outcome, ticket.by) == (f"issued as {issued.tax_id}", "tax office")
    assert office.events(tenant)[-2:] == ["official_invoice_requested", "official_invoice_issued"]
    (notice,) = office.tenants.journal(tenant.id)[-1].notices
    assert notice.kind.value == "official_invoice_issued"
    assert notice.facts["link"] == f"https://api.test/{tenant.id}/{invoice.id}"
    assert notice.facts["tax_id"] == issued.tax_id


@pytest.mark.clause("SAMAN-5.9")
@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"company": None}, ["company", "legal_id", "economic_code"]),
        ({"company": Company("Example Ltd", "14007650912", "")}, ["economic_code"]),
        ({"address": "", "postal_code": ""}, ["address", "postal_code"]),
    ],
)
def test_without_a_complete_profile_of_a_company_it_is_refused_by_name(
    changes: dict[str, object], missing: list[str]
) -> None:
    office = Office()
    tenant = office.register()
    office.profile(tenant, **changes)
    invoice = office.bought(tenant)
    with pytest.raises(ProfileIncomplete) as refusal:
        asked(office, tenant, invoice.id)
    assert refusal.value.details["missing"] == missing
    assert refusal.value.details["clause"] == "SAMAN-5.9"
    assert office.books.tickets(tenant.id) == []


def test_without_any_profile_everything_is_missing() -> None:
    office = Office()
    tenant = office.register()
    invoice = office.bought(tenant)
    with pytest.raises(ProfileIncomplete) as refusal:
        asked(office, tenant, invoice.id)
    assert refusal.value.details["missing"] == list(OFFICIAL_NEEDS)


@pytest.mark.clause("SAMAN-5.9")
def test_it_can_be_asked_for_to_the_last_second_of_the_thirtieth_day() -> None:
    office = Office()
    tenant = office.register()
    office.profile(tenant)
    first, second = office.bought(tenant), office.bought(tenant)
    office.clock.time = LAST - SECOND
    assert asked(office, tenant, first.id).due_at == LAST - SECOND + days(7)
    office.clock.time = LAST
    with pytest.raises(TooLate) as refusal:
        asked(office, tenant, second.id)
    assert refusal.value.details == {"clause": "SAMAN-5.9", "ended_at": "2026-12-25T20:30:00Z"}


@pytest.mark.clause("SAMAN-5.9")
def test_it_is_due_a_week_after_the_payment_or_after_a_request_that_came_later() -> None:
    office = Office()
    tenant = office.register()
    office.profile(tenant)
    early, late = office.bought(tenant), office.bought(tenant)
    office.clock.time = NOON + days(7) - SECOND
    assert asked(office, tenant, early.id).due_at == NOON + days(7)
    office.clock.time = NOON + days(7)
    assert asked(office, tenant, late.id).due_at == NOON + days(14)


def test_asking_again_changes_nothing() -> None:
    office, tenant, invoice = company_that_paid()
    first = asked(office, tenant, invoice.id)
    events = office.events(tenant)
    office.profile(tenant, company=Company("Renamed Ltd", "10380284790", "10380284790"))
    office.clock.advance(days=60)
    assert asked(office, tenant, invoice.id) == first
    assert office.events(tenant) == events
    assert len(office.books.tickets(tenant.id)) == 1
    assert office.tax_office.calls == 1


def test_what_the_tax_office_does_not_take_stays_requested_and_is_tried_when_due() -> None:
    office, tenant, invoice = company_that_paid()
    office.tax_office.down = True
    requested = asked(office, tenant, invoice.id)
    assert (requested.status, requested.tax_id) == (OfficialStatus.REQUESTED, None)
    ticket = office.books.ticket(tenant.id, requested.ticket_id)
    assert ticket.open
    office.clock.time = ticket.due_at
    office.tax_office.down = False
    office.officials.retry(tenant.id, ticket.id, draft)
    issued = office.invoices.official(tenant.id, invoice.id)
    assert issued
    assert (issued.status, issued.issued_at) == (OfficialStatus.ISSUED, ticket.due_at)
    assert office.tickets.escalate(tenant.id, ticket.id).escalated_at is None
    assert office.kinds(tenant).count("official_invoice_issued") == 1


def test_what_cannot_be_issued_in_time_is_escalated_and_may_still_be_issued() -> None:
    office, tenant, invoice = company_that_paid()
    office.tax_office.down = True
    requested = asked(office, tenant, invoice.id)
    office.clock.time = requested.due_at
    office.officials.retry(tenant.id, requested.ticket_id, draft)
    assert office.tickets.escalate(tenant.id, requested.ticket_id).escalated_at == requested.due_at
    office.tax_office.down = False
    # The owner asks again: the first request stands, and this time it goes through.
    assert asked(office, tenant, invoice.id).status is OfficialStatus.ISSUED
    assert not office.books.ticket(tenant.id, requested.ticket_id).open


def test_a_retry_leaves_other_tickets_alone() -> None:
    office = Office("kalo")
    tenant = office.register()
    ticket = office.disputes.dispute(tenant.id, office.bought(tenant).id, "wrong", "user:u_1")
    office.officials.retry(tenant.id, ticket.id, draft)
    assert office.books.ticket(tenant.id, ticket.id) == ticket


def test_of_two_who_ask_at_once_both_learn_of_one_request() -> None:
    office, tenant, invoice = company_that_paid()
    answers: list[OfficialInvoice] = []
    office.tenants.before_commit.append(lambda: answers.append(asked(office, tenant, invoice.id)))
    assert asked(office, tenant, invoice.id) == answers[0]
    assert len(office.books.tickets(tenant.id)) == 1


def test_issued_elsewhere_meanwhile_it_is_not_issued_twice() -> None:
    office, tenant, invoice = company_that_paid()
    office.tax_office.down = True
    requested = asked(office, tenant, invoice.id)
    office.tax_office.down = False
    ticket = office.books.ticket(tenant.id, requested.ticket_id)
    office.tenants.before_commit.append(lambda: asked(office, tenant, invoice.id))
    issued = asked(office, tenant, invoice.id)
    assert issued.status is OfficialStatus.ISSUED
    assert office.events(tenant).count("official_invoice_issued") == 1
    with pytest.raises(Conflict) as refusal:
        office.officials.issued_by_hand(ticket, "T", "by hand", "operator:nima")
    assert refusal.value.details == {"tax_id": issued.tax_id}


def test_a_seller_who_is_not_named_yet_leaves_it_to_a_person() -> None:
    office, tenant, invoice = company_that_paid()
    office.agreements.known.append(replace(office.agreement, seller=None))
    assert asked(office, tenant, invoice.id).status is OfficialStatus.REQUESTED
    assert office.tax_office.calls == 0


def test_an_invoice_of_a_tenant_purged_since_is_issued_without_a_journal() -> None:
    office, tenant, invoice = company_that_paid()
    office.tax_office.down = True
    requested = asked(office, tenant, invoice.id)
    del office.table.tenants[tenant.id]
    office.table.ledger[tenant.id] = PurgeEntry(tenant.id, "saman360", "T", "closed", NOON, "", 1, (), None)
    office.tax_office.down = False
    office.officials.retry(tenant.id, requested.ticket_id, draft)
    issued = office.invoices.official(tenant.id, invoice.id)
    assert issued
    assert issued.status is OfficialStatus.ISSUED


def test_a_debts_invoice_has_an_official_one_once_the_debt_is_paid() -> None:
    office = Office()
    tenant = office.register()
    office.profile(tenant)
    office.bought(tenant)
    debt = Debt("d_1", "records", 2, 110_000, 10_000, 10, NOON, NOON + days(14))
    stored = office.tenant(tenant)
    office.table.tenants[tenant.id] = replace(stored, debts=(debt,))
    office.books.write([bookkeeping.invoiced(debt, tenant.id, "saman360", "SAMAN-5.7")])
    invoice = office.invoice_desk.for_debt(tenant.id, "saman360", debt, "SAMAN-5.7")
    with pytest.raises(Conflict, match="not paid yet"):
        asked(office, tenant, invoice.id)
    office.clock.advance(days=10)
    placed = office.order_this(office.tenant(tenant), office.debt(debt.id))
    with pytest.raises(Conflict, match="not paid yet"):
        asked(office, tenant, invoice.id)
    office.gateway.pay(placed.payment.authority or "")
    office.come_back(placed)
    office.clock.advance(days=1)
    assert asked(office, tenant, invoice.id).due_at == NOON + days(17)


def test_a_credit_note_and_an_agreement_without_the_offer_have_none() -> None:
    office, tenant, invoice = company_that_paid()
    clause = next(iter(office.agreement.clauses))
    refund = office.refund_desk.give_back(tenant.id, invoice.source, 50_000, "goodwill", clause, "operator:n")
    note = office.invoice_desk.for_refund(refund)
    assert note
    with pytest.raises(Conflict) as refusal:
        asked(office, tenant, note.id)
    assert refusal.value.details == {"kind": "credit_note"}
    office.agreements.known.append(replace(office.agreement, official_invoices=None))
    with pytest.raises(Conflict, match="offers no official"):
        asked(office, tenant, invoice.id)


def test_without_a_line_to_the_tax_office_the_documents_own_number_counts() -> None:
    assert ComputedOnly().file({"header": {"taxid": "A1SAMN04C4F0000000001X"}}) == "A1SAMN04C4F0000000001X"


def test_another_tenants_invoice_does_not_exist() -> None:
    office = Office()
    tenant = office.register()
    invoice = office.bought(tenant)
    stranger = office.register(email="omid@customer.test", mobile="+989120000002")
    office.profile_desk.put(BillingProfile(stranger.id, company=COMPANY), "u_2", "192.0.2.9")
    with pytest.raises(NotFound):
        asked(office, stranger, invoice.id)
