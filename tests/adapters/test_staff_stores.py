"""Contact notes and cases of leaked data as they are stored: the fakes' contract and DynamoDB's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mohlat.application.ports import DueKind
from mohlat.domain.errors import ConcurrentChange, Gone, NotFound
from mohlat.domain.leaks import Leak, LeakStep, StepDone
from mohlat.domain.purge import Store
from mohlat.domain.staff import ContactChannel, ContactNote, note_contact
from tests.adapters.conftest import AGREEMENT, Stores, stored_items
from tests.builders import SECOND, START

NOTE = ContactNote("g-1", "t-1", ContactChannel.PHONE, "پرسید", START, "operator:o", "k-1")
LEAK = Leak("l-1", "kalak", START, "operator:o", "a laptop", START + SECOND, "X", START + SECOND)


def test_a_note_comes_with_its_journal_entry_and_is_read_back(stores: Stores) -> None:
    tenant = stores.register()
    assert stores.notes.of("t-1") == []
    stores.write(note_contact(tenant, AGREEMENT, NOTE), NOTE)
    assert stores.notes.of("t-1") == [NOTE]
    assert stores.notes.of("t-2") == []
    with pytest.raises(ConcurrentChange):
        stores.write(note_contact(tenant, AGREEMENT, NOTE), NOTE)


def test_a_note_is_noise_without_the_key_and_gone_after_the_purge(stores: Stores) -> None:
    tenant = stores.register()
    stores.write(note_contact(tenant, AGREEMENT, NOTE), NOTE)
    stores.empty("t-1", Store.KEY)
    with pytest.raises(Gone):
        stores.notes.of("t-1")
    stores.empty("t-1", Store.TENANT)
    assert stores.notes.of("t-1") == []


def test_a_note_is_sealed(on_dynamodb: Stores) -> None:
    tenant = on_dynamodb.register()
    on_dynamodb.write(note_contact(tenant, AGREEMENT, NOTE), NOTE)
    assert "پرسید" not in str(stored_items())


def test_a_case_moves_by_its_version_and_rings_until_it_does_not(stores: Stores) -> None:
    stores.leaks.save(LEAK)
    with pytest.raises(ConcurrentChange):
        stores.leaks.save(LEAK)
    (item,) = stores.due.overdue(START + SECOND)
    assert (item.kind, item.id, item.product) == (DueKind.LEAK, "l-1", "kalak")
    full = replace(
        LEAK,
        affected=("t-1", "t-2"),
        told=2,
        steps={LeakStep.TOLD: StepDone(START, "operator:o", "done")},
        rings_at=None,
        closed_at=START + SECOND,
        version=2,
    )
    stores.leaks.save(full)
    assert stores.leaks.get("kalak", "l-1") == full
    assert stores.leaks.of("kalak") == [full]
    assert stores.leaks.of("kallu") == []
    assert stores.due.overdue(START + SECOND) == []
    with pytest.raises(NotFound):
        stores.leaks.get("kallu", "l-1")
