"""What a package allows in a minute: by plan, without one, and once its use is above the limits."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from mohlat.domain import pace
from mohlat.domain.agreement import Agreement, Basis, PaceRule
from mohlat.domain.lifecycle import register
from mohlat.domain.pace import Allowance, allowance
from mohlat.domain.tenant import Restriction, RestrictionKind, Tenant
from tests.builders import AGREEMENTS, SECOND, START

RULE = PaceRule(otherwise=20, slowed_percent=25, basis=Basis("T-PACE"))


def paced(agreement: Agreement) -> Agreement:
    """The agreement with a pace: 100 requests a minute in each plan."""
    plans = tuple(replace(plan, limits={**plan.limits, pace.METRIC: 100}) for plan in agreement.plans)
    return replace(agreement, plans=plans, pace=RULE)


ON_TRIAL = register(AGREEMENTS["trial"], "t-1", START, plan=None, trial_used=False, by="owner").after
LEASING = register(AGREEMENTS["credit"], "t-1", START, plan=None, trial_used=False, by="owner").after
BRAKE = Restriction(RestrictionKind.THROTTLED, "use", "T-OVERUSE", START, START + timedelta(days=1))
SHUT = Restriction(RestrictionKind.MUST_ACCEPT_TERMS, "terms", "T-TERMS", START)
LAST = START + timedelta(days=1) - SECOND


@pytest.mark.parametrize(
    ("tenant", "rule", "now", "allowed"),
    [
        (LEASING, "credit", START, Allowance(100, "T-PACE")),
        (ON_TRIAL, "trial", START, Allowance(20, "T-PACE")),
        (replace(LEASING, restrictions=(BRAKE,)), "credit", LAST, Allowance(25, "T-PACE", slowed=True)),
        (replace(LEASING, restrictions=(BRAKE,)), "credit", LAST + SECOND, Allowance(100, "T-PACE")),
        (replace(ON_TRIAL, restrictions=(BRAKE,)), "trial", START, Allowance(5, "T-PACE", slowed=True)),
        (replace(LEASING, restrictions=(SHUT,)), "credit", START, Allowance(100, "T-PACE")),
    ],
)
def test_a_package_has_its_pace_and_a_part_of_it_while_throttled(
    tenant: Tenant, rule: str, now: object, allowed: Allowance
) -> None:
    agreement = paced(AGREEMENTS[rule])
    assert allowance(tenant, agreement, agreement, now) == allowed  # type: ignore[arg-type]


def test_somebody_slowed_keeps_one_request_a_minute() -> None:
    agreement = replace(AGREEMENTS["trial"], pace=replace(RULE, otherwise=1))
    slowed = replace(ON_TRIAL, restrictions=(BRAKE,))
    assert allowance(slowed, agreement, agreement, START) == Allowance(1, "T-PACE", slowed=True)


def test_an_agreement_without_a_pace_slows_nobody() -> None:
    agreement = AGREEMENTS["trial"]
    assert allowance(ON_TRIAL, agreement, agreement, START) is None


@pytest.mark.parametrize(("second", "left"), [(0, 60), (1, 59), (59, 1)])
def test_a_minute_is_the_clocks(second: int, left: int) -> None:
    instant = START + second * SECOND
    assert pace.window_of(instant) == START
    assert pace.seconds_left(instant) == left
    assert pace.window_of(START + 60 * SECOND) == START + pace.WINDOW


@pytest.mark.parametrize(
    ("allowed", "told", "untold"), [(600, 0, 30), (600, 560, 2), (600, 561, 1), (600, 700, 1), (5, 0, 1)]
)
def test_what_is_left_untold_shrinks_with_what_is_left(allowed: int, told: int, untold: int) -> None:
    assert pace.untold(allowed, told) == untold
