"""An explanation as people read it: every sentence, in Persian and in English."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mohlat.agreements import loader
from mohlat.domain.access import Access
from mohlat.domain.agreement import Phase
from mohlat.domain.explanation import Cause, Coming, Explanation, Matter, Reason, Tense
from mohlat.domain.lifecycle import Event
from mohlat.domain.tenant import Hold, Restriction, RestrictionKind
from mohlat.presentation.explanation_view import explanation
from tests.builders import START, days

REGISTERED = Cause(Event.REGISTERED, START, "registered and accepted the agreement", "KALO-10", "user:u_1")
ASKED = Cause(Event.DATA_REQUESTED, START, "asked for a right over data", "vendor's choice", "user:u_1")
HOLD = Hold("h_1", "an order that its subject must not read about", "court 1", "operator:o", START)
BLOCK = Restriction(RestrictionKind.BLOCKED, "slander", "KALO-18", START, START + days(2))
TOLD = Explanation(
    tenant_id="t_1",
    agreement=loader.load("kalo"),
    at=START + days(1),
    tense=Tense.PAST,
    phase=Phase.TRIAL,
    because=REGISTERED,
    access=Access.NONE,
    narrowed=Reason("slander", "KALO-18"),
    restrictions=(BLOCK, replace(BLOCK, kind=RestrictionKind.THROTTLED, until=None)),
    holds=(HOLD,),
    matters=(Matter("request:d_1", ASKED, START + days(30)), Matter("payment:p_1", REGISTERED)),
    coming=(Coming("end_trial", START + days(30), "KALO-10"),),
    happened=replace(REGISTERED, event=Event.HOLD_PLACED, why=HOLD.reason, by="operator:o"),
)

ENGLISH = [
    "On 12 Bahman 1404, 11:30: Trial, since 11 Bahman 1404, 11:30. "
    "Why: registered and accepted the agreement [KALO-10].",
    "No access. Why: slander [KALO-18].",
    "Blocked, from 11 Bahman 1404, 11:30 until 13 Bahman 1404, 11:30. Why: slander [KALO-18].",
    "Slowed down, since 11 Bahman 1404, 11:30. Why: slander [KALO-18].",
    "Legal holds: 1. Nothing is deleted until they are released.",
    "Open: Request about your data, since 11 Bahman 1404, 11:30. "
    "Answered until 11 Esfand 1404, 11:30 [the vendor's choice].",
    "Open: Registered, since 11 Bahman 1404, 11:30 [KALO-10].",
    "Then, on 11 Esfand 1404, 11:30: The trial ends [KALO-10].",
    "What did happen next, on 11 Bahman 1404, 11:30: Legal hold placed [KALO-10].",
]
PERSIAN = [
    "در ۱۲ بهمن ۱۴۰۴، ساعت ۱۱:۳۰: دورهٔ آزمایشی، از ۱۱ بهمن ۱۴۰۴، ساعت ۱۱:۳۰. "
    "چرا: ثبت‌نام شد و توافق‌نامه پذیرفته شد [KALO-10].",
    "بدون دسترسی. چرا: slander [KALO-18].",
    "مسدود، از ۱۱ بهمن ۱۴۰۴، ساعت ۱۱:۳۰ تا ۱۳ بهمن ۱۴۰۴، ساعت ۱۱:۳۰. چرا: slander [KALO-18].",
    "کندشده، از ۱۱ بهمن ۱۴۰۴، ساعت ۱۱:۳۰. چرا: slander [KALO-18].",
    "۱ دستور نگهداری داده‌ها: تا لغو آن چیزی حذف نمی‌شود.",
    "در جریان: درخواست دربارهٔ اطلاعات شما، از ۱۱ بهمن ۱۴۰۴، ساعت ۱۱:۳۰. "
    "پاسخ تا ۱۱ اسفند ۱۴۰۴، ساعت ۱۱:۳۰ [انتخاب ارائه‌دهنده].",
    "در جریان: ثبت‌نام، از ۱۱ بهمن ۱۴۰۴، ساعت ۱۱:۳۰ [KALO-10].",
    "سپس در ۱۱ اسفند ۱۴۰۴، ساعت ۱۱:۳۰: پایان دورهٔ آزمایشی [KALO-10].",
    "رویداد بعدی که رخ داد، در ۱۱ بهمن ۱۴۰۴، ساعت ۱۱:۳۰: دستور نگهداری داده‌ها [KALO-10].",
]


@pytest.mark.parametrize(("language", "lines"), [("en", ENGLISH), ("fa", PERSIAN)])
def test_everything_is_told_in_sentences(language: str, lines: list[str]) -> None:
    assert explanation(TOLD, language, for_operator=False)["text"] == lines


@pytest.mark.parametrize(
    ("tense", "language", "begins"),
    [
        (Tense.PRESENT, "en", "Now: Trial"),
        (Tense.PRESENT, "fa", "اکنون: دورهٔ آزمایشی"),
        (Tense.FUTURE, "en", "On 12 Bahman 1404, 11:30, if nobody does anything until then: Trial"),
        (Tense.FUTURE, "fa", "در ۱۲ بهمن ۱۴۰۴، ساعت ۱۱:۳۰، اگر تا آن زمان کسی کاری نکند: دورهٔ آزمایشی"),
    ],
)
def test_the_tense_is_told(tense: Tense, language: str, begins: str) -> None:
    shown = explanation(replace(TOLD, tense=tense), language, for_operator=False)
    assert shown["text"][0].startswith(begins)


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        (
            "en",
            [
                "Now: Active, since 11 Bahman 1404, 11:30. Why: paid [KALO-33].",
                "Full access.",
                "Nothing falls",
            ],
        ),
        (
            "fa",
            [
                "اکنون: فعال، از ۱۱ بهمن ۱۴۰۴، ساعت ۱۱:۳۰. چرا: پرداخت شد [KALO-33].",
                "دسترسی کامل.",
                "پس از آن",
            ],
        ),
    ],
)
def test_where_nothing_falls_due_that_is_told(language: str, lines: list[str]) -> None:
    paid = replace(REGISTERED, event=Event.TERM_GRANTED, why="paid", clause="KALO-33")
    quiet = Explanation("t_1", TOLD.agreement, START, Tense.PRESENT, Phase.ACTIVE, paid, Access.FULL, None)
    shown = explanation(quiet, language, for_operator=False)["text"]
    assert len(shown) == len(lines)
    assert all(line.startswith(begin) for line, begin in zip(shown, lines, strict=True))


def test_the_reason_of_a_hold_and_who_placed_it_are_the_operators_matter() -> None:
    shown = explanation(TOLD, "en", for_operator=False)
    assert "holds" not in shown
    assert (shown["happened_next"]["why"], shown["happened_next"]["by"]) == (None, "operator")
    assert HOLD.reason not in str(shown)
    shown = explanation(TOLD, "en", for_operator=True)
    assert (shown["happened_next"]["why"], shown["happened_next"]["by"]) == (HOLD.reason, "operator:o")
    assert shown["holds"][0]["reason"] == HOLD.reason
