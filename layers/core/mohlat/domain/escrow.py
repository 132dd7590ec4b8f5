"""Escrow: the price of agreed work is deposited before it begins, then released or handed back
(SAMAN-5.8).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from mohlat.domain.agreement import Agreement, Phase
from mohlat.domain.errors import Conflict
from mohlat.domain.lifecycle import Event, Transition, move, service_notice
from mohlat.domain.notices import NoticeKind
from mohlat.domain.tenant import Tenant, living


class EscrowStatus(StrEnum):
    """Where agreed work stands.

    agreed     price and work are agreed; nothing is deposited, so the work may not begin
    deposited  the price lies with us; the work may begin
    released   the customer declared it done: the partner is owed the money
    returned   the customer asked for the money back; nobody asks why before it went
    cancelled  given up before anything was deposited
    """

    AGREED = "agreed"
    DEPOSITED = "deposited"
    RELEASED = "released"
    RETURNED = "returned"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Escrow:
    """Agreed work. `amount` is in rials; `partner` the username of who does it; `title` names no person.

    `payment_id` is the deposit's. `reason` is set once the customer told why it was returned; the words
    themselves are sealed. `version` rises with each change.
    """

    id: str
    tenant_id: str
    product: str
    partner: str
    title: str
    amount: int
    agreed_at: datetime
    status: EscrowStatus = EscrowStatus.AGREED
    payment_id: str | None = None
    decided_at: datetime | None = None
    refund_id: str | None = None
    ticket_id: str | None = None
    reason_given_at: datetime | None = None
    version: int = 1

    @property
    def work_may_begin(self) -> bool:
        """Whether the price lies with us, undecided: work begins after the deposit, never before."""
        return self.status is EscrowStatus.DEPOSITED


def kept_under(agreement: Agreement) -> str:
    """The clause of escrow; the newer agreement of a tenant whose money lies there may have none."""
    return agreement.escrow.basis.cite() if agreement.escrow else "vendor's choice"


def matter(escrow_id: str) -> str:
    """What stands on a tenant while its money lies in escrow."""
    return f"escrow:{escrow_id}"


def agree(tenant: Tenant, agreement: Agreement, escrow: Escrow, now: datetime, *, by: str) -> Transition:
    """Notes agreed work; the customer is asked to deposit its price. Raises Gone, Conflict."""
    living(tenant)
    if agreement.escrow is None or tenant.phase is Phase.CLOSED:
        raise Conflict("no work can be agreed for this account", phase=tenant.phase.value)
    return _step(tenant, agreement, escrow, Event.ESCROW_AGREED, "work and price are agreed", now, by)


def deposited(escrow: Escrow, payment_id: str) -> Escrow:
    """The price lies with us. Raises Conflict if nothing is to be deposited (any more)."""
    if escrow.status is not EscrowStatus.AGREED:
        raise Conflict("nothing is to be deposited", status=escrow.status.value)
    return _next(escrow, EscrowStatus.DEPOSITED, payment_id=payment_id)


def released(escrow: Escrow, ticket_id: str, now: datetime) -> Escrow:
    """The customer declared the work done. Raises Conflict unless the price lies with us."""
    _demand_deposit(escrow)
    return _next(escrow, EscrowStatus.RELEASED, ticket_id=ticket_id, decided_at=now)


def returned(escrow: Escrow, refund_id: str, now: datetime) -> Escrow:
    """The customer asked for the money back. Raises Conflict unless it lies with us."""
    _demand_deposit(escrow)
    return _next(escrow, EscrowStatus.RETURNED, refund_id=refund_id, decided_at=now)


def cancelled(escrow: Escrow, now: datetime) -> Escrow:
    """Given up before a deposit. Raises Conflict otherwise."""
    if escrow.status is not EscrowStatus.AGREED:
        raise Conflict("it cannot be given up any more", status=escrow.status.value)
    return _next(escrow, EscrowStatus.CANCELLED, decided_at=now)


def explained(escrow: Escrow, now: datetime) -> Escrow:
    """The customer told why it was returned. Raises Conflict before the return, and the second time."""
    if escrow.status is not EscrowStatus.RETURNED or escrow.reason_given_at:
        raise Conflict("no reason is asked for", status=escrow.status.value)
    return _next(escrow, escrow.status, reason_given_at=now)


def note_release(
    tenant: Tenant, agreement: Agreement, escrow: Escrow, now: datetime, *, by: str
) -> Transition:
    """Notes the release in the journal; the matter ends, because the money is the partner's now."""
    why, ended = "the customer declared the work done", frozenset({matter(escrow.id)})
    return _step(tenant, agreement, escrow, Event.ESCROW_RELEASED, why, now, by, ended=ended)


def note_return(
    tenant: Tenant, agreement: Agreement, escrow: Escrow, now: datetime, *, by: str
) -> Transition:
    """Notes the return in the journal and asks for the reason; the refund keeps the tenant from being
    purged.
    """
    why, ended = "the customer asked for the deposit back", frozenset({matter(escrow.id)})
    begun = frozenset({f"refund:{escrow.refund_id}"})
    return _step(tenant, agreement, escrow, Event.ESCROW_RETURNED, why, now, by, ended=ended, begun=begun)


def note_cancellation(
    tenant: Tenant, agreement: Agreement, escrow: Escrow, now: datetime, *, by: str
) -> Transition:
    """Notes that agreed work was given up before its price was deposited."""
    why = "the agreed work was given up"
    return _step(tenant, agreement, escrow, Event.ESCROW_CANCELLED, why, now, by)


_NOTICES = {
    Event.ESCROW_AGREED: NoticeKind.ESCROW_AGREED,
    Event.ESCROW_RELEASED: NoticeKind.ESCROW_RELEASED,
    Event.ESCROW_RETURNED: NoticeKind.ESCROW_RETURNED,
}


def _step(
    tenant: Tenant,
    agreement: Agreement,
    escrow: Escrow,
    event: Event,
    why: str,
    now: datetime,
    by: str,
    *,
    ended: frozenset[str] = frozenset(),
    begun: frozenset[str] = frozenset(),
) -> Transition:
    clause = kept_under(agreement)
    facts: dict[str, str | int] = {"escrow_id": escrow.id, "amount": escrow.amount, "partner": escrow.partner}
    kind = _NOTICES.get(event)
    notices = (service_notice(tenant, agreement, kind, now, clause, facts),) if kind else ()
    matters = (tenant.open_matters | begun) - ended
    return move(tenant, event, now, by, why, clause, notices=notices, facts=facts, open_matters=matters)


def _demand_deposit(escrow: Escrow) -> None:
    if escrow.status is not EscrowStatus.DEPOSITED:
        raise Conflict("no deposit lies with us", status=escrow.status.value)


def _next(escrow: Escrow, status: EscrowStatus, **changes: object) -> Escrow:
    return replace(escrow, status=status, version=escrow.version + 1, **changes)  # type: ignore[arg-type]
