"""Reads a billing profile: each field checked for form and check digits, and brought to its one form."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from mohlat.domain.billing import BillingProfile, Company
from mohlat.domain.errors import InvalidInput
from mohlat.domain.iranian import fold_digits, normalize_legal_id, normalize_national_id, normalize_sheba
from mohlat.presentation.fields import Read, email, group, mobile, optional, text

_LONGEST_NUMBER = 60
_MARKS = r"[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]"


def _number(normalize: Callable[[str, str], str]) -> Read:
    """What people write as a number, in any script's digits, as `normalize` keeps it."""
    read = text(_LONGEST_NUMBER)
    return lambda value, field: normalize(read(_without_marks(value), field), field)


def _without_marks(value: object) -> object:
    # Copying leaves marks of direction in numbers; in a name they would be refused.
    return re.sub(_MARKS, "", value) if isinstance(value, str) else value


def _digits(value: str) -> str:
    return re.sub(r"[\s()\-\u2010-\u2015\u2212]", "", fold_digits(value))


def _postal_code(value: str, field: str) -> str:
    digits = _digits(value)
    if not re.fullmatch(r"[0-9]{10}", digits):
        raise InvalidInput(field, "not ten digits")
    return digits


def _economic_code(value: str, field: str) -> str:
    """A company's is its national id since 1401; 12 and 14 digits are older ones, without a check digit."""
    digits = _digits(value)
    if len(digits) == 11:
        return normalize_legal_id(digits, field)
    if not re.fullmatch(r"[0-9]{12}|[0-9]{14}", digits):
        raise InvalidInput(field, "not an economic code")
    return digits


PROFILE: Mapping[str, Any] = {
    "name": optional(text(100), ""),
    "surname": optional(text(100), ""),
    "national_id": optional(_number(normalize_national_id), ""),
    "mobile": optional(mobile, ""),
    "email": optional(email, ""),
    "address": optional(text(500), ""),
    "postal_code": optional(_number(_postal_code), ""),
    "sheba": optional(_number(normalize_sheba), ""),
    "company": optional(
        group(
            {
                "name": text(200),
                "legal_id": optional(_number(normalize_legal_id), ""),
                "economic_code": optional(_number(_economic_code), ""),
            }
        )
    ),
}


def read_profile(tenant_id: str, fields: Mapping[str, Any]) -> BillingProfile:
    """The profile that the fields of `PROFILE` tell."""
    company = fields["company"] and Company(**fields["company"])
    return BillingProfile(tenant_id, **{**fields, "company": company})
