"""Mail that asks for a right over one's data, and mail that closes an account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from mohlat.application.handle_requests import Answer
from mohlat.application.mail import Mail, Outcome
from mohlat.domain.agreement import Phase
from mohlat.domain.data_requests import Right
from mohlat.domain.people import Role
from mohlat.domain.tenant import Closing, Tenant
from mohlat.domain.tickets import TicketKind
from tests.application.desks import NOON, Office
from tests.application.world import EMAIL, NAME
from tests.builders import SECOND, days

PASSED = {"spf": "pass", "dkim": "pass", "dmarc": "pass", "spam": "pass", "virus": "pass"}
FORGED = [{name: found} for name in ("spf", "dkim", "dmarc") for found in ("fail", "gray", "")]


def request(tenant: Tenant, **changes: Any) -> Mail:
    """A complete request of the customer to Kallu, changed as told."""
    whole = Mail(
        message_id="message-1",
        received_at=NOON,
        sender=EMAIL,
        recipients=("privacy@kallu.cc",),
        subject="My Personal Data",
        text=f"Please port my data.\nName: {NAME}\nRoom ID: {tenant.id}",
        verdicts=PASSED,
    )
    return replace(whole, **changes)


def kallu() -> tuple[Office, Tenant]:
    office = Office("kallu")
    return office, office.register()


# --- requests ---------------------------------------------------------------------------------------------


@pytest.mark.clause("KALLU-9")
@pytest.mark.parametrize(
    ("words", "right"),
    [
        ("I want to amend my data.", Right.AMEND),
        ("Port my data", Right.PORT),
        ("please DELETE it all", Right.DELETE),
        ("request access", Right.ACCESS),
        ("please erase my personal information", Right.DELETE),
        ("correct my data", Right.CORRECT),
        ("لطفاً داده‌هایم را حذف کنید", Right.DELETE),
    ],
)
def test_a_mail_that_names_right_name_and_account_is_a_request(words: str, right: Right) -> None:
    office, tenant = kallu()
    sent = request(tenant, text=f"{words}\n{NAME.upper()}, {tenant.id.lower()}")
    received = office.mail_room.receive(sent)
    assert received.outcome is Outcome.DATA_REQUEST
    (kept,) = office.requests.of(tenant.id)
    assert (kept.id, kept.right, kept.due_at) == (received.id, right, NOON + days(30))
    owner = office.people.users(tenant.id)[0].username
    assert kept.by == f"user:{owner}"
    assert words in (office.books.words(tenant.id, kept.id) or "")


@pytest.mark.parametrize(
    "subject", ["my personal data", "Re: My Personal Data", "FW: Re: MY  PERSONAL\tDATA"]
)
def test_the_subject_is_understood_as_mail_programs_write_it(subject: str) -> None:
    office, tenant = kallu()
    assert office.mail_room.receive(request(tenant, subject=subject)).outcome is Outcome.DATA_REQUEST


@pytest.mark.clause("KALLU-9")
@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "a question"},
        {"subject": "About My Personal Data and more"},
        {"text": "Port my data. Name: Sara Karimi"},
        {"text": "Port my data. Room ID: {id}"},
        {"text": "Port my data. Name: Omid Karimi, Room ID: {id}"},
        {"text": "Port my data. Name: Sara Karimi, Room ID: t_00000000000000000000000099"},
        {"text": "Name: Sara Karimi, Room ID: {id}"},
        {"text": "Port and delete my data. Name: Sara Karimi, Room ID: {id}"},
        {"text": "> Port my data. Name: Sara Karimi, Room ID: {id}"},
    ],
)
def test_what_lacks_something_is_read_by_a_person_and_nothing_is_done(changes: Mapping[str, str]) -> None:
    office, tenant = kallu()
    told = {name: value.replace("{id}", tenant.id) for name, value in changes.items()}
    received = office.mail_room.receive(request(tenant, **told))
    assert received.outcome is Outcome.TICKET
    assert office.requests.of(tenant.id) == []


@pytest.mark.clause("KALLU-9")
@pytest.mark.parametrize("verdicts", FORGED)
def test_a_forged_sender_gets_nothing_and_learns_nothing(verdicts: Mapping[str, str]) -> None:
    office, tenant = kallu()
    events, mails = office.events(tenant), len(office.mailer.sent)
    known = office.mail_room.receive(request(tenant, verdicts=PASSED | dict(verdicts)))
    unknown = office.mail_room.receive(
        request(tenant, verdicts=PASSED | dict(verdicts), sender="nobody@elsewhere.test")
    )
    assert known == unknown
    assert known.outcome is Outcome.NOT_PROVED
    office.send_all()
    assert (office.events(tenant), office.requests.of(tenant.id)) == (events, [])
    assert not any("data_request" in str(sent) for sent in office.mailer.sent[mails:])
    assert office.noted("kallu") == ["mail_not_proved"] * 2


@pytest.mark.clause("KALLU-9")
def test_another_address_is_refused_whatever_it_names() -> None:
    office, tenant = kallu()
    received = office.mail_room.receive(request(tenant, sender="sara@elsewhere.test"))
    assert received.outcome is Outcome.UNKNOWN_SENDER
    assert office.requests.of(tenant.id) == []


def test_another_customers_account_is_not_asked_about() -> None:
    office, tenant = kallu()
    stranger = office.register(email="omid@customer.test", mobile="+989120000002")
    received = office.mail_room.receive(request(tenant, sender="omid@customer.test"))
    assert received.outcome is Outcome.TICKET
    assert office.requests.of(tenant.id) == office.requests.of(stranger.id) == []


def test_a_request_that_is_delivered_again_is_one_request_also_after_its_answer() -> None:
    office, tenant = kallu()
    first = office.mail_room.receive(request(tenant))
    office.clock.advance(hours=1)
    assert office.mail_room.receive(request(tenant)).outcome is Outcome.REPEATED
    assert first.id
    office.request_desk.answer(tenant.id, first.id, Answer("here"), "operator:o")
    again = office.mail_room.receive(request(tenant))
    assert (again.outcome, again.id) == (Outcome.REPEATED, first.id)
    assert len(office.requests.of(tenant.id)) == 1


def test_a_request_that_is_delivered_twice_at_once_is_one_request() -> None:
    office, tenant = kallu()
    office.tenants.before_commit.append(lambda: office.mail_room.receive(request(tenant)))
    office.mail_room.receive(request(tenant))
    assert len(office.requests.of(tenant.id)) == 1


def test_the_same_asked_again_in_another_mail_is_read_by_a_person() -> None:
    office, tenant = kallu()
    office.mail_room.receive(request(tenant))
    again = office.mail_room.receive(request(tenant, message_id="message-2"))
    assert again.outcome is Outcome.TICKET


def test_an_agreement_that_names_no_mail_takes_no_request_by_mail() -> None:
    office = Office("kalak")
    tenant = office.register()
    sent = request(tenant, recipients=(office.agreement.inbox.address,))
    assert office.mail_room.receive(sent).outcome is Outcome.TICKET


# --- closing ----------------------------------------------------------------------------------------------


def closing(**changes: Any) -> Mail:
    """A mail that closes the customer's account with Kalo, changed as told."""
    whole = Mail(
        message_id="message-1",
        received_at=NOON,
        sender=EMAIL,
        recipients=("info@kalo.ir",),
        subject="Close my account",
        text=f"Thank you for everything.\n{NAME}",
        verdicts=PASSED,
    )
    return replace(whole, **changes)


def kalo() -> tuple[Office, Tenant]:
    office = Office("kalo")
    return office, office.register()


@pytest.mark.clause("KALO-26")
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"subject": f"Close my account: {NAME}", "text": ""},
        {"subject": "hello", "text": f"Close my account.\n\n{NAME}"},
        {"subject": "حساب من را ببندید"},
        {"subject": "حساب\u200cمن را ببنديد", "text": NAME.upper()},
    ],
)
def test_a_mail_from_the_registered_address_closes_the_account(changes: Mapping[str, str]) -> None:
    office, tenant = kalo()
    received = office.mail_room.receive(closing(**changes))
    assert received.outcome is Outcome.CLOSED
    closed = office.tenant(tenant)
    assert (closed.phase, closed.closing, closed.closed_at) == (Phase.CLOSED, Closing.TERMINATION, NOON)
    owner = office.people.users(tenant.id)[0].username
    assert office.tenants.journal(tenant.id)[-1].by == f"user:{owner}"
    assert office.kinds(tenant)[-1] == "account_closed"
    ticket = office.books.ticket(tenant.id, received.id or "")
    assert (ticket.kind, ticket.open, ticket.clause) == (TicketKind.MAIL, False, "KALO-26")
    assert office.books.open_tickets("kalo") == []
    assert NAME.casefold() in (office.books.words(tenant.id, ticket.id) or "").casefold()


@pytest.mark.clause("KALO-27")
def test_what_was_closed_by_mail_is_deleted_after_sixty_days() -> None:
    office, tenant = kalo()
    office.mail_room.receive(closing())
    office.clock.time = NOON + days(60) - SECOND
    office.send_all()
    office.catch_up(tenant)
    assert office.live_until_purge(tenant).phase is Phase.PURGED
    assert office.books.tickets(tenant.id)


@pytest.mark.clause("KALO-26")
@pytest.mark.parametrize(
    "changes",
    [
        {"sender": "sara@elsewhere.test"},
        *({"verdicts": PASSED | forged} for forged in FORGED),
        {"verdicts": PASSED | {"spam": "fail"}},
    ],
)
def test_any_other_sender_is_refused_noted_and_not_answered(changes: Mapping[str, Any]) -> None:
    office, tenant = kalo()
    office.send_all()
    events, mails = office.events(tenant), len(office.mailer.sent)
    received = office.mail_room.receive(closing(**changes))
    assert received.outcome in (Outcome.UNKNOWN_SENDER, Outcome.NOT_PROVED)
    office.send_all()
    assert (office.events(tenant), len(office.mailer.sent)) == (events, mails)
    assert office.tenant(tenant).phase is Phase.TRIAL
    assert office.noted("kalo") == [f"mail_{received.outcome.value}"]


@pytest.mark.clause("KALO-26")
@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "I do not want to close my account"},
        {"subject": "How can I close my account?"},
        {"text": "no name"},
        {"text": "Omid Karimi"},
        {"subject": "hello", "text": f"> Close my account\n{NAME}"},
        {"text": f"> {NAME}"},
    ],
)
def test_a_remark_closes_nothing(changes: Mapping[str, str]) -> None:
    office, tenant = kalo()
    assert office.mail_room.receive(closing(**changes)).outcome is Outcome.TICKET
    assert office.tenant(tenant).phase is Phase.TRIAL


def test_a_mail_that_closed_an_account_closes_it_once_however_often_it_comes() -> None:
    office, tenant = kalo()
    first = office.mail_room.receive(closing())
    office.clock.advance(hours=1)
    again = office.mail_room.receive(closing())
    assert (again.outcome, again.id) == (Outcome.REPEATED, first.id)
    assert office.events(tenant).count("closed") == 1
    assert len(office.books.tickets(tenant.id)) == 1


def test_a_mail_that_comes_twice_at_once_closes_once() -> None:
    office, tenant = kalo()
    office.tenants.before_commit.append(lambda: office.mail_room.receive(closing()))
    assert office.mail_room.receive(closing()).outcome is Outcome.REPEATED
    assert office.events(tenant).count("closed") == 1


def test_an_old_mail_does_not_close_again_what_was_opened_again() -> None:
    office, tenant = kalo()
    office.mail_room.receive(closing())
    office.table.tenants[tenant.id] = replace(office.tenant(tenant), phase=Phase.TRIAL, closed_at=None)
    assert office.mail_room.receive(closing()).outcome is Outcome.REPEATED
    assert office.tenant(tenant).phase is Phase.TRIAL


def test_a_second_wish_about_a_closed_account_is_read_by_a_person() -> None:
    office, tenant = kalo()
    office.mail_room.receive(closing())
    again = office.mail_room.receive(closing(message_id="message-2"))
    assert again.outcome is Outcome.TICKET
    assert office.events(tenant).count("closed") == 1


def test_only_an_owners_mail_closes_an_account() -> None:
    office, tenant = kalo()
    (owner,) = office.people.users(tenant.id)
    office.people.save_user(replace(owner, role=Role.USER))
    assert office.mail_room.receive(closing()).outcome is Outcome.TICKET


def test_an_agreement_without_a_phrase_closes_nothing_by_mail() -> None:
    office = Office("saman360")
    tenant = office.register()
    sent = closing(recipients=(office.agreement.inbox.address,))
    assert office.mail_room.receive(sent).outcome is Outcome.TICKET
    assert office.tenant(tenant).phase is not Phase.CLOSED
