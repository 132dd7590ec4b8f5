"""Rules: the records of a file that say why they are so, by a clause, the vendor's choice, or both."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from mohlat.agreements.reading import Reader, list_of, record, refuse, text
from mohlat.agreements.values import CHANNELS, duration
from mohlat.domain.agreement import Basis, Reminder, Span

T = TypeVar("T")


class Rules:
    """The readers of one file's rules, which may cite the file's own clauses only."""

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
        """A rule that holds nothing but its reasons."""
        return self.rule(lambda basis: basis)

    def span(self) -> Reader[Span]:
        """A length of time."""
        return self.rule(Span, {"length": duration})

    def reminders(self) -> Reader[tuple[Reminder, ...]]:
        """Reminders, each at its own time before an end; there may be none."""
        reminder = self.rule(Reminder, {"before": duration, "channels": CHANNELS})
        return list_of(reminder, key=lambda one: one.before, at="before", empty=True)
