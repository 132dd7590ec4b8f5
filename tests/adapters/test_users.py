"""Further users, stored: sealed, found by what leads to them, gone when they are sent away or purged."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mohlat.adapters.sealing import SealBroken
from mohlat.domain.errors import Conflict, Gone, NotFound
from mohlat.domain.lifecycle import Event, move
from mohlat.domain.people import ContactChange, Departure, Identity, Role, User, UserContact
from mohlat.domain.purge import Store
from mohlat.domain.tenant import Tenant
from mohlat.domain.users import add_user, remove_user
from tests.adapters.conftest import AGREEMENT, Stores
from tests.builders import SECOND, START

CONTACT = UserContact("t-1", "u-9", "علی", "ali@example.test", "+989350000002", "fa")
IDENTITY = Identity("trialware", "print-of-ali", "t-1", "u-9")


def with_a_user(stores: Stores) -> Tenant:
    tenant = stores.register()
    transition = add_user(tenant, AGREEMENT, AGREEMENT, "u-9", 1, START, by="owner")
    return stores.write(transition, User("t-1", "u-9", Role.USER, START), CONTACT, IDENTITY)


def test_a_user_is_told_once_confirmed_and_the_owner_has_the_accounts_contact(stores: Stores) -> None:
    with_a_user(stores)
    assert stores.people.contact_of("t-1", "u-9") == CONTACT
    assert stores.people.contact_of("t-1", "u-t-1") == stores.people.contact("t-1")
    assert stores.people.user_contacts("t-1") == []
    stores.people.save_user(User("t-1", "u-9", Role.USER, START, confirmed_at=START + SECOND))
    assert stores.people.user_contacts("t-1") == [CONTACT]
    assert stores.people.identity("trialware", "print-of-ali") == IDENTITY
    with pytest.raises(NotFound):
        stores.people.contact_of("t-1", "u-8")


def test_sending_away_takes_what_leads_to_them_and_leaves_a_mark(stores: Stores) -> None:
    tenant = with_a_user(stores)
    assert not stores.people.departed("t-1", "u-9")
    transition = remove_user(tenant, AGREEMENT, "u-9", START + SECOND, by="owner")
    stores.write(transition, Departure("t-1", "u-9", START + SECOND))
    assert stores.people.departed("t-1", "u-9")
    assert stores.people.identity("trialware", "print-of-ali") is None
    assert [user.username for user in stores.people.users("t-1")] == ["u-t-1"]
    again = remove_user(stores.tenants.get("t-1"), AGREEMENT, "u-9", START + SECOND, by="owner")
    with pytest.raises(NotFound):
        stores.write(again, Departure("t-1", "u-9", START + SECOND))


def moved(stores: Stores, tenant: Tenant, to: str = "print-of-new") -> Tenant:
    """The owner has another address from now on."""
    contact = replace(stores.people.contact(tenant.id), email="new@example.test")
    left = Identity("trialware", f"mail-{tenant.id}", tenant.id, f"u-{tenant.id}")
    step = move(tenant, Event.CONTACT_CHANGED, START, "owner", "moved", "T-DATA")
    return stores.write(step, ContactChange(contact, left, replace(left, fingerprint=to)))


def test_another_contact_takes_the_place_of_the_one_before_and_leads_to_the_owner(stores: Stores) -> None:
    tenant = moved(stores, stores.register())
    assert stores.people.contact("t-1").email == "new@example.test"
    assert stores.people.identity("trialware", "mail-t-1") is None
    found = stores.people.identity("trialware", "print-of-new")
    assert found == Identity("trialware", "print-of-new", "t-1", "u-t-1")
    # A purge finds what leads here now; it is the owner and two identities, as before.
    assert stores.eraser.count("t-1", Store.USERS) == 3
    stores.empty("t-1", Store.USERS)
    assert stores.people.identity("trialware", "print-of-new") is None
    assert stores.people.identity("trialware", "sms-t-1") is None
    with pytest.raises(NotFound):
        moved(stores, tenant, "print-of-newer")


def test_a_contact_that_leads_to_another_account_is_not_taken_from_it(stores: Stores) -> None:
    mine, _ = stores.register(), stores.register("t-2")
    with pytest.raises(Conflict):
        moved(stores, mine, "mail-t-2")
    assert stores.people.contact("t-1").email == "t-1@example.test"
    assert stores.people.identity("trialware", "mail-t-1") is not None
    assert stores.people.identity("trialware", "mail-t-2") == Identity(
        "trialware", "mail-t-2", "t-2", "u-t-2"
    )


def test_a_contact_travels_sealed_and_opens_for_its_own_account_only(stores: Stores) -> None:
    stores.register()
    stores.register("t-2")
    wrapped = stores.people.wrap("t-1", "new@example.test")
    assert "new@example.test" not in wrapped
    assert stores.people.unwrap("t-1", wrapped) == "new@example.test"
    with pytest.raises(SealBroken):
        stores.people.unwrap("t-2", wrapped)
    stores.empty("t-1", Store.KEY)
    with pytest.raises(Gone):
        stores.people.unwrap("t-1", wrapped)


def test_a_purge_takes_them_with_the_users_and_the_mark_with_the_tenant(stores: Stores) -> None:
    tenant = with_a_user(stores)
    other = UserContact("t-1", "u-7", "نگین", "negin@example.test", "+989350000003", "fa")
    transition = add_user(tenant, AGREEMENT, AGREEMENT, "u-7", 2, START, by="owner")
    tenant = stores.write(transition, User("t-1", "u-7", Role.USER, START), other)
    away = remove_user(tenant, AGREEMENT, "u-7", START, by="owner")
    stores.write(away, Departure("t-1", "u-7", START))
    # The owner, the user and the identities that lead to both.
    assert stores.eraser.count("t-1", Store.USERS) == 5
    stores.empty("t-1", Store.USERS, Store.TENANT)
    assert stores.people.identity("trialware", "print-of-ali") is None
    assert not stores.people.departed("t-1", "u-7")
    assert stores.eraser.count("t-1", Store.USERS) == stores.eraser.count("t-1", Store.TENANT) == 0
