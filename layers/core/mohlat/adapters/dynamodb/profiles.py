"""Billing profiles: sealed under the tenant's key, in its partition, gone with it."""

from __future__ import annotations

import json
from dataclasses import asdict

from pynamodb.attributes import BinaryAttribute

from mohlat.adapters.dynamodb.table import Item, compact, tenant_pk
from mohlat.adapters.sealing import Sealer
from mohlat.domain.billing import BillingProfile, Company
from mohlat.domain.errors import Gone

_PROFILE = "PROFILE"


class ProfileItem(Item):
    """Whom invoices name, sealed."""

    sealed = BinaryAttribute(legacy_encoding=False)


class DynamoProfiles:
    """`Profiles` on the main table. `sealer` seals and opens them."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def get(self, tenant_id: str) -> BillingProfile | None:
        """Unsealed; None if there is none, or its key is gone."""
        try:
            item = ProfileItem.get(tenant_pk(tenant_id), _PROFILE, consistent_read=True)
            return read_profile(tenant_id, self._sealer.open(tenant_id, _PROFILE, item.sealed))
        except (ProfileItem.DoesNotExist, Gone):
            return None

    def put(self, profile: BillingProfile) -> None:
        """Stores a profile in place of what was there. Raises Gone once the tenant's key is gone."""
        sealed = self._sealer.seal(profile.tenant_id, _PROFILE, written_out(profile))
        ProfileItem(tenant_pk(profile.tenant_id), _PROFILE, sealed=sealed).save()


def written_out(profile: BillingProfile) -> bytes:
    """The profile as it is sealed, here and on an invoice: compact JSON."""
    doc = compact(asdict(profile))
    if profile.company:
        doc["company"] = compact(doc["company"])
    return json.dumps(doc, ensure_ascii=False, separators=(",", ":")).encode()


def read_profile(tenant_id: str, text: bytes) -> BillingProfile:
    """The profile that `written_out` wrote."""
    doc = json.loads(text)
    company = doc.get("company")
    return BillingProfile(
        tenant_id=tenant_id,
        name=doc.get("name", ""),
        surname=doc.get("surname", ""),
        national_id=doc.get("national_id", ""),
        mobile=doc.get("mobile", ""),
        email=doc.get("email", ""),
        address=doc.get("address", ""),
        postal_code=doc.get("postal_code", ""),
        sheba=doc.get("sheba", ""),
        company=Company(
            name=company.get("name", ""),
            legal_id=company.get("legal_id", ""),
            economic_code=company.get("economic_code", ""),
        )
        if company is not None
        else None,
    )
