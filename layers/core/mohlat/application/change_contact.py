"""Another address or number for an account: told by its owner, proved by a code that was sent there."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from enum import StrEnum

from mohlat.application.codes import queue_code, sent_lately, use_code
from mohlat.application.ports import (
    Agreements,
    Clock,
    Fingerprints,
    NoticeQueue,
    People,
    Row,
    SecurityLog,
    SignIn,
    Tenants,
)
from mohlat.application.see_personal_data import correction_clause
from mohlat.application.transitions import commit, retrying
from mohlat.application.unclaimed import unclaimed
from mohlat.domain.agreement import Agreement, Channel
from mohlat.domain.errors import (
    AccessRefused,
    ConcurrentChange,
    Held,
    InvalidInput,
    NotSignedIn,
    TooManyAttempts,
)
from mohlat.domain.lifecycle import Event, move, service_notice
from mohlat.domain.notices import NoticeKind
from mohlat.domain.people import CodePurpose, Contact, ContactChange, Identity, TrialMark
from mohlat.domain.tenant import Tenant, living


class Way(StrEnum):
    """Which of the two ways to reach somebody changes."""

    EMAIL = "email"
    MOBILE = "mobile"

    @property
    def channel(self) -> Channel:
        """How a code gets there."""
        return Channel.EMAIL if self is Way.EMAIL else Channel.SMS


class ContactDesk:
    """Changes how an account's owner is reached and recognized, in every phase before the purge.

    Whoever holds a token alone must not take an account over: the password is asked for again, and the
    contact that is registered so far is told before the other one takes its place. Where an account cannot
    be handed on (CLUB-12), its number stays: that one is a person's, a mailbox is anybody's.
    """

    def __init__(
        self,
        *,
        tenants: Tenants,
        people: People,
        sign_in: SignIn,
        fingerprints: Fingerprints,
        agreements: Agreements,
        security_log: SecurityLog,
        queue: NoticeQueue,
        clock: Clock,
    ) -> None:
        self._tenants = tenants
        self._people = people
        self._sign_in = sign_in
        self._fingerprints = fingerprints
        self._agreements = agreements
        self._log = security_log
        self._queue = queue
        self._clock = clock

    def ask(
        self, tenant_id: str, username: str, way: Way, contact: str, password: str, source_ip: str
    ) -> None:
        """Has a code sent to another contact, already normalized, and tells the registered ones.

        Raises InvalidInput for a wrong password and for what is registered anyway, Conflict for what has an
        account with the product, TooManyAttempts within a minute of the last code, AccessRefused, Held,
        NotFound, Gone.
        """
        now, (tenant, agreement) = self._clock.now(), self._living(tenant_id)
        if way is Way.MOBILE and agreement.no_transfer:
            raise AccessRefused(operation="change_mobile", clause=agreement.no_transfer.cite())
        try:
            self._sign_in.sign_in(username, password)
        except NotSignedIn:
            self._log.note(tenant_id, "sign_in_failed", now, source_ip, username=username)
            raise InvalidInput("password", "wrong") from None
        if getattr(self._people.contact(tenant_id), way) == contact:
            raise InvalidInput(way, "is registered already")
        unclaimed(self._people, self._fingerprints, tenant.product, {way: contact})
        if sent_lately(self._people, tenant_id, username, CodePurpose.CHANGE, now):
            raise TooManyAttempts

        def attempt() -> None:
            now, (tenant, agreement) = self._clock.now(), self._living(tenant_id)
            clause = correction_clause(agreement)
            transition = move(
                tenant,
                Event.CONTACT_CHANGE_ASKED,
                now,
                f"user:{username}",
                "the owner wants to be reached elsewhere",
                clause,
                notices=(service_notice(tenant, agreement, NoticeKind.CONTACT_CHANGE, now, clause),),
                facts={"field": way.value},
            )
            commit(self._tenants, agreement, transition)

        retrying(attempt)
        wrapped = self._people.wrap(tenant_id, contact)
        queue_code(self._queue, tenant_id, username, CodePurpose.CHANGE, way.channel, wrapped)

    def confirm(
        self, tenant_id: str, username: str, way: Way, contact: str, code: str, source_ip: str
    ) -> Contact:
        """Registers the contact that the code was sent to; the one before leads here no more.

        Repeatable. Raises InvalidInput for a wrong code, TooManyAttempts, Conflict for what has an account
        with the product by now, Held, NotFound, Gone.
        """
        now = self._clock.now()
        self._living(tenant_id)
        known = self._people.contact(tenant_id)
        if getattr(known, way) == contact:
            return known
        try:
            use_code(self._people, tenant_id, username, CodePurpose.CHANGE, code, now, contact)
        except (InvalidInput, TooManyAttempts):
            self._log.note(tenant_id, "contact_change_wrong_code", now, source_ip, username=username)
            raise
        changed = retrying(lambda: self._change(tenant_id, username, way, contact))
        # A recovery that was begun by way of the contact before must not end here.
        if pending := self._people.code(tenant_id, username, CodePurpose.RECOVER):
            with suppress(ConcurrentChange):
                self._people.drop_code(pending)
        self._log.note(tenant_id, "contact_changed", now, source_ip, username=username)
        return changed

    def _change(self, tenant_id: str, username: str, way: Way, contact: str) -> Contact:
        now, (tenant, agreement) = self._clock.now(), self._living(tenant_id)
        known, product = self._people.contact(tenant_id), tenant.product
        [fingerprint] = unclaimed(self._people, self._fingerprints, product, {way: contact})
        changed = replace(known, email=contact) if way is Way.EMAIL else replace(known, mobile=contact)
        left = Identity(product, self._fingerprints.of(product, getattr(known, way)), tenant_id, username)
        taken = replace(left, fingerprint=fingerprint)
        rows: list[Row] = [ContactChange(changed, left, taken)]
        # This contact has its trial with the account, as if it had been there from the start (invariant 9).
        if agreement.trial and not self._people.trial_used(product, (fingerprint,)):
            rows.append(TrialMark(product, fingerprint, now))
        transition = move(
            tenant,
            Event.CONTACT_CHANGED,
            now,
            f"user:{username}",
            "the code that was sent to the other contact came back",
            correction_clause(agreement),
            facts={"field": way.value},
        )
        commit(self._tenants, agreement, transition, rows)
        return changed

    def _living(self, tenant_id: str) -> tuple[Tenant, Agreement]:
        tenant = living(self._tenants.get(tenant_id))
        if any(not hold.records for hold in tenant.holds):
            # The contact before would be overwritten, and a hold is about all there is.
            raise Held(tenant_id=tenant_id)
        return tenant, self._agreements.load(tenant.product, tenant.agreement_version)
