"""Fresh ids and one-time codes."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from threading import Lock

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 26
_RANDOM_BITS = 80


class RandomIds:
    """Ids in the manner of ULIDs: 48 bits of milliseconds, then 80 random bits, in Crockford's base 32.

    Ids of one worker rise strictly; `milliseconds` is the time since 1970 in milliseconds.
    """

    def __init__(self, milliseconds: Callable[[], int] = lambda: time.time_ns() // 1_000_000) -> None:
        self._milliseconds = milliseconds
        self._last = 0
        self._lock = Lock()

    def new(self, prefix: str) -> str:
        """A fresh id that sorts by time: `<prefix>_<26 characters>`."""
        number = self._milliseconds() << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
        with self._lock:
            if number >> _RANDOM_BITS <= self._last >> _RANDOM_BITS:
                # The same millisecond, or a clock that was set back: a random step onwards instead.
                number = self._last + 1 + secrets.randbits(_RANDOM_BITS // 2)
            self._last = number
        digits = (_ALPHABET[number >> 5 * place & 31] for place in reversed(range(_LENGTH)))
        return f"{prefix}_{''.join(digits)}"

    def code(self) -> str:
        """A fresh six-digit code."""
        return f"{secrets.randbelow(1_000_000):06d}"
