"""What a subscription execution does when it wakes: read again, let the domain decide, move or sleep on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from mohlat.application.ports import Agreements, Clock, Dispatches, Tenants, Workflows
from mohlat.application.transitions import catch_up
from mohlat.domain.agreement import Agreement
from mohlat.domain.errors import Gone, NotFound
from mohlat.domain.lifecycle import Workflow, next_deadline
from mohlat.domain.tenant import Tenant, iso

REST = "rest"
# Step Functions ends an execution after a year; ours hand over well before.
_LONGEST_EXECUTION = timedelta(days=300)


@dataclass(frozen=True, slots=True)
class Wake:
    """What an execution waits for: which deadline (`due` is its kind), and until which wall-clock instant."""

    tenant_id: str
    generation: int
    due: str
    deadline: str
    wake_at: datetime


def next_wake(tenant: Tenant, agreement: Agreement, clock: Clock) -> Wake:
    """What an execution of this tenant has to wait for, beginning now; `due` is "rest" if nothing."""
    deadline = next_deadline(tenant, agreement)
    started_at = clock.wall(clock.now())
    if deadline is None:
        return Wake(tenant.id, tenant.generation, REST, "", started_at)
    wake_at = min(clock.wall(deadline.at), started_at + _LONGEST_EXECUTION)
    return Wake(tenant.id, tenant.generation, deadline.kind.value, deadline.key, wake_at)


def start_subscription(
    tenant: Tenant,
    agreement: Agreement,
    workflows: Workflows,
    clock: Clock,
    suffix: str = "",
    since: int | None = None,
) -> bool:
    """Starts the tenant's execution unless one of that name was started before.

    The name holds the version it is carried on from (`since`, or the present one), so that whoever starts it
    for the same reason gives it the same name.
    """
    name = f"{tenant.id}-g{tenant.generation}-v{since or tenant.version}{suffix}"
    wake = next_wake(tenant, agreement, clock)
    return workflows.start(Workflow.SUBSCRIPTION.value, name, as_payload(wake))


def as_payload(wake: Wake) -> dict[str, object]:
    """The wake-up as an execution's state; the instant with the Z that every engine reads."""
    return {
        "tenant_id": wake.tenant_id,
        "generation": wake.generation,
        "due": wake.due,
        "deadline": wake.deadline,
        "wake_at": iso(wake.wake_at),
    }


def _carried_by_another(tenant: Tenant, execution: str) -> bool:
    # Executions are named after their tenant; anybody else who carried something out looks after nothing.
    return tenant.carrier != execution and tenant.carrier.startswith(tenant.id)


def advance_tenant(
    tenant_id: str,
    generation: int,
    deadline: str,
    *,
    execution: str,
    started_at: datetime,
    tenants: Tenants,
    dispatches: Dispatches,
    agreements: Agreements,
    workflows: Workflows,
    clock: Clock,
) -> Wake:
    """Carries out what is due and tells the execution what to wait for next.

    `deadline` is the key of what the execution was waiting for. It rests when a newer generation exists,
    or when another execution carried that deadline out and so looks after the tenant. What a request
    made up for on its way leaves the execution in charge. A repeated call after a lost answer finds its own
    name as the tenant's carrier and goes on. Raises ConcurrentChange (retry at once).
    """
    rest = Wake(tenant_id, generation, REST, "", clock.wall(clock.now()))
    try:
        tenant = tenants.get(tenant_id)
    except (Gone, NotFound):
        return rest
    if tenant.generation != generation:
        return rest
    agreement = agreements.load(tenant.product, tenant.agreement_version)
    pending = next_deadline(tenant, agreement)
    if pending is None or (pending.key != deadline and _carried_by_another(tenant, execution)):
        return rest
    tenant = catch_up(tenants, dispatches, agreement, tenant, clock.now(), by=execution)
    if clock.wall(clock.now()) - started_at >= _LONGEST_EXECUTION:
        # In a long quiet term the version is still the one this execution was named after.
        start_subscription(tenant, agreement, workflows, clock, f"-h{started_at:%Y%m%d}")
        return rest
    wake = next_wake(tenant, agreement, clock)
    hand_over_at = started_at + _LONGEST_EXECUTION
    return Wake(wake.tenant_id, wake.generation, wake.due, wake.deadline, min(wake.wake_at, hand_over_at))
