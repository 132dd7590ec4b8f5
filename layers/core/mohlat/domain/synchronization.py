"""How changes that were made offline come together (CLUB-3): the same end everywhere, whatever their order.

Of two changes of one record the later one stands: by when it was made, then by device and change id, so that
everybody decides alike. What somebody had not seen when its change took the place of it is kept as a copy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from mohlat.domain.errors import InvalidInput
from mohlat.domain.iranian import fold_digits, normalize_mobile
from mohlat.domain.tenant import iso

# So many change ids a record remembers, to tell a repetition from a change that came late.
_REMEMBERED = 8


class Fate(StrEnum):
    """What became of a change.

    applied     it is the record's state
    repeated    it was applied before
    superseded  a later change had been applied; what this one says is kept as a copy
    held        a legal hold forbids the deletion
    too_large   its data is larger than a record may be
    """

    APPLIED = "applied"
    REPEATED = "repeated"
    SUPERSEDED = "superseded"
    HELD = "held"
    TOO_LARGE = "too_large"


@dataclass(frozen=True, slots=True)
class Change:
    """One change made on a device. `id` is unique on it; `data` is None for a deletion; `seen` is the stamp
    of the state that it was made on, empty for none.
    """

    device: str
    id: str
    record_id: str
    edited_at: datetime
    data: Mapping[str, object] | None
    seen: str = ""

    @property
    def key(self) -> str:
        """Names it among all devices' changes."""
        return f"{self.device}:{self.id}"


def stamp_of(change: Change, now: datetime) -> str:
    """Where a change stands in the order of all. A clock that is ahead wins no future."""
    return f"{iso(min(change.edited_at, now))}/{change.device}/{change.id}"


@dataclass(frozen=True, slots=True)
class State:
    """A record as the server has it: `data` is None once it was deleted. `recent` are the keys of its last
    changes, `seq` is its place in the feed, `finders` are what the store finds it by.
    """

    record_id: str
    data: Mapping[str, object] | None
    stamp: str
    version: int
    updated_at: datetime
    recent: tuple[str, ...] = ()
    seq: int = 0
    finders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Copy:
    """What was put aside: the content that stood, or would have stood, at `stamp`."""

    record_id: str
    stamp: str
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Decision:
    """What a change does: its fate, the state after it, and what has to be put aside."""

    fate: Fate
    state: State | None
    copy: Copy | None = None


def decide(state: State | None, change: Change, now: datetime) -> Decision:
    """What becomes of a change, given the record's state (None: there never was one)."""
    if state and change.key in state.recent:
        return Decision(Fate.REPEATED, state)
    stamp = stamp_of(change, now)
    if state and stamp <= state.stamp:
        return Decision(Fate.SUPERSEDED, state, _aside(change.record_id, stamp, change.data, state.data))
    recent = (*(state.recent if state else ()), change.key)[-_REMEMBERED:]
    known = state or State(change.record_id, None, "", 0, now)
    after = replace(
        known, data=change.data, stamp=stamp, version=known.version + 1, updated_at=now, recent=recent
    )
    unseen = state is not None and change.seen != state.stamp
    copy = _aside(state.record_id, state.stamp, state.data, change.data) if state and unseen else None
    return Decision(Fate.APPLIED, after, copy)


def search_key(value: object) -> str:
    """What a value is found by: digits of any script, spaces and case aside; a mobile number in any form."""
    if not isinstance(value, str | int) or isinstance(value, bool):
        return ""
    text = " ".join(fold_digits(str(value)).split()).casefold()
    try:
        return normalize_mobile(text)
    except InvalidInput:
        return text


def _aside(
    record_id: str,
    stamp: str,
    data: Mapping[str, object] | None,
    stands: Mapping[str, object] | None,
) -> Copy | None:
    """A copy of what would be lost; nothing is where a deletion or the very same would be."""
    return Copy(record_id, stamp, data) if data is not None and data != stands else None
