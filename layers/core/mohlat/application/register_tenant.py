"""Registering: the agreement accepted, the person known once, the tenant's life begun."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from mohlat.application.ports import (
    Agreements,
    Clock,
    Fingerprints,
    Ids,
    People,
    Publications,
    Row,
    SignIn,
    Tenants,
)
from mohlat.application.service_gate import ServiceGate
from mohlat.application.terms_gate import evidence_of
from mohlat.application.transitions import commit
from mohlat.application.unclaimed import unclaimed
from mohlat.domain.agreement import Agreement, Purpose
from mohlat.domain.consents import given_by_registering
from mohlat.domain.errors import ConcurrentChange, Conflict, InvalidInput
from mohlat.domain.lifecycle import register
from mohlat.domain.passwords import check_password
from mohlat.domain.people import (
    USER_ID,
    Acceptance,
    Contact,
    Identity,
    LegalEntity,
    Role,
    TrialMark,
    User,
)
from mohlat.domain.publications import How, Publication, newest_of_each
from mohlat.domain.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Application:
    """What somebody who registers has sent, already normalized (e-mail lower-case, mobile E.164).

    `accepted` names the documents whose box was ticked. `declares_authority` is the declaration that the
    person may act for `legal_entity`.
    """

    product: str
    name: str
    email: str
    mobile: str
    password: str
    language: str
    accepted: frozenset[str]
    source_ip: str
    plan: str | None = None
    legal_entity: LegalEntity | None = None
    declares_authority: bool = False


def register_tenant(
    application: Application,
    *,
    tenants: Tenants,
    people: People,
    sign_in: SignIn,
    fingerprints: Fingerprints,
    publications: Publications,
    agreements: Agreements,
    gate: ServiceGate,
    ids: Ids,
    clock: Clock,
) -> Tenant:
    """Creates the tenant, its owner and the evidence of what was accepted, in one transaction.

    Raises InvalidInput (naming the field) for what the agreement does not allow, Conflict if the e-mail
    address or the mobile number has an account with this product already, or nobody can join it any more;
    UnderMaintenance.
    """
    gate.demand_joinable(application.product)
    now = clock.now()
    published = [
        each for each in publications.of(application.product, fresh=True) if each.effective_at <= now
    ]
    agreement = agreements.load(application.product, published[-1].rules if published else None)
    for document in agreement.registration.accept:
        if document not in application.accepted:
            raise InvalidInput(
                f"accept.{document}", "must be accepted", clause=agreement.registration.accept_basis.cite()
            )
    if application.legal_entity and not application.declares_authority:
        clause = agreement.registration.legal_entity_basis.cite()
        raise InvalidInput("legal_entity.authority_declared", "must be declared", clause=clause)
    if application.plan:
        agreement.plan(application.plan)
    contacts = {"email": application.email, "mobile": application.mobile}
    check_password(application.password, agreement.password, (application.name, *contacts.values()))

    prints = unclaimed(people, fingerprints, application.product, contacts)
    fresh = (
        []
        if agreement.trial is None
        else [
            fingerprint
            for fingerprint in prints
            if not people.trial_used(application.product, (fingerprint,))
        ]
    )
    trial_used = agreement.trial is not None and len(fresh) < len(prints)

    tenant_id, username = ids.new("t"), ids.new(USER_ID)
    by = f"user:{username}"
    transition = register(agreement, tenant_id, now, plan=application.plan, trial_used=trial_used, by=by)
    if application.legal_entity:
        # Who may act for it was declared, and the journal keeps that (KALO-3, SAMAN-2.5, CLUB-10).
        transition = replace(transition, facts={**transition.facts, "authority": "declared"})
    rows: list[Row] = [
        Contact(
            tenant_id,
            application.name,
            application.email,
            application.mobile,
            application.language,
            application.legal_entity,
        ),
        *_evidence(agreement, published, tenant_id, now, application.source_ip, username),
        User(tenant_id, username, Role.OWNER, now, password_changed_at=now),
        *(Identity(application.product, fingerprint, tenant_id, username) for fingerprint in prints),
    ]
    # A fresh id for each purpose there is; those that come with registering take theirs.
    rows += given_by_registering(agreement, tenant_id, (ids.new("w") for _ in Purpose), now, by)
    # A new contact beside a known one had its trial too: neither gets another (invariant 9).
    rows += [TrialMark(application.product, fingerprint, now) for fingerprint in fresh]
    # The user first, without a password: if we die before the transaction nobody can sign in as it, and if we
    # die after it the owner recovers a password through the registered contact.
    sign_in.create(username, tenant_id, Role.OWNER)
    try:
        tenant = commit(tenants, agreement, transition, rows)
    except (ConcurrentChange, Conflict) as race:
        sign_in.delete(username)
        raise Conflict("this contact has an account already", field="email") from race
    sign_in.set_password(username, application.password)
    return tenant


def _evidence(
    agreement: Agreement,
    published: Sequence[Publication],
    tenant_id: str,
    now: datetime,
    source_ip: str,
    username: str,
) -> list[Acceptance]:
    """What was accepted: the published texts in force, and of the others those the agreement came with."""
    texts = newest_of_each(published)
    others = tuple(
        each for each in agreement.registration.accept if each not in {text.document for text in texts}
    )
    evidence = evidence_of(tenant_id, texts, now, username, How.AGREED, source_ip)
    if others:
        original = Acceptance(
            tenant_id, agreement.version, others, agreement.digest, now, source_ip, username
        )
        evidence.insert(0, original)
    return evidence
