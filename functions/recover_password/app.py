"""POST /password-recoveries and …/confirmations: back in through a registered contact only (KALO-5)."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.domain.errors import InvalidInput, TooManyAttempts
from mohlat.entrypoint import Request, Response, api, route
from mohlat.presentation.fields import contact, one_time_code, secret, slug


def _start(request: Request) -> Response:
    fields = request.fields(product=slug, contact=contact)
    bootstrap.front_desk().start_recovery(**fields, source_ip=request.source_ip)
    return Response(202, {"status": "on its way if this contact is registered"})


def _finish(request: Request) -> Response:
    fields = request.fields(product=slug, contact=contact, code=one_time_code, password=secret)
    try:
        bootstrap.front_desk().finish_recovery(**fields, source_ip=request.source_ip)
    except (InvalidInput, TooManyAttempts) as error:
        if isinstance(error, InvalidInput) and error.field != "code":
            raise
        # One answer for all: wrong, expired and used up would tell whether the contact is registered.
        raise InvalidInput("code", "wrong or expired") from None
    return Response(200, {"status": "the new password is set, and every session has ended"})


lambda_handler = api(
    route("POST", "/password-recoveries", _start),
    route("POST", "/password-recoveries/confirmations", _finish),
)
