"""The billing profile: kept by its owner, told in full or not at all (KALAK-collect, KALAK-card)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from mohlat.application.ports import Clock, Profiles, SecurityLog, Tenants
from mohlat.domain.billing import BillingProfile
from mohlat.domain.cards import holds_card
from mohlat.domain.errors import InvalidInput
from mohlat.domain.tenant import living


class ProfileDesk:
    """Shows and replaces a tenant's billing profile.

    In every phase before the purge: money that goes back needs an account also when the service has ended.
    """

    def __init__(
        self, *, tenants: Tenants, profiles: Profiles, security_log: SecurityLog, clock: Clock
    ) -> None:
        self._tenants = tenants
        self._profiles = profiles
        self._log = security_log
        self._clock = clock

    def get(self, tenant_id: str) -> BillingProfile:
        """The profile; an empty one where nothing was told yet. Raises NotFound, Gone."""
        self._demand_life(tenant_id)
        return self._profiles.get(tenant_id) or BillingProfile(tenant_id)

    def put(self, profile: BillingProfile, by: str, source_ip: str) -> BillingProfile:
        """Stores a profile in place of what was there. Its fields must have been brought to their one form.

        What changed is named in the security log, not what it was changed to. Raises InvalidInput naming a
        field that holds a card number, which never rests here; NotFound, Gone.
        """
        self._demand_life(profile.tenant_id)
        told = dict(_parts(profile))
        for name, value in told.items():
            if holds_card(value):
                raise InvalidInput(name, "holds a card number")
        known = dict(_parts(self._profiles.get(profile.tenant_id) or BillingProfile(profile.tenant_id)))
        changed = sorted(name for name in told.keys() | known.keys() if told.get(name) != known.get(name))
        if changed:
            self._profiles.put(profile)
            self._log.note(
                profile.tenant_id,
                "profile_changed",
                self._clock.now(),
                source_ip,
                username=by,
                fields=", ".join(changed),
            )
        return profile

    def _demand_life(self, tenant_id: str) -> None:
        living(self._tenants.get(tenant_id))


def _parts(profile: BillingProfile) -> Iterator[tuple[str, str]]:
    """Every field of a profile that holds something, by its name; a company's as "company.name"."""
    for part in fields(profile):
        value = getattr(profile, part.name)
        if part.name == "tenant_id" or not value:
            continue
        if isinstance(value, str):
            yield part.name, value
        else:
            for inner in fields(value):
                yield f"company.{inner.name}", getattr(value, inner.name)
