"""What people in Iran write about themselves, checked and brought to one form; and money as they read it.

Digits may arrive as Persian, Arabic or Latin ones, and numbers with the spaces, dashes and invisible marks
that keyboards and copying leave in them. Everything here returns the one form that is stored.
"""

from __future__ import annotations

import re

from mohlat.domain.errors import InvalidInput

_LATIN = "0123456789"
_PERSIAN = "۰۱۲۳۴۵۶۷۸۹"
_ARABIC = "٠١٢٣٤٥٦٧٨٩"
_FOLD = str.maketrans(_PERSIAN + _ARABIC, _LATIN + _LATIN)
_UNFOLD = str.maketrans(_LATIN, _PERSIAN)
_UNFOLD_MONEY = str.maketrans(_LATIN + ",.", _PERSIAN + "٬٫")

# White space, hyphens, dashes, brackets, the (non-)joiners, and the marks that steer text direction.
_NOISE = re.compile(r"[\s()\-\u2010-\u2015\u2212\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")

_MOBILE = re.compile(r"(?:\+98|0098|98|0)?(9[0-9]{9})")
_LEGAL_WEIGHTS = (29, 27, 23, 19, 17)


def fold_digits(text: str) -> str:
    """`text` with Persian and Arabic digits as Latin ones; everything else is kept."""
    return text.translate(_FOLD)


def persian_digits(text: str) -> str:
    """`text` with Latin digits as Persian ones; everything else is kept."""
    return text.translate(_UNFOLD)


def normalize_mobile(text: str, field: str = "mobile") -> str:
    """An Iranian mobile number in E.164 (`+989…`), from any of the ways people write it.

    Raises InvalidInput naming `field` when it is not an Iranian mobile number.
    """
    match = _MOBILE.fullmatch(_bare(text))
    if not match:
        raise InvalidInput(field, "not an Iranian mobile number")
    return f"+98{match[1]}"


def local_mobile(e164: str) -> str:
    """The form Iranian providers take (`09…`), of a number as `normalize_mobile` returns it.

    Raises InvalidInput for any other number: nothing in Iran can call it.
    """
    return "0" + normalize_mobile(e164)[3:]


def normalize_national_id(text: str, field: str = "national_id") -> str:
    """A natural person's national id: ten digits, the leading zeros restored.

    Raises InvalidInput naming `field` when the length or the check digit is wrong.
    """
    digits = _bare(text)
    if not re.fullmatch(r"[0-9]{8,10}", digits):
        raise InvalidInput(field, "not eight to ten digits")
    digits = digits.zfill(10)
    remainder = sum(int(digit) * (10 - place) for place, digit in enumerate(digits[:9])) % 11
    expected = remainder if remainder < 2 else 11 - remainder
    # Ten equal digits pass the sum, and no id was ever given out with six zeros in the middle.
    if len(set(digits)) == 1 or digits[3:9] == "000000" or int(digits[9]) != expected:
        raise InvalidInput(field, "not a national id")
    return digits


def normalize_legal_id(text: str, field: str = "legal_id") -> str:
    """A company's national id (shenase melli): eleven digits.

    Raises InvalidInput naming `field` when the length or the check digit is wrong.
    """
    digits = _bare(text)
    if not re.fullmatch(r"[0-9]{11}", digits):
        raise InvalidInput(field, "not eleven digits")
    shift = int(digits[9]) + 2
    total = sum((shift + int(digit)) * _LEGAL_WEIGHTS[place % 5] for place, digit in enumerate(digits[:10]))
    if digits[3:9] == "000000" or int(digits[10]) != total % 11 % 10:
        raise InvalidInput(field, "not a legal id")
    return digits


def normalize_sheba(text: str, field: str = "sheba") -> str:
    """An Iranian IBAN: `IR` and 24 digits.

    Raises InvalidInput naming `field` when the shape or the check digits (ISO 13616, mod 97) are wrong.
    """
    sheba = _bare(text).upper()
    if not re.fullmatch(r"IR[0-9]{24}", sheba):
        raise InvalidInput(field, "not IR and 24 digits")
    # The country and check digits move to the end, letters count from A = 10: I is 18, R is 27.
    if int(sheba[4:] + "1827" + sheba[2:4]) % 97 != 1:
        raise InvalidInput(field, "not a Sheba number")
    return sheba


def tomans(rials: int, language: str = "fa") -> str:
    """An amount of `rials` as people read it, in tomans: «۱٬۲۳۴٬۵۰۰ تومان», or "1,234,500 tomans" (CLUB-6).

    Ten rials are a toman. A rest of rials is shown as a decimal, never rounded away. Any `language` but `fa`
    is answered in English.
    """
    whole, rest = divmod(abs(rials), 10)
    number = f"{'-' if rials < 0 else ''}{whole:,}" + (f".{rest}" if rest else "")
    if language == "fa":
        return f"{number.translate(_UNFOLD_MONEY)} تومان"
    return f"{number} toman" if number == "1" else f"{number} tomans"


def _bare(text: str) -> str:
    return _NOISE.sub("", fold_digits(text))
