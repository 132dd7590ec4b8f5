"""How a batch of changes is read: strictly, and each mistake by its place in the batch."""

from __future__ import annotations

from collections.abc import Callable

from mohlat.domain.errors import InvalidInput
from mohlat.domain.synchronization import Change
from mohlat.presentation.fields import (
    instant,
    json_object,
    optional,
    read_object,
    record_name,
    slug,
    text,
)

# Thousands of small changes; a function takes 6 MB, in which each quotation mark counts twice.
LARGEST_BATCH = 2 * 1024 * 1024
_MOST = 5000


def changes(value: object, field: str) -> list[Callable[[str], Change]]:
    """The changes of a batch, to be completed with the device that brings them. Raises InvalidInput."""
    if not isinstance(value, list):
        raise InvalidInput(field, "must be a list of changes")
    if not 1 <= len(value) <= _MOST:
        raise InvalidInput(field, "too many or none", at_most=_MOST)
    return [_change(each, f"{field}.{number}") for number, each in enumerate(value)]


def _change(value: object, path: str) -> Callable[[str], Change]:
    found = read_object(
        value,
        path,
        {
            "id": slug,
            "record_id": record_name,
            "edited_at": instant,
            "seen": optional(text(200), ""),
            "data": optional(json_object),
        },
    )
    return lambda device: Change(device=device, **found)
