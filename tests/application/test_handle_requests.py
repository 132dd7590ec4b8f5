"""Requests about one's own data: received, answered, kept for a hold, never quietly late."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mohlat.agreements import loader
from mohlat.application.handle_requests import Answer
from mohlat.application.handle_tickets import Ending
from mohlat.domain.agreement import Phase
from mohlat.domain.data_requests import DataRequest, Due, RefusalGround, RequestStatus, Right
from mohlat.domain.errors import Conflict, Gone, InvalidInput, NotFound, TooLate
from mohlat.domain.journal import replay
from mohlat.domain.tenant import Closing, Tenant
from mohlat.domain.tickets import TicketKind
from tests.application.desks import IP, NOON, Office
from tests.builders import SECOND, days

BY, OPERATOR = "user:u_1", "operator:o"
DUE = NOON + days(30)


def asked(right: Right = Right.ACCESS, product: str = "kallu") -> tuple[Office, Tenant, DataRequest]:
    """A customer who asks for something now."""
    office = Office(product)
    tenant = office.register()
    return office, tenant, office.request_desk.receive(tenant.id, right, "because", BY)


def kept(office: Office, tenant: Tenant, request: DataRequest) -> DataRequest:
    """The request as it is stored now."""
    return office.requests.get(tenant.id, request.id)


@pytest.mark.clause("KALLU-9")
@pytest.mark.parametrize("right", list(Right))
def test_a_request_is_journaled_sealed_told_of_and_put_before_the_operators(right: Right) -> None:
    office, tenant, request = asked(right)
    assert kept(office, tenant, request) == request
    assert (request.right, request.due_at, request.clause) == (right, DUE, "KALLU-9")
    assert office.tenant(tenant).open_matters == {f"request:{request.id}"}
    entry = office.tenants.journal(tenant.id)[-1]
    assert (entry.event.value, entry.by, entry.clause) == ("data_requested", BY, "KALLU-9")
    (notice,) = entry.notices
    assert (notice.kind.value, notice.anchor) == ("data_request_received", DUE)
    assert "because" not in str(entry)
    assert office.books.words(tenant.id, request.id) == "because"
    (ticket,) = office.books.open_tickets("kallu")
    assert (ticket.kind, ticket.subject, ticket.due_at) == (TicketKind.DATA_REQUEST, request.id, DUE)
    assert ticket.id == request.ticket_id


@pytest.mark.clause("KALAK-copy")
@pytest.mark.parametrize("product", loader.products())
def test_it_is_answered_in_a_month_with_every_product(product: str) -> None:
    _, _, request = asked(Right.CORRECT, product)
    assert request.due_at == DUE


def test_a_watch_over_it_is_started_for_the_instant_at_which_the_operators_are_called() -> None:
    office, tenant, request = asked()
    assert started(office, tenant) == ("data_request", f"{request.id}-v{office.tenant(tenant).version}")
    office.clock.time = request.warn_at
    assert office.sweep()["request"] == 1
    assert list(office.workflows.started)[-1][1].startswith(f"{request.id}-s")


def test_the_same_is_asked_for_once_while_it_waits() -> None:
    office, tenant, request = asked()
    with pytest.raises(Conflict) as refused:
        office.request_desk.receive(tenant.id, Right.ACCESS, "again", BY)
    assert refused.value.details == {"request_id": request.id}
    office.request_desk.receive(tenant.id, Right.PORT, "another right", BY)
    office.request_desk.receive(tenant.id, Right.ACCESS, "another person", "user:u_2")
    office.request_desk.receive(tenant.id, Right.DELETE, "all of it", BY)
    with pytest.raises(Conflict):
        office.request_desk.receive(tenant.id, Right.DELETE, "all of it", "user:u_2")


def test_an_agreement_without_a_rule_takes_none() -> None:
    office = Office("kallu")
    office.agreements.known[:] = [replace(office.agreement, data_requests=None)]
    tenant = office.register()
    with pytest.raises(Conflict):
        office.request_desk.receive(tenant.id, Right.ACCESS, "because", BY)


def started(office: Office, tenant: Tenant) -> tuple[str, str]:
    """What the newest entry started."""
    office.dispatch_all(tenant)
    return list(office.workflows.started)[-1]


# --- time -------------------------------------------------------------------------------------------------


@pytest.mark.clause("KALLU-9")
def test_a_hard_case_is_extended_before_the_first_date_and_the_person_is_told_why() -> None:
    office, tenant, request = asked()
    office.clock.time = DUE - SECOND
    longer = office.request_desk.extend(tenant.id, request.id, "two archives", OPERATOR)
    # 4 Azar and three months: 4 Esfand.
    assert longer.due_at == datetime(2027, 2, 23, 8, 0, 0, tzinfo=UTC)
    entry = office.tenants.journal(tenant.id)[-1]
    assert (entry.event.value, entry.why) == ("data_request_extended", "two archives")
    (notice,) = entry.notices
    assert (notice.kind.value, notice.anchor) == ("data_request_extended", longer.due_at)
    assert notice.facts["explanation"] == "two archives"
    assert office.books.ticket(tenant.id, request.ticket_id).due_at == longer.due_at


@pytest.mark.clause("KALLU-9")
def test_it_is_not_extended_once_the_first_date_has_come() -> None:
    office, tenant, request = asked()
    office.clock.time = DUE
    with pytest.raises(TooLate):
        office.request_desk.extend(tenant.id, request.id, "two archives", OPERATOR)
    assert kept(office, tenant, request) == request


@pytest.mark.clause("KALLU-9")
def test_the_operators_are_called_before_it_is_late_and_lateness_is_recorded() -> None:
    office, tenant, request = asked()
    office.clock.time = request.warn_at - SECOND
    assert office.request_desk.ring(tenant.id, request.id) == (request, None)
    office.clock.time = request.warn_at
    _, due = office.request_desk.ring(tenant.id, request.id)
    assert due is Due.ESCALATE
    office.clock.time = DUE + days(1)
    late, due = office.request_desk.ring(tenant.id, request.id)
    assert (due, late.late_at) == (Due.LATE, DUE + days(1))
    assert office.events(tenant)[-2:] == ["data_request_escalated", "data_request_late"]
    entry = office.tenants.journal(tenant.id)[-1]
    assert (entry.at, entry.recorded_at) == (DUE, DUE + days(1))


def test_a_doubt_about_who_asks_stops_the_clock_and_takes_the_matter_from_the_operators() -> None:
    office, tenant, request = asked()
    office.clock.advance(days=1)
    office.request_desk.ask_identity(tenant.id, request.id, OPERATOR)
    assert office.kinds(tenant)[-1] == "identity_asked"
    assert office.books.open_tickets("kallu") == []
    assert office.tenant(tenant).open_matters
    office.clock.advance(days=40)
    assert office.request_desk.ring(tenant.id, request.id)[1] is None
    going = office.request_desk.confirm_identity(tenant.id, request.id, OPERATOR)
    assert going.due_at == DUE + days(40)
    (ticket,) = office.books.open_tickets("kallu")
    assert (ticket.id, ticket.due_at) == (going.ticket_id, DUE + days(40))
    assert office.kinds(tenant)[-1] == "data_request_resumed"
    assert started(office, tenant) == ("data_request", f"{request.id}-v{office.tenant(tenant).version}")
    assert office.events(tenant)[-2:] == ["data_request_stopped", "data_request_resumed"]


# --- answers ----------------------------------------------------------------------------------------------


@pytest.mark.clause("KALLU-9")
def test_an_answer_is_sealed_told_of_and_ends_the_matter() -> None:
    office, tenant, request = asked(Right.PORT)
    answered = office.request_desk.answer(
        tenant.id, request.id, Answer("here it is", export_id="x_1"), OPERATOR
    )
    assert (answered.status, answered.export_id) == (RequestStatus.FULFILLED, "x_1")
    assert office.tenant(tenant).open_matters == frozenset()
    assert office.books.open_tickets("kallu") == []
    assert office.kinds(tenant)[-1] == "data_request_answered"
    found = office.request_desk.file(tenant.id, request.id, BY)
    assert (found.words, found.answer) == ("because", "here it is")
    assert "here it is" not in str(office.tenants.journal(tenant.id))


def test_a_refusal_names_its_ground() -> None:
    office, tenant, request = asked()
    office.request_desk.answer(tenant.id, request.id, Answer("no", RefusalGround.LAW), OPERATOR)
    entry = office.tenants.journal(tenant.id)[-1]
    assert (entry.facts["outcome"], entry.facts["ground"]) == ("refused", "law")
    with pytest.raises(Conflict):
        office.request_desk.answer(tenant.id, request.id, Answer("yes"), OPERATOR)


def test_what_does_not_fit_changes_nothing() -> None:
    office, tenant, request = asked(Right.DELETE)
    for wrong in (Answer("x", export_id="x_1"), Answer("x", RefusalGround.LAW, "x_1")):
        with pytest.raises(InvalidInput):
            office.request_desk.answer(tenant.id, request.id, wrong, OPERATOR)
    assert office.tenant(tenant).phase is Phase.ACTIVE
    assert kept(office, tenant, request) == request


@pytest.mark.clause("KALLU-erase")
def test_a_deletion_that_is_granted_closes_the_account_for_erasure_and_then_the_data_goes() -> None:
    office, tenant, request = asked(Right.DELETE)
    office.request_desk.answer(tenant.id, request.id, Answer("it will be gone"), OPERATOR)
    closed = office.tenant(tenant)
    assert (closed.phase, closed.closing) == (Phase.CLOSED, Closing.ERASURE)
    assert office.events(tenant)[-2:] == ["closed", "data_request_answered"]
    assert office.live_until_purge(tenant).phase is Phase.PURGED
    assert office.clock.now() == NOON + days(7)


def test_an_answer_that_was_cut_off_after_the_closing_is_given_again() -> None:
    office, tenant, request = asked(Right.DELETE)
    office.desk.close(tenant.id, Closing.ERASURE, OPERATOR)
    office.request_desk.answer(tenant.id, request.id, Answer("it will be gone"), OPERATOR)
    assert office.events(tenant).count("closed") == 1
    assert kept(office, tenant, request).status is RequestStatus.FULFILLED


def test_a_deletion_is_asked_for_only_of_what_lives() -> None:
    office, tenant, request = asked()
    office.request_desk.answer(tenant.id, request.id, Answer("here"), OPERATOR)
    office.desk.close(tenant.id, Closing.ERASURE, BY)
    assert office.request_desk.receive(tenant.id, Right.PORT, "before it goes", BY).open
    office.request_desk.answer(
        tenant.id, office.requests.of(tenant.id)[-1].id, Answer("here", export_id="x_1"), OPERATOR
    )
    office.live_until_purge(tenant)
    for late in (
        lambda: office.request_desk.receive(tenant.id, Right.PORT, "late", BY),
        lambda: office.request_desk.of(tenant.id),
        lambda: office.request_desk.file(tenant.id, request.id),
        lambda: office.request_desk.extend(tenant.id, request.id, "x", OPERATOR),
    ):
        with pytest.raises(Gone):
            late()


@pytest.mark.clause("KALLU-9")
def test_an_open_request_keeps_the_purge_away_until_it_is_answered() -> None:
    office, tenant, request = asked()
    office.desk.close(tenant.id, Closing.TERMINATION, BY)
    office.send_all()
    office.clock.advance(days=5)
    office.catch_up(tenant)
    office.send_all()
    office.clock.advance(days=10)
    assert office.catch_up(tenant).phase is Phase.CLOSED
    assert office.tenants.journal(tenant.id)[-1].facts["obstacles"] == f"request:{request.id}"
    office.request_desk.answer(tenant.id, request.id, Answer("here"), OPERATOR)
    assert office.live_until_purge(tenant).phase is Phase.PURGED
    assert any("data_request_answered" in line for line in office.ledger.get(tenant.id).events)


# --- legal holds ------------------------------------------------------------------------------------------


def held(office: Office, tenant: Tenant) -> str:
    """A legal hold on the tenant."""
    clause = next(iter(office.agreement.clauses))
    return office.desk.place_hold(tenant.id, "proceedings", "court", clause, by=OPERATOR).holds[-1].id


def release(office: Office, tenant: Tenant, hold_id: str) -> None:
    clause = next(iter(office.agreement.clauses))
    office.desk.release_hold(tenant.id, hold_id, "over", clause, OPERATOR)


def before(office: Office, tenant: Tenant) -> tuple[DataRequest, str]:
    """The hold is there when the deletion is asked for."""
    hold_id = held(office, tenant)
    return office.request_desk.receive(tenant.id, Right.DELETE, "because", BY), hold_id


def after(office: Office, tenant: Tenant) -> tuple[DataRequest, str]:
    """The hold comes before the deletion is granted."""
    request = office.request_desk.receive(tenant.id, Right.DELETE, "because", BY)
    hold_id = held(office, tenant)
    return office.request_desk.answer(tenant.id, request.id, Answer("yes"), OPERATOR), hold_id


@pytest.mark.clause("KALLU-6")
@pytest.mark.parametrize("order", [before, after])
def test_a_deletion_under_a_hold_is_refused_for_now_told_so_and_taken_up_again(
    order: Callable[[Office, Tenant], tuple[DataRequest, str]],
) -> None:
    office = Office("kallu")
    tenant = office.register()
    request, hold_id = order(office, tenant)
    assert request.status is RequestStatus.HELD
    assert office.tenant(tenant).phase is Phase.ACTIVE
    assert office.kinds(tenant)[-1] == "data_request_held"
    assert office.books.open_tickets("kallu") == []
    assert office.tenant(tenant).open_matters == {f"request:{request.id}"}
    office.clock.advance(days=100)
    release(office, tenant, hold_id)
    again = kept(office, tenant, request)
    assert (again.status, again.due_at) == (RequestStatus.OPEN, office.clock.now() + days(30))
    (ticket,) = office.books.open_tickets("kallu")
    assert (ticket.id, ticket.subject) == (again.ticket_id, request.id)
    assert office.kinds(tenant)[-1] == "data_request_resumed"
    assert started(office, tenant) == ("data_request", f"{request.id}-v{office.tenant(tenant).version}")
    office.request_desk.answer(tenant.id, request.id, Answer("gone soon"), OPERATOR)
    assert office.tenant(tenant).closing is Closing.ERASURE
    assert replay(office.tenants.journal(tenant.id)) == office.tenant(tenant)


def test_it_waits_for_the_last_of_several_holds() -> None:
    office = Office("kallu")
    tenant = office.register()
    first, second = held(office, tenant), held(office, tenant)
    request = office.request_desk.receive(tenant.id, Right.DELETE, "because", BY)
    release(office, tenant, first)
    assert kept(office, tenant, request).status is RequestStatus.HELD
    release(office, tenant, second)
    assert kept(office, tenant, request).status is RequestStatus.OPEN


def test_other_rights_are_granted_under_a_hold() -> None:
    office = Office("kallu")
    tenant = office.register()
    held(office, tenant)
    request = office.request_desk.receive(tenant.id, Right.ACCESS, "because", BY)
    office.request_desk.answer(tenant.id, request.id, Answer("here"), OPERATOR)
    assert kept(office, tenant, request).status is RequestStatus.FULFILLED


def test_a_hold_that_comes_while_a_deletion_is_being_granted_wins() -> None:
    office, tenant, request = asked(Right.DELETE)
    office.tenants.before_commit.append(lambda: held(office, tenant))
    office.request_desk.answer(tenant.id, request.id, Answer("yes"), OPERATOR)
    assert kept(office, tenant, request).status is RequestStatus.HELD
    assert office.tenant(tenant).holds


# --- who sees what ----------------------------------------------------------------------------------------


def test_another_persons_request_and_another_tenants_do_not_exist() -> None:
    office, tenant, request = asked()
    other = office.register(email="omid@customer.test", mobile="+989120000002")
    assert office.request_desk.of(tenant.id) == office.request_desk.of(tenant.id, BY) == [request]
    assert office.request_desk.of(tenant.id, "user:u_2") == []
    for tenant_id, by in ((tenant.id, "user:u_2"), (other.id, None)):
        with pytest.raises(NotFound):
            office.request_desk.file(tenant_id, request.id, by)
    with pytest.raises(NotFound):
        office.request_desk.answer(other.id, request.id, Answer("x"), OPERATOR)


@pytest.mark.clause("KALAK-staff")
def test_an_operators_look_leaves_a_line() -> None:
    office, tenant, request = asked()
    found = office.request_desk.file_for_operator(tenant.id, request.id, "o", IP)
    assert found.words == "because"
    line = office.security_log.lines(tenant.id)[0]
    assert line.kind == "request_words_shown"
    assert line.details == {"username": "o", "request_id": request.id}


def test_its_ticket_is_closed_by_answering_it_and_not_otherwise() -> None:
    office, tenant, request = asked()
    with pytest.raises(Conflict) as refused:
        office.tickets.close(tenant.id, request.ticket_id, Ending("done"), OPERATOR)
    assert refused.value.details == {"request_id": request.id}


@pytest.mark.clause("KALAK-card")
def test_a_card_number_is_masked_before_it_is_kept() -> None:
    office = Office("kalak")
    tenant = office.register()
    request = office.request_desk.receive(tenant.id, Right.ACCESS, "6037991122334455", BY)
    office.request_desk.answer(tenant.id, request.id, Answer("6037991122334455"), OPERATOR)
    found = office.request_desk.file(tenant.id, request.id)
    assert found.words == found.answer == "6037-99**-****-4455"
