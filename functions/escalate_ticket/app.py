"""Task of the ticket machine: its time ran out, so the operators are told."""

from __future__ import annotations

from typing import Any

from mohlat import bootstrap
from mohlat.domain.tenant import iso
from mohlat.entrypoint import Event, task
from mohlat.observation import count, logger
from mohlat.presentation.taxpayer import taxpayer_document


@task
def lambda_handler(event: Event, context: Any) -> dict[str, object]:
    """Whether the ticket needs no more watching, and until when to wait if it does."""
    tenant_id, ticket_id = event["tenant_id"], event["ticket_id"]
    # What can still be issued in time is.
    bootstrap.official_desk().retry(tenant_id, ticket_id, taxpayer_document)
    ticket = bootstrap.ticket_desk().escalate(tenant_id, ticket_id)
    if ticket.open and ticket.escalated_at:
        logger.warning("ticket overdue", kind=ticket.kind.value, due_at=iso(ticket.due_at))
        count("TicketOverdue")
    clock = bootstrap.clock()
    wake_at = clock.wall(ticket.wakes_at or clock.now())
    return {
        "tenant_id": tenant_id,
        "ticket_id": ticket_id,
        "decided": ticket.wakes_at is None,
        "wake_at": iso(wake_at),
    }
