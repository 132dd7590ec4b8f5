"""From the main table's stream: what a new journal entry or payment owes is started."""

from __future__ import annotations

from typing import Any

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
from mohlat.entrypoint import batch
from mohlat.measures import measure_entry
from mohlat.observation import about, logger


def _dispatch(record: Any) -> None:
    # Keys only: the row is read again, as it is now and as the adapter understands it.
    pk, sk = (record["dynamodb"]["Keys"][name]["S"] for name in ("pk", "sk"))
    # The dates of these may move; all else is owed what it is owed from its beginning.
    if record["eventName"] != "INSERT" and not sk.startswith(("TICKET#", "WINDOW#", "WIND_DOWN")):
        return
    owner, _, tenant_id = pk.partition("#")
    if owner in ("T", "MONEY"):
        about(tenant_id=tenant_id)
    try:
        if pk.startswith("T#") and sk.startswith("J#"):
            _dispatch_entry(pk.removeprefix("T#"), int(sk.removeprefix("J#")))
        elif sk == "PAYMENT":
            payment = bootstrap.payments().get(pk.removeprefix("PAYMENT#"))
            about(tenant_id=payment.tenant_id, payment_id=payment.id)
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
        logger.info("purged since")


def _dispatch_entry(tenant_id: str, seq: int) -> None:
    about(seq=seq)
    entry = bootstrap.tenants().entry(tenant_id, seq)
    measure_entry(entry)
    dispatch_entry(
        entry,
        tenants=bootstrap.tenants(),
        agreements=bootstrap.agreements(),
        workflows=bootstrap.workflows(),
        queue=bootstrap.notice_queue(),
        invoices=bootstrap.invoice_desk(),
        clock=bootstrap.clock(),
    )


lambda_handler = batch(lambda record: str(record["dynamodb"]["SequenceNumber"]), _dispatch)
