"""Holidays and working days that operators declare: they move what is counted in working time."""

from __future__ import annotations

from datetime import date

from mohlat.application.ports import Agreements, Clock, DeclaredDays
from mohlat.application.serve_support import HelpDesk
from mohlat.domain.working_time import DayKind, DeclaredDay


class DaysDesk:
    """Keeps what is declared of a product's days."""

    def __init__(
        self, *, days: DeclaredDays, agreements: Agreements, support: HelpDesk, clock: Clock
    ) -> None:
        self._days = days
        self._agreements = agreements
        self._support = support
        self._clock = clock

    def of(self, product: str) -> list[DeclaredDay]:
        """What is declared of a product's days, by day. Raises NotFound for an unknown product."""
        self._agreements.load(product)
        return self._days.of(product)

    def declare(self, product: str, day: date, kind: DayKind, reason: str, by: str) -> int:
        """Declares a (Gregorian) day.

        Returns how many open requests have other deadlines now. To say it again is harmless and ends what was
        cut off: whatever wakes before it was reached reads the days again by itself. Raises NotFound.
        """
        self._agreements.load(product)
        self._days.put(DeclaredDay(product, day, kind, reason, by, self._clock.now()))
        return self._support.recount(product)
