"""The cases of the stored events that are about money."""

from __future__ import annotations

import base64
from typing import Any

from mohlat import bootstrap
from mohlat.domain.escrow import EscrowStatus
from mohlat.domain.payments import (
    GatewayState,
    PaymentStatus,
    RefundState,
    RegisteredRefund,
    Verdict,
)
from mohlat.domain.refunds import RefundStatus
from tests.handlers.cases import (
    LOCATION,
    Case,
    Check,
    equals,
    first_registered,
    has,
    header,
    noted,
    ordered,
    ordered_and_paid,
    page,
    payment,
    starter_bought,
)
from tests.handlers.conftest import OWNER, TENANT, World, body, load_event

# --- what holds before ------------------------------------------------------------------------------------


def done(world: World, case: str, status: int | None = 201) -> None:
    """An event took place."""
    answer = world.replay(case)
    assert status is None or answer["statusCode"] == status, answer["body"]


def bought(world: World) -> None:
    ordered_and_paid(world)
    done(world, "pay_callback/paid", 200)


def bought_and_invoiced(world: World) -> None:
    bought(world)
    world.follow()


def sep_is_first(world: World) -> None:
    """No product sells through SEP yet: here it takes the place of the first one that kalo names."""
    first_registered(world)
    world.gateways["zarinpal"] = world.sep


def ordered_at_sep(world: World) -> None:
    sep_is_first(world)
    done(world, "place_order/place_at_sep")


def paid_at_sep(world: World) -> None:
    ordered_at_sep(world)
    world.sep.paid = True
    world.clock.advance(minutes=3)


def over_at_sep(world: World) -> None:
    paid_at_sep(world)
    done(world, "pay_callback/sep_paid", 200)


def failed(world: World) -> None:
    ordered(world)
    done(world, "pay_callback/cancelled", 200)


def failed_and_taken_late(world: World) -> None:
    failed(world)
    world.gateway.paid = True
    world.clock.advance(hours=1)


def never_paid(world: World) -> None:
    ordered(world)
    world.gateway.state = GatewayState.FAILED
    world.clock.advance(hours=2)


def held(world: World) -> None:
    """More was captured than was asked for."""
    ordered(world)
    world.gateway.verdict, world.gateway.captured = Verdict.AMOUNT_MISMATCH, 2_100_000
    world.clock.advance(minutes=3)
    done(world, "pay_callback/paid", None)


def held_with_less(world: World) -> None:
    ordered(world)
    world.gateway.verdict, world.gateway.captured = Verdict.AMOUNT_MISMATCH, 1_000
    world.clock.advance(minutes=3)
    done(world, "pay_callback/paid", None)


def held_by_mistake(world: World) -> None:
    held(world)
    world.gateway.verdict, world.gateway.paid = None, True


def given_back(world: World) -> None:
    bought_and_invoiced(world)
    done(world, "return_money/give_back")


def given_back_and_invoiced(world: World) -> None:
    given_back(world)
    done(world, "dispatch_stream/refund", None)


def asked_for(world: World) -> None:
    given_back(world)
    done(world, "follow_refund/ask", None)
    world.gateway.refunds = [RegisteredRefund(each.amount, RefundState.COMPLETED) for each in world.gateway.refunds]
    world.clock.advance(days=1)


def given_back_at_sep(world: World) -> None:
    over_at_sep(world)
    world.follow()
    done(world, "return_money/give_back")


def given_back_in_silence(world: World) -> None:
    given_back(world)
    world.gateway.silent = True


def handed_over(world: World) -> None:
    given_back_at_sep(world)
    done(world, "follow_refund/no_way_back", None)


def eleven_days_after_buying(world: World) -> None:
    bought(world)
    world.clock.advance(days=11)


def at_saman(world: World) -> None:
    world.register_at("saman360")


def long_at_saman(world: World) -> None:
    at_saman(world)
    world.clock.advance(days=31)


def in_debt(world: World) -> None:
    at_saman(world)
    done(world, "meter_usage/billed")


def agreed(world: World) -> None:
    at_saman(world)
    done(world, "keep_escrow/agree")


def deposited(world: World) -> None:
    agreed(world)
    done(world, "place_order/place_escrow")
    world.gateway.paid = True
    done(world, "pay_callback/paid", 200)


def returned(world: World) -> None:
    deposited(world)
    done(world, "keep_escrow/return")


def explained(world: World) -> None:
    returned(world)
    done(world, "explain_return/reason")


def contested(world: World) -> None:
    bought_and_invoiced(world)
    done(world, "contest_invoice/contest")


def with_profile(world: World) -> None:
    first_registered(world)
    done(world, "manage_profile/put", 200)


def at_kalak(world: World) -> None:
    world.register_at("kalak")


def compensated(world: World) -> None:
    saman_bought(world)
    done(world, "compensate_tenant/compensate")


def saman_bought(world: World) -> None:
    at_saman(world)
    done(world, "manage_profile/put", 200)
    event = load_event("place_order/place")
    event["body"] = '{"plan": "basic", "period": "P3M"}'
    assert world.call("place_order", event)["statusCode"] == 201
    world.gateway.paid = True
    done(world, "pay_callback/paid", 200)
    world.follow()


def throttled(world: World) -> None:
    at_saman(world)
    done(world, "meter_usage/above", 200)


def booked_yesterday(world: World) -> None:
    given_back(world)
    world.clock.advance(days=1)


def contested_a_week_ago(world: World) -> None:
    contested(world)
    world.clock.advance(days=7)


def a_day_after_the_quote(world: World) -> None:
    first_registered(world)
    world.clock.advance(days=1)


def in_the_new_year(world: World) -> None:
    world.clock.advance(days=50)


# --- what must hold after ---------------------------------------------------------------------------------

REFUND = "r_00000000000000000000000005"
ESCROW = "e_00000000000000000000000003"
TICKET = "k_00000000000000000000000005"
PARTNER = "u_00000000000000000000000088"


def only(name: str, **members: object) -> Check:
    """The answer lists one thing, which has these members."""

    def check(_: World, answer: Any) -> bool:
        [listed] = body(answer)[name]
        return {member: listed[member] for member in members} == members

    return check


def refused(field: str, detail: str = "") -> Check:
    """A field is named, and what is wrong with it."""
    return lambda _, answer: body(answer)["field"] == field and detail in body(answer)["detail"]


def kind(name: str, **details: object) -> Check:
    """The problem is of this kind, with these details."""
    return lambda _, answer: (
        body(answer)["type"] == f"/problems/{name}"
        and {detail: body(answer)["details"][detail] for detail in details} == details
    )


def refund(status: RefundStatus, amount: int = 2_090_000) -> Check:
    """Where the refund stands, and that its payment knows of it."""

    def check(_: World, __: Any) -> bool:
        found = bootstrap.books().refund(TENANT, REFUND)
        return (found.status, found.amount) == (status, amount)

    return check


def escrow(status: EscrowStatus) -> Check:
    """Where agreed work stands."""
    return lambda _, __: bootstrap.books().escrow(TENANT, ESCROW).status is status


def term(plan: str | None) -> Check:
    """The plan that the tenant has."""

    def check(_: World, __: Any) -> bool:
        known = bootstrap.tenants().get(TENANT).term
        return (known.plan if known else None) == plan

    return check


def ticket_open(expected: bool) -> Check:
    """Whether a person still has to do something."""
    return lambda _, __: bootstrap.books().ticket(TENANT, TICKET).open is expected


def nothing_ordered(_: World, __: Any) -> bool:
    return not bootstrap.payments().orders(TENANT)


def no_profile(_: World, __: Any) -> bool:
    return bootstrap.profiles().get(TENANT) is None


def going(_: World, answer: Any) -> bool:
    """The page posts the gateway's token to the gateway, and may do nothing else."""
    policy = answer["headers"]["Content-Security-Policy"]
    return (
        'action="https://gateway.example/pay/o_00000000000000000000000003"' in answer["body"]
        and 'name="Token" value="token-1"' in answer["body"]
        and "default-src 'none'" in policy
        and "form-action https://gateway.example;" in policy
    )


def restricted(*kinds: str) -> Check:
    """What narrows the tenant's access."""
    return lambda _, __: [each.kind.value for each in bootstrap.tenants().get(TENANT).restrictions] == [*kinds]


def owes(*amounts: int) -> Check:
    """The unpaid invoices for use above the limits, in rials."""
    return lambda _, __: [debt.amount for debt in bootstrap.tenants().get(TENANT).debts] == [*amounts]


def mail(outcome: str, tickets: int) -> Check:
    """What became of the one mail, and how many tickets there are since."""

    def check(_: World, answer: Any) -> bool:
        [received] = answer
        known = bootstrap.books().tickets(TENANT)
        named = [ticket.id for ticket in known] == [received["ticket_id"]] if tickets else True
        return received["outcome"] == outcome and len(known) == tickets and named

    return check


