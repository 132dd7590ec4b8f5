"""Undoing a closing: until the purge, where the agreement lets the customer (docs/decisions/0022)."""

from __future__ import annotations

from datetime import datetime

from mohlat.domain.agreement import Agreement, Phase
from mohlat.domain.errors import AccessRefused, Conflict, TooLate
from mohlat.domain.lifecycle import (
    Event,
    Transition,
    Workflow,
    done_about_debts,
    move,
    next_deadline,
    service_notice,
)
from mohlat.domain.notices import NoticeKind
from mohlat.domain.tenant import BeforeClosing, Closing, Tenant, iso, living

# What a customer did and may take back. A withdrawal gave money back, a finding was not theirs.
_BY_WISH = (Closing.TERMINATION, Closing.ERASURE)


def reopen(tenant: Tenant, agreement: Agreement, now: datetime, *, by: str) -> Transition:
    """Undoes the customer's own closing: the account is what it was before, as far as that is still paid.

    What fell due meanwhile is due now, counted from its own instant; what would be deleted is warned of
    anew. Money that went back stays there, and so does what it had paid for. Raises Gone after the purge;
    Conflict for what is not closed, or was not closed by wish; AccessRefused where the agreement lets nobody
    undo it; TooLate once its time has ended.
    """
    living(tenant)
    before = tenant.before_closing
    if tenant.phase is not Phase.CLOSED or tenant.closing not in _BY_WISH or before is None:
        raise Conflict("there is no closing that could be undone")
    assert tenant.closed_at
    rule, kept = agreement.retention.reopening, agreement.retention.after_closing
    if rule is None:
        raise AccessRefused(operation="reopen", phase=tenant.phase.value, clause=kept.basis.cite())
    if rule.within and now >= (ended_at := rule.within.after(tenant.closed_at, agreement.calendar)):
        raise TooLate(
            "the time to undo the closing has ended", clause=rule.basis.cite(), ended_at=iso(ended_at)
        )
    phase, ends_at, lease_ended_at = _stand(tenant, before, now)

    def moved(workflows: tuple[Workflow, ...]) -> Transition:
        clause = rule.basis.cite()
        return move(
            tenant,
            Event.REOPENED,
            now,
            by,
            "the customer undid the closing",
            clause,
            notices=(service_notice(tenant, agreement, NoticeKind.ACCOUNT_REOPENED, now, clause),),
            workflows=workflows,
            facts={"phase": phase.value},
            phase=phase,
            period_started_at=now,
            period_ends_at=ends_at,
            ended_at=lease_ended_at,
            closed_at=None,
            closing=None,
            before_closing=None,
            # Whatever is due for deletion by now gets its whole notice again.
            purge_not_before=agreement.deletion_warning.before.after(now, agreement.calendar),
            generation=tenant.generation + 1,
            done=done_about_debts(tenant),
        )

    lives = next_deadline(moved(()).after, agreement) is not None
    return moved((Workflow.SUBSCRIPTION,) if lives else ())


def _stand(
    tenant: Tenant, before: BeforeClosing, now: datetime
) -> tuple[Phase, datetime | None, datetime | None]:
    """Phase, end of the period and end of the lease, from what stood there before and what is still paid."""
    if before.phase is not Phase.ACTIVE or tenant.invoice or before.period_ends_at is None:
        return before.phase, before.period_ends_at, tenant.ended_at
    if tenant.term:
        return Phase.ACTIVE, tenant.term.ends_at, tenant.ended_at
    # What was paid for went back while the account was closed.
    return Phase.DEACTIVATED, now, now
