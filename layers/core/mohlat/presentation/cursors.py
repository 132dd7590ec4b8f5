"""Where a list goes on, as opaque text: clients keep it, they do not read it."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping

from mohlat.domain.errors import InvalidInput
from mohlat.presentation.fields import whole_number

_PAGE = 50


def write_cursor(place: str | int | None) -> str | None:
    """The cursor of a place in a list; None where the list ends."""
    return None if place is None else base64.urlsafe_b64encode(str(place).encode()).decode().rstrip("=")


def read_cursor(query: Mapping[str, str], form: str) -> str | None:
    """The place that the query's cursor names, or None from the beginning. `form` is a pattern of the place.

    Raises InvalidInput for what is no cursor of such a list.
    """
    cursor = query.get("cursor")
    if cursor is None:
        return None
    try:
        place = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise InvalidInput("cursor", "not a cursor of ours") from None
    if not re.fullmatch(form, place):
        raise InvalidInput("cursor", "not a cursor of ours")
    return place


def read_limit(query: Mapping[str, str], largest: int = 100) -> int:
    """How many entries a page is to hold: 50 unless the query says otherwise. Raises InvalidInput."""
    limit = query.get("limit")
    return _PAGE if limit is None else whole_number(limit, "limit", 1, largest)
