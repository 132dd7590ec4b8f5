"""Numbers in words, as a total is stated twice so that nobody can change it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from persiantools import digits

from mohlat.presentation.words import in_words

NUMBERS = st.integers(min_value=-(10**15) + 1, max_value=10**15 - 1)


@given(NUMBERS)
def test_persian_words_are_those_of_an_independent_library(number: int) -> None:
    assert in_words(number, "fa") == digits.to_word(number)


@pytest.mark.parametrize(
    "number", [0, 1, 10, 11, 19, 20, 21, 99, 100, 101, 110, 999, 1000, 1001, 10**6, 10**12]
)
def test_persian_words_agree_where_words_change(number: int) -> None:
    assert in_words(number, "fa") == digits.to_word(number)
    assert in_words(-number, "fa") == digits.to_word(-number)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (7, "seven"),
        (13, "thirteen"),
        (20, "twenty"),
        (42, "forty-two"),
        (100, "one hundred"),
        (119, "one hundred nineteen"),
        (1_000, "one thousand"),
        (2_750_000, "two million seven hundred fifty thousand"),
        (1_000_000_001, "one billion one"),
        (-5, "minus five"),
        (10**12, "one trillion"),
    ],
)
def test_english_words(number: int, words: str) -> None:
    assert in_words(number, "en") == words


_VALUES = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
        "sixteen seventeen eighteen nineteen".split()
    )
} | {
    word: 10 * value
    for value, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2)
}
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}


def heard(words: str) -> int:
    """The number somebody writes down who hears English words."""
    total = group = 0
    for word in words.removeprefix("minus ").replace("-", " ").split():
        if word == "hundred":
            group *= 100
        elif word in _SCALES:
            total, group = total + group * _SCALES[word], 0
        else:
            group += _VALUES[word]
    return -(total + group) if words.startswith("minus ") else total + group


@given(NUMBERS)
def test_english_words_say_the_number_again(number: int) -> None:
    assert heard(in_words(number, "en")) == number


@pytest.mark.parametrize("language", ["fa", "en"])
@pytest.mark.parametrize("number", [10**15, -(10**15)])
def test_what_no_invoice_comes_to_is_refused(number: int, language: str) -> None:
    with pytest.raises(ValueError, match="too large"):
        in_words(number, language)
