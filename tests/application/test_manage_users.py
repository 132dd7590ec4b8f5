"""Further users of an account: let in, joined by a code to their own contact, told what concerns them, sent
away.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from mohlat.application.mail import Mail, Outcome
from mohlat.application.reach_people import recipients_of
from mohlat.application.serve_support import Wish
from mohlat.domain.agreement import Channel
from mohlat.domain.errors import (
    AccessRefused,
    Conflict,
    InvalidInput,
    NotFound,
    NotSignedIn,
    SupportManagerOnly,
)
from mohlat.domain.people import CodePurpose, Role, User
from mohlat.domain.purge import Store
from mohlat.domain.tenant import Closing, Tenant
from mohlat.domain.users import MOST_USERS
from tests.application.desks import Office
from tests.application.world import EMAIL, IP, MOBILE, months
from tests.fakes import FakeEraser

ALI, ALIS_MOBILE = "ali@customer.test", "+989350000002"
ALIS_PASSWORD = "otter-9-lantern-quay"
BY = "user:owner"


def let_in(office: Office, tenant: Tenant, number: int = 0) -> str:
    """A user whom the owner has let in; nobody has read the letter yet."""
    mail, mobile = (ALI, ALIS_MOBILE) if number == 0 else (f"u{number}@x.test", f"+9893600{number:05d}")
    user, _ = office.users_desk.add(
        tenant.id, name="Ali Karimi", email=mail, mobile=mobile, language="en", by=BY
    )
    return user.username


def code_for(office: Office, tenant: Tenant, username: str) -> str:
    """The code in the newest letter to a user."""
    office.sender.send_code(tenant, office.agreement, username, CodePurpose.RECOVER, Channel.EMAIL)
    return str(office.mailer.sent[-1]["text"])


def joined(office: Office, tenant: Tenant) -> str:
    """A user who has set a password."""
    username = let_in(office, tenant)
    code = code_for(office, tenant, username)
    office.front_desk.finish_recovery(tenant.product, ALI, code[-6:], ALIS_PASSWORD, IP)
    return username


def enter(office: Office, tenant: Tenant, password: str = ALIS_PASSWORD) -> str:
    return office.front_desk.open_session(tenant.product, ALI, password, IP).tenant_id


def addresses(office: Office, tenant: Tenant) -> list[tuple[str, str]]:
    found = recipients_of(
        tenant.id,
        office.clock.now(),
        tenants=office.tenants,
        people=office.people,
        profiles=office.profiles,
        agreements=office.agreements,
    )
    return [(each.address, each.concern.value) for each in found]


def test_who_was_let_in_gets_a_letter_of_their_own_and_signs_in_with_what_they_chose() -> None:
    office = Office("kalo")
    tenant = office.register()
    username = let_in(office, tenant)
    asked = {"tenant_id": tenant.id, "username": username, "code": "recover", "channel": "email"}
    assert office.queue.messages[-1] == asked
    assert username not in office.sign_in.users, "nobody can sign in before the code came back"
    code = code_for(office, tenant, username)
    assert (office.mailer.sent[-1]["to"], office.mailer.sent[-1]["subject"]) == (ALI, "invitation")
    with pytest.raises(InvalidInput) as refused:
        office.front_desk.finish_recovery(tenant.product, ALI, code[-6:], "Ali-Karimi-1380", IP)
    assert refused.value.field == "password"
    code = code_for(office, tenant, username)
    office.front_desk.finish_recovery(tenant.product, ALI, code[-6:], ALIS_PASSWORD, IP)
    assert enter(office, tenant) == tenant.id
    assert office.sign_in.users[username] == (tenant.id, Role.USER)
    assert [line.kind for line in office.table.audit][-2:] == ["user_joined", "signed_in"]
    entry = office.tenants.journal(tenant.id)[-1]
    assert (entry.event.value, entry.by, entry.facts) == ("user_added", BY, {"user_id": username})
    # From then on a lost password is a lost password.
    code_for(office, tenant, username)
    assert office.mailer.sent[-1]["subject"] == "recovery_code"
    owner = next(user for user in office.people.users(tenant.id) if user.role is Role.OWNER)
    assert [user.username for user, _ in office.users_desk.of(tenant.id)] == [owner.username, username]


@pytest.mark.clause("KALO-13")
def test_an_announcement_reaches_every_user_who_has_joined_once_on_each_channel() -> None:
    office = Office("kalo")
    tenant = office.register()
    office.send_all()
    owner = [(EMAIL, "account"), (MOBILE, "account")]
    username = let_in(office, tenant)
    assert addresses(office, tenant) == owner
    code = code_for(office, tenant, username)
    office.front_desk.finish_recovery(tenant.product, ALI, code[-6:], ALIS_PASSWORD, IP)
    assert addresses(office, tenant) == [*owner, (ALI, "user"), (ALIS_MOBILE, "user")]
    office.clock.time += timedelta(minutes=1)
    start = office.clock.now() + timedelta(hours=13)
    what = {"fa": "کار", "en": "Work"}
    window = office.maintenance_desk.plan("kalo", start, start + timedelta(hours=1), what, "operator:o")
    office.clock.time += timedelta(seconds=5)
    for number in range(16):
        while office.round_runner.step("kalo", f"{window.id}-1-told", number).next_due_at:
            continue
    before, texts = len(office.mailer.sent), len(office.sms.sent)
    office.send_all()
    office.send_all()
    assert sorted(str(mail["to"]) for mail in office.mailer.sent[before:]) == sorted([EMAIL, ALI])
    told = [sms["to"] for sms in office.sms.sent.values()][texts:]
    assert sorted(told) == sorted([MOBILE, ALIS_MOBILE])


def test_who_was_sent_away_comes_in_no_more_is_told_nothing_and_their_contact_is_free() -> None:
    office = Office("kalo")
    tenant = office.register()
    username = joined(office, tenant)
    office.users_desk.remove(tenant.id, username, BY)
    assert office.people.departed(tenant.id, username)
    assert username not in office.sign_in.users
    with pytest.raises(NotSignedIn):
        enter(office, tenant)
    assert addresses(office, tenant) == [(EMAIL, "account"), (MOBILE, "account")]
    assert office.events(tenant)[-1] == "user_removed"
    with pytest.raises(NotFound):
        office.users_desk.remove(tenant.id, username, BY)
    assert let_in(office, tenant) != username


def test_nobody_is_let_in_by_an_address_that_is_somebodys_and_the_owner_stays() -> None:
    office = Office("kalo")
    tenant = office.register()
    joined(office, tenant)
    for mail, mobile, field in ((ALI, "+989350000009", "email"), ("new@x.test", MOBILE, "mobile")):
        with pytest.raises(Conflict) as refused:
            office.users_desk.add(tenant.id, name="A", email=mail, mobile=mobile, language="fa", by=BY)
        assert refused.value.details == {"field": field}
    with pytest.raises(Conflict):
        office.register(email=ALI, mobile="+989350000009")
    owner = office.users_desk.of(tenant.id)[0][0]
    with pytest.raises(Conflict):
        office.users_desk.remove(tenant.id, owner.username, BY)
    with pytest.raises(NotFound):
        office.users_desk.remove(tenant.id, "u_" + "0" * 26, BY)


@pytest.mark.parametrize(
    ("product", "plan", "most"), [("kalo", "starter", 3), ("customer_club", "silver", 2)]
)
def test_a_plan_says_how_many_there_may_be_the_owner_included(product: str, plan: str, most: int) -> None:
    office = Office(product)
    tenant = office.register()
    office.buy(tenant, months(1), plan)
    for number in range(1, most):
        let_in(office, tenant, number)
    with pytest.raises(Conflict) as refused:
        let_in(office, tenant, most)
    assert refused.value.details == {"most": most}


@pytest.mark.clause("SAMAN-3.12")
def test_where_more_users_are_billed_nobody_is_refused_for_the_plans_number() -> None:
    office = Office("saman360")
    tenant = office.register()
    known = office.agreement.plan(office.agreement.first_invoice.plan).limits["users"]  # type: ignore[union-attr]
    for number in range(1, known + 2):
        let_in(office, tenant, number)
    assert len(office.people.users(tenant.id)) == known + 2
    template = office.people.users(tenant.id)[-1]
    for number in range(MOST_USERS):
        extra = replace(template, username=f"u_{number:026d}")
        office.table.users[tenant.id, extra.username] = extra
    with pytest.raises(Conflict):
        let_in(office, tenant, 999)


def test_a_read_only_account_lets_nobody_in_but_sends_away() -> None:
    office = Office("kalo")
    tenant = office.register()
    username = joined(office, tenant)
    closed = office.desk.close(tenant.id, Closing.TERMINATION, BY)
    with pytest.raises(AccessRefused):
        let_in(office, closed, 1)
    office.users_desk.remove(tenant.id, username, BY)


@pytest.mark.clause("SAMAN-4.2.6")
def test_support_refers_a_user_to_the_owner() -> None:
    office = Office("saman360")
    tenant = office.register()
    username = joined(office, tenant)
    with pytest.raises(SupportManagerOnly) as refused:
        office.support.open(tenant.id, Wish("help"), f"user:{username}", Role.USER)
    assert refused.value.details["clause"] == "SAMAN-4.2.6"


@pytest.mark.clause("KALO-27")
@pytest.mark.parametrize("subject", ["closing", "KALO-1405-000001", "My Personal Data"])
def test_what_a_user_writes_closes_nothing_contests_nothing_and_hands_nothing_out(subject: str) -> None:
    office = Office("kalo")
    tenant = office.register()
    joined(office, tenant)
    verdicts = dict.fromkeys(("spf", "dkim", "dmarc", "spam", "virus"), "pass")
    inbox = office.agreement.inbox.address
    sent = Mail("m-1", office.clock.now(), ALI, (inbox,), subject, f"{subject} {tenant.id}", verdicts)
    received = office.mail_room.receive(sent)
    assert received.outcome is Outcome.TICKET
    assert office.events(tenant)[-1] == "ticket_opened"
    assert office.tenant(tenant).phase is tenant.phase


def test_a_purge_leaves_nothing_of_them() -> None:
    office = Office("kalo")
    tenant = office.register()
    username = joined(office, tenant)
    gone = let_in(office, tenant, 1)
    office.users_desk.remove(tenant.id, gone, BY)
    eraser = FakeEraser(office.table)
    for store in (Store.USERS, Store.TENANT):
        while eraser.erase(tenant.id, store):
            continue
        assert eraser.count(tenant.id, store) == 0
    assert (tenant.id, username) not in office.table.user_contacts
    assert office.table.departures == {}
    assert ALI not in repr(office.table.identities)


def test_sent_away_between_the_letter_and_the_password() -> None:
    office = Office("kalo")
    tenant = office.register()
    username = let_in(office, tenant)
    code = code_for(office, tenant, username)[-6:]
    honest = office.sign_in.set_password

    def meanwhile(name: str, password: str) -> None:
        honest(name, password)
        office.users_desk.remove(tenant.id, username, BY)
        office.sign_in.users[username] = (tenant.id, Role.USER)

    office.sign_in.set_password = meanwhile  # type: ignore[method-assign]
    with pytest.raises(InvalidInput):
        office.front_desk.finish_recovery(tenant.product, ALI, code, ALIS_PASSWORD, IP)
    assert username not in office.sign_in.users


def test_the_owner_is_found_whatever_the_others_are_called() -> None:
    office = Office("kalo")
    tenant = office.register()
    first = User(tenant.id, "u_" + "0" * 26, Role.USER, office.clock.now())
    office.table.users[tenant.id, first.username] = first
    office.send_all()
    assert office.mailer.sent[-1]["to"] == EMAIL
