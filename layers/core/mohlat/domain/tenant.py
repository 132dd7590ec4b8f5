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
from mohlat.domain.errors import Gone
from mohlat.domain.roles import Delegation, SupportGrant


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
    """A legal hold: while one exists the tenant is not purged (invariant 10).

    `records` are the ids of the records it is about; empty, it is about all there is. Those are neither
    deleted nor overwritten without a copy.
    """

    id: str
    reason: str
    origin: str
    by: str
    since: datetime
    records: tuple[str, ...] = ()

    def covers(self, record_id: str) -> bool:
        """Whether the record has to stay as it is."""
        return not self.records or record_id in self.records


@dataclass(frozen=True, slots=True)
class Part:
    """One purchase within a term: `length` of the plan, of `days` days, from `starts_at` to `ends_at`.

    `value` is what was paid for what is left of it at its start, in rials without tax. An upgrade begins it
    anew at a day's boundary with what is left of its days, so that used and unused always add up to what was
    paid.
    """

    payment_id: str
    length: Duration
    days: int
    starts_at: datetime
    ends_at: datetime
    value: int


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A change to a dearer plan within a term: the payment of the difference, and what was there before."""

    payment_id: str
    at: datetime
    plan_before: str
    parts_before: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """Paid service: `length` since `anchor`, the original start, so that months never drift.

    A renewal of a running term adds to `length`; `ends_at` is exclusive. `parts` are its purchases, in order;
    `upgrades` the changes of plan within it, so that the last one can be given back. `added_seconds` of
    downtime were added to its end (SAMAN-4.6).
    """

    anchor: datetime
    length: Duration
    plan: str
    ends_at: datetime
    parts: tuple[Part, ...] = ()
    upgrades: tuple[Upgrade, ...] = ()
    added_seconds: int = 0


@dataclass(frozen=True, slots=True)
class OpenInvoice:
    """The invoice of a lease that began on credit, while it is unpaid. `amount` is in rials, `vat` part of
    it.
    """

    plan: str
    length: Duration
    amount: int
    issued_at: datetime
    due_at: datetime
    vat: int = 0
    vat_percent: int = 0


@dataclass(frozen=True, slots=True)
class Debt:
    """An unpaid invoice for use above the limits (SAMAN-5.7). `amount` is in rials, `vat` part of it."""

    id: str
    metric: str
    blocks: int
    amount: int
    vat: int
    vat_percent: int
    issued_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class KeptTerms:
    """What was bought under an older version of the agreement keeps its terms up to `until`, exclusive."""

    version: str
    until: datetime


class Closing(StrEnum):
    """Why an account was closed."""

    TERMINATION = "termination"
    ERASURE = "erasure"
    WITHDRAWAL = "withdrawal"
    FINDING = "finding"


@dataclass(frozen=True, slots=True)
class BeforeClosing:
    """Where a tenant stood when its customer closed it, so that this can be undone."""

    phase: Phase
    period_ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Tenant:
    """A customer's account with one product. Instants are UTC and whole seconds.

    version      rises by one with each transition (invariant 5)
    generation   rises with whatever can bring the next deadline forward; executions are named after it
    period_ends_at   end (exclusive) of the trial or of what is paid; None for accounts without a lease
    ended_at     when the trial or lease ended unrenewed; retention counts from here
    before_closing  where it stood when its customer closed it; None unless that can be undone
    wound_down_until  when the year of reading after the product's end is over (KALO-9)
    done         what was carried out once in this period (reminders, the deletion warning)
    purge_not_before  a later purge than the retention's end, after a hold or a late warning
    debts        unpaid invoices for use above the limits, oldest first
    helpers      whom the customer let in with the support role, oldest first; who was sent away is not there
    delegations  what partners may do for this customer, the newest last
    open_matters what forbids a purge while it is open: "payment:<id>" and the like
    carrier      the execution that carried out the last deadline
    journal_head the hash of the newest journal entry
    terms_version  the newest published version that was accepted; empty while it is the one of registering
    terms_invoiced_at  when the first lease under that version was bought; None before
    terms_declined  the published version that the customer does not want
    terms_kept   the versions that what runs was bought under, where the next period is under another already
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
    before_closing: BeforeClosing | None = None
    wound_down_until: datetime | None = None
    purge_not_before: datetime | None = None
    done: frozenset[str] = frozenset()
    restrictions: tuple[Restriction, ...] = ()
    holds: tuple[Hold, ...] = ()
    debts: tuple[Debt, ...] = ()
    helpers: tuple[SupportGrant, ...] = ()
    delegations: tuple[Delegation, ...] = ()
    open_matters: frozenset[str] = frozenset()
    carrier: str = ""
    journal_head: str = ""
    terms_version: str = ""
    terms_invoiced_at: datetime | None = None
    terms_declined: str = ""
    terms_kept: tuple[KeptTerms, ...] = ()

    def restricted(self, kind: RestrictionKind, now: datetime) -> bool:
        """Whether a restriction of this kind binds at `now`."""
        return any(restriction.kind is kind and restriction.applies(now) for restriction in self.restrictions)

    @property
    def restoring(self) -> bool:
        """Whether a backup is being restored: its records can be read and not written meanwhile."""
        return any(matter.startswith("restoration:") for matter in self.open_matters)

    def held(self, record_id: str) -> Hold | None:
        """A hold under which this record has to stay as it is, if there is one."""
        return next((hold for hold in self.holds if hold.covers(record_id)), None)


def living(tenant: Tenant) -> Tenant:
    """The tenant, unless it was purged (raises Gone): tokens, links and lists outlive it."""
    if tenant.phase is Phase.PURGED:
        raise Gone(tenant_id=tenant.id)
    return tenant


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


def _part_to_dict(part: Part) -> dict[str, Any]:
    return {
        "payment_id": part.payment_id,
        "length": str(part.length),
        "days": part.days,
        "starts_at": iso(part.starts_at),
        "ends_at": iso(part.ends_at),
        "value": part.value,
    }


def _part(data: Mapping[str, Any]) -> Part:
    return Part(
        payment_id=data["payment_id"],
        length=Duration.parse(data["length"]),
        days=int(data["days"]),
        starts_at=from_iso(data["starts_at"]),
        ends_at=from_iso(data["ends_at"]),
        value=int(data["value"]),
    )


def _term_to_dict(term: Term) -> dict[str, Any]:
    described: dict[str, Any] = {
        "anchor": iso(term.anchor),
        "length": str(term.length),
        "plan": term.plan,
        "ends_at": iso(term.ends_at),
    }
    if term.parts:
        described["parts"] = [_part_to_dict(part) for part in term.parts]
    if term.added_seconds:
        described["added_seconds"] = term.added_seconds
    if term.upgrades:
        described["upgrades"] = [
            {
                "payment_id": upgrade.payment_id,
                "at": iso(upgrade.at),
                "plan_before": upgrade.plan_before,
                "parts_before": [_part_to_dict(part) for part in upgrade.parts_before],
            }
            for upgrade in term.upgrades
        ]
    return described


def _term(data: Mapping[str, Any]) -> Term:
    return Term(
        anchor=from_iso(data["anchor"]),
        length=Duration.parse(data["length"]),
        plan=data["plan"],
        ends_at=from_iso(data["ends_at"]),
        parts=tuple(_part(item) for item in data.get("parts") or ()),
        upgrades=tuple(
            Upgrade(
                payment_id=item["payment_id"],
                at=from_iso(item["at"]),
                plan_before=item["plan_before"],
                parts_before=tuple(_part(part) for part in item["parts_before"]),
            )
            for item in data.get("upgrades") or ()
        ),
        added_seconds=int(data.get("added_seconds", 0)),
    )


def debt_from_dict(data: Mapping[str, Any]) -> Debt:
    """The debt as a tenant's description, or a journal entry's changes, hold it."""
    return Debt(
        id=data["id"],
        metric=data["metric"],
        blocks=int(data["blocks"]),
        amount=int(data["amount"]),
        vat=int(data["vat"]),
        vat_percent=int(data["vat_percent"]),
        issued_at=from_iso(data["issued_at"]),
        due_at=from_iso(data["due_at"]),
    )


def _grant_to_dict(grant: SupportGrant) -> dict[str, Any]:
    return {
        "id": grant.id,
        "helper": grant.helper,
        "helper_tenant": grant.helper_tenant,
        "by": grant.by,
        "since": iso(grant.since),
        "until": iso(grant.until),
    }


def _grant(data: Mapping[str, Any]) -> SupportGrant:
    return SupportGrant(
        id=data["id"],
        helper=data["helper"],
        helper_tenant=data["helper_tenant"],
        by=data["by"],
        since=from_iso(data["since"]),
        until=from_iso(data["until"]),
    )


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
        "term": tenant.term and _term_to_dict(tenant.term),
        "invoice": tenant.invoice
        and {
            "plan": tenant.invoice.plan,
            "length": str(tenant.invoice.length),
            "amount": tenant.invoice.amount,
            "issued_at": iso(tenant.invoice.issued_at),
            "due_at": iso(tenant.invoice.due_at),
            "vat": tenant.invoice.vat,
            "vat_percent": tenant.invoice.vat_percent,
        },
        "ended_at": _at(tenant.ended_at),
        "closed_at": _at(tenant.closed_at),
        "closing": tenant.closing and tenant.closing.value,
        "before_closing": tenant.before_closing
        and {
            "phase": tenant.before_closing.phase.value,
            "period_ends_at": _at(tenant.before_closing.period_ends_at),
        },
        **({"wound_down_until": iso(tenant.wound_down_until)} if tenant.wound_down_until else {}),
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
                **({"records": list(hold.records)} if hold.records else {}),
            }
            for hold in tenant.holds
        ],
        "debts": [
            {
                "id": debt.id,
                "metric": debt.metric,
                "blocks": debt.blocks,
                "amount": debt.amount,
                "vat": debt.vat,
                "vat_percent": debt.vat_percent,
                "issued_at": iso(debt.issued_at),
                "due_at": iso(debt.due_at),
            }
            for debt in tenant.debts
        ],
        "helpers": [_grant_to_dict(grant) for grant in tenant.helpers],
        "delegations": [
            {
                "partner": each.partner,
                "powers": list(each.powers),
                "by": each.by,
                "since": iso(each.since),
            }
            for each in tenant.delegations
        ],
        "open_matters": sorted(tenant.open_matters),
        "carrier": tenant.carrier,
        "journal_head": tenant.journal_head,
        **({"terms_version": tenant.terms_version} if tenant.terms_version else {}),
        **({"terms_invoiced_at": iso(tenant.terms_invoiced_at)} if tenant.terms_invoiced_at else {}),
        **({"terms_declined": tenant.terms_declined} if tenant.terms_declined else {}),
        **(
            {
                "terms_kept": [
                    {"version": kept.version, "until": iso(kept.until)} for kept in tenant.terms_kept
                ]
            }
            if tenant.terms_kept
            else {}
        ),
    }


def from_dict(data: Mapping[str, Any]) -> Tenant:
    """The tenant that `to_dict` described. Unknown keys are ignored, so older code reads newer rows."""
    term, invoice = data.get("term"), data.get("invoice")
    before = data.get("before_closing")
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
        term=_term(term) if term else None,
        invoice=OpenInvoice(
            plan=invoice["plan"],
            length=Duration.parse(invoice["length"]),
            amount=int(invoice["amount"]),
            issued_at=from_iso(invoice["issued_at"]),
            due_at=from_iso(invoice["due_at"]),
            vat=int(invoice.get("vat", 0)),
            vat_percent=int(invoice.get("vat_percent", 0)),
        )
        if invoice
        else None,
        ended_at=_instant(data.get("ended_at")),
        closed_at=_instant(data.get("closed_at")),
        closing=Closing(data["closing"]) if data.get("closing") else None,
        before_closing=BeforeClosing(Phase(before["phase"]), _instant(before.get("period_ends_at")))
        if before
        else None,
        wound_down_until=_instant(data.get("wound_down_until")),
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
                records=tuple(item.get("records") or ()),
            )
            for item in data.get("holds") or ()
        ),
        debts=tuple(debt_from_dict(item) for item in data.get("debts") or ()),
        helpers=tuple(_grant(item) for item in data.get("helpers") or ()),
        delegations=tuple(
            Delegation(item["partner"], tuple(item["powers"]), item["by"], from_iso(item["since"]))
            for item in data.get("delegations") or ()
        ),
        open_matters=frozenset(data.get("open_matters") or ()),
        carrier=data.get("carrier") or "",
        journal_head=data.get("journal_head") or "",
        terms_version=data.get("terms_version") or "",
        terms_invoiced_at=_instant(data.get("terms_invoiced_at")),
        terms_declined=data.get("terms_declined") or "",
        terms_kept=tuple(
            KeptTerms(item["version"], from_iso(item["until"])) for item in data.get("terms_kept") or ()
        ),
    )
