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
from tests.handlers.conftest import TENANT, World, body, load_event

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
    done(world, "pay_callback/paid", 200)


def held_with_less(world: World) -> None:
    ordered(world)
    world.gateway.verdict, world.gateway.captured = Verdict.AMOUNT_MISMATCH, 1_000
    world.clock.advance(minutes=3)
    done(world, "pay_callback/paid", 200)


def held_by_mistake(world: World) -> None:
    """The gateway did not know the payment, and does since."""
    ordered(world)
    world.gateway.verdict = Verdict.UNKNOWN_AUTHORITY
    done(world, "pay_callback/paid", 200)
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
    world.gateway.refunds = [
        RegisteredRefund(each.amount, RefundState.COMPLETED) for each in world.gateway.refunds
    ]
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


def follows(*, decided: bool, wake_at: str) -> Check:
    """What the refund's machine is told."""
    return equals({"tenant_id": TENANT, "refund_id": REFUND, "decided": decided, "wake_at": wake_at})


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
    return lambda _, __: (
        [each.kind.value for each in bootstrap.tenants().get(TENANT).restrictions] == [*kinds]
    )


def owes(*amounts: int) -> Check:
    """The unpaid invoices for use above the limits, in rials."""
    return lambda _, __: [debt.amount for debt in bootstrap.tenants().get(TENANT).debts] == [*amounts]


def mail(outcome: str, tickets: int) -> Check:
    """What became of the one mail, and how many tickets there are since."""

    def check(_: World, answer: Any) -> bool:
        [received] = answer
        known = bootstrap.books().tickets(TENANT)
        named = [ticket.id for ticket in known] == [received["id"]] if tickets else True
        return received["outcome"] == outcome and len(known) == tickets and named

    return check


CASES: dict[str, Case] = {
    # --- what something costs, and ordering it
    "place_order/quote": Case(
        200,
        first_registered,
        [
            has(
                list_price_rials=1_900_000,
                discount_rials=0,
                vat_percent=10,
                vat_rials=190_000,
                amount_rials=2_090_000,
                amount_display="۲۰۹٬۰۰۰ تومان",
                clause="KALO-33",
                valid_until="2026-02-01T08:00:00Z",
            ),
            # What an order brings back is what was told here.
            lambda _, answer: body(answer)["quote"] in load_event("place_order/place_quoted")["body"],
            nothing_ordered,
        ],
    ),
    "place_order/quote_upgrade": Case(
        200,
        bought,
        [has(kind="upgrade", plan="team", period=None, amount_rials=4_400_000, vat_rials=400_000)],
    ),
    "place_order/quote_extra": Case(
        200, first_registered, [has(subject="training", plan=None, amount_rials=2_750_000, clause="KALO-11")]
    ),
    "place_order/quote_debt": Case(200, in_debt, [has(amount_rials=440_000, vat_rials=40_000)]),
    "place_order/quote_escrow": Case(
        200, agreed, [has(subject=ESCROW, amount_rials=80_000_000, vat_percent=0, clause="SAMAN-5.8")]
    ),
    "place_order/quote_with_what_does_not_belong": Case(
        422, first_registered, [refused("period", "«دوره» (period) به این گونه سفارش مربوط نیست.")]
    ),
    "place_order/quote_of_unknown_debt": Case(422, at_saman, [kind("invalid-input", known=[])]),
    "place_order/place_quoted": Case(
        201,
        first_registered,
        [
            has(amount_rials=2_090_000, vat_rials=190_000, start_now=True, kind="term"),
            header("Location", f"{LOCATION}/orders/o_00000000000000000000000003"),
            payment(PaymentStatus.PENDING),
        ],
    ),
    "place_order/place_with_ended_quote": Case(
        403, a_day_after_the_quote, [kind("too-late", ended_at="2026-02-01T08:00:00Z"), nothing_ordered]
    ),
    "place_order/place_with_made_up_quote": Case(
        409, first_registered, [has(type="/problems/conflict"), nothing_ordered]
    ),
    "place_order/place_with_no_quote_of_ours": Case(
        422, first_registered, [refused("quote", "پیش‌فاکتور درستی نیست"), nothing_ordered]
    ),
    "place_order/place_upgrade": Case(201, bought, [has(plan="team", period=None, amount_rials=4_400_000)]),
    "place_order/place_extra": Case(
        201, first_registered, [has(plan=None, subject="training", amount_rials=2_750_000)]
    ),
    "place_order/place_debt": Case(
        201, in_debt, [has(kind="debt", amount_rials=440_000, vat_rials=40_000), owes(440_000)]
    ),
    "place_order/place_escrow": Case(
        201,
        agreed,
        [has(kind="escrow", subject=ESCROW, amount_rials=80_000_000), escrow(EscrowStatus.AGREED)],
    ),
    "place_order/place_at_sep": Case(
        201,
        sep_is_first,
        [
            # Its page has to be posted to: ours does that.
            has(pay_url="https://api.example/v1/payments/sep/pages/p_00000000000000000000000004"),
            lambda world, _: (
                world.sep.opened[0]["callback_url"] == "https://api.example/v1/payments/sep/callback"
            ),
        ],
    ),
    "place_order/place_without_profile": Case(
        409,
        at_kalak,
        [
            has(type="/problems/profile-incomplete", clause="KALAK-collect"),
            kind("profile-incomplete", missing=["name", "surname", "mobile", "email", "address", "sheba"]),
            nothing_ordered,
        ],
    ),
    # --- coming back
    "pay_callback/sep_paid": Case(
        200,
        paid_at_sep,
        [page("پرداخت انجام شد", "Paid"), payment(PaymentStatus.GRANTED), starter_bought],
    ),
    "pay_callback/sep_cancelled": Case(
        200, ordered_at_sep, [has(status="cancelled"), payment(PaymentStatus.CANCELLED), term(None)]
    ),
    "pay_callback/sep_forged": Case(202, ordered_at_sep, [payment(PaymentStatus.PENDING), term(None)]),
    "pay_callback/sep_not_a_form": Case(
        415, ordered_at_sep, [has(type="/problems/unsupported-media-type"), payment(PaymentStatus.PENDING)]
    ),
    "pay_callback/sep_going": Case(200, ordered_at_sep, [going, payment(PaymentStatus.PENDING)]),
    "pay_callback/going_when_it_is_over": Case(200, over_at_sep, [page("پرداخت انجام شد", "Paid")]),
    "pay_callback/going_to_the_other_gateway": Case(404, ordered_at_sep, [has(type="/problems/not-found")]),
    # --- money goes back
    "return_money/withdraw": Case(
        201,
        saman_bought,
        [
            has(phase="closed", access="none", closing="withdrawal", purge_at="2026-02-07T08:00:00Z"),
            only("refunds", amount_rials=9_091_500, vat_rials=826_500, clause="SAMAN-2.6", status="reserved"),
        ],
    ),
    "return_money/withdraw_with_data_inside": Case(
        422, saman_bought, [refused("data_taken", "نخست داده‌هایتان را بردارید"), term("basic")]
    ),
    "return_money/withdraw_too_late": Case(
        403, long_at_saman, [kind("refund-refused", case="otherwise", ended_at="2026-03-02T20:30:00Z")]
    ),
    "return_money/give_back": Case(
        201,
        bought,
        [
            has(refund_id=REFUND, reason="purchase_returned", amount_rials=2_090_000, vat_rials=190_000),
            refund(RefundStatus.RESERVED),
            term(None),
        ],
    ),
    "return_money/give_back_too_late": Case(
        403,
        eleven_days_after_buying,
        [kind("refund-refused", case="otherwise", ended_at="2026-02-10T20:30:00Z"), term("starter")],
    ),
    "return_money/owner_names_a_sum": Case(422, bought, [refused("amount_rials"), term("starter")]),
    "return_money/by_operator": Case(
        201,
        bought,
        [
            has(reason="goodwill", clause="KALO-7", amount_rials=100_000, vat_rials=9_090),
            refund(RefundStatus.RESERVED, 100_000),
            term("starter"),
        ],
    ),
    "return_money/by_operator_without_sum": Case(
        422, bought, [refused("amount_rials", "«مبلغ به ریال» (amount_rials) باید فرستاده شود.")]
    ),
    "return_money/more_than_was_paid": Case(409, bought, [kind("conflict", returnable=2_090_000)]),
    "return_money/list": Case(200, given_back, [only("refunds", refund_id=REFUND, amount_rials=2_090_000)]),
    "follow_refund/ask": Case(
        None,
        given_back,
        [
            follows(decided=False, wake_at="2026-01-31T14:03:00Z"),
            lambda world, _: [each.amount for each in world.gateway.refunds] == [2_090_000],
            refund(RefundStatus.PENDING),
        ],
    ),
    "follow_refund/carried_out": Case(
        None,
        asked_for,
        [
            follows(decided=True, wake_at="2026-02-01T08:03:00Z"),
            refund(RefundStatus.SETTLED),
        ],
    ),
    "follow_refund/no_way_back": Case(
        None,
        given_back_at_sep,
        [
            follows(decided=True, wake_at="2026-01-31T08:03:00Z"),
            refund(RefundStatus.PAYOUT),
            lambda _, __: [each.subject for each in bootstrap.books().tickets(TENANT)] == [REFUND],
        ],
    ),
    "follow_refund/gateway_silent": Case(
        None,
        given_back_in_silence,
        [
            follows(decided=False, wake_at="2026-01-31T08:18:00Z"),
            refund(RefundStatus.RESERVED),
        ],
    ),
    # --- payments that did not go well
    "report_payment/view": Case(200, ordered, [has(status="pending", reported_at=None, ticket_id=None)]),
    "report_payment/view_somebody_elses": Case(404, ordered, [has(type="/problems/not-found")]),
    "report_payment/report": Case(
        201,
        failed,
        [
            has(status="cancelled", reported_at="2026-01-31T08:00:00Z", ticket_id=None),
            # Until it is cleared up, nothing of the tenant is purged.
            lambda _, __: (
                bootstrap.tenants().get(TENANT).open_matters == {"payment:p_00000000000000000000000004"}
            ),
        ],
    ),
    "report_payment/report_what_was_paid": Case(409, bought, [kind("conflict", status="granted")]),
    "decide_payment/view": Case(
        200,
        held,
        [has(status="held", captured_rials=2_100_000, amount_rials=2_090_000, ticket_id=TICKET, refunds={})],
    ),
    "decide_payment/grant": Case(
        201,
        held,
        [
            # What was paid too much goes back.
            has(status="granted", refunds={"r_00000000000000000000000006": 10_000}),
            starter_bought,
            ticket_open(False),
        ],
    ),
    "decide_payment/return": Case(
        201,
        held_with_less,
        [
            has(status="returned", captured_rials=1_000, refunds={"r_00000000000000000000000006": 1_000}),
            term(None),
            ticket_open(False),
        ],
    ),
    "decide_payment/ask_again": Case(201, held_by_mistake, [has(status="granted"), starter_bought]),
    "decide_payment/not_held": Case(409, ordered, [kind("conflict", status="pending"), term(None)]),
    "decide_payment/perhaps": Case(
        422,
        held,
        [kind("invalid-input", allowed=["grant", "return", "ask_again"]), payment(PaymentStatus.HELD)],
    ),
    "settle_payment/late": Case(
        None,
        failed_and_taken_late,
        [lambda _, answer: answer["decided"], payment(PaymentStatus.GRANTED), starter_bought],
    ),
    "settle_payment/never_paid": Case(
        None,
        never_paid,
        [
            # Over, and looked at a few times more: banks take money late.
            lambda _, answer: (answer["decided"], answer["wake_at"]) == (False, "2026-01-31T11:00:00Z"),
            payment(PaymentStatus.CANCELLED),
        ],
    ),
    # --- documents and the ledger
    "view_invoices/list": Case(
        200,
        given_back_and_invoiced,
        [
            lambda _, answer: (
                [(each["kind"], each["number"], each["total_rials"]) for each in body(answer)["invoices"]]
                == [("credit_note", "KALO-1404-000002", 2_090_000), ("sale", "KALO-1404-000001", 2_090_000)]
            )
        ],
    ),
    "view_invoices/one": Case(
        200,
        bought_and_invoiced,
        [
            has(number="KALO-1404-000001", net_rials=1_900_000, vat_rials=190_000, total_rials=2_090_000),
            has(total_display="۲۰۹٬۰۰۰ تومان", reference="201", official=None, corrects=None),
            only("lines", item="term", subject="starter", period="P1M", quantity=1, vat_percent=10),
        ],
    ),
    "view_invoices/credit_note": Case(
        200,
        given_back_and_invoiced,
        [has(kind="credit_note", corrects="i_00000000000000000000000004", source=REFUND)],
    ),
    "view_invoices/page": Case(200, bought_and_invoiced, [page("KALO-1404-000001", "۲٬۰۹۰٬۰۰۰")]),
    "view_invoices/taxpayer": Case(
        200,
        bought_and_invoiced,
        [
            lambda _, answer: body(answer)["header"]["taxid"] == "A1KALO0500400000000017",
            lambda _, answer: body(answer)["header"]["tbill"] == 2_090_000,
            lambda _, answer: [line["vam"] for line in body(answer)["body"]] == [190_000],
        ],
    ),
    "view_invoices/unknown_form": Case(
        422,
        bought_and_invoiced,
        [kind("invalid-input", allowed=["json", "page", "taxpayer"]), refused("form")],
    ),
    "view_invoices/unknown": Case(404, bought_and_invoiced, [has(type="/problems/not-found")]),
    "view_invoices/ledger": Case(
        200,
        given_back,
        [
            lambda _, answer: (
                {name: amount for name, amount in body(answer)["balances"].items() if amount}
                == {"captured": 2_090_000, "returning": 2_090_000}
            ),
            lambda _, answer: [sum(each["lines"].values()) for each in body(answer)["postings"]] == [0, 0],
        ],
    ),
    "render_invoice/invoice": Case(
        200,
        bought_and_invoiced,
        [
            header("Content-Type", "application/pdf"),
            header("Content-Disposition", 'inline; filename="KALO-1404-000001.pdf"'),
            lambda _, answer: answer["isBase64Encoded"],
            lambda _, answer: base64.b64decode(answer["body"]).startswith(b"%PDF-"),
        ],
    ),
    "render_invoice/unknown": Case(404, bought_and_invoiced, [has(type="/problems/not-found")]),
    "render_invoice/somebody_elses": Case(404, bought_and_invoiced, [has(type="/problems/not-found")]),
    "contest_invoice/contest": Case(
        201,
        bought_and_invoiced,
        [
            has(ticket_id=TICKET, kind="invoice_dispute", state="open"),
            header("Location", f"{LOCATION}/tickets/{TICKET}"),
            lambda _, __: bootstrap.tenants().get(TENANT).open_matters == {f"dispute:{TICKET}"},
        ],
    ),
    "contest_invoice/nothing_said": Case(
        422, bought_and_invoiced, [refused("text"), lambda _, __: not bootstrap.books().tickets(TENANT)]
    ),
    "contest_invoice/official": Case(
        201,
        saman_bought,
        [
            has(status="issued", legal_id="14007650912", tax_id="A1SAMN0500400000000016"),
            has(due_at="2026-02-07T08:00:00Z", issued_at="2026-01-31T08:00:00Z"),
        ],
    ),
    "contest_invoice/unknown_invoice": Case(404, bought_and_invoiced, [has(type="/problems/not-found")]),
    "check_ledger/nightly": Case(
        None,
        booked_yesterday,
        [equals({"day": "2026-01-31", "tenants": 1, "checked": 1, "faults": 0, "next_after": None})],
    ),
    "check_ledger/of_a_day": Case(
        None,
        bought,
        # Nobody comes after the only tenant.
        [equals({"day": "2026-01-31", "tenants": 0, "checked": 0, "faults": 0, "next_after": None})],
    ),
    "read_catalog/plans_with_promotion": Case(
        200,
        in_the_new_year,
        [
            only("promotions", promotion="nowruz_1405", percent=15, periods=["P12M"], clause="SAMAN-5.1"),
            lambda _, answer: (
                body(answer)["plans"][0]["offers"][0].items()
                >= {"amount_rials": 3_900_000, "vat_percent": 10, "total_rials": 4_290_000}.items()
            ),
            lambda _, answer: (
                body(answer)["extras"][0].items()
                >= {"extra": "training", "amount_rials": 4_000_000, "total_rials": 4_400_000}.items()
            ),
        ],
    ),
    # --- what waits for a person
    "handle_tickets/open": Case(
        200, contested, [only("tickets", ticket_id=TICKET, tenant_id=TENANT), has(next_cursor=None)]
    ),
    "handle_tickets/open_without_product": Case(422, contested, [refused("product", "is missing")]),
    "handle_tickets/list": Case(
        200,
        contested,
        [
            only("tickets", ticket_id=TICKET, state="open", title="Objection to an invoice"),
            lambda _, answer: "due_at" not in body(answer)["tickets"][0],
        ],
    ),
    "handle_tickets/list_for_operator": Case(
        200, contested, [only("tickets", due_at="2026-02-07T08:03:00Z", clause="KALO-24")]
    ),
    "handle_tickets/one": Case(
        200, contested, [has(ticket_id=TICKET), lambda _, answer: "words" not in body(answer)]
    ),
    "handle_tickets/one_for_operator": Case(
        200,
        contested,
        [
            has(words="برای یک ماه دو بار حساب شده است.\nلطفاً اصلاح کنید."),
            noted(TENANT, "ticket_words_shown"),
        ],
    ),
    "handle_tickets/unknown": Case(404, contested, [has(type="/problems/not-found")]),
    "handle_tickets/close": Case(
        201,
        contested,
        [
            has(state="closed", by="operator:u_00000000000000000000000077"),
            ticket_open(False),
            lambda _, __: not bootstrap.tenants().get(TENANT).open_matters,
        ],
    ),
    "handle_tickets/close_by_owner": Case(403, contested, [ticket_open(True)]),
    "handle_tickets/close_with_what_does_not_belong": Case(
        422, contested, [refused("taken", "is not part of such a ticket"), ticket_open(True)]
    ),
    "handle_tickets/close_payout": Case(
        201, handed_over, [has(kind="payout", subject=REFUND, state="closed"), refund(RefundStatus.PAID_OUT)]
    ),
    "escalate_ticket/due": Case(
        None,
        contested_a_week_ago,
        [
            lambda _, answer: (answer["ticket_id"], answer["decided"]) == (TICKET, True),
            lambda _, __: bootstrap.books().ticket(TENANT, TICKET).escalated_at is not None,
            ticket_open(True),
        ],
    ),
    "receive_mail/objection": Case(None, bought_and_invoiced, [mail("disputed", 1)]),
    "receive_mail/question": Case(None, first_registered, [mail("ticket", 1)]),
    "receive_mail/not_a_mail": Case(None, first_registered, [mail("not_understood", 0)]),
    "receive_mail/not_proved": Case(
        None, first_registered, [mail("not_proved", 0), noted("kalo", "mail_not_proved")]
    ),
    "receive_mail/unknown_sender": Case(
        None, first_registered, [mail("unknown_sender", 0), noted("kalo", "mail_unknown_sender")]
    ),
    # --- whom invoices name
    "manage_profile/put": Case(
        200,
        first_registered,
        [
            has(national_id="0013542419", mobile="+989121234567", postal_code="1234567890"),
            has(sheba="IR820540102680020817909002"),
            noted(TENANT, "profile_changed"),
        ],
    ),
    "manage_profile/get": Case(
        200,
        with_profile,
        [
            has(
                surname="کریمی",
                company={"name": "شرکت نمونه", "legal_id": "14007650912", "economic_code": "14007650912"},
            )
        ],
    ),
    "manage_profile/for_operator": Case(
        403, with_profile, [noted("u_00000000000000000000000077", "foreign_tenant_refused")]
    ),
    "manage_profile/card_number": Case(
        422, first_registered, [refused("address", "holds a card number"), no_profile]
    ),
    "manage_profile/wrong_check_digit": Case(422, first_registered, [refused("sheba"), no_profile]),
    # --- use above the limits
    "meter_usage/within": Case(200, throttled, [has(debt_id=None), restricted(), owes()]),
    "meter_usage/above": Case(200, at_saman, [has(debt_id=None, used=5121), restricted("throttled"), owes()]),
    "meter_usage/billed": Case(
        201, at_saman, [has(debt_id="d_00000000000000000000000003", billed=True), owes(440_000)]
    ),
    "meter_usage/other_figures": Case(409, in_debt, [kind("conflict", usage_id="2026-01"), owes(440_000)]),
    "meter_usage/unknown_metric": Case(
        422, at_saman, [refused("metric", "is not billed by this agreement"), owes()]
    ),
    "meter_usage/debts": Case(
        200,
        in_debt,
        [only("debts", blocks=2, amount_rials=440_000, due_at="2026-02-14T08:00:00Z", overdue=False)],
    ),
    "meter_usage/cancel": Case(201, in_debt, [has(debt_id="d_00000000000000000000000003"), owes()]),
    "meter_usage/cancel_unknown": Case(404, in_debt, [has(type="/problems/not-found"), owes(440_000)]),
    # --- agreed work
    "keep_escrow/agree": Case(
        201, at_saman, [has(escrow_id=ESCROW, partner=PARTNER, status="agreed", work_may_begin=False)]
    ),
    "keep_escrow/list": Case(200, agreed, [only("escrows", escrow_id=ESCROW, amount_rials=80_000_000)]),
    "keep_escrow/cancel": Case(201, agreed, [escrow(EscrowStatus.CANCELLED)]),
    "keep_escrow/nothing_deposited": Case(
        409, agreed, [kind("conflict", status="agreed"), escrow(EscrowStatus.AGREED)]
    ),
    "keep_escrow/release": Case(
        201,
        deposited,
        [has(status="released", ticket_id="k_00000000000000000000000006"), escrow(EscrowStatus.RELEASED)],
    ),
    "keep_escrow/return": Case(
        201,
        deposited,
        [
            has(status="returned", refund_id="r_00000000000000000000000006"),
            lambda _, __: [each.amount for each in bootstrap.books().refunds(TENANT)] == [80_000_000],
        ],
    ),
    "explain_return/reason": Case(201, returned, [has(reason_given_at="2026-01-31T08:00:00Z")]),
    "explain_return/reason_before_return": Case(409, deposited, [kind("conflict", status="deposited")]),
    "explain_return/read_reason": Case(
        200, explained, [has(reason="سه هفته گذشت و کار آغاز نشد"), noted(TENANT, "escrow_words_shown")]
    ),
    "propose_work/propose": Case(
        201,
        agreed,
        [
            has(partner=PARTNER, amount_rials=5_000_000, status="agreed"),
            lambda _, answer: "payment_id" not in body(answer),
        ],
    ),
    "propose_work/list": Case(200, agreed, [only("escrows", escrow_id=ESCROW, partner=PARTNER)]),
    "propose_work/somebody_elses_customer": Case(
        404, at_saman, [lambda _, __: not bootstrap.books().escrows(TENANT)]
    ),
    # --- a fault of ours
    "compensate_tenant/compensate": Case(
        201, saman_bought, [has(amount_rials=1_000_000, clause="SAMAN-4.6")]
    ),
    "compensate_tenant/too_much": Case(
        409,
        saman_bought,
        [has(type="/problems/conflict"), lambda _, __: not bootstrap.books().compensations(TENANT)],
    ),
    "compensate_tenant/list": Case(
        200, compensated, [only("compensations", amount_rials=1_000_000, clause="SAMAN-4.6")]
    ),
    # --- what the stream starts
    "dispatch_stream/refund": Case(
        None,
        given_back,
        [
            equals({"batchItemFailures": []}),
            lambda world, _: world.executions("refund") == [REFUND],
            lambda _, __: bootstrap.invoices().get(TENANT, "c_00000000000000000000000005").source == REFUND,
        ],
    ),
    "dispatch_stream/ticket": Case(
        None,
        contested,
        [equals({"batchItemFailures": []}), lambda world, _: world.executions("ticket") == [TICKET]],
    ),
    "dispatch_stream/bought": Case(
        None,
        bought,
        [
            equals({"batchItemFailures": []}),
            lambda _, __: (
                bootstrap.invoices().get(TENANT, "i_00000000000000000000000004").label == "KALO-1404-000001"
            ),
        ],
    ),
}
