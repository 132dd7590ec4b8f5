"""How customers are served: the part of the form that is about support."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mohlat.agreements.reading import Problem, Reader, checked, list_of, one_of, optional, record, text
from mohlat.agreements.rules import Rules
from mohlat.agreements.values import MAIL_ADDRESS, SHORT_NAME, duration, time_of_day
from mohlat.domain.agreement import (
    BilledTime,
    HelpRule,
    NotCovered,
    Severity,
    Step,
    StepLimit,
    SupportHours,
    SupportLevel,
    SupportMail,
)
from mohlat.domain.durations import Duration


def _working(length: Duration, path: str) -> Iterator[Problem]:
    if length.months:
        yield Problem(path, "is working time: days and hours only")


def _opens_before_it_closes(hours: SupportHours, path: str) -> Iterator[Problem]:
    if hours.closes <= hours.opens:
        yield Problem(f"{path}.closes", "must be later than `opens`")


_LENGTH = checked(duration, _working)


class Serving(Rules):
    """The readers of what one file says about support."""

    def support(self) -> Reader[HelpRule]:
        """What support does, until when, and for whom."""
        hours = {"opens": time_of_day, "closes": time_of_day}
        return self.rule(
            HelpRule,
            {
                "hours": checked(self.rule(SupportHours, hours), _opens_before_it_closes),
                "warn_before": _LENGTH,
                "levels": self._levels(),
            },
            {
                "manager_only": self.basis(),
                "mail": self.rule(SupportMail, {"address": MAIL_ADDRESS}),
                "not_covered": self._not_covered(),
                "not_a_bug": self.rule(BilledTime, {"extra": text}),
                "outside_hours": self.rule(BilledTime, {"extra": text}),
            },
        )

    def _levels(self) -> Reader[tuple[SupportLevel, ...]]:
        limit: Reader[StepLimit] = record(
            StepLimit,
            {"step": one_of({step.value: step for step in Step}), "within": optional(_LENGTH)},
        )
        level: dict[str, Reader[Any]] = {
            "severity": one_of({severity.value: severity for severity in Severity}),
            "steps": list_of(limit, key=lambda one: one.step, at="step"),
        }
        return list_of(self.rule(SupportLevel, level), key=lambda one: one.severity, at="severity")

    def _not_covered(self) -> Reader[tuple[NotCovered, ...]]:
        topic = self.rule(_not_covered, {"topic": SHORT_NAME}, {"extra": text})
        return list_of(topic, key=lambda one: one.topic, at="topic")


def _not_covered(extra: str | None = None, **fields: Any) -> NotCovered:
    return NotCovered(extra=extra, **fields)
