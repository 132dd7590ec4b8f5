"""A ticket: open until somebody closes it, once, and asking for attention when its time has run out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mohlat.domain.errors import Conflict
from mohlat.domain.tickets import OpenMatters, Ticket, TicketKind, close_ticket, escalate, open_matters
from tests.builders import START, days

TICKET = Ticket(
    id="k_1",
    tenant_id="t_1",
    product="trialware",
    kind=TicketKind.INVOICE_DISPUTE,
    subject="i_1",
    opened_at=START,
    due_at=START + days(7),
    clause="T-DISPUTE",
)


def test_an_open_ticket_wakes_when_it_is_due() -> None:
    assert TICKET.open
    assert TICKET.wakes_at == START + days(7)


def test_an_escalated_ticket_stays_open_and_wakes_no_more() -> None:
    marked = escalate(TICKET, START + days(7))
    assert (marked.open, marked.wakes_at) == (True, None)
    assert (marked.escalated_at, marked.version) == (START + days(7), 2)


def test_a_closed_ticket_keeps_what_came_of_it_and_by_whom() -> None:
    closed = close_ticket(TICKET, "the invoice was right", START + days(1), by="operator:nima")
    assert (closed.open, closed.wakes_at) == (False, None)
    assert (closed.closed_at, closed.outcome, closed.by) == (
        START + days(1),
        "the invoice was right",
        "operator:nima",
    )
    assert closed == replace(
        TICKET, closed_at=closed.closed_at, outcome=closed.outcome, by=closed.by, version=2
    )


def test_a_ticket_is_closed_once_even_if_it_was_escalated() -> None:
    closed = close_ticket(escalate(TICKET, START + days(7)), "too late", START + days(8), by="operator:nima")
    assert closed.version == 3
    with pytest.raises(Conflict) as refusal:
        close_ticket(closed, "again", START + days(9), by="operator:nima")
    assert refusal.value.details == {"outcome": "too late"}


def test_what_waits_for_a_person_adds_up_to_the_rial() -> None:
    def one(kind: TicketKind, subject: str, **facts: str | int) -> Ticket:
        return replace(TICKET, kind=kind, subject=subject, facts=facts)

    tickets = [
        TICKET,
        one(TicketKind.PAYMENT_HELD, "p_1", amount=1_000, captured=900),
        # Nothing was taken yet as far as anybody knows: nothing is held.
        one(TicketKind.PAYMENT_HELD, "p_2", amount=5_000),
        one(TicketKind.PAYOUT, "r_1", amount=70),
        one(TicketKind.PAYOUT, "e_1", amount=200),
        one(TicketKind.REFUND_UNCERTAIN, "r_2", amount=3),
        close_ticket(one(TicketKind.PAYOUT, "r_3", amount=9_999), "sent", START, by="operator:ali"),
    ]
    assert open_matters(tickets) == OpenMatters(tickets=6, refunds=2, held=900, owed=273)


def test_nothing_waits_where_there_is_no_ticket() -> None:
    assert open_matters([]) == OpenMatters()
