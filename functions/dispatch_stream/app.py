"""From the main table's stream: what a new journal entry or payment owes is started."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from mohlat import bootstrap
from mohlat.application.dispatch_entry import (
    dispatch_data_job,
    dispatch_entry,
    dispatch_payment,
    dispatch_refund,
    dispatch_service,
    dispatch_ticket,
    version_suffix,
)
from mohlat.domain.errors import NotFound
from mohlat.domain.lifecycle import Event
from mohlat.domain.purge import CAP_REACHED
from mohlat.entrypoint import batch, change
from mohlat.observation import count, logger


def _dispatch(record: Any) -> None:
    # Keys only: the row is read again, as it is now and as the adapter understands it.
    pk, sk = (record["dynamodb"]["Keys"][name]["S"] for name in ("pk", "sk"))
    # The dates of these may move; all else is owed what it is owed from its beginning.
    if record["eventName"] != "INSERT" and not sk.startswith(("TICKET#", "WINDOW#", "WIND_DOWN")):
        return
    try:
        if pk.startswith("T#") and sk.startswith("J#"):
            _dispatch_entry(pk.removeprefix("T#"), int(sk.removeprefix("J#")))
        elif sk == "PAYMENT":
            payment = bootstrap.payments().get(pk.removeprefix("PAYMENT#"))
            dispatch_payment(payment, workflows=bootstrap.workflows(), clock=bootstrap.clock())
        elif sk.startswith("REFUND#"):
            refund = bootstrap.books().refund(pk.removeprefix("MONEY#"), sk.removeprefix("REFUND#"))
            dispatch_refund(
                refund,
                invoices=bootstrap.invoice_desk(),
                workflows=bootstrap.workflows(),
                clock=bootstrap.clock(),
            )
        elif sk.startswith("TICKET#"):
            ticket = bootstrap.books().ticket(pk.removeprefix("MONEY#"), sk.removeprefix("TICKET#"))
            dispatch_ticket(ticket, workflows=bootstrap.workflows(), clock=bootstrap.clock())
        elif sk.startswith("JOB#"):
            job = bootstrap.data_jobs().get(pk.removeprefix("T#"), sk.removeprefix("JOB#"))
            dispatch_data_job(job, workflows=bootstrap.workflows(), clock=bootstrap.clock())
        elif found := bootstrap.service_due(pk, sk):
            due, suffix = found[0], version_suffix(found[1])
            dispatch_service(due, workflows=bootstrap.workflows(), clock=bootstrap.clock(), suffix=suffix)
    except NotFound:
        logger.info("purged since", tenant_id=pk.removeprefix("T#"))


def _dispatch_entry(tenant_id: str, seq: int) -> None:
    entry = bootstrap.tenants().entry(tenant_id, seq)
    if entry.recorded_at > entry.at:
        count("LateCarryOut", (entry.recorded_at - entry.at).total_seconds(), MetricUnit.Seconds)
    if entry.event is Event.PURGE_DEFERRED:
        # A promised deletion that something forbids: once is a hold or a payment, day after day is a fault.
        logger.warning("purge deferred", tenant_id=tenant_id, obstacles=entry.facts["obstacles"])
        count("PurgeDeferred")
        if entry.facts["obstacles"] == CAP_REACHED:
            count("PurgeCapReached")
    dispatch_entry(
        entry,
        tenants=bootstrap.tenants(),
        agreements=bootstrap.agreements(),
        workflows=bootstrap.workflows(),
        queue=bootstrap.notice_queue(),
        invoices=bootstrap.invoice_desk(),
        clock=bootstrap.clock(),
    )


lambda_handler = batch(change, _dispatch)
