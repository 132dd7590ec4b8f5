"""What the gateways' adapters read alike: numbers, cards, payers' mobiles, what a browser brings back."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mohlat.domain.errors import InvalidInput
from mohlat.domain.iranian import local_mobile

# How many digits stay readable differs between gateways; the stars are what matters.
_MASKED_CARD = re.compile(r"[0-9]{4,6}\*+[0-9]{2,4}")


def integer(value: object) -> int | None:
    """A whole number, also one written as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    try:
        return int(value)
    except ValueError:
        return None


def masked_card(value: object) -> str | None:
    """The card as the gateway masked it. Only a number that really is masked may be kept (KALAK-card)."""
    return value if isinstance(value, str) and _MASKED_CARD.fullmatch(value) else None


def payers_mobile(mobile: str | None) -> str | None:
    """An E.164 number as gateways take it, or None.

    It only lets their pages offer the payer's saved cards; a foreign number would be refused as invalid.
    """
    return local_mobile(mobile) if mobile and mobile.startswith("+98") else None


def parameter(query: Mapping[str, str], name: str, form: str) -> str:
    """A callback's parameter in its whole `form` (a pattern). Raises InvalidInput with its name."""
    value = query.get(name, "")
    if not re.fullmatch(form, value):
        raise InvalidInput(name, "is not accepted" if value else "is missing")
    return value


def optional_parameter(query: Mapping[str, str], name: str, form: str) -> str | None:
    """A parameter that may be missing or empty; what is there must have its whole `form`."""
    return parameter(query, name, form) if query.get(name) else None
