"""Agreement files that somebody broke: refused with the place to mend, or still agreements; nothing else."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mohlat.agreements import loader
from mohlat.domain.errors import AgreementInvalid
from tests.unit.agreement_files import source

PRODUCTS = loader.products()
FILES = {product: yaml.load(source(product), loader._Loader) for product in PRODUCTS}
# In no place of any file does one of these mean something.
NONSENSE: tuple[object, ...] = (
    -1,
    -0.5,
    10**30,
    float("nan"),
    float("inf"),
    "",
    "   ",
    "a\u202eb",
    "\u2067name",
    "a\u0007b",
    [[]],
    {"": None},
    {"no such": "key"},
)
# What YAML's own constructors stumble over, in place of a value.
TAGGED = (
    "!!int x",
    "!!float x",
    "!!timestamp 2026-99-99",
    "!!binary '%'",
    "!!set {a: b}",
    "!!pairs [1]",
    "!!omap [a]",
    "!!python/object:os.system x",
    "!!bool maybe",
    "!!null x",
    "!!merge x",
    "{<<: 1}",
    "{? [a] : b}",
    "{? {a: b} : c}",
    "&a [*a]",
    "*nothing",
    "0b",
    "1:99:99",
    "9" * 5000,
    "1e400",
    "[" * 20_000,
    "[" * 3000 + "]" * 3000,
    "{a: " * 3000 + "1" + "}" * 3000,
    "'" + "a" * 1_000_000 + "'",
    "\x00",
    "\ud800",
    "\ufeff",
    "%YAML 9.9",
    "--- ",
    "...",
    "\t",
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, child in entries:
        yield from _places(child, (*path, key))


PLACES = {product: list(_places(known)) for product, known in FILES.items()}


def _judge(text: str, file: str) -> bool:
    """Whether a text is taken. Whatever else is raised than AgreementInvalid fails the test."""
    try:
        loader.parse(text, file)
    except AgreementInvalid as error:
        refused = error.details
    else:
        return True
    assert refused["path"], refused
    assert refused["reason"], refused
    return False


def _changed(product: str, place: tuple[Any, ...], value: object) -> str:
    file = copy.deepcopy(FILES[product])
    target = file
    for key in place[:-1]:
        target = target[key]
    if value is ...:
        del target[place[-1]]
    else:
        target[place[-1]] = value
    return yaml.safe_dump(file, allow_unicode=True, sort_keys=False)


@settings(
    max_examples=150, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)
@given(st.data())
def test_nonsense_is_taken_in_no_place_of_any_file(data: st.DataObject) -> None:
    product = data.draw(st.sampled_from(PRODUCTS))
    place = data.draw(st.sampled_from(PLACES[product]))
    value = data.draw(st.sampled_from(NONSENSE))
    assert not _judge(_changed(product, place, value), f"{product}.yaml"), (place, value)


@settings(max_examples=60, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(st.data())
def test_what_is_left_out_or_put_elsewhere_is_an_agreement_or_refused(data: st.DataObject) -> None:
    product = data.draw(st.sampled_from(PRODUCTS))
    place, other = (data.draw(st.sampled_from(PLACES[product])) for _ in range(2))
    value: Any = FILES[product]
    for key in other:
        value = value[key]
    _judge(_changed(product, place, data.draw(st.sampled_from((..., None, value)))), f"{product}.yaml")


@pytest.mark.parametrize("value", TAGGED, ids=lambda value: ascii(value)[:30])
def test_what_yaml_stumbles_over_is_refused_with_its_place(value: str) -> None:
    text = source("kalo")
    first = text.index("product: kalo")
    assert not _judge(text[:first] + f"product: {value}" + text[first + len("product: kalo") :], "kalo.yaml")
    # And where a value is deeper inside.
    assert not _judge(f"{text}\nlifecycle: {value}\n", "kalo.yaml")
    assert not _judge(value, "kalo.yaml")


@settings(max_examples=60, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_text_with_a_piece_torn_out_or_put_in_is_judged(data: st.DataObject) -> None:
    product = data.draw(st.sampled_from(PRODUCTS))
    text = source(product)
    begin = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(begin, min(len(text), begin + 80)))
    piece = data.draw(st.text(max_size=5) | st.sampled_from(TAGGED[:20]))
    _judge(text[:begin] + piece + text[end:], f"{product}.yaml")
