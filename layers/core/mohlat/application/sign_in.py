"""Signing in, staying signed in, and getting back in through a registered contact only (KALO-5)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mohlat.application.codes import queue_code, sent_lately, use_code
from mohlat.application.ports import (
    Agreements,
    Clock,
    Fingerprints,
    NoticeQueue,
    People,
    SecurityLog,
    SignIn,
    Tokens,
)
from mohlat.domain.agreement import Channel
from mohlat.domain.errors import InvalidInput, NotFound, NotSignedIn, TooManyAttempts
from mohlat.domain.passwords import check_password
from mohlat.domain.people import USER_ID, CodePurpose, Identity, Role, User, owner_of


@dataclass(frozen=True, slots=True)
class Session:
    """Tokens, whose they are, and whether the password is so old that a change is recommended (KALO-4)."""

    tenant_id: str
    tokens: Tokens
    change_password: bool


class FrontDesk:
    """Knows who is registered and how they prove it."""

    def __init__(
        self,
        *,
        people: People,
        sign_in: SignIn,
        fingerprints: Fingerprints,
        agreements: Agreements,
        queue: NoticeQueue,
        security_log: SecurityLog,
        clock: Clock,
    ) -> None:
        self._people = people
        self._sign_in = sign_in
        self._fingerprints = fingerprints
        self._agreements = agreements
        self._queue = queue
        self._log = security_log
        self._clock = clock

    def _identity(self, product: str, contact: str) -> Identity | None:
        return self._people.identity(product, self._fingerprints.of(product, contact))

    def open_session(self, product: str, contact: str, password: str, source_ip: str) -> Session:
        """Signs in with a registered, confirmed contact. Every refusal reads the same; the log knows why.

        Raises NotSignedIn.
        """
        agreement = self._agreements.load(product)
        now = self._clock.now()
        identity = self._identity(product, contact)
        if identity is None:
            self._log.note(product, "sign_in_unknown_contact", now, source_ip)
            raise NotSignedIn
        user = self._people.user(identity.tenant_id, identity.username)
        try:
            tokens = self._sign_in.sign_in(identity.username, password)
        except NotSignedIn:
            self._log.note(identity.tenant_id, "sign_in_failed", now, source_ip, username=identity.username)
            raise
        if user.confirmed_at is None:
            self._log.note(
                identity.tenant_id, "sign_in_unconfirmed", now, source_ip, username=identity.username
            )
            raise NotSignedIn("the registered contact is not confirmed yet", reason="unconfirmed")
        self._log.note(identity.tenant_id, "signed_in", now, source_ip, username=identity.username)
        changed_at = user.password_changed_at or user.created_at
        advise_at = agreement.password.advise_change_after.after(changed_at, agreement.calendar)
        return Session(identity.tenant_id, tokens, change_password=now >= advise_at)

    def open_operator_session(self, username: str, password: str, source_ip: str) -> Tokens:
        """Signs in somebody who works for the vendor; the token's group decides what that allows.

        Tenants' users come in by a confirmed contact only, not by the name that we gave them.
        Raises NotSignedIn.
        """
        now = self._clock.now()
        try:
            if username.startswith(f"{USER_ID}_"):
                raise NotSignedIn
            tokens = self._sign_in.sign_in(username, password)
        except NotSignedIn:
            self._log.note("operators", "sign_in_failed", now, source_ip)
            raise
        self._log.note("operators", "signed_in", now, source_ip, username=username)
        return tokens

    def refresh_session(self, refresh_token: str) -> Tokens:
        """Fresh tokens for a session that is still good. Raises NotSignedIn."""
        return self._sign_in.refresh(refresh_token)

    def confirm(self, tenant_id: str, code: str, source_ip: str) -> None:
        """Confirms the registered contact, which opens sign-in (SAMAN-3.2).

        Raises InvalidInput, TooManyAttempts.
        """
        user = self._owner(tenant_id)
        now = self._clock.now()
        try:
            use_code(self._people, tenant_id, user.username, CodePurpose.CONFIRM, code, now)
        except (InvalidInput, TooManyAttempts):
            self._log.note(tenant_id, "confirmation_wrong_code", now, source_ip, username=user.username)
            raise
        self._people.save_user(replace(user, confirmed_at=now))
        self._log.note(tenant_id, "contact_confirmed", now, source_ip, username=user.username)

    def send_confirmation_again(self, tenant_id: str) -> None:
        """Queues a fresh confirmation code, if there is still something to confirm.

        Raises TooManyAttempts within a minute of the last one.
        """
        user = self._owner(tenant_id)
        if user.confirmed_at is None:
            if sent_lately(self._people, tenant_id, user.username, CodePurpose.CONFIRM, self._clock.now()):
                raise TooManyAttempts
            queue_code(self._queue, user.tenant_id, user.username, CodePurpose.CONFIRM, Channel.EMAIL)

    def start_recovery(self, product: str, contact: str, source_ip: str) -> None:
        """Sends a recovery code to a registered contact, and to nothing else.

        The caller learns nothing from the answer; a contact that is not registered gets no code and leaves
        a line in the security log (KALO-5). One code a minute at most.
        """
        self._agreements.load(product)
        identity = self._identity(product, contact)
        now = self._clock.now()
        if identity is None:
            self._log.note(product, "recovery_refused_unknown_contact", now, source_ip)
            return
        if sent_lately(self._people, identity.tenant_id, identity.username, CodePurpose.RECOVER, now):
            self._log.note(
                identity.tenant_id, "recovery_asked_too_often", now, source_ip, username=identity.username
            )
            return
        channel = Channel.EMAIL if "@" in contact else Channel.SMS
        queue_code(self._queue, identity.tenant_id, identity.username, CodePurpose.RECOVER, channel)
        self._log.note(
            identity.tenant_id, "recovery_code_requested", now, source_ip, username=identity.username
        )

    def finish_recovery(self, product: str, contact: str, code: str, password: str, source_ip: str) -> None:
        """Sets a new password with the code from the registered contact; ends every open session. With it
        a user whom an owner let in joins.

        Raises InvalidInput for a wrong code or a guessable password, TooManyAttempts.
        """
        agreement = self._agreements.load(product)
        now = self._clock.now()
        # Before anybody is looked up: what is said of the password must not tell whose contact this is.
        check_password(password, agreement.password, (contact,))
        identity = self._identity(product, contact)
        if identity is None:
            self._log.note(product, "recovery_refused_unknown_contact", now, source_ip)
            raise InvalidInput("code", "expired or never sent")
        try:
            use_code(self._people, identity.tenant_id, identity.username, CodePurpose.RECOVER, code, now)
        except (InvalidInput, TooManyAttempts):
            self._log.note(
                identity.tenant_id, "recovery_wrong_code", now, source_ip, username=identity.username
            )
            raise
        known = self._people.contact_of(identity.tenant_id, identity.username)
        check_password(password, agreement.password, (known.name, known.email, known.mobile))
        user = self._people.user(identity.tenant_id, identity.username)
        joins = user.role is not Role.OWNER and user.confirmed_at is None
        if joins:
            self._sign_in.create(user.username, user.tenant_id, user.role)
        self._sign_in.set_password(identity.username, password)
        self._sign_in.sign_out(identity.username)
        changed = replace(user, password_changed_at=now, confirmed_at=now if joins else user.confirmed_at)
        try:
            self._people.save_user(changed)
        except NotFound:
            # Sent away at this very moment.
            self._sign_in.delete(user.username)
            raise InvalidInput("code", "expired or never sent") from None
        kind = "user_joined" if joins else "password_recovered"
        self._log.note(identity.tenant_id, kind, now, source_ip, username=identity.username)

    def _owner(self, tenant_id: str) -> User:
        owner = owner_of(self._people.users(tenant_id))
        if owner is None:
            raise InvalidInput("code", "expired or never sent")
        return owner
