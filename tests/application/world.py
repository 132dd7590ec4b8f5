"""Everything a use case needs, in memory and put together, with shorthand for what tests do most."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from mohlat.agreements import loader
from mohlat.application.advance_tenant import Wake, advance_tenant
from mohlat.application.announced import Announced
from mohlat.application.change_contact import ContactDesk
from mohlat.application.delegate_powers import PartnerDesk
from mohlat.application.dispatch_entry import dispatch_entry, dispatch_refund
from mohlat.application.end_product import WindDownDesk
from mohlat.application.export_tenant import ExportDesk
from mohlat.application.follow_refund import RefundFollower
from mohlat.application.go_round import RoundRunner, tell
from mohlat.application.handle_leaks import LeakDesk
from mohlat.application.issue_invoices import InvoiceDesk
from mohlat.application.keep_backups import BackupDesk
from mohlat.application.keep_consents import ConsentDesk, UnsubscribeLinks
from mohlat.application.keep_maintenance import MaintenanceDesk
from mohlat.application.keep_records import RecordsDesk
from mohlat.application.keep_terms import PublishingDesk, TermsDesk
from mohlat.application.keep_uptime import UptimeDesk
from mohlat.application.lend_support import SupportDesk
from mohlat.application.manage_tenant import TenantDesk
from mohlat.application.manage_users import UsersDesk
from mohlat.application.meter_usage import UsageDesk
from mohlat.application.place_order import PlacedOrder, order_something
from mohlat.application.post_news import NewsDesk
from mohlat.application.publish_listing import ListingDesk
from mohlat.application.purge_tenant import Shredder, tell_owner
from mohlat.application.quoting import Recalled, Wanted
from mohlat.application.reach_people import recipients_of
from mohlat.application.read_certificate import CertificateDesk
from mohlat.application.register_tenant import Application, register_tenant
from mohlat.application.return_money import RefundDesk
from mohlat.application.sections import Sections
from mohlat.application.send_notices import Sender, send_entry
from mohlat.application.serve_customer import ServiceDesk
from mohlat.application.service_gate import ServiceGate
from mohlat.application.settle_payment import PaymentDesk
from mohlat.application.sign_in import FrontDesk
from mohlat.application.sweep import sweep
from mohlat.application.synchronize import SyncDesk
from mohlat.application.terms_gate import TermsGate
from mohlat.application.transitions import catch_up
from mohlat.application.work_on_data import DataWorker
from mohlat.domain.agreement import Agreement, Channel
from mohlat.domain.data_jobs import DataJob
from mohlat.domain.durations import Duration
from mohlat.domain.journal import Entry
from mohlat.domain.notices import Dispatch
from mohlat.domain.payments import Callback, OrderKind, Payment
from mohlat.domain.people import CodePurpose
from mohlat.domain.recipients import Recipient
from mohlat.domain.refunds import Refund
from mohlat.domain.rounds import RoundKind
from mohlat.domain.tenant import Tenant
from tests.application.fakes import (
    FakeAgreements,
    FakeGateway,
    FakeMailer,
    FakeSms,
    FakeWording,
    OffsetClock,
    RacingTenants,
)
from tests.builders import AGREEMENTS
from tests.fakes import (
    FakeActivityLog,
    FakeBooks,
    FakeConsents,
    FakeContactNotes,
    FakeDataJobs,
    FakeDataRequests,
    FakeDispatches,
    FakeDueIndex,
    FakeEraser,
    FakeFingerprints,
    FakeIds,
    FakeInvoices,
    FakeLeaks,
    FakeListings,
    FakeNoticeQueue,
    FakeObjects,
    FakePayments,
    FakePeople,
    FakeProfiles,
    FakePublications,
    FakePurgeLedger,
    FakeRecords,
    FakeRoster,
    FakeSecurityLog,
    FakeService,
    FakeServiceStates,
    FakeSigner,
    FakeSignIn,
    FakeWorkflows,
    Table,
)

PASSWORD = "marmot-2-violin-canoe"
EMAIL, MOBILE, NAME, IP = "sara@customer.test", "+989121234567", "Sara Karimi", "192.0.2.7"


def months(number: int) -> Duration:
    """So many months of the agreement's calendar."""
    return Duration(months=number)


class World:
    """One stack in memory for one product."""

    def __init__(self, agreement: Agreement = AGREEMENTS["trial"]) -> None:
        self.table = Table()
        self.clock = OffsetClock()
        self.agreement = agreement
        self.agreements = FakeAgreements(agreement)
        self.open_stores()
        self.sign_in = FakeSignIn()
        self.fingerprints = FakeFingerprints()
        self.signer = FakeSigner()
        self.workflows = FakeWorkflows()
        self.queue = FakeNoticeQueue()
        self.ids = FakeIds()
        self.publishing_desk = PublishingDesk(
            publications=self.publications,
            books=self.books,
            agreements=self.agreements,
            clock=self.clock,
        )
        self.terms_gate = TermsGate(
            tenants=self.tenants,
            publications=self.publications,
            agreements=self.agreements,
            clock=self.clock,
        )
        self.gateway = FakeGateway()
        self.second_gateway = FakeGateway("zibal")
        self.mailer = FakeMailer()
        self.sms = FakeSms()
        self.links = UnsubscribeLinks(
            self.fingerprints, lambda *parts: "/".join(("https://api.example/v1/u", *parts))
        )
        self.announced = Announced(service=self.service, publications=self.publications)
        self.gate = ServiceGate(
            states=self.states,
            tenants=self.tenants,
            clock=self.clock,
            known_for=timedelta(),
        )
        self.sender = self.make_sender(
            dispatches=self.dispatches,
            people=self.people,
            consents=self.consents,
            links=self.links,
            wording=FakeWording(),
            announced=self.announced,
            reach=self._reach,
            mailer=self.mailer,
            sms=self.sms,
            ids=self.ids,
            clock=self.clock,
        )
        self.desk = TenantDesk(
            tenants=self.tenants,
            dispatches=self.dispatches,
            requests=self.requests,
            agreements=self.agreements,
            ids=self.ids,
            clock=self.clock,
        )
        self.terms_desk = TermsDesk(
            tenants=self.tenants,
            people=self.people,
            publications=self.publications,
            dispatches=self.dispatches,
            desk=self.desk,
            agreements=self.agreements,
            clock=self.clock,
        )
        self.invoice_desk = InvoiceDesk(
            invoices=self.invoices,
            payments=self.payments,
            profiles=self.profiles,
            people=self.people,
            agreements=self.agreements,
            clock=self.clock,
        )
        self.refund_desk = RefundDesk(
            tenants=self.tenants,
            payments=self.payments,
            books=self.books,
            dispatches=self.dispatches,
            agreements=self.agreements,
            ids=self.ids,
            clock=self.clock,
        )
        self.refund_follower = RefundFollower(
            gateways=self.gateway_named,
            payments=self.payments,
            books=self.books,
            profiles=self.profiles,
            tenants=self.tenants,
            agreements=self.agreements,
            ids=self.ids,
            clock=self.clock,
        )
        self.payment_desk, self.second_payment_desk = (
            PaymentDesk(
                gateway=gateway,
                payments=self.payments,
                books=self.books,
                tenants=self.tenants,
                dispatches=self.dispatches,
                publications=self.publications,
                agreements=self.agreements,
                ids=self.ids,
                clock=self.clock,
            )
            for gateway in (self.gateway, self.second_gateway)
        )
        self.front_desk = FrontDesk(
            people=self.people,
            sign_in=self.sign_in,
            fingerprints=self.fingerprints,
            agreements=self.agreements,
            queue=self.queue,
            security_log=self.security_log,
            clock=self.clock,
        )
        self.shredder = Shredder(
            ledger=self.ledger,
            eraser=self.eraser,
            tenants=self.tenants,
            people=self.people,
            sign_in=self.sign_in,
            signer=self.signer,
            retained=loader.retained,
            clock=self.clock,
        )
        self.export_desk = ExportDesk(
            tenants=self.tenants,
            jobs=self.jobs,
            payments=self.payments,
            objects=self.objects,
            dispatches=self.dispatches,
            agreements=self.agreements,
            ids=self.ids,
            clock=self.clock,
        )
        self.backup_desk = BackupDesk(
            tenants=self.tenants,
            jobs=self.jobs,
            payments=self.payments,
            dispatches=self.dispatches,
            terms=self.terms_gate,
            agreements=self.agreements,
            ids=self.ids,
            clock=self.clock,
        )
        self.sync_desk = SyncDesk(
            tenants=self.tenants,
            records=self.records,
            jobs=self.jobs,
            terms=self.terms_gate,
            agreements=self.agreements,
            clock=self.clock,
        )
        self.service_desk = ServiceDesk(
            tenants=self.tenants,
            people=self.people,
            books=self.books,
            notes=self.notes,
            agreements=self.agreements,
            ids=self.ids,
            clock=self.clock,
        )
        self.consent_desk = ConsentDesk(
            tenants=self.tenants,
            consents=self.consents,
            listings=self.listings,
            links=self.links,
            agreements=self.agreements,
            ids=self.ids,
            clock=self.clock,
        )
        self.listing_desk = ListingDesk(
            tenants=self.tenants,
            consents=self.consents,
            listings=self.listings,
            agreements=self.agreements,
            ids=self.ids,
            clock=self.clock,
        )
        self.news_desk = NewsDesk(
            service=self.service,
            books=self.books,
            agreements=self.agreements,
            ids=self.ids,
            clock=self.clock,
        )
        self.maintenance_desk = MaintenanceDesk(
            service=self.service,
            states=self.states,
            books=self.books,
            agreements=self.agreements,
            ids=self.ids,
            clock=self.clock,
        )
        self.uptime_desk = UptimeDesk(
            service=self.service,
            books=self.books,
            tenants=self.tenants,
            agreements=self.agreements,
            ids=self.ids,
            clock=self.clock,
        )
        self.wind_down_desk = WindDownDesk(
            service=self.service,
            states=self.states,
            books=self.books,
            refunds=self.refund_desk,
            agreements=self.agreements,
            clock=self.clock,
        )
        self.round_runner = RoundRunner(
            service=self.service,
            roster=self.roster,
            tenants=self.tenants,
            books=self.books,
            agreements=self.agreements,
            turns={
                RoundKind.ANNOUNCE: tell,
                RoundKind.ADD_TIME: self.uptime_desk.add_time,
                RoundKind.WIND_DOWN: self.wind_down_desk.give_year,
            },
            subjects=self.announced,
            clock=self.clock,
        )
        self.leak_desk = LeakDesk(
            leaks=self.leaks,
            tenants=self.tenants,
            agreements=self.agreements,
            ids=self.ids,
            clock=self.clock,
        )
        self.records_desk = RecordsDesk(
            tenants=self.tenants,
            records=self.records,
            jobs=self.jobs,
            activity=self.activity,
            terms=self.terms_gate,
            ids=self.ids,
            agreements=self.agreements,
            clock=self.clock,
        )
        self.partner_desk = PartnerDesk(
            tenants=self.tenants,
            activity=self.activity,
            agreements=self.agreements,
            security_log=self.security_log,
            ids=self.ids,
            clock=self.clock,
        )
        self.usage_desk = UsageDesk(
            tenants=self.tenants,
            books=self.books,
            dispatches=self.dispatches,
            agreements=self.agreements,
            ids=self.ids,
            clock=self.clock,
        )
        self.contact_desk = ContactDesk(
            tenants=self.tenants,
            people=self.people,
            sign_in=self.sign_in,
            fingerprints=self.fingerprints,
            agreements=self.agreements,
            security_log=self.security_log,
            queue=self.queue,
            clock=self.clock,
        )
        self.users_desk = UsersDesk(
            tenants=self.tenants,
            people=self.people,
            sign_in=self.sign_in,
            fingerprints=self.fingerprints,
            agreements=self.agreements,
            queue=self.queue,
            ids=self.ids,
            clock=self.clock,
        )
        self.support_desk = SupportDesk(
            tenants=self.tenants,
            people=self.people,
            fingerprints=self.fingerprints,
            books=self.books,
            records=self.records_desk,
            activity=self.activity,
            agreements=self.agreements,
            security_log=self.security_log,
            ids=self.ids,
            clock=self.clock,
        )
        self.data_worker = DataWorker(
            tenants=self.tenants,
            jobs=self.jobs,
            objects=self.objects,
            records=self.records,
            sections=Sections(
                tenants=self.tenants,
                people=self.people,
                profiles=self.profiles,
                payments=self.payments,
                invoices=self.invoices,
                books=self.books,
                dispatches=self.dispatches,
                notes=self.notes,
                consents=self.consents,
                listings=self.listings,
                requests=self.requests,
                records=self.records,
            ),
            agreements=self.agreements,
            link=lambda tenant_id, job_id: f"https://api.example/v1/tenants/{tenant_id}/exports/{job_id}",
            clock=self.clock,
        )
        self.certificates = CertificateDesk(
            ledger=self.ledger,
            fingerprints=self.fingerprints,
            address=lambda tenant_id, token: f"https://api.example/v1/certificates/{tenant_id}/{token}",
        )

    def open_stores(self) -> None:
        """Every store, empty, over one table."""
        self.tenants = RacingTenants(self.table)
        self.payments = FakePayments(self.table)
        self.books = FakeBooks(self.table)
        self.requests = FakeDataRequests(self.table)
        self.invoices = FakeInvoices(self.table)
        self.profiles = FakeProfiles(self.table)
        self.people = FakePeople(self.table)
        self.dispatches = FakeDispatches(self.table)
        self.records = FakeRecords(self.table)
        self.due = FakeDueIndex(self.table)
        self.ledger = FakePurgeLedger(self.table)
        self.eraser = FakeEraser(self.table)
        self.security_log = FakeSecurityLog(self.table)
        self.objects = FakeObjects(self.table)
        self.jobs = FakeDataJobs(self.table)
        self.leaks = FakeLeaks(self.table)
        self.publications = FakePublications(self.table)
        self.consents = FakeConsents(self.table)
        self.listings = FakeListings(self.table)
        self.service = FakeService(self.table)
        self.states = FakeServiceStates(self.table)
        self.notes = FakeContactNotes(self.table)
        self.activity = FakeActivityLog(self.table)
        self.roster = FakeRoster(self.table)

    def make_sender(self, **parts: Any) -> Sender:
        """What takes messages to their provider."""
        return Sender(**parts)

    def _reach(self, tenant_id: str, now: datetime, channels: tuple[Channel, ...]) -> tuple[Recipient, ...]:
        return recipients_of(
            tenant_id,
            now,
            tenants=self.tenants,
            people=self.people,
            profiles=self.profiles,
            agreements=self.agreements,
            channels=channels,
        )

    def application(self, **changes: object) -> Application:
        """A complete application, changed as told."""
        fields: dict[str, object] = {
            "product": self.agreement.product,
            "name": NAME,
            "email": EMAIL,
            "mobile": MOBILE,
            "password": PASSWORD,
            "language": "en",
            "accepted": frozenset(self.agreement.registration.accept),
            "source_ip": IP,
        }
        return Application(**(fields | changes))  # type: ignore[arg-type]

    def register(self, **changes: object) -> Tenant:
        """Registers a tenant now."""
        return register_tenant(
            self.application(**changes),
            tenants=self.tenants,
            people=self.people,
            sign_in=self.sign_in,
            fingerprints=self.fingerprints,
            gate=self.gate,
            publications=self.publications,
            agreements=self.agreements,
            ids=self.ids,
            clock=self.clock,
        )

    def tenant(self, tenant: Tenant) -> Tenant:
        """The tenant as it is stored now."""
        return self.tenants.get(tenant.id)

    def catch_up(self, tenant: Tenant, by: str = "sweep") -> Tenant:
        """Everything due now is carried out."""
        stored = self.tenant(tenant)
        return catch_up(self.tenants, self.dispatches, self.agreement, stored, self.clock.now(), by=by)

    def gateway_named(self, name: str) -> FakeGateway:
        """The gateway of this name."""
        return {each.name: each for each in (self.gateway, self.second_gateway)}[name]

    def order(
        self,
        tenant: Tenant,
        length: Duration | None = None,
        plan: str = "basic",
        gateway: str | None = None,
    ) -> PlacedOrder:
        """Orders a month, unless told otherwise."""
        return self.order_this(tenant, Wanted(OrderKind.TERM, plan, length or months(1)), gateway)

    def order_this(
        self,
        tenant: Tenant,
        wanted: Wanted | Recalled,
        gateway: str | None = None,
        *,
        start_now: bool = False,
    ) -> PlacedOrder:
        """Orders anything."""
        return order_something(
            tenant.id,
            wanted,
            gateway=gateway,
            start_now=start_now,
            by="user:owner",
            callback_url=lambda name: f"https://api.test/{name}/callback",
            gateways=self.gateway_named,
            tenants=self.tenants,
            payments=self.payments,
            books=self.books,
            profiles=self.profiles,
            dispatches=self.dispatches,
            gate=self.gate,
            terms=self.terms_gate,
            agreements=self.agreements,
            ids=self.ids,
            clock=self.clock,
        )

    def paid_order(self, tenant: Tenant, length: Duration | None = None, plan: str = "basic") -> PlacedOrder:
        """An order that the customer paid at the gateway and of which we do not know yet."""
        placed = self.order(tenant, length, plan)
        self.gateway_named(placed.payment.gateway).pay(placed.payment.authority or "")
        return placed

    def come_back(self, placed: PlacedOrder, *, claims_paid: bool = True) -> Payment:
        """The payer's browser comes back from the gateway."""
        gateway = self.gateway_named(placed.payment.gateway)
        authority = placed.payment.authority or ""
        receipt = gateway.tills[authority].receipt
        desk = self.payment_desk if gateway is self.gateway else self.second_payment_desk
        return desk.called_back(Callback(authority, claims_paid, receipt))

    def buy(self, tenant: Tenant, length: Duration | None = None, plan: str = "basic") -> Tenant:
        """Orders, pays, comes back."""
        self.come_back(self.paid_order(tenant, length, plan))
        return self.tenant(tenant)

    def buy_this(self, tenant: Tenant, wanted: Wanted | Recalled, *, start_now: bool = False) -> Payment:
        """Orders anything, pays, comes back."""
        placed = self.order_this(tenant, wanted, start_now=start_now)
        self.gateway_named(placed.payment.gateway).pay(placed.payment.authority or "")
        return self.come_back(placed)

    def follow_refunds(self, tenant: Tenant) -> list[Refund]:
        """Every refund goes one step further, if it is time."""
        return [self.refund_follower.step(tenant.id, refund.id) for refund in self.books.refunds(tenant.id)]

    def dispatch(self, entry: Entry) -> None:
        """What the stream brings of one entry."""
        dispatch_entry(
            entry,
            tenants=self.tenants,
            agreements=self.agreements,
            workflows=self.workflows,
            queue=self.queue,
            invoices=self.invoice_desk,
            clock=self.clock,
        )

    def dispatch_all(self, tenant: Tenant) -> None:
        """What the stream brings: every entry and every refund is dispatched."""
        for entry in self.tenants.journal(tenant.id, limit=1000):
            self.dispatch(entry)
        for refund in self.books.refunds(tenant.id):
            dispatch_refund(refund, invoices=self.invoice_desk, workflows=self.workflows, clock=self.clock)

    def advance(self, wake: Wake, execution: str, started_at: object = None) -> Wake:
        """What an execution does when it wakes from `wake`."""
        return advance_tenant(
            wake.tenant_id,
            wake.generation,
            wake.deadline,
            execution=execution,
            started_at=started_at or self.clock.wall(self.clock.now()),  # type: ignore[arg-type]
            tenants=self.tenants,
            dispatches=self.dispatches,
            agreements=self.agreements,
            workflows=self.workflows,
            clock=self.clock,
        )

    def send_entry(self, tenant_id: str, seq: int) -> list[Dispatch]:
        """The sending function takes one journal entry."""
        return send_entry(
            tenant_id, seq, tenants=self.tenants, agreements=self.agreements, sender=self.sender
        )

    def send_code(self, asked: Mapping[str, object]) -> None:
        """The sending function takes a request for a one-time code."""
        tenant = self.tenants.get(str(asked["tenant_id"]))
        purpose, channel = CodePurpose(str(asked["code"])), Channel(str(asked["channel"]))
        to = asked.get("to")
        self.sender.send_code(
            tenant, self.agreement, str(asked["username"]), purpose, channel, str(to) if to else None
        )

    def send_all(self) -> None:
        """Sends what every entry owes."""
        for tenant_id, seq in sorted(self.table.owing):
            if self.table.journal[tenant_id, seq].notices:
                self.send_entry(tenant_id, seq)

    def tell_owner(self, tenant_id: str) -> str:
        """The purge's last message."""
        return tell_owner(
            tenant_id,
            ledger=self.ledger,
            certificates=self.certificates,
            tenants=self.tenants,
            agreements=self.agreements,
            sender=self.sender,
        )

    def sweep(self, patience: timedelta = timedelta()) -> dict[str, int]:
        """Sweeps now."""
        return sweep(
            patience=patience,
            due=self.due,
            tenants=self.tenants,
            payments=self.payments,
            books=self.books,
            invoices=self.invoice_desk,
            jobs=self.jobs,
            backups=self.backup_desk,
            leaks=self.leaks,
            agreements=self.agreements,
            workflows=self.workflows,
            queue=self.queue,
            clock=self.clock,
        )

    def work(self, job: DataJob) -> DataJob:
        """A data job's execution runs until nothing is left to do now."""
        while True:
            after = self.data_worker.step(job.tenant_id, job.id)
            if after is None or after.next_due_at is None or after.next_due_at > self.clock.now():
                return after or job

    def events(self, tenant: Tenant) -> list[str]:
        """What the tenant's journal holds, in order."""
        return [entry.event.value for entry in self.tenants.journal(tenant.id)]

    def live_until_purge(self, tenant: Tenant) -> Tenant:
        """Carries out everything at its own instant, messages sent, until the purge is committed."""
        while tenant.id in self.table.due_tenants:
            self.send_all()
            self.clock.time = max(self.clock.time, self.table.due_tenants[tenant.id])
            self.catch_up(tenant)
        return self.tenant(tenant)
