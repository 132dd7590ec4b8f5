"""Task of the refund machine: takes money one step further on its way back."""

from __future__ import annotations

from typing import Any

from mohlat import bootstrap
from mohlat.application.follow_refund import REFUSED
from mohlat.domain.refunds import RefundStatus
from mohlat.domain.tenant import iso
from mohlat.entrypoint import Event, task
from mohlat.observation import count, logger


@task
def lambda_handler(event: Event, context: Any) -> dict[str, object]:
    """Whether the refund goes on by itself, and until when to wait if so."""
    refund = bootstrap.refund_follower().step(event["tenant_id"], event["refund_id"])
    logger.info("refund", refund_id=refund.id, status=refund.status.value, amount=refund.amount)
    if refund.status in (RefundStatus.PAYOUT, RefundStatus.UNCERTAIN) or refund.note == REFUSED:
        logger.warning("refund needs a person", refund_id=refund.id, status=refund.status.value)
        count("RefundNeedsPerson")
    clock = bootstrap.clock()
    wake_at = clock.wall(refund.next_check_at or clock.now())
    return {
        "tenant_id": refund.tenant_id,
        "refund_id": refund.id,
        "decided": refund.next_check_at is None,
        "wake_at": iso(wake_at),
    }
