"""What needs consent waits for it, and one step takes it back: from every promotional message."""

from __future__ import annotations

import pytest

from mohlat.agreements import loader
from mohlat.domain.agreement import Agreement, Arises, Channel, Purpose
from mohlat.domain.consents import Consent, needed, promote, stands
from mohlat.domain.errors import AccessRefused, Conflict, Gone, InvalidInput, NotFound
from mohlat.domain.notices import NoticeKind, NoticeStatus
from mohlat.domain.purge import Store
from mohlat.domain.tenant import Closing, Tenant
from tests.application.world import EMAIL, World
from tests.builders import SECOND, START

BY = "operator:nima"
OWNER = "user:owner"
PRODUCTS = ("kalo", "customer_club", "saman360", "kalak", "kallu")


def customer(product: str) -> tuple[World, Tenant]:
    world = World(loader.load(product))
    tenant = world.register()
    world.send_all()
    world.mailer.sent.clear()
    world.sms.sent.clear()
    return world, tenant


def offer(world: World, tenant: Tenant, kind: NoticeKind = NoticeKind.PROMOTION) -> list[NoticeStatus]:
    """What became of a promotional message that was owed and sent."""
    after = world.consent_desk.promote(tenant.id, kind, "A third off", "Order now.", BY)
    return [dispatch.status for dispatch in world.send_entry(tenant.id, after.version)]


def links(world: World) -> list[str]:
    """The one-click addresses of the mails that went out."""
    return [str(message["unsubscribe"]) for message in world.mailer.sent if "unsubscribe" in message]


def press(world: World, link: str) -> None:
    """Somebody uses a link."""
    world.consent_desk.unsubscribe(*link.split("/")[-3:])


@pytest.mark.clause("KALAK-marketing")
def test_registering_consents_to_advertising_and_one_click_in_any_message_ends_it() -> None:
    world, tenant = customer("kalak")
    entries, standing = world.consent_desk.of_tenant(tenant.id)
    assert {entry.how for entry in entries} == {"registering"}
    assert standing[Purpose.MARKETING_EMAIL] is standing[Purpose.MARKETING_SMS] is True
    assert offer(world, tenant) == [NoticeStatus.SENT, NoticeStatus.SENT]
    (link,) = links(world)
    press(world, link)
    # By mail no more, by SMS still: each is its own.
    assert offer(world, tenant) == [NoticeStatus.SENT]
    assert world.consent_desk.of_tenant(tenant.id)[1][Purpose.MARKETING_EMAIL] is False
    world.consent_desk.unsubscribe(*world.links.link(tenant.id, Purpose.MARKETING_SMS).split("/")[-3:])
    with pytest.raises(AccessRefused) as refused:
        offer(world, tenant)
    assert refused.value.details["clause"] == "KALAK-marketing"
    # Messages about the service go out regardless.
    closed = world.desk.close(tenant.id, Closing.ERASURE, OWNER)
    assert {each.status for each in world.send_entry(tenant.id, closed.version)} == {NoticeStatus.SENT}


@pytest.mark.clause("KALAK-marketing", "KALLU-3")
def test_a_consent_taken_back_between_the_order_and_the_sending_holds() -> None:
    world, tenant = customer("kalak")
    after = world.consent_desk.promote(tenant.id, NoticeKind.PROMOTION, "A third off", "x", BY)
    world.consent_desk.say(tenant.id, Purpose.MARKETING_EMAIL, OWNER, "settings", given=False)
    outcome = {each.channel: each for each in world.send_entry(tenant.id, after.version)}
    assert outcome[Channel.EMAIL].status is NoticeStatus.VOID
    assert outcome[Channel.EMAIL].note == "there is no consent to it (any more)"
    assert outcome[Channel.SMS].status is NoticeStatus.SENT
    assert world.mailer.sent == []


@pytest.mark.clause("KALLU-3")
def test_at_kallu_nothing_promotional_goes_out_that_was_not_asked_for() -> None:
    world, tenant = customer("kallu")
    for kind in (NoticeKind.PROMOTION, NoticeKind.NEWSLETTER):
        with pytest.raises(AccessRefused):
            offer(world, tenant, kind)
    world.consent_desk.say(tenant.id, Purpose.NEWSLETTER, OWNER, "settings", given=True)
    assert offer(world, tenant, NoticeKind.NEWSLETTER) == [NoticeStatus.SENT]
    with pytest.raises(AccessRefused):
        offer(world, tenant, NoticeKind.PROMOTION)
    press(world, links(world)[0])
    with pytest.raises(AccessRefused):
        offer(world, tenant, NoticeKind.NEWSLETTER)
    standing = world.consent_desk.of_tenant(tenant.id)[1]
    assert standing == {
        Purpose.NEWSLETTER: False,
        Purpose.MARKETING_EMAIL: False,
        Purpose.THIRD_PARTY_MARKETING: False,
        Purpose.CUSTOMER_LIST: False,
    }


@pytest.mark.clause("KALLU-3")
@pytest.mark.parametrize("product", PRODUCTS)
def test_nobodys_data_goes_to_others_for_their_advertising_without_their_word(product: str) -> None:
    agreement = loader.load(product)
    rule = agreement.consent_rule(Purpose.THIRD_PARTY_MARKETING)
    assert rule is None or rule.arises is Arises.ASKED
    assert not stands(agreement, [], Purpose.THIRD_PARTY_MARKETING)


def test_the_newest_entry_decides_and_none_is_ever_changed() -> None:
    world, tenant = customer("kalo")
    for given in (True, False, True):
        world.clock.time += SECOND
        world.consent_desk.say(tenant.id, Purpose.MARKETING_EMAIL, OWNER, "settings", given=given)
    entries, standing = world.consent_desk.of_tenant(tenant.id)
    assert [entry.given for entry in entries] == [True, False, True]
    assert standing == {Purpose.MARKETING_EMAIL: True}
    assert world.events(tenant)[-3:] == ["consent_given", "consent_withdrawn", "consent_given"]
    with pytest.raises(InvalidInput):
        world.consent_desk.say(tenant.id, Purpose.NEWSLETTER, OWNER, "settings", given=True)


def test_a_link_tells_nothing_and_works_for_its_purpose_only() -> None:
    world, tenant = customer("kalak")
    account, purpose, token = world.links.link(tenant.id, Purpose.MARKETING_EMAIL).split("/")[-3:]
    for wrong in (
        (account, "s", token),
        (account, "z", token),
        (account, purpose, token[:-1] + ("a" if token[-1] != "a" else "b")),
        ("0" * 26, purpose, token),
        (account, purpose, ""),
    ):
        with pytest.raises(NotFound):
            world.consent_desk.unsubscribe(*wrong)
    assert world.consent_desk.of_tenant(tenant.id)[1][Purpose.MARKETING_EMAIL] is True
    # Again, and once the account is gone, it is no error.
    for _ in range(2):
        world.consent_desk.unsubscribe(account, purpose, token)
    assert world.events(tenant).count("consent_withdrawn") == 1
    world.desk.close(tenant.id, Closing.ERASURE, OWNER)
    purged = world.live_until_purge(tenant)
    world.consent_desk.unsubscribe(account, purpose, token)
    for store in Store:
        world.shredder.erase(purged.id, store)
    world.consent_desk.unsubscribe(account, purpose, token)
    assert not world.table.consents
    with pytest.raises(Gone):
        world.consent_desk.of_tenant(tenant.id)


def test_only_promotional_messages_are_promotions() -> None:
    world, tenant = customer("kalak")
    agreement: Agreement = world.agreement
    with pytest.raises(Conflict):
        promote(tenant, agreement, [], NoticeKind.TERM_ENDED, "x", "x", START, by=BY)
    assert needed(NoticeKind.NEWSLETTER, Channel.SMS) is None
    given = Consent("w", tenant.id, Purpose.MARKETING_SMS, True, START, OWNER, "settings", "1")
    assert not stands(loader.load("kallu"), [given], Purpose.MARKETING_SMS)
    assert EMAIL
