"""A customer's reply to a restriction: once for each, answered by a person (the right of reply)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from mohlat.domain.agreement import Agreement
from mohlat.domain.errors import Conflict, NotFound
from mohlat.domain.lifecycle import Event, Transition, move, service_notice
from mohlat.domain.notices import Notice, NoticeKind
from mohlat.domain.tenant import Restriction, RestrictionKind, Tenant, iso, living
from mohlat.domain.tickets import Ticket, TicketKind


def matter(ticket_id: str) -> str:
    """What stands on a tenant while its objection is open: nothing of it is purged meanwhile."""
    return f"objection:{ticket_id}"


def object_to(
    tenant: Tenant,
    agreement: Agreement,
    kind: RestrictionKind,
    known: Iterable[Ticket],
    ticket_id: str,
    now: datetime,
    *,
    by: str,
) -> tuple[Transition, Ticket]:
    """The objection to what restricts the tenant at `now`, as a ticket due when the agreement says.

    Whatever its phase: also an account that a finding ended. Raises Gone after the purge; NotFound if no
    restriction of this kind binds; Conflict where the agreement takes no objections, and for a second one to
    the same restriction, naming the first one's ticket.
    """
    living(tenant)
    rule, binding = agreement.objections, _binding(tenant, kind, now)
    if binding is None:
        raise NotFound("no such restriction", kind=kind.value)
    if rule is None:
        raise Conflict("this agreement takes no objections to a restriction", clause=binding.clause)
    since = iso(binding.since)
    for ticket in known:
        same = ticket.kind is TicketKind.RESTRICTION_OBJECTION and ticket.subject == kind.value
        if same and ticket.facts["since"] == since:
            raise Conflict("this restriction was objected to already", ticket_id=ticket.id)
    ticket = Ticket(
        id=ticket_id,
        tenant_id=tenant.id,
        product=tenant.product,
        kind=TicketKind.RESTRICTION_OBJECTION,
        subject=kind.value,
        opened_at=now,
        due_at=rule.answer.after(now, agreement.calendar),
        clause=binding.clause,
        facts={"since": since, "answer_by": rule.basis.cite()},
    )
    transition = move(
        tenant,
        Event.TICKET_OPENED,
        now,
        by,
        "the customer objects to a restriction",
        binding.clause,
        notices=(_notice(tenant, agreement, NoticeKind.OBJECTION_RECEIVED, ticket, ticket.due_at),),
        facts={"ticket_id": ticket_id, "kind": ticket.kind.value, "restriction": kind.value},
        open_matters=tenant.open_matters | {matter(ticket_id)},
    )
    return transition, ticket


def decide(
    tenant: Tenant, agreement: Agreement, ticket: Ticket, now: datetime, *, lifted: bool, by: str
) -> Transition:
    """An operator's answer to an objection, which closes `ticket`: the restriction is lifted, or stands.

    Only what was objected to is lifted, not what was imposed since; an account that a finding ended stays
    closed, without the block.
    """
    left = tuple(each for each in tenant.restrictions if not _objected(each, ticket))
    told = NoticeKind.RESTRICTION_LIFTED if lifted else NoticeKind.RESTRICTION_UPHELD
    return move(
        tenant,
        Event.TICKET_CLOSED,
        now,
        by,
        ticket.outcome or "",
        ticket.clause,
        notices=(_notice(tenant, agreement, told, ticket, now),),
        facts={
            "ticket_id": ticket.id,
            "kind": ticket.kind.value,
            "restriction": ticket.subject,
            "decision": "lifted" if lifted else "upheld",
        },
        restrictions=left if lifted else tenant.restrictions,
        open_matters=tenant.open_matters - {matter(ticket.id)},
    )


def _binding(tenant: Tenant, kind: RestrictionKind, now: datetime) -> Restriction | None:
    """The newest restriction of a kind that binds now."""
    binding = [each for each in tenant.restrictions if each.kind is kind and each.applies(now)]
    return max(binding, key=lambda each: each.since, default=None)


def _objected(restriction: Restriction, ticket: Ticket) -> bool:
    return restriction.kind.value == ticket.subject and iso(restriction.since) <= str(ticket.facts["since"])


def _notice(
    tenant: Tenant, agreement: Agreement, kind: NoticeKind, ticket: Ticket, anchor: datetime
) -> Notice:
    return service_notice(tenant, agreement, kind, anchor, ticket.clause, {"ticket_id": ticket.id})
