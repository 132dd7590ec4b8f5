"""Contacts that are nobody's yet: an e-mail address or a mobile number is one person's with a product."""

from __future__ import annotations

from collections.abc import Mapping

from mohlat.application.ports import Fingerprints, People
from mohlat.domain.errors import Conflict


def unclaimed(
    people: People, fingerprints: Fingerprints, product: str, contacts: Mapping[str, str]
) -> list[str]:
    """The fingerprints of contacts, each under the field that told it.

    Raises Conflict, naming the field, for one that has an account already.
    """
    prints = [fingerprints.of(product, contact) for contact in contacts.values()]
    for fingerprint, field in zip(prints, contacts, strict=True):
        if people.identity(product, fingerprint):
            raise Conflict("this contact has an account already", field=field)
    return prints
