"""Published versions of a product's texts: when one takes effect, whom it binds and how.

A version binds a customer by acceptance, by use, or with the next lease, as the agreement says (KALLU-8,
KALAK-changes, SAMAN-7.2). What already runs goes on by the version that it began with: a trial or a paid term
until something new is bought, data that is kept after an end until it is deleted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from mohlat.domain.agreement import Agreement, Binding, ChangeRule, Phase
from mohlat.domain.errors import Conflict, InvalidInput, TooLate
from mohlat.domain.lifecycle import Event, Transition, accept_terms, move
from mohlat.domain.notices import NoticeKind
from mohlat.domain.rounds import Round, RoundKind
from mohlat.domain.tenant import KeptTerms, Restriction, RestrictionKind, Tenant, iso


class MustAccept(StrEnum):
    """Who has to accept a version in so many words before the service can be used on."""

    EVERYONE = "everyone"
    NOBODY = "nobody"


class How(StrEnum):
    """What accepted a version: ticking its box, using the service on, or buying under it."""

    AGREED = "agreed"
    USED = "used"
    BOUGHT = "bought"


@dataclass(frozen=True, slots=True)
class Publication:
    """One published version of one text; never changed.

    `number` counts a product's publications from 1, in the order of their effective instants. `summary` says
    per language what changes. `sha256` is the published text's. `rules` names the version of the agreement's
    file by which periods count that begin under this version.
    """

    product: str
    number: int
    version: str
    document: str
    effective_at: datetime
    summary: Mapping[str, str]
    sha256: str
    url: str
    must_accept: MustAccept
    rules: str
    published_at: datetime
    by: str


def in_force(publications: Sequence[Publication], now: datetime) -> Publication | None:
    """The newest version that is effective at `now`, the instant itself included."""
    return next((each for each in reversed(publications) if each.effective_at <= now), None)


def publish(
    draft: Publication, known: Sequence[Publication], agreement: Agreement, now: datetime
) -> Publication:
    """The publication to be stored, or the stored one if this very version was published before.

    Raises InvalidInput naming the field, Conflict if the version was published with other contents.
    """
    before = next((each for each in known if each.version == draft.version), None)
    if before:
        same = replace(draft, number=before.number, published_at=before.published_at, by=before.by)
        if same != before:
            raise Conflict("this version was published with other contents", version=before.version)
        return before
    rule = agreement.changes
    if rule is None:
        raise Conflict("this agreement does not say how it is changed")
    if draft.document not in agreement.registration.accept:
        allowed = list(agreement.registration.accept)
        raise InvalidInput("document", "not one of the possible values", allowed=allowed)
    earliest = rule.notice.after(now, agreement.calendar) if rule.notice else now
    if draft.effective_at < earliest:
        raise InvalidInput(
            "effective_at", "earlier than the notice allows", earliest=iso(earliest), clause=rule.basis.cite()
        )
    if known and draft.effective_at <= known[-1].effective_at:
        after = iso(known[-1].effective_at)
        raise InvalidInput("effective_at", "must lie after the version before it", after=after)
    needed = _NEEDED.get(rule.binding)
    if needed and draft.must_accept is not needed:
        raise InvalidInput(
            "must_accept", "not what the agreement says", allowed=[needed.value], clause=rule.basis.cite()
        )
    return replace(draft, number=len(known) + 1)


# Where use accepts, a version may still ask for more.
_NEEDED = {Binding.ACCEPT: MustAccept.EVERYONE, Binding.LEASE: MustAccept.NOBODY}


def announcement(publication: Publication, agreement: Agreement, now: datetime) -> Round:
    """The round that tells every customer of a version, before it takes effect (KALO-35, KALLU-8)."""
    clause = (agreement.changes.basis if agreement.changes else agreement.service_basis).cite()
    return Round(
        id=f"terms-{publication.number}-told",
        product=publication.product,
        kind=RoundKind.ANNOUNCE,
        about=f"terms:{publication.version}",
        clause=clause,
        by=publication.by,
        begun_at=now,
        notice=NoticeKind.TERMS_CHANGED,
        anchor=publication.effective_at,
        facts={"link": publication.url},
        complete_by=publication.effective_at,
    )


def not_accepted(
    tenant: Tenant, publications: Sequence[Publication], now: datetime
) -> tuple[Publication, ...]:
    """The versions effective at `now` that the tenant has not accepted yet, oldest first.

    Registering accepted what was in force then.
    """
    since = accepted_until(tenant, publications)
    return tuple(each for each in publications if since < each.effective_at <= now)


def newest_of_each(publications: Sequence[Publication]) -> tuple[Publication, ...]:
    """The newest version of each text among these, oldest first."""
    newest = {each.document: each for each in publications}
    return tuple(sorted(newest.values(), key=lambda each: each.number))


def accepted_until(tenant: Tenant, publications: Sequence[Publication]) -> datetime:
    """Every version that took effect up to this instant has been accepted."""
    known = (each.effective_at for each in publications if each.version == tenant.terms_version)
    return max(tenant.registered_at, next(known, tenant.registered_at))


def bars(rule: ChangeRule, waiting: Sequence[Publication]) -> bool:
    """Whether what waits for acceptance bars the way until it is accepted."""
    return rule.binding is Binding.ACCEPT or any(each.must_accept is MustAccept.EVERYONE for each in waiting)


def as_barred(
    tenant: Tenant, agreement: Agreement, publications: Sequence[Publication], now: datetime
) -> Tenant:
    """The tenant as it is shown: with the restriction that a version not accepted puts on it, if any."""
    rule, waiting = agreement.changes, not_accepted(tenant, publications, now)
    if rule is None or not waiting or not bars(rule, waiting):
        return tenant
    newest = waiting[-1]
    reason = f"version {newest.version} has to be accepted"
    kind = RestrictionKind.MUST_ACCEPT_TERMS
    barred = Restriction(kind, reason, rule.basis.cite(), newest.effective_at)
    return replace(tenant, restrictions=(*tenant.restrictions, barred))


def accept(
    tenant: Tenant,
    bound: Agreement,
    rules: Agreement,
    publication: Publication,
    now: datetime,
    *,
    by: str,
    how: How,
) -> Transition:
    """Notes that the tenant accepted a version, in so many words or by using the service.

    `bound` is the agreement that the tenant counts by, `rules` the one that the version brings. An account
    that nothing runs for changes over at once; what runs ends by what it began with. Raises Gone.
    """
    at_once = tenant.phase is Phase.ACTIVE and tenant.period_ends_at is None and not tenant.debts
    step = accept_terms(tenant, rules if at_once else bound, now, by=by)
    restrictions = step.after.restrictions if how is How.AGREED else tenant.restrictions
    after = replace(
        step.after,
        terms_version=publication.version,
        terms_invoiced_at=None,
        terms_declined="",
        restrictions=restrictions,
    )
    rule = bound.changes
    return replace(
        step,
        after=after,
        why=_ACCEPTED[how],
        clause=rule.basis.cite() if rule else step.clause,
        facts={**step.facts, "terms_version": publication.version, "how": how.value},
    )


_ACCEPTED = {How.AGREED: "accepted the new version", How.USED: "used the service under the new version"}


def bought_under(
    step: Transition, publications: Sequence[Publication], ordered_at: datetime
) -> tuple[Transition, tuple[Publication, ...]]:
    """The grant of a lease, with the version in force when it was ordered binding it from now on.

    With the versions that were not accepted before, so that the acceptance is kept. An invoice that was open
    is paid by the terms it was issued under. Who buys under a version it had declined takes it after all.
    """
    tenant, after = step.before, step.after
    assert tenant
    ordered_at = tenant.invoice.issued_at if tenant.invoice else ordered_at
    version = in_force(publications, ordered_at)
    if version is None:
        return step, ()
    after = replace(after, agreement_version=version.rules, terms_kept=_kept(tenant, version, step.at))
    if declined(tenant, publications, ordered_at):
        after = replace(after, terms_declined="")
    newly = not_accepted(tenant, publications, ordered_at)
    if newly:
        after = replace(after, terms_version=version.version, terms_invoiced_at=step.at)
    elif version.version == tenant.terms_version and tenant.terms_invoiced_at is None:
        after = replace(after, terms_invoiced_at=step.at)
    facts = {**step.facts, "terms_version": version.version}
    return replace(step, after=after, facts=facts), newly


def _kept(tenant: Tenant, version: Publication, now: datetime) -> tuple[KeptTerms, ...]:
    kept = tuple(each for each in tenant.terms_kept if now < each.until)
    runs_until = tenant.period_ends_at if tenant.phase in (Phase.TRIAL, Phase.ACTIVE) else None
    if runs_until is None or runs_until <= now or version.rules == tenant.agreement_version:
        return kept
    return (*kept, KeptTerms(tenant.agreement_version, runs_until))


def promised_version(tenant: Tenant, now: datetime) -> str:
    """The version of the agreement that what runs at `now` was bought under."""
    kept = (each.version for each in tenant.terms_kept if now < each.until)
    return next(kept, tenant.agreement_version)


def as_promised(agreement: Agreement, promised: Agreement) -> Agreement:
    """The agreement that deadlines count by, with what `promised` gives a customer while its period runs.

    Whoever renews early under new terms loses nothing of what runs until then (SAMAN-7.2).
    """
    return replace(
        agreement,
        refunds=promised.refunds,
        export=promised.export,
        backups=promised.backups,
        compensation=promised.compensation,
        disputes=promised.disputes,
    )


def decline(
    tenant: Tenant,
    agreement: Agreement,
    publications: Sequence[Publication],
    version: str,
    now: datetime,
    *,
    by: str,
) -> Transition:
    """Notes that the customer does not want a version: the lease runs to its end, and no other follows.

    Until the first invoice under the version (SAMAN-7.2-note6). Raises InvalidInput for a version that was
    not published, Conflict where nothing is to be declined, TooLate after that invoice, Gone.
    """
    rule, current = agreement.changes, in_force(publications, now)
    if rule is None or rule.refusal is None:
        raise Conflict("this agreement leaves nothing to decline")
    refused = next((each for each in publications if each.version == version), None)
    if refused is None:
        raise InvalidInput("version", "unknown", known=[each.version for each in publications])
    if current and refused.number < current.number:
        raise InvalidInput("version", "not the newest", newest=current.version)
    invoiced_at = _first_invoice(tenant, publications, refused)
    if invoiced_at:
        raise TooLate(
            "the first invoice under these terms was issued",
            ended_at=iso(invoiced_at),
            clause=rule.refusal.cite(),
        )
    if tenant.phase is not Phase.ACTIVE or tenant.period_ends_at is None:
        raise Conflict("no lease is running", phase=tenant.phase.value)
    if tenant.terms_declined == version:
        raise Conflict("this version was declined before", version=version)
    return move(
        tenant,
        Event.TERMS_DECLINED,
        now,
        by,
        "does not want the new terms: the lease is not renewed",
        rule.refusal.cite(),
        facts={"terms_version": version, "lease_ends_at": iso(tenant.period_ends_at)},
        terms_declined=version,
    )


def _first_invoice(
    tenant: Tenant, publications: Sequence[Publication], refused: Publication
) -> datetime | None:
    """When the first invoice under a version, or under a later one, was issued; None while none was."""
    if refused.effective_at <= tenant.registered_at:
        return tenant.registered_at
    if refused.effective_at <= accepted_until(tenant, publications):
        return tenant.terms_invoiced_at
    return None


def declined(tenant: Tenant, publications: Sequence[Publication], now: datetime) -> Publication | None:
    """The version in force that the tenant declined: nothing is sold to it under that one."""
    return next(
        (each for each in publications if each.version == tenant.terms_declined and each.effective_at <= now),
        None,
    )
