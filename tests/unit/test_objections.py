"""Replies to restrictions: which one is meant, once for each, and what a decision lifts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mohlat.domain.agreement import Basis, ObjectionRule, Phase
from mohlat.domain.errors import Conflict, Gone, NotFound
from mohlat.domain.lifecycle import register
from mohlat.domain.objections import decide, object_to
from mohlat.domain.tenant import Restriction, RestrictionKind, Tenant
from mohlat.domain.tickets import Ticket, close_ticket
from tests.builders import AGREEMENTS, SECOND, START, days, length

THROTTLED, BLOCKED = RestrictionKind.THROTTLED, RestrictionKind.BLOCKED
AGREEMENT = replace(AGREEMENTS["trial"], objections=ObjectionRule(length("P7D"), Basis("T-REPLY")))
FIRST = Restriction(THROTTLED, "records", "T-FIRST", START)
SECOND_ONE = Restriction(THROTTLED, "storage", "T-SECOND", START + days(1))
TENANT = replace(
    register(AGREEMENT, "t-1", START, plan=None, trial_used=False, by="owner").after,
    restrictions=(SECOND_ONE, FIRST),
)


def objection(tenant: Tenant = TENANT, now: object = START + days(1), *known: Ticket) -> Ticket:
    return object_to(tenant, AGREEMENT, THROTTLED, known, "k-1", now, by="owner")[1]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("now", "clause"), [(START + days(1) - SECOND, "T-FIRST"), (START + days(1), "T-SECOND")]
)
def test_the_newest_that_binds_is_meant(now: object, clause: str) -> None:
    ticket = objection(TENANT, now)
    assert (ticket.clause, ticket.due_at, ticket.facts["answer_by"]) == (clause, now + days(7), "T-REPLY")  # type: ignore[operator]


def test_each_is_objected_to_once() -> None:
    early, late = objection(TENANT, START), objection()
    other_kind = replace(late, subject="blocked")
    assert objection(TENANT, START + days(1), early, other_kind) == late
    with pytest.raises(Conflict):
        objection(TENANT, START + days(2), early, close_ticket(late, "no", START + days(1), by="operator"))


@pytest.mark.parametrize(
    ("early", "lifted", "left"),
    [
        (True, True, (SECOND_ONE,)),
        (False, True, ()),
        (False, False, (SECOND_ONE, FIRST)),
    ],
)
def test_a_decision_lifts_what_was_objected_to_and_nothing_later(
    early: bool, lifted: bool, left: tuple[Restriction, ...]
) -> None:
    ticket = objection(TENANT, START if early else START + days(1))
    closed = close_ticket(ticket, "looked into", START + days(2), by="operator")
    step = decide(TENANT, AGREEMENT, closed, START + days(2), lifted=lifted, by="operator")
    assert step.after.restrictions == left


def test_there_must_be_something_to_object_to_and_somebody_to_object() -> None:
    with pytest.raises(NotFound):
        object_to(TENANT, AGREEMENT, BLOCKED, (), "k-1", START, by="owner")
    with pytest.raises(Gone):
        objection(replace(TENANT, phase=Phase.PURGED))
    with pytest.raises(Conflict):
        object_to(TENANT, AGREEMENTS["trial"], THROTTLED, (), "k-1", START, by="owner")
