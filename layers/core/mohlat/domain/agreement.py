"""A vendor's agreement as data: what `agreements/<product>.yaml` becomes once it is read and checked.

Every rule carries its `Basis`: the clause it comes from, or the vendor's choice where the text is silent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mohlat.domain.durations import Calendar, Duration
from mohlat.domain.errors import InvalidInput


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
class Retention:
    """How long data is kept, counted from the trial's end, the lease's end, or the closing."""

    after_closing: Span
    after_trial: Span | None = None
    after_term: Span | None = None


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


@dataclass(frozen=True, slots=True)
class Offer:
    """A period of a plan and its dated prices, oldest first."""

    length: Duration
    prices: tuple[Price, ...]

    def price_at(self, now: datetime) -> Price | None:
        """The price in force at `now`, or None before the first."""
        return max(
            (price for price in self.prices if price.since <= now),
            key=lambda price: price.since,
            default=None,
        )


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


@dataclass(frozen=True, slots=True)
class RefundRule:
    """What goes back in a case, and within which time (None: at any time)."""

    case: RefundCase
    returned: Returned
    within: Duration | None
    basis: Basis


@dataclass(frozen=True, slots=True)
class PaymentRule:
    """Through which gateways a product is paid; the first one unless the payer asks for another."""

    gateways: tuple[str, ...]
    basis: Basis


@dataclass(frozen=True, slots=True)
class ExportRule:
    """When a tenant may take its data: in which phases, and how often free (None: without limit)."""

    phases: frozenset[Phase]
    free_every: Duration | None
    basis: Basis


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


@dataclass(frozen=True, slots=True)
class Duty:
    """A clause that puts a duty on the software, in our own words; `duty` is enforce or record."""

    duty: str
    what: str


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

    def quote(self, plan_id: str, length: Duration, now: datetime) -> int:
        """The price in rials at `now` of `length` of a plan. Raises InvalidInput."""
        plan = self.plan(plan_id)
        for offer in plan.offers:
            price = offer.price_at(now)
            if offer.length == length and price:
                return price.amount
        raise InvalidInput("period", "not offered", offered=[str(offer.length) for offer in plan.offers])
