"""What follows a transition: start its workflows, queue its notices. Done from the stream, at least once."""

from __future__ import annotations

from mohlat.application.advance_tenant import start_subscription
from mohlat.application.ports import Agreements, Clock, NoticeQueue, Tenants, Workflows
from mohlat.domain.errors import Gone, NotFound
from mohlat.domain.journal import Entry
from mohlat.domain.lifecycle import Workflow
from mohlat.domain.payments import Payment
from mohlat.domain.tenant import iso


def dispatch_entry(
    entry: Entry,
    *,
    tenants: Tenants,
    agreements: Agreements,
    workflows: Workflows,
    queue: NoticeQueue,
    clock: Clock,
) -> None:
    """Does what a journal entry owes. Repeatable: names come from the entry, and sending is claimed.

    A repetition starts what was never started and nothing else: an execution that was started and lost is
    the sweep's to replace once its tenant is overdue; a message that is stuck comes by here every hour.

    The entry's mark in the due index is removed here only if no notice is owed; otherwise the sender does
    it, so that a notice lost on its way comes back with the next sweep.
    """
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
    if entry.notices:
        queue.put({"tenant_id": entry.tenant_id, "seq": entry.seq})
    else:
        tenants.mark_followed(entry.tenant_id, entry.seq)


def dispatch_payment(payment: Payment, *, workflows: Workflows, clock: Clock, suffix: str = "") -> None:
    """Starts the watch over a payment."""
    if payment.open and payment.next_check_at:
        wake_at = iso(clock.wall(payment.next_check_at))
        workflows.start("payment", payment.id + suffix, {"payment_id": payment.id, "wake_at": wake_at})
