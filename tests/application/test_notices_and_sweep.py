"""What is sent, once; what is dispatched, however often; what the sweep finds again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mohlat.application.dispatch_entry import dispatch_entry, dispatch_payment
from mohlat.domain.agreement import Channel
from mohlat.domain.errors import (
    ConcurrentChange,
    MessageRejected,
    MessageUncertain,
    MessagingMisconfigured,
    MessagingUnavailable,
)
from mohlat.domain.notices import Dispatch, NoticeStatus
from mohlat.domain.payments import Callback
from mohlat.domain.tenant import Tenant
from tests.application.world import EMAIL, MOBILE, World
from tests.builders import days
from tests.crashes.effects import Crash
from tests.fakes import START


def ended() -> tuple[World, Tenant]:
    """A tenant whose trial has just ended, which owes a message by mail and by SMS."""
    world = World()
    tenant = world.register()
    world.clock.time = START + days(30)
    tenant = world.catch_up(tenant)
    for seq in (1, 2, 3):
        world.tenants.mark_followed(tenant.id, seq)
    return world, tenant


def send(world: World, tenant: Tenant) -> list[tuple[Channel, NoticeStatus]]:
    """Sends what the newest entry owes."""
    return [(sent.channel, sent.status) for sent in world.send_entry(tenant.id, tenant.version)]


def statuses(world: World, tenant: Tenant) -> dict[Channel, NoticeStatus]:
    """What the record says of the newest message."""
    return {sent.channel: sent.status for sent in world.dispatches.of(tenant.id)}


SENT = [(Channel.EMAIL, NoticeStatus.SENT), (Channel.SMS, NoticeStatus.SENT)]


def test_a_notice_goes_out_once_per_channel_however_often_it_is_asked_for() -> None:
    world, tenant = ended()
    assert send(world, tenant) == SENT
    assert send(world, tenant) == SENT
    assert [mail["to"] for mail in world.mailer.sent] == [EMAIL]
    assert world.mailer.sent[0]["sender"] == "no-reply@trialware.test"
    assert [sms["to"] for sms in world.sms.sent.values()] == [MOBILE]
    assert len(world.sms.calls) == 1
    assert world.table.owing == set()


def test_a_notice_that_was_overtaken_by_a_payment_is_void() -> None:
    world, tenant = ended()
    world.buy(tenant)
    assert send(world, tenant) == [(Channel.EMAIL, NoticeStatus.VOID), (Channel.SMS, NoticeStatus.VOID)]
    assert world.mailer.sent == []


@pytest.mark.parametrize("failure", [MessagingUnavailable, MessagingMisconfigured])
@pytest.mark.parametrize("failing", [Channel.EMAIL, Channel.SMS])
def test_one_channels_failure_does_not_keep_the_other_back(
    failure: type[Exception], failing: Channel
) -> None:
    world, tenant = ended()
    provider = world.mailer if failing is Channel.EMAIL else world.sms
    provider.failure = failure()
    with pytest.raises(failure):
        send(world, tenant)
    expected = dict(SENT) | {failing: NoticeStatus.WAITING}
    assert statuses(world, tenant) == expected
    assert world.table.owing == {(tenant.id, tenant.version)}
    provider.failure = None
    assert send(world, tenant) == SENT
    assert (len(world.mailer.sent), len(world.sms.sent)) == (1, 1)
    assert world.table.owing == set()


def test_a_message_that_the_provider_rejects_is_final() -> None:
    world, tenant = ended()
    world.sms.failure = MessageRejected(code=411)
    assert send(world, tenant) == [SENT[0], (Channel.SMS, NoticeStatus.REJECTED)]
    world.sms.failure = None
    assert send(world, tenant)[1] == (Channel.SMS, NoticeStatus.REJECTED)
    assert world.sms.sent == {}
    assert world.table.owing == set()


def cut_off(world: World, tenant: Tenant, channel: Channel) -> None:
    """A worker dies after the provider took the message and before that was written down."""

    def die(dispatch: Dispatch) -> None:
        if dispatch.channel is channel:
            raise Crash
        finish(dispatch)

    finish, world.dispatches.finish = world.dispatches.finish, die  # type: ignore[method-assign]
    with pytest.raises(Crash):
        send(world, tenant)
    world.dispatches.finish = finish  # type: ignore[method-assign]


def test_mail_that_was_cut_off_while_sending_is_not_repeated() -> None:
    world, tenant = ended()
    cut_off(world, tenant, Channel.EMAIL)
    world.clock.advance(minutes=6)
    assert send(world, tenant) == [(Channel.EMAIL, NoticeStatus.UNCERTAIN), SENT[1]]
    assert len(world.mailer.sent) == 1
    assert world.table.owing == set()


def test_mail_that_another_worker_may_be_sending_is_left_to_it() -> None:
    world, tenant = ended()
    cut_off(world, tenant, Channel.EMAIL)
    world.clock.advance(seconds=59)
    with pytest.raises(ConcurrentChange):
        send(world, tenant)
    # The SMS did not wait for that.
    assert statuses(world, tenant) == {Channel.EMAIL: NoticeStatus.SENDING, Channel.SMS: NoticeStatus.SENT}
    assert world.table.owing == {(tenant.id, tenant.version)}


def test_a_message_that_met_silence_is_uncertain_and_not_repeated() -> None:
    world, tenant = ended()
    world.mailer.failure = MessageUncertain()
    assert send(world, tenant) == [(Channel.EMAIL, NoticeStatus.UNCERTAIN), SENT[1]]
    world.mailer.failure = None
    assert send(world, tenant) == [(Channel.EMAIL, NoticeStatus.UNCERTAIN), SENT[1]]
    assert world.mailer.sent == []
    assert world.table.owing == set()


def test_an_sms_that_was_cut_off_is_not_repeated_either_because_templates_have_no_key() -> None:
    world, tenant = ended()
    cut_off(world, tenant, Channel.SMS)
    world.clock.advance(minutes=6)
    assert send(world, tenant) == [SENT[0], (Channel.SMS, NoticeStatus.UNCERTAIN)]
    assert len(world.sms.sent) == 1


def test_nothing_is_sent_after_a_purge() -> None:
    world = World()
    tenant = world.register()
    purged = world.live_until_purge(tenant)
    world.dispatches.table.notices.clear()
    world.mailer.sent.clear()
    outcomes = world.send_entry(purged.id, purged.version - 1)
    assert {outcome.status for outcome in outcomes} == {NoticeStatus.VOID}
    assert world.mailer.sent == []
    world.table.tenants.clear()
    assert world.send_entry(purged.id, 1) == []


# --- dispatching --------------------------------------------------------------------------------------------


def dispatch(world: World, tenant: Tenant, seq: int) -> None:
    """The stream delivers a journal entry."""
    dispatch_entry(
        world.tenants.entry(tenant.id, seq),
        tenants=world.tenants,
        agreements=world.agreements,
        workflows=world.workflows,
        queue=world.queue,
        invoices=world.invoice_desk,
        clock=world.clock,
    )


def test_an_entry_starts_its_execution_once_and_queues_its_notices() -> None:
    world = World()
    tenant = world.register()
    for _ in range(2):
        dispatch(world, tenant, 1)
    assert list(world.workflows.started) == [("subscription", f"{tenant.id}-g1-v1")]
    assert world.queue.messages == [{"tenant_id": tenant.id, "seq": 1}] * 2
    # Whoever sends the notice removes the mark.
    assert world.table.owing == {(tenant.id, 1)}


def test_an_entry_that_owes_no_notice_is_done_with_its_dispatch() -> None:
    world = World()
    tenant = world.catch_up(_purge_is_due(world))
    dispatch(world, tenant, tenant.version)
    assert ("purge", f"{tenant.id}-v{tenant.version}") in world.workflows.started
    assert (tenant.id, tenant.version) not in world.table.owing
    assert world.queue.messages == []


def _purge_is_due(world: World) -> Tenant:
    tenant = world.register()
    world.clock.time = START + days(53)
    world.catch_up(tenant)
    world.send_all()
    world.clock.time = START + days(60)
    return tenant


def test_an_open_payment_gets_its_watch_and_a_decided_one_none() -> None:
    world = World()
    placed = world.paid_order(world.register())
    for _ in range(2):
        dispatch_payment(placed.payment, workflows=world.workflows, clock=world.clock)
    state = world.workflows.started["payment", placed.payment.id]
    assert state == {"payment_id": placed.payment.id, "wake_at": "2026-01-31T08:02:00Z"}
    granted = world.payment_desk.called_back(Callback(placed.payment.authority or "", claims_paid=True))
    dispatch_payment(granted, workflows=world.workflows, clock=world.clock, suffix="-again")
    assert len(world.workflows.started) == 1


# --- the sweep ----------------------------------------------------------------------------------------------


def test_the_sweep_finds_what_is_overdue_of_every_kind_and_two_in_a_minute_start_it_once() -> None:
    world = World()
    purged = world.catch_up(_purge_is_due(world))
    tenant = world.register(email="a@customer.test", mobile="+989350000001")
    world.order(tenant)
    world.clock.advance(days=40)
    # The registration's code and the purge's workflow; with its start the latter is done.
    for entries in (2, 1):
        assert world.sweep() == {
            "tenant": 1,
            "entry": entries,
            "payment": 1,
            "refund": 0,
            "ticket": 0,
            "request": 0,
            "purge": 1,
            "data_job": 0,
            "backup_plan": 0,
            "leak": 0,
            "lane": 0,
            "window": 0,
            "wind_down": 0,
        }
        world.clock.advance(seconds=10)
    started = sorted(name for _, name in world.workflows.started)
    suffix = "-s20260511T0800"
    assert started == sorted(
        [
            # What an entry owes is started under the entry's own name, so that it is started once for all.
            f"{purged.id}-v{purged.version}",
            f"{tenant.id}-g1-v1",
            f"{purged.id}{suffix}",
            f"{tenant.id}-g1-v{world.tenant(tenant).version}{suffix}",
            f"{next(iter(world.table.payments))}{suffix}",
        ]
    )


def test_the_sweep_leaves_what_is_overdue_for_less_than_its_patience() -> None:
    world = World()
    world.register()
    world.clock.time = START + timedelta(minutes=10)
    assert world.sweep(timedelta(minutes=10, seconds=1))["entry"] == 0
    assert world.sweep(timedelta(minutes=10))["entry"] == 1


def test_the_sweep_passes_over_what_was_purged_since_the_look() -> None:
    world = World()
    world.register()
    world.register(email="a@customer.test", mobile="+989350000001")
    world.table.tenants.pop(min(world.table.tenants))
    world.clock.advance(days=40)
    assert world.sweep()["tenant"] == 2
    assert len({name.split("-")[0] for _, name in world.workflows.started}) == 1


def test_one_that_cannot_be_restarted_does_not_keep_the_later_ones_waiting() -> None:
    world = World()
    first = world.register()
    second = world.register(email="a@customer.test", mobile="+989350000001")
    world.clock.advance(days=40)
    start = world.workflows.start

    def refuse(workflow: str, name: str, payload: dict[str, object]) -> bool:
        if name.startswith(first.id):
            raise RuntimeError("no such machine")
        return start(workflow, name, payload)

    world.workflows.start = refuse  # type: ignore[method-assign, assignment]
    with pytest.raises(RuntimeError):
        world.sweep()
    assert {str(state["tenant_id"]) for state in world.workflows.started.values()} == {second.id}


def test_a_message_that_is_stuck_starts_no_further_execution_hour_after_hour() -> None:
    world = World()
    tenant = world.register()
    dispatch(world, tenant, 1)
    world.clock.advance(days=24)
    world.catch_up(tenant)
    for _ in range(3):
        world.clock.advance(hours=1)
        world.sweep()
    assert list(world.workflows.started) == [("subscription", f"{tenant.id}-g1-v1")]


def test_an_execution_is_started_by_the_newest_generations_entry_only() -> None:
    world = World()
    tenant = world.register()
    paid = world.buy(tenant)
    dispatch(world, tenant, 1)
    assert list(world.workflows.started) == []
    dispatch(world, tenant, paid.version)
    assert list(world.workflows.started) == [("subscription", f"{tenant.id}-g2-v{paid.version}")]
