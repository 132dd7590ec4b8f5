"""Certificates of deletion, for whoever holds the link that the former owner was sent."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256

from mohlat.application.ports import Fingerprints, PurgeLedger, Signer
from mohlat.domain.certificate import Certificate
from mohlat.domain.errors import NotFound, ServiceUnavailable

# Keeps these links apart from the fingerprints of contacts, which are made with the same key.
_PURPOSE = "certificate of deletion"


def sign(signer: Signer, text: str) -> Certificate:
    """The certificate that says `text`."""
    signature = b64encode(signer.sign(text.encode())).decode()
    return Certificate(text, signer.algorithm, signature, sha256(signer.public_key).hexdigest())


class CertificateDesk:
    """Makes the links and answers them. Nothing is stored of a link: its token is a keyed hash.

    `address` gives the public address of a certificate by tenant and token.
    """

    def __init__(
        self, *, ledger: PurgeLedger, fingerprints: Fingerprints, address: Callable[[str, str], str]
    ) -> None:
        self._ledger = ledger
        self._fingerprints = fingerprints
        self._address = address

    def link(self, tenant_id: str) -> str:
        """Where the certificate will be read, without signing in: the account is gone by then."""
        return self._address(tenant_id, self._token(tenant_id))

    def read(self, tenant_id: str, token: str) -> Certificate:
        """The certificate. Raises NotFound for a wrong link, as for none; ServiceUnavailable until signed."""
        if not hmac.compare_digest(token.encode(), self._token(tenant_id).encode()):
            raise NotFound
        certificate = self._ledger.get(tenant_id).certificate
        if certificate is None:
            raise ServiceUnavailable("the deletion is not certified yet")
        return certificate

    def _token(self, tenant_id: str) -> str:
        return self._fingerprints.of(_PURPOSE, tenant_id)
