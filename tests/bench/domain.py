"""How fast the domain decides: lives without a store, each step decided, recorded and, at last, replayed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mohlat.agreements import loader
from mohlat.domain.agreement import Agreement, Phase
from mohlat.domain.journal import Entry, record, replay
from mohlat.domain.lifecycle import Transition, carry_out, close, next_deadline, register
from mohlat.domain.tenant import Closing, Tenant

TARGET = 1_000
_LIVES = 300
_START = datetime(2026, 11, 22, 10, 35, tzinfo=UTC)


@dataclass(frozen=True)
class Pace:
    """Steps a second of processor time: decided only, decided and recorded, replayed from the journal."""

    product: str
    steps: int
    decided: float
    recorded: float
    replayed: float


def measure() -> list[Pace]:
    """One life of each product, nobody paying; who has no deadline leaves after a while."""
    return [_measure(product) for product in loader.products()]


def _measure(product: str) -> Pace:
    agreement = loader.load(product)
    journal: list[Entry] = []

    def kept(step: Transition) -> Tenant:
        tenant, entry = record(step)
        journal.append(entry)
        return tenant

    _live(agreement, kept)
    steps = len(journal)
    assert replay(journal).phase is Phase.PURGED

    def pace(act: Callable[[], object]) -> float:
        begun = time.process_time()
        for _ in range(_LIVES):
            act()
        return _LIVES * steps / (time.process_time() - begun)

    return Pace(
        product,
        steps,
        pace(lambda: _live(agreement, lambda step: step.after)),
        pace(lambda: _live(agreement, lambda step: record(step)[0])),
        pace(lambda: replay(journal)),
    )


def _live(agreement: Agreement, then: Callable[[Transition], Tenant]) -> None:
    """From registering to the purge, each step going on from what `then` makes of the one before."""
    tenant = then(register(agreement, "t", _START, plan=None, trial_used=False, by="bench"))
    if next_deadline(tenant, agreement) is None:
        left_at = _START + timedelta(days=90)
        tenant = then(close(tenant, agreement, Closing.TERMINATION, left_at, by="bench"))
    while deadline := next_deadline(tenant, agreement):
        tenant = then(carry_out(tenant, agreement, deadline, deadline.at, by="bench"))


def report(measured: list[Pace]) -> str:
    """The table."""
    head = "steps a second and core steps  decided  recorded  replayed"
    lines = [f"  {head}   at least {TARGET:,} (! is less)"]
    for each in measured:
        figures = (each.decided, each.recorded, each.replayed)
        row = " ".join(f"{figure:8,.0f}{'!' if figure < TARGET else ' '}" for figure in figures)
        lines.append(f"  {each.product:23} {each.steps:5} {row}")
    return "\n".join(lines)
