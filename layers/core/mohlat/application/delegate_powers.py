"""Partners: what the vendor delegates to them, and what they do with it for their own customers (SAMAN-1.7).

The power to propose work is used in `keep_escrow`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mohlat.application.ports import (
    Activity,
    ActivityLog,
    Agreements,
    Clock,
    Ids,
    SecurityLog,
    Tenants,
)
from mohlat.application.transitions import commit, retrying
from mohlat.domain.agreement import PartnerPower
from mohlat.domain.delegation import (
    delegate,
    demand_power,
    note_partners_contact,
    withdraw_powers,
)
from mohlat.domain.errors import Gone, NotAllowed, NotFound
from mohlat.domain.roles import Delegation
from mohlat.domain.staff import ContactChannel, ContactNote
from mohlat.domain.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Partner:
    """Who wants to act for a customer, from where and how."""

    username: str
    source_ip: str
    route: str

    @property
    def name(self) -> str:
        """As the journal and the log name it."""
        return f"partner:{self.username}"


class PartnerDesk:
    """Keeps what is delegated, and asks for it anew at each use."""

    def __init__(
        self,
        *,
        tenants: Tenants,
        activity: ActivityLog,
        agreements: Agreements,
        security_log: SecurityLog,
        ids: Ids,
        clock: Clock,
    ) -> None:
        self._tenants = tenants
        self._activity = activity
        self._agreements = agreements
        self._log = security_log
        self._ids = ids
        self._clock = clock

    # --- the vendor -----------------------------------------------------------------------------------------

    def delegate(self, tenant_id: str, partner: str, powers: Iterable[str], by: str) -> Delegation:
        """Delegates these powers, in place of what the partner had for this customer.

        Raises NotFound, Gone, InvalidInput, Conflict as the domain's `delegate` does.
        """

        def attempt() -> Delegation:
            tenant = self._tenants.get(tenant_id)
            agreement = self._agreements.load(tenant.product, tenant.agreement_version)
            now = self._clock.now()
            after = commit(self._tenants, agreement, delegate(tenant, agreement, partner, powers, now, by=by))
            return after.delegations[-1]

        return retrying(attempt)

    def withdraw(self, tenant_id: str, partner: str, by: str) -> None:
        """Takes everything back, from this instant on. Raises NotFound, Gone."""

        def attempt() -> None:
            tenant = self._tenants.get(tenant_id)
            agreement = self._agreements.load(tenant.product, tenant.agreement_version)
            now = self._clock.now()
            commit(self._tenants, agreement, withdraw_powers(tenant, agreement, partner, now, by=by))

        retrying(attempt)

    def of_tenant(self, tenant_id: str) -> tuple[Delegation, ...]:
        """Who may do what for this customer now. Raises NotFound, Gone."""
        return self._tenants.get(tenant_id).delegations

    # --- the partner ----------------------------------------------------------------------------------------

    def admit(self, tenant_id: str, partner: Partner, power: PartnerPower) -> tuple[Tenant, Delegation]:
        """The customer, and what lets the partner use this power; a refusal leaves a line in the log.

        Raises NotFound for somebody else's customer, NotAllowed for a power that was not delegated.
        """
        try:
            tenant = self._tenants.get(tenant_id)
            return tenant, demand_power(tenant, partner.username, power)
        except (NotFound, Gone):
            self._refuse(partner, "foreign_tenant_refused")
            # Nobody learns here that somebody else's customer was deleted.
            raise NotFound(tenant_id=tenant_id) from None
        except NotAllowed:
            self._refuse(partner, "power_refused")
            raise

    def customer(self, tenant_id: str, partner: Partner) -> tuple[Tenant, Delegation]:
        """Where the customer stands; nothing about a person. Raises NotFound, NotAllowed."""
        found = self.admit(tenant_id, partner, PartnerPower.SEE_STATUS)
        now = self._clock.now()
        power = PartnerPower.SEE_STATUS.value
        self._activity.note(Activity(self._ids.new("v"), tenant_id, partner.name, power, "", now))
        return found

    def note(self, tenant_id: str, partner: Partner, channel: ContactChannel, summary: str) -> ContactNote:
        """Keeps the summary of a contact with the customer. Raises NotFound, NotAllowed."""

        def attempt() -> ContactNote:
            tenant, _ = self.admit(tenant_id, partner, PartnerPower.NOTE_CONTACT)
            agreement = self._agreements.load(tenant.product, tenant.agreement_version)
            now = self._clock.now()
            note = ContactNote(self._ids.new("g"), tenant_id, channel, summary, now, partner.name)
            commit(self._tenants, agreement, note_partners_contact(tenant, agreement, note), (note,))
            return note

        return retrying(attempt)

    def _refuse(self, partner: Partner, kind: str) -> None:
        self._log.note(
            partner.username,
            kind,
            self._clock.now(),
            partner.source_ip,
            username=partner.username,
            route=partner.route,
        )
