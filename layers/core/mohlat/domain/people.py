"""People and what is kept about them. What identifies them is sealed under the tenant's key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

# What the ids of tenants' users begin with; operators have names of their own.
USER_ID = "u"


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
    """Evidence that an agreement was accepted: which version and text, when, from where, by whom (KALO-2)."""

    tenant_id: str
    version: str
    documents: tuple[str, ...]
    digest: str
    at: datetime
    source_ip: str
    by: str


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
class Identity:
    """Leads from a product and a contact's keyed hash to the account; unique, so one account per contact."""

    product: str
    fingerprint: str
    tenant_id: str
    username: str


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


@dataclass(frozen=True, slots=True)
class Code:
    """A one-time code as kept: a salted hash, an end, and how many more tries it allows."""

    tenant_id: str
    username: str
    purpose: CodePurpose
    salted_hash: str
    expires_at: datetime
    attempts_left: int
