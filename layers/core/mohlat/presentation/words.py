"""Whole numbers in words, as invoices state their total: in Persian (fa) or English (en)."""

from __future__ import annotations

from collections.abc import Callable

# What stands in front of a thousand, a million and so on; beyond the last the number is written in figures.
_SCALES_FA = ("", " هزار", " میلیون", " میلیارد", " تریلیون")
_SCALES_EN = ("", " thousand", " million", " billion", " trillion")
_LIMIT = 1000 ** len(_SCALES_FA)

_ONES_FA = (
    "صفر یک دو سه چهار پنج شش هفت هشت نه ده یازده دوازده سیزده چهارده پانزده شانزده هفده هجده نوزده".split()
)
_TENS_FA = "بیست سی چهل پنجاه شصت هفتاد هشتاد نود".split()
_HUNDREDS_FA = "یکصد دویست سیصد چهارصد پانصد ششصد هفتصد هشتصد نهصد".split()
_ONES_EN = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen".split()
)
_TENS_EN = "twenty thirty forty fifty sixty seventy eighty ninety".split()


def in_words(number: int, language: str) -> str:
    """`number` in words: «یک میلیون و دویست هزار», or "one million two hundred thousand".

    Any `language` but `fa` is answered in English. Raises ValueError from a thousand trillions on, far above
    any amount that is sold.
    """
    if abs(number) >= _LIMIT:
        raise ValueError(f"too large to be said in words: {number}")
    if language == "fa":
        sign, join, scales, below_thousand = "منفی ", " و ", _SCALES_FA, _persian
    else:
        sign, join, scales, below_thousand = "minus ", " ", _SCALES_EN, _english
    said = join.join(_groups(abs(number), scales, below_thousand)) or below_thousand(0)
    return f"{sign if number < 0 else ''}{said}"


def _groups(number: int, scales: tuple[str, ...], below_thousand: Callable[[int], str]) -> list[str]:
    """The thousands of `number` in words, the highest first; empty ones are left out."""
    groups = []
    for scale in scales:
        number, group = divmod(number, 1000)
        if group:
            groups.append(f"{below_thousand(group)}{scale}")
    return groups[::-1]


def _persian(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    parts = [_HUNDREDS_FA[hundreds - 1]] if hundreds else []
    if rest >= 20:
        parts += [_TENS_FA[tens - 2], *([_ONES_FA[ones]] if ones else [])]
    elif rest or not parts:
        parts.append(_ONES_FA[rest])
    return " و ".join(parts)


def _english(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    parts = [f"{_ONES_EN[hundreds]} hundred"] if hundreds else []
    if rest >= 20:
        parts.append(_TENS_EN[tens - 2] + (f"-{_ONES_EN[ones]}" if ones else ""))
    elif rest or not parts:
        parts.append(_ONES_EN[rest])
    return " ".join(parts)
