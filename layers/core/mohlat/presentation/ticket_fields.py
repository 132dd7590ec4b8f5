"""Reads what people write into tickets: letters of several lines, and the numbers that end them."""

from __future__ import annotations

import re

from mohlat.domain.errors import InvalidInput
from mohlat.domain.iranian import fold_digits
from mohlat.presentation.fields import Read, text


def letter(longest: int) -> Read:
    """Text of several lines, none of which holds control characters; trimmed, not empty."""
    one_line = text(longest)

    def read(value: object, field: str) -> str:
        if not isinstance(value, str) or len(value) > longest:
            return str(one_line(value, field))
        if not value.strip():
            raise InvalidInput(field, "is empty")
        lines = re.split(r"\r\n|\r|\n", value)
        return "\n".join(str(one_line(line, field)) if line.strip() else "" for line in lines).strip()

    return read


def tax_id(value: object, field: str) -> str:
    """The taxpayer system's number of a document: 22 characters, in capitals."""
    folded = fold_digits(str(text(40)(value, field))).upper()
    if not re.fullmatch(r"[A-Z0-9]{22}", folded):
        raise InvalidInput(field, "not 22 letters and digits")
    return folded
