"""A security log that watches what it notes: unusual use is found once in an hour, and rings (CLUB-4)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from mohlat.application.ports import RequestCounts, SecurityLine, SecurityLog
from mohlat.domain.tenant import iso
from mohlat.domain.unusual import UNUSUAL, WATCHED, hour_of

# The subject of the log's lines that tell of unusual use.
FINDINGS = "unusual_use"


class WatchedLog:
    """`SecurityLog` over another one. `ring` is told the kind of each finding."""

    def __init__(self, log: SecurityLog, counts: RequestCounts, ring: Callable[[str], None]) -> None:
        self._log = log
        self._counts = counts
        self._ring = ring

    def note(self, subject: str, kind: str, at: datetime, source_ip: str, **details: str | int) -> None:
        """Appends a line; the one with which the subject's hour becomes unusual leaves a finding too.

        Each addition says what the count is then, so exactly one of many workers meets the number. From
        where it came stands in the subject's own lines, which go with it.
        """
        self._log.note(subject, kind, at, source_ip, **details)
        found = WATCHED.get(kind)
        if found is None:
            return
        hour = hour_of(at)
        if self._counts.add(subject, hour, 1, found.value) == UNUSUAL[found]:
            self._log.note(FINDINGS, found.value, at, "", about=subject, hour=iso(hour), count=UNUSUAL[found])
            self._ring(found.value)

    def lines(self, subject: str, limit: int = 100) -> list[SecurityLine]:
        """The newest lines first."""
        return self._log.lines(subject, limit)
