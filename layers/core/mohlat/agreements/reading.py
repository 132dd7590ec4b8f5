"""Readers: small functions that turn one piece of a YAML file into a value, or say what is wrong where.

A reader takes a plain value and its dotted path, and returns what it means or raises Refused. Readers are
put together from smaller ones; a record goes on after the first problem, so that one run shows them all.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, NamedTuple, TypeVar
from unicodedata import category

T = TypeVar("T")
Reader = Callable[[object, str], T]


# More rials than there are, and still exact in every program that reads our JSON.
_LARGEST_NUMBER = 10**15


class Problem(NamedTuple):
    """What is wrong at a dotted path, such as `lifecycle.trial.length`."""

    path: str
    reason: str


class Refused(Exception):
    """A piece cannot be read; `problems` says why, the first one first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        super().__init__()
        self.problems = tuple(problems)


def refuse(path: str, reason: str) -> Refused:
    """One problem, ready to be raised."""
    return Refused([Problem(path, reason)])


def join(path: str, key: str) -> str:
    """The path of a key inside `path`."""
    return f"{path}.{key}" if path else key


def one_of(options: Mapping[str, T]) -> Reader[T]:
    """Reads one of the given words."""

    def read(value: object, path: str) -> T:
        if not isinstance(value, str) or value not in options:
            raise refuse(path, f"must be one of {', '.join(options)}, not {value!r}")
        return options[value]

    return read


def text(value: object, path: str) -> str:
    """Reads a text that says something."""
    if not isinstance(value, str):
        raise refuse(path, f"must be text (in quotes, if it looks like a number), not {value!r}")
    if not value.strip():
        raise refuse(path, "must not be empty")
    if any(_deceives(char) for char in value):
        raise refuse(path, "holds control characters")
    return value


def _deceives(char: str) -> bool:
    """Whether a character is none to read, or turns the direction of what follows it."""
    kind = category(char)
    # Persian needs its zero-width (non-)joiner; folded YAML ends in a line break.
    return char not in "\n\u200c\u200d" and kind in ("Cc", "Cf", "Cs", "Co", "Cn")


def positive(value: object, path: str) -> int:
    """Reads a whole number above zero."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise refuse(path, f"must be a whole number above 0, not {value!r}")
    if value > _LARGEST_NUMBER:
        raise refuse(path, f"must be a whole number of at most {_LARGEST_NUMBER}")
    return value


def percent(value: object, path: str) -> int:
    """Reads a whole number of percent: a part, neither nothing nor everything."""
    share = positive(value, path)
    if share > 99:
        raise refuse(path, f"must be a whole number of percent below 100, not {value!r}")
    return share


def yes_or_no(value: object, path: str) -> bool:
    """Reads true or false."""
    if not isinstance(value, bool):
        raise refuse(path, f"must be true or false, not {value!r}")
    return value


def optional(reader: Reader[T]) -> Reader[T | None]:
    """Reads `null` as None and everything else by `reader`."""

    def read(value: object, path: str) -> T | None:
        return None if value is None else reader(value, path)

    return read


def checked(reader: Reader[T], check: Callable[[T, str], Iterable[Problem]]) -> Reader[T]:
    """Reads by `reader`, then refuses what `check` finds in the value at its path."""

    def read(value: object, path: str) -> T:
        result = reader(value, path)
        if found := list(check(result, path)):
            raise Refused(found)
        return result

    return read


def list_of(
    reader: Reader[T], *, key: Callable[[T], Hashable], at: str = "", empty: bool = False
) -> Reader[tuple[T, ...]]:
    """Reads a list in which no two entries have the same `key`; `at` names the key that repeats it."""

    def read(value: object, path: str) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise refuse(path, f"must be a list, not {value!r}")
        if not value and not empty:
            raise refuse(path, "must not be an empty list")
        found: list[Problem] = []
        results: list[T] = []
        seen: set[Hashable] = set()
        for index, entry in enumerate(value):
            place = f"{path}[{index}]"
            try:
                result = reader(entry, place)
            except Refused as refused:
                found += refused.problems
                continue
            if key(result) in seen:
                found.append(Problem(join(place, at) if at else place, "is there twice"))
            seen.add(key(result))
            results.append(result)
        if found:
            raise Refused(found)
        return tuple(results)

    return read


def _fields(value: object, path: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise refuse(path or "the whole file", f"must be a mapping of keys to values, not {value!r}")
    return value


def mapping_of(reader: Reader[T], *, empty: bool = False) -> Reader[dict[str, T]]:
    """Reads a mapping with keys of the file's own choosing."""

    def read(value: object, path: str) -> dict[str, T]:
        found: list[Problem] = []
        results: dict[str, T] = {}
        fields = _fields(value, path)
        if not fields and not empty:
            raise refuse(path, "must not be empty")
        for key, entry in fields.items():
            try:
                results[key] = reader(entry, join(path, key))
            except Refused as refused:
                found += refused.problems
        if found:
            raise Refused(found)
        return results

    return read


def record(
    build: Callable[..., T],
    required: Mapping[str, Reader[Any]],
    may: Mapping[str, Reader[Any]] | None = None,
    one_needed: tuple[str, str] | None = None,
) -> Reader[T]:
    """Reads a mapping with exactly these keys and calls `build` with what they hold, by name.

    `may` holds the keys that can be left out; of the two in `one_needed` at least one must be there.
    """
    readers = {**required, **(may or {})}

    def read(value: object, path: str) -> T:
        fields = _fields(value, path)
        # A misspelt key is both unknown and missing: the unknown one is the clearer news.
        found = [
            Problem(join(path, key), f"unknown key; known here: {', '.join(readers)}")
            for key in fields
            if key not in readers
        ]
        found += [Problem(join(path, key), "missing") for key in required if key not in fields]
        if one_needed and not fields.keys() & set(one_needed):
            found.append(Problem(path, f"needs `{one_needed[0]}` or `{one_needed[1]}`"))
        values: dict[str, Any] = {}
        for key, reader in readers.items():
            if key in fields:
                try:
                    values[key] = reader(fields[key], join(path, key))
                except Refused as refused:
                    found += refused.problems
        if found:
            raise Refused(found)
        return build(**values)

    return read
