"""Finds, reads and checks agreement files: `<product>.yaml` and older `<product>@<version>.yaml`.

Files come with this package; more folders are named by MOHLAT_AGREEMENTS (separated like PATH), and stacks
with the test clock bring a layer with products of their own (the package `mohlat_test_agreements`).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path, PurePath
from typing import Any

import yaml

from mohlat.agreements.form import read_agreement
from mohlat.agreements.reading import Problem, Refused, join
from mohlat.agreements.values import NAME, PROCESSORS, RETAINED, VAT_RATES, VERSION
from mohlat.domain.agreement import Agreement, VatRate
from mohlat.domain.certificate import Retained
from mohlat.domain.errors import AgreementInvalid, InvalidInput
from mohlat.domain.processors import Processor, forbidden

# The C parser reads a file some ten times faster; it is missing where PyYAML was built without libyaml.
_Parser = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# The law's, not a vendor's: it stands in a folder of its own, where no product is looked for.
_VAT = Path(__file__).parent / "law" / "vat.yaml"
_RETENTION = _VAT.with_name("retention.yaml")
_PROCESSORS = _RETENTION.parent / "processors.yaml"
_WHOLE_FILE = "the whole file"
_TEXT_TAG = "tag:yaml.org,2002:str"
_TIMESTAMP_TAG = "tag:yaml.org,2002:timestamp"
# The parser recurses on the C stack, which some ten thousand levels overrun: then the whole process is gone.
# These bound the levels far below that, and no agreement comes near them.
_LONGEST_LINE = 1000
_MOST_BRACKETS = 5000
_DEEPEST = 20


class _Loader(_Parser):  # type: ignore[misc, valid-type]
    """Leaves dates as they are written, so that a wrong one is reported at its path."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP_TAG]
    for first, resolvers in _Parser.yaml_implicit_resolvers.items()
}


def search_path() -> tuple[Path, ...]:
    """The folders that hold agreement files; where two hold the same product, the first one counts."""
    folders = [Path(__file__).parent]
    folders += [
        Path(folder) for folder in os.environ.get("MOHLAT_AGREEMENTS", "").split(os.pathsep) if folder
    ]
    spec = find_spec("mohlat_test_agreements")
    if spec and spec.submodule_search_locations:
        folders += [Path(folder) for folder in spec.submodule_search_locations]
    return tuple(folders)


def products() -> tuple[str, ...]:
    """The names of all products that have an agreement, sorted."""
    files = (file for folder in search_path() for file in folder.glob("*.yaml"))
    return tuple(sorted({file.stem for file in files if "@" not in file.stem}))


def _find(name: str) -> Path | None:
    candidates = (folder / f"{name}.yaml" for folder in search_path())
    return next((file for file in candidates if file.is_file()), None)


def is_shipped(product: str, version: str) -> bool:
    """Whether a product's agreement has such a version. Raises InvalidInput for an unknown product."""
    if load(product).version == version:
        return True
    return VERSION.fullmatch(version) is not None and _find(f"{product}@{version}") is not None


@cache
def load(product: str, version: str | None = None) -> Agreement:
    """The newest agreement of a product, or the version a tenant is bound to. Read once per process.

    Raises InvalidInput for an unknown product, AgreementInvalid for a version whose file is missing or for a
    file that breaks the form.
    """
    # Names come from requests: only what looks like one may become part of a file's path.
    file = _find(product) if NAME.fullmatch(product) else None
    if file is None:
        raise InvalidInput("product", "unknown", known=list(products()))
    if version is None:
        return _read(file)
    newest = load(product)
    if newest.version == version:
        return newest
    older = _find(f"{product}@{version}") if VERSION.fullmatch(version) else None
    if older is None:
        # Tenants are bound to it: not something that was never there, but a deployment without its file.
        raise AgreementInvalid(f"{product}@{version}.yaml", _WHOLE_FILE, "is missing")
    return _read(older)


def _read(file: Path) -> Agreement:
    try:
        text = file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise AgreementInvalid(file.name, _WHOLE_FILE, "is not UTF-8 text") from error
    return parse(text, file.name)


def parse(text: str, file: str) -> Agreement:
    """The agreement in `text`; `file` is its name, used in errors and to check product and version.

    Raises AgreementInvalid with the first problem; `problems` lists them all.
    """
    try:
        return _parse(text, file)
    except Refused as refused:
        raise AgreementInvalid(file, *refused.problems[0]) from None


def problems(text: str, file: str) -> list[AgreementInvalid]:
    """Everything that is wrong with the file, ready to be shown; empty if `parse` accepts it."""
    try:
        _parse(text, file)
    except Refused as refused:
        return [AgreementInvalid(file, *problem) for problem in refused.problems]
    return []


@cache
def vat_rates() -> tuple[VatRate, ...]:
    """The law's rates of value added tax, oldest first. Read once per process. Raises AgreementInvalid."""
    try:
        return VAT_RATES(_plain_values(_VAT.read_text(encoding="utf-8")), "")
    except Refused as refused:
        raise AgreementInvalid(_VAT.name, *refused.problems[0]) from None


@cache
def retained() -> tuple[Retained, ...]:
    """What stays after a purge and by which law. Read once per process. Raises AgreementInvalid."""
    try:
        return RETAINED(_plain_values(_RETENTION.read_text(encoding="utf-8")), "")
    except Refused as refused:
        raise AgreementInvalid(_RETENTION.name, *refused.problems[0]) from None


@cache
def processors() -> tuple[Processor, ...]:
    """Who works on data on the vendors' behalf. Read once per process. Raises AgreementInvalid."""
    try:
        return PROCESSORS(_plain_values(_PROCESSORS.read_text(encoding="utf-8")), "")
    except Refused as refused:
        raise AgreementInvalid(_PROCESSORS.name, *refused.problems[0]) from None


def _parse(text: str, file: str) -> Agreement:
    values = _plain_values(text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    agreement = read_agreement(values, digest, vat_rates())
    product, _, version = PurePath(file).stem.partition("@")
    if agreement.product != product:
        raise Refused(
            [Problem("product", f"is {agreement.product!r}, but the file is named after {product!r}")]
        )
    if version and agreement.version != version:
        raise Refused(
            [Problem("version", f"is {agreement.version!r}, but the file is named after {version!r}")]
        )
    if found := forbidden(agreement, processors()):
        names = ", ".join(found)
        raise Refused([Problem("transfers", f"data would go to {names}, where the agreement lets none go")])
    return agreement


def _demand_readable(text: str) -> None:
    for number, line in enumerate(text.splitlines(), start=1):
        if len(line) > _LONGEST_LINE:
            raise Refused([Problem(f"line {number}", "is too long for an agreement")])
        if any("\ud800" <= char <= "\udfff" for char in line):
            raise Refused([Problem(f"line {number}", "holds half a character")])
    if text.count("[") + text.count("{") > _MOST_BRACKETS:
        raise Refused([Problem(_WHOLE_FILE, "holds more lists than an agreement can have")])


def _plain_values(text: str) -> object:
    _demand_readable(text)
    try:
        loader = _Loader(text)
        try:
            root = loader.get_single_node()
            if root is None:
                raise Refused([Problem(_WHOLE_FILE, "is empty")])
            if found := list(_ambiguous(root, "", set(), loader)):
                raise Refused(found)
            values: object = loader.construct_document(root)
            return values
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        path = f"line {mark.line + 1}" if mark else _WHOLE_FILE
        reason = getattr(error, "problem", None) or "it cannot be read"
        raise Refused([Problem(path, f"is not YAML: {reason}")]) from error


def _ambiguous(node: yaml.Node, path: str, seen: set[int], loader: Any, depth: int = 0) -> Iterator[Problem]:
    """What YAML allows and an agreement must not hold.

    Keys twice, keys that are no text, aliases, values marked as something they do not look like, and nesting
    that no agreement needs.
    """
    if id(node) in seen:
        yield Problem(path, "must be written out: aliases are not used in agreements")
        return
    if depth > _DEEPEST:
        yield Problem(path, "is nested too deeply")
        return
    seen.add(id(node))
    if node.tag not in (_TEXT_TAG, _usual_tag(node, loader)):
        yield Problem(path or _WHOLE_FILE, "must not be marked with a YAML tag")
        return
    if isinstance(node, yaml.SequenceNode):
        for index, entry in enumerate(node.value):
            yield from _ambiguous(entry, f"{path}[{index}]", seen, loader, depth + 1)
    if isinstance(node, yaml.MappingNode):
        keys: set[str] = set()
        for key, value in node.value:
            if key.tag != _TEXT_TAG or not isinstance(key, yaml.ScalarNode):
                name = str(key.value) if isinstance(key, yaml.ScalarNode) else "?"
                yield Problem(join(path, name), "a key must be plain text")
                continue
            place = join(path, key.value)
            if key.value in keys:
                yield Problem(place, "is there twice")
            keys.add(key.value)
            yield from _ambiguous(value, place, seen, loader, depth + 1)


def _usual_tag(node: yaml.Node, loader: Any) -> str:
    """What a node is by its look alone."""
    tag: str = loader.resolve(type(node), node.value, (True, False))
    return tag
