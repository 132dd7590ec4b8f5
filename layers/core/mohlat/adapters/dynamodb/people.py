"""Contacts, users, identities, trial marks, acceptances and codes.

What belongs to a tenant stands in its partition. Identities and trial marks are found by a fingerprint and
stand apart; a user's row names its identities, so that a purge finds them.
"""

from __future__ import annotations

import base64
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
    ContactChange,
    Departure,
    Identity,
    LegalEntity,
    Role,
    TrialMark,
    User,
    UserContact,
)
from mohlat.domain.tenant import from_iso, iso

CONTACT = "CONTACT"
USER = "USER#"
CODE = "CODE#"
_ACCEPT = "ACCEPT#"
_LEFT = "LEFT#"
_IDENTITY = "IDENTITY"
_TRIAL = "TRIAL"
# What a contact that is only on its way to be told is sealed for.
_WRAPPED = "WRAPPED"


class ContactItem(Item):
    """Who the account belongs to, sealed."""

    sealed = BinaryAttribute(legacy_encoding=False)


class AcceptanceItem(Item):
    """The evidence of one acceptance; the address that it came from is sealed."""

    doc = Document()
    sealed = BinaryAttribute(legacy_encoding=False, null=True)


class UserItem(Item):
    """A person who signs in. `identities` are the partition keys of the identities that lead here, `sealed`
    the contact of one who is not the owner.
    """

    role = UnicodeAttribute()
    created_at = UnicodeAttribute()
    confirmed_at = UnicodeAttribute(null=True)
    password_changed_at = UnicodeAttribute(null=True)
    identities = UnicodeSetAttribute()
    sealed = BinaryAttribute(legacy_encoding=False, null=True)


class DepartureItem(Item):
    """In place of a user who was sent away."""

    at = UnicodeAttribute()


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
    sealed = sealer.seal(contact.tenant_id, CONTACT, _written(contact).encode())
    known = absent() if new else present()
    write.save(ContactItem(tenant_pk(contact.tenant_id), CONTACT, sealed=sealed), known)


def add_acceptance(write: TransactWrite, acceptance: Acceptance, sealer: Sealer) -> None:
    """Adds an acceptance.

    One version's acceptances within one second are one piece of evidence, the last one's: a second click,
    or a box ticked in the second in which the service was used.
    """
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
    write.save(AcceptanceItem(tenant_pk(acceptance.tenant_id), sk, doc=doc, sealed=sealed))


def add_user(
    write: TransactWrite,
    user: User,
    identities: Sequence[Identity],
    contact: UserContact | None,
    sealer: Sealer,
) -> None:
    """Adds a new user with the identities that come with it, and the contact of one who is not the owner."""
    item = UserItem(
        tenant_pk(user.tenant_id),
        USER + user.username,
        sealed=_seal_user(contact, sealer) if contact else None,
        role=user.role.value,
        created_at=iso(user.created_at),
        confirmed_at=iso(user.confirmed_at) if user.confirmed_at else None,
        password_changed_at=iso(user.password_changed_at) if user.password_changed_at else None,
        identities={_identity_pk(identity.product, identity.fingerprint) for identity in identities} or None,
    )
    write.save(item, absent())


def _seal_user(contact: UserContact, sealer: Sealer) -> bytes:
    return sealer.seal(contact.tenant_id, USER + contact.username, _written(contact).encode())


def add_departure(write: TransactWrite, departure: Departure) -> None:
    """Deletes a user and what leads to it. Raises NotFound if there is none (any more)."""
    pk, sk = tenant_pk(departure.tenant_id), USER + departure.username
    item = _stored_user(departure.tenant_id, departure.username)
    for identity in sorted(item.identities or ()):
        write.delete(IdentityItem(identity, _IDENTITY))
    write.delete(UserItem(pk, sk), present())
    write.save(DepartureItem(pk, _LEFT + departure.username, at=iso(departure.at)))


def add_contact_change(write: TransactWrite, change: ContactChange, sealer: Sealer) -> None:
    """Reaches and finds the owner by another contact from now on. Raises NotFound without the owner."""
    taken, left = change.taken, change.left
    user = _stored_user(taken.tenant_id, taken.username)
    add_contact(write, change.contact, sealer, new=False)
    before, now = (_identity_pk(each.product, each.fingerprint) for each in (left, taken))
    write.delete(IdentityItem(before, _IDENTITY), present())
    write.save(IdentityItem(now, _IDENTITY, tenant_id=taken.tenant_id, username=taken.username), absent())
    keys = (set(user.identities or ()) - {before}) | {now}
    write.update(user, [UserItem.identities.set(keys)], present())


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

    def contact_of(self, tenant_id: str, username: str) -> Contact | UserContact:
        """A user's own contact, which is the account's for its owner; unsealed. Raises NotFound."""
        item = _stored_user(tenant_id, username)
        return self._user_contact(item) if item.sealed else self.contact(tenant_id)

    def members(self, tenant_id: str) -> list[tuple[User, Contact | UserContact]]:
        """All users of a tenant with their contacts, unsealed. Raises NotFound."""
        own = self.contact(tenant_id)
        return [(_user(item), self._user_contact(item) if item.sealed else own) for item in _users(tenant_id)]

    def user_contacts(self, tenant_id: str) -> list[UserContact]:
        """Those of the further users who have confirmed theirs; unsealed."""
        return [self._user_contact(item) for item in _users(tenant_id) if item.sealed and item.confirmed_at]

    def departed(self, tenant_id: str, username: str) -> bool:
        """Whether this user was sent away; read consistently."""
        try:
            DepartureItem.get(tenant_pk(tenant_id), _LEFT + username, consistent_read=True)
        except DepartureItem.DoesNotExist:
            return False
        return True

    def wrap(self, tenant_id: str, contact: str) -> str:
        """A contact, sealed, in a form that a message of the queue can carry."""
        return base64.b64encode(self._sealer.seal(tenant_id, _WRAPPED, contact.encode())).decode()

    def unwrap(self, tenant_id: str, wrapped: str) -> str:
        """The contact that was wrapped. Raises Gone."""
        return self._sealer.open(tenant_id, _WRAPPED, base64.b64decode(wrapped)).decode()

    def _user_contact(self, item: UserItem) -> UserContact:
        data = json.loads(self._sealer.open(tenant_of(item.pk), item.sk, item.sealed))
        return UserContact(**data)

    def identity(self, product: str, fingerprint: str) -> Identity | None:
        """Whose contact this is, if anybody's; read consistently."""
        return _identity(product, fingerprint)

    def trial_used(self, product: str, fingerprints: Iterable[str]) -> bool:
        """Whether one of these contacts had its trial already; read consistently."""
        return any(_has_trial(product, fingerprint) for fingerprint in fingerprints)

    def user(self, tenant_id: str, username: str) -> User:
        """Raises NotFound."""
        return _user(_stored_user(tenant_id, username))

    def users(self, tenant_id: str) -> list[User]:
        """All users of a tenant."""
        return [_user(item) for item in _users(tenant_id)]

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


def _written(contact: Contact | UserContact) -> str:
    return json.dumps(compact(asdict(contact)), ensure_ascii=False, separators=(",", ":"))


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


def _stored_user(tenant_id: str, username: str) -> UserItem:
    try:
        return UserItem.get(tenant_pk(tenant_id), USER + username, consistent_read=True)
    except UserItem.DoesNotExist:
        raise NotFound(tenant_id=tenant_id, username=username) from None


def _users(tenant_id: str) -> Iterable[UserItem]:
    found: Iterable[UserItem] = UserItem.query(
        tenant_pk(tenant_id), UserItem.sk.startswith(USER), consistent_read=True
    )
    return found


def _user(item: UserItem) -> User:
    return User(
        tenant_id=tenant_of(item.pk),
        username=item.sk.removeprefix(USER),
        role=Role(item.role),
        created_at=from_iso(item.created_at),
        confirmed_at=from_iso(item.confirmed_at) if item.confirmed_at else None,
        password_changed_at=from_iso(item.password_changed_at) if item.password_changed_at else None,
    )
