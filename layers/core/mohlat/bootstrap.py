"""Puts the use cases together with what they need. Everything is made at first use and kept by the process.

Adapters are imported inside the factories, so that a function loads only what it uses.
"""

from __future__ import annotations

import json
import os
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from mohlat.domain.errors import InvalidInput, NotFound
from mohlat.settings import SettingMissing, settings

if TYPE_CHECKING:
    from datetime import datetime

    from mohlat.adapters.sealing import Sealer
    from mohlat.adapters.secrets import ParameterSecrets
    from mohlat.application.announced import Announced
    from mohlat.application.change_contact import ContactDesk
    from mohlat.application.check_ledger import LedgerCheck
    from mohlat.application.compensate import CompensationDesk
    from mohlat.application.contest_invoice import DisputeDesk
    from mohlat.application.declare_days import DaysDesk
    from mohlat.application.delegate_powers import PartnerDesk
    from mohlat.application.disclose import DisclosureDesk
    from mohlat.application.end_product import WindDownDesk
    from mohlat.application.explain_tenant import ExplanationDesk
    from mohlat.application.export_tenant import ExportDesk
    from mohlat.application.follow_refund import RefundFollower
    from mohlat.application.go_round import RoundRunner
    from mohlat.application.handle_leaks import LeakDesk
    from mohlat.application.handle_requests import RequestDesk
    from mohlat.application.handle_tickets import TicketDesk
    from mohlat.application.issue_invoices import InvoiceDesk
    from mohlat.application.keep_backups import BackupDesk
    from mohlat.application.keep_consents import ConsentDesk, UnsubscribeLinks
    from mohlat.application.keep_escrow import EscrowDesk
    from mohlat.application.keep_maintenance import MaintenanceDesk
    from mohlat.application.keep_pace import PaceKeeper
    from mohlat.application.keep_profile import ProfileDesk
    from mohlat.application.keep_records import RecordsDesk
    from mohlat.application.keep_terms import PublishingDesk, TermsDesk
    from mohlat.application.keep_uptime import UptimeDesk
    from mohlat.application.lend_support import SupportDesk
    from mohlat.application.manage_tenant import TenantDesk
    from mohlat.application.manage_users import UsersDesk
    from mohlat.application.meter_usage import UsageDesk
    from mohlat.application.object_to_restriction import ObjectionDesk
    from mohlat.application.official_invoices import OfficialDesk
    from mohlat.application.ports import (
        ActivityLog,
        Agreements,
        Books,
        Clock,
        ClockOffsets,
        Consents,
        ContactNotes,
        DataJobs,
        DataRequests,
        DeclaredDays,
        Dispatches,
        DueIndex,
        DueItem,
        Fingerprints,
        Ids,
        Invoices,
        Leaks,
        Listings,
        Mailer,
        NoticeQueue,
        ObjectStore,
        PaymentGateway,
        Payments,
        People,
        Profiles,
        Publications,
        PurgeLedger,
        Records,
        SecurityLog,
        Service,
        ServiceStates,
        Signer,
        SignIn,
        SmsSender,
        Tenants,
        Wording,
        Workflows,
    )
    from mohlat.application.post_news import NewsDesk
    from mohlat.application.publish_listing import ListingDesk
    from mohlat.application.purge_tenant import Shredder
    from mohlat.application.read_certificate import CertificateDesk
    from mohlat.application.receive_mail import MailRoom
    from mohlat.application.replay_purges import PurgeReplay
    from mohlat.application.report_misuse import MisuseDesk
    from mohlat.application.return_money import RefundDesk
    from mohlat.application.see_personal_data import PersonalDataDesk
    from mohlat.application.send_notices import Sender
    from mohlat.application.serve_customer import ServiceDesk
    from mohlat.application.serve_support import HelpDesk
    from mohlat.application.service_gate import ServiceGate
    from mohlat.application.settle_payment import PaymentDesk
    from mohlat.application.sign_in import FrontDesk
    from mohlat.application.synchronize import SyncDesk
    from mohlat.application.terms_gate import TermsGate
    from mohlat.application.work_on_data import DataWorker
    from mohlat.domain.agreement import Agreement, Channel
    from mohlat.domain.journal import Entry
    from mohlat.domain.processors import Processor
    from mohlat.domain.recipients import Recipient
    from mohlat.domain.tickets import OpenMatters


class _AgreementFiles:
    """`Agreements` over the files that come with the product."""

    def __init__(self) -> None:
        from mohlat.agreements import loader

        self.load = loader.load
        self.products = loader.products


@cache
def agreements() -> Agreements:
    """The agreements."""
    return _AgreementFiles()


def offered(product: str, version: str | None = None) -> Agreement:
    """The agreement of a product that a path names. Raises NotFound; InvalidInput for the version."""
    from mohlat.agreements.loader import is_shipped

    if product not in agreements().products():
        raise NotFound
    if version is not None and not is_shipped(product, version):
        # Whoever asks names it: that there is none is no fault of a deployment.
        raise InvalidInput("version", "unknown")
    return agreements().load(product, version)


@cache
def clock() -> Clock:
    """The machine's clock, ahead by the test clock's offset where the stack has one."""
    from mohlat.adapters.clock import OffsetClock, SystemClock

    return OffsetClock(clock_offsets()) if settings().test_clock else SystemClock()


@cache
def wall_clock() -> Clock:
    """The machine's clock, wherever a test clock stands."""
    from mohlat.adapters.clock import SystemClock

    return SystemClock()


@cache
def clock_offsets() -> ClockOffsets:
    """Where the test clock's offset is kept."""
    from mohlat.adapters.dynamodb.clock_offsets import DynamoClockOffsets

    return DynamoClockOffsets()


@cache
def ids() -> Ids:
    """Fresh ids and codes."""
    from mohlat.adapters.ids import RandomIds

    return RandomIds()


@cache
def sealer() -> Sealer:
    """What seals personal data under each tenant's own key."""
    from mohlat.adapters import aws
    from mohlat.adapters.dynamodb.data_keys import DynamoWrappedKeys
    from mohlat.adapters.sealing import EnvelopeSealer

    return EnvelopeSealer(aws.client("kms"), settings().data_key_id, DynamoWrappedKeys())


class _LateSealer:
    """The sealer, made when something is sealed or opened: most functions never do either."""

    def begin(self, tenant_id: str) -> None:
        sealer().begin(tenant_id)

    def seal(self, tenant_id: str, row: str, plaintext: bytes) -> bytes:
        return sealer().seal(tenant_id, row, plaintext)

    def open(self, tenant_id: str, row: str, sealed: bytes) -> bytes:
        return sealer().open(tenant_id, row, sealed)

    def fingerprint(self, tenant_id: str, text: str) -> str:
        return sealer().fingerprint(tenant_id, text)


@cache
def tenants() -> Tenants:
    """Tenants and their journals."""
    from mohlat.adapters.dynamodb.tenants import DynamoTenants
    from mohlat.observation import logger

    def written(entry: Entry) -> None:
        # Leads from a request to what follows from it: the stream names the same tenant and number.
        logger.info("journal entry", tenant_id=entry.tenant_id, seq=entry.seq, event=entry.event.value)

    return DynamoTenants(_LateSealer(), written)


@cache
def payments() -> Payments:
    """Orders and payments."""
    from mohlat.adapters.dynamodb.payments import DynamoPayments

    return DynamoPayments()


@cache
def books() -> Books:
    """Refunds, tickets, escrow and the ledger."""
    from mohlat.adapters.dynamodb.books import DynamoBooks

    return DynamoBooks(_LateSealer())


@cache
def invoices() -> Invoices:
    """Invoices and credit notes."""
    from mohlat.adapters.dynamodb.invoices import DynamoInvoices

    return DynamoInvoices(_LateSealer())


@cache
def profiles() -> Profiles:
    """Billing profiles."""
    from mohlat.adapters.dynamodb.profiles import DynamoProfiles

    return DynamoProfiles(_LateSealer())


@cache
def invoice_desk() -> InvoiceDesk:
    """Issues invoices and credit notes."""
    from mohlat.application.issue_invoices import InvoiceDesk

    return InvoiceDesk(
        invoices=invoices(),
        payments=payments(),
        profiles=profiles(),
        people=people(),
        agreements=agreements(),
        clock=clock(),
    )


@cache
def people() -> People:
    """Contacts, users, acceptances and codes."""
    from mohlat.adapters.dynamodb.people import DynamoPeople

    return DynamoPeople(_LateSealer())


@cache
def dispatches() -> Dispatches:
    """The record of what was sent."""
    from mohlat.adapters.dynamodb.dispatches import DynamoDispatches

    return DynamoDispatches()


@cache
def due_index() -> DueIndex:
    """What falls due."""
    from mohlat.adapters.dynamodb.due_index import DynamoDueIndex

    return DynamoDueIndex()


@cache
def purge_ledger() -> PurgeLedger:
    """The purges."""
    from mohlat.adapters.dynamodb.purge import DynamoPurgeLedger

    return DynamoPurgeLedger()


@cache
def security_log() -> SecurityLog:
    """The security log, which watches for unusual use."""
    from mohlat.adapters.dynamodb.request_counts import DynamoRequestCounts
    from mohlat.adapters.dynamodb.security_log import DynamoSecurityLog
    from mohlat.application.watch_use import WatchedLog
    from mohlat.observation import count, logger

    def ring(kind: str) -> None:
        logger.warning("unusual use", kind=kind)
        count("UnusualUse")

    return WatchedLog(DynamoSecurityLog(), DynamoRequestCounts(), ring)


@cache
def pace_keeper() -> PaceKeeper:
    """Slows a tenant's requests down to what its package allows."""
    from mohlat.adapters.dynamodb.request_counts import DynamoRequestCounts
    from mohlat.application.keep_pace import PaceKeeper

    return PaceKeeper(
        tenants=tenants(),
        agreements=agreements(),
        counts=DynamoRequestCounts(),
        security_log=security_log(),
        clock=clock(),
        wall=wall_clock(),
    )


@cache
def objects() -> ObjectStore:
    """Exports and backups."""
    from mohlat.adapters import aws
    from mohlat.adapters.object_store import S3ObjectStore

    return S3ObjectStore(aws.client("s3"), settings().data_bucket, _LateSealer())


@cache
def user_pool() -> SignIn:
    """The user pool."""
    from mohlat.adapters import aws
    from mohlat.adapters.cognito import CognitoSignIn

    return CognitoSignIn(aws.client("cognito-idp"), settings().user_pool_id, settings().user_pool_client_id)


@cache
def fingerprints() -> Fingerprints:
    """Keyed hashes of contacts."""
    from mohlat.adapters import aws
    from mohlat.adapters.fingerprints import KmsFingerprints

    return KmsFingerprints(aws.client("kms"), settings().fingerprint_key_id)


@cache
def workflows() -> Workflows:
    """The state machines."""
    from mohlat.adapters import aws
    from mohlat.adapters.workflows import StepFunctionsWorkflows
    from mohlat.observation import logger

    def started(workflow: str, execution: str) -> None:
        logger.info("started", machine=workflow, started=execution)

    return StepFunctionsWorkflows(aws.client("stepfunctions"), settings().machine_arn, started)


@cache
def notice_queue() -> NoticeQueue:
    """The queue in front of the sending function."""
    from mohlat.adapters import aws
    from mohlat.adapters.notice_queue import SqsNoticeQueue

    return SqsNoticeQueue(aws.client("sqs"), settings().notice_queue_url)


@cache
def secrets() -> ParameterSecrets:
    """The credentials of the outside world."""
    from mohlat.adapters import aws
    from mohlat.adapters.secrets import ParameterSecrets

    return ParameterSecrets(aws.client("ssm"), settings().parameters_prefix)


@cache
def _zarinpal(merchant_id: str, *refunds: str) -> PaymentGateway:
    from mohlat.adapters.gateways.zarinpal import RefundAccess, ZarinPal

    access = RefundAccess(*refunds) if refunds else None
    return ZarinPal(settings().zarinpal_url, merchant_id, refunds=access)


@cache
def _zibal(merchant: str) -> PaymentGateway:
    from mohlat.adapters.gateways.zibal import Zibal

    return Zibal(settings().zibal_url, merchant)


@cache
def _sep(terminal_id: str) -> PaymentGateway:
    from mohlat.adapters.gateways.sep import Sep

    return Sep(settings().sep_url, terminal_id)


@cache
def _behpardakht(terminal_id: str, username: str, password: str) -> PaymentGateway:
    from mohlat.adapters.gateways.behpardakht import Behpardakht

    return Behpardakht(settings().behpardakht_url, terminal_id, username, password)


def _zarinpal_refunds() -> tuple[str, ...]:
    """Address, token and terminal of refunds. Nothing where none are asked for, or a person sends them."""
    address = settings().zarinpal_graphql_url
    if address is None:
        return ()
    try:
        return address, secrets().get("zarinpal/access_token"), secrets().get("zarinpal/terminal_id")
    except SettingMissing:
        return ()


def payment_gateway(name: str) -> PaymentGateway:
    """A gateway by its name, with the credentials of this moment (they may be rotated). Raises NotFound."""
    match name:
        case "zarinpal":
            return _zarinpal(secrets().get("zarinpal/merchant_id"), *_zarinpal_refunds())
        case "zibal":
            return _zibal(secrets().get("zibal/merchant"))
        case "sep":
            return _sep(secrets().get("sep/terminal_id"))
        case "behpardakht":
            return _behpardakht(
                secrets().get("behpardakht/terminal_id"),
                secrets().get("behpardakht/username"),
                secrets().get("behpardakht/password"),
            )
    raise NotFound("no such gateway")


@cache
def mailer() -> Mailer:
    """Sends mail."""
    from mohlat.adapters import aws
    from mohlat.adapters.messaging.ses import SesMailer

    return SesMailer(aws.client("sesv2"))


@cache
def _kavenegar(api_key: str) -> SmsSender:
    from mohlat.adapters.messaging.kavenegar import Kavenegar

    return Kavenegar(settings().kavenegar_url, api_key)


def sms_sender() -> SmsSender:
    """Sends SMS, with the credentials of this moment (they may be rotated)."""
    return _kavenegar(secrets().get("kavenegar/api_key"))


@cache
def wording() -> Wording:
    """The products' messages."""
    from mohlat.adapters.messaging.wording import ProductWording

    return ProductWording()


def _reach(tenant_id: str, now: datetime, channels: tuple[Channel, ...]) -> tuple[Recipient, ...]:
    """Whom an announcement to a tenant concerns by these channels."""
    from mohlat.application.reach_people import recipients_of

    return recipients_of(
        tenant_id,
        now,
        tenants=tenants(),
        people=people(),
        profiles=profiles(),
        agreements=agreements(),
        channels=channels,
    )


def sender() -> Sender:
    """Takes messages to their provider. One per invocation, so that rotated credentials are taken up."""
    from mohlat.application.send_notices import Sender

    return Sender(
        dispatches=dispatches(),
        people=people(),
        consents=consents(),
        links=unsubscribe_links(),
        wording=wording(),
        announced=announced(),
        reach=_reach,
        mailer=mailer(),
        sms=sms_sender(),
        ids=ids(),
        clock=clock(),
    )


@cache
def front_desk() -> FrontDesk:
    """Sign-in, confirmation, recovery."""
    from mohlat.application.sign_in import FrontDesk

    return FrontDesk(
        people=people(),
        sign_in=user_pool(),
        fingerprints=fingerprints(),
        agreements=agreements(),
        queue=notice_queue(),
        security_log=security_log(),
        clock=clock(),
    )


@cache
def tenant_desk() -> TenantDesk:
    """What owners and operators decide."""
    from mohlat.application.manage_tenant import TenantDesk

    return TenantDesk(
        tenants=tenants(),
        dispatches=dispatches(),
        requests=data_requests(),
        agreements=agreements(),
        ids=ids(),
        clock=clock(),
    )


@cache
def records_desk() -> RecordsDesk:
    """The tenants' own entries."""
    from mohlat.application.keep_records import RecordsDesk

    return RecordsDesk(
        tenants=tenants(),
        records=records(),
        jobs=data_jobs(),
        activity=activity_log(),
        terms=terms_gate(),
        ids=ids(),
        agreements=agreements(),
        clock=clock(),
    )


@cache
def publications() -> Publications:
    """What was published of the products' terms."""
    from mohlat.adapters.dynamodb.publications import DynamoPublications

    return DynamoPublications()


@cache
def terms_gate() -> TermsGate:
    """Lets the service be used as far as the terms in force are accepted."""
    from mohlat.application.terms_gate import TermsGate

    return TermsGate(tenants=tenants(), publications=publications(), agreements=agreements(), clock=clock())


@cache
def explanation_desk() -> ExplanationDesk:
    """Explains where a tenant stands at any instant."""
    from mohlat.application.explain_tenant import ExplanationDesk

    return ExplanationDesk(
        tenants=tenants(),
        agreements=agreements(),
        publications=publications(),
        service=service(),
        ledger=purge_ledger(),
        clock=clock(),
    )


@cache
def publishing_desk() -> PublishingDesk:
    """Publishes versions of the terms."""
    from mohlat.application.keep_terms import PublishingDesk

    return PublishingDesk(publications=publications(), books=books(), agreements=agreements(), clock=clock())


@cache
def contact_desk() -> ContactDesk:
    """How an account's owner is reached, changed by a code."""
    from mohlat.application.change_contact import ContactDesk

    return ContactDesk(
        tenants=tenants(),
        people=people(),
        sign_in=user_pool(),
        fingerprints=fingerprints(),
        agreements=agreements(),
        security_log=security_log(),
        queue=notice_queue(),
        clock=clock(),
    )


@cache
def users_desk() -> UsersDesk:
    """Who may sign in for an account."""
    from mohlat.application.manage_users import UsersDesk

    return UsersDesk(
        tenants=tenants(),
        people=people(),
        sign_in=user_pool(),
        fingerprints=fingerprints(),
        agreements=agreements(),
        queue=notice_queue(),
        ids=ids(),
        clock=clock(),
    )


@cache
def terms_desk() -> TermsDesk:
    """What customers decide about new terms."""
    from mohlat.application.keep_terms import TermsDesk

    return TermsDesk(
        tenants=tenants(),
        people=people(),
        publications=publications(),
        dispatches=dispatches(),
        desk=tenant_desk(),
        agreements=agreements(),
        clock=clock(),
    )


@cache
def activity_log() -> ActivityLog:
    """What users do with their records."""
    from mohlat.adapters.dynamodb.activity import DynamoActivityLog

    return DynamoActivityLog(_LateSealer())


@cache
def sync_desk() -> SyncDesk:
    """Brings together what devices did."""
    from mohlat.application.synchronize import SyncDesk

    return SyncDesk(
        tenants=tenants(),
        records=records(),
        jobs=data_jobs(),
        terms=terms_gate(),
        agreements=agreements(),
        clock=clock(),
    )


@cache
def records() -> Records:
    """The tenants' own entries, stored."""
    from mohlat.adapters.dynamodb.records import DynamoRecords

    return DynamoRecords(_LateSealer())


@cache
def data_jobs() -> DataJobs:
    """Exports, backups, restorations."""
    from mohlat.adapters.dynamodb.data_jobs import DynamoDataJobs

    return DynamoDataJobs()


@cache
def export_desk() -> ExportDesk:
    """Hands tenants their data."""
    from mohlat.application.export_tenant import ExportDesk

    return ExportDesk(
        tenants=tenants(),
        jobs=data_jobs(),
        payments=payments(),
        objects=objects(),
        dispatches=dispatches(),
        agreements=agreements(),
        ids=ids(),
        clock=clock(),
    )


@cache
def consents() -> Consents:
    """The record of consents."""
    from mohlat.adapters.dynamodb.consents import DynamoConsents

    return DynamoConsents()


@cache
def listings() -> Listings:
    """What customers let others see of them."""
    from mohlat.adapters.dynamodb.consents import DynamoListings

    return DynamoListings()


@cache
def unsubscribe_links() -> UnsubscribeLinks:
    """Links that take a consent back."""
    from mohlat.application.keep_consents import UnsubscribeLinks

    def address(account: str, purpose: str, token: str) -> str:
        return f"{settings().public_url}/u/{account}/{purpose}/{token}"

    return UnsubscribeLinks(fingerprints(), address)


@cache
def consent_desk() -> ConsentDesk:
    """Keeps the record of consents."""
    from mohlat.application.keep_consents import ConsentDesk

    return ConsentDesk(
        tenants=tenants(),
        consents=consents(),
        listings=listings(),
        links=unsubscribe_links(),
        agreements=agreements(),
        ids=ids(),
        clock=clock(),
    )


@cache
def listing_desk() -> ListingDesk:
    """Keeps the public list of customers."""
    from mohlat.application.publish_listing import ListingDesk

    return ListingDesk(
        tenants=tenants(),
        consents=consents(),
        listings=listings(),
        agreements=agreements(),
        ids=ids(),
        clock=clock(),
    )


def processors() -> tuple[Processor, ...]:
    """Who works on data on the vendors' behalf."""
    from mohlat.agreements import loader

    return loader.processors()


@cache
def contact_notes() -> ContactNotes:
    """Summaries of contacts with customers."""
    from mohlat.adapters.dynamodb.contact_notes import DynamoContactNotes

    return DynamoContactNotes(_LateSealer())


@cache
def misuse_desk() -> MisuseDesk:
    """Takes reports that an account is misused."""
    from mohlat.application.report_misuse import MisuseDesk

    return MisuseDesk(
        tenants=tenants(),
        people=people(),
        sign_in=user_pool(),
        agreements=agreements(),
        security_log=security_log(),
        ids=ids(),
        clock=clock(),
    )


@cache
def partner_desk() -> PartnerDesk:
    """What is delegated to partners, and what they do with it."""
    from mohlat.application.delegate_powers import PartnerDesk

    return PartnerDesk(
        tenants=tenants(),
        activity=activity_log(),
        agreements=agreements(),
        security_log=security_log(),
        ids=ids(),
        clock=clock(),
    )


@cache
def support_desk() -> SupportDesk:
    """Whom customers let in with the support role, and what those do in it."""
    from mohlat.application.lend_support import SupportDesk

    return SupportDesk(
        tenants=tenants(),
        people=people(),
        fingerprints=fingerprints(),
        books=books(),
        records=records_desk(),
        activity=activity_log(),
        agreements=agreements(),
        security_log=security_log(),
        ids=ids(),
        clock=clock(),
    )


@cache
def service_desk() -> ServiceDesk:
    """Shows staff whom it talks to, and keeps what was said."""
    from mohlat.application.serve_customer import ServiceDesk

    return ServiceDesk(
        tenants=tenants(),
        people=people(),
        books=books(),
        notes=contact_notes(),
        agreements=agreements(),
        ids=ids(),
        clock=clock(),
    )


@cache
def service() -> Service:
    """What concerns a product and all its customers."""
    from mohlat.adapters.dynamodb.service import DynamoService

    return DynamoService()


@cache
def service_states() -> ServiceStates:
    """Which products cannot be used, or come to their end."""
    from mohlat.adapters.dynamodb.service_states import DynamoServiceStates

    return DynamoServiceStates()


@cache
def service_gate() -> ServiceGate:
    """Whether a product can be used and joined at the moment."""
    from mohlat.application.service_gate import ServiceGate

    return ServiceGate(states=service_states(), tenants=tenants(), clock=clock())


def service_due(pk: str, sk: str) -> tuple[DueItem, int] | None:
    """When something is to be done about a lane, a window or a product's end, and its version; read from its
    row.
    """
    from mohlat.adapters.dynamodb.service import due_now

    return due_now(pk, sk)


@cache
def announced() -> Announced:
    """What announcements are about."""
    from mohlat.application.announced import Announced

    return Announced(service=service(), publications=publications())


@cache
def news_desk() -> NewsDesk:
    """News, and how far they got."""
    from mohlat.application.post_news import NewsDesk

    return NewsDesk(service=service(), books=books(), agreements=agreements(), ids=ids(), clock=clock())


@cache
def maintenance_desk() -> MaintenanceDesk:
    """Maintenance windows."""
    from mohlat.application.keep_maintenance import MaintenanceDesk

    return MaintenanceDesk(
        service=service(),
        states=service_states(),
        books=books(),
        agreements=agreements(),
        ids=ids(),
        clock=clock(),
    )


@cache
def uptime_desk() -> UptimeDesk:
    """Incidents and months."""
    from mohlat.application.keep_uptime import UptimeDesk

    return UptimeDesk(
        service=service(),
        books=books(),
        tenants=tenants(),
        agreements=agreements(),
        ids=ids(),
        clock=clock(),
    )


@cache
def wind_down_desk() -> WindDownDesk:
    """A product's end."""
    from mohlat.application.end_product import WindDownDesk

    return WindDownDesk(
        service=service(),
        states=service_states(),
        books=books(),
        refunds=refund_desk(),
        agreements=agreements(),
        clock=clock(),
    )


@cache
def round_runner() -> RoundRunner:
    """Goes through all customers of a product."""
    from mohlat.adapters.dynamodb.service import DynamoRoster
    from mohlat.application.go_round import RoundRunner, tell
    from mohlat.domain.rounds import RoundKind

    return RoundRunner(
        service=service(),
        roster=DynamoRoster(),
        tenants=tenants(),
        books=books(),
        agreements=agreements(),
        turns={
            RoundKind.ANNOUNCE: tell,
            RoundKind.ADD_TIME: uptime_desk().add_time,
            RoundKind.WIND_DOWN: wind_down_desk().give_year,
        },
        subjects=announced(),
        clock=clock(),
    )


@cache
def leaks() -> Leaks:
    """Cases of leaked personal data, stored."""
    from mohlat.adapters.dynamodb.leaks import DynamoLeaks

    return DynamoLeaks()


@cache
def leak_desk() -> LeakDesk:
    """Cases of leaked personal data."""
    from mohlat.application.handle_leaks import LeakDesk

    return LeakDesk(leaks=leaks(), tenants=tenants(), agreements=agreements(), ids=ids(), clock=clock())


@cache
def backup_desk() -> BackupDesk:
    """Takes backups and restores them."""
    from mohlat.application.keep_backups import BackupDesk

    return BackupDesk(
        tenants=tenants(),
        jobs=data_jobs(),
        payments=payments(),
        dispatches=dispatches(),
        terms=terms_gate(),
        agreements=agreements(),
        ids=ids(),
        clock=clock(),
    )


@cache
def data_worker() -> DataWorker:
    """Does the pages of exports, backups and restorations."""
    from mohlat.application.sections import Sections
    from mohlat.application.work_on_data import DataWorker

    def link(tenant_id: str, export_id: str) -> str:
        return f"{settings().public_url}/tenants/{tenant_id}/exports/{export_id}"

    return DataWorker(
        tenants=tenants(),
        jobs=data_jobs(),
        objects=objects(),
        records=records(),
        sections=Sections(
            tenants=tenants(),
            people=people(),
            profiles=profiles(),
            payments=payments(),
            invoices=invoices(),
            books=books(),
            dispatches=dispatches(),
            notes=contact_notes(),
            consents=consents(),
            listings=listings(),
            requests=data_requests(),
            records=records(),
        ),
        agreements=agreements(),
        link=link,
        clock=clock(),
    )


def payment_desk(gateway: str) -> PaymentDesk:
    """Decides the payments of a gateway. Raises NotFound."""
    from mohlat.application.settle_payment import PaymentDesk

    return PaymentDesk(
        gateway=payment_gateway(gateway),
        payments=payments(),
        books=books(),
        tenants=tenants(),
        dispatches=dispatches(),
        publications=publications(),
        agreements=agreements(),
        ids=ids(),
        clock=clock(),
    )


@cache
def refund_desk() -> RefundDesk:
    """Decides what goes back."""
    from mohlat.application.return_money import RefundDesk

    return RefundDesk(
        tenants=tenants(),
        payments=payments(),
        books=books(),
        dispatches=dispatches(),
        agreements=agreements(),
        ids=ids(),
        clock=clock(),
    )


@cache
def refund_follower() -> RefundFollower:
    """Takes refunds to their payers."""
    from mohlat.application.follow_refund import RefundFollower

    return RefundFollower(
        gateways=payment_gateway,
        payments=payments(),
        books=books(),
        profiles=profiles(),
        tenants=tenants(),
        agreements=agreements(),
        ids=ids(),
        clock=clock(),
    )


@cache
def usage_desk() -> UsageDesk:
    """Takes what metering reports."""
    from mohlat.application.meter_usage import UsageDesk

    return UsageDesk(
        tenants=tenants(),
        books=books(),
        dispatches=dispatches(),
        agreements=agreements(),
        ids=ids(),
        clock=clock(),
    )


@cache
def escrow_desk() -> EscrowDesk:
    """Keeps agreed work and its money."""
    from mohlat.application.keep_escrow import EscrowDesk

    return EscrowDesk(
        tenants=tenants(),
        payments=payments(),
        books=books(),
        dispatches=dispatches(),
        agreements=agreements(),
        security_log=security_log(),
        ids=ids(),
        clock=clock(),
    )


@cache
def compensation_desk() -> CompensationDesk:
    """Decides what a fault of ours pays."""
    from mohlat.application.compensate import CompensationDesk

    return CompensationDesk(
        tenants=tenants(),
        books=books(),
        dispatches=dispatches(),
        agreements=agreements(),
        ids=ids(),
        clock=clock(),
    )


@cache
def disclosure_desk() -> DisclosureDesk:
    """The register of disclosures."""
    from mohlat.application.disclose import DisclosureDesk

    return DisclosureDesk(
        tenants=tenants(),
        books=books(),
        ledger=purge_ledger(),
        agreements=agreements(),
        ids=ids(),
        clock=clock(),
    )


@cache
def data_requests() -> DataRequests:
    """Requests about one's own data."""
    from mohlat.adapters.dynamodb.data_requests import DynamoDataRequests

    return DynamoDataRequests()


@cache
def request_desk() -> RequestDesk:
    """Receives and answers requests about one's own data."""
    from mohlat.application.handle_requests import RequestDesk

    return RequestDesk(
        requests=data_requests(),
        books=books(),
        tenants=tenants(),
        desk=tenant_desk(),
        agreements=agreements(),
        security_log=security_log(),
        ids=ids(),
        clock=clock(),
    )


@cache
def ticket_desk() -> TicketDesk:
    """What waits for a person."""
    from mohlat.application.handle_tickets import TicketDesk

    return TicketDesk(
        books=books(),
        profiles=profiles(),
        tenants=tenants(),
        agreements=agreements(),
        refunds=refund_follower(),
        officials=official_desk(),
        support=help_desk(),
        security_log=security_log(),
        clock=clock(),
    )


@cache
def declared_days() -> DeclaredDays:
    """Holidays and working days that operators declared, stored."""
    from mohlat.adapters.dynamodb.declared_days import DynamoDeclaredDays

    return DynamoDeclaredDays()


@cache
def days_desk() -> DaysDesk:
    """Keeps what is declared of a product's days."""
    from mohlat.application.declare_days import DaysDesk

    return DaysDesk(days=declared_days(), agreements=agreements(), support=help_desk(), clock=clock())


@cache
def help_desk() -> HelpDesk:
    """Requests for help, carried through their steps."""
    from mohlat.application.serve_support import HelpDesk

    return HelpDesk(
        books=books(),
        tenants=tenants(),
        agreements=agreements(),
        days=declared_days(),
        security_log=security_log(),
        ids=ids(),
        clock=clock(),
    )


@cache
def dispute_desk() -> DisputeDesk:
    """Objections to invoices."""
    from mohlat.application.contest_invoice import DisputeDesk

    return DisputeDesk(
        invoices=invoices(),
        books=books(),
        tenants=tenants(),
        agreements=agreements(),
        ids=ids(),
        clock=clock(),
    )


@cache
def objection_desk() -> ObjectionDesk:
    """Objections to restrictions."""
    from mohlat.application.object_to_restriction import ObjectionDesk

    return ObjectionDesk(books=books(), tenants=tenants(), agreements=agreements(), ids=ids(), clock=clock())


@cache
def official_desk() -> OfficialDesk:
    """Official invoices."""
    from mohlat.adapters.tax_office import ComputedOnly
    from mohlat.application.official_invoices import OfficialDesk

    def link(tenant_id: str, invoice_id: str) -> str:
        return f"{settings().public_url}/tenants/{tenant_id}/invoices/{invoice_id}"

    return OfficialDesk(
        office=ComputedOnly(),
        link=link,
        invoices=invoices(),
        payments=payments(),
        profiles=profiles(),
        books=books(),
        tenants=tenants(),
        agreements=agreements(),
        ids=ids(),
        clock=clock(),
    )


@cache
def profile_desk() -> ProfileDesk:
    """Billing profiles, as their owners keep them."""
    from mohlat.application.keep_profile import ProfileDesk

    return ProfileDesk(tenants=tenants(), profiles=profiles(), security_log=security_log(), clock=clock())


@cache
def personal_data_desk() -> PersonalDataDesk:
    """What is held about people, and its correction."""
    from mohlat.application.see_personal_data import PersonalDataDesk

    return PersonalDataDesk(
        tenants=tenants(),
        people=people(),
        profiles=profiles(),
        consents=consents(),
        agreements=agreements(),
        security_log=security_log(),
        clock=clock(),
    )


@cache
def mail_room() -> MailRoom:
    """Receives mail."""
    from mohlat.application.mail_readers import ClosingReader, DisputeReader, RequestReader, SupportReader
    from mohlat.application.receive_mail import MailRoom

    return MailRoom(
        readers=(
            DisputeReader(disputes=dispute_desk(), invoices=invoices()),
            RequestReader(desk=request_desk(), requests=data_requests(), people=people()),
            ClosingReader(desk=tenant_desk(), people=people(), clock=clock()),
            SupportReader(desk=help_desk(), books=books(), people=people()),
        ),
        books=books(),
        tenants=tenants(),
        people=people(),
        fingerprints=fingerprints(),
        agreements=agreements(),
        security_log=security_log(),
        clock=clock(),
    )


@cache
def ledger_check() -> LedgerCheck:
    """Looks at the ledger by night."""
    from mohlat.application.check_ledger import LedgerCheck

    return LedgerCheck(books=books(), payments=payments(), clock=clock())


@cache
def shredder() -> Shredder:
    """Carries out purges."""
    from mohlat.adapters.dynamodb.purge import DynamoEraser
    from mohlat.agreements.loader import retained
    from mohlat.application.purge_tenant import Shredder

    return Shredder(
        ledger=purge_ledger(),
        eraser=DynamoEraser(objects()),
        tenants=tenants(),
        people=people(),
        sign_in=user_pool(),
        signer=signer(),
        retained=retained,
        clock=clock(),
    )


def purge_replay(table: str) -> PurgeReplay:
    """Replays purges on a restored table. Raises InvalidInput for the table in use."""
    from mohlat.adapters.dynamodb.purge import DynamoRestoredTable
    from mohlat.application.replay_purges import PurgeReplay

    return PurgeReplay(ledger=purge_ledger(), restored=DynamoRestoredTable(table))


@cache
def signer() -> Signer:
    """Signs certificates."""
    from mohlat.adapters import aws
    from mohlat.adapters.signing import KmsSigner

    return KmsSigner(aws.client("kms"), settings().signing_key_id)


@cache
def certificate_desk() -> CertificateDesk:
    """Certificates of deletion, by their links."""
    from mohlat.application.read_certificate import CertificateDesk

    def address(tenant_id: str, token: str) -> str:
        return f"{settings().public_url}/certificates/{tenant_id}/{token}"

    return CertificateDesk(ledger=purge_ledger(), fingerprints=fingerprints(), address=address)


# So many are started again in the time that the sweep's function has, at some 40 ms each.
SWEEP_LIMIT = 10_000


def run_sweep(patience: timedelta | None = None, limit: int = SWEEP_LIMIT) -> dict[str, int]:
    """Sweeps, with the deployment's patience unless told otherwise; says how much was overdue.

    `limit` has to fit the time that the caller has; what it leaves, the next sweep finds.
    """
    from mohlat.application.sweep import sweep

    if patience is None:
        patience = timedelta(seconds=settings().sweep_patience_seconds)
    return sweep(
        patience=patience,
        due=due_index(),
        tenants=tenants(),
        payments=payments(),
        books=books(),
        invoices=invoice_desk(),
        jobs=data_jobs(),
        backups=backup_desk(),
        leaks=leaks(),
        agreements=agreements(),
        workflows=workflows(),
        queue=notice_queue(),
        clock=clock(),
        limit=limit,
    )


# More than this many open tickets of a product need another look than a figure on a dashboard.
_TICKETS_COUNTED = 1000


def open_matters() -> OpenMatters:
    """What waits for a person now, over all products."""
    from mohlat.domain.tickets import open_matters

    counted = (books().open_tickets(product, limit=_TICKETS_COUNTED) for product in agreements().products())
    return open_matters(ticket for tickets in counted for ticket in tickets)


def passes(error: Exception) -> bool:
    """Whether an error is a passing trouble of a service that we build on."""
    from mohlat.adapters import aws

    return aws.passes(error)


def _variable(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise SettingMissing(name)
    return value


def raise_alarm(subject: str, facts: dict[str, str]) -> None:
    """Tells the operators that something needs them. `facts` hold ids and names, nothing about a person."""
    from mohlat.adapters import aws

    aws.client("sns").publish(
        TopicArn=_variable("ALARM_TOPIC_ARN"),
        Subject=subject[:100],
        Message=json.dumps(facts, ensure_ascii=False, indent=2),
    )


def move_test_clock() -> None:
    """Has the worker walk the test clock to its target; returns at once."""
    from mohlat.adapters import aws

    aws.client("lambda").invoke(
        FunctionName=_variable("ADVANCE_TEST_CLOCK_FUNCTION"), InvocationType="Event", Payload=b"{}"
    )
