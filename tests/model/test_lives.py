"""Model and application live the same lives, for every shipped product.

Most of it is lived on the stores in memory (`tests/fakes.py`, held to DynamoDB's behaviour by the contract
tests in `tests/adapters`): some 1,200 steps, all checks after each, in a second of CPU. The same over the
real adapters on moto takes 20 to 40 milliseconds a step, so that a part of it has to do there. MOHLAT_SOAK
is a number of steps that takes the place of the usual one; they are random then (`make soak`), while the
usual ones are the same at each run.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from mohlat.settings import settings as environment
from tests.model.lives import Lives
from tests.model.moto_stage import MotoStage, emptied
from tests.model.stage import PRODUCTS, Stage

SOAK = int(os.environ.get("MOHLAT_SOAK", "0"))
# Steps of one life at most; some end sooner, so that an example has about four fifths of it.
LONGEST = 50


def live(
    product: str,
    stage: Callable[[str], Stage],
    lives: int,
    share: float,
    longest: int = LONGEST,
    phases: Sequence[Phase] = tuple(Phase),
) -> int:
    """Lives so many lives; says how many steps they had."""
    if SOAK:
        lives = int(SOAK * share / len(PRODUCTS) / (longest * 0.8)) + 1
    before = Lives.steps
    run_state_machine_as_test(
        lambda: Lives(stage(product)),
        settings=settings(
            max_examples=lives,
            stateful_step_count=longest,
            suppress_health_check=list(HealthCheck),
            derandomize=not SOAK,
            print_blob=bool(SOAK),
            phases=phases,
        ),
    )
    return Lives.steps - before


@pytest.mark.parametrize("product", PRODUCTS)
def test_model_and_application_agree_in_memory(product: str) -> None:
    steps = live(product, Stage, 100, 0.99)
    assert steps >= 3000
    print(f"{product}: {steps} steps in memory")


@pytest.mark.parametrize("product", PRODUCTS)
def test_model_and_application_agree_on_dynamodb(
    product: str, cloud: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PURGE_CAP_PER_HOUR", "1000")
    environment.cache_clear()

    def stage(product: str) -> Stage:
        emptied()
        return MotoStage(product)

    # Too slow to look for the shortest life that fails.
    steps = live(product, stage, 2, 0.01, 30, (Phase.generate,))
    assert steps >= 30
    print(f"{product}: {steps} steps on DynamoDB")
