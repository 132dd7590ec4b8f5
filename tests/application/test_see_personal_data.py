"""A copy of what is held about people, and its correction by themselves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mohlat.application.see_personal_data import PersonalDataDesk, demand_name
from mohlat.domain.agreement import Phase
from mohlat.domain.errors import AccessRefused, Gone, InvalidInput
from mohlat.domain.tenant import Tenant
from tests.application.desks import IP, Office
from tests.application.world import EMAIL, MOBILE, NAME
from tests.handlers.described import DESCRIBED, body_members


def kalak(product: str = "kalak") -> tuple[Office, Tenant, PersonalDataDesk]:
    office = Office(product)
    desk = PersonalDataDesk(
        tenants=office.tenants,
        people=office.people,
        profiles=office.profiles,
        consents=office.consents,
        agreements=office.agreements,
        security_log=office.security_log,
        clock=office.clock,
    )
    return office, office.register(), desk


@pytest.mark.clause("KALAK-copy")
def test_an_owner_sees_all_that_is_held_about_the_people_of_an_account() -> None:
    office, tenant, desk = kalak()
    profile = office.profile(tenant)
    found = desk.copy(tenant.id, "u_1", IP)
    assert (found.contact.name, found.contact.email, found.contact.mobile) == (NAME, EMAIL, MOBILE)
    assert found.profile == profile
    [(owner, reached)] = found.users
    assert (owner, reached) == (office.people.users(tenant.id)[0], found.contact)
    assert [accepted.version for accepted in found.acceptances] == [office.agreement.version]
    assert {consent.purpose.value for consent in found.consents} == {"marketing_email", "marketing_sms"}
    assert office.noted(tenant.id)[-1] == "personal_data_shown"


@pytest.mark.clause("KALAK-copy")
def test_an_owner_corrects_the_name_and_the_journal_does_not_hold_it() -> None:
    office, tenant, desk = kalak()
    assert desk.correct_name(tenant.id, "Sara Ahmadi", "user:u_1").name == "Sara Ahmadi"
    assert office.people.contact(tenant.id).name == "Sara Ahmadi"
    assert office.people.contact(tenant.id).email == EMAIL
    entry = office.tenants.journal(tenant.id)[-1]
    assert (entry.event.value, entry.clause, entry.facts) == (
        "contact_corrected",
        "KALAK-copy",
        {"field": "name"},
    )
    assert "Ahmadi" not in str(office.tenants.journal(tenant.id))


def test_the_same_name_again_is_no_correction() -> None:
    office, tenant, desk = kalak()
    desk.correct_name(tenant.id, NAME, "user:u_1")
    assert "contact_corrected" not in office.events(tenant)


def test_where_the_agreement_says_nothing_it_is_the_vendors_choice() -> None:
    office, tenant, desk = kalak()
    office.agreements.known[:] = [replace(office.agreement, data_requests=None)]
    desk.correct_name(tenant.id, "Sara Ahmadi", "user:u_1")
    assert office.tenants.journal(tenant.id)[-1].clause == "vendor's choice"


@pytest.mark.clause("KALAK-card")
def test_a_name_that_is_a_card_number_is_refused() -> None:
    _, tenant, desk = kalak()
    with pytest.raises(InvalidInput):
        desk.correct_name(tenant.id, "6037991122334455", "user:u_1")


def test_a_correction_at_the_same_time_loses_nothing() -> None:
    office, tenant, desk = kalak()
    office.tenants.before_commit.append(lambda: desk.correct_name(tenant.id, "Another", "user:u_1"))
    desk.correct_name(tenant.id, "Sara Ahmadi", "user:u_1")
    assert office.people.contact(tenant.id).name == "Sara Ahmadi"
    assert office.events(tenant).count("contact_corrected") == 2


def test_after_the_purge_nothing_is_shown_and_nothing_corrected() -> None:
    office, tenant, desk = kalak()
    office.table.tenants[tenant.id] = replace(office.tenant(tenant), phase=Phase.PURGED)
    with pytest.raises(Gone):
        desk.copy(tenant.id, "u_1", IP)
    with pytest.raises(Gone):
        desk.correct_name(tenant.id, "x", "user:u_1")


@pytest.mark.parametrize("typed", [NAME, "  sara   KARIMI ", "sara\u200ckarimi", "Sara-Karimi"])
def test_a_name_is_typed_as_people_type(typed: str) -> None:
    office, tenant, _ = kalak()
    demand_name(office.people, tenant.id, typed)


@pytest.mark.parametrize("typed", ["Sara", "yes", "", "Karimi Sara", "Sara Karimii"])
def test_another_name_is_refused(typed: str) -> None:
    office, tenant, _ = kalak()
    with pytest.raises(InvalidInput) as refused:
        demand_name(office.people, tenant.id, typed)
    assert refused.value.field == "confirm"


def test_who_is_gone_is_not_asked_for_a_name() -> None:
    office, tenant, _ = kalak()
    office.table.contacts.clear()
    demand_name(office.people, tenant.id, "anything")


@pytest.mark.clause("CLUB-12")
def test_an_account_of_the_club_keeps_its_person_and_may_mend_the_spelling() -> None:
    office, tenant, desk = kalak("customer_club")
    for anothers in ("Reza Ahmadi", "Maryam", "علی رضایی"):
        with pytest.raises(AccessRefused) as refused:
            desk.correct_name(tenant.id, anothers, "user:u_1")
        assert refused.value.details["clause"] == "CLUB-12"
    assert office.people.contact(tenant.id).name == NAME
    for mended in ("Sarah Karimi", "Sarah Karimi-Nejad", "Sara Karimi"):
        assert desk.correct_name(tenant.id, mended, "user:u_1").name == mended


@pytest.mark.clause("CLUB-12")
def test_no_other_way_leads_to_another_contact_for_an_account() -> None:
    """Whoever registered is who it belongs to: only registering takes an e-mail address and a mobile number
    that signs in, and the change of one by a code, which leaves the club's accounts their number; the
    billing profile's are those that invoices name."""
    takes = {
        (method, path)
        for path, methods in DESCRIBED["paths"].items()
        for method, operation in methods.items()
        if method in ("post", "put", "patch") and {"email", "mobile"} & set(body_members(operation))
    }
    # A helper is named by the address of an account that is there already; a further user never is its owner.
    grants, users = ("post", "/tenants/{tenant_id}/support-grants"), ("post", "/tenants/{tenant_id}/users")
    change = "/tenants/{tenant_id}/contact-changes"
    changes = {("post", change), ("post", f"{change}/confirmations")}
    assert takes == {("post", "/tenants"), ("put", "/tenants/{tenant_id}/profile"), grants, users} | changes
