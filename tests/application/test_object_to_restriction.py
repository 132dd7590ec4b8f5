"""Who is restricted may reply: once, sealed, answered in time by an operator who lifts it or upholds it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mohlat.application.handle_tickets import Ending
from mohlat.application.object_to_restriction import ObjectionDesk
from mohlat.domain.access import Access, access
from mohlat.domain.agreement import Phase
from mohlat.domain.errors import Conflict, Gone, InvalidInput, NotFound
from mohlat.domain.tenant import RestrictionKind, Tenant, iso
from mohlat.domain.tickets import Ticket, TicketKind
from tests.application.desks import NOON, Office
from tests.builders import AGREEMENTS, SECOND, days

BLOCKED, OTHER = RestrictionKind.BLOCKED, RestrictionKind.MUST_ACCEPT_TERMS
OWNER, BOSS = "user:u_1", "operator:u_2"


class Restricted(Office):
    """An office of a product, whose tenant an operator found to break the agreement."""

    def __init__(self, product: str = "kalo", violation: str = "forbidden_use") -> None:
        super().__init__(product)
        self.objections = desk_of(self)
        registered = self.register()
        self.mine = self.desk.find_violation(registered.id, violation, "spam", by=BOSS)

    def object(self, text: str = "it was not us", kind: RestrictionKind = BLOCKED) -> Ticket:
        """The owner's objection."""
        return self.objections.object_to(self.mine.id, kind, text, OWNER)

    def decide(self, ticket: Ticket, *, lifted: bool) -> Tenant:
        """The tenant after an operator's decision."""
        self.tickets.close(self.mine.id, ticket.id, Ending("looked into", lifted=lifted), BOSS)
        return self.tenant(self.mine)


def desk_of(office: Office) -> ObjectionDesk:
    return ObjectionDesk(
        books=office.books,
        tenants=office.tenants,
        agreements=office.agreements,
        ids=office.ids,
        clock=office.clock,
    )


@pytest.mark.parametrize(
    ("product", "violation", "clause"),
    [
        pytest.param("kalo", "forbidden_use", "KALO-19", marks=pytest.mark.clause("KALO-19")),
        pytest.param("kalo", "damage", "KALO-18", marks=pytest.mark.clause("KALO-18")),
        pytest.param("kalo", "false_details", "KALO-28", marks=pytest.mark.clause("KALO-28")),
        pytest.param("customer_club", "breach", "CLUB-0", marks=pytest.mark.clause("CLUB-0")),
        pytest.param("saman360", "breach", "SAMAN-9.1", marks=pytest.mark.clause("SAMAN-9.1")),
        pytest.param("kalak", "misuse", "KALAK-account"),
    ],
)
def test_who_is_blocked_without_notice_can_reply_under_each_products_rule(
    product: str, violation: str, clause: str
) -> None:
    office = Restricted(product, violation)
    assert access(office.mine, office.clock.now()) is Access.NONE

    ticket = office.object("it was not us\nsomebody had our password")

    assert (ticket.kind, ticket.subject, ticket.clause) == (
        TicketKind.RESTRICTION_OBJECTION,
        "blocked",
        clause,
    )
    assert (ticket.due_at, ticket.facts["since"]) == (NOON + days(7), iso(NOON))
    assert office.books.words(office.mine.id, ticket.id) == "it was not us\nsomebody had our password"
    entry = office.tenants.journal(office.mine.id)[-1]
    assert (entry.event.value, entry.clause, entry.by) == ("ticket_opened", clause, OWNER)
    assert "password" not in str(entry)
    [notice] = entry.notices
    assert (notice.kind.value, notice.anchor) == ("objection_received", ticket.due_at)
    assert (notice.clause, notice.facts) == (clause, {"ticket_id": ticket.id})


@pytest.mark.parametrize(
    ("lifted", "granted", "told", "decision"),
    [
        (True, Access.FULL, "restriction_lifted", "lifted"),
        (False, Access.NONE, "restriction_upheld", "upheld"),
    ],
)
def test_an_operators_decision_is_journaled_told_and_cites_the_clause(
    lifted: bool, granted: Access, told: str, decision: str
) -> None:
    office = Restricted()
    ticket = office.object()
    decided = office.decide(ticket, lifted=lifted)

    assert access(decided, office.clock.now()) is granted
    assert not decided.open_matters
    entry = office.tenants.journal(decided.id)[-1]
    assert (entry.event.value, entry.clause, entry.by, entry.why) == (
        "ticket_closed",
        "KALO-19",
        BOSS,
        "looked into",
    )
    assert (entry.facts["decision"], entry.facts["restriction"]) == (decision, "blocked")
    [notice] = entry.notices
    assert (notice.kind.value, notice.clause) == (told, "KALO-19")
    closed = office.books.ticket(decided.id, ticket.id)
    assert (closed.open, closed.by) == (False, BOSS)


def test_a_decision_has_to_be_said_and_is_made_once() -> None:
    office = Restricted()
    ticket = office.object()
    with pytest.raises(InvalidInput, match="lifted"):
        office.tickets.close(office.mine.id, ticket.id, Ending("hm"), BOSS)
    office.decide(ticket, lifted=False)
    with pytest.raises(Conflict, match="closed already"):
        office.decide(ticket, lifted=True)


def test_one_objection_to_each_restriction_answered_or_not() -> None:
    office = Restricted()
    ticket = office.object()
    with pytest.raises(Conflict) as refused:
        office.object("really not us")
    assert refused.value.details == {"ticket_id": ticket.id}
    office.decide(ticket, lifted=False)
    with pytest.raises(Conflict):
        office.object("once more")
    # Another restriction, and the same kind imposed anew, are something else.
    office.clock.time += SECOND
    office.desk.restrict(office.mine.id, OTHER, "odd", "KALO-19", None, by=BOSS)
    assert office.object(kind=OTHER).subject == "must_accept_terms"
    office.desk.lift(office.mine.id, BLOCKED, "over", by=BOSS)
    office.desk.restrict(office.mine.id, BLOCKED, "again", "KALO-28", None, by=BOSS)
    assert office.object().clause == "KALO-28"


def test_of_two_objections_at_once_one_is_taken() -> None:
    office = Restricted()
    office.tenants.before_commit.append(office.object)
    with pytest.raises(Conflict, match="objected to already"):
        office.object()
    assert len(office.books.tickets(office.mine.id)) == 1


@pytest.mark.parametrize(("second", "taken"), [(59, True), (60, False)])
def test_a_restriction_can_be_objected_to_while_it_binds(second: int, taken: bool) -> None:
    office = Restricted()
    until = NOON + 60 * SECOND
    office.desk.restrict(office.mine.id, OTHER, "odd", "KALO-19", until, by=BOSS)
    office.clock.time = NOON + second * SECOND
    if taken:
        assert office.object(kind=OTHER).open
    else:
        with pytest.raises(NotFound):
            office.object(kind=OTHER)


def test_what_was_imposed_since_is_not_lifted_with_what_was_objected_to() -> None:
    office = Restricted()
    ticket = office.object()
    office.clock.time += SECOND
    office.desk.find_violation(office.mine.id, "damage", "harm", by=BOSS)
    assert office.decide(ticket, lifted=True).restricted(BLOCKED, office.clock.now())


@pytest.mark.clause("SAMAN-9.1")
def test_an_account_that_a_finding_ended_is_not_deleted_while_its_objection_is_open() -> None:
    office = Restricted("saman360", "breach")
    assert office.mine.phase is Phase.CLOSED
    ticket = office.object()
    office.clock.time = NOON + days(200)
    assert office.tenant(office.mine).open_matters == {f"objection:{ticket.id}"}
    decided = office.decide(ticket, lifted=True)
    assert (decided.phase, decided.restrictions, decided.open_matters) == (Phase.CLOSED, (), frozenset())


@pytest.mark.parametrize(("early", "escalated"), [(SECOND, False), (0 * SECOND, True)])
def test_an_objection_that_nobody_answers_rings_on_its_second(early: object, escalated: bool) -> None:
    office = Restricted()
    ticket = office.object()
    office.clock.time = ticket.due_at - early  # type: ignore[operator]
    assert (office.tickets.escalate(office.mine.id, ticket.id).escalated_at is not None) is escalated


def test_nothing_is_taken_without_a_restriction_without_a_rule_or_after_the_purge() -> None:
    office = Office(AGREEMENTS["trial"])
    mine, desk = office.register(), desk_of(office)
    with pytest.raises(NotFound):
        desk.object_to(mine.id, BLOCKED, "why?", OWNER)
    office.desk.restrict(mine.id, BLOCKED, "odd", "T-TRIAL", None, by=BOSS)
    with pytest.raises(Conflict, match="takes no objections"):
        desk.object_to(mine.id, BLOCKED, "why?", OWNER)
    office.table.tenants[mine.id] = replace(office.tenant(mine), phase=Phase.PURGED)
    with pytest.raises(Gone):
        desk.object_to(mine.id, BLOCKED, "why?", OWNER)
