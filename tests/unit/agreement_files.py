"""The shipped agreement files as text, to be broken and judged."""

from __future__ import annotations

from pathlib import Path

from mohlat.agreements import loader

PACKAGE = Path(loader.__file__).parent


def source(product: str) -> str:
    """A product's file."""
    return (PACKAGE / f"{product}.yaml").read_text(encoding="utf-8")


def broken(product: str, old: str, new: str) -> str:
    """A product's file with `new` in the first place of `old`."""
    text = source(product)
    assert old in text
    return text.replace(old, new, 1)
