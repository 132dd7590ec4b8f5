"""What several use cases do with requests about data: the rule, the ticket, the way back to work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from mohlat.domain.agreement import Agreement, DataRequestRule
from mohlat.domain.data_requests import DataRequest
from mohlat.domain.errors import Conflict
from mohlat.domain.lifecycle import Event, Transition, Workflow, move, service_notice
from mohlat.domain.notices import NoticeKind
from mohlat.domain.tenant import Tenant, iso
from mohlat.domain.tickets import Ticket, TicketKind

Facts = Mapping[str, str | int]


def rule_of(agreement: Agreement) -> DataRequestRule:
    """By what requests are answered. Raises Conflict where the agreement has no such rule."""
    if agreement.data_requests is None:
        raise Conflict("this agreement takes no requests about data")
    return agreement.data_requests


def asking_ticket(request: DataRequest, ticket_id: str, now: datetime) -> Ticket:
    """What asks the operators for an answer."""
    return Ticket(
        id=ticket_id,
        tenant_id=request.tenant_id,
        product=request.product,
        kind=TicketKind.DATA_REQUEST,
        subject=request.id,
        opened_at=now,
        due_at=request.due_at,
        clause=request.clause,
        facts={"right": request.right.value},
    )


def waiting_facts(request: DataRequest) -> Facts:
    """What a journal entry says of a request whose clock runs: the entry starts the watch over it."""
    return {
        "request_id": request.id,
        "right": request.right.value,
        "due_at": iso(request.due_at),
        "warn_at": iso(request.warn_at),
    }


def resumed(
    tenant: Tenant, agreement: Agreement, request: DataRequest, now: datetime, why: str, by: str
) -> Transition:
    """That a request's clock runs again, of which the person is told."""
    facts = waiting_facts(request)
    kind = NoticeKind.DATA_REQUEST_RESUMED
    return move(
        tenant,
        Event.DATA_REQUEST_RESUMED,
        now,
        by,
        why,
        request.clause,
        notices=(service_notice(tenant, agreement, kind, request.due_at, request.clause, facts),),
        workflows=(Workflow.DATA_REQUEST,),
        facts=facts,
    )


def taking_up(released: Transition, agreement: Agreement, request: DataRequest) -> Transition:
    """The release of the last hold, with which the deletion that it kept waiting is taken up again."""
    facts = waiting_facts(request)
    kind = NoticeKind.DATA_REQUEST_RESUMED
    notice = service_notice(released.after, agreement, kind, request.due_at, request.clause, facts)
    return replace(
        released,
        notices=(*released.notices, notice),
        workflows=(*released.workflows, Workflow.DATA_REQUEST),
        facts={**released.facts, **facts},
    )
