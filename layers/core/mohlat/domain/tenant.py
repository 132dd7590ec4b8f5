"""A tenant: phase × restrictions × holds, and the facts its deadlines are computed from.

Nothing here is derived: access, next deadlines and prices are computed when they are needed. The tenant
holds no personal data; that is sealed elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from mohlat.domain.agreement import Phase
from mohlat.domain.durations import Duration


class RestrictionKind(StrEnum):
    """What can narrow a tenant's access without changing its phase."""

    BLOCKED = "blocked"
    SUSPENDED_FOR_DEBT = "suspended_for_debt"
    THROTTLED = "throttled"
    MUST_ACCEPT_TERMS = "must_accept_terms"


@dataclass(frozen=True, slots=True)
class Restriction:
    """A stated restriction; `until` (exclusive) ends it by itself, None lasts until it is lifted."""

    kind: RestrictionKind
    reason: str
    clause: str
    since: datetime
    until: datetime | None = None

    def applies(self, now: datetime) -> bool:
        """Whether it binds at `now`."""
        return self.since <= now and (self.until is None or now < self.until)


@dataclass(frozen=True, slots=True)
class Hold:
    """A legal hold: while one exists nothing of the tenant is deleted (invariant 10)."""

    id: str
    reason: str
    origin: str
    by: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Term:
    """Paid service: `length` since `anchor`, the original start, so that months never drift.

    A renewal of a running term adds to `length`; `ends_at` is exclusive.
    """

    anchor: datetime
    length: Duration
    plan: str
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class OpenInvoice:
    """The invoice of a lease that began on credit, while it is unpaid. `amount` is in rials."""

    plan: str
    length: Duration
    amount: int
    issued_at: datetime
    due_at: datetime


class Closing(StrEnum):
    """Why an account was closed."""

    TERMINATION = "termination"
    ERASURE = "erasure"


@dataclass(frozen=True, slots=True)
class Tenant:
    """A customer's account with one product. Instants are UTC and whole seconds.

    version      rises by one with each transition (invariant 5)
    generation   rises with whatever can bring the next deadline forward; executions are named after it
    period_ends_at   end (exclusive) of the trial or of what is paid; None for accounts without a lease
    ended_at     when the trial or lease ended unrenewed; retention counts from here
    done         what was carried out once in this period (reminders, the deletion warning)
    purge_not_before  a later purge than the retention's end, after a hold or a late warning
    open_matters what forbids a purge while it is open: "payment:<id>" and the like
    carrier      the execution that carried out the last deadline
    journal_head the hash of the newest journal entry
    """

    id: str
    product: str
    agreement_version: str
    phase: Phase
    version: int
    generation: int
    registered_at: datetime
    period_started_at: datetime
    period_ends_at: datetime | None = None
    term: Term | None = None
    invoice: OpenInvoice | None = None
    ended_at: datetime | None = None
    closed_at: datetime | None = None
    closing: Closing | None = None
    purge_not_before: datetime | None = None
    done: frozenset[str] = frozenset()
    restrictions: tuple[Restriction, ...] = ()
    holds: tuple[Hold, ...] = ()
    open_matters: frozenset[str] = frozenset()
    carrier: str = ""
    journal_head: str = ""

    def restricted(self, kind: RestrictionKind, now: datetime) -> bool:
        """Whether a restriction of this kind binds at `now`."""
        return any(restriction.kind is kind and restriction.applies(now) for restriction in self.restrictions)


def iso(instant: datetime) -> str:
    """A UTC instant as stored and shown: 2026-11-22T10:35:55Z."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_iso(text: str) -> datetime:
    """The instant that `iso` wrote."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def _at(value: datetime | None) -> str | None:
    return iso(value) if value else None


def _instant(value: str | None) -> datetime | None:
    return from_iso(value) if value else None


def to_dict(tenant: Tenant) -> dict[str, Any]:
    """The tenant as plain JSON values, one key per field; `from_dict` reads it back."""
    return {
        "id": tenant.id,
        "product": tenant.product,
        "agreement_version": tenant.agreement_version,
        "phase": tenant.phase.value,
        "version": tenant.version,
        "generation": tenant.generation,
        "registered_at": iso(tenant.registered_at),
        "period_started_at": iso(tenant.period_started_at),
        "period_ends_at": _at(tenant.period_ends_at),
        "term": tenant.term
        and {
            "anchor": iso(tenant.term.anchor),
            "length": str(tenant.term.length),
            "plan": tenant.term.plan,
            "ends_at": iso(tenant.term.ends_at),
        },
        "invoice": tenant.invoice
        and {
            "plan": tenant.invoice.plan,
            "length": str(tenant.invoice.length),
            "amount": tenant.invoice.amount,
            "issued_at": iso(tenant.invoice.issued_at),
            "due_at": iso(tenant.invoice.due_at),
        },
        "ended_at": _at(tenant.ended_at),
        "closed_at": _at(tenant.closed_at),
        "closing": tenant.closing and tenant.closing.value,
        "purge_not_before": _at(tenant.purge_not_before),
        "done": sorted(tenant.done),
        "restrictions": [
            {
                "kind": restriction.kind.value,
                "reason": restriction.reason,
                "clause": restriction.clause,
                "since": iso(restriction.since),
                "until": _at(restriction.until),
            }
            for restriction in tenant.restrictions
        ],
        "holds": [
            {
                "id": hold.id,
                "reason": hold.reason,
                "origin": hold.origin,
                "by": hold.by,
                "since": iso(hold.since),
            }
            for hold in tenant.holds
        ],
        "open_matters": sorted(tenant.open_matters),
        "carrier": tenant.carrier,
        "journal_head": tenant.journal_head,
    }


def from_dict(data: Mapping[str, Any]) -> Tenant:
    """The tenant that `to_dict` described. Unknown keys are ignored, so older code reads newer rows."""
    term, invoice = data.get("term"), data.get("invoice")
    return Tenant(
        id=data["id"],
        product=data["product"],
        agreement_version=data["agreement_version"],
        phase=Phase(data["phase"]),
        version=int(data["version"]),
        generation=int(data["generation"]),
        registered_at=from_iso(data["registered_at"]),
        period_started_at=from_iso(data["period_started_at"]),
        period_ends_at=_instant(data.get("period_ends_at")),
        term=Term(
            anchor=from_iso(term["anchor"]),
            length=Duration.parse(term["length"]),
            plan=term["plan"],
            ends_at=from_iso(term["ends_at"]),
        )
        if term
        else None,
        invoice=OpenInvoice(
            plan=invoice["plan"],
            length=Duration.parse(invoice["length"]),
            amount=int(invoice["amount"]),
            issued_at=from_iso(invoice["issued_at"]),
            due_at=from_iso(invoice["due_at"]),
        )
        if invoice
        else None,
        ended_at=_instant(data.get("ended_at")),
        closed_at=_instant(data.get("closed_at")),
        closing=Closing(data["closing"]) if data.get("closing") else None,
        purge_not_before=_instant(data.get("purge_not_before")),
        done=frozenset(data.get("done") or ()),
        restrictions=tuple(
            Restriction(
                kind=RestrictionKind(item["kind"]),
                reason=item["reason"],
                clause=item["clause"],
                since=from_iso(item["since"]),
                until=_instant(item.get("until")),
            )
            for item in data.get("restrictions") or ()
        ),
        holds=tuple(
            Hold(
                id=item["id"],
                reason=item["reason"],
                origin=item["origin"],
                by=item["by"],
                since=from_iso(item["since"]),
            )
            for item in data.get("holds") or ()
        ),
        open_matters=frozenset(data.get("open_matters") or ()),
        carrier=data.get("carrier") or "",
        journal_head=data.get("journal_head") or "",
    )
