"""Whom an announcement reaches, from what is stored at the moment of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mohlat.application.reach_people import recipients_of
from mohlat.domain.agreement import Channel
from mohlat.domain.billing import BillingProfile
from mohlat.domain.errors import Gone
from tests.application.test_lend_support import BY, HELPER_MAIL, Scene
from tests.application.world import EMAIL, MOBILE


def reached(scene: Scene, channels: tuple[Channel, ...] | None = None) -> list[tuple[str, str]]:
    """Address and concern of everybody."""
    world = scene.world
    found = recipients_of(
        scene.customer.id,
        world.clock.now(),
        tenants=world.tenants,
        people=world.people,
        profiles=world.profiles,
        agreements=world.agreements,
        channels=channels,
    )
    return [(each.address, each.concern.value) for each in found]


@pytest.mark.clause("KALO-13")
def test_helpers_are_told_as_long_as_they_are_let_in_and_payers_once_they_are_known() -> None:
    scene = Scene("kalo")
    owner = [(EMAIL, "account"), (MOBILE, "account")]
    assert reached(scene) == owner
    grant = scene.grant()
    scene.grant(email=None, operator="nima")
    helper = [(HELPER_MAIL, "helper"), ("+989121234568", "helper")]
    assert reached(scene) == owner + helper
    scene.world.profiles.put(BillingProfile(scene.customer.id, email="books@customer.test"))
    payer = [("books@customer.test", "billing")]
    assert reached(scene) == owner + payer + helper
    scene.world.clock.time = grant.until - timedelta(seconds=1)
    assert reached(scene) == owner + payer + helper
    scene.world.clock.time = grant.until
    assert reached(scene) == owner + payer


def test_the_agreement_says_by_which_channels_unless_the_announcement_does() -> None:
    scene = Scene("kallu")
    assert reached(scene) == [(EMAIL, "account")]
    assert reached(scene, (Channel.SMS,)) == [(MOBILE, "account")]


def test_a_helper_whose_own_account_went_is_left_out() -> None:
    scene = Scene("kallu")
    scene.grant()
    del scene.world.table.contacts[scene.helper.tenant_id]
    assert reached(scene) == [(EMAIL, "account")]


def test_a_helper_who_was_sent_away_is_left_out() -> None:
    scene = Scene("kallu")
    grant = scene.grant()
    scene.world.support_desk.withdraw(scene.customer.id, grant.id, BY)
    assert reached(scene) == [(EMAIL, "account")]


def test_nobody_is_told_for_an_account_that_is_purged() -> None:
    scene = Scene("kalo")
    scene.world.live_until_purge(scene.customer)
    with pytest.raises(Gone):
        reached(scene)
