"""Whom an announcement concerns: the account, those who act for it, and how each is reached (KALO-13)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from mohlat.domain.agreement import Channel
from mohlat.domain.billing import BillingProfile
from mohlat.domain.people import Contact, UserContact


class Concern(StrEnum):
    """What somebody is to the account.

    account   its owner
    user      somebody whom the owner made a user of it
    billing   whom its billing profile names: an agent who pays for it
    helper    an agent whom the owner let in with the support role
    """

    ACCOUNT = "account"
    USER = "user"
    BILLING = "billing"
    HELPER = "helper"


@dataclass(frozen=True, slots=True)
class Recipient:
    """One address of somebody concerned, and the language to write in. Personal data: never logged.

    `address` is a lower-case e-mail address or an E.164 mobile number, as `channel` says.
    """

    channel: Channel
    address: str
    language: str
    concern: Concern


def recipients(
    contact: Contact,
    channels: Iterable[Channel],
    *,
    users: Iterable[UserContact] = (),
    profile: BillingProfile | None = None,
    helpers: Iterable[Contact | UserContact] = (),
) -> tuple[Recipient, ...]:
    """Everybody whom an announcement to a tenant concerns, by each of these channels that reaches them.

    `contact` is the tenant's, `users` those of its further users, `helpers` those of the accounts that are
    let in with the support role now. The account comes first. Nobody is listed twice for one address, and who
    gave none is not listed.
    """
    wanted = tuple(channels)
    found: dict[tuple[Channel, str], Recipient] = {}
    for each in _everybody(contact, users, profile, helpers):
        if each.address and each.channel in wanted:
            found.setdefault((each.channel, each.address), each)
    return tuple(found.values())


def _everybody(
    contact: Contact,
    users: Iterable[UserContact],
    profile: BillingProfile | None,
    helpers: Iterable[Contact | UserContact],
) -> Iterator[Recipient]:
    yield from _both(contact.email, contact.mobile, contact.language, Concern.ACCOUNT)
    for user in users:
        yield from _both(user.email, user.mobile, user.language, Concern.USER)
    if profile:
        yield from _both(profile.email, profile.mobile, contact.language, Concern.BILLING)
    for helper in helpers:
        yield from _both(helper.email, helper.mobile, helper.language, Concern.HELPER)


def _both(email: str, mobile: str, language: str, concern: Concern) -> tuple[Recipient, Recipient]:
    return (
        Recipient(Channel.EMAIL, email, language, concern),
        Recipient(Channel.SMS, mobile, language, concern),
    )
