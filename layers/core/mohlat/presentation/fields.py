"""Reads what a request sends: strictly, naming the field at fault, before any of it is used.

A reader takes the value and the field's name (`legal_entity.name`) and returns what is kept of it.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

from mohlat.domain.durations import Duration
from mohlat.domain.errors import InvalidInput, MohlatError, NotFound
from mohlat.domain.iranian import fold_digits, normalize_legal_id, normalize_mobile

# More rials than there are, and still exact in every program that reads our JSON.
_LARGEST_NUMBER = 10**15
# What we answer in.
LANGUAGES = ("fa", "en")
LARGEST_BODY = 128 * 1024
_DEEPEST = 24
_LONGEST_CONTACT = 254

Read = Callable[[object, str], Any]
Choice = TypeVar("Choice", bound=StrEnum)


class MalformedBody(MohlatError):
    """The body is not JSON, or JSON that two readers could understand differently: send it correctly."""

    code = "malformed-body"


class BodyTooLarge(MohlatError):
    """The body is larger than this API ever needs: send less."""

    code = "body-too-large"


class UnsupportedMediaType(MohlatError):
    """The body is declared as something else than the route takes: JSON, or a form where one is posted."""

    code = "unsupported-media-type"


@dataclass(frozen=True, slots=True)
class _Optional:
    read: Read
    default: object


def optional(read: Read, default: object = None) -> Any:
    """A field that may be left out or be null."""
    return _Optional(read, default)


def parse_json(text: str) -> object:
    """The JSON value in `text`. Raises MalformedBody also for what parsers disagree on.

    Refused are NaN and infinities, keys that are there twice, halves of surrogate pairs, and nesting deeper
    than 24 levels.
    """
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse, parse_float=_finite)
        _check_depth(value)
        # A lone surrogate is no text: nothing could store or show it.
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise MalformedBody from None
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        raise ValueError
    return unique


def _refuse(constant: str) -> object:
    raise ValueError


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError
    return number


def _check_depth(value: object) -> None:
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > _DEEPEST:
            raise ValueError
        level = [
            child
            for node in level
            if isinstance(node, (dict, list))
            for child in (node.values() if isinstance(node, dict) else node)
        ]


def read_object(value: object, path: str, readers: Mapping[str, Any]) -> dict[str, Any]:
    """What `readers` make of an object's fields. Raises InvalidInput for the first that is wrong."""
    if not isinstance(value, dict):
        raise InvalidInput(path or "body", "must be an object")
    prefix = f"{path}." if path else ""
    for name in value:
        if name not in readers:
            # The name is the caller's own text: shown shortened, and only if it is harmless.
            shown = name if re.fullmatch(r"[\w.-]{1,40}", name) else "?"
            raise InvalidInput(f"{prefix}{shown}", "unknown field")
    found: dict[str, Any] = {}
    for name, reader in readers.items():
        given = value.get(name)
        if isinstance(reader, _Optional):
            found[name] = reader.default if given is None else reader.read(given, prefix + name)
        elif given is None:
            raise InvalidInput(prefix + name, "is missing")
        else:
            found[name] = reader(given, prefix + name)
    return found


def group(readers: Mapping[str, Any]) -> Read:
    """An object with these fields."""
    return lambda value, field: read_object(value, field, readers)


def _text(value: object, field: str, longest: int) -> str:
    if not isinstance(value, str):
        raise InvalidInput(field, "must be text")
    if len(value) > longest:
        raise InvalidInput(field, "too long", max_length=longest)
    return value


def _clean(text: str, field: str) -> str:
    """NFC, trimmed. Refuses control characters, and marks that turn the direction of what follows them."""
    for char in text:
        # Persian needs its zero-width (non-)joiner.
        if unicodedata.category(char) in ("Cc", "Cs", "Co", "Cn") or (
            unicodedata.category(char) == "Cf" and char not in "\u200c\u200d"
        ):
            raise InvalidInput(field, "holds control characters")
    return unicodedata.normalize("NFC", text).strip()


def text(longest: int = 200) -> Read:
    """Text of one line, trimmed, not empty."""

    def read(value: object, field: str) -> str:
        cleaned = _clean(_text(value, field, longest), field)
        if not cleaned.strip("\u200c\u200d "):
            raise InvalidInput(field, "is empty")
        return cleaned

    return read


def by_language(read: Read) -> Read:
    """An object of one text for each of our languages, as `read` reads it; which of them are needed is the
    product's matter.
    """
    one = group({language: optional(read) for language in LANGUAGES})
    return lambda value, field: {name: text for name, text in one(value, field).items() if text is not None}


def slug(value: object, field: str) -> str:
    """A short name of ours: a product, a plan, a clause, a version."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", _text(value, field, 64)):
        raise InvalidInput(field, "not a valid name")
    return str(value)


def secret(value: object, field: str) -> str:
    """A password, kept as it is: what it must be is the agreement's matter."""
    return _text(value, field, 256)


def token(value: object, field: str) -> str:
    """A token that we gave out."""
    if not re.fullmatch(r"[\x21-\x7e]+", _text(value, field, 8192)):
        raise InvalidInput(field, "not a valid token")
    return str(value)


def email(value: object, field: str) -> str:
    """An e-mail address, lower-case."""
    folded = fold_digits(_text(value, field, _LONGEST_CONTACT).strip()).lower()
    local, _, domain = folded.rpartition("@")
    if (
        not re.fullmatch(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*", local)
        or len(local) > 64
        or not re.fullmatch(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]", domain)
    ):
        raise InvalidInput(field, "not an e-mail address")
    return folded


def mobile(value: object, field: str) -> str:
    """An Iranian mobile number, E.164."""
    return normalize_mobile(_text(value, field, 40), field)


def contact(value: object, field: str) -> str:
    """An e-mail address or a mobile number."""
    return email(value, field) if "@" in _text(value, field, _LONGEST_CONTACT) else mobile(value, field)


def legal_id(value: object, field: str) -> str:
    """A company's national id."""
    return normalize_legal_id(_text(value, field, 40), field)


def one_time_code(value: object, field: str) -> str:
    """Six digits of whatever script."""
    folded = fold_digits(re.sub(r"\s", "", _text(value, field, 20)))
    if not re.fullmatch(r"[0-9]{6}", folded):
        raise InvalidInput(field, "not six digits")
    return folded


def duration(value: object, field: str) -> Duration:
    """An ISO 8601 duration, longer than nothing and shorter than a century."""
    try:
        length = Duration.parse(_text(value, field, 20))
    except ValueError:
        raise InvalidInput(field, "not an ISO 8601 duration") from None
    if length == Duration() or length.months > 1200 or length.days > 36525 or length.seconds > 36525 * 86400:
        raise InvalidInput(field, "not an ISO 8601 duration")
    return length


def instant(value: object, field: str) -> datetime:
    """An RFC 3339 instant with its offset, as UTC and whole seconds."""
    try:
        read = datetime.fromisoformat(_text(value, field, 40))
        if read.tzinfo is None:
            raise ValueError
        return read.astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        raise InvalidInput(field, "not an RFC 3339 instant") from None


def choice(*allowed: str) -> Read:
    """One of a few words."""

    def read(value: object, field: str) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise InvalidInput(field, "not one of the possible values", allowed=list(allowed))
        return value

    return read


def member(of: type[Choice]) -> Read:
    """A member of an enumeration."""
    read = choice(*(item.value for item in of))
    return lambda value, field: of(read(value, field))


def positive(value: object, field: str) -> int:
    """A whole number of at least 1 that fits a ledger. Raises InvalidInput."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _LARGEST_NUMBER:
        raise InvalidInput(field, "not a number in range", lowest=1, highest=_LARGEST_NUMBER)
    return value


def natural(value: object, field: str) -> int:
    """A whole number of at least 0, such as what a meter counted. Raises InvalidInput."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LARGEST_NUMBER:
        raise InvalidInput(field, "not a number in range", lowest=0, highest=_LARGEST_NUMBER)
    return value


def flag(value: object, field: str) -> bool:
    """True or false, and nothing that only looks like it."""
    if not isinstance(value, bool):
        raise InvalidInput(field, "must be true or false")
    return value


def ticked(value: object, field: str) -> frozenset[str]:
    """The names that are true in an object of flags."""
    if not isinstance(value, dict) or len(value) > 20:
        raise InvalidInput(field, "must be an object")
    return frozenset(
        slug(name, field) for name, given in value.items() if flag(given, f"{field}.{name[:40]}")
    )


def json_object(value: object, field: str) -> dict[str, object]:
    """Any JSON object."""
    if not isinstance(value, dict):
        raise InvalidInput(field, "must be an object")
    return value


def whole_number(text_value: str, field: str, lowest: int, highest: int) -> int:
    """A number from a query string."""
    folded = fold_digits(text_value)
    if not re.fullmatch(r"[0-9]{1,9}", folded) or not lowest <= int(folded) <= highest:
        raise InvalidInput(field, "not a number in range", min=lowest, max=highest)
    return int(folded)


def our_id(value: str, prefix: str) -> str:
    """An id in a path, in the form in which we give them out. Raises NotFound: another cannot exist."""
    if not re.fullmatch(rf"{prefix}_[0-9A-HJKMNP-TV-Z]{{26}}", value):
        raise NotFound
    return value


def our_document(value: str) -> str:
    """The id of an invoice or a credit note. Raises NotFound for what can be neither."""
    return our_id(value, "c" if value.startswith("c_") else "i")


def file_name(value: str) -> str:
    """The name of an export's file. Raises NotFound for what can be none."""
    if not re.fullmatch(r"[a-z]{1,20}(-[0-9]{5})?\.jsonl?", value):
        raise NotFound
    return value


def record_id(value: str, field: str = "record_id") -> str:
    """A record's id, which the tenant chooses."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", value):
        raise InvalidInput(field, "not a valid name")
    return value


def record_name(value: object, field: str) -> str:
    """A record's id in a body."""
    return record_id(_text(value, field, 64), field)


def web_address(value: object, field: str) -> str:
    """An https:// address."""
    address = _text(value, field, 300)
    if not re.fullmatch(r"https://[A-Za-z0-9.-]+\.[A-Za-z]{2,}(:[0-9]{1,5})?(/[^\s<>\"']*)?", address):
        raise InvalidInput(field, "not an https:// address")
    return address


def sha256(value: object, field: str) -> str:
    """A SHA-256 digest in hexadecimal, lower-case."""
    digest = _text(value, field, 64).lower()
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise InvalidInput(field, "not 64 hexadecimal digits")
    return digest


def some_of(*allowed: str) -> Read:
    """A list of some of these texts, each once; it may be empty."""

    def read(value: object, field: str) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(each in allowed for each in value):
            raise InvalidInput(field, "not one of the possible values", allowed=list(allowed))
        return tuple(dict.fromkeys(value))

    return read


def tenant_ids(value: object, name: str) -> tuple[str, ...]:
    """A list of tenants' ids; it may be empty."""
    if not isinstance(value, list) or not all(
        isinstance(each, str) and re.fullmatch(r"t_[0-9A-HJKMNP-TV-Z]{26}", each) for each in value
    ):
        raise InvalidInput(name, "not a list of account ids")
    return tuple(value)


_MOST_HELD = 100


def record_ids(value: object, name: str) -> tuple[str, ...]:
    """A list of records' ids: some, and not more than a hundred."""
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise InvalidInput(name, "not a list of texts")
    if not 1 <= len(value) <= _MOST_HELD:
        raise InvalidInput(name, "too many or none", at_most=_MOST_HELD)
    return tuple(dict.fromkeys(record_id(each, name) for each in value))
