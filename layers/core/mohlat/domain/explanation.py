"""Where a tenant stood at any instant, or will stand if only time passes, and what makes it so.

The past is the journal, read up to that instant; the future is the lifecycle's own code, run ahead. What a
deadline brings counts from its own instant, however late somebody carried it out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import takewhile

from mohlat.domain.access import Access, access, narrowing, why_refused
from mohlat.domain.agreement import Agreement, Phase
from mohlat.domain.journal import Entry, replay
from mohlat.domain.lifecycle import DeadlineKind, Event, Transition, carry_out, next_deadline
from mohlat.domain.publications import Publication, as_barred
from mohlat.domain.purge import PurgeEntry
from mohlat.domain.tenant import Hold, Restriction, Tenant, from_iso
from mohlat.domain.winding_down import WindDown, start_wind_down, wind_down

# What can come beside the tenant's own deadlines.
END_OF_PRODUCT = "end_of_product"
# They have happened once they are committed, never before, however overdue they are.
_ONCE_COMMITTED = frozenset({Event.PURGED, Event.WOUND_DOWN})


class Tense(StrEnum):
    """Whether the instant asked for lies behind us, is this one, or is still to come."""

    PAST = "past"
    PRESENT = "present"
    FUTURE = "future"


@dataclass(frozen=True, slots=True)
class Cause:
    """What makes something so: the event, since when it counts (UTC), why, by which clause, by whom."""

    event: Event
    at: datetime
    why: str
    clause: str
    by: str


@dataclass(frozen=True, slots=True)
class Matter:
    """Something open: its name with its id, what opened it, and by when an answer is promised, if any is."""

    name: str
    because: Cause
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the access is narrower than full; without a clause where nobody had agreed to anything yet."""

    why: str
    clause: str | None


@dataclass(frozen=True, slots=True)
class Coming:
    """What happens next if only time passes: a kind of deadline, or the product's end."""

    kind: str
    at: datetime
    clause: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """A tenant at an instant, told by the clauses of `agreement`.

    phase        None before it registered
    because      what brought it into its phase
    narrowed     why its access is not full; None while it is
    restrictions those in force at the instant, that of terms not accepted included
    matters      what was open, each with what opened it
    coming       what came next as it looked from there, in order, to the purge
    happened     the event that did come next, for an instant in the past
    """

    tenant_id: str
    agreement: Agreement
    at: datetime
    tense: Tense
    phase: Phase | None
    because: Cause | None
    access: Access
    narrowed: Reason | None
    restrictions: tuple[Restriction, ...] = ()
    holds: tuple[Hold, ...] = ()
    matters: tuple[Matter, ...] = ()
    period_ends_at: datetime | None = None
    coming: tuple[Coming, ...] = ()
    happened: Cause | None = None


def explain(
    journal: Sequence[Entry],
    at: datetime,
    now: datetime,
    agreement_of: Callable[[Tenant], Agreement],
    publications: Sequence[Publication] = (),
    ending: WindDown | None = None,
) -> Explanation:
    """Where the tenant of this whole journal stands at `at`, seen from `now`.

    `ending` is its product's end, if that was ever planned. Raises JournalBroken.
    """
    known = list(takewhile(lambda entry: entry.recorded_at <= at, journal))
    if not known:
        return _not_yet(journal, at, agreement_of)
    tense = Tense.FUTURE if at > now else Tense.PAST if at < now else Tense.PRESENT
    tenant = replay(known)
    agreement = agreement_of(tenant)
    causes = _Causes()
    for entry in known:
        causes.note(entry.changes.get("phase"), entry.changes.get("open_matters"), _cause(entry))
        causes.promise(entry.facts)
    coming: list[Coming] = []
    planned = ending if ending and ending.planned_at <= at else None
    for kind, step in foresee(tenant, agreement, min(at, now), planned):
        happens = tense is Tense.FUTURE or step.event not in _ONCE_COMMITTED
        if happens and step.recorded_at <= at and not coming:
            moved = step.after.phase is not tenant.phase
            causes.note(step.after.phase if moved else None, step.after.open_matters, _cause(step))
            tenant = step.after
        else:
            coming.append(Coming(kind, step.recorded_at, step.clause))
    tenant = as_barred(tenant, agreement, publications, at)
    granted = access(tenant, at)
    return Explanation(
        tenant_id=tenant.id,
        agreement=agreement,
        at=at,
        tense=tense,
        phase=tenant.phase,
        because=causes.phase,
        access=granted,
        narrowed=None if granted is Access.FULL else _narrowed(tenant, agreement, at, causes),
        restrictions=tuple(each for each in tenant.restrictions if each.applies(at)),
        holds=tenant.holds,
        matters=tuple(causes.matters[name] for name in sorted(causes.matters)),
        period_ends_at=tenant.period_ends_at,
        coming=tuple(coming),
        happened=next((_cause(entry) for entry in journal[len(known) :] if entry.at > at), None),
    )


def explain_purged(purge: PurgeEntry, agreement: Agreement, at: datetime, now: datetime) -> Explanation:
    """A tenant after its purge: the ledger's entry is all that is left of it."""
    cause = Cause(Event.PURGED, purge.committed_at, purge.why, purge.clause, "purge")
    return Explanation(
        tenant_id=purge.tenant_id,
        agreement=agreement,
        at=at,
        tense=Tense.FUTURE if at > now else Tense.PAST if at < now else Tense.PRESENT,
        phase=Phase.PURGED,
        because=cause,
        access=Access.NONE,
        narrowed=Reason(purge.why, purge.clause),
    )


def foresee(
    tenant: Tenant, agreement: Agreement, now: datetime, ending: WindDown | None = None
) -> Iterator[tuple[str, Transition]]:
    """What happens from `now` on if only time passes, in order, to the purge: its kind, and the transition.

    What is overdue happens at `now`. What forbids a purge today (a payment on its way) is decided by then.
    """
    if ending and ending.given_up:
        ending = None
    while True:
        deadline = next_deadline(tenant, agreement)
        if ending and (deadline is None or deadline.at > ending.ends_at):
            moment = max(now, ending.ends_at)
            _, round = start_wind_down(ending, moment)
            step = wind_down(tenant, agreement, round, ending.access_until, (), moment)
            ending = None
            if step:
                yield END_OF_PRODUCT, step
                tenant, now = step.after, moment
            continue
        if deadline is None:
            return
        now = max(now, deadline.at)
        if deadline.kind is DeadlineKind.PURGE:
            tenant = replace(tenant, open_matters=frozenset())
        step = carry_out(tenant, agreement, deadline, now, by=tenant.carrier)
        yield deadline.kind.value, step
        if step.after.phase is Phase.PURGED:
            return
        tenant = step.after


class _Causes:
    """Which event brought the phase about, and which opened each matter that is open."""

    def __init__(self) -> None:
        self.phase: Cause | None = None
        self.matters: dict[str, Matter] = {}

    def note(self, phase: object, matters: Collection[str] | None, cause: Cause) -> None:
        if phase is not None:
            self.phase = cause
        if matters is not None:
            self.matters = {name: self.matters.get(name) or Matter(name, cause) for name in matters}

    def promise(self, facts: Mapping[str, str | int]) -> None:
        """Whatever names a matter says by when it is answered, or that its clock stands."""
        for name, matter in self.matters.items():
            if name.partition(":")[2] in facts.values():
                due_at = facts.get("due_at")
                self.matters[name] = replace(matter, due_at=from_iso(str(due_at)) if due_at else None)


def _cause(happened: Entry | Transition) -> Cause:
    return Cause(happened.event, happened.at, happened.why, happened.clause, happened.by)


def _not_yet(
    journal: Sequence[Entry], at: datetime, agreement_of: Callable[[Tenant], Agreement]
) -> Explanation:
    registration = journal[0]
    tenant = replay(journal[:1])
    return Explanation(
        tenant_id=tenant.id,
        agreement=agreement_of(tenant),
        at=at,
        tense=Tense.PAST,
        phase=None,
        because=None,
        access=Access.NONE,
        narrowed=Reason("the account had not registered yet", None),
        happened=_cause(registration),
    )


def _narrowed(tenant: Tenant, agreement: Agreement, at: datetime, causes: _Causes) -> Reason:
    assert causes.phase
    if tenant.phase is Phase.PURGED:
        return Reason(causes.phase.why, causes.phase.clause)
    if restriction := narrowing(tenant, at):
        return Reason(restriction.reason, restriction.clause)
    why = causes.phase.why
    if tenant.restoring and tenant.phase in (Phase.TRIAL, Phase.ACTIVE):
        why = next(
            matter.because.why for matter in causes.matters.values() if matter.name.startswith("restoration:")
        )
    return Reason(why, why_refused(tenant, agreement, at))
