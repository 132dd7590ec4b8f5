"""The lives in which everything dies once: every state machine's, and what people do besides."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from mohlat.application.handle_requests import Answer
from mohlat.application.handle_tickets import Ending
from mohlat.application.keep_escrow import EscrowDesk
from mohlat.application.quoting import Wanted
from mohlat.application.serve_support import Wish
from mohlat.domain.agreement import Severity
from mohlat.domain.backups import SETTLING
from mohlat.domain.data_jobs import JobKind
from mohlat.domain.data_requests import Right
from mohlat.domain.durations import Duration
from mohlat.domain.overuse import Usage
from mohlat.domain.payments import OrderKind
from mohlat.domain.people import Role
from mohlat.domain.purge import Store
from mohlat.domain.refunds import RefundStatus
from mohlat.domain.rounds import LANES
from mohlat.domain.synchronization import Change
from mohlat.domain.tenant import Closing, Tenant
from mohlat.domain.uptime import Cause
from tests.application.desks import draft
from tests.crashes.enumeration import Scenario
from tests.crashes.people import BOTH, OPERATOR, OWNER, buy, customers, granted, join, length, order
from tests.crashes.site import Site
from tests.fakes import FakeEraser

Pauses = Iterator[None]


class SmallBites(FakeEraser):
    """An eraser that takes one item at a time."""

    def erase(self, tenant_id: str, store: Store, limit: int = 500) -> int:
        return super().erase(tenant_id, store, 1)


def the_tenant(site: Site) -> Tenant:
    """The first customer, as stored."""
    return site.tenants.get(min(site.table.tenants))


def customer(site: Site) -> None:
    """A customer of long standing."""
    join(site)


def buyer(site: Site) -> None:
    """A customer who has bought the cheapest plan for a year."""
    buy(site, join(site), Wanted(OrderKind.TERM, site.plan, Duration.parse("P1Y")))


def fill(site: Site) -> None:
    """Records of the customer's own, as many as make two pages, and one object."""
    tenant = the_tenant(site)
    for each in range(20):
        site.records_desk.put(tenant.id, f"r-{each:04d}", {"n": each, "text": "x" * 60_000})
    site.objects.put(tenant.id, "backups/b_1/records-00001.jsonl", b"{}")


def filled_customer(site: Site) -> None:
    """A customer with records."""
    join(site)
    fill(site)


def company(site: Site) -> None:
    """A company that has bought a year, with its billing profile."""
    buyer(site)
    site.profile(the_tenant(site))


def erased_bit_by_bit(site: Site) -> None:
    """One with so many records that emptying the stores takes more than one run."""
    filled_customer(site)
    vars(site.shredder)["_eraser"] = SmallBites(site.table)


def filled_buyer(site: Site) -> None:
    """One who has bought a year, with records; of the backups two are kept."""
    assert site.agreement.backups
    few = replace(site.agreement, backups=replace(site.agreement.backups, keep=2))
    site.agreements.known[:] = [few]
    buyer(site)
    fill(site)


# --- subscription and purge -------------------------------------------------------------------------------


def trial_that_nobody_pays_for(site: Site) -> Pauses:
    """Registered, reminded, ended, warned, purged, certified."""
    join(site)
    site.pass_time(hours=3)
    yield
    site.pass_time(days=30, hours=3)
    yield
    site.run_out()
    yield


def lease_that_nobody_pays(site: Site) -> Pauses:
    """A lease on credit: invoiced, suspended, read-only, deactivated, purged."""
    for days in (29, 7, 20, 60):
        site.pass_time(days=days, hours=3)
        yield
    site.run_out()
    yield


def renewed_and_lapsed(site: Site) -> Pauses:
    """A second period bought before the first one ends; then nothing more, until the purge."""
    site.pass_time(days=300)
    buy(site, the_tenant(site))
    site.pass_time(days=100)
    yield
    site.run_out()
    yield


def closed_and_erased_bit_by_bit(site: Site) -> Pauses:
    """Closed by the customer; the purge takes many runs."""
    tenant = the_tenant(site)
    site.insist(
        lambda: site.desk.close(tenant.id, Closing.TERMINATION, OWNER), lambda: site.tenant(tenant).closed_at
    )
    site.run_out()
    yield


def closed_and_reopened(site: Site) -> Pauses:
    """Closed by the customer, reopened, closed again for good."""
    tenant = the_tenant(site)
    for _ in range(2):
        site.insist(
            lambda: site.desk.close(tenant.id, Closing.TERMINATION, OWNER),
            lambda: site.tenant(tenant).closed_at,
        )
        site.pass_time(hours=3)
        yield
        if site.events(tenant).count("closed") == 1:
            site.insist(lambda: site.desk.reopen(tenant.id, OWNER), lambda: not site.tenant(tenant).closed_at)
            site.pass_time(hours=3)
            yield
    site.run_out()
    yield


def held_and_released(site: Site) -> Pauses:
    """A hold over the purge's date; released, the purge is taken up again."""
    tenant = the_tenant(site)
    clause = sorted(site.agreement.clauses)[0]
    site.pass_time(days=40)
    site.insist(
        lambda: site.desk.place_hold(tenant.id, "proceedings", "court", clause, by=OPERATOR),
        lambda: site.tenant(tenant).holds,
    )
    site.pass_time(days=100)
    yield
    hold = site.tenant(tenant).holds[0]
    site.insist(lambda: site.desk.release_hold(tenant.id, hold.id, "over", clause, by=OPERATOR))
    site.pass_time(hours=3)
    yield
    site.run_out()
    yield


def use_above_the_limits(site: Site) -> Pauses:
    """Metered, invoiced, reminded, suspended, paid in the end."""
    tenant = the_tenant(site)
    report = Usage("2026-11", "records", 100_000, True)
    site.insist(lambda: site.usage_desk.report(tenant.id, report, OPERATOR))
    site.pass_time(days=10)
    yield
    site.pass_time(days=10)
    yield
    (debt,) = site.tenant(tenant).debts
    buy(site, tenant, Wanted(OrderKind.DEBT, "", Duration(), debt.id))
    site.pass_time(days=6)
    yield


# --- money ------------------------------------------------------------------------------------------------


def payment_and_upgrade(site: Site) -> Pauses:
    """Bought with a browser that comes back, upgraded later."""
    tenant = the_tenant(site)
    buy(site, tenant, Wanted(OrderKind.TERM, site.plan, Duration.parse("P1Y")))
    site.pass_time(days=5)
    yield
    site.pass_time(days=40)
    buy(site, tenant, Wanted(OrderKind.UPGRADE, site.agreement.plans[1].id))
    site.pass_time(days=5)
    yield


def payment_in_silence(site: Site) -> Pauses:
    """Paid, nobody comes back, and the gateway's first answer is lost."""
    site.gateway.lose_answers = 1
    order(site, the_tenant(site))
    site.pass_time(days=5)
    yield


def payment_that_is_not_made(site: Site) -> Pauses:
    """Ordered, given up at the bank: the order ends, and its late watch with it."""
    tenant = the_tenant(site)
    placed = site.insist(lambda: site.order(tenant, length(site), site.plan))
    assert placed
    site.alone(lambda: site.come_back(placed, claims_paid=False))
    site.pass_time(days=6)
    yield


def money_for_a_closed_account(site: Site) -> Pauses:
    """Paid and closed in between: the money goes back, then everything is purged."""
    tenant = the_tenant(site)
    placed = order(site, tenant)
    site.insist(
        lambda: site.desk.close(tenant.id, Closing.TERMINATION, OWNER), lambda: site.tenant(tenant).closed_at
    )
    site.alone(lambda: site.come_back(placed))
    site.alone(lambda: site.come_back(placed))
    site.pass_time(days=5)
    yield
    site.gateway.complete_refunds()
    site.pass_time(days=5)
    yield
    site.run_out()
    yield


def _give_back(site: Site, tenant: Tenant, amount: int) -> None:
    payment, before = granted(site, tenant), len(site.books.refunds(tenant.id))
    clause = sorted(site.agreement.clauses)[0]
    site.insist(
        lambda: site.refund_desk.give_back(tenant.id, payment.id, amount, "goodwill", clause, OPERATOR),
        lambda: len(site.books.refunds(tenant.id)) > before,
    )


def refunds_in_parts(site: Site) -> Pauses:
    """Two equal parts of a payment, the second while the first is under way; one of the gateway's answers is
    lost.
    """
    tenant = the_tenant(site)
    _give_back(site, tenant, 500_000)
    site.gateway.lose_refunds = 1
    site.pass_time(hours=1)
    _give_back(site, tenant, 500_000)
    site.pass_time(days=1)
    site.gateway.complete_refunds()
    site.pass_time(days=5)
    site.gateway.complete_refunds()
    site.pass_time(days=5)
    yield


def refund_by_a_person(site: Site) -> Pauses:
    """The gateway has no way back: a ticket asks a person, who pays and says so."""
    tenant = the_tenant(site)
    site.gateway.refundable = False
    _give_back(site, tenant, 500_000)
    site.pass_time(days=3)
    yield
    (ticket,) = [each for each in site.books.tickets(tenant.id) if each.open]
    site.insist(lambda: site.tickets.close(tenant.id, ticket.id, Ending("sent by hand"), OPERATOR))
    site.pass_time(hours=3)
    assert [each.status for each in site.books.refunds(tenant.id)] == [RefundStatus.PAID_OUT]
    yield


def withdrawn_in_time(site: Site) -> Pauses:
    """Everything paid goes back, then everything is deleted (SAMAN-2.6)."""
    tenant = the_tenant(site)
    site.insist(
        lambda: site.refund_desk.withdraw(tenant.id, OWNER, data_taken=True),
        lambda: site.tenant(tenant).closed_at,
    )
    site.pass_time(hours=3)
    yield
    site.gateway.complete_refunds()
    site.pass_time(days=5)
    site.run_out()
    yield


def escrow_released_and_returned(site: Site) -> Pauses:
    """Two pieces of work: a deposit released, a deposit returned (SAMAN-5.8)."""
    tenant = the_tenant(site)
    desk = EscrowDesk(
        tenants=site.tenants,
        payments=site.payments,
        books=site.books,
        dispatches=site.dispatches,
        agreements=site.agreements,
        security_log=site.security_log,
        ids=site.ids,
        clock=site.clock,
    )
    for number, end in enumerate((desk.release, desk.return_deposit), 1):
        site.insist(
            lambda: desk.agree(tenant.id, "u_partner", "A theme", 8_000_000, OPERATOR),
            lambda number=number: len(site.books.escrows(tenant.id)) == number,  # type: ignore[misc]
        )
        work = site.books.escrows(tenant.id)[-1]
        buy(site, tenant, Wanted(OrderKind.ESCROW, "", Duration(), work.id))
        site.pass_time(hours=1)
        site.insist(lambda end=end, work=work: end(tenant.id, work.id, OWNER))  # type: ignore[misc]
        site.pass_time(days=5)
        yield
    site.gateway.complete_refunds()
    site.pass_time(days=5)
    yield


# --- tickets ----------------------------------------------------------------------------------------------


def support_that_comes_too_late(site: Site) -> Pauses:
    """A critical fault: every deadline is missed, each is rung for, and it is closed in the end."""
    tenant = the_tenant(site)
    site.insist(
        lambda: site.support.open(tenant.id, Wish("nothing works", Severity.CRITICAL), OWNER, Role.OWNER),
        lambda: site.books.tickets(tenant.id),
    )
    site.pass_time(days=10)
    yield
    (ticket,) = site.books.tickets(tenant.id)
    site.insist(lambda: site.tickets.close(tenant.id, ticket.id, Ending("mended"), OPERATOR))
    site.pass_time(hours=3)
    yield


def official_invoice_while_the_tax_office_is_down(site: Site) -> Pauses:
    """Asked for while nothing can be filed; the ticket's deadline tries once more."""
    tenant = the_tenant(site)
    (invoice,) = site.invoices.of(tenant.id)
    site.tax_office.down = True
    site.insist(
        lambda: site.officials.request(tenant.id, invoice.id, OWNER, draft),
        lambda: site.invoices.official(tenant.id, invoice.id),
    )
    site.pass_time(days=2)
    yield
    site.tax_office.down = False
    site.pass_time(days=6)
    yield


def request_that_is_answered_late(site: Site) -> Pauses:
    """A copy is asked for: warned of, late, then granted."""
    tenant = the_tenant(site)
    site.insist(
        lambda: site.request_desk.receive(tenant.id, Right.ACCESS, "what do you have?", OWNER),
        lambda: site.requests.of(tenant.id),
    )
    site.pass_time(days=32)
    yield
    (request,) = site.requests.of(tenant.id)
    site.insist(lambda: site.request_desk.answer(tenant.id, request.id, Answer("here it is"), OPERATOR))
    site.pass_time(hours=3)
    yield


def deletion_that_is_granted(site: Site) -> Pauses:
    """Deletion is asked for and granted: the account closes, and is purged."""
    tenant = the_tenant(site)
    site.insist(
        lambda: site.request_desk.receive(tenant.id, Right.DELETE, "all of it", OWNER),
        lambda: site.requests.of(tenant.id),
    )
    site.pass_time(hours=3)
    yield
    (request,) = site.requests.of(tenant.id)
    site.insist(lambda: site.request_desk.answer(tenant.id, request.id, Answer("it will be"), OPERATOR))
    site.pass_time(hours=3)
    yield
    site.run_out()
    yield


# --- data -------------------------------------------------------------------------------------------------


def exported_and_expired(site: Site) -> Pauses:
    """Everything is written page by page; a week later the files go."""
    tenant = the_tenant(site)
    site.insist(
        lambda: site.export_desk.begin(tenant.id, OWNER), lambda: site.jobs.of(tenant.id, JobKind.EXPORT)
    )
    site.pass_time(hours=3)
    yield
    site.pass_time(days=40)
    yield


def backed_up_damaged_and_restored(site: Site) -> Pauses:
    """A backup, damage, the way back with the present state saved first; then backups by themselves
    (CLUB-5).
    """
    tenant = the_tenant(site)
    site.insist(
        lambda: site.backup_desk.begin(tenant.id, OWNER), lambda: site.jobs.of(tenant.id, JobKind.BACKUP)
    )
    site.pass_time(hours=3)
    yield
    before = site.clock.now()
    site.insist(lambda: site.records_desk.put(tenant.id, "r-0000", {"n": "damaged"}))
    site.insist(lambda: site.records_desk.delete(tenant.id, "r-0001"))
    site.insist(lambda: site.records_desk.put(tenant.id, "s-new", {"n": 9}))
    site.insist(
        lambda: site.backup_desk.restore(tenant.id, OWNER, before=before, overwrite=True),
        lambda: site.jobs.of(tenant.id, JobKind.RESTORATION),
    )
    site.clock.time += SETTLING
    site.pass_time(hours=3)
    yield
    for number in range(9):
        site.insist(lambda number=number: site.records_desk.put(tenant.id, "r-0002", {"n": number}))  # type: ignore[misc]
        site.pass_time(days=2)
    yield


def batch_of_a_device(site: Site) -> Pauses:
    """Sixty changes of thirty records, brought until they are taken (CLUB-3)."""
    tenant, now = the_tenant(site), site.clock.now()
    changes = [
        Change("a", f"{n}", f"r-{n % 30:02d}", now - timedelta(minutes=n), {"n": n}) for n in range(60)
    ]
    site.insist(lambda: site.sync_desk.take(tenant.id, changes))
    yield


# --- what concerns many -----------------------------------------------------------------------------------


def leak_that_is_told(site: Site) -> Pauses:
    """A case of leaked data: investigated, those affected told, reported."""
    product = site.agreement.product
    affected = sorted(site.table.tenants)[:2]
    site.insist(lambda: site.leak_desk.open(product, "a laptop", OPERATOR), lambda: site.leaks.of(product))
    (leak,) = site.leaks.of(product)
    site.insist(lambda: site.leak_desk.investigated(product, leak.id, affected, "an export", OPERATOR))
    site.pass_time(days=4)
    yield
    site.insist(lambda: site.leak_desk.tell(product, leak.id, OPERATOR))
    site.pass_time(hours=3)
    yield


def news_for_everybody(site: Site) -> Pauses:
    """A round of all customers, lane by lane."""
    product = site.agreement.product
    site.insist(
        lambda: site.news_desk.post(product, BOTH, BOTH, OPERATOR), lambda: site.news_desk.latest(product)
    )
    site.pass_time(hours=3)
    yield


def maintenance_that_is_moved(site: Site) -> Pauses:
    """A window is planned, moved nearer, reminded of, opened, ended."""
    product, now = site.agreement.product, site.clock.now()
    hour = timedelta(hours=1)
    site.insist(
        lambda: site.maintenance_desk.plan(product, now + 72 * hour, now + 74 * hour, BOTH, OPERATOR),
        lambda: site.maintenance_desk.of(product),
    )
    site.pass_time(hours=3)
    yield
    (window,) = site.maintenance_desk.of(product)
    site.insist(
        lambda: site.maintenance_desk.move(product, window.id, now + 36 * hour, now + 40 * hour, OPERATOR),
        lambda: site.service.window(product, window.id).revision == 2,
    )
    site.pass_time(hours=3)
    yield
    site.run_to(now + 38 * hour)
    yield
    site.run_to(now + 44 * hour)
    yield


def downtime_that_is_made_up_for(site: Site) -> Pauses:
    """An incident, and the month's time added to every lease (SAMAN-4.6)."""
    product, now = site.agreement.product, site.clock.now()
    hours = timedelta(hours=30)
    site.clock.time += hours
    site.insist(
        lambda: site.uptime_desk.note(product, Cause.FAULT, now, now + hours, (), BOTH, OPERATOR),
        lambda: site.uptime_desk.incidents(product),
    )
    site.pass_time(days=45)
    site.insist(lambda: site.uptime_desk.close_last_months("system:months"))
    site.pass_time(hours=3)
    yield


def the_products_end(site: Site) -> Pauses:
    """Planned, announced, ended: a year of reading, what is not used goes back, then everything goes
    (KALO-9).
    """
    product, ends_at = site.agreement.product, site.clock.now() + timedelta(days=60)
    site.insist(
        lambda: site.wind_down_desk.plan(product, ends_at, BOTH, OPERATOR),
        lambda: site.service.wind_down(product),
    )
    site.pass_time(hours=3)
    yield
    site.run_to(ends_at + timedelta(hours=3))
    yield
    site.gateway.complete_refunds()
    site.pass_time(days=5)
    yield
    site.run_out()
    yield


def trying_and_paying(site: Site) -> None:
    """One customer who tries, one who pays."""
    join(site, 1)
    buy(site, join(site, 2), Wanted(OrderKind.TERM, site.plan, Duration.parse("P1Y")))


def two(site: Site) -> None:
    """Two customers."""
    customers(site, 2)


def several(site: Site) -> None:
    """More customers than one in some lanes, none in others."""
    joined = customers(site, 12)
    assert len({zlib.crc32(each.id.encode()) % LANES for each in joined}) < len(joined)


SCENARIOS = [
    Scenario(life.__name__, product, life, given)
    for life, product, given in (
        (trial_that_nobody_pays_for, "kalo", lambda site: None),
        (lease_that_nobody_pays, "saman360", filled_customer),
        (closed_and_erased_bit_by_bit, "kalo", erased_bit_by_bit),
        (renewed_and_lapsed, "kalo", buyer),
        (closed_and_reopened, "kalak", filled_customer),
        (held_and_released, "kalo", filled_customer),
        (use_above_the_limits, "saman360", buyer),
        (payment_and_upgrade, "kalo", customer),
        (payment_in_silence, "saman360", customer),
        (payment_that_is_not_made, "kalo", customer),
        (money_for_a_closed_account, "kalo", customer),
        (refunds_in_parts, "kalo", buyer),
        (refund_by_a_person, "saman360", company),
        (withdrawn_in_time, "saman360", buyer),
        (escrow_released_and_returned, "saman360", buyer),
        (support_that_comes_too_late, "saman360", customer),
        (official_invoice_while_the_tax_office_is_down, "saman360", company),
        (request_that_is_answered_late, "kallu", customer),
        (deletion_that_is_granted, "kallu", filled_customer),
        (exported_and_expired, "kalo", filled_customer),
        (backed_up_damaged_and_restored, "customer_club", filled_buyer),
        (batch_of_a_device, "customer_club", customer),
        (leak_that_is_told, "kalak", several),
        (news_for_everybody, "customer_club", several),
        (maintenance_that_is_moved, "kalo", two),
        (downtime_that_is_made_up_for, "saman360", buyer),
        (the_products_end, "kalo", trying_and_paying),
    )
]
