"""Sealing what belongs to a tenant: AES-256-GCM under a data key of its own, which KMS wraps.

A sealed blob opens only for its tenant and in its row, and not at all once the tenant's key row is gone:
copies in backups and exports are noise from then on. Who gets hold of the tables reads nothing of it
(KALO-21, SAMAN-6.1).
"""

from __future__ import annotations

import hmac
import os
import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any, Protocol

from mohlat.domain.errors import Gone, MohlatError

# The form of a sealed blob, and which of the tenant's keys it is under: so far each has one.
_VERSION, _KEY_NUMBER = b"\x01", b"\x01"
_HEADER = _VERSION + _KEY_NUMBER
_NONCE_BYTES = 12
_CACHE_SECONDS = 300.0
_CACHED_TENANTS = 200


class SealBroken(MohlatError):
    """A blob does not open where it stands: it was altered, or moved there. Investigate."""

    code = "seal-broken"


class WrappedKeys(Protocol):
    """Where the tenants' wrapped data keys are kept."""

    def get(self, tenant_id: str) -> bytes | None:
        """The wrapped key, if there is one."""
        ...

    def put_first(self, tenant_id: str, wrapped: bytes) -> bytes:
        """Stores the key unless there is one, and returns the one that is stored then."""
        ...


class Sealer(Protocol):
    """Seals and opens what is stored of a tenant."""

    def begin(self, tenant_id: str) -> None:
        """Makes the tenant's data key. Repeatable: the first key stays."""
        ...

    def seal(self, tenant_id: str, row: str, plaintext: bytes) -> bytes:
        """Seals for one row (its sort key). Raises Gone if the tenant has no key (any more)."""
        ...

    def open(self, tenant_id: str, row: str, sealed: bytes) -> bytes:
        """Opens what `seal` made for this very row. Raises Gone, SealBroken."""
        ...

    def fingerprint(self, tenant_id: str, text: str) -> str:
        """A keyed hash by which something is found again without being readable. Raises Gone."""
        ...


class EnvelopeSealer:
    """`Sealer` by envelope encryption over a botocore `kms` client and the key `key_id`.

    A warm worker remembers a data key for at most five minutes and of at most 200 tenants, so that a purge
    reaches it soon. `monotonic` is a clock in seconds.
    """

    def __init__(
        self,
        kms: Any,
        key_id: str,
        wrapped_keys: WrappedKeys,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._kms = kms
        self._key_id = key_id
        self._wrapped_keys = wrapped_keys
        self._monotonic = monotonic
        self._cache: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self._lock = Lock()

    def begin(self, tenant_id: str) -> None:
        """Makes the tenant's data key. Two who do it at once agree on the one that was stored first."""
        made = self._kms.generate_data_key(
            KeyId=self._key_id, KeySpec="AES_256", EncryptionContext=_context(tenant_id)
        )
        wrapped = self._wrapped_keys.put_first(tenant_id, made["CiphertextBlob"])
        key = made["Plaintext"] if wrapped == made["CiphertextBlob"] else self._unwrap(tenant_id, wrapped)
        self._remember(tenant_id, key)

    def seal(self, tenant_id: str, row: str, plaintext: bytes) -> bytes:
        """Seals for one row (its sort key). Raises Gone if the tenant has no key (any more)."""
        # Imported here: a handler that opens nothing must not pay for it at its cold start.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        cipher, nonce = AESGCM(self._key(tenant_id)), os.urandom(_NONCE_BYTES)
        return _HEADER + nonce + cipher.encrypt(nonce, plaintext, _bound_to(tenant_id, row))

    def open(self, tenant_id: str, row: str, sealed: bytes) -> bytes:
        """Opens what `seal` made for this very row. Raises Gone, SealBroken."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        begin = len(_HEADER)
        nonce, body = sealed[begin : begin + _NONCE_BYTES], sealed[begin + _NONCE_BYTES :]
        if sealed[:begin] != _HEADER:
            raise SealBroken(tenant_id=tenant_id, reason="unknown version or key")
        try:
            return AESGCM(self._key(tenant_id)).decrypt(nonce, body, _bound_to(tenant_id, row))
        except InvalidTag:
            raise SealBroken(tenant_id=tenant_id, reason="does not belong here") from None

    def fingerprint(self, tenant_id: str, text: str) -> str:
        """A keyed hash, in 32 hexadecimal digits, under a key derived from the tenant's. Raises Gone."""
        derived = hmac.digest(self._key(tenant_id), b"search by keyed hash", "sha256")
        return hmac.digest(derived, text.encode(), "sha256").hex()[:32]

    def _key(self, tenant_id: str) -> bytes:
        with self._lock:
            found = self._cache.get(tenant_id)
            if found and found[0] > self._monotonic():
                self._cache.move_to_end(tenant_id)
                return found[1]
        wrapped = self._wrapped_keys.get(tenant_id)
        if wrapped is None:
            raise Gone(tenant_id=tenant_id)
        key = self._unwrap(tenant_id, wrapped)
        self._remember(tenant_id, key)
        return key

    def _unwrap(self, tenant_id: str, wrapped: bytes) -> bytes:
        answer = self._kms.decrypt(
            KeyId=self._key_id, CiphertextBlob=wrapped, EncryptionContext=_context(tenant_id)
        )
        return bytes(answer["Plaintext"])

    def _remember(self, tenant_id: str, key: bytes) -> None:
        with self._lock:
            self._cache[tenant_id] = (self._monotonic() + _CACHE_SECONDS, key)
            self._cache.move_to_end(tenant_id)
            while len(self._cache) > _CACHED_TENANTS:
                self._cache.popitem(last=False)


def _context(tenant_id: str) -> dict[str, str]:
    return {"tenant": tenant_id}


def _bound_to(tenant_id: str, row: str) -> bytes:
    # NUL occurs in neither, so no other pair reads the same.
    return _HEADER + f"{tenant_id}\0{row}".encode()
