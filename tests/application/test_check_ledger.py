"""The nightly look at the ledger: healthy lives pass, and every fault that was planted is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from mohlat.application.settle_payment import Decision
from mohlat.domain import bookkeeping
from mohlat.domain.escrow import Escrow
from mohlat.domain.ledger import Account, Fault, Posting, posting
from mohlat.domain.payments import Payment, PaymentStatus
from mohlat.domain.refunds import Refund, RefundReason, RefundStatus, reserved
from mohlat.domain.tenant import Closing, Tenant
from tests.application.desks import NOON, Office
from tests.builders import SECOND, days
from tests.fakes import FakeBooks

DAY = "2026-11-25"
BY = "operator:nima"


def bought() -> tuple[Office, Tenant, Payment]:
    """A tenant that bought a term today."""
    office = Office("kalo")
    tenant = office.register()
    invoice = office.bought(tenant)
    return office, tenant, office.payments.get(invoice.source)


def found(office: Office, day: str = DAY) -> list[Fault]:
    """What the check of a day finds."""
    return list(office.check.run(day).faults)


def given_back(office: Office, payment: Payment, amount: int = 500_000) -> Refund:
    """An operator gives something back."""
    clause = next(iter(office.agreement.clauses))
    return office.refund_desk.give_back(payment.tenant_id, payment.id, amount, "goodwill", clause, BY)


def held(office: Office, tenant: Tenant, *, captured: bool = True, more: int = 70_000) -> Payment:
    """A payment that the gateway answers strangely."""
    placed = office.order(tenant, plan=office.plan)
    office.gateway.captures_mismatch = captured
    office.gateway.pay(placed.payment.authority or "", amount=placed.order.amount + more)
    return office.come_back(placed)


# --- what is right ----------------------------------------------------------------------------------------


def test_a_day_on_which_nothing_was_booked_has_nothing_to_check() -> None:
    office, _, _ = bought()
    report = office.check.run("2027-01-01")
    assert (report.tenants, report.checked, report.faults, report.next_after) == (0, 0, (), None)


def test_a_purchase_a_part_given_back_and_its_settlement_are_right_at_every_step() -> None:
    office, tenant, payment = bought()
    assert found(office) == []
    given_back(office, payment)
    assert found(office) == []
    for _ in range(3):
        office.clock.advance(hours=7)
        office.follow_refunds(tenant)
        office.gateway.complete_refunds()
        assert found(office) == []
    assert office.books.refunds(tenant.id)[0].status is RefundStatus.SETTLED


@pytest.mark.parametrize("decision", [Decision.GRANT, Decision.RETURN])
@pytest.mark.parametrize("captured", [True, False])
def test_a_held_payment_is_right_before_and_after_it_is_decided(decision: Decision, captured: bool) -> None:
    office = Office("kalo")
    tenant = office.register()
    payment = held(office, tenant, captured=captured)
    assert found(office) == []
    if captured or decision is Decision.RETURN:
        office.payment_desk.decide(payment.id, decision, BY)
    assert found(office) == []


def test_money_that_bought_nothing_is_right_on_its_way_back() -> None:
    office = Office("kalo")
    tenant = office.register()
    placed = office.paid_order(tenant, plan=office.plan)
    office.desk.close(tenant.id, Closing.TERMINATION, by="user:u_1")
    assert office.come_back(placed).status is PaymentStatus.OWED_BACK
    assert found(office) == []


def test_a_purged_tenants_ledger_is_checked_too() -> None:
    office, tenant, payment = bought()
    given_back(office, payment)
    del office.table.tenants[tenant.id]
    office.table.orders.clear()
    assert found(office) == []


def test_what_is_booked_between_two_reads_is_no_fault() -> None:
    office, tenant, payment = bought()

    class Racing(FakeBooks):
        """Books in which a refund is reserved just after the postings were read."""

        def postings(self, tenant_id: str) -> list[Posting]:
            before = super().postings(tenant_id)
            if not self.refunds(tenant_id):
                given_back(office, payment)
            return before

    office.check._books = Racing(office.table)
    assert found(office) == []
    assert office.books.refunds(tenant.id)


# --- what is planted --------------------------------------------------------------------------------------


def _payment_lost(office: Office, payment: Payment) -> None:
    del office.table.payments[payment.id]


def _captured_changed(office: Office, payment: Payment) -> None:
    office.table.payments[payment.id] = replace(payment, captured=payment.captured + 1)


def _posting_lost(office: Office, payment: Payment) -> None:
    del office.table.postings[payment.tenant_id, f"grant#{payment.id}"]
    office.books.write([posting("x", "x", payment.tenant_id, "kalo", NOON, "T", compensated=1, credited=-1)])


def _refund_unknown(office: Office, payment: Payment) -> None:
    office.table.payments[payment.id] = replace(payment, refunds={"r_9": 5})


def _refunds_too_large(office: Office, payment: Payment) -> None:
    office.table.payments[payment.id] = replace(payment, refunds={"r_9": payment.captured + 1})


def _refund_unbooked(office: Office, payment: Payment) -> None:
    refund = reserved("r_9", payment, 5, 0, RefundReason.GOODWILL, "T", NOON)
    office.table.payments[payment.id] = replace(payment, refunds={"r_9": 5})
    office.books.write([refund])


def _refund_settled_unbooked(office: Office, payment: Payment) -> None:
    refund = given_back(office, payment)
    key = (refund.tenant_id, refund.id)
    office.table.refunds[key] = replace(refund, status=RefundStatus.SETTLED, next_check_at=None)


def _refund_settled_too_early(office: Office, payment: Payment) -> None:
    office.books.write([bookkeeping.given_back(given_back(office, payment), NOON)])


def _paid_to_a_partner_twice(office: Office, payment: Payment) -> None:
    escrow = Escrow("e_1", payment.tenant_id, "kalo", "partner", "work", 700, NOON)
    office.books.write([bookkeeping.partner_paid(escrow, "T", NOON)])


PLANTED: dict[str, tuple[Callable[[Office, Payment], None], set[tuple[str, str]]]] = {
    "a payment that is gone": (
        _payment_lost,
        {("{payment}", "there is no such payment")},
    ),
    "another amount captured": (
        _captured_changed,
        {("{payment}", "2750001 rials were captured, 2750000 are booked")},
    ),
    "a grant that was never booked": (
        _posting_lost,
        {("{payment}", "2750000 rials were captured, 0 are booked")},
    ),
    "a refund that nobody knows": (
        _refund_unknown,
        {("{payment}", "its refunds are not those that are on record")},
    ),
    "more refunds than money": (
        _refunds_too_large,
        {
            ("{payment}", "more of it goes back than was captured"),
            ("{payment}", "its refunds are not those that are on record"),
        },
    ),
    "a refund that was never booked": (
        _refund_unbooked,
        {
            ("r_9", "it is reserved and not booked like that"),
            ("returning", "holds 0 rials, 5 are accounted for"),
        },
    ),
    "a settlement that was never booked": (
        _refund_settled_unbooked,
        {
            ("{refund}", "it is settled and not booked like that"),
            ("returning", "holds 500000 rials, 0 are accounted for"),
        },
    ),
    "a settlement that was booked too early": (
        _refund_settled_too_early,
        {
            ("{refund}", "it is reserved and not booked like that"),
            ("returning", "holds 0 rials, 500000 are accounted for"),
        },
    ),
    "money that leaves where it never was": (
        _paid_to_a_partner_twice,
        {("payable", "is -700 rials")},
    ),
}


@pytest.mark.parametrize("plant", PLANTED)
def test_a_planted_fault_is_found_and_named(plant: str) -> None:
    office, tenant, payment = bought()
    act, expected = PLANTED[plant]
    act(office, payment)
    refunds = office.books.refunds(tenant.id)
    named = {"payment": payment.id, "refund": refunds[0].id if refunds else ""}
    faults = found(office)
    assert {(fault.subject, fault.what) for fault in faults} == {
        (subject.format(**named), what) for subject, what in expected
    }
    assert {fault.tenant_id for fault in faults} == {tenant.id}


def test_a_held_account_that_no_payment_explains_is_found() -> None:
    office = Office("kalo")
    tenant = office.register()
    payment = held(office, tenant)
    office.table.payments[payment.id] = replace(payment, status=PaymentStatus.RETURNED)
    assert [(fault.subject, fault.what) for fault in found(office)] == [
        (Account.HELD.value, f"holds {payment.captured} rials, 0 are accounted for")
    ]


@pytest.mark.parametrize("ticket", ["closed", "lost", "never opened"])
def test_a_held_payment_that_nobody_looks_after_is_found(ticket: str) -> None:
    office = Office("kalo")
    tenant = office.register()
    payment = held(office, tenant)
    key = (tenant.id, payment.ticket_id or "")
    match ticket:
        case "closed":
            office.table.tickets[key] = replace(office.table.tickets[key], closed_at=NOON)
        case "lost":
            del office.table.tickets[key]
        case "never opened":
            office.table.payments[payment.id] = replace(payment, ticket_id=None)
    assert found(office) == [Fault(tenant.id, payment.id, "it is held, and no ticket is open for it")]


def test_a_held_payment_of_which_nothing_was_captured_is_found_by_its_order() -> None:
    office, tenant, _ = bought()
    payment = held(office, tenant, captured=False)
    key = (tenant.id, payment.ticket_id or "")
    office.table.tickets[key] = replace(office.table.tickets[key], closed_at=NOON)
    assert [fault.subject for fault in found(office)] == [payment.id]


def test_a_refund_that_nobody_asked_for_is_found_on_the_third_day_after_it() -> None:
    office, _, payment = bought()
    refund = given_back(office, payment)
    office.clock.time = NOON + days(3)
    assert found(office, "2026-11-28") == []
    office.clock.time = NOON + days(3) + SECOND
    # Nothing of it was booked that day: it is looked at again because of the day on which it was.
    assert office.books.touched_on("2026-11-28") == set()
    assert found(office, "2026-11-28") == [
        Fault(payment.tenant_id, refund.id, "nobody was asked for it in three days")
    ]


def test_a_refund_that_is_followed_or_with_a_person_may_take_longer() -> None:
    office, tenant, payment = bought()
    given_back(office, payment)
    office.follow_refunds(tenant)
    office.clock.time = NOON + days(9)
    assert office.books.refunds(tenant.id)[0].status is RefundStatus.PENDING
    assert found(office) == []


# --- how far it gets --------------------------------------------------------------------------------------


def three() -> tuple[Office, list[Tenant]]:
    """Three tenants that bought something today, each with a fault."""
    office = Office("kalo")
    tenants = [
        office.register(email=f"c{number}@customer.test", mobile=f"+98912000000{number}")
        for number in range(3)
    ]
    for tenant in tenants:
        payment = office.payments.get(office.bought(tenant).source)
        _captured_changed(office, payment)
    return office, sorted(tenants, key=lambda each: each.id)


def test_every_tenant_of_the_day_is_checked_in_order() -> None:
    office, tenants = three()
    report = office.check.run(DAY)
    assert [fault.tenant_id for fault in report.faults] == [tenant.id for tenant in tenants]
    assert (report.day, report.tenants, report.checked, report.next_after) == (DAY, 3, 3, None)


def test_a_run_that_is_cut_off_says_how_far_it_got_and_is_gone_on_with() -> None:
    office, tenants = three()
    answers = iter([False, True])
    report = office.check.run(DAY, until=lambda: next(answers))
    assert (report.tenants, report.checked, report.next_after) == (3, 1, tenants[0].id)
    assert [fault.tenant_id for fault in report.faults] == [tenants[0].id]
    rest = office.check.run(DAY, after=report.next_after or "")
    assert (rest.tenants, rest.checked, rest.next_after) == (2, 2, None)
    assert [fault.tenant_id for fault in rest.faults] == [tenant.id for tenant in tenants[1:]]


def test_a_run_without_any_time_goes_on_where_it_began() -> None:
    office, tenants = three()
    report = office.check.run(DAY, until=lambda: True)
    assert (report.checked, report.faults, report.next_after) == (0, (), "")
    later = office.check.run(DAY, after=tenants[1].id, until=lambda: True)
    assert later.next_after == tenants[1].id
