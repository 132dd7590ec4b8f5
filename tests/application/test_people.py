"""Registering, signing in, getting back in."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest

from mohlat.agreements import loader
from mohlat.domain.agreement import Channel, Phase
from mohlat.domain.errors import Conflict, InvalidInput, NotSignedIn, TooManyAttempts
from mohlat.domain.people import CodePurpose, LegalEntity, Role
from mohlat.domain.purge import Store
from mohlat.domain.tenant import Tenant
from tests.application.world import EMAIL, IP, MOBILE, NAME, PASSWORD, World
from tests.builders import AGREEMENTS, days
from tests.fakes import START

SECOND = timedelta(seconds=1)
NEW_PASSWORD = "otter-9-lantern-quay"
ENTITY = LegalEntity("Karimi Trading", "10101234567")


# --- registering --------------------------------------------------------------------------------------------


@pytest.mark.clause("KALO-2")
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"accepted": frozenset({"privacy"})}, "accept.terms"),
        ({"accepted": frozenset({"terms"})}, "accept.privacy"),
        ({"legal_entity": ENTITY}, "legal_entity.authority_declared"),
        ({"plan": "unheard-of"}, "plan"),
        ({"password": "short"}, "password"),
        ({"password": "Karimi-Sara-1380"}, "password"),
    ],
)
def test_each_refusal_of_an_application_names_its_field(changes: dict[str, object], field: str) -> None:
    world = World()
    with pytest.raises(InvalidInput) as refusal:
        world.register(**changes)
    assert refusal.value.field == field
    assert world.table.tenants == {}
    assert world.sign_in.users == {}


def test_registering_keeps_the_evidence_and_begins_the_trial() -> None:
    world = World()
    tenant = world.register(legal_entity=ENTITY, declares_authority=True)
    (acceptance,) = world.people.acceptances(tenant.id)
    assert (acceptance.version, acceptance.documents, acceptance.digest, acceptance.at) == (
        "1",
        ("terms", "privacy"),
        "0" * 64,
        START,
    )
    assert (acceptance.source_ip, tenant.phase) == (IP, Phase.TRIAL)
    assert world.people.contact(tenant.id).legal_entity == ENTITY
    assert tenant.period_ends_at == START + days(30)


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"mobile": "+989350000000"}, "email"), ({"email": "other@customer.test"}, "mobile")],
)
def test_a_contact_has_one_account_per_product(changes: dict[str, object], field: str) -> None:
    world = World()
    world.register()
    with pytest.raises(Conflict) as refusal:
        world.register(**changes)
    assert refusal.value.details["field"] == field
    assert len(world.table.tenants) == len(world.sign_in.users) == 1


def test_of_two_registrations_at_once_one_wins_and_the_other_leaves_no_user_behind() -> None:
    world = World()
    world.tenants.before_commit = [world.register]
    with pytest.raises(Conflict):
        world.register()
    assert len(world.table.tenants) == len(world.sign_in.users) == 1


def test_who_had_a_trial_before_gets_none_again_even_after_the_purge() -> None:
    world = World()
    tenant = world.register()
    world.live_until_purge(tenant)
    for store in Store:
        world.shredder.erase(tenant.id, store)
    again = world.register(email="new@customer.test")
    assert again.period_ends_at == again.registered_at
    assert world.catch_up(again).phase is Phase.DEACTIVATED
    assert world.tenants.entry(again.id, 1).facts["trial"] == "used before"
    assert world.buy(again).phase is Phase.ACTIVE


def test_no_password_is_kept_anywhere_but_with_the_user_pool() -> None:
    world = World()
    tenant = world.register()
    confirm(world, tenant)
    recover(world, tenant)
    kept = repr((world.table, world.queue.messages, world.workflows.started, world.mailer.sent))
    assert PASSWORD not in kept
    assert NEW_PASSWORD not in kept


# --- signing in ---------------------------------------------------------------------------------------------


def code_sent(world: World, tenant: Tenant, purpose: CodePurpose) -> str:
    """A fresh code, as the sender makes and sends it."""
    username = world.people.users(tenant.id)[0].username
    world.sender.send_code(tenant, world.agreement, username, purpose, world.agreement.registration.confirm)
    return world.mailer.sent[-1]["text"].split()[-1]


def confirm(world: World, tenant: Tenant) -> None:
    """The owner confirms the contact."""
    world.front_desk.confirm(tenant.id, code_sent(world, tenant, CodePurpose.CONFIRM), IP)


def recover(world: World, tenant: Tenant, code: str | None = None) -> None:
    """The owner sets a new password."""
    code = code or code_sent(world, tenant, CodePurpose.RECOVER)
    world.front_desk.finish_recovery(tenant.product, EMAIL, code, NEW_PASSWORD, IP)


def enter(world: World, password: str = PASSWORD, contact: str = EMAIL) -> bool:
    """Signs in; says whether changing the password is recommended."""
    session = world.front_desk.open_session(world.agreement.product, contact, password, IP)
    return not session.change_password


def logged(world: World) -> list[str]:
    """What the security log holds, oldest first."""
    return [line.kind for line in world.table.audit]


def confirmed() -> tuple[World, Tenant]:
    """Somebody who may sign in."""
    world = World()
    tenant = world.register()
    confirm(world, tenant)
    world.table.audit.clear()
    return world, tenant


def test_a_confirmed_contact_signs_in_by_mail_or_mobile() -> None:
    world, _ = confirmed()
    assert enter(world)
    assert enter(world, contact=MOBILE)
    assert logged(world) == ["signed_in", "signed_in"]


def test_every_refusal_reads_the_same_and_the_log_knows_why() -> None:
    world, _ = confirmed()
    refusals = []
    for contact, password in (("nobody@customer.test", PASSWORD), (EMAIL, "wrong-password-1")):
        with pytest.raises(NotSignedIn) as refusal:
            enter(world, password, contact)
        refusals.append((str(refusal.value), dict(refusal.value.details)))
    assert refusals[0] == refusals[1]
    assert logged(world) == ["sign_in_unknown_contact", "sign_in_failed"]


@pytest.mark.clause("SAMAN-3.2")
def test_an_unconfirmed_contact_does_not_open_the_door() -> None:
    world = World()
    world.register()
    with pytest.raises(NotSignedIn):
        enter(world)
    assert logged(world) == ["sign_in_unconfirmed"]


@pytest.mark.clause("KALO-4")
def test_changing_a_password_is_recommended_from_the_hundred_and_eightieth_day_on() -> None:
    world, _ = confirmed()
    world.clock.time = START + days(180) - SECOND
    assert enter(world)
    world.clock.time = START + days(180)
    assert not enter(world)


def test_a_new_password_is_young_again() -> None:
    world, tenant = confirmed()
    world.clock.time = START + days(200)
    recover(world, tenant)
    assert enter(world, NEW_PASSWORD)


@pytest.mark.clause("KALO-5")
def test_a_lost_password_comes_back_through_a_registered_contact_only() -> None:
    world, tenant = confirmed()
    world.front_desk.start_recovery(tenant.product, "stranger@customer.test", IP)
    assert world.queue.messages == []
    assert logged(world) == ["recovery_refused_unknown_contact"]
    with pytest.raises(InvalidInput):
        world.front_desk.finish_recovery(tenant.product, "stranger@customer.test", "000000", NEW_PASSWORD, IP)
    for contact, channel in ((EMAIL, "email"), (MOBILE, "sms")):
        world.front_desk.start_recovery(tenant.product, contact, IP)
        assert world.queue.messages[-1]["channel"] == channel
    code = code_sent(world, tenant, CodePurpose.RECOVER)
    assert world.mailer.sent[-1]["to"] == EMAIL
    recover(world, tenant, code)
    with pytest.raises(NotSignedIn):
        enter(world)
    assert enter(world, NEW_PASSWORD)


def test_recovery_ends_every_open_session() -> None:
    world, tenant = confirmed()
    session = world.front_desk.open_session(tenant.product, EMAIL, PASSWORD, IP)
    assert session.tokens.refresh_token
    assert world.front_desk.refresh_session(session.tokens.refresh_token)
    recover(world, tenant)
    with pytest.raises(NotSignedIn):
        world.front_desk.refresh_session(session.tokens.refresh_token)


def test_five_wrong_codes_are_the_last_even_if_the_sixth_is_right() -> None:
    world, tenant = confirmed()
    code = code_sent(world, tenant, CodePurpose.RECOVER)
    for _ in range(5):
        with pytest.raises(InvalidInput):
            recover(world, tenant, "999999")
    with pytest.raises(TooManyAttempts):
        recover(world, tenant, code)
    assert logged(world) == ["recovery_wrong_code"] * 6
    assert enter(world)


@pytest.mark.parametrize("purpose", [CodePurpose.CONFIRM, CodePurpose.RECOVER])
def test_a_code_lives_fifteen_minutes_to_the_second(purpose: CodePurpose) -> None:
    def use(world: World, tenant: Tenant, code: str) -> None:
        if purpose is CodePurpose.CONFIRM:
            world.front_desk.confirm(tenant.id, code, IP)
        else:
            recover(world, tenant, code)

    world = World()
    tenant = world.register()
    code = code_sent(world, tenant, purpose)
    world.clock.time = START + timedelta(minutes=15)
    with pytest.raises(InvalidInput):
        use(world, tenant, code)
    world.clock.time -= SECOND
    use(world, tenant, code)


def test_a_code_works_once() -> None:
    world, tenant = confirmed()
    code = code_sent(world, tenant, CodePurpose.RECOVER)
    recover(world, tenant, code)
    with pytest.raises(InvalidInput):
        recover(world, tenant, code)


def test_a_newer_code_takes_the_older_ones_place() -> None:
    world, tenant = confirmed()
    old = code_sent(world, tenant, CodePurpose.RECOVER)
    new = code_sent(world, tenant, CodePurpose.RECOVER)
    with pytest.raises(InvalidInput):
        recover(world, tenant, old)
    recover(world, tenant, new)


def test_a_wrong_confirmation_is_refused_and_logged() -> None:
    world = World()
    tenant = world.register()
    code_sent(world, tenant, CodePurpose.CONFIRM)
    with pytest.raises(InvalidInput):
        world.front_desk.confirm(tenant.id, "999999", IP)
    assert logged(world) == ["confirmation_wrong_code"]


def test_what_is_said_of_a_password_tells_nobody_whose_contact_it_is() -> None:
    world, tenant = confirmed()
    answers = []
    for contact in (EMAIL, "stranger@customer.test"):
        for password in ("short", f"{MOBILE[-8:]}-harbour", NEW_PASSWORD):
            with pytest.raises(InvalidInput) as refusal:
                world.front_desk.finish_recovery(tenant.product, contact, "999999", password, IP)
            answers.append((refusal.value.field, str(refusal.value).split(":", maxsplit=1)[0]))
    assert answers[:3] == answers[3:]


def test_a_fresh_confirmation_is_queued_only_while_there_is_something_to_confirm() -> None:
    world = World()
    tenant = world.register()
    world.front_desk.send_confirmation_again(tenant.id)
    assert [message["code"] for message in world.queue.messages] == ["confirm"]
    confirm(world, tenant)
    world.front_desk.send_confirmation_again(tenant.id)
    assert len(world.queue.messages) == 1
    with pytest.raises(InvalidInput):
        world.front_desk.send_confirmation_again("t_0")


@pytest.mark.clause("CLUB-14")
def test_a_confirmation_goes_to_the_contact_that_the_agreement_wants_proven() -> None:
    world = World(loader.load("customer_club"))
    tenant = world.register()
    world.front_desk.send_confirmation_again(tenant.id)
    (message,) = world.queue.messages
    username, channel = str(message["username"]), Channel(message["channel"])
    world.sender.send_code(tenant, world.agreement, username, CodePurpose.CONFIRM, channel)
    assert world.mailer.sent == []
    assert [sms["to"] for sms in world.sms.sent.values()] == [MOBILE]


def test_the_vendors_own_people_are_logged_too() -> None:
    world = World()
    world.sign_in.create("operator", "", Role.OPERATOR)
    world.sign_in.set_password("operator", PASSWORD)
    assert world.front_desk.open_operator_session("operator", PASSWORD, IP)
    with pytest.raises(NotSignedIn):
        world.front_desk.open_operator_session("operator", "wrong-password-1", IP)
    assert [(line.subject, line.kind) for line in world.table.audit] == [
        ("operators", "signed_in"),
        ("operators", "sign_in_failed"),
    ]


@pytest.mark.clause("KALO-6")
def test_the_security_log_holds_no_personal_data() -> None:
    world, tenant = confirmed()
    for password in (PASSWORD, "wrong-password-1"):
        with suppress(NotSignedIn):
            enter(world, password)
    world.front_desk.start_recovery(tenant.product, EMAIL, IP)
    world.front_desk.start_recovery(tenant.product, "stranger@customer.test", IP)
    recover(world, tenant)
    kept = repr([(line.subject, line.kind, line.details) for line in world.table.audit])
    for personal in (EMAIL, MOBILE, NAME, "stranger", PASSWORD, NEW_PASSWORD, "wrong-password-1"):
        assert personal not in kept


def test_an_account_without_trial_marks_no_trial() -> None:
    world = World(AGREEMENTS["account"])
    world.register()
    assert world.table.trials == {}


def test_a_new_contact_beside_one_that_had_its_trial_is_remembered_with_it() -> None:
    world = World()
    world.live_until_purge(world.register())
    world.table.identities.clear()
    world.register(email="new@customer.test")
    world.table.identities.clear()
    third = world.register(email="new@customer.test", mobile="+989351112233")
    assert world.tenants.entry(third.id, 1).facts["trial"] == "used before"


def test_codes_are_not_sent_more_often_than_once_a_minute() -> None:
    world = World()
    tenant = world.register()
    code_sent(world, tenant, CodePurpose.CONFIRM)
    world.clock.advance(seconds=59)
    with pytest.raises(TooManyAttempts):
        world.front_desk.send_confirmation_again(tenant.id)
    world.clock.advance(seconds=1)
    world.front_desk.send_confirmation_again(tenant.id)
    assert len(world.queue.messages) == 1
    confirm(world, tenant)
    code_sent(world, tenant, CodePurpose.RECOVER)
    world.front_desk.start_recovery(tenant.product, EMAIL, IP)
    assert len(world.queue.messages) == 1
    assert logged(world)[-1] == "recovery_asked_too_often"
    world.clock.advance(minutes=1)
    world.front_desk.start_recovery(tenant.product, EMAIL, IP)
    assert len(world.queue.messages) == 2
