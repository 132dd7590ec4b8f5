"""Records that are tracked, as they are stored: the fake's contract and DynamoDB's."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mohlat.application.ports import Activity, Tracking, Written
from mohlat.domain import lifecycle
from mohlat.domain.errors import ConcurrentChange, Gone, NotFound
from mohlat.domain.purge import Store
from mohlat.domain.synchronization import Copy, State
from tests.adapters.conftest import Stores, stored_items
from tests.builders import SECOND, START, hold

MOBILE = Tracking(("mobile",))
FIRST = State("r-1", {"mobile": "09121112233"}, "2026-01-31T08:00:00Z/a/1", 1, START, ("a:1",))


def test_states_are_written_together_and_take_their_places(stores: Stores) -> None:
    stores.register()
    assert stores.records.states("t-1", ["r-1"]) == ({}, 0)
    second = replace(FIRST, record_id="r-2", data=None)
    aside = Copy("r-1", "2026-01-30T08:00:00Z/b/1", {"n": "ب"})
    stores.records.apply("t-1", [Written(FIRST, (aside,)), Written(second)], 0, 1, MOBILE)
    found, last = stores.records.states("t-1", ["r-1", "r-2", "r-3"])
    assert last == 2
    assert {each.record_id: (each.data, each.seq, each.recent) for each in found.values()} == {
        "r-1": (FIRST.data, 1, ("a:1",)),
        "r-2": (None, 2, ("a:1",)),
    }
    assert stores.records.get("t-1", "r-1").data == FIRST.data
    with pytest.raises(NotFound):
        stores.records.get("t-1", "r-2")
    assert [record.id for record in stores.records.page("t-1", None, 10)] == ["r-1"]
    assert stores.records.copies("t-1", "r-1") == [aside]
    assert stores.records.copies("t-1", "r-2") == []


def test_who_read_before_somebody_wrote_writes_nothing(stores: Stores) -> None:
    tenant = stores.register()
    stores.records.apply("t-1", [Written(FIRST)], 0, 1, MOBILE)
    later = replace(FIRST, record_id="r-2")
    with pytest.raises(ConcurrentChange):
        stores.records.apply("t-1", [Written(later)], 0, 1, MOBILE)
    stores.write(lifecycle.place_hold(tenant, hold(), START, by="operator", clause="T"))
    with pytest.raises(ConcurrentChange):
        stores.records.apply("t-1", [Written(later)], 1, 1, MOBILE)
    assert stores.records.states("t-1", ["r-2"]) == ({}, 1)
    stores.records.apply("t-1", [Written(later)], 1, 2, MOBILE)


def test_the_feed_shows_each_record_once_where_it_was_written_last(stores: Stores) -> None:
    stores.register()
    for number in (1, 2, 3):
        stores.records.put("t-1", f"r-{number}", {"n": number}, START, MOBILE)
    stores.records.put("t-1", "r-1", {"n": 9}, START + SECOND, MOBILE)
    stores.records.delete("t-1", "r-2", 1, START + SECOND, MOBILE)
    feed = stores.records.feed("t-1", 0, 10)
    assert [(each.record_id, each.data and each.data["n"], each.seq) for each in feed] == [
        ("r-3", 3, 3),
        ("r-1", 9, 4),
        ("r-2", None, 5),
    ]
    assert [each.seq for each in stores.records.feed("t-1", 3, 1)] == [4]
    assert stores.records.feed("t-1", 5, 10) == []
    assert stores.records.feed("t-2", 0, 10) == []
    with pytest.raises(NotFound):
        stores.records.delete("t-1", "r-2", 1, START + SECOND, MOBILE)


def test_a_record_that_was_kept_before_anything_was_tracked_joins_in(stores: Stores) -> None:
    stores.register()
    stores.records.put("t-1", "r-1", {"n": 1}, START)
    found, last = stores.records.states("t-1", ["r-1"])
    assert (found["r-1"].data, found["r-1"].seq, last) == ({"n": 1}, 0, 0)
    assert stores.records.put("t-1", "r-1", {"n": 2}, START + SECOND, MOBILE).version == 2
    assert [each.data for each in stores.records.feed("t-1", 0, 10)] == [{"n": 2}]


def test_records_are_found_by_their_present_value(stores: Stores) -> None:
    stores.register()
    stores.records.put("t-1", "r-1", {"mobile": "09121112233"}, START, MOBILE)
    stores.records.put("t-1", "r-2", {"mobile": "+989121112233"}, START, MOBILE)
    stores.records.put("t-1", "r-3", {"mobile": 7, "email": "x@y.test"}, START, MOBILE)

    def found(value: str) -> list[str]:
        return sorted(record.id for record in stores.records.find("t-1", "mobile", value, 10))

    assert found("۰۹۱۲ ۱۱۱ ۲۲۳۳") == ["r-1", "r-2"]
    assert found("7") == ["r-3"]
    stores.records.put("t-1", "r-1", {"mobile": "09350000000"}, START, MOBILE)
    stores.records.delete("t-1", "r-2", 1, START, MOBILE)
    assert found("09121112233") == []
    assert found("09350000000") == ["r-1"]


def test_a_purge_takes_everything_along(stores: Stores) -> None:
    stores.register()
    stores.records.apply(
        "t-1", [Written(FIRST, (Copy("r-1", "2026-01-30T08:00:00Z/b/1", {"n": 1}),))], 0, 1, MOBILE
    )
    stores.empty("t-1", Store.RECORDS)
    assert stores.eraser.count("t-1", Store.RECORDS) == 0
    assert stores.records.feed("t-1", 0, 10) == []
    assert stores.records.copies("t-1", "r-1") == []
    stores.empty("t-1", Store.KEY)
    with pytest.raises(Gone):
        stores.records.apply("t-1", [Written(FIRST)], 0, 1, MOBILE)


def test_nothing_of_it_can_be_read_in_the_table(on_dynamodb: Stores) -> None:
    on_dynamodb.register()
    on_dynamodb.records.apply(
        "t-1", [Written(FIRST, (Copy("r-1", "2026-01-30T08:00:00Z/b/1", {"n": "secret"}),))], 0, 1, MOBILE
    )
    stored = json.dumps(stored_items(), default=str)
    for readable in ("9121112233", "secret", "mobile"):
        assert readable not in stored


def test_what_users_did_is_read_newest_first_and_is_as_secret_as_the_records(stores: Stores) -> None:
    stores.register()
    lines = [Activity(f"v-{n}", "t-1", "user:u", "written", f"r-{n}", START) for n in range(5)]
    for line in lines:
        stores.activity.note(line)
    with pytest.raises(ConcurrentChange):
        stores.activity.note(lines[0])
    assert stores.activity.lines("t-1", None, 2) == [lines[4], lines[3]]
    assert stores.activity.lines("t-1", "v-3", 10) == [lines[2], lines[1], lines[0]]
    assert stores.activity.lines("t-2", None, 10) == []
    assert stores.records.page("t-1", None, 10) == []
    stores.empty("t-1", Store.RECORDS)
    assert stores.eraser.count("t-1", Store.RECORDS) == 0
    assert stores.activity.lines("t-1", None, 10) == []
    stores.empty("t-1", Store.KEY)
    with pytest.raises(Gone):
        stores.activity.note(lines[0])


def test_the_log_of_what_users_did_is_sealed(on_dynamodb: Stores) -> None:
    on_dynamodb.register()
    on_dynamodb.activity.note(Activity("v-1", "t-1", "user:u-secret", "written", "r-1", START))
    assert "u-secret" not in json.dumps(stored_items(), default=str)
