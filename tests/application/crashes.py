"""Crashing after each side effect of a piece of work, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from tests.application.world import World

Subject = TypeVar("Subject")

# Every write that a data job makes.
_WRITES = (
    ("jobs", ("save", "drop")),
    ("objects", ("put", "delete")),
    ("tenants", ("commit",)),
    ("records", ("put", "delete", "keep_copy", "apply")),
)


class Crash(Exception):
    """The process dies here: what was written is written, and nobody hears of it."""


@dataclass
class Run(Generic[Subject]):
    """A world in which the process dies once, after its n-th write."""

    world: World
    subject: Subject


def crash_after_each(begin: Callable[[], tuple[World, Subject]]) -> Iterator[Run[Subject]]:
    """Worlds that crash after their first write, their second, and so on, until one gets through."""
    at = 0
    while True:
        at += 1
        world, subject = begin()
        died = _watch(world, at)
        yield Run(world, subject)
        if not died():
            return


def _watch(world: World, at: int) -> Callable[[], bool]:
    done = 0

    def after(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: object, **named: object) -> object:
            nonlocal done
            result = method(*args, **named)
            done += 1
            if done == at:
                raise Crash
            return result

        return call

    for store, names in _WRITES:
        owner = getattr(world, store)
        for name in names:
            setattr(owner, name, after(getattr(owner, name)))
    return lambda: done >= at
