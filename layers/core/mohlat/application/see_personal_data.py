"""What is held about a person: a copy of all of it, and its correction by themselves (KALAK-copy)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mohlat.application.ports import Agreements, Clock, Consents, People, Profiles, SecurityLog, Tenants
from mohlat.application.transitions import commit, retrying
from mohlat.domain.agreement import Agreement
from mohlat.domain.billing import BillingProfile
from mohlat.domain.cards import holds_card
from mohlat.domain.consents import Consent
from mohlat.domain.errors import AccessRefused, InvalidInput, NotFound
from mohlat.domain.lifecycle import Event, move
from mohlat.domain.people import Acceptance, Contact, User, UserContact, corrects, same_name
from mohlat.domain.tenant import Tenant, living

# By what a person's data is corrected where the agreement has no clause on it.
_CHOICE = "vendor's choice"


@dataclass(frozen=True, slots=True)
class PersonalData:
    """Everything that is held about the people of an account, besides its own records."""

    contact: Contact
    users: Sequence[tuple[User, Contact | UserContact]]
    profile: BillingProfile
    acceptances: Sequence[Acceptance]
    consents: Sequence[Consent]


class PersonalDataDesk:
    """Shows what is held and corrects it, in every phase before the purge."""

    def __init__(
        self,
        *,
        tenants: Tenants,
        people: People,
        profiles: Profiles,
        consents: Consents,
        agreements: Agreements,
        security_log: SecurityLog,
        clock: Clock,
    ) -> None:
        self._tenants = tenants
        self._people = people
        self._profiles = profiles
        self._consents = consents
        self._agreements = agreements
        self._log = security_log
        self._clock = clock

    def copy(self, tenant_id: str, by: str, source_ip: str) -> PersonalData:
        """All of it, unsealed, for the owner; the look leaves a line. Raises NotFound, Gone."""
        self._living(tenant_id)
        self._log.note(tenant_id, "personal_data_shown", self._clock.now(), source_ip, username=by)
        return PersonalData(
            contact=self._people.contact(tenant_id),
            users=self._people.members(tenant_id),
            profile=self._profiles.get(tenant_id) or BillingProfile(tenant_id),
            acceptances=self._people.acceptances(tenant_id),
            consents=self._consents.of(tenant_id),
        )

    def correct_name(self, tenant_id: str, name: str, by: str) -> Contact:
        """The owner corrects the name that the account is held under; the journal says that, not which.

        Raises InvalidInput for a card number, which never rests here; AccessRefused for another person's name
        where an account cannot be handed on (CLUB-12); NotFound, Gone.
        """
        if holds_card(name):
            raise InvalidInput("name", "holds a card number")

        def attempt() -> Contact:
            now, tenant = self._clock.now(), self._living(tenant_id)
            known = self._people.contact(tenant_id)
            if known.name == name:
                return known
            corrected = replace(known, name=name)
            agreement = self._agreements.load(tenant.product, tenant.agreement_version)
            if agreement.no_transfer and not corrects(known.name, name):
                raise AccessRefused(operation="rename", clause=agreement.no_transfer.cite())
            clause = correction_clause(agreement)
            why = "the owner corrected the account's name"
            transition = move(tenant, Event.CONTACT_CORRECTED, now, by, why, clause, facts={"field": "name"})
            commit(self._tenants, agreement, transition, (corrected,))
            return corrected

        return retrying(attempt)

    def _living(self, tenant_id: str) -> Tenant:
        return living(self._tenants.get(tenant_id))


def correction_clause(agreement: Agreement) -> str:
    """By what people correct what is held about them."""
    return agreement.data_requests.basis.cite() if agreement.data_requests else _CHOICE


def demand_name(people: People, tenant_id: str, typed: str) -> None:
    """Raises InvalidInput unless somebody typed the account's name, which what cannot be taken back needs."""
    try:
        name = people.contact(tenant_id).name
    except NotFound:
        # There is nobody left to protect; what is asked for says itself that all is gone.
        return
    if not same_name(typed, name):
        raise InvalidInput("confirm", "must repeat the account's name")
