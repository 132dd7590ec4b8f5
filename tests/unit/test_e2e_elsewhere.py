"""Which deployed stacks the end-to-end tests take, and where they find them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.__main__ import NotForTests, where

OPERATOR = {"MOHLAT_OPERATOR": "boss", "MOHLAT_OPERATOR_PASSWORD": "…"}


def stack(**parameters: str) -> dict[str, Any]:
    told = {"Stage": "dev", "TestClock": "on", "PublicUrl": "https://api.dev.example"} | parameters
    return {
        "StackName": "mohlat-dev",
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in told.items()],
    }


@pytest.mark.parametrize(
    "address", ["https://api.dev.example", "https://api.dev.example/", "https://api.dev.example/v1"]
)
def test_the_front_door_is_the_one_that_the_stack_was_told(address: str) -> None:
    assert where(stack(PublicUrl=address), OPERATOR) == {"MOHLAT_URL": "https://api.dev.example"}


def test_another_front_door_goes_first() -> None:
    elsewhere = {"MOHLAT_URL": "http://127.0.0.1:3000"}
    assert where(stack(PublicUrl=""), OPERATOR | elsewhere) == elsewhere


@pytest.mark.parametrize(
    ("found", "given"),
    [
        (stack(Stage="prod"), OPERATOR),
        (stack(TestClock="off"), OPERATOR),
        (stack(PublicUrl=""), OPERATOR),
        (stack(), {}),
        (stack(), OPERATOR | {"MOHLAT_OPERATOR_PASSWORD": ""}),
    ],
    ids=["production", "no test clock", "no front door", "no operator", "no password"],
)
def test_other_stacks_are_left_alone(found: dict[str, Any], given: dict[str, str]) -> None:
    with pytest.raises(NotForTests):
        where(found, given)
