"""What the vendor delegated to a partner, for one customer at a time (SAMAN-1.7)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from mohlat.domain.agreement import Agreement, PartnerPower
from mohlat.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound
from mohlat.domain.lifecycle import Event, Transition, move
from mohlat.domain.roles import Delegation
from mohlat.domain.staff import ContactNote
from mohlat.domain.tenant import Tenant

# As many partners may act for one customer: each stands in the tenant itself.
MOST_PARTNERS = 20


def delegation_to(tenant: Tenant, partner: str) -> Delegation | None:
    """What is delegated to a partner for this customer now, if anything is."""
    return next((each for each in tenant.delegations if each.partner == partner), None)


def demand_power(tenant: Tenant, partner: str, power: PartnerPower) -> Delegation:
    """What lets the partner do this for this customer.

    Raises NotFound for somebody else's customer, who is nobody to a partner; NotAllowed where other powers
    were delegated and not this one.
    """
    known = delegation_to(tenant, partner)
    if known is None:
        raise NotFound(tenant_id=tenant.id)
    if power.value not in known.powers:
        raise NotAllowed(power=power.value)
    return known


def delegate(
    tenant: Tenant, agreement: Agreement, partner: str, powers: Iterable[str], now: datetime, *, by: str
) -> Transition:
    """Delegates exactly these powers to a partner for this customer, in place of what it had.

    Raises Gone; Conflict where the agreement knows no partners, and for one partner too many; InvalidInput
    for no power at all, or one that the agreement does not let anybody delegate.
    """
    rule = agreement.partners
    if rule is None:
        raise Conflict("the agreement knows no partners")
    wanted = tuple(dict.fromkeys(powers))
    allowed = [power.value for power in rule.powers]
    if not wanted or not set(wanted) <= set(allowed):
        raise InvalidInput(
            "powers", "not one of the possible values", allowed=allowed, clause=rule.basis.cite()
        )
    given = Delegation(partner, wanted, by, now)
    return move(
        tenant,
        Event.POWERS_DELEGATED,
        now,
        by,
        "powers were delegated to a partner",
        rule.basis.cite(),
        facts={"partner": partner, "powers": ", ".join(wanted)},
        delegations=_with(tenant, given),
    )


def withdraw_powers(
    tenant: Tenant, agreement: Agreement, partner: str, now: datetime, *, by: str
) -> Transition:
    """Takes everything back that was delegated to a partner for this customer. Raises Gone, NotFound."""
    if delegation_to(tenant, partner) is None:
        raise NotFound(tenant_id=tenant.id, partner=partner)
    return move(
        tenant,
        Event.POWERS_WITHDRAWN,
        now,
        by,
        "what was delegated to a partner was taken back",
        _clause(agreement),
        facts={"partner": partner},
        delegations=tuple(each for each in tenant.delegations if each.partner != partner),
    )


def let_propose(transition: Transition, agreement: Agreement, partner: str) -> Transition:
    """Work agreed with a partner makes the customer its own: with it goes the power to propose more.

    Where the agreement lets nobody delegate that, nothing goes with it. Raises Conflict for one partner too
    many.
    """
    power, rule = PartnerPower.PROPOSE_WORK, agreement.partners
    if rule is None or power not in rule.powers:
        return transition
    tenant = transition.after
    known = delegation_to(tenant, partner) or Delegation(partner, (), transition.by, transition.recorded_at)
    if power.value in known.powers:
        return transition
    wider = replace(known, powers=(*known.powers, power.value))
    return replace(transition, after=replace(tenant, delegations=_with(tenant, wider)))


def note_partners_contact(tenant: Tenant, agreement: Agreement, note: ContactNote) -> Transition:
    """Notes that a partner talked to its customer; what was said is in the sealed note."""
    return move(
        tenant,
        Event.CONTACTED,
        note.at,
        note.by,
        "a partner talked to its customer",
        _clause(agreement),
        facts={
            "note_id": note.id,
            "channel": note.channel.value,
            "power": PartnerPower.NOTE_CONTACT.value,
        },
    )


def _with(tenant: Tenant, given: Delegation) -> tuple[Delegation, ...]:
    others = tuple(each for each in tenant.delegations if each.partner != given.partner)
    if len(others) >= MOST_PARTNERS:
        raise Conflict("too many partners act for this customer", most=MOST_PARTNERS)
    return (*others, given)


def _clause(agreement: Agreement) -> str:
    # What was delegated may be older than the version of the agreement that is in force now.
    return (agreement.partners.basis if agreement.partners else agreement.service_basis).cite()
