"""Whom an announcement to a tenant concerns at this moment, from what is stored of them (KALO-13)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from mohlat.application.ports import Agreements, People, Profiles, Tenants
from mohlat.domain.agreement import Channel
from mohlat.domain.errors import Gone, NotFound
from mohlat.domain.people import Contact, UserContact
from mohlat.domain.recipients import Recipient, recipients
from mohlat.domain.tenant import Tenant, living


def recipients_of(
    tenant_id: str,
    now: datetime,
    *,
    tenants: Tenants,
    people: People,
    profiles: Profiles,
    agreements: Agreements,
    channels: tuple[Channel, ...] | None = None,
) -> tuple[Recipient, ...]:
    """Everybody who is concerned, by these channels; without any by the agreement's service channels.

    Raises NotFound, Gone.
    """
    tenant = living(tenants.get(tenant_id))
    if channels is None:
        channels = agreements.load(tenant.product, tenant.agreement_version).service_channels
    return recipients(
        people.contact(tenant_id),
        channels,
        users=people.user_contacts(tenant_id),
        profile=profiles.get(tenant_id),
        helpers=_helpers(tenant, people, now),
    )


def _helpers(tenant: Tenant, people: People, now: datetime) -> Iterator[Contact | UserContact]:
    """The contacts of accounts that are let in; operators are told by the vendor, not by an announcement."""
    for grant in tenant.helpers:
        if grant.helper_tenant and grant.stands(now):
            try:
                yield people.contact_of(grant.helper_tenant, grant.helper)
            except (NotFound, Gone):
                # The helper's own account went; its grant opens nothing any more.
                continue
