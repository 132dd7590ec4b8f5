"""Further users of an account: let in by its owner, joined by a code to their own contact, sent away."""

from __future__ import annotations

from mohlat.application.codes import queue_code
from mohlat.application.ports import (
    Agreements,
    Clock,
    Fingerprints,
    Ids,
    NoticeQueue,
    People,
    Row,
    SignIn,
    Tenants,
)
from mohlat.application.transitions import commit, retrying
from mohlat.application.unclaimed import unclaimed
from mohlat.domain.access import Operation, permit
from mohlat.domain.agreement import Channel
from mohlat.domain.errors import Conflict
from mohlat.domain.people import (
    USER_ID,
    CodePurpose,
    Contact,
    Departure,
    Identity,
    Role,
    User,
    UserContact,
)
from mohlat.domain.users import add_user, remove_user


class UsersDesk:
    """Keeps who may sign in for an account besides its owner."""

    def __init__(
        self,
        *,
        tenants: Tenants,
        people: People,
        sign_in: SignIn,
        fingerprints: Fingerprints,
        agreements: Agreements,
        queue: NoticeQueue,
        ids: Ids,
        clock: Clock,
    ) -> None:
        self._tenants = tenants
        self._people = people
        self._sign_in = sign_in
        self._fingerprints = fingerprints
        self._agreements = agreements
        self._queue = queue
        self._ids = ids
        self._clock = clock

    def add(
        self, tenant_id: str, *, name: str, email: str, mobile: str, language: str, by: str
    ) -> tuple[User, UserContact]:
        """Lets somebody in, who is written to and sets a password with the code in that letter.

        Until then there is nobody to sign in. A letter that got lost is asked for as a forgotten password is.
        Raises Conflict for a contact that is somebody's already, and for one user too many; AccessRefused,
        NotFound, Gone.
        """
        username = self._ids.new(USER_ID)

        def attempt() -> tuple[User, UserContact]:
            tenant, now = self._tenants.get(tenant_id), self._clock.now()
            agreement = self._agreements.load(tenant.product, tenant.agreement_version)
            permit(tenant, agreement, Operation.WRITE, now)
            prints = unclaimed(
                self._people, self._fingerprints, tenant.product, {"email": email, "mobile": mobile}
            )
            newest, known = self._agreements.load(tenant.product), len(self._people.users(tenant_id))
            transition = add_user(tenant, agreement, newest, username, known, now, by=by)
            user = User(tenant_id, username, Role.USER, now)
            contact = UserContact(tenant_id, username, name, email, mobile, language)
            rows: list[Row] = [user, contact]
            rows += [Identity(tenant.product, fingerprint, tenant_id, username) for fingerprint in prints]
            commit(self._tenants, agreement, transition, rows)
            return user, contact

        added = retrying(attempt)
        queue_code(self._queue, tenant_id, username, CodePurpose.RECOVER, Channel.EMAIL)
        return added

    def of(self, tenant_id: str) -> list[tuple[User, Contact | UserContact]]:
        """Everybody who may sign in, the owner first, with their contacts. Raises NotFound, Gone."""
        return sorted(self._people.members(tenant_id), key=lambda member: member[0].role is not Role.OWNER)

    def remove(self, tenant_id: str, username: str, by: str) -> None:
        """Sends a user away: nothing opens for them from here on, and their contact is free.

        Raises Conflict for the owner, NotFound, Gone.
        """

        def attempt() -> None:
            tenant, now = self._tenants.get(tenant_id), self._clock.now()
            user = self._people.user(tenant_id, username)
            if user.role is Role.OWNER:
                raise Conflict("an account has its owner; it is closed, not left")
            # First where sessions and passwords are: cut off after it, the owner's next try does the rest.
            self._sign_in.sign_out(username)
            self._sign_in.delete(username)
            agreement = self._agreements.load(tenant.product, tenant.agreement_version)
            transition = remove_user(tenant, agreement, username, now, by=by)
            commit(self._tenants, agreement, transition, (Departure(tenant_id, username, now),))

        retrying(attempt)
