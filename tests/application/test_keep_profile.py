"""The billing profile: read strictly, kept in one form, and never with a card number in it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mohlat.domain.agreement import Phase
from mohlat.domain.billing import BillingProfile, Company
from mohlat.domain.errors import Gone, InvalidInput, NotFound
from mohlat.domain.iranian import persian_digits
from mohlat.domain.tenant import Closing
from mohlat.presentation.fields import read_object
from mohlat.presentation.profile_fields import PROFILE, read_profile
from mohlat.presentation.ticket_views import profile as shown
from tests.application.desks import IP, SHEBA, Office

TOLD: dict[str, Any] = {
    "name": "سارا",
    "surname": "کریمی",
    "national_id": "0013542419",
    "mobile": "09121234567",
    "email": "Sara@Customer.test",
    "address": "تهران، خیابان نمونه، پلاک ۱۲، واحد ۳",
    "postal_code": "1234567890",
    "sheba": SHEBA,
    "company": {"name": "شرکت نمونه", "legal_id": "14007650912", "economic_code": "14007650912"},
}


def read(told: dict[str, Any]) -> BillingProfile:
    """The profile that a request with these fields tells."""
    return read_profile("t_1", read_object(told, "", PROFILE))


@pytest.mark.clause("KALAK-collect")
def test_a_profile_is_kept_in_one_form_whatever_script_its_digits_are_in() -> None:
    latin = read(TOLD)
    persian = read(
        TOLD
        | {name: persian_digits(TOLD[name]) for name in ("national_id", "mobile", "postal_code", "sheba")}
        | {"company": {name: persian_digits(text) for name, text in TOLD["company"].items()}}
    )
    assert latin == persian
    assert latin == BillingProfile(
        tenant_id="t_1",
        name="سارا",
        surname="کریمی",
        national_id="0013542419",
        mobile="+989121234567",
        email="sara@customer.test",
        address="تهران، خیابان نمونه، پلاک ۱۲، واحد ۳",
        postal_code="1234567890",
        sheba=SHEBA,
        company=Company("شرکت نمونه", "14007650912", "14007650912"),
    )


def test_numbers_may_be_grouped_and_carry_the_marks_that_copying_leaves() -> None:
    written = {
        "postal_code": "12345-67890",
        "sheba": "\u202aIR82 0540 1026 8002 0817 9090 02\u202c",
        "national_id": "001-354241-9",
    }
    kept = read(written)
    assert (kept.postal_code, kept.sheba, kept.national_id) == ("1234567890", SHEBA, "0013542419")


@pytest.mark.parametrize("told", [{}, dict.fromkeys(TOLD)])
def test_every_field_may_be_left_out(told: dict[str, Any]) -> None:
    assert read(told) == BillingProfile("t_1")


@pytest.mark.parametrize("code", ["14007650912", "411111111111", "41111111111111", "۴۱۱۱-۱۱۱۱-۱۱۱۱"])
def test_an_economic_code_is_a_legal_id_or_an_older_one(code: str) -> None:
    company = read({"company": {"name": "شرکت", "economic_code": code}}).company
    assert company
    assert company.economic_code.isascii()
    assert len(company.economic_code) in (11, 12, 14)


@pytest.mark.clause("KALAK-collect")
@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("name", "", "is empty"),
        ("name", 7, "must be text"),
        ("name", "x" * 101, "too long"),
        ("surname", "Karimi\n", "holds control characters"),
        ("national_id", "0013542418", "not a national id"),
        ("national_id", "123", "not eight to ten digits"),
        ("mobile", "02188776655", "not an Iranian mobile number"),
        ("email", "sara@", "not an e-mail address"),
        ("address", "x" * 501, "too long"),
        ("postal_code", "123456789", "not ten digits"),
        ("postal_code", "12345678901", "not ten digits"),
        ("postal_code", "123456789x", "not ten digits"),
        ("sheba", "IR820540102680020817909003", "not a Sheba number"),
        ("sheba", "820540102680020817909002", "not IR and 24 digits"),
        ("company", "Example Ltd", "must be an object"),
        ("company.name", None, "is missing"),
        ("company.legal_id", "14007650913", "not a legal id"),
        ("company.economic_code", "14007650913", "not a legal id"),
        ("company.economic_code", "1234567890", "not an economic code"),
        ("company.economic_code", "1234567890123", "not an economic code"),
        ("company.vat", "1", "unknown field"),
        ("card", "6037991122334455", "unknown field"),
    ],
)
def test_a_field_that_is_wrong_is_named(field: str, value: object, reason: str) -> None:
    outer, _, inner = field.partition(".")
    told = {"company": {"name": "شرکت"} | {inner: value}} if inner else {outer: value}
    with pytest.raises(InvalidInput) as refusal:
        read(told)
    assert (refusal.value.field, refusal.value.reason) == (field, reason)


@pytest.mark.clause("KALAK-card")
@pytest.mark.parametrize("card", ["6037991122334455", "۶۰۳۷-۹۹۱۱-۲۲۳۳-۴۴۵۵", "6037 9911 2233 4455"])
@pytest.mark.parametrize("field", ["name", "surname", "address", "company.name"])
def test_a_card_number_in_any_words_is_refused_and_nothing_is_kept(field: str, card: str) -> None:
    office = Office("kalak")
    tenant = office.register()
    told = BillingProfile(tenant.id, company=Company("شرکت", "", ""))
    text = f"pay to {card}"
    if field == "company.name":
        told = replace(told, company=Company(text, "", ""))
    else:
        told = replace(told, **{field: text})
    with pytest.raises(InvalidInput) as refusal:
        office.profile_desk.put(told, "u_1", IP)
    assert (refusal.value.field, refusal.value.reason) == (field, "holds a card number")
    assert office.profiles.get(tenant.id) is None


@pytest.mark.clause("KALAK-card")
@pytest.mark.parametrize("field", ["national_id", "mobile", "postal_code", "sheba", "company.economic_code"])
def test_a_card_number_fits_no_other_field(field: str) -> None:
    outer, _, inner = field.partition(".")
    card = "6037991122334455"
    told = {"company": {"name": "شرکت", inner: card}} if inner else {outer: card}
    with pytest.raises(InvalidInput) as refusal:
        read(told)
    assert refusal.value.field == field


def test_what_was_told_is_told_back_in_full() -> None:
    office = Office("kalak")
    tenant = office.register()
    assert office.profile_desk.get(tenant.id) == BillingProfile(tenant.id)
    kept = office.profile(tenant)
    assert office.profile_desk.get(tenant.id) == kept
    assert shown(kept)["company"] == {
        "name": "Example Ltd",
        "legal_id": "14007650912",
        "economic_code": "14007650912",
    }
    empty = shown(BillingProfile(tenant.id))
    assert set(empty) == set(TOLD)
    assert set(empty.values()) == {None}


def test_a_change_is_noted_by_the_names_of_its_fields_alone() -> None:
    office = Office("kalak")
    tenant = office.register()
    office.profile(tenant)
    office.profile(tenant)
    office.profile(tenant, sheba="", company=None)
    lines = [line for line in office.table.audit if line.kind == "profile_changed"]
    assert [line.details["fields"] for line in lines] == [
        "address, company.economic_code, company.legal_id, company.name, email, mobile, name, "
        "postal_code, sheba, surname",
        "company.economic_code, company.legal_id, company.name, sheba",
    ]
    assert lines[1].source_ip == IP
    assert SHEBA not in str(lines)


def test_a_closed_account_may_still_say_where_its_money_goes() -> None:
    office = Office("kalak")
    tenant = office.register()
    office.desk.close(tenant.id, Closing.ERASURE, by="user:u_1")
    assert office.profile(tenant).sheba == SHEBA


def test_a_purged_account_has_no_profile() -> None:
    office = Office("kalak")
    tenant = office.register()
    office.profile(tenant)
    office.table.tenants[tenant.id] = replace(office.tenant(tenant), phase=Phase.PURGED)
    with pytest.raises(Gone):
        office.profile_desk.get(tenant.id)
    with pytest.raises(Gone):
        office.profile(tenant)
    with pytest.raises(NotFound):
        office.profile_desk.get("t_unknown")
