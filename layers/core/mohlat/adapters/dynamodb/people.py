"""Contacts, users, identities, trial marks, acceptances and codes.

What belongs to a tenant stands in its partition. Identities and trial marks are found by a fingerprint and
stand apart; a user's row names its identities, so that a purge finds them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute, UnicodeSetAttribute
from pynamodb.exceptions import UpdateError
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from mohlat.adapters.dynamodb.table import (
    Document,
    Item,
    absent,
    compact,
    conditional,
    present,
    tenant_of,
    tenant_pk,
    was_refused,
)
from mohlat.adapters.sealing import Sealer
from mohlat.domain.errors import ConcurrentChange, Conflict, NotFound, TooManyAttempts
from mohlat.domain.people import (
    Acceptance,
    Code,
    CodePurpose,
    Contact,
    Identity,
    LegalEntity,
    Role,
    TrialMark,
    User,
)
from mohlat.domain.tenant import from_iso, iso

CONTACT = "CONTACT"
USER = "USER#"
CODE = "CODE#"
_ACCEPT = "ACCEPT#"
_IDENTITY = "IDENTITY"
_TRIAL = "TRIAL"


class ContactItem(Item):
    """Who the account belongs to, sealed."""

    sealed = BinaryAttribute(legacy_encoding=False)


class AcceptanceItem(Item):
    """The evidence of one acceptance; the address that it came from is sealed."""

    doc = Document()
    sealed = BinaryAttribute(legacy_encoding=False, null=True)


class UserItem(Item):
    """A person who signs in. `identities` are the partition keys of the identities that lead here."""

    role = UnicodeAttribute()
    created_at = UnicodeAttribute()
    confirmed_at = UnicodeAttribute(null=True)
    password_changed_at = UnicodeAttribute(null=True)
    identities = UnicodeSetAttribute()


class IdentityItem(Item):
    """Leads from a contact's fingerprint to the account."""

    tenant_id = UnicodeAttribute()
    username = UnicodeAttribute()


class TrialItem(Item):
    """A contact that has had its trial."""

    at = UnicodeAttribute()


class CodeItem(Item):
    """A one-time code."""

    salted_hash = UnicodeAttribute()
    expires_at = UnicodeAttribute()
    attempts_left = NumberAttribute()


# --- rows of a transition ---------------------------------------------------------------------------------


def add_contact(write: TransactWrite, contact: Contact, sealer: Sealer, *, new: bool) -> None:
    """Adds the sealed contact. `new`: the tenant begins here, and with it its data key.

    A corrected one takes the place of what is there. The tenant's version, in the same transaction, sees to
    it that nobody else corrects it at the same time.
    """
    if new:
        sealer.begin(contact.tenant_id)
    text = json.dumps(compact(asdict(contact)), ensure_ascii=False, separators=(",", ":"))
    sealed = sealer.seal(contact.tenant_id, CONTACT, text.encode())
    known = absent() if new else present()
    write.save(ContactItem(tenant_pk(contact.tenant_id), CONTACT, sealed=sealed), known)


def add_acceptance(write: TransactWrite, acceptance: Acceptance, sealer: Sealer) -> None:
    """Adds an acceptance."""
    doc = {
        "documents": list(acceptance.documents),
        "digest": acceptance.digest,
        "by": acceptance.by,
        "how": acceptance.how,
    }
    sk = f"{_ACCEPT}{iso(acceptance.at)}#{acceptance.version}"
    # Using and buying have no address of their own, and who settles payments opens no seals.
    address = acceptance.source_ip.encode()
    sealed = sealer.seal(acceptance.tenant_id, sk, address) if address else None
    write.save(AcceptanceItem(tenant_pk(acceptance.tenant_id), sk, doc=doc, sealed=sealed), absent())


def add_user(write: TransactWrite, user: User, identities: Sequence[Identity]) -> None:
    """Adds a new user with the identities that come with it."""
    item = UserItem(
        tenant_pk(user.tenant_id),
        USER + user.username,
        role=user.role.value,
        created_at=iso(user.created_at),
        confirmed_at=iso(user.confirmed_at) if user.confirmed_at else None,
        password_changed_at=iso(user.password_changed_at) if user.password_changed_at else None,
        identities={_identity_pk(identity.product, identity.fingerprint) for identity in identities} or None,
    )
    write.save(item, absent())


def add_identity(write: TransactWrite, identity: Identity, *, to_known_user: bool) -> None:
    """Adds an identity. `to_known_user`: its user is stored already, so its row must learn of it."""
    pk = _identity_pk(identity.product, identity.fingerprint)
    item = IdentityItem(pk, _IDENTITY, tenant_id=identity.tenant_id, username=identity.username)
    write.save(item, absent())
    if to_known_user:
        user = UserItem(tenant_pk(identity.tenant_id), USER + identity.username)
        write.update(user, [UserItem.identities.add({pk})], present())


def check_free(identity: Identity) -> None:
    """Raises Conflict if the contact leads to somebody else already."""
    known = _identity(identity.product, identity.fingerprint)
    if known and (known.tenant_id, known.username) != (identity.tenant_id, identity.username):
        raise Conflict("this contact has an account already")


def add_trial_mark(write: TransactWrite, mark: TrialMark) -> None:
    """Adds the mark of a trial."""
    write.save(TrialItem(_trial_pk(mark.product, mark.fingerprint), _TRIAL, at=iso(mark.at)), absent())


def identities_of(tenant_id: str) -> list[tuple[str, str]]:
    """The keys of every identity that leads to a tenant's users."""
    found = UserItem.query(
        tenant_pk(tenant_id),
        UserItem.sk.startswith(USER),
        consistent_read=True,
        attributes_to_get=["pk", "sk", "identities"],
    )
    return [(pk, _IDENTITY) for item in found for pk in sorted(item.identities or ())]


def existing(identities: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those of the identities that are still there."""
    return [key for key in identities if _stored_identity(key[0])]


class DynamoPeople:
    """`People` on the main table."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def contact(self, tenant_id: str) -> Contact:
        """Unsealed. Raises NotFound."""
        try:
            item = ContactItem.get(tenant_pk(tenant_id), CONTACT, consistent_read=True)
        except ContactItem.DoesNotExist:
            raise NotFound(tenant_id=tenant_id) from None
        data = json.loads(self._sealer.open(tenant_id, CONTACT, item.sealed))
        entity = data.get("legal_entity")
        return Contact(
            tenant_id=tenant_id,
            name=data.get("name", ""),
            email=data.get("email", ""),
            mobile=data.get("mobile", ""),
            language=data.get("language", ""),
            legal_entity=LegalEntity(**entity) if entity else None,
        )

    def identity(self, product: str, fingerprint: str) -> Identity | None:
        """Whose contact this is, if anybody's; read consistently."""
        return _identity(product, fingerprint)

    def trial_used(self, product: str, fingerprints: Iterable[str]) -> bool:
        """Whether one of these contacts had its trial already; read consistently."""
        return any(_has_trial(product, fingerprint) for fingerprint in fingerprints)

    def user(self, tenant_id: str, username: str) -> User:
        """Raises NotFound."""
        try:
            return _user(UserItem.get(tenant_pk(tenant_id), USER + username, consistent_read=True))
        except UserItem.DoesNotExist:
            raise NotFound(tenant_id=tenant_id, username=username) from None

    def users(self, tenant_id: str) -> list[User]:
        """All users of a tenant."""
        found = UserItem.query(tenant_pk(tenant_id), UserItem.sk.startswith(USER), consistent_read=True)
        return [_user(item) for item in found]

    def save_user(self, user: User) -> None:
        """Overwrites a known user's row, whose identities it leaves alone. Raises NotFound."""
        actions: list[Action] = [
            UserItem.role.set(user.role.value),
            UserItem.created_at.set(iso(user.created_at)),
        ]
        for attribute, instant in (
            (UserItem.confirmed_at, user.confirmed_at),
            (UserItem.password_changed_at, user.password_changed_at),
        ):
            actions.append(attribute.set(iso(instant)) if instant else attribute.remove())
        try:
            UserItem(tenant_pk(user.tenant_id), USER + user.username).update(actions, present())
        except UpdateError as error:
            if not was_refused(error):
                raise
            raise NotFound(tenant_id=user.tenant_id, username=user.username) from error

    def acceptances(self, tenant_id: str) -> list[Acceptance]:
        """Every acceptance of a tenant, oldest first (SAMAN-7.4)."""
        found = AcceptanceItem.query(
            tenant_pk(tenant_id), AcceptanceItem.sk.startswith(_ACCEPT), consistent_read=True
        )
        return [self._acceptance(item) for item in found]

    def _acceptance(self, item: AcceptanceItem) -> Acceptance:
        at, version = item.sk.removeprefix(_ACCEPT).split("#", 1)
        tenant_id = tenant_of(item.pk)
        return Acceptance(
            tenant_id=tenant_id,
            version=version,
            documents=tuple(item.doc["documents"]),
            digest=item.doc["digest"],
            at=from_iso(at),
            source_ip=self._sealer.open(tenant_id, item.sk, item.sealed).decode() if item.sealed else "",
            by=item.doc["by"],
            how=item.doc["how"],
        )

    def put_code(self, code: Code) -> None:
        """Stores a code in place of an older one for the same purpose."""
        CodeItem(
            tenant_pk(code.tenant_id),
            _code_sk(code.username, code.purpose),
            salted_hash=code.salted_hash,
            expires_at=iso(code.expires_at),
            attempts_left=code.attempts_left,
        ).save()

    def code(self, tenant_id: str, username: str, purpose: CodePurpose) -> Code | None:
        """The code now waiting, if any; read consistently."""
        try:
            item = CodeItem.get(tenant_pk(tenant_id), _code_sk(username, purpose), consistent_read=True)
        except CodeItem.DoesNotExist:
            return None
        return Code(
            tenant_id=tenant_id,
            username=username,
            purpose=purpose,
            salted_hash=item.salted_hash,
            expires_at=from_iso(item.expires_at),
            attempts_left=int(item.attempts_left),
        )

    def spend_attempt(self, code: Code) -> None:
        """Counts one try against the code, atomically.

        Raises TooManyAttempts when none is left, ConcurrentChange if the code was replaced or used meanwhile.
        """
        item = CodeItem(tenant_pk(code.tenant_id), _code_sk(code.username, code.purpose))
        same = CodeItem.salted_hash == code.salted_hash
        try:
            item.update([CodeItem.attempts_left.add(-1)], same & (CodeItem.attempts_left > 0))
        except UpdateError as error:
            if not was_refused(error):
                raise
            known = self.code(code.tenant_id, code.username, code.purpose)
            if known and known.salted_hash == code.salted_hash and known.attempts_left <= 0:
                raise TooManyAttempts from error
            raise ConcurrentChange from error

    def drop_code(self, code: Code) -> None:
        """Forgets a code that was used. Raises ConcurrentChange if somebody used it first."""
        with conditional(username=code.username):
            item = CodeItem(tenant_pk(code.tenant_id), _code_sk(code.username, code.purpose))
            item.delete(CodeItem.salted_hash == code.salted_hash)


def _identity_pk(product: str, fingerprint: str) -> str:
    return f"{_IDENTITY}#{product}#{fingerprint}"


def _trial_pk(product: str, fingerprint: str) -> str:
    return f"{_TRIAL}#{product}#{fingerprint}"


def _code_sk(username: str, purpose: CodePurpose) -> str:
    return f"{CODE}{purpose.value}#{username}"


def _stored_identity(pk: str) -> IdentityItem | None:
    try:
        return IdentityItem.get(pk, _IDENTITY, consistent_read=True)
    except IdentityItem.DoesNotExist:
        return None


def _identity(product: str, fingerprint: str) -> Identity | None:
    item = _stored_identity(_identity_pk(product, fingerprint))
    return Identity(product, fingerprint, item.tenant_id, item.username) if item else None


def _has_trial(product: str, fingerprint: str) -> bool:
    try:
        TrialItem.get(_trial_pk(product, fingerprint), _TRIAL, consistent_read=True)
    except TrialItem.DoesNotExist:
        return False
    return True


def _user(item: UserItem) -> User:
    return User(
        tenant_id=tenant_of(item.pk),
        username=item.sk.removeprefix(USER),
        role=Role(item.role),
        created_at=from_iso(item.created_at),
        confirmed_at=from_iso(item.confirmed_at) if item.confirmed_at else None,
        password_changed_at=from_iso(item.password_changed_at) if item.password_changed_at else None,
    )
