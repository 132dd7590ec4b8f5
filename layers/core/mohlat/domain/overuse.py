"""Use above a plan's limits: throttled first, then invoiced with time to pay (SAMAN-3.12, 5.7)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from mohlat.domain.agreement import Agreement, OveruseRule, Phase, UsageRate, price_at
from mohlat.domain.errors import Conflict, InvalidInput, NotFound
from mohlat.domain.invoices import vat_on
from mohlat.domain.lifecycle import (
    DEBT_KEY,
    Event,
    Transition,
    Workflow,
    move,
    next_deadline,
    service_notice,
    without,
)
from mohlat.domain.notices import NoticeKind
from mohlat.domain.tenant import Debt, Restriction, RestrictionKind, Tenant, iso, living

# More rials than a ledger holds or a gateway takes: a figure beyond it is a meter's fault, not use.
_MOST_RIALS = 10**15
# Each unpaid invoice stands on the tenant until it is paid, and a tenant's row ends somewhere.
_MOST_DEBTS = 20


@dataclass(frozen=True, slots=True)
class Usage:
    """What metering tells: how much of a metric a tenant used. `billed`: the period is over and is invoiced.

    `id` is the meter's own; the same one again changes nothing.
    """

    id: str
    metric: str
    used: int
    billed: bool


def limit_of(tenant: Tenant, agreement: Agreement, newest: Agreement, metric: str) -> int | None:
    """The present plan's limit of a metric; None without a plan or such a limit.

    What was bought keeps its terms (SAMAN-7.2), so the tenant's own agreement counts; a plan of the newest
    price list that it does not know yet has the newest limits.
    """
    plan = tenant.term.plan if tenant.term else tenant.invoice.plan if tenant.invoice else None
    known = next((each for terms in (agreement, newest) for each in terms.plans if each.id == plan), None)
    return known.limits.get(metric) if known else None


def report(
    tenant: Tenant,
    agreement: Agreement,
    newest: Agreement,
    usage: Usage,
    debt_id: str,
    now: datetime,
    *,
    by: str,
) -> Transition | None:
    """What a report of use changes, if anything: throttling begins or ends, or use above the limit is
    invoiced.

    Raises Gone; Conflict for an account that is closed, or owes for too much already; InvalidInput for a
    metric that the agreement does not bill or the plan does not limit, and for a use that no invoice can say.
    """
    living(tenant)
    if tenant.phase is Phase.CLOSED:
        raise Conflict("a closed account uses nothing", phase=tenant.phase.value)
    rule = agreement.overuse
    rate = next((each for each in rule.rates if each.metric == usage.metric), None) if rule else None
    if rule is None or rate is None:
        known = [each.metric for each in rule.rates] if rule else []
        raise InvalidInput("metric", "not billed by this agreement", known=known)
    limit = limit_of(tenant, agreement, newest, usage.metric)
    if limit is None:
        raise InvalidInput("metric", "not limited by this tenant's plan")
    above = usage.used - limit
    if above > 0 and usage.billed:
        return _invoice(tenant, agreement, rule, rate, usage, debt_id, above, now, by)
    return _throttle(tenant, agreement, rule, usage, now, by, above=above > 0)


def _reason(metric: str) -> str:
    return f"above the limit of {metric}"


def _without_brake(tenant: Tenant, metric: str) -> tuple[Restriction, ...]:
    """The tenant's restrictions, but for the throttling that use of this metric brought.

    What another metric brought, or an operator decided, is not this meter's to lift.
    """
    return tuple(
        each
        for each in tenant.restrictions
        if (each.kind, each.reason) != (RestrictionKind.THROTTLED, _reason(metric))
    )


def _braked_by(agreement: Agreement, rule: OveruseRule) -> str:
    """The clause that slows use down, which need not be the one that bills it (SAMAN-3.12, SAMAN-5.7)."""
    return (agreement.pace.basis if agreement.pace else rule.basis).cite()


def _with_brake(
    tenant: Tenant, agreement: Agreement, rule: OveruseRule, metric: str, now: datetime
) -> tuple[Restriction, ...]:
    """The tenant's restrictions with this metric's throttling: since it began, if it was there before."""
    if _without_brake(tenant, metric) != tenant.restrictions:
        return tenant.restrictions
    brake = Restriction(RestrictionKind.THROTTLED, _reason(metric), _braked_by(agreement, rule), now)
    return (*tenant.restrictions, brake)


def _throttle(
    tenant: Tenant,
    agreement: Agreement,
    rule: OveruseRule,
    usage: Usage,
    now: datetime,
    by: str,
    *,
    above: bool,
) -> Transition | None:
    metric = usage.metric
    restrictions = _without_brake(tenant, metric)
    if above:
        restrictions = _with_brake(tenant, agreement, rule, metric, now)
    if restrictions == tenant.restrictions:
        return None
    return move(
        tenant,
        Event.USAGE_REPORTED,
        now,
        by,
        "use is above the plan's limit" if above else "use is within the plan's limits again",
        _braked_by(agreement, rule),
        facts={"usage_id": usage.id, "metric": metric, "used": usage.used},
        restrictions=restrictions,
    )


def _invoice(
    tenant: Tenant,
    agreement: Agreement,
    rule: OveruseRule,
    rate: UsageRate,
    usage: Usage,
    debt_id: str,
    above: int,
    now: datetime,
    by: str,
) -> Transition:
    price = price_at(rate.prices, now)
    if price is None:
        raise InvalidInput("metric", "has no price yet")
    # A block that was begun is paid whole.
    blocks = -(-above // rate.block)
    net, percent = blocks * price.amount, agreement.tax.percent_at(now)
    vat, clause = vat_on(net, percent), rule.basis.cite()
    if net + vat > _MOST_RIALS:
        raise InvalidInput("used", "too large", most_rials=_MOST_RIALS)
    if len(tenant.debts) >= _MOST_DEBTS:
        raise Conflict("too many invoices are unpaid already", most=_MOST_DEBTS)
    due_at = rule.due.after(now, agreement.calendar)
    debt = Debt(debt_id, usage.metric, blocks, net + vat, vat, percent, now, due_at)
    owing = replace(tenant, debts=(*tenant.debts, debt))
    # Its reminders may come before whatever was next; only then is the one who waits for that called off,
    # because what was announced under the old generation would be void.
    sooner = next_deadline(owing, agreement) != next_deadline(tenant, agreement)
    facts: dict[str, str | int] = {
        "debt_id": debt_id,
        "usage_id": usage.id,
        "metric": usage.metric,
        "used": usage.used,
        "amount": debt.amount,
        "due_at": iso(due_at),
    }
    return move(
        tenant,
        Event.DEBT_INVOICED,
        now,
        by,
        "use above the plan's limit was invoiced",
        clause,
        notices=(service_notice(tenant, agreement, NoticeKind.DEBT_INVOICED, due_at, clause, facts),),
        workflows=(Workflow.SUBSCRIPTION,) if sooner else (),
        facts=facts,
        generation=tenant.generation + 1 if sooner else tenant.generation,
        debts=owing.debts,
        restrictions=_with_brake(tenant, agreement, rule, usage.metric, now),
    )


def without_debt(tenant: Tenant, debt_id: str) -> dict[str, Any]:
    """The fields of a tenant that change once an invoice for overuse is paid or dropped.

    It goes, what was done about it goes, and at once the suspension that it brought; unless another overdue
    invoice upholds that, or the first lease, unpaid by its own due date.
    """
    suspends = f"{DEBT_KEY}{debt_id}"
    upheld = any(f"{DEBT_KEY}{debt.id}" in tenant.done for debt in tenant.debts if debt.id != debt_id)
    lease_unpaid = tenant.invoice is not None and tenant.ended_at is not None
    lifted = suspends in tenant.done and not upheld and not lease_unpaid
    kind = RestrictionKind.SUSPENDED_FOR_DEBT
    return {
        "debts": tuple(debt for debt in tenant.debts if debt.id != debt_id),
        "done": frozenset(
            key for key in tenant.done if key != suspends and not key.startswith(f"{suspends}:")
        ),
        "restrictions": without(tenant, kind) if lifted else tenant.restrictions,
        # Whoever sleeps until this invoice's date looks after what comes next. It would rest if it found an
        # execution of an earlier generation as the last one that carried anything out.
        "carrier": "",
    }


def cancel_debt(
    tenant: Tenant, agreement: Agreement, debt_id: str, reason: str, now: datetime, *, by: str
) -> tuple[Transition, Debt]:
    """Drops an unpaid invoice for overuse, as an operator finds. Raises NotFound."""
    debt = next((each for each in tenant.debts if each.id == debt_id), None)
    if debt is None:
        raise NotFound("no such unpaid invoice", debt_id=debt_id)
    transition = move(
        tenant,
        Event.DEBT_CANCELLED,
        now,
        by,
        reason,
        invoiced_under(agreement),
        facts={"debt_id": debt_id, "amount": debt.amount},
        **without_debt(tenant, debt_id),
    )
    return transition, debt


def invoiced_under(agreement: Agreement) -> str:
    """The clause that overuse is invoiced under; the newer agreement of a tenant in debt may have none."""
    return agreement.overuse.basis.cite() if agreement.overuse else "vendor's choice"
