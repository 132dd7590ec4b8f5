"""Keyed hashes of contacts, made by KMS with a key that never leaves it."""

from __future__ import annotations

from typing import Any


class KmsFingerprints:
    """`Fingerprints` over a botocore `kms` client and the HMAC_256 key `key_id`."""

    def __init__(self, client: Any, key_id: str) -> None:
        self._client = client
        self._key_id = key_id

    def of(self, product: str, contact: str) -> str:
        """64 hexadecimal digits for a normalized e-mail address or mobile number within a product."""
        answer = self._client.generate_mac(
            KeyId=self._key_id, MacAlgorithm="HMAC_SHA_256", Message=f"{product}\n{contact}".encode()
        )
        return bytes(answer["Mac"]).hex()
