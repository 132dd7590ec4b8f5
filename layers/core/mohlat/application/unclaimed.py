"""Contacts that are nobody's yet: an e-mail address or a mobile number is one person's with a product."""

from __future__ import annotations

from mohlat.application.ports import Fingerprints, People
from mohlat.domain.errors import Conflict


def unclaimed(people: People, fingerprints: Fingerprints, product: str, email: str, mobile: str) -> list[str]:
    """The fingerprints of both. Raises Conflict, naming the field, for one that has an account already."""
    prints = [fingerprints.of(product, contact) for contact in (email, mobile)]
    for fingerprint, field in zip(prints, ("email", "mobile"), strict=True):
        if people.identity(product, fingerprint):
            raise Conflict("this contact has an account already", field=field)
    return prints
