"""A tenant as it is stored."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from mohlat.domain.agreement import Phase
from mohlat.domain.roles import Delegation, SupportGrant
from mohlat.domain.tenant import (
    BeforeClosing,
    Closing,
    Debt,
    OpenInvoice,
    Part,
    RestrictionKind,
    Tenant,
    Term,
    Upgrade,
    from_dict,
    from_iso,
    iso,
    to_dict,
)
from tests.builders import START, agreement_with_trial, days, hold, length, registered, restriction

BARE = registered(agreement_with_trial())
PART = Part("p-1", length("P1Y"), 365, START, START + days(365), 1_000)
FULL = replace(
    BARE,
    term=Term(
        START,
        length("P1Y"),
        "plus",
        START + days(365),
        (replace(PART, value=2_000),),
        (Upgrade("p-2", START + days(1), "basic", (PART,)),),
        added_seconds=7_200,
    ),
    invoice=OpenInvoice("basic", length("P1Y"), 5_000_000, START, START + days(30), 454_545, 10),
    debts=(Debt("d-1", "records", 2, 110, 10, 10, START, START + days(14)),),
    helpers=(SupportGrant("a-1", "u-9", "t-9", "user:u-1", START, START + days(7)),),
    delegations=(Delegation("u-8", ("see_status",), "operator:nima", START),),
    ended_at=START + days(1),
    closed_at=START + days(2),
    closing=Closing.ERASURE,
    before_closing=BeforeClosing(Phase.TRIAL, START + days(9)),
    wound_down_until=START + days(400),
    purge_not_before=START + days(3),
    done=frozenset({"remind:P7D", "warn_of_deletion"}),
    restrictions=(
        restriction(RestrictionKind.BLOCKED),
        restriction(RestrictionKind.THROTTLED, until=START + days(4)),
    ),
    holds=(hold("h-1"), replace(hold("h-2"), records=("r-1", "r-2"))),
    open_matters=frozenset({"payment:p-2", "payment:p-1"}),
    carrier="t-1-g1-v1",
    journal_head="f" * 64,
)


@pytest.mark.parametrize("tenant", [BARE, FULL], ids=["bare", "full"])
def test_a_tenant_reads_back_what_it_writes_through_json(tenant: Tenant) -> None:
    assert from_dict(json.loads(json.dumps(to_dict(tenant)))) == tenant


def test_a_term_without_parts_reads_back() -> None:
    assert FULL.term
    bare = replace(FULL, term=replace(FULL.term, parts=(), upgrades=()))
    assert from_dict(json.loads(json.dumps(to_dict(bare)))) == bare


def test_every_field_is_written_and_filled_by_this_test() -> None:
    assert set(to_dict(FULL)) == {field.name for field in fields(Tenant)}
    assert all(value not in (None, "", []) for value in to_dict(FULL).values())


def test_keys_that_are_unknown_or_missing_do_no_harm() -> None:
    needed = {name: value for name, value in to_dict(BARE).items() if value not in (None, "", [])}
    assert from_dict({**needed, "added_later": 1}) == BARE


def test_an_instant_is_written_in_utc_with_a_z() -> None:
    tehran = datetime(2026, 11, 22, 14, 5, 55, tzinfo=timezone(timedelta(hours=3, minutes=30)))
    assert iso(tehran) == "2026-11-22T10:35:55Z"
    assert from_iso(iso(tehran)) == tehran
    assert from_iso(iso(tehran)).tzinfo is UTC


def test_whether_a_kind_binds_is_told_apart_from_the_others() -> None:
    assert FULL.restricted(RestrictionKind.THROTTLED, START)
    assert not FULL.restricted(RestrictionKind.THROTTLED, START + days(4))
    assert not FULL.restricted(RestrictionKind.SUSPENDED_FOR_DEBT, START)


def test_a_hold_over_some_records_binds_those_and_no_others() -> None:
    some = replace(BARE, holds=(replace(hold("h-2"), records=("r-1",)),))
    assert (some.held("r-1"), some.held("r-9")) == (some.holds[0], None)
    every = replace(BARE, holds=(*some.holds, hold("h-1")))
    assert every.held("r-9") == every.holds[1]
    assert BARE.held("r-1") is None
