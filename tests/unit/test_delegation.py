"""What is delegated to partners: within the agreement, for one customer, replaced and taken back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mohlat.agreements import loader
from mohlat.domain.agreement import Basis, PartnerPower, PartnerRule
from mohlat.domain.delegation import (
    MOST_PARTNERS,
    delegate,
    delegation_to,
    demand_power,
    let_propose,
    note_partners_contact,
    withdraw_powers,
)
from mohlat.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound
from mohlat.domain.lifecycle import Event, move
from mohlat.domain.staff import ContactChannel, ContactNote
from mohlat.domain.tenant import Tenant
from tests.builders import START, agreement_with_trial, registered

SAMAN = loader.load("saman360")
SILENT = agreement_with_trial()
BY = "operator:nima"
SEE, NOTE, PROPOSE = PartnerPower.SEE_STATUS, PartnerPower.NOTE_CONTACT, PartnerPower.PROPOSE_WORK


def delegated(*powers: str, partner: str = "p-1") -> Tenant:
    return delegate(registered(SAMAN), SAMAN, partner, powers, START, by=BY).after


def test_exactly_what_was_delegated_can_be_used() -> None:
    tenant = delegated(SEE, SEE, NOTE)
    assert demand_power(tenant, "p-1", SEE).powers == ("see_status", "note_contact")
    with pytest.raises(NotAllowed):
        demand_power(tenant, "p-1", PROPOSE)
    with pytest.raises(NotFound):
        demand_power(tenant, "p-2", SEE)
    less = delegate(tenant, SAMAN, "p-1", [NOTE], START, by=BY).after
    with pytest.raises(NotAllowed):
        demand_power(less, "p-1", SEE)


@pytest.mark.parametrize("powers", [(), ("pay",), ("see_status", "pay")])
def test_nothing_beyond_the_agreement_is_delegated(powers: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput) as refused:
        delegate(registered(SAMAN), SAMAN, "p-1", powers, START, by=BY)
    assert (refused.value.field, refused.value.details["clause"]) == ("powers", "SAMAN-1.7")


def test_an_agreement_without_partners_delegates_nothing() -> None:
    with pytest.raises(Conflict):
        delegate(registered(SILENT), SILENT, "p-1", [SEE], START, by=BY)


def test_what_was_taken_back_is_gone_and_what_others_have_stays() -> None:
    tenant = delegate(delegated(SEE), SAMAN, "p-2", [SEE], START, by=BY).after
    taken = withdraw_powers(tenant, SILENT, "p-1", START, by=BY)
    assert taken.clause == SILENT.service_basis.cite()
    assert delegation_to(taken.after, "p-1") is None
    assert delegation_to(taken.after, "p-2") is not None
    with pytest.raises(NotFound):
        withdraw_powers(taken.after, SAMAN, "p-1", START, by=BY)


def test_agreed_work_brings_the_power_to_propose_more_and_takes_none_away() -> None:
    tenant = delegated(SEE)
    step = move(tenant, Event.ESCROW_AGREED, START, BY, "x", "SAMAN-5.8")
    wider = let_propose(step, SAMAN, "p-1").after
    assert demand_power(wider, "p-1", PROPOSE).powers == ("see_status", "propose_work")
    again = move(wider, Event.ESCROW_AGREED, START, BY, "x", "SAMAN-5.8")
    assert let_propose(again, SAMAN, "p-1") is again
    assert demand_power(let_propose(step, SAMAN, "p-9").after, "p-9", PROPOSE).powers == ("propose_work",)
    narrow = replace(SAMAN, partners=PartnerRule((SEE,), Basis("X")))
    for agreement in (SILENT, narrow):
        assert let_propose(step, agreement, "p-1") is step


def test_twenty_partners_for_a_customer() -> None:
    tenant = registered(SAMAN)
    for number in range(MOST_PARTNERS):
        tenant = delegate(tenant, SAMAN, f"p-{number}", [SEE], START, by=BY).after
    with pytest.raises(Conflict):
        delegate(tenant, SAMAN, "p-x", [SEE], START, by=BY)
    assert len(delegate(tenant, SAMAN, "p-0", [NOTE], START, by=BY).after.delegations) == MOST_PARTNERS


def test_a_partners_contact_is_journaled_with_the_power_it_used() -> None:
    tenant = delegated(NOTE)
    note = ContactNote("g-1", tenant.id, ContactChannel.PHONE, "x", START, "partner:p-1")
    noted = note_partners_contact(tenant, SAMAN, note)
    assert (noted.event, noted.by, noted.clause) == (Event.CONTACTED, "partner:p-1", "SAMAN-1.7")
    assert noted.facts == {"note_id": "g-1", "channel": "phone", "power": "note_contact"}
