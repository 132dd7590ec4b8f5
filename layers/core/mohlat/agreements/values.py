"""The kinds of values that an agreement file holds, each with its reader: lengths, days, money, numbers.

docs/agreement-schema.md lists them for whoever writes a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, time
from itertools import pairwise
from typing import Any

from mohlat.agreements.reading import (
    Problem,
    Reader,
    checked,
    list_of,
    mapping_of,
    one_of,
    percent,
    positive,
    record,
    refuse,
    text,
    yes_or_no,
)
from mohlat.calendar.jalali import gregorian_day, start_of_day
from mohlat.domain.agreement import Channel, Price, VatRate
from mohlat.domain.certificate import Retained
from mohlat.domain.durations import Duration
from mohlat.domain.errors import InvalidInput
from mohlat.domain.iranian import normalize_legal_id
from mohlat.domain.processors import Processor

_RIALS_PER_TOMAN = 10
LANGUAGES = ("fa", "en")

NAME = re.compile(r"[a-z][a-z0-9_]*")
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
COOKIE_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_URL = re.compile(r"https://[^\s/]+(/\S*)?")
_POSTAL_CODE = re.compile(r"[0-9]{10}")
_PHONE = re.compile(r"\+[0-9]{8,15}")
_FISCAL_ID = re.compile(r"[A-Z0-9]{6}")
_GOODS_ID = re.compile(r"[0-9]{13}")
_OLD_ECONOMIC_CODE = re.compile(r"[0-9]{12}|[0-9]{14}")


def matching(pattern: re.Pattern[str], form: str) -> Reader[str]:
    """Reads a text of this form, which `form` names in words."""

    def read(value: object, path: str) -> str:
        if not pattern.fullmatch(text(value, path)):
            raise refuse(path, f"must be {form}, not {value!r}")
        return str(value)

    return read


def duration(value: object, path: str) -> Duration:
    """Reads an ISO 8601 length that is longer than nothing."""
    try:
        length = Duration.parse(text(value, path))
    except ValueError:
        raise refuse(path, f"must be an ISO 8601 duration such as P30D or PT12H, not {value!r}") from None
    if length == Duration():
        raise refuse(path, "must be longer than nothing")
    return length


def time_of_day(value: object, path: str) -> time:
    """Reads a time of day such as 08:00."""
    if not _TIME.fullmatch(text(value, path)):
        raise refuse(path, f"must be a time of day such as 08:00, not {value!r}")
    return time.fromisoformat(str(value))


def _jalali(value: object, path: str) -> str:
    day = text(value, path)
    try:
        gregorian_day(day)
    except ValueError:
        raise refuse(path, f"must be a Jalali date such as 1402/07/01, not {value!r}") from None
    return day


def _gregorian(value: object, path: str) -> date:
    try:
        day = date.fromisoformat(text(value, path))
    except ValueError:
        raise refuse(path, f"must be a Gregorian date such as 2023-09-23, not {value!r}") from None
    return day


def same_day(both: tuple[str, date], path: str) -> Iterator[Problem]:
    """Refuses a Jalali and a Gregorian date that are not the same day."""
    jalali, gregorian = both
    if gregorian_day(jalali) != gregorian:
        yield Problem(path, f"jalali {jalali} is {gregorian_day(jalali)}, not gregorian {gregorian}")


def legal_id(value: object, path: str) -> str:
    """Reads a company's national id: eleven digits, the last of which proves the others."""
    try:
        return normalize_legal_id(text(value, path))
    except InvalidInput:
        raise refuse(path, f"must be a company's national id of eleven digits, not {value!r}") from None


def economic_code(value: object, path: str) -> str:
    """Reads a taxpayer's number: a company's national id, or one of the older kinds, which prove nothing."""
    if _OLD_ECONOMIC_CODE.fullmatch(text(value, path)):
        return str(value)
    try:
        return normalize_legal_id(str(value))
    except InvalidInput:
        form = "an economic code: a company's national id, or 12 or 14 digits"
        raise refuse(path, f"must be {form}, not {value!r}") from None


def _price(since: tuple[str, date], toman: int) -> Price:
    return Price(start_of_day(since[0]), toman * _RIALS_PER_TOMAN)


def _vat_rate(since: tuple[str, date], percent: int, source: str) -> VatRate:
    # The source is for whoever has to confirm the rate, and stays in the file.
    return VatRate(start_of_day(since[0]), percent)


def _ascending(entries: Sequence[Price | VatRate], path: str) -> Iterator[Problem]:
    for index, (earlier, later) in enumerate(pairwise(entries), start=1):
        if later.since <= earlier.since:
            yield Problem(f"{path}[{index}].since", "must be later than the one before it")


CHANNELS = list_of(one_of({channel.value: channel for channel in Channel}), key=lambda channel: channel)
NAMES: Reader[dict[str, str]] = record(dict, {}, dict.fromkeys(LANGUAGES, text))
DATE: dict[str, Reader[Any]] = {"jalali": _jalali, "gregorian": _gregorian}
SINCE = checked(record(lambda jalali, gregorian: (jalali, gregorian), DATE), same_day)
PRICES = checked(
    list_of(record(_price, {"since": SINCE, "toman": positive}), key=lambda price: price.since, at="since"),
    _ascending,
)

SHORT_NAME = matching(NAME, "a short name of a-z, 0-9 and _")
MAIL_ADDRESS = matching(_ADDRESS, "a mail address")
WEB_ADDRESS = matching(_URL, "an https:// address")
POSTAL_CODE = matching(_POSTAL_CODE, "ten digits")
PHONE = matching(_PHONE, "a phone number with its country, such as +982112345678")
FISCAL_ID = matching(_FISCAL_ID, "six characters of A-Z and 0-9")
GOODS_ID = matching(_GOODS_ID, "thirteen digits")

# The law's, the same for every product: law/vat.yaml.
VAT_RATES: Reader[tuple[VatRate, ...]] = record(
    lambda rates: rates,
    {
        "rates": checked(
            list_of(
                record(_vat_rate, {"since": SINCE, "percent": percent, "source": text}),
                key=lambda rate: rate.since,
                at="since",
            ),
            _ascending,
        )
    },
)

# Who works on data on the vendors' behalf: law/processors.yaml.
PROCESSORS: Reader[tuple[Processor, ...]] = record(
    lambda processors: processors,
    {
        "processors": list_of(
            record(
                Processor,
                {
                    "id": SHORT_NAME,
                    "names": NAMES,
                    "what": NAMES,
                    "where": text,
                    "equal_protection": yes_or_no,
                },
            ),
            key=lambda one: one.id,
            at="id",
        )
    },
)
# What stays after a purge: law/retention.yaml.
RETAINED: Reader[tuple[Retained, ...]] = record(
    lambda retained: retained,
    {
        "retained": list_of(
            record(
                Retained, {"category": SHORT_NAME, "names": mapping_of(text), "ground": text, "kept": text}
            ),
            key=lambda one: one.category,
            at="category",
        )
    },
)
