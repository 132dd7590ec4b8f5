"""What use is unusual: kinds of lines of the security log, and how many of them within an hour (CLUB-4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

HOUR = timedelta(hours=1)


class UnusualUse(StrEnum):
    """What is watched.

    full_minutes     minutes in which as many requests came as the package allows
    failed_sign_ins  wrong passwords and unknown contacts, of a tenant, a product or the operators
    refusals         what somebody asked for who may not: another tenant's data, or another role's work
    exports          copies of all data
    """

    FULL_MINUTES = "full_minutes"
    FAILED_SIGN_INS = "failed_sign_ins"
    REFUSALS = "refusals"
    EXPORTS = "exports"


# The kinds of lines that are counted, and as what.
WATCHED: Mapping[str, UnusualUse] = {
    "minute_full": UnusualUse.FULL_MINUTES,
    "sign_in_failed": UnusualUse.FAILED_SIGN_INS,
    "sign_in_unknown_contact": UnusualUse.FAILED_SIGN_INS,
    "foreign_tenant_refused": UnusualUse.REFUSALS,
    "role_refused": UnusualUse.REFUSALS,
    "export_begun": UnusualUse.EXPORTS,
}
# How many within an hour are unusual.
UNUSUAL: Mapping[UnusualUse, int] = {
    UnusualUse.FULL_MINUTES: 3,
    UnusualUse.FAILED_SIGN_INS: 10,
    UnusualUse.REFUSALS: 20,
    UnusualUse.EXPORTS: 5,
}


def hour_of(instant: datetime) -> datetime:
    """The start of the hour that an instant is in; its end is exclusive."""
    return instant.replace(minute=0, second=0, microsecond=0)
