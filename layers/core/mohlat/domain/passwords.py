"""What a password must not be (KALO-4, SAMAN-3.5)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from mohlat.domain.agreement import PasswordRule
from mohlat.domain.errors import InvalidInput

_LONGEST = 128
# Roots that lists of leaked passwords are made of; a password that is one of them with decoration (digits,
# punctuation, letters swapped for look-alikes) is as guessable as the root.
_COMMON = frozenset(
    """123456 1234567890 0123456789 password passw0rd qwerty qwertyuiop asdfghjkl zxcvbnm letmein welcome
    admin administrator iloveyou monkey dragon football baseball master superman batman trustno1 sunshine
    princess starwars whatever freedom secret login abc123 access shadow michael jennifer computer internet
    samsung google iran tehran esfahan shiraz mashhad tabriz parsa parsian persian salam salamsalam
    mohammad mohammadreza alireza hossein hosein fateme fatemeh zahra maryam mahdi mehdi khoda
    esteghlal perspolis persepolis changeme default guest test testing user""".split()
)
_LOOKALIKES = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"})


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


def _is_run(password: str) -> bool:
    codes = [ord(char) for char in password]
    steps = {after - before for before, after in zip(codes, codes[1:], strict=False)}
    return len(set(password)) < 4 or steps in ({1}, {-1})


def check_password(password: str, rule: PasswordRule, personal: Iterable[str]) -> None:
    """Refuses a guessable password.

    `personal` holds what the person's own data would make of it: name, e-mail, mobile, account name.
    Raises InvalidInput on `password`, never repeating it.
    """
    folded = unicodedata.normalize("NFKC", password)
    if len(folded) < rule.min_length:
        raise InvalidInput("password", "too short", min_length=rule.min_length)
    if len(folded) > _LONGEST:
        raise InvalidInput("password", "too long", max_length=_LONGEST)
    if any(unicodedata.category(char) == "Cc" for char in folded):
        raise InvalidInput("password", "holds control characters")
    if _is_common(folded) or _is_run(folded):
        raise InvalidInput("password", "too common")
    lowered = folded.casefold()
    for text in personal:
        for part in [text, *text.replace("@", " ").replace(".", " ").split()]:
            if len(part) >= 4 and part.casefold() in lowered:
                raise InvalidInput("password", "holds your own name or contact")
