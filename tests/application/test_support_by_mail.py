"""Support by mail: a registered address asks and answers; nobody else gets a promise out of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mohlat.application.handle_tickets import Ending
from mohlat.application.mail import Mail, Outcome
from mohlat.domain.people import Role, User
from mohlat.domain.tenant import Closing, Tenant
from mohlat.domain.tickets import TicketKind
from tests.application.desks import NOON, Office
from tests.application.world import EMAIL
from tests.builders import days

PASSED = {"spf": "pass", "dkim": "pass", "dmarc": "pass", "spam": "pass", "virus": "pass"}
NIMA = "operator:nima"


def mail(subject: str = "nothing prints", **changes: Any) -> Mail:
    """A proved mail of the customer to Saman's support, changed as told."""
    whole = Mail(
        message_id="d6iitobk75ur44p8kdnnp7g2n800",
        received_at=NOON,
        sender=EMAIL,
        recipients=("support@saman360.com",),
        subject=subject,
        text="since this morning",
        verdicts=PASSED,
    )
    return replace(whole, **changes)


def customer(product: str = "saman360") -> tuple[Office, Tenant]:
    office = Office(product)
    return office, office.register()


def demoted(office: Office, tenant: Tenant) -> None:
    """The registered address is that of a user, who is no manager."""
    (owner,) = office.people.users(tenant.id)
    office.table.users[tenant.id, owner.username] = User(
        **{**{name: getattr(owner, name) for name in owner.__dataclass_fields__}, "role": Role.USER}
    )


@pytest.mark.clause("SAMAN-4.2.2")
def test_a_mail_to_support_opens_a_request_whose_time_runs_from_then_on() -> None:
    office, tenant = customer()
    received = office.mail_room.receive(mail())
    (ticket,) = office.books.tickets(tenant.id)
    assert (received.outcome, received.id, ticket.kind) == (Outcome.SUPPORT, ticket.id, TicketKind.SUPPORT)
    # A Wednesday, half past eleven: two working days are over on Sunday.
    assert ticket.due_at == NOON + days(4)
    assert office.books.words(tenant.id, ticket.id) == "nothing prints\n\nsince this morning"
    assert office.mail_room.receive(mail()).outcome is Outcome.REPEATED
    assert len(office.books.tickets(tenant.id)) == 1


@pytest.mark.clause("KALO-11")
def test_kalo_helps_by_mail_for_nothing() -> None:
    office, tenant = customer("kalo")
    received = office.mail_room.receive(mail(recipients=("support@kalo.ir",)))
    (ticket,) = office.books.tickets(tenant.id)
    assert (received.outcome, ticket.clause) == (Outcome.SUPPORT, "KALO-11")
    assert office.books.postings(tenant.id) == []


def test_a_mail_that_names_a_request_continues_it_and_lets_its_clock_go_on() -> None:
    office, tenant = customer()
    ticket_id = office.mail_room.receive(mail()).id
    assert ticket_id
    office.support.answer(tenant.id, ticket_id, "which printer?", NIMA, waits=True)
    answer = mail(f"Re: [{ticket_id.lower()}] nothing prints", message_id="m2", text="the old one")
    assert office.mail_room.receive(answer).outcome is Outcome.CONTINUED
    ticket = office.books.ticket(tenant.id, ticket_id)
    assert ticket.support
    assert ticket.support.waiting_since is None
    messages = office.books.messages(tenant.id, ticket_id)
    assert [each.text.splitlines()[-1] for each in messages] == ["which printer?", "the old one"]
    again = office.mail_room.receive(answer)
    assert (again.outcome, again.id) == (Outcome.REPEATED, ticket_id)
    assert len(office.books.messages(tenant.id, ticket_id)) == 2


def test_a_mail_about_a_closed_request_or_another_customers_is_a_new_one() -> None:
    office, tenant = customer()
    other = office.register(email="o@c.test", mobile="+989120000002")
    theirs = office.mail_room.receive(mail(sender="o@c.test", message_id="theirs")).id
    mine = office.mail_room.receive(mail()).id
    assert mine
    office.tickets.close(tenant.id, mine, Ending("done"), NIMA)
    for number, named in enumerate((mine, theirs, f"k_{'0' * 26}")):
        received = office.mail_room.receive(mail(f"Re: {named}", message_id=f"again{number}"))
        assert received.outcome is Outcome.SUPPORT
    assert len(office.books.tickets(tenant.id)) == 4
    assert len(office.books.tickets(other.id)) == 1


@pytest.mark.clause("SAMAN-4.2.6")
def test_who_is_not_the_manager_gets_no_request_by_mail_a_person_refers_them() -> None:
    office, tenant = customer()
    demoted(office, tenant)
    received = office.mail_room.receive(mail())
    (ticket,) = office.books.tickets(tenant.id)
    assert (received.outcome, ticket.kind, ticket.support) == (Outcome.TICKET, TicketKind.MAIL, None)


def test_a_closed_account_has_no_support_by_mail_either() -> None:
    office, tenant = customer()
    office.desk.close(tenant.id, Closing.TERMINATION, "user:u_1")
    assert office.mail_room.receive(mail()).outcome is Outcome.TICKET


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"verdicts": {**PASSED, "dkim": "fail"}}, Outcome.NOT_PROVED),
        ({"sender": "stranger@customer.test"}, Outcome.UNKNOWN_SENDER),
    ],
)
def test_what_is_not_proved_opens_nothing(changes: dict[str, Any], outcome: Outcome) -> None:
    office, tenant = customer()
    assert office.mail_room.receive(mail(**changes)).outcome is outcome
    assert office.books.tickets(tenant.id) == []


def test_a_mail_to_the_products_own_address_is_for_a_person_as_before() -> None:
    office, tenant = customer()
    received = office.mail_room.receive(mail(recipients=("info@saman360.com",)))
    assert received.outcome is Outcome.TICKET
    assert [each.kind for each in office.books.tickets(tenant.id)] == [TicketKind.MAIL]
