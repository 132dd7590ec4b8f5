"""Rounds: everybody who uses a product is met once, whatever fails or is cut off (CLUB-13)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from mohlat.agreements import loader
from mohlat.application.view_tenant import list_timeline
from mohlat.domain.agreement import Channel
from mohlat.domain.billing import BillingProfile
from mohlat.domain.errors import Conflict, InvalidInput, MessagingUnavailable
from mohlat.domain.news import News
from mohlat.domain.rounds import LANES, MOST_LEFT, Lane
from mohlat.domain.tenant import Closing, Tenant
from tests.application.world import World
from tests.builders import SECOND

BY = "operator:nima"
TITLES = {"en": "New reports", "fa": "گزارش‌های تازه"}
TEXTS = {"en": "See the sales of each month.", "fa": "فروش هر ماه را ببینید."}


def customers(number: int, product: str = "customer_club") -> tuple[World, list[Tenant]]:
    """A product and so many customers of it, each with its own contact."""
    world = World(loader.load(product))
    return world, [
        world.register(email=f"c{each}@customer.test", mobile=f"+98912{each:07d}") for each in range(number)
    ]


def post(world: World) -> News:
    """News, five seconds old: the lanes begin."""
    news = world.news_desk.post(world.agreement.product, TITLES, TEXTS, BY)
    world.clock.time += 5 * SECOND
    return news


def go(world: World, round_id: str, until: Callable[[Lane], bool] = lambda lane: False) -> list[Lane]:
    """Every lane is gone through as far as it can be gone now."""
    product = world.agreement.product
    ended = []
    for number in range(LANES):
        while True:
            lane = world.round_runner.step(product, round_id, number)
            if lane.next_due_at is None or lane.next_due_at > world.clock.now() or until(lane):
                break
        ended.append(lane)
    return ended


def announced(world: World, tenants: list[Tenant]) -> list[int]:
    """How often each was told."""
    told = Counter(
        entry.tenant_id for entry in world.table.journal.values() if entry.event.value == "announced"
    )
    return [told[tenant.id] for tenant in tenants]


@pytest.mark.clause("CLUB-13")
def test_news_go_to_everybody_once_on_the_channels_and_stand_in_the_news() -> None:
    world, tenants = customers(40)
    world.send_all()
    news = post(world)
    assert announced(world, tenants) == [0] * 40
    go(world, f"{news.id}-told")
    go(world, f"{news.id}-told")
    assert announced(world, tenants) == [1] * 40
    entry = world.tenants.journal(tenants[0].id)[-1]
    assert (entry.clause, entry.notices[0].channels) == ("CLUB-13", world.agreement.service_channels)
    before = len(world.mailer.sent) + len(world.sms.sent)
    world.send_all()
    assert len(world.mailer.sent) + len(world.sms.sent) - before == 40 * len(world.agreement.service_channels)
    [(round, progress)] = world.news_desk.rounds("customer_club")
    assert (round.about, progress.told, progress.finished_at) == (news.about, 40, world.clock.now())
    assert world.news_desk.latest("customer_club") == [news]
    words = world.announced.find("customer_club", str(entry.notices[0].facts["about"])).words("fa")
    assert words == {"subject": TITLES["fa"], "text": TEXTS["fa"]}


def test_a_lane_begins_when_the_index_has_followed_and_not_a_second_sooner() -> None:
    world, tenants = customers(3)
    news = world.news_desk.post("customer_club", TITLES, TEXTS, BY)
    world.clock.time += 4 * SECOND
    go(world, f"{news.id}-told")
    assert announced(world, tenants) == [0] * 3
    world.clock.time += SECOND
    go(world, f"{news.id}-told")
    assert announced(world, tenants) == [1] * 3


def test_those_who_are_closed_or_gone_are_passed_over() -> None:
    world, tenants = customers(5)
    world.desk.close(tenants[0].id, Closing.TERMINATION, BY)
    news = post(world)
    lanes = go(world, f"{news.id}-told")
    assert announced(world, tenants) == [0, 1, 1, 1, 1]
    assert (sum(lane.told for lane in lanes), sum(lane.passed_over for lane in lanes)) == (4, 1)


def test_one_that_fails_is_tried_again_alone_while_the_others_go_on() -> None:
    world, tenants = customers(30)
    news, bad = post(world), tenants[7]
    healthy = world.tenants.commit

    def commit(transition: Any, *rest: Any) -> Any:
        if transition.after.id == bad.id:
            raise RuntimeError
        return healthy(transition, *rest)

    world.tenants.commit = commit  # type: ignore[method-assign]
    go(world, f"{news.id}-told")
    [(_, progress)] = world.news_desk.rounds("customer_club")
    assert (progress.told, progress.left, progress.trouble) == (29, (bad.id,), "RuntimeError")
    assert progress.finished_at is None
    world.clock.time += timedelta(seconds=59)
    world.tenants.commit = healthy  # type: ignore[method-assign]
    go(world, f"{news.id}-told")
    assert world.events(bad).count("announced") == 0
    world.clock.time += SECOND
    go(world, f"{news.id}-told")
    assert announced(world, tenants) == [1] * 30
    [(_, progress)] = world.news_desk.rounds("customer_club")
    assert (progress.told, progress.left, progress.finished_at) == (30, (), world.clock.now())


def test_one_that_never_works_is_named_in_the_end() -> None:
    world, tenants = customers(2)
    news = post(world)

    def commit(*_: Any) -> Any:
        raise RuntimeError

    world.tenants.commit = commit  # type: ignore[method-assign]
    tries = 0
    while True:
        tries += 1
        lanes = go(world, f"{news.id}-told")
        due = [lane.next_due_at for lane in lanes if lane.next_due_at]
        if not due:
            break
        world.clock.time = min(due)
    assert tries == 7
    [(_, progress)] = world.news_desk.rounds("customer_club")
    assert progress.left == tuple(sorted(tenant.id for tenant in tenants))
    assert progress.finished_at == world.clock.now()


def test_a_lane_in_which_everybody_fails_waits_until_it_works_again() -> None:
    world, tenants = customers(1)
    news = post(world)
    runner, product = world.round_runner, "customer_club"
    lane = world.service.lane(product, f"{news.id}-told", 0)
    for number in range(MOST_LEFT):
        lane = lane.failed_one(f"t-{number:03d}", "RuntimeError")
    assert lane.retrying
    halted = lane.rested(world.clock.now(), more=True)
    assert halted.next_due_at == world.clock.now() + timedelta(minutes=5)
    assert not halted.walked
    # None of them is there any more: one after the other leaves, and the lane goes on where it was.
    world.books.write((halted,))
    world.clock.time += timedelta(minutes=5)
    assert not runner.step(product, f"{news.id}-told", 0).left
    go(world, f"{news.id}-told")
    assert announced(world, tenants) == [1]


def test_the_hundredth_failure_stops_a_lane_where_it_is() -> None:
    world, _ = customers(0)
    tenants = [
        world.register(email=f"c{each}@customer.test", mobile=f"+98912{each:07d}")
        for each in range(2 * LANES)
    ]
    news = post(world)

    def commit(*_: Any) -> Any:
        raise RuntimeError

    world.tenants.commit = commit  # type: ignore[method-assign]
    lane = world.service.lane("customer_club", f"{news.id}-told", 0)
    for number in range(MOST_LEFT - 1):
        lane = lane.failed_one(f"t-{number:03d}", "RuntimeError")
    world.books.write((lane.rested(world.clock.now(), more=True),))
    after = world.round_runner.step("customer_club", f"{news.id}-told", 0)
    mine = [each.id for each in tenants if each.id in after.left]
    assert (len(after.left), len(mine), after.walked) == (MOST_LEFT, 1, False)


def test_who_moves_meanwhile_is_told_all_the_same() -> None:
    world, tenants = customers(1)
    news = post(world)
    world.tenants.before_commit.append(
        lambda: world.desk.place_hold(
            tenants[0].id, reason="an order", origin="court", clause="CLUB-18", by=BY
        )
    )
    go(world, f"{news.id}-told")
    assert world.events(tenants[0])[-2:] == ["hold_placed", "announced"]


def test_news_need_every_language_and_an_agreement_that_knows_them() -> None:
    world, _ = customers(0)
    with pytest.raises(InvalidInput) as refused:
        world.news_desk.post("customer_club", {"en": "x"}, TEXTS, BY)
    assert refused.value.details["field"] == "titles.fa"
    with pytest.raises(InvalidInput) as refused:
        world.news_desk.post("customer_club", TITLES, {"fa": "x"}, BY)
    assert refused.value.details["field"] == "texts.en"
    silent = World()
    with pytest.raises(Conflict):
        silent.news_desk.post(silent.agreement.product, TITLES, TEXTS, BY)


@pytest.mark.no_cover
def test_ten_thousand_are_told_once_each_by_a_sender_that_fails_one_time_in_ten() -> None:
    world, tenants = customers(10_000)
    world.table.owing.clear()
    news = post(world)
    go(world, f"{news.id}-told")
    assert Counter(announced(world, tenants)) == {1: 10_000}
    calls = 0

    def failing(send: Callable[..., Any]) -> Callable[..., Any]:
        def call(**message: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls % 10 == 0:
                raise MessagingUnavailable
            return send(**message)

        return call

    world.mailer.send, world.sms.send = failing(world.mailer.send), failing(world.sms.send)  # type: ignore[method-assign]
    rounds = 0
    while world.table.owing:
        # The queue brings back what was not taken.
        rounds += 1
        for tenant_id, seq in sorted(world.table.owing):
            try:
                world.send_entry(tenant_id, seq)
            except MessagingUnavailable:
                continue
    assert rounds > 2
    mails = Counter(message["to"] for message in world.mailer.sent)
    texts = Counter(message["to"] for message in world.sms.sent.values())
    for sent, channel in ((mails, Channel.EMAIL), (texts, Channel.SMS)):
        owed = channel in world.agreement.service_channels
        assert (len(sent), set(sent.values())) == ((10_000, {1}) if owed else (0, set()))


@pytest.mark.clause("KALO-13")
def test_those_who_act_for_an_account_hear_of_it_too_and_each_once() -> None:
    world, [tenant] = customers(1, "kalo")
    world.profiles.put(BillingProfile(tenant.id, email="pay@agent.test", mobile="+989350000077"))
    world.send_all()
    news = post(world)
    go(world, f"{news.id}-told")
    before = len(world.mailer.sent)
    seq = world.tenant(tenant).version
    for _ in range(2):
        world.send_entry(tenant.id, seq)
    assert sorted(message["to"] for message in world.mailer.sent[before:]) == [
        "c0@customer.test",
        "pay@agent.test",
    ]
    assert "+989350000077" in {message["to"] for message in world.sms.sent.values()}
    [*_, happening] = list_timeline(
        tenant.id, after=0, limit=50, tenants=world.tenants, dispatches=world.dispatches
    )[0]
    assert len(happening.messages) == 4
