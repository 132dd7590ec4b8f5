"""Task of the payment machine: nobody came back, so the gateway is asked."""

from __future__ import annotations

from typing import Any

from mohlat import bootstrap
from mohlat.domain.tenant import iso
from mohlat.entrypoint import Event, task
from mohlat.measures import flag
from mohlat.observation import about


@task
def lambda_handler(event: Event, context: Any) -> dict[str, object]:
    """Whether there is nothing more to ask about the payment, and until when to wait if there is."""
    payment = bootstrap.payments().get(event["payment_id"])
    about(tenant_id=payment.tenant_id)
    payment = bootstrap.payment_desk(payment.gateway).check(payment.id)
    flag(payment)
    clock = bootstrap.clock()
    wake_at = clock.wall(payment.next_check_at or clock.now())
    return {"payment_id": payment.id, "decided": payment.next_check_at is None, "wake_at": iso(wake_at)}
