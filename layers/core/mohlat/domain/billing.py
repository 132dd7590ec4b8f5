"""Who pays: the billing profile, which an order or an official invoice needs (KALAK-collect, SAMAN-5.9)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mohlat.domain.errors import ProfileIncomplete


@dataclass(frozen=True, slots=True)
class Company:
    """A legal person: its name, its eleven-digit national identifier, its economic code."""

    name: str
    legal_id: str
    economic_code: str


@dataclass(frozen=True, slots=True)
class BillingProfile:
    """Whom invoices name and money goes back to. Personal data: sealed at rest, never logged.

    `sheba` is an Iranian IBAN, `mobile` E.164, `email` lower-case; empty where it was not given.
    """

    tenant_id: str
    name: str = ""
    surname: str = ""
    national_id: str = ""
    mobile: str = ""
    email: str = ""
    address: str = ""
    postal_code: str = ""
    sheba: str = ""
    company: Company | None = None

    def lacks(self, fields: Iterable[str]) -> tuple[str, ...]:
        """Which of these fields are empty; "company", "legal_id" and "economic_code" are the company's."""
        return tuple(name for name in fields if not self._has(name))

    def _has(self, name: str) -> bool:
        match name:
            case "company":
                return self.company is not None and bool(self.company.name)
            case "legal_id" | "economic_code":
                return self.company is not None and bool(getattr(self.company, name))
            case _:
                return bool(getattr(self, name))


def demand(profile: BillingProfile | None, fields: Iterable[str], clause: str) -> None:
    """Raises ProfileIncomplete, naming what is missing and the clause that asks for it."""
    missing = profile.lacks(fields) if profile else tuple(fields)
    if missing:
        raise ProfileIncomplete(missing=list(missing), field=f"profile.{missing[0]}", clause=clause)


# What an official invoice has to name of its buyer.
OFFICIAL_NEEDS = ("company", "legal_id", "economic_code", "address", "postal_code", "email")
