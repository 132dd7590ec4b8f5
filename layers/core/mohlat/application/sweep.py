"""The sweep: whatever is overdue in the due index was lost, and is started again. `<=`, never `=`."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from mohlat.application.advance_tenant import start_subscription
from mohlat.application.dispatch_entry import (
    dispatch_data_job,
    dispatch_entry,
    dispatch_payment,
    dispatch_refund,
    dispatch_service,
    dispatch_ticket,
    start_request,
)
from mohlat.application.issue_invoices import InvoiceDesk
from mohlat.application.keep_backups import BackupDesk
from mohlat.application.ports import (
    Agreements,
    Books,
    Clock,
    DataJobs,
    DueIndex,
    DueItem,
    DueKind,
    Leaks,
    NoticeQueue,
    Payments,
    Tenants,
    Workflows,
)
from mohlat.domain.errors import Gone, NotFound
from mohlat.domain.leaks import ring
from mohlat.domain.lifecycle import Workflow


def sweep(
    *,
    patience: timedelta,
    due: DueIndex,
    tenants: Tenants,
    payments: Payments,
    books: Books,
    invoices: InvoiceDesk,
    jobs: DataJobs,
    backups: BackupDesk,
    leaks: Leaks,
    agreements: Agreements,
    workflows: Workflows,
    queue: NoticeQueue,
    clock: Clock,
    limit: int = 1000,
) -> dict[str, int]:
    """Restarts what was due more than `patience` ago; says how much of each kind it found.

    Executions get names that hold the minute, so that one that was started and lost as well is replaced by
    the next sweep, while two sweeps at once start it once. What needed no restart (it finished between the
    look and the start) is harmless: it re-reads and rests. Raises the first failure once all were tried.
    """
    now = clock.now()
    failure: Exception | None = None
    suffix = f"-s{now:%Y%m%dT%H%M}"

    def restart(item: DueItem) -> None:
        match item.kind:
            case DueKind.TENANT:
                tenant = tenants.get(item.id)
                agreement = agreements.load(tenant.product, tenant.agreement_version)
                start_subscription(tenant, agreement, workflows, clock, suffix)
            case DueKind.ENTRY:
                dispatch_entry(
                    tenants.entry(item.id, item.seq),
                    tenants=tenants,
                    agreements=agreements,
                    workflows=workflows,
                    queue=queue,
                    invoices=invoices,
                    clock=clock,
                )
            case DueKind.PAYMENT:
                dispatch_payment(payments.get(item.id), workflows=workflows, clock=clock, suffix=suffix)
            case DueKind.REFUND:
                refund = books.refund(item.tenant_id, item.id)
                dispatch_refund(refund, invoices=invoices, workflows=workflows, clock=clock, suffix=suffix)
            case DueKind.TICKET:
                ticket = books.ticket(item.tenant_id, item.id)
                dispatch_ticket(ticket, workflows=workflows, clock=clock, suffix=suffix)
            case DueKind.DATA_JOB:
                job = jobs.get(item.tenant_id, item.id)
                dispatch_data_job(job, workflows=workflows, clock=clock, suffix=suffix)
            case DueKind.BACKUP_PLAN:
                # The stream starts its work, as that of any other.
                backups.begin_planned(item.id)
            case DueKind.LEAK:
                # Nobody but a person can go on with it: that it is counted is what rings.
                leaks.save(ring(leaks.get(item.product, item.id), now))
            case DueKind.LANE | DueKind.WINDOW | DueKind.WIND_DOWN:
                dispatch_service(item, workflows=workflows, clock=clock, suffix=suffix)
            case DueKind.REQUEST:
                start_request(item.tenant_id, item.id, item.at, suffix, workflows=workflows, clock=clock)
            case DueKind.PURGE:
                workflows.start(Workflow.PURGE.value, f"{item.id}{suffix}", {"tenant_id": item.id})

    found: Counter[str] = Counter()
    for item in due.overdue(now - patience, limit):
        found[item.kind.value] += 1
        try:
            restart(item)
        except (Gone, NotFound):
            # Purged between the look at the index and the read.
            continue
        except Exception as error:
            # One that cannot be restarted must not keep the later ones waiting, hour after hour.
            failure = failure or error
    if failure:
        raise failure
    return {kind.value: found[kind.value] for kind in DueKind}
