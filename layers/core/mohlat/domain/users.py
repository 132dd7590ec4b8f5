"""Further users of an account: its owner lets them in and sends them away (SAMAN-4.2.6, KALO-13)."""

from __future__ import annotations

from datetime import datetime

from mohlat.domain.agreement import Agreement
from mohlat.domain.errors import Conflict
from mohlat.domain.lifecycle import Event, Transition, move
from mohlat.domain.overuse import limit_of
from mohlat.domain.tenant import Tenant

# Every one of them hears every announcement.
MOST_USERS = 500
METRIC = "users"


def add_user(
    tenant: Tenant,
    agreement: Agreement,
    newest: Agreement,
    username: str,
    known: int,
    now: datetime,
    *,
    by: str,
) -> Transition:
    """Lets one more user in, beside the `known` ones, the owner included.

    Raises Gone; Conflict for one more than the plan allows, unless the agreement bills those above it
    (SAMAN-3.12), and for more than there can be at all.
    """
    limit = limit_of(tenant, agreement, newest, METRIC)
    billed = agreement.overuse is not None and any(rate.metric == METRIC for rate in agreement.overuse.rates)
    most = MOST_USERS if limit is None or billed else min(limit, MOST_USERS)
    if known >= most:
        raise Conflict("the account has as many users as it may have", most=most)
    return _moved(tenant, agreement, Event.USER_ADDED, username, now, by, "the owner let a user in")


def remove_user(tenant: Tenant, agreement: Agreement, username: str, now: datetime, *, by: str) -> Transition:
    """Sends a user away. Raises Gone."""
    return _moved(tenant, agreement, Event.USER_REMOVED, username, now, by, "the owner sent a user away")


def _moved(
    tenant: Tenant, agreement: Agreement, event: Event, username: str, now: datetime, by: str, why: str
) -> Transition:
    return move(tenant, event, now, by, why, agreement.service_basis.cite(), facts={"user_id": username})
