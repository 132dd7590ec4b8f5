"""What the cases of stored events are made of: what holds before an event, and what must hold after it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mohlat import bootstrap
from mohlat.application.transitions import catch_up
from mohlat.domain.agreement import Phase
from mohlat.domain.payments import PaymentStatus
from mohlat.domain.people import CodePurpose
from mohlat.domain.purge import Store
from tests.handlers.conftest import TENANT, World, body, load_event

Check = Callable[[World, Any], object]


def nothing(world: World) -> None: ...


def registered(world: World) -> None:
    world.register()


def first_registered(world: World) -> None:
    assert world.replay("register_tenant/kalo")["statusCode"] == 201


def registered_yesterday(world: World) -> None:
    first_registered(world)
    world.clock.advance(days=1)


def confirming(world: World) -> None:
    first_registered(world)
    world.code(CodePurpose.CONFIRM)


def recovering(world: World) -> None:
    first_registered(world)
    world.code(CodePurpose.RECOVER)


def ordered(world: World) -> None:
    first_registered(world)
    assert world.replay("place_order/place")["statusCode"] == 201


def ordered_and_paid(world: World) -> None:
    ordered(world)
    world.gateway.paid = True
    world.clock.advance(minutes=3)


def ordered_and_silent(world: World) -> None:
    ordered(world)
    world.gateway.silent = True
    world.clock.advance(minutes=3)


def ordered_at_zibal(world: World) -> None:
    first_registered(world)
    assert world.replay("place_order/place_at_zibal")["statusCode"] == 201


def ordered_and_paid_at_zibal(world: World) -> None:
    ordered_at_zibal(world)
    world.zibal.paid = True
    world.clock.advance(minutes=3)


def recorded(world: World) -> None:
    first_registered(world)
    assert world.replay("keep_records/put")["statusCode"] == 201


def blocked(world: World) -> None:
    first_registered(world)
    assert world.replay("restrict_tenant/block")["statusCode"] == 201


def held(world: World) -> None:
    first_registered(world)
    assert world.replay("hold_tenant/place")["statusCode"] == 201


def a_week_before_the_end(world: World) -> None:
    first_registered(world)
    world.clock.advance(days=23)


def lapsed_unseen(world: World) -> None:
    first_registered(world)
    world.clock.advance(days=31)


def lapsed_seen(world: World) -> None:
    lapsed_unseen(world)
    sleeper = bootstrap.tenants().get(TENANT)
    agreement = bootstrap.agreements().load(sleeper.product)
    catch_up(bootstrap.tenants(), bootstrap.dispatches(), agreement, sleeper, world.clock.now(), by="sweep")


def purged(world: World) -> None:
    recorded(world)
    world.live_to_the_purge()
    assert bootstrap.tenants().get(TENANT).phase is Phase.PURGED


def emptied(world: World) -> None:
    purged(world)
    for store in Store:
        world.call("erase_tenant", {"tenant_id": TENANT, "stores": [store.value]})


def on_its_way(world: World) -> None:
    first_registered(world)
    world.replay("set_test_clock/advance")


@dataclass(frozen=True)
class Case:
    """What holds before an event, and what must hold after it."""

    status: int | None
    given: Callable[[World], None] = nothing
    then: list[Check] = field(default_factory=list)
    raises: type[Exception] | None = None


def has(**members: object) -> Check:
    """The answer's body has these members."""
    return lambda _, answer: {name: body(answer)[name] for name in members} == members


def header(name: str, value: str) -> Check:
    """The answer has this header."""
    return lambda _, answer: answer["headers"].get(name) == value


def page(*words: str) -> Check:
    """The answer is a page with these words, and may load nothing."""
    return lambda _, answer: (
        answer["headers"]["Content-Type"].startswith("text/html")
        and "default-src 'none'" in answer["headers"]["Content-Security-Policy"]
        and all(text in answer["body"] for text in (*words, 'dir="rtl"'))
        and "http" not in answer["body"]
    )


def equals(expected: object) -> Check:
    """What the function gave back."""
    return lambda _, answer: answer == expected


def payment(status: PaymentStatus) -> Check:
    """Where the order's payment stands."""
    return lambda world, _: (
        bootstrap.payments().get(load_event("settle_payment/paid")["payment_id"]).status is status
    )


def phase(expected: Phase) -> Check:
    """Where the tenant stands."""
    return lambda world, _: bootstrap.tenants().get(TENANT).phase is expected


def noted(subject: str, kind: str) -> Check:
    """The security log has such a line."""
    return lambda world, _: any(line.kind == kind for line in bootstrap.security_log().lines(subject))


def starter_bought(world: World, answer: Any) -> bool:
    term = bootstrap.tenants().get(TENANT).term
    return term is not None and term.plan == "starter"


def alarm_raised(world: World, answer: Any) -> bool:
    from moto.sns import sns_backends

    topic = next(iter(sns_backends["123456789012"]["eu-central-1"].topics.values()))
    told = json.loads(topic.sent_notifications[-1][1])
    return bool(told["execution"] == f"{TENANT}-g1-v1" and told["cause"].startswith("PurgeRefused: "))


AT = "2026-01-31T08:00:00Z"
LOCATION = "/v1/tenants/" + TENANT
