"""What giving money back does to a tenant: withdrawal, returned purchases, and a refund's way in the
journal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from mohlat.domain.agreement import Agreement, Phase
from mohlat.domain.errors import Conflict
from mohlat.domain.lifecycle import (
    Event,
    Transition,
    Workflow,
    done_about_debts,
    move,
    purge_at,
    service_notice,
)
from mohlat.domain.notices import NoticeKind
from mohlat.domain.payments import Order, OrderKind
from mohlat.domain.refunds import Refund
from mohlat.domain.tenant import Closing, Tenant, Term, iso, living


def matter(refund_id: str) -> str:
    """What stands on a tenant while money is on its way back: nothing of it is purged meanwhile."""
    return f"refund:{refund_id}"


def withdraw(
    tenant: Tenant,
    agreement: Agreement,
    refunds: Sequence[Refund],
    clause: str,
    now: datetime,
    *,
    by: str,
) -> Transition:
    """Gives the whole account up: access stops at once, all money goes back, then everything is deleted.

    SAMAN-2.6. Raises Gone, Conflict if the account is closed already.
    """
    living(tenant)
    if tenant.phase is Phase.CLOSED:
        raise Conflict("the account is closed already")
    closed = replace(
        tenant,
        phase=Phase.CLOSED,
        closing=Closing.WITHDRAWAL,
        closed_at=now,
        generation=tenant.generation + 1,
        purge_not_before=None,
    )
    gone_at = purge_at(closed, agreement)
    assert gone_at
    total = sum(refund.amount for refund in refunds)
    facts: dict[str, str | int] = {"amount": total, "purge_at": iso(gone_at)}
    if tenant.debts:
        facts["written_off"] = " ".join(debt.id for debt in tenant.debts)
    return move(
        tenant,
        Event.WITHDRAWN,
        now,
        by,
        "the customer withdrew in time",
        clause,
        notices=(
            service_notice(closed, agreement, NoticeKind.ACCOUNT_CLOSED, gone_at, clause, {"amount": total}),
        ),
        workflows=(Workflow.SUBSCRIPTION,),
        facts=facts,
        phase=Phase.CLOSED,
        generation=closed.generation,
        closed_at=now,
        closing=Closing.WITHDRAWAL,
        period_started_at=now,
        period_ends_at=now if tenant.period_ends_at else None,
        invoice=None,
        debts=(),
        purge_not_before=None,
        done=frozenset(),
        open_matters=tenant.open_matters | {matter(refund.id) for refund in refunds},
    )


def return_purchase(
    tenant: Tenant, agreement: Agreement, order: Order, refund: Refund, now: datetime, *, by: str
) -> Transition:
    """Takes back what a payment bought, and notes that its money is on its way.

    Only the latest purchase of a term can be taken back, or what was bought later would stand on nothing. An
    upgrade leaves the plan and the purchases that were there before it. Raises Conflict.
    """
    match order.kind:
        case OrderKind.UPGRADE:
            changes: dict[str, object] = {"term": _without_upgrade(tenant, order)}
            workflows: tuple[Workflow, ...] = ()
        case OrderKind.TERM:
            changes = _without_part(tenant, agreement, order, now)
            workflows = (Workflow.SUBSCRIPTION,)
        case _:
            changes, workflows = {}, ()
    return _reserved(
        tenant,
        agreement,
        refund,
        Event.PURCHASE_RETURNED,
        "the customer gives back what was bought",
        now,
        by,
        workflows,
        **changes,
    )


def _without_upgrade(tenant: Tenant, order: Order) -> Term:
    term = tenant.term
    if term is None or not term.upgrades:
        raise Conflict("this upgrade is not in force any more")
    last = term.upgrades[-1]
    if last.payment_id != order.payment_id:
        raise Conflict("a later upgrade has to be given back first")
    if {part.payment_id for part in term.parts} - {part.payment_id for part in last.parts_before}:
        raise Conflict("the term was renewed on the new plan since")
    return replace(term, plan=last.plan_before, parts=last.parts_before, upgrades=term.upgrades[:-1])


def _without_part(tenant: Tenant, agreement: Agreement, order: Order, now: datetime) -> dict[str, object]:
    term = tenant.term
    if tenant.phase is not Phase.ACTIVE or term is None or not term.parts:
        raise Conflict("this purchase is used up")
    *earlier, last = term.parts
    if last.payment_id != order.payment_id:
        raise Conflict("what was bought later has to be given back first")
    if any(part.payment_id == last.payment_id for upgrade in term.upgrades for part in upgrade.parts_before):
        raise Conflict("an upgrade has to be given back first")
    generation = {"generation": tenant.generation + 1, "done": done_about_debts(tenant)}
    if earlier:
        length = term.length - order.length
        # Lost time that was added after the renewal belongs to what is left of the term.
        added = timedelta(seconds=term.added_seconds)
        ends_at = max(last.starts_at, length.after(term.anchor, agreement.calendar) + added)
        shorter = replace(term, parts=tuple(earlier), ends_at=ends_at, length=length)
        return generation | {"term": shorter, "period_ends_at": ends_at}
    # What is left of a trial goes on; a term that had begun ends now.
    ends_at = max(last.starts_at, now)
    return generation | {"term": None, "period_ends_at": ends_at}


def reserve_refund(
    tenant: Tenant, agreement: Agreement, refund: Refund, why: str, now: datetime, *, by: str
) -> Transition:
    """Notes that money is on its way back, nothing else of the tenant being touched."""
    return _reserved(tenant, agreement, refund, Event.REFUND_RESERVED, why, now, by, ())


def _reserved(
    tenant: Tenant,
    agreement: Agreement,
    refund: Refund,
    event: Event,
    why: str,
    now: datetime,
    by: str,
    workflows: tuple[Workflow, ...],
    **changes: Any,
) -> Transition:
    facts = refund_facts(refund)
    return move(
        tenant,
        event,
        now,
        by,
        why,
        refund.clause,
        notices=(service_notice(tenant, agreement, NoticeKind.REFUND_STARTED, now, refund.clause, facts),),
        workflows=workflows,
        facts=facts | {"payment_id": refund.payment_id},
        # A payment that is owed back is decided by this very refund.
        open_matters=(tenant.open_matters | {matter(refund.id)}) - {f"payment:{refund.payment_id}"},
        **changes,
    )


def refund_facts(refund: Refund) -> dict[str, str | int]:
    """What a journal entry or a notice says of a refund."""
    return {"refund_id": refund.id, "amount": refund.amount, "reason": refund.reason.value}


def hand_to_person(
    tenant: Tenant, agreement: Agreement, refund: Refund, needs_account: bool, now: datetime, *, by: str
) -> Transition:
    """Notes that a person sends the money; asks the customer for an account where none is known."""
    facts = refund_facts(refund)
    asks = service_notice(tenant, agreement, NoticeKind.REFUND_NEEDS_ACCOUNT, now, refund.clause, facts)
    return move(
        tenant,
        Event.REFUND_NEEDS_PERSON,
        now,
        by,
        refund.note or "the gateway has no way back",
        refund.clause,
        notices=(asks,) if needs_account else (),
        facts=facts,
    )


def end_refund(tenant: Tenant, agreement: Agreement, refund: Refund, now: datetime, *, by: str) -> Transition:
    """Notes that the payer has the money, which ends the matter."""
    facts = refund_facts(refund)
    return move(
        tenant,
        Event.REFUND_DONE,
        now,
        by,
        "the money went back",
        refund.clause,
        notices=(service_notice(tenant, agreement, NoticeKind.REFUND_DONE, now, refund.clause, facts),),
        facts=facts,
        open_matters=tenant.open_matters - {matter(refund.id)},
    )
