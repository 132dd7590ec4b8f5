"""Plans, dated prices, and where a figure comes from."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mohlat.domain import errors
from mohlat.domain.agreement import Basis, Offer, Price, RefundCase, TaxRule, VatRate
from mohlat.domain.errors import AgreementInvalid, InvalidInput, MohlatError
from mohlat.domain.people import Role
from mohlat.domain.purge import PurgeEntry, Store
from tests.builders import SECOND, START, agreement_with_trial, length

AGREEMENT = agreement_with_trial()
RISE = datetime(2027, 1, 1, tzinfo=UTC)


def test_a_figure_cites_its_clause_or_the_vendors_choice() -> None:
    assert Basis("KALO-10", "30 days").cite() == "KALO-10"
    assert Basis(choice="30 days").cite() == "vendor's choice"


@pytest.mark.parametrize(("now", "amount"), [(START, 1), (RISE - SECOND, 1), (RISE, 2), (RISE + SECOND, 2)])
def test_a_price_counts_from_its_own_second_on(now: datetime, amount: int) -> None:
    assert AGREEMENT.list_price("basic", length("P1M"), now) == amount * 1_000_000


def test_before_the_first_price_there_is_none() -> None:
    offer = Offer(length("P1M"), (Price(START, 5),))
    assert offer.price_at(START - SECOND) is None
    assert offer.price_at(START) == Price(START, 5)
    with pytest.raises(InvalidInput):
        AGREEMENT.list_price("basic", length("P1M"), datetime(2020, 1, 1, tzinfo=UTC))


def test_an_unknown_plan_is_refused_with_the_known_ones() -> None:
    assert AGREEMENT.plan("plus").id == "plus"
    with pytest.raises(InvalidInput) as refused:
        AGREEMENT.plan("gold")
    assert refused.value.details == {"field": "plan", "reason": "unknown", "known": ["basic", "plus"]}


def test_a_period_that_is_not_offered_is_refused_with_the_offered_ones() -> None:
    with pytest.raises(InvalidInput) as refused:
        AGREEMENT.list_price("basic", length("P2M"), START)
    assert refused.value.details["offered"] == ["P1M", "P12M"]


def test_an_unknown_extra_is_refused_with_the_known_ones() -> None:
    assert AGREEMENT.extra_item("export").id == "export"
    with pytest.raises(InvalidInput) as refused:
        AGREEMENT.extra_item("massage")
    assert refused.value.details == {
        "field": "extra",
        "reason": "unknown",
        "known": ["training", "export"],
    }


def test_a_promotion_counts_from_its_first_second_to_the_last_before_its_end() -> None:
    (sale,) = AGREEMENT.promotions
    year, month = length("P1Y"), length("P1M")
    times = (sale.since - SECOND, sale.since, sale.until - SECOND, sale.until)
    assert [sale.applies("basic", year, at) for at in times] == [False, True, True, False]
    assert not sale.applies("plus", year, sale.since)
    assert not sale.applies("basic", month, sale.since)
    assert replace(sale, plans=(), lengths=()).applies("plus", month, sale.since)


def test_tax_is_the_rate_of_the_day_and_nothing_for_what_is_exempt() -> None:
    later = RISE + 2 * SECOND
    # In any order: the date decides.
    tax = TaxRule(False, (VatRate(later, 11), VatRate(START, 9), VatRate(RISE, 10)), Basis("T-TAX"))
    times = (START - SECOND, START, RISE - SECOND, RISE, later)
    assert [tax.percent_at(at) for at in times] == [0, 9, 9, 10, 11]
    assert [tax.changes_after(at) for at in times] == [START, RISE, RISE, later, None]
    exempt = replace(tax, exempt=True)
    assert {exempt.percent_at(at) for at in times} == {0}
    assert {exempt.changes_after(at) for at in times} == {None}


def test_a_case_of_refund_that_an_agreement_is_silent_about_has_no_rule() -> None:
    rule = AGREEMENT.refund_rule(RefundCase.OTHERWISE)
    assert rule
    assert rule.case is RefundCase.OTHERWISE
    assert AGREEMENT.refund_rule(RefundCase.UPGRADE) is None


def test_every_error_has_its_own_name_for_programs() -> None:
    kinds = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, MohlatError)
    ]
    codes = [kind.code for kind in kinds]
    assert len(set(codes)) == len(codes) > 10
    assert all(code == code.lower() and " " not in code for code in codes)


def test_an_error_says_its_name_unless_it_has_more_to_say() -> None:
    assert str(errors.NotFound()) == "not-found"
    assert str(errors.NotFound("no such hold", hold_id="h")) == "no such hold"
    assert errors.NotFound("no such hold", hold_id="h").details == {"hold_id": "h"}


def test_a_broken_agreement_names_file_and_place() -> None:
    broken = AgreementInvalid("kalo.yaml", "trial.length", "not a duration")
    assert str(broken) == "kalo.yaml: trial.length: not a duration"
    assert broken.details == {"file": "kalo.yaml", "path": "trial.length", "reason": "not a duration"}


def test_a_purge_takes_the_key_last() -> None:
    assert list(Store)[-1] is Store.KEY
    assert list(Store).index(Store.RECORDS) < list(Store).index(Store.TENANT)


def test_a_new_ledger_entry_has_deleted_nothing_yet() -> None:
    entry = PurgeEntry("t-1", "trialware", "T", "closed", START, "head", 7)
    assert (entry.deleted, entry.left, entry.finished_at) == ({}, {}, None)


def test_the_roles_are_the_user_pools_groups() -> None:
    assert [role.value for role in Role] == ["owner", "user", "support", "partner", "operator"]
