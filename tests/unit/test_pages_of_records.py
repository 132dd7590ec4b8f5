"""A page of records has to fit into what a function may answer, however large the records are."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from mohlat.application.ports import Record
from mohlat.application.sections import RecordPages
from tests.application.world import World

# API Gateway gets the body as text within JSON, where what was escaped is escaped once more.
LARGEST_ANSWER = 6 * 1024 * 1024
RECORDS = 60


def test_large_records_come_in_shorter_pages_and_none_is_left_out() -> None:
    world = World()
    tenant = world.register()
    desk = world.records_desk
    # Quotation marks: the worst that 64 KiB can hold.
    for number in range(RECORDS):
        desk.put(tenant.id, f"r-{number:03d}", {"text": '"' * 32_000})
    found, after, pages = [], None, 0
    while True:
        page = desk.page(tenant.id, after, None)
        answer = json.dumps({"body": json.dumps([dict(record.data) for record in page.records])})
        assert len(answer) < LARGEST_ANSWER
        found += [record.id for record in page.records]
        pages, after = pages + 1, page.next_after
        if after is None:
            break
    assert found == [f"r-{number:03d}" for number in range(RECORDS)]
    assert pages > 1


def test_small_records_fill_their_page() -> None:
    world = World()
    tenant = world.register()
    desk = world.records_desk
    for number in range(101):
        desk.put(tenant.id, f"r-{number:03d}", {})
    page = desk.page(tenant.id, None, None)
    assert (len(page.records), page.next_after) == (100, "r-099")
    assert desk.page(tenant.id, page.next_after, None).next_after is None


@pytest.mark.parametrize(
    ("number", "files"), [(0, [0]), (499, [499]), (500, [500]), (501, [500, 1]), (1000, [500, 500])]
)
def test_a_file_takes_five_hundred_records_and_hardly_one_is_read_for_another_file_than_its_own(
    number: int, files: list[int]
) -> None:
    at = datetime(2026, 1, 31, tzinfo=UTC)
    every = [Record("t-1", f"r-{each:04d}", {}, 1, at) for each in range(number)]
    read = 0

    class Store:
        def page(self, _: str, after: str | None, limit: int) -> list[Record]:
            nonlocal read
            found = [record for record in every if record.id > (after or "")][:limit]
            read += len(found)
            return found

    store: Any = Store()
    taken, after = [], ""
    while True:
        page = RecordPages(store).page("t-1", after)
        taken.append([json.loads(line)["id"] for line in page.lines])
        after = page.next_after
        if not after:
            break
    assert [len(ids) for ids in taken] == files
    assert [each for ids in taken for each in ids] == [record.id for record in every]
    assert read == number + len(files) - 1
