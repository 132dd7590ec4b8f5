"""The support role: its owner lets a helper in for a time, and the helper works within it (SAMAN-3.7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mohlat.application.keep_records import Page, RecordsDesk
from mohlat.application.ports import (
    Activity,
    ActivityLog,
    Agreements,
    Books,
    Clock,
    Fingerprints,
    Ids,
    People,
    Record,
    SecurityLog,
    Tenants,
)
from mohlat.application.transitions import commit, retrying
from mohlat.domain.errors import Gone, InvalidInput, NotAllowed, NotFound
from mohlat.domain.people import USER_ID
from mohlat.domain.roles import SupportGrant
from mohlat.domain.staff import ContactChannel, ContactNote
from mohlat.domain.support import (
    SupportPower,
    answer_for,
    grant_support,
    standing_grant,
    withdraw_support,
)
from mohlat.domain.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who wants to come in: a user of another account, or an operator (`tenant_id` is empty then)."""

    username: str
    tenant_id: str
    source_ip: str
    route: str

    @property
    def name(self) -> str:
        """As the journal and the log name it: it acts in the role, not as itself."""
        return f"support:{self.username}"


@dataclass(frozen=True, slots=True)
class Helper:
    """A standing grant and the helper's address; None for an operator, and once the helper's account went."""

    grant: SupportGrant
    email: str | None


class SupportDesk:
    """Keeps who is let in, and opens the door at each use: nothing of it is remembered anywhere else."""

    def __init__(
        self,
        *,
        tenants: Tenants,
        people: People,
        fingerprints: Fingerprints,
        books: Books,
        records: RecordsDesk,
        activity: ActivityLog,
        agreements: Agreements,
        security_log: SecurityLog,
        ids: Ids,
        clock: Clock,
    ) -> None:
        self._tenants = tenants
        self._people = people
        self._fingerprints = fingerprints
        self._books = books
        self._records = records
        self._activity = activity
        self._agreements = agreements
        self._log = security_log
        self._ids = ids
        self._clock = clock

    # --- the customer ---------------------------------------------------------------------------------------

    def grant(
        self, tenant_id: str, *, email: str | None, operator: str | None, until: datetime, by: str
    ) -> SupportGrant:
        """Lets the account of this address with the same product in, or this operator of the vendor.

        Raises InvalidInput naming the field, Conflict, NotFound, Gone.
        """
        if (email is None) == (operator is None):
            raise InvalidInput("email", "must name exactly one of them")

        def attempt() -> SupportGrant:
            tenant = self._tenants.get(tenant_id)
            agreement = self._agreements.load(tenant.product, tenant.agreement_version)
            helper, helper_tenant = self._helper(tenant, email, operator)
            now = self._clock.now()
            grant = SupportGrant(self._ids.new("a"), helper, helper_tenant, by, now, until)
            commit(self._tenants, agreement, grant_support(tenant, agreement, grant))
            return grant

        return retrying(attempt)

    def withdraw(self, tenant_id: str, grant_id: str, by: str) -> None:
        """Sends a helper away, from this instant on. Raises NotFound, Gone."""

        def attempt() -> None:
            tenant = self._tenants.get(tenant_id)
            agreement = self._agreements.load(tenant.product, tenant.agreement_version)
            now = self._clock.now()
            commit(self._tenants, agreement, withdraw_support(tenant, agreement, grant_id, now, by=by))

        retrying(attempt)

    def helpers(self, tenant_id: str) -> list[Helper]:
        """Who is let in now, oldest first; the timeline tells of the others. Raises NotFound, Gone."""
        now = self._clock.now()
        standing = [grant for grant in self._tenants.get(tenant_id).helpers if grant.stands(now)]
        return [Helper(grant, self._address(grant)) for grant in standing]

    def _helper(self, tenant: Tenant, email: str | None, operator: str | None) -> tuple[str, str]:
        if operator is not None:
            if operator.startswith(f"{USER_ID}_"):
                # What we call a user of an account opens nothing: users are known by their address.
                raise InvalidInput("operator", "unknown")
            return operator, ""
        address = email or ""
        identity = self._people.identity(tenant.product, self._fingerprints.of(tenant.product, address))
        if identity is None or not self._confirmed(identity.tenant_id, identity.username):
            raise InvalidInput("email", "has no confirmed account")
        if identity.tenant_id == tenant.id:
            raise InvalidInput("email", "is of this account already")
        return identity.username, identity.tenant_id

    def _confirmed(self, tenant_id: str, username: str) -> bool:
        return self._people.user(tenant_id, username).confirmed_at is not None

    def _address(self, grant: SupportGrant) -> str | None:
        if not grant.helper_tenant:
            return None
        try:
            return self._people.contact_of(grant.helper_tenant, grant.helper).email
        except (NotFound, Gone):
            return None

    # --- the helper -----------------------------------------------------------------------------------------

    def admit(self, tenant_id: str, visitor: Visitor) -> None:
        """Refuses whoever is not let in before what they sent is read. Raises NotFound, NotAllowed."""
        self._enter(tenant_id, visitor)

    def settings(self, tenant_id: str, visitor: Visitor) -> tuple[Tenant, SupportGrant]:
        """The account's state, and what lets the helper in. Raises NotFound, NotAllowed."""
        tenant, grant = self._enter(tenant_id, visitor)
        self._note(tenant_id, visitor, SupportPower.READ_SETTINGS)
        return tenant, grant

    def records(self, tenant_id: str, visitor: Visitor, after: str | None, limit: int | None) -> Page:
        """A page of the records, as far as the customer itself may read them now.

        Raises NotFound, NotAllowed, AccessRefused.
        """
        self._enter(tenant_id, visitor)
        self._note(tenant_id, visitor, SupportPower.READ_RECORDS)
        return self._records.page(tenant_id, after, limit)

    def record(self, tenant_id: str, visitor: Visitor, record_id: str) -> Record:
        """One record. Raises NotFound, NotAllowed, AccessRefused."""
        self._enter(tenant_id, visitor)
        self._note(tenant_id, visitor, SupportPower.READ_RECORDS, record_id)
        return self._records.get(tenant_id, record_id)

    def answer(self, tenant_id: str, visitor: Visitor, ticket_id: str, text: str) -> ContactNote:
        """Answers for the customer in an open matter. Raises NotFound, NotAllowed, Conflict."""

        def attempt() -> ContactNote:
            tenant, grant = self._enter(tenant_id, visitor)
            agreement = self._agreements.load(tenant.product, tenant.agreement_version)
            ticket = self._books.ticket(tenant_id, ticket_id)
            note = ContactNote(
                self._ids.new("g"),
                tenant_id,
                ContactChannel.SUPPORT_ROLE,
                text,
                self._clock.now(),
                visitor.name,
                ticket_id,
            )
            commit(self._tenants, agreement, answer_for(tenant, agreement, grant, ticket, note), (note,))
            return note

        return retrying(attempt)

    def _enter(self, tenant_id: str, visitor: Visitor) -> tuple[Tenant, SupportGrant]:
        """Opens the door, or refuses: a stranger's account does not exist, whatever there was before.

        Raises NotFound, NotAllowed for operators, who know that it exists.
        """
        now = self._clock.now()
        try:
            tenant = self._tenants.get(tenant_id)
        except (NotFound, Gone):
            grant = None
        else:
            grant = standing_grant(tenant, visitor.username, visitor.tenant_id, now)
        if grant is None:
            self._log.note(
                visitor.tenant_id or visitor.username,
                "foreign_tenant_refused",
                now,
                visitor.source_ip,
                username=visitor.username,
                route=visitor.route,
            )
            raise NotFound(tenant_id=tenant_id) if visitor.tenant_id else NotAllowed
        return tenant, grant

    def _note(self, tenant_id: str, visitor: Visitor, power: SupportPower, record_id: str = "") -> None:
        """Logs what is about to be read, for the customer to see: cut off after it, it says it was tried."""
        now = self._clock.now()
        line = Activity(self._ids.new("v"), tenant_id, visitor.name, power.value, record_id, now)
        self._activity.note(line)
