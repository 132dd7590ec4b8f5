"""Requests about one's own data: what was asked, until when it is answered, and what stops that clock.

A request is answered `within` its rule's time from its receipt (KALLU-9). While somebody has to prove who
they are the clock stands, and the deadline moves by the time it stood. A deletion that a legal hold forbids
is refused for as long as the hold lasts; with its release the request begins anew.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from mohlat.domain.agreement import DataRequestRule
from mohlat.domain.durations import Calendar
from mohlat.domain.errors import Conflict, InvalidInput, TooLate
from mohlat.domain.tenant import iso


class Right(StrEnum):
    """What a person may ask about the data held on them."""

    ACCESS = "access"
    CORRECT = "correct"
    AMEND = "amend"
    DELETE = "delete"
    PORT = "port"


class RequestStatus(StrEnum):
    """Where a request stands. The last two are final.

    open            the operators have to answer it
    identity_asked  the person has to prove who they are; the clock stands
    held            a legal hold forbids the deletion; the person was told; it is taken up again later
    """

    OPEN = "open"
    IDENTITY_ASKED = "identity_asked"
    HELD = "held"
    FULFILLED = "fulfilled"
    REFUSED = "refused"


class RefusalGround(StrEnum):
    """Why a request is refused for good. There is no other reason."""

    IDENTITY_NOT_PROVED = "identity_not_proved"
    LAW = "law"
    RIGHTS_OF_OTHERS = "rights_of_others"
    UNFOUNDED = "unfounded"


class Due(StrEnum):
    """What a request's own clock brings."""

    ESCALATE = "escalate"
    LATE = "late"


_FINAL = (RequestStatus.FULFILLED, RequestStatus.REFUSED)
# What can be answered with a file.
_WITH_EXPORT = (Right.ACCESS, Right.PORT)


@dataclass(frozen=True, slots=True)
class DataRequest:
    """One request. Instants are UTC and whole seconds; what the person wrote is sealed and lies beside it.

    counted_from  the receipt, or the release of the hold that kept it waiting
    due_at        until when (exclusive) it is answered; while the clock stands, as far as is known
    warn_at       when the operators are called unless it is answered
    stood_seconds for how long the clock stood, all pauses together
    stopped_at    since when the clock stands
    ticket_id     the open ticket that asks the operators for an answer; empty while nobody waits for them
    by            who asked: "user:…"
    version       rises with each change
    """

    id: str
    tenant_id: str
    product: str
    right: Right
    by: str
    clause: str
    received_at: datetime
    counted_from: datetime
    due_at: datetime
    warn_at: datetime
    status: RequestStatus = RequestStatus.OPEN
    ticket_id: str = ""
    extended_at: datetime | None = None
    stopped_at: datetime | None = None
    stood_seconds: int = 0
    escalated_at: datetime | None = None
    late_at: datetime | None = None
    answered_at: datetime | None = None
    ground: RefusalGround | None = None
    export_id: str | None = None
    version: int = 1

    @property
    def open(self) -> bool:
        """Whether it still waits for something, a hold's release included: nothing is purged meanwhile."""
        return self.status not in _FINAL

    @property
    def matter(self) -> str:
        """What stands on the tenant while the request is open."""
        return f"request:{self.id}"

    @property
    def wakes_at(self) -> datetime | None:
        """When its own clock brings something next; None while that stands, and once all is done."""
        if self.status is not RequestStatus.OPEN:
            return None
        if self.escalated_at is None:
            return self.warn_at
        return self.due_at if self.late_at is None else None


def receive(
    request_id: str,
    tenant_id: str,
    product: str,
    right: Right,
    rule: DataRequestRule,
    calendar: Calendar,
    now: datetime,
    *,
    by: str,
    held: bool = False,
) -> DataRequest:
    """A request that was received at `now`; `held`: a legal hold forbids the deletion that it asks for."""
    request = DataRequest(
        id=request_id,
        tenant_id=tenant_id,
        product=product,
        right=right,
        by=by,
        clause=rule.basis.cite(),
        received_at=now,
        counted_from=now,
        due_at=now,
        warn_at=now,
        status=RequestStatus.HELD if held else RequestStatus.OPEN,
    )
    return _timed(request, rule, calendar)


def _timed(request: DataRequest, rule: DataRequestRule, calendar: Calendar) -> DataRequest:
    """The request with its instants worked out from its facts alone: they come out the same always."""
    length = rule.at_most if request.extended_at else rule.within
    stood = timedelta(seconds=request.stood_seconds)
    due_at = length.after(request.counted_from, calendar) + stood
    warn_at = max(rule.warn_before.before(due_at, calendar), request.counted_from)
    return replace(request, due_at=due_at, warn_at=warn_at)


def _moved(request: DataRequest, **changes: object) -> DataRequest:
    return replace(request, version=request.version + 1, **changes)  # type: ignore[arg-type]


def _demand(request: DataRequest, *allowed: RequestStatus) -> None:
    if request.status not in allowed:
        raise Conflict("the request does not stand so", status=request.status.value)


def extend(request: DataRequest, rule: DataRequestRule, calendar: Calendar, now: datetime) -> DataRequest:
    """The request with the time for a hard case: once, and only before its first time has ended.

    Raises Conflict if it is not open or was extended before, TooLate from its deadline on.
    """
    _demand(request, RequestStatus.OPEN)
    if request.extended_at:
        raise Conflict("the request was extended already", due_at=iso(request.due_at))
    _demand_time(request, now)
    # The operators are called again before the new date.
    return _timed(_moved(request, extended_at=now, escalated_at=None), rule, calendar)


def _demand_time(request: DataRequest, now: datetime) -> None:
    if now >= request.due_at:
        raise TooLate("the time for an answer is over", ended_at=iso(request.due_at), clause=request.clause)


def stop_clock(request: DataRequest, now: datetime) -> DataRequest:
    """The request while it is in doubt who asks: the clock stands from `now` on.

    Raises Conflict if it is not open, TooLate from its deadline on: what has run out cannot be stopped.
    """
    _demand(request, RequestStatus.OPEN)
    _demand_time(request, now)
    return _moved(request, status=RequestStatus.IDENTITY_ASKED, stopped_at=now, ticket_id="")


def resume_clock(
    request: DataRequest, rule: DataRequestRule, calendar: Calendar, now: datetime
) -> DataRequest:
    """The request once it is clear who asks: its deadline is later by exactly the time the clock stood.

    Raises Conflict if nothing was in doubt.
    """
    _demand(request, RequestStatus.IDENTITY_ASKED)
    assert request.stopped_at
    stood = request.stood_seconds + int((now - request.stopped_at).total_seconds())
    running = _moved(
        request, status=RequestStatus.OPEN, stopped_at=None, stood_seconds=stood, escalated_at=None
    )
    return _timed(running, rule, calendar)


def keep_for_hold(request: DataRequest) -> DataRequest:
    """The deletion that a legal hold forbids: refused for now. Raises Conflict if it is not open."""
    _demand(request, RequestStatus.OPEN)
    return _moved(request, status=RequestStatus.HELD, ticket_id="")


def take_up(request: DataRequest, rule: DataRequestRule, calendar: Calendar, now: datetime) -> DataRequest:
    """The request once the last hold is released: as if it had been received at `now`.

    Raises Conflict if no hold kept it waiting.
    """
    _demand(request, RequestStatus.HELD)
    anew = _moved(
        request,
        status=RequestStatus.OPEN,
        counted_from=now,
        extended_at=None,
        stood_seconds=0,
        escalated_at=None,
        late_at=None,
    )
    return _timed(anew, rule, calendar)


def fulfil(request: DataRequest, export_id: str | None, now: datetime) -> DataRequest:
    """The request that was granted; late is better than never.

    Raises Conflict if it is not open; InvalidInput for an export with a right that asks for none.
    """
    _demand(request, RequestStatus.OPEN)
    if export_id and request.right not in _WITH_EXPORT:
        raise InvalidInput("export_id", "not part of such a request")
    return _moved(request, status=RequestStatus.FULFILLED, answered_at=now, export_id=export_id, ticket_id="")


def refuse(request: DataRequest, ground: RefusalGround, now: datetime) -> DataRequest:
    """The request that is refused on a stated ground; also while the clock stands. Raises Conflict."""
    _demand(request, RequestStatus.OPEN, RequestStatus.IDENTITY_ASKED)
    return _moved(
        request,
        status=RequestStatus.REFUSED,
        answered_at=now,
        ground=ground,
        stopped_at=None,
        ticket_id="",
    )


def ring(request: DataRequest, now: datetime) -> tuple[Due, DataRequest] | None:
    """What its clock brings at `now`, and the request after it; None while it is not time.

    One thing at a time, the oldest first, so that none is skipped after an outage.
    """
    if request.wakes_at is None or now < request.wakes_at:
        return None
    if request.escalated_at is None:
        return Due.ESCALATE, _moved(request, escalated_at=now)
    return Due.LATE, _moved(request, late_at=now)
