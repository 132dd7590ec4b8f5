"""What follows a transition: start its workflows, queue its notices. Done from the stream, at least once."""

from __future__ import annotations

from datetime import datetime

from mohlat.application.advance_tenant import start_subscription
from mohlat.application.issue_invoices import InvoiceDesk
from mohlat.application.ports import Agreements, Clock, DueItem, NoticeQueue, Tenants, Workflows
from mohlat.domain.data_jobs import DataJob
from mohlat.domain.errors import Gone, NotFound
from mohlat.domain.journal import Entry
from mohlat.domain.lifecycle import Event, Workflow
from mohlat.domain.payments import Payment
from mohlat.domain.refunds import Refund
from mohlat.domain.tenant import debt_from_dict, from_iso, iso
from mohlat.domain.tickets import Ticket


def dispatch_entry(
    entry: Entry,
    *,
    tenants: Tenants,
    agreements: Agreements,
    workflows: Workflows,
    queue: NoticeQueue,
    invoices: InvoiceDesk,
    clock: Clock,
) -> None:
    """Does what a journal entry owes. Repeatable: names come from the entry, and sending is claimed.

    What was paid for gets its invoice first: a mark that is still there brings it back if that fails.

    A repetition starts what was never started and nothing else: an execution that was started and lost is
    the sweep's to replace once its tenant is overdue; a message that is stuck comes by here every hour.

    The entry's mark in the due index is removed here only if no notice is owed; otherwise the sender does
    it, so that a notice lost on its way comes back with the next sweep.
    """
    _issue_invoice(entry, tenants, invoices)
    if Workflow.PURGE in entry.workflows:
        workflows.start(
            Workflow.PURGE.value, f"{entry.tenant_id}-v{entry.seq}", {"tenant_id": entry.tenant_id}
        )
    if Workflow.SUBSCRIPTION in entry.workflows:
        try:
            tenant = tenants.get(entry.tenant_id)
        except (Gone, NotFound):
            tenant = None
        # A newer generation has its own entry. Within this one the tenant may have moved on, and is carried
        # from where it stands.
        if tenant and tenant.generation == entry.changes["generation"]:
            agreement = agreements.load(tenant.product, tenant.agreement_version)
            start_subscription(tenant, agreement, workflows, clock, since=entry.seq)
    if Workflow.DATA_REQUEST in entry.workflows:
        start_request(
            entry.tenant_id,
            str(entry.facts["request_id"]),
            from_iso(str(entry.facts["warn_at"])),
            f"-v{entry.seq}",
            workflows=workflows,
            clock=clock,
        )
    if entry.notices:
        queue.put({"tenant_id": entry.tenant_id, "seq": entry.seq})
    else:
        tenants.mark_followed(entry.tenant_id, entry.seq)


_PAID = frozenset({Event.TERM_GRANTED, Event.UPGRADED, Event.EXTRA_GRANTED, Event.ESCROW_DEPOSITED})


def _issue_invoice(entry: Entry, tenants: Tenants, invoices: InvoiceDesk) -> None:
    if entry.event in _PAID:
        invoices.for_order(entry.tenant_id, str(entry.facts["order_id"]))
    elif entry.event is Event.DEBT_INVOICED:
        # Read from the entry itself: by now the debt may be paid and off the tenant.
        debts = [debt_from_dict(debt) for debt in entry.changes["debts"]]
        debt = next(debt for debt in debts if debt.id == entry.facts["debt_id"])
        try:
            product = tenants.get(entry.tenant_id).product
        except (Gone, NotFound):
            return
        invoices.for_debt(entry.tenant_id, product, debt, entry.clause)
    elif entry.event is Event.DEBT_CANCELLED:
        invoices.for_write_off(entry.tenant_id, str(entry.facts["debt_id"]), entry.at, entry.clause)
    elif entry.event is Event.WITHDRAWN:
        for debt_id in str(entry.facts.get("written_off", "")).split():
            invoices.for_write_off(entry.tenant_id, debt_id, entry.at, entry.clause)


def dispatch_payment(payment: Payment, *, workflows: Workflows, clock: Clock, suffix: str = "") -> None:
    """Starts the watch over a payment, open or failed."""
    if payment.next_check_at:
        wake_at = iso(clock.wall(payment.next_check_at))
        workflows.start("payment", payment.id + suffix, {"payment_id": payment.id, "wake_at": wake_at})


def dispatch_refund(
    refund: Refund, *, invoices: InvoiceDesk, workflows: Workflows, clock: Clock, suffix: str = ""
) -> None:
    """Issues a refund's credit note and starts its way to the payer."""
    invoices.for_refund(refund)
    if refund.next_check_at:
        payload = {
            "tenant_id": refund.tenant_id,
            "refund_id": refund.id,
            "wake_at": iso(clock.wall(refund.next_check_at)),
        }
        workflows.start("refund", refund.id + suffix, payload)


def start_request(
    tenant_id: str, request_id: str, at: datetime, suffix: str, *, workflows: Workflows, clock: Clock
) -> None:
    """Starts the watch over a request about somebody's data, which looks at it at `at` for the first time."""
    payload = {"tenant_id": tenant_id, "request_id": request_id, "wake_at": iso(clock.wall(at))}
    workflows.start(Workflow.DATA_REQUEST.value, request_id + suffix, payload)


def dispatch_ticket(ticket: Ticket, *, workflows: Workflows, clock: Clock, suffix: str = "") -> None:
    """Starts the wait for a ticket's deadline.

    A request for support has other deadlines whenever something moves them: each time another wait, under
    another number, carries it, and the one before rests.
    """
    if ticket.wakes_at:
        watch = ticket.support.watch if ticket.support else 1
        payload = {
            "tenant_id": ticket.tenant_id,
            "ticket_id": ticket.id,
            "watch": watch,
            "wake_at": iso(clock.wall(ticket.wakes_at)),
        }
        carried = f"{ticket.id}-w{watch}" if ticket.support else ticket.id
        workflows.start("ticket", carried + suffix, payload)


def dispatch_data_job(job: DataJob, *, workflows: Workflows, clock: Clock, suffix: str = "") -> None:
    """Starts the work on an export, a backup or a restoration."""
    if job.next_due_at:
        payload = {
            "tenant_id": job.tenant_id,
            "job_id": job.id,
            "wake_at": iso(clock.wall(job.next_due_at)),
        }
        workflows.start("data_job", job.id + suffix, payload)


def dispatch_service(item: DueItem, *, workflows: Workflows, clock: Clock, suffix: str = "") -> None:
    """Starts the wait for what is due next about a lane of a round, a maintenance window, a product's end.

    A window may be moved and an end given up and planned again: each time another wait, under the version's
    name, carries it (`version_suffix`).
    """
    payload = {
        "kind": item.kind.value,
        "product": item.product,
        "id": item.id,
        "number": item.seq,
        "wake_at": iso(clock.wall(item.at)),
    }
    workflows.start("service", f"{item.product}-{item.id}-{item.seq}{suffix}", payload)


def version_suffix(version: int) -> str:
    """What the name of the wait that carries a version ends with; the first has the plain name."""
    return f"-v{version}" if version > 1 else ""
