"""On a schedule: yesterday's bookings are checked against each other, and against payments and refunds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from mohlat import bootstrap
from mohlat.entrypoint import Event, task
from mohlat.observation import count, logger

# A tenant's look takes a second at most: what is begun must be finished before Lambda ends the run.
_RESERVE_MILLISECONDS = 15_000


@task
def lambda_handler(event: Event, context: Any) -> dict[str, object]:
    """How much was checked and how much was wrong; `next_after` if the time was too short for all.

    A person may name a `day` (UTC), and where to go on in `after`.
    """
    yesterday = (bootstrap.clock().now() - timedelta(days=1)).date().isoformat()
    report = bootstrap.ledger_check().run(
        event.get("day") or yesterday,
        after=event.get("after") or "",
        until=lambda: context.get_remaining_time_in_millis() < _RESERVE_MILLISECONDS,
    )
    for fault in report.faults:
        logger.error("ledger fault", tenant_id=fault.tenant_id, subject=fault.subject, what=fault.what)
    count("LedgerFault", len(report.faults))
    facts: dict[str, object] = {
        "day": report.day,
        "tenants": report.tenants,
        "checked": report.checked,
        "faults": len(report.faults),
        "next_after": report.next_after,
    }
    if report.next_after is not None:
        logger.warning("ledger check cut off", report=facts)
        count("LedgerCheckCutOff")
    else:
        logger.info("ledger checked", report=facts)
    return facts
