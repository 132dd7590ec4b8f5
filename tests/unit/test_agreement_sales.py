"""The agreement files' money: what is sold and charged and given back, and what the form refuses of it."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mohlat.agreements import loader, sales
from mohlat.calendar.jalali import start_of_day
from mohlat.domain.agreement import Agreement, Phase, RefundCase, Returned, Since, VatRate
from mohlat.domain.billing import BillingProfile, Company
from mohlat.domain.durations import Duration
from mohlat.domain.errors import AgreementInvalid
from mohlat.domain.iranian import normalize_legal_id
from mohlat.domain.pace import METRIC
from mohlat.domain.quotes import quote_extra
from tests.unit.agreement_files import PACKAGE, broken, source

SELLING = ("customer_club", "kalak", "kalo", "saman360")
TEST_LAYER = Path(__file__).parents[1] / "agreements" / "python"
SECOND = timedelta(seconds=1)
MONTH, YEAR = Duration(months=1), Duration(months=12)


@pytest.fixture(autouse=True)
def _nothing_read_yet():
    loader.load.cache_clear()
    loader.vat_rates.cache_clear()
    yield
    loader.load.cache_clear()
    loader.vat_rates.cache_clear()


def problems(product: str, text: str) -> dict[str, str]:
    """Path and reason of everything that is wrong."""
    return {
        str(problem.details["path"]): str(problem.details["reason"])
        for problem in loader.problems(text, f"{product}.yaml")
    }


def without(text: str, *keys: str) -> str:
    """A file without these top-level keys and what stands below them."""
    for key in keys:
        text, count = re.subn(rf"^{key}:.*\n(  .*\n)*", "", text, count=1, flags=re.MULTILINE)
        assert count == 1
    return text


# --- what the five sell -------------------------------------------------------------------------------------


@pytest.mark.parametrize("product", SELLING)
def test_whoever_sells_says_who_invoices_and_what_is_taxed(product: str):
    agreement = loader.load(product)

    assert not agreement.tax.exempt
    assert agreement.tax.rates == loader.vat_rates()
    assert agreement.payments
    assert agreement.seller
    assert normalize_legal_id(agreement.seller.national_id) == agreement.seller.national_id
    # An example must be nobody's number: those of real companies begin with 1.
    assert agreement.seller.national_id.startswith("999")
    assert re.fullmatch(r"[A-Z0-9]{6}", agreement.seller.fiscal_id or "")
    assert agreement.seller.basis.cite() == "vendor's choice"


def test_who_sells_nothing_needs_none_of_it():
    kallu = loader.load("kallu")

    assert kallu.tax is sales.NOTHING_TAXED
    assert kallu.tax.percent_at(kallu.effective_at) == 0
    assert (kallu.payments, kallu.seller, kallu.plans, kallu.extras, kallu.disputes) == (
        None,
        None,
        (),
        (),
        None,
    )


def test_the_products_for_tests_sell_untaxed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(TEST_LAYER))

    assert loader.load("swift").tax.exempt


@pytest.mark.parametrize("product", SELLING)
def test_a_faulty_invoice_can_be_contested_for_thirty_days_everywhere(product: str):
    rule = loader.load(product).disputes

    assert rule
    assert (rule.within, rule.answer) == (Duration(days=30), Duration(days=7))


def test_a_dispute_cites_the_clause_where_there_is_one():
    cited = {product: loader.load(product).disputes.basis.cite() for product in SELLING}  # type: ignore[union-attr]

    assert cited == {
        "customer_club": "vendor's choice",
        "kalak": "vendor's choice",
        "kalo": "KALO-24",
        "saman360": "SAMAN-5.11",
    }


@pytest.mark.parametrize("product", ["kalo", "customer_club"])
def test_a_purchase_can_be_given_back_for_seven_working_days_unless_the_start_was_asked_for(product: str):
    rule = loader.load(product).refund_rule(RefundCase.WITHDRAWAL)

    assert rule
    assert (rule.returned, rule.within, rule.within_working_days) == (Returned.EVERYTHING, None, 7)
    assert rule.since is Since.PURCHASE
    assert rule.waived_by_start
    assert "article 37" in (rule.basis.choice or "")


def test_goods_are_not_used_up_by_asking_for_them_at_once():
    rule = loader.load("kalak").refund_rule(RefundCase.WITHDRAWAL)

    assert rule
    assert rule.within_working_days == 7
    assert not rule.waived_by_start


def test_the_club_watches_a_failed_payment_for_72_hours():
    club = loader.load("customer_club")

    assert club.payments
    assert club.payments.watch == Duration(seconds=72 * 3600)
    assert club.payments.basis.cite() == "CLUB-7"


def test_an_order_at_kalak_needs_what_its_policy_lists():
    needs = loader.load("kalak").order_needs

    assert needs
    assert needs.natural == ("name", "surname", "mobile", "email", "address", "sheba")
    assert needs.legal == ("company", "legal_id", "economic_code")
    assert needs.basis.cite() == "KALAK-collect"


def test_what_an_order_may_need_is_what_a_billing_profile_holds():
    of_person = {field.name for field in fields(BillingProfile)} - {"tenant_id", "company"}
    of_company = {field.name for field in fields(Company)} - {"name"} | {"company"}

    assert set(sales._PERSON) == of_person
    assert set(sales._COMPANY) == of_company


def test_kalak_sells_without_leasing():
    kalak = loader.load("kalak")

    assert kalak.lease is None
    assert kalak.plans == ()
    assert [extra.id for extra in kalak.extras] == ["basket"]


@pytest.mark.clause("KALO-11")
def test_kalo_sells_training_which_its_support_does_not_cover():
    (training,) = loader.load("kalo").extras

    assert (training.id, training.basis.cite()) == ("training", "KALO-11")


# --- saman360 -----------------------------------------------------------------------------------------------


@pytest.fixture
def saman() -> Agreement:
    return loader.load("saman360")


@pytest.mark.clause("SAMAN-5.1")
def test_samans_longer_periods_are_cheaper_by_the_month_from_every_price_on(saman: Agreement):
    for plan in saman.plans:
        assert [str(offer.length) for offer in plan.offers] == ["P1M", "P3M", "P6M", "P12M"]
        for since in {price.since for offer in plan.offers for price in offer.prices}:
            by_month = [
                saman.list_price(plan.id, offer.length, since) / offer.length.months for offer in plan.offers
            ]
            assert by_month == sorted(set(by_month), reverse=True)


@pytest.mark.clause("SAMAN-5.1")
def test_samans_nowruz_offer_was_for_years_and_for_its_fortnight_only(saman: Agreement):
    (nowruz,) = saman.promotions
    begin, end = start_of_day("1405/01/01"), start_of_day("1405/01/15")

    assert (nowruz.percent, nowruz.basis.clause) == (15, "SAMAN-5.1")
    for plan in ("basic", "business"):
        applies = [nowruz.applies(plan, YEAR, at) for at in (begin - SECOND, begin, end - SECOND, end)]
        assert applies == [False, True, True, False]
        assert not nowruz.applies(plan, MONTH, begin)


@pytest.mark.clause("SAMAN-4.4")
@pytest.mark.clause("SAMAN-6.5")
def test_samans_extras_have_prices_and_their_clauses(saman: Agreement):
    assert {extra.id: extra.basis.clause for extra in saman.extras} == {
        "training": "SAMAN-4.4",
        "configuration": "SAMAN-4.4",
        "content": "SAMAN-4.4",
        "customization": "SAMAN-4.4",
        "reports": "SAMAN-4.4",
        "backup_check": "SAMAN-4.4",
        "backup_move": "SAMAN-4.4",
        "backup_restore": "SAMAN-4.4",
        "support_time": "SAMAN-4.2.4",
        "export": "SAMAN-6.5",
    }
    for extra in saman.extras:
        assert quote_extra(saman, extra.id, saman.effective_at).net > 0


@pytest.mark.clause("SAMAN-5.10")
def test_saman_charges_the_tax_of_the_day_on_top(saman: Agreement):
    change = start_of_day("1403/01/01")

    quotes = [quote_extra(saman, "training", at) for at in (change - SECOND, change)]

    assert [(quote.net, quote.vat_percent, quote.vat, quote.total) for quote in quotes] == [
        (4_000_000, 9, 360_000, 4_360_000),
        (4_000_000, 10, 400_000, 4_400_000),
    ]
    # What was quoted under the old rate does not outlive it.
    assert quotes[0].valid_until == change


def test_samans_overuse_may_wait_two_weeks_and_is_reminded_of(saman: Agreement):
    rule = saman.overuse

    assert rule
    assert (rule.due, rule.basis.clause) == (Duration(days=14), "SAMAN-5.7")
    assert [str(reminder.before) for reminder in rule.reminders] == ["P7D", "P1D"]
    assert {rate.metric for rate in rule.rates} == set(saman.plans[0].limits) - {METRIC}
    assert all(rate.prices[0].since == saman.effective_at for rate in rule.rates)


def test_samans_other_rules_of_money_are_those_of_its_text(saman: Agreement):
    assert saman.official_invoices
    assert saman.official_invoices.issue_within == Duration(days=7)
    assert saman.official_invoices.request_within == Duration(days=30)
    assert saman.official_invoices.basis.clause == "SAMAN-5.9"
    assert saman.escrow
    assert saman.escrow.basis.clause == "SAMAN-5.8"
    assert saman.compensation
    assert (saman.compensation.at_most, saman.compensation.basis.clause) == (MONTH, "SAMAN-4.6")


def test_samans_refunds_are_those_of_its_text(saman: Agreement):
    rules = {rule.case: rule for rule in saman.refunds}

    withdrawal = rules[RefundCase.WITHDRAWAL]
    assert (withdrawal.returned, withdrawal.within) == (Returned.EVERYTHING, Duration(days=30))
    assert withdrawal.since is Since.REGISTRATION
    assert not withdrawal.waived_by_start
    assert rules[RefundCase.UPGRADE].returned is Returned.DIFFERENCE
    nothing = {case: rule.basis.clause for case, rule in rules.items() if rule.returned is Returned.NOTHING}
    assert nothing == {
        RefundCase.RENEWAL: "SAMAN-5.6",
        RefundCase.VIOLATION: "SAMAN-3.10",
        RefundCase.OTHERWISE: "SAMAN-5.5",
    }


def test_who_withdraws_from_saman_does_not_wait_ninety_days(saman: Agreement):
    assert saman.retention.after_withdrawal
    assert saman.retention.after_withdrawal.length == Duration(days=7)
    assert saman.retention.after_closing.length == Duration(days=90)
    assert Phase.CLOSED in saman.export.phases


# --- the law's tax ------------------------------------------------------------------------------------------


def test_the_laws_rates_are_read_from_their_own_file_which_is_no_product():
    assert loader.vat_rates() == (
        VatRate(datetime(2015, 3, 20, 20, 30, tzinfo=UTC), 9),
        VatRate(datetime(2024, 3, 19, 20, 30, tzinfo=UTC), 10),
    )
    assert "vat" not in loader.products()
    assert loader.vat_rates() is loader.vat_rates()


VAT = (PACKAGE / "law" / "vat.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "path", "reason"),
    [
        ("percent: 9", "percent: 100", "rates[0].percent", "below 100"),
        ("percent: 9", "percent: 0", "rates[0].percent", "above 0"),
        ("percent: 9", "percent: 9.5", "rates[0].percent", "whole number"),
        ("    source: the rate from", "    sauce: the rate from", "rates[0].sauce", "unknown key"),
        ("gregorian: 2015-03-21", "gregorian: 2015-03-20", "rates[0].since", "is 2015-03-21"),
        (
            "jalali: 1394/01/01, gregorian: 2015-03-21",
            "jalali: 1405/01/01, gregorian: 2026-03-21",
            "rates[1].since",
            "later than the one before",
        ),
    ],
)
def test_a_broken_law_is_refused_with_the_place_to_mend(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, old: str, new: str, path: str, reason: str
):
    assert old in VAT
    (tmp_path / "vat.yaml").write_text(VAT.replace(old, new, 1), encoding="utf-8")
    monkeypatch.setattr(loader, "_VAT", tmp_path / "vat.yaml")

    with pytest.raises(AgreementInvalid) as refused:
        loader.load("kalo")

    assert refused.value.details["file"] == "vat.yaml"
    assert refused.value.details["path"] == path
    assert reason in str(refused.value.details["reason"])


# --- what the form refuses ----------------------------------------------------------------------------------

WORKING_DAYS = "    within_working_days: 7\n"
SAMAN_WITHDRAWAL = "returned: everything, within: P30D, since: registration,"
SAMAN_UPGRADE = "    returned: difference\n    within: P30D\n"

# product, what is replaced (first place), by what, the path named, a part of the reason
BREAKS = [
    # payments
    (
        "kalo",
        "[zarinpal, zibal]",
        "[zarinpal, paypal]",
        "payments.gateways[1]",
        "sep, behpardakht, not 'paypal'",
    ),
    ("kalo", "[zarinpal, zibal]", "[zibal, zibal]", "payments.gateways[1]", "is there twice"),
    ("kalo", "[zarinpal, zibal]", "[]", "payments.gateways", "must not be an empty list"),
    ("customer_club", "watch: PT72H", "watch: 72", "payments.watch", "must be text"),
    ("customer_club", "watch: PT72H", "watch: PT0H", "payments.watch", "longer than nothing"),
    # tax
    ("kalo", "exempt: false", 'exempt: "no"', "tax.exempt", "must be true or false, not 'no'"),
    ("kalo", "exempt: false, ", "", "tax.exempt", "missing"),
    ("saman360", "clause: SAMAN-5.10,", "clause: SAMAN-5.99,", "tax.clause", "none of this file's clauses"),
    # the seller
    (
        "kalo",
        'national_id: "99911100019"',
        'national_id: "99911100018"',
        "seller.national_id",
        "eleven digits",
    ),
    ("kalo", 'national_id: "99911100019"', "national_id: 99911100019", "seller.national_id", "in quotes"),
    (
        "kalo",
        'economic_code: "99911100019"',
        'economic_code: "99911100018"',
        "seller.economic_code",
        "14 digits",
    ),
    (
        "kalo",
        'economic_code: "99911100019"',
        'economic_code: "1234567890123"',
        "seller.economic_code",
        "14 digits",
    ),
    ("kalo", 'postal_code: "1234567890"', 'postal_code: "12345"', "seller.postal_code", "ten digits"),
    ("kalo", 'phone: "+982100000000"', 'phone: "02100000000"', "seller.phone", "with its country"),
    ("kalo", "fiscal_id: A1KALO", "fiscal_id: a1kalo", "seller.fiscal_id", "six characters of A-Z and 0-9"),
    ("kalo", "fiscal_id: A1KALO", "fiscal_id: A1KALOO", "seller.fiscal_id", "six characters"),
    ("kalo", 'goods_id: "0000000000000"', 'goods_id: "1"', "seller.goods_id", "thirteen digits"),
    ("kalo", ", en: Kalo Example Company}", "}", "seller.names.en", "missing: `languages` names en"),
    ("kalo", 'fa: "تهران، خیابان نمونه، پلاک ۱", ', "", "seller.address.fa", "missing: `languages` names fa"),
    # promotions
    ("saman360", "percent: 15", "percent: 0", "promotions[0].percent", "above 0"),
    ("saman360", "percent: 15", "percent: 100", "promotions[0].percent", "below 100, not 100"),
    ("saman360", "lengths: [P12M]", "lengths: [P12M, P1Y]", "promotions[0].lengths[1]", "is there twice"),
    ("saman360", "lengths: [P12M]", "lengths: [P2M]", "promotions[0].lengths[0]", "is offered for P2M"),
    ("saman360", "lengths: [P12M]", "plans: [basic, free]", "promotions[0].plans[1]", "none of the plans"),
    ("saman360", "lengths: [P12M]", "lengths: []", "promotions[0].lengths", "must not be an empty list"),
    (
        "saman360",
        "until: {jalali: 1405/01/15, gregorian: 2026-04-04}",
        "until: {jalali: 1405/01/01, gregorian: 2026-03-21}",
        "promotions[0].until",
        "must be later than `since`",
    ),
    ("saman360", ", en: Nowruz 1405}", "}", "promotions[0].names.en", "missing: `languages` names en"),
    # extras
    ("saman360", "id: configuration", "id: training", "extras[1].id", "is there twice"),
    ("saman360", "id: configuration", "id: Configuration", "extras[1].id", "short name"),
    ("kalo", "toman: 250_000}\n\nsupport", "toman: 0}\n\nsupport", "extras[0].prices[0].toman", "above 0"),
    ("kalo", "{fa: یک ساعت آموزش, ", "{", "extras[0].names.fa", "missing: `languages` names fa"),
    # overuse
    (
        "saman360",
        "metric: users",
        "metric: bandwidth",
        "overuse.rates[2].metric",
        "no plan has a limit of bandwidth",
    ),
    ("saman360", "metric: users", "metric: records", "overuse.rates[2].metric", "is there twice"),
    ("saman360", "block: 1_024", "block: 0", "overuse.rates[0].block", "above 0"),
    ("saman360", "due: P14D", "due: P7D", "overuse.reminders[0].before", "is not shorter than P7D"),
    ("saman360", "  due: P14D\n", "", "overuse.due", "missing"),
    # disputes, official invoices, what an order needs, compensation
    ("kalo", "  within: P30D\n", "", "disputes.within", "missing"),
    ("kalo", "  answer: P7D\n", "", "disputes.answer", "missing"),
    ("saman360", "issue_within: P7D", "issue_within: a week", "official_invoices.issue_within", "ISO 8601"),
    ("kalak", "natural: [name,", "natural: [nickname,", "order_needs.natural[0]", "must be one of name"),
    ("kalak", "natural: [name,", "natural: [company,", "order_needs.natural[0]", "not 'company'"),
    ("kalak", "legal: [company,", "legal: [company, company,", "order_needs.legal[1]", "is there twice"),
    ("saman360", "at_most: P1M", "at_most: P0M", "compensation.at_most", "longer than nothing"),
    ("saman360", "escrow: {clause: SAMAN-5.8}", "escrow: {}", "escrow", "needs `clause` or `choice`"),
    # refunds
    ("kalo", "case: violation", "case: mood", "refunds[1].case", "must be one of"),
    ("kalo", "case: violation", "case: withdrawal", "refunds[1].case", "is there twice"),
    ("kalo", "returned: everything", "returned: some", "refunds[0].returned", "must be one of"),
    ("kalo", "returned: everything", "returned: difference", "refunds[0].returned", "only an upgrade"),
    ("kalo", WORKING_DAYS, "    within: soon\n", "refunds[0].within", "ISO 8601"),
    ("kalo", WORKING_DAYS, "    within_working_days: 0\n", "refunds[0].within_working_days", "above 0"),
    (
        "kalo",
        WORKING_DAYS,
        WORKING_DAYS + "    within: P20D\n",
        "refunds[0].within_working_days",
        "there is `within` already",
    ),
    ("kalo", "since: purchase", "since: birth", "refunds[0].since", "must be one of registration, purchase"),
    ("kalo", "since: purchase", "since: registration", "refunds[0].since", "needs `within`"),
    ("kalo", "waived_by_start: true", "waived_by_start: 1", "refunds[0].waived_by_start", "true or false"),
    (
        "kalo",
        WORKING_DAYS + "    since: purchase",
        "    within: P30D\n    since: registration",
        "refunds[0].waived_by_start",
        "counted from the purchase",
    ),
    (
        "saman360",
        SAMAN_WITHDRAWAL,
        SAMAN_WITHDRAWAL.replace("everything", "nothing"),
        "refunds[0].returned",
        "everything goes back",
    ),
    (
        "saman360",
        SAMAN_UPGRADE,
        SAMAN_UPGRADE + "    since: registration\n",
        "refunds[2].since",
        "only a withdrawal",
    ),
    (
        "saman360",
        SAMAN_UPGRADE,
        SAMAN_UPGRADE + "    waived_by_start: true\n",
        "refunds[2].waived_by_start",
        "only the right of withdrawal",
    ),
    ("saman360", "since: registration, ", "", "retention.after_withdrawal", "counted from the registration"),
    # longer is never dearer
    ("saman360", "toman: 826_500", "toman: 870_100", "plans[0].periods[1].prices[0].toman", "than P1M"),
    ("saman360", "toman: 2_106_000", "toman: 2_223_100", "plans[0].periods[2].prices[1].toman", "than P3M"),
    ("kalo", "toman: 1_900_000", "toman: 2_280_010", "plans[0].periods[1].prices[0].toman", "than P1M"),
]


@pytest.mark.parametrize(
    ("product", "old", "new", "path", "reason"),
    BREAKS,
    ids=[f"{path}: {reason}" for *_, path, reason in BREAKS],
)
def test_a_broken_file_is_refused_with_the_path_to_mend(
    product: str, old: str, new: str, path: str, reason: str
):
    assert reason in problems(product, broken(product, old, new))[path]


@pytest.mark.parametrize("code", ["123456789012", "12345678901234", "99922200022"])
def test_an_economic_code_may_be_of_an_older_kind(code: str):
    text = broken("kalo", 'economic_code: "99911100019"', f'economic_code: "{code}"')

    seller = loader.parse(text, "kalo.yaml").seller

    assert seller
    assert seller.economic_code == code


@pytest.mark.clause("SAMAN-5.1")
def test_a_longer_period_may_cost_as_much_by_the_month_but_not_a_toman_more():
    same = broken("saman360", "toman: 826_500", "toman: 870_000")
    assert problems("saman360", same) == {}

    dearer = same.replace("toman: 870_000", "toman: 870_001", 1)
    assert list(problems("saman360", dearer)) == ["plans[0].periods[1].prices[0].toman"]


@pytest.mark.clause("SAMAN-5.1")
def test_a_month_that_gets_cheaper_than_the_year_is_refused_from_that_day_on():
    text = broken("kalo", "toman: 250_000", "toman: 158_000")

    # 2,500,000 for the year that is sold on that day: its own price, though it was not the one that changed.
    assert list(problems("kalo", text)) == ["plans[0].periods[1].prices[1].toman"]


def test_periods_that_are_no_months_are_compared_by_their_time():
    text = (TEST_LAYER / "mohlat_test_agreements" / "swift.yaml").read_text(encoding="utf-8")
    dearer = text.replace("toman: 18_000", "toman: 20_001")

    assert problems("swift", text.replace("toman: 18_000", "toman: 20_000")) == {}
    assert problems("swift", dearer) == {
        "plans[0].periods[1].prices[0].toman": "is dearer for its time than PT12S is then"
    }


def test_what_is_not_on_sale_yet_is_not_compared():
    later = "jalali: 1405/01/01, gregorian: 2026-03-21}, toman: 1_900_000"
    text = broken("kalo", "jalali: 1403/01/01, gregorian: 2024-03-20}, toman: 1_900_000", later)
    text = re.sub(
        r" +- \{since: \{jalali: 1405/01/01, gregorian: 2026-03-21\}, toman: 2_500_000\}\n", "", text
    )

    assert problems("kalo", text) == {}


@pytest.mark.parametrize("key", ["payments", "tax", "seller"])
@pytest.mark.parametrize("product", SELLING)
def test_what_is_sold_has_to_be_paid_taxed_and_invoiced(product: str, key: str):
    text = without(source(product), key) + ("payments: null\n" if key == "payments" else "")

    assert problems(product, text) == {
        key: "missing: `plans`, `extras` and `escrow` are paid for and invoiced"
    }


def test_payments_are_left_out_on_purpose_only():
    assert problems("kalo", without(source("kalo"), "payments")) == {"payments": "missing"}


def test_where_nothing_is_sold_nothing_about_sales_is_said():
    text = without(source("kalak"), "extras")

    found = problems("kalak", text)

    keys = {"payments", "tax", "seller", "disputes", "order_needs"}
    assert set(found) == keys
    assert {reason.rpartition(": ")[2] for reason in found.values()} == {"nothing is sold"}


def test_escrow_is_something_to_pay_for_even_without_a_lease():
    escrow = "escrow: {choice: agreed work is deposited}\n"

    assert problems("kalak", without(source("kalak"), "extras") + escrow) == {}
    assert "payments" in problems("kallu", source("kallu") + escrow)


@pytest.mark.clause("SAMAN-4.1.1")
@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("- id: training", "- id: bug_fix", "extras[0].id"),
        ("- id: configuration", "- id: update", "extras[1].id"),
        ("work: [bug_fix, update]", "work: [bug_fix, users]", "overuse.rates[2].metric"),
    ],
)
def test_what_is_never_billed_has_no_price(old, new, path):
    text = source("saman360")
    assert old in text
    assert "has no price" in problems("saman360", text.replace(old, new))[path]


def test_compensation_is_counted_by_a_leases_price():
    text = source("kalak") + "compensation: {at_most: P1M, choice: a month}\n"

    assert "there is no `lifecycle.term`" in problems("kalak", text)["compensation"]


def test_a_promotion_needs_plans_and_overuse_needs_limits():
    day = "{jalali: 1405/01/01, gregorian: 2026-03-21}"
    text = (
        source("kalak")
        + "promotions:\n"
        + "  - {id: sale, names: {fa: حراج, en: Sale}, percent: 10, choice: a sale,\n"
        + f"     since: {day}, until: {{jalali: 1405/01/02, gregorian: 2026-03-22}}}}\n"
        + "overuse:\n  due: P14D\n  choice: a fortnight\n  reminders: []\n  rates:\n"
        + f"    - {{metric: goods, block: 1, prices: [{{since: {day}, toman: 10}}]}}\n"
    )

    assert problems("kalak", text) == {
        "promotions[0]": "there are no `plans` that it could be for",
        "overuse.rates[0].metric": "no plan has a limit of goods",
    }


@pytest.mark.parametrize(
    ("product", "otherwise", "by_plan", "clause"),
    [
        ("customer_club", 300, {"silver": 600, "gold": 1_800}, "CLUB-4"),
        ("saman360", 1_200, {"basic": 1_200, "business": 3_000, "enterprise": 9_000}, "SAMAN-3.12"),
    ],
)
def test_who_promises_limits_says_a_pace_for_each_package(product, otherwise, by_plan, clause):
    agreement = loader.load(product)

    assert agreement.pace
    assert (agreement.pace.otherwise, agreement.pace.basis.clause) == (otherwise, clause)
    assert {plan.id: plan.limits[METRIC] for plan in agreement.plans} == by_plan
    assert agreement.pace.slowed_percent == 25


def test_a_pace_and_the_plans_limits_go_together():
    limit = ", requests_per_minute: 600"
    path = f"plans[0].limits.{METRIC}"

    unsaid = problems("customer_club", broken("customer_club", limit, ""))
    unkept = problems("kalo", broken("kalo", "storage_mb: 1_024", "storage_mb: 1_024" + limit))

    assert unsaid == {path: "missing: `pace` slows down to it"}
    assert unkept == {path: "there is no `pace` that would keep to it"}


def test_a_promotion_without_plans_and_lengths_counts_for_all():
    text = broken("saman360", "    lengths: [P12M]\n", "")

    (nowruz,) = loader.parse(text, "saman360.yaml").promotions

    assert (nowruz.plans, nowruz.lengths) == ((), ())
    assert nowruz.applies("basic", MONTH, nowruz.since)


def test_a_length_is_looked_for_among_the_promotions_own_plans():
    text = broken("saman360", "lengths: [P12M]", "plans: [basic]\n    lengths: [P6M]")
    assert problems("saman360", text) == {}

    without_half_years = re.sub(r"      - length: P6M\n(        .*\n){3}", "", text, count=1)
    assert "none of its plans" in problems("saman360", without_half_years)["promotions[0].lengths[0]"]


def test_all_problems_of_money_are_listed_at_once():
    text = broken("saman360", "percent: 15", "percent: 100")
    text = text.replace("fiscal_id: A1SAMN", "fiscal_id: x").replace("block: 1_024", "block: 0")

    assert list(problems("saman360", text)) == [
        "seller.fiscal_id",
        "promotions[0].percent",
        "overuse.rates[0].block",
    ]
