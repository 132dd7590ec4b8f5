"""Checks a certificate of deletion offline: python verify_certificate.py certificate.json key.pem

`certificate.json` is what the link in the last message answers; `key.pem` is the `public_key` that
GET /v1/certificates/key answers, kept from whenever you trusted it. Needs the package `cryptography` and
nothing else. Ends with 0 if the certificate is what was signed, with 1 if it is not.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def check(certificate: dict[str, str], key_pem: bytes) -> str:
    """Why the certificate does not hold; empty if it does."""
    key = serialization.load_pem_public_key(key_pem)
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return "the key is of another kind"
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    if certificate["key_id"] != hashlib.sha256(der).hexdigest():
        return "it was signed with another key"
    signature = base64.b64decode(certificate["signature"])
    try:
        key.verify(signature, certificate["signed_text"].encode(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return "the text is not the one that was signed"
    return ""


def main(certificate_file: str, key_file: str) -> int:
    """Prints what the certificate says, if it holds."""
    certificate = json.loads(Path(certificate_file).read_text(encoding="utf-8"))
    if why := check(certificate, Path(key_file).read_bytes()):
        print(f"NOT VALID: {why}")
        return 1
    print("VALID. It says:")
    print(json.dumps(json.loads(certificate["signed_text"]), ensure_ascii=False, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
