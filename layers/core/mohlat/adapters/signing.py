"""Signatures by a KMS key that never leaves its vault."""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import Any


class KmsSigner:
    """`Signer` over a botocore `kms` client and the ECC_NIST_P256 key `key_id`."""

    algorithm = "ECDSA_SHA_256"

    def __init__(self, client: Any, key_id: str) -> None:
        self._client = client
        self._key_id = key_id

    def sign(self, message: bytes) -> bytes:
        """The signature in DER form."""
        answer = self._client.sign(
            KeyId=self._key_id,
            # KMS takes 4 kB of a message, but a digest of any.
            Message=hashlib.sha256(message).digest(),
            MessageType="DIGEST",
            SigningAlgorithm=self.algorithm,
        )
        return bytes(answer["Signature"])

    @cached_property
    def public_key(self) -> bytes:
        """The public key, DER (SubjectPublicKeyInfo)."""
        return bytes(self._client.get_public_key(KeyId=self._key_id)["PublicKey"])
