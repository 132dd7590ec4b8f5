"""A vendor's agreement as data: what `agreements/<product>.yaml` becomes once it is read and checked.

Every rule carries its `Basis`: the clause it comes from, or the vendor's choice where the text is silent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from mohlat.domain.durations import Calendar, Duration
from mohlat.domain.errors import InvalidInput
from mohlat.domain.working_time import NOTHING_DECLARED, Declared, WorkingTime


class Phase(StrEnum):
    """Where a tenant is in its life. Exactly one at a time; the graph is in `lifecycle`."""

    TRIAL = "trial"
    ACTIVE = "active"
    READ_ONLY = "read_only"
    DEACTIVATED = "deactivated"
    CLOSED = "closed"
    PURGED = "purged"


class Channel(StrEnum):
    """How a notice travels."""

    EMAIL = "email"
    SMS = "sms"


@dataclass(frozen=True, slots=True)
class Basis:
    """Why a figure is what it is: a clause, a vendor's choice, or a choice made under a clause."""

    clause: str | None = None
    choice: str | None = None

    def cite(self) -> str:
        """The clause's id, or the words "vendor's choice"."""
        return self.clause or "vendor's choice"


@dataclass(frozen=True, slots=True)
class Reminder:
    """A notice owed this long before a trial, a term or an unpaid first invoice ends."""

    before: Duration
    channels: tuple[Channel, ...]
    basis: Basis


@dataclass(frozen=True, slots=True)
class Trial:
    """A free period from registration on; what follows it unpaid is `then`."""

    length: Duration
    then: Phase
    reminders: tuple[Reminder, ...]
    basis: Basis


@dataclass(frozen=True, slots=True)
class FirstInvoice:
    """A lease that starts at registration on credit: its invoice is due after `due`.

    Unpaid by then the tenant is suspended for debt and counts as lapsed from that instant.
    """

    due: Duration
    plan: str
    length: Duration
    reminders: tuple[Reminder, ...]
    basis: Basis


@dataclass(frozen=True, slots=True)
class Lease:
    """Paid terms; what follows one that was not renewed is `then`."""

    then: Phase
    reminders: tuple[Reminder, ...]
    basis: Basis


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time and where it comes from."""

    length: Duration
    basis: Basis


@dataclass(frozen=True, slots=True)
class Reopening:
    """That a customer may undo the closing: `within` this long, or, where that is None, until the purge."""

    within: Duration | None
    basis: Basis


@dataclass(frozen=True, slots=True)
class Retention:
    """How long data is kept, from the end of a trial or a lease, the closing, a withdrawal, or a finding.

    Without `reopening` nobody can undo a closing.
    """

    after_closing: Span
    after_trial: Span | None = None
    after_term: Span | None = None
    after_withdrawal: Span | None = None
    after_finding: Span | None = None
    reopening: Reopening | None = None


@dataclass(frozen=True, slots=True)
class DeletionWarning:
    """The last notice: `before` the purge, and never less than `wait` between its sending and the purge."""

    before: Duration
    wait: Duration
    channels: tuple[Channel, ...]
    basis: Basis


@dataclass(frozen=True, slots=True)
class Price:
    """What a period costs from `since` (UTC) on, in rials."""

    since: datetime
    amount: int


def price_at(prices: tuple[Price, ...], now: datetime) -> Price | None:
    """The price in force at `now`, or None before the first."""
    begun = (price for price in prices if price.since <= now)
    return max(begun, key=lambda price: price.since, default=None)


@dataclass(frozen=True, slots=True)
class Offer:
    """A period of a plan and its dated prices, oldest first."""

    length: Duration
    prices: tuple[Price, ...]

    def price_at(self, now: datetime) -> Price | None:
        """The price in force at `now`, or None before the first."""
        return price_at(self.prices, now)


@dataclass(frozen=True, slots=True)
class Promotion:
    """A discount in force from `since` until `until` (exclusive, UTC), in whole percent of the list price.

    Empty `plans` or `lengths` mean all of them (SAMAN-5.1).
    """

    id: str
    names: Mapping[str, str]
    percent: int
    since: datetime
    until: datetime
    basis: Basis
    plans: tuple[str, ...] = ()
    lengths: tuple[Duration, ...] = ()

    def applies(self, plan: str, length: Duration, now: datetime) -> bool:
        """Whether `length` of `plan` is cheaper at `now`."""
        return (
            self.since <= now < self.until
            and (not self.plans or plan in self.plans)
            and (not self.lengths or length in self.lengths)
        )


@dataclass(frozen=True, slots=True)
class Extra:
    """Something bought once beside a lease, at a dated price: training, another export (SAMAN-4.4, 6.5)."""

    id: str
    names: Mapping[str, str]
    prices: tuple[Price, ...]
    basis: Basis


@dataclass(frozen=True, slots=True)
class VatRate:
    """The rate of value added tax, in whole percent, from `since` (UTC) on."""

    since: datetime
    percent: int


@dataclass(frozen=True, slots=True)
class TaxRule:
    """Whether what is sold is exempt from value added tax; prices are net, the tax comes on top
    (SAMAN-5.10).
    """

    exempt: bool
    rates: tuple[VatRate, ...]
    basis: Basis

    def percent_at(self, now: datetime) -> int:
        """The rate in force at `now`; 0 where exempt and before the first rate."""
        begun = [rate for rate in self.rates if rate.since <= now]
        return 0 if self.exempt or not begun else max(begun, key=lambda rate: rate.since).percent

    def changes_after(self, now: datetime) -> datetime | None:
        """When the rate changes next, as far as it is known."""
        coming = [rate.since for rate in self.rates if rate.since > now]
        return min(coming) if coming and not self.exempt else None


@dataclass(frozen=True, slots=True)
class UsageRate:
    """What each begun `block` of a metric above the plan's limit costs, in rials, by date."""

    metric: str
    block: int
    prices: tuple[Price, ...]


@dataclass(frozen=True, slots=True)
class OveruseRule:
    """Use above a plan's limits: what it costs, and how long its invoice may wait (SAMAN-3.12, 5.7)."""

    due: Duration
    rates: tuple[UsageRate, ...]
    reminders: tuple[Reminder, ...]
    basis: Basis


@dataclass(frozen=True, slots=True)
class PaceRule:
    """How many requests a minute are answered: a plan's limit says it, `otherwise` for who has no plan.

    Whoever is throttled gets `slowed_percent` of that (CLUB-4, SAMAN-3.12).
    """

    otherwise: int
    slowed_percent: int
    basis: Basis


@dataclass(frozen=True, slots=True)
class ObjectionRule:
    """A restricted customer may reply, and is answered within this time."""

    answer: Duration
    basis: Basis


@dataclass(frozen=True, slots=True)
class DisputeRule:
    """Until when an invoice can be contested: `within` its date, the last day counted whole; answered by
    then.
    """

    within: Duration
    answer: Duration
    basis: Basis


@dataclass(frozen=True, slots=True)
class OfficialInvoiceRule:
    """Official invoices for legal entities: when one may be asked for and by when it is issued, both counted
    from the payment (SAMAN-5.9)."""

    request_within: Duration
    issue_within: Duration
    basis: Basis


@dataclass(frozen=True, slots=True)
class OrderNeeds:
    """Which parts of the billing profile an order needs, of a natural person and of a legal one besides."""

    natural: tuple[str, ...]
    legal: tuple[str, ...]
    basis: Basis


@dataclass(frozen=True, slots=True)
class Seller:
    """Who invoices. `fiscal_id` is the six-character memory id of the taxpayer system, where there is one;
    `goods_id` its thirteen-digit code for what is sold."""

    names: Mapping[str, str]
    national_id: str
    economic_code: str
    address: Mapping[str, str]
    postal_code: str
    phone: str
    basis: Basis
    fiscal_id: str | None = None
    goods_id: str | None = None


@dataclass(frozen=True, slots=True)
class EscrowRule:
    """Agreed services are paid into escrow before the work begins (SAMAN-5.8)."""

    basis: Basis


@dataclass(frozen=True, slots=True)
class Ground:
    """A reason on which a customer's information may be handed to somebody outside; no other is one."""

    id: str
    basis: Basis


@dataclass(frozen=True, slots=True)
class RequestMail:
    """How a request about one's data comes by mail: to which address, under which subject, naming what.

    `facts` are what the mail must name besides the right, and name correctly: name, account.
    """

    address: str
    subject: str
    facts: tuple[str, ...]
    basis: Basis


@dataclass(frozen=True, slots=True)
class DataRequestRule:
    """Until when a request about one's data is answered: `within` its receipt, `at_most` once extended, both
    counted from the receipt; the operators are called `warn_before` it is late (KALLU-9).
    """

    within: Duration
    at_most: Duration
    warn_before: Duration
    basis: Basis
    mail: RequestMail | None = None


@dataclass(frozen=True, slots=True)
class ClosingByMail:
    """That an account is closed by a mail to the inbox which holds one of these phrases, by language, and
    the account's name (KALO-26).
    """

    phrases: Mapping[str, str]
    basis: Basis


class Consequence(StrEnum):
    """What follows from a breach that an operator finds."""

    BLOCK = "block"
    END = "end"


@dataclass(frozen=True, slots=True)
class Violation:
    """A kind of breach, which an operator may find, and what follows from it at once.

    `archive`: what there is at that moment is kept aside. `content`: an operator may also just remove the
    record that breaks the rule.
    """

    id: str
    consequence: Consequence
    basis: Basis
    archive: bool = False
    content: bool = False


class Purpose(StrEnum):
    """What a person can consent to, each for itself."""

    MARKETING_EMAIL = "marketing_email"
    MARKETING_SMS = "marketing_sms"
    NEWSLETTER = "newsletter"
    THIRD_PARTY_MARKETING = "third_party_marketing"
    CUSTOMER_LIST = "customer_list"


class Arises(StrEnum):
    """How a consent comes about.

    registering  whoever registers consents, and may decline at any time
    assumed      it stands until somebody objects
    asked        only who says so consents
    """

    REGISTERING = "registering"
    ASSUMED = "assumed"
    ASKED = "asked"


@dataclass(frozen=True, slots=True)
class ConsentRule:
    """Something that needs a person's consent."""

    purpose: Purpose
    arises: Arises
    basis: Basis


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie that the product's pages may set; `essential` ones need no consent."""

    name: str
    purpose: Mapping[str, str]
    essential: bool


@dataclass(frozen=True, slots=True)
class CookieRule:
    """Every cookie there is, by name and purpose. The visitor's answer holds for `remembered`."""

    cookies: tuple[Cookie, ...]
    remembered: Duration
    basis: Basis


@dataclass(frozen=True, slots=True)
class TransferRule:
    """Data goes to processors only where it is protected as in the European Economic Area (KALLU-5)."""

    basis: Basis


class Severity(StrEnum):
    """How much a fault stops: everything, a part, nothing; or what is asked for is no fault at all."""

    CRITICAL = "critical"
    MAJOR = "major"
    NORMAL = "normal"
    OTHER = "other"


class Step(StrEnum):
    """What is promised of a request for support, in the order in which it happens."""

    ANSWER = "answer"
    RECOVERY = "recovery"
    REVIEW = "review"
    ESTIMATE = "estimate"
    FIX = "fix"


@dataclass(frozen=True, slots=True)
class StepLimit:
    """A step and its working time from the registration on; None: with the next version, on no date.

    A day of `within` is a whole working day, an hour an hour of one.
    """

    step: Step
    within: Duration | None


@dataclass(frozen=True, slots=True)
class SupportLevel:
    """What is promised of requests of one severity."""

    severity: Severity
    steps: tuple[StepLimit, ...]
    basis: Basis


@dataclass(frozen=True, slots=True)
class SupportHours:
    """When support works on a working day, local time; `closes` is exclusive (SAMAN-4.2.3)."""

    opens: time
    closes: time
    basis: Basis


@dataclass(frozen=True, slots=True)
class NotCovered:
    """What support does not do: sold as the extra, or not done at all."""

    topic: str
    extra: str | None
    basis: Basis


@dataclass(frozen=True, slots=True)
class BilledTime:
    """Time that is billed at the price of the extra, which is that of an hour."""

    extra: str
    basis: Basis


@dataclass(frozen=True, slots=True)
class SupportMail:
    """The address at which support is asked by mail."""

    address: str
    basis: Basis


@dataclass(frozen=True, slots=True)
class HelpRule:
    """What support does, until when, and for whom (SAMAN-4.2.2, KALO-11).

    `warn_before`, in working time before each deadline, the operators are called. `manager_only`: only the
    owner of the account is served (SAMAN-4.2.6). `not_a_bug` and `outside_hours` say what time costs that was
    spent on a reported fault that was none, or outside the hours because the customer wished it so. Without
    `mail` a mail opens no request.
    """

    hours: SupportHours
    levels: tuple[SupportLevel, ...]
    warn_before: Duration
    basis: Basis
    manager_only: Basis | None = None
    not_covered: tuple[NotCovered, ...] = ()
    not_a_bug: BilledTime | None = None
    outside_hours: BilledTime | None = None
    mail: SupportMail | None = None

    @property
    def mildest(self) -> Severity:
        """What a request is until somebody says that it is worse."""
        return max((level.severity for level in self.levels), key=list(Severity).index)

    def level(self, severity: Severity) -> SupportLevel | None:
        """What is promised at a severity, if the agreement knows it."""
        return next((level for level in self.levels if level.severity is severity), None)

    def working_time(self, calendar: Calendar, declared: Declared = NOTHING_DECLARED) -> WorkingTime:
        """The hours on a calendar's working days."""
        return WorkingTime(calendar, self.hours.opens, self.hours.closes, declared)


def worked(length: Duration, day: timedelta) -> timedelta:
    """A length in working time, whose days last as long as the office is open."""
    return length.days * day + timedelta(seconds=length.seconds)


class StaffNeeds(StrEnum):
    """What the vendor's staff needs before it sees a customer's name and contacts."""

    OPEN_TICKET = "open_ticket"
    STATED_REASON = "stated_reason"


@dataclass(frozen=True, slots=True)
class SyncRule:
    """Records are synchronized with devices, and found by the values of these fields of their data."""

    search: tuple[str, ...]
    basis: Basis


@dataclass(frozen=True, slots=True)
class StaffRule:
    """When staff may look at a customer's name and contacts; each look is recorded."""

    needs: StaffNeeds
    basis: Basis


@dataclass(frozen=True, slots=True)
class MisuseRule:
    """Suspected misuse of an account can be reported; a person acts on it within `answer` (KALAK-account)."""

    answer: Duration
    basis: Basis


class PartnerPower(StrEnum):
    """What can be delegated to a partner for one of its customers."""

    PROPOSE_WORK = "propose_work"
    SEE_STATUS = "see_status"
    NOTE_CONTACT = "note_contact"


@dataclass(frozen=True, slots=True)
class PartnerRule:
    """The powers that may be delegated to partners at all (SAMAN-1.7)."""

    powers: tuple[PartnerPower, ...]
    basis: Basis


@dataclass(frozen=True, slots=True)
class SupportRule:
    """The customer lets a helper in with the support role, for `at_most` this long at a time (SAMAN-3.7)."""

    at_most: Duration
    basis: Basis


@dataclass(frozen=True, slots=True)
class LeakRule:
    """A known leak of personal data is a case; those whose data it was are told `within` this long."""

    tell_within: Duration
    basis: Basis


@dataclass(frozen=True, slots=True)
class NeverBilledRule:
    """Work that no bill may name, by the ids an extra or a metric would have (SAMAN-4.1.1)."""

    work: tuple[str, ...]
    basis: Basis


@dataclass(frozen=True, slots=True)
class CompensationRule:
    """What proven human error pays at most: the price of this much of the lease (SAMAN-4.6)."""

    at_most: Duration
    basis: Basis


@dataclass(frozen=True, slots=True)
class Plan:
    """A package with all its features from the first month on (SAMAN-3.4), and its limits."""

    id: str
    names: Mapping[str, str]
    offers: tuple[Offer, ...]
    limits: Mapping[str, int]
    basis: Basis


class RefundCase(StrEnum):
    """What a refund is asked for."""

    WITHDRAWAL = "withdrawal"
    RENEWAL = "renewal"
    UPGRADE = "upgrade"
    VIOLATION = "violation"
    OTHERWISE = "otherwise"


class Returned(StrEnum):
    """How much of it goes back."""

    EVERYTHING = "everything"
    DIFFERENCE = "difference"
    NOTHING = "nothing"


class Since(StrEnum):
    """What a refund's time is counted from."""

    REGISTRATION = "registration"
    PURCHASE = "purchase"


@dataclass(frozen=True, slots=True)
class RefundRule:
    """What goes back in a case, and within which time: its last day counts whole, in Tehran.

    Without `within` and `within_working_days` at any time. `waived_by_start`: the right lapses for who asked,
    on record, that the service start at once (the by-law of the E-Commerce Law's article 38).
    """

    case: RefundCase
    returned: Returned
    within: Duration | None
    basis: Basis
    within_working_days: int | None = None
    since: Since = Since.PURCHASE
    waived_by_start: bool = False


_WATCH = Duration(seconds=72 * 3600)
_FILES_LAST = Duration(days=7)


@dataclass(frozen=True, slots=True)
class PaymentRule:
    """Through which gateways a product is paid; the first one unless the payer asks for another.

    A failed payment that took money is watched for `watch` before a person follows it up (CLUB-7).
    """

    gateways: tuple[str, ...]
    basis: Basis
    watch: Duration = _WATCH


@dataclass(frozen=True, slots=True)
class ExportRule:
    """When a tenant may take its data: in which phases, and how often free (None: without limit).

    More often it costs an `extra`. The files of an export can be fetched for as long as `available` says.
    """

    phases: frozenset[Phase]
    free_every: Duration | None
    basis: Basis
    extra: str | None = None
    available: Duration = _FILES_LAST


@dataclass(frozen=True, slots=True)
class BackupRule:
    """Backups of a tenant's records: asked for at any time, and by themselves `every` so long after a first
    change (None: never). The newest `keep` stay. Restoring one costs the extra `restoring`, or nothing.
    """

    every: Duration | None
    keep: int
    basis: Basis
    restoring: str | None = None


@dataclass(frozen=True, slots=True)
class PasswordRule:
    """What a password must be, and when changing it is recommended."""

    min_length: int
    advise_change_after: Duration
    basis: Basis


@dataclass(frozen=True, slots=True)
class Registration:
    """What registering needs: the documents to accept, the contact to confirm, who may stand for whom."""

    accept: tuple[str, ...]
    accept_basis: Basis
    confirm: Channel
    confirm_basis: Basis
    legal_entity_basis: Basis


@dataclass(frozen=True, slots=True)
class Address:
    """A mail address of the product: what it sends from, or what it listens to."""

    address: str
    basis: Basis


@dataclass(frozen=True, slots=True)
class Document:
    """Where the newest text is published, for anyone to read."""

    url: str
    basis: Basis


class Binding(StrEnum):
    """What makes a newly published version bind whoever is a customer already."""

    ACCEPT = "accept"
    USE = "use"
    LEASE = "lease"


@dataclass(frozen=True, slots=True)
class ChangeRule:
    """How the agreement's texts are changed: a version takes effect `notice` after it was published at the
    earliest (None: at once), and binds as `binding` says. With a `refusal` the customer can decline one until
    the first invoice under it (SAMAN-7.2-note6).
    """

    binding: Binding
    notice: Duration | None
    basis: Basis
    refusal: Basis | None = None


@dataclass(frozen=True, slots=True)
class Duty:
    """A clause that puts a duty on the software, in our own words; `duty` is enforce or record."""

    duty: str
    what: str


class LateMaintenance(StrEnum):
    """What becomes of maintenance that is announced later than promised."""

    REFUSED = "refused"
    COUNTS = "counts"


@dataclass(frozen=True, slots=True)
class MaintenanceRule:
    """Planned maintenance is announced `lead` ahead or earlier; a later one is refused, or is downtime."""

    lead: Duration
    late: LateMaintenance
    reminders: tuple[Duration, ...]
    basis: Basis


class Excluded(StrEnum):
    """Causes of downtime that a vendor cannot answer for."""

    DATA_CENTRE = "data_centre"
    COUNTRY_NETWORK = "country_network"


@dataclass(frozen=True, slots=True)
class UptimeRule:
    """The promised uptime of a month in tenths of a percent. `excluded` causes do not count against it.

    `credit`: what was lost in a month below it is added to the lease.
    """

    per_mille: int
    excluded: tuple[Excluded, ...]
    credit: Basis
    basis: Basis


@dataclass(frozen=True, slots=True)
class WindDownRule:
    """The product's end is announced `lead` ahead; for `access` after it everybody can read and export."""

    lead: Duration
    access: Duration
    basis: Basis


WIND_DOWN_UNLESS_AGREED = WindDownRule(
    Duration(days=30),
    Duration(months=12),
    Basis(choice="nobody's data is taken from them without time to leave"),
)


@dataclass(frozen=True, slots=True)
class Agreement:
    """One version of one product's agreement.

    `effective_at` is a UTC instant; `digest` is the SHA-256 of the file it was read from, kept with every
    acceptance as evidence of what was accepted (SAMAN-2.4).
    """

    product: str
    version: str
    effective_at: datetime
    effective_jalali: str
    digest: str
    names: Mapping[str, str]
    languages: tuple[str, ...]
    calendar: Calendar
    sender: Address
    inbox: Address
    document: Document
    registration: Registration
    password: PasswordRule
    trial: Trial | None
    first_invoice: FirstInvoice | None
    lease: Lease | None
    read_only: Span | None
    retention: Retention
    deletion_warning: DeletionWarning
    service_channels: tuple[Channel, ...]
    service_basis: Basis
    payments: PaymentRule | None
    plans: tuple[Plan, ...]
    refunds: tuple[RefundRule, ...]
    export: ExportRule
    clauses: Mapping[str, Duty]
    tax: TaxRule
    wind_down: WindDownRule = WIND_DOWN_UNLESS_AGREED
    maintenance: MaintenanceRule | None = None
    uptime: UptimeRule | None = None
    news: Basis | None = None
    promotions: tuple[Promotion, ...] = ()
    extras: tuple[Extra, ...] = ()
    overuse: OveruseRule | None = None
    pace: PaceRule | None = None
    disputes: DisputeRule | None = None
    objections: ObjectionRule | None = None
    official_invoices: OfficialInvoiceRule | None = None
    order_needs: OrderNeeds | None = None
    seller: Seller | None = None
    escrow: EscrowRule | None = None
    compensation: CompensationRule | None = None
    never_billed: NeverBilledRule | None = None
    disclosures: tuple[Ground, ...] = ()
    violations: tuple[Violation, ...] = ()
    backups: BackupRule | None = None
    staff: StaffRule | None = None
    misuse_reports: MisuseRule | None = None
    support_role: SupportRule | None = None
    partners: PartnerRule | None = None
    leaks: LeakRule | None = None
    contact_notes: Basis | None = None
    no_transfer: Basis | None = None
    activity: Basis | None = None
    watch: Basis | None = None
    synchronization: SyncRule | None = None
    consents: tuple[ConsentRule, ...] = ()
    cookies: CookieRule | None = None
    transfers: TransferRule | None = None
    data_requests: DataRequestRule | None = None
    closing_by_mail: ClosingByMail | None = None
    changes: ChangeRule | None = None
    support: HelpRule | None = None

    def plan(self, plan_id: str) -> Plan:
        """The plan with this id. Raises InvalidInput."""
        for plan in self.plans:
            if plan.id == plan_id:
                return plan
        raise InvalidInput("plan", "unknown", known=[plan.id for plan in self.plans])

    @property
    def gateways(self) -> tuple[str, ...]:
        """The payment gateways, the default first; none where nothing is bought."""
        return self.payments.gateways if self.payments else ()

    def gateway(self, wanted: str | None = None) -> str:
        """The gateway to pay through: the one `wanted`, else the first. Raises InvalidInput."""
        for name in self.gateways:
            if wanted in (None, name):
                return name
        raise InvalidInput("gateway", "not one of the possible values", allowed=list(self.gateways))

    def list_price(self, plan_id: str, length: Duration, now: datetime) -> int:
        """The list price in rials, without tax, at `now` of `length` of a plan. Raises InvalidInput."""
        plan = self.plan(plan_id)
        for offer in plan.offers:
            price = offer.price_at(now)
            if offer.length == length and price:
                return price.amount
        raise InvalidInput("period", "not offered", offered=[str(offer.length) for offer in plan.offers])

    def extra_item(self, extra_id: str) -> Extra:
        """The extra with this id. Raises InvalidInput."""
        for extra in self.extras:
            if extra.id == extra_id:
                return extra
        raise InvalidInput("extra", "unknown", known=[extra.id for extra in self.extras])

    def consent_rule(self, purpose: Purpose) -> ConsentRule | None:
        """What the agreement says of a purpose, if anything."""
        return next((rule for rule in self.consents if rule.purpose is purpose), None)

    def refund_rule(self, case: RefundCase) -> RefundRule | None:
        """What the agreement says of a case of refund, if anything."""
        return next((rule for rule in self.refunds if rule.case is case), None)
