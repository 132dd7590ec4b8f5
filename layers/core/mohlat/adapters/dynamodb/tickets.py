"""Tickets, beside the tenant's money, and the list of those that are open, by product."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from pynamodb.attributes import UnicodeAttribute
from pynamodb.transactions import TransactWrite

from mohlat.adapters.dynamodb.money import MovingItem, below, money_pk, one, payer_of
from mohlat.adapters.dynamodb.table import Item, compact, unmoved
from mohlat.domain.agreement import Severity, Step
from mohlat.domain.helpdesk import Charge, Ground, Support
from mohlat.domain.tenant import from_iso, iso
from mohlat.domain.tickets import Ticket, TicketKind
from mohlat.domain.working_time import Interval

TICKET = "TICKET#"
_OPEN = "TICKETS#"


class TicketItem(MovingItem):
    """A ticket, in the due index until it is escalated or closed."""


class OpenTicketItem(Item):
    """Leads from a product's list of open tickets to one of them; gone once that is closed."""

    tenant_id = UnicodeAttribute()


def add_ticket(write: TransactWrite, ticket: Ticket) -> None:
    """Adds a ticket: a new one, or the next version of what is stored. Keeps the list of open ones."""
    doc = compact(
        {
            "product": ticket.product,
            "kind": ticket.kind.value,
            "subject": ticket.subject,
            "opened_at": iso(ticket.opened_at),
            "due_at": iso(ticket.due_at),
            "clause": ticket.clause,
            "facts": dict(ticket.facts),
            "escalated_at": iso(ticket.escalated_at) if ticket.escalated_at else None,
            "closed_at": iso(ticket.closed_at) if ticket.closed_at else None,
            "outcome": ticket.outcome,
            "by": ticket.by,
            "support": _support_doc(ticket.support) if ticket.support else None,
        }
    )
    item = TicketItem(money_pk(ticket.tenant_id), TICKET + ticket.id, version=ticket.version, doc=doc)
    item.set_due(ticket.id, ticket.wakes_at)
    write.save(item, unmoved(TicketItem.version, ticket.version))
    pointer = OpenTicketItem(_OPEN + ticket.product, ticket.id, tenant_id=ticket.tenant_id)
    # One that is closed from the first is evidence of something done, and never stood in the list.
    if ticket.version == 1 and ticket.open:
        write.save(pointer)
    elif ticket.version > 1 and not ticket.open:
        write.delete(pointer)


def get(tenant_id: str, ticket_id: str) -> Ticket:
    """Read consistently. Raises NotFound."""
    return _ticket(one(TicketItem, tenant_id, TICKET + ticket_id))


def of(tenant_id: str) -> list[Ticket]:
    """All tickets of a tenant, oldest first."""
    return [_ticket(item) for item in below(TicketItem, tenant_id, TICKET)]


def open_ones(product: str, after: str | None, limit: int) -> list[Ticket]:
    """A product's open tickets with ids above `after`, oldest first."""
    above = OpenTicketItem.sk > after if after else None
    pointers = OpenTicketItem.query(_OPEN + product, above, consistent_read=True, page_size=limit)
    tickets = (get(pointer.tenant_id, pointer.sk) for pointer in pointers)
    # One that is closed between the two reads gives its place to the next: only the last page is short.
    return list(islice((ticket for ticket in tickets if ticket.open), limit))


def _ticket(item: TicketItem) -> Ticket:
    doc = item.doc
    return Ticket(
        id=item.sk.removeprefix(TICKET),
        tenant_id=payer_of(item.pk),
        product=doc["product"],
        kind=TicketKind(doc["kind"]),
        subject=doc.get("subject", ""),
        opened_at=from_iso(doc["opened_at"]),
        due_at=from_iso(doc["due_at"]),
        clause=doc.get("clause", ""),
        facts=doc.get("facts", {}),
        escalated_at=from_iso(doc["escalated_at"]) if "escalated_at" in doc else None,
        closed_at=from_iso(doc["closed_at"]) if "closed_at" in doc else None,
        outcome=doc.get("outcome"),
        by=doc.get("by"),
        version=int(item.version),
        support=_support(doc["support"]) if "support" in doc else None,
    )


def _support_doc(support: Support) -> dict[str, Any]:
    def marks(of: Mapping[Step, datetime]) -> dict[str, str]:
        return {step.value: iso(at) for step, at in of.items()}

    return compact(
        {
            "agreement_version": support.agreement_version,
            "severity": support.severity.value,
            "opened_by": support.opened_by,
            "outside_hours": support.outside_hours,
            "waiting_since": iso(support.waiting_since) if support.waiting_since else None,
            "waits": [[iso(wait.start), iso(wait.end)] for wait in support.waits],
            "done": marks(support.done),
            "warned": marks(support.warned),
            "missed": marks(support.missed),
            "charges": [
                {
                    "ground": each.ground.value,
                    "minutes": each.minutes,
                    "extra": each.extra,
                    "amount": each.amount,
                    "vat": each.vat,
                    "clause": each.clause,
                    "at": iso(each.at),
                }
                for each in support.charges
            ],
            "dropped_at": iso(support.dropped_at) if support.dropped_at else None,
            "wakes_at": iso(support.wakes_at) if support.wakes_at else None,
            "watch": support.watch,
        }
    )


def _support(doc: Mapping[str, Any]) -> Support:
    def instant(name: str) -> datetime | None:
        return from_iso(doc[name]) if name in doc else None

    def marks(name: str) -> dict[Step, datetime]:
        return {Step(step): from_iso(at) for step, at in doc.get(name, {}).items()}

    return Support(
        agreement_version=doc["agreement_version"],
        severity=Severity(doc["severity"]),
        opened_by=doc.get("opened_by", ""),
        outside_hours=doc.get("outside_hours", False),
        waiting_since=instant("waiting_since"),
        waits=tuple(Interval(from_iso(start), from_iso(end)) for start, end in doc.get("waits", ())),
        done=marks("done"),
        warned=marks("warned"),
        missed=marks("missed"),
        charges=tuple(
            Charge(**{**each, "ground": Ground(each["ground"]), "at": from_iso(each["at"])})
            for each in doc.get("charges", ())
        ),
        dropped_at=instant("dropped_at"),
        wakes_at=instant("wakes_at"),
        watch=doc["watch"],
    )
