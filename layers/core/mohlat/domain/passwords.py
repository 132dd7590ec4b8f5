"""What a password must not be (KALO-4, SAMAN-3.5)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import pairwise

from mohlat.domain.agreement import PasswordRule
from mohlat.domain.errors import InvalidInput
from mohlat.domain.iranian import fold_digits

_LONGEST = 128
# Roots that lists of leaked passwords are made of; a password that is one of them with decoration (digits,
# punctuation, letters swapped for look-alikes) is as guessable as the root.
_COMMON = frozenset(
    """123456 1234567890 0123456789 0987654321 1q2w3e4r5t 1qaz2wsx3edc password passw0rd qwerty qwertyuiop
    asdfghjkl zxcvbnm letmein welcome admin administrator iloveyou monkey dragon football baseball
    master superman batman trustno1 sunshine princess starwars whatever freedom secret login abc123
    access shadow michael jennifer computer internet samsung google iran tehran esfahan shiraz mashhad
    tabriz parsa parsian persian salam salamsalam mohammad mohammadreza alireza hossein hosein fateme
    fatemeh zahra maryam mahdi mehdi khoda esteghlal perspolis persepolis changeme default guest test
    testing user""".split()
)
_LOOKALIKES = str.maketrans(
    {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"}
)


def _root(password: str) -> str:
    return password.casefold().translate(_LOOKALIKES)


def _is_common(password: str) -> bool:
    letters = "".join(char for char in password.casefold() if char.isalpha())
    candidates = {
        password.casefold(),
        letters,
        _root(password),
        "".join(char for char in _root(password) if char.isalpha()),
        _root(password.rstrip("0123456789!@#$%^&*?._- ")),
    }
    return bool(candidates & _COMMON) or any(
        candidate and candidate == common * (len(candidate) // len(common))
        for candidate in candidates
        for common in _COMMON
    )


def _folded(text: str) -> str:
    """One form for what looks the same: ۱۲۳ is as guessable as 123."""
    return fold_digits(unicodedata.normalize("NFKC", text))


def _parts(personal: str) -> Iterator[str]:
    """What of a name or contact must not be found in a password: the whole and its words.

    A mobile number without its prefix, because +98912…, 0098912… and 0912… are the same number.
    """
    text = _folded(personal).casefold()
    yield text
    yield from re.split(r"[\W_]+", text)
    digits = re.sub(r"\D", "", text)
    if len(digits) >= 10 and not re.search(r"[^\W\d]", text):
        yield digits[-10:]


def _is_run(password: str) -> bool:
    codes = [ord(char) for char in password]
    steps = {after - before for before, after in pairwise(codes)}
    return len(set(password)) < 4 or steps in ({1}, {-1})


def check_password(password: str, rule: PasswordRule, personal: Iterable[str]) -> None:
    """Refuses a guessable password.

    `personal` holds what the person's own data would make of it: name, e-mail, mobile, account name.
    Raises InvalidInput on `password`, never repeating it.
    """
    folded = _folded(password)
    # Both, because the user pool counts what was typed, and some characters fold into many.
    if min(len(folded), len(password)) < rule.min_length:
        raise InvalidInput("password", "too short", min_length=rule.min_length)
    if len(folded) > _LONGEST:
        raise InvalidInput("password", "too long", max_length=_LONGEST)
    if any(unicodedata.category(char) == "Cc" for char in folded):
        raise InvalidInput("password", "holds control characters")
    if _is_common(folded) or _is_run(folded):
        raise InvalidInput("password", "too common")
    lowered = folded.casefold()
    if any(len(part) >= 4 and part in lowered for text in personal for part in _parts(text)):
        raise InvalidInput("password", "holds your own name or contact")
