"""What a billing profile lacks for an order or an official invoice, by name."""

from __future__ import annotations

import pytest

from mohlat.domain.billing import OFFICIAL_NEEDS, BillingProfile, Company, demand
from mohlat.domain.errors import ProfileIncomplete

COMPANY = Company("Example Ltd", "14007650912", "14007650912")
COMPLETE = BillingProfile(
    tenant_id="t_1",
    name="Sara",
    surname="Karimi",
    national_id="0013542419",
    mobile="+989121234567",
    email="sara@customer.test",
    address="1 Example Street, Tehran",
    postal_code="1234567890",
    sheba="IR820540102680020817909002",
    company=COMPANY,
)
NATURAL = ("name", "surname", "mobile", "email", "address", "sheba")


def test_a_complete_profile_lacks_nothing() -> None:
    assert COMPLETE.lacks((*NATURAL, *OFFICIAL_NEEDS)) == ()
    demand(COMPLETE, OFFICIAL_NEEDS, "SAMAN-5.9")


def test_an_empty_profile_lacks_everything_in_the_order_asked_for() -> None:
    assert BillingProfile("t_1").lacks((*NATURAL, *OFFICIAL_NEEDS)) == (*NATURAL, *OFFICIAL_NEEDS)


@pytest.mark.parametrize(
    ("company", "lacking"),
    [
        (None, ("company", "legal_id", "economic_code")),
        (Company("", "14007650912", "14007650912"), ("company",)),
        (Company("Example Ltd", "", ""), ("legal_id", "economic_code")),
        (Company("Example Ltd", "14007650912", ""), ("economic_code",)),
    ],
)
def test_what_a_company_did_not_tell_is_named(company: Company | None, lacking: tuple[str, ...]) -> None:
    profile = BillingProfile("t_1", address="somewhere", postal_code="1", email="a@b.test", company=company)
    assert profile.lacks(OFFICIAL_NEEDS) == lacking


@pytest.mark.clause("SAMAN-5.9")
@pytest.mark.parametrize("profile", [None, BillingProfile("t_1", email="a@b.test")])
def test_an_incomplete_profile_is_refused_with_all_that_is_missing_and_the_clause(
    profile: BillingProfile | None,
) -> None:
    with pytest.raises(ProfileIncomplete) as refusal:
        demand(profile, ("company", "email", "address"), "SAMAN-5.9")
    missing = ["company", "address"] if profile else ["company", "email", "address"]
    assert refusal.value.details == {
        "missing": missing,
        "field": "profile.company",
        "clause": "SAMAN-5.9",
    }
