"""The form of an agreement file: every key, what it may hold, and how the parts must fit together.

docs/agreement-schema.md explains the same to whoever writes a file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Any, TypeVar

from mohlat.agreements.reading import (
    Problem,
    Reader,
    checked,
    list_of,
    mapping_of,
    one_of,
    optional,
    positive,
    record,
    refuse,
    text,
)
from mohlat.calendar.jalali import JALALI, gregorian_day, start_of_day
from mohlat.domain.agreement import (
    Address,
    Agreement,
    Basis,
    Channel,
    DeletionWarning,
    Document,
    Duty,
    ExportRule,
    FirstInvoice,
    Lease,
    Offer,
    PasswordRule,
    PaymentRule,
    Phase,
    Plan,
    Price,
    RefundCase,
    RefundRule,
    Registration,
    Reminder,
    Retention,
    Returned,
    Span,
    Trial,
)
from mohlat.domain.durations import Calendar, Duration
from mohlat.domain.lifecycle import GRAPH

T = TypeVar("T")

_RIALS_PER_TOMAN = 10
_LANGUAGES = ("fa", "en")
_DOCUMENTS = ("terms", "privacy")
# Those that there is an adapter for.
_GATEWAYS = ("zarinpal", "zibal")
_ENDS = (Phase.READ_ONLY, Phase.DEACTIVATED)

NAME = re.compile(r"[a-z][a-z0-9_]*")
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_URL = re.compile(r"https://[^\s/]+(/\S*)?")


@dataclass(frozen=True, slots=True)
class _Day:
    """A date written in both calendars; `start` is the UTC instant it begins at in Tehran."""

    jalali: str
    start: datetime


@dataclass(frozen=True, slots=True)
class _Lifecycle:
    trial: Trial | None
    first_invoice: FirstInvoice | None
    term: Lease | None
    read_only: Span | None


def _matching(pattern: re.Pattern[str], form: str) -> Reader[str]:
    def read(value: object, path: str) -> str:
        if not pattern.fullmatch(text(value, path)):
            raise refuse(path, f"must be {form}, not {value!r}")
        return str(value)

    return read


def _duration(value: object, path: str) -> Duration:
    try:
        length = Duration.parse(text(value, path))
    except ValueError:
        raise refuse(path, f"must be an ISO 8601 duration such as P30D or PT12H, not {value!r}") from None
    if length == Duration():
        raise refuse(path, "must be longer than nothing")
    return length


def _jalali(value: object, path: str) -> str:
    day = text(value, path)
    try:
        gregorian_day(day)
    except ValueError:
        raise refuse(path, f"must be a Jalali date such as 1402/07/01, not {value!r}") from None
    return day


def _gregorian(value: object, path: str) -> date:
    try:
        day = date.fromisoformat(text(value, path))
    except ValueError:
        raise refuse(path, f"must be a Gregorian date such as 2023-09-23, not {value!r}") from None
    return day


def _same_day(both: tuple[str, date], path: str) -> Iterator[Problem]:
    jalali, gregorian = both
    if gregorian_day(jalali) != gregorian:
        yield Problem(path, f"jalali {jalali} is {gregorian_day(jalali)}, not gregorian {gregorian}")


def _end_of(start: Phase) -> Reader[Phase]:
    """Reads the phase that follows when a trial or a term ends unpaid."""
    read = one_of({phase.value: phase for phase in Phase})
    allowed = [phase for phase in _ENDS if phase in GRAPH[start]]

    def refuse_others(phase: Phase, path: str) -> Iterator[Problem]:
        if phase not in allowed:
            names = " or ".join(allowed)
            yield Problem(path, f"what ends unpaid becomes {names}; {start} to {phase} is not such a step")

    return checked(read, refuse_others)


def _ascending(prices: tuple[Price, ...], path: str) -> Iterator[Problem]:
    for index, (earlier, later) in enumerate(pairwise(prices), start=1):
        if later.since <= earlier.since:
            yield Problem(f"{path}[{index}].since", "must be later than the price before it")


_CHANNELS = list_of(one_of({channel.value: channel for channel in Channel}), key=lambda channel: channel)
_NAMES: Reader[dict[str, str]] = record(dict, {}, dict.fromkeys(_LANGUAGES, text))
_DATE: dict[str, Reader[Any]] = {"jalali": _jalali, "gregorian": _gregorian}
_SINCE = checked(record(lambda jalali, gregorian: (jalali, gregorian), _DATE), _same_day)


class _Form:
    """The readers of one file, which may cite the file's own clauses only."""

    def __init__(self, clauses: Collection[str] | None) -> None:
        self._clauses = clauses

    def _clause(self, value: object, path: str) -> str:
        clause = text(value, path)
        if self._clauses is not None and clause not in self._clauses:
            raise refuse(path, f"{clause!r} is none of this file's clauses")
        return clause

    def rule(
        self,
        build: Callable[..., T],
        required: Mapping[str, Reader[Any]] | None = None,
        may: Mapping[str, Reader[Any]] | None = None,
    ) -> Reader[T]:
        """A record that says why it is so: `clause`, `choice` or both, handed to `build` as `basis`."""

        def build_with_basis(*, clause: str | None = None, choice: str | None = None, **fields: Any) -> T:
            return build(basis=Basis(clause, choice), **fields)

        reasons: dict[str, Reader[Any]] = {"clause": self._clause, "choice": text}
        return record(build_with_basis, required or {}, {**(may or {}), **reasons}, ("clause", "choice"))

    def basis(self) -> Reader[Basis]:
        return self.rule(lambda basis: basis)

    def effective(self) -> Reader[_Day]:
        day = self.rule(lambda basis, jalali, gregorian: (jalali, gregorian), _DATE)

        def read(value: object, path: str) -> _Day:
            jalali, _ = checked(day, _same_day)(value, path)
            return _Day(jalali, start_of_day(jalali))

        return read

    def reminders(self) -> Reader[tuple[Reminder, ...]]:
        reminder = self.rule(Reminder, {"before": _duration, "channels": _CHANNELS})
        return list_of(reminder, key=lambda one: one.before, at="before", empty=True)

    def span(self) -> Reader[Span]:
        return self.rule(Span, {"length": _duration})

    def lifecycle(self) -> Reader[_Lifecycle]:
        reminders = self.reminders()
        trial = {"length": _duration, "then": _end_of(Phase.TRIAL), "reminders": reminders}
        invoice = {"due": _duration, "plan": text, "length": _duration, "reminders": reminders}
        term = {"then": _end_of(Phase.ACTIVE), "reminders": reminders}
        return record(
            _Lifecycle,
            {
                "trial": optional(self.rule(Trial, trial)),
                "first_invoice": optional(self.rule(FirstInvoice, invoice)),
                "term": optional(self.rule(Lease, term)),
                "read_only": optional(self.span()),
            },
        )

    def registration(self) -> Reader[Registration]:
        def build(
            accept: tuple[str, ...], basis: Basis, confirm: tuple[Channel, Basis], legal_entity: Basis
        ) -> Registration:
            return Registration(accept, basis, *confirm, legal_entity)

        channel = one_of({channel.value: channel for channel in Channel})
        return self.rule(
            build,
            {
                "accept": list_of(one_of({name: name for name in _DOCUMENTS}), key=lambda name: name),
                "confirm": self.rule(lambda basis, channel: (channel, basis), {"channel": channel}),
                "legal_entity": self.basis(),
            },
        )

    def plans(self) -> Reader[tuple[Plan, ...]]:
        def price(since: tuple[str, date], toman: int) -> Price:
            return Price(start_of_day(since[0]), toman * _RIALS_PER_TOMAN)

        def plan(periods: tuple[Offer, ...], **fields: Any) -> Plan:
            return Plan(offers=periods, **fields)

        prices = list_of(
            record(price, {"since": _SINCE, "toman": positive}), key=lambda price: price.since, at="since"
        )
        offer = record(Offer, {"length": _duration, "prices": checked(prices, _ascending)})
        return list_of(
            self.rule(
                plan,
                {
                    "id": _matching(NAME, "a short name of a-z, 0-9 and _"),
                    "names": _NAMES,
                    "limits": mapping_of(positive, empty=True),
                    "periods": list_of(offer, key=lambda one: one.length, at="length"),
                },
            ),
            key=lambda one: one.id,
            at="id",
            empty=True,
        )

    def refunds(self) -> Reader[tuple[RefundRule, ...]]:
        def build(**fields: Any) -> RefundRule:
            return RefundRule(**{"within": None, **fields})

        case = one_of({case.value: case for case in RefundCase})
        returned = one_of({amount.value: amount for amount in Returned})
        rule = self.rule(build, {"case": case, "returned": returned}, {"within": _duration})
        return list_of(rule, key=lambda one: one.case, at="case", empty=True)

    def export(self) -> Reader[ExportRule]:
        def build(phases: tuple[Phase, ...], free_every: Duration | None, basis: Basis) -> ExportRule:
            return ExportRule(frozenset(phases), free_every, basis)

        living = one_of({phase.value: phase for phase in Phase if phase is not Phase.PURGED})
        phases = list_of(living, key=lambda phase: phase)
        return self.rule(build, {"phases": phases, "free_every": optional(_duration)})

    def agreement(self, digest: str) -> Reader[Agreement]:
        def build(
            effective: _Day,
            lifecycle: _Lifecycle,
            service_notices: tuple[tuple[Channel, ...], Basis],
            **parts: Any,
        ) -> Agreement:
            channels, basis = service_notices
            return Agreement(
                effective_at=effective.start,
                effective_jalali=effective.jalali,
                digest=digest,
                trial=lifecycle.trial,
                first_invoice=lifecycle.first_invoice,
                lease=lifecycle.term,
                read_only=lifecycle.read_only,
                service_channels=channels,
                service_basis=basis,
                **parts,
            )

        calendars: Mapping[str, Calendar] = {"jalali": JALALI}
        address = self.rule(Address, {"address": _matching(_ADDRESS, "a mail address")})
        duty = record(Duty, {"duty": one_of({"enforce": "enforce", "record": "record"}), "what": text})
        warning = {"before": _duration, "wait": _duration, "channels": _CHANNELS}
        services = self.rule(lambda basis, channels: (channels, basis), {"channels": _CHANNELS})
        ends = {"after_trial": self.span(), "after_term": self.span()}
        gateway = one_of({name: name for name in _GATEWAYS})
        payments = {"gateways": list_of(gateway, key=lambda name: name)}
        language = one_of({language: language for language in _LANGUAGES})
        return record(
            build,
            {
                "product": _matching(NAME, "a short name of a-z, 0-9 and _"),
                "version": _matching(VERSION, "letters, digits, dots and dashes"),
                "effective": self.effective(),
                "names": _NAMES,
                "languages": list_of(language, key=lambda name: name),
                "calendar": one_of(calendars),
                "sender": address,
                "inbox": address,
                "document": self.rule(Document, {"url": _matching(_URL, "an https:// address")}),
                "registration": self.registration(),
                "password": self.rule(
                    PasswordRule, {"min_length": positive, "advise_change_after": _duration}
                ),
                "lifecycle": self.lifecycle(),
                "retention": record(Retention, {"after_closing": self.span()}, ends),
                "deletion_warning": self.rule(DeletionWarning, warning),
                "service_notices": services,
                "payments": optional(self.rule(PaymentRule, payments)),
                "plans": self.plans(),
                "refunds": self.refunds(),
                "export": self.export(),
                "clauses": mapping_of(duty),
            },
        )


# --- how the parts must fit together ----------------------------------------------------------------------


def _languages(agreement: Agreement) -> Iterator[Problem]:
    named = {"names": agreement.names}
    named |= {f"plans[{index}].names": plan.names for index, plan in enumerate(agreement.plans)}
    for path, names in named.items():
        for language in agreement.languages:
            if language not in names:
                yield Problem(f"{path}.{language}", f"missing: `languages` names {language}")


def _beginning(agreement: Agreement) -> Iterator[Problem]:
    first = agreement.first_invoice
    if first is None:
        return
    if agreement.trial:
        yield Problem(
            "lifecycle.first_invoice", "a life begins with a trial or with an invoice, not with both"
        )
    if agreement.lease is None:
        yield Problem("lifecycle.first_invoice", "there is no `term` that it could be the invoice of")
    offers = {plan.id: plan.offers for plan in agreement.plans}
    if first.plan not in offers:
        yield Problem("lifecycle.first_invoice.plan", f"{first.plan!r} is none of the plans")
        return
    offer = next((offer for offer in offers[first.plan] if offer.length == first.length), None)
    if offer is None:
        yield Problem("lifecycle.first_invoice.length", f"{first.plan} is not offered for {first.length}")
    elif offer.price_at(agreement.effective_at) is None:
        yield Problem("lifecycle.first_invoice.length", "has no price yet when the agreement takes effect")


def _leasing(agreement: Agreement) -> Iterator[Problem]:
    if agreement.lease and not agreement.plans:
        yield Problem("plans", "must not be empty: `lifecycle.term` needs something to buy")
    if agreement.plans and not agreement.lease:
        yield Problem("plans", "must be empty: without `lifecycle.term` nothing is bought")
    if agreement.lease and agreement.payments is None:
        yield Problem("payments", "must not be null: `lifecycle.term` has to be paid for")
    if agreement.payments and not agreement.lease:
        yield Problem("payments", "must be null: without `lifecycle.term` nothing is bought")


def _reading_only(agreement: Agreement) -> Iterator[Problem]:
    ends = [part.then for part in (agreement.trial, agreement.lease) if part]
    leads_there = Phase.READ_ONLY in ends
    if leads_there and agreement.read_only is None:
        yield Problem("lifecycle.read_only", "needs a length: a trial or a term is followed by read_only")
    if agreement.read_only and not leads_there:
        yield Problem("lifecycle.read_only", "must be null: nothing is followed by read_only")


def _keeping(agreement: Agreement) -> Iterator[Problem]:
    start, calendar = agreement.effective_at, agreement.calendar
    kept = {
        "after_trial": (agreement.trial, agreement.retention.after_trial, "trial"),
        "after_term": (agreement.lease, agreement.retention.after_term, "term"),
    }
    for key, (period, span, name) in kept.items():
        path = f"retention.{key}"
        if period and span is None:
            yield Problem(path, f"missing: there is a `lifecycle.{name}`")
        elif span and period is None:
            yield Problem(path, f"there is no `lifecycle.{name}`")
        elif period and span and agreement.read_only and period.then is Phase.READ_ONLY:
            until = agreement.read_only.length.after(start, calendar)
            if span.length.after(start, calendar) < until:
                yield Problem(f"{path}.length", "is shorter than `lifecycle.read_only`, which it includes")


def _warning_in_time(agreement: Agreement) -> Iterator[Problem]:
    warning, start = agreement.deletion_warning, agreement.effective_at
    if warning.wait.after(start, agreement.calendar) > warning.before.after(start, agreement.calendar):
        yield Problem("deletion_warning.wait", "is longer than `before`: every deletion would be late")


def _reminding_in_time(agreement: Agreement) -> Iterator[Problem]:
    start, calendar = agreement.effective_at, agreement.calendar
    periods: list[tuple[str, Duration, tuple[Reminder, ...]]] = []
    if agreement.trial:
        periods.append(("trial", agreement.trial.length, agreement.trial.reminders))
    if agreement.first_invoice:
        periods.append(("first_invoice", agreement.first_invoice.due, agreement.first_invoice.reminders))
    for name, length, reminders in periods:
        end = length.after(start, calendar)
        for index, reminder in enumerate(reminders):
            if reminder.before.before(end, calendar) <= start:
                path = f"lifecycle.{name}.reminders[{index}].before"
                yield Problem(path, f"is not shorter than {length}, so it would never be sent")


def _fit(agreement: Agreement, _path: str) -> Iterator[Problem]:
    for check in (
        _languages,
        _beginning,
        _leasing,
        _reading_only,
        _keeping,
        _warning_in_time,
        _reminding_in_time,
    ):
        yield from check(agreement)


def read_agreement(tree: object, digest: str) -> Agreement:
    """The agreement that a file's plain YAML values describe. Raises Refused with every problem found.

    How the parts fit together is judged only once each of them is right.
    """
    clauses = tree.get("clauses") if isinstance(tree, dict) else None
    form = _Form(clauses.keys() if isinstance(clauses, dict) else None)
    return checked(form.agreement(digest), _fit)(tree, "")
