"""Two who act at once on real threads: both have read before either writes, and who writes first is chosen.

No sleeps. A barrier stands before the first write of each, and whoever is to come second is let through once
the other's write is over, whatever became of it. After that both go on as they like.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from mohlat.domain.errors import MohlatError
from tests.application.world import World
from tests.crashes.effects import members, port_methods

# Far longer than anything here takes: it only ends a test that hangs.
_PATIENCE_SECONDS = 60.0


def one_call_at_a_time(world: World) -> None:
    """Makes each call of a port one step: what a database does by itself, and dictionaries do not."""
    lock = threading.RLock()

    def alone(acted: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(acted)
        def act(*args: object, **named: object) -> object:
            with lock:
                return acted(*args, **named)

        return act

    for owner in [each for each in members(world) if each is not world]:
        for method in port_methods(type(owner)):
            setattr(owner, method, alone(getattr(owner, method)))


@dataclass
class Meeting:
    """Stops everybody at their first write of `writes` ("tenants.commit") until all `number` have come there.

    `first` is the number (from 0) of who writes first; None lets them go all at once.
    """

    world: World
    writes: Sequence[str]
    first: int | None = 0
    number: int = 2
    met: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._barrier = threading.Barrier(self.number)
        self._written = threading.Event()
        for write in self.writes:
            store, method = write.split(".")
            owner = getattr(self.world, store)
            setattr(owner, method, self._stopped(getattr(owner, method)))

    def _stopped(self, acted: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(acted)
        def act(*args: object, **named: object) -> object:
            name = threading.current_thread().name
            if not name.isdigit() or name in self.met:
                return acted(*args, **named)
            self.met.add(name)
            self._barrier.wait(_PATIENCE_SECONDS)
            if self.first is None:
                return acted(*args, **named)
            if int(name) != self.first:
                assert self._written.wait(_PATIENCE_SECONDS)
                return acted(*args, **named)
            try:
                return acted(*args, **named)
            finally:
                self._written.set()

        return act

    def act(self, *acts: Callable[[], Any]) -> list[Any]:
        """What came of each: what it returned, or the error that it heard. Raises whatever is no answer."""
        answers: list[Any] = [None] * len(acts)
        broken: list[BaseException] = []

        def run(number: int, act: Callable[[], Any]) -> None:
            try:
                answers[number] = act()
            except MohlatError as refused:
                answers[number] = refused
            except BaseException as error:
                broken.append(error)
                self._barrier.abort()

        threads = [
            threading.Thread(target=run, args=(number, act), name=str(number))
            for number, act in enumerate(acts)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if broken:
            raise broken[0]
        assert len(self.met) == self.number, f"only {self.met} came to a write"
        return answers
