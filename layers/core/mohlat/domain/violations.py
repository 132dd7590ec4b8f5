"""What an operator finds to be a breach of the agreement, and what follows at once and without notice.

The agreement names each kind of breach with its clause and its consequence. Nothing is paid back (the refund
case `violation`), whatever was paid for ends with the finding itself (invariant 1).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from mohlat.domain.agreement import Agreement, Consequence, Phase, Violation
from mohlat.domain.backups import new_backup
from mohlat.domain.data_jobs import BackupReason, DataJob
from mohlat.domain.errors import Conflict, Held, InvalidInput
from mohlat.domain.lifecycle import (
    Event,
    Transition,
    Workflow,
    move,
    purge_at,
    service_notice,
    without,
)
from mohlat.domain.notices import NoticeKind
from mohlat.domain.tenant import Closing, Restriction, RestrictionKind, Tenant, iso, living


def violation_of(agreement: Agreement, violation_id: str) -> Violation:
    """The kind of breach with this id. Raises InvalidInput naming those that the agreement knows."""
    for known in agreement.violations:
        if known.id == violation_id:
            return known
    allowed = [known.id for known in agreement.violations]
    raise InvalidInput("violation", "not one of the possible values", allowed=allowed)


def find_violation(
    tenant: Tenant, agreement: Agreement, violation: Violation, reason: str, now: datetime, *, by: str
) -> Transition:
    """Blocks the account, and ends it where the agreement says so: its data then goes after the agreed time.

    KALO-12, KALO-18, KALO-19, KALO-28, SAMAN-3.8, SAMAN-3.10, SAMAN-9.1. Raises Gone after the purge,
    Conflict if the account is closed already.
    """
    living(tenant)
    clause = violation.basis.cite()
    blocked = Restriction(RestrictionKind.BLOCKED, reason, clause, now)
    restrictions = (*without(tenant, blocked.kind), blocked)
    facts: dict[str, str | int] = {"violation": violation.id, "consequence": violation.consequence.value}
    if violation.consequence is Consequence.BLOCK:
        return move(
            tenant, Event.VIOLATION_FOUND, now, by, reason, clause, facts=facts, restrictions=restrictions
        )
    if tenant.phase is Phase.CLOSED:
        raise Conflict("the account is closed already")
    closed = replace(
        tenant,
        phase=Phase.CLOSED,
        closing=Closing.FINDING,
        closed_at=now,
        generation=tenant.generation + 1,
        purge_not_before=None,
    )
    gone_at = purge_at(closed, agreement)
    assert gone_at
    return move(
        tenant,
        Event.VIOLATION_FOUND,
        now,
        by,
        reason,
        clause,
        notices=(service_notice(closed, agreement, NoticeKind.ACCOUNT_ENDED, gone_at, clause),),
        workflows=(Workflow.SUBSCRIPTION,),
        facts=facts | {"purge_at": iso(gone_at)},
        phase=Phase.CLOSED,
        closing=Closing.FINDING,
        closed_at=now,
        generation=closed.generation,
        period_started_at=now,
        period_ends_at=now if tenant.period_ends_at else None,
        purge_not_before=None,
        restrictions=restrictions,
        done=frozenset(),
    )


def remove_content(
    tenant: Tenant, violation: Violation, record_id: str, reason: str, now: datetime, *, by: str
) -> Transition:
    """Notes that a record which breaks the rules is removed, naming the rule (SAMAN-3.8).

    Raises Gone after the purge; Held under a legal hold; Conflict for a breach that is not about content.
    """
    if not violation.content:
        raise Conflict("this breach is not about content", violation=violation.id)
    if tenant.held(record_id):
        raise Held(record_id=record_id)
    facts = {"violation": violation.id, "record_id": record_id}
    return move(tenant, Event.CONTENT_REMOVED, now, by, reason, violation.basis.cite(), facts=facts)


def archived(tenant: Tenant, violation: Violation, backup_id: str, now: datetime, by: str) -> DataJob | None:
    """The backup that keeps aside what there is when a breach is found, where the agreement wants one
    (KALO-12, KALO-19).
    """
    if not violation.archive:
        return None
    return new_backup(backup_id, tenant, BackupReason.ARCHIVED, now, by)
