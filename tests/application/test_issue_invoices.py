"""Invoices: one for each payment, numbered without gaps, and credit notes that add up to the rial."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mohlat.application.keep_escrow import EscrowDesk
from mohlat.application.quoting import Wanted
from mohlat.application.settle_payment import Decision
from mohlat.domain.billing import BillingProfile, Company
from mohlat.domain.durations import Duration
from mohlat.domain.invoices import Invoice, InvoiceKind, invoice_id
from mohlat.domain.ledger import Account, balances, faults
from mohlat.domain.overuse import Usage
from mohlat.domain.payments import OrderKind, PaymentStatus
from mohlat.domain.people import LegalEntity
from mohlat.domain.quotes import NO_LENGTH
from mohlat.domain.tenant import Closing, Tenant
from tests.application.desks import COMPANY, NOON, Office
from tests.application.world import EMAIL, MOBILE, NAME
from tests.builders import SECOND

BY = "operator:nima"
# 1 Farvardin 1406 begins in Tehran at 20:30 UTC of 20 March.
NOWRUZ = datetime(2027, 3, 20, 20, 30, 0, tzinfo=UTC)
TRAINING = Wanted(OrderKind.EXTRA, "", NO_LENGTH, "training")


def invoices(office: Office, tenant: Tenant) -> list[Invoice]:
    """All documents of the tenant by their numbers, buyers included."""
    documents = (office.invoices.get(tenant.id, each.id) for each in office.invoices.of(tenant.id))
    return sorted(documents, key=lambda each: (each.year, each.number))


def of_kind(office: Office, tenant: Tenant, kind: InvoiceKind) -> list[Invoice]:
    return [each for each in invoices(office, tenant) if each.kind is kind]


def give_back(office: Office, tenant: Tenant, sold: Invoice, amount: int) -> None:
    """An operator gives back `amount` rials of what was sold, and it is dispatched."""
    clause = next(iter(office.agreement.clauses))
    office.refund_desk.give_back(tenant.id, sold.source, amount, "goodwill", clause, BY)
    office.dispatch_all(tenant)


# --- one for each payment ---------------------------------------------------------------------------------


@pytest.mark.clause("SAMAN-5.9")
def test_every_payment_that_bought_something_has_one_invoice() -> None:
    office = Office()
    tenant = office.register()
    office.bought(tenant)
    office.buy_this(tenant, Wanted(OrderKind.UPGRADE, office.agreement.plans[1].id, NO_LENGTH, ""))
    office.buy_this(tenant, TRAINING)
    office.dispatch_all(tenant)
    documents = invoices(office, tenant)
    assert [(each.number, each.lines[0].item) for each in documents] == [
        (1, "term"),
        (2, "upgrade"),
        (3, "extra"),
    ]
    for document in documents:
        payment = office.payments.get(document.source)
        assert document.total == payment.amount == payment.captured
        assert document.vat * 10 == document.net
        assert (document.dated_at, document.gateway) == (payment.settled_at, payment.gateway)
        assert document.reference == payment.reference
        assert (document.kind, document.corrects) == (InvoiceKind.SALE, None)


def test_a_term_is_invoiced_as_it_was_ordered_its_discount_apart() -> None:
    office = Office()
    office.clock.time = datetime(2026, 3, 25, 8, 0, tzinfo=UTC)
    tenant = office.register()
    office.buy(tenant, Duration(months=12), "basic")
    office.dispatch_all(tenant)
    (document,) = invoices(office, tenant)
    (line,) = document.lines
    # 3,744,000 tomans a year, fifteen percent off for Nowruz, ten percent tax.
    assert (line.quantity, line.unit_price, line.discount) == (1, 37_440_000, 5_616_000)
    assert (line.vat_percent, line.vat, line.total) == (10, 3_182_400, 35_006_400)
    assert (line.subject, line.length, document.label) == (
        "basic",
        Duration(months=12),
        "SAMAN360-1405-000001",
    )


def test_what_is_dispatched_again_and_again_is_invoiced_once() -> None:
    office = Office()
    tenant = office.register()
    first = office.bought(tenant)
    give_back(office, tenant, first, 50_000)
    office.clock.advance(days=3)
    before = invoices(office, tenant)
    for _ in range(3):
        office.dispatch_all(tenant)
    assert invoices(office, tenant) == before
    assert office.table.numbers == {("saman360", 1405): 2}


def test_money_that_bought_nothing_has_no_invoice_and_no_credit_note() -> None:
    office = Office()
    tenant = office.register()
    placed = office.paid_order(tenant, Duration(months=3))
    office.desk.close(tenant.id, Closing.TERMINATION, by="user:u_1")
    assert office.come_back(placed).status is PaymentStatus.OWED_BACK
    office.dispatch_all(tenant)
    assert office.books.refunds(tenant.id)
    assert invoices(office, tenant) == []


def test_a_held_payment_has_no_document_until_it_is_granted_and_none_if_it_goes_back() -> None:
    for decision, documents in ((Decision.RETURN, 0), (Decision.GRANT, 1)):
        office = Office()
        tenant = office.register()
        placed = office.order(tenant, Duration(months=3))
        office.gateway.captures_mismatch = True
        office.gateway.pay(placed.payment.authority or "", amount=placed.order.amount + 70_000)
        held = office.come_back(placed)
        office.dispatch_all(tenant)
        assert invoices(office, tenant) == []
        office.payment_desk.decide(held.id, decision, BY)
        office.dispatch_all(tenant)
        # What was paid too much was never sold: it goes back without a credit note.
        assert len(invoices(office, tenant)) == documents
        assert len(office.books.refunds(tenant.id)) == 1


# --- numbers ----------------------------------------------------------------------------------------------


@pytest.mark.clause("SAMAN-5.9")
@pytest.mark.parametrize("seed", range(5))
def test_numbers_have_no_gap_however_the_stream_repeats_itself(seed: int) -> None:
    chance, office = Random(seed), Office()
    contacts = [(f"c{number}@customer.test", f"+98912000000{number}") for number in range(4)]
    tenants = [office.register(email=email, mobile=mobile) for email, mobile in contacts]
    for _ in range(40):
        tenant = chance.choice(tenants)
        sold = of_kind(office, tenant, InvoiceKind.SALE)
        if sold and chance.random() < 0.3:
            payment = office.payments.get(chance.choice(sold).source)
            if payment.returnable >= 30_000:
                give_back(office, tenant, office.invoices.get(tenant.id, invoice_id(payment.id)), 30_000)
        else:
            office.buy_this(tenant, TRAINING)
        for again in chance.sample(tenants, 2):
            office.dispatch_all(again)
    for tenant in tenants:
        office.dispatch_all(tenant)
    documents = [each for tenant in tenants for each in invoices(office, tenant)]
    assert sorted(each.number for each in documents) == list(range(1, len(documents) + 1))
    assert len({each.source for each in documents}) == len(documents) == 40
    assert len({each.label for each in documents}) == len(documents)


def test_each_product_counts_by_itself() -> None:
    for product in ("kalo", "customer_club"):
        office = Office(product)
        tenant = office.register()
        assert [office.bought(tenant).number for _ in range(2)] == [1, 2]


@pytest.mark.clause("SAMAN-5.9")
def test_the_year_is_tehrans_and_turns_at_nowruz_to_the_second() -> None:
    office = Office()
    office.clock.time = NOWRUZ - SECOND
    tenant = office.register()
    last = office.buy_this(tenant, TRAINING)
    office.clock.time = NOWRUZ
    first = office.buy_this(tenant, TRAINING)
    # Dispatched late and in the wrong order: the day the money moved decides, not the day of issue.
    office.clock.advance(days=2)
    office.invoice_desk.for_order(tenant.id, first.order_id)
    office.invoice_desk.for_order(tenant.id, last.order_id)
    assert [(each.label, each.dated_at) for each in invoices(office, tenant)] == [
        ("SAMAN360-1405-000001", NOWRUZ - SECOND),
        ("SAMAN360-1406-000001", NOWRUZ),
    ]
    assert {each.issued_at for each in invoices(office, tenant)} == {office.clock.now()}


# --- credit notes -----------------------------------------------------------------------------------------


def test_a_credit_note_names_what_it_corrects() -> None:
    office = Office()
    tenant = office.register()
    sold = office.bought(tenant)
    office.clock.advance(days=1)
    give_back(office, tenant, sold, 110_000)
    (note,) = of_kind(office, tenant, InvoiceKind.CREDIT_NOTE)
    (refund,) = office.books.refunds(tenant.id)
    assert (note.id, note.source, note.corrects) == (invoice_id(refund.id), refund.id, sold.id)
    assert (note.net, note.vat, note.total, note.discount) == (100_000, 10_000, 110_000, 0)
    assert (note.dated_at, note.clause) == (refund.created_at, refund.clause)
    assert (note.lines[0].item, note.lines[0].subject) == ("term", "basic")


@given(st.lists(st.integers(min_value=1, max_value=2_000_000), min_size=1, max_size=6))
def test_parts_given_back_and_the_rest_credit_all_that_was_invoiced_to_the_rial(parts: list[int]) -> None:
    office = Office()
    tenant = office.register()
    payment = office.buy_this(tenant, TRAINING)
    office.dispatch_all(tenant)
    (sold,) = invoices(office, tenant)
    for part in parts:
        if part < office.payments.get(payment.id).returnable:
            give_back(office, tenant, sold, part)
    give_back(office, tenant, sold, office.payments.get(payment.id).returnable)
    notes = of_kind(office, tenant, InvoiceKind.CREDIT_NOTE)
    assert sum(note.total for note in notes) == sold.total
    assert sum(note.vat for note in notes) == sold.vat
    assert sum(note.net for note in notes) == sold.net
    assert all(note.vat >= 0 and note.net >= 0 for note in notes)
    refunds = office.books.refunds(tenant.id)
    assert {(note.source, note.total, note.vat) for note in notes} == {
        (refund.id, refund.amount, refund.vat) for refund in refunds
    }


def test_a_withdrawal_credits_every_invoice_in_full() -> None:
    office = Office()
    tenant = office.register()
    office.bought(tenant)
    office.buy_this(tenant, TRAINING)
    office.refund_desk.withdraw(tenant.id, "user:u_1", data_taken=True)
    office.dispatch_all(tenant)
    sold, notes = (of_kind(office, tenant, kind) for kind in InvoiceKind)
    assert [(note.corrects, note.total, note.vat) for note in notes] == [
        (each.id, each.total, each.vat) for each in sold
    ]


def test_a_refund_that_comes_by_before_its_sale_has_the_invoice_issued_first() -> None:
    office = Office()
    tenant = office.register()
    payment = office.buy_this(tenant, TRAINING)
    clause = next(iter(office.agreement.clauses))
    refund = office.refund_desk.give_back(tenant.id, payment.id, 50_000, "goodwill", clause, BY)
    office.invoice_desk.for_refund(refund)
    assert [each.kind for each in invoices(office, tenant)] == [InvoiceKind.SALE, InvoiceKind.CREDIT_NOTE]


def test_what_a_purge_deleted_is_not_invoiced_any_more() -> None:
    office = Office()
    tenant = office.register()
    payment = office.buy_this(tenant, TRAINING)
    clause = next(iter(office.agreement.clauses))
    refund = office.refund_desk.give_back(tenant.id, payment.id, 50_000, "goodwill", clause, BY)
    office.table.orders.clear()
    assert office.invoice_desk.for_order(tenant.id, payment.order_id) is None
    assert office.invoice_desk.for_refund(refund) is None
    assert office.table.invoices == {}


# --- debts and deposits -----------------------------------------------------------------------------------


def in_debt(office: Office) -> tuple[Tenant, str]:
    """A tenant that used more than its plan allows, and the debt."""
    tenant = office.register()
    office.bought(tenant)
    limit = office.agreement.plans[0].limits["records"]
    usage = Usage("u-1", "records", limit + 2_500, billed=True)
    report = office.usage_desk.report(tenant.id, usage, "meter")
    office.dispatch_all(tenant)
    return tenant, report.debt_id or ""


def test_overuse_is_invoiced_when_it_is_asked_for_and_not_again_when_it_is_paid() -> None:
    office = Office()
    tenant, debt_id = in_debt(office)
    document = invoices(office, tenant)[1]
    (line,) = document.lines
    assert (line.item, line.subject, line.quantity, line.unit_price) == ("overuse", "records", 3, 100_000)
    assert (document.net, document.vat, document.source) == (300_000, 30_000, debt_id)
    assert (document.dated_at, document.gateway, document.clause) == (NOON, None, "SAMAN-5.7")
    office.clock.advance(days=1)
    paid = office.buy_this(tenant, Wanted(OrderKind.DEBT, "", NO_LENGTH, debt_id))
    office.dispatch_all(tenant)
    assert office.events(tenant)[-1] == "debt_paid"
    assert office.invoice_desk.for_order(tenant.id, paid.order_id) is None
    assert len(invoices(office, tenant)) == 2


def test_a_debt_that_is_dropped_is_credited_in_full_and_once() -> None:
    office = Office()
    tenant, debt_id = in_debt(office)
    office.clock.advance(days=1)
    office.usage_desk.cancel(tenant.id, debt_id, "the meter was wrong", BY)
    for _ in range(2):
        office.dispatch_all(tenant)
    (note,) = of_kind(office, tenant, InvoiceKind.CREDIT_NOTE)
    sold = office.invoices.get(tenant.id, invoice_id(debt_id))
    assert (note.corrects, note.lines, note.total) == (sold.id, sold.lines, sold.total)
    assert note.dated_at == office.clock.now()


@pytest.mark.clause("SAMAN-2.6")
def test_who_withdraws_owes_nothing_any_more_and_every_open_invoice_is_credited() -> None:
    office = Office()
    tenant, debt_id = in_debt(office)
    usage = Usage("u-2", "records", office.agreement.plans[0].limits["records"] + 1, billed=True)
    second = office.usage_desk.report(tenant.id, usage, "meter").debt_id or ""
    withdrawn = office.refund_desk.withdraw(tenant.id, "user:u_1", data_taken=True).tenant
    assert withdrawn.debts == ()
    for _ in range(2):
        office.dispatch_all(tenant)
    sold, notes = (of_kind(office, tenant, kind) for kind in InvoiceKind)
    assert {debt_id, second} < {each.source for each in sold}
    assert {(note.corrects, note.total) for note in notes} == {(each.id, each.total) for each in sold}
    assert len(notes) == len(sold) == 3
    office.follow_refunds(tenant)
    postings = office.books.postings(tenant.id)
    assert faults(tenant.id, postings) == []
    assert balances(postings)[Account.OWED] == 0


def test_a_debt_whose_invoice_is_gone_has_nothing_to_credit() -> None:
    office = Office()
    tenant, debt_id = in_debt(office)
    office.table.invoices.clear()
    assert office.invoice_desk.for_write_off(tenant.id, debt_id, NOON, "SAMAN-5.7") is None


def test_a_deposit_is_invoiced_without_tax_and_credited_when_it_goes_back() -> None:
    office = Office()
    tenant = office.register()
    desk = EscrowDesk(
        tenants=office.tenants,
        payments=office.payments,
        books=office.books,
        dispatches=office.dispatches,
        agreements=office.agreements,
        security_log=office.security_log,
        ids=office.ids,
        clock=office.clock,
    )
    escrow = desk.agree(tenant.id, "partner", "a report", 900_000, BY)
    office.buy_this(tenant, Wanted(OrderKind.ESCROW, "", NO_LENGTH, escrow.id))
    office.dispatch_all(tenant)
    (sold,) = invoices(office, tenant)
    assert (sold.lines[0].item, sold.lines[0].subject) == ("service", escrow.id)
    assert (sold.total, sold.vat) == (900_000, 0)
    desk.return_deposit(tenant.id, escrow.id, "user:u_1")
    office.dispatch_all(tenant)
    (note,) = of_kind(office, tenant, InvoiceKind.CREDIT_NOTE)
    assert (note.corrects, note.total, note.vat) == (sold.id, 900_000, 0)


# --- whom they name ---------------------------------------------------------------------------------------


def test_an_invoice_names_the_billing_profile_of_its_day() -> None:
    office = Office()
    tenant = office.register()
    profile = office.profile(tenant)
    first = office.bought(tenant)
    office.profile(tenant, company=None, name="Omid")
    second = office.bought(tenant)
    assert office.invoices.get(tenant.id, first.id).buyer == profile
    assert office.invoices.get(tenant.id, second.id).buyer == replace(profile, company=None, name="Omid")


@pytest.mark.parametrize("entity", [None, LegalEntity("Example Ltd", "14007650912")])
def test_without_a_profile_it_names_the_registered_contact(entity: LegalEntity | None) -> None:
    office = Office()
    tenant = office.register(legal_entity=entity, declares_authority=True)
    document = office.invoices.get(tenant.id, office.bought(tenant).id)
    company = Company("Example Ltd", "14007650912", "") if entity else None
    assert document.buyer == BillingProfile(tenant.id, name=NAME, mobile=MOBILE, email=EMAIL, company=company)


def test_of_a_tenant_whose_key_is_gone_the_figures_stay_and_nobody_is_named() -> None:
    office = Office()
    tenant = office.register()
    office.profile(tenant, company=COMPANY)
    sold = office.bought(tenant)
    give_back(office, tenant, sold, 110_000)
    office.table.keys.clear()
    late = office.buy_this(tenant, TRAINING)
    assert office.invoice_desk.for_order(tenant.id, late.order_id)
    documents = invoices(office, tenant)
    assert [each.buyer for each in documents] == [None] * 3
    assert documents[0].total == sold.total
