"""Requests for support, their messages and declared days as they are stored: the fakes and DynamoDB."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from mohlat.application.ports import DueKind
from mohlat.domain.agreement import Severity, Step
from mohlat.domain.errors import ConcurrentChange, Gone
from mohlat.domain.helpdesk import Charge, Ground, Reply, Support
from mohlat.domain.purge import Store
from mohlat.domain.tickets import Ticket, TicketKind, close_ticket
from mohlat.domain.working_time import DayKind, DeclaredDay, Interval
from tests.adapters.conftest import Stores, stored_items
from tests.builders import SECOND, START, days

SUPPORT = Support("1", Severity.CRITICAL, wakes_at=START + SECOND)
TICKET = Ticket(
    "k-1", "t-1", "trialware", TicketKind.SUPPORT, "k-1", START, START + days(1), "T-HELP", support=SUPPORT
)
WHOLE = Support(
    agreement_version="2",
    severity=Severity.OTHER,
    opened_by="user:u-1",
    outside_hours=True,
    waiting_since=START,
    waits=(Interval(START, START + SECOND), Interval(START + days(1), START + days(2))),
    done={Step.ANSWER: START, Step.FIX: START + SECOND},
    warned={Step.ANSWER: START},
    missed={Step.RECOVERY: START},
    charges=(Charge(Ground.NOT_A_BUG, 90, "support_time", 9_900_000, 900_000, "T-PAY", START),),
    dropped_at=START + days(3),
    wakes_at=None,
    watch=7,
)
REPLY = Reply("m-1", "t-1", "k-1", "چاپ نمی‌شود", ours=False, at=START, by="user:u-1")


@pytest.mark.parametrize("support", [SUPPORT, WHOLE])
def test_a_request_is_read_back_as_it_was(stores: Stores, support: Support) -> None:
    ticket = replace(TICKET, support=support)
    stores.books.write([ticket])
    assert stores.books.ticket("t-1", "k-1") == ticket
    moved = replace(ticket, support=replace(support, watch=8), version=2)
    stores.books.write([moved])
    assert stores.books.open_tickets("trialware") == [moved]
    with pytest.raises(ConcurrentChange):
        stores.books.write([moved])


def test_a_request_stands_in_the_due_index_while_something_is_promised(stores: Stores) -> None:
    stores.books.write([TICKET])
    assert [(due.kind, due.id) for due in stores.due.overdue(START + SECOND)] == [(DueKind.TICKET, "k-1")]
    assert stores.due.overdue(START) == []
    waiting = replace(TICKET, support=replace(SUPPORT, wakes_at=None), version=2)
    stores.books.write([waiting])
    assert stores.due.overdue(START + days(9)) == []
    going = replace(TICKET, support=replace(SUPPORT, wakes_at=START + days(1)), version=3)
    stores.books.write([going])
    assert [due.at for due in stores.due.overdue(START + days(1))] == [START + days(1)]
    stores.books.write([close_ticket(going, "done", START, by="operator:o")])
    assert stores.due.overdue(START + days(9)) == []


def test_messages_come_in_order_each_with_its_own_request(stores: Stores) -> None:
    stores.register()
    second = replace(REPLY, id="m-2", ours=True, by="operator:o", text="which printer?")
    elsewhere = replace(REPLY, id="m-3", ticket_id="k-12")
    stores.books.write([second, REPLY, elsewhere])
    assert stores.books.messages("t-1", "k-1") == [REPLY, second]
    assert stores.books.messages("t-1", "k-12") == [elsewhere]
    assert stores.books.messages("t-2", "k-1") == []
    with pytest.raises(ConcurrentChange):
        stores.books.write([REPLY])


def test_messages_are_noise_without_the_key_and_gone_after_the_purge(stores: Stores) -> None:
    stores.register()
    stores.books.write([REPLY])
    stores.empty("t-1", Store.KEY)
    assert stores.books.messages("t-1", "k-1") == []
    with pytest.raises(Gone):
        stores.books.write([replace(REPLY, id="m-2")])
    stores.empty("t-1", Store.TENANT)
    assert stores.books.messages("t-1", "k-1") == []


def test_no_message_outlives_its_tenant(stores: Stores) -> None:
    with pytest.raises((ConcurrentChange, Gone)):
        stores.books.write([REPLY])


def test_what_a_message_says_is_not_stored_in_clear(on_dynamodb: Stores) -> None:
    on_dynamodb.register()
    on_dynamodb.books.write([REPLY])
    assert "چاپ" not in str(stored_items())


def test_a_day_is_declared_once_for_each_product_and_the_last_word_counts(stores: Stores) -> None:
    snow = DeclaredDay("saman360", date(2026, 11, 23), DayKind.HOLIDAY, "snow", "operator:o", START)
    earlier = replace(snow, day=date(2026, 11, 2), kind=DayKind.WORKING)
    stores.days.put(snow)
    stores.days.put(earlier)
    assert stores.days.of("saman360") == [earlier, snow]
    assert stores.days.of("kalo") == []
    back = replace(snow, kind=DayKind.USUAL, reason="it melted", at=START + SECOND)
    stores.days.put(back)
    assert stores.days.of("saman360") == [earlier, back]
