"""The lifecycle: what falls due next, and what each event makes of a tenant.

Pure functions over `Tenant` and `Agreement`. Each returns a `Transition`, which the store writes in one
transaction. What is forecast and what happens are the same code: `forecast` runs `carry_out` ahead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from mohlat.domain.agreement import Agreement, Basis, Phase, Reminder, Span
from mohlat.domain.durations import Duration
from mohlat.domain.errors import Conflict, NotDueYet, NotFound, PurgeRefused
from mohlat.domain.invoices import vat_on
from mohlat.domain.notices import Notice, NoticeKind
from mohlat.domain.tenant import (
    BeforeClosing,
    Closing,
    Debt,
    Hold,
    OpenInvoice,
    Restriction,
    RestrictionKind,
    Tenant,
    iso,
    living,
)

# What begins the keys of what was done about a debt: it outlives the period in which it was done.
DEBT_KEY = "debt:"

GRAPH: Mapping[Phase, frozenset[Phase]] = {
    Phase.TRIAL: frozenset({Phase.ACTIVE, Phase.READ_ONLY, Phase.DEACTIVATED, Phase.CLOSED}),
    Phase.ACTIVE: frozenset({Phase.ACTIVE, Phase.READ_ONLY, Phase.DEACTIVATED, Phase.CLOSED}),
    Phase.READ_ONLY: frozenset({Phase.ACTIVE, Phase.DEACTIVATED, Phase.CLOSED}),
    Phase.DEACTIVATED: frozenset({Phase.ACTIVE, Phase.CLOSED, Phase.PURGED}),
    Phase.CLOSED: frozenset({Phase.PURGED}),
    Phase.PURGED: frozenset(),
}


# What a closing that is undone may lead back to. No other event leaves `closed` for anything but the purge.
REOPENED_AS = frozenset({Phase.TRIAL, Phase.ACTIVE, Phase.READ_ONLY, Phase.DEACTIVATED})


class Event(StrEnum):
    """What a journal entry records."""

    REGISTERED = "tenant_registered"
    TERMS_ACCEPTED = "terms_accepted"
    ORDER_PLACED = "order_placed"
    TERM_GRANTED = "term_granted"
    UPGRADED = "upgraded"
    EXTRA_GRANTED = "extra_granted"
    PURCHASE_RETURNED = "purchase_returned"
    PAYMENT_CLOSED = "payment_closed"
    PAYMENT_REPORTED = "payment_reported"
    REFUND_RESERVED = "refund_reserved"
    REFUND_NEEDS_PERSON = "refund_needs_person"
    REFUND_DONE = "refund_done"
    WITHDRAWN = "withdrawn"
    USAGE_REPORTED = "usage_reported"
    DEBT_INVOICED = "debt_invoiced"
    DEBT_SUSPENDED = "debt_suspended"
    DEBT_PAID = "debt_paid"
    DEBT_CANCELLED = "debt_cancelled"
    COMPENSATED = "compensated"
    ESCROW_AGREED = "escrow_agreed"
    ESCROW_DEPOSITED = "escrow_deposited"
    ESCROW_RELEASED = "escrow_released"
    ESCROW_RETURNED = "escrow_returned"
    ESCROW_CANCELLED = "escrow_cancelled"
    TICKET_OPENED = "ticket_opened"
    TICKET_CLOSED = "ticket_closed"
    SUPPORT_MOVED = "support_moved"
    SUPPORT_CHARGED = "support_charged"
    SUPPORT_LATE = "support_late"
    OFFICIAL_INVOICE_REQUESTED = "official_invoice_requested"
    OFFICIAL_INVOICE_ISSUED = "official_invoice_issued"
    REMINDED = "reminder_due"
    TRIAL_ENDED = "trial_ended"
    TERM_ENDED = "term_ended"
    LEASE_SUSPENDED = "lease_suspended"
    DEACTIVATED = "deactivated"
    DELETION_WARNED = "deletion_warned"
    PURGE_DEFERRED = "purge_deferred"
    PURGED = "purged"
    CLOSED = "closed"
    RESTRICTED = "restriction_added"
    UNRESTRICTED = "restriction_lifted"
    DISCLOSED = "disclosed"
    VIOLATION_FOUND = "violation_found"
    HOLD_PLACED = "hold_placed"
    HOLD_RELEASED = "hold_released"
    EXPORT_BEGUN = "export_begun"
    EXPORT_READY = "export_ready"
    RESTORATION_BEGUN = "restoration_begun"
    RESTORATION_REFUSED = "restoration_refused"
    RESTORED = "restored"
    CONTENT_REMOVED = "content_removed"
    CONTACT_SEEN = "contact_seen"
    CONTACTED = "contacted"
    POWERS_DELEGATED = "powers_delegated"
    POWERS_WITHDRAWN = "powers_withdrawn"
    USER_ADDED = "user_added"
    USER_REMOVED = "user_removed"
    SUPPORT_GRANTED = "support_granted"
    SUPPORT_WITHDRAWN = "support_withdrawn"
    SUPPORT_ANSWERED = "support_answered"
    LEAK_TOLD = "leak_told"
    CONSENT_GIVEN = "consent_given"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    PROMOTED = "promoted"
    LISTED = "listed"
    UNLISTED = "unlisted"
    DATA_REQUESTED = "data_requested"
    DATA_REQUEST_STOPPED = "data_request_stopped"
    DATA_REQUEST_RESUMED = "data_request_resumed"
    DATA_REQUEST_EXTENDED = "data_request_extended"
    DATA_REQUEST_HELD = "data_request_held"
    DATA_REQUEST_ESCALATED = "data_request_escalated"
    DATA_REQUEST_LATE = "data_request_late"
    DATA_REQUEST_ANSWERED = "data_request_answered"
    CONTACT_CORRECTED = "contact_corrected"
    CONTACT_CHANGE_ASKED = "contact_change_asked"
    CONTACT_CHANGED = "contact_changed"
    REOPENED = "reopened"
    ANNOUNCED = "announced"
    LEASE_EXTENDED = "lease_extended"
    WOUND_DOWN = "wound_down"
    TERMS_DECLINED = "terms_declined"


class DeadlineKind(StrEnum):
    """What can fall due; the subscription machine has a waiting state for each."""

    REMIND = "remind"
    END_TRIAL = "end_trial"
    END_TERM = "end_term"
    SUSPEND_UNPAID_LEASE = "suspend_unpaid_lease"
    REMIND_OF_DEBT = "remind_of_debt"
    SUSPEND_FOR_DEBT = "suspend_for_debt"
    DEACTIVATE = "deactivate"
    WARN_OF_DELETION = "warn_of_deletion"
    PURGE = "purge"


class Workflow(StrEnum):
    """The state machines a transition can start."""

    SUBSCRIPTION = "subscription"
    PURGE = "purge"
    DATA_REQUEST = "data_request"


@dataclass(frozen=True, slots=True)
class Deadline:
    """What falls due when, and by which clause. `key` names it within the tenant's generation."""

    kind: DeadlineKind
    key: str
    at: datetime
    clause: str
    reminder: Reminder | None = None
    debt: Debt | None = None


@dataclass(frozen=True, slots=True)
class Transition:
    """One step of a tenant's life, ready to be written.

    `at` is when it takes effect (a deadline's own instant, however late it is carried out), `recorded_at`
    when it is written. `facts` are details that are safe to show.
    """

    before: Tenant | None
    after: Tenant
    event: Event
    at: datetime
    recorded_at: datetime
    clause: str
    by: str
    why: str
    notices: tuple[Notice, ...] = ()
    workflows: tuple[Workflow, ...] = ()
    facts: Mapping[str, str | int] = field(default_factory=dict)


def move(
    tenant: Tenant,
    event: Event,
    now: datetime,
    by: str,
    why: str,
    clause: str,
    *,
    at: datetime | None = None,
    notices: tuple[Notice, ...] = (),
    workflows: tuple[Workflow, ...] = (),
    facts: Mapping[str, str | int] | None = None,
    **changes: object,
) -> Transition:
    """The transition that changes these fields of the tenant. Raises Gone, Conflict for a step that is
    none.
    """
    living(tenant)
    after = replace(tenant, version=tenant.version + 1, **changes)  # type: ignore[arg-type]
    allowed = GRAPH[tenant.phase]
    if event is Event.REOPENED and tenant.phase is Phase.CLOSED:
        allowed |= REOPENED_AS
    if event is Event.WOUND_DOWN:
        # The product's end gives everybody a year of reading, also those that had lost it.
        allowed |= {Phase.READ_ONLY}
    if after.phase is not tenant.phase and after.phase not in allowed:
        raise Conflict("this change of phase does not exist", phase=tenant.phase.value, to=after.phase.value)
    return Transition(tenant, after, event, at or now, now, clause, by, why, notices, workflows, facts or {})


# --- what falls due -----------------------------------------------------------------------------------


def retention(tenant: Tenant, agreement: Agreement) -> Span | None:
    """How long the tenant's data is kept after its end, or None while nothing has ended."""
    if tenant.phase is Phase.CLOSED:
        special = {
            Closing.WITHDRAWAL: agreement.retention.after_withdrawal,
            Closing.FINDING: agreement.retention.after_finding,
        }
        return (special.get(tenant.closing) if tenant.closing else None) or agreement.retention.after_closing
    if tenant.wound_down_until:
        return Span(Duration(), agreement.wind_down.basis)
    if tenant.ended_at is None:
        return None
    lapsed_trial = tenant.term is None and tenant.invoice is None
    # A lease that was given back leaves neither; without a trial it is kept like one that ended.
    return (agreement.retention.after_trial if lapsed_trial else None) or agreement.retention.after_term


def purge_at(tenant: Tenant, agreement: Agreement) -> datetime | None:
    """When the tenant's data is to be deleted; None while it lives or after it is gone."""
    span = retention(tenant, agreement)
    start = tenant.closed_at or tenant.wound_down_until or tenant.ended_at
    if span is None or start is None or tenant.phase is Phase.PURGED:
        return None
    promised = span.length.after(start, agreement.calendar)
    return max(promised, tenant.purge_not_before or promised)


def _reminders(
    tenant: Tenant, agreement: Agreement, reminders: tuple[Reminder, ...], end: datetime
) -> Iterator[Deadline]:
    for reminder in reminders:
        at = reminder.before.before(end, agreement.calendar)
        key = f"{DeadlineKind.REMIND.value}:{reminder.before}"
        # A period shorter than the reminder's lead has no such reminder.
        if key not in tenant.done and at > tenant.period_started_at:
            yield Deadline(DeadlineKind.REMIND, key, at, reminder.basis.cite(), reminder)


def _period_deadlines(tenant: Tenant, agreement: Agreement) -> Iterator[Deadline]:
    def ending(kind: DeadlineKind, at: datetime, basis: Basis) -> Deadline:
        return Deadline(kind, kind.value, at, basis.cite())

    match tenant.phase:
        case Phase.TRIAL if agreement.trial and tenant.period_ends_at:
            yield from _reminders(tenant, agreement, agreement.trial.reminders, tenant.period_ends_at)
            yield ending(DeadlineKind.END_TRIAL, tenant.period_ends_at, agreement.trial.basis)
        case Phase.ACTIVE if agreement.first_invoice and tenant.invoice:
            yield from _reminders(tenant, agreement, agreement.first_invoice.reminders, tenant.invoice.due_at)
            yield ending(
                DeadlineKind.SUSPEND_UNPAID_LEASE, tenant.invoice.due_at, agreement.first_invoice.basis
            )
        case Phase.ACTIVE if agreement.lease and tenant.period_ends_at:
            yield from _reminders(tenant, agreement, agreement.lease.reminders, tenant.period_ends_at)
            yield ending(DeadlineKind.END_TERM, tenant.period_ends_at, agreement.lease.basis)
        case Phase.READ_ONLY if tenant.wound_down_until:
            yield ending(DeadlineKind.DEACTIVATE, tenant.wound_down_until, agreement.wind_down.basis)
        case Phase.READ_ONLY if agreement.read_only and tenant.ended_at:
            at = agreement.read_only.length.after(tenant.ended_at, agreement.calendar)
            yield ending(DeadlineKind.DEACTIVATE, at, agreement.read_only.basis)


def _debt_deadlines(tenant: Tenant, agreement: Agreement) -> Iterator[Deadline]:
    if tenant.wound_down_until or agreement.overuse is None:
        return
    if tenant.phase not in (Phase.TRIAL, Phase.ACTIVE, Phase.READ_ONLY):
        return
    rule = agreement.overuse
    for debt in tenant.debts:
        for reminder in rule.reminders:
            key = f"{DEBT_KEY}{debt.id}:{reminder.before}"
            at = reminder.before.before(debt.due_at, agreement.calendar)
            if key not in tenant.done and at > debt.issued_at:
                kind = DeadlineKind.REMIND_OF_DEBT
                yield Deadline(kind, key, at, reminder.basis.cite(), reminder, debt)
        key = f"{DEBT_KEY}{debt.id}"
        if key not in tenant.done:
            yield Deadline(DeadlineKind.SUSPEND_FOR_DEBT, key, debt.due_at, rule.basis.cite(), debt=debt)


def _deletion_deadlines(tenant: Tenant, agreement: Agreement) -> Iterator[Deadline]:
    at = purge_at(tenant, agreement)
    span = retention(tenant, agreement)
    if at is None or span is None or tenant.holds:
        return
    if tenant.phase is Phase.READ_ONLY and tenant.wound_down_until is None:
        return
    warning = agreement.deletion_warning
    if DeadlineKind.WARN_OF_DELETION.value not in tenant.done:
        since = tenant.closed_at or tenant.ended_at or at
        warn_at = max(warning.before.before(at, agreement.calendar), since)
        kind = DeadlineKind.WARN_OF_DELETION
        yield Deadline(kind, kind.value, warn_at, warning.basis.cite())
    else:
        yield Deadline(DeadlineKind.PURGE, DeadlineKind.PURGE.value, at, span.basis.cite())


def next_deadline(tenant: Tenant, agreement: Agreement) -> Deadline | None:
    """What falls due next for the tenant, or None if nothing does. Ties: what was agreed first."""
    pending = [
        *_period_deadlines(tenant, agreement),
        *_debt_deadlines(tenant, agreement),
        *_deletion_deadlines(tenant, agreement),
    ]
    return min(pending, key=lambda deadline: deadline.at, default=None)


def forecast(tenant: Tenant, agreement: Agreement) -> list[Deadline]:
    """Everything that will happen if nobody does anything, in order, to the purge.

    What can only happen after its own instant (a warning that the read-only time delays) is told at the
    instant at which it will happen.
    """
    coming: list[Deadline] = []
    while deadline := next_deadline(tenant, agreement):
        now = max(deadline.at, coming[-1].at) if coming else deadline.at
        coming.append(replace(deadline, at=now))
        if deadline.kind is DeadlineKind.PURGE:
            # What forbids it today (a payment on its way) will be decided by then.
            break
        tenant = carry_out(tenant, agreement, deadline, now, by="forecast").after
    return coming


def as_of(tenant: Tenant, agreement: Agreement, now: datetime) -> Tenant:
    """The tenant as the deadlines up to `now` leave it, whether or not anybody has carried them out yet.

    A promise holds from its own instant on, so a late wake-up must not lend anybody access. The purge is the
    exception: it has happened once it is committed, never before.
    """
    while (
        (deadline := next_deadline(tenant, agreement))
        and deadline.at <= now
        and deadline.kind is not DeadlineKind.PURGE
    ):
        tenant = carry_out(tenant, agreement, deadline, now, by=tenant.carrier).after
    return tenant


# --- carrying out what is due ---------------------------------------------------------------------------


def carry_out(
    tenant: Tenant, agreement: Agreement, deadline: Deadline, now: datetime, *, by: str
) -> Transition:
    """The transition that `deadline` brings at `now`. Its effect counts from the deadline's own instant.

    Raises NotDueYet one second too early, Conflict if it is not what comes next for this tenant (any more),
    PurgeRefused while invariant 1 forbids the purge.
    """
    if deadline != next_deadline(tenant, agreement):
        raise Conflict("this deadline was overtaken", deadline=deadline.key, due_at=iso(deadline.at))
    if now < deadline.at:
        raise NotDueYet(due_at=iso(deadline.at), now=iso(now))
    match deadline.kind:
        case DeadlineKind.REMIND:
            return _remind(tenant, agreement, deadline, now, by)
        case DeadlineKind.END_TRIAL:
            assert agreement.trial
            why = "the trial ended and nothing was paid"
            return _end(tenant, agreement, deadline, now, by, agreement.trial.then, Event.TRIAL_ENDED, why)
        case DeadlineKind.END_TERM:
            assert agreement.lease
            why = "the paid term ended and was not renewed"
            return _end(tenant, agreement, deadline, now, by, agreement.lease.then, Event.TERM_ENDED, why)
        case DeadlineKind.SUSPEND_UNPAID_LEASE:
            assert agreement.lease
            why = "the first invoice was not paid by its due date"
            return _end(
                tenant, agreement, deadline, now, by, agreement.lease.then, Event.LEASE_SUSPENDED, why
            )
        case DeadlineKind.REMIND_OF_DEBT:
            return _remind_of_debt(tenant, agreement, deadline, now, by)
        case DeadlineKind.SUSPEND_FOR_DEBT:
            return _suspend_for_debt(tenant, agreement, deadline, now, by)
        case DeadlineKind.DEACTIVATE:
            return _deactivate(tenant, agreement, deadline, now, by)
        case DeadlineKind.WARN_OF_DELETION:
            return _warn_of_deletion(tenant, agreement, deadline, now, by)
        case DeadlineKind.PURGE:  # pragma: no branch (mypy proves that these are all)
            return _purge(tenant, agreement, deadline, now, by)


def service_notice(
    tenant: Tenant,
    agreement: Agreement,
    kind: NoticeKind,
    anchor: datetime,
    clause: str,
    facts: Mapping[str, str | int] | None = None,
) -> Notice:
    """A notice on the channels that the agreement names for what concerns the service."""
    return Notice(kind, anchor, tenant.generation, agreement.service_channels, clause, facts or {})


def _remind(tenant: Tenant, agreement: Agreement, deadline: Deadline, now: datetime, by: str) -> Transition:
    assert deadline.reminder
    assert tenant.period_ends_at
    kind, anchor = NoticeKind.TERM_ENDING, tenant.period_ends_at
    if tenant.invoice:
        kind, anchor = NoticeKind.INVOICE_DUE, tenant.invoice.due_at
    elif tenant.phase is Phase.TRIAL:
        kind = NoticeKind.TRIAL_ENDING
    before = str(deadline.reminder.before)
    notice = Notice(
        kind, anchor, tenant.generation, deadline.reminder.channels, deadline.clause, {"before": before}
    )
    return move(
        tenant,
        Event.REMINDED,
        now,
        by,
        "the agreement asks for a reminder before the end",
        deadline.clause,
        at=deadline.at,
        notices=(notice,),
        facts={"before": before, "of": iso(anchor)},
        done=tenant.done | {deadline.key},
        carrier=by,
    )


def _debt_facts(debt: Debt) -> dict[str, str | int]:
    return {"debt_id": debt.id, "metric": debt.metric, "amount": debt.amount}


def _remind_of_debt(
    tenant: Tenant, agreement: Agreement, deadline: Deadline, now: datetime, by: str
) -> Transition:
    assert deadline.reminder
    assert deadline.debt
    facts = _debt_facts(deadline.debt) | {"before": str(deadline.reminder.before)}
    notice = Notice(
        NoticeKind.DEBT_DUE,
        deadline.debt.due_at,
        tenant.generation,
        deadline.reminder.channels,
        deadline.clause,
        facts,
    )
    return move(
        tenant,
        Event.REMINDED,
        now,
        by,
        "an invoice for use above the limits is due soon",
        deadline.clause,
        at=deadline.at,
        notices=(notice,),
        facts=facts | {"of": iso(deadline.debt.due_at)},
        done=tenant.done | {deadline.key},
        carrier=by,
    )


def _suspend_for_debt(
    tenant: Tenant, agreement: Agreement, deadline: Deadline, now: datetime, by: str
) -> Transition:
    assert deadline.debt
    why = "an invoice for use above the limits was not paid in time"
    restriction = Restriction(RestrictionKind.SUSPENDED_FOR_DEBT, why, deadline.clause, deadline.at)
    facts = _debt_facts(deadline.debt)
    return move(
        tenant,
        Event.DEBT_SUSPENDED,
        now,
        by,
        why,
        deadline.clause,
        at=deadline.at,
        notices=(
            service_notice(tenant, agreement, NoticeKind.DEBT_SUSPENDED, deadline.at, deadline.clause, facts),
        ),
        facts=facts,
        done=tenant.done | {deadline.key},
        restrictions=(*without(tenant, restriction.kind), restriction),
        carrier=by,
    )


_ENDED_NOTICE = {
    Event.TRIAL_ENDED: NoticeKind.TRIAL_ENDED,
    Event.TERM_ENDED: NoticeKind.TERM_ENDED,
    Event.LEASE_SUSPENDED: NoticeKind.LEASE_SUSPENDED,
}


def _end(
    tenant: Tenant,
    agreement: Agreement,
    deadline: Deadline,
    now: datetime,
    by: str,
    then: Phase,
    event: Event,
    why: str,
) -> Transition:
    restrictions = tenant.restrictions
    if event is Event.LEASE_SUSPENDED:
        debt = Restriction(RestrictionKind.SUSPENDED_FOR_DEBT, why, deadline.clause, deadline.at)
        restrictions = (*without(tenant, debt.kind), debt)
    return move(
        tenant,
        event,
        now,
        by,
        why,
        deadline.clause,
        at=deadline.at,
        notices=(service_notice(tenant, agreement, _ENDED_NOTICE[event], deadline.at, deadline.clause),),
        phase=then,
        ended_at=deadline.at,
        period_ends_at=deadline.at,
        restrictions=restrictions,
        carrier=by,
    )


def _deactivate(
    tenant: Tenant, agreement: Agreement, deadline: Deadline, now: datetime, by: str
) -> Transition:
    return move(
        tenant,
        Event.DEACTIVATED,
        now,
        by,
        "the read-only time is over",
        deadline.clause,
        at=deadline.at,
        notices=(service_notice(tenant, agreement, NoticeKind.DEACTIVATED, deadline.at, deadline.clause),),
        phase=Phase.DEACTIVATED,
        carrier=by,
    )


def _warn_of_deletion(
    tenant: Tenant, agreement: Agreement, deadline: Deadline, now: datetime, by: str
) -> Transition:
    warning = agreement.deletion_warning
    promised = purge_at(tenant, agreement)
    assert promised
    # A warning that went out late still leaves its waiting time before the purge.
    earliest = max(promised, warning.wait.after(now, agreement.calendar))
    notice = Notice(
        NoticeKind.DELETION_WARNING, earliest, tenant.generation, warning.channels, warning.basis.cite()
    )
    return move(
        tenant,
        Event.DELETION_WARNED,
        now,
        by,
        "the data will be deleted for good soon",
        deadline.clause,
        at=deadline.at,
        notices=(notice,),
        facts={"purge_at": iso(earliest)},
        done=tenant.done | {deadline.key},
        purge_not_before=earliest if earliest > promised else tenant.purge_not_before,
        carrier=by,
    )


def purge_obstacles(tenant: Tenant, now: datetime) -> tuple[str, ...]:
    """What forbids the purge at `now` (invariant 1), besides the last notice's hand-over."""
    obstacles = [f"hold:{hold.id}" for hold in tenant.holds]
    obstacles += sorted(tenant.open_matters)
    if tenant.phase is not Phase.CLOSED and tenant.period_ends_at and tenant.period_ends_at > now:
        obstacles.append("paid_through")
    return tuple(obstacles)


def _purge(tenant: Tenant, agreement: Agreement, deadline: Deadline, now: datetime, by: str) -> Transition:
    if obstacles := purge_obstacles(tenant, now):
        raise PurgeRefused(tenant_id=tenant.id, obstacles=list(obstacles))
    why = "nothing was paid in the time the data is kept"
    if tenant.phase is Phase.CLOSED:
        why = "the account was closed"
    elif tenant.wound_down_until:
        why = "the product came to its end"
    return move(
        tenant,
        Event.PURGED,
        now,
        by,
        why,
        deadline.clause,
        at=deadline.at,
        workflows=(Workflow.PURGE,),
        phase=Phase.PURGED,
        carrier=by,
    )


def defer_purge(
    tenant: Tenant, agreement: Agreement, obstacles: tuple[str, ...], now: datetime, *, by: str
) -> Transition:
    """Puts off a purge that something forbids, by the warning's waiting time.

    A warning that nobody provably received ("warning_not_handed_over") is sent again first.
    """
    done = tenant.done
    if "warning_not_handed_over" in obstacles:
        done -= {DeadlineKind.WARN_OF_DELETION.value}
    warning = agreement.deletion_warning
    return move(
        tenant,
        Event.PURGE_DEFERRED,
        now,
        by,
        "something forbids the deletion for now",
        warning.basis.cite(),
        facts={"obstacles": ", ".join(obstacles)},
        done=done,
        purge_not_before=warning.wait.after(now, agreement.calendar),
        carrier=by,
    )


# --- what people do ---------------------------------------------------------------------------------------


def register(
    agreement: Agreement,
    tenant_id: str,
    now: datetime,
    *,
    plan: str | None,
    trial_used: bool,
    by: str,
) -> Transition:
    """A new tenant, in its trial, in a lease that begins on credit, or with a plain account.

    `trial_used`: this person tried the product before (invariant 9), so the trial has no length and
    paying comes first. `plan` chooses the first lease's plan where one starts at registration.
    """
    phase, ends_at, invoice = Phase.ACTIVE, None, None
    basis = agreement.registration.accept_basis
    if agreement.trial:
        phase, basis = Phase.TRIAL, agreement.trial.basis
        length = Duration() if trial_used else agreement.trial.length
        ends_at = length.after(now, agreement.calendar)
    elif agreement.first_invoice:
        first, basis = agreement.first_invoice, agreement.first_invoice.basis
        chosen = plan or first.plan
        ends_at = first.due.after(now, agreement.calendar)
        net, percent = agreement.list_price(chosen, first.length, now), agreement.tax.percent_at(now)
        vat = vat_on(net, percent)
        invoice = OpenInvoice(chosen, first.length, net + vat, now, ends_at, vat, percent)
    tenant = Tenant(
        id=tenant_id,
        product=agreement.product,
        agreement_version=agreement.version,
        phase=phase,
        version=1,
        generation=1,
        registered_at=now,
        period_started_at=now,
        period_ends_at=ends_at,
        invoice=invoice,
    )
    confirm = Notice(
        NoticeKind.CONFIRM_CODE,
        now,
        1,
        (agreement.registration.confirm,),
        agreement.registration.confirm_basis.cite(),
    )
    facts: dict[str, str | int] = {"agreement_version": agreement.version}
    if agreement.trial:
        facts["trial"] = "used before" if trial_used else "granted"
    if invoice:
        facts |= {
            "plan": invoice.plan,
            "invoice_amount": invoice.amount,
            "invoice_due_at": iso(invoice.due_at),
        }
    return Transition(
        before=None,
        after=tenant,
        event=Event.REGISTERED,
        at=now,
        recorded_at=now,
        clause=basis.cite(),
        by=by,
        why="registered and accepted the agreement",
        notices=(confirm,),
        workflows=(Workflow.SUBSCRIPTION,) if next_deadline(tenant, agreement) else (),
        facts=facts,
    )


def accept_terms(tenant: Tenant, agreement: Agreement, now: datetime, *, by: str) -> Transition:
    """Binds the tenant to this version of the agreement and lifts the gate that asked for it.

    A version it was not bound to before may set earlier deadlines, hence the new generation; a deletion
    under it is warned of again, because its date may be another. Raises Gone.
    """
    changed = tenant.agreement_version != agreement.version
    return move(
        tenant,
        Event.TERMS_ACCEPTED,
        now,
        by,
        "accepted the agreement",
        agreement.registration.accept_basis.cite(),
        workflows=(Workflow.SUBSCRIPTION,) if changed and next_deadline(tenant, agreement) else (),
        facts={"agreement_version": agreement.version},
        agreement_version=agreement.version,
        generation=tenant.generation + 1 if changed else tenant.generation,
        done=tenant.done - {DeadlineKind.WARN_OF_DELETION.value} if changed else tenant.done,
        restrictions=without(tenant, RestrictionKind.MUST_ACCEPT_TERMS),
    )


def done_about_debts(tenant: Tenant) -> frozenset[str]:
    """What was done about unpaid invoices: it stays true when a new period begins."""
    return frozenset(key for key in tenant.done if key.startswith(DEBT_KEY))


def without(tenant: Tenant, kind: RestrictionKind) -> tuple[Restriction, ...]:
    """The tenant's restrictions, but for those of a kind."""
    return tuple(restriction for restriction in tenant.restrictions if restriction.kind is not kind)


def close(tenant: Tenant, agreement: Agreement, closing: Closing, now: datetime, *, by: str) -> Transition:
    """Closes the account at the customer's wish: access stops at once, retention begins.

    Raises Gone after a purge, Conflict if it is closed already.
    """
    living(tenant)
    if tenant.phase is Phase.CLOSED:
        raise Conflict("the account is closed already")
    clause = agreement.retention.after_closing.basis.cite()
    closed = replace(tenant, phase=Phase.CLOSED, closed_at=now, generation=tenant.generation + 1)
    gone_at = purge_at(replace(closed, purge_not_before=None), agreement)
    assert gone_at
    return move(
        tenant,
        Event.CLOSED,
        now,
        by,
        "the customer asked for it",
        clause,
        notices=(service_notice(closed, agreement, NoticeKind.ACCOUNT_CLOSED, gone_at, clause),),
        workflows=(Workflow.SUBSCRIPTION,),
        facts={"closing": closing.value, "purge_at": iso(gone_at)},
        phase=Phase.CLOSED,
        generation=closed.generation,
        closed_at=now,
        closing=closing,
        before_closing=BeforeClosing(tenant.phase, tenant.period_ends_at),
        period_started_at=now,
        period_ends_at=now if tenant.period_ends_at else None,
        purge_not_before=None,
        done=done_about_debts(tenant),
    )


# --- what operators do ------------------------------------------------------------------------------------


def restrict(tenant: Tenant, restriction: Restriction, now: datetime, *, by: str) -> Transition:
    """Adds a restriction with its reason and clause. Raises Gone, or Conflict if its kind binds already."""
    living(tenant)
    if tenant.restricted(restriction.kind, now):
        raise Conflict("this restriction is in force already", kind=restriction.kind.value)
    return move(
        tenant,
        Event.RESTRICTED,
        now,
        by,
        restriction.reason,
        restriction.clause,
        facts={"kind": restriction.kind.value},
        restrictions=(*without(tenant, restriction.kind), restriction),
    )


def lift(tenant: Tenant, kind: RestrictionKind, reason: str, now: datetime, *, by: str) -> Transition:
    """Lifts a restriction. Raises NotFound if there is none of this kind."""
    lifted = [restriction for restriction in tenant.restrictions if restriction.kind is kind]
    if not lifted:
        raise NotFound("no such restriction", kind=kind.value)
    return move(
        tenant,
        Event.UNRESTRICTED,
        now,
        by,
        reason,
        lifted[0].clause,
        facts={"kind": kind.value},
        restrictions=without(tenant, kind),
    )


def place_hold(tenant: Tenant, hold: Hold, now: datetime, *, by: str, clause: str) -> Transition:
    """Places a legal hold: nothing is deleted until its release. Raises Gone, Conflict for a known id."""
    living(tenant)
    if any(known.id == hold.id for known in tenant.holds):
        raise Conflict("this hold exists already", hold_id=hold.id)
    return move(
        tenant,
        Event.HOLD_PLACED,
        now,
        by,
        hold.reason,
        clause,
        facts={"hold_id": hold.id, "origin": hold.origin},
        holds=(*tenant.holds, hold),
    )


def release_hold(
    tenant: Tenant, agreement: Agreement, hold_id: str, reason: str, now: datetime, *, by: str, clause: str
) -> Transition:
    """Releases a hold; with the last one gone, the deletion it stopped is queued again with fresh notice.

    Raises NotFound for an unknown hold.
    """
    holds = tuple(hold for hold in tenant.holds if hold.id != hold_id)
    if len(holds) == len(tenant.holds):
        raise NotFound("no such hold", hold_id=hold_id)
    fresh = agreement.deletion_warning.before.after(now, agreement.calendar)
    promised = purge_at(tenant, agreement)
    due_again = not holds and promised is not None
    return move(
        tenant,
        Event.HOLD_RELEASED,
        now,
        by,
        reason,
        clause,
        workflows=(Workflow.SUBSCRIPTION,) if due_again else (),
        facts={"hold_id": hold_id},
        holds=holds,
        generation=tenant.generation + 1 if due_again else tenant.generation,
        done=tenant.done - {DeadlineKind.WARN_OF_DELETION.value} if due_again else tenant.done,
        purge_not_before=fresh if promised and due_again and promised < fresh else tenant.purge_not_before,
    )
