"""Task of the ticket machine: time ran out, or a deadline of support is near: the operators are told."""

from __future__ import annotations

from typing import Any

from mohlat import bootstrap
from mohlat.domain.tenant import iso
from mohlat.domain.tickets import Ticket
from mohlat.entrypoint import Event, task
from mohlat.observation import count, logger
from mohlat.presentation.taxpayer import taxpayer_document


@task
def lambda_handler(event: Event, context: Any) -> dict[str, object]:
    """Whether the ticket needs no more watching, and until when to wait if it does."""
    tenant_id, ticket_id = event["tenant_id"], event["ticket_id"]
    ticket = bootstrap.ticket_desk().one(tenant_id, ticket_id)
    if ticket.support:
        # Whoever waits since before waits had numbers carries on with the first.
        return _carry_support(ticket, event.get("watch", 1))
    # What can still be issued in time is.
    bootstrap.official_desk().retry(tenant_id, ticket_id, taxpayer_document)
    ticket = bootstrap.ticket_desk().escalate(tenant_id, ticket_id)
    if ticket.open and ticket.escalated_at:
        logger.warning("ticket overdue", kind=ticket.kind.value, due_at=iso(ticket.due_at))
        count("TicketOverdue")
    return _answer(ticket, 1, decided=ticket.wakes_at is None)


def _carry_support(ticket: Ticket, watch: int) -> dict[str, object]:
    """The operators are called before a deadline and once it has passed; a wait that was replaced rests."""
    ticket, rung = bootstrap.help_desk().ring(ticket.tenant_id, ticket.id)
    for each in rung:
        step, due_at = each.deadline.step.value, iso(each.deadline.due_at)
        logger.warning(
            "support late" if each.missed else "support due soon",
            tenant_id=ticket.tenant_id,
            ticket_id=ticket.id,
            step=step,
            due_at=due_at,
        )
        count("SupportLate" if each.missed else "SupportDueSoon")
    replaced = ticket.support is None or ticket.support.watch != watch
    return _answer(ticket, watch, decided=ticket.wakes_at is None or replaced)


def _answer(ticket: Ticket, watch: int, *, decided: bool) -> dict[str, object]:
    clock = bootstrap.clock()
    return {
        "tenant_id": ticket.tenant_id,
        "ticket_id": ticket.id,
        "watch": watch,
        "decided": decided,
        "wake_at": iso(clock.wall(ticket.wakes_at or clock.now())),
    }
