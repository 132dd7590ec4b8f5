"""Requests about one's own data and corrected contacts, in memory and on DynamoDB alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from mohlat.application.ports import DueItem, DueKind
from mohlat.domain.data_requests import DataRequest, RefusalGround, RequestStatus, Right
from mohlat.domain.errors import ConcurrentChange, NotFound
from mohlat.domain.lifecycle import Event, move
from mohlat.domain.purge import Store
from mohlat.domain.tenant import Tenant
from mohlat.domain.tickets import Ticket, TicketKind
from tests.adapters.conftest import Stores
from tests.builders import START, days

BARE = DataRequest(
    id="d-1",
    tenant_id="t-1",
    product="trialware",
    right=Right.PORT,
    by="user:u-1",
    clause="T-DATA",
    received_at=START,
    counted_from=START,
    due_at=START + days(30),
    warn_at=START + days(23),
)
FULL = replace(
    BARE,
    id="d-2",
    right=Right.DELETE,
    status=RequestStatus.REFUSED,
    ticket_id="k-1",
    extended_at=START + days(1),
    stopped_at=START + days(2),
    stood_seconds=61,
    escalated_at=START + days(3),
    late_at=START + days(4),
    answered_at=START + days(5),
    ground=RefusalGround.LAW,
    export_id="x-1",
)


def noted(stores: Stores, tenant: Tenant, *rows: DataRequest | Ticket) -> Tenant:
    """A transition of the tenant with these rows."""
    step = move(tenant, Event.DATA_REQUESTED, START, "user:u-1", "asked", "T-DATA")
    return stores.write(step, *rows)


@pytest.mark.parametrize("request_", [BARE, FULL], ids=["bare", "full"])
def test_every_field_survives_storing(stores: Stores, request_: DataRequest) -> None:
    noted(stores, stores.register(), request_)
    assert stores.requests.get("t-1", request_.id) == request_


def test_a_tenants_own_are_listed_and_no_others(stores: Stores) -> None:
    tenant = noted(stores, stores.register(), FULL, BARE)
    noted(stores, stores.register("t-2"), replace(BARE, tenant_id="t-2"))
    assert stores.requests.of(tenant.id) == [BARE, FULL]
    with pytest.raises(NotFound):
        stores.requests.get("t-2", "d-2")


def test_each_version_follows_the_one_before(stores: Stores) -> None:
    tenant = noted(stores, stores.register(), BARE)
    tenant = noted(stores, tenant, replace(BARE, version=2, late_at=START))
    for stale in (BARE, replace(BARE, version=2), replace(BARE, version=4)):
        with pytest.raises(ConcurrentChange):
            noted(stores, tenant, stale)
    assert stores.requests.get("t-1", "d-1").version == 2


def test_it_stands_in_the_due_index_while_its_clock_brings_anything(stores: Stores) -> None:
    tenant = noted(stores, stores.register(), BARE)

    def due() -> list[DueItem]:
        found = stores.due.overdue(START + timedelta(days=400))
        return [item for item in found if item.kind is DueKind.REQUEST]

    assert due() == [DueItem(DueKind.REQUEST, "d-1", START + days(23), tenant_id="t-1")]
    tenant = noted(stores, tenant, replace(BARE, version=2, escalated_at=START))
    assert [item.at for item in due()] == [START + days(30)]
    noted(stores, tenant, replace(BARE, version=3, status=RequestStatus.IDENTITY_ASKED))
    assert due() == []


def test_it_goes_with_its_tenant(stores: Stores) -> None:
    noted(stores, stores.register(), BARE, FULL)
    stores.empty("t-1", Store.TENANT)
    assert stores.requests.of("t-1") == []


def test_a_corrected_contact_takes_the_place_of_the_one_before(stores: Stores) -> None:
    tenant = stores.register()
    corrected = replace(stores.people.contact("t-1"), name="نگین")
    step = move(tenant, Event.CONTACT_CORRECTED, START, "user:u-1", "corrected", "T-DATA")
    stores.write(step, corrected)
    assert stores.people.contact("t-1") == corrected


def test_a_correction_revives_no_contact_that_was_deleted(stores: Stores) -> None:
    tenant = stores.register()
    step = move(tenant, Event.CONTACT_CORRECTED, START, "user:u-1", "corrected", "T-DATA")
    ghost = replace(stores.people.contact("t-1"), tenant_id="t-9")
    stores.register("t-9")
    stores.empty("t-9", Store.TENANT)
    with pytest.raises(ConcurrentChange):
        stores.write(step, ghost)


def test_a_ticket_that_is_closed_from_the_first_never_stands_in_the_list_of_open_ones(
    stores: Stores,
) -> None:
    ticket = Ticket(
        "k-9", "t-1", "trialware", TicketKind.MAIL, "m", START, START, "T-MAIL", closed_at=START, outcome="x"
    )
    noted(stores, stores.register(), ticket)
    assert stores.books.ticket("t-1", "k-9") == ticket
    assert stores.books.open_tickets("trialware") == []
