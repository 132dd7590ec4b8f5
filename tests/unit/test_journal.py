"""The journal: a chain that replays to the tenant, and breaks when anything is touched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mohlat.domain import lifecycle
from mohlat.domain.journal import Entry, JournalBroken, record, replay
from mohlat.domain.lifecycle import Event
from mohlat.domain.tenant import KeptTerms, RestrictionKind
from tests.builders import START, Life, agreement_on_credit, days, restriction


def a_life() -> Life:
    life = Life(agreement_on_credit())
    life.place_hold()
    life.run_to(START + days(28))
    life.pay()
    life.restrict(RestrictionKind.THROTTLED, until=START + days(40))
    life.release_hold()
    life.run_to(START + days(70))
    life.close()
    life.run_out()
    return life


LIFE = a_life()


def test_replaying_the_journal_gives_the_tenant() -> None:
    assert replay(LIFE.journal) == LIFE.tenant
    assert [entry.seq for entry in LIFE.journal] == list(range(1, LIFE.tenant.version + 1))
    assert LIFE.journal[-1].event is Event.PURGED
    assert LIFE.tenant.journal_head == LIFE.journal[-1].hash


def test_every_beginning_of_the_journal_replays_too() -> None:
    for end in range(1, len(LIFE.journal) + 1):
        assert replay(LIFE.journal[:end]).version == end


def test_an_entry_holds_only_what_changed() -> None:
    hold_placed = LIFE.journal[1]
    assert set(hold_placed.changes) == {"version", "holds"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("terms_version", "text-2"),
        ("terms_invoiced_at", START),
        ("terms_declined", "text-2"),
        ("terms_kept", (KeptTerms("1", START + days(9)),)),
        ("wound_down_until", START + days(365)),
    ],
)
def test_what_became_empty_is_empty_after_a_replay(name: str, value: Any) -> None:
    life = Life(agreement_on_credit())
    filled = lifecycle.restrict(life.tenant, restriction(), START, by="operator")
    tenant, first = record(replace(filled, after=replace(filled.after, **{name: value})))
    emptied = lifecycle.lift(tenant, RestrictionKind.BLOCKED, "over", START, by="operator")
    empty = getattr(life.tenant, name)
    stored, second = record(replace(emptied, after=replace(emptied.after, **{name: empty})))
    assert replay([*life.journal, first, second]) == stored
    assert getattr(stored, name) == empty


ALTERATIONS: dict[str, Any] = {
    "tenant_id": "t-2",
    "seq": 99,
    "event": Event.CLOSED,
    "at": START + days(1),
    "recorded_at": START + days(1),
    "clause": "T-OTHER",
    "by": "somebody",
    "why": "no reason",
    "facts": {"amount": 1},
    "changes": {"version": 3, "phase": "active"},
    "notices": (),
    "workflows": (),
    "previous_hash": "0" * 64,
    "hash": "0" * 64,
}


def test_every_field_of_an_entry_is_tried() -> None:
    assert set(ALTERATIONS) == set(Entry.__dataclass_fields__)


@pytest.mark.parametrize(("name", "value"), ALTERATIONS.items(), ids=list(ALTERATIONS))
def test_an_altered_entry_breaks_the_journal(name: str, value: Any) -> None:
    # The entry that granted the term: it has notices, workflows and facts.
    place = next(n for n, entry in enumerate(LIFE.journal) if entry.event is Event.TERM_GRANTED)
    journal = list(LIFE.journal)
    assert getattr(journal[place], name) != value
    journal[place] = replace(journal[place], **{name: value})
    with pytest.raises(JournalBroken) as broken:
        replay(journal)
    assert broken.value.details["seq"] == place + 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda entries: entries[1:],
        lambda entries: [*entries[:3], *entries[4:]],
        lambda entries: [*entries[:3], entries[2], *entries[3:]],
        lambda entries: [*entries, entries[-1]],
        lambda entries: [entries[1], entries[0], *entries[2:]],
        lambda entries: [],
    ],
    ids=["first missing", "one missing", "one doubled", "last doubled", "two swapped", "empty"],
)
def test_a_missing_doubled_or_moved_entry_breaks_the_journal(
    damage: Callable[[list[Entry]], list[Entry]],
) -> None:
    with pytest.raises(JournalBroken):
        replay(damage(LIFE.journal))


def test_an_entry_forged_with_a_fitting_hash_breaks_the_one_after_it() -> None:
    forged = Life(replace(agreement_on_credit(), version="9")).journal
    assert replay(forged).agreement_version == "9"
    with pytest.raises(JournalBroken) as broken:
        replay([*forged, *LIFE.journal[1:]])
    assert broken.value.details["seq"] == 2


def test_a_chain_that_fits_but_leaves_out_a_version_is_broken() -> None:
    life = Life(agreement_on_credit())
    skipping = lifecycle.restrict(life.tenant, restriction(), START, by="operator")
    _, entry = record(replace(skipping, after=replace(skipping.after, version=3)))
    with pytest.raises(JournalBroken):
        replay([*life.journal, entry])
