"""Which fact counts under which name on the dashboard and for the alarms."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from aws_lambda_powertools.metrics import MetricUnit

from mohlat.domain.agreement import Phase
from mohlat.domain.notices import NoticeStatus
from mohlat.domain.payments import Payment, PaymentStatus
from mohlat.observation import about, count, logger

if TYPE_CHECKING:
    from mohlat.domain.journal import Entry
    from mohlat.domain.notices import Dispatch
    from mohlat.domain.tickets import OpenMatters

PHASE_BEGUN = {
    Phase.TRIAL: "TrialBegun",
    Phase.ACTIVE: "TermBegun",
    Phase.READ_ONLY: "MadeReadOnly",
    Phase.DEACTIVATED: "Deactivated",
    Phase.CLOSED: "Closed",
    Phase.PURGED: "Purged",
}
_SENT = {
    NoticeStatus.SENT: "NoticeSent",
    NoticeStatus.REJECTED: "MessageRejected",
    NoticeStatus.UNCERTAIN: "NoticeUncertain",
}


def measure_entry(entry: Entry) -> None:
    """Counts a journal entry that the stream brings: which phase began, how late, what was put off.

    The stream may bring it twice; then it counts twice.
    """
    # Only who handles journal entries has these loaded anyway.
    from mohlat.domain.lifecycle import Event
    from mohlat.domain.purge import CAP_REACHED

    if phase := entry.changes.get("phase"):
        count(PHASE_BEGUN[Phase(phase)])
    if entry.recorded_at > entry.at:
        count("LateCarryOut", (entry.recorded_at - entry.at).total_seconds(), MetricUnit.Seconds)
    if entry.event is Event.PURGE_DEFERRED:
        # A promised deletion that something forbids: once is a hold or a payment, day after day is a fault.
        logger.warning("purge deferred", obstacles=entry.facts["obstacles"])
        count("PurgeDeferred")
        if entry.facts["obstacles"] == CAP_REACHED:
            count("PurgeCapReached")


def measure_notices(outcomes: Iterable[Dispatch]) -> None:
    """Logs what became of each notice on each channel, and counts it."""
    for each in outcomes:
        logger.info("notice", kind=each.kind.value, channel=each.channel.value, status=each.status.value)
        if each.status in _SENT:
            count(_SENT[each.status])


def measure_open(open_matters: OpenMatters) -> None:
    """Gauges: what waits for a person at this moment, and the money in it, in rials."""
    count("TicketsOpen", open_matters.tickets)
    count("RefundsWaiting", open_matters.refunds)
    count("MoneyHeld", open_matters.held, MetricUnit.NoUnit)
    count("MoneyOwed", open_matters.owed, MetricUnit.NoUnit)


def flag(payment: Payment) -> None:
    """Names the payment in the lines to come; tells the operators if a person has to decide about it."""
    about(tenant_id=payment.tenant_id, payment_id=payment.id)
    if payment.status is PaymentStatus.HELD:
        logger.warning("payment needs a person", status=payment.status.value)
        count("PaymentHeld")
