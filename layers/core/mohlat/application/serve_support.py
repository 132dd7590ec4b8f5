"""Support: requests for help, who may ask, what was promised and what became of it (SAMAN-4.2.2, KALO-11).

Every change counts the deadlines anew and first records those that have passed by then, so that nothing done
late hides that it was late. A missed deadline is an entry in the tenant's journal, dated at the deadline.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from mohlat.application.ports import (
    Agreements,
    Books,
    Clock,
    DeclaredDays,
    Ids,
    Row,
    SecurityLog,
    Tenants,
    Words,
)
from mohlat.application.transitions import commit, commit_or_write, retrying
from mohlat.domain import helpdesk as supporting
from mohlat.domain.agreement import Agreement, HelpRule, Phase, Severity, Step
from mohlat.domain.cards import mask_cards
from mohlat.domain.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    SupportManagerOnly,
    SupportNotCovered,
)
from mohlat.domain.helpdesk import Reply, StepDeadline, Support
from mohlat.domain.lifecycle import Event, Transition, move, service_notice
from mohlat.domain.notices import NoticeKind
from mohlat.domain.people import Role
from mohlat.domain.tenant import Tenant, iso
from mohlat.domain.tickets import Ticket, TicketKind
from mohlat.domain.working_time import WorkingTime, declared

HELP = "help"
# A list sorted by deadlines is read whole.
_MOST_OPEN = 5000
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks of support. Without a severity it is the mildest that the agreement knows."""

    text: str
    severity: Severity | None = None
    topic: str = HELP
    outside_hours: bool = False


@dataclass(frozen=True, slots=True)
class Rung:
    """A deadline that the operators are called for: it is near, or it has passed."""

    deadline: StepDeadline
    missed: bool


@dataclass(frozen=True, slots=True)
class _Known:
    """A request with all that its deadlines are counted by."""

    ticket: Ticket
    support: Support
    rule: HelpRule
    hours: WorkingTime


@dataclass(frozen=True, slots=True)
class _Change:
    """What a change makes of a request, and how the journal tells it."""

    support: Support
    why: str
    clause: str
    facts: dict[str, str | int]
    event: Event = Event.SUPPORT_MOVED
    told: NoticeKind | None = None


class HelpDesk:
    """Takes requests for help, carries them through their steps, and counts what was promised of them."""

    def __init__(
        self,
        *,
        books: Books,
        tenants: Tenants,
        agreements: Agreements,
        days: DeclaredDays,
        security_log: SecurityLog,
        ids: Ids,
        clock: Clock,
    ) -> None:
        self._books = books
        self._tenants = tenants
        self._agreements = agreements
        self._days = days
        self._log = security_log
        self._ids = ids
        self._clock = clock

    # --- asking ---------------------------------------------------------------------------------------------

    def open(self, tenant_id: str, wish: Wish, by: str, role: Role, ticket_id: str | None = None) -> Ticket:
        """Opens a request; `ticket_id` names it where whoever calls must find it again.

        Raises SupportManagerOnly for users of a product whose support serves the manager alone
        (SAMAN-4.2.6); SupportNotCovered for what it does not do; InvalidInput for a severity that the
        agreement does not know; Conflict where there is no support or the account is closed; NotFound, Gone.
        """
        chosen = ticket_id or self._ids.new("k")
        return retrying(lambda: self._open(tenant_id, wish, by, role, chosen))

    def _open(self, tenant_id: str, wish: Wish, by: str, role: Role, ticket_id: str) -> Ticket:
        now = self._clock.now()
        tenant = self._tenants.get(tenant_id)
        agreement = self._agreements.load(tenant.product, tenant.agreement_version)
        rule = agreement.support
        if rule is None or tenant.phase is Phase.CLOSED:
            raise Conflict("there is no support for this account")
        _admit(rule, role)
        _check(rule, agreement, wish)
        asked = Support(agreement.version, rule.mildest, by, outside_hours=wish.outside_hours)
        support = supporting.at_severity(asked, rule, wish.severity or asked.severity)
        level = rule.level(support.severity)
        assert level
        ticket = Ticket(
            id=ticket_id,
            tenant_id=tenant_id,
            product=tenant.product,
            kind=TicketKind.SUPPORT,
            subject=ticket_id,
            opened_at=now,
            due_at=now,
            clause=level.basis.cite(),
            version=0,
        )
        opened = self._counted(
            _Known(ticket, support, rule, self._hours(agreement, rule)), replace(support, watch=0)
        )
        transition = move(
            tenant,
            Event.TICKET_OPENED,
            now,
            by,
            "the customer asks for help",
            ticket.clause,
            facts={
                "ticket_id": ticket_id,
                "kind": ticket.kind.value,
                "severity": support.severity.value,
                "due_at": iso(opened.due_at),
            },
        )
        words = Words(tenant_id, ticket_id, mask_cards(wish.text))
        commit(self._tenants, agreement, transition, (opened, words))
        return opened

    def reply(
        self, tenant_id: str, ticket_id: str, text: str, by: str, role: Role, message_id: str | None = None
    ) -> Ticket:
        """The customer writes more; what waited for that goes on.

        Raises NotFound, also for another user's request; SupportManagerOnly; Conflict once it is closed.
        """
        chosen = message_id or self._ids.new("m")

        def attempt() -> Ticket:
            known = self._open_one(tenant_id, ticket_id)
            self._demand(known, by, role)
            now = self._clock.now()
            message = Reply(chosen, tenant_id, ticket_id, mask_cards(text), ours=False, at=now, by=by)
            if known.support.waiting_since is None:
                self._books.write([message])
                return known.ticket
            going = supporting.resumed(known.support, now)
            change = _Change(going, "the customer answered", known.ticket.clause, {"step": "resumed"})
            return self._write(known, change, by, (message,))

        return retrying(attempt)

    def conversation(
        self, tenant_id: str, ticket_id: str, by: str, role: Role
    ) -> tuple[Ticket, str | None, list[Reply]]:
        """A request with its first words and all that followed. Raises NotFound, SupportManagerOnly."""
        known = self._known(self._books.ticket(tenant_id, ticket_id))
        self._demand(known, by, role)
        return self._read(known.ticket)

    def read_by_staff(
        self, tenant_id: str, ticket_id: str, by: str, source_ip: str
    ) -> tuple[Ticket, str | None, list[Reply]]:
        """The same for the vendor's staff: while it is open and at no other time, and each look leaves a line
        in the security log (CLUB-17). Raises NotFound.
        """
        ticket = self._known(self._books.ticket(tenant_id, ticket_id)).ticket
        if not ticket.open:
            return ticket, None, []
        self._log.note(
            tenant_id, "ticket_words_shown", self._clock.now(), source_ip, username=by, ticket_id=ticket_id
        )
        return self._read(ticket)

    def _read(self, ticket: Ticket) -> tuple[Ticket, str | None, list[Reply]]:
        words = self._books.words(ticket.tenant_id, ticket.id)
        return ticket, words, self._books.messages(ticket.tenant_id, ticket.id)

    def of(self, tenant_id: str, by: str, role: Role) -> list[Ticket]:
        """The requests that somebody may read, the newest first: the owner all, others their own."""
        found = [each for each in self._books.tickets(tenant_id)[::-1] if each.support]
        return [each for each in found if role is Role.OWNER or _asked_by(each) == by]

    # --- working on it --------------------------------------------------------------------------------------

    def answer(self, tenant_id: str, ticket_id: str, text: str, by: str, *, waits: bool) -> Ticket:
        """The vendor writes to the customer, who is told so; it is the first answer if none was.

        `waits`: the clock stands still until the customer answers. Raises NotFound, Conflict.
        """
        message_id = self._ids.new("m")

        def change(known: _Known, now: datetime) -> _Change:
            support = supporting.answered(known.support, now)
            if waits:
                support = supporting.waiting(support, now)
            return _Change(
                support,
                "the customer was answered",
                known.ticket.clause,
                {"step": "waiting" if waits else Step.ANSWER.value},
                told=NoticeKind.SUPPORT_ANSWERED,
            )

        def rows(now: datetime) -> tuple[Row, ...]:
            return (Reply(message_id, tenant_id, ticket_id, mask_cards(text), ours=True, at=now, by=by),)

        return self._change(tenant_id, ticket_id, by, change, rows)

    def step_done(self, tenant_id: str, ticket_id: str, step: Step, by: str) -> Ticket:
        """A step of it is done. Raises NotFound, InvalidInput, Conflict."""

        def change(known: _Known, now: datetime) -> _Change:
            support = supporting.step_done(known.support, known.rule, step, now)
            return _Change(support, "a step is done", known.ticket.clause, {"step": step.value})

        return self._change(tenant_id, ticket_id, by, change)

    def classify(self, tenant_id: str, ticket_id: str, severity: Severity, reason: str, by: str) -> Ticket:
        """Another severity: its deadlines count from the registration too. Raises as `step_done` does."""

        def change(known: _Known, now: datetime) -> _Change:
            support = supporting.at_severity(known.support, known.rule, severity)
            facts: dict[str, str | int] = {
                "severity": severity.value,
                "severity_before": known.support.severity.value,
            }
            return _Change(support, reason, known.ticket.clause, facts)

        return self._change(tenant_id, ticket_id, by, change)

    def not_a_bug(self, tenant_id: str, ticket_id: str, minutes: int, reason: str, by: str) -> Ticket:
        """It was no fault: no deadline counts any more and the time is billed (SAMAN-4.2.4)."""

        def change(known: _Known, now: datetime) -> _Change:
            newest = self._agreements.load(known.ticket.product)
            support = supporting.not_a_bug(known.support, known.rule, newest, minutes, now)
            return _charged(support, reason)

        return self._change(tenant_id, ticket_id, by, change)

    def outside_hours(self, tenant_id: str, ticket_id: str, minutes: int, reason: str, by: str) -> Ticket:
        """It was worked on outside the hours, as the customer wished: that is billed (SAMAN-4.2.3)."""

        def change(known: _Known, now: datetime) -> _Change:
            newest = self._agreements.load(known.ticket.product)
            support = supporting.worked_outside_hours(known.support, known.rule, newest, minutes, now)
            return _charged(support, reason)

        return self._change(tenant_id, ticket_id, by, change)

    # --- in time --------------------------------------------------------------------------------------------

    def ring(self, tenant_id: str, ticket_id: str) -> tuple[Ticket, list[Rung]]:
        """Marks every deadline that is near or has passed, and tells which; counts the next one anew.

        One that passed is recorded in the journal. Raises NotFound, ConcurrentChange (retry at once).
        """
        found: list[Rung] = []
        while True:
            ticket = self._books.ticket(tenant_id, ticket_id)
            if not ticket.open:
                return ticket, found
            known, now = self._known(ticket), self._clock.now()
            marked, deadline, missed = supporting.rung(
                known.support, known.rule, known.hours, ticket.opened_at, now
            )
            if deadline is None:
                counted = self._counted(known, marked, moved=False)
                if (counted.due_at, counted.support) != (ticket.due_at, ticket.support):
                    self._books.write([counted])
                    return counted, found
                return ticket, found
            self._mark(known, marked, deadline, now, missed=missed)
            found.append(Rung(deadline, missed))

    def _mark(
        self, known: _Known, marked: Support, deadline: StepDeadline, now: datetime, *, missed: bool
    ) -> None:
        ticket = self._counted(known, marked, moved=False)
        if not missed:
            self._books.write([ticket])
            return
        ticket = replace(ticket, escalated_at=ticket.escalated_at or now)
        facts: dict[str, str | int] = {
            "ticket_id": ticket.id,
            "severity": marked.severity.value,
            "step": deadline.step.value,
            "due_at": iso(deadline.due_at),
        }

        def noted(tenant: Tenant, agreement: Agreement) -> Transition:
            why = "a deadline of support was missed"
            late, clause = Event.SUPPORT_LATE, deadline.clause
            return move(tenant, late, now, "clock", why, clause, at=deadline.due_at, facts=facts)

        commit_or_write(self._tenants, self._books, self._agreements, ticket.tenant_id, noted, [ticket])

    def recount(self, product: str) -> int:
        """Counts the deadlines of a product's open requests anew; how many moved."""
        moved = 0
        for each in self._open_of(product):

            def attempt(tenant_id: str = each.tenant_id, ticket_id: str = each.id) -> bool:
                ticket = self._books.ticket(tenant_id, ticket_id)
                if not ticket.open:
                    return False
                known = self._known(ticket)
                counted = self._counted(known, known.support)
                if counted.due_at == ticket.due_at and counted.wakes_at == ticket.wakes_at:
                    return False
                self._books.write([counted])
                return True

            moved += retrying(attempt)
        return moved

    def by_deadline(self, product: str) -> list[Ticket]:
        """A product's open requests: first those whose next deadline is nearest, last those without any.

        Raises InvalidInput, NotFound for an unknown product.
        """
        self._agreements.load(product)
        return sorted(self._open_of(product), key=lambda each: (each.wakes_at is None, each.due_at, each.id))

    def _open_of(self, product: str) -> list[Ticket]:
        found: list[Ticket] = []
        after = None
        while len(found) < _MOST_OPEN and (page := self._books.open_tickets(product, after, _PAGE)):
            found += [each for each in page if each.support]
            after = page[-1].id
        return found

    # --- what all of it needs -------------------------------------------------------------------------------

    def _hours(self, agreement: Agreement, rule: HelpRule) -> WorkingTime:
        return rule.working_time(agreement.calendar, declared(self._days.of(agreement.product)))

    def _known(self, ticket: Ticket) -> _Known:
        """A request with its rule. Raises NotFound for a ticket that is none."""
        if ticket.support is None:
            raise NotFound("this ticket is no request for support", ticket_id=ticket.id)
        agreement = self._agreements.load(ticket.product, ticket.support.agreement_version)
        assert agreement.support
        return _Known(ticket, ticket.support, agreement.support, self._hours(agreement, agreement.support))

    def _open_one(self, tenant_id: str, ticket_id: str) -> _Known:
        """An open request, its missed deadlines recorded. Raises NotFound, Conflict."""
        self._known(self._books.ticket(tenant_id, ticket_id))
        ticket, _ = self.ring(tenant_id, ticket_id)
        if not ticket.open:
            raise Conflict("the ticket is closed already", outcome=ticket.outcome)
        return self._known(ticket)

    def _demand(self, known: _Known, by: str, role: Role) -> None:
        """Raises SupportManagerOnly, and NotFound for what somebody else asked, unless it is the owner."""
        _admit(known.rule, role)
        if role is not Role.OWNER and known.support.opened_by != by:
            raise NotFound(ticket_id=known.ticket.id)

    def _counted(self, known: _Known, support: Support, *, moved: bool = True) -> Ticket:
        """The ticket's next version with its deadlines counted. `moved`: another wait has to carry it."""
        opened_at = known.ticket.opened_at
        support = supporting.scheduled(support, known.rule, known.hours, opened_at)
        ahead = [
            each.due_at
            for each in supporting.deadlines(support, known.rule, known.hours, opened_at)
            if support.missed.get(each.step) != each.due_at
        ]
        support = replace(support, watch=support.watch + moved)
        due_at = min(ahead, default=known.ticket.due_at)
        return replace(known.ticket, support=support, due_at=due_at, version=known.ticket.version + 1)

    def _change(
        self,
        tenant_id: str,
        ticket_id: str,
        by: str,
        change: Callable[[_Known, datetime], _Change],
        rows: Callable[[datetime], tuple[Row, ...]] = lambda _: (),
    ) -> Ticket:
        def attempt() -> Ticket:
            known, now = self._open_one(tenant_id, ticket_id), self._clock.now()
            return self._write(known, change(known, now), by, rows(now))

        return retrying(attempt)

    def _write(self, known: _Known, change: _Change, by: str, rows: Sequence[Row]) -> Ticket:
        now = self._clock.now()
        ticket = self._counted(known, change.support)
        facts = {"ticket_id": ticket.id, **change.facts}

        def noted(tenant: Tenant, agreement: Agreement) -> Transition:
            named: dict[str, str | int] = {"ticket_id": ticket.id}
            owed = change.told and service_notice(tenant, agreement, change.told, now, change.clause, named)
            return move(
                tenant,
                change.event,
                now,
                by,
                change.why,
                change.clause,
                notices=(owed,) if owed else (),
                facts=facts,
            )

        commit_or_write(
            self._tenants, self._books, self._agreements, ticket.tenant_id, noted, [ticket, *rows]
        )
        return ticket


def _asked_by(ticket: Ticket) -> str | None:
    return ticket.support.opened_by if ticket.support else None


def _admit(rule: HelpRule, role: Role) -> None:
    if rule.manager_only and role is not Role.OWNER:
        raise SupportManagerOnly(clause=rule.manager_only.cite())


def _check(rule: HelpRule, agreement: Agreement, wish: Wish) -> None:
    """Raises SupportNotCovered, or InvalidInput for what the agreement does not know."""
    refused = supporting.covered(rule, wish.topic)
    if refused:
        sold = {"extra": refused.extra} if refused.extra else {}
        raise SupportNotCovered(topic=wish.topic, clause=refused.basis.cite(), **sold)
    if wish.topic != HELP:
        allowed = [HELP, *(each.topic for each in rule.not_covered)]
        raise InvalidInput("topic", "not one of the possible values", allowed=allowed)
    if wish.outside_hours and rule.outside_hours is None:
        raise InvalidInput("outside_hours", "not part of this agreement")


def _charged(support: Support, reason: str) -> _Change:
    charge = support.charges[-1]
    facts: dict[str, str | int] = {
        "ground": charge.ground.value,
        "minutes": charge.minutes,
        "extra": charge.extra,
        "amount": charge.amount,
    }
    return _Change(support, reason, charge.clause, facts, Event.SUPPORT_CHARGED)
