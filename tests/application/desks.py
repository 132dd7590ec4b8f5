"""The desks about tickets, invoices and mail over a `World`, and what stands around them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from mohlat.agreements import loader
from mohlat.application.check_ledger import LedgerCheck
from mohlat.application.contest_invoice import DisputeDesk
from mohlat.application.declare_days import DaysDesk
from mohlat.application.handle_requests import RequestDesk
from mohlat.application.handle_tickets import TicketDesk
from mohlat.application.keep_profile import ProfileDesk
from mohlat.application.mail_readers import ClosingReader, DisputeReader, RequestReader, SupportReader
from mohlat.application.official_invoices import OfficialDesk, TaxOfficeUnavailable
from mohlat.application.quoting import Wanted
from mohlat.application.receive_mail import MailRoom
from mohlat.application.serve_support import HelpDesk
from mohlat.domain.agreement import Agreement, Seller
from mohlat.domain.billing import BillingProfile, Company
from mohlat.domain.durations import Duration
from mohlat.domain.invoices import Invoice, OfficialInvoice
from mohlat.domain.payments import OrderKind
from mohlat.domain.tenant import Tenant
from tests.application.world import World
from tests.fakes import FakeDeclaredDays

COMPANY = Company("Example Ltd", "14007650912", "14007650912")
SHEBA = "IR820540102680020817909002"
IP = "192.0.2.9"
# In Tehran 11:30 on 4 Azar 1405: an ordinary day, with the newest prices of every shipped agreement.
NOON = datetime(2026, 11, 25, 8, 0, 0, tzinfo=UTC)


class FakeTaxOffice:
    """`TaxOffice` that keeps what it was sent by its number; while `down` it takes nothing."""

    def __init__(self) -> None:
        self.down = False
        self.filed: dict[str, Mapping[str, object]] = {}
        self.calls = 0

    def file(self, document: Mapping[str, Any]) -> str:
        self.calls += 1
        if self.down:
            raise TaxOfficeUnavailable
        tax_id = f"TAX{document['number']:019d}"
        self.filed[tax_id] = document
        return tax_id


def draft(invoice: Invoice, seller: Seller, official: OfficialInvoice, serial: int) -> Mapping[str, object]:
    """What would be sent to the tax office, in short."""
    return {
        "number": serial,
        "total": invoice.total,
        "buyer": official.legal_id,
        "seller": seller.national_id,
    }


class Office(World):
    """A world with every desk of this part."""

    def __init__(self, agreement: Agreement | str = "saman360") -> None:
        super().__init__(loader.load(agreement) if isinstance(agreement, str) else agreement)
        self.clock.time = NOON
        self.tax_office = FakeTaxOffice()
        self.disputes = DisputeDesk(
            invoices=self.invoices,
            books=self.books,
            tenants=self.tenants,
            agreements=self.agreements,
            ids=self.ids,
            clock=self.clock,
        )
        self.officials = OfficialDesk(
            office=self.tax_office,
            link=lambda tenant_id, invoice_id: f"https://api.test/{tenant_id}/{invoice_id}",
            invoices=self.invoices,
            payments=self.payments,
            profiles=self.profiles,
            books=self.books,
            tenants=self.tenants,
            agreements=self.agreements,
            ids=self.ids,
            clock=self.clock,
        )
        self.days = FakeDeclaredDays(self.table)
        self.support = HelpDesk(
            books=self.books,
            tenants=self.tenants,
            agreements=self.agreements,
            days=self.days,
            security_log=self.security_log,
            ids=self.ids,
            clock=self.clock,
        )
        self.days_desk = DaysDesk(
            days=self.days, agreements=self.agreements, support=self.support, clock=self.clock
        )
        self.tickets = TicketDesk(
            books=self.books,
            profiles=self.profiles,
            tenants=self.tenants,
            agreements=self.agreements,
            refunds=self.refund_follower,
            officials=self.officials,
            support=self.support,
            security_log=self.security_log,
            clock=self.clock,
        )
        self.request_desk = RequestDesk(
            requests=self.requests,
            books=self.books,
            tenants=self.tenants,
            desk=self.desk,
            agreements=self.agreements,
            security_log=self.security_log,
            ids=self.ids,
            clock=self.clock,
        )
        self.profile_desk = ProfileDesk(
            tenants=self.tenants,
            profiles=self.profiles,
            security_log=self.security_log,
            clock=self.clock,
        )
        self.mail_room = MailRoom(
            readers=(
                DisputeReader(disputes=self.disputes, invoices=self.invoices),
                RequestReader(desk=self.request_desk, requests=self.requests, people=self.people),
                ClosingReader(desk=self.desk, people=self.people, clock=self.clock),
                SupportReader(desk=self.support, books=self.books, people=self.people),
            ),
            books=self.books,
            tenants=self.tenants,
            people=self.people,
            fingerprints=self.fingerprints,
            agreements=self.agreements,
            security_log=self.security_log,
            clock=self.clock,
        )
        self.check = LedgerCheck(books=self.books, payments=self.payments, clock=self.clock)

    @property
    def plan(self) -> str:
        """The cheapest plan."""
        return self.agreement.plans[0].id

    def bought(self, tenant: Tenant) -> Invoice:
        """The tenant buys a period of the cheapest plan now and has the invoice for it."""
        offers = self.agreement.plans[0].offers
        length: Duration = min((offer.length for offer in offers), key=lambda each: each.months)
        before = {each.id for each in self.invoices.of(tenant.id)}
        self.buy(tenant, length, self.plan)
        self.dispatch_all(tenant)
        return next(each for each in self.invoices.of(tenant.id) if each.id not in before)

    def debt(self, debt_id: str) -> Wanted:
        """What an order for a debt asks for."""
        return Wanted(OrderKind.DEBT, "", Duration(), debt_id)

    def profile(self, tenant: Tenant, **changes: object) -> BillingProfile:
        """A company's complete profile, changed as told, stored."""
        told: dict[str, object] = {
            "name": "Sara",
            "surname": "Karimi",
            "mobile": "+989121234567",
            "email": "sara@customer.test",
            "address": "1 Example Street, Tehran",
            "postal_code": "1234567890",
            "sheba": SHEBA,
            "company": COMPANY,
        }
        profile = BillingProfile(tenant.id, **(told | changes))  # type: ignore[arg-type]
        return self.profile_desk.put(profile, "u_1", IP)

    def kinds(self, tenant: Tenant) -> list[str]:
        """The kinds of all notices that the tenant is owed, in order."""
        return [notice.kind.value for entry in self.tenants.journal(tenant.id) for notice in entry.notices]

    def noted(self, subject: str) -> list[str]:
        """The kinds of lines in the security log, oldest first."""
        return [line.kind for line in self.table.audit if line.subject == subject]
