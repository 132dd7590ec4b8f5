"""Fakes of the ports that behave: conditions hold, versions rise, a lost race is a ConcurrentChange.

All stores share one `Table`, as the real ones do. The contract tests in tests/adapters run against these and
against DynamoDB alike.
"""

from __future__ import annotations

import copy
import hashlib
import zlib
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any, TypeVar

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from mohlat.adapters.sealing import SealBroken
from mohlat.application.ports import (
    Activity,
    Compensation,
    DueItem,
    DueKind,
    HandedOver,
    Receipt,
    Record,
    Row,
    SecurityLine,
    TestClock,
    Tokens,
    Tracking,
    UsageReport,
    Words,
    Written,
)
from mohlat.domain.agreement import Channel, Phase
from mohlat.domain.billing import BillingProfile
from mohlat.domain.consents import Consent
from mohlat.domain.data_jobs import DataFile, DataJob, JobKind
from mohlat.domain.data_requests import DataRequest
from mohlat.domain.disclosures import Disclosure
from mohlat.domain.errors import (
    ConcurrentChange,
    Conflict,
    Gone,
    InvalidInput,
    NotFound,
    NotSignedIn,
    PurgeRefused,
    TooManyAttempts,
)
from mohlat.domain.escrow import Escrow
from mohlat.domain.helpdesk import Reply
from mohlat.domain.invoices import Invoice, OfficialInvoice
from mohlat.domain.journal import Entry, record
from mohlat.domain.leaks import Leak
from mohlat.domain.ledger import Posting
from mohlat.domain.lifecycle import Transition
from mohlat.domain.listings import Listing, Unlisting
from mohlat.domain.maintenance import Window
from mohlat.domain.news import News
from mohlat.domain.notices import Dispatch, NoticeStatus
from mohlat.domain.payments import Order, Payment
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
from mohlat.domain.purge import CAP_REACHED, PurgeEntry, Store, demand_target
from mohlat.domain.refunds import Refund
from mohlat.domain.rounds import LANES, Lane, Progress, Round
from mohlat.domain.service_state import ServiceState
from mohlat.domain.staff import ContactNote
from mohlat.domain.synchronization import Change, Copy, State, decide, search_key
from mohlat.domain.tenant import Tenant, iso
from mohlat.domain.tickets import Ticket
from mohlat.domain.uptime import Incident
from mohlat.domain.winding_down import WindDown
from mohlat.domain.working_time import DeclaredDay

START = datetime(2026, 1, 31, 8, 0, 0, tzinfo=UTC)
Kind = TypeVar("Kind")


@dataclass
class Table:
    """What is stored, by kind and key."""

    tenants: dict[str, Tenant] = field(default_factory=dict)
    due_tenants: dict[str, datetime] = field(default_factory=dict)
    journal: dict[tuple[str, int], Entry] = field(default_factory=dict)
    owing: set[tuple[str, int]] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    contacts: dict[str, Contact] = field(default_factory=dict)
    acceptances: dict[tuple[str, datetime, str], Acceptance] = field(default_factory=dict)
    users: dict[tuple[str, str], User] = field(default_factory=dict)
    user_contacts: dict[tuple[str, str], UserContact] = field(default_factory=dict)
    departures: dict[tuple[str, str], Departure] = field(default_factory=dict)
    codes: dict[tuple[str, str, CodePurpose], Code] = field(default_factory=dict)
    identities: dict[tuple[str, str], Identity] = field(default_factory=dict)
    trials: dict[tuple[str, str], TrialMark] = field(default_factory=dict)
    orders: dict[tuple[str, str], Order] = field(default_factory=dict)
    payments: dict[str, Payment] = field(default_factory=dict)
    authorities: dict[tuple[str, str], str] = field(default_factory=dict)
    notices: dict[tuple[str, str, Channel], Dispatch] = field(default_factory=dict)
    records: dict[tuple[str, str], Record] = field(default_factory=dict)
    copies: dict[tuple[str, str], Record] = field(default_factory=dict)
    objects: dict[tuple[str, str], list[bytes]] = field(default_factory=dict)
    purge_cap: int = 1000
    ledger: dict[str, PurgeEntry] = field(default_factory=dict)
    audit: list[SecurityLine] = field(default_factory=list)
    counts: dict[tuple[str, str, datetime], int] = field(default_factory=dict)
    clock: TestClock = field(default_factory=TestClock)
    receipts: dict[tuple[str, str], str] = field(default_factory=dict)
    postings: dict[tuple[str, str], Posting] = field(default_factory=dict)
    refunds: dict[tuple[str, str], Refund] = field(default_factory=dict)
    tickets: dict[tuple[str, str], Ticket] = field(default_factory=dict)
    words: dict[tuple[str, str], str] = field(default_factory=dict)
    messages: dict[tuple[str, str, str], Reply] = field(default_factory=dict)
    declared_days: dict[tuple[str, date], DeclaredDay] = field(default_factory=dict)
    escrows: dict[tuple[str, str], Escrow] = field(default_factory=dict)
    usage: dict[tuple[str, str], UsageReport] = field(default_factory=dict)
    requests: dict[tuple[str, str], DataRequest] = field(default_factory=dict)
    disclosures: dict[tuple[str, str], Disclosure] = field(default_factory=dict)
    compensations: dict[tuple[str, str], Compensation] = field(default_factory=dict)
    invoices: dict[tuple[str, str], Invoice] = field(default_factory=dict)
    numbers: dict[tuple[str, int], int] = field(default_factory=dict)
    officials: dict[tuple[str, str], OfficialInvoice] = field(default_factory=dict)
    profiles: dict[str, BillingProfile] = field(default_factory=dict)
    jobs: dict[tuple[str, str], DataJob] = field(default_factory=dict)
    files: dict[tuple[str, str, int], DataFile] = field(default_factory=dict)
    backup_plans: dict[str, datetime] = field(default_factory=dict)
    contact_notes: dict[tuple[str, str], ContactNote] = field(default_factory=dict)
    states: dict[tuple[str, str], State] = field(default_factory=dict)
    asides: dict[tuple[str, str], Copy] = field(default_factory=dict)
    last_places: dict[str, int] = field(default_factory=dict)
    activity: dict[tuple[str, str], Activity] = field(default_factory=dict)
    leaks: dict[tuple[str, str], Leak] = field(default_factory=dict)
    consents: dict[tuple[str, str], Consent] = field(default_factory=dict)
    listings: dict[str, Listing] = field(default_factory=dict)
    rounds: dict[tuple[str, str], Round] = field(default_factory=dict)
    lanes: dict[tuple[str, str, int], Lane] = field(default_factory=dict)
    news: dict[tuple[str, str], News] = field(default_factory=dict)
    windows: dict[tuple[str, str], Window] = field(default_factory=dict)
    incidents: dict[tuple[str, str], Incident] = field(default_factory=dict)
    wind_downs: dict[str, WindDown] = field(default_factory=dict)
    service: dict[str, ServiceState] = field(default_factory=dict)
    publications: dict[tuple[str, int], Publication] = field(default_factory=dict)


def _insert(rows: dict[Any, Any], key: Any, value: Any) -> None:
    if key in rows:
        raise ConcurrentChange(key=str(key))
    rows[key] = value


def _move(rows: dict[Any, Any], key: Any, value: Any) -> None:
    known = rows.get(key)
    if (known.version if known else 0) != value.version - 1:
        raise ConcurrentChange(key=str(key))
    rows[key] = value


def _put(table: Table, rows: Sequence[Row], *, new_tenant: bool = False, journal_head: str = "") -> None:
    """The rows of a transaction, each under the condition of its kind."""
    moving = [
        (type(row), row.id)
        for row in rows
        if isinstance(row, Payment | Refund | Ticket | Escrow | DataJob | Leak | DataRequest | Window)
    ]
    # No race: DynamoDB takes no such transaction at all.
    assert len(set(moving)) == len(moving), "two operations on one item"
    for row in rows:
        _put_row(table, row, new_tenant=new_tenant, journal_head=journal_head)


def _put_row(table: Table, row: Row, *, new_tenant: bool, journal_head: str) -> None:
    match row:
        case HandedOver():
            sent = table.notices.get((row.tenant_id, row.key, row.channel))
            if sent is None or sent.status is not NoticeStatus.SENT:
                raise ConcurrentChange(tenant_id=row.tenant_id)
        case Contact():
            if new_tenant:
                table.keys.add(row.tenant_id)
            if row.tenant_id not in table.keys:
                raise Gone(tenant_id=row.tenant_id)
            if new_tenant:
                _insert(table.contacts, row.tenant_id, row)
            elif row.tenant_id not in table.contacts:
                raise ConcurrentChange(tenant_id=row.tenant_id)
            table.contacts[row.tenant_id] = row
        case Acceptance():
            table.acceptances[row.tenant_id, row.at, row.version] = row
        case User():
            _insert(table.users, (row.tenant_id, row.username), row)
        case UserContact():
            table.user_contacts[row.tenant_id, row.username] = row
        case Departure():
            who = row.tenant_id, row.username
            if table.users.pop(who, None) is None:
                raise NotFound(tenant_id=row.tenant_id, username=row.username)
            table.user_contacts.pop(who, None)
            for key in [key for key, known in table.identities.items() if known.username == row.username]:
                table.identities.pop(key)
            table.departures[who] = row
        case ContactChange():
            if (row.left.tenant_id, row.left.username) not in table.users:
                raise NotFound(tenant_id=row.left.tenant_id, username=row.left.username)
            table.identities.pop((row.left.product, row.left.fingerprint))
            _insert(table.identities, (row.taken.product, row.taken.fingerprint), row.taken)
            table.contacts[row.contact.tenant_id] = row.contact
        case Identity():
            _insert(table.identities, (row.product, row.fingerprint), row)
        case TrialMark():
            _insert(table.trials, (row.product, row.fingerprint), row)
        case Order():
            _insert(table.orders, (row.tenant_id, row.id), row)
        case Payment():
            _move(table.payments, row.id, row)
        case PurgeEntry():
            _insert(table.ledger, row.tenant_id, replace(row, journal_head=journal_head))
        case Receipt():
            _insert(table.receipts, (row.gateway, row.receipt), row.payment_id)
        case Posting():
            _insert(table.postings, (row.tenant_id, row.id), row)
        case Refund():
            _move(table.refunds, (row.tenant_id, row.id), row)
        case Ticket():
            _move(table.tickets, (row.tenant_id, row.id), row)
        case DataRequest():
            _move(table.requests, (row.tenant_id, row.id), row)
        case Escrow():
            _move(table.escrows, (row.tenant_id, row.id), row)
        case OfficialInvoice():
            _move(table.officials, (row.tenant_id, row.invoice_id), row)
        case UsageReport():
            _insert(table.usage, (row.tenant_id, row.id), row)
        case Compensation():
            _insert(table.compensations, (row.tenant_id, row.id), row)
        case Disclosure():
            _insert(table.disclosures, (row.tenant_id, row.id), row)
        case ContactNote():
            if row.tenant_id not in table.keys:
                raise Gone(tenant_id=row.tenant_id)
            _insert(table.contact_notes, (row.tenant_id, row.id), row)
        case Consent():
            _insert(table.consents, (row.tenant_id, row.id), row)
        case Listing():
            table.listings[row.tenant_id] = row
        case Unlisting():
            table.listings.pop(row.tenant_id, None)
        case Leak():
            _move(table.leaks, (row.product, row.id), row)
        case Round():
            _insert(table.rounds, (row.product, row.id), row)
        case Lane():
            _move(table.lanes, (row.product, row.round_id, row.number), row)
        case News():
            _insert(table.news, (row.product, row.id), row)
        case Window():
            _move(table.windows, (row.product, row.id), row)
        case Incident():
            _move(table.incidents, (row.product, row.id), row)
        case WindDown():
            _move(table.wind_downs, row.product, row)
        case ServiceState():
            _move(table.service, "", row)
        case DataJob():
            _move(table.jobs, (row.tenant_id, row.id), row)
        case DataFile():
            table.files[row.tenant_id, row.job_id, row.number] = row
        case Words():
            if row.tenant_id not in table.keys:
                raise Gone(tenant_id=row.tenant_id)
            _insert(table.words, (row.tenant_id, row.id), row.text)
        case Reply():
            if row.tenant_id not in table.keys:
                raise Gone(tenant_id=row.tenant_id)
            _insert(table.messages, (row.tenant_id, row.ticket_id, row.id), row)


class _Overlay(MutableMapping[Any, Any]):
    """Changes over a dictionary (or a set, whose members are its keys) that are made in the end, or never."""

    def __init__(self, under: Any) -> None:
        self._under = under
        self._set: dict[Any, Any] = {}
        self._gone: set[Any] = set()

    def __getitem__(self, key: Any) -> Any:
        if key in self._set:
            return self._set[key]
        if key in self._gone or key not in self._under:
            raise KeyError(key)
        return None if isinstance(self._under, set) else self._under[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        self._set[key] = value
        self._gone.discard(key)

    def __delitem__(self, key: Any) -> None:
        self[key]
        self._set.pop(key, None)
        self._gone.add(key)

    def __iter__(self) -> Iterator[Any]:
        return iter({key: None for key in (*self._under, *self._set) if key not in self._gone})

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def add(self, member: Any) -> None:
        self[member] = None

    def make(self) -> None:
        """Makes the changes."""
        if isinstance(self._under, set):
            self._under.difference_update(self._gone)
            self._under.update(self._set)
            return
        for key in self._gone:
            self._under.pop(key, None)
        self._under.update(self._set)


class _Draft:
    """A table to work on: its changes are seen by whoever makes them only, until they are made."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._touched: list[_Overlay] = []

    def __getattr__(self, name: str) -> Any:
        overlay = _Overlay(getattr(self._table, name))
        self._touched.append(overlay)
        setattr(self, name, overlay)
        return overlay


@contextmanager
def _transaction(table: Table) -> Iterator[Any]:
    """A draft, which becomes the table in the end: a condition that fails leaves nothing behind."""
    draft = _Draft(table)
    yield draft
    for overlay in draft._touched:
        overlay.make()


class FakeTenants:
    """`Tenants` in memory."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def get(self, tenant_id: str) -> Tenant:
        if tenant_id in self.table.tenants:
            return self.table.tenants[tenant_id]
        raise (Gone if tenant_id in self.table.ledger else NotFound)(tenant_id=tenant_id)

    def commit(
        self, transition: Transition, next_due_at: datetime | None, rows: Sequence[Row] = ()
    ) -> Tenant:
        tenant, entry = record(transition)
        for row in rows:
            self._check(row)
        with _transaction(self.table) as after:
            _move(after.tenants, tenant.id, tenant)
            after.due_tenants.pop(tenant.id, None)
            if next_due_at and tenant.phase is not Phase.PURGED:
                after.due_tenants[tenant.id] = next_due_at
            _insert(after.journal, (tenant.id, entry.seq), entry)
            if entry.notices or entry.workflows:
                after.owing.add((tenant.id, entry.seq))
            _put(after, rows, new_tenant=tenant.version == 1, journal_head=tenant.journal_head)
        return tenant

    def _check(self, row: Row) -> None:
        identity = row.taken if isinstance(row, ContactChange) else row
        if isinstance(identity, Identity):
            known = self.table.identities.get((identity.product, identity.fingerprint))
            if known and known != identity:
                raise Conflict("this contact has an account already")
        if isinstance(row, HandedOver):
            sent = self.table.notices.get((row.tenant_id, row.key, row.channel))
            if sent is None or sent.status is not NoticeStatus.SENT:
                raise PurgeRefused(tenant_id=row.tenant_id, obstacles=["warning_not_handed_over"])
        if isinstance(row, PurgeEntry):
            committed = [iso(entry.committed_at)[:13] for entry in self.table.ledger.values()]
            if committed.count(iso(row.committed_at)[:13]) >= self.table.purge_cap:
                raise PurgeRefused(tenant_id=row.tenant_id, obstacles=[CAP_REACHED])

    def entry(self, tenant_id: str, seq: int) -> Entry:
        try:
            return self.table.journal[tenant_id, seq]
        except KeyError:
            raise NotFound(tenant_id=tenant_id, seq=seq) from None

    def journal(self, tenant_id: str, after: int = 0, limit: int = 100) -> list[Entry]:
        mine = sorted(key for key in self.table.journal if key[0] == tenant_id and key[1] > after)
        return [self.table.journal[key] for key in mine[:limit]]

    def mark_followed(self, tenant_id: str, seq: int) -> None:
        self.table.owing.discard((tenant_id, seq))


class FakePayments:
    """`Payments` in memory."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def get(self, payment_id: str) -> Payment:
        try:
            return self.table.payments[payment_id]
        except KeyError:
            raise NotFound(payment_id=payment_id) from None

    def by_authority(self, gateway: str, authority: str) -> Payment:
        try:
            return self.get(self.table.authorities[gateway, authority])
        except KeyError:
            raise NotFound(gateway=gateway) from None

    def save(self, payment: Payment) -> None:
        key = (payment.gateway, payment.authority or "")
        if payment.authority and self.table.authorities.get(key, payment.id) != payment.id:
            raise ConcurrentChange(payment_id=payment.id)
        _move(self.table.payments, payment.id, payment)
        if payment.authority:
            self.table.authorities[key] = payment.id

    def by_receipt(self, gateway: str, receipt: str) -> str | None:
        return self.table.receipts.get((gateway, receipt))

    def order(self, tenant_id: str, order_id: str) -> Order:
        try:
            return self.table.orders[tenant_id, order_id]
        except KeyError:
            raise NotFound(tenant_id=tenant_id, order_id=order_id) from None

    def orders(self, tenant_id: str) -> list[Order]:
        mine = [order for order in self.table.orders.values() if order.tenant_id == tenant_id]
        return sorted(mine, key=lambda order: (order.created_at, order.id), reverse=True)


def _one(rows: Mapping[tuple[str, str], Kind], tenant_id: str, id: str) -> Kind:
    try:
        return rows[tenant_id, id]
    except KeyError:
        raise NotFound(tenant_id=tenant_id, id=id) from None


def _of(rows: Mapping[Any, Kind], tenant_id: str) -> list[Kind]:
    return [rows[key] for key in sorted(key for key in rows if key[0] == tenant_id)]


class FakeDataRequests:
    """`DataRequests` in memory."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def get(self, tenant_id: str, request_id: str) -> DataRequest:
        return _one(self.table.requests, tenant_id, request_id)

    def of(self, tenant_id: str) -> list[DataRequest]:
        return _of(self.table.requests, tenant_id)


class FakeBooks:
    """`Books` in memory."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def write(self, rows: Sequence[Row]) -> None:
        with _transaction(self.table) as after:
            _put(after, rows)
            for row in rows:
                if isinstance(row, UsageReport | Words | Reply) and row.tenant_id not in after.tenants:
                    raise ConcurrentChange(tenant_id=row.tenant_id)

    def refund(self, tenant_id: str, refund_id: str) -> Refund:
        return _one(self.table.refunds, tenant_id, refund_id)

    def refunds(self, tenant_id: str) -> list[Refund]:
        return _of(self.table.refunds, tenant_id)

    def ticket(self, tenant_id: str, ticket_id: str) -> Ticket:
        return _one(self.table.tickets, tenant_id, ticket_id)

    def open_tickets(self, product: str, after: str | None = None, limit: int = 100) -> list[Ticket]:
        mine = [each for each in self.table.tickets.values() if each.product == product and each.open]
        return sorted((each for each in mine if each.id > (after or "")), key=lambda each: each.id)[:limit]

    def tickets(self, tenant_id: str) -> list[Ticket]:
        return _of(self.table.tickets, tenant_id)

    def words(self, tenant_id: str, id: str) -> str | None:
        return self.table.words.get((tenant_id, id)) if tenant_id in self.table.keys else None

    def messages(self, tenant_id: str, ticket_id: str) -> list[Reply]:
        mine = [each for key, each in self.table.messages.items() if key[:2] == (tenant_id, ticket_id)]
        return sorted(mine, key=lambda each: each.id) if tenant_id in self.table.keys else []

    def escrow(self, tenant_id: str, escrow_id: str) -> Escrow:
        return _one(self.table.escrows, tenant_id, escrow_id)

    def escrows(self, tenant_id: str) -> list[Escrow]:
        return _of(self.table.escrows, tenant_id)

    def escrows_of_partner(self, partner: str) -> list[Escrow]:
        mine = [each for each in self.table.escrows.values() if each.partner == partner]
        return sorted(mine, key=lambda each: each.id)

    def usage_report(self, tenant_id: str, report_id: str) -> UsageReport | None:
        return self.table.usage.get((tenant_id, report_id))

    def compensation(self, tenant_id: str, compensation_id: str) -> Compensation:
        return _one(self.table.compensations, tenant_id, compensation_id)

    def disclosures(self, tenant_id: str) -> list[Disclosure]:
        return _of(self.table.disclosures, tenant_id)

    def compensations(self, tenant_id: str) -> list[Compensation]:
        return _of(self.table.compensations, tenant_id)

    def postings(self, tenant_id: str) -> list[Posting]:
        return sorted(_of(self.table.postings, tenant_id), key=lambda each: (each.at, each.id))

    def touched_on(self, day: str) -> set[str]:
        return {each.tenant_id for each in self.table.postings.values() if f"{each.at:%Y-%m-%d}" == day}


class FakeDeclaredDays:
    """`DeclaredDays` in memory."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def of(self, product: str) -> list[DeclaredDay]:
        mine = [each for each in self.table.declared_days.values() if each.product == product]
        return sorted(mine, key=lambda each: each.day)

    def put(self, day: DeclaredDay) -> None:
        self.table.declared_days[day.product, day.day] = day


class FakeInvoices:
    """`Invoices` in memory."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def issue(self, draft: Invoice) -> Invoice:
        key = (draft.tenant_id, draft.id)
        if key not in self.table.invoices:
            buyer = draft.buyer if draft.tenant_id in self.table.keys else None
            number = self.table.numbers.get((draft.product, draft.year), 0) + 1
            self.table.numbers[draft.product, draft.year] = number
            self.table.invoices[key] = replace(draft, number=number, buyer=buyer)
        return self.get(*key)

    def get(self, tenant_id: str, invoice_id: str) -> Invoice:
        invoice = _one(self.table.invoices, tenant_id, invoice_id)
        return invoice if tenant_id in self.table.keys else replace(invoice, buyer=None)

    def of(self, tenant_id: str) -> list[Invoice]:
        mine = sorted(_of(self.table.invoices, tenant_id), key=lambda each: (each.dated_at, each.id))
        return [replace(each, buyer=None) for each in mine]

    def by_number(self, product: str, year: int, number: int) -> tuple[str, str]:
        for (tenant_id, invoice_id), each in self.table.invoices.items():
            if (each.product, each.year, each.number) == (product, year, number):
                return tenant_id, invoice_id
        raise NotFound(product=product, year=year, number=number)

    def official(self, tenant_id: str, invoice_id: str) -> OfficialInvoice | None:
        return self.table.officials.get((tenant_id, invoice_id))


class FakeProfiles:
    """`Profiles` in memory."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def get(self, tenant_id: str) -> BillingProfile | None:
        return self.table.profiles.get(tenant_id) if tenant_id in self.table.keys else None

    def put(self, profile: BillingProfile) -> None:
        if profile.tenant_id not in self.table.keys:
            raise Gone(tenant_id=profile.tenant_id)
        self.table.profiles[profile.tenant_id] = profile


class FakePeople:
    """`People` in memory."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def contact(self, tenant_id: str) -> Contact:
        if tenant_id not in self.table.contacts:
            raise NotFound(tenant_id=tenant_id)
        if tenant_id not in self.table.keys:
            raise Gone(tenant_id=tenant_id)
        return self.table.contacts[tenant_id]

    def contact_of(self, tenant_id: str, username: str) -> Contact | UserContact:
        self.user(tenant_id, username)
        return self.table.user_contacts.get((tenant_id, username)) or self.contact(tenant_id)

    def members(self, tenant_id: str) -> list[tuple[User, Contact | UserContact]]:
        return [(user, self.contact_of(tenant_id, user.username)) for user in self.users(tenant_id)]

    def user_contacts(self, tenant_id: str) -> list[UserContact]:
        confirmed = [user for user in self.users(tenant_id) if user.confirmed_at]
        known = (self.table.user_contacts.get((tenant_id, user.username)) for user in confirmed)
        return [contact for contact in known if contact]

    def wrap(self, tenant_id: str, contact: str) -> str:
        self.contact(tenant_id)
        return f"{tenant_id}:{contact[::-1]}"

    def unwrap(self, tenant_id: str, wrapped: str) -> str:
        self.contact(tenant_id)
        whose, _, contact = wrapped.partition(":")
        if whose != tenant_id:
            raise SealBroken(tenant_id=tenant_id)
        return contact[::-1]

    def departed(self, tenant_id: str, username: str) -> bool:
        return (tenant_id, username) in self.table.departures

    def identity(self, product: str, fingerprint: str) -> Identity | None:
        return self.table.identities.get((product, fingerprint))

    def trial_used(self, product: str, fingerprints: Iterable[str]) -> bool:
        return any((product, fingerprint) in self.table.trials for fingerprint in fingerprints)

    def user(self, tenant_id: str, username: str) -> User:
        try:
            return self.table.users[tenant_id, username]
        except KeyError:
            raise NotFound(tenant_id=tenant_id, username=username) from None

    def users(self, tenant_id: str) -> list[User]:
        return _of(self.table.users, tenant_id)

    def save_user(self, user: User) -> None:
        self.user(user.tenant_id, user.username)
        self.table.users[user.tenant_id, user.username] = user

    def acceptances(self, tenant_id: str) -> list[Acceptance]:
        return _of(self.table.acceptances, tenant_id)

    def put_code(self, code: Code) -> None:
        self.table.codes[code.tenant_id, code.username, code.purpose] = code

    def code(self, tenant_id: str, username: str, purpose: CodePurpose) -> Code | None:
        return self.table.codes.get((tenant_id, username, purpose))

    def spend_attempt(self, code: Code) -> None:
        known = self._same(code)
        if known.attempts_left <= 0:
            raise TooManyAttempts
        self.put_code(replace(known, attempts_left=known.attempts_left - 1))

    def drop_code(self, code: Code) -> None:
        self._same(code)
        del self.table.codes[code.tenant_id, code.username, code.purpose]

    def _same(self, code: Code) -> Code:
        known = self.code(code.tenant_id, code.username, code.purpose)
        if known is None or known.salted_hash != code.salted_hash:
            raise ConcurrentChange(username=code.username)
        return known


class FakeDispatches:
    """`Dispatches` in memory."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def reserve(self, dispatch: Dispatch) -> Dispatch | None:
        key = (dispatch.tenant_id, dispatch.key, dispatch.channel)
        known = self.table.notices.get(key)
        if known and known.status is not NoticeStatus.WAITING:
            return known
        self.table.notices[key] = dispatch
        return None

    def finish(self, dispatch: Dispatch) -> None:
        key = (dispatch.tenant_id, dispatch.key, dispatch.channel)
        if key in self.table.notices:
            self.table.notices[key] = dispatch

    def of(self, tenant_id: str) -> list[Dispatch]:
        mine = [dispatch for dispatch in self.table.notices.values() if dispatch.tenant_id == tenant_id]
        return sorted(mine, key=lambda dispatch: (dispatch.at, dispatch.key, dispatch.channel))


class FakeRecords:
    """`Records` in memory, not sealed."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def put(
        self,
        tenant_id: str,
        record_id: str,
        data: Mapping[str, object],
        now: datetime,
        tracking: Tracking | None = None,
    ) -> Record:
        if tenant_id not in self.table.keys:
            raise Gone(tenant_id=tenant_id)
        if tracking:
            self._direct(tenant_id, record_id, data, now, None, tracking)
            return self.table.records[tenant_id, record_id]
        known = self.table.records.get((tenant_id, record_id))
        stored = Record(tenant_id, record_id, copy.deepcopy(data), known.version + 1 if known else 1, now)
        self.table.records[tenant_id, record_id] = stored
        return stored

    def get(self, tenant_id: str, record_id: str) -> Record:
        try:
            return self.table.records[tenant_id, record_id]
        except KeyError:
            raise NotFound(tenant_id=tenant_id, record_id=record_id) from None

    def page(self, tenant_id: str, after: str | None, limit: int) -> list[Record]:
        mine = sorted(key for key in self.table.records if key[0] == tenant_id and key[1] > (after or ""))
        return [self.table.records[key] for key in mine[:limit]]

    def delete(
        self,
        tenant_id: str,
        record_id: str,
        tenant_version: int,
        now: datetime,
        tracking: Tracking | None = None,
    ) -> None:
        self.get(tenant_id, record_id)
        if self.table.tenants[tenant_id].version != tenant_version:
            raise ConcurrentChange(tenant_id=tenant_id, record_id=record_id)
        if tracking:
            self._direct(tenant_id, record_id, None, now, tenant_version, tracking)
        else:
            del self.table.records[tenant_id, record_id]

    def keep_copy(self, tenant_id: str, record_id: str) -> None:
        if (tenant_id, record_id) in self.table.records:
            known = self.get(tenant_id, record_id)
            self.table.copies[tenant_id, f"{record_id}#{known.version}"] = known

    def states(self, tenant_id: str, record_ids: Sequence[str]) -> tuple[dict[str, State], int]:
        found = {}
        for record_id in record_ids:
            if state := self.table.states.get((tenant_id, record_id)):
                found[record_id] = state
            elif known := self.table.records.get((tenant_id, record_id)):
                stamp = f"{iso(known.updated_at)}/"
                found[record_id] = State(record_id, known.data, stamp, known.version, known.updated_at)
        return found, self.table.last_places.get(tenant_id, 0)

    def apply(
        self,
        tenant_id: str,
        written: Sequence[Written],
        last: int,
        tenant_version: int | None,
        tracking: Tracking,
    ) -> None:
        if tenant_id not in self.table.keys:
            raise Gone(tenant_id=tenant_id)
        with _transaction(self.table) as after:
            if after.last_places.get(tenant_id, 0) != last:
                raise ConcurrentChange(tenant_id=tenant_id)
            if tenant_version is not None and after.tenants[tenant_id].version != tenant_version:
                raise ConcurrentChange(tenant_id=tenant_id)
            after.last_places[tenant_id] = last + len(written)
            for seq, each in enumerate(written, start=last + 1):
                state, key = replace(each.state, seq=seq), (tenant_id, each.state.record_id)
                after.states[key] = state
                after.records.pop(key, None)
                if state.data is not None:
                    after.records[key] = Record(*key, state.data, state.version, state.updated_at)
                for aside in each.copies:
                    after.asides[tenant_id, f"{aside.record_id}#{aside.stamp}"] = aside

    def _direct(
        self,
        tenant_id: str,
        record_id: str,
        data: Mapping[str, object] | None,
        now: datetime,
        tenant_version: int | None,
        tracking: Tracking,
    ) -> None:
        states, last = self.states(tenant_id, (record_id,))
        state = states.get(record_id)
        number = state.version + 1 if state else 1
        change = Change("~api", f"{number:010d}", record_id, now, data, state.stamp if state else "")
        after = decide(state, change, now).state
        assert after
        self.apply(tenant_id, (Written(after),), last, tenant_version, tracking)

    def feed(self, tenant_id: str, after: int, limit: int) -> list[State]:
        mine = [state for (owner, _), state in self.table.states.items() if owner == tenant_id]
        return sorted((state for state in mine if state.seq > after), key=lambda state: state.seq)[:limit]

    def copies(self, tenant_id: str, record_id: str) -> list[Copy]:
        mine = sorted(key for key in self.table.asides if key[0] == tenant_id)
        return [self.table.asides[key] for key in mine if self.table.asides[key].record_id == record_id]

    def find(self, tenant_id: str, field: str, value: str, limit: int) -> list[Record]:
        wanted = search_key(value)
        mine = [record for record in self.page(tenant_id, None, 10**9) if field in record.data]
        return [record for record in mine if search_key(record.data[field]) == wanted][:limit]


class FakeObjects:
    """`ObjectStore` in memory, not sealed; every version is kept."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def put(self, tenant_id: str, name: str, content: bytes) -> None:
        if tenant_id not in self.table.keys:
            raise Gone(tenant_id=tenant_id)
        self.table.objects.setdefault((tenant_id, name), []).append(content)

    def get(self, tenant_id: str, name: str) -> bytes:
        if (tenant_id, name) not in self.table.objects:
            raise NotFound(tenant_id=tenant_id, object=name)
        if tenant_id not in self.table.keys:
            raise Gone(tenant_id=tenant_id)
        return self.table.objects[tenant_id, name][-1]

    def names(self, tenant_id: str, below: str = "") -> list[str]:
        return sorted(
            name for owner, name in self.table.objects if owner == tenant_id and name.startswith(below)
        )

    def delete(self, tenant_id: str, below: str, limit: int = 1000) -> int:
        if not below:
            raise InvalidInput("below", "is missing")
        return self._delete(tenant_id, below, limit)

    def erase(self, tenant_id: str, limit: int = 1000) -> int:
        return self._delete(tenant_id, "", limit)

    def count(self, tenant_id: str) -> int:
        return sum(len(self.table.objects[tenant_id, name]) for name in self.names(tenant_id))

    def _delete(self, tenant_id: str, below: str, limit: int) -> int:
        if not tenant_id:
            raise InvalidInput("tenant_id", "malformed")
        deleted = 0
        for name in self.names(tenant_id, below):
            versions = self.table.objects[tenant_id, name]
            while versions and deleted < limit:
                versions.pop(0)
                deleted += 1
            if not versions:
                del self.table.objects[tenant_id, name]
        return deleted


class FakeDataJobs:
    """`DataJobs` in memory."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def get(self, tenant_id: str, job_id: str) -> DataJob:
        return _one(self.table.jobs, tenant_id, job_id)

    def of(self, tenant_id: str, kind: JobKind) -> list[DataJob]:
        return [job for job in _of(self.table.jobs, tenant_id) if job.kind is kind]

    def save(self, rows: Sequence[DataJob | DataFile]) -> None:
        with _transaction(self.table) as after:
            if rows[0].tenant_id not in after.tenants:
                raise ConcurrentChange(tenant_id=rows[0].tenant_id)
            _put(after, rows)

    def files(self, tenant_id: str, job_id: str) -> list[DataFile]:
        return [self.table.files[key] for key in sorted(self.table.files) if key[:2] == (tenant_id, job_id)]

    def drop(self, job: DataJob) -> None:
        for file in self.files(job.tenant_id, job.id):
            del self.table.files[file.tenant_id, file.job_id, file.number]
        self.table.jobs.pop((job.tenant_id, job.id), None)

    def plan_backup(self, tenant_id: str, at: datetime) -> None:
        self.table.backup_plans.setdefault(tenant_id, at)

    def planned_backup(self, tenant_id: str) -> datetime | None:
        return self.table.backup_plans.get(tenant_id)

    def begin_planned(self, backup: DataJob) -> None:
        with _transaction(self.table) as after:
            if after.backup_plans.pop(backup.tenant_id, None) is None:
                raise ConcurrentChange(tenant_id=backup.tenant_id)
            _put(after, (backup,))

    def cancel_plan(self, tenant_id: str) -> None:
        self.table.backup_plans.pop(tenant_id, None)


class FakeActivityLog:
    """`ActivityLog` in memory, not sealed."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def note(self, activity: Activity) -> None:
        if activity.tenant_id not in self.table.keys:
            raise Gone(tenant_id=activity.tenant_id)
        _insert(self.table.activity, (activity.tenant_id, activity.id), activity)

    def lines(self, tenant_id: str, before: str | None, limit: int) -> list[Activity]:
        mine = [line for line in _of(self.table.activity, tenant_id) if before is None or line.id < before]
        return mine[::-1][:limit]


class FakeContactNotes:
    """`ContactNotes` in memory, not sealed."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def of(self, tenant_id: str) -> list[ContactNote]:
        found = _of(self.table.contact_notes, tenant_id)
        if found and tenant_id not in self.table.keys:
            raise Gone(tenant_id=tenant_id)
        return found


class FakeConsents:
    """`Consents` in memory."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def of(self, tenant_id: str) -> list[Consent]:
        return sorted(_of(self.table.consents, tenant_id), key=lambda each: (each.at, each.id))


class FakeListings:
    """`Listings` in memory."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def get(self, tenant_id: str) -> Listing | None:
        return self.table.listings.get(tenant_id)

    def page(self, product: str, after: str | None, limit: int) -> list[Listing]:
        mine = [each for each in self.table.listings.values() if each.product == product]
        above = [each for each in mine if each.tenant_id > (after or "")]
        return sorted(above, key=lambda each: each.tenant_id)[:limit]


class FakeLeaks:
    """`Leaks` in memory."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def get(self, product: str, leak_id: str) -> Leak:
        return _one(self.table.leaks, product, leak_id)

    def of(self, product: str) -> list[Leak]:
        return _of(self.table.leaks, product)

    def save(self, leak: Leak) -> None:
        with _transaction(self.table) as after:
            _put(after, (leak,))


class FakePublications:
    """`Publications` in memory."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def of(self, product: str, *, fresh: bool = False) -> tuple[Publication, ...]:
        return tuple(row for key, row in sorted(self.table.publications.items()) if key[0] == product)

    def save(self, publication: Publication) -> None:
        _insert(self.table.publications, (publication.product, publication.number), publication)


class FakeDueIndex:
    """`DueIndex` in memory."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def overdue(self, until: datetime, limit: int = 1000) -> list[DueItem]:
        return [item for item in self._all() if item.at <= until][:limit]

    def earliest(self) -> DueItem | None:
        return next(iter(self._all()), None)

    def _all(self) -> list[DueItem]:
        table = self.table
        items = [DueItem(DueKind.TENANT, tenant_id, at) for tenant_id, at in table.due_tenants.items()]
        for tenant_id, seq in table.owing:
            items.append(DueItem(DueKind.ENTRY, tenant_id, table.journal[tenant_id, seq].recorded_at, seq))
        for payment in table.payments.values():
            if payment.next_check_at:
                items.append(DueItem(DueKind.PAYMENT, payment.id, payment.next_check_at))
        for refund in table.refunds.values():
            if refund.next_check_at:
                at = refund.next_check_at
                items.append(DueItem(DueKind.REFUND, refund.id, at, tenant_id=refund.tenant_id))
        for ticket in table.tickets.values():
            if ticket.wakes_at:
                items.append(DueItem(DueKind.TICKET, ticket.id, ticket.wakes_at, tenant_id=ticket.tenant_id))
        for request in table.requests.values():
            if request.wakes_at:
                at, owner = request.wakes_at, request.tenant_id
                items.append(DueItem(DueKind.REQUEST, request.id, at, tenant_id=owner))
        for entry in table.ledger.values():
            if entry.next_due_at:
                items.append(DueItem(DueKind.PURGE, entry.tenant_id, entry.next_due_at))
        for job in table.jobs.values():
            if job.next_due_at:
                items.append(DueItem(DueKind.DATA_JOB, job.id, job.next_due_at, tenant_id=job.tenant_id))
        for leak in table.leaks.values():
            if leak.rings_at:
                items.append(DueItem(DueKind.LEAK, leak.id, leak.rings_at, product=leak.product))
        for lane in table.lanes.values():
            if lane.next_due_at:
                number, product = lane.number, lane.product
                items.append(DueItem(DueKind.LANE, lane.round_id, lane.next_due_at, number, product=product))
        for window in table.windows.values():
            if window.next_due_at:
                items.append(DueItem(DueKind.WINDOW, window.id, window.next_due_at, product=window.product))
        for plan in table.wind_downs.values():
            if plan.next_due_at:
                items.append(DueItem(DueKind.WIND_DOWN, plan.product, plan.next_due_at, product=plan.product))
        for tenant_id, at in table.backup_plans.items():
            items.append(DueItem(DueKind.BACKUP_PLAN, tenant_id, at))
        return sorted(items, key=lambda item: (item.at, item.id, item.seq))


class FakeRoster:
    """`Roster` in memory."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def page(self, product: str, lane: int, after: str, limit: int) -> list[str]:
        living = (each for each in self.table.tenants.values() if each.phase is not Phase.PURGED)
        mine = [
            each.id
            for each in living
            if each.product == product and zlib.crc32(each.id.encode()) % LANES == lane and each.id > after
        ]
        return sorted(mine)[:limit]


class FakeServiceStates:
    """`ServiceStates` in memory."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def read(self) -> ServiceState:
        return self.table.service.get("", ServiceState())


class FakeService:
    """`Service` in memory."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def round(self, product: str, round_id: str) -> Round:
        return _one(self.table.rounds, product, round_id)

    def rounds(self, product: str) -> list[Round]:
        return _newest(self.table.rounds, product)

    def lane(self, product: str, round_id: str, number: int) -> Lane:
        try:
            return self.table.lanes[product, round_id, number]
        except KeyError:
            raise NotFound(round_id=round_id) from None

    def progress(self, product: str, round_id: str) -> Progress:
        return Progress.of(lane for key, lane in self.table.lanes.items() if key[:2] == (product, round_id))

    def news(self, product: str, news_id: str) -> News:
        return _one(self.table.news, product, news_id)

    def latest_news(self, product: str, limit: int = 50) -> list[News]:
        return _newest(self.table.news, product)[:limit]

    def window(self, product: str, window_id: str) -> Window:
        return _one(self.table.windows, product, window_id)

    def windows(self, product: str) -> list[Window]:
        return _newest(self.table.windows, product)

    def incident(self, product: str, incident_id: str) -> Incident:
        return _one(self.table.incidents, product, incident_id)

    def incidents(self, product: str) -> list[Incident]:
        return _newest(self.table.incidents, product)

    def wind_down(self, product: str) -> WindDown | None:
        return self.table.wind_downs.get(product)


def _newest(rows: dict[tuple[str, str], Any], product: str) -> list[Any]:
    return [rows[key] for key in sorted(rows, reverse=True) if key[0] == product]


class FakePurgeLedger:
    """`PurgeLedger` in memory."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def committed_on(self, day: str) -> list[str]:
        return sorted(
            tenant_id
            for tenant_id, entry in self.table.ledger.items()
            if iso(entry.committed_at).startswith(day)
        )

    def get(self, tenant_id: str) -> PurgeEntry:
        try:
            return self.table.ledger[tenant_id]
        except KeyError:
            raise NotFound(tenant_id=tenant_id) from None

    def save(self, entry: PurgeEntry) -> None:
        if self.get(entry.tenant_id).version != entry.version - 1:
            raise ConcurrentChange(tenant_id=entry.tenant_id)
        self.table.ledger[entry.tenant_id] = entry


class FakeEraser:
    """`Eraser` in memory."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def erase(self, tenant_id: str, store: Store, limit: int = 500) -> int:
        demand_target(tenant_id)
        doomed = self._held(tenant_id, store)[:limit]
        for rows, key in doomed:
            if isinstance(rows, set):
                rows.discard(key)
            else:
                del rows[key]
            if rows is self.table.journal:
                self.table.owing.discard(key)
            if rows is self.table.users:
                self.table.user_contacts.pop(key, None)
            if rows is self.table.tenants:
                self.table.due_tenants.pop(key, None)
        return len(doomed)

    def count(self, tenant_id: str, store: Store) -> int:
        return len(self._held(tenant_id, store))

    def _held(self, tenant_id: str, store: Store) -> list[tuple[Any, Any]]:
        table = self.table
        match store:
            case Store.RECORDS:
                places: list[Any] = [table.records, table.copies, table.states, table.asides]
                places += [table.last_places, table.activity]
            case Store.OBJECTS:
                return [
                    (versions, number)
                    for (owner, _), versions in sorted(table.objects.items())
                    for number in reversed(range(len(versions)))
                    if owner == tenant_id
                ]
            case Store.SECURITY_LOG:
                lines = [
                    (table.audit, number)
                    for number in reversed(range(len(table.audit)))
                    if table.audit[number].subject == tenant_id
                ]
                return lines + self._rows(tenant_id, [table.counts])
            case Store.USERS:
                mine = [
                    (table.identities, key)
                    for key, known in sorted(table.identities.items())
                    if known.tenant_id == tenant_id
                ]
                return mine + self._rows(tenant_id, [table.users, table.codes])
            case Store.TENANT:
                places = [
                    table.contacts,
                    table.departures,
                    table.acceptances,
                    table.journal,
                    table.orders,
                    table.notices,
                ]
                places += [
                    table.words,
                    table.messages,
                    table.requests,
                    table.usage,
                    table.profiles,
                    table.jobs,
                    table.files,
                ]
                places += [table.backup_plans, table.contact_notes, table.consents, table.listings]
                places += [table.tenants]
            case Store.KEY:
                places = [table.keys]
        return self._rows(tenant_id, places)

    def _rows(self, tenant_id: str, places: list[Any]) -> list[tuple[Any, Any]]:
        return [
            (rows, key)
            for rows in places
            for key in sorted(rows, key=str)
            if (key if isinstance(key, str) else key[0]) == tenant_id
        ]


class FakeSecurityLog:
    """`SecurityLog` in memory."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def note(self, subject: str, kind: str, at: datetime, source_ip: str, **details: str | int) -> None:
        self.table.audit.append(SecurityLine(subject, kind, at, source_ip, details))

    def lines(self, subject: str, limit: int = 100) -> list[SecurityLine]:
        mine = [line for line in self.table.audit if line.subject == subject]
        return sorted(mine, key=lambda line: line.at, reverse=True)[:limit]


class FakeRequestCounts:
    """`RequestCounts` in memory; `writes` tells how often it was asked, `failing` is raised instead."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.writes = 0
        self.failing: Exception | None = None

    def add(self, subject: str, window: datetime, number: int, kind: str = "requests") -> int:
        if self.failing:
            raise self.failing
        self.writes += 1
        key = (subject, kind, window)
        self.table.counts[key] = self.table.counts.get(key, 0) + number
        return self.table.counts[key]


class FakeClockOffsets:
    """`ClockOffsets` in memory."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def read(self) -> TestClock:
        return self.table.clock

    def write(self, clock: TestClock) -> None:
        if clock.offset_seconds < self.table.clock.offset_seconds:
            raise Conflict("the clock never goes back")
        self.table.clock = clock


# --- other services -----------------------------------------------------------------------------------------


class FakeClock:
    """A clock that a test moves. The wall's time is the same."""

    def __init__(self, start: datetime = START) -> None:
        self.time = start

    def now(self) -> datetime:
        return self.time

    def wall(self, instant: datetime) -> datetime:
        return instant

    def advance(self, **length: float) -> datetime:
        """Moves it on by a timedelta's arguments."""
        self.time += timedelta(**length)
        return self.time


class FakeSignIn:
    """`SignIn` in memory; tokens are readable: `id:<username>:<n>`."""

    def __init__(self) -> None:
        self.users: dict[str, tuple[str, Role]] = {}
        self.passwords: dict[str, str] = {}
        self.sessions: dict[str, str] = {}
        self._numbers = count(1)

    def create(self, username: str, tenant_id: str, role: Role) -> None:
        self.users.setdefault(username, (tenant_id, role))

    def set_password(self, username: str, password: str) -> None:
        if username not in self.users:
            raise NotFound(username=username)
        self.passwords[username] = password

    def sign_in(self, username: str, password: str) -> Tokens:
        if username not in self.passwords or self.passwords[username] != password:
            raise NotSignedIn
        number = next(self._numbers)
        refresh = f"refresh:{username}:{number}"
        self.sessions[refresh] = username
        return Tokens(f"id:{username}:{number}", f"access:{username}:{number}", 3600, refresh)

    def refresh(self, refresh_token: str) -> Tokens:
        username = self.sessions.get(refresh_token)
        if username is None:
            raise NotSignedIn
        number = next(self._numbers)
        return Tokens(f"id:{username}:{number}", f"access:{username}:{number}", 3600)

    def sign_out(self, username: str) -> None:
        self.sessions = {token: owner for token, owner in self.sessions.items() if owner != username}

    def delete(self, username: str) -> None:
        self.sign_out(username)
        self.users.pop(username, None)
        self.passwords.pop(username, None)


class FakeFingerprints:
    """`Fingerprints` without a key."""

    def of(self, product: str, contact: str) -> str:
        return hashlib.sha256(f"{product}\n{contact}".encode()).hexdigest()


class FakeSigner:
    """`Signer` with a key of its own, made anew."""

    algorithm = "ECDSA_SHA_256"

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def public_key(self) -> bytes:
        return self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message, ec.ECDSA(hashes.SHA256()))


class FakeWorkflows:
    """`Workflows` that remember what was started: (workflow, name) → payload."""

    def __init__(self) -> None:
        self.started: dict[tuple[str, str], Mapping[str, object]] = {}

    def start(self, workflow: str, name: str, payload: Mapping[str, object]) -> bool:
        if (workflow, name) in self.started:
            return False
        self.started[workflow, name] = dict(payload)
        return True


class FakeNoticeQueue:
    """`NoticeQueue` that keeps its messages."""

    def __init__(self) -> None:
        self.messages: list[Mapping[str, object]] = []

    def put(self, message: Mapping[str, object]) -> None:
        self.messages.append(dict(message))


class FakeIds:
    """`Ids` that count: `t_00000000000000000000000001`, codes from 000001."""

    def __init__(self) -> None:
        self._ids = count(1)
        self._codes = count(1)

    def new(self, prefix: str) -> str:
        return f"{prefix}_{next(self._ids):026d}"

    def code(self) -> str:
        return f"{next(self._codes):06d}"
