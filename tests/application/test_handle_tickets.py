"""Tickets: what an operator sees of them, what closing each kind does, and that none is forgotten."""

from __future__ import annotations

import pytest

from mohlat.application.handle_tickets import Ending
from mohlat.application.ports import Compensation
from mohlat.application.settle_payment import Decision
from mohlat.domain import bookkeeping
from mohlat.domain.errors import ConcurrentChange, Conflict, InvalidInput, NotFound
from mohlat.domain.escrow import Escrow, EscrowStatus
from mohlat.domain.invoices import OfficialStatus
from mohlat.domain.ledger import Account, balances, faults
from mohlat.domain.payments import Payment, PaymentStatus
from mohlat.domain.purge import PurgeEntry
from mohlat.domain.refunds import Refund, RefundStatus
from mohlat.domain.tenant import Tenant
from mohlat.domain.tickets import Ticket, TicketKind
from mohlat.presentation import ticket_views as views
from mohlat.presentation.ticket_fields import letter, tax_id
from tests.application.desks import IP, NOON, SHEBA, Office, draft
from tests.builders import SECOND, days

BY = "operator:nima"


def closing(office: Office, ticket: Ticket, ending: Ending | str = "done") -> Ticket:
    """An operator closes the ticket."""
    ending = Ending(ending) if isinstance(ending, str) else ending
    return office.tickets.close(ticket.tenant_id, ticket.id, ending, BY)


def only_ticket(office: Office, tenant: Tenant) -> Ticket:
    """The tenant's one ticket."""
    (ticket,) = office.books.tickets(tenant.id)
    return ticket


def held(office: Office, tenant: Tenant, *, captured: bool = True) -> Payment:
    """A payment of the tenant that the gateway answers strangely."""
    placed = office.order(tenant, plan=office.plan)
    office.gateway.captures_mismatch = captured
    office.gateway.pay(placed.payment.authority or "", amount=placed.order.amount + 70_000)
    return office.come_back(placed)


def with_a_payout(office: Office, tenant: Tenant) -> Refund:
    """A refund that no gateway can send: it waits for a person."""
    office.gateway.refundable = False
    invoice = office.bought(tenant)
    clause = next(iter(office.agreement.clauses))
    office.refund_desk.give_back(tenant.id, invoice.source, 50_000, "goodwill", clause, BY)
    return office.follow_refunds(tenant)[0]


# --- looking ----------------------------------------------------------------------------------------------


def test_open_tickets_come_in_pages_oldest_first_and_closed_ones_not_at_all() -> None:
    office = Office("kalo")
    tenant = office.register()
    invoices = [office.bought(tenant) for _ in range(3)]
    opened = [office.disputes.dispute(tenant.id, each.id, "wrong", "user:u_1") for each in invoices]
    page = office.tickets.open_page("kalo", None, 2)
    assert (page.tickets, page.next_after) == (opened[:2], opened[1].id)
    rest = office.tickets.open_page("kalo", page.next_after, 2)
    assert (rest.tickets, rest.next_after) == (opened[2:], None)
    closing(office, opened[0])
    assert office.tickets.open_page("kalo", None).tickets == opened[1:]
    with pytest.raises(NotFound):
        office.tickets.open_page("unheard-of", None)


def test_a_tenant_has_all_of_its_own_newest_first() -> None:
    office = Office("kalo")
    tenant, other = office.register(), office.register(email="o@c.test", mobile="+989120000002")
    invoices = [office.bought(tenant) for _ in range(2)]
    first, second = (office.disputes.dispute(tenant.id, each.id, "wrong", "u") for each in invoices)
    closed = closing(office, first)
    assert office.tickets.of(tenant.id) == [second, closed]
    assert office.tickets.of(other.id) == []
    assert office.tickets.one(tenant.id, second.id) == second
    with pytest.raises(NotFound):
        office.tickets.one(other.id, second.id)


def test_what_the_customer_wrote_is_shown_while_the_ticket_is_open_and_each_look_is_noted() -> None:
    office = Office("kalo")
    tenant = office.register()
    ticket = office.disputes.dispute(tenant.id, office.bought(tenant).id, "we pay twice", "user:u_1")
    opened = office.tickets.file(tenant.id, ticket.id, "nima", IP)
    assert (opened.ticket, opened.words, opened.pays_customer) == (ticket, "we pay twice", False)
    line = office.security_log.lines(tenant.id)[0]
    assert (line.kind, line.source_ip) == ("ticket_words_shown", IP)
    assert line.details == {"username": "nima", "ticket_id": ticket.id}
    closing(office, ticket)
    assert office.tickets.file(tenant.id, ticket.id, "nima", IP).words is None
    assert office.noted(tenant.id).count("ticket_words_shown") == 1


def test_a_payout_shows_where_to_while_it_is_open_and_each_look_is_noted() -> None:
    office = Office()
    tenant = office.register()
    office.profile(tenant)
    with_a_payout(office, tenant)
    ticket = only_ticket(office, tenant)
    opened = office.tickets.file(tenant.id, ticket.id, "nima", IP)
    assert (opened.pays_customer, opened.sheba, opened.words) == (True, SHEBA, None)
    assert office.noted(tenant.id)[-1] == "sheba_shown"
    closing(office, ticket)
    opened = office.tickets.file(tenant.id, ticket.id, "nima", IP)
    assert (opened.pays_customer, opened.sheba) == (False, None)
    assert office.noted(tenant.id).count("sheba_shown") == 1


@pytest.mark.parametrize("profile", ["none", "without an account", "gone with the tenant's key"])
def test_a_payout_without_a_known_account_says_so(profile: str) -> None:
    office = Office()
    tenant = office.register()
    if profile == "without an account":
        office.profile(tenant, sheba="")
    with_a_payout(office, tenant)
    if profile == "gone with the tenant's key":
        office.table.keys.clear()
    opened = office.tickets.file(tenant.id, only_ticket(office, tenant).id, "nima", IP)
    assert (opened.pays_customer, opened.sheba) == (True, None)
    assert "sheba_shown" not in office.noted(tenant.id)


def test_its_owner_sees_what_came_of_a_ticket_and_not_who_worked_on_it() -> None:
    office = Office("kalo")
    tenant = office.register()
    ticket = office.disputes.dispute(tenant.id, office.bought(tenant).id, "we pay twice", "user:u_1")
    office.profile(tenant)
    opened = views.file(office.tickets.file(tenant.id, ticket.id, "nima", IP), "en")
    assert (opened["words"], opened["facts"]["amount_display"]) == ("we pay twice", "275,000 tomans")
    assert "payout" not in opened
    closed = closing(office, ticket, "it is right")
    shown = views.ticket(closed, "fa")
    assert {name: shown[name] for name in ("ticket_id", "kind", "title", "state", "outcome")} == {
        "ticket_id": ticket.id,
        "kind": "invoice_dispute",
        "title": "اعتراض به صورت‌حساب",
        "state": "closed",
        "outcome": "it is right",
    }
    assert "nima" not in str(shown)
    assert views.ticket_for_operator(closed, "en")["by"] == BY


def test_every_kind_of_ticket_has_a_title_in_both_languages() -> None:
    office = Office("kalo")
    tenant = office.register()
    for kind in TicketKind:
        ticket = Ticket("k_1", tenant.id, "kalo", kind, "x", NOON, NOON + days(3), "KALO-26")
        titles = {views.ticket(ticket, language)["title"] for language in ("fa", "en")}
        assert len(titles) == 2
        assert views.ticket_for_operator(ticket, "en")["facts"] == {}


@pytest.mark.parametrize("sheba", [SHEBA, ""])
def test_a_payout_is_shown_with_where_to_or_that_nobody_knows(sheba: str) -> None:
    office = Office()
    tenant = office.register()
    office.profile(tenant, sheba=sheba)
    with_a_payout(office, tenant)
    opened = office.tickets.file(tenant.id, only_ticket(office, tenant).id, "nima", IP)
    assert views.file(opened, "en")["payout"] == {"sheba": sheba or None, "sheba_known": bool(sheba)}


def test_a_letter_has_lines_and_nothing_that_steers_what_reads_it() -> None:
    read = letter(40)
    assert read("one \r\n\r\n two\u200cthree\n", "text") == "one\n\ntwo\u200cthree"
    for wrong, reason in {
        " \n ": "is empty",
        "x" * 41: "too long",
        "a\n\u202eb": "holds control characters",
        "a\x00": "holds control characters",
    }.items():
        with pytest.raises(InvalidInput) as refusal:
            read(wrong, "text")
        assert (refusal.value.field, refusal.value.reason) == ("text", reason)
    with pytest.raises(InvalidInput, match="must be text"):
        read(7, "text")


def test_a_tax_id_has_twenty_two_signs() -> None:
    assert tax_id("a1samn04c4f00000000۰۱x", "tax_id") == "A1SAMN04C4F0000000001X"
    for wrong in ("A1SAMN", "A1SAMN04C4F000000000-1", "A1SAMN04C4F00000000012X"):
        with pytest.raises(InvalidInput, match="not 22 letters and digits"):
            tax_id(wrong, "tax_id")


# --- closing ----------------------------------------------------------------------------------------------


def test_a_ticket_is_closed_once() -> None:
    office = Office("kalo")
    tenant = office.register()
    ticket = office.disputes.dispute(tenant.id, office.bought(tenant).id, "wrong", "user:u_1")
    assert closing(office, ticket, "it is right").outcome == "it is right"
    with pytest.raises(Conflict) as refusal:
        closing(office, ticket)
    assert refusal.value.details == {"outcome": "it is right"}


def test_of_two_who_close_at_once_one_learns_of_the_other() -> None:
    office = Office("kalo")
    tenant = office.register()
    ticket = office.disputes.dispute(tenant.id, office.bought(tenant).id, "wrong", "user:u_1")
    office.tenants.before_commit.append(lambda: closing(office, ticket, "first"))
    with pytest.raises(Conflict):
        closing(office, ticket, "second")
    assert office.books.ticket(tenant.id, ticket.id).outcome == "first"
    assert office.events(tenant).count("ticket_closed") == 1


def test_a_payout_to_the_customer_ends_its_refund() -> None:
    office = Office()
    tenant = office.register()
    refund = with_a_payout(office, tenant)
    assert refund.status is RefundStatus.PAYOUT
    closed = closing(office, only_ticket(office, tenant), "sent by bank transfer 8812")
    assert (closed.outcome, closed.by) == ("sent by bank transfer 8812", BY)
    assert office.books.refund(tenant.id, refund.id).status is RefundStatus.PAID_OUT
    assert office.tenant(tenant).open_matters == frozenset()
    assert balances(office.books.postings(tenant.id))[Account.REFUNDED] == 50_000


def escrow_released(office: Office, tenant: Tenant) -> Ticket:
    """Agreed work was done: its partner waits for the money."""
    escrow = Escrow(
        "e_1", tenant.id, tenant.product, "partner", "a report", 900_000, NOON, EscrowStatus.RELEASED
    )
    ticket = Ticket(
        "k_1", tenant.id, tenant.product, TicketKind.PAYOUT, "e_1", NOON, NOON + days(2), "SAMAN-5.8"
    )
    office.books.write([escrow, ticket, bookkeeping.released(escrow, "SAMAN-5.8", NOON)])
    return ticket


def test_a_partner_who_was_paid_is_owed_nothing_any_more() -> None:
    office = Office()
    tenant = office.register()
    office.profile(tenant)
    ticket = escrow_released(office, tenant)
    opened = office.tickets.file(tenant.id, ticket.id, "nima", IP)
    assert (opened.pays_customer, opened.sheba) == (False, None)
    closing(office, ticket, "sent")
    held = balances(office.books.postings(tenant.id))
    assert (held[Account.PAYABLE], held[Account.PAID_OUT]) == (0, 900_000)
    entry = office.tenants.journal(tenant.id)[-1]
    assert (entry.event.value, entry.why, entry.by) == ("ticket_closed", "sent", BY)
    assert entry.facts == {"ticket_id": "k_1", "kind": "payout"}


def test_a_compensation_that_was_paid_is_owed_no_more() -> None:
    office = Office()
    tenant = office.register()
    office.profile(tenant)
    owed = Compensation("m_1", tenant.id, "saman360", 70_000, "our error", "SAMAN-4.6", NOON, "k_1")
    ticket = Ticket("k_1", tenant.id, "saman360", TicketKind.PAYOUT, "m_1", NOON, NOON + days(2), "SAMAN-4.6")
    posting = bookkeeping.compensated("m_1", tenant.id, "saman360", 70_000, "SAMAN-4.6", NOON)
    office.books.write([owed, ticket, posting])
    assert office.tickets.file(tenant.id, "k_1", "nima", IP).sheba == SHEBA
    closing(office, ticket)
    held = balances(office.books.postings(tenant.id))
    assert (held[Account.CREDITED], held[Account.PAID_OUT]) == (0, 70_000)
    assert faults(tenant.id, office.books.postings(tenant.id)) == []
    with pytest.raises(Conflict):
        closing(office, ticket)


@pytest.mark.parametrize("taken", [True, False])
def test_an_uncertain_refund_is_ended_or_asked_for_again_as_a_person_saw_it(taken: bool) -> None:
    office = Office()
    tenant = office.register()
    invoice = office.bought(tenant)
    clause = next(iter(office.agreement.clauses))
    refund = office.refund_desk.give_back(tenant.id, invoice.source, 50_000, "goodwill", clause, BY)
    office.gateway.lose_refunds = 1
    office.follow_refunds(tenant)
    office.gateway.refundable = False
    office.clock.advance(hours=1)
    office.follow_refunds(tenant)
    ticket = only_ticket(office, tenant)
    assert ticket.kind is TicketKind.REFUND_UNCERTAIN
    with pytest.raises(InvalidInput) as refusal:
        closing(office, ticket)
    assert (refusal.value.field, refusal.value.reason) == ("taken", "is missing")
    closed = closing(office, ticket, Ending("looked there", taken=taken))
    assert closed.outcome == "looked there"
    status = RefundStatus.SETTLED if taken else RefundStatus.RESERVED
    assert office.books.refund(tenant.id, refund.id).status is status
    assert office.payments.get(invoice.source).calling is None


def test_a_held_payments_ticket_is_closed_by_deciding_the_payment_and_not_otherwise() -> None:
    office = Office()
    tenant = office.register()
    payment = held(office, tenant)
    ticket = only_ticket(office, tenant)
    with pytest.raises(Conflict) as refusal:
        closing(office, ticket)
    assert refusal.value.details == {"payment_id": payment.id}
    assert office.books.ticket(tenant.id, ticket.id).open


@pytest.mark.parametrize(
    ("decision", "status", "outcome"),
    [
        (Decision.GRANT, PaymentStatus.GRANTED, "the payment was granted"),
        (Decision.RETURN, PaymentStatus.RETURNED, "the money goes back"),
    ],
)
def test_deciding_a_held_payment_closes_its_ticket_in_the_same_write(
    decision: Decision, status: PaymentStatus, outcome: str
) -> None:
    office = Office()
    tenant = office.register()
    payment = held(office, tenant)
    # Whatever is lost, neither is there without the other.
    office.tenants.lose = 1
    decided = office.payment_desk.decide(payment.id, decision, BY)
    closed = only_ticket(office, tenant)
    assert decided.status is status
    assert (closed.open, closed.outcome, closed.by) == (False, outcome, BY)


def test_a_held_payment_without_money_is_closed_with_its_ticket() -> None:
    office = Office()
    tenant = office.register()
    payment = held(office, tenant, captured=False)
    office.payment_desk.decide(payment.id, Decision.RETURN, BY)
    assert only_ticket(office, tenant).outcome == "no money was taken"
    assert office.tenant(tenant).open_matters == frozenset()


def test_a_held_payment_that_the_gateway_explains_after_all_closes_its_ticket() -> None:
    office = Office()
    tenant = office.register()
    payment = held(office, tenant, captured=False)
    office.gateway.tills[payment.authority or ""].amount = payment.amount
    decided = office.payment_desk.decide(payment.id, Decision.ASK_AGAIN, BY)
    assert decided.status is PaymentStatus.GRANTED
    closed = only_ticket(office, tenant)
    assert (closed.outcome, closed.by) == ("the payment was granted", "gateway:zarinpal")


def test_a_held_payment_of_a_purged_tenant_closes_its_ticket_without_a_journal() -> None:
    office = Office()
    tenant = office.register()
    payment = held(office, tenant)
    purge(office, tenant)
    office.payment_desk.decide(payment.id, Decision.RETURN, BY)
    assert only_ticket(office, tenant).outcome == "the money goes back"


def purge(office: Office, tenant: Tenant) -> None:
    """The tenant is gone, and everything about money stays."""
    del office.table.tenants[tenant.id]
    office.table.keys.discard(tenant.id)
    office.table.ledger[tenant.id] = PurgeEntry(
        tenant.id, tenant.product, "T-X", "closed", NOON, "", 1, (), None
    )


def missing(office: Office, tenant: Tenant) -> Payment:
    """A failed payment that took money, as its customer says, and that did not turn up in time."""
    placed = office.order(tenant, plan=office.plan)
    office.come_back(placed, claims_paid=False)
    payment = office.payment_desk.report(placed.payment.id, "user:u_1")
    while payment.ticket_id is None:
        assert payment.next_check_at
        office.clock.time = max(office.clock.time, payment.next_check_at)
        payment = office.payment_desk.check(payment.id)
    return payment


@pytest.mark.clause("CLUB-7")
def test_a_missing_payment_stays_a_matter_until_its_ticket_is_closed() -> None:
    office = Office("customer_club")
    tenant = office.register()
    payment = missing(office, tenant)
    ticket = only_ticket(office, tenant)
    assert (ticket.kind, ticket.clause) == (TicketKind.PAYMENT_MISSING, "CLUB-7")
    assert ticket.facts["authority"] == payment.authority
    assert office.tenant(tenant).open_matters == {f"payment:{payment.id}"}
    closing(office, ticket, "the bank returned it on 3 Dey")
    assert office.tenant(tenant).open_matters == frozenset()
    assert office.tenants.journal(tenant.id)[-1].why == "the bank returned it on 3 Dey"


def test_a_missing_payment_that_turns_up_closes_its_ticket() -> None:
    office = Office("customer_club")
    tenant = office.register()
    payment = missing(office, tenant)
    callback = office.gateway.pay(payment.authority or "")
    found = office.payment_desk.called_back(callback)
    assert found.status is PaymentStatus.OWED_BACK
    assert only_ticket(office, tenant).outcome == "the money goes back"
    # It is closed already when more is decided about the payment.
    assert office.payment_desk.called_back(callback) == found


@pytest.mark.parametrize("refunded", [True, False])
def test_an_answered_objection_ends_its_matter_and_is_told(refunded: bool) -> None:
    office = Office("kalo")
    tenant = office.register()
    invoice = office.bought(tenant)
    ticket = office.disputes.dispute(tenant.id, invoice.id, "wrong", "user:u_1")
    refund_id = None
    if refunded:
        refund = office.refund_desk.give_back(
            tenant.id, invoice.source, 50_000, "an error of ours", "KALO-24", BY
        )
        refund_id = refund.id
    closing(office, ticket, Ending("you are right", refund_id=refund_id))
    assert office.tenant(tenant).open_matters == ({f"refund:{refund_id}"} if refunded else frozenset())
    (notice,) = office.tenants.journal(tenant.id)[-1].notices
    expected = {"ticket_id": ticket.id, "invoice": invoice.label}
    assert notice.kind.value == "dispute_answered"
    assert notice.facts == expected | ({"refund_id": refund_id, "amount": 50_000} if refunded else {})


def test_an_answer_names_only_a_refund_of_this_tenant() -> None:
    office = Office("kalo")
    tenant = office.register()
    ticket = office.disputes.dispute(tenant.id, office.bought(tenant).id, "wrong", "user:u_1")
    with pytest.raises(InvalidInput) as refusal:
        closing(office, ticket, Ending("right", refund_id="r_of_another"))
    assert refusal.value.field == "refund_id"
    assert office.books.ticket(tenant.id, ticket.id).open


def test_an_official_invoice_filed_by_hand_is_issued_under_its_number() -> None:
    office = Office()
    tenant = office.register()
    office.profile(tenant)
    invoice = office.bought(tenant)
    office.tax_office.down = True
    office.officials.request(tenant.id, invoice.id, "user:u_1", draft)
    ticket = only_ticket(office, tenant)
    with pytest.raises(InvalidInput) as refusal:
        closing(office, ticket)
    assert refusal.value.field == "tax_id"
    closed = closing(office, ticket, Ending("filed at the office's site", tax_id="A1SAMN000000000000000X"))
    assert (closed.outcome, closed.by) == ("filed at the office's site", BY)
    issued = office.invoices.official(tenant.id, invoice.id)
    assert issued
    assert (issued.status, issued.tax_id) == (OfficialStatus.ISSUED, "A1SAMN000000000000000X")
    assert office.kinds(tenant)[-1] == "official_invoice_issued"


def test_a_read_mail_is_closed_without_anything_else() -> None:
    office = Office("kalo")
    tenant = office.register()
    ticket = Ticket("k_1", tenant.id, "kalo", TicketKind.MAIL, "m1", NOON, NOON + days(3), "KALO-26")
    office.books.write([ticket])
    notices = office.kinds(tenant)
    assert not closing(office, ticket, "answered by telephone").open
    assert office.kinds(tenant) == notices
    assert office.events(tenant)[-1] == "ticket_closed"


def test_a_ticket_of_a_purged_tenant_is_closed_without_a_journal() -> None:
    office = Office()
    tenant = office.register()
    ticket = escrow_released(office, tenant)
    purge(office, tenant)
    closing(office, ticket, "sent")
    assert balances(office.books.postings(tenant.id))[Account.PAID_OUT] == 900_000


@pytest.mark.parametrize(
    "ending", [Ending("x", taken=False), Ending("x", refund_id="r_1"), Ending("x", tax_id="T")]
)
def test_what_does_not_belong_to_an_ending_is_refused(ending: Ending) -> None:
    office = Office("kalo")
    tenant = office.register()
    ticket = Ticket("k_1", tenant.id, "kalo", TicketKind.MAIL, "m1", NOON, NOON + days(3), "KALO-26")
    office.books.write([ticket])
    with pytest.raises(InvalidInput, match="not part of such a ticket"):
        closing(office, ticket, ending)


# --- nobody came ------------------------------------------------------------------------------------------


def waiting(office: Office, tenant: Tenant) -> Ticket:
    """A ticket that is due in three days."""
    ticket = Ticket("k_1", tenant.id, "kalo", TicketKind.MAIL, "m1", NOON, NOON + days(3), "KALO-26")
    office.books.write([ticket])
    return ticket


def test_a_ticket_is_escalated_at_its_very_second_and_once() -> None:
    office = Office("kalo")
    tenant = office.register()
    ticket = waiting(office, tenant)
    office.clock.time = ticket.due_at - SECOND
    assert office.tickets.escalate(tenant.id, ticket.id) == ticket
    office.clock.time = ticket.due_at
    marked = office.tickets.escalate(tenant.id, ticket.id)
    assert (marked.escalated_at, marked.open, marked.wakes_at) == (ticket.due_at, True, None)
    office.clock.advance(days=1)
    assert office.tickets.escalate(tenant.id, ticket.id) == marked


def test_a_ticket_that_was_closed_in_time_is_not_escalated() -> None:
    office = Office("kalo")
    tenant = office.register()
    closed = closing(office, waiting(office, tenant))
    office.clock.advance(days=9)
    assert office.tickets.escalate(tenant.id, closed.id) == closed


def test_an_escalated_ticket_can_still_be_closed() -> None:
    office = Office("kalo")
    tenant = office.register()
    ticket = waiting(office, tenant)
    office.clock.advance(days=4)
    office.tickets.escalate(tenant.id, ticket.id)
    assert closing(office, ticket).version == 3


def test_an_escalation_that_meets_a_closing_loses() -> None:
    office = Office("kalo")
    tenant = office.register()
    ticket = waiting(office, tenant)
    office.clock.advance(days=4)
    write = office.books.write

    def closed_first(rows: list[Ticket]) -> None:
        office.books.write = write  # type: ignore[method-assign]
        closing(office, ticket)
        write(rows)

    office.books.write = closed_first  # type: ignore[assignment,method-assign]
    with pytest.raises(ConcurrentChange):
        office.tickets.escalate(tenant.id, ticket.id)
    assert office.books.ticket(tenant.id, ticket.id).escalated_at is None
