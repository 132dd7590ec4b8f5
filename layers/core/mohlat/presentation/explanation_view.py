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
_PROMISED = (
    "در جریان: {title}، از {since}. پاسخ تا {due} [{clause}].",
    "Open: {title}, since {since}. Answered until {due} [{clause}].",
)
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
        "open_matters": [
            {"matter": each.name, "because": caused(each.because), **at("due_at", each.due_at, language)}
            for each in told.matters
        ],
        **at("period_ends_at", told.period_ends_at, language),
        "coming": [_coming(each, agreement, language) for each in told.coming],
        "happened_next": caused(told.happened),
        "text": _Teller(told, language).lines(),
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


class _Teller:
    """Tells an explanation line by line, every instant and reason in the caller's language."""

    def __init__(self, told: Explanation, language: str) -> None:
        self._told = told
        self._language = language

    def lines(self) -> list[str]:
        """All of it, in the order in which one asks: where it stands, what narrows it, what comes."""
        return [self._stands(), self._may(), *self._narrow(), *self._open(), *self._ahead()]

    def _stands(self) -> str:
        told = self._told
        when = self._say(_WHEN[told.tense], at=self._on(told.at))
        if told.phase is None or told.because is None:
            return self._say(_IS_NOT, when=when, title=word(_NOT_YET, self._language))
        cause = told.because
        facts = self._cited(cause.clause, PHASES[told.phase], cause.why)
        return self._say(_STANDS, when=when, since=self._on(cause.at), **facts)

    def _may(self) -> str:
        told = self._told
        if told.narrowed and told.narrowed.clause:
            facts = self._cited(told.narrowed.clause, ACCESS[told.access], told.narrowed.why)
            return self._say(_NARROWED, **facts)
        return f"{word(ACCESS[told.access], self._language)}."

    def _narrow(self) -> Iterator[str]:
        for each in self._told.restrictions:
            facts = self._cited(each.clause, RESTRICTIONS[each.kind], each.reason)
            if each.until:
                yield self._say(_UNTIL, since=self._on(each.since), until=self._on(each.until), **facts)
            else:
                yield self._say(_SINCE, since=self._on(each.since), **facts)
        if holds := len(self._told.holds):
            yield self._say(_HELD, count=persian_digits(str(holds)) if self._language == "fa" else str(holds))

    def _open(self) -> Iterator[str]:
        for matter in self._told.matters:
            since = self._on(matter.because.at)
            facts = self._cited(matter.because.clause, EVENTS[matter.because.event])
            if matter.due_at:
                yield self._say(_PROMISED, since=since, due=self._on(matter.due_at), **facts)
            else:
                yield self._say(_OPEN, since=since, **facts)

    def _ahead(self) -> Iterator[str]:
        for coming in self._told.coming:
            facts = self._cited(coming.clause, COMING[coming.kind])
            yield self._say(_COMES, at=self._on(coming.at), **facts)
        if self._told.phase and not self._told.coming:
            yield word(_NOTHING, self._language)
        if happened := self._told.happened:
            facts = self._cited(happened.clause, EVENTS[happened.event])
            yield self._say(_HAPPENED, at=self._on(happened.at), **facts)

    def _say(self, words: tuple[str, str], **facts: str) -> str:
        return word(words, self._language).format(**facts)

    def _on(self, instant: datetime) -> str:
        return date_and_time(instant, self._language)

    def _cited(self, clause: str, title: tuple[str, str], why: str = "") -> dict[str, str]:
        known = clause in self._told.agreement.clauses
        return {
            "title": word(title, self._language),
            "why": reason(why, self._language),
            "clause": clause if known else word(_CHOICE, self._language),
        }
