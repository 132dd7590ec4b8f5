"""The contract of the stores that hold money: one set of tests for the fakes and for DynamoDB."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from mohlat.application.ports import (
    Compensation,
    DueItem,
    DueKind,
    HandedOver,
    Receipt,
    Row,
    UsageReport,
    Words,
)
from mohlat.domain import lifecycle, purchases, refunds
from mohlat.domain.agreement import Channel
from mohlat.domain.billing import BillingProfile, Company
from mohlat.domain.disclosures import Disclosure
from mohlat.domain.durations import Duration
from mohlat.domain.errors import ConcurrentChange, Gone, NotFound
from mohlat.domain.escrow import Escrow, EscrowStatus, deposited, released
from mohlat.domain.invoices import Invoice, InvoiceKind, Line, OfficialInvoice, OfficialStatus
from mohlat.domain.ledger import Posting, posting
from mohlat.domain.payments import (
    Opening,
    Order,
    OrderKind,
    Payment,
    PaymentStatus,
    settled,
    with_opening,
    with_receipt,
    with_refund,
)
from mohlat.domain.purge import Store
from mohlat.domain.refunds import Refund, RefundReason, RefundStatus
from mohlat.domain.tickets import Ticket, TicketKind, close_ticket, escalate
from tests.adapters.conftest import AGREEMENT, Stores
from tests.builders import SECOND, START, days, length, order

PROFILE = BillingProfile(
    "t-1",
    name="نگار",
    surname="احمدی",
    national_id="0499370899",
    mobile="+989121234567",
    email="negar@example.test",
    address="تهران، خیابان آزادی",
    postal_code="1234567890",
    sheba="IR820540102680020817909002",
    company=Company("پردیس", "10101010101", "411111111111"),
)
TERM = Line("term", "basic", 1, 1_000_000, 100_000, 10, 90_000, length("P1M"))


def payment(number: int = 1, tenant_id: str = "t-1") -> Payment:
    return Payment(
        id=f"p-{number}",
        tenant_id=tenant_id,
        product="trialware",
        order_id=f"o-{number}",
        gateway="sep",
        amount=990_000,
        status=PaymentStatus.REQUESTED,
        created_at=START,
        next_check_at=START + timedelta(minutes=2),
    )


def refund(number: int = 1, tenant_id: str = "t-1") -> Refund:
    paid = replace(payment(number, tenant_id), captured=990_000, reference="4455")
    return refunds.reserved(
        f"r-{number}", paid, 990_000, 90_000, RefundReason.WITHDRAWAL, "T-WITHDRAWAL", START
    )


def ticket(number: int = 1, tenant_id: str = "t-1", product: str = "trialware") -> Ticket:
    return Ticket(
        id=f"k-{number}",
        tenant_id=tenant_id,
        product=product,
        kind=TicketKind.PAYOUT,
        subject=f"r-{number}",
        opened_at=START,
        due_at=START + days(3),
        clause="T-TICKET",
        facts={"amount": 990_000, "refund_id": f"r-{number}"},
    )


def escrow(number: int = 1, tenant_id: str = "t-1", partner: str = "partner-1") -> Escrow:
    return Escrow(
        id=f"e-{number}",
        tenant_id=tenant_id,
        product="trialware",
        partner=partner,
        title="a stock count",
        amount=5_000_000,
        agreed_at=START,
    )


def compensation(number: int = 1, tenant_id: str = "t-1") -> Compensation:
    return Compensation(
        f"c-{number}", tenant_id, "trialware", 250_000, "an outage", "T-ERROR", START, f"k-{number}"
    )


def booked(effect: str = "capture", tenant_id: str = "t-1", at: int = 0) -> Posting:
    return posting(
        effect,
        "p-1",
        tenant_id,
        "trialware",
        START + at * SECOND,
        "T-PAY",
        captured=990_000,
        granted=-900_000,
        tax=-90_000,
    )


def draft(number: int = 1, tenant_id: str = "t-1", product: str = "trialware", year: int = 1404) -> Invoice:
    return Invoice(
        id=f"i-{number}",
        tenant_id=tenant_id,
        product=product,
        kind=InvoiceKind.SALE,
        year=year,
        number=0,
        source=f"p-{number}",
        dated_at=START + number * SECOND,
        issued_at=START + days(1),
        lines=(TERM, Line("extra", "training", 2, 500, 0, 0, 0)),
        clause="T-INVOICE",
        agreement_version="1",
        buyer=replace(PROFILE, tenant_id=tenant_id),
        gateway="sep",
        reference="4455",
    )


def official(tenant_id: str = "t-1") -> OfficialInvoice:
    return OfficialInvoice(
        tenant_id=tenant_id,
        invoice_id="i-1",
        product="trialware",
        requested_at=START,
        due_at=START + days(7),
        status=OfficialStatus.REQUESTED,
        company="پردیس",
        legal_id="10101010101",
        economic_code="411111111111",
        ticket_id="k-1",
    )


def report(number: int = 1, tenant_id: str = "t-1") -> UsageReport:
    return UsageReport(tenant_id, f"u-{number}", "records", 1200, True, START, "d-1")


class TestOrdersAndPayments:
    @pytest.mark.parametrize(
        "changes",
        [
            {},
            {
                "kind": OrderKind.UPGRADE,
                "plan_before": "basic",
                "term_ends_at": START + days(9),
                "vat": 90_000,
                "vat_percent": 10,
                "discount": 5_000,
                "promotion": "first-year",
                "start_now": True,
            },
            {"kind": OrderKind.DEBT, "subject": "d-1", "plan": "", "length": Duration()},
        ],
        ids=["plain", "upgrade", "debt"],
    )
    def test_every_field_of_an_order_survives_storing(
        self, stores: Stores, changes: dict[str, object]
    ) -> None:
        tenant = stores.register()
        placed: Order = replace(order(tenant), **changes)  # type: ignore[arg-type]
        transition = purchases.place_order(tenant, AGREEMENT, order(tenant), START, by="owner")
        stores.write(transition, placed)
        assert stores.payments.order("t-1", "o-1") == placed
        assert stores.payments.orders("t-1") == [placed]

    def test_every_field_of_a_payment_survives_storing(self, stores: Stores) -> None:
        full = replace(
            payment(),
            status=PaymentStatus.GRANTED,
            authority="A1",
            token="T1",
            receipt="R1",
            checks=3,
            next_check_at=START + days(2),
            settled_at=START + SECOND,
            reference="4455",
            masked_card="6037****1234",
            note="late",
            captured=990_000,
            refunds={"r-1": 400_000, "r-2": 500_000},
            calling="r-2",
            reported_at=START + days(1),
            ticket_id="k-1",
        )
        stores.books.write([full])
        assert stores.payments.get("p-1") == full

    def test_a_failed_payment_stays_due_while_its_gateway_is_to_be_asked_again(self, stores: Stores) -> None:
        stores.books.write([payment()])
        pending = with_opening(payment(), Opening("A1", "T1"))
        stores.payments.save(pending)
        expired = settled(pending, PaymentStatus.EXPIRED, START)
        stores.payments.save(expired)
        [item] = stores.due.overdue(START + timedelta(hours=1))
        assert (item.kind, item.id, item.at) == (DueKind.PAYMENT, "p-1", expired.next_check_at)
        stores.payments.save(replace(expired, next_check_at=None, version=expired.version + 1))
        assert stores.due.earliest() is None

    def test_one_receipt_pays_once(self, stores: Stores) -> None:
        stores.books.write([payment(1), payment(2)])
        assert stores.payments.by_receipt("sep", "R1") is None
        first, second = (with_receipt(payment(number), "R1") for number in (1, 2))
        stores.books.write([first, Receipt("sep", "R1", "p-1")])
        with pytest.raises(ConcurrentChange):
            stores.books.write([second, Receipt("sep", "R1", "p-2")])
        assert stores.payments.by_receipt("sep", "R1") == "p-1"
        assert stores.payments.get("p-2") == payment(2)

    def test_receipts_of_two_gateways_do_not_meet(self, stores: Stores) -> None:
        stores.books.write([Receipt("sep", "R1", "p-1"), Receipt("behpardakht", "R1", "p-2")])
        assert stores.payments.by_receipt("behpardakht", "R1") == "p-2"
        assert stores.payments.by_receipt("zarinpal", "R1") is None


class TestWriting:
    @pytest.mark.parametrize(
        "row",
        [
            booked(),
            Receipt("sep", "R1", "p-1"),
            report(),
            compensation(),
            Words("t-1", "k-1", "a complaint"),
        ],
        ids=lambda row: type(row).__name__,
    )
    def test_what_never_changes_is_written_once_and_takes_its_company_with_it(
        self, stores: Stores, row: Row
    ) -> None:
        stores.register()
        stores.books.write([row])
        with pytest.raises(ConcurrentChange):
            stores.books.write([refund(), row])
        assert stores.books.refunds("t-1") == []

    @pytest.mark.parametrize(
        "row",
        [payment(), refund(), ticket(), escrow(), official()],
        ids=lambda row: type(row).__name__,
    )
    def test_what_changes_moves_only_from_the_version_before(self, stores: Stores, row: Any) -> None:
        second, third = (replace(row, version=number) for number in (2, 3))
        for early in (second, third):
            with pytest.raises(ConcurrentChange):
                stores.books.write([early, booked()])
        stores.books.write([row])
        with pytest.raises(ConcurrentChange):
            stores.books.write([third, booked()])
        stores.books.write([second])
        for late in (row, second):
            with pytest.raises(ConcurrentChange):
                stores.books.write([late, booked()])
        stores.books.write([third])
        assert stores.books.postings("t-1") == []

    def test_money_moves_with_a_tenants_transition_or_not_at_all(self, stores: Stores) -> None:
        tenant = stores.register()
        transition = purchases.place_order(tenant, AGREEMENT, order(tenant), START, by="owner")
        rows: tuple[Row, ...] = (refund(), ticket(), escrow(), compensation(), report(), booked())
        stores.books.write([compensation()])
        with pytest.raises(ConcurrentChange):
            stores.write(transition, *rows, Words("t-1", "k-1", "a complaint"))
        assert stores.tenants.get("t-1") == tenant
        assert stores.books.refunds("t-1") == []
        assert stores.books.open_tickets("trialware") == []
        assert stores.books.escrows_of_partner("partner-1") == []
        assert stores.books.usage_report("t-1", "u-1") is None
        assert stores.books.words("t-1", "k-1") is None
        stores.write(transition, *(row for row in rows if not isinstance(row, Compensation)))
        assert stores.books.refund("t-1", "r-1") == refund()
        assert stores.books.postings("t-1") == [booked()]

    def test_a_proof_is_demanded_without_a_transition_too(self, stores: Stores) -> None:
        with pytest.raises(ConcurrentChange):
            stores.books.write([HandedOver("t-1", "deletion_warning@x#g1", Channel.EMAIL), booked()])
        assert stores.books.postings("t-1") == []


class TestRefunds:
    def test_every_field_survives_storing(self, stores: Stores) -> None:
        full = replace(
            refund(),
            status=RefundStatus.UNCERTAIN,
            called_at=START + SECOND,
            registered_before=2,
            settled_at=START + days(1),
            ticket_id="k-1",
            note="the gateway was silent",
            next_check_at=None,
        )
        stores.books.write([refund(1), replace(full, id="r-2", version=1)])
        assert stores.books.refund("t-1", "r-1") == refund()
        assert stores.books.refund("t-1", "r-2") == replace(full, id="r-2")

    def test_of_two_who_go_on_with_one_refund_one_wins(self, stores: Stores) -> None:
        stores.books.write([refund()])
        called = refunds.calling(refund(), 0, START)
        stores.books.write([called])
        with pytest.raises(ConcurrentChange):
            stores.books.write([refunds.calling(refund(), 0, START + SECOND)])
        assert stores.books.refund("t-1", "r-1") == called

    def test_a_refund_is_reserved_together_with_its_payment(self, stores: Stores) -> None:
        paid = replace(payment(), captured=990_000)
        stores.books.write([paid])
        stores.books.write([with_refund(paid, "r-1", 990_000), refund()])
        with pytest.raises(ConcurrentChange):
            stores.books.write([with_refund(paid, "r-2", 990_000), replace(refund(), id="r-2")])
        assert [each.id for each in stores.books.refunds("t-1")] == ["r-1"]
        assert stores.payments.get("p-1").returnable == 0

    def test_they_are_listed_oldest_first_and_to_their_tenant_only(self, stores: Stores) -> None:
        for number in (2, 1, 3):
            stores.books.write([refund(number)])
        stores.books.write([refund(4, "t-10")])
        assert [each.id for each in stores.books.refunds("t-1")] == ["r-1", "r-2", "r-3"]
        for tenant_id, refund_id in (("t-1", "r-4"), ("t-10", "r-1"), ("t-2", "r-1")):
            with pytest.raises(NotFound):
                stores.books.refund(tenant_id, refund_id)


class TestTickets:
    def test_every_field_survives_storing(self, stores: Stores) -> None:
        stores.books.write([ticket()])
        assert stores.books.ticket("t-1", "k-1") == ticket()
        escalated = escalate(ticket(), START + days(3))
        stores.books.write([escalated])
        assert stores.books.ticket("t-1", "k-1") == escalated
        closed = close_ticket(escalated, "paid_out", START + days(4), by="operator")
        stores.books.write([closed])
        assert stores.books.tickets("t-1") == [closed]
        bare = replace(ticket(2), facts={}, subject="", clause="")
        stores.books.write([bare])
        assert stores.books.ticket("t-1", "k-2") == bare

    def test_a_products_open_tickets_are_listed_until_they_are_closed(self, stores: Stores) -> None:
        stores.books.write([ticket(2, "t-2"), ticket(1), ticket(3, product="creditware")])
        assert stores.books.open_tickets("trialware") == [ticket(1), ticket(2, "t-2")]
        assert stores.books.open_tickets("creditware") == [ticket(3, product="creditware")]
        escalated = escalate(ticket(1), START + days(3))
        stores.books.write([escalated])
        assert stores.books.open_tickets("trialware") == [escalated, ticket(2, "t-2")]
        stores.books.write([close_ticket(escalated, "paid_out", START + days(4), by="operator")])
        assert stores.books.open_tickets("trialware") == [ticket(2, "t-2")]
        assert len(stores.books.tickets("t-1")) == 2

    def test_the_list_does_not_move_when_the_ticket_does_not(self, stores: Stores) -> None:
        stores.books.write([ticket()])
        closed = close_ticket(ticket(), "paid_out", START, by="operator")
        stores.books.write([booked()])
        with pytest.raises(ConcurrentChange):
            stores.books.write([closed, booked()])
        assert stores.books.open_tickets("trialware") == [ticket()]

    def test_open_tickets_are_read_in_pages(self, stores: Stores) -> None:
        for number in range(1, 6):
            stores.books.write([ticket(number, f"t-{number}")])
        first = stores.books.open_tickets("trialware", limit=2)
        assert [each.id for each in first] == ["k-1", "k-2"]
        second = stores.books.open_tickets("trialware", after="k-2", limit=2)
        assert [each.id for each in second] == ["k-3", "k-4"]
        assert [each.id for each in stores.books.open_tickets("trialware", "k-4", 2)] == ["k-5"]
        assert stores.books.open_tickets("trialware", "k-5", 2) == []

    def test_an_unknown_ticket_is_not_found(self, stores: Stores) -> None:
        stores.books.write([ticket()])
        for tenant_id, ticket_id in (("t-1", "k-2"), ("t-2", "k-1")):
            with pytest.raises(NotFound):
                stores.books.ticket(tenant_id, ticket_id)
        assert stores.books.tickets("t-2") == []


class TestWords:
    def test_what_was_written_is_read_back(self, stores: Stores) -> None:
        stores.register()
        stores.books.write([ticket(), Words("t-1", "k-1", "صورت‌حساب درست نیست")])
        assert stores.books.words("t-1", "k-1") == "صورت‌حساب درست نیست"
        assert stores.books.words("t-1", "k-2") is None
        assert stores.books.words("t-2", "k-1") is None

    def test_they_cannot_be_read_once_the_key_is_gone(self, stores: Stores) -> None:
        stores.register()
        stores.books.write([Words("t-1", "k-1", "a complaint")])
        stores.empty("t-1", Store.KEY)
        assert stores.books.words("t-1", "k-1") is None

    def test_nothing_is_written_for_a_tenant_without_a_key(self, stores: Stores) -> None:
        with pytest.raises(Gone):
            stores.books.write([ticket(tenant_id="t-9"), Words("t-9", "k-1", "a complaint")])
        assert stores.books.tickets("t-9") == []


class TestEscrow:
    def test_every_field_survives_storing(self, stores: Stores) -> None:
        stores.books.write([escrow()])
        assert stores.books.escrow("t-1", "e-1") == escrow()
        paid = deposited(escrow(), "p-1")
        stores.books.write([paid])
        done = released(paid, "k-1", START + days(1))
        stores.books.write([replace(done, refund_id="r-1", reason_given_at=START + days(2))])
        assert stores.books.escrow("t-1", "e-1") == replace(
            escrow(),
            status=EscrowStatus.RELEASED,
            payment_id="p-1",
            decided_at=START + days(1),
            refund_id="r-1",
            ticket_id="k-1",
            reason_given_at=START + days(2),
            version=3,
        )

    @pytest.mark.clause("SAMAN-1.7")
    def test_a_partner_sees_its_own_work_of_all_tenants(self, stores: Stores) -> None:
        stores.books.write([escrow(2, "t-2"), escrow(1), escrow(3, partner="partner-2")])
        paid = deposited(escrow(1), "p-1")
        stores.books.write([paid])
        assert stores.books.escrows_of_partner("partner-1") == [paid, escrow(2, "t-2")]
        assert stores.books.escrows_of_partner("partner-3") == []
        assert stores.books.escrows("t-1") == [paid, escrow(3, partner="partner-2")]
        for tenant_id, escrow_id in (("t-1", "e-2"), ("t-2", "e-1")):
            with pytest.raises(NotFound):
                stores.books.escrow(tenant_id, escrow_id)


class TestCompensations:
    def test_they_are_read_back_oldest_first(self, stores: Stores) -> None:
        unexplained = replace(compensation(2), reason="")
        stores.books.write([unexplained, compensation(1), compensation(3, "t-2")])
        assert stores.books.compensation("t-1", "c-1") == compensation(1)
        assert stores.books.compensations("t-1") == [compensation(1), unexplained]
        with pytest.raises(NotFound):
            stores.books.compensation("t-1", "c-3")


class TestUsage:
    def test_a_report_is_found_by_the_meters_own_id(self, stores: Stores) -> None:
        stores.register()
        below_the_limit = UsageReport("t-1", "u-2", "records", 0, False, START + SECOND)
        stores.books.write([report(), below_the_limit])
        assert stores.books.usage_report("t-1", "u-1") == report()
        assert stores.books.usage_report("t-1", "u-2") == below_the_limit
        assert stores.books.usage_report("t-2", "u-1") is None


class TestLedger:
    def test_postings_are_read_back_oldest_first(self, stores: Stores) -> None:
        later, first, beside = booked("capture", at=9), booked("grant"), booked("a-grant")
        stores.books.write([later, first])
        stores.books.write([beside, booked(tenant_id="t-10")])
        assert stores.books.postings("t-1") == [beside, first, later]
        assert stores.books.postings("t-2") == []

    def test_an_effect_is_booked_once_per_tenant(self, stores: Stores) -> None:
        stores.books.write([booked()])
        with pytest.raises(ConcurrentChange):
            stores.books.write([replace(booked(), at=START + days(1))])
        stores.books.write([booked(tenant_id="t-2")])
        assert stores.books.postings("t-1") == [booked()]

    def test_a_day_names_every_tenant_that_was_touched_on_it(self, stores: Stores) -> None:
        names = [f"t-{number}" for number in range(24)]
        for name in names:
            stores.books.write([booked("capture", name), booked("grant", name)])
        midnight = START.replace(hour=0) + days(1)
        for place, at in enumerate((midnight - SECOND, midnight)):
            stores.books.write([replace(booked(tenant_id=f"n-{place}"), at=at)])
        assert stores.books.touched_on("2026-01-31") == {*names, "n-0"}
        assert stores.books.touched_on("2026-02-01") == {"n-1"}
        assert stores.books.touched_on("2026-02-02") == set()


class TestInvoices:
    def test_every_field_survives_storing(self, stores: Stores) -> None:
        stores.register()
        issued = stores.invoices.issue(draft())
        assert issued == replace(draft(), number=1)
        assert stores.invoices.get("t-1", "i-1") == issued
        note = replace(
            draft(2), id="c-1", kind=InvoiceKind.CREDIT_NOTE, corrects="i-1", buyer=None, reference=None
        )
        assert stores.invoices.issue(note) == stores.invoices.get("t-1", "c-1") == replace(note, number=2)
        person = replace(draft(3), buyer=BillingProfile("t-1", name="سارا", company=Company("", "", "")))
        assert stores.invoices.issue(person) == stores.invoices.get("t-1", "i-3") == replace(person, number=3)

    @pytest.mark.clause("SAMAN-5.9")
    def test_numbers_rise_without_gaps_within_a_product_and_a_year(self, stores: Stores) -> None:
        for number in (1, 2, 3):
            assert stores.invoices.issue(draft(number, f"t-{number}")).number == number
        assert stores.invoices.issue(draft(4, product="creditware")).number == 1
        assert stores.invoices.issue(draft(5, year=1405)).number == 1
        assert stores.invoices.issue(draft(6)).number == 4
        assert stores.invoices.by_number("trialware", 1404, 2) == ("t-2", "i-2")
        assert stores.invoices.by_number("trialware", 1405, 1) == ("t-1", "i-5")
        for product, year, number in (("trialware", 1404, 5), ("trialware", 1406, 1), ("kalo", 1404, 1)):
            with pytest.raises(NotFound):
                stores.invoices.by_number(product, year, number)

    def test_one_source_has_one_document_and_uses_up_one_number(self, stores: Stores) -> None:
        stores.register()
        first = stores.invoices.issue(draft())
        again = replace(draft(), issued_at=START + days(9), buyer=None, clause="another")
        assert stores.invoices.issue(again) == first
        assert stores.invoices.issue(draft(2)).number == 2

    def test_they_are_listed_oldest_first_without_their_buyers(self, stores: Stores) -> None:
        stores.register()
        late = replace(draft(1), dated_at=START + days(2))
        for each in (late, draft(3), draft(2), draft(4, "t-10")):
            stores.invoices.issue(each)
        assert [each.id for each in stores.invoices.of("t-1")] == ["i-2", "i-3", "i-1"]
        assert {each.buyer for each in stores.invoices.of("t-1")} == {None}
        assert stores.invoices.of("t-2") == []
        with pytest.raises(NotFound):
            stores.invoices.get("t-1", "i-4")

    def test_the_buyer_dies_with_the_key_and_the_figures_stay(self, stores: Stores) -> None:
        stores.register()
        issued = stores.invoices.issue(draft())
        stores.empty("t-1", Store.KEY)
        assert stores.invoices.get("t-1", "i-1") == replace(issued, buyer=None)
        assert stores.invoices.issue(draft()) == replace(issued, buyer=None)
        late = stores.invoices.issue(draft(2))
        assert late == stores.invoices.get("t-1", "i-2") == replace(draft(2), number=2, buyer=None)

    def test_an_official_invoice_is_asked_for_and_issued_once(self, stores: Stores) -> None:
        assert stores.invoices.official("t-1", "i-1") is None
        stores.books.write([official(), ticket()])
        assert stores.invoices.official("t-1", "i-1") == official()
        with pytest.raises(ConcurrentChange):
            stores.books.write([official()])
        issued = replace(
            official(), status=OfficialStatus.ISSUED, issued_at=START + days(2), tax_id="A1B2", version=2
        )
        stores.books.write([issued])
        with pytest.raises(ConcurrentChange):
            stores.books.write([replace(issued, tax_id="C3D4")])
        assert stores.invoices.official("t-1", "i-1") == issued
        assert stores.invoices.official("t-2", "i-1") is None
        # It is no invoice of ours, although it stands beside them.
        assert stores.invoices.of("t-1") == []


class TestProfiles:
    def test_the_newest_profile_takes_the_place_of_the_one_before(self, stores: Stores) -> None:
        stores.register()
        assert stores.profiles.get("t-1") is None
        for profile in (PROFILE, BillingProfile("t-1", name="سارا"), BillingProfile("t-1")):
            stores.profiles.put(profile)
            assert stores.profiles.get("t-1") == profile
        assert stores.profiles.get("t-2") is None

    def test_it_dies_with_the_key(self, stores: Stores) -> None:
        stores.register()
        stores.profiles.put(PROFILE)
        stores.empty("t-1", Store.KEY)
        assert stores.profiles.get("t-1") is None
        with pytest.raises(Gone):
            stores.profiles.put(PROFILE)


class TestDueIndex:
    def test_refunds_and_tickets_stand_in_it_with_their_tenant(self, stores: Stores) -> None:
        stores.books.write([refund(), ticket(2, "t-2"), escrow(), compensation(), booked()])
        assert stores.due.overdue(START + days(9)) == [
            DueItem(DueKind.REFUND, "r-1", START, tenant_id="t-1"),
            DueItem(DueKind.TICKET, "k-2", START + days(3), tenant_id="t-2"),
        ]
        earliest = stores.due.earliest()
        assert earliest
        assert earliest.kind is DueKind.REFUND

    def test_a_refund_stands_in_it_while_it_goes_on_by_itself(self, stores: Stores) -> None:
        stores.books.write([refund()])
        pending = refunds.pending(refund(), START)
        stores.books.write([pending])
        assert [item.at for item in stores.due.overdue(START + days(9))] == [pending.next_check_at]
        stores.books.write([refunds.for_a_person(pending, RefundStatus.PAYOUT, "k-1", "no way back")])
        assert stores.due.earliest() is None

    def test_a_ticket_stands_in_it_until_it_is_escalated_or_closed(self, stores: Stores) -> None:
        stores.books.write([ticket(1), ticket(2)])
        stores.books.write([escalate(ticket(1), START + days(3))])
        assert [item.id for item in stores.due.overdue(START + days(9))] == ["k-2"]
        stores.books.write([close_ticket(ticket(2), "paid_out", START, by="operator")])
        assert stores.due.earliest() is None


class TestErasing:
    def test_a_purge_takes_the_words_and_leaves_the_money(self, stores: Stores) -> None:
        money: list[Row] = [payment(), refund(), ticket(), escrow(), compensation(), booked(), official()]
        for tenant_id in ("t-1", "t-2"):
            stores.register(tenant_id)
            stores.profiles.put(replace(PROFILE, tenant_id=tenant_id))
            stores.books.write([report(tenant_id=tenant_id), Words(tenant_id, "k-1", "a complaint")])
        before = stores.eraser.count("t-2", Store.TENANT)
        # Contact, acceptance, one entry, the tenant itself; profile, words and the report of use.
        assert before == stores.eraser.count("t-1", Store.TENANT) == 7
        stores.books.write(money)
        issued = stores.invoices.issue(draft())
        stores.empty("t-1", *Store)
        assert stores.eraser.count("t-1", Store.TENANT) == 0
        assert stores.profiles.get("t-1") is None
        assert stores.books.words("t-1", "k-1") is None
        assert stores.books.usage_report("t-1", "u-1") is None
        assert stores.payments.get("p-1") == payment()
        assert stores.books.refunds("t-1") == [refund()]
        assert stores.books.open_tickets("trialware") == [ticket()]
        assert stores.books.escrows_of_partner("partner-1") == [escrow()]
        assert stores.books.compensations("t-1") == [compensation()]
        assert stores.books.postings("t-1") == [booked()]
        assert stores.invoices.official("t-1", "i-1") == official()
        assert stores.invoices.of("t-1") == [replace(issued, buyer=None)]
        assert stores.eraser.count("t-2", Store.TENANT) == before
        assert stores.profiles.get("t-2") == replace(PROFILE, tenant_id="t-2")
        assert stores.books.words("t-2", "k-1") == "a complaint"

    def test_money_goes_on_moving_for_a_purged_tenant(self, stores: Stores) -> None:
        stores.register()
        stores.books.write([ticket()])
        stores.empty("t-1", *Store)
        stores.books.write([close_ticket(ticket(), "paid_out", START, by="operator"), booked("pay-out")])
        assert stores.books.open_tickets("trialware") == []
        assert stores.eraser.count("t-1", Store.TENANT) == 0

    def test_nothing_is_put_beside_a_tenant_that_a_purge_has_emptied(self, stores: Stores) -> None:
        tenant = stores.register()
        # Emptied but for the key, as a purge is for a moment.
        stores.empty("t-1", Store.RECORDS, Store.USERS, Store.TENANT)
        for late in (report(), Words("t-1", "k-1", "a complaint")):
            with pytest.raises(ConcurrentChange):
                stores.books.write([booked(), late])
        with pytest.raises(ConcurrentChange):
            stores.write(lifecycle.accept_terms(tenant, AGREEMENT, START, by="owner"), report())
        assert stores.eraser.count("t-1", Store.TENANT) == 0
        assert stores.books.postings("t-1") == []


def test_disclosures_are_kept_in_order_and_never_overwritten(stores: Stores) -> None:
    entries = [
        Disclosure(f"s-{n}", "t-1", "trialware", "a court", "name", "law", "7", "T", START, "o", held=n == 1)
        for n in (1, 2)
    ]
    stores.books.write(entries)
    assert stores.books.disclosures("t-1") == entries
    assert stores.books.disclosures("t-10") == []
    with pytest.raises(ConcurrentChange):
        stores.books.write(entries[:1])
