"""Tickets: what a person has to look at, until when, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from mohlat.domain.errors import Conflict
from mohlat.domain.helpdesk import Support


class TicketKind(StrEnum):
    """What a ticket is about.

    payment_held      the gateway's answer and our record do not match: grant it or return it
    payment_missing   a failed payment that took money and was not returned in time (CLUB-7)
    payout            money to be sent by hand: the gateway has no way back, or it goes to a partner
    refund_uncertain  nobody can tell whether the gateway took a refund: look there, then say
    invoice_dispute   the customer contests an invoice (KALO-24, SAMAN-5.11)
    official_invoice  an official invoice that has to be issued in time (SAMAN-5.9)
    listing_objection an objection to being shown in the list of customers (CLUB-11)
    misuse            somebody may be using an account that is not theirs (KALAK-account)
    restriction_objection  a customer's reply to a restriction: lift it or uphold it
    mail              a mail from a registered address that no rule understood
    data_request      somebody asks for a right over their data: answer it in time (KALLU-9, KALAK-copy)
    support           the customer asks for help, with deadlines in working time (SAMAN-4.2.2, KALO-11)
    """

    PAYMENT_HELD = "payment_held"
    PAYMENT_MISSING = "payment_missing"
    PAYOUT = "payout"
    REFUND_UNCERTAIN = "refund_uncertain"
    INVOICE_DISPUTE = "invoice_dispute"
    OFFICIAL_INVOICE = "official_invoice"
    LISTING_OBJECTION = "listing_objection"
    MISUSE = "misuse"
    RESTRICTION_OBJECTION = "restriction_objection"
    MAIL = "mail"
    DATA_REQUEST = "data_request"
    SUPPORT = "support"


@dataclass(frozen=True, slots=True)
class Ticket:
    """One matter for a person. `due_at` (UTC) is when it is escalated unless it is closed.

    `subject` is the payment, refund or invoice that it is about; `facts` are figures and ids, never about a
    person. What the customer wrote is sealed and lies beside it. `version` rises with each change.
    `support` is there for the kind of that name; its `due_at` is the next deadline, or the last one it had.
    """

    id: str
    tenant_id: str
    product: str
    kind: TicketKind
    subject: str
    opened_at: datetime
    due_at: datetime
    clause: str
    facts: Mapping[str, str | int] = field(default_factory=dict)
    escalated_at: datetime | None = None
    closed_at: datetime | None = None
    outcome: str | None = None
    by: str | None = None
    version: int = 1
    support: Support | None = None

    @property
    def open(self) -> bool:
        """Whether somebody still has to look at it."""
        return self.closed_at is None

    @property
    def wakes_at(self) -> datetime | None:
        """When it asks for attention by itself; None once it did, or is closed."""
        if not self.open:
            return None
        if self.support:
            return self.support.wakes_at
        return self.due_at if self.escalated_at is None else None


@dataclass(frozen=True, slots=True)
class OpenMatters:
    """How much waits for a person: open tickets, refunds among them, and rials that are held or owed.

    `held` was captured, and nobody knows yet what for; `owed` is to be sent by a person, or was
    perhaps.
    """

    tickets: int = 0
    refunds: int = 0
    held: int = 0
    owed: int = 0


_OWED = (TicketKind.PAYOUT, TicketKind.REFUND_UNCERTAIN)


def open_matters(tickets: Iterable[Ticket]) -> OpenMatters:
    """Adds up the open ones among `tickets`."""
    waiting = [ticket for ticket in tickets if ticket.open]
    owed = [each for each in waiting if each.kind in _OWED]
    held = [each for each in waiting if each.kind is TicketKind.PAYMENT_HELD]
    return OpenMatters(
        tickets=len(waiting),
        refunds=sum(each.subject.startswith("r_") for each in owed),
        held=sum(int(each.facts.get("captured", 0)) for each in held),
        owed=sum(int(each.facts.get("amount", 0)) for each in owed),
    )


def escalate(ticket: Ticket, now: datetime) -> Ticket:
    """The ticket once its time ran out and the operators were told."""
    return replace(ticket, escalated_at=now, version=ticket.version + 1)


def close_ticket(ticket: Ticket, outcome: str, now: datetime, *, by: str) -> Ticket:
    """The ticket with what came of it. Raises Conflict if it is closed already."""
    if not ticket.open:
        raise Conflict("the ticket is closed already", outcome=ticket.outcome)
    return replace(ticket, closed_at=now, outcome=outcome, by=by, version=ticket.version + 1)
