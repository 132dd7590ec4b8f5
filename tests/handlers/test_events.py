"""Every event in events/ through its function: what it answers and what it changes."""

from __future__ import annotations

import pytest

from mohlat import bootstrap
from mohlat.domain.agreement import Phase
from mohlat.domain.errors import PurgeRefused
from mohlat.domain.payments import PaymentStatus
from tests.handlers import (
    data_cases,
    export_cases,
    limit_cases,
    money_cases,
    people_cases,
    privacy_cases,
    request_cases,
    service_cases,
    staff_cases,
    support_cases,
    sync_cases,
    terms_cases,
)
from tests.handlers.cases import (
    AT,
    LOCATION,
    Case,
    a_week_before_the_end,
    alarm_raised,
    blocked,
    confirming,
    emptied,
    equals,
    first_registered,
    has,
    header,
    held,
    lapsed_seen,
    lapsed_unseen,
    noted,
    ordered,
    ordered_and_paid,
    ordered_and_paid_at_zibal,
    ordered_and_silent,
    ordered_at_zibal,
    page,
    payment,
    phase,
    purged,
    recorded,
    recovering,
    registered,
    registered_yesterday,
    starter_bought,
)
from tests.handlers.conftest import (
    OWNER,
    ROOT,
    TENANT,
    World,
    body,
    confined,
    load_event,
    without_personal_data,
)
from tests.handlers.described import assert_answer_is_as_described, assert_request_is_as_described

CASES: dict[str, Case] = {
    "register_tenant/kalo": Case(
        201,
        then=[
            has(tenant_id=TENANT, phase="trial", access="full", product="kalo", registered_at=AT),
            header("Location", LOCATION),
            header("Access-Control-Allow-Origin", "https://app.example"),
            header("Cache-Control", "no-store"),
            lambda _, answer: without_personal_data(answer["body"]),
            lambda _, __: bootstrap.people().contact(TENANT).mobile == "+989123456789",
            lambda _, __: bootstrap.people().contact(TENANT).email == "sara.ahmadi@example.ir",
        ],
    ),
    "register_tenant/legal_entity": Case(
        201,
        then=[lambda _, __: bootstrap.people().contact(TENANT).legal_entity.national_id == "10380284790"],  # type: ignore[union-attr]
    ),
    "register_tenant/terms_not_accepted": Case(
        422,
        then=[
            has(type="/problems/invalid-input", field="accept.terms", clause="KALO-2", title="ورودی نادرست"),
            header("Content-Type", "application/problem+json; charset=utf-8"),
        ],
    ),
    "confirm_contact/right_code": Case(
        200,
        confirming,
        [has(confirmed=True), lambda _, __: bootstrap.people().user(TENANT, OWNER).confirmed_at is not None],
    ),
    "confirm_contact/send_again": Case(
        202, first_registered, [lambda world, _: [m["code"] for m in world.queued()] == ["confirm"]]
    ),
    "sign_in/password": Case(
        200,
        registered,
        [
            has(tenant_id=TENANT, change_password_recommended=False),
            lambda _, answer: body(answer)["id_token"].count(".") == 2,
            noted(TENANT, "signed_in"),
        ],
    ),
    "sign_in/unknown_refresh_token": Case(
        401, World.revoke_example_token, then=[has(type="/problems/not-signed-in")]
    ),
    "sign_in/unknown_operator": Case(401, then=[noted("operators", "sign_in_failed")]),
    "recover_password/start": Case(
        202, registered, [lambda world, _: [m["code"] for m in world.queued()] == ["recover"]]
    ),
    "recover_password/start_unknown_contact": Case(
        202, then=[lambda world, _: world.queued() == [], noted("kalo", "recovery_refused_unknown_contact")]
    ),
    "recover_password/finish": Case(200, recovering, [noted(TENANT, "password_recovered")]),
    "get_health/up": Case(200, then=[has(status="ok", service="mohlat")]),
    "read_catalog/products": Case(
        200,
        then=[
            lambda _, answer: (
                [each["product"] for each in body(answer)["products"]][:5]
                == ["customer_club", "kalak", "kallu", "kalo", "saman360"]
            )
        ],
    ),
    "read_catalog/agreement": Case(200, then=[has(product="saman360"), lambda _, a: body(a)["clauses"]]),
    "read_catalog/plans": Case(
        200,
        then=[
            lambda _, answer: (
                body(answer)["plans"][0]["offers"][0].items()
                >= {
                    "period": "P1M",
                    "amount_rials": 1_900_000,
                    "amount_display": "۱۹۰٬۰۰۰ تومان",
                    "since_jalali": "۱ فروردین ۱۴۰۳، ساعت ۰۰:۰۰",
                }.items()
            )
        ],
    ),
    "read_catalog/unknown_product": Case(404),
    "pay_callback/paid": Case(
        200,
        ordered_and_paid,
        [page("پرداخت انجام شد", "Paid"), payment(PaymentStatus.GRANTED), starter_bought],
    ),
    "pay_callback/cancelled": Case(
        200, ordered, [has(status="cancelled", amount_rials=2_090_000), payment(PaymentStatus.CANCELLED)]
    ),
    "pay_callback/gateway_silent": Case(
        202, ordered_and_silent, [has(status="unknown"), payment(PaymentStatus.PENDING)]
    ),
    "pay_callback/unknown_authority": Case(
        404,
        ordered,
        [page("We do not know this payment"), noted("zarinpal", "callback_for_unknown_payment")],
    ),
    "pay_callback/zibal_paid": Case(
        200,
        ordered_and_paid_at_zibal,
        [page("پرداخت انجام شد", "Paid"), payment(PaymentStatus.GRANTED), starter_bought],
    ),
    "pay_callback/zibal_forged": Case(
        202,
        ordered_at_zibal,
        [payment(PaymentStatus.PENDING), lambda world, _: bootstrap.tenants().get(TENANT).term is None],
    ),
    "pay_callback/zibal_cancelled": Case(
        200,
        ordered_at_zibal,
        [has(status="cancelled", amount_rials=2_090_000), payment(PaymentStatus.CANCELLED)],
    ),
    "pay_callback/zibal_unknown": Case(
        404,
        ordered_at_zibal,
        [page("We do not know this payment"), noted("zibal", "callback_for_unknown_payment")],
    ),
    # What another gateway gave out, and in that gateway's words, is nothing to this one.
    "pay_callback/zibal_of_the_other_gateway": Case(
        422, ordered_and_paid, [has(field="trackId"), payment(PaymentStatus.PENDING)]
    ),
    "pay_callback/nothing_sent": Case(
        422, then=[has(field="Authority", detail="«شناسهٔ پرداخت» (Authority) باید فرستاده شود.")]
    ),
    "view_tenant/status": Case(
        200,
        first_registered,
        [
            has(tenant_id=TENANT, phase="trial", access_clause=None, holds_count=0),
            lambda _, answer: body(answer)["next_deadline"]["kind"] == "remind",
            lambda _, answer: "holds" not in body(answer),
        ],
    ),
    "view_tenant/status_for_operator": Case(
        200, held, [lambda _, answer: body(answer)["holds"][0]["reason"] == "preservation order"]
    ),
    "view_tenant/deadlines": Case(
        200,
        first_registered,
        [
            lambda _, answer: (
                [each["kind"] for each in body(answer)["deadlines"]]
                == ["remind", "remind", "end_trial", "warn_of_deletion", "purge"]
            ),
            lambda _, answer: all(each["clause_text"] for each in body(answer)["deadlines"]),
        ],
    ),
    "view_tenant/timeline": Case(
        200,
        held,
        [
            lambda _, answer: body(answer)["entries"][0]["event"] == "tenant_registered",
            lambda _, answer: body(answer)["next_cursor"] is not None,
        ],
    ),
    "view_tenant/explanation": Case(
        200,
        first_registered,
        [
            has(tense="present", phase="trial", access="full", narrowed=None, happened_next=None),
            has(at=AT, at_jalali="11 Bahman 1404, 11:30", restrictions=[], holds_count=0, open_matters=[]),
            lambda _, answer: body(answer)["because"]["event"] == "tenant_registered",
            lambda _, answer: (
                [each["kind"] for each in body(answer)["coming"]]
                == ["remind", "remind", "end_trial", "warn_of_deletion", "purge"]
            ),
            lambda _, answer: (
                body(answer)["text"][0] == "Now: Trial, since 11 Bahman 1404, 11:30. "
                "Why: registered and accepted the agreement [KALO-10]."
            ),
            lambda _, answer: "holds" not in body(answer),
            lambda _, answer: without_personal_data(answer["body"]),
        ],
    ),
    "view_tenant/explanation_of_a_past_day": Case(
        200,
        lapsed_seen,
        [
            has(tense="past", phase="trial", access="full"),
            lambda _, answer: body(answer)["happened_next"]["event"] == "reminder_due",
            lambda _, answer: (
                body(answer)["text"][-1]
                == "What did happen next, on 4 Esfand 1404, 11:30: Reminder [KALO-13]."
            ),
        ],
    ),
    "view_tenant/explanation_of_a_future_day": Case(
        200,
        first_registered,
        [
            has(tense="future", phase="deactivated", access="none", at="2026-03-02T08:00:00Z"),
            has(at_jalali="۱۱ اسفند ۱۴۰۴، ساعت ۱۱:۳۰", phase_title="غیرفعال", happened_next=None),
            lambda _, answer: (
                body(answer)["narrowed"].items()
                >= {"why": "دورهٔ آزمایشی به پایان رسید و چیزی پرداخت نشد", "clause": "KALO-10"}.items()
            ),
            lambda _, answer: (
                [(each["kind"], each["title"]) for each in body(answer)["coming"]]
                == [("warn_of_deletion", "هشدار حذف داده‌ها"), ("purge", "حذف همیشگی داده‌ها")]
            ),
            lambda _, answer: (
                body(answer)["text"]
                == [
                    "در ۱۱ اسفند ۱۴۰۴، ساعت ۱۱:۳۰، اگر تا آن زمان کسی کاری نکند: غیرفعال، از ۱۱ اسفند ۱۴۰۴، "
                    "ساعت ۱۱:۳۰. چرا: دورهٔ آزمایشی به پایان رسید و چیزی پرداخت نشد [KALO-10].",
                    "بدون دسترسی. چرا: دورهٔ آزمایشی به پایان رسید و چیزی پرداخت نشد [KALO-10].",
                    "سپس در ۵ فروردین ۱۴۰۵، ساعت ۱۱:۳۰: هشدار حذف داده‌ها [KALO-13].",
                    "سپس در ۱۲ فروردین ۱۴۰۵، ساعت ۱۱:۳۰: حذف همیشگی داده‌ها [KALO-10].",
                ]
            ),
        ],
    ),
    "view_tenant/explanation_before_registration": Case(
        200,
        registered_yesterday,
        [
            has(tense="past", phase=None, because=None, access="none", coming=[]),
            has(phase_title="هنوز ثبت‌نام نشده"),
            lambda _, answer: body(answer)["narrowed"]["clause"] is None,
            lambda _, answer: body(answer)["happened_next"]["event"] == "tenant_registered",
        ],
    ),
    "view_tenant/explanation_for_operator": Case(
        200, held, [has(holds_count=1), lambda _, a: body(a)["holds"][0]["reason"] == "preservation order"]
    ),
    "view_tenant/explanation_of_what_is_gone": Case(
        410,
        purged,
        [
            has(type="/problems/gone", clause="KALO-10"),
            lambda _, answer: body(answer)["details"]["purged_at"] == "2026-04-01T08:00:00Z",
        ],
    ),
    "view_tenant/explanation_after_the_purge": Case(
        200,
        emptied,
        [
            has(phase="purged", access="none", coming=[], restrictions=[], happened_next=None),
            lambda _, answer: (
                body(answer)["because"].items()
                >= {
                    "at": "2026-04-01T08:00:00Z",
                    "clause": "KALO-10",
                    "why": "در مهلت نگهداری داده‌ها چیزی پرداخت نشد",
                }.items()
            ),
        ],
    ),
    "view_tenant/explanation_of_no_instant": Case(
        422,
        first_registered,
        [has(field="at", detail="«زمان» (at) باید زمانی مانند 2026-11-22T10:35:55Z باشد.")],
    ),
    "view_tenant/stranger": Case(
        404, first_registered, [noted(TENANT, "foreign_tenant_refused"), has(type="/problems/not-found")]
    ),
    "accept_terms/accept": Case(
        201, registered_yesterday, [lambda _, __: len(bootstrap.people().acceptances(TENANT)) == 2]
    ),
    "accept_terms/list": Case(
        200,
        first_registered,
        [lambda _, answer: body(answer)["acceptances"][0]["documents"] == ["terms", "privacy"]],
    ),
    "place_order/place": Case(
        201,
        first_registered,
        [
            has(plan="starter", period="P1M", amount_rials=2_090_000, amount_display="209,000 tomans"),
            lambda _, answer: body(answer)["pay_url"].startswith("https://gateway.example/pay/A"),
            lambda world, _: (
                world.gateway.opened[0]["callback_url"] == "https://api.example/v1/payments/zarinpal/callback"
            ),
            payment(PaymentStatus.PENDING),
        ],
    ),
    "place_order/place_at_zibal": Case(
        201,
        first_registered,
        [
            lambda _, answer: body(answer)["payment"]["gateway"] == "zibal",
            lambda _, answer: body(answer)["pay_url"] == "https://gateway.example/pay/3714061201",
            lambda world, _: (
                world.zibal.opened[0]["callback_url"] == "https://api.example/v1/payments/zibal/callback"
            ),
            lambda world, _: world.gateway.opened == [],
            payment(PaymentStatus.PENDING),
        ],
    ),
    "place_order/unknown_gateway": Case(
        422,
        first_registered,
        [
            has(field="gateway", details={"allowed": ["zarinpal", "zibal"]}),
            lambda world, _: world.gateway.opened == world.zibal.opened == [],
            lambda world, _: not bootstrap.payments().orders(TENANT),
        ],
    ),
    "place_order/list": Case(
        200,
        ordered,
        [has(next_cursor=None), lambda _, a: body(a)["orders"][0]["payment"]["status"] == "pending"],
    ),
    "place_order/one": Case(200, ordered, [has(amount_display="۲۰۹٬۰۰۰ تومان", plan="starter")]),
    "keep_records/put": Case(201, first_registered, [has(version=1, record_id="customer-1")]),
    "keep_records/get": Case(200, recorded, [has(data={"نام": "علی", "orders": [1, 2]})]),
    "keep_records/list": Case(
        200, recorded, [has(next_cursor=None), lambda _, a: len(body(a)["records"]) == 1]
    ),
    "keep_records/delete": Case(
        204, recorded, [lambda world, _: world.replay("keep_records/get")["statusCode"] == 404]
    ),
    "close_tenant/termination": Case(
        201,
        first_registered,
        [has(phase="closed", access="none", closing="termination"), phase(Phase.CLOSED)],
    ),
    "restrict_tenant/block": Case(
        201,
        first_registered,
        [has(access="none", access_clause="KALO-10"), header("Location", f"{LOCATION}/restrictions/blocked")],
    ),
    "restrict_tenant/lift": Case(200, blocked, [has(access="full", restrictions=[])]),
    "hold_tenant/place": Case(201, first_registered, [has(holds_count=1)]),
    "hold_tenant/release": Case(200, held, [has(holds_count=0)]),
    "view_purge/committed": Case(200, purged, [has(finished=False, clause="KALO-10")]),
    "view_purge/unknown": Case(404),
    "view_security_log/of_tenant": Case(
        200, registered, [lambda _, answer: body(answer)["lines"][0]["kind"] == "contact_confirmed"]
    ),
    "request_sweep/now": Case(
        202, lapsed_unseen, [lambda _, answer: body(answer)["restarted"]["tenant"] == 1]
    ),
    "set_test_clock/read": Case(200, then=[has(state="ready", now=AT, offset_seconds=0)]),
    "set_test_clock/advance": Case(
        202,
        then=[has(state="advancing", target="2026-03-02T08:00:00Z"), lambda world, _: world.clock_moved == 1],
    ),
    "set_test_clock/into_the_past": Case(
        422, then=[has(field="to"), lambda world, _: world.clock_moved == 0]
    ),
    "sweep_overdue/hourly": Case(
        None,
        lapsed_unseen,
        [
            lambda _, answer: answer["tenant"] == 1,
            # Never dispatched, and overdue: each brings an execution, of which one rests.
            lambda world, _: len(world.executions("subscription")) == 2,
        ],
    ),
    "advance_test_clock/run": Case(None, then=[equals({"ready": True})]),
    "advance_tenant/remind": Case(
        None,
        a_week_before_the_end,
        [
            lambda _, answer: answer["due"] == "remind" and answer["wake_at"] == "2026-03-01T08:00:00Z",
            lambda _, __: bootstrap.tenants().get(TENANT).version == 2,
        ],
    ),
    "advance_tenant/overtaken": Case(
        None, a_week_before_the_end, [lambda _, answer: answer["due"] == "rest"]
    ),
    "settle_payment/silence": Case(
        None,
        ordered_and_silent,
        [lambda _, a: (a["decided"], a["wake_at"]) == (False, "2026-01-31T08:05:00Z")],
    ),
    "settle_payment/paid": Case(
        None, ordered_and_paid, [lambda _, answer: answer["decided"], payment(PaymentStatus.GRANTED)]
    ),
    "settle_payment/paid_at_zibal": Case(
        None,
        ordered_and_paid_at_zibal,
        [lambda _, answer: answer["decided"], payment(PaymentStatus.GRANTED), starter_bought],
    ),
    "erase_tenant/data": Case(
        None, purged, [equals({"tenant_id": TENANT, "deleted": {"records": 1, "objects": 0}})]
    ),
    "erase_tenant/not_committed": Case(None, first_registered, raises=PurgeRefused),
    "tell_owner/before_the_contact_goes": Case(
        None,
        purged,
        [
            equals({"tenant_id": TENANT, "owner": "told"}),
            lambda world, _: world.mail.sent[-1]["to"] == "sara.ahmadi@example.ir",
        ],
    ),
    "certify_purge/nothing_left": Case(
        None,
        emptied,
        [
            lambda _, answer: answer["finished_at"] is not None,
            lambda world, _: body(world.replay("view_purge/committed"))["finished"],
            lambda world, _: world.replay("view_tenant/status")["statusCode"] == 410,
        ],
    ),
    "dispatch_stream/registration": Case(
        None,
        first_registered,
        [
            equals({"batchItemFailures": []}),
            lambda world, _: world.queued() == [{"tenant_id": TENANT, "seq": 1}],
            lambda world, _: world.executions("subscription") == [f"{TENANT}-g1-v1"],
        ],
    ),
    "dispatch_stream/payment": Case(
        None,
        ordered,
        [lambda world, _: world.executions("payment") == [load_event("settle_payment/paid")["payment_id"]]],
    ),
    "dispatch_stream/purged_since": Case(None, then=[equals({"batchItemFailures": []})]),
    "send_notices/registration": Case(
        None,
        first_registered,
        [
            equals({"batchItemFailures": []}),
            lambda world, _: [message["to"] for message in world.mail.sent] == ["sara.ahmadi@example.ir"],
            lambda world, _: "000001" in world.mail.sent[0]["text"],
        ],
    ),
    "send_notices/recovery_code": Case(
        None, first_registered, [lambda world, _: [m["mobile"] for m in world.sms.sent] == ["+989123456789"]]
    ),
    "send_notices/one_of_two_fails": Case(
        None,
        first_registered,
        [
            lambda _, answer: len(answer["batchItemFailures"]) == 1,
            lambda world, _: len(world.mail.sent) == 1,
        ],
    ),
    "report_failure/failed": Case(None, then=[alarm_raised]),
    **money_cases.CASES,
    **data_cases.CASES,
    **limit_cases.CASES,
    **export_cases.CASES,
    **service_cases.CASES,
    **staff_cases.CASES,
    **support_cases.CASES,
    **privacy_cases.CASES,
    **people_cases.CASES,
    **sync_cases.CASES,
    **terms_cases.CASES,
    **request_cases.CASES,
}

STORED = sorted(
    str(file.relative_to(ROOT / "events").with_suffix("")) for file in (ROOT / "events").rglob("*.json")
)


def test_every_stored_event_has_a_case_and_every_function_an_event() -> None:
    functions = {file.parent.name for file in (ROOT / "functions").glob("*/app.py")}
    assert set(STORED) == set(CASES)
    assert {case.split("/")[0] for case in STORED} == functions


@pytest.mark.parametrize("name", STORED)
def test_a_stored_event_has_its_effect(name: str, world: World) -> None:
    case = CASES[name]
    case.given(world)
    with confined(name.split("/", maxsplit=1)[0]):
        if case.raises:
            with pytest.raises(case.raises):
                world.replay(name)
            return
        answer = world.replay(name)
    if case.status is not None:
        assert answer["statusCode"] == case.status, answer["body"]
        assert_answer_is_as_described(load_event(name), answer)
        if answer["statusCode"] < 300:
            assert_request_is_as_described(load_event(name))
    for number, check in enumerate(case.then):
        assert check(world, answer), f"check {number}: {answer}"
