"""Every golden life, explained from every moment of it: what was told then, later, and ahead is the same."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise

import pytest

from mohlat.domain.agreement import Agreement
from mohlat.domain.explanation import Cause, Explanation, explain
from mohlat.domain.journal import Entry
from mohlat.domain.lifecycle import Event
from mohlat.domain.tenant import Tenant
from mohlat.presentation.explanation_view import explanation
from mohlat.presentation.reasons import reason
from tests.golden.chronicle import END, Chronicle
from tests.golden.stories import STORIES, product_of

SECOND = timedelta(seconds=1)
# What people write themselves is told as they wrote it.
_OWN_WORDS = frozenset(
    {
        Event.RESTRICTED,
        Event.UNRESTRICTED,
        Event.HOLD_PLACED,
        Event.HOLD_RELEASED,
        Event.VIOLATION_FOUND,
        Event.DATA_REQUEST_EXTENDED,
    }
)


class Explained(Chronicle):
    """A life that is explained at each moment something happened in it. `told` is what was told then."""

    def __init__(self, product: str) -> None:
        super().__init__(product)
        self.journal: list[Entry] = []
        self.told: dict[datetime, Explanation] = {}

    def explained(self, at: datetime, now: datetime) -> Explanation:
        """What is told of `at` to who asks at `now` and can look at nothing younger than that."""
        known = [entry for entry in self.journal if entry.recorded_at <= now]
        publications = self.publications.of(self.agreement.product)
        ending = self.service.wind_down(self.agreement.product)
        return explain(known, at, now, self._bound, publications, ending)

    def _bound(self, tenant: Tenant) -> Agreement:
        return self.agreements.load(tenant.product, tenant.agreement_version)

    def _settle(self) -> None:
        super()._settle()
        if self.journal and not self.table.ledger:
            self.told[self.clock.now()] = self.explained(self.clock.now(), self.clock.now())

    def _follow(self, key: tuple[str, int]) -> None:
        self.journal.append(self.table.journal[key])
        super()._follow(key)


@cache
def lived(name: str) -> Explained:
    """The whole life."""
    life = Explained(product_of(name))
    STORIES[name](life)
    life.run_to(END)
    return life


def facts(told: Explanation) -> Explanation:
    """What must not depend on when it is asked: who wakes to carry a deadline out does."""

    def anybody(cause: Cause | None) -> Cause | None:
        return replace(cause, by="") if cause else None

    return replace(told, because=anybody(told.because), happened=None, tense="")  # type: ignore[arg-type]


def reaching_everybody(life: Explained, at: datetime) -> bool:
    """Whether the product has ended and the round that says so is on its way: then the future is ahead."""
    ending = life.service.wind_down(life.agreement.product)
    return bool(ending) and ending.ends_at <= at < ending.ends_at + 60 * SECOND


@pytest.mark.parametrize("name", STORIES)
def test_the_past_is_told_as_it_was_told_when_it_was_the_present(name: str) -> None:
    life = lived(name)
    assert len(life.told) > 2
    for moment, then in life.told.items():
        assert facts(life.explained(moment, END)) == facts(then), moment


@pytest.mark.parametrize("name", STORIES)
def test_what_is_foreseen_is_what_happens_unless_somebody_does_something(name: str) -> None:
    life = lived(name)
    moments = list(life.told)
    for moment, following in pairwise(moments):
        before = following - SECOND
        if before > moment and not reaching_everybody(life, before):
            assert facts(life.explained(before, moment)) == facts(life.explained(before, END)), before
        new = [entry for entry in life.journal if moment < entry.recorded_at <= following]
        if new and all(entry.by.startswith(entry.tenant_id) for entry in new):
            assert facts(life.explained(following, moment)) == facts(life.told[following]), following


@pytest.mark.parametrize("name", STORIES)
def test_each_moment_can_be_read_in_both_languages(name: str) -> None:
    life = lived(name)
    for moment, then in life.told.items():
        for language in ("fa", "en"):
            shown = explanation(then, language, for_operator=False)
            assert "{" not in "".join(shown["text"]), moment
            assert len(shown["text"]) >= 2


def test_every_reason_of_the_products_own_has_persian_words() -> None:
    reasons = {
        entry.why for name in STORIES for entry in lived(name).journal if entry.event not in _OWN_WORDS
    }
    assert len(reasons) > 25
    assert [why for why in sorted(reasons) if re.search("[a-z]", reason(why, "fa"))] == []
    assert reason("above the limit of records", "fa") == "مصرف بیش از حد مجاز (records)"
    assert reason("version 2 has to be accepted", "fa") == "نسخهٔ 2 باید پذیرفته شود"
    assert {reason(why, "en") for why in reasons} == reasons
    assert reason("as found", "fa") == "as found"
