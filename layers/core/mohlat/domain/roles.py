"""Roles that last as long as somebody grants them, one tenant at a time; they stand in the tenant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SupportGrant:
    """A helper whom the customer let in with the support role, until `until` (exclusive) (SAMAN-3.7).

    `helper` is the username of an account's user, `helper_tenant` that account's tenant; empty for an
    operator of the vendor.
    """

    id: str
    helper: str
    helper_tenant: str
    by: str
    since: datetime
    until: datetime

    def stands(self, now: datetime) -> bool:
        """Whether it lets its helper in at `now`."""
        return self.since <= now < self.until


@dataclass(frozen=True, slots=True)
class Delegation:
    """What the vendor delegated to a partner (its username) for this customer, and nothing else (SAMAN-1.7).

    `powers` are values of PartnerPower.
    """

    partner: str
    powers: tuple[str, ...]
    by: str
    since: datetime
