"""What the use cases need from outside. Adapters implement these; fakes in tests do too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Protocol

# Signatures only: a function loads those parts of the domain that it works with, not all that anything has.
if TYPE_CHECKING:
    from mohlat.domain.agreement import Agreement, Channel
    from mohlat.domain.billing import BillingProfile
    from mohlat.domain.consents import Consent
    from mohlat.domain.data_jobs import DataFile, DataJob, JobKind
    from mohlat.domain.data_requests import DataRequest
    from mohlat.domain.disclosures import Disclosure
    from mohlat.domain.escrow import Escrow
    from mohlat.domain.helpdesk import Reply
    from mohlat.domain.invoices import Invoice, OfficialInvoice
    from mohlat.domain.journal import Entry
    from mohlat.domain.leaks import Leak
    from mohlat.domain.ledger import Posting
    from mohlat.domain.lifecycle import Transition
    from mohlat.domain.listings import Listing, Unlisting
    from mohlat.domain.maintenance import Window
    from mohlat.domain.news import News
    from mohlat.domain.notices import Dispatch, NoticeKind
    from mohlat.domain.payments import (
        Callback,
        GatewayState,
        Opening,
        Order,
        Payment,
        PayPage,
        RegisteredRefund,
        Verification,
    )
    from mohlat.domain.people import (
        Acceptance,
        Code,
        CodePurpose,
        Contact,
        ContactChange,
        Departure,
        Identity,
        Role,
        TrialMark,
        User,
        UserContact,
    )
    from mohlat.domain.publications import Publication
    from mohlat.domain.purge import PurgeEntry, Store
    from mohlat.domain.refunds import Refund
    from mohlat.domain.rounds import Lane, Progress, Round
    from mohlat.domain.service_state import ServiceState
    from mohlat.domain.staff import ContactNote
    from mohlat.domain.synchronization import Copy, State
    from mohlat.domain.tenant import Tenant
    from mohlat.domain.tickets import Ticket
    from mohlat.domain.uptime import Incident
    from mohlat.domain.winding_down import WindDown
    from mohlat.domain.working_time import DeclaredDay


class Clock(Protocol):
    """Where "now" comes from; the only source of time outside the tests."""

    def now(self) -> datetime:
        """The present instant, UTC, whole seconds."""
        ...

    def wall(self, instant: datetime) -> datetime:
        """The wall-clock instant at which `now` will be `instant`: what a waiting execution sleeps until."""
        ...


class Agreements(Protocol):
    """The agreements in force and in store."""

    def load(self, product: str, version: str | None = None) -> Agreement:
        """The newest agreement of a product, or a version of it. Raises InvalidInput, AgreementInvalid."""
        ...

    def products(self) -> tuple[str, ...]:
        """The products that have one."""
        ...


class PaymentGateway(Protocol):
    """A payment gateway. Asking it may raise GatewayUnavailable (unknown: ask again) or GatewayRefused."""

    name: str

    def request(
        self,
        *,
        amount: int,
        description: str,
        callback_url: str,
        order_id: str,
        mobile: str | None = None,
        email: str | None = None,
    ) -> Opening:
        """Opens a payment of `amount` rials. Not idempotent: each call opens one."""
        ...

    def pay_page(self, authority: str, token: str | None = None) -> PayPage:
        """Where the payer's browser must go, and what it must post there."""
        ...

    def read_callback(self, parameters: Mapping[str, str]) -> Callback:
        """Reads what a browser brings back, in the query or a form. Raises InvalidInput with the name."""
        ...

    def verify(self, authority: str, amount: int, receipt: str | None = None) -> Verification:
        """Asks server to server whether `amount` rials were paid, and takes them; twice is allowed.

        A gateway that settles separately has done that too when the verdict is PAID.
        """
        ...

    def inquire(self, authority: str, receipt: str | None = None) -> GatewayState:
        """The gateway's own idea of the payment's state. Never a proof of payment."""
        ...

    def refund(self, reference: str, amount: int, refund_id: str) -> None:
        """Asks for `amount` rials of the payment with this `reference` to be sent back.

        No gateway knows a key that makes a repetition harmless: whoever calls has to have noted it before.
        `refund_id` goes into what a person at the gateway reads. Raises NoRefundRoute if nothing was and
        nothing can be asked for, GatewayRefused if the gateway would not, GatewayUnavailable if it is
        unknown whether it was.
        """
        ...

    def refunds_of(self, reference: str) -> tuple[RegisteredRefund, ...]:
        """Every refund of a payment that the gateway has on record. Raises NoRefundRoute if it cannot
        tell.
        """
        ...


@dataclass(frozen=True, slots=True)
class HandOver:
    """Proof that a provider took a message: its name for itself and its id for the message."""

    provider: str
    message_id: str


class SmsSender(Protocol):
    """Sends one SMS.

    Raises MessagingUnavailable, MessageUncertain, MessageRejected or MessagingMisconfigured.
    """

    def send(
        self, *, mobile: str, template: str, tokens: Mapping[str, str], text: str, reference: int
    ) -> HandOver:
        """Sends approved `template` filled with `tokens` to `mobile` (E.164, +98…).

        `text` is the same message written out, for providers without templates. `reference` (a positive
        63-bit number) makes a repetition harmless where the provider can.
        """
        ...


class Mailer(Protocol):
    """Sends one e-mail.

    Raises MessagingUnavailable, MessageUncertain, MessageRejected or MessagingMisconfigured.
    """

    def send(
        self, *, sender: str, to: str, subject: str, text: str, html: str, unsubscribe: str | None = None
    ) -> HandOver:
        """Sends to one address; `sender` is an address in the product's own domain (KALO-13).

        `unsubscribe` is where one click takes the consent to it back (RFC 8058).
        """
        ...


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A condition, not a row: this notice must stand as sent in the instant of the transaction."""

    tenant_id: str
    key: str
    channel: Channel


@dataclass(frozen=True, slots=True)
class Receipt:
    """That a gateway's receipt belongs to a payment: one receipt pays once."""

    gateway: str
    receipt: str
    payment_id: str


@dataclass(frozen=True, slots=True)
class Words:
    """What a person wrote about a matter (a ticket, an escrow). Sealed; dies with the tenant. `id` names the
    matter."""

    tenant_id: str
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class UsageReport:
    """That a report of use was taken, and the debt it became, if it did. One per tenant and `id`."""

    tenant_id: str
    id: str
    metric: str
    used: int
    billed: bool
    at: datetime
    debt_id: str | None = None


@dataclass(frozen=True, slots=True)
class Compensation:
    """Money owed to a customer for a fault of ours (SAMAN-4.6). `amount` in rials; paid out by a person."""

    id: str
    tenant_id: str
    product: str
    amount: int
    reason: str
    clause: str
    at: datetime
    ticket_id: str


# What may be written in one transaction, with a transition or without. A row that is new must not exist yet;
# one with a version must still be at the version before its own; a posting is written once and never again.
if TYPE_CHECKING:
    Row = (
        HandedOver
        | Contact
        | Acceptance
        | User
        | UserContact
        | Departure
        | ContactChange
        | Identity
        | TrialMark
        | Order
        | Payment
        | PurgeEntry
        | Receipt
        | Posting
        | Refund
        | Ticket
        | Words
        | Escrow
        | UsageReport
        | Compensation
        | Disclosure
        | OfficialInvoice
        | DataJob
        | DataFile
        | ContactNote
        | Leak
        | Consent
        | Listing
        | Unlisting
        | DataRequest
        | Reply
        | Round
        | Lane
        | News
        | Window
        | Incident
        | WindDown
        | ServiceState
    )
else:
    Row = object


class Tenants(Protocol):
    """Tenants and their journals."""

    def get(self, tenant_id: str) -> Tenant:
        """The tenant, read consistently. Raises NotFound; Gone if it was purged and emptied."""
        ...

    def commit(
        self, transition: Transition, next_due_at: datetime | None, rows: Sequence[Row] = ()
    ) -> Tenant:
        """Writes the transition, its journal entry and `rows` in one transaction; returns the stored tenant.

        The tenant must still be at the version before (or not exist yet). An entry with notices or workflows
        is marked in the due index until `mark_followed`. Raises ConcurrentChange if anything has moved.
        """
        ...

    def entry(self, tenant_id: str, seq: int) -> Entry:
        """One journal entry. Raises NotFound."""
        ...

    def journal(self, tenant_id: str, after: int = 0, limit: int = 100) -> list[Entry]:
        """Journal entries with `seq` above `after`, oldest first."""
        ...

    def mark_followed(self, tenant_id: str, seq: int) -> None:
        """Takes the entry's mark out of the due index: everything it owed was done. Repeatable."""
        ...


class Payments(Protocol):
    """Orders and payments. Payments live outside the tenant's partition: they outlive it."""

    def get(self, payment_id: str) -> Payment:
        """Raises NotFound."""
        ...

    def by_authority(self, gateway: str, authority: str) -> Payment:
        """The payment that a gateway's authority belongs to. Raises NotFound."""
        ...

    def by_receipt(self, gateway: str, receipt: str) -> str | None:
        """The id of the payment that a gateway's receipt belongs to, if any."""
        ...

    def save(self, payment: Payment) -> None:
        """Writes a changed payment, conditional on the version before; with its authority's lookup when new.

        Raises ConcurrentChange.
        """
        ...

    def order(self, tenant_id: str, order_id: str) -> Order:
        """Raises NotFound."""
        ...

    def orders(self, tenant_id: str) -> list[Order]:
        """All orders of a tenant, newest first."""
        ...


class Books(Protocol):
    """What outlives the tenant: money besides payments (refunds, escrow, the ledger), tickets, and the
    register of disclosures.
    """

    def write(self, rows: Sequence[Row]) -> None:
        """Writes `rows` in one transaction, without a tenant's transition; a usage report and what people
        wrote only while there is still a tenant. Raises ConcurrentChange.
        """
        ...

    def refund(self, tenant_id: str, refund_id: str) -> Refund:
        """Raises NotFound."""
        ...

    def refunds(self, tenant_id: str) -> list[Refund]:
        """All refunds of a tenant, oldest first."""
        ...

    def ticket(self, tenant_id: str, ticket_id: str) -> Ticket:
        """Raises NotFound."""
        ...

    def open_tickets(self, product: str, after: str | None = None, limit: int = 100) -> list[Ticket]:
        """A product's open tickets with ids above `after`, oldest first."""
        ...

    def tickets(self, tenant_id: str) -> list[Ticket]:
        """All tickets of a tenant, oldest first."""
        ...

    def words(self, tenant_id: str, id: str) -> str | None:
        """What a person wrote about a matter, unsealed; None if there is nothing or the key is gone."""
        ...

    def messages(self, tenant_id: str, ticket_id: str) -> list[Reply]:
        """What was written in a ticket after its first words, oldest first; nothing once the key is gone."""
        ...

    def escrow(self, tenant_id: str, escrow_id: str) -> Escrow:
        """Raises NotFound."""
        ...

    def escrows(self, tenant_id: str) -> list[Escrow]:
        """All agreed work of a tenant, oldest first."""
        ...

    def escrows_of_partner(self, partner: str) -> list[Escrow]:
        """All agreed work of a partner, over all tenants, oldest first (SAMAN-1.7)."""
        ...

    def usage_report(self, tenant_id: str, report_id: str) -> UsageReport | None:
        """The report of this id, if it was taken."""
        ...

    def compensation(self, tenant_id: str, compensation_id: str) -> Compensation:
        """Raises NotFound."""
        ...

    def compensations(self, tenant_id: str) -> list[Compensation]:
        """All of a tenant, oldest first."""
        ...

    def disclosures(self, tenant_id: str) -> list[Disclosure]:
        """Everything that was handed out about a tenant, oldest first."""
        ...

    def postings(self, tenant_id: str) -> list[Posting]:
        """A tenant's whole ledger, oldest first, read consistently."""
        ...

    def touched_on(self, day: str) -> set[str]:
        """The tenants that anything was booked for on a UTC day such as 2026-11-25."""
        ...


class DeclaredDays(Protocol):
    """What operators declare to be holidays or working days, by product."""

    def of(self, product: str) -> list[DeclaredDay]:
        """All of a product, by day, read consistently."""
        ...

    def put(self, day: DeclaredDay) -> None:
        """Declares a day, in place of what was declared of it before."""
        ...


class DataRequests(Protocol):
    """Requests about one's own data; they die with the tenant. Written as rows of its transitions."""

    def get(self, tenant_id: str, request_id: str) -> DataRequest:
        """Raises NotFound."""
        ...

    def of(self, tenant_id: str) -> list[DataRequest]:
        """All requests of a tenant, oldest first."""
        ...


class Publications(Protocol):
    """What was published of the products' terms; never changed. It belongs to no tenant."""

    def of(self, product: str, *, fresh: bool = False) -> tuple[Publication, ...]:
        """A product's, oldest first; unless `fresh`, as they were some seconds ago."""
        ...

    def save(self, publication: Publication) -> None:
        """Stores a new one. Raises ConcurrentChange if its number is taken."""
        ...


class Invoices(Protocol):
    """Invoices and credit notes. Figures stay for the tax law's time, the sealed buyer dies with the
    tenant.
    """

    def issue(self, draft: Invoice) -> Invoice:
        """Gives the draft (number 0) the next number of its product and year, and stores it, in one
        transaction.

        One document per source: if it is there already, that one is returned and no number is used up.
        Raises ConcurrentChange when too many want the next number at once.
        """
        ...

    def get(self, tenant_id: str, invoice_id: str) -> Invoice:
        """Raises NotFound. The buyer is None once the tenant's key is gone."""
        ...

    def of(self, tenant_id: str) -> list[Invoice]:
        """All of a tenant, oldest first, buyers left out."""
        ...

    def by_number(self, product: str, year: int, number: int) -> tuple[str, str]:
        """Tenant id and invoice id. Raises NotFound."""
        ...

    def official(self, tenant_id: str, invoice_id: str) -> OfficialInvoice | None:
        """The official invoice that was asked for, if one was."""
        ...


class Profiles(Protocol):
    """Billing profiles: sealed, and gone with the tenant."""

    def get(self, tenant_id: str) -> BillingProfile | None:
        """Unsealed; None if there is none."""
        ...

    def put(self, profile: BillingProfile) -> None:
        """Stores a profile in place of what was there. Raises Gone once the tenant's key is gone."""
        ...


class People(Protocol):
    """Contacts, users, identities, acceptances and codes."""

    def contact(self, tenant_id: str) -> Contact:
        """Unsealed. Raises NotFound."""
        ...

    def contact_of(self, tenant_id: str, username: str) -> Contact | UserContact:
        """A user's own contact, which is the account's for its owner; unsealed. Raises NotFound."""
        ...

    def members(self, tenant_id: str) -> list[tuple[User, Contact | UserContact]]:
        """All users of a tenant with their contacts, unsealed. Raises NotFound."""
        ...

    def user_contacts(self, tenant_id: str) -> list[UserContact]:
        """Those of the further users who have confirmed theirs; unsealed."""
        ...

    def departed(self, tenant_id: str, username: str) -> bool:
        """Whether this user was sent away."""
        ...

    def wrap(self, tenant_id: str, contact: str) -> str:
        """A contact, sealed, in a form that a message of the queue can carry."""
        ...

    def unwrap(self, tenant_id: str, wrapped: str) -> str:
        """The contact that was wrapped. Raises Gone."""
        ...

    def identity(self, product: str, fingerprint: str) -> Identity | None:
        """Whose contact this is, if anybody's."""
        ...

    def trial_used(self, product: str, fingerprints: Iterable[str]) -> bool:
        """Whether one of these contacts had its trial already."""
        ...

    def user(self, tenant_id: str, username: str) -> User:
        """Raises NotFound."""
        ...

    def users(self, tenant_id: str) -> list[User]:
        """All users of a tenant."""
        ...

    def save_user(self, user: User) -> None:
        """Overwrites a known user's row."""
        ...

    def acceptances(self, tenant_id: str) -> list[Acceptance]:
        """Every acceptance of a tenant, oldest first (SAMAN-7.4)."""
        ...

    def put_code(self, code: Code) -> None:
        """Stores a code in place of an older one for the same purpose."""
        ...

    def code(self, tenant_id: str, username: str, purpose: CodePurpose) -> Code | None:
        """The code now waiting, if any."""
        ...

    def spend_attempt(self, code: Code) -> None:
        """Counts one try against the code, atomically. Raises TooManyAttempts when none is left."""
        ...

    def drop_code(self, code: Code) -> None:
        """Forgets a code that was used. Raises ConcurrentChange if somebody used it first."""
        ...


class Dispatches(Protocol):
    """The record of what was sent."""

    def reserve(self, dispatch: Dispatch) -> Dispatch | None:
        """Claims a notice on a channel before it is sent.

        Returns the record that is there already, unless that one is `waiting`, which is claimed anew.
        """
        ...

    def finish(self, dispatch: Dispatch) -> None:
        """Stores what became of it."""
        ...

    def of(self, tenant_id: str) -> list[Dispatch]:
        """Everything sent or decided about a tenant, oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class Record:
    """One entry of the tenant's own data. `data` is JSON; sealed at rest."""

    tenant_id: str
    id: str
    data: Mapping[str, object]
    version: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Activity:
    """What a user did with a record, and when. As secret as the record: sealed, gone with the tenant."""

    id: str
    tenant_id: str
    by: str
    what: str
    record_id: str
    at: datetime


class ActivityLog(Protocol):
    """What users do with their records (SAMAN-6.2)."""

    def note(self, activity: Activity) -> None:
        """Appends a line. Raises Gone once the tenant's key is."""
        ...

    def lines(self, tenant_id: str, before: str | None, limit: int) -> list[Activity]:
        """Up to `limit` lines older than the one of id `before`, the newest first."""
        ...


@dataclass(frozen=True, slots=True)
class Tracking:
    """That a tenant's records are synchronized, and by which fields of their data they are found."""

    search: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """A record's new state, and what has to be put aside with it."""

    state: State
    copies: tuple[Copy, ...] = ()


class Records(Protocol):
    """The tenants' own entries, sealed under the tenant's key.

    With `tracking` a write also takes its place in the feed that devices read, and in what is searched by.
    """

    def put(
        self,
        tenant_id: str,
        record_id: str,
        data: Mapping[str, object],
        now: datetime,
        tracking: Tracking | None = None,
    ) -> Record:
        """Stores a record in place of what was there. Raises ConcurrentChange where it is tracked."""
        ...

    def get(self, tenant_id: str, record_id: str) -> Record:
        """Raises NotFound, also for one that was deleted."""
        ...

    def page(self, tenant_id: str, after: str | None, limit: int) -> list[Record]:
        """Up to `limit` records whose id is above `after`, in order of id."""
        ...

    def delete(
        self,
        tenant_id: str,
        record_id: str,
        tenant_version: int,
        now: datetime,
        tracking: Tracking | None = None,
    ) -> None:
        """Deletes a record while its tenant is still at this version, which is what no hold was seen at.

        Raises NotFound, ConcurrentChange.
        """
        ...

    def keep_copy(self, tenant_id: str, record_id: str) -> None:
        """Keeps what a record holds now beside it, sealed as it is; without a record there is nothing to."""
        ...

    def states(self, tenant_id: str, record_ids: Sequence[str]) -> tuple[dict[str, State], int]:
        """The states of those that there are or were, and the feed's last place; read consistently."""
        ...

    def apply(
        self, tenant_id: str, written: Sequence[Written], last: int, tenant_version: int, tracking: Tracking
    ) -> None:
        """Writes states in one transaction, in the places of the feed that follow `last`.

        Raises ConcurrentChange if somebody wrote since, or the tenant moved.
        """
        ...

    def feed(self, tenant_id: str, after: int, limit: int) -> list[State]:
        """Up to `limit` states whose place in the feed is above `after`, in order: each record once, as it is
        now.
        """
        ...

    def copies(self, tenant_id: str, record_id: str) -> list[Copy]:
        """What was put aside of a record."""
        ...

    def find(self, tenant_id: str, field: str, value: str, limit: int) -> list[Record]:
        """Up to `limit` records whose data has this value in this field, by their keyed hashes."""
        ...


class ObjectStore(Protocol):
    """What is too large for a table: exports and backups. Sealed under the tenant's key, every version kept.

    Names are made of letters, digits, dots, dashes and underscores, parted by slashes.
    """

    def put(self, tenant_id: str, name: str, content: bytes) -> None:
        """Stores an object; what was there stays as an older version. Raises Gone after a purge."""
        ...

    def get(self, tenant_id: str, name: str) -> bytes:
        """The newest version. Raises NotFound; Gone once the tenant's key is."""
        ...

    def names(self, tenant_id: str, below: str = "") -> list[str]:
        """The names of a tenant's objects, sorted; with `below` only those that begin with it."""
        ...

    def delete(self, tenant_id: str, below: str, limit: int = 1000) -> int:
        """Deletes up to `limit` versions of the objects whose names begin with `below`; says how many."""
        ...

    def erase(self, tenant_id: str, limit: int = 1000) -> int:
        """Deletes up to `limit` versions of whatever the tenant has; says how many, 0 if nothing is left."""
        ...

    def count(self, tenant_id: str) -> int:
        """How many versions and delete markers there are of the tenant's objects."""
        ...


class DataJobs(Protocol):
    """Exports, backups and restorations: in the tenant's partition, and gone with it."""

    def get(self, tenant_id: str, job_id: str) -> DataJob:
        """Raises NotFound."""
        ...

    def of(self, tenant_id: str, kind: JobKind) -> list[DataJob]:
        """All of a kind, oldest first."""
        ...

    def save(self, rows: Sequence[DataJob | DataFile]) -> None:
        """Writes jobs (each at the version after the one stored) and files in one transaction, while there is
        a tenant. A file that was written before is overwritten. Raises ConcurrentChange.
        """
        ...

    def files(self, tenant_id: str, job_id: str) -> list[DataFile]:
        """The files of a job in order."""
        ...

    def drop(self, job: DataJob) -> None:
        """Forgets a job and its files. Repeatable."""
        ...

    def plan_backup(self, tenant_id: str, at: datetime) -> None:
        """Has a backup fall due at `at`, unless one is planned already or the tenant is gone."""
        ...

    def planned_backup(self, tenant_id: str) -> datetime | None:
        """When the next backup by itself falls due, if one is planned."""
        ...

    def begin_planned(self, backup: DataJob) -> None:
        """Puts a new backup in place of the plan, in one transaction. Raises ConcurrentChange without one."""
        ...

    def cancel_plan(self, tenant_id: str) -> None:
        """Takes a plan back. Repeatable."""
        ...


class Leaks(Protocol):
    """Cases of leaked personal data, by product. They outlive every tenant."""

    def get(self, product: str, leak_id: str) -> Leak:
        """Raises NotFound."""
        ...

    def of(self, product: str) -> list[Leak]:
        """All of a product, oldest first."""
        ...

    def save(self, leak: Leak) -> None:
        """Writes a new case, or the next version of a known one. Raises ConcurrentChange."""
        ...


class Roster(Protocol):
    """Which customers a product has, in as many parts as a round has lanes. Those purged are left out."""

    def page(self, product: str, lane: int, after: str, limit: int) -> list[str]:
        """Up to `limit` ids above `after` of one part, in order. It follows the table within moments."""
        ...


class ServiceStates(Protocol):
    """Which products cannot be used, or come to their end."""

    def read(self) -> ServiceState:
        """The state now."""
        ...


class Service(Protocol):
    """What concerns a product and all its customers. Written as rows; it outlives every tenant."""

    def round(self, product: str, round_id: str) -> Round:
        """Raises NotFound."""
        ...

    def rounds(self, product: str) -> list[Round]:
        """All of a product."""
        ...

    def lane(self, product: str, round_id: str, number: int) -> Lane:
        """Read consistently. Raises NotFound."""
        ...

    def progress(self, product: str, round_id: str) -> Progress:
        """How far a round is."""
        ...

    def news(self, product: str, news_id: str) -> News:
        """Raises NotFound."""
        ...

    def latest_news(self, product: str, limit: int = 50) -> list[News]:
        """The newest first."""
        ...

    def window(self, product: str, window_id: str) -> Window:
        """Raises NotFound."""
        ...

    def windows(self, product: str) -> list[Window]:
        """All of a product, the last to be planned first."""
        ...

    def incident(self, product: str, incident_id: str) -> Incident:
        """Raises NotFound."""
        ...

    def incidents(self, product: str) -> list[Incident]:
        """All of a product, the last to be noted first."""
        ...

    def wind_down(self, product: str) -> WindDown | None:
        """The product's end, if one was ever planned."""
        ...


class Consents(Protocol):
    """The record of consents: in the tenant's partition, and gone with it."""

    def of(self, tenant_id: str) -> list[Consent]:
        """All entries about a tenant, oldest first."""
        ...


class Listings(Protocol):
    """What customers let others see of them, by product."""

    def get(self, tenant_id: str) -> Listing | None:
        """What is shown of a customer, if anything is."""
        ...

    def page(self, product: str, after: str | None, limit: int) -> list[Listing]:
        """Up to `limit` of a product's, whose tenant's id is above `after`, in order of it."""
        ...


class ContactNotes(Protocol):
    """Summaries of contacts with customers: sealed, in the tenant's partition, gone with it."""

    def of(self, tenant_id: str) -> list[ContactNote]:
        """All of a tenant, oldest first, unsealed. Raises Gone once the tenant's key is."""
        ...


class DueKind(StrEnum):
    """What can stand in the due index."""

    TENANT = "tenant"
    ENTRY = "entry"
    PAYMENT = "payment"
    REFUND = "refund"
    TICKET = "ticket"
    REQUEST = "request"
    PURGE = "purge"
    DATA_JOB = "data_job"
    BACKUP_PLAN = "backup_plan"
    LEAK = "leak"
    LANE = "lane"
    WINDOW = "window"
    WIND_DOWN = "wind_down"


@dataclass(frozen=True, slots=True)
class DueItem:
    """Something whose instant is in the due index. `seq` is an entry's number, or a lane's.

    `id` is a tenant's id, or that of the payment, refund, ticket, data job, data request, leak, window, round
    or product. What belongs to a product names it besides, payments and tenants nothing, all others their
    tenant.
    """

    kind: DueKind
    id: str
    at: datetime
    seq: int = 0
    tenant_id: str = ""
    product: str = ""


class DueIndex(Protocol):
    """The sharded index of everything that falls due."""

    def overdue(self, until: datetime, limit: int = 1000) -> list[DueItem]:
        """What was due at or before `until`, from all shards, oldest first."""
        ...

    def earliest(self) -> DueItem | None:
        """What falls due first of all."""
        ...


class Signer(Protocol):
    """Signs with a key that never leaves its vault."""

    algorithm: str

    @property
    def public_key(self) -> bytes:
        """The public key, DER (SubjectPublicKeyInfo)."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The signature in DER form."""
        ...


class PurgeLedger(Protocol):
    """The purges: written before anything is deleted, kept for ever."""

    def committed_on(self, day: str) -> list[str]:
        """The tenants whose purge was committed on a UTC day such as 2026-11-25."""
        ...

    def get(self, tenant_id: str) -> PurgeEntry:
        """Raises NotFound."""
        ...

    def save(self, entry: PurgeEntry) -> None:
        """Writes a known entry's progress, conditional on the version before.

        Raises NotFound, ConcurrentChange.
        """
        ...


class RestoredTable(Protocol):
    """A table that a recovery to an earlier moment made; nobody works on it yet."""

    def purge_again(self, entry: PurgeEntry) -> int:
        """Deletes what the table holds of a purged tenant, and writes the entry into it; says how many items
        went.
        """
        ...

    def count(self, tenant_id: str) -> int:
        """How many items it still holds of a tenant, besides the purge's own."""
        ...


class Eraser(Protocol):
    """Deletes what a store holds of a tenant, and counts what is left."""

    def erase(self, tenant_id: str, store: Store, limit: int = 500) -> int:
        """Deletes up to `limit` items of the store and says how many; 0 when it is empty. Repeatable."""
        ...

    def count(self, tenant_id: str, store: Store) -> int:
        """How many items the store still holds."""
        ...


@dataclass(frozen=True, slots=True)
class SecurityLine:
    """One line of the security log."""

    subject: str
    kind: str
    at: datetime
    source_ip: str
    details: Mapping[str, str | int]


class SecurityLog(Protocol):
    """The security log, kept outside what a purge deletes (KALO-6). No personal data, no secrets."""

    def note(self, subject: str, kind: str, at: datetime, source_ip: str, **details: str | int) -> None:
        """Appends a line about `subject` (a tenant's id, or a product for strangers)."""
        ...

    def lines(self, subject: str, limit: int = 100) -> list[SecurityLine]:
        """The newest lines first."""
        ...


class RequestCounts(Protocol):
    """How many requests all workers together saw of a tenant; gone with its security log."""

    def add(self, subject: str, window: datetime, number: int, kind: str = "requests") -> int:
        """Adds to the count of the window that begins then, and says what it is with that."""
        ...


@dataclass(frozen=True, slots=True)
class TestClock:
    """How far the test clock is ahead, and its target (UTC) while it advances."""

    __test__: ClassVar[bool] = False

    offset_seconds: int = 0
    target: datetime | None = None


class ClockOffsets(Protocol):
    """Where the test clock's offset is kept."""

    def read(self) -> TestClock:
        """The offset and what the clock is on its way to."""
        ...

    def write(self, clock: TestClock) -> None:
        """Stores it; an offset never shrinks (raises Conflict)."""
        ...


@dataclass(frozen=True, slots=True)
class MessageOrder:
    """What a message must say. `facts` are figures and ids; `code` is a one-time code where one is sent."""

    kind: NoticeKind
    language: str
    product: str
    product_names: Mapping[str, str]
    anchor: datetime
    facts: Mapping[str, str | int]
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A message written out for both channels; `sms_template` and its tokens for providers with templates."""

    subject: str
    text: str
    html: str
    sms_text: str
    sms_template: str
    sms_tokens: Mapping[str, str]


class Wording(Protocol):
    """The products' messages, in the languages of their customers."""

    def write(self, message: MessageOrder) -> Message:
        """The message in its language, dates Jalali, amounts in tomans."""
        ...


# --- other services -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a sign-in yields; the ID token authorizes calls. `expires_in` is in seconds."""

    id_token: str
    access_token: str
    expires_in: int
    refresh_token: str | None = None


class SignIn(Protocol):
    """The user pool: passwords, tokens and groups."""

    def create(self, username: str, tenant_id: str, role: Role) -> None:
        """Creates a user who cannot sign in yet; one that exists already is left as it is."""
        ...

    def set_password(self, username: str, password: str) -> None:
        """Sets a password for good."""
        ...

    def sign_in(self, username: str, password: str) -> Tokens:
        """Raises NotSignedIn."""
        ...

    def refresh(self, refresh_token: str) -> Tokens:
        """Raises NotSignedIn."""
        ...

    def sign_out(self, username: str) -> None:
        """Ends every session of the user; an unknown user has none."""
        ...

    def delete(self, username: str) -> None:
        """Deletes the user; one who does not exist is no error."""
        ...


class Fingerprints(Protocol):
    """Keyed hashes of contacts, made with a key that never leaves its vault."""

    def of(self, product: str, contact: str) -> str:
        """The fingerprint of a normalized e-mail address or mobile number within a product."""
        ...


class Workflows(Protocol):
    """The state machines."""

    def start(self, workflow: str, name: str, payload: Mapping[str, object]) -> bool:
        """Starts an execution; False if one of this name was started before."""
        ...


class NoticeQueue(Protocol):
    """The queue in front of the sending function."""

    def put(self, message: Mapping[str, object]) -> None:
        """Hands a message over durably."""
        ...


class Ids(Protocol):
    """Where fresh ids and secrets come from."""

    def new(self, prefix: str) -> str:
        """A fresh id that sorts by time: `<prefix>_<26 characters>`."""
        ...

    def code(self) -> str:
        """A fresh six-digit code."""
        ...
