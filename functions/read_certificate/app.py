"""/certificates: what a deletion left behind, for whoever holds the link; and the key to check it with."""

from __future__ import annotations

import base64

from mohlat import bootstrap
from mohlat.entrypoint import Request, Response, api, route
from mohlat.presentation.views import certificate


def _read(request: Request) -> Response:
    found = bootstrap.certificate_desk().read(request.tenant_id, request.path("token"))
    return Response(200, certificate(found, request.language))


def _key(request: Request) -> Response:
    signer = bootstrap.signer()
    der = base64.encodebytes(signer.public_key).decode()
    pem = f"-----BEGIN PUBLIC KEY-----\n{der}-----END PUBLIC KEY-----\n"
    return Response(200, {"algorithm": signer.algorithm, "public_key": pem})


lambda_handler = api(
    route("GET", "/certificates/{tenant_id}/{token}", _read),
    route("GET", "/certificates/key", _key),
)
