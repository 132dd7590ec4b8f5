"""The support role's rule, and what the tenant's description says of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mohlat.agreements import loader
from mohlat.domain.errors import Conflict, InvalidInput, NotFound
from mohlat.domain.lifecycle import Event
from mohlat.domain.roles import SupportGrant
from mohlat.domain.staff import ContactChannel, ContactNote
from mohlat.domain.support import (
    MOST_HELPERS,
    answer_for,
    grant_support,
    standing_grant,
    withdraw_support,
)
from mohlat.domain.tenant import from_dict, to_dict
from mohlat.domain.tickets import Ticket, TicketKind, close_ticket
from tests.builders import START, agreement_with_trial, registered

SECOND = timedelta(seconds=1)
KALO = loader.load("kalo")


def grant(until_in: timedelta, id: str = "a_1", helper: str = "u_9") -> SupportGrant:
    return SupportGrant(id, helper, "t_9", "user:u_1", START, START + until_in)


def test_a_grant_lets_in_from_its_beginning_to_before_its_end() -> None:
    granted = grant(timedelta(hours=1))
    assert [granted.stands(START + timedelta(seconds=at)) for at in (-1, 0, 3599, 3600)] == [
        False,
        True,
        True,
        False,
    ]


def test_an_agreement_that_is_silent_lets_nobody_in() -> None:
    agreement = agreement_with_trial()
    with pytest.raises(Conflict):
        grant_support(registered(agreement), agreement, grant(SECOND))


@pytest.mark.parametrize("length", [timedelta(0), -SECOND, timedelta(days=30, seconds=1)])
def test_an_end_that_has_passed_or_lies_too_far_is_refused(length: timedelta) -> None:
    with pytest.raises(InvalidInput) as refused:
        grant_support(registered(KALO), KALO, grant(length))
    assert refused.value.field == "until"


@pytest.mark.parametrize("length", [SECOND, timedelta(days=30)])
def test_an_end_within_the_time_that_the_agreement_lends_is_taken(length: timedelta) -> None:
    after = grant_support(registered(KALO), KALO, grant(length)).after
    assert after.helpers == (grant(length),)
    assert from_dict(to_dict(after)) == after


def test_a_grant_is_withdrawn_alone_and_under_a_silent_version_too() -> None:
    tenant = grant_support(registered(KALO), KALO, grant(timedelta(hours=2))).after
    tenant = grant_support(tenant, KALO, grant(timedelta(hours=1), "a_2", "u_8")).after
    assert standing_grant(tenant, "u_8", "t_9", START) is not None
    assert standing_grant(tenant, "u_8", "", START) is None
    silent = agreement_with_trial()
    left = withdraw_support(tenant, silent, "a_2", START, by="user:u_1")
    assert [each.id for each in left.after.helpers] == ["a_1"]
    assert left.clause == silent.service_basis.cite()
    with pytest.raises(NotFound):
        withdraw_support(tenant, KALO, "a_2", START + timedelta(hours=1), by="user:u_1")


def test_ten_helpers_at_a_time_and_one_of_them_longer() -> None:
    tenant = registered(KALO)
    for number in range(MOST_HELPERS):
        given = grant(timedelta(hours=1), f"a_{number}", f"u_{number}")
        tenant = grant_support(tenant, KALO, given).after
    with pytest.raises(Conflict):
        grant_support(tenant, KALO, grant(timedelta(hours=1), "a_x", "u_x"))
    longer = grant_support(tenant, KALO, grant(timedelta(hours=2), "a_x", "u_0")).after
    assert [each.id for each in longer.helpers if each.helper == "u_0"] == ["a_x"]
    assert len(longer.helpers) == MOST_HELPERS


def test_only_an_open_matter_is_answered() -> None:
    tenant, given = registered(KALO), grant(timedelta(hours=1))
    note = ContactNote("g_1", tenant.id, ContactChannel.SUPPORT_ROLE, "x", START, "support:u_9", "k_1")
    ticket = Ticket("k_1", tenant.id, "kalo", TicketKind.MAIL, "m", START, START, "KALO-11")
    answered = answer_for(tenant, KALO, given, ticket, note)
    assert (answered.event, answered.by) == (Event.SUPPORT_ANSWERED, "support:u_9")
    assert answered.facts == {
        "grant_id": "a_1",
        "note_id": "g_1",
        "ticket_id": "k_1",
        "power": "answer",
    }
    with pytest.raises(Conflict):
        answer_for(tenant, KALO, given, close_ticket(ticket, "done", START, by="operator:nima"), note)
