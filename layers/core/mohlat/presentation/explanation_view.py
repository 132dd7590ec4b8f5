"""An explanation as JSON: every fact with its reason and clause, and the same in sentences for people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from mohlat.calendar.display import date_and_time
from mohlat.domain.agreement import Agreement
from mohlat.domain.explanation import Cause, Coming, Explanation, Tense
from mohlat.domain.iranian import persian_digits
from mohlat.domain.tenant import Restriction
from mohlat.presentation.reasons import reason
from mohlat.presentation.titles import ACCESS, COMING, EVENTS, PHASES, RESTRICTIONS
from mohlat.presentation.views import DISCREET, Json, at, by_whom, clause_of, hold, word

_NOT_YET = ("هنوز ثبت‌نام نشده", "Not registered yet")
_CHOICE = ("انتخاب ارائه‌دهنده", "the vendor's choice")
_WHEN = {
    Tense.PAST: ("در {at}", "On {at}"),
    Tense.PRESENT: ("اکنون", "Now"),
    Tense.FUTURE: ("در {at}، اگر تا آن زمان کسی کاری نکند", "On {at}, if nobody does anything until then"),
}
_STANDS = (
    "{when}: {title}، از {since}. چرا: {why} [{clause}].",
    "{when}: {title}, since {since}. Why: {why} [{clause}].",
)
_IS_NOT = ("{when}: {title}.", "{when}: {title}.")
_NARROWED = ("{title}. چرا: {why} [{clause}].", "{title}. Why: {why} [{clause}].")
_SINCE = ("{title}، از {since}. چرا: {why} [{clause}].", "{title}, since {since}. Why: {why} [{clause}].")
_UNTIL = (
    "{title}، از {since} تا {until}. چرا: {why} [{clause}].",
    "{title}, from {since} until {until}. Why: {why} [{clause}].",
)
_HELD = (
    "{count} دستور نگهداری داده‌ها: تا لغو آن چیزی حذف نمی‌شود.",
    "Legal holds: {count}. Nothing is deleted until they are released.",
)
_OPEN = ("در جریان: {title}، از {since} [{clause}].", "Open: {title}, since {since} [{clause}].")
_COMES = ("سپس در {at}: {title} [{clause}].", "Then, on {at}: {title} [{clause}].")
_NOTHING = ("پس از آن سررسیدی نیست.", "Nothing falls due after that.")
_HAPPENED = (
    "رویداد بعدی که رخ داد، در {at}: {title} [{clause}].",
    "What did happen next, on {at}: {title} [{clause}].",
)


def explanation(told: Explanation, language: str, *, for_operator: bool) -> Json:
    """Where a tenant stands at an instant, and why."""
    agreement, narrowed = told.agreement, told.narrowed

    def caused(cause: Cause | None) -> Json | None:
        return _cause(cause, agreement, language, for_operator=for_operator) if cause else None

    return {
        "tenant_id": told.tenant_id,
        "product": agreement.product,
        "agreement": {"product": agreement.product, "version": agreement.version},
        **at("at", told.at, language),
        "tense": told.tense.value,
        "phase": told.phase.value if told.phase else None,
        "phase_title": _phase(told, language),
        "because": caused(told.because),
        "access": told.access.value,
        "access_title": word(ACCESS[told.access], language),
        "narrowed": {
            "why": reason(narrowed.why, language),
            **_clause(narrowed.clause, agreement),
        }
        if narrowed
        else None,
        "restrictions": [_restriction(each, agreement, language) for each in told.restrictions],
        "holds_count": len(told.holds),
        **({"holds": [hold(each, language) for each in told.holds]} if for_operator else {}),
        "open_matters": [{"matter": matter, "because": caused(cause)} for matter, cause in told.matters],
        **at("period_ends_at", told.period_ends_at, language),
        "coming": [_coming(each, agreement, language) for each in told.coming],
        "happened_next": caused(told.happened),
        "text": list(_sentences(told, language)),
    }


def _phase(told: Explanation, language: str) -> str:
    return word(PHASES[told.phase] if told.phase else _NOT_YET, language)


def _clause(clause: str | None, agreement: Agreement) -> Json:
    return clause_of(agreement, clause) if clause else {"clause": None, "clause_text": None}


def _cause(cause: Cause, agreement: Agreement, language: str, *, for_operator: bool) -> Json:
    discreet = cause.event in DISCREET and not for_operator
    return {
        "event": cause.event.value,
        "title": word(EVENTS[cause.event], language),
        **at("at", cause.at, language),
        "why": None if discreet else reason(cause.why, language),
        **clause_of(agreement, cause.clause),
        "by": by_whom(cause.by, for_operator),
    }


def _restriction(each: Restriction, agreement: Agreement, language: str) -> Json:
    return {
        "kind": each.kind.value,
        "title": word(RESTRICTIONS[each.kind], language),
        "why": reason(each.reason, language),
        **clause_of(agreement, each.clause),
        **at("since", each.since, language),
        **at("until", each.until, language),
    }


def _coming(each: Coming, agreement: Agreement, language: str) -> Json:
    return {
        "kind": each.kind,
        "title": word(COMING[each.kind], language),
        **at("at", each.at, language),
        **clause_of(agreement, each.clause),
    }


# --- in sentences -----------------------------------------------------------------------------------------


def _sentences(told: Explanation, language: str) -> Iterator[str]:
    """The explanation line by line. What an instant or a reason is stands in the caller's language."""

    def say(words: tuple[str, str], **facts: str) -> str:
        return word(words, language).format(**facts)

    def on(instant: datetime) -> str:
        return date_and_time(instant, language)

    def cited(clause: str | None, title: tuple[str, str], why: str = "") -> dict[str, str]:
        known = clause in told.agreement.clauses
        return {
            "title": word(title, language),
            "why": reason(why, language),
            "clause": clause if clause and known else word(_CHOICE, language),
        }

    when = say(_WHEN[told.tense], at=on(told.at))
    if told.phase and told.because:
        cause = told.because
        facts = cited(cause.clause, PHASES[told.phase], cause.why)
        yield say(_STANDS, when=when, since=on(cause.at), **facts)
    else:
        yield say(_IS_NOT, when=when, title=word(_NOT_YET, language))
    if told.narrowed and told.narrowed.clause:
        yield say(_NARROWED, **cited(told.narrowed.clause, ACCESS[told.access], told.narrowed.why))
    else:
        yield f"{word(ACCESS[told.access], language)}."
    for each in told.restrictions:
        facts = cited(each.clause, RESTRICTIONS[each.kind], each.reason)
        if each.until:
            yield say(_UNTIL, since=on(each.since), until=on(each.until), **facts)
        else:
            yield say(_SINCE, since=on(each.since), **facts)
    if told.holds:
        count = str(len(told.holds))
        yield say(_HELD, count=persian_digits(count) if language == "fa" else count)
    for _, cause in told.matters:
        yield say(_OPEN, since=on(cause.at), **cited(cause.clause, EVENTS[cause.event]))
    for coming in told.coming:
        yield say(_COMES, at=on(coming.at), **cited(coming.clause, COMING[coming.kind]))
    if told.phase and not told.coming:
        yield word(_NOTHING, language)
    if told.happened:
        happened = told.happened
        yield say(_HAPPENED, at=on(happened.at), **cited(happened.clause, EVENTS[happened.event]))
