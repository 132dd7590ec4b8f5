"""The inventory of personal data: complete, and the published document is it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from mohlat.application import inventory
from mohlat.application.inventory import INVENTORY, Category, Declaration, Kept
from mohlat.domain.people import Contact

ROOT = Path(__file__).parents[2]
ADAPTERS = ROOT / "layers" / "core" / "mohlat" / "adapters" / "dynamodb"


@pytest.mark.clause("KALLU-2")
@pytest.mark.parametrize("declared", INVENTORY, ids=lambda each: each.of.__name__)
def test_every_stored_field_that_can_hold_words_has_its_category_or_says_nothing(
    declared: Declaration,
) -> None:
    assert declared.forgotten() == []
    assert declared.unknown() == []


def test_a_forgotten_field_is_noticed() -> None:
    careless = Declaration(
        Contact, "x", Kept.SEALED, {"name": Category.REGISTRATION, "shoe_size": Category.DEVICE}
    )
    assert careless.forgotten() == ["tenant_id", "email", "mobile", "language", "legal_entity"]
    assert careless.unknown() == ["shoe_size"]


def sealed_classes() -> set[str]:
    """The classes of what adapters seal: what the functions that seal are given."""
    found: set[str] = set()
    for path in ADAPTERS.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef):
                continue
            calls = [each for each in ast.walk(node) if isinstance(each, ast.Call)]
            if not any(isinstance(call.func, ast.Attribute) and call.func.attr == "seal" for call in calls):
                continue
            names = {ast.unparse(argument.annotation) for argument in node.args.args if argument.annotation}
            found |= {name for name in names if name[0].isupper()}
    return found - {"Sealer", "TransactWrite", "Mapping[str, object]"}


@pytest.mark.clause("KALLU-2")
def test_whatever_is_sealed_is_declared() -> None:
    declared = {each.of.__name__ for each in INVENTORY}
    # An invoice seals its buyer, which is a billing profile.
    assert sealed_classes() - declared == {"Invoice"}
    assert sealed_classes() >= {"Contact", "Words", "ContactNote", "BillingProfile"}


@pytest.mark.clause("KALLU-2")
def test_the_published_inventory_is_what_the_code_declares() -> None:
    assert (ROOT / "docs" / "personal-data.md").read_text(encoding="utf-8") == inventory.document()
    assert {category for category, *_ in inventory.lines()} == {category.value for category in Category}
