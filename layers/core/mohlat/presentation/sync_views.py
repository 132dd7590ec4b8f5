"""How synchronization looks in JSON."""

from __future__ import annotations

from mohlat.application.ports import Record
from mohlat.application.synchronize import Outcome
from mohlat.domain.synchronization import Copy, State
from mohlat.presentation import views
from mohlat.presentation.views import Json, at


def outcome(told: Outcome) -> Json:
    """What became of a change; `stamp` is that of the state that stands, to be named as `seen`."""
    return {
        "change_id": told.change_id,
        "record_id": told.record_id,
        "fate": told.fate.value,
        "stamp": told.stamp,
    }


def state(known: State, language: str) -> Json:
    """A record as it is now; `data` is null once it was deleted."""
    return {
        "record_id": known.record_id,
        "data": dict(known.data) if known.data is not None else None,
        "stamp": known.stamp,
        "version": known.version,
        **at("updated_at", known.updated_at, language),
    }


def copy(aside: Copy) -> Json:
    """What was put aside."""
    return {"stamp": aside.stamp, "data": dict(aside.data)}


def found(record: Record, language: str) -> Json:
    """A record that was searched for."""
    return views.record(record, language)
