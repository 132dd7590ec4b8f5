"""Names as people type and read them."""

from __future__ import annotations

import pytest

from mohlat.domain.people import mentions, same_name


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("علي رضا کریمي", "علی\u200cرضا كریمی", True),
        ("ستارهٔ ۳۶۰", "ستاره ٣٦٠", True),
        ("STAR 360", "star ۳۶۰", True),
        ("سارا", "ساره", False),
        ("!!!", "!!!", True),
        ("???", "!!!", False),
        ("", "!!!", False),
    ],
)
def test_names_are_compared_as_people_read_them(one: str, other: str, same: bool) -> None:
    assert same_name(one, other) is same


def test_a_text_mentions_whole_words_only() -> None:
    assert mentions("Dear all, SARA  karimi here", "Sara Karimi")
    assert not mentions("Sarah Karimi", "Sara Karimi")
    assert not mentions("anything", "!!!")
