"""What there is of a tenant, section by section and page by page: what an export writes down.

A section gives lines, plain JSON objects, and where its next page begins. Nothing is left out but what its
subject must not read: legal holds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from enum import Enum

from mohlat.application.ports import (
    Books,
    Consents,
    ContactNotes,
    DataRequests,
    Dispatches,
    Invoices,
    Listings,
    Payments,
    People,
    Profiles,
    Record,
    Records,
    Tenants,
)
from mohlat.domain.durations import Duration
from mohlat.domain.lifecycle import Event
from mohlat.domain.people import Role
from mohlat.domain.tenant import iso, to_dict

RECORDS = "records"
# In this order.
EXPORTED = ("account", "journal", "money", "matters", RECORDS)

Line = Mapping[str, object]
# A file's share: small enough to be answered by a function in one piece, whatever is in it.
_MOST_LINES = 500
_MOST_BYTES = 1024 * 1024
_QUERY = 100
_DISCREET = frozenset({Event.HOLD_PLACED, Event.HOLD_RELEASED})


@dataclass(frozen=True, slots=True)
class Page:
    """Lines of a section, each as JSON text, and where the next page begins (empty: it was the last)."""

    lines: Sequence[str]
    next_after: str


def written(line: object) -> str:
    """A line as JSON text."""
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


def plain(value: object) -> object:
    """A value as JSON has it: instants in UTC, lengths of time in ISO 8601, enumerations by their value."""
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, Duration):
        return str(value)
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(each) for key, each in value.items()}
    if isinstance(value, Iterable):
        return [plain(each) for each in value]
    raise TypeError(f"no JSON for {type(value).__name__}")


def record_line(record: Record) -> str:
    """One of the tenant's own entries."""
    return written(
        {
            "id": record.id,
            "version": record.version,
            "updated_at": iso(record.updated_at),
            "data": record.data,
        }
    )


class RecordPages:
    """The tenant's own entries in order of their id."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def page(self, tenant_id: str, after: str) -> Page:
        """A file's share of what follows the id `after`."""
        lines: list[str] = []
        size, last = 0, after
        # Behind a full file one record is looked for, which tells whether another file follows.
        while found := self._records.page(
            tenant_id, last or None, min(_QUERY, _MOST_LINES - len(lines)) or 1
        ):
            for record in found:
                line = record_line(record)
                size += len(line.encode()) + 1
                if lines and (size > _MOST_BYTES or len(lines) >= _MOST_LINES):
                    return Page(lines, last)
                lines.append(line)
                last = record.id
        return Page(lines, "")


class Sections:
    """All sections of an export by their name."""

    def __init__(
        self,
        *,
        tenants: Tenants,
        people: People,
        profiles: Profiles,
        payments: Payments,
        invoices: Invoices,
        books: Books,
        dispatches: Dispatches,
        notes: ContactNotes,
        consents: Consents,
        listings: Listings,
        requests: DataRequests,
        records: Records,
    ) -> None:
        self._tenants = tenants
        self._people = people
        self._profiles = profiles
        self._payments = payments
        self._invoices = invoices
        self._books = books
        self._dispatches = dispatches
        self._notes = notes
        self._consents = consents
        self._listings = listings
        self._requests = requests
        self._records = RecordPages(records)
        self._whole: Mapping[str, Callable[[str], Iterable[Line]]] = {
            "account": self._account,
            "money": self._money,
            "matters": self._matters,
        }

    def page(self, tenant_id: str, section: str, after: str) -> Page:
        """A file's share of a section from `after` on."""
        if section == RECORDS:
            return self._records.page(tenant_id, after)
        if section == "journal":
            return self._journal(tenant_id, int(after or 0))
        lines = [written(line) for line in self._whole[section](tenant_id)]
        return _share(lines, int(after or 0))

    def _journal(self, tenant_id: str, after: int) -> Page:
        entries = self._tenants.journal(tenant_id, after=after, limit=_MOST_LINES)
        lines = [written(plain(entry)) for entry in entries if entry.event not in _DISCREET]
        return Page(lines, str(entries[-1].seq) if len(entries) == _MOST_LINES else "")

    def _account(self, tenant_id: str) -> Iterable[Line]:
        tenant = to_dict(self._tenants.get(tenant_id))
        del tenant["holds"]
        yield {"type": "account", **tenant}
        yield _line("contact", self._people.contact(tenant_id))
        for user, contact in self._people.members(tenant_id):
            yield _line("user", user)
            if user.role is not Role.OWNER:
                yield _line("user_contact", contact)
        if profile := self._profiles.get(tenant_id):
            yield _line("billing_profile", profile)
        for acceptance in self._people.acceptances(tenant_id):
            yield _line("acceptance", acceptance)
        for consent in self._consents.of(tenant_id):
            yield _line("consent", consent)
        if listing := self._listings.get(tenant_id):
            yield _line("listing", listing)

    def _money(self, tenant_id: str) -> Iterable[Line]:
        for order in reversed(self._payments.orders(tenant_id)):
            yield _line("order", order)
            yield _line("payment", self._payments.get(order.payment_id))
        for issued in self._invoices.of(tenant_id):
            yield _line("invoice", self._invoices.get(tenant_id, issued.id))
        for refund in self._books.refunds(tenant_id):
            yield _line("refund", refund)
        for escrow in self._books.escrows(tenant_id):
            yield _line("escrow", escrow)
        for posting in self._books.postings(tenant_id):
            yield _line("posting", posting)

    def _matters(self, tenant_id: str) -> Iterable[Line]:
        for ticket in self._books.tickets(tenant_id):
            yield {**_line("ticket", ticket), "text": self._books.words(tenant_id, ticket.id)}
            for message in self._books.messages(tenant_id, ticket.id):
                yield _line("ticket_message", message)
        for asked in self._requests.of(tenant_id):
            yield {**_line("data_request", asked), "text": self._books.words(tenant_id, asked.id)}
        for note in self._notes.of(tenant_id):
            yield _line("contact_note", note)
        for disclosure in self._books.disclosures(tenant_id):
            yield _line("disclosure", disclosure)
        for sent in self._dispatches.of(tenant_id):
            yield _line("message", sent)


def _line(kind: str, value: object) -> dict[str, object]:
    described = plain(value)
    assert isinstance(described, dict)
    return {"type": kind, **described}


def _share(lines: Sequence[str], start: int) -> Page:
    size, end = 0, start
    for line in lines[start : start + _MOST_LINES]:
        size += len(line.encode()) + 1
        if end > start and size > _MOST_BYTES:
            break
        end += 1
    return Page(lines[start:end], str(end) if end < len(lines) else "")
