"""Each golden life is lived again and compared with its file: a difference is a decision, not noise."""

from __future__ import annotations

import pytest

from tests.golden.stories import FOLDER, STORIES, file_of, told


@pytest.mark.parametrize("name", STORIES)
def test_a_life_goes_as_it_was_reviewed(name: str) -> None:
    # Who wanted this change runs `python -m tests.golden --write` and reads the difference line by line.
    assert told(name).splitlines() == file_of(name).read_text(encoding="utf-8").splitlines()


def test_every_file_is_a_life_that_is_told() -> None:
    assert sorted(file.stem for file in FOLDER.glob("*.txt")) == sorted(STORIES)
