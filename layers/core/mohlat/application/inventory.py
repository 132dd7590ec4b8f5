"""The inventory of personal data: every stored field that is about a person, and its category (KALLU-2).

It is made of the stored classes themselves. A field that can hold words and is given no category has to be
named as one that says nothing about a person, so that none is forgotten when it is added.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import StrEnum

from mohlat.application.ports import Activity, Record, SecurityLine, Words
from mohlat.domain.billing import BillingProfile, Company
from mohlat.domain.data_jobs import DataFile
from mohlat.domain.helpdesk import Reply
from mohlat.domain.listings import Listing
from mohlat.domain.payments import Payment
from mohlat.domain.people import (
    Acceptance,
    Code,
    Contact,
    Departure,
    Identity,
    LegalEntity,
    TrialMark,
    User,
    UserContact,
)
from mohlat.domain.staff import ContactNote


class Category(StrEnum):
    """The kinds of personal data that the policy tells people of."""

    DEVICE = "device and address"
    REGISTRATION = "registration"
    ACCOUNT = "account and role"
    PURCHASES = "purchases and transactions"
    COMMUNICATION = "communication"
    CONTENT = "content entered while using the service"
    PUBLISHED = "published at the person's wish"


class Kept(StrEnum):
    """How a field is stored."""

    SEALED = "sealed under the account's own key"
    HASHED = "as a keyed hash"
    MASKED = "as the gateway masked it"
    PLAIN = "as it is"


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a stored class holds about people. `about` are its fields with their categories, `nothing` those
    that could hold words and say nothing about a person. Everything else is a number, an instant or a flag.
    """

    of: type
    store: str
    kept: Kept
    about: dict[str, Category]
    nothing: tuple[str, ...] = ()

    def forgotten(self) -> list[str]:
        """Fields that can hold words and are not declared."""
        return [
            field.name
            for field in fields(self.of)
            if _can_hold_words(str(field.type))
            and field.name not in self.about
            and field.name not in self.nothing
        ]

    def unknown(self) -> list[str]:
        """Declared fields that the class does not have."""
        known = {field.name for field in fields(self.of)}
        return [name for name in (*self.about, *self.nothing) if name not in known]


def _can_hold_words(annotation: str) -> bool:
    return any(word in annotation for word in ("str", "object", "bytes", "LegalEntity", "Company"))


_R, _A, _P, _C, _D = (
    Category.REGISTRATION,
    Category.ACCOUNT,
    Category.PURCHASES,
    Category.COMMUNICATION,
    Category.DEVICE,
)
_MAIN, _KEYS = "main table", ("tenant_id", "id")
INVENTORY = (
    Declaration(
        Contact,
        _MAIN,
        Kept.SEALED,
        dict.fromkeys(("name", "email", "mobile", "language", "legal_entity"), _R),
        ("tenant_id",),
    ),
    Declaration(LegalEntity, _MAIN, Kept.SEALED, dict.fromkeys(("name", "national_id"), _R)),
    Declaration(
        Acceptance,
        _MAIN,
        Kept.SEALED,
        {"source_ip": _D},
        ("tenant_id", "version", "documents", "digest", "by", "how"),
    ),
    Declaration(
        UserContact,
        _MAIN,
        Kept.SEALED,
        dict.fromkeys(("name", "email", "mobile", "language"), _R),
        ("tenant_id", "username"),
    ),
    Declaration(Departure, _MAIN, Kept.PLAIN, {"username": _A}, ("tenant_id",)),
    Declaration(User, _MAIN, Kept.PLAIN, {"username": _A}, ("tenant_id",)),
    Declaration(Identity, _MAIN, Kept.HASHED, {"fingerprint": _R}, ("product", "tenant_id", "username")),
    Declaration(TrialMark, _MAIN, Kept.HASHED, {"fingerprint": _R}, ("product",)),
    Declaration(Code, _MAIN, Kept.HASHED, {"salted_hash": _A}, ("tenant_id", "username")),
    Declaration(
        BillingProfile,
        _MAIN,
        Kept.SEALED,
        dict.fromkeys(
            (
                "name",
                "surname",
                "national_id",
                "mobile",
                "email",
                "address",
                "postal_code",
                "sheba",
                "company",
            ),
            _P,
        ),
        ("tenant_id",),
    ),
    Declaration(Company, _MAIN, Kept.SEALED, dict.fromkeys(("name", "legal_id", "economic_code"), _P)),
    Declaration(
        Payment,
        _MAIN,
        Kept.MASKED,
        {"masked_card": _P},
        (
            *_KEYS,
            "product",
            "order_id",
            "gateway",
            "authority",
            "token",
            "receipt",
            "reference",
            "note",
            "refunds",
            "calling",
            "ticket_id",
        ),
    ),
    Declaration(Words, _MAIN, Kept.SEALED, {"text": _C}, _KEYS),
    Declaration(Reply, _MAIN, Kept.SEALED, {"text": _C}, (*_KEYS, "ticket_id", "by")),
    Declaration(ContactNote, _MAIN, Kept.SEALED, {"summary": _C}, (*_KEYS, "by", "ticket_id")),
    Declaration(Record, _MAIN, Kept.SEALED, {"data": Category.CONTENT}, _KEYS),
    Declaration(
        Activity,
        _MAIN,
        Kept.SEALED,
        {"by": _A, "what": Category.CONTENT, "record_id": Category.CONTENT},
        _KEYS,
    ),
    Declaration(
        DataFile,
        "data bucket",
        Kept.SEALED,
        {"name": Category.CONTENT},
        ("tenant_id", "job_id", "sha256"),
    ),
    Declaration(
        Listing,
        _MAIN,
        Kept.PLAIN,
        dict.fromkeys(("name", "logo_url", "site_url", "collection"), Category.PUBLISHED),
        ("tenant_id", "product", "published"),
    ),
    Declaration(
        SecurityLine,
        "security log table",
        Kept.PLAIN,
        {"source_ip": _D},
        ("subject", "kind", "details"),
    ),
)


def lines() -> Iterator[tuple[str, str, str, str]]:
    """The inventory: category, field, store, and how it is kept; by category."""
    found = [
        (category.value, f"{each.of.__name__}.{name}", each.store, each.kept.value)
        for each in INVENTORY
        for name, category in each.about.items()
    ]
    yield from sorted(found)


def document() -> str:
    """The inventory as docs/personal-data.md has it."""
    head = (
        "# Personal data\n\n"
        "Every stored field that is about a person, by the category that people are told of. Made from the\n"
        "declarations in `layers/core/mohlat/application/inventory.py`; a test keeps both in step, and\n"
        "refuses a stored class or field that nobody declared. How long each is kept is the agreement's;\n"
        "what is sealed is noise from the purge on.\n\n"
        "| category | field | where | how |\n|---|---|---|---|\n"
    )
    rows = "".join(
        f"| {category} | `{field}` | {store} | {kept} |\n" for category, field, store, kept in lines()
    )
    return head + rows
