"""The API's description against the deployed API: generated requests get the answers that it documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from sandbox.api import Customer, Operator
from tests.e2e.stage import Stage, put

pytestmark = pytest.mark.e2e

DESCRIPTION = schemathesis.openapi.from_path(Path(__file__).resolve().parents[2] / "docs" / "openapi.yaml")
OPERATIONS = {found.ok().label: found.ok() for found in DESCRIPTION.get_all_operations()}
# Sent by an owner only, who is refused: these would move time, or tell it, for everybody else on the stack.
NOT_BY_OPERATORS = {"POST /test-clock"}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@dataclass(frozen=True)
class Caller:
    """Somebody with an account that may be spoiled, and its operator."""

    customer: Customer
    operator: Operator
    url: str


@pytest.fixture(scope="module")
def caller(quiet_stage: Stage) -> Caller:
    """An owner with a record and an order, on a stack whose clock stands still."""
    customer = quiet_stage.join("kalo")
    assert put(customer, "c1", {"name": "Reza"}).status_code == 201
    customer.order("starter", "P1M")
    return Caller(customer, quiet_stage.boss, f"{quiet_stage.api.url}/v1")


def _requests() -> Sequence[object]:
    """Each operation with right requests and, where anything in them can be wrong, with wrong ones."""
    found = []
    for label, operation in OPERATIONS.items():
        found.append(pytest.param(label, GenerationMode.POSITIVE, id=f"{label}-right"))
        if operation.body or list(operation.iter_parameters()):
            found.append(pytest.param(label, GenerationMode.NEGATIVE, id=f"{label}-wrong"))
    return found


@pytest.mark.parametrize(("label", "mode"), _requests())
def test_every_answer_is_one_that_the_description_knows(
    label: str, mode: GenerationMode, caller: Caller
) -> None:
    operation = OPERATIONS[label]
    groups = operation.definition.raw.get("x-groups", [])
    by_operator = "operator" in groups and "owner" not in groups and label not in NOT_BY_OPERATORS
    token = caller.operator.token if by_operator else caller.customer.token
    headers = {"Authorization": f"Bearer {token}"} if groups else {}

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=10,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def meets(case: Case) -> None:
        if mode.is_positive and "tenant_id" in case.path_parameters:
            case.path_parameters["tenant_id"] = caller.customer.tenant_id
        response = case.call(base_url=caller.url, headers=headers, timeout=30)
        case.validate_response(response, checks=CHECKS)

    meets()
