"""The agreement files: what the form refuses, and that each product lives the life its text promises."""

from __future__ import annotations

import hashlib
import os
import re
import textwrap
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from mohlat.agreements import loader
from mohlat.calendar.jalali import JALALI
from mohlat.domain import lifecycle, purchases
from mohlat.domain.access import Operation, permit
from mohlat.domain.agreement import Agreement, Basis, Channel, Phase
from mohlat.domain.durations import Duration
from mohlat.domain.errors import AccessRefused, AgreementInvalid, InvalidInput, NotDueYet
from mohlat.domain.lifecycle import Deadline, DeadlineKind
from mohlat.domain.notices import NoticeKind
from mohlat.domain.payments import Order
from mohlat.domain.tenant import Closing, Tenant
from tests.unit.agreement_files import PACKAGE, broken, source

SHIPPED = ("customer_club", "kalak", "kallu", "kalo", "saman360")
SCHEMA = Path(__file__).parents[2] / "docs" / "agreement-schema.md"
TEST_LAYER = Path(__file__).parents[1] / "agreements" / "python"
NOW = datetime(2026, 11, 22, 10, 35, 55, tzinfo=UTC)
SECOND = timedelta(seconds=1)

DUTIES = {
    "kalo": ("KALO", "2 3 4 5 6r 7 9 10 11 12 13 15 18 19 21 22 23 24 26 27 28 33 35"),
    "customer_club": ("CLUB", "0 3 4r 5 6 7 8r 10 11 12 13 14 15 16 17 18"),
    "saman360": (
        "SAMAN",
        "1.7 2.4 2.5 2.6 3.2 3.4 3.5 3.6 3.7 3.8 3.10 3.12 3.14 4.1.1 4.2.2 4.2.3 4.2.4 4.2.6 4.3 4.4 4.6 "
        "5.1 5.2 5.3 5.4 5.5 5.6 5.7 5.8 5.9 5.10 5.11 6.1 6.2r 6.3 6.5 6.6 7.2 7.2-note6 7.3 7.4 9.1",
    ),
    "kalak": (
        "KALAK",
        "account collect thirdparty staff disclose copy breach card cookies marketing changes",
    ),
    "kallu": ("KALLU", "intro 1.2 2r 3 3-publish 4 5 6 7 8 9 11 erase"),
}


@pytest.fixture(autouse=True)
def _nothing_read_yet():
    loader.load.cache_clear()
    yield
    loader.load.cache_clear()


def days(count: int) -> timedelta:
    return timedelta(days=count)


def newcomer(agreement: Agreement, *, plan: str | None = None) -> Tenant:
    return lifecycle.register(agreement, "t-1", NOW, plan=plan, trial_used=False, by="owner").after


def customer(agreement: Agreement, length: str, now: datetime = NOW) -> Tenant:
    """A tenant that registers and pays at once for `length` of the first plan."""
    plan, period = agreement.plans[0].id, Duration.parse(length)
    price = agreement.list_price(plan, period, now)
    order = Order("o-1", "t-1", agreement.product, plan, period, price, "p-1", now, now + days(1))
    return purchases.grant_term(newcomer(agreement), agreement, order, now, by="gateway").after


def life(tenant: Tenant, agreement: Agreement, since: datetime) -> list[tuple[DeadlineKind, timedelta, str]]:
    """What comes, how long after `since`, and by which clause."""
    return [
        (deadline.kind, deadline.at - since, deadline.clause)
        for deadline in lifecycle.forecast(tenant, agreement)
    ]


def at_deadline(tenant: Tenant, agreement: Agreement, kind: DeadlineKind) -> tuple[Tenant, Deadline]:
    """The tenant as it is just before its first deadline of this kind, and that deadline."""
    while deadline := lifecycle.next_deadline(tenant, agreement):
        if deadline.kind is kind:
            return tenant, deadline
        tenant = lifecycle.carry_out(tenant, agreement, deadline, deadline.at, by="test").after
    raise AssertionError(f"{kind} never comes")


def happens_exactly(tenant: Tenant, agreement: Agreement, kind: DeadlineKind, at: datetime) -> Tenant:
    """Asserts that it is refused one second before `at` and happens at `at`; returns the tenant after it."""
    tenant, deadline = at_deadline(tenant, agreement, kind)
    assert deadline.at == at
    with pytest.raises(NotDueYet):
        lifecycle.carry_out(tenant, agreement, deadline, at - SECOND, by="test")
    return lifecycle.carry_out(tenant, agreement, deadline, at, by="test").after


# --- all files ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("product", SHIPPED)
def test_every_shipped_agreement_follows_the_form(product: str):
    assert [str(problem) for problem in loader.problems(source(product), f"{product}.yaml")] == []
    assert loader.load(product).product == product


def test_every_older_version_follows_the_form_and_is_older():
    for file in PACKAGE.glob("*@*.yaml"):
        older = loader.parse(file.read_text(encoding="utf-8"), file.name)
        newest = loader.load(older.product)
        assert older.version != newest.version
        assert older.effective_at < newest.effective_at


def test_every_clause_that_binds_the_software_is_there_with_its_duty():
    for product, (prefix, numbers) in DUTIES.items():
        expected = {
            f"{prefix}-{number.removesuffix('r')}": "record" if number.endswith("r") else "enforce"
            for number in numbers.split()
        }
        clauses = loader.load(product).clauses
        assert {clause: duty.duty for clause, duty in clauses.items()} == expected
        assert all(len(duty.what) > 20 for duty in clauses.values())


def test_the_five_agreements_hold_105_duties():
    assert sum(len(loader.load(product).clauses) for product in SHIPPED) == 105


def test_the_first_gateway_serves_unless_another_of_the_agreements_is_wanted():
    for product in ("kalo", "customer_club", "saman360", "kalak"):
        agreement = loader.load(product)
        assert agreement.gateways == ("zarinpal", "zibal")
        assert [agreement.gateway(wanted) for wanted in (None, "zibal", "zarinpal")] == [
            "zarinpal",
            "zibal",
            "zarinpal",
        ]
        with pytest.raises(InvalidInput) as refused:
            agreement.gateway("paypal")
        assert refused.value.details["allowed"] == ["zarinpal", "zibal"]


def test_where_nothing_is_bought_there_is_no_gateway():
    kallu = loader.load("kallu")
    assert kallu.payments is None
    for wanted in (None, "zarinpal"):
        with pytest.raises(InvalidInput):
            kallu.gateway(wanted)


@pytest.mark.parametrize("product", SHIPPED)
def test_the_digest_is_that_of_the_file_as_it_lies_there(product: str):
    expected = hashlib.sha256((PACKAGE / f"{product}.yaml").read_bytes()).hexdigest()

    assert loader.load(product).digest == expected


@pytest.mark.parametrize(
    ("product", "version", "jalali", "effective_at"),
    [
        ("saman360", "3", "1402/07/01", datetime(2023, 9, 22, 20, 30, tzinfo=UTC)),
        ("kalak", "1397-06-07", "1397/06/07", datetime(2018, 8, 28, 19, 30, tzinfo=UTC)),
        ("kalo", "1", "1403/01/01", datetime(2024, 3, 19, 20, 30, tzinfo=UTC)),
    ],
)
def test_an_agreement_takes_effect_at_tehrans_midnight_of_its_date(
    product: str, version: str, jalali: str, effective_at: datetime
):
    agreement = loader.load(product)

    assert (agreement.version, agreement.effective_jalali) == (version, jalali)
    assert agreement.effective_at == effective_at


def test_languages_come_in_the_order_the_product_speaks_them():
    assert {product: loader.load(product).languages[0] for product in SHIPPED} == {
        "customer_club": "fa",
        "kalak": "fa",
        "kallu": "en",
        "kalo": "fa",
        "saman360": "fa",
    }


@pytest.mark.parametrize("product", SHIPPED)
def test_reading_an_agreement_twice_gives_the_very_same_object(product: str):
    assert loader.load(product) is loader.load(product)


def test_only_the_product_asked_for_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "broken.yaml").write_text("product: [")
    monkeypatch.setenv("MOHLAT_AGREEMENTS", str(tmp_path))

    assert loader.load("kalo").product == "kalo"
    with pytest.raises(AgreementInvalid):
        loader.load("broken")


# --- kalo ---------------------------------------------------------------------------------------------------


@pytest.mark.clause("KALO-10")
def test_kalo_erases_an_unpaid_trial_60_days_after_registration_and_no_second_sooner():
    kalo = loader.load("kalo")

    assert life(newcomer(kalo), kalo, NOW) == [
        (DeadlineKind.REMIND, days(23), "KALO-13"),
        (DeadlineKind.REMIND, days(29), "KALO-13"),
        (DeadlineKind.END_TRIAL, days(30), "KALO-10"),
        (DeadlineKind.WARN_OF_DELETION, days(53), "KALO-13"),
        (DeadlineKind.PURGE, days(60), "KALO-10"),
    ]
    expired = happens_exactly(newcomer(kalo), kalo, DeadlineKind.END_TRIAL, NOW + days(30))
    assert expired.phase is Phase.DEACTIVATED
    gone = happens_exactly(newcomer(kalo), kalo, DeadlineKind.PURGE, NOW + days(60))
    assert gone.phase is Phase.PURGED


@pytest.mark.clause("KALO-15")
def test_kalo_keeps_a_lapsed_term_60_days():
    kalo = loader.load("kalo")
    tenant = customer(kalo, "P1M")
    end = tenant.period_ends_at
    assert end

    lapsed = happens_exactly(tenant, kalo, DeadlineKind.END_TERM, end)
    assert lapsed.phase is Phase.DEACTIVATED
    permit(lapsed, kalo, Operation.EXPORT, end)
    with pytest.raises(AccessRefused):
        permit(lapsed, kalo, Operation.READ, end)
    happens_exactly(lapsed, kalo, DeadlineKind.PURGE, end + days(60))


@pytest.mark.clause("KALO-15")
@pytest.mark.clause("KALO-27")
def test_kalo_keeps_a_closed_account_60_days_and_hands_its_data_out_meanwhile():
    kalo = loader.load("kalo")

    closed = lifecycle.close(newcomer(kalo), kalo, Closing.TERMINATION, NOW, by="owner").after

    with pytest.raises(AccessRefused) as refused:
        permit(closed, kalo, Operation.READ, NOW)
    assert refused.value.details["clause"] == "KALO-27"
    permit(closed, kalo, Operation.EXPORT, NOW + days(60) - SECOND)
    assert kalo.export.free_every is None
    happens_exactly(closed, kalo, DeadlineKind.PURGE, NOW + days(60))


@pytest.mark.clause("KALO-13")
def test_kalo_speaks_from_its_own_domain_by_mail_and_sms():
    kalo = loader.load("kalo")
    assert kalo.trial
    assert kalo.lease
    reminders = [*kalo.trial.reminders, *kalo.lease.reminders]

    assert kalo.sender.address.endswith("@kalo.ir")
    assert kalo.service_channels == (Channel.EMAIL, Channel.SMS)
    assert {reminder.channels for reminder in reminders} == {(Channel.EMAIL, Channel.SMS)}


@pytest.mark.clause("KALO-33")
def test_kalo_asks_the_old_price_until_the_new_ones_first_second():
    kalo, month = loader.load("kalo"), Duration.parse("P1M")
    change = datetime(2026, 3, 20, 20, 30, tzinfo=UTC)

    assert kalo.list_price("starter", month, change - SECOND) == 1_900_000
    assert kalo.list_price("starter", month, change) == 2_500_000


def test_kalo_names_its_addresses():
    kalo = loader.load("kalo")

    assert kalo.inbox.address == "info@kalo.ir"
    assert kalo.document.url == "https://kalo.ir/TermsAndConditionsEn"
    assert kalo.registration.accept == ("terms", "privacy")
    assert (kalo.password.min_length, kalo.password.advise_change_after) == (10, Duration(days=180))


# --- customer club ------------------------------------------------------------------------------------------


@pytest.mark.clause("CLUB-14")
def test_the_club_sends_one_sms_exactly_10_days_before_the_package_ends():
    club = loader.load("customer_club")
    tenant = customer(club, "P12M")
    assert tenant.period_ends_at

    _, deadline = at_deadline(tenant, club, DeadlineKind.REMIND)
    reminded = happens_exactly(tenant, club, DeadlineKind.REMIND, tenant.period_ends_at - days(10))
    notices = lifecycle.carry_out(tenant, club, deadline, deadline.at, by="test").notices

    assert [(notice.kind, notice.channels, notice.clause) for notice in notices] == [
        (NoticeKind.TERM_ENDING, (Channel.SMS,), "CLUB-14")
    ]
    # Whatever became of the message, the end stays where it was.
    assert reminded.period_ends_at == tenant.period_ends_at
    kinds = Counter(deadline.kind for deadline in lifecycle.forecast(reminded, club))
    assert kinds[DeadlineKind.REMIND] == 0


@pytest.mark.clause("CLUB-15")
def test_the_club_blocks_an_expired_package_reading_and_export_included():
    club = loader.load("customer_club")
    tenant = customer(club, "P1M")
    assert tenant.period_ends_at
    end = tenant.period_ends_at

    permit(tenant, club, Operation.EXPORT, end - SECOND)
    expired = happens_exactly(tenant, club, DeadlineKind.END_TERM, end)

    for operation in (Operation.READ, Operation.WRITE, Operation.EXPORT):
        with pytest.raises(AccessRefused) as refused:
            permit(expired, club, operation, end)
        assert refused.value.details["clause"] == "CLUB-15"
    permit(expired, club, Operation.RENEW, end)


@pytest.mark.clause("CLUB-16")
def test_the_club_erases_a_package_31_days_after_its_end():
    club = loader.load("customer_club")
    tenant = customer(club, "P1M")
    assert tenant.period_ends_at

    happens_exactly(tenant, club, DeadlineKind.PURGE, tenant.period_ends_at + days(31))


def test_the_club_begins_with_a_fortnight_of_the_vendors_choice():
    club = loader.load("customer_club")

    assert life(newcomer(club), club, NOW) == [
        (DeadlineKind.REMIND, days(11), "vendor's choice"),
        (DeadlineKind.END_TRIAL, days(14), "vendor's choice"),
        (DeadlineKind.WARN_OF_DELETION, days(38), "vendor's choice"),
        (DeadlineKind.PURGE, days(45), "CLUB-16"),
    ]


@pytest.mark.clause("CLUB-6")
def test_the_clubs_prices_are_written_in_tomans_and_kept_in_rials():
    club = loader.load("customer_club")

    assert "toman: 160_000" in source("customer_club")
    assert club.list_price("silver", Duration(months=1), NOW) == 1_600_000


# --- saman360 -----------------------------------------------------------------------------------------------


@pytest.mark.clause("SAMAN-2.6")
@pytest.mark.clause("SAMAN-3.14")
def test_saman_suspends_an_unpaid_first_invoice_at_day_30_and_erases_90_days_later():
    saman = loader.load("saman360")
    tenant = newcomer(saman)

    assert tenant.phase is Phase.ACTIVE
    assert tenant.invoice
    assert tenant.invoice.due_at == NOW + days(30)
    assert life(tenant, saman, NOW) == [
        (DeadlineKind.REMIND, days(23), "SAMAN-3.2"),
        (DeadlineKind.REMIND, days(29), "SAMAN-3.2"),
        (DeadlineKind.SUSPEND_UNPAID_LEASE, days(30), "SAMAN-2.6"),
        (DeadlineKind.DEACTIVATE, days(44), "SAMAN-5.3"),
        (DeadlineKind.WARN_OF_DELETION, days(113), "SAMAN-3.2"),
        (DeadlineKind.PURGE, days(120), "SAMAN-3.14"),
    ]
    suspended = happens_exactly(tenant, saman, DeadlineKind.SUSPEND_UNPAID_LEASE, NOW + days(30))
    with pytest.raises(AccessRefused):
        permit(suspended, saman, Operation.READ, NOW + days(30))
    permit(suspended, saman, Operation.EXPORT, NOW + days(30))


@pytest.mark.clause("SAMAN-2.6")
def test_saman_knows_no_trial():
    assert loader.load("saman360").trial is None


@pytest.mark.clause("SAMAN-5.3")
@pytest.mark.clause("SAMAN-5.4")
def test_saman_reminds_thrice_then_reads_14_days_then_sleeps_to_day_90():
    saman = loader.load("saman360")
    tenant = customer(saman, "P12M")
    end = tenant.period_ends_at
    assert end

    assert life(tenant, saman, end) == [
        (DeadlineKind.REMIND, days(-30), "SAMAN-5.4"),
        (DeadlineKind.REMIND, days(-14), "SAMAN-5.4"),
        (DeadlineKind.REMIND, days(-3), "SAMAN-5.4"),
        (DeadlineKind.END_TERM, days(0), "SAMAN-5.3"),
        (DeadlineKind.DEACTIVATE, days(14), "SAMAN-5.3"),
        (DeadlineKind.WARN_OF_DELETION, days(83), "SAMAN-3.2"),
        (DeadlineKind.PURGE, days(90), "SAMAN-3.14"),
    ]
    lapsed = happens_exactly(tenant, saman, DeadlineKind.END_TERM, end)
    permit(lapsed, saman, Operation.READ, end)
    with pytest.raises(AccessRefused):
        permit(lapsed, saman, Operation.WRITE, end)
    asleep = happens_exactly(lapsed, saman, DeadlineKind.DEACTIVATE, end + days(14))
    with pytest.raises(AccessRefused):
        permit(asleep, saman, Operation.READ, end + days(14))
    happens_exactly(asleep, saman, DeadlineKind.PURGE, end + days(90))


@pytest.mark.clause("SAMAN-5.4")
def test_saman_reminds_by_mail_only():
    saman = loader.load("saman360")
    assert saman.lease

    assert {reminder.channels for reminder in saman.lease.reminders} == {(Channel.EMAIL,)}


@pytest.mark.clause("SAMAN-3.14")
def test_saman_keeps_a_terminated_account_90_days_with_its_data_on_request():
    saman = loader.load("saman360")

    closed = lifecycle.close(customer(saman, "P12M"), saman, Closing.TERMINATION, NOW, by="owner").after

    with pytest.raises(AccessRefused):
        permit(closed, saman, Operation.READ, NOW)
    permit(closed, saman, Operation.EXPORT, NOW)
    happens_exactly(closed, saman, DeadlineKind.PURGE, NOW + days(90))


@pytest.mark.clause("SAMAN-6.5")
def test_saman_exports_free_once_a_week():
    assert loader.load("saman360").export.free_every == Duration(days=7)


# --- kalak and kallu ----------------------------------------------------------------------------------------


@pytest.mark.clause("KALLU-erase")
@pytest.mark.clause("KALAK-copy")
@pytest.mark.parametrize(("product", "clause"), [("kalak", "KALAK-copy"), ("kallu", "KALLU-erase")])
def test_an_account_without_a_lease_lives_until_its_owner_asks_for_erasure(product: str, clause: str):
    agreement = loader.load(product)
    tenant = newcomer(agreement)

    assert tenant.phase is Phase.ACTIVE
    assert lifecycle.forecast(tenant, agreement) == []
    closed = lifecycle.close(tenant, agreement, Closing.ERASURE, NOW, by="owner").after
    assert [(kind, after) for kind, after, _ in life(closed, agreement, NOW)] == [
        (DeadlineKind.WARN_OF_DELETION, days(4)),
        (DeadlineKind.PURGE, days(7)),
    ]
    assert agreement.retention.after_closing.basis.clause == clause
    happens_exactly(closed, agreement, DeadlineKind.PURGE, NOW + days(7))


# --- the test-only agreement --------------------------------------------------------------------------------


def test_swift_is_there_only_where_its_layer_is(monkeypatch: pytest.MonkeyPatch):
    assert "swift" not in loader.products()
    monkeypatch.syspath_prepend(str(TEST_LAYER))
    assert "swift" in loader.products()


def test_swift_lives_a_whole_life_with_a_read_only_phase_in_less_than_a_minute(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.syspath_prepend(str(TEST_LAYER))
    swift = loader.load("swift")
    tenant = customer(swift, "PT12S")

    coming = [(kind, after.total_seconds()) for kind, after, _ in life(tenant, swift, NOW)]

    assert coming == [
        (DeadlineKind.REMIND, 16),
        (DeadlineKind.END_TERM, 20),
        (DeadlineKind.DEACTIVATE, 25),
        (DeadlineKind.WARN_OF_DELETION, 35),
        (DeadlineKind.PURGE, 40),
    ]
    unpaid = [(kind, after.total_seconds()) for kind, after, _ in life(newcomer(swift), swift, NOW)]
    assert unpaid == [
        (DeadlineKind.REMIND, 4),
        (DeadlineKind.END_TRIAL, 8),
        (DeadlineKind.WARN_OF_DELETION, 15),
        (DeadlineKind.PURGE, 20),
    ]


# --- finding files ------------------------------------------------------------------------------------------


def write_versions(folder: Path) -> None:
    """A product of two versions in a folder of its own."""
    newest = source("kalo").replace("product: kalo", "product: pilot").replace('version: "1"', 'version: "2"')
    older = newest.replace('version: "2"', 'version: "1"').replace(
        "length: P30D\n    then", "length: P15D\n    then"
    )
    (folder / "pilot.yaml").write_text(newest, encoding="utf-8")
    (folder / "pilot@1.yaml").write_text(older, encoding="utf-8")


def test_a_tenant_bound_to_an_older_version_gets_that_version(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    write_versions(tmp_path)
    monkeypatch.setenv("MOHLAT_AGREEMENTS", str(tmp_path))

    older, newest = loader.load("pilot", "1"), loader.load("pilot")

    assert (older.version, newest.version) == ("1", "2")
    assert older.trial
    assert newest.trial
    assert (older.trial.length, newest.trial.length) == (Duration(days=15), Duration(days=30))
    assert loader.load("pilot", "2") is newest
    assert "pilot" in loader.products()
    assert "pilot@1" not in loader.products()


def test_the_package_comes_before_other_folders_and_those_keep_their_order(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
        write_versions(folder)
    (second / "kalo.yaml").write_text("broken: [")
    (second / "pilot.yaml").write_text("broken: [")
    monkeypatch.setenv("MOHLAT_AGREEMENTS", os.pathsep.join([str(first), str(second)]))

    assert loader.search_path()[:3] == (PACKAGE, first, second)
    assert loader.load("kalo").product == "kalo"
    assert loader.load("pilot").version == "2"


def test_a_version_without_its_file_is_a_broken_deployment():
    for version in ("99", "../kalo", ""):
        with pytest.raises(AgreementInvalid, match="is missing"):
            loader.load("kalo", version)


@pytest.mark.parametrize("product", ["unknown", "../kalo", "kalo@1", "", "KALO", "kalo.yaml"])
def test_an_unknown_product_is_refused_with_those_that_exist(product: str):
    with pytest.raises(InvalidInput) as refused:
        loader.load(product)
    assert refused.value.details["known"] == list(SHIPPED)


def test_a_file_that_is_not_utf8_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "odd.yaml").write_bytes(b"product: \xff")
    monkeypatch.setenv("MOHLAT_AGREEMENTS", str(tmp_path))

    with pytest.raises(AgreementInvalid, match=r"odd\.yaml: the whole file: is not UTF-8 text"):
        loader.load("odd")


def test_a_file_reads_the_same_without_the_c_parser():
    text = source("saman360")
    slow = yaml.SafeLoader(text)
    slow.yaml_implicit_resolvers = loader._Loader.yaml_implicit_resolvers

    assert slow.get_single_data() == loader._plain_values(text)


# --- what the form refuses ----------------------------------------------------------------------------------

CLUB_TERM = "  term:\n    then: deactivated\n    clause: CLUB-15\n"
SAMAN_READ_ONLY = "  read_only: {length: P14D, clause: SAMAN-5.3}"

# product, what is replaced (first place), by what, the path named, a part of the reason
BREAKS = [
    # keys
    ("kalo", "sender:", "from:", "from", "unknown key"),
    (
        "kalo",
        "    length: P30D",
        "    lenght: P30D",
        "lifecycle.trial.lenght",
        "unknown key; known here: length",
    ),
    ("kalo", "    length: P30D\n", "", "lifecycle.trial.length", "missing"),
    ("kalo", "calendar: jalali\n", "", "calendar", "missing"),
    ("kalo", "  read_only: null\n", "", "lifecycle.read_only", "missing"),
    ("kalo", "  after_closing: {length: P60D, clause: KALO-27}\n", "", "retention.after_closing", "missing"),
    ("kalo", "{channel: email, ", "{", "registration.confirm.channel", "missing"),
    ("kalo", "languages: [fa, en]", "languages: [fa, en]\nlanguages: [fa]", "languages", "is there twice"),
    ("kalo", "  read_only: null", "  read_only: null\n  trial: null", "lifecycle.trial", "is there twice"),
    ("kalo", "{fa: کالو, en: kalo}", "{fa: کالو, en: kalo, 1: x}", "names.1", "plain text"),
    ("kalo", "{fa: کالو, en: kalo}", "{fa: کالو, en: kalo, on: x}", "names.on", "plain text"),
    # types
    ("kalo", "product: kalo", "product: 7", "product", "must be text"),
    ("kalo", 'version: "1"', "version: 1", "version", "in quotes"),
    ("kalo", 'version: "1"', 'version: "1/2"', "version", "letters, digits"),
    ("kalo", 'version: "1"', 'version: ""', "version", "must not be empty"),
    ("kalo", "languages: [fa, en]", "languages: fa", "languages", "must be a list"),
    ("kalo", "languages: [fa, en]", "languages: []", "languages", "empty list"),
    ("kalo", "languages: [fa, en]", "languages: [fa, fa]", "languages[1]", "is there twice"),
    ("kalo", "languages: [fa, en]", "languages: [fa, de]", "languages[1]", "must be one of fa, en"),
    ("kalo", "calendar: jalali", "calendar: gregorian", "calendar", "must be one of jalali"),
    ("kalo", "{address: info@kalo.ir, clause: KALO-26}", "info@kalo.ir", "inbox", "must be a mapping"),
    ("kalo", "info@kalo.ir", "info at kalo.ir", "inbox.address", "a mail address"),
    ("kalo", "https://kalo", "http://kalo", "document.url", "https://"),
    ("kalo", "[terms, privacy]", "[terms, cookies]", "registration.accept[1]", "must be one of"),
    ("kalo", "min_length: 10", "min_length: ten", "password.min_length", "whole number"),
    ("kalo", "min_length: 10", "min_length: 0", "password.min_length", "whole number above 0"),
    ("kalo", "min_length: 10", "min_length: true", "password.min_length", "whole number"),
    (
        "kalo",
        "  trial:\n    length: P30D",
        "  trial: null\n  x:\n    length: P30D",
        "lifecycle.x",
        "unknown key",
    ),
    # durations and dates
    ("kalo", "    length: P30D", "    length: 30 days", "lifecycle.trial.length", "ISO 8601"),
    ("kalo", "    length: P30D", "    length: 30", "lifecycle.trial.length", "must be text"),
    ("kalo", "    length: P30D", "    length: P", "lifecycle.trial.length", "ISO 8601"),
    ("kalo", "    length: P30D", "    length: P0D", "lifecycle.trial.length", "longer than nothing"),
    ("kalo", "    length: P30D", "    length: P-30D", "lifecycle.trial.length", "ISO 8601"),
    ("kalo", "  jalali: 1403/01/01", "  jalali: 1403/1/1", "effective.jalali", "Jalali date"),
    ("kalo", "  jalali: 1403/01/01", "  jalali: 1404/12/30", "effective.jalali", "Jalali date"),
    ("kalo", "  gregorian: 2024-03-20", "  gregorian: 2024-02-30", "effective.gregorian", "Gregorian date"),
    ("kalo", "  gregorian: 2024-03-20", "  gregorian: 2024-03-21", "effective", "is 2024-03-20"),
    (
        "kalo",
        "gregorian: 2026-03-21}, toman: 250_000",
        "gregorian: 2026-03-20}, toman: 250_000",
        "plans[0].periods[0].prices[1].since",
        "is 2026-03-21",
    ),
    # reasons
    (
        "kalo",
        "    clause: KALO-15\n    choice: a paid term that",
        "    # a paid term that",
        "lifecycle.term",
        "needs",
    ),
    (
        "kalo",
        "{length: P60D, clause: KALO-27}",
        "{length: P60D}",
        "retention.after_closing",
        "`clause` or `choice`",
    ),
    (
        "kalo",
        "legal_entity: {clause: KALO-3}",
        "legal_entity: {}",
        "registration.legal_entity",
        "needs `clause`",
    ),
    ("kalo", "clause: KALO-27}", "clause: KALO-99}", "retention.after_closing.clause", "none of this file's"),
    ("kalo", "clause: KALO-27}", "clause: CLUB-16}", "retention.after_closing.clause", "none of this file's"),
    ("kalo", "clause: KALO-27}", "clause: null}", "retention.after_closing.clause", "must be text"),
    ("kalo", "  choice: the text carries neither a version nor a date\n", "", "effective", "needs"),
    # the lifecycle
    ("kalo", "    then: deactivated", "    then: active", "lifecycle.trial.then", "trial to active"),
    ("kalo", "    then: deactivated", "    then: purged", "lifecycle.trial.then", "trial to purged"),
    ("kalo", "    then: deactivated", "    then: closed", "lifecycle.trial.then", "trial to closed"),
    ("kalo", "    then: deactivated", "    then: asleep", "lifecycle.trial.then", "must be one of"),
    (
        "customer_club",
        CLUB_TERM,
        CLUB_TERM.replace("deactivated", "trial"),
        "lifecycle.term.then",
        "active to trial",
    ),
    ("kalo", "    then: deactivated", "    then: read_only", "lifecycle.read_only", "needs a length"),
    ("saman360", SAMAN_READ_ONLY, "  read_only: null", "lifecycle.read_only", "needs a length"),
    ("saman360", "    then: read_only", "    then: deactivated", "lifecycle.read_only", "must be null"),
    (
        "saman360",
        SAMAN_READ_ONLY,
        "  read_only: {length: P91D, clause: SAMAN-5.3}",
        "retention.after_term.length",
        "shorter than",
    ),
    (
        "kalo",
        "channels: [email, sms]",
        "channels: [email, fax]",
        "lifecycle.trial.reminders[0].channels[1]",
        "email",
    ),
    ("kalo", "channels: [email, sms]", "channels: []", "lifecycle.trial.reminders[0].channels", "empty list"),
    ("kalo", "{before: P1D", "{before: P7D", "lifecycle.trial.reminders[1].before", "is there twice"),
    ("kalo", "{before: P7D", "{before: P30D", "lifecycle.trial.reminders[0].before", "never be sent"),
    (
        "saman360",
        "{before: P7D",
        "{before: P30D",
        "lifecycle.first_invoice.reminders[0].before",
        "never be sent",
    ),
    ("saman360", "plan: basic", "plan: free", "lifecycle.first_invoice.plan", "none of the plans"),
    ("saman360", "length: P3M", "length: P2M", "lifecycle.first_invoice.length", "not offered for P2M"),
    # retention and the last warning
    (
        "kalo",
        "  after_trial: {length: P30D, clause: KALO-10}\n",
        "",
        "retention.after_trial",
        "missing: there is a",
    ),
    ("saman360", "  after_term: {length: P90D, clause: SAMAN-3.14}\n", "", "retention.after_term", "missing"),
    (
        "saman360",
        "  after_term:",
        "  after_trial: {length: P90D, clause: SAMAN-3.14}\n  after_term:",
        "retention.after_trial",
        "there is no `lifecycle.trial`",
    ),
    ("kalo", "  wait: P1D", "  wait: P8D", "deletion_warning.wait", "longer than `before`"),
    # requests about data, closing by mail, undoing a closing
    ("kallu", "at_most: P3M", "at_most: P30D", "data_requests.at_most", "would extend nothing"),
    ("kallu", "warn_before: P7D", "warn_before: P30D", "data_requests.warn_before", "ring at once"),
    ("kallu", "facts: [name, account]", "facts: [name, age]", "data_requests.mail.facts[1]", "name"),
    ("kallu", "within: null", "within: soon", "retention.reopening.within", "ISO 8601"),
    ("kalo", ", fa: حساب من را ببندید}", "}", "closing_by_mail.phrases.fa", "names fa"),
    # plans and money
    ("kalo", "toman: 190_000", "toman: 0", "plans[0].periods[0].prices[0].toman", "above 0"),
    ("kalo", "toman: 190_000", "toman: -5", "plans[0].periods[0].prices[0].toman", "above 0"),
    ("kalo", "toman: 190_000", "toman: 19.5", "plans[0].periods[0].prices[0].toman", "whole number"),
    ("kalo", "toman: 190_000", 'toman: "190000"', "plans[0].periods[0].prices[0].toman", "whole number"),
    ("kalo", "users: 3", "users: many", "plans[0].limits.users", "whole number"),
    ("kalo", "  - id: team", "  - id: starter", "plans[1].id", "is there twice"),
    ("kalo", "  - id: team", "  - id: The Team", "plans[1].id", "short name"),
    ("kalo", "      - length: P12M", "      - length: P1M", "plans[0].periods[1].length", "is there twice"),
    (
        "kalo",
        "jalali: 1405/01/01, gregorian: 2026-03-21",
        "jalali: 1402/07/01, gregorian: 2023-09-23",
        "plans[0].periods[0].prices[1].since",
        "later than the one before",
    ),
    ("kalo", "{fa: پایه, en: Starter}", "{fa: پایه}", "plans[0].names.en", "missing: `languages` names en"),
    ("kalo", "{fa: کالو, en: kalo}", "{en: kalo}", "names.fa", "missing: `languages` names fa"),
    (
        "saman360",
        "jalali: 1402/07/01, gregorian: 2023-09-23}, toman: 826_500",
        "jalali: 1403/01/01, gregorian: 2024-03-20}, toman: 826_500",
        "lifecycle.first_invoice.length",
        "no price yet",
    ),
    # export, clauses
    ("kalo", "active, deactivated, closed]", "active, purged]", "export.phases[2]", "must be one of"),
    ("kalo", "  free_every: null\n", "", "export.free_every", "missing"),
    ("kalo", "{duty: record,", "{duty: remember,", "clauses.KALO-6.duty", "must be one of enforce, record"),
    ("kalo", 'what: "Nobody registers', 'what: " ", x: "', "clauses.KALO-2.x", "unknown key"),
    # the file itself
    ("kalo", "product: kalo", "product: kola", "product", "named after 'kalo'"),
]


@pytest.mark.parametrize(
    ("product", "old", "new", "path", "reason"),
    BREAKS,
    ids=[f"{path}: {reason}" for *_, path, reason in BREAKS],
)
def test_a_broken_file_is_refused_with_its_name_and_the_path_to_mend(
    product: str, old: str, new: str, path: str, reason: str
):
    with pytest.raises(AgreementInvalid) as refused:
        loader.parse(broken(product, old, new), f"{product}.yaml")

    assert refused.value.details["file"] == f"{product}.yaml"
    assert refused.value.details["path"] == path
    assert reason in str(refused.value.details["reason"])


PLANS = re.compile(r"^plans:\n(  .*\n)+", re.MULTILINE)
TERM = re.compile(r"^  term:\n.*?(?=^  read_only:)", re.DOTALL | re.MULTILINE)
PRICES = re.compile(r"^        prices:\n(          - .*\n)+", re.MULTILINE)
FIRST = textwrap.indent(
    textwrap.dedent(
        """\
        first_invoice:
          due: P30D
          plan: starter
          length: P1M
          clause: KALO-10
          reminders: []
        """
    ),
    "  ",
)


@pytest.mark.parametrize(
    ("pattern", "new", "path", "reason"),
    [
        (PLANS, "plans: []\n", "plans", "needs something to buy"),
        (TERM, "  term: null\n", "plans", "nothing is leased"),
        (TERM, "  term: null\n", "retention.after_term", "there is no `lifecycle.term`"),
        (PRICES, "", "plans[0].periods[0].prices", "missing"),
        (PRICES, "        prices: []\n", "plans[0].periods[0].prices", "empty list"),
        (
            re.compile(r"^  first_invoice: null\n", re.MULTILINE),
            FIRST,
            "lifecycle.first_invoice",
            "not with both",
        ),
        (
            re.compile(r"^clauses:\n.*", re.DOTALL | re.MULTILINE),
            "clauses: {}\n",
            "clauses",
            "must not be empty",
        ),
        (re.compile(r"^clauses:\n.*", re.DOTALL | re.MULTILINE), "", "clauses", "missing"),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(
    pattern: re.Pattern[str], new: str, path: str, reason: str
):
    text, count = pattern.subn(new, source("kalo"), count=1)
    assert count == 1

    found = {
        problem.details["path"]: str(problem.details["reason"])
        for problem in loader.problems(text, "kalo.yaml")
    }

    assert reason in found[path]


def test_a_lease_on_credit_needs_a_term():
    text = TERM.sub("  term: null\n", source("saman360"), count=1)

    found = [problem.details["path"] for problem in loader.problems(text, "saman360.yaml")]

    assert "lifecycle.first_invoice" in found


@pytest.mark.parametrize(
    ("text", "path", "reason"),
    [
        ("", "the whole file", "is empty"),
        ("- a\n- b\n", "the whole file", "must be a mapping"),
        ("product: [kalo\n", "line 2", "is not YAML"),
        ("product: kalo\n---\nproduct: kalo\n", "line 2", "is not YAML"),
        ("names: &all {fa: x}\nplans: *all\n", "plans", "aliases are not used"),
        ("names: {<<: {fa: x}}\n", "names.<<", "plain text"),
        ("product: !!python/object:os.system {}\n", "product", "must not be marked"),
    ],
)
def test_what_is_no_agreement_at_all_is_refused(text: str, path: str, reason: str):
    with pytest.raises(AgreementInvalid) as refused:
        loader.parse(text, "odd.yaml")
    assert refused.value.details["path"] == path
    assert reason in str(refused.value.details["reason"])


def test_the_version_in_the_name_must_be_the_one_inside():
    with pytest.raises(AgreementInvalid, match=r"kalo@2\.yaml: version: is '1'"):
        loader.parse(source("kalo"), "kalo@2.yaml")


def test_all_problems_of_a_file_are_listed_and_the_error_names_the_first():
    text = broken("kalo", "min_length: 10", "min_length: 0").replace("toman: 190_000", "toman: 0")

    found = loader.problems(text, "kalo.yaml")

    paths = [problem.details["path"] for problem in found]
    assert paths == ["password.min_length", "plans[0].periods[0].prices[0].toman"]
    with pytest.raises(AgreementInvalid) as refused:
        loader.parse(text, "kalo.yaml")
    assert str(refused.value) == str(found[0])
    assert str(found[0]) == "kalo.yaml: password.min_length: must be a whole number above 0, not 0"


def test_a_figure_may_cite_a_clause_and_explain_a_choice():
    kalo = loader.load("kalo")
    assert kalo.trial

    assert kalo.trial.basis == Basis("KALO-10", "a trial exists, but its length is not stated")
    assert kalo.trial.basis.cite() == "KALO-10"


def test_an_agreement_counts_in_the_jalali_calendar_and_in_rials():
    kalo = loader.load("kalo")

    assert kalo.calendar is JALALI
    assert kalo.plan("starter").offers[0].prices[0].amount == 1_900_000
    assert kalo.plan("team").limits == {
        "users": 20,
        "records": 100_000,
        "storage_mb": 10_240,
    }


# --- the documentation --------------------------------------------------------------------------------------


def test_the_example_in_the_documentation_follows_the_form():
    example = SCHEMA.read_text(encoding="utf-8").partition("```yaml\n")[2].partition("```")[0]

    assert [str(problem) for problem in loader.problems(example, "example.yaml")] == []


def test_every_key_of_a_shipped_agreement_is_documented():
    documented = SCHEMA.read_text(encoding="utf-8").partition("## A whole file")[0]
    # What is named by the file itself: limits and clause ids.
    free = ("limits", "clauses")

    def keys(value: object) -> set[str]:
        if isinstance(value, list):
            return set().union(*map(keys, value))
        if not isinstance(value, dict):
            return set()
        below = (keys(inner) for key, inner in value.items() if key not in free)
        return set(value).union(*below)

    used = set().union(*(keys(loader._plain_values(source(product))) for product in SHIPPED))
    missing = {key for key in used if not re.search(rf"\b{key}\b", documented)}

    assert missing == set()
