"""One-time codes: made when they are sent, kept as salted hashes, few tries, short life."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta

from mohlat.application.ports import Ids, NoticeQueue, People
from mohlat.domain.agreement import Channel
from mohlat.domain.errors import InvalidInput, TooManyAttempts
from mohlat.domain.people import Code, CodePurpose

_LIFE = timedelta(minutes=15)
_PAUSE = timedelta(minutes=1)
_TRIES = 5


def _salted(salt: str, code: str, about: str) -> str:
    return hashlib.sha256(":".join(part for part in (salt, code, about) if part).encode()).hexdigest()


def issue_code(
    people: People,
    ids: Ids,
    tenant_id: str,
    username: str,
    purpose: CodePurpose,
    now: datetime,
    about: str = "",
) -> str:
    """A fresh six-digit code in place of any older one for the same purpose. It proves nothing but `about`.

    Tries that were lost on a code that still lives stay lost: whoever could buy new ones by asking for
    another code would guess until one fits. Raises TooManyAttempts when none is left until that code ends.
    """
    known = people.code(tenant_id, username, purpose)
    tries = known.attempts_left if known and known.expires_at > now else _TRIES
    if tries <= 0:
        raise TooManyAttempts
    code, salt = ids.code(), ids.new("s")
    hashed = f"{salt}${_salted(salt, code, about)}"
    people.put_code(Code(tenant_id, username, purpose, hashed, now + _LIFE, tries))
    return code


def queue_code(
    queue: NoticeQueue,
    tenant_id: str,
    username: str,
    purpose: CodePurpose,
    channel: Channel,
    to: str | None = None,
) -> None:
    """Asks for a fresh code to be made and sent: to the registered contact, or `to` a wrapped one."""
    asked = {"tenant_id": tenant_id, "username": username, "code": purpose.value, "channel": channel.value}
    queue.put(asked | {"to": to} if to else asked)


def sent_lately(people: People, tenant_id: str, username: str, purpose: CodePurpose, now: datetime) -> bool:
    """Whether a code for this purpose was made in the last minute: nobody's mailbox is to be flooded."""
    known = people.code(tenant_id, username, purpose)
    return known is not None and now < known.expires_at - _LIFE + _PAUSE


def use_code(
    people: People,
    tenant_id: str,
    username: str,
    purpose: CodePurpose,
    code: str,
    now: datetime,
    about: str = "",
) -> None:
    """Accepts the right code once, for what it was made about. Each try counts, before it is compared.

    Raises InvalidInput for a wrong, unknown or expired code, TooManyAttempts when no try is left.
    """
    known = people.code(tenant_id, username, purpose)
    if known is None or known.expires_at <= now:
        raise InvalidInput("code", "expired or never sent")
    if known.attempts_left <= 0:
        raise TooManyAttempts
    people.spend_attempt(known)
    salt, _, expected = known.salted_hash.partition("$")
    if not hmac.compare_digest(expected, _salted(salt, code, about)):
        raise InvalidInput("code", "wrong")
    people.drop_code(known)
