"""Card numbers in what people write: they are found, so that none of them ever rests here (KALAK-card)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mohlat.domain.iranian import fold_digits

# What people and keyboards put between the parts of a number, invisible marks included.
_GAP = r"[\s\-_./,\u060c\u066b\u066c\u2010-\u2015\u2212\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]{1,3}"
# A Sheba holds such digits too and is none; it is found first, so that nothing inside it is looked at.
_SHEBA = rf"IR(?:{_GAP})?[0-9]{{2}}(?:(?:{_GAP})?[0-9]){{22}}"
# In one run, in two halves, or in fours: a telephone number with a year behind it is none.
_CARD = rf"[0-9]{{16}}|[0-9]{{8}}{_GAP}[0-9]{{8}}|[0-9]{{4}}(?:{_GAP}[0-9]{{4}}){{3}}"
_NUMBER = re.compile(rf"{_SHEBA}|(?<![0-9])(?P<card>{_CARD})(?![0-9])", re.IGNORECASE)


def holds_card(text: str) -> bool:
    """Whether a sixteen-digit card number stands in `text`, in any script's digits.

    Its check digit is not asked for: a number with a slip of the pen is nearly one.
    """
    return any(_cards(text))


def mask_cards(text: str) -> str:
    """`text` with each card number masked as gateways do it: 6037-99**-****-1234."""
    kept, end = [], 0
    for found in _cards(text):
        digits = re.sub(r"[^0-9]", "", found["card"])
        kept += [text[end : found.start()], f"{digits[:4]}-{digits[4:6]}**-****-{digits[12:]}"]
        end = found.end()
    return "".join(kept) + text[end:]


def _cards(text: str) -> Iterator[re.Match[str]]:
    # Folding keeps every place: what is found in the folded text stands there in the original too.
    return (found for found in _NUMBER.finditer(fold_digits(text)) if found["card"])
