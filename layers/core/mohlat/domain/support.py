"""The support role: a helper whom the customer lets in for a time, for a fixed list of things (SAMAN-3.7)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from mohlat.domain.agreement import Agreement
from mohlat.domain.errors import Conflict, InvalidInput, NotFound
from mohlat.domain.lifecycle import Event, Transition, move
from mohlat.domain.roles import SupportGrant
from mohlat.domain.staff import ContactNote
from mohlat.domain.tenant import Tenant, iso
from mohlat.domain.tickets import Ticket

# As many helpers are let in at a time: each stands in the tenant itself.
MOST_HELPERS = 10


class SupportPower(StrEnum):
    """Everything that the role may do. Nobody can add to it: who needs more is not a helper.

    Paying, closing, exporting, writing records and letting others in are the customer's own.
    """

    READ_SETTINGS = "read_settings"
    READ_RECORDS = "read_records"
    ANSWER = "answer"


def grant_support(tenant: Tenant, agreement: Agreement, grant: SupportGrant) -> Transition:
    """Lets a helper in from `grant.since` to `grant.until`, in place of what that helper had.

    Raises Gone; Conflict where the agreement knows no such role, and for one helper too many; InvalidInput
    for an end that has passed or that is later than the agreement allows.
    """
    rule, now = agreement.support_role, grant.since
    if rule is None:
        raise Conflict("the agreement knows no support role")
    if grant.until <= now:
        raise InvalidInput("until", "must be in the future", clause=rule.basis.cite())
    latest = rule.at_most.after(now, agreement.calendar)
    if grant.until > latest:
        raise InvalidInput(
            "until", "later than the agreement allows", latest=iso(latest), clause=rule.basis.cite()
        )
    others = tuple(
        known
        for known in tenant.helpers
        if known.stands(now) and (known.helper, known.helper_tenant) != (grant.helper, grant.helper_tenant)
    )
    if len(others) >= MOST_HELPERS:
        raise Conflict("too many helpers are let in", most=MOST_HELPERS)
    return move(
        tenant,
        Event.SUPPORT_GRANTED,
        now,
        grant.by,
        "the customer let a helper in",
        rule.basis.cite(),
        facts={"grant_id": grant.id, "helper": grant.helper, "until": iso(grant.until)},
        helpers=(*others, grant),
    )


def withdraw_support(
    tenant: Tenant, agreement: Agreement, grant_id: str, now: datetime, *, by: str
) -> Transition:
    """Sends a helper away at once. Raises Gone; NotFound for a grant that no longer stands."""
    grant = next((each for each in tenant.helpers if each.id == grant_id and each.stands(now)), None)
    if grant is None:
        raise NotFound(tenant_id=tenant.id, grant_id=grant_id)
    return move(
        tenant,
        Event.SUPPORT_WITHDRAWN,
        now,
        by,
        "the customer sent a helper away",
        _clause(agreement),
        facts={"grant_id": grant.id, "helper": grant.helper},
        helpers=tuple(each for each in tenant.helpers if each is not grant),
    )


def standing_grant(tenant: Tenant, helper: str, helper_tenant: str, now: datetime) -> SupportGrant | None:
    """What lets this user of that account (empty: this operator) in at `now`, if anything does."""
    for grant in tenant.helpers:
        if (grant.helper, grant.helper_tenant) == (helper, helper_tenant) and grant.stands(now):
            return grant
    return None


def answer_for(
    tenant: Tenant, agreement: Agreement, grant: SupportGrant, ticket: Ticket, note: ContactNote
) -> Transition:
    """Notes that a helper answered for the customer in an open matter; the words are in the sealed note.

    Raises Gone; Conflict once the matter is closed.
    """
    if not ticket.open:
        raise Conflict("the ticket is closed already", ticket_id=ticket.id, clause=_clause(agreement))
    return move(
        tenant,
        Event.SUPPORT_ANSWERED,
        note.at,
        note.by,
        "a helper answered for the customer",
        _clause(agreement),
        facts={
            "grant_id": grant.id,
            "note_id": note.id,
            "ticket_id": ticket.id,
            "power": SupportPower.ANSWER.value,
        },
    )


def _clause(agreement: Agreement) -> str:
    # A grant may be older than the version of the agreement that is in force now.
    return (agreement.support_role.basis if agreement.support_role else agreement.service_basis).cite()
