"""Requests about one's own data: received, answered in time, extended once, and never quietly late.

KALLU-9, KALAK-copy. Each is a ticket for the operators as long as they are the ones to act.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from mohlat.application.manage_tenant import TenantDesk
from mohlat.application.ports import (
    Agreements,
    Books,
    Clock,
    DataRequests,
    Ids,
    Row,
    SecurityLog,
    Tenants,
    Words,
)
from mohlat.application.request_steps import Facts, asking_ticket, resumed, rule_of, waiting_facts
from mohlat.application.transitions import commit, retrying
from mohlat.domain.agreement import Agreement, Phase
from mohlat.domain.cards import mask_cards
from mohlat.domain.data_requests import (
    DataRequest,
    Due,
    RefusalGround,
    RequestStatus,
    Right,
    extend,
    fulfil,
    keep_for_hold,
    receive,
    refuse,
    resume_clock,
    ring,
    stop_clock,
)
from mohlat.domain.errors import Conflict, InvalidInput, NotFound
from mohlat.domain.lifecycle import Event, Workflow, move, service_notice
from mohlat.domain.notices import NoticeKind
from mohlat.domain.tenant import Closing, Tenant, iso, living
from mohlat.domain.tickets import Ticket, close_ticket


@dataclass(frozen=True, slots=True)
class RequestFile:
    """A request with what lies sealed beside it: what the person wrote, and what was answered."""

    request: DataRequest
    words: str | None
    answer: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the operators answer. Without a `ground` the request is granted; `text` is for the person."""

    text: str
    ground: RefusalGround | None = None
    export_id: str | None = None


class RequestDesk:
    """Receives requests, answers them, and rings before one is late."""

    def __init__(
        self,
        *,
        requests: DataRequests,
        books: Books,
        tenants: Tenants,
        desk: TenantDesk,
        agreements: Agreements,
        security_log: SecurityLog,
        ids: Ids,
        clock: Clock,
    ) -> None:
        self._requests = requests
        self._books = books
        self._tenants = tenants
        self._desk = desk
        self._agreements = agreements
        self._log = security_log
        self._ids = ids
        self._clock = clock

    # --- asking ---------------------------------------------------------------------------------------------

    def receive(
        self, tenant_id: str, right: Right, words: str, by: str, *, request_id: str | None = None
    ) -> DataRequest:
        """Takes a request with what the person wrote, which is sealed.

        `request_id` names it where whoever calls must find it again. Raises NotFound, Gone; Conflict where
        the agreement has no rule for it, or the same right is asked for already.
        """
        chosen = request_id or self._ids.new("d")
        ticket_id = self._ids.new("k")
        return retrying(lambda: self._receive(tenant_id, right, words, by, chosen, ticket_id))

    def _receive(
        self, tenant_id: str, right: Right, words: str, by: str, request_id: str, ticket_id: str
    ) -> DataRequest:
        now, tenant = self._clock.now(), self._tenants.get(tenant_id)
        agreement = self._agreements.load(tenant.product, tenant.agreement_version)
        rule = rule_of(agreement)
        for known in self._requests.of(tenant_id):
            # A deletion is of the whole account, whoever asks for it.
            same = known.by == by or right is Right.DELETE
            if known.open and known.right is right and same:
                raise Conflict("this was asked for already and waits for an answer", request_id=known.id)
        held = right is Right.DELETE and bool(tenant.holds)
        request = receive(
            request_id, tenant_id, tenant.product, right, rule, agreement.calendar, now, by=by, held=held
        )
        rows: list[Row] = [Words(tenant_id, request_id, mask_cards(words))]
        if held:
            facts: Facts = {"request_id": request_id, "right": right.value}
            event, notice, anchor = Event.DATA_REQUEST_HELD, NoticeKind.DATA_REQUEST_HELD, now
        else:
            request = replace(request, ticket_id=ticket_id)
            rows.append(asking_ticket(request, ticket_id, now))
            facts = waiting_facts(request)
            event, notice, anchor = Event.DATA_REQUESTED, NoticeKind.DATA_REQUEST_RECEIVED, request.due_at
        why = (
            "a legal hold forbids the deletion that was asked for" if held else "asked for a right over data"
        )
        transition = move(
            tenant,
            event,
            now,
            by,
            why,
            request.clause,
            notices=(service_notice(tenant, agreement, notice, anchor, request.clause, facts),),
            workflows=() if held else (Workflow.DATA_REQUEST,),
            facts=facts,
            open_matters=tenant.open_matters | {request.matter},
        )
        commit(self._tenants, agreement, transition, [request, *rows])
        return request

    # --- looking --------------------------------------------------------------------------------------------

    def of(self, tenant_id: str, by: str | None = None) -> list[DataRequest]:
        """A tenant's requests, the newest first; only those of one person if `by` is given.

        Raises NotFound, Gone.
        """
        self._living(tenant_id)
        return [one for one in self._requests.of(tenant_id) if by in (None, one.by)][::-1]

    def file(self, tenant_id: str, request_id: str, by: str | None = None) -> RequestFile:
        """A request with what lies sealed beside it. With `by`, another person's does not exist.

        Raises NotFound, Gone.
        """
        self._living(tenant_id)
        request = self._requests.get(tenant_id, request_id)
        if by not in (None, request.by):
            raise NotFound(tenant_id=tenant_id, id=request_id)
        words = self._books.words(tenant_id, request_id)
        return RequestFile(request, words, self._books.words(tenant_id, _answer_id(request_id)))

    def file_for_operator(self, tenant_id: str, request_id: str, by: str, source_ip: str) -> RequestFile:
        """The same for somebody of the vendor, whose look leaves a line (CLUB-17, KALAK-staff)."""
        found = self.file(tenant_id, request_id)
        self._log.note(
            tenant_id,
            "request_words_shown",
            self._clock.now(),
            source_ip,
            username=by,
            request_id=request_id,
        )
        return found

    def _living(self, tenant_id: str) -> Tenant:
        return living(self._tenants.get(tenant_id))

    # --- working on it --------------------------------------------------------------------------------------

    def extend(self, tenant_id: str, request_id: str, reason: str, by: str) -> DataRequest:
        """Takes the time for a hard case, once, and tells the person why. `reason` names no person.

        Raises NotFound, Gone; TooLate once the first time has ended; Conflict for a second time.
        """

        def attempt() -> DataRequest:
            now, (tenant, agreement, request) = self._clock.now(), self._case(tenant_id, request_id)
            moved = extend(request, rule_of(agreement), agreement.calendar, now)
            rows: list[Row] = [moved]
            if request.ticket_id:
                ticket = self._books.ticket(tenant_id, request.ticket_id)
                later = replace(ticket, due_at=moved.due_at, escalated_at=None, version=ticket.version + 1)
                rows.append(later)
            told = {**waiting_facts(moved), "explanation": reason}
            owed = service_notice(
                tenant, agreement, NoticeKind.DATA_REQUEST_EXTENDED, moved.due_at, moved.clause, told
            )
            transition = move(
                tenant,
                Event.DATA_REQUEST_EXTENDED,
                now,
                by,
                reason,
                moved.clause,
                notices=(owed,),
                workflows=(Workflow.DATA_REQUEST,),
                facts=waiting_facts(moved),
            )
            commit(self._tenants, agreement, transition, rows)
            return moved

        return retrying(attempt)

    def ask_identity(self, tenant_id: str, request_id: str, by: str) -> DataRequest:
        """It is in doubt who asks: the person is told, and the clock stands until that is settled.

        Raises NotFound, Gone; Conflict if the request is not open, TooLate once its time has ended.
        """

        def attempt() -> DataRequest:
            now, (tenant, agreement, request) = self._clock.now(), self._case(tenant_id, request_id)
            moved = stop_clock(request, now)
            facts = {"request_id": moved.id, "right": moved.right.value}
            owed = service_notice(tenant, agreement, NoticeKind.IDENTITY_ASKED, now, moved.clause, facts)
            why = "it is in doubt who asks"
            event = Event.DATA_REQUEST_STOPPED
            transition = move(tenant, event, now, by, why, moved.clause, notices=(owed,), facts=facts)
            # While the person is to act nobody waits for the operators.
            rows: list[Row] = [moved, *self._ended_ticket(request, why, now, by)]
            commit(self._tenants, agreement, transition, rows)
            return moved

        return retrying(attempt)

    def confirm_identity(self, tenant_id: str, request_id: str, by: str) -> DataRequest:
        """It is clear who asks: the clock runs on. Raises NotFound, Gone; Conflict if there was no doubt."""
        ticket_id = self._ids.new("k")

        def attempt() -> DataRequest:
            now, (tenant, agreement, request) = self._clock.now(), self._case(tenant_id, request_id)
            moved = resume_clock(request, rule_of(agreement), agreement.calendar, now)
            moved = replace(moved, ticket_id=ticket_id)
            transition = resumed(tenant, agreement, moved, now, "it is clear who asks", by)
            commit(self._tenants, agreement, transition, [moved, asking_ticket(moved, ticket_id, now)])
            return moved

        return retrying(attempt)

    def answer(self, tenant_id: str, request_id: str, answer: Answer, by: str) -> DataRequest:
        """Answers a request. One that asks for deletion, granted, closes the account for erasure first.

        While a legal hold forbids the deletion, granting it keeps the request waiting instead, of which the
        person is told. Raises NotFound, Gone; Conflict if it is answered, InvalidInput for what does not fit.
        """
        tenant, _, request = self._case(tenant_id, request_id)
        # What does not fit is refused before anything is closed for it.
        decided = _decided(request, tenant, answer, self._clock.now())
        if decided.right is Right.DELETE and decided.status is RequestStatus.FULFILLED:
            self._erase(tenant, by)
        return retrying(lambda: self._answer(tenant_id, request_id, answer, by))

    def _erase(self, tenant: Tenant, by: str) -> None:
        # Closed before, or by an answer that was cut off: what is left is to say so.
        if tenant.phase is not Phase.CLOSED:
            self._desk.close(tenant.id, Closing.ERASURE, by)

    def _answer(self, tenant_id: str, request_id: str, answer: Answer, by: str) -> DataRequest:
        now, (tenant, agreement, request) = self._clock.now(), self._case(tenant_id, request_id)
        facts: dict[str, str | int] = {"request_id": request_id, "right": request.right.value}
        moved = _decided(request, tenant, answer, now)
        rows: list[Row] = [moved]
        if moved.open:
            event, kind = Event.DATA_REQUEST_HELD, NoticeKind.DATA_REQUEST_HELD
            why, matters = "a legal hold forbids the deletion that was asked for", tenant.open_matters
        else:
            facts["outcome"] = moved.status.value
            if moved.ground:
                facts["ground"] = moved.ground.value
            event, kind = Event.DATA_REQUEST_ANSWERED, NoticeKind.DATA_REQUEST_ANSWERED
            why, matters = "the request was answered", tenant.open_matters - {moved.matter}
            rows.append(Words(tenant_id, _answer_id(request_id), mask_cards(answer.text)))
        transition = move(
            tenant,
            event,
            now,
            by,
            why,
            moved.clause,
            notices=(service_notice(tenant, agreement, kind, now, moved.clause, facts),),
            facts=facts,
            open_matters=matters,
        )
        rows += self._ended_ticket(request, moved.status.value, now, by)
        commit(self._tenants, agreement, transition, rows)
        return moved

    def _case(self, tenant_id: str, request_id: str) -> tuple[Tenant, Agreement, DataRequest]:
        tenant = self._living(tenant_id)
        agreement = self._agreements.load(tenant.product, tenant.agreement_version)
        return tenant, agreement, self._requests.get(tenant_id, request_id)

    def _ended_ticket(self, request: DataRequest, outcome: str, now: datetime, by: str) -> Sequence[Ticket]:
        if not request.ticket_id:
            return ()
        return (close_ticket(self._books.ticket(request.tenant_id, request.ticket_id), outcome, now, by=by),)

    # --- nobody came ----------------------------------------------------------------------------------------

    def ring(self, tenant_id: str, request_id: str) -> tuple[DataRequest, Due | None]:
        """What a request's own clock brings now, journaled: the operators are called, or it is late.

        Raises NotFound, Gone once it went with its tenant; ConcurrentChange (retry at once).
        """
        now, (tenant, agreement, request) = self._clock.now(), self._case(tenant_id, request_id)
        rung = ring(request, now)
        if rung is None:
            return request, None
        due, moved = rung
        late = due is Due.LATE
        transition = move(
            tenant,
            Event.DATA_REQUEST_LATE if late else Event.DATA_REQUEST_ESCALATED,
            now,
            "data_request",
            "nobody answered in time" if late else "the time for an answer is nearly over",
            moved.clause,
            at=request.wakes_at,
            facts={"request_id": moved.id, "right": moved.right.value, "due_at": iso(moved.due_at)},
        )
        commit(self._tenants, agreement, transition, [moved])
        return moved, due


def _answer_id(request_id: str) -> str:
    return f"{request_id}-answer"


def _decided(request: DataRequest, tenant: Tenant, answer: Answer, now: datetime) -> DataRequest:
    """The request after an answer. Raises Conflict, InvalidInput for what does not fit."""
    if answer.ground is None:
        granted = fulfil(request, answer.export_id, now)
        kept = request.right is Right.DELETE and tenant.holds
        return keep_for_hold(request) if kept else granted
    if answer.export_id:
        raise InvalidInput("export_id", "not part of a refusal")
    return refuse(request, answer.ground, now)
