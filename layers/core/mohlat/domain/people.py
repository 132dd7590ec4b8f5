"""People and what is kept about them. What identifies them is sealed under the tenant's key."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from enum import StrEnum

from mohlat.domain.iranian import fold_digits

# What the ids of tenants' users begin with; operators have names of their own.
USER_ID = "u"
_NEARLY_THE_SAME = 0.75


class Role(StrEnum):
    """What a signed-in user may be; a group of the user pool."""

    OWNER = "owner"
    USER = "user"
    SUPPORT = "support"
    PARTNER = "partner"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class LegalEntity:
    """The collective an account stands for, its authority declared (KALO-3, SAMAN-2.5, CLUB-10)."""

    name: str
    national_id: str


# Letters that keyboards write in two ways: Arabic kaf and the Arabic yehs.
_ONE_LETTER = str.maketrans({"\u0643": "\u06a9", "\u064a": "\u06cc", "\u0649": "\u06cc"})


def folded(text: str) -> str:
    """The words of a text, as they are compared with what somebody typed: one space between them.

    Signs between words, zero-width ones too, vowel marks, case, the script of digits and the Arabic forms
    of Persian letters make no difference.
    """
    plain = fold_digits(unicodedata.normalize("NFKC", text)).translate(_ONE_LETTER).casefold()
    return " ".join("".join(_sign(sign) for sign in plain).split())


def _sign(sign: str) -> str:
    if sign.isalnum():
        return sign
    # Marks belong to their letter and say nothing here; the non-joiner stands where others put a space.
    return "" if unicodedata.category(sign) in ("Mn", "Cf") and sign != "\u200c" else " "


def same_name(typed: str, name: str) -> bool:
    """Whether somebody typed this name."""
    return folded(typed) == folded(name) if folded(name) else typed == name


def corrects(name: str, to: str) -> bool:
    """Whether a name is still the same person's, spelled better: a word of it stays, or nearly all of it."""
    before, after = folded(name).split(), folded(to).split()
    if any(len(word) > 1 and word in after for word in before):
        return True
    return SequenceMatcher(None, " ".join(before), " ".join(after)).ratio() >= _NEARLY_THE_SAME


def mentions(text: str, words: str) -> bool:
    """Whether a text holds these words, one after the other. Nothing is found of what has no words."""
    wanted = folded(words)
    return bool(wanted) and f" {wanted} " in f" {folded(text)} "


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom the account belongs to and how to reach them. Personal data: sealed at rest, never logged.

    `email` is lower-case, `mobile` E.164 (+98…).
    """

    tenant_id: str
    name: str
    email: str
    mobile: str
    language: str
    legal_entity: LegalEntity | None = None


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Evidence that an agreement was accepted: which version and text, when, from where, by whom (KALO-2).

    `how`: "agreed" in so many words, "used" the service on, or "bought" under it.
    """

    tenant_id: str
    version: str
    documents: tuple[str, ...]
    digest: str
    at: datetime
    source_ip: str
    by: str
    how: str = "agreed"


@dataclass(frozen=True, slots=True)
class User:
    """A person who signs in. `username` is our id, the user pool's key; `confirmed_at` opens sign-in."""

    tenant_id: str
    username: str
    role: Role
    created_at: datetime
    confirmed_at: datetime | None = None
    password_changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class UserContact:
    """How to reach a further user of an account, who is told what its owner is (KALO-13). As the owner's
    `Contact`: personal data, sealed at rest, never logged.
    """

    tenant_id: str
    username: str
    name: str
    email: str
    mobile: str
    language: str


@dataclass(frozen=True, slots=True)
class Departure:
    """A row in place of a user who was sent away: a token of theirs that still lives opens nothing."""

    tenant_id: str
    username: str
    at: datetime


def owner_of(users: Iterable[User]) -> User | None:
    """The owner among a tenant's users; None of one that was erased."""
    return next((user for user in users if user.role is Role.OWNER), None)


@dataclass(frozen=True, slots=True)
class Identity:
    """Leads from a product and a contact's keyed hash to the account; unique, so one account per contact."""

    product: str
    fingerprint: str
    tenant_id: str
    username: str


@dataclass(frozen=True, slots=True)
class ContactChange:
    """Another way to reach an account's owner: `taken` leads to the account from now on, `left` no more."""

    contact: Contact
    left: Identity
    taken: Identity


@dataclass(frozen=True, slots=True)
class TrialMark:
    """Remembers by a keyed hash that a contact had its trial of a product; outlives a purge (invariant 9)."""

    product: str
    fingerprint: str
    at: datetime


class CodePurpose(StrEnum):
    """What a one-time code is for."""

    CONFIRM = "confirm"
    RECOVER = "recover"
    CHANGE = "change"


@dataclass(frozen=True, slots=True)
class Code:
    """A one-time code as kept: a salted hash, an end, and how many more tries it allows."""

    tenant_id: str
    username: str
    purpose: CodePurpose
    salted_hash: str
    expires_at: datetime
    attempts_left: int
