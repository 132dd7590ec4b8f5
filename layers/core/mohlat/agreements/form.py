"""The form of an agreement file: every key and what it may hold.

docs/agreement-schema.md explains the same to whoever writes a file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mohlat.agreements.fit import misfits
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
    text,
    yes_or_no,
)
from mohlat.agreements.sales import NOTHING_TAXED, Sales
from mohlat.agreements.serving import Serving
from mohlat.agreements.values import (
    CHANNELS,
    COOKIE_NAME,
    DATE,
    LANGUAGES,
    MAIL_ADDRESS,
    NAMES,
    SHORT_NAME,
    VERSION,
    WEB_ADDRESS,
    duration,
    matching,
    same_day,
)
from mohlat.calendar.jalali import JALALI, start_of_day
from mohlat.domain.agreement import (
    Address,
    Agreement,
    Arises,
    BackupRule,
    Basis,
    Binding,
    ChangeRule,
    Channel,
    ConsentRule,
    Cookie,
    CookieRule,
    DeletionWarning,
    Document,
    Duty,
    Excluded,
    ExportRule,
    FirstInvoice,
    LateMaintenance,
    LeakRule,
    Lease,
    MaintenanceRule,
    MisuseRule,
    PartnerPower,
    PartnerRule,
    PasswordRule,
    Phase,
    Purpose,
    Registration,
    Reopening,
    Retention,
    Span,
    StaffNeeds,
    StaffRule,
    SupportRule,
    SyncRule,
    TransferRule,
    Trial,
    UptimeRule,
    VatRate,
    WindDownRule,
)
from mohlat.domain.durations import Calendar
from mohlat.domain.lifecycle import GRAPH

_PURPOSE = one_of({purpose.value: purpose for purpose in Purpose})
_BINDING = one_of({binding.value: binding for binding in Binding})
_ARISES = one_of({arises.value: arises for arises in Arises})
_COOKIE = record(
    Cookie,
    {
        "name": matching(COOKIE_NAME, "letters, digits, underscores and dashes"),
        "purpose": NAMES,
        "essential": yes_or_no,
    },
)
_DOCUMENTS = ("terms", "privacy")
_ENDS = (Phase.READ_ONLY, Phase.DEACTIVATED)


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


def _end_of(start: Phase) -> Reader[Phase]:
    """Reads the phase that follows when a trial or a term ends unpaid."""
    read = one_of({phase.value: phase for phase in Phase})
    allowed = [phase for phase in _ENDS if phase in GRAPH[start]]

    def refuse_others(phase: Phase, path: str) -> Iterator[Problem]:
        if phase not in allowed:
            names = " or ".join(allowed)
            yield Problem(path, f"what ends unpaid becomes {names}; {start} to {phase} is not such a step")

    return checked(read, refuse_others)


def _at_most_all(per_mille: int, path: str) -> Iterator[Problem]:
    if per_mille > 1000:
        yield Problem(path, "tenths of a percent: 1000 at most")


class _Form(Sales, Serving):
    """The readers of one file."""

    def effective(self) -> Reader[_Day]:
        day = self.rule(lambda basis, jalali, gregorian: (jalali, gregorian), DATE)

        def read(value: object, path: str) -> _Day:
            jalali, _ = checked(day, same_day)(value, path)
            return _Day(jalali, start_of_day(jalali))

        return read

    def lifecycle(self) -> Reader[_Lifecycle]:
        reminders = self.reminders()
        trial = {"length": duration, "then": _end_of(Phase.TRIAL), "reminders": reminders}
        invoice = {"due": duration, "plan": text, "length": duration, "reminders": reminders}
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

    def export(self) -> Reader[ExportRule]:
        def build(phases: tuple[Phase, ...], **fields: Any) -> ExportRule:
            return ExportRule(frozenset(phases), **fields)

        living = one_of({phase.value: phase for phase in Phase if phase is not Phase.PURGED})
        phases = list_of(living, key=lambda phase: phase)
        return self.rule(
            build,
            {"phases": phases, "free_every": optional(duration)},
            {"extra": text, "available": duration},
        )

    def data(self) -> Mapping[str, Reader[Any]]:
        """How data is kept and who sees it, where the agreement says something of it."""
        needs = one_of({each.value: each for each in StaffNeeds})
        return {
            "backups": self.rule(
                BackupRule, {"every": optional(duration), "keep": positive}, {"restoring": text}
            ),
            "staff": self.rule(StaffRule, {"needs": needs}),
            "partners": self.rule(
                PartnerRule,
                {"powers": list_of(one_of({each.value: each for each in PartnerPower}), key=lambda one: one)},
            ),
            "misuse_reports": self.rule(MisuseRule, {"answer": duration}),
            "support_role": self.rule(SupportRule, {"at_most": duration}),
            "contact_notes": self.basis(),
            "no_transfer": self.basis(),
            "activity": self.basis(),
            "watch": self.basis(),
            "synchronization": self.rule(
                SyncRule, {"search": list_of(SHORT_NAME, key=lambda name: name, empty=True)}
            ),
            "consents": list_of(
                self.rule(ConsentRule, {"purpose": _PURPOSE, "arises": _ARISES}),
                key=lambda one: one.purpose,
                at="purpose",
            ),
            "cookies": self.rule(
                CookieRule,
                {
                    "cookies": list_of(_COOKIE, key=lambda one: one.name, at="name"),
                    "remembered": duration,
                },
            ),
            "transfers": self.rule(TransferRule),
            "leaks": self.rule(LeakRule, {"tell_within": duration}),
            "changes": self.rule(
                ChangeRule,
                {"binding": _BINDING, "notice": optional(duration)},
                {"refusal": self.basis()},
            ),
        }

    def running(self) -> Mapping[str, Reader[Any]]:
        """How the service is run, where the agreement says something of it."""
        late = one_of({each.value: each for each in LateMaintenance})
        cause = one_of({each.value: each for each in Excluded})
        return {
            "maintenance": self.rule(
                MaintenanceRule,
                {
                    "lead": duration,
                    "late": late,
                    "reminders": list_of(duration, key=lambda one: one, empty=True),
                },
            ),
            "uptime": self.rule(
                UptimeRule,
                {
                    "per_mille": checked(positive, _at_most_all),
                    "excluded": list_of(cause, key=lambda one: one, empty=True),
                    "credit": self.basis(),
                },
            ),
            "wind_down": self.rule(WindDownRule, {"lead": duration, "access": duration}),
            "news": self.basis(),
        }

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
                **{"tax": NOTHING_TAXED, **parts},
            )

        calendars: Mapping[str, Calendar] = {"jalali": JALALI}
        address = self.rule(Address, {"address": MAIL_ADDRESS})
        duty = record(Duty, {"duty": one_of({"enforce": "enforce", "record": "record"}), "what": text})
        warning = {"before": duration, "wait": duration, "channels": CHANNELS}
        services = self.rule(lambda basis, channels: (channels, basis), {"channels": CHANNELS})
        ends = {
            key: self.span() for key in ("after_trial", "after_term", "after_withdrawal", "after_finding")
        }
        language = one_of({language: language for language in LANGUAGES})
        return record(
            build,
            {
                "product": SHORT_NAME,
                "version": matching(VERSION, "letters, digits, dots and dashes"),
                "effective": self.effective(),
                "names": NAMES,
                "languages": list_of(language, key=lambda name: name),
                "calendar": one_of(calendars),
                "sender": address,
                "inbox": address,
                "document": self.rule(Document, {"url": WEB_ADDRESS}),
                "registration": self.registration(),
                "password": self.rule(
                    PasswordRule, {"min_length": positive, "advise_change_after": duration}
                ),
                "lifecycle": self.lifecycle(),
                "retention": record(
                    Retention,
                    {"after_closing": self.span()},
                    {**ends, "reopening": self.rule(Reopening, {"within": optional(duration)})},
                ),
                "deletion_warning": self.rule(DeletionWarning, warning),
                "service_notices": services,
                "payments": self.payments(),
                "plans": self.plans(),
                "refunds": self.refunds(),
                "export": self.export(),
                "clauses": mapping_of(duty),
            },
            {**self.others(), **self.data(), **self.running(), "support": self.support()},
        )


def read_agreement(tree: object, digest: str, vat: tuple[VatRate, ...]) -> Agreement:
    """The agreement that a file's plain YAML values describe, taxed at the law's rates.

    Raises Refused with every problem found. How the parts fit together is judged only once each of them is
    right.
    """
    clauses = tree.get("clauses") if isinstance(tree, dict) else None
    form = _Form(clauses.keys() if isinstance(clauses, dict) else None, vat)
    return checked(form.agreement(digest), misfits)(tree, "")
