"""What the agreements give back, to the second; and a refund's way, step by step."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mohlat.agreements import loader
from mohlat.domain.agreement import Agreement, Phase, RefundCase, Returned
from mohlat.domain.durations import Duration
from mohlat.domain.errors import Conflict, Gone, RefundRefused
from mohlat.domain.lifecycle import next_deadline, register
from mohlat.domain.payments import Order, OrderKind, Payment, PaymentStatus
from mohlat.domain.purchases import grant_term
from mohlat.domain.refunds import (
    RefundReason,
    RefundStatus,
    calling,
    entitlement,
    finished,
    followed,
    looked_in_vain,
    pending,
    refused,
    reserved,
    right_ends_at,
    withdrawal,
)
from mohlat.domain.returns import return_purchase, withdraw
from mohlat.domain.tenant import Restriction, RestrictionKind, Tenant, iso

NOW = datetime(2026, 11, 22, 10, 35, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
TEHRAN = timedelta(hours=3, minutes=30)


def tenant_of(agreement: Agreement, now: datetime = NOW) -> Tenant:
    return register(agreement, "t", now, plan=None, trial_used=False, by="owner").after


def order(kind: OrderKind = OrderKind.TERM, number: int = 1, *, start_now: bool = False) -> Order:
    return Order(
        f"o{number}",
        "t",
        "saman360",
        "basic",
        Duration(months=1),
        1_100,
        f"p{number}",
        NOW,
        NOW + DAY,
        kind=kind,
        vat=100,
        vat_percent=10,
        start_now=start_now,
    )


def paid(number: int = 1, **changes: object) -> Payment:
    payment = Payment(
        f"p{number}",
        "t",
        "saman360",
        f"o{number}",
        "zarinpal",
        1_100,
        PaymentStatus.GRANTED,
        NOW,
        captured=1_100,
    )
    fields: dict[str, object] = {"settled_at": NOW, "reference": "R", **changes}
    return replace(payment, **fields)  # type: ignore[arg-type]


@pytest.mark.clause("SAMAN-2.6", "SAMAN-5.5")
def test_withdrawing_ends_with_the_thirtieth_day_in_tehran() -> None:
    saman = loader.load("saman360")
    tenant = tenant_of(saman)
    # Registered on 1 Azar at 14:05: the thirtieth day after it is 1 Dey, which ends at midnight in Tehran.
    end = datetime(2026, 12, 23, tzinfo=UTC) - TEHRAN
    assert withdrawal(tenant, saman, end - SECOND).until == end
    assert withdrawal(tenant, saman, end - SECOND).clause == "SAMAN-2.6"
    with pytest.raises(RefundRefused) as refusal:
        withdrawal(tenant, saman, end)
    assert refusal.value.details == {"clause": "SAMAN-5.5", "case": "otherwise", "ended_at": iso(end)}


def test_what_is_deleted_or_closed_cannot_be_withdrawn_from() -> None:
    saman = loader.load("saman360")
    tenant = tenant_of(saman)
    with pytest.raises(Gone):
        withdraw(replace(tenant, phase=Phase.PURGED), saman, (), "SAMAN-2.6", NOW, by="owner")
    with pytest.raises(Conflict):
        withdraw(replace(tenant, phase=Phase.CLOSED), saman, (), "SAMAN-2.6", NOW, by="owner")


def test_who_broke_the_rules_gets_nothing_back() -> None:
    saman = loader.load("saman360")
    blocked = Restriction(RestrictionKind.BLOCKED, "attack", "SAMAN-3.10", NOW)
    tenant = replace(tenant_of(saman), restrictions=(blocked,))
    for ask in (
        lambda: withdrawal(tenant, saman, NOW),
        lambda: entitlement(tenant, saman, order(), paid(), NOW, renewal=False),
    ):
        with pytest.raises(RefundRefused) as refusal:
            ask()
        assert refusal.value.details["clause"] == saman.refund_rule(RefundCase.VIOLATION).basis.cite()  # type: ignore[union-attr]


@pytest.mark.clause("SAMAN-5.6")
def test_a_renewal_is_never_returned_and_an_upgrade_for_thirty_days() -> None:
    saman = loader.load("saman360")
    tenant = tenant_of(saman)
    with pytest.raises(RefundRefused) as refusal:
        entitlement(tenant, saman, order(), paid(), NOW + SECOND, renewal=True)
    assert refusal.value.details["clause"] == "SAMAN-5.6"
    end = datetime(2026, 12, 23, tzinfo=UTC) - TEHRAN
    right = entitlement(tenant, saman, order(OrderKind.UPGRADE), paid(), end - SECOND, renewal=True)
    assert (right.amount, right.clause, right.until) == (1_100, "SAMAN-5.6", end)
    with pytest.raises(RefundRefused):
        entitlement(tenant, saman, order(OrderKind.UPGRADE), paid(), end, renewal=True)


@pytest.mark.clause("SAMAN-5.5")
def test_a_lease_is_returned_by_withdrawal_only() -> None:
    saman = loader.load("saman360")
    for kind in (OrderKind.TERM, OrderKind.EXTRA, OrderKind.DEBT, OrderKind.ESCROW):
        with pytest.raises(RefundRefused) as refusal:
            entitlement(tenant_of(saman), saman, order(kind), paid(), NOW, renewal=False)
        assert refusal.value.details["clause"] == "SAMAN-5.5"


def test_seven_working_days_even_across_nowruz_unless_the_start_was_asked_for() -> None:
    kalo = loader.load("kalo")
    rule = kalo.refund_rule(RefundCase.WITHDRAWAL)
    assert rule
    assert rule.waived_by_start
    # Bought on 27 Esfand 1404: the seventh working day is 16 Farvardin 1405.
    bought_at = datetime(2026, 3, 18, 9, 0, tzinfo=UTC)
    end = right_ends_at(rule, kalo, bought_at)
    assert end == datetime(2026, 4, 6, tzinfo=UTC) - TEHRAN
    tenant, payment = tenant_of(kalo, bought_at), paid(settled_at=bought_at)
    assert entitlement(tenant, kalo, order(), payment, end - SECOND, renewal=True).amount == 1_100
    for late in (end, end + DAY):
        with pytest.raises(RefundRefused) as refusal:
            entitlement(tenant, kalo, order(), payment, late, renewal=False)
        assert refusal.value.details["ended_at"] == iso(end)
    with pytest.raises(RefundRefused):
        entitlement(tenant, kalo, order(start_now=True), payment, bought_at, renewal=False)
    with pytest.raises(RefundRefused):
        withdrawal(tenant, kalo, bought_at)


def test_what_went_back_already_cannot_go_back_again() -> None:
    kalo = loader.load("kalo")
    with pytest.raises(Conflict):
        entitlement(tenant_of(kalo), kalo, order(), paid(refunds={"r0": 1_100}), NOW, renewal=False)
    right = entitlement(tenant_of(kalo), kalo, order(), paid(refunds={"r0": 400}), NOW, renewal=False)
    assert right.amount == 700


def test_an_agreement_without_rules_gives_nothing() -> None:
    kallu = replace(loader.load("kallu"), refunds=())
    with pytest.raises(RefundRefused):
        entitlement(tenant_of(kallu), kallu, order(), paid(), NOW, renewal=False)
    with pytest.raises(RefundRefused):
        withdrawal(tenant_of(kallu), kallu, NOW)


def test_a_rule_without_time_lasts_for_ever() -> None:
    kalo = loader.load("kalo")
    rule = kalo.refund_rule(RefundCase.WITHDRAWAL)
    assert rule
    endless = replace(rule, within_working_days=None, within=None, returned=Returned.EVERYTHING)
    assert right_ends_at(endless, kalo, NOW) is None


def bought(tenant: Tenant, agreement: Agreement, number: int, now: datetime) -> Tenant:
    return grant_term(tenant, agreement, order(number=number), now, by="gateway").after


def test_a_returned_purchase_takes_its_months_back() -> None:
    kalo = loader.load("kalo")
    in_trial = bought(tenant_of(kalo), kalo, 1, NOW)
    longer = bought(in_trial, kalo, 2, NOW + DAY)
    refund = reserved("r", paid(2), 1_100, 100, RefundReason.PURCHASE_RETURNED, "T", NOW)
    # What was bought first stands below what was bought later.
    with pytest.raises(Conflict):
        return_purchase(longer, kalo, order(number=1), refund, NOW + DAY, by="owner")
    shorter = return_purchase(longer, kalo, order(number=2), refund, NOW + DAY, by="owner").after
    assert (shorter.term, shorter.period_ends_at) == (in_trial.term, in_trial.period_ends_at)
    assert shorter.generation == longer.generation + 1
    # Given back in the trial it was bought in: what is left of the trial goes on, then it lapses.
    back = return_purchase(shorter, kalo, order(number=1), refund, NOW + 2 * DAY, by="owner").after
    assert (back.phase, back.term, back.period_ends_at) == (
        Phase.ACTIVE,
        None,
        tenant_of(kalo).period_ends_at,
    )
    again = bought(back, kalo, 3, NOW + 3 * DAY)
    assert again.term
    assert again.term.anchor == tenant_of(kalo).period_ends_at


def test_a_term_that_had_begun_ends_when_it_is_given_back() -> None:
    club = loader.load("customer_club")
    tenant = replace(tenant_of(club), phase=Phase.DEACTIVATED, ended_at=NOW, period_ends_at=NOW)
    active = bought(tenant, club, 1, NOW)
    refund = reserved("r", paid(), 1_100, 100, RefundReason.PURCHASE_RETURNED, "T", NOW)
    at = NOW + 3 * DAY
    back = return_purchase(active, club, order(), refund, at, by="owner").after
    due = next_deadline(back, club)
    assert due
    assert (due.kind.value, due.at) == ("end_term", at)
    with pytest.raises(Conflict):
        return_purchase(replace(active, phase=Phase.DEACTIVATED), club, order(), refund, at, by="owner")
    extra = return_purchase(active, club, order(OrderKind.EXTRA), refund, at, by="owner").after
    assert extra.term == active.term


def test_a_refunds_way() -> None:
    refund = reserved("r", paid(), 1_100, 100, RefundReason.GOODWILL, "T", NOW)
    assert (refund.status, refund.next_check_at, refund.done) == (RefundStatus.RESERVED, NOW, False)
    asked = calling(refund, 2, NOW)
    assert (asked.status, asked.registered_before, asked.version) == (RefundStatus.CALLING, 2, 2)
    # Until an hour of silence has passed, what is not listed may still be.
    soon = looked_in_vain(asked, NOW + timedelta(hours=1) - SECOND)
    assert (soon.status, soon.next_check_at) == (
        RefundStatus.CALLING,
        NOW + timedelta(hours=1, minutes=15) - SECOND,
    )
    again = looked_in_vain(asked, NOW + timedelta(hours=1))
    assert (again.status, again.next_check_at) == (RefundStatus.RESERVED, NOW + timedelta(hours=1))
    taken = pending(asked, NOW)
    assert followed(taken, NOW).next_check_at == NOW + timedelta(hours=6)
    # A bank that takes a week is asked about once a day.
    week = NOW + timedelta(days=7)
    assert followed(taken, week - SECOND).next_check_at == week - SECOND + timedelta(hours=6)
    assert followed(taken, week).next_check_at == week + timedelta(days=1)
    assert followed(asked, NOW).next_check_at == NOW + timedelta(minutes=15)
    assert refused(asked, NOW).next_check_at == NOW + timedelta(minutes=15)
    done = finished(taken, RefundStatus.SETTLED, NOW)
    assert (done.done, done.settled_at, done.next_check_at) == (True, NOW, None)
    with pytest.raises(Conflict):
        finished(done, RefundStatus.PAID_OUT, NOW)
