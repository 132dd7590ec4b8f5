"""The purge: every store in the ledger's order, the key last, nothing certified that was not emptied."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mohlat.domain.purge import Store
from tests.workflows.interpreter import Failure, run

START = datetime(2026, 1, 1, tzinfo=UTC)
GIVEN = {"tenant_id": "t_1"}
DONE: dict[str, str] = {}
ALL_DONE = {"erase_tenant": [DONE] * 2, "tell_owner": [DONE], "certify_purge": [DONE]}


def test_the_stores_are_emptied_in_order_and_the_owner_is_told_while_there_is_an_address() -> None:
    purge = run("purge", GIVEN, ALL_DONE, start=START)

    assert purge.status == "SUCCEEDED"
    assert purge.calls == [
        ("erase_tenant", {"tenant_id": "t_1", "stores": ["records", "objects"], "execution": "execution"}),
        ("tell_owner", {"tenant_id": "t_1", "execution": "execution"}),
        (
            "erase_tenant",
            {
                "tenant_id": "t_1",
                "stores": ["users", "security_log", "tenant", "key"],
                "execution": "execution",
            },
        ),
        ("certify_purge", {"tenant_id": "t_1", "execution": "execution"}),
    ]
    assert purge.waits == []


def test_the_stores_are_those_of_the_domain_in_its_order() -> None:
    purge = run("purge", GIVEN, ALL_DONE, start=START)

    erased = [payload["stores"] for name, payload in purge.calls if name == "erase_tenant"]
    assert [store for stores in erased for store in stores] == list(Store)


def test_a_store_larger_than_one_run_is_erased_run_by_run() -> None:
    script = {**ALL_DONE, "erase_tenant": [*[Failure("MoreToErase")] * 40, DONE, DONE]}

    purge = run("purge", GIVEN, script, start=START)

    assert (purge.status, purge.retries) == ("SUCCEEDED", 40)


def test_a_mail_provider_that_is_down_delays_the_purge() -> None:
    script = {**ALL_DONE, "tell_owner": [Failure("MessagingUnavailable"), DONE]}

    purge = run("purge", GIVEN, script, start=START)

    assert (purge.status, purge.retries) == ("SUCCEEDED", 1)


def test_what_was_left_behind_is_not_certified() -> None:
    purge = run("purge", GIVEN, {**ALL_DONE, "certify_purge": [Failure("LeftBehind")]}, start=START)

    assert (purge.status, purge.error, purge.retries) == ("FAILED", "CouldNotPurge", 0)
    assert "LeftBehind" in purge.cause


@pytest.mark.parametrize("emptied", [0, 1])
def test_stores_that_cannot_be_emptied_stop_the_purge(emptied: int) -> None:
    script = {**ALL_DONE, "erase_tenant": [*[DONE] * emptied, Failure("PurgeRefused")]}

    purge = run("purge", GIVEN, script, start=START)

    assert (purge.status, purge.error) == ("FAILED", "CouldNotPurge")
    assert "Certify" not in purge.states
