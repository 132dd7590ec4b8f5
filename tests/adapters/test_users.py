"""Further users, stored: sealed, found by what leads to them, gone when they are sent away or purged."""

from __future__ import annotations

import pytest

from mohlat.domain.errors import NotFound
from mohlat.domain.people import Departure, Identity, Role, User, UserContact
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
