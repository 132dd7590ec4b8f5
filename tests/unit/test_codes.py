"""One-time codes: guessing gets no further by asking for new ones."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mohlat.application.codes import issue_code, use_code
from mohlat.domain.errors import InvalidInput, TooManyAttempts
from mohlat.domain.people import CodePurpose
from tests.builders import START
from tests.fakes import FakeIds, FakePeople, Table

RECOVER = CodePurpose.RECOVER
LIFE = timedelta(minutes=15)


class Owner:
    """Somebody whose code is asked for and guessed at."""

    def __init__(self) -> None:
        self.people = FakePeople(Table())
        self.ids = FakeIds()
        self.now = START

    def ask(self) -> str:
        return issue_code(self.people, self.ids, "t_1", "u_1", RECOVER, self.now)

    def enter(self, code: str) -> None:
        use_code(self.people, "t_1", "u_1", RECOVER, code, self.now)

    def guess_wrong(self, times: int) -> None:
        for _ in range(times):
            with pytest.raises(InvalidInput):
                self.enter("------")


@pytest.mark.clause("KALO-5")
def test_a_new_code_does_not_bring_new_tries() -> None:
    owner = Owner()
    owner.ask()
    owner.guess_wrong(3)
    owner.ask()
    owner.guess_wrong(2)
    with pytest.raises(TooManyAttempts):
        owner.enter("------")


@pytest.mark.clause("KALO-5")
def test_once_the_tries_are_used_up_no_code_is_made_until_that_one_has_ended() -> None:
    owner = Owner()
    owner.ask()
    owner.guess_wrong(5)
    owner.now += LIFE - timedelta(seconds=1)
    with pytest.raises(TooManyAttempts):
        owner.ask()
    owner.now += timedelta(seconds=1)
    owner.enter(owner.ask())


def test_a_code_that_was_used_leaves_nothing_to_the_next_one() -> None:
    owner = Owner()
    code = owner.ask()
    owner.guess_wrong(4)
    owner.enter(code)
    owner.ask()
    owner.guess_wrong(5)
