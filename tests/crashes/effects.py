"""What a world does to things that outlive the process: found, counted, and cut off after any of it.

Nothing here names a store or a method. Whatever in a world implements one of the application's ports is
watched, and a call is a side effect if it changed anything that is stored or was handed to a provider.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import is_dataclass
from functools import cache, wraps
from typing import Any

import mohlat.application
from tests.fakes import Table

# Objects of these are looked into when ports are searched for.
_OURS = ("mohlat.application.", "tests.")


# A method that changed nothing as often as this is taken for one that reads, and is not looked at any more.
_CALLS_OF_A_READER = 200
_ALWAYS = 10**12


class Crash(BaseException):
    """The process dies here: what was written is written, nobody hears of it, and nothing can catch it."""


Methods = dict[str, frozenset[str]]


@cache
def ports() -> tuple[type, ...]:
    """Every protocol that the application names."""
    modules = pkgutil.iter_modules(mohlat.application.__path__, "mohlat.application.")
    found = {
        member
        for module in modules
        for _, member in inspect.getmembers(importlib.import_module(module.name), inspect.isclass)
        if getattr(member, "_is_protocol", False) and member.__module__ == module.name
    }
    return tuple(sorted(found, key=lambda port: port.__name__))


def only_writing(port: type) -> list[str]:
    """The methods of a port that answer nothing, which are there for what they change."""
    public = inspect.getmembers(port, inspect.isfunction)
    return [name for name, method in public if inspect.signature(method).return_annotation == "None"]


@cache
def _methods(kind: type) -> Methods:
    """Public methods with their parameters."""
    public = [each for each in inspect.getmembers(kind, inspect.isfunction) if not each[0].startswith("_")]
    return {name: frozenset(inspect.signature(method).parameters) for name, method in public}


@cache
def port_methods(kind: type) -> dict[str, str]:
    """The methods by which a fake implements ports, each with the port's name; none for any other class."""
    found: dict[str, str] = {}
    if not kind.__module__.startswith("tests."):
        return found
    mine = _methods(kind)
    for port in ports():
        methods = _methods(port)
        if methods and all(wanted <= mine.get(method, frozenset()) for method, wanted in methods.items()):
            found |= dict.fromkeys(methods, port.__name__)
    return found


def members(root: object) -> Iterator[object]:
    """Every object of ours that hangs together from `root`, once."""
    seen: set[int] = set()
    waiting: list[object] = [root]
    while waiting:
        found = waiting.pop()
        if id(found) in seen or not type(found).__module__.startswith(_OURS) or isinstance(found, Table):
            continue
        seen.add(id(found))
        yield found
        for value in _held(found):
            if isinstance(value, dict):
                waiting += value.values()
            elif isinstance(value, list | tuple):
                waiting += value
            else:
                waiting.append(value)


def _held(found: object) -> Iterable[Any]:
    if hasattr(found, "__dict__"):
        return list(vars(found).values())
    return [getattr(found, name) for kind in type(found).__mro__ for name in getattr(kind, "__slots__", ())]


_in_vain: Counter[tuple[type, str]] = Counter()


class Effects:
    """Watches every port of a world from now on. `done` names the effects in order, by port and method.

    `actor` tells who acts, and `actors` keeps that for each effect. `die_at` are the numbers of those effects
    (from 1) after which the process dies; `died` those after which it did.
    """

    def __init__(
        self, world: object, table: Table, actor: Callable[[], str], die_at: Iterable[int] = ()
    ) -> None:
        self.done: list[str] = []
        self.actors: list[str] = []
        self.died: list[int] = []
        self.die_at = set(die_at)
        self._table = table
        self._actor = actor
        self._inside = False
        self._over = False
        for owner in [each for each in members(world) if each is not world]:
            for method, port in port_methods(type(owner)).items():
                acted = getattr(owner, method)
                setattr(owner, method, self._watched(acted, owner, f"{port}.{method}"))

    def _watched(self, acted: Callable[..., Any], owner: object, label: str) -> Callable[..., Any]:
        method = (type(owner), acted.__name__)

        @wraps(acted)
        def act(*args: Any, **named: Any) -> Any:
            # A fake that uses its own method: one call of a port is one effect.
            if self._inside or self._over or _in_vain[method] >= _CALLS_OF_A_READER:
                return acted(*args, **named)
            before = stored(self._table), stored(owner)
            self._inside = True
            try:
                return acted(*args, **named)
            finally:
                self._inside = False
                if before != (stored(self._table), stored(owner)):
                    _in_vain[method] = -_ALWAYS
                    self._note(label)
                _in_vain[method] += 1

        return act

    def _note(self, label: str) -> None:
        self.done.append(label)
        self.actors.append(self._actor())
        if len(self.done) in self.die_at:
            self.died.append(len(self.done))
            # Whoever will not die any more needs no watching.
            self._over = len(self.died) == len(self.die_at)
            raise Crash


def stored(owner: object) -> list[object]:
    """What an object keeps, to be compared with what it keeps later. What is kept is frozen, or is copied."""
    # Nearly everything is empty nearly always: that is what makes this quick enough.
    return [_copied(value) if value else None for value in vars(owner).values() if not callable(value)]


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        first = next(iter(value.values()))
        if isinstance(first, list) or _thaws(type(first)):
            return {key: _copied(each) for key, each in value.items()}
        return value.copy()
    if isinstance(value, set | list):
        return value.copy()
    return stored(value) if _thaws(type(value)) else value


@cache
def _thaws(kind: type) -> bool:
    """Whether it is a dataclass whose fields may change."""
    return is_dataclass(kind) and kind is not Table and not kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
