"""What a tenant may do: every phase, every restriction, every operation."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from mohlat.domain.access import Access, Operation, access, permit
from mohlat.domain.agreement import Agreement, Basis, Phase, Span
from mohlat.domain.errors import AccessRefused, Gone
from mohlat.domain.tenant import Closing, Restriction, RestrictionKind, Tenant
from tests.builders import AGREEMENTS, SECOND, START, Life, days, length, registered, restriction

NOW = START + days(1)
READ, WRITE, EXPORT, RENEW, BUY, CLOSE = Operation
BLOCKED, SUSPENDED, THROTTLED, MUST_ACCEPT = RestrictionKind
NARROW = (None, THROTTLED)


def in_phase(phase: Phase, *kinds: RestrictionKind | None) -> tuple[Tenant, Agreement]:
    """A tenant whose next deadline is still to come, and its agreement."""
    agreement = AGREEMENTS["credit" if phase is Phase.READ_ONLY else "trial"]
    ended = None if phase in (Phase.TRIAL, Phase.ACTIVE) else NOW
    tenant = replace(
        registered(agreement),
        phase=phase,
        restrictions=tuple(restriction(kind) for kind in kinds if kind),
        ended_at=ended,
        closed_at=NOW if phase is Phase.CLOSED else None,
        invoice=None,
    )
    return tenant, agreement


def permitted(tenant: Tenant, agreement: Agreement, now: datetime = NOW) -> set[Operation]:
    """All operations that pass."""
    passed = set()
    for operation in Operation:
        try:
            permit(tenant, agreement, operation, now)
        except AccessRefused:
            continue
        passed.add(operation)
    return passed


ALL = {READ, WRITE, EXPORT, RENEW, BUY, CLOSE}
# The builders' agreements allow exporting in every phase but the purged one; a block shuts exports too.
TABLE = [
    *((phase, kind, Access.FULL, ALL) for phase in (Phase.TRIAL, Phase.ACTIVE) for kind in NARROW),
    *((phase, MUST_ACCEPT, Access.READ_ONLY, ALL - {WRITE}) for phase in (Phase.TRIAL, Phase.ACTIVE)),
    *((Phase.READ_ONLY, kind, Access.READ_ONLY, ALL - {WRITE}) for kind in (*NARROW, MUST_ACCEPT)),
    *(
        (phase, SUSPENDED, Access.NONE, {EXPORT, RENEW, BUY, CLOSE})
        for phase in (Phase.TRIAL, Phase.ACTIVE, Phase.READ_ONLY, Phase.DEACTIVATED)
    ),
    *(
        (phase, BLOCKED, Access.NONE, {CLOSE})
        for phase in (Phase.TRIAL, Phase.ACTIVE, Phase.READ_ONLY, Phase.DEACTIVATED)
    ),
    *((Phase.DEACTIVATED, kind, Access.NONE, {EXPORT, RENEW, BUY, CLOSE}) for kind in (*NARROW, MUST_ACCEPT)),
    *((Phase.CLOSED, kind, Access.NONE, {EXPORT}) for kind in (*NARROW, MUST_ACCEPT, SUSPENDED)),
    (Phase.CLOSED, BLOCKED, Access.NONE, set()),
]


def test_the_table_below_is_complete() -> None:
    living = set(Phase) - {Phase.PURGED}
    assert {(phase, kind) for phase, kind, _, _ in TABLE} == {
        (phase, kind) for phase in living for kind in (None, *RestrictionKind)
    }


@pytest.mark.parametrize(("phase", "kind", "expected", "operations"), TABLE)
def test_access_follows_from_phase_and_restrictions(
    phase: Phase, kind: RestrictionKind | None, expected: Access, operations: set[Operation]
) -> None:
    tenant, agreement = in_phase(phase, kind)
    assert access(tenant, NOW) is expected
    assert permitted(tenant, agreement) == operations


@pytest.mark.parametrize("operation", Operation)
def test_after_the_purge_everything_is_gone(operation: Operation) -> None:
    tenant, agreement = in_phase(Phase.PURGED)
    assert access(tenant, NOW) is Access.NONE
    with pytest.raises(Gone):
        permit(tenant, agreement, operation, NOW)


@pytest.mark.parametrize(
    ("phase", "kinds", "operation", "clause"),
    [
        (Phase.READ_ONLY, (), WRITE, "T-READ-ONLY"),
        (Phase.CLOSED, (), READ, "T-CLOSING"),
        (Phase.DEACTIVATED, (), READ, "T-TRIAL"),
        (Phase.ACTIVE, (BLOCKED,), RENEW, "T-BLOCKED"),
        (Phase.ACTIVE, (SUSPENDED,), READ, "T-SUSPENDED_FOR_DEBT"),
        (Phase.ACTIVE, (MUST_ACCEPT,), WRITE, "T-MUST_ACCEPT_TERMS"),
        (Phase.ACTIVE, (MUST_ACCEPT, BLOCKED), READ, "T-BLOCKED"),
        (Phase.READ_ONLY, (THROTTLED,), WRITE, "T-READ-ONLY"),
        (Phase.CLOSED, (THROTTLED,), READ, "T-CLOSING"),
    ],
)
def test_a_refusal_names_the_clause_that_narrows(
    phase: Phase, kinds: tuple[RestrictionKind, ...], operation: Operation, clause: str
) -> None:
    tenant, agreement = in_phase(phase, *kinds)
    with pytest.raises(AccessRefused) as refused:
        permit(tenant, agreement, operation, NOW)
    assert refused.value.details == {
        "operation": operation.value,
        "phase": phase.value,
        "access": access(tenant, NOW).value,
        "clause": clause,
    }


@pytest.mark.parametrize(
    ("closing", "clause"),
    [
        (Closing.TERMINATION, "T-CLOSING"),
        (Closing.ERASURE, "T-CLOSING"),
        (Closing.WITHDRAWAL, "T-WITHDRAWN"),
        (Closing.FINDING, "T-FOUND"),
    ],
)
def test_a_closed_account_is_refused_by_the_clause_that_closed_it(closing: Closing, clause: str) -> None:
    agreement = AGREEMENTS["credit"]
    found = Span(length("P7D"), Basis("T-FOUND"))
    agreement = replace(agreement, retention=replace(agreement.retention, after_finding=found))
    closed = replace(registered(agreement), phase=Phase.CLOSED, closed_at=NOW, closing=closing)
    with pytest.raises(AccessRefused) as refused:
        permit(closed, agreement, READ, NOW)
    assert refused.value.details["clause"] == clause


@pytest.mark.parametrize("name", ["trial", "credit", "account"])
def test_after_the_year_of_reading_the_products_end_is_the_reason(name: str) -> None:
    agreement = AGREEMENTS[name]
    over = replace(
        registered(agreement), phase=Phase.DEACTIVATED, ended_at=START, wound_down_until=NOW, invoice=None
    )
    with pytest.raises(AccessRefused) as refused:
        permit(over, agreement, READ, NOW)
    assert refused.value.details["clause"] == agreement.wind_down.basis.cite()


def test_after_a_lapsed_term_the_lease_is_the_reason() -> None:
    life = Life(AGREEMENTS["trial"])
    life.pay()
    life.run_to(START + days(70))
    with pytest.raises(AccessRefused) as refused:
        permit(life.tenant, life.agreement, READ, life.now)
    assert refused.value.details["clause"] == "T-LEASE"


def test_where_nothing_is_leased_the_accepted_terms_refuse_renewing() -> None:
    life = Life(AGREEMENTS["account"])
    assert permitted(life.tenant, life.agreement) == ALL - {RENEW}
    with pytest.raises(AccessRefused) as refused:
        permit(life.tenant, life.agreement, RENEW, life.now)
    assert refused.value.details["clause"] == "T-ACCEPT"


def test_exporting_without_access_needs_the_agreement_to_say_so() -> None:
    life = Life(AGREEMENTS["account"])
    life.close()
    assert permitted(life.tenant, life.agreement) == set()


@pytest.mark.parametrize(
    ("offset", "binds"), [(-2 * SECOND, False), (-SECOND, True), (0 * SECOND, True), (SECOND, False)]
)
def test_a_restriction_binds_from_its_first_second_to_before_its_last(offset: timedelta, binds: bool) -> None:
    until = NOW + SECOND
    limited = Restriction(BLOCKED, "as found", "T-BLOCKED", NOW - SECOND, until)
    tenant = replace(in_phase(Phase.ACTIVE)[0], restrictions=(limited,))
    assert (access(tenant, NOW + offset) is Access.NONE) is binds


def test_the_trials_last_second_is_full_access_and_its_end_is_none_even_if_nobody_woke_up() -> None:
    life = Life(AGREEMENTS["trial"])
    end = START + days(30)
    assert permitted(life.tenant, life.agreement, end - SECOND) == ALL
    assert permitted(life.tenant, life.agreement, end) == {EXPORT, RENEW, BUY, CLOSE}


def test_each_stage_of_a_lapse_binds_at_its_instant_even_if_nobody_woke_up() -> None:
    life = Life(AGREEMENTS["credit"])
    life.pay(period="P1Y")
    asleep = life.tenant
    end = asleep.period_ends_at
    assert end
    assert WRITE in permitted(asleep, life.agreement, end - SECOND)
    assert permitted(asleep, life.agreement, end) == ALL - {WRITE}
    assert permitted(asleep, life.agreement, end + days(14) - SECOND) == ALL - {WRITE}
    assert permitted(asleep, life.agreement, end + days(14)) == {RENEW, BUY, CLOSE}


def test_nobody_is_told_that_data_is_gone_before_the_purge_was_committed() -> None:
    life = Life(AGREEMENTS["trial"])
    assert permitted(life.tenant, life.agreement, START + days(500)) == {EXPORT, RENEW, BUY, CLOSE}
