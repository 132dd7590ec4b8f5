"""Versions of the terms: published by operators, read by everybody, accepted or declined by customers."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from mohlat.application.manage_tenant import TenantDesk
from mohlat.application.ports import Agreements, Books, Clock, Dispatches, People, Publications, Tenants
from mohlat.application.terms_gate import evidence_of
from mohlat.application.transitions import catch_up, commit, retrying
from mohlat.domain.agreement import Agreement
from mohlat.domain.errors import AgreementInvalid, ConcurrentChange, InvalidInput
from mohlat.domain.people import Acceptance
from mohlat.domain.publications import (
    How,
    MustAccept,
    Publication,
    accept,
    announcement,
    decline,
    in_force,
    newest_of_each,
    not_accepted,
    publish,
)
from mohlat.domain.rounds import lanes_of
from mohlat.domain.tenant import Tenant, iso


@dataclass(frozen=True, slots=True)
class Draft:
    """What an operator publishes. `rules` is the version of the agreement's file, None for the newest."""

    product: str
    version: str
    document: str
    effective_at: datetime
    summary: Mapping[str, str]
    sha256: str
    url: str
    must_accept: MustAccept
    rules: str | None = None


class PublishingDesk:
    """Takes what operators publish, and has everybody told of it, once for each version."""

    def __init__(
        self,
        *,
        publications: Publications,
        books: Books,
        agreements: Agreements,
        clock: Clock,
    ) -> None:
        self._publications = publications
        self._books = books
        self._agreements = agreements
        self._clock = clock

    def publish(self, draft: Draft, by: str) -> tuple[Publication, bool]:
        """Publishes a version, and says whether it is new: the same contents again change nothing.

        Raises InvalidInput naming the field, Conflict for a version that has other contents already.
        """
        stored, new = retrying(lambda: self._publish(draft, by))
        round = announcement(stored, self._agreements.load(stored.product), self._clock.now())
        # Sent again, a publication makes up for a round that was lost; one that began goes on as it is.
        with suppress(ConcurrentChange):
            self._books.write((round, *lanes_of(round)))
        return stored, new

    def _publish(self, draft: Draft, by: str) -> tuple[Publication, bool]:
        now = self._clock.now()
        agreement = self._agreements.load(draft.product)
        if draft.rules is not None:
            try:
                self._agreements.load(draft.product, draft.rules)
            except AgreementInvalid:
                raise InvalidInput("agreement_version", "not deployed") from None
        asked = Publication(
            product=draft.product,
            number=0,
            version=draft.version,
            document=draft.document,
            effective_at=draft.effective_at,
            summary=draft.summary,
            sha256=draft.sha256,
            url=draft.url,
            must_accept=draft.must_accept,
            rules=draft.rules or agreement.version,
            published_at=now,
            by=by,
        )
        known = self._publications.of(draft.product, fresh=True)
        publication = publish(asked, known, agreement, now)
        if publication in known:
            return publication, False
        self._publications.save(publication)
        return publication, True


@dataclass(frozen=True, slots=True)
class Overview:
    """A tenant's view of the terms: every version, what waits for it, and what it accepted when."""

    tenant: Tenant
    agreement: Agreement
    publications: tuple[Publication, ...]
    waiting: tuple[Publication, ...]
    acceptances: tuple[Acceptance, ...]


class TermsDesk:
    """What customers decide about new versions."""

    def __init__(
        self,
        *,
        tenants: Tenants,
        people: People,
        publications: Publications,
        dispatches: Dispatches,
        desk: TenantDesk,
        agreements: Agreements,
        clock: Clock,
    ) -> None:
        self._tenants = tenants
        self._people = people
        self._publications = publications
        self._dispatches = dispatches
        self._desk = desk
        self._agreements = agreements
        self._clock = clock

    def overview(self, tenant_id: str) -> Overview:
        """Every version of the tenant's product and when it was accepted (SAMAN-7.4). Raises NotFound,
        Gone.
        """
        tenant = self._tenants.get(tenant_id)
        publications = self._publications.of(tenant.product, fresh=True)
        return Overview(
            tenant,
            self._agreements.load(tenant.product, tenant.agreement_version),
            publications,
            not_accepted(tenant, publications, self._clock.now()),
            tuple(self._people.acceptances(tenant_id)),
        )

    def accept(
        self, tenant_id: str, version: str, documents: frozenset[str], username: str, source_ip: str
    ) -> Tenant:
        """Accepts the version in force, and keeps the evidence (KALO-2, SAMAN-2.4, KALLU-8).

        While nothing was published, that is the agreement itself. Raises InvalidInput for another version, or
        a document left out.
        """
        tenant = self._tenants.get(tenant_id)
        publications = self._publications.of(tenant.product, fresh=True)
        newest = in_force(publications, self._clock.now())
        if newest is None and version not in {each.version for each in publications}:
            return self._desk.accept_terms(tenant_id, version, documents, username, source_ip)
        if newest is None or newest.version != version:
            later = next((each for each in publications if each.version == version), None)
            if later and (newest is None or later.number > newest.number):
                raise InvalidInput("version", "not in force yet", effective_at=iso(later.effective_at))
            raise InvalidInput("version", "not the newest", newest=newest.version if newest else None)
        waiting = not_accepted(tenant, publications, self._clock.now()) or (newest,)
        for each in newest_of_each(waiting):
            if each.document not in documents:
                raise InvalidInput(f"accept.{each.document}", "must be accepted")
        return retrying(lambda: self._accept(tenant_id, waiting, username, source_ip))

    def _accept(
        self, tenant_id: str, accepted: tuple[Publication, ...], username: str, source_ip: str
    ) -> Tenant:
        now, by, newest = self._clock.now(), f"user:{username}", accepted[-1]
        tenant, bound = self._caught_up(tenant_id, now, by)
        rules = self._agreements.load(tenant.product, newest.rules)
        transition = accept(tenant, bound, rules, newest, now, by=by, how=How.AGREED)
        counted = self._agreements.load(tenant.product, transition.after.agreement_version)
        evidence = evidence_of(tenant_id, accepted, now, by, How.AGREED, source_ip)
        return commit(self._tenants, counted, transition, evidence)

    def decline(self, tenant_id: str, version: str, by: str) -> Tenant:
        """Declines a version: the lease ends at its term and no invoice follows (SAMAN-7.2-note6).

        Raises InvalidInput, Conflict, TooLate after the first invoice under it.
        """

        def attempt() -> Tenant:
            now = self._clock.now()
            tenant, agreement = self._caught_up(tenant_id, now, by)
            publications = self._publications.of(tenant.product, fresh=True)
            return commit(
                self._tenants, agreement, decline(tenant, agreement, publications, version, now, by=by)
            )

        return retrying(attempt)

    def _caught_up(self, tenant_id: str, now: datetime, by: str) -> tuple[Tenant, Agreement]:
        tenant = self._tenants.get(tenant_id)
        agreement = self._agreements.load(tenant.product, tenant.agreement_version)
        return catch_up(self._tenants, self._dispatches, agreement, tenant, now, by=by), agreement
