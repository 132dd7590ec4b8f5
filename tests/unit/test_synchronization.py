"""How changes that were made apart come together: alike everywhere, whatever their order."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mohlat.domain.synchronization import Change, Copy, Fate, State, decide, search_key, stamp_of
from tests.builders import START

NOW = START + timedelta(days=1)


def change(id: str, at: datetime = START, device: str = "a", data: object = "x", seen: str = "") -> Change:
    content = {"n": data} if data is not None else None
    return Change(device, id, "r", at, content, seen)


def play(changes: list[Change]) -> tuple[State | None, list[Copy], list[Fate]]:
    """All changes, one after the other."""
    state: State | None = None
    copies: list[Copy] = []
    fates = []
    for each in changes:
        decision = decide(state, each, NOW)
        state = decision.state
        copies += [decision.copy] if decision.copy else []
        fates.append(decision.fate)
    return state, copies, fates


@pytest.mark.clause("CLUB-3")
def test_the_later_change_stands_and_the_order_of_arrival_does_not_matter() -> None:
    changes = [
        change("1", START),
        change("2", START + timedelta(hours=1), data=None),
        change("3", START + timedelta(hours=2), device="b"),
        change("4", START + timedelta(hours=2), device="a"),
    ]
    ends = {
        (state.stamp, str(state.data)) for order in permutations(changes) if (state := play(list(order))[0])
    }
    assert len(ends) == 1
    assert next(iter(ends))[0].endswith("/b/3")


@pytest.mark.clause("CLUB-3")
def test_a_change_that_comes_twice_is_in_once() -> None:
    first, second = change("1"), change("2", START + timedelta(hours=1), seen="")
    state, _, fates = play([first, first, second, first, second])
    assert fates == [Fate.APPLIED, Fate.REPEATED, Fate.APPLIED, Fate.REPEATED, Fate.REPEATED]
    assert state
    assert state.version == 2


@pytest.mark.clause("CLUB-3")
def test_what_somebody_had_not_seen_is_put_aside_and_never_lost() -> None:
    first = change("1", START, "a", "from a")
    later = change("1", START + timedelta(hours=1), "b", "from b")
    for order in ([first, later], [later, first]):
        state, copies, fates = play(order)
        assert state
        assert state.data == {"n": "from b"}
        assert copies == [Copy("r", stamp_of(first, NOW), {"n": "from a"})]
    assert fates == [Fate.APPLIED, Fate.SUPERSEDED]
    # Who had seen it knows what it takes the place of.
    knowing = change("2", START + timedelta(hours=2), "b", "x", seen=stamp_of(first, NOW))
    assert play([first, knowing])[1] == []
    # Nothing is kept of a deletion, or of the very same.
    same = change("1", START + timedelta(hours=1), "b", "from a")
    assert play([first, same])[1] == []
    assert play([change("1", START, data=None), later])[1] == []


def test_a_clock_that_is_ahead_wins_no_future() -> None:
    ahead, honest = change("1", NOW + timedelta(days=9), "a"), change("1", NOW, "b")
    state = play([ahead, honest])[0]
    assert state
    assert state.stamp.endswith("/b/1")


def test_only_the_last_changes_are_remembered_and_an_old_one_does_no_harm() -> None:
    many = [change(f"{n:02d}", START + timedelta(minutes=n), data=n) for n in range(10)]
    state, _, fates = play([*many, many[0]])
    assert state
    assert (state.data, fates[-1]) == ({"n": 9}, Fate.SUPERSEDED)
    assert len(state.recent) == 8


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.booleans()), max_size=20), st.randoms())
def test_any_order_with_any_repetition_ends_alike(made: list[tuple[int, int, bool]], random: object) -> None:
    changes = [
        change(str(number), START + timedelta(minutes=minute), f"d{device}", number if kept else None)
        for number, (device, minute, kept) in enumerate(made)
    ]
    shuffled = [*changes, *changes[::2]]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = play(changes)[0], play(shuffled)[0]
    assert (one and (one.stamp, one.data)) == (other and (other.stamp, other.data))


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("۰۹۱۲ ۱۱۱ ۲۲۳۳", "+989121112233"),
        ("+98 912 111 2233", "+989121112233"),
        (9121112233, "+989121112233"),
        (" Sara@Customer.TEST ", "sara@customer.test"),
        ("٤٧", "47"),
        (None, ""),
        (True, ""),
        (["x"], ""),
    ],
)
def test_a_value_is_found_however_it_is_written(value: object, key: str) -> None:
    assert search_key(value) == key
