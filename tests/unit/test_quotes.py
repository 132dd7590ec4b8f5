"""What things cost: promotions, tax, the first lease's invoice, and upgrades by the day to the last rial."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mohlat.agreements import loader
from mohlat.domain.agreement import Agreement, Basis, Promotion, TaxRule, VatRate
from mohlat.domain.durations import Duration
from mohlat.domain.errors import Conflict, InvalidInput
from mohlat.domain.lifecycle import register
from mohlat.domain.payments import Order, OrderKind, Payment, PaymentStatus
from mohlat.domain.purchases import grant, grant_term, order_of
from mohlat.domain.quotes import quote_debt, quote_extra, quote_term, quote_upgrade, remainder
from mohlat.domain.refunds import Refund, RefundReason, reserved
from mohlat.domain.returns import return_purchase
from mohlat.domain.tenant import Debt, Part, Tenant

# 1 Azar 1405, 14:05 in Tehran.
NOW = datetime(2026, 11, 22, 10, 35, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
MONTH, YEAR = Duration(months=1), Duration(months=12)


@pytest.fixture
def saman() -> Agreement:
    return loader.load("saman360")


def tenant_of(agreement: Agreement) -> Tenant:
    return register(agreement, "t", NOW, plan=None, trial_used=False, by="owner").after


def bought(
    tenant: Tenant, agreement: Agreement, plan: str, length: Duration, now: datetime, number: int = 1
) -> Tenant:
    """The tenant after it paid for a term."""
    quote = quote_term(tenant, agreement, plan, length, now)
    order = order_of(quote, tenant, f"o{number}", f"p{number}", now)
    return grant_term(tenant, agreement, order, now, by="gateway").after


def upgraded(
    tenant: Tenant, agreement: Agreement, plan: str, now: datetime, number: int
) -> tuple[Tenant, Order]:
    """The tenant after it paid the difference, and the order."""
    quote = quote_upgrade(tenant, agreement, plan, now)
    order = order_of(quote, tenant, f"o{number}", f"p{number}", now)
    return grant(tenant, agreement, agreement, order, now, by="gateway").after, order


@pytest.mark.clause("SAMAN-5.10")
def test_tax_comes_on_top_at_the_rate_of_the_day_and_the_quote_ends_with_it(saman: Agreement) -> None:
    tomorrow = NOW + DAY / 2
    tax = TaxRule(False, (VatRate(NOW - DAY, 9), VatRate(tomorrow, 10)), Basis("T"))
    agreement = replace(saman, tax=tax)
    tenant = replace(tenant_of(agreement), invoice=None)
    before = quote_term(tenant, agreement, "basic", MONTH, tomorrow - SECOND)
    after = quote_term(tenant, agreement, "basic", MONTH, tomorrow)
    assert (before.net, before.vat, before.total) == (3_900_000, 351_000, 4_251_000)
    assert (after.net, after.vat, after.total) == (3_900_000, 390_000, 4_290_000)
    assert before.valid_until == tomorrow
    assert after.valid_until == tomorrow + DAY
    exempt = replace(agreement, tax=replace(tax, exempt=True))
    assert quote_term(tenant, exempt, "basic", MONTH, NOW).vat == 0


@pytest.mark.clause("SAMAN-5.1")
def test_a_promotion_counts_from_its_first_second_to_the_one_before_its_last(saman: Agreement) -> None:
    sale = Promotion("sale", {}, 15, NOW, NOW + 3 * DAY, Basis("T"), ("basic",), (YEAR,))
    agreement = replace(saman, promotions=(sale, replace(sale, id="small", percent=5)))
    tenant = replace(tenant_of(saman), invoice=None)

    def discount(at: datetime, length: Duration = YEAR, plan: str = "basic") -> int:
        return quote_term(tenant, agreement, plan, length, at).discount

    assert discount(NOW - SECOND) == 0
    assert discount(NOW) == 37_440_000 * 15 // 100
    assert discount(sale.until - SECOND) == 37_440_000 * 15 // 100
    assert discount(sale.until) == 0
    assert discount(NOW, MONTH) == 0
    assert discount(NOW, YEAR, "business") == 0
    # What was told in the sale holds for its day, but not beyond the sale.
    assert (
        quote_term(tenant, agreement, "basic", YEAR, sale.until - timedelta(hours=1)).valid_until
        == sale.until
    )
    assert quote_term(tenant, agreement, "basic", YEAR, NOW).promotion == "sale"


@pytest.mark.clause("KALO-33", "SAMAN-7.2")
def test_a_price_change_leaves_the_first_invoice_and_ends_older_quotes(saman: Agreement) -> None:
    tenant = tenant_of(saman)
    assert tenant.invoice
    dearer = loader.load("saman360")
    offers = tuple(
        replace(offer, prices=(*offer.prices, replace(offer.prices[-1], since=NOW + DAY, amount=9_999_990)))
        for offer in dearer.plan("basic").offers
    )
    dearer = replace(dearer, plans=(replace(dearer.plan("basic"), offers=offers), dearer.plan("business")))
    first = quote_term(tenant, dearer, "basic", Duration(months=3), NOW + 2 * DAY)
    assert first.total == tenant.invoice.amount
    assert first.vat == tenant.invoice.vat
    # Another length is bought at the day's price, and a quote does not outlive the price.
    later = quote_term(tenant, dearer, "basic", MONTH, NOW + 2 * DAY)
    assert later.net == 9_999_990
    assert quote_term(tenant, dearer, "basic", MONTH, NOW + DAY - SECOND).valid_until == NOW + DAY


@pytest.mark.clause("SAMAN-4.4")
def test_an_extra_has_a_price_of_the_day(saman: Agreement) -> None:
    extra = saman.extras[0]
    quote = quote_extra(saman, extra.id, NOW)
    assert (quote.kind, quote.subject, quote.net) == (OrderKind.EXTRA, extra.id, extra.prices[-1].amount)
    with pytest.raises(InvalidInput):
        quote_extra(saman, "nothing", NOW)
    unborn = replace(extra, prices=(replace(extra.prices[0], since=NOW + SECOND),))
    with pytest.raises(InvalidInput):
        quote_extra(replace(saman, extras=(unborn,)), extra.id, NOW)


def test_an_upgrade_costs_what_the_days_left_are_worth_on_each_plan(saman: Agreement) -> None:
    tenant = bought(tenant_of(saman), saman, "basic", YEAR, NOW)
    assert tenant.term
    (part,) = tenant.term.parts
    assert (part.days, part.value) == (365, 37_440_000)
    # A hundred days and an hour later: a hundred and one are used, the one in progress on the old plan.
    later = NOW + 100 * DAY + timedelta(hours=1)
    quote = quote_upgrade(tenant, saman, "business", later)
    left = 37_440_000 - 37_440_000 * 101 // 365
    dear = 85_440_000 - 85_440_000 * 101 // 365
    assert (quote.net, quote.plan_before, quote.term_ends_at) == (dear - left, "basic", tenant.term.ends_at)
    up, _ = upgraded(tenant, saman, "business", later, 2)
    assert up.term
    assert (up.term.plan, up.term.ends_at) == ("business", tenant.term.ends_at)
    assert (up.generation, up.version) == (tenant.generation, tenant.version + 1)


@pytest.mark.parametrize(
    ("offset", "used"),
    [(timedelta(0), 0), (SECOND, 1), (DAY, 1), (DAY + SECOND, 2), (-5 * DAY, 0), (400 * DAY, 365)],
)
def test_the_day_in_progress_is_used(offset: timedelta, used: int) -> None:
    part = Part("p", YEAR, 365, NOW, NOW + 365 * DAY, 365_000)
    left = remainder(part, NOW + offset)
    assert left.value == 365_000 - 1_000 * used
    assert left.starts_at == NOW + used * DAY


@pytest.mark.clause("SAMAN-5.6")
@given(
    first=st.integers(min_value=1, max_value=363),
    pause=st.integers(min_value=0, max_value=363),
    price=st.integers(min_value=1_000, max_value=10**10),
    middle=st.integers(min_value=1, max_value=10**9),
    top=st.integers(min_value=1, max_value=10**9),
)
def test_two_upgrades_in_one_term_add_up_to_the_rial(
    first: int, pause: int, price: int, middle: int, top: int
) -> None:
    saman = loader.load("saman360")
    basic = saman.plan("basic")

    def plan(name: str, amount: int) -> object:
        offers = tuple(
            replace(offer, prices=(replace(offer.prices[0], amount=amount),)) for offer in basic.offers
        )
        return replace(basic, id=name, offers=offers)

    plans = (plan("basic", price), plan("mid", price + middle), plan("top", price + middle + top))
    agreement = replace(saman, plans=plans)  # type: ignore[arg-type]
    tenant = bought(replace(tenant_of(saman), invoice=None), agreement, "basic", YEAR, NOW)
    second = min(first + pause, 363)
    paid = price
    used = 0
    for day, name, number in ((first, "mid", 2), (second, "top", 3)):
        at = NOW + day * DAY + SECOND
        assert tenant.term
        before = tenant.term.parts[0]
        left = remainder(before, at)
        used += before.value - left.value
        try:
            tenant, order = upgraded(tenant, agreement, name, at, number)
        except Conflict:
            # So few days are left that the difference is less than a rial.
            used -= before.value - left.value
            continue
        paid += order.net
    assert tenant.term
    # What was used up and what is left are together what was paid.
    assert used + tenant.term.parts[0].value == paid


def test_what_cannot_be_upgraded(saman: Agreement) -> None:
    fresh = tenant_of(saman)
    with pytest.raises(Conflict):
        quote_upgrade(fresh, saman, "business", NOW)
    tenant = bought(fresh, saman, "business", YEAR, NOW)
    for plan in ("business", "basic"):
        with pytest.raises(Conflict):
            quote_upgrade(tenant, saman, plan, NOW + DAY)
    with pytest.raises(InvalidInput):
        quote_upgrade(tenant, saman, "golden", NOW + DAY)
    assert tenant.term
    with pytest.raises(Conflict):
        quote_upgrade(bought(fresh, saman, "basic", YEAR, NOW), saman, "business", NOW + 364 * DAY + SECOND)


def refund_of(payment_id: str) -> Refund:
    payment = Payment(
        payment_id, "t", "saman360", "o", "zarinpal", 10, PaymentStatus.GRANTED, NOW, captured=10
    )
    return reserved("r1", payment, 10, 1, RefundReason.UPGRADE_RETURNED, "SAMAN-5.6", NOW)


@pytest.mark.clause("SAMAN-5.6")
def test_giving_an_upgrade_back_leaves_the_plan_and_days_that_were_there(saman: Agreement) -> None:
    tenant = bought(tenant_of(saman), saman, "basic", YEAR, NOW)
    up, order = upgraded(tenant, saman, "business", NOW + 5 * DAY, 2)
    back = return_purchase(up, saman, order, refund_of("p2"), NOW + 6 * DAY, by="owner").after
    assert back.term
    assert (back.term, back.open_matters) == (tenant.term, {"refund:r1"})
    # Twice is once too often, and what was renewed on the new plan stands on it.
    with pytest.raises(Conflict):
        return_purchase(back, saman, order, refund_of("p2"), NOW + 6 * DAY, by="owner")
    longer = bought(up, saman, "business", MONTH, NOW + 6 * DAY, 3)
    with pytest.raises(Conflict):
        return_purchase(longer, saman, order, refund_of("p2"), NOW + 7 * DAY, by="owner")


def test_only_the_last_upgrade_can_be_given_back_and_what_it_stands_on_only_later(saman: Agreement) -> None:
    tenant = bought(tenant_of(saman), saman, "basic", YEAR, NOW)
    once, first = upgraded(tenant, saman, "business", NOW + 5 * DAY, 2)
    twice, second = upgraded(once, saman, "enterprise", NOW + 6 * DAY, 3)
    with pytest.raises(Conflict):
        return_purchase(twice, saman, first, refund_of("p2"), NOW + 7 * DAY, by="owner")
    back = return_purchase(twice, saman, second, refund_of("p3"), NOW + 7 * DAY, by="owner").after
    assert back.term == once.term
    term = order_of(quote_term(tenant, saman, "basic", YEAR, NOW), tenant, "o1", "p1", NOW)
    with pytest.raises(Conflict):
        return_purchase(back, saman, term, refund_of("p1"), NOW + 7 * DAY, by="owner")


def test_each_debt_is_asked_for_as_it_was_invoiced(saman: Agreement) -> None:
    debts = tuple(
        Debt(f"d-{number}", "records", 1, 110 * number, 10 * number, 10, NOW, NOW + 14 * DAY)
        for number in (1, 2)
    )
    owing = replace(tenant_of(saman), debts=debts)
    assert quote_debt(owing, saman, "d-2", NOW).total == 220
    with pytest.raises(InvalidInput):
        quote_debt(owing, saman, "d-3", NOW)
